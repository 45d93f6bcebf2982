"""Errors of contrastive gradients against the nudge."""

import numpy as np

from ...plots.style import Figure, labels, needed_by_plot, plots
from ...records import Record


@plots.register("contrastive")
def draw_contrastive(record: Record, fig: Figure) -> None:
    r"""Errors of $\partial C/\partial\xi$ from two relaxations, against $\epsilon$.

    Medians over probes. Full: nudges of one sign, of order $\epsilon$; dashed: of both
    signs, of order $\epsilon^2$; grey: these orders. [THEORY CL-32]
    """
    fig.set_size_inches(6.4, 3.8)
    ax = fig.add_subplot()
    for label, data, colour in labels(record):
        nudge = needed_by_plot(data, "nudge", "contrastive")
        one, two = (
            np.median(needed_by_plot(data, name, "contrastive"), axis=0)
            for name in ("one_sided", "two_sided")
        )
        ax.plot(nudge, one, "o-", ms=3, color=colour, label=label or "errors")
        ax.plot(nudge, two, "o--", ms=3, color=colour)
        for order, error in ((1, one), (2, two)):
            guide = error[0] * (nudge / nudge[0]) ** order
            ax.plot(nudge, guide, color="0.75", lw=0.7, zorder=0)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(r"nudge $\epsilon$")
    ax.set_ylabel("relative error")
    fig.legend(title="full: one sign, dashed: both", loc="outside right upper")
