"""Overflow: which method fails at which interaction vertex."""

import numpy as np

from ...plots.style import Figure, labels, needed_by_plot, plots
from ...records import Record


KINDS = ("broken", "wrong", "undecided")  # the worst first


@plots.register("overflow")
def draw_overflow(record: Record, fig: Figure) -> None:
    r"""Decisions that are NaN (N), wrong (W), undecided (0), against $n$. [CL-30]"""
    points = labels(record)
    data = points[0][1]
    bad = needed_by_plot(data, "wrong", "overflow")
    stresses = [str(x) for x in data["stress_name"].values]
    methods = [str(x) for x in data["method_name"].values]
    wide = max(2.5, 0.36 * len(data["n"]))  # room for what the cells say
    fig.set_size_inches(2.2 + wide * bad.shape[0], 0.9 + 2.3 * len(points))
    axes = fig.subplots(len(points), len(stresses), sharex=True, sharey=True,
                        squeeze=False)  # fmt: skip
    shown = None
    for row, (label, data, _) in zip(axes, points, strict=True):
        seen = {k: data[k].values.mean(axis=-1) for k in KINDS}
        total = np.sum(list(seen.values()), axis=0)
        for k, ax in enumerate(row):
            shown = ax.imshow(total[k].T, vmin=0, vmax=1, cmap="Oranges", aspect="auto")
            ax.set_title(f"{label + ': ' if label else ''}{stresses[k]}", fontsize=8.5)
            ax.set_xticks(range(data.sizes["n"]), [str(n) for n in data["n"].values])
            ax.set_yticks(range(len(methods)), methods)
            ax.spines[:].set_visible(False)
            for (j, i), share in np.ndenumerate(total[k].T):
                text = _told({name: x[k, i, j] for name, x in seen.items()})
                ink = "white" if share > 0.6 else "black"
                ax.text(i, j, text, ha="center", va="center", fontsize=6, color=ink)
    told = "cells: N, not a number; W, wrong sign; 0, no sign; in % of all decisions"
    fig.supxlabel(f"interaction vertex $n$\n{told}", fontsize=9)
    bar = fig.colorbar(shown, ax=axes, fraction=0.03, pad=0.01)
    bar.set_label("share of decisions\nnot made right")


def _told(shares: dict[str, float]) -> str:
    """The most frequent failure in one cell: its letter, and its share in %."""
    name = max(KINDS, key=lambda k: shares[k])
    if not shares[name]:
        return ""
    letter = {"broken": "N", "wrong": "W", "undecided": "0"}[name]
    percent = 100 * shares[name]
    return f"{letter} {percent:.0f}" if percent >= 1 else f"{letter} <1"
