"""The portrait of a network of two features."""

from typing import Any

import numpy as np

from ...plots.style import Figure, labels, needed_by_plot, plots
from ...records import Record


STABILITY = (
    ("o", "#009E73", "stable"),
    ("X", "#E69F00", "saddle"),
    ("s", "#D55E00", "unstable"),
)


@plots.register("portrait")
def draw_portrait(record: Record, fig: Figure) -> None:
    r"""Contours of $E(v)$, trajectories, fixed points by unstable modes. [KH21]"""
    points = labels(record)[:4]
    fig.set_size_inches(4.3 * len(points) + 1.0, 5.0)
    axes = fig.subplots(1, len(points), squeeze=False)[0]
    filled: Any = None
    for ax, (label, data, _) in zip(axes, points, strict=True):
        axis = needed_by_plot(data, "axis", "portrait")
        surface = needed_by_plot(data, "landscape", "portrait").T
        levels = np.quantile(surface, np.linspace(0, 1, 25))
        levels = np.unique(levels)
        filled = ax.contourf(axis, axis, surface, levels, cmap="Blues_r", alpha=0.75)
        ax.contour(
            axis,
            axis,
            surface,
            levels,
            colors="white",
            linewidths=0.4,
            linestyles="solid",
        )
        for path in needed_by_plot(data, "v", "portrait"):
            ax.plot(path[:, 0], path[:, 1], color="#333333", lw=0.6)
        ax.plot(*data["cue"].values.T, ".", color="#333333", ms=2)
        memories = data["memories"].values
        ax.plot(*memories.T, "*", ms=9, mfc="none", mec="black", ls="", label="memory")
        index = data["fixed_index"].values
        for kind, (marker, colour, word) in enumerate(STABILITY):
            chosen = data["fixed_point"].values[index == kind]
            if len(chosen):
                style = {"mfc": colour, "mec": "black", "mew": 0.6}
                text = f"{word}: {len(chosen)}"
                ax.plot(*chosen.T, marker, ls="", ms=7, label=text, **style)
        ax.set_xlim(axis[0], axis[-1])
        ax.set_ylim(axis[0], axis[-1])
        ax.set_aspect("equal")
        ax.set_xlabel("feature neuron $v_1$")
        ax.set_title(label)
        ax.legend(loc="upper left", fontsize=7, frameon=True, framealpha=0.85)
    axes[0].set_ylabel("feature neuron $v_2$")
    bar = fig.colorbar(filled, ax=axes, shrink=0.8, format="%.2g")
    bar.set_label("effective energy $E(v)$ (levels at equal areas)")
