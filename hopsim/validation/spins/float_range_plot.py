"""Range and rounding of floating point: powers, and errors of a bracket."""

import numpy as np

from ...plots.style import (
    COLOURS,
    draw_cumulative,
    Figure,
    LIMIT,
    needed_by_plot,
    plots,
)
from ...records import Record


@plots.register("float_range")
def draw_float_range(record: Record, fig: Figure) -> None:
    r"""Largest n with $N^n$ finite, and errors of $h\cdot f - L(h)$. [CL-30]"""
    data = record.points()[0][1]
    closed = needed_by_plot(data, "closed_error", "float_range")
    fig.set_size_inches(8.6, 3.6)
    left, right = fig.subplots(1, 2)
    size = data["size"].values
    order = np.argsort(size)
    for k, name in enumerate(str(x) for x in data["precision_name"].values):
        for what, mark, words in (
            ("finite", "o", r"$N^n$ finite up to"),
            ("vanishing", "v", r"$(3.5/\sqrt{N})^n$ vanishes from"),
        ):
            line = data[f"{what}_theory"].values[k][order]
            left.plot(size[order], line, color=LIMIT, lw=0.7)
            n = data[f"{what}_n"].values[k]
            style = {"ls": "none", "ms": 4, "color": COLOURS[k]}
            left.plot(size, n, mark, label=f"{words}, {name}", **style)
    left.set_xscale("log")
    left.set_yscale("log")
    left.set_xlabel("features N")
    left.set_ylabel("interaction vertex n")
    left.legend(fontsize=6.5, loc="upper center", bbox_to_anchor=(0.5, 1.28), ncols=2)
    for k, (name, words) in enumerate(
        (
            ("closed_error", r"$f\cdot\log\,\mathrm{softmax}$ (hopsim)"),
            ("softmax_error", r"$h\cdot f - L$, $f$ a softmax"),
            ("exp_error", r"$h\cdot f - L$, $f = e^{h - L}$"),
        )
    ):
        seen = closed if name == "closed_error" else data[name].values
        draw_cumulative(right, seen, color=COLOURS[k], label=words)
    right.set_xscale("log")
    right.set_xlim(left=1e-9)
    right.set_xlabel("error of the bracket in float32")
    right.set_ylabel("share of probes with at most it")
    right.legend(loc="upper left", fontsize=7)
