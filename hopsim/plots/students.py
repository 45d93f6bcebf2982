"""Students beside theory: from scratch, by messages, by counting states and heat."""

import numpy as np

from ..records import Dataset, Record
from ..statistics import mean, proportion
from ._style import COLOURS, Figure, labels, LIMIT, needed, plots


MARKS = "osD^v"
NAMES = {"fixed": "random start at T", "annealed": "annealed", "tempered": "tempered"}


@plots.register("learning_from_scratch")
def learning_from_scratch(record: Record, fig: Figure) -> None:
    r"""Shares of starts with $q^* > 1/2$ against N and c. [TT24; THEORY TS-19]"""
    points = labels(record)
    ((_, first, _), *_) = points
    needed(first, "success", "learning_from_scratch")
    strengths = first["strength"].values
    columns = len(strengths)
    fig.set_size_inches(2.6 + 2.6 * columns, 0.8 + 3.1 * len(points))
    axes = fig.subplots(len(points), columns, squeeze=False, sharey=True, sharex=True)
    for row, (label, data, _) in zip(axes, points, strict=True):
        sizes, owner = data["features"].values, data["set"].values
        for k, ax in enumerate(row):
            for p, name in enumerate(str(x) for x in data["protocol_name"].values):
                seen = [_share(data["success"].values[p, i, k], owner)
                        for i in range(len(sizes))]  # fmt: skip
                middle = np.array([x.value for x in seen])
                low = middle - np.array([x.low for x in seen])
                high = np.array([x.high for x in seen]) - middle
                style = {"color": COLOURS[p], "marker": MARKS[p], "ms": 5}
                bars = np.clip(np.nan_to_num([low, high]), 0, None)
                at = sizes * 1.02 ** (p - 1)
                ax.errorbar(at, middle, bars, capsize=2, lw=0.9,
                            label=NAMES.get(name, name), **style)  # fmt: skip
            barrier = float(data["barrier"].values[k, 0])
            head = f"{label}: " if label else ""
            ax.set_title(rf"{head}$c = {strengths[k]:g}$, $q_b = {barrier:.2f}$")
            ax.set_xscale("log")
            ax.set_xticks(sizes, [f"{x}" for x in sizes])
            ax.set_xticks([], minor=True)
            ax.set_ylim(-0.04, 1.04)
            ax.set_xlabel("spins $N$")
        row[0].set_ylabel(r"share with $q^* > 1/2$ at the end")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower right",
               ncols=3, fontsize=8)  # fmt: skip


def _share(hits: np.ndarray, owner: np.ndarray):
    """The share of successes: Wilson's interval where each set of data is one start."""
    numbers = np.unique(owner)
    if len(numbers) == len(owner):
        return proportion(int(np.sum(hits)), len(hits))
    return mean(np.array([np.mean(hits[owner == k]) for k in numbers]))


@plots.register("message_passing")
def message_passing(record: Record, fig: Figure) -> None:
    r"""$q^*$ of messages against the heat bath, and state evolution. [THEORY TS-20]"""
    points = record.points()
    fig.set_size_inches(9.2, 0.6 + 3.6 * len(points))
    axes = fig.subplots(len(points), 2, squeeze=False)
    for (label, data), (left, right) in zip(points, axes, strict=True):
        passed = needed(data, "passed", "message_passing")
        sampled, rested = data["sampled"].values, data["stopped"].values
        for k, c in enumerate(data["strength"].values):
            style = {"color": COLOURS[k], "ls": "", "marker": MARKS[k % 5], "ms": 5}
            left.plot(sampled[k], passed[k], label=f"$c = {c:g}$", **style)
            lost = ~rested[k].astype(bool)
            left.plot(sampled[k][lost], passed[k][lost], "x", color=LIMIT, ms=8)
            _path(right, data, k, float(c))
        ends = [np.min([sampled, passed]), np.max([sampled, passed])]
        left.plot(ends, ends, color=LIMIT, lw=0.7)
        left.set_xlabel("$q^*$ of the heat bath")
        left.set_ylabel("$q^*$ of message passing")
        size = int(data["feature_count"])
        head = f"{label}: " if label else ""
        left.set_title(f"{head}N = {size}, one point for each set of examples")
        left.legend(loc="best")
        right.set_title("from the pattern; line: state evolution")
        right.set_xlabel("iteration")
        right.set_ylabel("overlap with the pattern")


