"""Bifurcations of model B with orthogonal memories, and their hysteresis."""

import numpy as np

from ...plots.style import BAD, Figure, GOOD, labels, LIMIT, needed_by_plot, plots
from ...records import Dataset, Record


COLUMNS = 3
LOOP = "#009E73"


@plots.register("potts_thresholds", formerly=("potts",))
def draw_potts_thresholds(record: Record, fig: Figure) -> None:
    r"""Share $p_1$ of a memory against $b = \beta M^2$, stable and not. [CL-23]

    Lines are branches by continuation, dots theory, arrows the flow as b rises and
    falls; dashed verticals are $b_s$, $b_1$ and K of theory.
    """
    points = labels(record)
    columns = min(COLUMNS, len(points))
    rows = -(-len(points) // columns)
    fig.set_size_inches(max(3.5 * columns, 6.4), 3.1 * rows + 1.1)
    axes = np.atleast_1d(fig.subplots(rows, columns)).ravel()
    for ax, (label, data, _) in zip(axes, points, strict=False):
        _diagram(ax, data)
        ax.set_title(label or "orthogonal memories", fontsize=9)
    for ax in axes[len(points) :]:
        ax.set_axis_off()
    for ax in axes[max(0, len(points) - columns) : len(points)]:
        ax.set_xlabel(r"sharpness $b = \beta M^2$")
    fig.supylabel(r"largest share $p_1$ of a memory", fontsize=9)
    handles, names = axes[0].get_legend_handles_labels()
    for ax in axes[1 : len(points)]:
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            if name not in names:
                handles.append(handle)
                names.append(name)
    fig.legend(handles, names, loc="outside lower right", ncols=4, fontsize=7.5)


def _diagram(ax, data: Dataset) -> None:
    known = (
        needed_by_plot(data, "theory_b", "potts_thresholds"),
        data["theory_share"].values,
    )
    ends = np.array([data["spinodal_theory"], data["mean_unstable_theory"]], float)
    low, high = 0.85 * ends[0], 1.15 * ends[1]
    for name, words in (("memory", "a memory"), ("mean", "the mean")):
        b, p = data[f"{name}_b"].values, data[f"{name}_share"].values
        stable = data[f"{name}_stable"].values.astype(bool)
        colour = GOOD if name == "memory" else "#CC79A7"
        ax.plot(b, np.where(stable, p, np.nan), color=colour, lw=2, label=words)
        unstable = f"{words}, unstable"
        gone = np.where(stable, np.nan, p)
        ax.plot(b, gone, color=colour, lw=1, ls=":", label=unstable)
    inside = (known[0] <= high) & (known[0] >= low)
    ax.plot(
        known[0][inside][::12], known[1][inside][::12], ".", ms=3, color=LIMIT,
        label="theory", zorder=4,
    )  # fmt: skip
    if "loop_b" in data:
        b = data["loop_b"].values
        style = {"ls": "", "ms": 3, "color": LOOP, "mfc": "none"}
        ax.plot(b, data["loop_up"].values, "^", label="flow, b rising", **style)
        ax.plot(b, data["loop_down"].values, "v", label="flow, b falling", **style)
    names = {"spinodal": "$b_s$", "equal_energy": "$b_1$", "mean_unstable": "$K$"}
    for name, text in names.items():
        x = float(data[f"{name}_theory"])
        ax.axvline(x, color=BAD, lw=0.8, ls="--", zorder=0)
        # b_s stands left of its line or, where there is no room, below the next one
        first, room = name == "spinodal", x > low + 0.08 * (high - low)
        side = "right" if first and room else "left"
        at = 0.93 if first and not room else 1.03
        ax.text(x, at, f" {text} ", color=BAD, fontsize=8, va="bottom", ha=side)
    ax.set_xlim(low, high)
    ax.set_ylim(0, 1.12)
    ax.set_yticks([0, 0.5, 1])
    ax.locator_params(axis="x", nbins=5)
