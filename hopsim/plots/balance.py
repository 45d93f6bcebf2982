"""The balance of energy: two routes to dE/dt against each other."""

import numpy as np

from ..records import Record
from ._style import BAD, Figure, GOOD, labels, LIMIT, needed, plots


@plots.register("parity")
def parity(record: Record, fig: Figure) -> None:
    r"""$\dot E$ by autodiff against $-\dot x^T\tau H\dot x$, and the error. [CL-01]"""
    fig.set_size_inches(8.4, 3.6)
    one, two = fig.subplots(1, 2)
    for label, data, colour in labels(record):
        rate = needed(data, "rate", "parity")
        loss, error = data["dissipation"].values, data["balance_error"].values
        one.plot(loss, -rate, ".", ms=3, color=colour, label=label or None)
        shown = np.maximum(np.sort(error), 1e-18)
        two.plot(shown, (np.arange(error.size) + 1) / error.size, color=colour)
    span = np.array(one.get_xlim())
    one.plot(span, span, color=LIMIT, lw=0.7, zorder=0)
    for axis in ("x", "y"):
        getattr(one, f"set_{axis}scale")("symlog", linthresh=1e-2)
    one.set_xlabel(r"loss $\dot x^T \tau H \dot x$, closed form")
    one.set_ylabel(r"$-dE/dt$, autodiff")
    two.set_xscale("log")
    two.set_xlabel(r"error, relative to $\Sigma|terms|$")
    two.set_ylabel("share of states")
    if len(record.points()) > 1:
        handles, names = one.get_legend_handles_labels()
        fig.legend(handles, names, loc="outside right upper", markerscale=2)


@plots.register("rates")
def rates(record: Record, fig: Figure) -> None:
    r"""The law of $\dot E\,/\,\Sigma|terms|$ at random states. [CL-04]"""
    points = labels(record)
    fig.set_size_inches(5.6, 0.6 + 0.42 * len(points))
    ax = fig.subplots()
    edges = np.linspace(-1, 1, 41)
    for i, (_, data, _) in enumerate(points):
        share = needed(data, "rate", "rates") / data["terms"].values
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
