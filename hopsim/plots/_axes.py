"""One panel on a user's own axes: what stands beside it has room within its place."""

from typing import Any

import numpy as np

from ._canvas import AbstractCanvas


GAP = 0.06  # inches between axes and what stands beside them


class AxesCanvas(AbstractCanvas):
    """Axes as the figure of a plot that asks for one panel.

    Legends and words of the whole figure go beside the axes. Where no layout engine
    makes room for them, `finish` takes it from the axes.
    """

    def __init__(self, ax: Any, placed: bool):
        super().__init__(ax.get_figure(root=False))
        self._ax, self._placed = ax, placed
        self._legends: list[tuple[tuple, dict[str, Any]]] = []
        self._words: list[tuple[str, dict[str, Any]]] = []

    def get_size_inches(self) -> np.ndarray:
        """Width and height of the axes."""
        return self._ax.bbox.size / self._body.dpi

    def subplots(self, nrows: int = 1, ncols: int = 1, **style: Any) -> Any:
        """The axes, as an array where the plot asks for one."""
        if style.get("squeeze", True):
            return self._ax
        return np.array([[self._ax]], dtype=object)

    def add_subplot(self, *place: Any, **style: Any) -> Any:
        """The axes."""
        return self._ax

    def legend(self, *what: Any, **style: Any) -> None:
        """A legend beside or below the axes."""
        self._legends.append((what, style))

    def supxlabel(self, words: str, **style: Any) -> None:
        """Words below the axes."""
        self._words.append((words, style))

    def supylabel(self, words: str, **_: Any) -> None:
        """The label of the axes."""
        self._ax.set_ylabel(words)

    def finish(self) -> None:
        """Place legends and words, once all else is drawn."""
        for words, style in self._words:
            self._place_words(words, style)
        for what, style in self._legends:
            self._place_legend(what, dict(style))

    # --- beside and below -------------------------------------------------------------

    def _below(self) -> float:
        """Inches from the axes down to the end of what belongs to them."""
        ax, dpi = self._ax, self._body.dpi
        whole = ax.get_tightbbox(self._renderer(), for_layout_only=True)
        return max(0.0, float(ax.get_window_extent().y0 - whole.y0) / dpi)

    def _renderer(self) -> Any:
        return self._ax.get_figure(root=True)._get_renderer()

    def _lowered(self, inches: float) -> Any:
        """Coordinates of the axes, so many inches lower."""
        from matplotlib.transforms import ScaledTranslation

        scale = self._ax.get_figure(root=True).dpi_scale_trans
        return self._ax.transAxes + ScaledTranslation(0, -inches, scale)

    def _place_words(self, words: str, style: dict[str, Any]) -> None:
        ax, dpi = self._ax, self._body.dpi
        where = self._lowered(self._below() + GAP)
        given = {"ha": "center", "va": "top", "transform": where, "wrap": False}
        text = ax.text(0.5, 0, words, **(style | given))
        wide = text.get_window_extent(self._renderer()).width
        room = ax.get_window_extent().width
        if wide > room:
            from ._fitting import folded

            text.set_text(folded(words, int(len(words) * room / wide)))
        high = text.get_window_extent(self._renderer()).height / dpi
        self._give_way(0, high + GAP)

    def _place_legend(self, what: tuple, style: dict[str, Any]) -> None:
        ax, dpi = self._ax, self._body.dpi
        loc = str(style.pop("loc", "best"))
        beside = loc.startswith(("outside right", "outside left"))
        own = ax.get_legend()
        if not loc.startswith("outside"):
            style["loc"] = loc
        elif beside:
            style |= {"loc": "upper left", "bbox_to_anchor": (1, 1)}
        else:
            style |= {
                "loc": "upper right",
                "bbox_to_anchor": (1, 0),
                "bbox_transform": self._lowered(self._below()),
            }
        columns, room = int(style.pop("ncols", 1)), ax.get_window_extent().width
        renderer = self._renderer()
        for ncols in range(columns, 0, -1):
            legend = ax.legend(*what, ncols=ncols, **style)
            if beside or legend.get_window_extent(renderer).width <= room:
                break
        box = ax.get_legend().get_window_extent(renderer)
        if own is not None:
            ax.add_artist(own)
        if loc.startswith("outside"):
            size = box.width if beside else box.height
            wide, high = (size / dpi, 0) if beside else (0, size / dpi)
            self._give_way(wide + GAP * beside, high + GAP * (not beside))

    def _give_way(self, right: float, below: float) -> None:
        """Make the axes smaller by so many inches, if nothing else makes room."""
        if self._placed:
            return
        ax = self._ax
        box = ax.get_position(original=True)
        parent = ax.get_figure(root=False)
        wide, high = parent.bbox.size / parent.dpi
        right, below = (
            min(right / wide, 0.6 * box.width),
            min(below / high, 0.6 * box.height),
        )
        ax.set_position([box.x0, box.y0 + below, box.width - right, box.height - below])
