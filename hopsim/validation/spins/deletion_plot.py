"""Recall after memory neurons have been deleted."""

import numpy as np

from ...plots.style import bars_of, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Dataset, Record
from ...statistics import mean


@plots.register("deletion")
def draw_deletion(record: Record, fig: Figure) -> None:
    r"""Recovered memories against the neurons left: slope $N_h/K$. [CL-21]"""
    fig.set_size_inches(5.6, 3.8)
    ax = fig.subplots()
    for label, data, colour in labels(record):
        left = needed_by_plot(data, "left", "deletion")
        count = int(data["memory_count"].values)
        owner = data["set"].values
        share = data["recovered_share"].values
        first = [np.argmax(owner == k) for k in np.unique(owner)]
        seen = [mean(row[first]) for row in share]
        middle, half = bars_of(seen)
        bars = {"fmt": "o", "ms": 4, "capsize": 2, "color": colour}
        ax.errorbar(left, middle, half, label=label or "all probes", **bars)
        line = np.array([0, count])
        ax.plot(line, line / count, color=LIMIT, lw=0.9, zorder=0)
        for name, wanted, mark in (("kept", True, "^"), ("deleted", False, "v")):
            shown = _among(data, wanted)
            words = f"of the {name} ones"
            ax.plot(left, shown, mark, ms=5, mfc="none", color=colour, label=words)
    ax.plot([], [], color=LIMIT, lw=0.9, label=r"$N_h / K$")
    ax.set_xlabel(r"memory neurons left, $N_h$")
    ax.set_ylabel("share recovered in every bit")
    ax.set_ylim(-0.05, 1.1)
    fig.legend(loc="outside right upper")


def _among(data: Dataset, wanted: bool) -> np.ndarray:
    """The share recovered of the probes whose target is kept, or deleted."""
    chosen = data["kept"].values.astype(bool) == wanted
    hits = np.sum(data["recovered"].values.astype(bool) & chosen, axis=1)
    whole = np.sum(chosen, axis=1)
    return np.where(whole > 0, hits / np.maximum(whole, 1), np.nan)
