"""Overlaps with the targets in time, and how long each point of a sweep took."""

import numpy as np

from ..records import Dataset, Record
from ..statistics import wilson
from .style import (
    BAD,
    Figure,
    GOOD,
    labels,
    needed_by_plot,
    plots,
    swept_label,
    TIME_LABEL,
)


@plots.register("overlap")
def draw_overlap(record: Record, fig: Figure) -> None:
    r"""$\xi\cdot g/(|\xi||g|)$ against time, retrieved and missed probes. [KH16]"""
    points = labels(record)[:4]
    fig.set_size_inches(4.0 * len(points) + 0.6, 3.2)
    axes = fig.subplots(1, len(points), squeeze=False, sharey=True)[0]
    for ax, (label, data, _) in zip(axes, points, strict=True):
        time, paths = (
            needed_by_plot(data, "time", "overlap"),
            needed_by_plot(data, "overlap", "overlap"),
        )
        got = needed_by_plot(data, "retrieved", "overlap").astype(bool)
        for chosen, colour, word in ((~got, BAD, "missed"), (got, GOOD, "retrieved")):
            count = int(np.sum(chosen))
            if count:
                ax.plot(time, paths[chosen].T, color=colour, alpha=0.35, lw=0.8)
                ax.plot([], [], color=colour, label=f"{word}: {count}")
        last = float(np.nanmax(data["end_time"].values))
        ax.set_xlim(0, max(last * 1.05, time[1]))
        ax.set_title(label)
        ax.set_xlabel(TIME_LABEL)
        ax.legend(loc="lower right")
    axes[0].set_ylabel(r"overlap with the target $m$")


@plots.register("sweep")
def draw_sweep(record: Record, fig: Figure) -> None:
    r"""`steps`, `end_time`, `retrieved` and `match` against a swept entry. [hopsim]

    Medians and 10-90 % of the probes; the share with Wilson's 95 %. The time is of
    those that came to rest; a triangle tells how long others were followed in vain.
    """
    x = needed_by_plot(record.data, "value", "sweep")
    points = [data for _, data, _ in labels(record)]
    aimed = "retrieved" in record.data and bool(np.any(record.data["aimed"].values))
    panels = [_steps, _times, *([_retrieved, _cosines] if aimed else [])]
    fig.set_size_inches(3.3 * len(panels) + 0.4, 3.2)
    axes = fig.subplots(1, len(panels), squeeze=False)[0]
    for ax, panel in zip(axes, panels, strict=True):
        panel(ax, x, points)
        ax.set_xscale("log" if np.all(x > 0) else "linear")
        ax.set_xlabel(swept_label(record))


def _steps(ax, x: np.ndarray, points: list[Dataset]) -> None:
    _percentiles(ax, x, [needed_by_plot(data, "steps", "sweep") for data in points])
    ax.set_yscale("log")
    ax.set_ylabel("accepted steps")


def _times(ax, x: np.ndarray, points: list[Dataset]) -> None:
    ends = [needed_by_plot(data, "end_time", "sweep") for data in points]
    rest = [data["converged"].values.astype(bool) for data in points]
    _percentiles(ax, x, [t[at_rest] for t, at_rest in zip(ends, rest, strict=True)])
    waited = np.array(
        [
            np.nan if np.all(at_rest) else np.max(t[~at_rest])
            for t, at_rest in zip(ends, rest, strict=True)
        ]
    )
    if np.any(np.isfinite(waited)):
        label = "not at rest by then: some or all"
        ax.plot(x, waited, "^", mfc="none", color=BAD, label=label)
        ax.legend(loc="best")
    ax.set_yscale("log")
    ax.set_ylabel(r"time to rest $t\,/\,\tau_f$")


def _retrieved(ax, x: np.ndarray, points: list[Dataset]) -> None:
    hits = [int(np.sum(needed_by_plot(d, "retrieved", "sweep"))) for d in points]
    trials = [int(np.sum(data["aimed"].values)) for data in points]
    known = [k for k, n in enumerate(trials) if n]
    share = np.array([hits[k] / trials[k] for k in known])
    ends = np.array([wilson(hits[k], trials[k]) for k in known]).T
    bars = np.maximum([share - ends[0], ends[1] - share], 0)
    ax.errorbar(x[known], share, bars, fmt="o-", color=GOOD, ms=4, capsize=2)
    ax.set_ylim(-0.04, 1.04)
    ax.set_ylabel("share retrieved")


def _cosines(ax, x: np.ndarray, points: list[Dataset]) -> None:
    low = _percentiles(ax, x, [needed_by_plot(d, "match", "sweep") for d in points])
    ax.set_ylim(min(0, np.nanmin(low)) - 0.05, 1.05)
    ax.set_ylabel("cosine with the target")


def _percentiles(ax, x: np.ndarray, values: list[np.ndarray]) -> np.ndarray:
    """The medians with bars from 10 to 90 %; the lower ends."""
    none = np.full(3, np.nan)
    known = [v[np.isfinite(v)] for v in values]
    seen = [np.percentile(v, [10, 50, 90]) if v.size else none for v in known]
    low, middle, high = np.stack(seen, axis=1)
    bars = np.stack([middle - low, high - middle])
    ax.errorbar(x, middle, bars, fmt="o-", color=GOOD, ms=4, capsize=2)
    return low
