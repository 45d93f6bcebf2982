"""Identities of the exact posterior: overlaps, their squares, and the energy."""

import numpy as np

from ...plots.style import COLOURS, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record
from ...statistics import mean


@plots.register("exact_posterior")
def draw_exact_posterior(record: Record, fig: Figure) -> None:
    r"""$E q^*$ and $E q_{12}$, $E\langle H\rangle$ and its formula. [THEORY TS-12]"""
    points = labels(record)
    rows = [
        (label, data, k)
        for label, data, _ in points
        for k in range(
            needed_by_plot(data, "overlap_square", "exact_posterior").shape[0]
        )
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
