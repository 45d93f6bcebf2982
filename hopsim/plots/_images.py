"""Galleries and film strips of memories that are images."""

import numpy as np

from ..records import Dataset, Record
from .style import BAD, Figure, GOOD, labels, needed_by_plot, plots


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
) -> None:
    """One image, with the mean image that was taken off; blue: hidden from the cue."""
    rows = image_rows(data, x.size)
    pixels = x + data["offset"].values if "offset" in data else x
    low, high = np.min(pixels), np.max(pixels)
    grey = (pixels - low) / max(high - low, 1e-12)
    colours = np.repeat(grey[:, None], 3, axis=1)
    if cue and "hidden" in data:
        colours[data["hidden"].values.astype(bool)] = HIDDEN
    extent = (column, column + TILE, top + TILE, top)
    ax.imshow(colours.reshape(rows, -1, 3), extent=extent, aspect="equal")


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
