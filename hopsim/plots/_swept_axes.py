"""Swept values on the axes of a picture: numbers to scale, texts side by side."""

from typing import Any

import numpy as np

from ..records import Axis, coordinate, short_form
from .style import axis_label, SWEPT


FEW = 12  # texts, or numbers, that an axis names


class SweptAxis:
    """The values of an axis in the order in which they are drawn, and where."""

    def __init__(self, axis: Axis):
        values = coordinate(axis.along())
        self.axis, self.numbers = axis, values.dtype.kind != "U"
        self.label = axis_label(axis.paths[0])
        word = axis.paths[0].rpartition(".")[2]
        self.symbol = SWEPT.get(word, ("", ""))[0] or word.replace("_", " ")
        self.order = np.argsort(values, kind="stable") if self.numbers else slice(None)
        told = values[self.order]
        self.at = told.astype(float) if self.numbers else np.arange(len(told)) * 1.0
        texts = [short_form(x) if self.numbers else str(x) for x in told.tolist()]
        self.texts = [text.replace("$", r"\$") for text in texts]
        self.scale = "log" if self.numbers and _even_in_logarithm(self.at) else "linear"

    def edges(self) -> np.ndarray:
        """The edges of the cells about the values."""
        x = np.log(self.at) if self.scale == "log" else self.at
        if len(x) == 1:
            found = np.array([x[0] - 0.5, x[0] + 0.5])
        else:
            middle = (x[1:] + x[:-1]) / 2
            ends = 2 * x[0] - middle[0], 2 * x[-1] - middle[-1]
            found = np.array([ends[0], *middle, ends[1]])
        return np.exp(found) if self.scale == "log" else found

    def ordered(self, values: np.ndarray, dim: int) -> np.ndarray:
        """Numbers of cells in the order in which the axis is drawn."""
        return values[(slice(None),) * dim + (self.order,)]

    def prepare(self, ax: Any, across: bool) -> None:
        """Scale, ticks and label of the horizontal axis, or of the other one."""
        side = ax.xaxis if across else ax.yaxis
        (ax.set_xscale if across else ax.set_yscale)(self.scale)
        if not self.numbers:
            step = -(-len(self.texts) // FEW)
            side.set_ticks(self.at[::step], [_short(x) for x in self.texts[::step]])
            if across and max(map(len, self.texts)) > 4:
                ax.tick_params(axis="x", labelrotation=30)
                for text in ax.get_xticklabels():
                    text.set_ha("right")
                    text.set_rotation_mode("anchor")

    def name(self, ax: Any, across: bool) -> None:
        """Write what is swept beside the axis."""
        (ax.set_xlabel if across else ax.set_ylabel)(self.label)


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:22] + "..."


def _even_in_logarithm(x: np.ndarray) -> bool:
    """Whether steps are more even on a logarithmic axis than on a linear one."""
    if np.any(x <= 0) or len(np.unique(x)) < 2:
        return False
    if len(x) == 2:
        return bool(x[1] >= 10 * x[0])
    uneven = lambda steps: np.std(steps) / max(np.mean(steps), 1e-300)
    return bool(uneven(np.diff(np.log(x))) < uneven(np.diff(x)))
