"""Branches of fixed points against a parameter."""

from typing import Any

import numpy as np

from ..records import Record
from .style import BAD, COLOURS, Figure, labels, needed_by_plot, plots


EVENTS = {  # what an event is -> its mark
    "fold": "D",
    "pitchfork": "^",
    "transcritical": "X",
    "multiple": "s",
    "unresolved": "*",
}


@plots.register("branch")
def draw_branch(record: Record, fig: Figure) -> None:
    r"""$|v|$ and $E(v)$ of a branch of fixed points against its parameter. [THEORY 5.1]

    Thin and dotted where it is unstable. Events, at which modes pass $s = 1$, have
    marks.
    """
    fig.set_size_inches(8.2, 3.8)
    axes = fig.subplots(1, 2)
    for label, data, colour in labels(record):
        x = needed_by_plot(data, "parameter", "branch")
        size = np.linalg.norm(data["v"].values, axis=-1)
        stable = data["stable"].values.astype(bool)
        for ax, y in zip(axes, (size, data["energy"].values), strict=True):
            draw_stable(ax, x, y, stable, colour=colour, label=label or None)
        _mark_events(axes, data, x, size)
    axes[0].set_ylabel("length $|v|$ of the fixed point")
    axes[1].set_ylabel("energy $E(v)$")
    for ax in axes:
        ax.set_xlabel("parameter")
    solid = {"color": COLOURS[6]}
    axes[0].plot([], [], lw=2, label="stable", **solid)
    axes[0].plot([], [], lw=0.9, ls=":", label="unstable", **solid)
    names = axes[0].get_legend_handles_labels()
    fig.legend(*names, loc="outside lower right", ncols=4)


def draw_stable(
    ax: Any, x: np.ndarray, y: np.ndarray, stable: np.ndarray, **look: Any
) -> None:
    """A branch as a line: thick where it is stable, thin and dotted where it is not."""
    colour, label = look["colour"], look["label"]
    ax.plot(x, np.where(stable, y, np.nan), color=colour, lw=2, label=label)
    ax.plot(x, np.where(stable, np.nan, y), color=colour, lw=0.9, ls=":")


def _mark_events(axes: Any, data: Any, x: np.ndarray, size: np.ndarray) -> None:
    """Marks on the branch itself, at its point next to each event."""
    where = data["event_parameter"].values
    kinds, known = data["event_kind"].values, np.linalg.norm(data["event_v"], axis=-1)
    scale = [np.ptp(x) or 1.0, np.ptp(size) or 1.0]
    for parameter, kind, length in zip(where, kinds, known, strict=True):
        away = np.abs(x - parameter) / scale[0] + np.abs(size - length) / scale[1]
        near = int(np.argmin(away))
        style = {"ls": "", "ms": 6, "mfc": "white", "color": BAD, "zorder": 3}
        mark, name = EVENTS.get(str(kind), "o"), f"{kind} at {parameter:.4g}"
        axes[0].plot([parameter], [length], mark, label=name, **style)
        axes[1].plot([parameter], data["energy"].values[[near]], mark, **style)
