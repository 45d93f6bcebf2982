"""The plane of load and student temperature at one temperature of the teacher."""

import numpy as np

from ...plots.style import BAD, Figure, GOOD, labels, LIMIT, needed_by_plot, plots
from ...records import Dataset, Record


SHADES = {
    "P": "#FFFFFF",
    "lR": "#DCEBF7",
    "gR": "#A9CDE8",
    "eR": "#F7DFC8",
    "SG": "#E4E4E4",
}
WORDS = {
    "P": "paramagnet",
    "lR": "local retrieval",
    "gR": "global retrieval",
    "eR": "example retrieval",
    "SG": "spin glass",
}


@plots.register("fixed_teacher")
def draw_fixed_teacher(record: Record, fig: Figure) -> None:
    r"""$T$ against $\alpha$ at fixed $T_s$: lines by replica symmetry, and by 1RSB.

    Dotted: $T_d$ and $T_K$ of the glass, $\alpha = c_d T^2$ and $c_c T^2$. The vertical
    is $c_c T_s^2$; the hollow dot lies on the Nishimori line. [THEORY TRAP 2, TS-07]
    """
    from matplotlib.colors import BoundaryNorm, ListedColormap

    (_, data, _), *_ = labels(record)
    teachers = needed_by_plot(data, "teacher_temperature", "fixed_teacher")
    fig.set_size_inches(max(7.4, 0.7 + 4.6 * len(teachers)), 5.2)
    axes = np.atleast_1d(fig.subplots(1, len(teachers)))
    for k, ax in enumerate(axes):
        if "regime" in data:
            names = [str(x) for x in data["regime_name"].values]
            shades = ListedColormap([SHADES[name] for name in names])
            norm = BoundaryNorm(np.arange(len(names) + 1) - 0.5, len(names))
            load, t = data["plane_load"].values[k], data["plane_temperature"].values[k]
            regime = data["regime"].values[k]
            extent = (0, load[-1] + load[0], 0, t[-1] + (t[-1] - t[-2]) / 2)
            style = {"origin": "lower", "aspect": "auto", "interpolation": "nearest"}
            ax.imshow(regime, cmap=shades, norm=norm, extent=extent, zorder=0, **style)
            for number, name in enumerate(names):
                _name(ax, regime == number, load, t, name)
        _lines(ax, data, k)
        ax.set_title(f"teacher at $T_s = {teachers[k]:g}$, n = {int(data['vertex'])}")
        ax.set_xlabel(r"load $\alpha = M n!/N^{n-1}$")
    axes[0].set_ylabel("temperature $T$ of the student")
    handles, names = axes[0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower right", ncols=2, fontsize=7.5)


def _lines(ax, data: Dataset, k: int) -> None:
    t = data["temperature"].values[k]
    teacher = float(data["teacher_temperature"].values[k])
    c_d, c_c = float(data["c_d"]), float(data["c_c"])
    right = ax.get_xlim()[1] if "regime" in data else 2 * c_c * teacher**2
    top = ax.get_ylim()[1] if "regime" in data else 1.05 * t[-1]
    ax.plot(data["spinodal"].values[k], t, color=GOOD, label="stable: lR")
    liquid = data["beside_liquid"].values[k]
    ax.plot(liquid, t, color=BAD, ls="--", label="typical beside the paramagnet (RS)")
    typical = data["typical"].values[k]
    ax.plot(typical, t, color="black", lw=1.8, label="typical beside the glass: gR")
    wrong = np.where(data["entropy"].values[k] < 0, typical, np.nan)
    if np.any(np.isfinite(wrong)):
        words = "RS entropy < 0: not to be trusted"
        ax.plot(wrong, t, color=BAD, lw=3.5, alpha=0.5, label=words)
    ax.axvline(c_c * teacher**2, color=LIMIT, lw=0.8, label=r"$c_c T_s^2$", zorder=1)
    every = np.linspace(0, top, 200)
    for number, c in enumerate((c_d, c_c)):
        words = "$T_d$, $T_K$ of the glass" if number else None
        ax.plot(c * every**2, every, color=LIMIT, ls=":", lw=0.9, label=words)
    ax.plot([c_c * teacher**2], [teacher], "o", ms=6, mfc="white", color="black")
    ax.set_xlim(0, right)
    ax.set_ylim(0, top)


def _name(ax, where: np.ndarray, load: np.ndarray, t: np.ndarray, name: str) -> None:
    """Write the label of a regime at its cell that is farthest from its edge."""
    if np.sum(where) < 0.004 * where.size:
        return
    depth, inside = np.zeros(where.shape), where.copy()
    while np.any(inside):
        depth += inside
        framed = np.pad(inside, 1)
        near = framed[:-2, 1:-1] & framed[2:, 1:-1] & framed[1:-1, :-2]
        inside = inside & near & framed[1:-1, 2:]
    row, column = np.unravel_index(np.argmax(depth), depth.shape)
    small = depth.max() < 0.07 * len(depth)
    words = name if small else f"{name}\n{WORDS[name]}"
    ax.text(load[column], t[row], words, ha="center", va="center", fontsize=8)
