"""Flips of sharp spins: changes of energy and their bound, and sliding neurons."""

import numpy as np

from ...plots.style import BAD, Figure, GOOD, labels, LIMIT, needed_by_plot, plots
from ...records import Dataset, Record
from ...statistics import mean_over_sets


COLUMNS = 3


@plots.register("flips")
def draw_flips(record: Record, fig: Figure) -> None:
    r"""$E(\text{flip}\,i) - E$ against $-2|w_i|$, for spins against fields. [CL-15]"""
    points = labels(record)
    columns = min(COLUMNS, len(points))
    rows = -(-len(points) // columns)
    fig.set_size_inches(2.8 * columns + 0.4, 2.6 * rows + 0.5)
    axes = np.atleast_1d(fig.subplots(rows, columns)).ravel()
    for ax, (label, data, _) in zip(axes, points, strict=False):
        against = needed_by_plot(data, "against", "flips").astype(bool)
        limit = -2 * np.abs(data["field"].values[against])
        drop = data["drop"].values[against]
        bad = data["drop_excess"].values[against] > 1e-12
        ax.plot(limit[~bad], drop[~bad], ".", ms=2.5, color=GOOD, rasterized=True)
        ax.plot(limit[bad], drop[bad], ".", ms=2.5, color=BAD, rasterized=True)
        low = 1.05 * min(np.min(limit, initial=0), np.min(drop, initial=0))
        line = np.array([min(low, -1e-9), 0])
        ax.plot(line, line, color=LIMIT, lw=0.8)
        ax.fill_between(line, line, 0, color=BAD, alpha=0.12, lw=0)
        ax.set_xlim(*line)
        ax.set_ylim(line[0], max(0, 1.05 * np.max(drop, initial=0)))
        ax.set_title(f"{label or 'flips'} ({np.sum(bad)}/{bad.size} forbidden)")
        ax.locator_params(nbins=4)
    for ax in axes[len(points) :]:
        ax.set_axis_off()
    fig.supxlabel(r"bound $-2|w_i|$", fontsize=9)
    fig.supylabel(r"energy of the flip, $E(\mathrm{flip}\ i) - E$", fontsize=9)


@plots.register("sliding")
def draw_sliding(record: Record, fig: Figure) -> None:
    r"""Share of neurons with $w_i(-) > 0 > w_i(+)$, 95 % over pattern sets. [CL-16]"""
    points = labels(record)
    fig.set_size_inches(6.4, 1.0 + 0.34 * len(points))
    ax = fig.subplots()
    for i, (_, data, _) in enumerate(points):
        for name, shift, colour in (("sliding", 0.18, BAD), ("repelling", -0.18, GOOD)):
            seen = _share(data, name)
            half = np.nan_to_num(seen.high - seen.value)
            ax.barh(i - shift, seen.value, 0.32, color=colour)
            ax.errorbar(seen.value, i - shift, xerr=half, color=LIMIT, capsize=2)
            hits = int(np.sum(data[name].values))
            at = seen.value + half
            text = f"  {seen.value:.1%}" if hits else "  0"
            ax.text(at, i - shift, text, va="center", fontsize=7, color=colour)
    ax.set_yticks(range(len(points)), [label or "neurons" for label, *_ in points])
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_xlim(left=0)
    ax.set_xlabel("share of neurons at random spins (95 % over pattern sets)")
    ax.barh(0, 0, color=BAD, label=r"attracting, $w_i(-) > 0 > w_i(+)$")
    ax.barh(0, 0, color=GOOD, label=r"repelling, $w_i(-) < 0 < w_i(+)$")
    ax.legend(loc="lower right")


def _share(data: Dataset, name: str):
    """The mean over pattern sets of the share of entries that are true."""
    true = needed_by_plot(data, name, "sliding").astype(float).mean(axis=1)
    owner = data["set"].values
    return mean_over_sets(true, owner)