def _path(ax, data: Dataset, k: int, c: float) -> None:
    seen = [mean(x) for x in data["path"].values[k].T]
    middle = np.array([x.value for x in seen])
    half = np.nan_to_num([x.high - x.value for x in seen])
    style = {"color": COLOURS[k], "marker": MARKS[k % 5], "ms": 4, "ls": ""}
    at = np.arange(len(seen)) + 0.12 * k  # sets overlap: shifted a little
    ax.errorbar(at, middle, half, capsize=2, lw=0.8, **style)
    ax.plot(data["evolution"].values[k], color=COLOURS[k], lw=1.0)


@plots.register("exact_posterior")
def exact_posterior(record: Record, fig: Figure) -> None:
    r"""$E q^*$ and $E q_{12}$, $E\langle H\rangle$ and its formula. [THEORY TS-12]"""
    points = labels(record)
    rows = [
        (label, data, k)
        for label, data, _ in points
        for k in range(needed(data, "overlap_square", "exact_posterior").shape[0])
    ]
    fig.set_size_inches(9.2, 1.4 + 0.32 * len(rows))
    left, middle, right = fig.subplots(1, 3, sharey=True)
    names = []
    for at, (label, data, k) in enumerate(rows):
        alpha = float(data["alpha"].values[k])
        names.append(rf"{label + ', ' if label else ''}$\alpha = {alpha:g}$")
        pairs = {left: ("overlap", "twin"), middle: ("overlap_square", "twin_square")}
        for ax, (one, other) in pairs.items():
            style = {"color": COLOURS[0]}
            _across(ax, data[one].values[k], at - 0.12, marker="o", **style)
            style |= {"mfc": "white"}
            _across(ax, data[other].values[k], at + 0.12, marker="s", **style)
        off = data["energy"].values[k] / data["energy_theory"].values[k] - 1
        _across(right, off, at, marker="o", color=COLOURS[1])
    right.axvline(0, color=LIMIT, lw=0.7)
    left.set_yticks(range(len(names)), names)
    left.set_ylim(len(names) - 0.5, -0.5)
    for mark, face, name in (
        ("o", COLOURS[0], "$E\\,q^*$"),
        ("s", "white", "$E\\,q_{12}$"),
    ):
        left.plot([], [], mark, color=COLOURS[0], mfc=face, label=name)
    left.legend(loc="best")
    left.set_xlabel("overlap")
    middle.set_xlabel("overlap squared")
    right.set_xlabel("$E/N$ over its exact mean, less 1")


def _across(ax, values: np.ndarray, row: float, **style) -> None:
    seen = mean(values)
    half = float(np.nan_to_num(seen.high - seen.value))
    ax.errorbar(seen.value, row, xerr=half, capsize=2, lw=0.8, ms=5, ls="", **style)


@plots.register("ordered_entropy")
def ordered_entropy(record: Record, fig: Figure) -> None:
    r"""$s$ and $f$ by integration of the energy, beside RS at c_eff. [THEORY TS-24]"""
    points = labels(record)
    fig.set_size_inches(9.2, 3.8)
    left, right = fig.subplots(1, 2)
    for label, data, colour in points:
        needed(data, "entropy", "ordered_entropy")
        c, size = data["strength"].values, int(data["feature_count"])
        name = label or f"N = {size}"
        for ax, what in ((left, "entropy"), (right, "free_entropy")):
            seen = [mean(x) for x in data[what].values]
            middle = np.array([x.value for x in seen])
            half = np.nan_to_num([x.high - x.value for x in seen])
            style = {"color": colour, "marker": "o", "ms": 5, "ls": ""}
            ax.errorbar(c, middle, half, capsize=2, lw=0.9, label=name, **style)
            theory = data[f"{what}_theory"].values[:, 0]
            ax.plot(c, theory, color=colour, lw=1.0)
    left.axhline(0, color=LIMIT, lw=0.7)
    left.set_ylabel("entropy $s$ of the ordered state, nats per spin")
    right.set_ylabel("free entropy $f$, nats per spin")
    left.plot([], [], color=LIMIT, lw=1.0, label="RS at $c_{eff}$")
    left.legend(loc="best")
    for ax in (left, right):
        ax.set_xlabel(r"signal $c = \alpha/T^2$")
