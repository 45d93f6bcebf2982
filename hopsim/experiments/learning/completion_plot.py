"""Images completed by learnt and by stored memories, and how often each succeeds."""

from typing import Any

import numpy as np

from ...plots._images import explain_frames, framed
from ...plots.style import (
    BAD,
    bars_within,
    Figure,
    GOOD,
    labels,
    needed_by_plot,
    plots,
)
from ...records import Record
from ...statistics import mean


ROWS = ("hidden", "stored", "learnt", "true")


@plots.register("completion")
def draw_completion(record: Record, fig: Figure) -> None:
    r"""Shares of images completed against the stored memories' $\beta$; examples.

    Lines: stored memories at each beta, and learnt ones at the beta that they learnt;
    means over training runs with their intervals. Frames of examples: blue where the
    hidden part is completed, else red. [hopsim]
    """
    points = labels(record)
    fig.set_size_inches(8.4, 3.3 * len(points))
    grid: Any = fig.add_gridspec(len(points), 2, width_ratios=[1, 1.35])
    for p, (label, data, colour) in enumerate(points):
        ax = fig.add_subplot(grid[p, 0])
        beta = needed_by_plot(data, "beta", "completion")
        stored = [mean(x) for x in data["stored_share"].values.T]
        height, bars = bars_within(stored, 0.0, 1.0)
        style: Any = {"marker": "o", "ms": 3, "capsize": 2, "lw": 1.2}
        ax.errorbar(beta, height, bars, color="0.45", label="stored", **style)
        learnt = mean(data["learnt"].values)
        middle, reach = bars_within([learnt], 0.0, 1.0)
        at = [float(np.mean(data["learnt_beta"].values))]
        ax.errorbar(at, middle, reach, color=colour, label="learnt", **style)
        ax.set_xscale("log")
        ax.set_ylim(0, 1)
        ax.set_xlabel(r"$\beta$")
        ax.set_ylabel("share of images completed")
        ax.set_title(label)
        ax.legend(loc="lower right")
        _draw_examples(fig.add_subplot(grid[p, 1]), data)
    explain_frames(fig, "completed")


def _draw_examples(ax: Any, data: Any) -> None:
    shown = data["shown"].values
    best = data["beta"].values == data["best_beta"].values[0]
    above = data["completed"].values[0]
    stored = data["stored_overlap"].values[0][best][0] > float(data["completed_above"])
    ax.axis("off")
    for row, word in enumerate(ROWS):
        ax.text(-0.12, row + 0.46, word, ha="right", va="center")
        for k in range(shown.shape[1]):
            good = {"stored": stored, "learnt": above}.get(word)
            frame = None if good is None else (GOOD if good[k] else BAD)
            framed(ax, k, row, data, shown[row, k], frame)
    ax.set(xlim=(-1.3, shown.shape[1]), ylim=(len(ROWS), -0.1))
    ax.set_aspect("equal")
