"""Fixed points by their number of unstable directions, counted in several ways."""

import numpy as np

from ...plots.style import Figure, labels, needed_by_plot, plots
from ...records import Record


@plots.register("morse_index")
def draw_morse_index(record: Record, fig: Figure) -> None:
    r"""Fixed points by unstable directions, counted for every $\tau_h$. [CL-08]"""
    points = labels(record)
    fig.set_size_inches(2.9 * len(points) + 2.6, 3.3)
    axes = fig.subplots(1, len(points), squeeze=False)[0]
    for ax, (label, data, colour) in zip(axes, points, strict=True):
        theory = needed_by_plot(data, "index_formula", "morse_index").astype(int)
        bins = np.arange(np.max(theory) + 2)
        count = lambda index, bins=bins: np.histogram(index, bins=bins)[0]
        at = bins[:-1]
        wide = {"width": 0.8, "color": colour, "alpha": 0.35}
        ax.bar(at, count(theory), label="$s_k > 1$", **wide)
        ratios = zip(data["ratio"].values, "ox+", strict=False)
        for k, (ratio, marker) in enumerate(ratios):
            full = data["index_full"].values[:, k]
            style = {"ms": 5, "mfc": "none", "ls": "", "color": "black"}
            shift = 0.14 * (k - 1)
            words = rf"two layers, $\tau_h = {ratio:g}\,\tau_f$"
            ax.plot(at + shift, count(full), marker, label=words, **style)
        hessian = count(data["index_energy"].values)
        ax.plot(at, hessian, "_", ms=13, color="black", label=r"$\nabla^2 E(v)$")
        differ = int(np.sum(data["differs"].values))
        ax.set_title(f"{label} ({differ} differ)" if label else f"{differ} differ")
        ax.set_xlabel("unstable directions")
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].set_ylabel("fixed points, all sets of memories")
    handles = axes[-1].get_legend_handles_labels()[0]
    fig.legend(handles=handles, loc="outside right upper")
