"""Fixed points: numbers of rest states of the flow and of minima of the energy."""

import numpy as np

from ...plots.style import (
    BAD,
    bars_of,
    Figure,
    GOOD,
    labels,
    LIMIT,
    needed_by_plot,
    plots,
)
from ...records import Dataset, Record
from ...statistics import Estimate, mean


@plots.register("fixed_points")
def draw_fixed_points(record: Record, fig: Figure) -> None:
    r"""Strict minima of $E$ and states of rest of the flow, 95 % over sets. [CL-14]"""
    points = labels(record)
    fig.set_size_inches(6.6, 1.5 + 0.5 * len(points))
    ax = fig.subplots()
    kinds = (
        ("rest", GOOD, r"states of rest of the flow, $\sigma_i w_i > 0$"),
        ("minimum", LIMIT, "strict minima of the binary energy"),
        ("outside", BAD, "minima that are no states of rest"),
    )
    for k, (name, colour, words) in enumerate(kinds):
        for i, (_, data, _) in enumerate(points):
            seen, at = _number(data, name), i + 0.26 * (k - 1)
            half = np.nan_to_num(seen.high - seen.value)
            ax.barh(at, seen.value, 0.24, color=colour, label=words if i == 0 else None)
            if seen.value:
                low = min(half, 0.9 * seen.value)
                ax.errorbar(seen.value, at, xerr=[[low], [half]], color="k", capsize=2)
            ax.text(max(1.15 * (seen.value + half), 1.1), at, f"{seen.value:.4g}",
                    va="center", fontsize=7)  # fmt: skip
    ax.set_xscale("log")
    ax.set_xlim(left=0.8, right=10 * points[0][1].sizes["state"] / _sets(points[0][1]))
    ax.set_yticks(range(len(points)), [label or "states" for label, *_ in points])
    ax.invert_yaxis()
    ax.set_xlabel("number, mean over memory sets (95 %)")
    fig.legend(loc="outside lower right", ncols=2, fontsize=7)


def _sets(data: Dataset) -> int:
    return len(np.unique(data["set"].values))


def _number(data: Dataset, name: str) -> Estimate:
    true, owner = needed_by_plot(data, name, "fixed_points"), data["set"].values
    return mean(np.array([np.sum(true[owner == k]) for k in np.unique(owner)]))


@plots.register("fixed_point_counts")
def draw_fixed_point_counts(record: Record, fig: Figure) -> None:
    r"""States of rest and strict minima of $E$ against $K$, 95 % over sets. [CL-14]"""
    points = [data for _, data, _ in labels(record)]
    fig.set_size_inches(6.4, 4.4)
    ax = fig.subplots()
    count = np.array(
        [int(needed_by_plot(x, "count", "fixed_point_counts")) for x in points]
    )
    states = points[0].sizes["state"] // _sets(points[0])
    kinds = (
        ("rest", GOOD, "o", r"states of rest of the flow, $\sigma_i w_i > 0$"),
        ("minimum", BAD, "s", "strict minima of the binary energy"),
    )
    for name, colour, mark, words in kinds:
        seen = [_number(data, name) for data in points]
        middle, half = bars_of(seen)
        low = np.minimum(half, 0.9 * middle)
        style = {"color": colour, "marker": mark, "ms": 4, "capsize": 2, "label": words}
        ax.errorbar(count, middle, [low, half], **style)
    ax.axhline(states, color=LIMIT, lw=0.8)
    ax.annotate(f"all {states} states", (count[0], states), xytext=(2, 3),
                textcoords="offset points", fontsize=8, color=LIMIT)  # fmt: skip
    sides = 2 if bool(points[0]["even"]) else 1
    few = count[sides * count <= 40]
    ax.plot(few, sides * few, color=LIMIT, lw=0.8, ls="--",
            label=r"the memories" + " and their negatives" * (sides - 1))  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(count, [f"{k}" for k in count])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("memories $K$")
    ax.set_ylabel("number of states (95 % over memory sets)")
    ax.legend(loc="best")
