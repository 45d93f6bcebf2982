"""The capacity of the exponential interaction: data of all sizes on one curve."""

import numpy as np

from ...plots.style import Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Dataset, Record


@plots.register("exponential_capacity")
def draw_exponential_capacity(record: Record, fig: Figure) -> None:
    r"""$P$(all stable) against $K$, and its collapse on $e^{-x}$. [CL-20]"""
    import matplotlib as mpl

    data = labels(record)[0][1]
    needed_by_plot(data, "stable_share", "exponential_capacity")
    fig.set_size_inches(8.8, 3.9)
    left, right = fig.subplots(1, 2, sharey=True)
    sizes = np.unique(data["feature_count"].values)
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.92, len(sizes)))
    for n, colour in zip(sizes, colours, strict=True):
        rows = np.flatnonzero(data["feature_count"].values == n)
        rows = rows[np.argsort(data["memory_count"].values[rows])]
        _points(left, data, rows, "memory_count", colour, f"N = {n}")
        _points(right, data, rows, "exponent", colour, None)
        count = data["memory_count"].values[rows]
        line = np.geomspace(0.6 * count[0], 1.5 * count[-1], 100)
        # the law's exponent is proportional to the number of pairs
        unit = data["exponent"].values[rows[-1]] / (count[-1] * (count[-1] - 1.0))
        law = np.exp(-unit * line * np.maximum(line - 1, 0))
        left.plot(line, law, color=colour, lw=0.8, zorder=0)
    most = 1.1 * np.max(data["exponent"].values)
    x = np.linspace(0, most, 200)
    right.plot(x, np.exp(-x), color=LIMIT, lw=0.9, zorder=0, label="$e^{-x}$")
    left.set_xscale("log")
    left.set_xlabel("memories $K$")
    left.set_ylabel("P(all $K$ memories stable)")
    left.set_ylim(-0.03, 1.03)
    right.set_xlabel("$x = K(K - 1)\\,N\\,/\\,2^{N + 1}$")
    chi = float(data["chi_squared_per_dof"].values)
    right.set_title(rf"$\chi^2$ / dof = {chi:.2f} ({data.sizes['size']} points)")
    right.legend()
    handles, names = left.get_legend_handles_labels()
    title = f"{data.sizes['draw']} sets each,\n95 % (Wilson)"
    fig.legend(handles, names, title=title, loc="outside right upper")


def _points(ax, data: Dataset, rows, against: str, colour, label) -> None:
    share = data["stable_share"].values[rows]
    low = share - data["stable_low"].values[rows]
    high = data["stable_high"].values[rows] - share
    bars = {"fmt": "o", "ms": 3.5, "capsize": 2, "elinewidth": 0.8}
    x = data[against].values[rows]
    ax.errorbar(x, share, [low, high], color=colour, label=label, **bars)
