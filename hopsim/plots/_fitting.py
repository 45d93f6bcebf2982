"""Words that fit their place, and positions taken over from one figure to another."""

import re
import textwrap
from typing import Any

from .style import Figure


SMALLEST_LETTER = 4.0  # points
PAD = 4.0  # pixels between words and their neighbours


def scale_letters(figures: list[Any], scale: float, among_images: float) -> None:
    """All letters of figures and of their axes, smaller or larger.

    `among_images` is the scale of those that stand between images, on axes that are
    not drawn.
    """
    from matplotlib.text import Text

    def scaled(artist: Any, factor: float, but: Any = ()) -> None:
        for text in artist.findobj(Text):
            if id(text) not in but:
                text.set_fontsize(factor * text.get_fontsize())

    for figure in figures:
        for one in (*figure.legends, figure._supxlabel, figure._supylabel):
            if one is not None:
                scaled(one, scale)
        for ax in figure._localaxes:
            ticks = set()
            for axis in (ax.xaxis, ax.yaxis):
                known = axis.get_ticklabels()
                size = known[0].get_fontsize() if known else axis.label.get_fontsize()
                axis.set_tick_params(labelsize=scale * size)
                ticks |= {id(text) for text in axis.findobj(Text)} - {id(axis.label)}
            scaled(ax, scale if ax.axison else among_images, ticks)


def folded(words: str, width: int) -> str:
    """Lines of so many letters at most; mathematics between dollars stays whole."""
    lines = []
    for line in words.split("\n"):
        whole = re.sub(r"(?<!\\)\$[^$]*\$", lambda x: x[0].replace(" ", "\0"), line)
        # a letter of a formula takes several of its source
        lines += textwrap.wrap(
            whole, max(width, 12), break_long_words=False, break_on_hyphens=False
        ) or [""]
    return "\n".join(lines).replace("\0", " ")


def fit_words(axes: list[Any], place: Any) -> None:
    """Fold titles and labels, and shrink legends, that would leave their place."""
    for ax in axes:  # those of a fixed aspect take their shape only when they are drawn
        renderer = ax.get_figure(root=True)._get_renderer()
        locator = ax.get_axes_locator()
        ax.apply_aspect(None if locator is None else locator(ax, renderer))
    for ax in axes:
        if not ax.get_visible():
            continue
        renderer = ax.get_figure(root=True)._get_renderer()
        own = ax.get_window_extent(renderer)
        left, right = _free(own, axes, ax, place)
        for title in (ax._left_title, ax.title, ax._right_title):
            _fold(title, renderer, left, right)
        if ax.axison:
            _fold(ax.xaxis.label, renderer, left, right)
            _fold_upright(ax.yaxis.label, renderer, own, place)
        legend = ax.get_legend()
        if legend is not None:
            _shrink(legend, renderer, own)


def _free(own: Any, axes: list[Any], ax: Any, place: Any) -> tuple[float, float]:
    """From where to where words above or below axes may reach."""
    left, right = place.x0, place.x1
    for other in axes:
        box = other.get_window_extent()
        beside = box.y0 < own.y1 + 1 and own.y0 < box.y1 + 1
        if other is ax or not beside:
            continue
        if box.x0 >= own.x1 - 1:
            right = min(right, box.x0)
        if box.x1 <= own.x0 + 1:
            left = max(left, box.x1)
    return left, right


def _fold(text: Any, renderer: Any, left: float, right: float) -> None:
    words = text.get_text()
    if not words:
        return
    box = text.get_window_extent(renderer)
    centre = 0.5 * (box.x0 + box.x1)
    room = (
        right - box.x0
        if text.get_ha() == "left"
        else 2 * min(centre - left, right - centre)
    )
    _into(text, renderer, box.width, room - PAD)


def _fold_upright(text: Any, renderer: Any, own: Any, place: Any) -> None:
    if text.get_text():
        box = text.get_window_extent(renderer)
        centre = 0.5 * (own.y0 + own.y1)
        room = 2 * min(centre - place.y0, place.y1 - centre)
        _into(text, renderer, box.height, min(room, 1.25 * own.height) - PAD)


def _into(text: Any, renderer: Any, long: float, room: float) -> None:
    if long <= room or room <= 0:
        return
    words = text.get_text()
    longest = max(len(line) for line in words.split("\n"))
    text.set_text(folded(words, int(longest * room / long)))
    box = text.get_window_extent(renderer)
    upright = text.get_rotation() == 90
    long = box.height if upright else box.width
    if long > room:
        small = max(text.get_fontsize() * room / long, SMALLEST_LETTER)
        text.set_fontsize(min(small, text.get_fontsize()))


def _shrink(legend: Any, renderer: Any, own: Any) -> None:
    """Smaller letters in a legend that is larger than its axes."""
    if legend._bbox_to_anchor is not None:  # it stands beside them
        return
    for _ in range(3):
        box = legend.get_window_extent(renderer)
        ratio = min(own.width / max(box.width, 1), own.height / max(box.height, 1))
        if ratio >= 1:
            return
        for text in legend.get_texts():
            small = max(text.get_fontsize() * ratio, SMALLEST_LETTER)
            text.set_fontsize(min(small, text.get_fontsize()))


# --- one layout for two figures -------------------------------------------------------


def move_as(model: Figure, host: Figure) -> None:
    """Place all of a picture as it lies in a model of the same size."""
    _move(model, host, host.bbox.p0 - model.bbox.p0)


def _move(model: Figure, host: Figure, away: Any) -> None:
    from matplotlib.transforms import Bbox

    back = host.transSubfigure.inverted()

    def placed(box: Any) -> Any:
        """A box in pixels of the model, in coordinates of the host."""
        return Bbox(back.transform(box.get_points() + away))

    for one, two in zip(model._localaxes, host._localaxes, strict=True):
        box = one.get_position(original=True).transformed(model.transSubfigure)
        two.set_position(placed(box))
        two.set_anchor(one.get_anchor())
        if one.get_box_aspect() is not None:
            two.set_box_aspect(one.get_box_aspect())
    for one, two in zip(model.legends, host.legends, strict=True):
        two.set_bbox_to_anchor(placed(one.get_bbox_to_anchor()), host.transSubfigure)
    for name in ("_suptitle", "_supxlabel", "_supylabel"):
        one, two = getattr(model, name), getattr(host, name)
        if one is not None and two is not None:
            point = one.get_transform().transform(one.get_position()) + away
            two.set_position(two.get_transform().inverted().transform(point))
            two.set_va(one.get_va())
    for one, two in zip(model.texts, host.texts, strict=False):
        if one in (model._suptitle, model._supxlabel, model._supylabel):
            continue
        point = one.get_transform().transform(one.get_position()) + away
        two.set_position(two.get_transform().inverted().transform(point))
    for one, two in zip(model.subfigs, host.subfigs, strict=True):
        _move(one, two, away)
