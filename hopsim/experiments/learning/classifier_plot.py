"""Classifiers: votes, memories that decide, robustness to noise, confusion."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from ...plots.style import Figure, labels, needed_by_plot, plots
from ...records import Record
from ...statistics import Estimate, mean, wilsons


@plots.register("class_votes")
def draw_class_votes(record: Record, fig: Figure) -> None:
    """For how many classes memories vote: their weights $> 0.9$. [KH16 sec. 4]

    Features vote for several classes, prototypes for one. Bars: 95 % over training
    runs; for fewer than three, the union of their Wilson intervals over memories.
    """
    points = labels(record)
    fig.set_size_inches(6.4 if len(points) <= 4 else 8.2, 3.8)
    ax = fig.subplots()
    width = 0.8 / len(points)
    number = np.arange(
        needed_by_plot(points[0][1], "confusion", "class_votes").shape[1] + 1
    )
    for k, (label, data, colour) in enumerate(points):
        votes = needed_by_plot(data, "votes", "class_votes")
        share, bars = _bars([_share(votes == j) for j in number])
        at = number + width * (k - (len(points) - 1) / 2)
        style: Any = {"yerr": bars, "color": colour, "error_kw": {"lw": 0.7}}
        ax.bar(at, share, width, label=label or None, **style)
    ax.set_xticks(number)
    ax.set_xlabel("classes that a memory votes for")
    ax.set_ylabel("share of memories")
    _told(ax, points)


@plots.register("deciding_memories")
def draw_deciding_memories(record: Record, fig: Figure) -> None:
    """How many memories decide: terms $> 0.9$ of the largest. [KH16 sec. 4]

    Left, the share of test images by that number; right, the share for which it is one.
    Bars: 95 % over training runs; for fewer than three, the union of their Wilson
    intervals over images. [DAM-18]
    """
    points = labels(record)
    few = len(points) <= 4
    fig.set_size_inches(8.2 if few else 10.0, 3.8)
    ax, single = fig.subplots(1, 2, width_ratios=[1.7, 1] if few else [1.2, 1])
    last = max(int(np.max(data["deciding"].values)) for _, data, _ in points)
    number = np.arange(1, max(last, 2) + 1)
    for k, (label, data, colour) in enumerate(points):
        deciding = needed_by_plot(data, "deciding", "deciding_memories")
        share = np.array([np.mean(deciding == j) for j in number])
        share[share == 0] = np.nan  # not drawn on the logarithmic axis
        ax.plot(number, share, ".-", ms=4, lw=0.8, color=colour, label=label or None)
        one, bars = _bars([_share(deciding == 1)])
        single.bar([k], one, 0.7, yerr=bars, color=colour, error_kw={"lw": 0.8})
        style: Any = {"ha": "center", "va": "bottom", "color": "white"}
        single.text(k, 0.015, f"{one[0]:.2f}", fontsize=9 if few else 6.5, **style)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ticks = [j for j in (1, 2, 5, 10, 20, 50, 100) if j <= number[-1]]
    ax.set_xticks(ticks, [str(j) for j in ticks])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("memories that decide an image")
    ax.set_ylabel("share of test images")
    _told(ax, points)
    slope = 0 if few else 90
    names = [label for label, _, _ in points]
    single.set_xticks(range(len(points)), names, rotation=slope)
    single.set_ylim(0, 1.05)
    single.set_ylabel("decided by a single memory")


@plots.register("noise_robustness")
def draw_noise_robustness(record: Record, fig: Figure) -> None:
    r"""Test error against the size of normal noise on pixels of $\pm 1$. [hopsim]

    Bars: 95 % over training runs; for fewer than three, the union of their Wilson
    intervals over images.
    """
    fig.set_size_inches(6.0, 3.8)
    ax = fig.subplots()
    points = labels(record)
    for k, (label, data, colour) in enumerate(points):
        error = needed_by_plot(data, "noise_error", "noise_robustness")
        size, items = data["noise"].values, data.sizes["item"]
        wrong = np.rint(error * items).astype(int)
        seen = [_interval(hits, items) for hits in wrong.T]
        step = np.min(np.diff(size)) if len(size) > 1 else 1.0
        at = size + 0.06 * step * (k - (len(points) - 1) / 2)
        style: Any = {"ms": 3.5, "capsize": 2, "lw": 0.9, "color": colour}
        ax.errorbar(at, *_bars(seen), fmt="o-", label=label or None, **style)
    ax.set_ylim(0, None)
    ax.set_xlabel("standard deviation of the noise (pixels from -1 to 1)")
    ax.set_ylabel("test error")
    _told(ax, points)


@plots.register("confusion")
def draw_confusion(record: Record, fig: Figure) -> None:
    """Counts $C_{ij}$ of test images of class $i$ classified as $j$. [hopsim]

    Shades: the share of the class, from 0.1 %; all training runs together.
    """
    points = labels(record)
    columns = min(2, len(points))
    rows = -(-len(points) // columns)
    fig.set_size_inches(4.2 * columns, 4.0 * rows + 0.4)
    axes = np.atleast_1d(fig.subplots(rows, columns)).ravel()
    for ax, (label, data, _) in zip(axes, points, strict=False):
        count = needed_by_plot(data, "confusion", "confusion").sum(axis=0)
        share = count / np.maximum(count.sum(axis=1, keepdims=True), 1)
        shade = np.log10(np.maximum(share, 1e-3))
        ax.imshow(shade, cmap="Blues", vmin=-3, vmax=0)
        for row, column in np.argwhere(count > 0):
            colour = "white" if shade[row, column] > -1 else "black"
            text = f"{count[row, column]:d}"
            style = {"ha": "center", "va": "center", "fontsize": 6.5}
            ax.text(column, row, text, color=colour, **style)
        number = range(len(count))
        ax.set_xticks(number, [str(j) for j in number])
        ax.set_yticks(number, [str(j) for j in number])
        ax.tick_params(length=0)
        wrong = 1 - np.trace(count) / count.sum()
        ax.set_title(f"{label}: " * bool(label) + f"{100 * wrong:.2f} % wrong")
        ax.set_xlabel("answer")
        ax.set_ylabel("class")
    for ax in axes[len(points) :]:
        ax.set_axis_off()


def _share(found: Bool[np.ndarray, "training entry"]) -> Estimate:
    """The share that is true, with its interval."""
    return _interval(found.sum(axis=1), found.shape[1])


def _interval(hits: Int[np.ndarray, " training"], trials: int) -> Estimate:
    """A share with its interval, by Student's t over training runs.

    For fewer than three runs, the union of their Wilson intervals.
    """
    if len(hits) >= 3:
        seen = mean(hits / trials)
        return seen._replace(low=max(seen.low, 0.0), high=min(seen.high, 1.0))
    low, high = wilsons(hits, trials).T
    middle = float(np.mean(hits / trials))
    return Estimate(middle, float(low.min()), float(high.max()), len(hits))


def _bars(seen: list[Estimate]) -> tuple[np.ndarray, Any]:
    """Heights, and the lengths of their error bars down and up."""
    middle = np.array([x.value for x in seen])
    low, high = (np.array([getattr(x, name) for x in seen]) for name in ("low", "high"))
    return middle, np.nan_to_num(np.maximum([middle - low, high - middle], 0))


def _told(ax: Any, points: list[tuple[str, Any, str]]) -> None:
    if len(points) > 4:  # too many for a corner
        ax.figure.legend(loc="outside right upper")
    elif any(label for label, _, _ in points):
        ax.legend()
