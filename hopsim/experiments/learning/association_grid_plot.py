"""Autoassociative training: distances over temperature and rate, and the best."""

from typing import Any

import numpy as np

from ...plots.style import COLOURS, Figure, labels, LIMIT, MARKS, needed_by_plot, plots
from ...records import Dataset, Record


BROKEN = "#BBBBBB"


@plots.register("association_grid", formerly=("association_map",))
def draw_association_grid(record: Record, fig: Figure) -> None:
    r"""Mean distance $2\sqrt{w}$ of learnt states over $1/T$ and $\varepsilon$. [MRS24]

    A ring marks the best cell of every panel, grey what is not finite.
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    rows = [
        (label, data, scaling, floor)
        for label, data, _ in labels(record)
        for scaling in range(data.sizes["scaling"])
        for floor in range(
            needed_by_plot(data, "mean_distance", "association_grid").shape[2]
        )
    ]
    columns = max(data.sizes["vertex"] for _, data, *_ in rows)
    chance = float(rows[0][1]["chance"].values)
    fig.set_size_inches(1.25 * columns + 3.0, 0.85 * len(rows) + 1.6)
    axes = fig.subplots(len(rows), columns, squeeze=False, sharex=True, sharey=True)
    colours: Any = colormaps["viridis"].with_extremes(bad=BROKEN)
    norm = Normalize(0, 1.15 * chance)
    for line, (label, data, scaling, floor) in zip(axes, rows, strict=True):
        x, y = data["inverse_temperature"].values, data["learning_rate"].values
        for vertex, ax in enumerate(line):
            if vertex >= data.sizes["vertex"]:
                ax.set_axis_off()
                continue
            seen = data["mean_distance"].values[scaling, vertex, floor]
            shown = np.ma.masked_invalid(seen.T)
            style = {"cmap": colours, "norm": norm, "rasterized": True}
            ax.pcolormesh(_edges(x), _edges(y), shown, **style)
            if np.any(np.isfinite(seen)):
                i, j = np.unravel_index(np.nanargmin(seen), seen.shape)
                ax.plot(x[i], y[j], "o", ms=6, mfc="none", mec="white", mew=1.2)
            n = int(data["n"].values[vertex])
            name = f"$n = {n}$: " if n else ""
            lowest = np.nanmin(seen, initial=np.inf)
            ax.set_title(f"{name}{lowest:.1f}", fontsize=8, pad=2)
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.tick_params(labelsize=7)
        _ticks(line[0].xaxis, x)
        _ticks(line[0].yaxis, y)
        words = [label, str(data["scaling_name"].values[scaling])]
        if data.sizes["floor"] > 1:
            words.append(f"floor {data['least'].values[floor]:.0e}")
        side = {"rotation": 0, "ha": "right", "va": "center", "fontsize": 7}
        line[0].set_ylabel("\n".join(filter(None, words)), **side)
    for column in axes.T:  # the lowest panel of each tells the temperatures
        lowest = [ax for ax in column if ax.axison][-1]
        lowest.tick_params(labelbottom=True)
        lowest.set_xlabel("$1/T$ ($N/T$: original)", fontsize=8)
    bar = fig.colorbar(ScalarMappable(norm, colours), ax=axes, fraction=0.03)
    bar.set_label("mean distance from the learnt states (ring, and above: the least)")
    bar.ax.axhline(chance, color="white", lw=1.5)
    bar.ax.axhline(chance, color="black", lw=1.5, ls=":")
    place = (-0.3, chance)
    bar.ax.annotate("chance", place, ha="right", va="center", fontsize=7,
                    xycoords=("axes fraction", "data"))  # fmt: skip
    fig.supylabel(r"learning rate $\varepsilon$", fontsize=9)


def _edges(x: np.ndarray) -> np.ndarray:
    """The edges of cells about values on a logarithmic axis."""
    u = np.log(x)
    if len(u) == 1:
        return np.exp([u[0] - 0.1, u[0] + 0.1])
    middle = (u[1:] + u[:-1]) / 2
    first, last = 2 * u[0] - middle[0], 2 * u[-1] - middle[-1]
    return np.exp(np.concatenate([[first], middle, [last]]))


def _ticks(axis: Any, values: np.ndarray) -> None:
    """The first and the last value, and one between."""
    kept = sorted({0, len(values) // 2, len(values) - 1})
    axis.set_ticks(values[kept], [f"{v:g}" for v in values[kept]], fontsize=7)
    axis.set_ticks([], minor=True)


@plots.register("association_best")
def draw_association_best(record: Record, fig: Figure) -> None:
    r"""The least mean distance of each grid against $n$; dots: its draws. [MRS24]"""
    points = labels(record)
    needed_by_plot(points[0][1], "best_distance", "association_best")
    floors = points[0][1]["least"].values
    fig.set_size_inches(4.4 * len(floors) + 1.6, 3.9)
    axes = fig.subplots(1, len(floors), squeeze=False, sharey=True)[0]
    for floor, ax in enumerate(axes):
        for k, (label, data, _) in enumerate(points):
            for scaling, name in enumerate(str(x) for x in data["scaling_name"].values):
                words = f"{label}, {name}" if label else name
                _curve(ax, data, scaling, floor, words, k, name == "modified")
        chance = float(points[0][1]["chance"].values)
        ax.axhline(chance, color=LIMIT, lw=0.8, ls=":")
        ax.annotate("chance", (0, chance), xycoords=("axes fraction", "data"),
                    xytext=(2, 2), textcoords="offset points",
                    fontsize=7, color=LIMIT)  # fmt: skip
        n = np.unique(np.concatenate([data["n"].values for _, data, _ in points]))
        n = n[n > 0]
        if n.size:
            ax.set_xscale("log")
            ax.set_xticks(n, [str(k) for k in n])
            ax.set_xticks([], minor=True)
        ax.set_xlabel("power $n$")
        ax.set_ylim(-0.5, 1.2 * chance)
        ax.set_title(f"gradients divided by at least {floors[floor]:.0e}")
    axes[0].set_ylabel("least mean distance of the grid")
    handles = axes[0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside right upper", fontsize=7.5)


def _curve(
    ax: Any, data: Dataset, scaling: int, floor: int, words: str, k: int, full: bool
) -> None:
    """The curve of one interaction and scaling; a level line if it has no power."""
    best = data["best_distance"].values[scaling, :, floor]
    n = data["n"].values
    middle = np.mean(best, axis=1)
    colour = COLOURS[k % len(COLOURS)]
    if n[0] == 0:
        ax.axhline(middle[0], color=colour, lw=1.2, ls="-.", label=words)
        return
    at = n * (1.03 if full else 0.97)  # side by side, so that equal values show
    style: dict[str, Any] = {"marker": MARKS[k % 5], "ms": 5, "lw": 1}
    style |= {"ls": "-"} if full else {"ls": "--", "mfc": "white"}
    ax.plot(at, middle, color=colour, label=words, **style)
    ax.plot(np.repeat(at, best.shape[1]), best.ravel(), ".", ms=3, color=colour)
