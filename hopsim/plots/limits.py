"""Limits: errors against the parameter that tends to zero."""

import numpy as np

from ..records import Record
from ._style import COLOURS, Figure, LIMIT, needed, plots


@plots.register("convergence")
def convergence(record: Record, fig: Figure) -> None:
    r"""$\sup_t|v_\epsilon - v_0|$ against $\tau_h$, and a line of slope 1. [CL-09]"""
    data = record.data
    tau = needed(data, "tau_memory", "convergence")
    error = needed(data, "error", "convergence")
    alike = data["same_end"].values.astype(bool)
    fig.set_size_inches(5.2, 4.2)
    ax = fig.subplots()
    low, middle, high = np.percentile(error[:, alike], [10, 50, 90], axis=1)
    ax.errorbar(
        tau,
        middle,
        np.stack([middle - low, high - middle]),
        fmt="o",
        ms=4,
        capsize=2,
        color=COLOURS[0],
        label=f"median of {np.sum(alike)} probes, 10-90 %",
    )
    ax.plot(tau, middle[-1] * tau / tau[-1], color=LIMIT, lw=0.8, label="first order")
    slope = float(np.median(data["slope"].values[-1][alike]))
    ax.set_title(f"slope of the last pair: {slope:.3f}")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(r"time constant of the memories $\tau_h\,/\,\tau_f$")
    ax.set_ylabel(r"$\sup_t\,|v(t) - v_{\tau_h \to 0}(t)|$")
    ax.legend()
