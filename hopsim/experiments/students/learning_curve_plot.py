"""The overlap of students with the pattern, against the load of examples."""

import numpy as np

from ...plots.style import bars_of, Figure, labels, LIMIT, MARKS, needed_by_plot, plots
from ...records import Dataset, Record
from ...statistics import mean


@plots.register("learning_curve")
def draw_learning_curve(record: Record, fig: Figure) -> None:
    r"""$q^*$ against $\alpha/T^2$ (M/N for n = 2); 95 % over data sets. [TS-17, TS-18]

    Lines are theory, solid for infinite N and dotted at $c_{eff}$; for even n the dots
    are $|q^*|$, which does not fall below some $1/\sqrt N$.
    """
    fig.set_size_inches(6.8, 4.4)
    ax = fig.subplots()
    points, drawn = labels(record), set()
    for k, (label, data, colour) in enumerate(points):
        n = int(data["vertex"])
        unit = float(data["temperature"]) ** 2 / 2 if n == 2 else 1.0
        name = "overlap" if n % 2 else "unsigned"
        values = needed_by_plot(data, name, "learning_curve")
        seen = [mean(row) for row in values]
        middle, half = bars_of(seen)
        at = data["c"].values * unit
        style = {"ls": "", "ms": 4, "capsize": 2, "lw": 0.9, "color": colour}
        words = label or f"n = {n}"
        ax.errorbar(
            at, middle, half, marker=MARKS[k % len(MARKS)], label=words, **style
        )
        if _law(data) not in drawn:  # two kinds of start may share it
            line = data["line_c"].values * unit
            ax.plot(line, _cut(data["line_theory"].values), color=colour, lw=1.1)
            if float(data["signal_ratio"]) != 1:
                finite = _cut(data["line_finite"].values)
                ax.plot(line, finite, color=colour, lw=0.9, ls=":")
            drawn.add(_law(data))
    ax.axhline(0, color=LIMIT, lw=0.6)
    ax.set_xlim(left=0)
    ax.set_ylim(min(-0.08, ax.get_ylim()[0]), 1.04)
    pairs = int(points[0][1]["vertex"]) == 2
    ax.set_xlabel("examples per spin $M/N$" if pairs else r"$c = \alpha/T^2$")
    even = all(int(data["vertex"]) % 2 == 0 for _, data, _ in points)
    symbol = "|q^*|" if even else "q^*"
    ax.set_ylabel(f"overlap ${symbol}$ with the teacher's pattern")
    ax.plot([], [], color=LIMIT, lw=1.1, label="theory")
    if any(float(data["signal_ratio"]) != 1 for _, data, _ in points):
        ax.plot([], [], color=LIMIT, lw=0.9, ls=":", label="theory at $c_{eff}$")
    ax.legend(loc="best", fontsize=8)


def _law(data: Dataset) -> tuple:
    names = ("vertex", "hamiltonian", "temperature")
    return tuple(data[name].values.item() for name in names)


def _cut(q: np.ndarray) -> np.ndarray:
    """The curve with NaN where it jumps, so that no line is drawn across."""
    jumps = np.flatnonzero(np.abs(np.diff(q)) > 0.3)
    found = q.copy()
    found[jumps] = np.nan
    return found
