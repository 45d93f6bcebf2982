"""Linear response: gain and phase against frequency."""

import numpy as np

from ...plots.style import COLOURS, Figure, LIMIT, needed_by_plot, plots
from ...records import Record


SHOWN = 3  # fixed points that are drawn: of the smallest, middle, largest loop gain


@plots.register("linear_response", formerly=("bode",))
def draw_linear_response(record: Record, fig: Figure) -> None:
    r"""$|u\cdot\delta v|\,/\,|\delta I|$ and its phase against $\omega$. [CL-33]"""
    data = record.points()[0][1]
    omega, at = data["omega"].values, data["line_omega"].values
    seen = (
        needed_by_plot(data, "response_gain", "linear_response"),
        data["response_phase"].values,
    )
    theory = data["line_gain"].values, data["line_phase"].values
    loop = data["gain"].values
    chosen = np.argsort(loop)[np.linspace(0, loop.size - 1, SHOWN).astype(int)]
    fig.set_size_inches(8.8, 3.8)
    panes = fig.subplots(1, 2)
    for colour, i in zip(COLOURS, chosen, strict=False):
        for ax, points, line in zip(panes, seen, theory, strict=True):
            ax.plot(at, line[:, i], color=colour)
            name = rf"$s^2 = {loop[i]:.2f}$"
            ax.plot(omega, points[:, i], "o", ms=4.5, color=colour, label=name)
    for ax in panes:
        ax.set_xscale("log")
        ax.set_xticks(omega, [f"{w:g}" for w in omega])
        ax.minorticks_off()
        ax.set_xlabel(r"frequency of the drive $\omega\,\tau_f$")
    one, two = panes
    leak = 1 / (float(data["decay"]) + 1j * at)
    dashed = {"color": LIMIT, "lw": 0.8, "ls": "--"}
    one.plot(at, np.abs(leak), label="leak alone", **dashed)
    two.plot(at, np.degrees(np.angle(leak)), **dashed)
    one.set_ylim(bottom=0)
    one.set_ylabel(r"gain $|u\cdot\delta v|\,/\,|\delta I|$ along the drive")
    two.set_ylabel("phase (degrees)")
    two.set_yticks(np.arange(-90, 1, 30))
    handles, names = one.get_legend_handles_labels()
    place = {"loc": "outside right upper", "alignment": "left"}
    fig.legend(handles, names, title="points: simulated;\nlines: theory", **place)
