"""Limits: errors against the parameter that tends to zero."""

import numpy as np

from ..records import Record
from ._style import COLOURS, Figure, LIMIT, needed, plots


@plots.register("convergence")
def convergence(record: Record, fig: Figure) -> None:
    r"""$\sup_t|v_\epsilon - v_0|$ against $\tau_h$, with and without a mass. [CL-09]"""
    data = record.data
    tau = needed(data, "tau_memory", "convergence")
    alike = data["same_end"].values.astype(bool)
    fig.set_size_inches(5.2, 4.2)
    ax = fig.subplots()
    slopes = []
    kinds = [("error", "slope", "adiabatic", 1)]
    if "mass_error" in data:
        kinds.append(("mass_error", "mass_slope", "adiabatic with mass", 2))
    for colour, (error, slope, label, order) in zip(COLOURS, kinds, strict=False):
        values = needed(data, error, "convergence")[:, alike]
        low, middle, high = np.percentile(values, [10, 50, 90], axis=1)
        ax.errorbar(
            tau,
            middle,
            np.stack([middle - low, high - middle]),
            fmt="o",
            ms=4,
            capsize=2,
            color=colour,
            label=label,
        )
        line = middle[-1] * (tau / tau[-1]) ** order
        ax.plot(tau, line, color=LIMIT, lw=0.8, ls=["-", "--"][order - 1])
        slopes.append(f"{np.median(data[slope].values[-1][alike]):.3f}")
    ax.set_title(f"slope of the last pair: {', '.join(slopes)}")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(r"time constant of the memories $\tau_h\,/\,\tau_f$")
    ax.set_ylabel(r"$\sup_t\,|v(t) - v_{reduced}(t)|$")
    spread = f"medians of {np.sum(alike)} probes, 10-90 %;\nlines: orders 1 and 2"
    ax.legend(title=spread)
