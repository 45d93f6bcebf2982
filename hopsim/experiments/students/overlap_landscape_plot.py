"""The overlap landscape: Monte Carlo points over the curves of replica theory."""

import numpy as np

from ...plots.style import bars_of, COLOURS, Figure, LIMIT, MARKS, needed_by_plot, plots
from ...records import Dataset, Record
from ...statistics import Estimate, mean


@plots.register("overlap_landscape")
def draw_overlap_landscape(record: Record, fig: Figure) -> None:
    r"""$q^*$ and $q_{12}$ over RS theory at c and c_eff; energies. [TT24 fig. 4]"""
    points = record.points()
    fig.set_size_inches(9.4, 0.7 + 3.5 * len(points))
    axes = fig.subplots(len(points), 2, squeeze=False, width_ratios=[1.5, 1])
    for (label, data), (left, right) in zip(points, axes, strict=True):
        needed_by_plot(data, "overlap", "overlap_landscape")
        several = str(data["along"].values) == "temperature"
        x = data["temperature"].values if several else data["strength"].values.T
        _lines(left, data, several)
        for i, (q, twin, energy) in enumerate(_measured(data, several)):
            colour, mark = COLOURS[i], MARKS[i % 5]
            style = {"color": colour, "ms": 4.5, "capsize": 2, "lw": 0.8, "ls": ""}
            at = x if several else x[0]
            _bars(left, at, q, marker=mark, **style)
            style |= {"mfc": "white", "zorder": 1}
            shift = 0.006 * np.ptp(at) if len(at) > 1 else 0.01
            _bars(left, at + shift, twin, marker=mark, **style)
            style |= {"mfc": colour}
            _bars(right, at, energy, marker=mark, **style)
        count = int(data["feature_count"])
        left.plot([], [], "o", color=LIMIT, ms=4.5, label="$q^*$, Monte Carlo")
        left.plot([], [], "o", color=LIMIT, ms=4.5, mfc="white", label="$q_{12}$")
        size = f"N = {count}"
        head = f"{label}: {size}" if label not in ("", size) else size
        left.set_title(f"{head}, starts at the pattern")
        left.set_ylabel("overlap with the pattern $q^*$")
        left.set_ylim(-0.06, 1.06)
        exact = bool(data["on_the_line"])
        right.axhline(0, color=LIMIT, lw=0.7)
        right.set_ylabel("$E/N$ over its exact mean, less 1" if exact else
                         "$E/N$ over its RS value, less 1")  # fmt: skip
        right.set_title("energy per spin")
        for ax in (left, right):
            same = "$T = T_s$" if exact else "$T$"
            at = f"temperature {same}" if several else r"signal $c = \alpha/T^2$"
            ax.set_xlabel(at)
    names = axes[0, 0].get_legend_handles_labels()
    fig.legend(*names, loc="outside lower right", ncols=4, fontsize=8)


def _lines(ax, data: Dataset, several: bool) -> None:
    fine, line = data["fine"].values, bool(data["on_the_line"])
    for i, q in enumerate(data["fine_overlap"].values):
        colour = COLOURS[i] if several else LIMIT
        name = "RS theory"
        if several:
            first, last = data["load"].values[i, 0], data["load"].values[i, -1]
            name = rf"$\alpha = {first:g}$" if first == last else (
                rf"$c = {data['strength'].values[i, 0]:g}$"
            )  # fmt: skip
        ax.plot(fine, q, color=colour, lw=1.1, label=name)
        if line:
            effective = data["fine_effective"].values[i]
            ax.plot(fine, effective, color=colour, lw=1.0, ls=(0, (4, 2)))
        else:
            style = {"color": colour, "lw": 0.9}
            twin, mpm = data["fine_twin"].values[i], data["fine_mpm"].values[i]
            ax.plot(fine, twin, ls=(0, (4, 2)), label="$q_{12}$, RS", **style)
            ax.plot(fine, mpm, ls=":", label="signs of the mean, RS", **style)
    if line:
        ax.plot([], [], color=LIMIT, lw=1.0, ls=(0, (4, 2)), label="at $c_{eff}$ of N")
    cold = float(data["alignment_temperature"])
    if several and line and fine[0] < cold:
        ax.axvline(cold, color=LIMIT, lw=0.7, ls=":")
        ax.annotate("$T_{eR}$", (cold, 0), xycoords="data", xytext=(3, 0),
                    textcoords="offset points", fontsize=8, color=LIMIT)  # fmt: skip


def _measured(
    data: Dataset, several: bool
) -> list[tuple[list[Estimate], list[Estimate], list[Estimate]]]:
    """Overlaps, twins and relative energies of every curve, means over sets."""
    energy = data["energy"].values / data["energy_theory"].values - 1
    found = (data["overlap"].values, data["twin"].values, energy)
    curves, places = found[0].shape[:2]
    if not several:  # one curve through all strengths
        found = tuple(np.swapaxes(x, 0, 1) for x in found)
        curves, places = 1, curves
    rows = lambda x, i: [mean(x[i, k]) for k in range(places)]
    return [(rows(found[0], i), rows(found[1], i), rows(found[2], i))
            for i in range(curves)]  # fmt: skip


def _bars(ax, x, seen: list[Estimate], **style) -> None:
    """Means with their intervals over sets of data."""
    middle, half = bars_of(seen)
    ax.errorbar(x, middle, half, **style)
