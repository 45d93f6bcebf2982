"""The entropy of students along the ordered branch."""

from ...plots.style import bars_of, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record
from ...statistics import mean


@plots.register("ordered_entropy")
def draw_ordered_entropy(record: Record, fig: Figure) -> None:
    r"""$s$ and $f$ by integration of the energy, beside RS at c_eff. [THEORY TS-24]"""
    points = labels(record)
    fig.set_size_inches(9.2, 3.8)
    left, right = fig.subplots(1, 2)
    for label, data, colour in points:
        needed_by_plot(data, "entropy", "ordered_entropy")
        c, size = data["strength"].values, int(data["feature_count"])
        name = label or f"N = {size}"
        for ax, what in ((left, "entropy"), (right, "free_entropy")):
            seen = [mean(x) for x in data[what].values]
            middle, half = bars_of(seen)
            style = {"color": colour, "marker": "o", "ms": 5, "ls": ""}
            ax.errorbar(c, middle, half, capsize=2, lw=0.9, label=name, **style)
            theory = data[f"{what}_theory"].values[:, 0]
            ax.plot(c, theory, color=colour, lw=1.0)
    left.axhline(0, color=LIMIT, lw=0.7)
    left.set_ylabel("entropy $s$ of the ordered state, nats per spin")
    right.set_ylabel("free entropy $f$, nats per spin")
    left.plot([], [], color=LIMIT, lw=1.0, label="RS at $c_{eff}$")
    left.legend(loc="best")
    for ax in (left, right):
        ax.set_xlabel(r"signal $c = \alpha/T^2$")
