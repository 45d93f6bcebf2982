"""The overlap of a teacher's examples with its pattern, and its law."""

import numpy as np

from ...plots.style import BAD, COLOURS, Figure, labels, needed_by_plot, plots
from ...records import Record


COLUMNS = 2


@plots.register("teacher_examples")
def draw_teacher_examples(record: Record, fig: Figure) -> None:
    r"""$P(S/N)$, exact (line) and in all examples (dots, 2 standard errors). [TS-09]"""
    points = labels(record)
    columns = min(COLUMNS, len(points))
    rows = -(-len(points) // columns)
    fig.set_size_inches(0.6 + 3.7 * columns, 2.7 * rows + 0.8)
    axes = np.atleast_1d(fig.subplots(rows, columns)).ravel()
    for ax, (label, data, _) in zip(axes, points, strict=False):
        counts = needed_by_plot(data, "counts", "teacher_examples").sum(axis=1)
        size = counts.sum()
        m = data["S"].values / data["S"].values[-1]
        law = data["law"].values
        shown = counts > 0
        at, error = counts[shown] / size, 2 * np.sqrt(counts[shown]) / size
        low = np.minimum(error, 0.9 * at)  # positive, for the logarithmic axis
        ax.plot(m, np.where(law > 0, law, np.nan), color=BAD, lw=1, label="P(S)")
        ax.errorbar(
            m[shown], at, (low, error), color=COLOURS[0], ls="", marker=".", ms=3,
            lw=0.7, label=f"{size:,} examples",
        )  # fmt: skip
        ax.set_yscale("log")
        ax.set_ylim(0.2 / size, 3 * at.max())
        ax.set_xlim(-1.05, 1.05)
        ax.set_title(label or "examples")
    for ax in axes[len(points) :]:
        ax.set_axis_off()
    fig.supxlabel(r"overlap $S/N$ with the teacher's pattern", fontsize=9)
    fig.supylabel("share of the examples", fontsize=9)
    handles = axes[0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside upper right", ncols=2, fontsize=8)
