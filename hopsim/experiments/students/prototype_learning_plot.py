"""The overlap learnt from a few prototypes."""

import numpy as np

from ...plots.style import (
    bars_of,
    COLOURS,
    Figure,
    labels,
    LIMIT,
    MARKS,
    needed_by_plot,
    plots,
)
from ...records import Record
from ...statistics import mean


@plots.register("prototype_learning", formerly=("prototypes",))
def draw_prototype_learning(record: Record, fig: Figure) -> None:
    """$1 - q^*$ against M examples; 95 % over data sets, lines of theory. [TS-15]

    Dashed is $1 - m_t$, that of a single example.
    """
    points = labels(record)
    fig.set_size_inches(0.9 + 4.3 * len(points), 4.4)
    axes = np.atleast_1d(fig.subplots(1, len(points), sharey=True))
    for ax, (label, data, _) in zip(axes, points, strict=True):
        n = int(data["vertex"])
        values = needed_by_plot(
            data, "overlap" if n % 2 else "unsigned", "prototype_learning"
        )
        counts = data["count"].values
        alignment = data["alignment"].values[:, 0]
        for k, temperature in enumerate(data["temperature"].values):
            colour = COLOURS[k % len(COLOURS)]
            seen = [mean(1 - row) for row in values[k]]
            middle, half = bars_of(seen)
            low = np.minimum(half, 0.9 * middle)  # positive, for the logarithmic axis
            style = {"ls": "", "ms": 4.5, "capsize": 2, "lw": 0.9, "color": colour}
            style |= {"marker": MARKS[k % len(MARKS)], "label": f"T = {temperature:g}"}
            ax.errorbar(counts * 1.02 ** (k - 1), middle, (low, half), **style)
            line = 1 - data["line_theory"].values[k]
            ax.plot(data["line_count"].values, line, color=colour, lw=1)
            ax.axhline(1 - alignment[k], color=colour, lw=0.7, ls="--", zorder=0)
        ax.set_yscale("log")
        ax.set_xscale("log")
        ax.set_xticks(counts, [f"{m}" for m in counts])
        ax.set_xticks([], minor=True)
        ax.set_xlabel("examples $M$")
        ax.set_title(label or f"n = {n}, N = {int(data['features'])}")
        ax.plot([], [], color=LIMIT, lw=1, label="theory")
        ax.plot([], [], color=LIMIT, lw=0.7, ls="--", label="one example, $1 - m_t$")
        ax.legend(loc="lower left", fontsize=8)
    even = all(int(data["vertex"]) % 2 == 0 for _, data, _ in points)
    axes[0].set_ylabel(
        "missing overlap $1 - |q^*|$" if even else "missing overlap $1 - q^*$"
    )
