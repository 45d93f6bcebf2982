"""Macro F1 of class answers over a grid of settings."""

import numpy as np

from ...plots.style import Figure, needed_by_plot, plots
from ...records import Record


@plots.register("f1_grid")
def draw_f1_grid(record: Record, fig: Figure) -> None:
    """Macro F1 over $1/T$ and learning rate, mean of all training runs. [MRS24 Fig. 5]

    One panel for each n and scaling; a dot marks the best cell, whose F1 is the title.
    The original scaling is drawn at N times its 1/T.
    """
    points = record.points()
    rows = [(label, d, s) for label, d in points for s in range(d.sizes["scaling"])]
    columns = points[0][1].sizes["vertex"]
    fig.set_size_inches(1.2 + 2.0 * columns, 0.8 + 1.7 * len(rows))
    axes = fig.subplots(len(rows), columns, squeeze=False, sharex=True, sharey=True)
    image = None
    for i, (label, data, s) in enumerate(rows):
        f1 = needed_by_plot(data, "f1", "f1_grid")[:, s].mean(axis=0)
        beta, rates = data["beta"].values, data["learning_rate"].values
        for k, n in enumerate(data["n"].values):
            ax = axes[i, k]
            image = ax.pcolormesh(
                np.arange(len(beta) + 1) - 0.5,
                np.arange(len(rates) + 1) - 0.5,
                f1[k].T,
                vmin=0,
                vmax=1,
                cmap="viridis",
            )
            best = np.unravel_index(np.argmax(f1[k]), f1[k].shape)
            ax.plot(*best, "o", color="white", mec="black", ms=4)
            ax.set_title(f"n = {n}: {f1[k][best]:.3f}")
            ax.set_xticks(range(len(beta)), [f"{x:g}" for x in beta], fontsize=7)
            ax.set_yticks(range(len(rates)), [f"{x:g}" for x in rates], fontsize=7)
        name = str(data["scaling_name"].values[s])
        axes[i, 0].set_ylabel(f"{label}\n{name}\nlearning rate".strip(), fontsize=7)
    for ax in axes[-1]:
        ax.set_xlabel(r"$1/T$ ($N/T$: original)")
    told = "macro F1 (dot, and above: the best cell)"
    fig.colorbar(image, ax=axes, label=told, fraction=0.03)
