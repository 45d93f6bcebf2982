"""Galleries and film strips of memories that are images."""

from typing import Any

import numpy as np

from ..records import Dataset, Record
from .style import (
    BAD,
    COLOURS,
    Figure,
    GOOD,
    labels,
    LIMIT,
    moving,
    needed_by_plot,
    plots,
    TIME_LABEL,
)


HIDDEN = (0.61, 0.72, 0.81)  # a light blue, not a grey
TILE = 0.93  # of the width that a picture gets; the rest is space between


@plots.register("gallery")
def draw_gallery(record: Record, fig: Figure) -> None:
    r"""Cue, recalled, target, with energy $E$ and cosine with the target. [hopsim]

    The cosine is that of the features that recall is measured on: of a completion
    those that were hidden.
    """
    points = labels(record)[:4]
    first = points[0][1]
    shown = _one_of_each(first)
    rows = ["cue", *(label or "recalled" for label, _, _ in points), "target"]
    tops = np.concatenate([[0, 1], 1 + 1.42 * np.arange(1, len(points) + 1)])
    ax = sheet(fig, len(shown), float(tops[-1]) + 1, 0.95)
    targets = needed_by_plot(first, "target", "gallery").astype(int)
    memories = first["memories"].values
    for column, i in enumerate(shown):
        draw_image(ax, column, tops[0], first, first["cue"].values[i], cue=True)
        for top, (_, data, _) in zip(tops[1:], points, strict=False):
            _recalled(ax, column, top, data, i)
        draw_image(ax, column, tops[-1], first, memories[targets[i]])
    for top, word in zip(tops, rows, strict=True):
        beside(ax, top, word)
    if "match" in first:
        whole = bool(np.all(first["measured"].values)) if "measured" in first else True
        where = "all features" if whole else "what was hidden"
        told = f"cos: cosine with the target on {where}; blue: retrieved, red: missed"
        fig.set_size_inches(max(5.6, fig.get_figwidth()), fig.get_figheight())
        fig.supxlabel(told, fontsize=7.5)


@plots.register("film")
def draw_film(record: Record, fig: Figure) -> None:
    r"""$v(t)$ of a few probes at times spaced as their overlaps change. [hopsim]"""
    label, data, _ = labels(record)[0]
    v, time = needed_by_plot(data, "v", "film"), data["time"].values
    shown = _one_of_each(data)[:5]
    frames = 9
    ax = sheet(fig, frames, len(shown), 0.95)
    last = np.searchsorted(time, np.nanmax(data["end_time"].values))
    picked = instants(v[shown, : last + 1], frames)
    for column, k in enumerate(picked):
        for row, i in enumerate(shown):
            draw_image(ax, column, row, data, v[i, k], cue=bool(k == 0))
        words = rf"$t = {time[k]:.2g}\,\tau_f$"
        ax.text(column + TILE / 2, -0.06, words, ha="center", fontsize=8)
    for row, i in enumerate(shown):
        beside(ax, row, f"probe {i}")
    if label:
        ax.set_title(label, pad=12)


def instants(v: np.ndarray, frames: int) -> np.ndarray:
    """Sample numbers between which the states move by equal lengths of path."""
    moved = np.linalg.norm(np.diff(v, axis=1), axis=-1).mean(axis=0)
    length = np.concatenate([[0], np.cumsum(moved)])
    wanted = np.linspace(0, length[-1], frames)
    picked = np.searchsorted(length, wanted - 1e-12 * length[-1])
    picked[-1] = len(length) - 1
    for k in range(1, frames):  # equal frames would waste paper
        picked[k] = max(picked[k], picked[k - 1] + 1)
    return np.minimum(picked, len(length) - 1)


def different_instants(v: np.ndarray, frames: int) -> np.ndarray:
    """As `instants`, no two of which are the same: at most as many as there are."""
    count = v.shape[1]
    frames = min(frames, count)
    latest = count - 1 - np.arange(frames)[::-1]  # leaves room for those that follow
    return np.minimum(instants(v, frames), latest)


