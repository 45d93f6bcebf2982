"""The portrait of a network of two features."""

from typing import Any

import numpy as np

from ..._common.environment import precision
from ...attractors.distinct_roots import effective_energies
from ...attractors.plane import plane
from ...data.patterns import grid
from ...dynamics import Adiabatic
from ...network import Network
from ...plots._images import different_instants
from ...plots.style import completions, Figure, labels, moving, needed_by_plot, plots
from ...records import Record
from ...trajectory import Trajectory


GRID, STARTS = 121, 15  # pixels, and starts of Newton's method, of a side
SAME_ENERGY = 1e-3  # relative: float32 keeps it, and another network does not

STABILITY = (
    ("o", "#009E73", "stable"),
    ("X", "#E69F00", "saddle"),
    ("s", "#D55E00", "unstable"),
)


@plots.register("portrait")
def draw_portrait(record: Record, fig: Figure) -> None:
    r"""Contours of $E(v)$, trajectories, fixed points by unstable modes. [KH21]"""
    _draw_panels(record, fig)


def _draw_panels(record: Record, fig: Figure) -> list[tuple[Any, Any, list[Any]]]:
    """Draw all; return the axes of each point, its data, and its trajectories."""
    points, panels = labels(record)[:4], []
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
        paths = needed_by_plot(data, "v", "portrait")
        style: Any = {"color": "#333333", "lw": 0.6}
        lines = [ax.plot(path[:, 0], path[:, 1], **style)[0] for path in paths]
        panels.append((ax, data, lines))
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
    return panels


def move_portrait(record: Record, fig: Figure, frames: int) -> Any:
    """The trajectories grow on the contours, all by equal lengths between frames."""
    panels = _draw_panels(record, fig)
    samples = min(len(data["time"]) for _, data, _ in panels)
    paths = [data["v"].values[:, :samples] for _, data, _ in panels]
    ends = [np.searchsorted(d["time"], np.nanmax(d["end_time"])) for _, d, _ in panels]
    last = min(int(max(ends)), samples - 1)
    picked = different_instants(np.concatenate(paths)[:, : last + 1], frames)
    dots, words = [], []
    for (ax, *_), v in zip(panels, paths, strict=True):
        dots += ax.plot(*v[:, 0].T, ".", color="#D55E00", ms=5)
        box = {"fc": "white", "alpha": 0.85, "lw": 0, "pad": 1.5}
        style: Any = {"transform": ax.transAxes, "ha": "right", "fontsize": 8}
        style["bbox"] = box
        words.append(ax.text(0.98, 0.02, "", **style))

    def show(number: int) -> None:
        k = picked[number]
        for (_, data, lines), v, dot, told in zip(
            panels, paths, dots, words, strict=True
        ):
            for line, path in zip(lines, v, strict=True):
                line.set_data(path[: k + 1, 0], path[: k + 1, 1])
            dot.set_data(v[:, k, 0], v[:, k, 1])
            told.set_text(rf"$t = {data['time'].values[k]:.4g}\,\tau_f$")

    return len(picked), show


moving["portrait"] = move_portrait


def add_plane(record: Record, path: Trajectory, network: Network) -> Record:
    """The record with the energy around all states and memories, and fixed points.

    Those of decay 1. Raises ValueError if the trajectory has other energies there. A
    network of other than two features has no portrait, and its record stays as it is.
    """
    if network.features != 2 or path.v is None:
        return record
    ends = effective_energies(network, np.asarray(1.0), path.final)
    off = np.abs(ends - path.effective_energy[:, -1])
    known = np.isfinite(ends) & np.isfinite(off)
    scale = 1 + np.max(np.abs(ends[known]), initial=0)
    if np.max(off[known], initial=0) > SAME_ENERGY * scale:
        raise ValueError(
            "The trajectory ends at other energies than this network has at decay 1; "
            "give its own network, and draw other decays by the experiment portrait."
        )
    met = np.concatenate([path.v.reshape(-1, 2), np.asarray(network.memories)])
    high = 1.15 * float(np.max(np.abs(met[np.all(np.isfinite(met), axis=1)])))
    with precision("float64"):
        starts = grid(-high, high, STARTS)
    seen = plane(network, Adiabatic(), np.linspace(-high, high, GRID), starts)
    data = record.data.merge(seen)
    return Record(data.assign_attrs(record.attrs), record.groups)


completions["portrait"] = add_plane
