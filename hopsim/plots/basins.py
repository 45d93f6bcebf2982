"""Basins: how far they reach, certified and measured."""

import numpy as np

from ..records import Dataset, Record
from ..statistics import Estimate, mean
from ._style import COLOURS, Figure, labels, LIMIT, needed, plots


LOST, SADDLE = "#000000", "#999999"  # pixels that reach no attractor


@plots.register("certified_basins")
def certified_basins(record: Record, fig: Figure) -> None:
    r"""Certified radius $r$ and the empirical ones against $\beta$. [THEORY CL-26]"""
    data = labels(record)[0][1]
    fig.set_size_inches(9.2, 4.2)
    near, far = fig.subplots(1, 2, width_ratios=[1.2, 1])
    beta = needed(data, "beta", "certified_basins")
    radius, worst = needed(data, "radius", "certified_basins"), data["worst"].values
    limit = data["limit"].values
    scatter = {"ls": "none", "ms": 2, "alpha": 0.25}
    apart = beta[:, None] * np.array([0.965, 1.035])  # side by side
    near.plot(apart[:, 0], radius, ".", color=COLOURS[0], **scatter)
    near.plot(apart[:, 1], worst, ".", color=COLOURS[1], **scatter)
    for ax in (near, far):
        x, curve = data["curve_beta"].values, data["curve_radius"].values
        curve = _means(data, curve)[0]
        ax.plot(x, curve, color=COLOURS[0], label="certified $r$ (theory)")
        _points(ax, apart[:, 1], data, worst, COLOURS[1], "towards the nearest memory")
        ax.set_xscale("log")
        ax.set_xlabel(r"sharpness $\beta$")
    half = _means(data, limit)[0][0]
    near.axhline(half, color=LIMIT, lw=0.8, ls="--")
    text = r"dashed, $\beta\to\infty$: $\min_j\Delta_{ij}/d_{ij}$"
    near.text(beta[-1], 1.15 * half, text, ha="right", color=LIMIT, fontsize=8)
    near.set_ylim(0, 1.3 * max(np.max(radius), np.max(worst)))
    near.set_ylabel(r"radius $|v - \xi_i|$ (mean, 95 % over pattern sets)")
    near.set_title(_told(data))
    near.legend(loc="lower right")
    _points(
        far,
        beta,
        data,
        data["isotropic"].values,
        COLOURS[2],
        "any direction: half come back",
    )
    sphere = _means(data, data["r21"].values)[0]
    far.plot(beta, sphere, ":", color=LIMIT, label=r"sphere of R21, $1/(\beta N M)$")
    far.set_yscale("log")
    far.set_ylabel("radius")
    far.set_title("logarithmic")
    far.legend(loc="center right")


def _told(data: Dataset) -> str:
    whats = ("left", "elsewhere", "unconverged")
    lost = np.any([data[what].values for what in whats], axis=0)
    return f"{np.sum(lost)} of {lost.size} starts lost, {data.sizes['motion']} motions"


def _means(data: Dataset, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over sets of the sets' means, at every beta, and half its interval."""
    owner = data["set"].values
    sets = np.stack([values[:, owner == k].mean(axis=1) for k in np.unique(owner)])
    found: list[Estimate] = [mean(column) for column in sets.T]
    half = np.nan_to_num([x.high - x.value for x in found])
    return np.array([x.value for x in found]), half


def _points(ax, x, data, values, colour, label) -> None:
    middle, half = _means(data, values)
    style = {"ms": 4, "capsize": 2, "color": colour, "label": label}
    ax.errorbar(x, middle, yerr=half, fmt="o", **style)


@plots.register("basin_image")
def basin_image(record: Record, fig: Figure) -> None:
    r"""The attractor of each $v(0)$ in colour, its time as shade. [THEORY 5.4]"""
    points = labels(record)[:4]
    columns = min(2, len(points))
    rows = -(-len(points) // columns)
    fig.set_size_inches(4.1 * columns + 0.2, 4.1 * rows + 1.0)
    axes = np.atleast_1d(fig.subplots(rows, columns)).ravel()
    needed(points[0][1], "basin", "basin_image")
    handles = {}
    for ax, (label, data, _) in zip(axes, points, strict=False):
        handles |= _image(ax, data)
        told = f"{float(data['lost']):.1%} of pixels unconverged"
        if ax is not axes[0]:
            told = f"{np.mean(data['moved'].values):.1%} end elsewhere, {told}"
        ax.set_title(f"{label}\n{told}".strip(), fontsize=8)
        ax.set_xlabel("feature neuron $v_1(0)$")
        ax.set_ylabel("feature neuron $v_2(0)$")
    for ax in axes[len(points) :]:
        ax.set_axis_off()
    fig.legend(handles.values(), handles, loc="outside lower right", ncols=5)


def _image(ax, data: Dataset) -> dict:
    """One image; the handles of its legend."""
    import matplotlib.colors as colours
    from matplotlib.patheffects import withStroke

    place, time = data["place"].values, data["end_time"].values
    basin, stable = data["basin"].values, data["stable"].values
    rest = basin >= 0
    # dark where it took long: each image by its own times, in their logarithm
    order = np.argsort(np.argsort(np.where(rest, time, np.inf), axis=None))
    late = order.reshape(time.shape) / max(np.sum(rest) - 1, 1)
    names = {int(k): COLOURS[i % 6] for i, k in enumerate(np.unique(place[rest]))}
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
    told = {"memory": star, "attractor": dot, "dark: late": slow, "unconverged": lost}
    if np.any(on_saddle):
        told["on a saddle"] = ax.plot([], [], "s", color=SADDLE)[0]
    return told
