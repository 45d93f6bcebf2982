"""What plots are given as their figure where the figure is a user's."""

import abc
from typing import Any

import numpy as np

from .style import Figure


class AbstractCanvas(abc.ABC):
    """A figure whose size is not the plot's to set; all else is that of `body`.

    To add one: implement `subplots`, `add_subplot` and `get_size_inches`.
    """

    wanted: tuple[float, float] | None = None  # inches that the plot would take

    def __init__(self, body: Figure):
        self._body = body

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    @abc.abstractmethod
    def subplots(self, nrows: int = 1, ncols: int = 1, **style: Any) -> Any:
        """A grid of axes."""

    @abc.abstractmethod
    def add_subplot(self, *place: Any, **style: Any) -> Any:
        """One pair of axes."""

    @abc.abstractmethod
    def get_size_inches(self) -> np.ndarray:
        """Width and height."""

    def set_size_inches(self, width: Any, height: Any = None, **_: Any) -> None:
        """Takes note of the size, and leaves it as it is."""
        wide, high = width if height is None else (width, height)
        self.wanted = float(wide), float(high)

    def get_figwidth(self) -> float:
        """The width in inches."""
        return float(self.get_size_inches()[0])

    def get_figheight(self) -> float:
        """The height in inches."""
        return float(self.get_size_inches()[1])


class Canvas(AbstractCanvas):
    """A figure or subfigure; it counts the panels that it is asked for."""

    def __init__(self, body: Figure):
        super().__init__(body)
        self.panels = 0

    def get_size_inches(self) -> np.ndarray:
        """Width and height."""
        return self._body.bbox.size / self._body.dpi

    def subplots(self, nrows: int = 1, ncols: int = 1, **style: Any) -> Any:
        """A grid of axes."""
        self.panels += nrows * ncols
        return self._body.subplots(nrows, ncols, **style)

    def add_subplot(self, *place: Any, **style: Any) -> Any:
        """One pair of axes."""
        self.panels += 1
        return self._body.add_subplot(*place, **style)

    def subfigures(self, nrows: int = 1, ncols: int = 1, **style: Any) -> Any:
        """A grid of subfigures, each of several panels."""
        self.panels += 2 * nrows * ncols
        return self._body.subfigures(nrows, ncols, **style)
