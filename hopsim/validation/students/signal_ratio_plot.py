"""The signal of N spins relative to that of infinitely many."""

import numpy as np

from ...plots.style import COLOURS, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record


TICKS = (0, 5, 10, 20, 50)


@plots.register("signal_ratio")
def draw_signal_ratio(record: Record, fig: Figure) -> None:
    r"""$N(R_N - 1)$ against N, with its limit $90/T^2 - 3$ for n = 3. [TS-14]"""
    (_, data, _), *_ = labels(record)
    ratio = needed_by_plot(data, "ratio", "signal_ratio")
    sizes, temperatures = data["features"].values, data["temperature"].values
    vertices = [int(n) for n in data["vertex"].values]
    fig.set_size_inches(0.6 + 3.4 * len(vertices), 3.6)
    axes = np.atleast_1d(fig.subplots(1, len(vertices)))
    for ax, n, rows in zip(axes, vertices, ratio, strict=True):
        for k, (temperature, row) in enumerate(zip(temperatures, rows, strict=True)):
            colour = COLOURS[k % len(COLOURS)]
            style = {"marker": "o", "ms": 4, "color": colour}
            ax.plot(sizes, sizes * (row - 1), label=f"T = {temperature:g}", **style)
            if n == 3:
                limit = 90 / temperature**2 - 3
                ax.axhline(limit, color=colour, lw=0.8, ls="--", zorder=0)
        ax.axhline(0, color=LIMIT, lw=0.6)
        ax.set_xscale("log")
        ax.set_xticks(sizes, [f"{size}" for size in sizes])
        ax.set_xticks([], minor=True)
        ax.set_yscale("symlog", linthresh=10)
        ax.set_yticks(TICKS, [f"{tick}" for tick in TICKS])
        ax.set_xlabel("spins $N$")
        dashed = r"; dashed: $90/T^2 - 3$" if n == 3 else ""
        ax.set_title(f"n = {n}{dashed}")
    axes[0].set_ylabel(r"$N\,(c_{eff}/c - 1)$")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower right", ncols=6)
