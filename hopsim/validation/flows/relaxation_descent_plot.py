"""Relaxation steps that raise the energy, by size of step."""

import numpy as np

from ... import statistics
from ...plots.style import Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record


@plots.register("relaxation_descent", formerly=("relaxation",))
def draw_relaxation_descent(record: Record, fig: Figure) -> None:
    r"""The share of steps that raise $E$ against $\theta$, by model. [CL-12]

    Means over pattern sets with their 95 % intervals; empty marks: no step at all.
    """
    fig.set_size_inches(6.4, 3.9)
    ax = fig.subplots()
    points = labels(record)
    span = np.ptp(needed_by_plot(points[0][1], "theta", "relaxation_descent")) or 1.0
    for i, (label, data, colour) in enumerate(points):
        theta, rises = (
            data["theta"].values,
            needed_by_plot(data, "rises", "relaxation_descent"),
        )
        share, low, high = _shares(rises, data["set"].values)
        # side by side, or the models that never rise would hide each other
        beside = theta + 0.012 * span * (i - (len(points) - 1) / 2)
        bars = np.stack([share - low, high - share])
        style = {"ms": 4, "capsize": 2, "color": colour, "lw": 0.9}
        ax.errorbar(beside, share, bars, fmt="-", label=None, **style)
        ax.plot(beside, share, "o", ms=4, color=colour, mfc="white")
        some = share > 0
        ax.plot(beside[some], share[some], "o", ms=4, color=colour)
        ax.plot([], [], "o-", ms=4, color=colour, label=label or None)
    ax.axvline(1, color=LIMIT, lw=0.7, ls="--", zorder=0)
    ax.set_yscale("symlog", linthresh=1e-3)
    ax.set_ylim(-2e-4, 1)
    ax.set_xlabel(r"share of the way $\theta$")
    ax.set_ylabel("share of steps that raise the energy")
    if len(points) > 1:
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _shares(rises: np.ndarray, sets: np.ndarray) -> tuple[np.ndarray, ...]:
    """The mean share over sets and its interval, for every theta."""
    by_set = [np.mean(rises[sets == k], axis=(0, 2)) for k in np.unique(sets)]
    found = [statistics.mean(x) for x in np.stack(by_set).T]
    value = np.array([x.value for x in found])
    low = np.array([np.nan_to_num(x.low, nan=x.value) for x in found])
    high = np.array([np.nan_to_num(x.high, nan=x.value) for x in found])
    return value, np.maximum(low, 0), high
