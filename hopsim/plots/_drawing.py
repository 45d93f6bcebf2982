"""Drawing: a plot in hopsim's style, with title and caption, in a figure of its own."""

import contextlib
import dataclasses
import functools as ft
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._common.files import write_whole
from ..records import LAYOUT, Record
from ._formats import current_look, image_of, named_format, styled
from .style import Figure, missing_in_record, plots, whole


CAPTION_HEIGHT, TITLE_HEIGHT = 0.19, 0.25  # inches at the edges of a figure
CAPTION_STYLE: Any = {"fontsize": 6, "color": "#888888"}
DPI = 150  # of what is saved and shown
LAYOUT_DPI = 100  # so that a picture is laid out alike, whatever it is saved with


def draw(record: Record, name: str, fig: Figure) -> None:
    """Fill a figure with the plot of that name, in hopsim's style, with its caption.

    The figure takes the size of the plot. Raises ValueError for what the record lacks.
    """
    with styled():
        captioned(record, ft.partial(drawn, plots[name], name), fig)


def captioned(
    record: Record, make: Callable[[Record, Figure], Any], fig: Figure
) -> Any:
    """What `make(record, fig)` returns, once title, caption and layout are made too."""
    made = make(record, fig)
    record = literal(record)
    title = title_of(record)
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontsize=11)
    height = fig.get_size_inches()[1]
    fig.text(0.01, 0.06 / height, caption(record), **CAPTION_STYLE)
    label_logarithms(fig.axes)
    _lay_out(fig, bool(title))
    return made


def drawn(maker: Callable, name: str, record: Record, fig: Figure) -> Any:
    """What a plot returns; ValueError for a variable that the record lacks."""
    try:
        shown = record if name in whole else record.rows()
        return maker(literal(shown), fig)
    except KeyError as error:  # xarray's, with the name in quotes
        missing = [*str(error).split("'"), "?"][1]
        result = str(record.attrs.get("result", ""))
        raise ValueError(missing_in_record(name, missing, result)) from error


