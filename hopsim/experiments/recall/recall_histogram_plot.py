"""Figure 4 of KH16: overlaps of random starts with memories, before and after."""

import numpy as np

from ...plots.style import COLOURS, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record
from ...statistics import mean_over_sets
from ...theory import capacity


COLUMNS = 3


@plots.register("recall_histogram")
def draw_recall_histogram(record: Record, fig: Figure) -> None:
    r"""Shares of $\max_\mu\xi_\mu\cdot s/N$ at the ends, law at the starts. [KH16]"""
    points = labels(record)
    columns = min(COLUMNS, len(points))
    rows = -(-len(points) // columns)
    fig.set_size_inches(max(3.1 * columns + 0.4, 5.2), 2.6 * rows + 1.1)
    axes = fig.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for ax, (label, data, _) in zip(axes, points, strict=False):
        ends = needed_by_plot(data, "overlap", "recall_histogram")
        n, size = int(data["feature_count"]), ends.size
        values, law = capacity.best_overlap_law(n, int(data["memory_count"]))
        seen = lambda x, n=n: np.bincount(
            np.rint((x + 1) * n / 2).astype(int), minlength=n + 1
        )
        bars = {"width": 2 / n, "lw": 0}
        ax.bar(values, seen(ends) / size, color=COLOURS[0], **bars, label="signed")
        unsigned = seen(data["unsigned_overlap"].values) / size
        style = {"where": "mid", "color": COLOURS[1], "lw": 0.9}
        ax.step(values, unsigned, **style, label=r"either sign ($\pm$)")
        ax.plot(values, law, color=LIMIT, lw=0.9, label="starts, theory")
        at_start = seen(data["start_overlap"].values) / size
        ax.plot(values, at_start, ".", ms=3, color=LIMIT, label="starts")
        signed, either = (_share(data, k) for k in ("perfect", "unsigned_perfect"))
        head = f"{label}\n" if label else ""
        ax.set_title(rf"{head}perfect {signed:.2%}, $\pm$ {either:.2%}", fontsize=9)
        ax.set_yscale("log")
        ax.set_ylim(bottom=0.5 / size, top=2)
        ax.set_xlim(0, 1.03)
    for ax in axes[len(points) :]:
        ax.set_axis_off()
    handles = axes[0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside lower right", ncols=4)
    for ax in axes[max(0, len(points) - columns) : len(points)]:
        ax.set_xlabel(r"nearest memory, $\max_\mu\xi_\mu\cdot s\,/\,N$")
        ax.tick_params(labelbottom=True)
    fig.supylabel("share of starts", fontsize=9)


def _share(data, name: str) -> float:
    """The mean over memory sets."""
    owner = data["set"].values
    true = data[name].values
    return mean_over_sets(true, owner).value
