"""Clusters of memories: branches, and numbers of attractors, against beta."""

import numpy as np

from ...plots._branch import draw_stable
from ...plots.style import BAD, COLOURS, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record


BRANCHES = (
    ("memory", "share", COLOURS[0], "a memory"),
    ("cluster", "share", COLOURS[2], "mean of a cluster"),
    ("lower", "share", COLOURS[2], None),
    ("whole", "share", COLOURS[3], "mean of all"),
)
THRESHOLDS = (
    ("cluster_born", r"$b_s(K)/M^2$"),
    ("global_lost", r"$1/\lambda_{max}$"),
    ("memory_born", r"$2b_s(s)/D^2$"),
    ("cluster_lost", r"$2s/D^2$"),
)


@plots.register("metastable")
def draw_metastable(record: Record, fig: Figure) -> None:
    r"""The share $p_1(\beta)$ of a memory on its branches, and a staircase. [CL-24]

    Above: branches by continuation, thin and dotted where unstable. Below: attractors
    that the flows from the memories reach (unconverged flows crossed), and where the
    means of clusters are held as well. Dashed: the four thresholds of theory.
    """
    points = labels(record)
    fig.set_size_inches(6.4 * len(points) + 1.2, 5.6)
    grid = fig.subplots(2, len(points), squeeze=False, sharex="col")
    for (top, below), (label, data, _) in zip(grid.T, points, strict=True):
        for name, what, colour, words in BRANCHES:
            beta = needed_by_plot(data, f"{name}_beta", "metastable")
            p = data[f"{name}_{what}"].values
            stable = data[f"{name}_stable"].values.astype(bool)
            draw_stable(top, beta, p, stable, colour=colour, label=words)
        beta, both = data["beta"].values, data["coexist"].values.astype(bool)
        held = data["clusters_held"].values.astype(bool)
        lost = data["unconverged"].values > 0
        for row, also, means, bad in zip(
            data["count"].values, both, held, lost, strict=True
        ):
            below.plot(beta, row, "o", ms=4, color=COLOURS[0])
            marks = {"ls": "", "ms": 8, "mfc": "none"}
            below.plot(beta[means], row[means], "s", color=COLOURS[2], **marks)
            below.plot(beta[also], row[also], "D", color=COLOURS[1], **marks)
            below.plot(beta[bad], row[bad], "x", ms=6, color=BAD)
        for marker, colour, words in (
            ("o", COLOURS[0], "reached from the memories"),
            ("s", COLOURS[2], "means of clusters held"),
            ("D", COLOURS[1], "both: they coexist"),
        ):
            mfc = colour if marker == "o" else "none"
            below.plot([], [], marker, mfc=mfc, color=colour, ls="", label=words)
        for number, (name, words) in enumerate(THRESHOLDS):
            x = float(data[f"{name}_theory"])
            for ax in (top, below):
                ax.axvline(x, color=LIMIT, lw=0.7, ls="--", zorder=0)
            side = "right" if number % 2 == 0 else "left"
            top.text(x, 1.04, f" {words} ", ha=side, fontsize=7.5, color=LIMIT)
        below.set_xscale("log")
        below.set_yscale("log", base=2)
        counts = np.unique(data["count"].values)
        below.set_yticks(counts, [str(c) for c in counts])
        below.set_yticks([], minor=True)
        below.set_xlabel(r"inverse temperature $\beta$")
        top.set_ylabel("share of one memory")
        top.set_ylim(-0.03, 1.12)
        below.set_ylabel("attractors")
        top.set_title(label, pad=12)
        top.legend(loc="center left", frameon=True)
        below.legend(loc="upper left", frameon=True)
