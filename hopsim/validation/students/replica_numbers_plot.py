"""Numbers of the replica theory: distances from printed and second values."""

import numpy as np

from ...plots.style import BAD, Figure, GOOD, labels, needed_by_plot, plots
from ...records import Record


LEAST = 1e-17  # of zeros, on the logarithmic axis


@plots.register("replica_numbers")
def draw_replica_numbers(record: Record, fig: Figure) -> None:
    r"""$|x - x_{printed}|$, and $|x - x_{again}|$ by a second method. [THEORY R1-R4]"""
    rows: list[tuple[str, np.ndarray, np.ndarray]] = []
    for label, data, _ in labels(record):
        for name in (
            str(x) for x in needed_by_plot(data, "quantity", "replica_numbers")
        ):
            off, again = (
                data[f"{name}_{what}"].values
                if f"{name}_{what}" in data
                else np.empty(0)
                for what in ("off", "again")
            )
            rows.append((f"{label} {name}".strip(), off, again))
    fig.set_size_inches(6.6, 1.5 + 0.26 * len(rows))
    ax = fig.subplots()
    for k, (_, off, again) in enumerate(rows):
        for values, colour, marker in ((off, BAD, "o"), (again, GOOD, "x")):
            shown = np.maximum(values[np.isfinite(values)], LEAST)
            ax.plot(shown, np.full(shown.size, k), marker, color=colour, ms=4.5)
    ax.plot([], [], "o", color=BAD, ms=4.5, label="from the printed number")
    ax.plot([], [], "x", color=GOOD, ms=4.5, label="from a second route")
    ax.set_xscale("log")
    ax.set_xlim(LEAST / 2, 1)
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(axis="x", lw=0.3)
    ax.set_xlabel("difference (crosses at the left edge: none)")
    fig.legend(loc="outside lower right", ncols=2)
