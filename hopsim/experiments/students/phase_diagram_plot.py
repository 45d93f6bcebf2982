"""Phase diagram of teacher and student: regimes, lines of theory, and samples."""

import numpy as np

from ...plots.style import Figure, labels, needed_by_plot, plots
from ...records import Dataset, Record


WORDS = {
    "P": "nothing is learnt",
    "lR": "the pattern is stable",
    "gR": "the pattern is typical",
    "eR": "examples are prototypes",
}
SHADES = ("#F1F1F1", "#F6DFA6", "#BFDDEE", "#D9CBE6")
MARKS = {0: "o", 1: "s", 2: "^", 3: "D"}
SEEN = ("lost from the pattern", "kept from the pattern", "also found from random",
        "overlap with examples")  # fmt: skip


@plots.register("phase_diagram")
def draw_phase_diagram(record: Record, fig: Figure) -> None:
    r"""Regimes of load $\alpha$ and $T = T_s$ with their lines $\alpha = cT^2$. [TT24]

    Symbols are cells that were sampled: colour is the overlap $q^*$ of students that
    start at the pattern, shape the outcome in most sets of examples.
    """
    points = labels(record)
    fig.set_size_inches(7.6, 0.5 + 4.9 * len(points))
    axes = np.atleast_1d(fig.subplots(len(points), 1)).ravel()
    for ax, (label, data, _) in zip(axes, points, strict=True):
        _regimes(ax, data)
        _lines(ax, data)
        _samples(fig, ax, data)
        n, size = int(data["vertex"]), int(data["features"])
        many = data.sizes.get("draw", 0) if data.sizes.get("cell", 0) else 0
        drawn = f", symbols N = {size}, {many} data sets" if many else ", theory alone"
        ax.set_title(f"{label}{': ' if label else ''}n = {n}{drawn}", fontsize=9)
        ax.set_ylabel("temperature $T = T_s$")
        ax.set_xlabel(r"load $\alpha = M\,n!/N^{n-1}$")


def _regimes(ax, data: Dataset) -> None:
    from matplotlib.colors import ListedColormap

    regime = needed_by_plot(data, "regime", "phase_diagram")
    load, t = data["load"].values, data["temperature"].values
    ax.pcolormesh(
        load, t, regime, cmap=ListedColormap(SHADES), vmin=-0.5, vmax=3.5,
        shading="nearest", rasterized=True,
    )  # fmt: skip
    ax.set_xlim(0, load[-1])
    ax.set_ylim(0, t[-1])
    top, right, edge = t[-1], load[-1], _first(data, "T_eR")
    c_d, c_c = _first(data, "c_d"), _first(data, "c_c")
    # a name stands where its regime is wide; a narrow lR has a pointer
    high = min(0.97 * np.sqrt(right / c_c), 0.93 * top)
    wide = (c_c - c_d) * high**2 > 0.15 * right
    at = {
        "P": (0.4 * c_d * (0.9 * top) ** 2, 0.93 * top),
        "eR": (0.24 * right, 0.42 * edge),
        "gR": (0.84 * right, 1.09 * edge),
        "lR": (0.5 * (c_d + c_c) * high**2, high),
    }
    for name, (x, y) in at.items():
        text = f"{name}: {WORDS[name]}"
        style = {"fontsize": 9.5, "va": "center", "color": "#222222"}
        if name == "lR" and not wide:
            style["arrowprops"] = {"arrowstyle": "-", "lw": 0.7, "color": "#222222"}
            ax.annotate(text, (x, y), (x - 0.1 * right, y + 0.02 * top), ha="right",
                        **style)  # fmt: skip
        else:
            ax.text(x, y, text, ha="center", **style)


def _lines(ax, data: Dataset) -> None:
    c_d, c_c = _first(data, "c_d"), _first(data, "c_c")
    t_er, top = _first(data, "T_eR"), float(data["temperature"].values[-1])
    t, cold = np.linspace(t_er, top, 200), np.linspace(0, t_er, 100)
    for c, style, text in (
        (c_d, "-", rf"$c_d T^2$, $c_d = {c_d:.4f}$"),
        (c_c, "-", rf"$c_c T^2$, $c_c = {c_c:.4f}$"),
    ):
        colour = "#D55E00" if c == c_d else "#0072B2"
        ax.plot(c * t**2, t, style, color=colour, lw=1.5, label=text)
        # continued below T_eR, for a teacher that is not aligned
        ax.plot(c * cold**2, cold, color=colour, lw=0.7, ls=":")
    limit = float(data["c_limit"])
    if abs(c_c / limit - 1) < 0.01:  # only for large n
        text = r"$2\log 2\,T^2$, $n\to\infty$"
        ax.plot(limit * t**2, t, "--", color="#000000", lw=0.9, label=text)
    right = ax.get_xlim()[1]
    ax.plot([0, right], [t_er, t_er], color="#7B4FA0", lw=1.5,
            label=rf"$T_{{eR}} = {t_er:.4f}$")  # fmt: skip
    t_sp = _first(data, "T_sp")
    if t_sp < top:
        ax.plot([0, right], [t_sp, t_sp], color="#7B4FA0", lw=0.9, ls="-.",
                label=rf"$T_{{sp}} = {t_sp:.4f}$")  # fmt: skip
    triple = _first(data, "triple_load")
    text = rf"triple point, $\alpha = {triple:.3f}$"
    ax.plot([triple], [t_er], "*", color="#000000", ms=9, label=text)
    for c, level in zip(data["level_signal"].values, data["level"].values, strict=True):
        if c <= c_d * (1 + 1e-6) or c * t_er**2 > right:
            continue
        ax.plot(c * t**2, t, color="#666666", lw=0.6)
        high = 0.99 * np.sqrt(right / c)  # where the line leaves the picture
        side, shift = ("right", (-2, 4)) if high < 0.9 * top else ("left", (3, -7))
        high = min(high, 0.75 * top) if side == "left" else high
        ax.annotate(f"$q^*={level:g}$", (c * high**2, high), shift, fontsize=7.5,
                    textcoords="offset points", ha=side)  # fmt: skip


def _samples(fig, ax, data: Dataset) -> None:
    cells = data.sizes.get("cell", 0)
    bar = None
    if cells:
        kept = np.abs(data["q_kept"].values).mean(axis=1)
        seen = data["seen"].values.astype(int)
        for k, mark in MARKS.items():
            here = [i for i in range(cells) if np.argmax(np.bincount(seen[i])) == k]
            x, y = (data[f"cell_{a}"].values[here] for a in ("load", "temperature"))
            style = {"cmap": "viridis", "vmin": 0, "vmax": 1, "zorder": 5}
            bar = ax.scatter(x, y, c=kept[here], marker=mark, s=46, lw=0.8,
                             edgecolors="white", **style)  # fmt: skip
            if here:
                ax.plot([], [], mark, color="#555555", ms=5, label=SEEN[k])
        fig.colorbar(bar, ax=ax, label=r"sampled $q^*$ from the pattern", pad=0.015)
    ax.legend(loc="lower right", ncols=2, fontsize=8)


def _first(data: Dataset, name: str) -> float:
    """A number of theory, which is stored with each set of examples."""
    return float(data[name].values.flat[0])
