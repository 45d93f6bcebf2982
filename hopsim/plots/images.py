"""Galleries and film strips of memories that are images."""

import numpy as np

from ..records import Dataset, Record
from ._style import BAD, Figure, GOOD, labels, needed, plots


@plots.register("gallery")
def gallery(record: Record, fig: Figure) -> None:
    r"""Cue, recalled, target, with cosine $m$ and energy $E$. [hopsim]"""
    points = labels(record)[:4]
    first = points[0][1]
    shown = _one_of_each(first)
    rows = ["cue", *(label or "recalled" for label, _, _ in points), "target"]
    fig.set_size_inches(0.95 * len(shown) + 0.9, 1.22 * len(rows) + 0.5)
    axes = fig.subplots(len(rows), len(shown), squeeze=False)
    targets = needed(first, "target", "gallery").astype(int)
    memories = first["memories"].values
    for column, i in enumerate(shown):
        _show(axes[0, column], first, first["cue"].values[i], cue=True)
        for row, (_, data, _) in enumerate(points, start=1):
            _recalled(axes[row, column], data, i)
        _show(axes[-1, column], first, memories[targets[i]])
    for row, word in enumerate(rows):
        axes[row, 0].set_ylabel(word, fontsize=9)


@plots.register("film")
def film(record: Record, fig: Figure) -> None:
    r"""$v(t)$ of a few probes at times spaced as their overlaps change. [hopsim]"""
    data = labels(record)[0][1]
    v, time = needed(data, "v", "film"), data["time"].values
    shown = _one_of_each(data)[:5]
    frames = 9
    fig.set_size_inches(0.95 * frames + 0.6, 1.08 * len(shown) + 0.7)
    axes = fig.subplots(len(shown), frames, squeeze=False)
    last = np.searchsorted(time, np.nanmax(data["end_time"].values))
    instants = _instants(v[shown, : last + 1], frames)
    for row, i in enumerate(shown):
        for column, k in enumerate(instants):
            _show(axes[row, column], data, v[i, k], cue=bool(k == 0))
            if row == 0:
                axes[row, column].set_title(
                    rf"$t = {time[k]:.2g}\,\tau_f$", loc="center", fontsize=8
                )
        axes[row, 0].set_ylabel(f"probe {i}", fontsize=8)


def _instants(v: np.ndarray, frames: int) -> np.ndarray:
    """Sample numbers between which the states move by equal lengths of path."""
    moved = np.linalg.norm(np.diff(v, axis=1), axis=-1).mean(axis=0)
    length = np.concatenate([[0], np.cumsum(moved)])
    wanted = np.linspace(0, length[-1], frames)
    picked = np.searchsorted(length, wanted - 1e-12 * length[-1])
    picked[-1] = len(length) - 1
    for k in range(1, frames):  # equal frames would waste paper
        picked[k] = max(picked[k], picked[k - 1] + 1)
    return np.minimum(picked, len(length) - 1)


def _recalled(ax, data: Dataset, i: int) -> None:
    _show(ax, data, data["final"].values[i])
    if "match" not in data or not np.isfinite(data["match"].values[i]):
        return
    match, energy = data["match"].values[i], data["energy"].values[i, -1]
    colour = GOOD if bool(data["retrieved"].values[i]) else BAD
    ax.set_xlabel(f"m = {match:.2f}\nE = {energy:.1f}", fontsize=7, color=colour)


def _show(ax, data: Dataset, x: np.ndarray, cue: bool = False) -> None:
    """One image, with the mean image that was taken off; blue: hidden from the cue."""
    rows = int(data.attrs.get("image_rows", 0))
    if not rows:
        raise ValueError("Galleries and films need memories that are images.")
    pixels = x + data["offset"].values if "offset" in data else x
    if cue and "hidden" in data:
        pixels = np.ma.masked_where(data["hidden"].values.astype(bool), pixels)
    low, high = pixels.min(), pixels.max()
    ax.set_facecolor("#9CB7CF")
    ax.imshow(pixels.reshape(rows, -1), vmin=low, vmax=max(high, low + 1e-12))
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)


def _one_of_each(data: Dataset) -> list[int]:
    """The first probe of every class, up to ten; without classes, the first ten."""
    targets = data["target"].values.astype(int)
    if "memory_class" not in data or np.any(targets < 0):
        return list(range(min(10, len(targets))))
    classes = data["memory_class"].values[targets]
    return sorted(int(np.argmax(classes == c)) for c in np.unique(classes))[:10]
