"""The energy along one path of the heat bath, by two engines."""

import numpy as np

from ...plots.style import BAD, Figure, GOOD, labels, needed_by_plot, plots
from ...records import Record


@plots.register("heat_bath_kernels")
def draw_heat_bath_kernels(record: Record, fig: Figure) -> None:
    r"""$-E/N$ after each sweep, by couplings (line) and by examples (dots). [TS-10]"""
    points = labels(record)
    fig.set_size_inches(6.4, 2.4 * len(points) + 0.6)
    axes = np.atleast_1d(fig.subplots(len(points), 1, sharex=True))
    for ax, (label, data, _) in zip(axes, points, strict=True):
        path = needed_by_plot(data, "path", "heat_bath_kernels")
        dots = data["path_of_examples"].values
        sweep = 1 + np.arange(path.shape[1])
        for k in range(len(path)):
            name = "couplings" if k == 0 else None
            ax.plot(sweep, path[k], color=GOOD, lw=0.9, label=name)
            name = "examples" if k == 0 else None
            ax.plot(sweep[::5], dots[k, ::5], ".", ms=3, color=BAD, label=name)
        differ = int(np.sum(data["spins_differ"].values))
        title = f"{differ} spins differ, {int(np.sum(data['flips'].values))} flips"
        ax.set_title(f"{label}: {title}" if label else title)
        ax.set_ylabel(r"$-E/N$")
    axes[-1].set_xlabel("sweep")
    axes[0].legend(ncols=2, loc="lower right")
