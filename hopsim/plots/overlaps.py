"""Overlaps with the targets in time, and how long each point of a sweep took."""

import numpy as np

from ..records import Record
from .style import BAD, Figure, GOOD, labels, needed_by_plot, plots, TIME_LABEL


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
    r"""`steps`, `end_time` and `match` against the swept value, 10-90 %. [hopsim]"""
    data = record.data
    x = needed_by_plot(data, "value", "sweep")
    wanted = [("steps", "accepted steps"), ("end_time", r"time to rest $/\,\tau_f$")]
    wanted += [("match", "cosine with the target")] if "match" in data else []
    fig.set_size_inches(3.3 * len(wanted) + 0.4, 3.2)
    axes = fig.subplots(1, len(wanted), squeeze=False)[0]
    for ax, (name, word) in zip(axes, wanted, strict=True):
        values = [
            needed_by_plot(point, name, "sweep") for _, point, _ in labels(record)
        ]
        low, middle, high = np.transpose(
            [np.nanpercentile(v, [10, 50, 90]) for v in values]
        )
        bars = np.stack([middle - low, high - middle])
        ax.errorbar(x, middle, bars, fmt="o-", color=GOOD, ms=4, capsize=2)
        ax.set_xscale("log" if np.all(x > 0) else "linear")
        if name == "match":
            ax.set_ylim(min(0, np.nanmin(low)) - 0.05, 1.05)
        else:
            ax.set_yscale("log")
        ax.set_xlabel(str(record.attrs.get("sweep_path", "swept value")))
        ax.set_ylabel(word)
