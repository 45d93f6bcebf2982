"""Images generated from their class: from noise to the end, for every network."""

import numpy as np

from ...plots._images import explain_frames, framed, instants
from ...plots.style import BAD, Figure, GOOD, labels, needed_by_plot, plots
from ...records import Record


FRAMES = 4  # of the film of every class


@plots.register("generation", formerly=("generated_digits",))
def draw_generation(record: Record, fig: Figure) -> None:
    r"""$g(t)$ with one class held (columns), downwards in time, and the binary end.

    One start of every class. Frame of an end: blue where the classifier and the nearest
    real images give the class that was held, else red. [KH16 sec. 4; KH21]
    """
    points = labels(record)
    rows = FRAMES + 1
    height = rows + 0.75  # of one point, with its title
    classes = needed_by_plot(points[0][1], "film", "generation").shape[0]
    width = max(0.66 * (classes + 2.4), 7.0)  # room for the words
    fig.set_size_inches(width, 0.66 * height * len(points) + 0.7)
    ax = fig.subplots()
    ax.axis("off")
    for p, (label, data, _) in enumerate(points):
        top = p * height
        film, time = (
            needed_by_plot(data, "film", "generation"),
            data["time"].values,
        )
        last = np.searchsorted(time, np.max(data["end_time"].values[:classes]))
        shown = instants(film[:, : last + 1], FRAMES)
        share = lambda name, data=data: f"{100 * np.mean(data[name].values):.0f} %"
        words = (
            f"recognised {share('flow_right')} (binary rule {share('spin_right')}), "
            f"near real ones {share('flow_near')} ({share('spin_near')})"
        )
        title = ax.text(0, top - 0.12, ": ".join(filter(None, [label, words])))
        title.set_in_layout(False)
        for row, k in enumerate(shown):
            when = rf"$t = {time[k]:.2g}\,\tau_f$" if k else "start"
            ax.text(-0.12, top + row + 0.46, when, ha="right", va="center")
        ax.text(-0.12, top + FRAMES + 0.46, "binary rule", ha="right", va="center")
        for c in range(classes):
            for row, k in enumerate(shown):
                end = "flow" if row == FRAMES - 1 else None
                framed(ax, c, top + row, data, film[c, k], _frame(data, end, c))
            binary = data["film_end"].values[c]
            framed(ax, c, top + FRAMES, data, binary, _frame(data, "spin", c))
    ax.set(xlim=(-2.3, classes), ylim=(len(points) * height - 0.6, -0.6))
    ax.set_aspect("equal")
    explain_frames(fig, "recognised, and near real ones, as the class that was held")


def _frame(data, route: str | None, row: int) -> str | None:
    if route is None:
        return None
    right = data[f"{route}_right"].values[row] and data[f"{route}_near"].values[row]
    return GOOD if right else BAD
