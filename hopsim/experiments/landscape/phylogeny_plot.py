"""Phylogenies of memories: which of them share an attractor, as beta rises."""

import numpy as np

from ...plots.style import BAD, COLOURS, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Dataset, Record


@plots.register("phylogeny")
def draw_phylogeny(record: Record, fig: Figure) -> None:
    r"""Lines of memories that join where they share an attractor; their number. [CL-24]

    Left: one line for each memory, coloured by class; at high beta (top) all are apart,
    at low beta all join. Right: the number of attractors reached from the memories.
    Dashed: $4/D^2$, below which there is one fixed point, and
    $1/\lambda_{max}(\mathrm{Cov})$.
    """
    points = labels(record)
    fig.set_size_inches(10.0, 4.4 * len(points) + 0.4)
    grid = fig.subplots(len(points), 2, squeeze=False, width_ratios=[2.2, 1])
    for (tree, stairs), (label, data, _) in zip(grid, points, strict=True):
        beta = needed_by_plot(data, "beta", "phylogeny")
        _tree(tree, data, beta)
        tree.set_title(label)
        for row, lost in zip(
            data["count"].values, data["unconverged"].values, strict=True
        ):
            stairs.plot(row, beta, ".-", color=COLOURS[0], lw=1.0, ms=3)
            bad = lost > 0
            stairs.plot(row[bad], beta[bad], "x", ms=4, color=BAD)
        stairs.set_yscale("log")
        stairs.set_ylim(beta[0], beta[-1])
        stairs.set_xlabel("attractors reached from the memories")
        if np.any(data["unconverged"].values > 0):
            stairs.plot([], [], "x", ms=4, color=BAD, label="some unconverged")
        for name, words in (
            ("contraction", r"$4/D^2$"),
            ("mean_instability", r"$1/\lambda_{max}(\mathrm{Cov})$"),
        ):
            y = float(data[name])
            if not beta[0] < y < beta[-1]:
                continue
            for ax in (tree, stairs):
                ax.axhline(y, color=LIMIT, lw=0.7, ls="--")
            stairs.text(
                0.98, y * 1.04, words, ha="right", fontsize=7, color=LIMIT,
                transform=stairs.get_yaxis_transform(),
            )  # fmt: skip
        if stairs.get_legend_handles_labels()[0]:
            stairs.legend(loc="lower right")


def _tree(ax, data: Dataset, beta: np.ndarray) -> None:
    owner = data["owner"].values
    place = _places(owner)
    # every memory lies at the mean place of those that share its attractor
    x = np.full(owner.shape, np.nan)
    for k, row in enumerate(owner):
        for one in {*row.tolist()} - {-1}:
            x[k, row == one] = np.mean(place[row == one])
    classes = data["memory_class"].values if "memory_class" in data else None
    numbers = np.zeros(len(place), int) if classes is None else classes
    known = np.unique(numbers)
    for mu in np.argsort(place):
        colour = _colour(int(np.searchsorted(known, numbers[mu])), len(known))
        ax.plot(x[:, mu], beta, color=colour, lw=0.9, alpha=0.8)
        top = x[-1, mu] if np.isfinite(x[-1, mu]) else place[mu]
        ax.plot(top, beta[-1] * 1.03, "s", ms=3, color=colour, clip_on=False)
    if classes is not None:
        for k, name in enumerate(known):
            ax.plot([], [], "s", ms=4, color=_colour(k, len(known)), label=f"{name}")
        ax.legend(
            loc="lower right", fontsize=7, ncols=2 if len(known) > 5 else 1,
            title="class", title_fontsize=7, frameon=True, framealpha=1,
            edgecolor="none",
        )  # fmt: skip
    ax.set_yscale("log")
    ax.set_ylim(beta[0], beta[-1])
    ax.set_xticks([])
    ax.set_xlim(-1, len(place))
    ax.set_xlabel("memories, neighbours share attractors longest")
    ax.set_ylabel(r"inverse temperature $\beta$")


def _places(owner: np.ndarray) -> np.ndarray:
    """An order of the memories; those that join at the highest beta are neighbours.

    By average linkage; the distance of a pair is the number of betas at which it is
    apart.
    """
    count = owner.shape[1]
    if count == 1:
        return np.zeros(1)
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    shared = (owner[:, :, None] == owner[:, None, :]) & (owner >= 0)[:, :, None]
    apart = len(owner) - np.sum(shared, axis=0, dtype=float)
    np.fill_diagonal(apart, 0)
    joined = linkage(squareform(apart), "average", optimal_ordering=True)
    place = np.empty(count)
    place[leaves_list(joined)] = np.arange(count)
    return place


def _colour(number: int, many: int) -> str:
    if many <= len(COLOURS):
        return COLOURS[number]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return to_hex(colormaps["tab10"](number % 10))
