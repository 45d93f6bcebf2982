"""Spectra of the two-layer flow: dense eigenvalues and the closed form."""

import numpy as np

from ...plots.style import (
    BAD,
    draw_cumulative,
    Figure,
    GOOD,
    labels,
    LIMIT,
    needed_by_plot,
    plots,
)
from ...records import Record


COLUMNS = 3
SHOWN = 64  # states of each point


@plots.register("spectrum")
def draw_spectrum(record: Record, fig: Figure) -> None:
    r"""$\lambda$ by LAPACK against $\lambda_k^\pm(s_k)$, with $|Im|$. [CL-07]

    Each panel is a point; the curves at the right are cumulative shares of states, by
    largest imaginary part and by distance. Of attractors: the eigenvalues of each.
    """
    if "closed" not in record.data and "eigenvalues" in record.data:
        _draw_each(record, fig)
        return
    points = labels(record)
    columns = min(COLUMNS, len(points))
    rows = -(-len(points) // columns)
    fig.set_size_inches(2.7 * columns + 3.2, 2.0 * rows + 0.6)
    left, right = fig.subfigures(1, 2, width_ratios=[2.7 * columns, 3.2])
    axes = np.atleast_1d(left.subplots(rows, columns)).ravel()
    for ax, (label, data, _) in zip(axes, points, strict=False):
        closed = needed_by_plot(data, "closed", "spectrum")[:SHOWN].ravel()
        found = data["numerical"].values[:SHOWN].ravel()
        wide = float(np.max(np.abs(closed))) > 50
        span = np.array([np.min(closed), np.max(closed)])
        ax.plot(span, span, color=LIMIT, lw=0.7, zorder=0)
        ax.plot(closed, found, ".", ms=2.5, color=GOOD, rasterized=True)
        for axis in ("x", "y") if wide else ():
            getattr(ax, f"set_{axis}scale")("symlog", linthresh=1)
            _few_ticks(getattr(ax, f"{axis}axis"), span)
        ax.set_title(label, fontsize=8)
        ax.tick_params(labelsize=7)
    for ax in axes[len(points) :]:
        ax.set_axis_off()
    left.supxlabel(r"closed form $\lambda^\pm(s_k)\cdot\tau_f$", fontsize=9)
    left.supylabel(r"dense solver $\mathrm{Re}\,\lambda\cdot\tau_f$", fontsize=9)
    _errors(right.subplots(), record)


def _draw_each(record: Record, fig: Figure) -> None:
    """The eigenvalues of every fixed point, in the order of the table."""
    points = labels(record)
    most = max(data.sizes["attractor"] for _, data, _ in points)
    fig.set_size_inches(4.2 * len(points) + 1.4, min(1.4 + 0.22 * most, 9))
    axes = fig.subplots(1, len(points), squeeze=False, sharey=True)[0]
    for ax, (label, data, _) in zip(axes, points, strict=True):
        values = data["eigenvalues"].values
        stable = data["stable"].values.astype(bool)
        rows = np.arange(len(values))[:, None] + 0 * values
        for chosen, colour, word in (
            (stable, GOOD, "attracts"),
            (~stable, BAD, "does not attract"),
        ):
            if np.any(chosen):
                style = {"ms": 7, "mew": 0.9, "color": colour, "label": word}
                ax.plot(values[chosen].ravel(), rows[chosen].ravel(), "|", **style)
        ax.axvline(0, color=LIMIT, lw=0.8, ls="--", zorder=0)
        ax.set_title(label)
        ax.set_xlabel(r"eigenvalues $\mathrm{Re}\,\lambda\cdot\tau_f$ (stable below 0)")
    axes[0].invert_yaxis()  # once: the axes share it
    axes[0].set_ylabel("row of the table of attractors")
    axes[0].yaxis.get_major_locator().set_params(integer=True)
    handles = {}
    for ax in axes:
        handles |= dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    fig.legend(handles.values(), handles, loc="outside right upper")


def _few_ticks(axis, span: np.ndarray) -> None:
    """Ticks at zero and at the decades of both ends, few for a symlog axis."""
    ticks = [0.0]
    for end in span:
        decade = np.floor(np.log10(max(abs(end), 1)))
        ticks += [np.sign(end) * 10.0**decade] if decade >= 1 else []
    axis.set_ticks(sorted(set(ticks)))
    axis.set_ticks([], minor=True)


def _errors(ax, record: Record) -> None:
    for name, colour, text in (
        ("closed_error", GOOD, "distance to the closed form"),
        ("imaginary", BAD, r"largest $|\mathrm{Im}\,\lambda|$"),
    ):
        for i, (_, data, _) in enumerate(labels(record)):
            named = text if i == 0 else None
            style = {"color": colour, "lw": 0.8, "alpha": 0.7, "label": named}
            draw_cumulative(ax, data[name].values, **style)
    ax.axvline(1e-12, color=LIMIT, ls=":", lw=0.8)
    ax.text(7e-13, 0.5, "tolerance", fontsize=7, rotation=90, ha="right", va="center")
    ax.set_xscale("log")
    ax.set_xlabel("relative to the norm of the Jacobian")
    ax.set_ylabel("share of states")
    ax.figure.legend(loc="outside upper right", fontsize=8)
