"""Message passing beside the heat bath and state evolution."""

import numpy as np

from ...plots.style import bars_of, COLOURS, Figure, LIMIT, MARKS, needed_by_plot, plots
from ...records import Dataset, Record
from ...statistics import mean


@plots.register("message_passing")
def draw_message_passing(record: Record, fig: Figure) -> None:
    r"""$q^*$ of messages against the heat bath, and state evolution. [THEORY TS-20]"""
    points = record.points()
    fig.set_size_inches(9.2, 0.6 + 3.6 * len(points))
    axes = fig.subplots(len(points), 2, squeeze=False)
    for (label, data), (left, right) in zip(points, axes, strict=True):
        passed = needed_by_plot(data, "passed", "message_passing")
        sampled, rested = data["sampled"].values, data["stopped"].values
        for k, c in enumerate(data["strength"].values):
            style = {"color": COLOURS[k], "ls": "", "marker": MARKS[k % 5], "ms": 5}
            left.plot(sampled[k], passed[k], label=f"$c = {c:g}$", **style)
            lost = ~rested[k].astype(bool)
            left.plot(sampled[k][lost], passed[k][lost], "x", color=LIMIT, ms=8)
            _path(right, data, k, float(c))
        ends = [np.min([sampled, passed]), np.max([sampled, passed])]
        left.plot(ends, ends, color=LIMIT, lw=0.7)
        left.set_xlabel("$q^*$ of the heat bath")
        left.set_ylabel("$q^*$ of message passing")
        size = int(data["feature_count"])
        head = f"{label}: " if label else ""
        left.set_title(f"{head}N = {size}, one point for each set of examples")
        left.legend(loc="best")
        right.set_title("from the pattern; line: state evolution")
        right.set_xlabel("iteration")
        right.set_ylabel("overlap with the pattern")


def _path(ax, data: Dataset, k: int, c: float) -> None:
    seen = [mean(x) for x in data["path"].values[k].T]
    middle, half = bars_of(seen)
    style = {"color": COLOURS[k], "marker": MARKS[k % 5], "ms": 4, "ls": ""}
    at = np.arange(len(seen)) + 0.12 * k  # sets overlap: shifted a little
    ax.errorbar(at, middle, half, capsize=2, lw=0.8, **style)
    ax.plot(data["evolution"].values[k], color=COLOURS[k], lw=1.0)
