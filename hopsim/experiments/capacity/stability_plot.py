"""Stored memories: shares of unstable bits, and of memories without any."""

import numpy as np

from ...plots.style import Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record
from ...statistics import mean_over_sets


@plots.register("stability")
def draw_stability(record: Record, fig: Figure) -> None:
    r"""$P_{bit}$ and $P_{stable}$ of stored memories beside the theory. [DAM-08]"""
    points = labels(record)
    fig.set_size_inches(7.6, 1.6 + 0.34 * len(points))
    left, right = fig.subplots(1, 2, sharey=True)
    for i, (_, data, colour) in enumerate(points):
        for ax, ratio, theory in (
            (left, "bit_ratio", "theory_bit_error"),
            (right, "stable_ratio", "theory_stable"),
        ):
            known = float(data[theory].values)
            seen = mean_over_sets(
                needed_by_plot(data, ratio, "stability"), data["set"].values
            )
            half = np.nan_to_num(seen.high - seen.value)
            ax.plot([known, known], [i - 0.35, i + 0.35], color=LIMIT, lw=1.2)
            bars = {"fmt": "o", "ms": 4, "capsize": 2, "color": colour}
            ax.errorbar(known * seen.value, i, xerr=known * half, **bars)
    left.set_xscale("log")
    left.set_yticks(range(len(points)), [label or "bits" for label, *_ in points])
    left.invert_yaxis()
    left.margins(x=0.1)
    left.set_xlabel(r"unstable bits, $P_{bit}$")
    right.set_xlabel(r"memories without any, $P_{stable}$")
    right.set_xlim(0, 1.05)
    right.plot([], [], color=LIMIT, lw=1.2, label="Gaussian theory, exact variance")
    measured = {"fmt": "o", "ms": 4, "capsize": 2, "color": LIMIT}
    right.errorbar([], [], xerr=[], label="measured, 95 % over sets", **measured)
    fig.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=2)
