"""Model B at low beta: covariances against their bound, and where means are lost."""

import numpy as np

from ...plots.style import draw_cumulative, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record


@plots.register("critical_beta")
def draw_critical_beta(record: Record, fig: Figure) -> None:
    r"""$\lambda_{max}(\mathrm{Cov}_p)$ against $D^2/4$; where a mean is lost. [CL-23]

    Left: the cumulative share of random weights, and (triangles) the largest covariance
    found. Right: beta by continuation against theory, for the pair (4/D^2 = 1 / norm of
    the pair's covariance) and for the mean of all.
    """
    fig.set_size_inches(8.2, 3.5)
    left, right = fig.subplots(1, 2)
    for label, data, colour in labels(record):
        seen = needed_by_plot(data, "covariance", "critical_beta").ravel()
        draw_cumulative(left, seen, color=colour, label=label or "memories")
        best = data["largest_covariance"].values
        left.plot(best, np.full(best.shape, 1.0), "v", ms=5, color=colour)
        fixed = data["mean_fixed"].values.astype(bool)
        if np.any(fixed):
            known, lost = data["mean_theory"].values, data["mean_lost"].values
            bound = data["bound"].values
            text = label or "memories"
            right.plot(known[fixed], lost[fixed], "o", ms=4, color=colour, label=text)
            right.plot(known[fixed], bound[fixed], "_", ms=6, color=colour)
    left.axvline(1, color=LIMIT, lw=0.8, ls="--")
    left.set_xlabel(r"$\lambda_{max}(\mathrm{Cov}_p)$ in units of $D^2/4$")
    left.set_ylabel("share of random weights $p$")
    left.set_ylim(0, 1.08)
    left.legend(loc="upper left")
    ends = np.array(right.get_xlim())
    right.plot(ends, ends, color=LIMIT, lw=0.7, zorder=0)
    right.set_xlim(*ends)
    right.plot([], [], "_", ms=6, color=LIMIT, label=r"bound $4/D^2$")
    right.set_xlabel(r"theory $1/\lambda_{max}(\mathrm{Cov})$ of all memories")
    right.set_ylabel(r"$\beta$ at which their mean is lost")
    right.legend(loc="upper left")
