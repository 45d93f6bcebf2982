"""One look for all pictures: colours, marks, labels; what plots need of a record."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .._common.registry import Registry
from ..records import Dataset, Record
from ..statistics import Estimate


# Matplotlib is imported when the first picture is drawn, not when a name is looked up.
Figure = Any  # a matplotlib.figure.Figure

# the pictures of studies stand beside them
plots = Registry("plot", completed_by=("hopsim.experiments", "hopsim.validation"))

# plot -> a function of a record, its trajectory and its network, which adds to the
# record what the plot needs besides; where the plot is, as those of the registry are
completions: dict[str, Callable[..., Record]] = {}
# plot -> a function of a record, a figure and a number of frames, which draws the first
# frame and returns how many there are (no more than asked for), and a function that
# changes the drawing into the frame of a number
moving: dict[str, Callable[..., tuple[int, Callable[[int], None]]]] = {}

# plots of whole grids, which are given records in the labelled form; others have rows
whole: set[str] = set()

# Okabe & Ito 2008, and after a grey what Tol 2021 adds to them ("muted"): told apart by
# colour-blind eyes as well
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666"),
    *("#882255", "#999933", "#332288", "#DDCC77", "#AA4499"),
)
GOOD, BAD, LIMIT = "#0072B2", "#D55E00", "#444444"
MARKS = "osD^v"  # of points, in the order of what is compared
TIME_LABEL = r"time $t\,/\,\tau_f$"

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

# what is made in Python -> the plots that draw it by itself
RESULTS = {
    "Trajectory": ("energy", "gap", "settling", "film"),
    "Attractors": ("census", "attractor_gallery", "spectrum"),
    "Samples": ("energy",),
    "Relaxation": (),
    "Branch": ("branch",),
}
# variables that are no part of a trajectory -> how they come into its record
_AIMED = "give it network= and targets="
REMEDIES = {
    **dict.fromkeys(("overlap", "match", "retrieved", "aimed", "target"), _AIMED),
    **dict.fromkeys(("memories", "cue", "axis", "landscape"), "give it network="),
    "v": 'make it with save=("v",)',
    "closed": "make it with eigenvalues=True",
}


def needed_by_plot(data: Dataset, name: str, plot: str) -> np.ndarray:
    """A variable of the record, or one clear error."""
    if name not in data:
        result = str(data.attrs.get("result", ""))
        raise ValueError(missing_in_record(plot, name, result))
    return data[name].values


def draw_cumulative(ax: Any, values: np.ndarray, **style: Any) -> None:
    """Which share of the values is at most so large; for a logarithmic axis."""
    shown = np.maximum(np.sort(values), 1e-18)  # zeros, too, have a place
    ax.plot(shown, (np.arange(shown.size) + 1) / shown.size, **style)


def missing_in_record(plot: str, name: str, result: str = "") -> str:
    """That a plot needs a variable which the record, or result, does not hold."""
    needs = f"The plot {plot!r} needs {name!r}, which "
    if result not in RESULTS:
        told = "this record does not hold; see `hopsim list plots` for what each shows."
        return needs + told
    remedy = REMEDIES.get(name, "")
    drawn = ", ".join(RESULTS[result]) or "no plot"
    # other results of that name have none of what these remedies tell
    told = remedy and result == ("Attractors" if name == "closed" else "Trajectory")
    remedy = f"{remedy}. It" if told else "it"
    return f"{needs}the {result} does not hold; {remedy} is drawn by {drawn}."


def labels(record: Record) -> list[tuple[str, Dataset, str]]:
    """Label, data and colour of every point; a swept entry is told by its symbol."""
    key, points = _swept(record), record.points()
    symbol, words = SWEPT.get(key, ("", ""))
    told = lambda x: x.replace(f"{key} = ", f"{symbol or words} = ") if words else x
    return [(told(x), d, COLOURS[i % len(COLOURS)]) for i, (x, d) in enumerate(points)]


def swept_label(record: Record) -> str:
    """What the axis of a sweep says: words, and the symbol with its unit."""
    return axis_label(str(record.attrs.get("sweep_path", "")))


def axis_label(path: str) -> str:
    """What the axis of a swept entry says: words, and the symbol with its unit."""
    key = path.rpartition(".")[2]
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
