"""Stiffness: steps of explicit and implicit solvers as tau_memory becomes small."""

import numpy as np

from ...plots.style import Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record


@plots.register("stiffness")
def draw_stiffness(record: Record, fig: Figure) -> None:
    r"""Accepted steps against $\tau_h$, and the $T\rho/3.5$ of stability. [CL-31]"""
    fig.set_size_inches(6.4, 4.2)
    ax = fig.subplots()
    for _, data, colour in labels(record):
        tau = data["tau_memory"].values
        steps = needed_by_plot(data, "steps", "stiffness")
        low, middle, high = np.percentile(steps, [10, 50, 90], axis=1)
        spread = np.stack([middle - low, high - middle])
        bars = {"fmt": "o", "ms": 4, "capsize": 2, "color": colour}
        ax.errorbar(tau, middle, spread, label=str(data["solver"].values), **bars)
        explicit = "limit_share" in data and np.all(data["limit_share"].notnull())
        limit = np.median(data["stable_steps"].values, axis=1)
        style = {"color": colour if explicit else LIMIT, "zorder": 0, "lw": 0.9}
        ax.plot(tau, limit, ls="-" if explicit else "--", **style)
        ax.annotate(
            f"{middle[-1]:.0f}",
            (tau[-1], middle[-1]),
            xytext=(-7, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=colour,
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    left, right = ax.get_xlim()
    ax.set_xlim(left / 5, right)  # room for the numbers
    ax.set_xlabel(r"time constant of the memories $\tau_h\,/\,\tau_f$")
    ax.set_ylabel("accepted steps")
    lines = "medians, 10-90 % of runs;\nline: limit of stability\n(dashed: of Tsit5)"
    fig.legend(title=lines, loc="outside right upper", alignment="left")
