"""Pictures of training: errors against epochs, and what the memories have become."""

from typing import Any

import numpy as np

from ..records import Record
from .style import COLOURS, Figure, labels, needed_by_plot, plots


@plots.register("learning_curves")
def draw_learning_curves(record: Record, fig: Figure) -> None:
    """Errors in learning and testing against epochs, `error(epoch)`. [KH16 Fig. 3]

    Dashed: running error on the images just learnt; full: on the test images, one
    line for each training.
    """
    fig.set_size_inches(7.8, 4.0)
    ax = fig.add_subplot()
    for label, data, colour in labels(record):
        epoch = needed_by_plot(data, "epoch", "learning_curves")
        for k, (train, test) in enumerate(
            zip(data["train_error"].values, data["test_error"].values, strict=True)
        ):
            name = (label or "test") if k == 0 else None
            ax.plot(epoch, 100 * train, color=colour, ls="--", lw=0.8, alpha=0.6)
            ax.plot(epoch, 100 * test, color=colour, label=name)
    ax.set_yscale("log")
    ax.set_xscale("log")
    percent = lambda x, _: f"{x:g} %"
    ax.yaxis.set_major_formatter(percent)
    ax.yaxis.set_minor_formatter(lambda x, _: f"{x:g} %" if str(x)[0] in "25" else "")
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    ax.set_xlabel("epoch")
    ax.set_ylabel("error")
    fig.legend(title="full: test, dashed: learning", loc="outside right upper")


@plots.register("learnt_memories")
def draw_learnt_memories(record: Record, fig: Figure) -> None:
    r"""Memories $\xi_\mu$ as images, one row of panels each point. [KH16 Fig. 2]

    Above each the classes that it votes for, with a weight above 0.9; blue is -1, red
    +1.
    """
    points, columns = record.points(), 12
    fig.set_size_inches(8.0, 0.7 + 1.75 * len(points))
    widths = [0.3 if len(points) > 1 else 0.01, *[1.0] * columns]
    grid: Any = fig.add_gridspec(len(points) * 2, columns + 1, width_ratios=widths)
    told = "above each: the classes it votes for (–: none); blue: -1, red: +1"
    fig.supxlabel(told, fontsize=7.5)
    for p, (label, data) in enumerate(points):
        memories = needed_by_plot(data, "memories", "learnt_memories")
        shape = int(data["image_rows"]), int(data["image_columns"])
        pixels = shape[0] * shape[1]
        beside = fig.add_subplot(grid[2 * p : 2 * p + 2, 0])
        beside.set_axis_off()
        style: Any = {"ha": "center", "va": "center", "rotation": 90, "fontsize": 7}
        word = beside.text(0.5, 0.5, label, color=COLOURS[6], **style)
        word.set_in_layout(False)  # a long one would drive the rows apart
        chosen = np.linspace(0, len(memories) - 1, 2 * columns).astype(int)
        for k, mu in enumerate(chosen):
            ax = fig.add_subplot(grid[2 * p + k // columns, 1 + k % columns])
            ax.imshow(
                memories[mu, :pixels].reshape(shape), vmin=-1, vmax=1, cmap="coolwarm"
            )
            ax.set_axis_off()
            weights = memories[mu, pixels:]
            votes = np.flatnonzero(weights > 0.9)
            told = "".join(map(str, votes)) if votes.size else "–"
            ax.set_title(told, fontsize=6, loc="center", pad=1.5)
