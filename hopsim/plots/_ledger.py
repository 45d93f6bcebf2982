"""The ledger: what the energy lost is what was dissipated."""

import numpy as np

from ..records import Record
from .style import COLOURS, Figure, labels, LIMIT, needed_by_plot, plots, TIME_LABEL


@plots.register("ledger")
def draw_ledger(record: Record, fig: Figure) -> None:
    r"""$E$, $Q$ and $E + Q$ in time; $|E + Q - E(0)|$ over rtol per run. [CL-05]"""
    points = labels(record)
    fig.set_size_inches(8.6, 3.8)
    path, bars = fig.subplots(1, 2, gridspec_kw={"width_ratios": [5, 6]})
    label, data, _ = points[0]
    energy = needed_by_plot(data, "energy", "ledger")[0]
    lost, time = data["dissipation"].values[0], data["time"].values
    shown = (("E", energy), ("Q", lost), ("E + Q", energy + lost))
    for (name, values), colour in zip(shown, COLOURS, strict=False):
        path.plot(time, values, color=colour, label=f"${name}$")
    path.set_title(f"{label}: one probe" if label else "one probe")
    path.set_xlabel(TIME_LABEL)
    path.set_ylabel("energy")
    path.legend(loc="center right", bbox_to_anchor=(1, 0.75))
    for i, (_, data, colour) in enumerate(points):
        share = needed_by_plot(data, "ledger_by_rtol", "ledger")
        spread = 0.3 * np.linspace(-1, 1, share.size)
        bars.plot(share, i + spread, ".", ms=3, color=colour)
    bars.axvline(10, color=LIMIT, lw=0.8)
    bars.set_xscale("log")
    bars.set_yticks(range(len(points)), [label for label, *_ in points])
    bars.set_xlabel(r"$\max_t |E + Q - E(0)|$ in units of rtol $S$")
    bars.set_title("every run, and the bound of the claim")
