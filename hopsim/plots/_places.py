"""Pictures in a figure of the user's: in a part of it, or in the place of its axes.

The layout engine of the figure places what is drawn. Where there is none, the picture
is laid out in a figure of the size of its place, and all positions are taken over.
"""

import functools as ft
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._common.names import shown
from ..records import Record
from ._axes import AxesCanvas
from ._canvas import Canvas
from ._drawing import (
    caption,
    CAPTION_STYLE,
    drawn,
    label_logarithms,
    literal,
    new_figure,
    title_of,
)
from ._fitting import fit_words, move_as, scale_letters
from ._formats import styled
from .style import Figure, plots


LEAST = 0.3  # of the size of letters between images, in places too small for the plot
SMALLEST = 0.45  # of the size of letters, in places much smaller than the plot


class Trial(NamedTuple):
    """What a plot asks for, when it is drawn where nobody sees it."""

    panels: int  # pairs of axes
    inches: np.ndarray  # width and height


def draw_into(
    record: Record,
    name: str,
    *,
    ax: Any = None,
    fig: Figure | None = None,
    **chosen: Any,
) -> Figure:
    """Draw in the place of axes, or in a figure or subfigure; return the whole figure.

    A plot of one panel is drawn on the very axes; they have no title and caption of the
    record. Raises ValueError, before anything is changed, for what the record lacks and
    for a figure whose layout engine cannot place what is drawn.
    """
    if ax is not None and fig is not None:
        raise ValueError("A picture has one place, got ax and fig; give one of them.")
    where = _require_place(ax, fig)
    maker = ft.partial(plots[name], **chosen)
    trial = _tried(record, name, maker)
    whole = where.get_figure(root=True)
    placed = _places_all(whole)
    if ax is not None and trial.panels == 1:
        placed = placed and ax.get_subplotspec() is not None
        cell = None if placed else _cell(ax)
        with styled():
            canvas = AxesCanvas(ax, placed)
            drawn(maker, name, record, canvas)
            label_logarithms([ax])
            if not ax.axison:  # images, between which words have little room
                size = ax.get_window_extent().size / whole.dpi
                for text in ax.texts:
                    text.set_fontsize(text.get_fontsize() * _shrunk(size, trial))
            canvas.finish()
            fit_words([ax], whole.bbox)
            if cell is not None:
                _keep_within(ax, cell)
        return whole
    titled, host = ax is None, where
    if ax is not None:
        placed, host = _in_place_of(ax, placed)
    if placed and whole.axes:
        whole.get_layout_engine().execute(whole)  # how large will it be?
    size = host.bbox.size / whole.dpi
    among_images = _shrunk(size, trial)
    # other letters shrink less than their place: they are to be read, and find room
    scales = max(among_images**0.6, SMALLEST), among_images
    with styled():
        fill = ft.partial(_fill, record=record, name=name, maker=maker)
        make = ft.partial(fill, titled=titled, scales=scales)
        if placed:
            make(host)
            for _ in range(2):  # folded titles are higher
                whole.get_layout_engine().execute(whole)
                fit_words(_axes_in(host), host.bbox)
            return whole
        model = new_figure()
        model.set_dpi(whole.dpi)
        model.set_size_inches(size)
        make(model)
        for _ in range(2):
            model.get_layout_engine().execute(model)
            fit_words(_axes_in(model), model.bbox)
        make(host)
        move_as(model, host)
        fit_words(_axes_in(host), host.bbox)
    return whole


def plot_size(record: Record, name: str) -> np.ndarray:
    """Width and height, in inches, that a plot of a record asks for."""
    return _tried(record, name, plots[name]).inches


def _require_place(ax: Any, fig: Any) -> Any:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    where, kind = (ax, Axes) if fig is None else (fig, FigureBase)
    if not isinstance(where, kind) or where.get_figure(root=True) is None:
        word = "ax is a pair of Axes" if fig is None else "fig is a Figure or SubFigure"
        raise ValueError(f"{word} of Matplotlib, got {shown(where)}; give one.")
    return where


def _places_all(whole: Figure) -> bool:
    """Whether a layout engine will place what is drawn; ValueError for another one."""
    from matplotlib.layout_engine import (
        ConstrainedLayoutEngine,
        PlaceHolderLayoutEngine,
    )

    engine = whole.get_layout_engine()
    if engine is None or isinstance(engine, PlaceHolderLayoutEngine):
        return False
    compressed = getattr(engine, "_compress", False)
    if isinstance(engine, ConstrainedLayoutEngine) and not compressed:
        return True
    word = "compressed" if compressed else type(engine).__name__
    raise ValueError(
        f"Pictures of several parts cannot be placed by the layout {word}; make the "
        'figure with layout="constrained", or without a layout.'
    )


def _tried(record: Record, name: str, maker: Callable) -> Trial:
    with styled():
        model = new_figure()
        canvas = Canvas(model)
        drawn(maker, name, record, canvas)
    return Trial(canvas.panels, np.asarray(canvas.wanted or model.get_size_inches()))


def _shrunk(inches: np.ndarray, trial: Trial) -> float:
    """By what letters are smaller in a place that is smaller than the plot."""
    return float(np.clip(np.min(inches / trial.inches), LEAST, 1))


