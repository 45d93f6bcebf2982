"""Zero modes: a constant energy, and the decay of the displacement."""

import numpy as np

from ...plots.style import (
    Figure,
    GOOD,
    labels,
    LIMIT,
    needed_by_plot,
    plots,
    TIME_LABEL,
)
from ...records import Record


SHOWN = 25  # samples marked along the decay


@plots.register("zero_modes")
def draw_zero_modes(record: Record, fig: Figure) -> None:
    r"""$|E(t) - E(0)|$, and $e^{-t/\tau}$ of the displacement. [CL-10]"""
    points = labels(record)
    fig.set_size_inches(4.2 * len(points) + 1.0, 5.4)
    shape = {"squeeze": False, "sharex": "col", "height_ratios": [2, 3]}
    axes = fig.subplots(2, len(points), **shape)
    for (top, low), (label, data, _) in zip(axes.T, points, strict=True):
        time, end = data["time"].values, needed_by_plot(data, "end_time", "zero_modes")
        on = time[None, :] <= end[:, None]
        worst = np.max(np.where(on, data["energy_drift"].values, 0), axis=0)
        ran = np.any(on, axis=0)
        top.semilogy(time[ran], np.maximum(worst[ran], 1e-18), color=GOOD, lw=0.8)
        some = slice(None, None, max(1, int(np.sum(ran)) // SHOWN))
        for left, kept in zip(data["left"].values[:, some], on[:, some], strict=True):
            low.semilogy(time[some][kept], left[kept], ".", ms=4, color=GOOD)
        law = np.linspace(0, np.max(end), 200)
        tau = float(data["mode_time"])
        low.plot(law, np.exp(-law / tau), color=LIMIT, lw=0.9, zorder=0, label="theory")
        low.plot([], [], ".", color=GOOD, label="runs, up to their ends")
        low.legend()
        top.axhline(1e-12, color=LIMIT, ls=":", lw=0.8)
        top.text(np.max(end), 1.5e-12, "tolerance", fontsize=7, ha="right")
        top.set_ylim(3e-19, 1e-10)
        top.set_title(label)
        low.set_xlabel(TIME_LABEL)
        low.set_xlim(0, 1.02 * np.max(end))
    axes[0, 0].set_ylabel(r"worst $|E(t) - E(0)|\,/\,\Sigma|terms|$")
    axes[1, 0].set_ylabel("share of the displacement left")
