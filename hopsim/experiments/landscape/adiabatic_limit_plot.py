"""The adiabatic limit: distances between flows against tau_memory."""

import numpy as np

from ...plots.style import COLOURS, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Dataset, Record


@plots.register("adiabatic_limit", formerly=("convergence",))
def draw_adiabatic_limit(record: Record, fig: Figure) -> None:
    r"""$\sup_t|v_\epsilon - v_0|$ against $\tau_h$, with and without a mass. [CL-09]"""
    points = labels(record)
    many = len(points) > 1
    fig.set_size_inches(6.4 if many else 5.2, 4.2)
    ax, slopes = fig.subplots(), []
    for label, data, colour in points:
        for name, other, order, hue in (
            ("", "adiabatic", 1, colour),
            ("mass_", "adiabatic with mass", 2, colour if many else COLOURS[1]),
        ):
            if f"{name}error" in data:
                slope = _slope(data, f"{name}slope")
                slopes.append(slope)
                words = f"{label} {name.rstrip('_')}".rstrip() + f": {slope}"
                _errors(ax, data, f"{name}error", words if label else other, order, hue)
    if not slopes:
        needed_by_plot(points[0][1], "error", "adiabatic_limit")
    if not many:
        ax.set_title(f"slope of the last pair: {', '.join(slopes)}")
    ax.set_xscale("log")
    ax.set_yscale("log")
    tau = points[0][1]["tau_memory"].values
    ax.set_xticks(tau, [f"{t:.2g}" for t in tau], minor=False)
    ax.set_xticks([], minor=True)
    ax.set_xlabel(r"time constant of the memories $\tau_h\,/\,\tau_f$")
    ax.set_ylabel(r"$\sup_t\,|v(t) - v_{reduced}(t)|$")
    alike = [int(np.sum(data["same_end"].values)) for _, data, _ in points]
    spread = f"medians of {min(alike)} probes, 10-90 %"
    orders = [k for k, e in ((1, "error"), (2, "mass_error")) if e in points[0][1]]
    title = f"{spread};\nlines: order {' and '.join(map(str, orders))}"
    if many:
        fig.legend(title=f"slope of the last pair;\n{title}", loc="outside right upper")
    else:
        ax.legend(title=title)


def _errors(ax, data: Dataset, name: str, label: str, order: int, colour: str) -> None:
    """Medians over the probes with equal ends, and a line of slope `order`."""
    tau = needed_by_plot(data, "tau_memory", "adiabatic_limit")
    alike = data["same_end"].values.astype(bool)
    values = needed_by_plot(data, name, "adiabatic_limit")[:, alike]
    low, middle, high = np.percentile(values, [10, 50, 90], axis=1)
    bars = np.stack([middle - low, high - middle])
    style = {"fmt": "o", "ms": 4, "capsize": 2, "color": colour, "label": label}
    ax.errorbar(tau, middle, bars, **style)
    line = middle[-1] * (tau / tau[-1]) ** order
    ax.plot(tau, line, color=LIMIT, lw=0.8, ls=["-", "--"][order - 1])


def _slope(data: Dataset, name: str) -> str:
    alike = data["same_end"].values.astype(bool)
    return f"{np.median(data[name].values[-1][alike]):.3f}"
