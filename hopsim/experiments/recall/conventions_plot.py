"""Conventions: how often recall is perfect under each order, tie and rule."""

import numpy as np

from ...plots.style import bars_within, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Dataset, Record
from ...statistics import Estimate, mean_over_sets


@plots.register("conventions")
def draw_conventions(record: Record, fig: Figure) -> None:
    r"""Share of starts with $\max|\xi_\mu\cdot s| = N$, 95 % over sets. [KH16]"""
    points = labels(record)
    names = [
        str(x) for x in needed_by_plot(points[0][1], "convention_name", "conventions")
    ]
    fig.set_size_inches(8.6, 1.5 + 0.36 * len(names))
    left, right = fig.subplots(1, 2, width_ratios=[2, 1], sharey=True)
    rows = list(range(len(names)))
    for k, (label, data, colour) in enumerate(points):
        shift = 0.12 * (k - (len(points) - 1) / 2)
        for ax, name in ((left, "perfect"), (right, "stuck")):
            seen = [_share(data, name, row) for row in rows]
            middle, half = bars_within(seen)
            style = {"fmt": "o", "ms": 4, "capsize": 2, "color": colour}
            ax.errorbar(
                middle, np.array(rows) + shift, xerr=half, label=label or None, **style
            )
        # a line at the share of the first convention
        left.axvline(_share(data, "perfect", 0).value, color=colour, lw=0.6, ls=":")
    left.set_yticks(rows, names)
    left.set_ylim(len(names) - 0.5, -0.5)
    left.set_xlim(-0.03, 1.03)
    left.set_xlabel("share of starts that end in a memory (or its negative)")
    right.set_xlim(
        -0.03 * max(0.1, right.dataLim.x1), max(0.1, right.dataLim.x1) * 1.05
    )
    right.set_xlabel("share in a 2-cycle or unconverged")
    for ax in (left, right):
        ax.axhline(0.5, color=LIMIT, lw=0.5)
    if len(points) > 1:
        fig.legend(*left.get_legend_handles_labels(), loc="outside lower right",
                   ncols=len(points))  # fmt: skip


def _share(data: Dataset, name: str, row: int) -> Estimate:
    """The mean over memory sets."""
    if name == "stuck":
        true = np.logical_or(data["cycle"].values[row], data["unconverged"].values[row])
    else:
        true = data[name].values[row]
    owner = data["set"].values
    return mean_over_sets(true, owner)
