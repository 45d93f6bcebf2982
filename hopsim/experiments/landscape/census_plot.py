"""Attractors: a gallery of images, a map of energies, and the tree of barriers."""

import numpy as np

from ...plots._images import beside, draw_image, sheet, TILE
from ...plots.style import COLOURS, Figure, labels, needed_by_plot, plots
from ...records import Dataset, Record


SHOWN = 12  # attractors in a gallery
UNKNOWN = 1e300  # the barrier where no known saddle joins two minima
ROW = 3.75  # height of a row: three images, three lines of text, a margin
KINDS = (
    ("memory", COLOURS[0], "o"),
    ("metastable", COLOURS[2], "s"),
    ("global average", COLOURS[3], "D"),
    ("inverse memory", COLOURS[5], "v"),
    ("spurious", COLOURS[1], "X"),
    ("unclassified", COLOURS[6], "o"),
    ("marginal", COLOURS[6], "+"),
    ("saddle", COLOURS[6], "x"),
    ("singular", COLOURS[6], "*"),
)
INK = {kind: colour for kind, colour, _ in KINDS}


@plots.register("attractor_gallery")
def draw_attractor_gallery(record: Record, fig: Figure) -> None:
    r"""Cue, attractor $v^*$, nearest memory; class, $E$ and share. [THEORY 5.3]"""
    points = labels(record)
    rows = [row for label, data, _ in points for row in _rows(label, data)]
    columns = max(len(shown) for _, _, shown in rows)
    # what `find_attractors` returns has no probes
    words = [
        w for w in ("cue", "attractor", "nearest") if w != "cue" or w in rows[0][1]
    ]
    row = ROW + len(words) - 3
    ax = sheet(fig, columns, row * len(rows) - 0.3, 0.98)
    for block, (label, data, shown) in enumerate(rows):
        top = row * block
        for column, k in enumerate(shown):
            _one(ax, float(column), top, data, int(k), words)
        for step, word in enumerate(words):
            beside(ax, top + step, word)
        if label:
            ax.text(0, top - 0.1, label, fontsize=9)


@plots.register("census", formerly=("attractor_map", "attractors"))
def draw_census(record: Record, fig: Figure) -> None:
    r"""$E(v^*)$ against $s_{max}$, areas as shares of the probes. [THEORY 5.1]"""
    points = labels(record)[:4]
    fig.set_size_inches(3.6 * len(points) + 1.7, 3.6)
    axes = fig.subplots(1, len(points), squeeze=False)[0]
    for ax, (label, data, _) in zip(axes, points, strict=True):
        energy = needed_by_plot(data, "energy", "census")
        s, share = data["s_max"].values, data["fraction"].values
        kind = data["kind"].values
        for word, colour, marker in KINDS:
            chosen = kind == word
            if np.any(chosen):
                size = 14 + 600 * share[chosen]
                text = f"{word}: {np.sum(chosen)}"
                x = np.nan_to_num(s[chosen])
                style = {"s": size, "marker": marker, "color": colour, "alpha": 0.7}
                ax.scatter(x, energy[chosen], label=text, lw=0.8, **style)
        ax.axvline(1, color="#444444", lw=0.8, ls="--")
        lost = float(data["unconverged_fraction"].values)
        title = f"{label}: " if label else ""
        ax.set_title(f"{title}{lost:.1%} of the probes did not come to rest")
        ax.set_xlabel(r"largest gain $s_{max}$ (stable below the dashed line)")
        ax.legend(loc="best", fontsize=7, frameon=True, framealpha=0.8)
    axes[0].set_ylabel(r"energy $E(v^*)$")


