"""Energies in time, and the rise at every step."""

import numpy as np

from ..certificates import is_proved
from ..records import Record
from .style import COLOURS, Figure, labels, LIMIT, needed_by_plot, plots, TIME_LABEL


SHOWN = 6  # probes drawn one by one
COLUMNS = 3  # points drawn side by side; more than that share one pair of axes


@plots.register("energy")
def draw_energy(record: Record, fig: Figure) -> None:
    r"""$E(t)$, and below it $\Delta E$ at every accepted step with its limit. [KH21]

    Lines through every accepted step where the run kept them (`run.step_energies`),
    else through the samples. The time axis is logarithmic from the first step on, and
    linear before it, so that E(0) stands at 0. Many points of a sweep share one pair of
    axes, and one probe stands for each. Of a heat bath: the energy after every sweep.
    """
    if "energies" in record.data:
        _draw_heat_bath(record, fig)
        return
    points, log = labels(record), record.groups.get("step_log")
    shared = len(points) > COLUMNS
    columns, rows = 1 if shared else len(points), 1 if log is None else 2
    fig.set_size_inches(
        (6.4 if shared else 4.0 * columns) + 0.8, 3.6 if rows == 1 else 5.6
    )
    heights = {"height_ratios": [3, 2][:rows]}
    axes = fig.subplots(rows, columns, squeeze=False, sharex="col", gridspec_kw=heights)
    for i, (label, data, colour) in enumerate(points):
        column = 0 if shared else i
        steps = log if log is None or "point" not in log.dims else log.isel(point=i)
        colours = [colour] if shared else COLOURS[:SHOWN]
        names = [label] if shared else [f"probe {k}" for k in range(SHOWN)]
        _paths(axes[0, column], data, steps, colours, names)
        if steps is not None:
            _rises(axes[1, column], steps, colours)
            _scale_times(axes[0, column], steps)
        if not shared:
            axes[0, column].set_title(f"{label}\n{_heading(data)}".lstrip())
        axes[-1, column].set_xlabel(TIME_LABEL)
    if shared:
        heading = _heading(*(data for _, data, _ in points))
        axes[0, 0].set_title("probe 0 at each point; " + heading)
    axes[0, 0].set_ylabel(f"energy ${_symbol(points[0][1])}$")
    axes[0, 0].legend(ncols=1 if shared else 2)
    if log is not None:
        _scale_rises(axes[1], log)


def _draw_heat_bath(record: Record, fig: Figure) -> None:
    """Energies of the first starts of a heat bath; a dashed line ends what is burnt."""
    fig.set_size_inches(6.4, 3.6)
    ax, data = fig.subplots(), record.data
    time, paths = data["time"].values, data["energies"].values
    ax.plot(time, paths[SHOWN:64].T, color="#cccccc", lw=0.5, zorder=1)
    for k, (path, colour) in enumerate(zip(paths, COLOURS[:SHOWN], strict=False)):
        ax.plot(time, path, color=colour, label=f"start {k}")
    if (burn := int(data["burn"].values)) > 0:
        ax.axvline(burn + 0.5, color=LIMIT, lw=0.8, ls="--", label="means begin")
    ax.set_xlabel("time in sweeps")
    ax.set_ylabel(r"energy $-\Phi(s)$")
    ax.legend(loc="best", ncols=2)


def _symbol(data) -> str:
    return "E(v, h)" if np.any(data["gap"].values != 0) else "E(v)"


def _heading(*points) -> str:
    if not all("certified" in d for d in points):
        return "no audit was made"
    over = ~np.concatenate([d["certified"].values.astype(bool) for d in points])
    promised = "" if all(d["promised"].all() for d in points) else "NOT PROMISED; "
    proved = all(is_proved(d) for d in points)
    word = "certified to fall" if proved else "fell at every step"
    return f"{promised}{word} in {np.sum(~over)}/{over.size} probes"


