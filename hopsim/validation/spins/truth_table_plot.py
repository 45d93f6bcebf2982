"""Truth tables: which interaction vertices solve which rows."""

import numpy as np

from ...plots.style import BAD, Figure, GOOD, labels, LIMIT, needed_by_plot, plots
from ...records import Record


@plots.register("truth_table")
def draw_truth_table(record: Record, fig: Figure) -> None:
    r"""Rows solved, tied or wrong by the sign of $E(other) - E(row)$. [KH16 sec. 3]"""
    points = labels(record)
    most = max(data.sizes["n"] for _, data, _ in points)
    height = sum(data.sizes["row"] for _, data, _ in points)
    fig.set_size_inches(2.4 + 0.45 * most, 0.9 + 0.36 * height + 0.5 * len(points))
    axes = np.atleast_1d(fig.subplots(len(points), 1))
    for ax, (label, data, _) in zip(axes, points, strict=True):
        solved = needed_by_plot(data, "solved", "truth_table").astype(bool)
        tie = data["tie"].values.astype(bool)
        for (i, k), good in np.ndenumerate(solved):
            colour = GOOD if good else "#dddddd" if tie[i, k] else BAD
            ax.add_patch(_square(i, k, colour))
            sign = "+" if good else "=" if tie[i, k] else "-"
            ink = LIMIT if tie[i, k] else "white"
            ax.text(i, k, sign, ha="center", va="center", color=ink, fontsize=8)
        ax.set_xlim(-0.5, data.sizes["n"] - 0.5)
        ax.set_ylim(data.sizes["row"] - 0.5, -0.5)
        ax.set_xticks(range(data.sizes["n"]), [str(n) for n in data["n"].values])
        rows = [" ".join(f"{int(x):+d}" for x in row) for row in data["table"].values]
        ax.set_yticks(range(len(rows)), rows)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        ax.set_title(f"{label + ': ' if label else ''}+ solved, = tie, - wrong")
    axes[-1].set_xlabel("interaction vertex n")


def _square(x: float, y: float, colour: str):
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, color=colour, lw=0)
