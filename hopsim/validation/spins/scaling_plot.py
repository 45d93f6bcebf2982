"""Scaling: recall with F(x) and with F(x / N)."""

import numpy as np

from ...plots.style import BAD, Figure, GOOD, labels, needed_by_plot, plots
from ...records import Dataset, Record
from ...statistics import Estimate, mean_over_sets


@plots.register("scaling")
def draw_scaling(record: Record, fig: Figure) -> None:
    r"""Shares of starts: same path, and recalled by $F(x)$, $F(x/N)$. [CL-29]"""
    points = labels(record)
    fig.set_size_inches(6.6, 1.5 + 0.5 * len(points))
    ax = fig.subplots()
    kinds = (
        ("same", "#999999", "same path, sweep by sweep"),
        ("recalled", GOOD, r"recalled by $F(x)$"),
        ("recalled_scaled", BAD, r"recalled by $F(x/N)$"),
    )
    for k, (name, colour, words) in enumerate(kinds):
        seen = [_share(data, name) for _, data, _ in points]
        half = np.nan_to_num([x.high - x.value for x in seen])
        at = np.arange(len(points)) + 0.26 * (k - 1)
        ax.barh(at, [x.value for x in seen], 0.24, color=colour, label=words)
        ax.errorbar([x.value for x in seen], at, xerr=half, fmt="none",
                    ecolor="k", capsize=2)  # fmt: skip
        for y, x, h in zip(at, seen, half, strict=True):
            ax.text(
                min(x.value + h, 1) + 0.01, y, f"{x.value:.2g}", va="center", fontsize=7
            )
    ax.set_yticks(range(len(points)), [label or "starts" for label, *_ in points])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.1)
    ax.set_xlabel("share of starts, mean over memory sets (95 %)")
    fig.legend(loc="outside lower right", ncols=3, fontsize=7)


def _share(data: Dataset, name: str) -> Estimate:
    true, owner = needed_by_plot(data, name, "scaling"), data["set"].values
    return mean_over_sets(true, owner)
