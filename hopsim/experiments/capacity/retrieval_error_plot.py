"""Retrieval errors: how near to a memory its attractor lies."""

import numpy as np

from ...plots.style import COLOURS, Figure, LIMIT, needed_by_plot, plots
from ...records import Record


SHOWN = 3  # memories whose errors are drawn: the nearest, the middle, the farthest


@plots.register("retrieval_error")
def draw_retrieval_error(record: Record, fig: Figure) -> None:
    r"""$\ln|x^* - x_i|$ against $\beta$, its slope against $-\Delta_i$. [R21; CL-25]"""
    data = record.points()[0][1]
    fig.set_size_inches(8.8, 4.0)
    one, two = fig.subplots(1, 2, width_ratios=[1.25, 1])
    _errors(data, one)
    _slopes(data, two)


def _errors(data, ax) -> None:
    error = needed_by_plot(data, "log_error", "retrieval_error")
    beta, gap = data["beta"].values, data["separation"].values
    first = np.flatnonzero(data["set"].values == 0)  # one set of memories
    order = first[np.argsort(gap[first])]
    chosen = order[np.linspace(0, len(order) - 1, SHOWN).astype(int)]
    for colour, i in zip(COLOURS, chosen, strict=False):
        ax.plot(beta, data["log_theory"].values[:, i], color=colour, lw=1)
        ax.plot(beta, data["log_bound"].values[:, i], color=colour, lw=0.7, ls="--")
        ax.plot(beta, error[:, i], "o", ms=4, color=colour)
        ax.plot(beta, data["log_step"].values[:, i], "x", ms=7, color=colour)
        ended = np.log(data["flow_distance"].values[i])
        ax.plot(data["flow_beta"].values, ended, "s", ms=8, mfc="none", color=colour)
        ax.annotate(
            rf"$\Delta_i = {gap[i]:.2f}$",
            (beta[-1], error[-1, i]),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=colour,
        )
    ax.set_xlim(0, 1.28 * beta[-1])
    # the legend of the marks, in grey
    grey = {"color": LIMIT, "ls": "none"}
    marks = [
        ax.plot([], [], "o", ms=4, label="fixed point", **grey),
        ax.plot([], [], "x", ms=7, label="one step from the memory", **grey),
        ax.plot([], [], "s", ms=8, mfc="none", label="end of the flow", **grey),
        ax.plot([], [], color=LIMIT, lw=1, label="leading order"),
        ax.plot([], [], color=LIMIT, lw=0.7, ls="--", label="bound of R21"),
    ]
    ax.legend(handles=[m[0] for m in marks], loc="lower left")
    ax.set_xlabel(r"inverse temperature $\beta$")
    ax.set_ylabel(r"error $\ln|x^* - x_i|$")


def _slopes(data, ax) -> None:
    for colour, gap, slope, name in (
        (COLOURS[0], "separation", "error_slope", r"from the memory, $\Delta_i$"),
        (
            COLOURS[1],
            "query_separation",
            "query_slope",
            r"from a query $q$, $\min_j (x_i - x_j)\cdot q$",
        ),
    ):
        ax.plot(
            data[gap].values,
            -data[slope].values,
            ".",
            ms=4,
            color=colour,
            label=name,
        )
    span = np.array([0.0, max(ax.get_xlim()[1], ax.get_ylim()[1])])
    ax.plot(span, span, color=LIMIT, lw=0.7, zorder=0)
    ax.set_xlabel("separation")
    ax.set_ylabel(r"$-\,d\ln$(error)$\,/\,d\beta$, largest $\beta$")
    ax.legend(loc="upper left", markerscale=2)
