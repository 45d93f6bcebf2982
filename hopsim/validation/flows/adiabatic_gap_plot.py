"""The adiabatic gap, computed in two ways."""

import numpy as np

from ...plots.style import draw_cumulative, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record


@plots.register("adiabatic_gap")
def draw_adiabatic_gap(record: Record, fig: Figure) -> None:
    r"""$E(v,h) - E(v)$ against $D_{L_h}(\xi g + J\|h)$, and the error. [CL-03]"""
    fig.set_size_inches(9.0, 3.8)
    one, two = fig.subplots(1, 2)
    for label, data, colour in labels(record):
        excess = needed_by_plot(data, "excess", "adiabatic_gap")
        gap, error = data["gap"].values, data["gap_error"].values
        known = "kl_error" in data and np.all(np.isfinite(data["kl_error"].values))
        one.loglog(gap, excess, ".", ms=3, color=colour, label=label or None)
        draw_cumulative(two, error, color=colour, ls="-")
        if known:
            draw_cumulative(two, data["kl_error"].values, color=colour, ls=":")
    span = np.array(one.get_xlim())
    one.plot(span, span, color=LIMIT, lw=0.7, zorder=0)
    one.set_xlabel(r"divergence $D_{L_h}(\xi g + J\,\|\,h)$")
    one.set_ylabel("gap $E(v, h) - E(v)$")
    two.plot([], [], color=LIMIT, ls="-", label="divergence")
    two.plot([], [], color=LIMIT, ls=":", label="relative entropy")
    two.legend(loc="lower right")
    two.set_xscale("log")
    two.set_xlabel(r"error, relative to $\Sigma|terms|$")
    two.set_ylabel("share of states")
    if len(record.points()) > 1:
        handles, names = one.get_legend_handles_labels()
        fig.legend(handles, names, loc="outside right upper", markerscale=2)
