"""One look for all pictures: colours, labels, captions, and how they reach the disk."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from .._common.registry import Registry
from ..records import Dataset, Record
from ..statistics import Estimate


# Matplotlib is imported when the first picture is drawn, not when a name is looked up.
Figure = Any  # a matplotlib.figure.Figure

# the pictures of studies stand beside them
plots = Registry("plot", completed_by=("hopsim.experiments", "hopsim.validation"))

# Okabe & Ito 2008: told apart by colour-blind eyes as well
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666")
GOOD, BAD, LIMIT = "#0072B2", "#D55E00", "#444444"
MARKS = "osD^v"  # of points, in the order of what is compared
TIME_LABEL = r"time $t\,/\,\tau_f$"

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


def render(record: Record, name: str, path: str | os.PathLike) -> Path:
    """Draw one plot into a PNG file. Same record, same pixels."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as MplFigure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    path = Path(path)
    with mpl.rc_context(_RC):
        room_for_caption = ConstrainedLayoutEngine(rect=(0, 0.035, 1, 0.965))
        fig = MplFigure(layout=room_for_caption)
        FigureCanvasAgg(fig)
        draw(record, name, fig)
        temporary = path.with_name(f".{path.name}")
        fig.savefig(temporary, format="png", metadata={"Software": None})
    os.replace(temporary, path)
    return path


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
    """Label, data and colour of every point."""
    points = record.points()
    return [(x, d, COLOURS[i % len(COLOURS)]) for i, (x, d) in enumerate(points)]


def bars_of(seen: list[Estimate]) -> tuple[np.ndarray, np.ndarray]:
    """Means, and half of their intervals; 0 where a single set has none."""
    half = np.nan_to_num([one.high - one.value for one in seen])
    return np.array([one.value for one in seen]), half


def error_bars(
    ax: Any, x: np.ndarray, seen: list[Estimate], mark: str, **style: Any
) -> None:
    """Means with their intervals over memory sets."""
    middle, half = bars_of(seen)
    fixed = {"fmt": mark, "ms": 4, "capsize": 2, "lw": 0.8}
    ax.errorbar(x, middle, half, **(fixed | style))
