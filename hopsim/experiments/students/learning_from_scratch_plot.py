"""How often a pattern is learnt from scratch."""

import numpy as np

from ...plots.style import COLOURS, Figure, labels, MARKS, needed_by_plot, plots
from ...records import Record
from ...statistics import mean_over_sets, proportion


NAMES = {"fixed": "random start at T", "annealed": "annealed", "tempered": "tempered"}


@plots.register("learning_from_scratch")
def draw_learning_from_scratch(record: Record, fig: Figure) -> None:
    r"""Shares of starts with $q^* > 1/2$ against N and c. [TT24; THEORY TS-19]"""
    points = labels(record)
    ((_, first, _), *_) = points
    needed_by_plot(first, "success", "learning_from_scratch")
    strengths = first["strength"].values
    columns = len(strengths)
    fig.set_size_inches(2.6 + 2.6 * columns, 0.8 + 3.1 * len(points))
    axes = fig.subplots(len(points), columns, squeeze=False, sharey=True, sharex=True)
    for row, (label, data, _) in zip(axes, points, strict=True):
        sizes, owner = data["features"].values, data["set"].values
        for k, ax in enumerate(row):
            for p, name in enumerate(str(x) for x in data["protocol_name"].values):
                seen = [_share(data["success"].values[p, i, k], owner)
                        for i in range(len(sizes))]  # fmt: skip
                middle = np.array([x.value for x in seen])
                low = middle - np.array([x.low for x in seen])
                high = np.array([x.high for x in seen]) - middle
                style = {"color": COLOURS[p], "marker": MARKS[p], "ms": 5}
                bars = np.clip(np.nan_to_num([low, high]), 0, None)
                at = sizes * 1.02 ** (p - 1)
                ax.errorbar(at, middle, bars, capsize=2, lw=0.9,
                            label=NAMES.get(name, name), **style)  # fmt: skip
            barrier = float(data["barrier"].values[k, 0])
            head = f"{label}: " if label else ""
            ax.set_title(rf"{head}$c = {strengths[k]:g}$, $q_b = {barrier:.2f}$")
            ax.set_xscale("log")
            ax.set_xticks(sizes, [f"{x}" for x in sizes])
            ax.set_xticks([], minor=True)
            ax.set_ylim(-0.04, 1.04)
            ax.set_xlabel("spins $N$")
        row[0].set_ylabel(r"share with $q^* > 1/2$ at the end")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower right",
               ncols=3, fontsize=8)  # fmt: skip


def _share(hits: np.ndarray, owner: np.ndarray):
    """The share of successes: Wilson's interval where each set of data is one start."""
    numbers = np.unique(owner)
    if len(numbers) == len(owner):
        return proportion(int(np.sum(hits)), len(hits))
    return mean_over_sets(hits, owner)
