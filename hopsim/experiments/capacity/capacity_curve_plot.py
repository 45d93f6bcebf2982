"""Capacity curves: recall against the load, beside theory."""

import math

import numpy as np

from ...plots.style import (
    COLOURS,
    error_bars,
    Figure,
    labels,
    LIMIT,
    MARKS,
    needed_by_plot,
    plots,
)
from ...records import Dataset, Record
from ...statistics import mean
from ...theory import capacity


@plots.register("capacity_curve")
def draw_capacity_curve(record: Record, fig: Figure) -> None:
    r"""Recall and overlap against $K/N^{n-1}$, with $(1-P)^N$ and AGS. [KH16; AGS]"""
    points = labels(record)
    fig.set_size_inches(9.2, 1.1 + 2.9 * len(points))
    axes = fig.subplots(len(points), 2, squeeze=False, sharex="row")
    for (label, data, _), (left, right) in zip(points, axes, strict=True):
        overlap = needed_by_plot(data, "overlap", "capacity_curve")
        n, rectified = int(data["vertex"]), bool(data["rectified"])
        sizes, counts = data["features"].values, data["count"].values
        for i, features in enumerate(sizes):
            name, colour = f"N = {features}", COLOURS[i % len(COLOURS)]
            load = counts[i] / features ** (n - 1)
            true = data["returned"].values[i].mean(axis=1)
            style = {"color": colour, "label": name}
            seen = [mean(x) for x in true]
            error_bars(left, load, seen, MARKS[i % 5], (0, 1), **style)
            seen = [mean(x) for x in overlap[i].mean(axis=1)]
            error_bars(right, load, seen, MARKS[i % 5], (-1, 1), **style)
            K = np.linspace(counts[i, 0], counts[i, -1], 80)
            law = [capacity.stable_share(n, int(features), k, rectified) for k in K]
            left.plot(K / features ** (n - 1), law, color=colour, lw=0.9)
        if n == 2 and not rectified:
            _classical(right, data)
        head = f"{label}: " if label else ""
        flipped = float(data["flipped"])
        start = f"{flipped:.0%} of the spins flipped" if flipped else "at the memory"
        left.set_title(f"{head}starts {start}; line: $(1-P)^N$")
        left.set_ylabel("share retrieved exactly")
        right.set_ylabel("mean overlap at the end")
        for ax in (left, right):
            ax.set_xlabel(r"load $K\,/\,N^{n-1}$")
        left.set_ylim(-0.02, 1.03)
        right.set_ylim(top=1 + 0.06 * (1 - right.get_ylim()[0]))
    fig.align_ylabels()
    shown = {}
    for ax in axes[:, 1]:
        shown |= dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    fig.legend(shown.values(), shown, loc="outside lower right", ncols=6)


def _classical(ax, data: Dataset) -> None:
    limit, least = capacity.classical_capacity()
    y = np.linspace(_inverse_erf(least), 3.5, 200)
    load = np.array([capacity.classical_load(a) for a in y])
    keep = load >= 0.9 * data["load"].values[0]
    m = np.array([math.erf(a) for a in y])
    ax.plot(load[keep], m[keep], color=LIMIT, lw=0.9, label=f"AGS, to {limit:.3f}")
    ax.axvline(limit, color=LIMIT, lw=0.6, ls=":")


def _inverse_erf(m: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + m) / 2) / math.sqrt(2)