def _paths(ax, data, steps, colours, names) -> None:
    time, paths = (
        needed_by_plot(data, "time", "energy"),
        needed_by_plot(data, "energy", "energy"),
    )
    if steps is None:
        if len(colours) > 1:
            ax.plot(time, paths[SHOWN:64].T, color="#cccccc", lw=0.5, zorder=1)
        for path, colour, name in zip(paths, colours, names, strict=False):
            ax.plot(time, path, color=colour, label=name)
        return
    logged = zip(steps["step_time"].values, steps["step_energy"].values, strict=True)
    between = "steps-post" if str(data["solver"].values) == "Sharp" else "default"
    for i, ((t, e), colour, name) in enumerate(
        zip(logged, colours, names, strict=False)
    ):
        t, e = t[np.isfinite(t)], e[np.isfinite(e)]
        t = np.concatenate([[0.0], t, data["end_time"].values[i : i + 1]])
        e = np.concatenate([paths[i, :1], e, paths[i, -1:]])
        ax.plot(t, e, ".-", ms=2.5, lw=0.9, color=colour, label=name, drawstyle=between)


def _scale_times(ax, steps) -> None:
    """0 and all decades: linear to the first step, unless another panel has more."""
    seen = steps["step_time"].values
    seen = seen[np.isfinite(seen) & (seen > 0)]
    if not seen.size:
        return
    first, last = float(np.min(seen)), float(ax.dataLim.x1)
    old = ax.get_xaxis().get_transform()
    first = min(first, getattr(old, "linthresh", first))  # points may share these axes
    ax.set_xscale("symlog", linthresh=first, linscale=0.5)
    ax.set_xlim(0, last * (last / first) ** 0.02)
    decades = 10.0 ** np.arange(np.floor(np.log10(first)), np.log10(last))
    if last / first < 100:
        decades = np.concatenate([decades, 2 * decades, 5 * decades])
    ticks = [x for x in sorted(decades) if 0.999 * first <= x <= last]
    plain = first > 1e-3 and last < 1e4
    told = [f"{x:g}" if plain else f"$10^{{{np.log10(x):.0f}}}$" for x in ticks]
    ax.set_xticks([0, *ticks], ["0", *told])
    ax.set_xticks([], minor=True)


def _rises(ax, steps, colours) -> None:
    time, rise, limit = (
        steps[name].values for name in ("step_time", "step_rise", "step_limit")
    )
    for i, colour in enumerate(colours[: len(time)]):
        ax.plot(time[i], rise[i], ".", ms=2.5, color=colour)
        ax.plot(time[i], limit[i], color=LIMIT, lw=0.6, alpha=0.7)


def _scale_rises(axes, log) -> None:
    """Signed decades down to the smallest limit; the same for all columns."""
    rise, limit = log["step_rise"].values, log["step_limit"].values
    floor = float(np.nanmin(limit))
    top = max(float(np.nanmax(rise)), float(np.nanmax(limit)))
    low = min(float(np.nanmin(rise)), -floor)
    down = np.floor(np.log10(-low)) - np.array([0.0, 4.0, 8.0])
    ticks = [-(10.0**p) for p in down if 10.0**p > 30 * floor]
    for ax in axes:
        ax.set_yscale("symlog", linthresh=floor)
        ax.set_ylim(10 * low, 1e5 * top)  # room for the legend
        ax.axhline(0, color=LIMIT, lw=0.5, ls=":")
        ax.set_yticks([*ticks, 0.0, 10.0 ** np.ceil(np.log10(top))])
        ax.minorticks_off()
    axes[0].plot([], [], color=LIMIT, lw=0.8, label="limit of a tolerated rise")
    axes[0].legend(loc="upper right")
    axes[0].set_ylabel(r"$\Delta E$ of each step")


@plots.register("gap")
def draw_gap(record: Record, fig: Figure) -> None:
    r"""$E(v,h)$, $E(v)$ and their gap $D_{L_h}(\xi g\|h)$, probe 0. [THEORY 1.4]"""
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
    top.set_title("probe 0 at each point" if len(top.lines) > 4 else "probe 0")
    top.set_ylabel("energy")
    low.set_ylabel("gap $E(v,h) - E(v)$")
    low.set_xlabel(TIME_LABEL)
    low.set_xlim(left=0)


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
        time, end = data["time"].values, data["end_time"].values[0]
        lines = [needed_by_plot(data, n, "gap")[0][time <= end] for n in names]
        yield label or None, time[time <= end], *lines
