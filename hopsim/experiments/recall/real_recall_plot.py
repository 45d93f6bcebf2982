"""Recall of real images by spins, for every power of the interaction."""

import numpy as np

from ...plots._images import explain_frames, framed
from ...plots.style import BAD, Figure, GOOD, labels, needed_by_plot, plots
from ...records import Record


SHOWN = 8  # probes of each task, as pictures
TASKS = {"flips": "flipped spins", "completion": "lower half blank, upper half held"}


@plots.register("real_recall")
def draw_real_recall(record: Record, fig: Figure) -> None:
    r"""Share of images recalled in every bit against $n$. [DAM-21]"""
    points = labels(record)
    fig.set_size_inches(8.4, 3.8)
    axes = fig.subplots(1, 2, sharey=True)
    for _, data, colour in points:
        n = needed_by_plot(data, "n", "real_recall")
        for task, ax in enumerate(axes):
            seen = data["recall"].values[task]
            low, high = (data[f"recall_{x}"].values[task] for x in ("low", "high"))
            ends = np.clip([low, high], 0, 1)  # no share leaves [0, 1]
            half = np.nan_to_num(np.stack([seen - ends[0], ends[1] - seen]))
            bars = {"fmt": "o-", "ms": 4, "capsize": 2, "lw": 0.8, "color": colour}
            ax.errorbar(n, seen, half, label=str(data["images"].values), **bars)
            known = data["expected"].values[task]
            known = np.where(known >= 0, known, np.nan)
            ax.plot(n, known, "_", ms=14, mew=1.6, color=colour, alpha=0.6)
    for ax, words in zip(axes, TASKS.values(), strict=True):
        ax.set_title(words)
        ax.set_xscale("log")
        ticks = points[0][1]["n"].values
        ax.set_xticks(ticks, [str(k) for k in ticks])
        ax.set_xticks([], minor=True)
        ax.set_xlabel("interaction vertex $n$")
        ax.set_ylim(-0.04, 1.06)
    axes[0].set_ylabel("share recalled in every bit")
    if any(np.any(data["expected"].values >= 0) for _, data, _ in points):
        style = {"ms": 14, "mew": 1.6, "color": "#666666"}
        axes[1].plot([], [], "_", label="known before", **style)
    handles, names = axes[1].get_legend_handles_labels()
    title = "95 % over sets of images"
    fig.legend(handles, names, title=title, loc="outside right upper")


@plots.register("recalled_images")
def draw_recalled_images(record: Record, fig: Figure) -> None:
    r"""Cues, final states for two $n$, and $\xi_\mu$, of the last data set. [DAM-21]"""
    data = labels(record)[-1][1]
    final = needed_by_plot(data, "final", "recalled_images")
    shown = min(SHOWN, final.shape[2])
    vertices = sorted({len(data["n"]) // 2, len(data["n"]) - 1})
    n = data["n"].values[vertices]
    fig.set_size_inches(0.62 * 2 * shown + 1.2, 0.66 * (2 + len(n)) + 1.0)
    ax = fig.subplots()
    ax.axis("off")
    for task, words in enumerate(TASKS.values()):
        start = task * (shown + 0.6)
        ax.text(start, -0.15, words, fontsize=9)
        for k in range(shown):
            wanted = data["wanted"].values[k]
            framed(ax, start + k, 0, data, data["cue"].values[task, k])
            for row, vertex in enumerate(vertices):
                ended = final[task, vertex, k]
                right = bool(np.all(ended == wanted))
                framed(ax, start + k, 1 + row, data, ended, GOOD if right else BAD)
            framed(ax, start + k, 1 + len(n), data, wanted)
    rows = ["cue", *(f"$n = {k}$" for k in n), "target"]
    for row, word in enumerate(rows):
        ax.text(-0.15, row + 0.46, word, ha="right", va="center")
    ax.set(xlim=(-1.2, 2 * shown + 0.6), ylim=(2.05 + len(n), -0.45), aspect="equal")
    explain_frames(fig, "recalled in every bit")
