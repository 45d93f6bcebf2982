"""Energies in time, and the rise at every step."""

import numpy as np

from ..records import Record
from ._style import COLOURS, Figure, labels, LIMIT, needed, plots, TIME_LABEL


SHOWN = 6  # probes drawn one by one


@plots.register("energy")
def energy(record: Record, fig: Figure) -> None:
    r"""$E(t)$, and below it $\Delta E$ at every accepted step with its limit. [KH21]"""
    points = labels(record)
    steps = record.groups.get("step_log")
    fig.set_size_inches(4.2 * min(len(points), 4) + 0.6, 5.2 if steps is not None else 3.4)
    shape = (2 if steps is not None else 1, min(len(points), 4))
    ratio = [3, 2][: shape[0]]
    axes = fig.subplots(
        *shape, squeeze=False, sharex="col", gridspec_kw={"height_ratios": ratio}
    )
    for column, (label, data, _) in enumerate(points[:4]):
        top = axes[0, column]
        time, paths = needed(data, "time", "energy"), needed(data, "energy", "energy")
        top.plot(time, paths[SHOWN:64].T, color="#cccccc", lw=0.5, zorder=1)
        for i, path in enumerate(paths[:SHOWN]):
            top.plot(time, path, color=COLOURS[i], label=f"probe {i}")
        last = float(np.nanmax(needed(data, "end_time", "energy")))
        top.set_xlim(0, max(last * 1.05, time[1]))
        top.set_title(_heading(label, data))
        if steps is not None:
            part = steps if "point" not in steps.dims else steps.isel(point=column)
            _rises(axes[1, column], part)
        axes[-1, column].set_xlabel(TIME_LABEL)
    kind = str(points[0][1]["promise"].values) if "promise" in points[0][1] else ""
    symbol = "E(v)" if kind.startswith("adiabatic") else "E(v, h)"
    axes[0, 0].set_ylabel(f"energy ${symbol}$")
    axes[0, 0].legend(ncols=2)
    if steps is not None:
        axes[1, 0].set_ylabel(r"$\Delta E$ of each step")


def _heading(label: str, data) -> str:
    over = data["worst_excess"].values > 0
    promised = bool(data["promised"])
    kept = f"{np.sum(~over)}/{over.size}"
    word = "fell at every step" if promised else "NOT PROMISED; fell at every step"
    return f"{label + ': ' if label else ''}{word} in {kept} probes"


def _rises(ax, steps) -> None:
    time, rise = steps["step_time"].values, steps["step_rise"].values
    limit = steps["step_limit"].values
    finite = np.isfinite(rise)
    floor = float(np.min(limit[finite])) if np.any(finite) else 1e-12
    ax.set_yscale("symlog", linthresh=floor)
    for i in range(len(time)):
        ax.plot(time[i], rise[i], ".", ms=2.5, color=COLOURS[i % len(COLOURS)])
    for i in range(len(time)):
        ax.plot(time[i], limit[i], color=LIMIT, lw=0.5, alpha=0.6)
    ax.plot([], [], color=LIMIT, lw=0.8, label="limit of a tolerated rise")
    ax.axhline(0, color=LIMIT, lw=0.5, ls=":")
    top = max(float(np.max(rise[finite])), float(np.max(limit[finite])))
    low = min(float(np.min(rise[finite])), -floor)
    ax.set_ylim(10 * low, 100 * max(top, floor))
    down = np.floor(np.log10(-low)) + np.array([0.0, -4.0, -8.0])
    down = [-(10.0**p) for p in down if 10.0**p > 30 * floor]
    ax.set_yticks([*down, 0.0, 10.0 ** np.ceil(np.log10(top))])
    ax.minorticks_off()
    ax.legend(loc="lower right")


@plots.register("gap")
def gap(record: Record, fig: Figure) -> None:
    r"""$E(v,h)$, $E(v)$ and their gap $D_{L_h}(\xi g\|h)$, one probe. [THEORY 1.4]"""
    fig.set_size_inches(6.4, 5.2)
    top, low = fig.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 2]})
    for i, (label, time, full, effective, excess) in enumerate(_gaps(record)):
        colour = COLOURS[i % len(COLOURS)]
        top.plot(time, full, color=colour, label=label)
        top.plot(time, effective, color=colour, ls=":")
        shown = excess > 1e-15 * np.max(np.abs(full))
        low.semilogy(time[shown], excess[shown], color=colour)
    top.plot([], [], color=LIMIT, label="$E(v, h)$, both layers")
    top.plot([], [], color=LIMIT, ls=":", label="$E(v)$, memories slaved")
    top.legend(ncols=2)
    top.set_ylabel("energy")
    low.set_ylabel("gap $E(v,h) - E(v)$")
    low.set_xlabel(TIME_LABEL)


def _gaps(record: Record):
    if "tau" in record.data.dims:
        data = record.data
        for k, tau in enumerate(data["tau_memory"].values):
            yield (
                rf"$\tau_h = {tau:.3g}\,\tau_f$",
                data["time"].values,
                *(data[n].values[k, 0] for n in ("energy", "effective_energy", "gap")),
            )
        return
    for label, data, _ in labels(record):
        names = ("energy", "effective_energy", "gap")
        lines = [needed(data, n, "gap")[0] for n in names]
        yield label or "probe 0", data["time"].values, *lines
