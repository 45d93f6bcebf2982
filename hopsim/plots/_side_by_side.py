"""Two records in one picture: the same plot of each, side by side."""

import os
from pathlib import Path

import numpy as np

from .._common.files import write_whole
from ..records import Record
from ._drawing import new_figure
from ._formats import image_of, named_format, styled
from ._places import draw_into, plot_size
from .style import plots


GAP = 0.3  # inches between the two


def shared_plot(first: Record, second: Record) -> str:
    """The first plot of a record that the other has as well; ValueError for none."""
    ours, theirs = (
        [plots.today(name) for name in str(x.attrs.get("plots", "")).split()]
        for x in (first, second)
    )
    shared = [name for name in ours if name in theirs]
    if not shared:
        words = (", ".join(names) or "none" for names in (ours, theirs))
        raise ValueError(
            "A picture of both needs a plot that both have, got "
            f"{' and '.join(words)}; name one with --plot."
        )
    return shared[0]


def render_both(
    first: Record, second: Record, name: str, path: str | os.PathLike
) -> Path:
    """Draw a plot of two records side by side into a PNG, SVG or PDF file.

    Raises ValueError for a plot that is not there, for what a record lacks, and for
    another suffix.
    """
    path = Path(path)
    form = named_format(path)
    name = plots.today(name)
    if name not in plots:
        raise ValueError(f"There is no plot {name!r}; {plots.nearest(name)}")
    sizes = np.array([plot_size(record, name) for record in (first, second)])
    with styled():
        fig = new_figure()
        fig.set_size_inches(sizes[:, 0].sum() + GAP, sizes[:, 1].max())
        shares = sizes[:, 0] / sizes[:, 0].sum()
        wide = GAP / sizes[:, 0].mean()
        places = fig.subfigures(1, 2, width_ratios=shares, wspace=wide)
        for record, place in zip((first, second), places, strict=True):
            draw_into(record, name, fig=place)
        return write_whole(path, image_of(fig, form))
