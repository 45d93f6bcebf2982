"""One look for all pictures: colours, labels, captions, and how they reach the disk."""

import dataclasses
import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from .._common.files import write_whole
from .._common.registry import Registry
from ..records import Dataset, Record
from ..statistics import Estimate


# Matplotlib is imported when the first picture is drawn, not when a name is looked up.
Figure = Any  # a matplotlib.figure.Figure

# the pictures of studies stand beside them
plots = Registry("plot", completed_by=("hopsim.experiments", "hopsim.validation"))

# Okabe & Ito 2008, and after a grey what Tol 2021 adds to them ("muted"): told apart by
# colour-blind eyes as well
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666"),
    *("#882255", "#999933", "#332288", "#DDCC77", "#AA4499"),
)
GOOD, BAD, LIMIT = "#0072B2", "#D55E00", "#444444"
MARKS = "osD^v"  # of points, in the order of what is compared
TIME_LABEL = r"time $t\,/\,\tau_f$"
CAPTION_HEIGHT, TITLE_HEIGHT = 0.19, 0.25  # inches at the edges of a figure

# what an axis says of a swept entry: symbol, and words, by the end of its dotted path
SWEPT = {
    "beta": (r"$\beta$", "sharpness"),
    "count": ("$K$", "number of memories"),
    "decay": (r"$\alpha$", "decay"),
    "duration": (r"$t\,/\,\tau_f$", "duration"),
    "features": ("$N$", "number of features"),
    "flipped": ("", "share of the spins that are flipped"),
    "mass": (r"$m\,/\,\tau_f$", "mass"),
    "n": ("$n$", "interaction vertex"),
    "noise": ("", "standard deviation of the noise"),
    "rtol": ("", "relative tolerance"),
    "step": (r"$dt\,/\,\tau_f$", "step"),
    "tau_feature": (r"$\tau_f$", "time constant of the features"),
    "tau_memory": (r"$\tau_h\,/\,\tau_f$", "time constant of the memories"),
    "temperature": ("$T$", "temperature"),
}

_RC: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.1,
    "image.cmap": "gray",
    "savefig.dpi": 150,
}


def draw(record: Record, name: str, fig: Figure) -> None:
    """Fill a figure with the plot of that name, in hopsim's style, with its caption."""
    import matplotlib as mpl

    with mpl.rc_context(_RC):
        record = _literal(record)
        try:
            plots[name](record, fig)
        except KeyError as error:  # xarray's, with the name in quotes
            missing = [*str(error).split("'"), "?"][1]
            raise ValueError(_missing(name, missing)) from error
        title = str(record.attrs.get("title", ""))
        if title:
            fig.suptitle(title, x=0.01, ha="left", fontsize=11)
        height = fig.get_size_inches()[1]
        fig.text(0.01, 0.06 / height, caption(record), fontsize=6, color="#888888")
        _label_logarithms(fig)
        _lay_out(fig, bool(title))


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


def _label_logarithms(fig: Figure) -> None:
    """Logarithmic axes say 0.1, 1, 10, not powers, and never have a single number."""
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullLocator

    for ax in fig.axes:
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


def _literal(record: Record) -> Record:
    """The record with a user's words as they are: a dollar begins no mathematics."""
    written = lambda words: str(words).replace("$", r"\$")
    data = record.data.assign_attrs(
        {k: written(v) for k, v in record.attrs.items() if isinstance(v, str)}
    )
    if "label" in data.coords:
        told = [written(words) for words in data["label"].values.ravel()]
        data = data.assign_coords(label=(data["label"].dims, told))
    return dataclasses.replace(record, data=data)


def render(record: Record, name: str, path: str | os.PathLike) -> Path:
    """Draw one plot into a PNG file. Same record, same pixels."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as MplFigure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    path = Path(path)
    with mpl.rc_context(_RC):
        fig = MplFigure(layout=ConstrainedLayoutEngine())
        FigureCanvasAgg(fig)
        draw(record, name, fig)
        image = io.BytesIO()
        fig.savefig(image, format="png", metadata={"Software": None})
    return write_whole(path, image.getvalue())


def caption(record: Record) -> str:
    """What made the picture, in one line."""
    a = record.attrs
    known = (a.get("name"), f"seed {a.get('seed')}", f"{a.get('precision')}")
    hopsim = f"hopsim {a.get('version_hopsim', '?')}"
    return " · ".join(str(x) for x in (*known, a.get("hash", ""), hopsim) if x)


def needed_by_plot(data: Dataset, name: str, plot: str) -> np.ndarray:
    """A variable of the record, or one clear error."""
    if name not in data:
        raise ValueError(_missing(plot, name))
    return data[name].values


def draw_cumulative(ax: Any, values: np.ndarray, **style: Any) -> None:
    """Which share of the values is at most so large; for a logarithmic axis."""
    shown = np.maximum(np.sort(values), 1e-18)  # zeros, too, have a place
    ax.plot(shown, (np.arange(shown.size) + 1) / shown.size, **style)


def _missing(plot: str, name: str) -> str:
    return (
        f"The plot {plot!r} needs {name!r}, which this record does not hold; see "
        "`hopsim list plots` for what each plot shows."
    )


def labels(record: Record) -> list[tuple[str, Dataset, str]]:
    """Label, data and colour of every point; a swept entry is told by its symbol."""
    key, points = _swept(record), record.points()
    symbol, words = SWEPT.get(key, ("", ""))
    told = lambda x: x.replace(f"{key} = ", f"{symbol or words} = ") if words else x
    return [(told(x), d, COLOURS[i % len(COLOURS)]) for i, (x, d) in enumerate(points)]


def swept_label(record: Record) -> str:
    """What the axis of a sweep says: words, and the symbol with its unit."""
    key = _swept(record)
    symbol, words = SWEPT.get(key, ("", key.replace("_", " ") or "swept value"))
    return f"{words} {symbol}".rstrip()


def _swept(record: Record) -> str:
    return str(record.attrs.get("sweep_path", "")).rpartition(".")[2]


def bars_of(seen: list[Estimate]) -> tuple[np.ndarray, np.ndarray]:
    """Means, and half of their intervals; 0 where a single set has none."""
    half = np.nan_to_num([one.high - one.value for one in seen])
    return np.array([one.value for one in seen]), half


def bars_within(
    seen: list[Estimate], least: float = 0.0, most: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Means, and how far intervals reach down and up: a share does not leave [0, 1]."""
    middle, half = bars_of(seen)
    ends = np.clip([middle - half, middle + half], least, most)
    return middle, np.maximum([middle - ends[0], ends[1] - middle], 0)


def error_bars(
    ax: Any,
    x: np.ndarray,
    seen: list[Estimate],
    mark: str,
    within: tuple[float, float] = (-np.inf, np.inf),
    **style: Any,
) -> None:
    """Means with their intervals over memory sets, of what lies within two bounds."""
    middle, half = bars_within(seen, *within)
    fixed = {"fmt": mark, "ms": 4, "capsize": 2, "lw": 0.8}
    ax.errorbar(x, middle, half, **(fixed | style))
