"""Freezing: the capacity of flows with a self-coupling, beside the binary rule."""

import numpy as np

from ...plots.style import (
    bars_of,
    bars_within,
    COLOURS,
    Figure,
    labels,
    LIMIT,
    MARKS,
    needed_by_plot,
    plots,
)
from ...records import Dataset, Record
from ...statistics import Estimate, exponent, mean, mean_over_sets


def _mean(data: Dataset, name: str, rule: int, load: int) -> Estimate:
    x, owner = data[name].values[rule, load].astype(float), data["set"].values
    return mean_over_sets(x, owner)


@plots.register("freezing")
def draw_freezing(record: Record, fig: Figure) -> None:
    r"""$K_{1/2}(N)$ by rule (95 % over sets) beside $K^*$ and eq. 6 of KH16. [CL-17]"""
    points = labels(record)
    fig.set_size_inches(6.6, 4.8)
    ax = fig.subplots()
    shown, laws = set(), set()
    for k, (label, data, colour) in enumerate(points):
        half, sizes = (
            needed_by_plot(data, "half_count", "freezing"),
            data["features"].values,
        )
        shown |= {int(x) for x in sizes}
        seen = [mean(row[np.isfinite(row)]) for row in half if np.isfinite(row).any()]
        at = sizes[np.isfinite(half).any(axis=1)] * 1.02 ** (k - len(points) / 2)
        middle, wide = bars_of(seen)
        wide = np.minimum(wide, 0.9 * middle)  # positive, for the logarithmic axis
        slope = _slope(sizes, half)
        style = {"color": colour, "marker": MARKS[k % 5], "ms": 5, "capsize": 2}
        ax.errorbar(at, middle, wide, ls="", label=f"{label}{slope}", **style)
        law = data["law_count"].values[:, 0]
        if tuple(law) not in laws:  # two rules may share it
            ax.plot(sizes, law, color=colour, lw=0.9)
            laws.add(tuple(law))
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(sorted(shown), [f"{x}" for x in sorted(shown)])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("spins $N$")
    ax.set_ylabel(r"$K_{1/2}$: half of the cues recalled exactly")
    ax.plot([], [], color=LIMIT, lw=0.9, label="lines: the law of each")
    ax.legend(loc="upper left")


def _slope(sizes: np.ndarray, half: np.ndarray) -> str:
    if len(sizes) < 2 or not np.all(np.isfinite(half)):
        return ""
    return f": $N^{{{exponent(sizes, half.T).value:.2f}}}$"


@plots.register("freezing_curves")
def draw_freezing_curves(record: Record, fig: Figure) -> None:
    r"""The share of cues recalled exactly against $K$ by the law of each. [CL-17]"""
    points = labels(record)
    columns = min(3, len(points))
    rows = -(-len(points) // columns)
    fig.set_size_inches(3.0 * columns + 0.4, 2.5 * rows + 0.6)
    axes = np.atleast_1d(fig.subplots(rows, columns, sharey=True)).ravel()
    sizes = sorted({int(x) for _, data, _ in points for x in data["features"].values})
    for ax, (label, data, _) in zip(axes, points, strict=False):
        share = needed_by_plot(data, "recalled", "freezing_curves").mean(axis=2)
        for i, features in enumerate(data["features"].values):
            seen = [mean(x) for x in share[i].astype(float)]
            middle, wide = bars_within(seen)
            k = sizes.index(int(features))
            style = {"ms": 3.5, "capsize": 2, "lw": 0.9, "color": COLOURS[k]}
            at = data["count"].values[i] / data["law_count"].values[i, 0]
            ax.errorbar(at, middle, wide, marker=MARKS[k % 5], **style)
        ax.axvline(1, color=LIMIT, lw=0.9)
        ax.axhline(0.5, color=LIMIT, lw=0.5, ls=":")
        ax.set_xscale("log")
        ax.set_xticks([0.5, 1, 2], ["0.5", "1", "2"])
        ax.set_xticks([], minor=True)
        ax.set_xlim(0.35, 2.2)
        ax.set_ylim(-0.04, 1.04)
        ax.set_title(label)
    for ax in axes[len(points) :]:
        ax.set_axis_off()
    for k, features in enumerate(sizes):
        style = {"ms": 3.5, "color": COLOURS[k], "marker": MARKS[k % 5]}
        axes[0].plot([], [], lw=0.9, label=f"N = {features}", **style)
    fig.legend(loc="outside lower right", ncols=5, fontsize=8)
    for ax in axes[max(0, len(points) - columns) : len(points)]:
        ax.set_xlabel("memories $K$ / the law of the rule")
    fig.supylabel("share of cues recalled exactly", fontsize=9)
