"""Basins: certified and empirical radii against beta."""

import numpy as np

from ...plots.style import COLOURS, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Dataset, Record
from ...statistics import Estimate, mean


@plots.register("certified_basins")
def draw_certified_basins(record: Record, fig: Figure) -> None:
    r"""Certified radius $r$ and the empirical ones against $\beta$. [THEORY CL-26]"""
    data = labels(record)[0][1]
    fig.set_size_inches(9.2, 4.2)
    near, far = fig.subplots(1, 2, width_ratios=[1.2, 1])
    beta = needed_by_plot(data, "beta", "certified_basins")
    radius, worst = (
        needed_by_plot(data, "radius", "certified_basins"),
        data["worst"].values,
    )
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
    text = r"$\beta\to\infty$: $\min_j\Delta_{ij}/d_{ij}$"
    near.axhline(half, color=LIMIT, lw=0.8, ls="--", label=text)
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
    far.set_title("the same, on a logarithmic axis")
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
