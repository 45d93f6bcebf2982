"""Basins of attraction in a plane, as an image."""

from typing import Any

import numpy as np

from ...plots.style import COLOURS, Figure, labels, moving, needed_by_plot, plots
from ...records import Dataset, Record


LOST, SADDLE = "#000000", "#999999"  # pixels that reach no attractor


@plots.register("basin_image")
def draw_basin_image(record: Record, fig: Figure) -> None:
    """The attractor of each $v(0)$ as colour, the time to it as shade. [THEORY 5.4]"""
    points = labels(record)[:4]
    columns = min(2, len(points))
    rows = -(-len(points) // columns)
    fig.set_size_inches(max(4.1 * columns + 0.2, 6.4), 4.1 * rows + 1.0)
    axes = np.atleast_1d(fig.subplots(rows, columns)).ravel()
    needed_by_plot(points[0][1], "basin", "basin_image")
    handles = {}
    for ax, (label, data, _) in zip(axes, points, strict=False):
        handles |= _panel(ax, label, data, _colours_of(data), first=ax is axes[0])
    for ax in axes[len(points) :]:
        ax.set_axis_off()
    fig.legend(handles.values(), handles, loc="outside lower right", ncols=5)


def move_basin_image(record: Record, fig: Figure, frames: int) -> Any:
    """One frame for each point; an attractor keeps its colour while it moves on."""
    points = labels(record)
    if len(points) < 2:
        raise ValueError(
            "Images of basins move from point to point, and this record has one; run a "
            "scenario with a sweep or variants."
        )
    chosen = np.linspace(0, len(points) - 1, min(frames, len(points))).round()
    points = [points[int(k)] for k in np.unique(chosen)]
    colours = _followed([data for _, data, _ in points])
    fig.set_size_inches(6.4, 5.3)
    ax, handles = fig.subplots(), {}
    needed_by_plot(points[0][1], "basin", "basin_image")

    def show(number: int) -> dict:
        label, data, _ = points[number]
        ax.clear()
        return _panel(ax, label, data, colours[number], first=number == 0)

    for number in reversed(range(len(points))):
        handles |= show(number)
    fig.legend(handles.values(), handles, loc="outside lower right", ncols=5)
    return len(points), show


moving["basin_image"] = move_basin_image


def _followed(points: list[Dataset]) -> list[dict[int, str]]:
    """The colour of every attractor, that of the nearest one at the point before."""
    known, number, found = np.zeros((0, 2)), 0, []
    names: list[int] = []
    for data in points:
        v = data["attractor_v"].values
        away = np.linalg.norm(v[:, None] - known[None], axis=-1)
        own = np.full(len(v), -1)
        for _ in range(min(away.shape)):  # the nearest pairs first
            row, old = np.unravel_index(np.argmin(away), away.shape)
            own[row] = names[old]
            away[row], away[:, old] = np.inf, np.inf
        for row in np.flatnonzero(own < 0):
            own[row], number = number, number + 1
        basin, place = data["basin"].values, data["place"].values
        seen = [k for k in range(len(v)) if np.any(basin == k)]
        found.append({int(place[basin == k][0]): COLOURS[own[k] % 6] for k in seen})
        known, names = v, own.tolist()
    return found


def _colours_of(data: Dataset) -> dict[int, str]:
    places = np.unique(data["place"].values[data["basin"].values >= 0])
    return {int(k): COLOURS[i % 6] for i, k in enumerate(places)}


def _panel(ax, label: str, data: Dataset, colours: dict[int, str], first: bool) -> dict:
    """One image with its words; the handles of its legend."""
    handles = _image(ax, data, colours)
    words = f"{float(data['lost']):.1%} of pixels unconverged"
    if not first:
        words = f"{np.mean(data['moved'].values):.1%} end elsewhere, {words}"
    ax.set_title(f"{label}\n{words}".strip(), fontsize=8)
    ax.set_xlabel("feature neuron $v_1(0)$")
    ax.set_ylabel("feature neuron $v_2(0)$")
    return handles


def _image(ax, data: Dataset, names: dict[int, str]) -> dict:
    """One image; the handles of its legend."""
    import matplotlib.colors as colours
    from matplotlib.patheffects import withStroke

    place, time = data["place"].values, data["end_time"].values
    basin, stable = data["basin"].values, data["stable"].values
    rest = basin >= 0
    # dark where it took long, by rank among the times of the image
    order = np.argsort(np.argsort(np.where(rest, time, np.inf), axis=None))
    late = order.reshape(time.shape) / max(np.sum(rest) - 1, 1)
    shown = np.zeros((*place.shape, 3))
    for k, colour in names.items():
        shown[place == k] = colours.to_rgb(colour)
    shown = shown + (1 - shown) * (0.55 * (1 - late))[..., None]
    on_saddle = rest & ~stable[np.where(rest, basin, 0)]
    shown[on_saddle] = colours.to_rgb(SADDLE)
    shown[~rest] = colours.to_rgb(LOST)
    axis = data["axis"].values
    half = 0.5 * (axis[1] - axis[0])
    extent = (axis[0] - half, axis[-1] + half, axis[0] - half, axis[-1] + half)
    shown = shown.transpose(1, 0, 2)  # the first feature lies across
    ax.imshow(shown, origin="lower", extent=extent, interpolation="nearest")
    marks = {"ls": "none", "mec": "black"}
    points = data["attractor_v"].values[stable]
    (dot,) = ax.plot(*points.T, "o", ms=10, mfc="white", mew=0.8, **marks)
    halo = [withStroke(linewidth=2, foreground="white")]
    memories = data["memories"].values
    (star,) = ax.plot(*memories.T, "*", ms=7, mfc="black", path_effects=halo, **marks)
    (slow,) = ax.plot([], [], "s", color="#003355", label="dark")
    (lost,) = ax.plot([], [], "s", color=LOST)
    handles = {"memory": star, "attractor": dot}
    handles |= {"dark: late": slow, "unconverged": lost}
    if np.any(on_saddle):
        handles["on a saddle"] = ax.plot([], [], "s", color=SADDLE)[0]
    return handles
