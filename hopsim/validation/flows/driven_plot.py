"""The energy of a driven network: supplied, dissipated, stored."""

import numpy as np

from ...plots.style import (
    BAD,
    Figure,
    GOOD,
    labels,
    LIMIT,
    needed_by_plot,
    plots,
    TIME_LABEL,
)
from ...records import Record


@plots.register("driven", formerly=("power_balance",))
def draw_driven(record: Record, fig: Figure) -> None:
    """Q, the supply $-W$ and E along one run, and Q and $-W$ of each cycle. [CL-06]

    In the long run a cycle stores nothing, and all that is supplied is dissipated.
    """
    points = labels(record)
    fig.set_size_inches(8.2, 0.5 + 2.9 * len(points))
    axes = fig.subplots(len(points), 2, squeeze=False)
    for (label, data, _), (one, two) in zip(points, axes, strict=True):
        _account(data, one)
        _cycles(data, two)
        one.set_title(label or "one probe")
        two.set_title("each cycle: medians of all probes, quartiles")
    axes[-1, 0].set_xlabel(TIME_LABEL)
    axes[-1, 1].set_xlabel(r"cycle of the drive")
    axes[0, 0].legend()
    axes[0, 1].legend()


def _account(data, ax) -> None:
    """One probe: everything that was supplied is dissipated or stored."""
    time, energy = (
        data["time"].values,
        needed_by_plot(data, "energy", "driven")[0],
    )
    lost, supplied = data["dissipated"].values[0], -data["work"].values[0]
    ax.plot(time, supplied, color=GOOD, label=r"supplied $-W$")
    ax.plot(time, lost, color=BAD, label=r"dissipated $Q$")
    ax.plot(time, energy - energy[0], color="#009E73", label=r"stored $E - E(0)$")
    few = slice(None, None, max(1, len(time) // 40))
    ax.plot(time[few], (supplied - lost)[few], ".", ms=3.5, color=LIMIT,
            label=r"$-W - Q$")  # fmt: skip
    ax.set_ylabel("energy since the start")


def _cycles(data, ax) -> None:
    """Medians over probes and sets, with their quartiles."""
    time, period = data["time"].values, float(data["period"])
    ends = np.arange(0, time[-1] * (1 + 1e-9), period)
    cycle = np.arange(1, len(ends))
    for name, sign, colour, label, shift in (
        ("work", -1, GOOD, "supplied", -0.08),
        ("dissipated", 1, BAD, "dissipated", 0.08),
    ):
        at_ends = [np.interp(ends, time, sign * row) for row in data[name].values]
        low, middle, high = np.percentile(np.diff(at_ends, axis=1), [25, 50, 75], 0)
        bars = np.stack([middle - low, high - middle])
        ax.errorbar(cycle + shift, middle, bars, fmt="o", ms=4, capsize=2,
                    color=colour, label=label)  # fmt: skip
    ax.set_xticks(cycle)
    ax.set_ylabel("energy of a cycle")