def new_figure() -> Figure:
    """A figure that nothing else knows of, and that a notebook shows as a picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    # the canvas takes note of the resolution: that of `savefig`, whoever calls it
    fig = _picture_class()(dpi=DPI, layout=ConstrainedLayoutEngine())
    FigureCanvasAgg(fig)
    fig.set_dpi(LAYOUT_DPI)
    return fig


@ft.cache
def _picture_class() -> Any:
    import matplotlib as mpl
    from matplotlib.figure import Figure as MplFigure

    class Picture(MplFigure):
        """A figure without pyplot. A notebook shows it once, where it is returned."""

        def __init__(self, **given: Any):
            super().__init__(**given)
            self._look = current_look()

        def draw(self, renderer: Any) -> None:
            with mpl.rc_context(self._look):  # some ticks are made only now
                super().draw(renderer)

        def _repr_png_(self) -> bytes:
            return image_of(self, "png", self.dpi)

        def __reduce__(self) -> Any:  # the class has no name that pickle could find
            return _picture_again, (), self.__getstate__()

    return Picture


def _picture_again() -> Figure:
    kind = _picture_class()
    return kind.__new__(kind)


def picture_of(record: Record, name: str, **chosen: Any) -> Figure:
    """The plot as a figure of its own, as files have it."""
    with _filled(record, name, chosen=chosen) as fig:
        fig.set_dpi(DPI)
        return fig


def render(
    record: Record,
    name: str,
    path: str | os.PathLike,
    *,
    dpi: float | None = None,
    style: str | os.PathLike | None = None,
    **chosen: Any,
) -> Path:
    """Draw one plot into a PNG, SVG or PDF file. Same record, same bytes.

    **Arguments:**

    - `path`: the file; its suffix tells the format. It is never half written.
    - `dpi`: dots per inch, 10 to 2400; 150 if neither it nor the style says another.
    - `style`: the name of a Matplotlib style or an `.mplstyle` file, over hopsim's.
    - `chosen`: what the plot itself takes, such as `variable` of `grid`.

    Raises ValueError for what the record lacks, and for another suffix, dpi or style.
    """
    path = Path(path)
    form = named_format(path)
    with _filled(record, name, style, chosen) as fig:
        return write_whole(path, image_of(fig, form, dpi))


@contextlib.contextmanager
def _filled(
    record: Record,
    name: str,
    style: str | os.PathLike | None = None,
    chosen: Mapping[str, Any] | None = None,
) -> Iterator[Figure]:
    with styled(style):
        fig = new_figure()
        maker = ft.partial(plots[name], **(chosen or {}))
        captioned(record, ft.partial(drawn, maker, name), fig)
        yield fig


def _lay_out(fig: Figure, titled: bool) -> None:
    """Places all axes; what the whole figure has makes way for title and caption."""
    engine = fig.get_layout_engine()
    if engine is None:  # somebody's own figure
        return
    height = fig.get_size_inches()[1]
    low, high = CAPTION_HEIGHT / height, TITLE_HEIGHT / height * titled
    engine.set(rect=(0, low, 1, 1 - low))
    engine.execute(fig)
    fig.set_layout_engine("none")  # the room is made: only what lies in it moves now
    for legend in fig.legends:  # `outside` places them at the very edge
        beside = legend._outside_loc == "right"  # and not above, where the title is
        room = (0, low, 1, 1 - low - high * beside)
        legend.set_bbox_to_anchor(room, fig.transFigure)
    if (label := fig._supxlabel) is not None:
        label.set_position((label.get_position()[0], low))


def label_logarithms(axes: list[Any]) -> None:
    """Logarithmic axes say 0.1, 1, 10, not powers, and never have a single number."""
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullLocator

    for ax in axes:
        for axis in (ax.xaxis, ax.yaxis):
            if axis.get_scale() != "log":
                continue
            if not isinstance(axis.get_major_locator(), LogLocator):
                continue  # the plot has chosen its own
            if not isinstance(axis.get_major_formatter(), LogFormatterSciNotation):
                continue
            low, high = sorted(axis.get_view_interval())
            decades = np.log10(high / low)
            plain = low >= 0.9e-3 and high <= 1.1e5
            if decades <= 2.2:
                fine = (1, 1.5, 2, 3, 4, 5, 6, 8) if decades <= 0.7 else (1, 2, 5)
                subs = fine if decades <= 1.6 else (1, 3)
                axis.set_major_locator(LogLocator(subs=subs))
                axis.set_major_formatter(_number if plain else _power)
                if decades <= 0.7:
                    axis.set_minor_locator(NullLocator())
            elif plain:
                axis.set_major_formatter(_number)
            axis.set_minor_formatter(lambda *_: "")


def _number(x: float, _: Any = None) -> str:
    return f"{x:g}"


def _power(x: float, _: Any = None) -> str:
    """A number with its power of ten: $2\\times 10^{-7}$."""
    ten = int(np.floor(np.log10(x) + 1e-9))
    first = x / 10.0**ten
    times = "" if abs(first - 1) < 1e-6 else rf"{first:g}\times "
    return rf"${times}10^{{{ten}}}$"


def literal(record: Record) -> Record:
    """The record with a user's words as they are: a dollar begins no mathematics."""
    written = lambda words: str(words).replace("$", r"\$")
    data = record.data.assign_attrs(
        {
            name: written(words)
            for name, words in record.attrs.items()
            if isinstance(words, str) and name not in LAYOUT
        }
    )
    if "label" in data.coords:
        told = np.array([written(words) for words in data["label"].values.ravel()])
        told = told.reshape(data["label"].shape)
        data = data.assign_coords(label=(data["label"].dims, told))
    return dataclasses.replace(record, data=data)


def title_of(record: Record) -> str:
    """What a user has called it; a result that was made in Python has no title."""
    return "" if "result" in record.attrs else str(record.attrs.get("title", ""))


def caption(record: Record) -> str:
    """What made the picture, as far as the record knows, in one line."""
    a = record.attrs
    if "result" in a:
        known = [a.get("title")]
    else:
        seed = f"seed {a['seed']}" if "seed" in a else ""
        known = [a.get("name"), seed, a.get("precision"), a.get("hash")]
    known += [f"hopsim {a.get('version_hopsim', '?')}"]
    return " · ".join(str(x) for x in known if x)
