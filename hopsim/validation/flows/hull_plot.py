"""The hull of the memories: the distance of model B from it, and its energies."""

import numpy as np

from ...plots.style import (
    COLOURS,
    Figure,
    GOOD,
    labels,
    LIMIT,
    needed_by_plot,
    plots,
    TIME_LABEL,
)
from ...records import Record


FLOOR = 1e-17  # distances of exactly zero are drawn here


@plots.register("hull")
def draw_hull(record: Record, fig: Figure) -> None:
    r"""Distance to $\mathrm{conv}(\xi_\mu + I)$, and $E_{R21}/2M^2$ in it. [CL-22]

    The distance to the hull falls at least as fast as $e^{-t/\tau_f}$.
    """
    points = labels(record)
    fig.set_size_inches(8.6, 3.8)
    one, two = fig.subplots(1, 2)
    for label, data, colour in points:
        time, start = (
            data["time"].values,
            needed_by_plot(data, "distance", "hull")[:, :1],
        )
        share = np.maximum(data["distance"].values / start, FLOOR)
        # while half of the probes move: at rest they repeat their last sample
        moving = time <= np.median(data["end_time"].values)
        bars = np.percentile(share, [10, 50, 90], axis=0)
        low, middle, high = bars[:, moving]
        one.fill_between(time[moving], low, high, color=colour, alpha=0.2, lw=0)
        one.plot(time[moving], middle, "o", ms=3, color=colour, label=label or None)
        beyond = np.maximum(np.max(data["hull_error"].values, axis=0), FLOOR)
        one.plot(time[moving], beyond[moving], ":", color=colour, lw=0.9)
        one.plot(time[moving], np.exp(-time[moving]), color=LIMIT, lw=0.9, ls="--")
    one.set_yscale("log")
    one.set_xlabel(TIME_LABEL)
    one.set_ylabel("distance / distance at the start")
    one.set_title(
        r"points: to conv$(\xi_\mu + I)$, dashed: $e^{-t/\tau_f}$" + "\n"
        r"dotted: to conv$(v(0),\, \xi_\mu + I)$, worst, in units of $M$"
    )
    _levels(points, two)
    if len(points) > 1:
        handles, names = one.get_legend_handles_labels()
        fig.legend(handles, names, loc="outside right upper")


def _levels(points: list, ax) -> None:
    edges = np.linspace(0, 1, 51)
    for i, (_, data, _) in enumerate(points):
        level = data["level"].values.ravel()
        colour = COLOURS[i % len(COLOURS)] if len(points) > 1 else GOOD
        weights = np.full(level.size, 1 / level.size)
        ax.hist(level, edges, weights=weights, histtype="stepfilled", alpha=0.25,
                color=colour)  # fmt: skip
        ax.hist(level, edges, weights=weights, histtype="step", color=colour)
    for bound in (0, 1):
        ax.axvline(bound, color=LIMIT, lw=0.9, ls="--")
    ax.set_xlim(-0.06, 1.06)
    ax.set_xlabel(r"level in the hull, $E_{R21}\,/\,2M^2$")
    ax.set_ylabel("share of points")
