"""Recall by the rules of spins and of flows."""

import numpy as np

from ...plots.style import (
    bars_within,
    COLOURS,
    Figure,
    labels,
    LIMIT,
    MARKS,
    needed_by_plot,
    plots,
)
from ...records import Record
from ...statistics import mean_over_sets


@plots.register("rules_compared", formerly=("limits",))
def draw_rules_compared(record: Record, fig: Figure) -> None:
    r"""Cues recalled, and the overlap $m$, against $K$; 95 % over sets. [CL-17]"""
    points = labels(record)
    fig.set_size_inches(8.8, 0.6 + 3.0 * len(points))
    axes = fig.subplots(len(points), 2, squeeze=False, sharex=True)
    for row, (label, data, _) in zip(axes, points, strict=True):
        needed_by_plot(data, "recalled", "rules_compared")
        count = data["count"].values
        for name, ax in zip(("recalled", "overlap"), row, strict=True):
            for k, rule in enumerate(str(x) for x in data["rule_name"].values):
                seen = [
                    mean_over_sets(x, data["set"].values) for x in data[name].values[k]
                ]
                least = 0.0 if name == "recalled" else -1.0
                middle, half = bars_within(seen, least)
                # shifted a little, or rules that agree would hide each other
                at = count * 1.02 ** (k - 2)
                style = {"ms": 4, "capsize": 2, "lw": 0.8, "color": COLOURS[k]}
                ax.errorbar(at, middle, half, marker=MARKS[k], label=rule, **style)
            ax.set_xscale("log")
            ax.set_xticks(count, [f"{k}" for k in count])
            ax.set_xticks([], minor=True)
            ax.set_title(label)
        row[0].set_ylim(-0.04, 1.04)
        row[0].set_ylabel("share of cues recalled exactly")
        row[1].set_ylabel("overlap with the memory")
        cue = float(np.mean(data["cue_overlap"].values))
        row[1].axhline(cue, color=LIMIT, lw=0.7, ls=":")
        row[1].annotate("cue", (0, cue), xycoords=("axes fraction", "data"),
                        xytext=(3, 2), textcoords="offset points",
                        fontsize=7, color=LIMIT)  # fmt: skip
    for ax in axes[-1]:
        ax.set_xlabel("memories $K$")
    handles = axes[0, 0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside lower right", ncols=5, fontsize=7)
