"""Stored memories: how many of their bits are unstable, and recall by spins."""

import numpy as np

from ..records import Dataset, Record
from ..statistics import Estimate, mean
from ._style import BAD, Figure, GOOD, labels, LIMIT, needed, plots


@plots.register("stability")
def stability(record: Record, fig: Figure) -> None:
    r"""$P_{bit}$ and $P_{stable}$ of stored memories beside the theory. [DAM-08]"""
    points = labels(record)
    fig.set_size_inches(7.6, 1.6 + 0.34 * len(points))
    left, right = fig.subplots(1, 2, sharey=True)
    for i, (_, data, colour) in enumerate(points):
        for ax, ratio, theory in (
            (left, "bit_ratio", "theory_bit_error"),
            (right, "stable_ratio", "theory_stable"),
        ):
            known = float(data[theory].values)
            seen = _by_set(data, ratio, "stability")
            half = np.nan_to_num(seen.high - seen.value)
            ax.plot([known, known], [i - 0.35, i + 0.35], color=LIMIT, lw=1.2)
            bars = {"fmt": "o", "ms": 4, "capsize": 2, "color": colour}
            ax.errorbar(known * seen.value, i, xerr=known * half, **bars)
    left.set_xscale("log")
    left.set_yticks(range(len(points)), [label or "bits" for label, *_ in points])
    left.invert_yaxis()
    left.margins(x=0.1)
    left.set_xlabel(r"unstable bits, $P_{bit}$")
    right.set_xlabel(r"memories without any, $P_{stable}$")
    right.set_xlim(0, 1.05)
    right.plot([], [], color=LIMIT, lw=1.2, label="Gaussian theory, exact variance")
    measured = {"fmt": "o", "ms": 4, "capsize": 2, "color": LIMIT}
    right.errorbar([], [], xerr=[], label="measured, 95 % over sets", **measured)
    fig.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=2)


@plots.register("spin_recall")
def spin_recall(record: Record, fig: Figure) -> None:
    r"""Share of probes that end at $s = \xi_\mu$, 95 % over pattern sets. [MRS24]"""
    points = labels(record)
    fig.set_size_inches(6.4, 1.4 + 0.3 * len(points))
    ax = fig.subplots()
    for i, (_, data, _) in enumerate(points):
        seen = _by_set(data, "recovered", "spin_recall")
        half = np.nan_to_num(seen.high - seen.value)
        colour = GOOD if seen.value > 0.5 else BAD
        ax.barh(i, seen.value, 0.7, color=colour, alpha=0.8)
        ax.errorbar(seen.value, i, xerr=half, color=LIMIT, capsize=2)
        text = f"  {seen.value:.3f}"
        ax.text(min(seen.value + half, 1.0), i, text, va="center", fontsize=8)
    ax.set_yticks(range(len(points)), [label or "probes" for label, *_ in points])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.15)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_xlabel("share recovered in every bit (95 % over pattern sets)")


@plots.register("deletion")
def deletion(record: Record, fig: Figure) -> None:
    r"""Recovered memories against the neurons left: slope $N_h/K$. [CL-21]"""
    fig.set_size_inches(5.6, 3.8)
    ax = fig.subplots()
    for label, data, colour in labels(record):
        left = needed(data, "left", "deletion")
        count = int(data["memory_count"].values)
        owner = data["set"].values
        share = data["recovered_share"].values
        first = [np.argmax(owner == k) for k in np.unique(owner)]
        seen = [mean(row[first]) for row in share]
        middle = np.array([e.value for e in seen])
        half = np.nan_to_num([e.high - e.value for e in seen])
        bars = {"fmt": "o", "ms": 4, "capsize": 2, "color": colour}
        ax.errorbar(left, middle, half, label=label or "all probes", **bars)
        line = np.array([0, count])
        ax.plot(line, line / count, color=LIMIT, lw=0.9, zorder=0)
        for name, wanted, mark in (("kept", True, "^"), ("deleted", False, "v")):
            shown = _among(data, wanted)
            told = f"of the {name} ones"
            ax.plot(left, shown, mark, ms=5, mfc="none", color=colour, label=told)
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


def _by_set(data: Dataset, name: str, plot: str) -> Estimate:
    """The mean over pattern sets of the mean of a variable."""
    values, owner = needed(data, name, plot).astype(float), data["set"].values
    return mean(np.array([np.mean(values[owner == k]) for k in np.unique(owner)]))
