"""Numbers of the replica theory: distances from printed and second values."""

import numpy as np

from ...plots.style import BAD, Figure, GOOD, labels, needed_by_plot, plots
from ...records import Record


LEAST = 1e-17  # of zeros, on the logarithmic axis
WORDS = {  # of the quantities, as the theory writes them
    "c_d": "$c_d$", "c_c": "$c_c$", "q_c": "$q$ at $c_c$", "s_c": "entropy at $c_c$",
    "T_eR": "$T_{eR}$", "T_sp": "$T_{sp}$",
    "alpha_triple": r"$\alpha$ of the triple point",
    "limit_c": r"$c_c$ for $n\to\infty$", "limit_T": r"$T_{eR}$ for $n\to\infty$",
    "least_entropy": "least entropy", "entropy_rise": "rise of the entropy",
    "q": "overlap $q$", "q_b": "barrier $q_b$", "gap": "gap of free entropy",
    "entropy": "entropy $s$", "gradient": "gradient of the free entropy",
    "internal_energy": "internal energy", "alpha_d": r"$\alpha_d$, learning",
    "alpha_c": r"$\alpha_c$, learning", "stored_d": r"$\alpha_d$, storage",
    "stored_c": r"$\alpha_c$, storage", "glass": "spinodal of the glass",
    "tip_c": "$1/c_c$, tip of storage", "tip_d": "$1/c_d$, tip of storage",
    "duality": "duality", "q_star": "$q^*$ with the teacher",
    "q_students": "$q$ of two students", "f": "free entropy $f$", "s": "entropy $s$",
    "mpm": "signs of the mean", "mpm_best": "$T$ of the best signs", "u": "energy $u$",
    "y_d": "$y_d$", "learning": "load of learning, $T = 0$",
    "storage": "load of storage, $T = 0$", "zero_q": "$q^*$, $T = 0$",
    "zero_u": "energy, $T = 0$",
}  # fmt: skip


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
            if not off.size + again.size:
                continue  # a difference itself, which its check bounds
            rows.append((f"{label} {WORDS.get(name, name)}".strip(), off, again))
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
