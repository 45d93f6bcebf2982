"""A plot as a function of a result, a record or a file, which returns a figure."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._common.progress import Progress
from ._animation import animate_record, require_moving
from ._drawing import picture_of, render
from ._places import draw_into
from ._sources import record_of
from .style import Figure, plots


_ARGUMENTS = """

**Arguments:**

- `source`: a result (`Trajectory`, `Attractors`, `Samples`, `Branch`), a `Record`, a
  run directory or the file of a record.
- `ax`, `fig`: draw there instead of in a figure of its own: in the place of that pair
  of Matplotlib axes, or in that `Figure` or `SubFigure`, whose size stays as it is.
- `network`, `targets`, `image`: what a `Trajectory` does not hold: see
  `hopsim.plots.complete`.
- `variable`: of the plot `grid`, which variables it shows.

Returns the Matplotlib `Figure`. Raises ValueError, before anything is drawn, if the
source does not hold what is shown.
"""


COMPLETING = ("network", "targets", "image")  # what a trajectory lacks


def face(name: str) -> Callable[..., Figure]:
    """The plot of that name, of today or a former one, as a function of a source."""
    kind = plots.today(name)

    def picture(
        source: Any,
        *,
        ax: Any = None,
        fig: Figure = None,
        network: Any = None,
        targets: Any = None,
        image: tuple[int, int] | None = None,
        **chosen: Any,
    ) -> Figure:
        _require_taken(kind, chosen)
        record = record_of(source, kind, network, targets, image)
        if ax is None and fig is None:
            return picture_of(record, kind, **chosen)
        return draw_into(record, kind, ax=ax, fig=fig, **chosen)

    picture.__name__ = picture.__qualname__ = kind
    picture.__module__ = "hopsim.plots"
    picture.__doc__ = (inspect.getdoc(plots[kind]) or kind) + _ARGUMENTS
    return picture


def save(
    source: Any,
    name: str,
    file: str | os.PathLike,
    *,
    dpi: float | None = None,
    style: str | os.PathLike | None = None,
    **completed: Any,
) -> Path:
    """Draw the plot of that name into a PNG, SVG or PDF file; its suffix tells which.

    **Arguments:**

    - `source`, and `network`, `targets`, `image` or `variable`: as of the plot,
      `hopsim.plots.NAME`.
    - `file`, `dpi`, `style`: as of `hopsim.plots.render`.

    Raises ValueError as those do. The file is never half written.
    """
    kind = plots.today(name)
    if kind not in plots:
        raise ValueError(f"There is no plot {name!r}; {plots.nearest(name)}")
    chosen = {k: completed.pop(k) for k in [*completed] if k not in COMPLETING}
    _require_taken(kind, chosen)
    record = record_of(source, kind, **completed)
    return render(record, kind, file, dpi=dpi, style=style, **chosen)


def _require_taken(kind: str, chosen: dict[str, Any]) -> None:
    """Raises TypeError, as Python does, for an argument that a plot does not take."""
    known = [*inspect.signature(plots[kind]).parameters][2:]
    for name in chosen:
        if name not in known:
            raise TypeError(f"{kind}() got an unexpected keyword argument {name!r}")


def animate(
    source: Any,
    name: str,
    file: str | os.PathLike,
    *,
    frames: int = 48,
    fps: float = 12,
    dpi: float | None = None,
    style: str | os.PathLike | None = None,
    progress: Progress = None,
    **completed: Any,
) -> Path:
    """Make a moving picture of a plot: `film`, `portrait` or `basin_image`.

    Films show v(t) with the energy, portraits trajectories that grow on the contours,
    images of basins one frame for each point of their study.

    **Arguments:**

    - `source`, and `network`, `targets`, `image`: as of the plot, `hopsim.plots.NAME`.
    - `file`: a `.gif` or, where the program ffmpeg is there, an `.mp4`. It is never
      half written, and a GIF of the same record has the same bytes.
    - `frames`: at most so many, 2 to 500; fewer where the record has fewer samples or
      points. Between frames of a film or portrait states move by equal lengths.
    - `fps`: frames per second, 1 to 50.
    - `dpi`: dots per inch, 10 to 400; 100 by default.
    - `style`: as of `hopsim.plots.render`.
    - `progress`: True shows a bar, or lines where there is no terminal. A function is
      called with (frames done, frames in all).

    Raises ValueError for a plot that does not move, for what the source lacks, and for
    an mp4 without ffmpeg.
    """
    kind = plots.today(name)
    require_moving(kind)
    record = record_of(source, kind, **completed)
    return animate_record(
        record,
        kind,
        file,
        frames=frames,
        fps=fps,
        dpi=dpi,
        style=style,
        progress=progress,
    )


def plot_attribute(name: str) -> Any:
    """What `hopsim.plots.NAME` is: the plot of that name; AttributeError for none."""
    if name.startswith("_"):  # Python's own questions: no reason to load all plots
        raise AttributeError(f"hopsim.plots has no attribute {name!r}")
    if name not in plots:
        raise AttributeError(
            f"hopsim.plots has no plot {name!r}; {plots.nearest(name)}"
        )
    return face(name)


def plot_names() -> list[str]:
    """The plots, and what else `hopsim.plots` has."""
    return sorted({*plots, "animate", "complete", "draw", "plots", "render", "save"})
