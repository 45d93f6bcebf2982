"""One memory in graded model A: its overlap against temperature."""

import numpy as np

from ...plots.style import Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record


@plots.register("mean_field_thresholds", formerly=("mean_field",))
def draw_mean_field_thresholds(record: Record, fig: Figure) -> None:
    r"""$m(T)$, $T = 1/\beta$, with the spinodal and the Maxwell point. [CL-28]

    Lines: $m = \tanh(\beta m^{n-1})$, dotted where unstable; circles: the flow from the
    memory; filled squares: the fold by continuation; diamonds: equal energies.
    """
    fig.set_size_inches(6.6, 4.3)
    ax = fig.subplots()
    for label, data, colour in labels(record):
        m = needed_by_plot(data, "theory_overlap", "mean_field_thresholds")
        t = 1 / data["theory_beta"].values
        top = int(np.argmax(t))
        ax.plot(t[top:], m[top:], color=colour, label=label or "memory")
        ax.plot(t[: top + 1], m[: top + 1], color=colour, lw=0.8, ls=":")
        seen, beta = data["flow_overlap"].values, data["beta"].values
        for row in seen:
            ax.plot(1 / beta, np.abs(row), "o", ms=4, mfc="none", color=colour)
        fold = 1 / data["spinodal"].values
        ax.plot(fold, np.full(fold.shape, m[top]), "s", ms=5, color=colour)
        if bool(data["first_order"]):
            turn = 1 / data["equal_energy"].values
            at = np.interp(turn, t[top:][::-1], m[top:][::-1])
            ax.plot(turn, at, "D", ms=5, color=colour, mec="black", mew=0.6)
    for marker, words in (
        ("o", "flow from the memory"),
        ("s", r"fold, $1/\beta_s$"),
        ("D", r"equal energy, $1/\beta_1$"),
    ):
        mfc = "none" if marker == "o" else LIMIT
        ax.plot([], [], marker, ls="", ms=5, mfc=mfc, color=LIMIT, label=words)
    ax.set_xlim(0, 1.15)
    ax.set_ylim(-0.03, 1.05)
    ax.set_xlabel(r"temperature $T = 1/\beta$")
    ax.set_ylabel(r"overlap $m$ of the state of rest")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
