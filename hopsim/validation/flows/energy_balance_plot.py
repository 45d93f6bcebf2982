"""The energy balance: two ways to dE/dt against each other."""

from typing import NamedTuple

import numpy as np

from ...plots.style import (
    BAD,
    draw_cumulative,
    Figure,
    GOOD,
    labels,
    LIMIT,
    needed_by_plot,
    plots,
)
from ...records import Record


class Routes(NamedTuple):
    """Two routes to one number: their variables, and the words on the axes."""

    closed: str
    other: str
    error: str
    sign: int  # the closed form is `sign` times the other
    closed_label: str
    other_label: str
    error_label: str
    linear: float  # where the axes stop being logarithmic


ROUTES = (
    Routes(
        *("dissipation", "rate", "balance_error", -1),
        r"loss $\dot x^T \tau H \dot x$, closed form",
        r"$-dE/dt$, autodiff",
        r"error, relative to $\Sigma|terms|$",
        1e-2,
    ),
    Routes(
        *("hebbian", "difference", "difference_error", 1),
        r"$-f^T D\, g$, closed form",
        r"$dE^*/d\xi$ along $D$, differences",
        r"error, relative to $S_E + \Sigma|terms|$",
        1.0,
    ),
)


@plots.register("parity")
def draw_parity(record: Record, fig: Figure) -> None:
    r"""Two routes to $\dot E$ or $dE^*/d\xi$, and their difference. [CL-01; CL-32]"""
    known = [routes for routes in ROUTES if routes.other in record]
    routes = (known or ROUTES)[0]
    fig.set_size_inches(8.4, 3.6)
    one, two = fig.subplots(1, 2)
    for label, data, colour in labels(record):
        other = routes.sign * needed_by_plot(data, routes.other, "parity").ravel()
        closed, error = (data[k].values.ravel() for k in (routes.closed, routes.error))
        one.plot(closed, other, ".", ms=3, color=colour, label=label or None)
        draw_cumulative(two, error, color=colour)
    span = np.array(one.get_xlim())
    one.plot(span, span, color=LIMIT, lw=0.7, zorder=0)
    ticks = _sparse_ticks(float(np.max(np.abs(span))), routes.linear)
    one.set_xscale("symlog", linthresh=routes.linear)
    one.set_yscale("symlog", linthresh=routes.linear)
    one.set_xticks(ticks, minor=False)
    one.set_yticks(ticks, minor=False)
    one.set_xlabel(routes.closed_label)
    one.set_ylabel(routes.other_label)
    two.set_xscale("log")
    two.set_xlabel(routes.error_label)
    two.set_ylabel("share of states")
    if len(record.points()) > 1:
        handles, names = one.get_legend_handles_labels()
        fig.legend(handles, names, loc="outside right upper", markerscale=2)


def _sparse_ticks(largest: float, linear: float) -> list[float]:
    """Zero and a few powers of ten on both sides, for an axis linear up to `linear`."""
    first, last = np.log10(linear), np.floor(np.log10(max(largest, 10 * linear)))
    stride = max(1, int(np.ceil((last - first) / 2)))
    powers = [10.0**k for k in np.arange(last, first, -stride)]
    return [-p for p in powers] + [0.0] + powers[::-1]


@plots.register("rates")
def draw_rates(record: Record, fig: Figure) -> None:
    r"""The law of $\dot E\,/\,\Sigma|terms|$ at random states. [CL-04]"""
    points = labels(record)
    fig.set_size_inches(5.6, 0.6 + 0.42 * len(points))
    ax = fig.subplots()
    edges = np.linspace(-1, 1, 41)
    for i, (_, data, _) in enumerate(points):
        share = needed_by_plot(data, "rate", "rates") / data["terms"].values
        height = np.histogram(share, edges)[0] / share.size
        height = 0.8 * height / max(height.max(), 1e-9)
        middle = 0.5 * (edges[1:] + edges[:-1])
        for side, colour in ((middle <= 0, GOOD), (middle > 0, BAD)):
            ax.bar(middle[side], height[side], 0.05, bottom=i, color=colour)
        rising = float(np.mean(data["rises"].values))
        ax.text(1.02, i + 0.2, f"{rising:.1%} rise", fontsize=8)
    ax.axvline(0, color=LIMIT, lw=0.7)
    ax.set_yticks(np.arange(len(points)) + 0.2, [label for label, *_ in points])
    ax.set_xlim(-1, 1)
    ax.set_xlabel(r"$dE/dt$, relative to the sum of its $|terms|$")
