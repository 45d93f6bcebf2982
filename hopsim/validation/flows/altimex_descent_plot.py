"""AltIMEX steps: energies and largest rises, by step size."""

import numpy as np

from ...plots.style import BAD, COLOURS, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record


@plots.register("altimex_descent", formerly=("step_sizes",))
def draw_altimex_descent(record: Record, fig: Figure) -> None:
    r"""$E$ along AltIMEX runs of one start, and the largest rise of every run. [CL-11]

    The left panel is of the first point of a sweep or of variants.
    """
    import matplotlib as mpl

    fig.set_size_inches(8.6, 3.9)
    one, two = fig.subplots(1, 2)
    points = labels(record)
    label, data, _ = points[0]
    energy, ladder = (
        needed_by_plot(data, "energy", "altimex_descent"),
        data["ladder"].values,
    )
    shades = mpl.colormaps["viridis"](np.linspace(0.0, 0.85, len(ladder)))
    for path, dt, shade in zip(energy, ladder, shades, strict=True):
        times = dt * np.arange(1, len(path))
        one.plot(times, path[1:], ".-", ms=3, color=shade, label=f"{dt:g}")
    one.axhline(energy[0, 0], color=LIMIT, lw=0.7, ls=":")
    one.text(0.99, energy[0, 0], "start ", transform=one.get_yaxis_transform(),
             ha="right", va="bottom", fontsize=7, color=LIMIT)  # fmt: skip
    one.set_xscale("log")
    one.set_xlabel(r"time $t\,/\,\tau_f$")
    one.set_ylabel(r"energy $E(v, h)$")
    one.set_title(f"one start of {label}" if label else "one start")
    one.legend(title=r"step $dt\,/\,\tau_f$", loc="best")
    for i, (label, data, _) in enumerate(points):
        two.plot(
            data["dt"].values,
            data["rise"].values,
            "o^sDv"[i // len(COLOURS)],
            ms=2.5,
            alpha=0.6,
            mew=0,
            color=COLOURS[i % len(COLOURS)],
            label=label or None,
        )
    two.axhline(64, color=BAD, lw=0.9)
    two.text(0.99, 74, "limit ", transform=two.get_yaxis_transform(), ha="right",
             va="bottom", fontsize=7, color=BAD)  # fmt: skip
    two.axhline(0, color=LIMIT, lw=0.7, zorder=0)
    two.set_xscale("log")
    two.set_yscale("symlog", linthresh=1)
    two.set_ylim(top=400)
    # a linear stretch about 0: rounding; far below it, energies that truly fall
    two.set_yticks([-1e12, -1e8, -1e4, -1, 0, 1, 10, 100])
    two.set_xlabel(r"step $dt\,/\,\tau_f$")
    two.set_ylabel(r"largest rise of a run, in $\epsilon\,S_E$")
    if len(points) > 1:
        handles, names = two.get_legend_handles_labels()
        fig.legend(handles, names, loc="outside right upper", markerscale=2)
