"""What a grid of cells has measured: curves of one axis, maps of two and three."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..records import Axis, Record
from ._scalars import gridded, Scalar, scalars
from ._swept_axes import SweptAxis
from .style import COLOURS, Figure, LIMIT, plots, whole


COLUMNS = 3  # of panels
PANELS = 8  # values of a third axis that are drawn side by side
# by code of `cell_state`: words and hatches
NOT_DONE = {1: ("missing", "////"), 2: ("failed", "xxxx")}
UNKNOWN, HATCHED = "#EEEEEE", "#888888"

whole.add("grid")


@plots.register("grid")
def draw_grid(
    record: Record, fig: Figure, variable: str | Sequence[str] | None = None
) -> None:
    r"""Shares $p$ and means in the cells of a sweep of one to three axes. [hopsim]

    One axis: a curve with intervals of 95 %, and a line for the variable
    `<name>_theory`. Two: a map, with the contour $p = 1/2$ (dashed: theory).
    Three: a map for each value of the third. Cells that are missing or have failed are
    hatched. `variable` names what is shown, by default up to six shares and pure
    numbers that vary from cell to cell.
    """
    record = gridded(record)
    axes = record.axes or _variants(record)
    if not axes:
        raise ValueError(
            "The plot 'grid' needs 'label', the points of a sweep or of variants, "
            "which this record does not hold."
        )
    if len(axes) > 3:
        _too_many(axes, f"up to three axes, got {len(axes)}")
    if len(axes) == 3 and len(axes[2].values) > PANELS:
        _too_many(axes, f"up to {PANELS} values of a third axis")
    found = scalars(record, axes, variable)
    if not found:
        raise ValueError(
            "The plot 'grid' needs 'variable', something with one number in each cell, "
            "which this record does not hold."
        )
    swept = [SweptAxis(axis) for axis in axes]
    state = _states(record, swept)
    if len(axes) == 1:
        _draw_curves(fig, swept[0], state, found)
    elif len(axes) == 2:
        _draw_maps(fig, swept, state, found)
    else:
        _draw_rows_of_maps(fig, swept, state, found)


def _variants(record: Record) -> tuple[Axis, ...]:
    """Points without axes, side by side with their labels."""
    if "point" not in record.data.dims or "label" not in record.data:
        return ()
    return (Axis("point", ("variant",), record.labels()),)


def _too_many(axes: Sequence[Axis], words: str) -> None:
    last = axes[-1]
    value = last.along()[0]
    told = f"{last.name}={value!r}" if last.name.isidentifier() else f"{{{last.name!r}:"
    told = told if last.name.isidentifier() else f"{told} {value!r}}}"
    raise ValueError(
        f"The plot 'grid' shows {words} ({', '.join(a.name for a in axes)}); draw "
        f"hopsim.Record(record.data.sel({told})), say."
    )


def _states(record: Record, swept: Sequence[SweptAxis]) -> np.ndarray:
    """The codes of the cells in the order in which they are drawn."""
    names = [one.axis.name for one in swept]
    shape = [len(one.axis.values) for one in swept]
    if "cell_state" not in record:
        return np.zeros(shape, int)
    return _ordered(record["cell_state"].transpose(*names).values, swept)


def _ordered(values: np.ndarray, swept: Sequence[SweptAxis]) -> np.ndarray:
    for dim, one in enumerate(swept):
        values = one.ordered(values, dim)
    return values


# --- one axis -------------------------------------------------------------------------


def _draw_curves(
    fig: Figure, swept: SweptAxis, state: np.ndarray, found: list[Scalar]
) -> None:
    columns = min(COLUMNS, len(found))
    rows = -(-len(found) // columns)
    fig.set_size_inches(3.3 * columns + 0.6, 2.9 * rows + 0.3)
    axes = fig.subplots(rows, columns, squeeze=False, sharex=True)
    for ax, scalar in zip(axes.flat, found, strict=False):
        swept.prepare(ax, across=True)
        ends = scalar.ends()
        _draw_curve(ax, swept, scalar, ends)
        _mark_not_done(ax, swept, state)
        ax.set_ylabel(scalar.words)
        ax.set_title("" if ends is None else scalar.interval, fontsize=7.5)
        if ax.get_legend_handles_labels()[0]:
            ax.legend(loc="best", fontsize=7)
    _leave_blank(axes, len(found))
    for ax in _lowest(axes, len(found)):
        swept.name(ax, across=True)


def _draw_curve(
    ax: Any, swept: SweptAxis, scalar: Scalar, ends: np.ndarray | None
) -> None:
    """Means with their intervals, and the line of theory."""
    x, y = swept.at, swept.ordered(scalar.values, 0)
    line = "o-" if swept.numbers else "o"
    style: dict[str, Any] = {"color": COLOURS[0], "ms": 4, "lw": 1.1}
    if ends is not None:
        low, high = swept.ordered(ends, 0).T
        if swept.numbers and not scalar.share:
            ax.fill_between(x, low, high, color=COLOURS[0], alpha=0.2, lw=0)
        else:
            reach = np.maximum([y - low, high - y], 0)
            ax.errorbar(x, y, reach, fmt="none", ecolor=COLOURS[0], capsize=2, lw=0.8)
    ax.plot(x, y, line, **style)
    if scalar.theory is not None:
        known: dict[str, Any] = {"color": LIMIT, "lw": 1.1, "label": "theory"}
        known |= {"ls": "--"} if swept.numbers else {"ls": "", "marker": "_", "ms": 16}
        ax.plot(x, swept.ordered(scalar.theory, 0), **known)
    if scalar.share:
        ax.set_ylim(-0.04, 1.04)


def _mark_not_done(ax: Any, swept: SweptAxis, state: np.ndarray) -> None:
    """Hatched strips where cells are missing or have failed."""
    edges = swept.edges()
    for code, (word, hatch) in NOT_DONE.items():
        for number, k in enumerate(np.flatnonzero(state == code)):
            told = {"label": f"{word}: {np.sum(state == code)}"} if not number else {}
            style = {"fc": UNKNOWN, "ec": HATCHED, "hatch": hatch, "lw": 0, "zorder": 0}
            ax.axvspan(edges[k], edges[k + 1], **style, **told)


# --- two and three axes ---------------------------------------------------------------


def _draw_maps(
    fig: Figure, swept: list[SweptAxis], state: np.ndarray, found: list[Scalar]
) -> None:
    columns = min(COLUMNS, len(found))
    rows = -(-len(found) // columns)
    fig.set_size_inches(3.8 * columns + 0.4, 3.1 * rows + 0.5)
    axes = fig.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for ax, scalar in zip(axes.flat, found, strict=False):
        values = _ordered(scalar.values, swept)
        theory = None if scalar.theory is None else _ordered(scalar.theory, swept)
        image = _draw_map(ax, swept, values, theory, scalar, _limits(scalar))
        _hatch(ax, swept, state)
        fig.colorbar(image, ax=ax, label=scalar.words)
    _leave_blank(axes, len(found))
    for ax in _lowest(axes, len(found)):
        swept[0].name(ax, across=True)
    for ax in axes[:, 0]:
        swept[1].name(ax, across=False)
    _explain(fig, swept, state, found)


def _draw_rows_of_maps(
    fig: Figure, swept: list[SweptAxis], state: np.ndarray, found: list[Scalar]
) -> None:
    count = len(swept[2].texts)
    fig.set_size_inches(2.1 * count + 1.8, 2.2 * len(found) + 0.7)
    axes = fig.subplots(len(found), count, squeeze=False, sharex=True, sharey=True)
    for row, scalar in zip(axes, found, strict=True):
        values, limits = _ordered(scalar.values, swept), _limits(scalar)
        theory = None if scalar.theory is None else _ordered(scalar.theory, swept)
        image = None
        for k, ax in enumerate(row):
            line = None if theory is None else theory[..., k]
            image = _draw_map(ax, swept, values[..., k], line, scalar, limits)
            _hatch(ax, swept, state[..., k])
        fig.colorbar(image, ax=row, label=scalar.words, fraction=0.03)
    for k, ax in enumerate(axes[0]):
        ax.set_title(f"{swept[2].symbol} = {swept[2].texts[k]}", fontsize=8)
    for ax in axes[-1]:
        swept[0].name(ax, across=True)
    fig.supylabel(swept[1].label, fontsize=9)
    _explain(fig, swept, state, found)


def _limits(scalar: Scalar) -> tuple[float, float]:
    """The ends of the colours."""
    if scalar.share:
        return 0.0, 1.0
    known = scalar.values[np.isfinite(scalar.values)]
    return (float(np.min(known)), float(np.max(known))) if known.size else (0.0, 1.0)


def _draw_map(
    ax: Any,
    swept: Sequence[SweptAxis],
    values: np.ndarray,
    theory: np.ndarray | None,
    scalar: Scalar,
    limits: tuple[float, float],
) -> Any:
    """Coloured cells, and the contour of 1/2 of a share and of its theory."""
    x, y = swept[0], swept[1]
    ax.set_facecolor(UNKNOWN)
    x.prepare(ax, across=True)
    y.prepare(ax, across=False)
    colours = {"cmap": "viridis", "vmin": limits[0], "vmax": limits[1]}
    shown = np.ma.masked_invalid(values.T)
    image = ax.pcolormesh(x.edges(), y.edges(), shown, rasterized=True, **colours)
    if scalar.share and x.numbers and y.numbers:
        for numbers, style in ((values, "-"), (theory, "--")):
            if numbers is not None and _crosses_half(numbers):
                drawn = np.ma.masked_invalid(numbers.T)
                line = {"colors": "white", "linewidths": 1.4, "linestyles": style}
                ax.contour(x.at, y.at, drawn, levels=[0.5], **line)
    return image


def _crosses_half(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    wide = min(values.shape) >= 2 and known.size > 0
    return bool(wide and np.min(known) < 0.5 < np.max(known))


def _hatch(ax: Any, swept: Sequence[SweptAxis], state: np.ndarray) -> None:
    """Hatches cells that are missing or have failed."""
    from matplotlib.collections import PolyCollection

    x, y = swept[0].edges(), swept[1].edges()
    for code, (_, hatch) in NOT_DONE.items():
        corners = [
            [(x[i], y[k]), (x[i + 1], y[k]), (x[i + 1], y[k + 1]), (x[i], y[k + 1])]
            for i, k in np.argwhere(state == code)
        ]
        if corners:
            style = {"facecolor": UNKNOWN, "edgecolor": HATCHED, "linewidth": 0}
            ax.add_collection(PolyCollection(corners, hatch=hatch, **style))


def _explain(
    fig: Figure, swept: Sequence[SweptAxis], state: np.ndarray, found: list[Scalar]
) -> None:
    """What hatches and lines mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines = swept[0].numbers and swept[1].numbers
    shares = [s for s in found if s.share and lines and _crosses_half(s.values)]
    line = {"color": "#BBBBBB", "lw": 1.4}
    handles: list[Any] = [Line2D([], [], label="share 1/2", **line)] if shares else []
    if any(s.theory is not None for s in shares):
        handles.append(Line2D([], [], ls="--", label="1/2 in theory", **line))
    for code, (word, hatch) in NOT_DONE.items():
        if count := int(np.sum(state == code)):
            style = {"fc": UNKNOWN, "ec": HATCHED, "hatch": hatch, "lw": 0}
            handles.append(Patch(label=f"{word}: {count}", **style))
    if handles:
        fig.legend(handles=handles, loc="outside lower right", ncols=len(handles))


# --- panels ---------------------------------------------------------------------------


def _leave_blank(axes: np.ndarray, used: int) -> None:
    for ax in axes.flat[used:]:
        ax.set_axis_off()


def _lowest(axes: np.ndarray, used: int) -> list[Any]:
    """The lowest panel that is used of each column; it shows the numbers."""
    columns = axes.shape[1]
    lowest = [axes.flat[k] for k in range(max(used - columns, 0), used)]
    for ax in lowest:
        ax.tick_params(labelbottom=True)
    return lowest
