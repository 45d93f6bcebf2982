"""The share of probes that spins recover in every bit."""

import numpy as np

from ...plots.style import BAD, Figure, GOOD, labels, LIMIT, needed_by_plot, plots
from ...records import Record
from ...statistics import mean_over_sets


@plots.register("spin_recall")
def draw_spin_recall(record: Record, fig: Figure) -> None:
    r"""Share of probes that end at $s = \xi_\mu$, 95 % over pattern sets. [MRS24]"""
    points = labels(record)
    fig.set_size_inches(6.4, 1.4 + 0.3 * len(points))
    ax = fig.subplots()
    for i, (_, data, _) in enumerate(points):
        recovered = needed_by_plot(data, "recovered", "spin_recall")
        seen = mean_over_sets(recovered, data["set"].values)
        half = np.nan_to_num(seen.high - seen.value)
        colour = GOOD if seen.value > 0.5 else BAD
        ax.barh(i, seen.value, 0.7, color=colour, alpha=0.8)
        ax.errorbar(seen.value, i, xerr=half, color=LIMIT, capsize=2)
        text = f"  {seen.value:.3f}"
        ax.text(min(seen.value + half, 1.0), i, text, va="center", fontsize=8)
    ax.set_yticks(range(len(points)), [label or "probes" for label, *_ in points])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.15)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_xlabel("share recovered in every bit (95 % over pattern sets)")