@plots.register("disconnectivity")
def draw_disconnectivity(record: Record, fig: Figure) -> None:
    """Minima of $E(v)$, joined at the energies of their barriers. [THEORY 5.2]"""
    points = labels(record)[:4]
    fig.set_size_inches(3.4 * len(points) + 1.9, 3.9)
    axes = fig.subplots(1, len(points), squeeze=False)[0]
    for ax, (label, data, _) in zip(axes, points, strict=True):
        level = needed_by_plot(data, "barrier", "disconnectivity")
        stable = np.flatnonzero(data["stable"].values)
        energy, kind = data["energy"].values, data["kind"].values
        ends, heights = _tree(ax, level[np.ix_(stable, stable)])
        low = float(np.min(energy[stable], initial=0))
        high = max([float(np.max(energy[stable], initial=low)), *heights])
        for place, x in ends.items():
            k = stable[place]
            ax.plot(x, energy[k], "o", ms=4, color=INK[str(kind[k])])
        for word, colour, _ in KINDS:
            if np.any(kind[stable] == word):
                ax.plot([], [], "o", ms=4, color=colour, label=word)
        room = 0.08 * max(high - low, 1e-9)
        ax.set_ylim(low - room, high + 3 * room)
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        ax.set_title(label)
    axes[0].set_ylabel(r"energy $E(v)$")
    handles = {
        h.get_label(): h for ax in axes for h in ax.get_legend_handles_labels()[0]
    }
    fig.legend(handles=list(handles.values()), loc="outside right upper")


def _tree(ax, level: np.ndarray) -> tuple[dict[int, float], list[float]]:
    """Draw the tree of barriers; return the x of its leaves and the heights of forks.

    Groups that no known saddle joins are drawn up to the top.
    """
    count, style = len(level), {"color": "#444444", "lw": 1.0}
    low, joined, order = float(np.min(level, initial=0)), np.empty((0, 4)), range(count)
    if count > 1:
        from scipy.cluster.hierarchy import leaves_list, linkage
        from scipy.spatial.distance import squareform

        away = squareform(level - low, checks=False)
        away[~np.isfinite(away)] = UNKNOWN
        joined = linkage(away, "single", optimal_ordering=True)
        order = leaves_list(joined)
    place = {int(k): float(x) for x, k in enumerate(order)}
    tops = [(place[k], float(level[k, k])) for k in range(count)]  # of leaves and forks
    roots, heights = {*range(count)}, []
    for *pair, rise, _ in joined[joined[:, 2] < UNKNOWN]:
        sides, height = [tops[int(k)] for k in pair], low + float(rise)
        for x, bottom in sides:
            ax.plot([x, x], [bottom, height], **style)
        ax.plot([x for x, _ in sides], [height, height], **style)
        roots = roots - {int(k) for k in pair} | {len(tops)}
        tops.append((0.5 * (sides[0][0] + sides[1][0]), height))
        heights.append(height)
    for x, height in (tops[k] for k in sorted(roots)):
        ax.plot([x, x], [height, 1e9], scalex=False, scaley=False, **style)
    return place, heights


def _rows(label: str, data: Dataset) -> list[tuple[str, Dataset, np.ndarray]]:
    """The attractors of a point that are drawn: the largest basins of every class."""
    hits = needed_by_plot(data, "hits", "attractor_gallery")
    kind, seen = data["kind"].values, np.flatnonzero(hits > 0)
    if not seen.size:
        raise ValueError("No probe came to rest: there are no attractors to show.")
    each = max(1, SHOWN // len(set(kind[seen])))
    first = [k for word in INK for k in seen[kind[seen] == word][:each]]
    more = [k for k in seen if k not in first]
    chosen = np.sort((first + more)[:SHOWN])
    return [(label, data, chosen)]


def _one(ax, column: float, top: float, data: Dataset, k: int, rows: list[str]) -> None:
    probe = int(np.argmax(data["basin"].values == k))
    overlap = data["overlap"].values[k]
    nearest = int(np.argmax(overlap))
    for step, word in enumerate(rows):
        if word == "cue":
            draw_image(
                ax, column, top + step, data, data["cue"].values[probe], cue=True
            )
        else:
            shown = data["v"][k] if word == "attractor" else data["memories"][nearest]
            draw_image(ax, column, top + step, data, shown.values)
    kind, size = str(data["kind"].values[k]), int(np.sum(data["members"].values[k]))
    word = f"{kind} ({size})" if kind == "metastable" else kind
    share, low, high = (
        100 * float(data[name].values[k])
        for name in ("fraction", "fraction_low", "fraction_high")
    )
    ax.text(
        column + TILE / 2,
        top + len(rows),
        f"{word}\nE = {data['energy'].values[k]:.1f}, m = {overlap[nearest]:.2f}\n"
        f"{share:.1f} % [{low:.1f}, {high:.1f}]",
        color=INK[kind],
        fontsize=6,
        ha="center",
        va="top",
    )