def _fill(
    host: Figure,
    *,
    record: Record,
    name: str,
    maker: Callable,
    titled: bool,
    scales: tuple[float, float],
) -> None:
    """Draw in a figure or subfigure, with title and caption if `titled`."""
    body, told = host, literal(record)
    if titled:
        words = _folded_caption(told, host)
        high = (0.08 + 0.11 * len(words)) / (host.bbox.height / host.dpi)
        share = min(high, 0.5)
        grid = host.add_gridspec(2, 1, height_ratios=[1 - share, share])
        body, below = host.add_subfigure(grid[0]), host.add_subfigure(grid[1])
        style = CAPTION_STYLE | {"va": "center"}
        below.text(0.01, 0.5, "\n".join(words), **style)
        title = title_of(told)
        if title and not host.get_suptitle():
            room = int(host.bbox.width / host.dpi / 0.085)  # letters of a line
            folded = "\n".join(textwrap.wrap(title, max(room, 10)))
            host.suptitle(folded, x=0.01, ha="left", fontsize=11)
    drawn(maker, name, record, Canvas(body))
    label_logarithms(_axes_in(body))
    scale_letters(_figures_in(body), *scales)


def _folded_caption(record: Record, host: Figure) -> list[str]:
    letters = int(host.bbox.width / host.dpi / 0.046)
    return textwrap.wrap(caption(record), max(letters, 12))


def _axes_in(figure: Figure) -> list[Any]:
    """All axes of a figure or subfigure, with those of its subfigures."""
    return [ax for part in _figures_in(figure) for ax in part._localaxes]


def _figures_in(figure: Figure) -> list[Any]:
    """A figure or subfigure, and all subfigures in it."""
    inner = [one for part in figure.subfigs for one in _figures_in(part)]
    return [figure, *inner]


def _in_place_of(ax: Any, placed: bool) -> tuple[bool, Figure]:
    """A subfigure where axes were; whether the layout engine places it."""
    parent, spec = ax.get_figure(root=False), ax.get_subplotspec()
    if placed and spec is not None:
        # nested, so that it takes what labels of neighbours leave free as well
        inner = spec.subgridspec(1, 1)[0]
        left, bottom, right, top = _cell(ax)
        ax.remove()
        host = parent.add_subfigure(inner)
        host.bbox_relative.p0, host.bbox_relative.p1 = (left, bottom), (right, top)
        return True, host
    left, bottom, right, top = _cell(ax)
    ax.remove()
    grid = parent.add_gridspec(
        3,
        3,
        width_ratios=[left, right - left, 1 - right],
        height_ratios=[1 - top, top - bottom, bottom],
    )
    return False, parent.add_subfigure(grid[1, 1])


def _keep_within(ax: Any, cell: tuple[float, float, float, float]) -> None:
    """Make axes smaller by what belongs to them and would leave their place."""
    parent = ax.get_figure(root=False)
    back = parent.transSubfigure.inverted()
    for _ in range(2):  # a smaller axis may have other numbers
        renderer = ax.get_figure(root=True)._get_renderer()
        (x0, y0), (x1, y1) = back.transform(ax.get_tightbbox(renderer).get_points())
        box = ax.get_position(original=True)
        left, right = max(cell[0] - x0, 0), max(x1 - cell[2], 0)
        below, above = max(cell[1] - y0, 0), max(y1 - cell[3], 0)
        wide, high = box.width - left - right, box.height - below - above
        if max(left, right, below, above) > 0 and min(wide, high) > 0:
            ax.set_position([box.x0 + left, box.y0 + below, wide, high])


def _cell(ax: Any) -> tuple[float, float, float, float]:
    """The place of axes in their figure: left, bottom, right, top.

    Their rows and columns with the labels that hang below and at the left of them, but
    for what other axes take already.
    """
    box, spec = ax.get_position(original=True), ax.get_subplotspec()
    if spec is None:
        return box.x0, box.y0, box.x1, box.y1
    parent, grid = ax.get_figure(root=False), spec.get_gridspec()
    bottoms, tops, lefts, rights = grid.get_grid_positions(parent)
    columns, rows = spec.colspan, spec.rowspan
    # labels of others hang down from above and to the left from the right
    before = rights[columns.start - 1] if columns.start else 0.4 * lefts[0]
    above = bottoms[rows.start - 1] if rows.start else 0.6 + 0.4 * tops[0]
    below = tops[rows.stop] if rows.stop < grid.nrows else 0.4 * bottoms[-1]
    left, right = before, rights[columns.stop - 1]
    if columns.stop == grid.ncols:
        right = 0.4 * right + 0.6
    else:  # half of the last number of an axis
        right = 0.85 * right + 0.15 * lefts[columns.stop]
    top = 0.6 * tops[rows.start] + 0.4 * above
    bottom = 0.4 * bottoms[rows.stop - 1] + 0.6 * below
    own, back = ax.get_window_extent(), parent.transSubfigure.inverted()
    for other in _axes_in(parent):
        if other is ax or not other.get_visible():
            continue
        taken = other.get_tightbbox(ax.get_figure(root=True)._get_renderer())
        if taken is None:
            continue
        (x0, y0), (x1, y1) = back.transform(taken.get_points())
        across = y0 < top and bottom < y1
        if across and other.get_window_extent().x1 <= own.x0:
            left = max(left, min(x1, box.x0))
        elif across and other.get_window_extent().x0 >= own.x1:
            right = min(right, max(x0, box.x1))
        elif x0 < right and left < x1 and other.get_window_extent().y0 >= own.y1:
            top = min(top, max(y0, box.y1))
        elif x0 < right and left < x1 and other.get_window_extent().y1 <= own.y0:
            bottom = max(bottom, min(y1, box.y0))
    return float(left), float(bottom), float(right), float(top)
