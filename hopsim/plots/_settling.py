"""When runs come to rest."""

import numpy as np

from ..records import Record
from .style import Figure, labels, LIMIT, needed_by_plot, plots, TIME_LABEL


@plots.register("settling")
def draw_settling(record: Record, fig: Figure) -> None:
    r"""Share of runs whose residual $|r|$ is not yet small, against time. [CL-07]

    A run that never comes to rest keeps its curve above zero up to the duration.
    """
    fig.set_size_inches(7.4, 3.6)
    ax, first = fig.subplots(), np.inf
    for label, data, colour in labels(record):
        end = np.sort(needed_by_plot(data, "end_time", "settling"))
        rest = data["converged"].values.astype(bool)
        time = np.concatenate([[1e-3], end])
        moving = np.linspace(1, 0, time.size) if np.all(rest) else _left(data, end)
        name = f"{label}\n{np.sum(rest)}/{rest.size} at rest".lstrip()
        ax.step(time, moving, where="post", color=colour, label=name)
        first = min(first, end[0])
    ax.axhline(0, color=LIMIT, lw=0.5)
    ax.set_xscale("log")
    ax.set_xlim(left=0.5 * max(first, 1e-3))
    ax.set_xlabel(TIME_LABEL)
    ax.set_ylabel("share of runs still moving")
    fig.legend(loc="outside right upper", labelspacing=1.0)


def _left(data, end: np.ndarray) -> np.ndarray:
    """The share still moving at the start and after each end, if some never rest."""
    rested = np.sort(data["end_time"].values[data["converged"].values.astype(bool)])
    settled = np.searchsorted(rested, end, side="right")
    return np.concatenate([[1.0], 1 - settled / end.size])
