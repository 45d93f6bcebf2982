"""The student as a spin glass: entropies, and where replica symmetry is wrong."""

from ...plots.style import COLOURS, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record


@plots.register("spin_glass")
def draw_spin_glass(record: Record, fig: Figure) -> None:
    r"""Entropy s, Parisi parameter m and overlap $q_1$ against $T/\sqrt\alpha$. [TS-21]

    Dashed: the paramagnet, whose entropy is negative below $T_K$ or soon thereafter.
    """
    (_, data, _), *_ = labels(record)
    entropy = needed_by_plot(data, "line_entropy", "spin_glass")
    t = data["line_temperature"].values
    fig.set_size_inches(8.6, 3.7)
    left, right = fig.subplots(1, 2, sharex=True)
    for k, n in enumerate(data["vertex"].values):
        colour = COLOURS[k % len(COLOURS)]
        left.plot(t, entropy[k], color=colour, label=f"n = {int(n)}")
        frozen = data["line_parisi"].values[k] < 1
        right.plot(t, data["line_parisi"].values[k], color=colour)
        right.plot(t[frozen], data["line_q"].values[k][frozen], color=colour, ls=":")
        for ax in (left, right):
            kauzmann = float(data["kauzmann_temperature"].values[k])
            ax.axvline(kauzmann, color=colour, lw=0.6, zorder=0)
    liquid = data["line_liquid_entropy"].values
    left.plot(t, liquid, color=LIMIT, lw=1, ls="--", label="paramagnet")
    left.axhline(0, color=LIMIT, lw=0.6)
    left.set_ylim(-0.3, 0.6)
    left.set_ylabel("entropy $s$ (nats per spin)")
    right.set_ylim(0, 1.05)
    right.set_ylabel("$m$ (lines), $q_1$ (dots)")
    right.plot([], [], color=LIMIT, lw=0.6, label="verticals: $T_K$")
    for ax in (left, right):
        ax.set_xlim(0, t[-1])
        ax.set_xlabel(r"temperature $T/\sqrt{\alpha}$")
        ax.legend(loc="lower right")
