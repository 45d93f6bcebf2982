"""Half capacities, and how they grow with N."""

import math

import numpy as np

from ...plots.style import (
    error_bars,
    Figure,
    labels,
    LIMIT,
    MARKS,
    needed_by_plot,
    plots,
)
from ...records import Dataset, Record
from ...statistics import mean
from ...theory import capacity


@plots.register("half_capacity")
def draw_half_capacity(record: Record, fig: Figure) -> None:
    r"""Perfect recall against K, and $K_{1/2}(N)$ beside eq. 6 of KH16. [KH16]"""
    points = labels(record)
    crossed = any(np.any(np.isfinite(d["half_count"].values)) for _, d, _ in points)
    fig.set_size_inches(9.2 if crossed else 5.6, 4.2)
    widths = [1.2, 1] if crossed else [1]
    left, *others = fig.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
    for label, data, colour in points:
        shares = needed_by_plot(data, "unsigned_perfect", "half_capacity").mean(axis=2)
        sizes, law = data["features"].values, data["no_error_count"].values[:, 0]
        for i, features in enumerate(sizes):
            seen = [mean(share) for share in shares[i]]
            name = f"{label + ', ' if label else ''}N = {features}"
            fade = 0.4 + 0.6 * (i + 1) / len(sizes)
            style = {"color": colour, "alpha": fade, "label": name}
            at = data["count"].values[i] / law[i]
            error_bars(left, at, seen, MARKS[i % 5], (0, 1), **style)
        half = data["half_count"].values
        known = [mean(row[np.isfinite(row)]) if np.any(np.isfinite(row)) else None
                 for row in half]  # fmt: skip
        keep = [i for i, x in enumerate(known) if x is not None]
        seen = [x for x in known if x is not None]
        slope = ""
        if len(keep) > 1:
            ends = math.log(seen[-1].value / seen[0].value)
            slope = f", slope {ends / math.log(sizes[keep[-1]] / sizes[keep[0]]):.2f}"
        for right in others:
            told = f"{label}{slope}"
            error_bars(right, sizes[keep], seen, "o", color=colour, label=told)
    left.axvline(1, color=LIMIT, lw=0.9)
    left.axhline(0.5, color=LIMIT, lw=0.5, ls=":")
    left.set_xscale("log")
    low = min(np.min(d["count"].values / d["no_error_count"].values[:, :1])
              for _, d, _ in points)  # fmt: skip
    ticks = [1 / 32, 1 / 16, 0.125, 0.25, 0.5, 1, 2, 4]
    _plain(left, [x for x in ticks if x >= min(low, 0.25)])
    left.set_ylim(-0.02, 1.02)
    left.set_xlabel(r"memories $K\,/\,[N^{n-1}/(2(2n-3)!\!!\,\ln N)]$")
    left.set_ylabel("share of random starts that end in a memory")
    left.legend(loc="best", fontsize=7)
    for right in others:
        right.set_xscale("log")
        right.set_yscale("log")
        _no_error_line(right, points[0][1])
        right.set_xlabel("spins $N$")
        right.set_ylabel(r"$K_{1/2}$ (95 % over memory sets)")
        right.legend(loc="upper left")


def _no_error_line(ax, data: Dataset) -> None:
    n, sizes = int(data["vertex"]), data["features"].values
    N = np.geomspace(sizes[0] / 1.1, sizes[-1] * 1.1, 60)
    K = [capacity.no_error_count(n, x) for x in N]
    middle = math.sqrt(sizes[0] * sizes[-1])
    slope = capacity.no_error_exponent(n, middle)
    ax.plot(N, K, color=LIMIT, lw=0.9, label=f"KH16 eq. 6, slope {slope:.2f}")
    _plain(ax, sizes)


def _plain(ax, ticks) -> None:
    """Ticks at these values of a logarithmic x axis, in plain notation."""
    ax.set_xticks(ticks, [f"{x:g}" for x in ticks])
    ax.set_xticks([], minor=True)