def move_film(record: Record, fig: Figure, frames: int) -> Any:
    """The film as one row of images that move, with their energies below."""
    label, data, _ = labels(record)[0]
    v, time = needed_by_plot(data, "v", "film"), data["time"].values
    energy = needed_by_plot(data, "energy", "film")
    shown = _one_of_each(data)[:5]
    last = int(np.searchsorted(time, np.nanmax(data["end_time"].values)))
    picked = different_instants(v[shown, : last + 1], frames)
    fig.set_size_inches(max(1.25 * len(shown) + 0.6, 4.6), 4.1)
    top, low = fig.subplots(2, 1, gridspec_kw={"height_ratios": [1.3, 1.9]})
    top.set(xlim=(-0.02, len(shown)), ylim=(1, -0.1), aspect="equal")
    top.set_autoscale_on(False)
    top.axis("off")
    style: Any = {"ms": 5, "mec": "white", "mew": 0.6, "clip_on": False, "zorder": 5}
    images, dots = [], []
    for column, i in enumerate(shown):
        colour = COLOURS[column]
        images.append(draw_image(top, column, 0, data, v[i, 0], cue=True))
        words = f"probe {i}"
        top.text(column + TILE / 2, -0.03, words, ha="center", color=colour, fontsize=8)
        low.plot(time[: last + 1], energy[i, : last + 1], color=colour, lw=0.9)
        dots += low.plot(time[:1], energy[i, :1], "o", color=colour, **style)
    line = low.axvline(time[0], color=LIMIT, lw=0.7, ls=":")
    low.set_xlabel(TIME_LABEL)
    low.set_ylabel("energy $E$")
    low.set_xlim(left=0)
    title = f"{label}   " if label else ""
    # as wide as it will be
    words = low.set_title(f"{title}$t = {time[picked[-1]]:.4g}\\,\\tau_f$")

    def show(number: int) -> None:
        k = picked[number]
        for image, dot, i in zip(images, dots, shown, strict=True):
            image.set_data(image_colours(data, v[i, k], cue=number == 0))
            dot.set_data([time[k]], [energy[i, k]])
        line.set_xdata([time[k]] * 2)
        words.set_text(f"{title}$t = {time[k]:.4g}\\,\\tau_f$")

    return len(picked), show


moving["film"] = move_film


def sheet(fig: Figure, columns: float, height: float, inches: float):
    """One pair of axes for many pictures, in units of one: fast, and evenly spaced."""
    fig.set_size_inches(inches * columns + 0.6, inches * height + 0.8)
    ax = fig.subplots()
    ax.set(xlim=(-0.3, columns), ylim=(height, -0.2), aspect="equal")
    ax.set_autoscale_on(False)  # images would move the limits
    ax.axis("off")
    return ax


def beside(ax, top: float, word: str) -> None:
    """A word at the left of a row, read upwards."""
    ax.text(-0.08, top + TILE / 2, word, rotation=90, ha="right", va="center")


def _recalled(ax, column: float, top: float, data: Dataset, i: int) -> None:
    draw_image(ax, column, top, data, data["final"].values[i])
    if "match" not in data or not np.isfinite(data["match"].values[i]):
        return
    match, energy = data["match"].values[i], data["energy"].values[i, -1]
    ax.text(
        column + TILE / 2,
        top + TILE + 0.04,
        f"cos = {match:.2f}\nE = {energy:.1f}",
        color=GOOD if bool(data["retrieved"].values[i]) else BAD,
        fontsize=7,
        ha="center",
        va="top",
    )


def draw_image(
    ax, column: float, top: float, data: Dataset, x: np.ndarray, cue: bool = False
) -> Any:
    """One image, as wide as it was told to be; see `image_colours`."""
    colours = image_colours(data, x, cue)
    extent = (column, column + TILE, top + TILE, top)
    return ax.imshow(colours, extent=extent, aspect="equal")


def image_colours(data: Dataset, x: np.ndarray, cue: bool = False) -> np.ndarray:
    """One image, with the mean image that was taken off; blue: hidden from the cue."""
    rows = image_rows(data, x.size)
    pixels = x + data["offset"].values if "offset" in data else x
    low, high = np.min(pixels), np.max(pixels)
    grey = (pixels - low) / max(high - low, 1e-12)
    colours = np.repeat(grey[:, None], 3, axis=1)
    if cue and "hidden" in data:
        colours[data["hidden"].values.astype(bool)] = HIDDEN
    return colours.reshape(rows, -1, 3)


def image_rows(data: Dataset, pixels: int) -> int:
    """How many rows an image has; what was made in Python may be square, untold."""
    rows = int(data.attrs.get("image_rows", 0))
    side = round(pixels**0.5)
    if not rows and "result" in data.attrs and side**2 == pixels:
        return side
    if not rows:
        raise ValueError(
            "Galleries and films need memories that are images, and nothing says that "
            f"these are; of a result of {pixels} features, give image=(rows, columns)."
        )
    return rows


def _one_of_each(data: Dataset) -> list[int]:
    """The first probe of every class, up to ten; without classes, the first ten."""
    if "target" not in data:
        return list(range(min(10, data.sizes["probe"])))
    targets = data["target"].values.astype(int)
    if "memory_class" not in data or np.any(targets < 0):
        return list(range(min(10, len(targets))))
    classes = data["memory_class"].values[targets]
    return sorted(int(np.argmax(classes == c)) for c in np.unique(classes))[:10]


def explain_frames(fig: Figure, good: str) -> None:
    """What the colours of frames mean, below the pictures."""
    fig.supxlabel(f"frames: blue, {good}; red, not", fontsize=7.5)


def framed(ax, left: float, top: float, data: Dataset, x, frame: str | None = None):
    """One image in [-1, 1], with a frame of the given colour."""
    rows = int(data["image_rows"].values)
    extent = (left, left + 0.92, top + 0.92, top)
    ax.imshow(x.reshape(rows, -1), extent=extent, cmap="gray", vmin=-1, vmax=1)
    if frame is not None:
        sides = ([left, left + 0.92, left + 0.92, left, left],)
        sides += ([top, top, top + 0.92, top + 0.92, top],)
        ax.plot(*sides, color=frame, lw=1.6)
