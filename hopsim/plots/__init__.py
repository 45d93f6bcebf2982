"""Pictures of results, records and files. They read and draw, and never simulate.

Every plot is a function of this module, `hopsim.plots.energy(path)` for example: it
returns a Matplotlib figure, which a notebook shows. `dir(hopsim.plots)` and `hopsim
list plots` list them. Plots that several studies share are here, the others beside
their study.
"""

from . import (
    _branch as _branch,
    _energy as _energy,
    _grid as _grid,
    _images as _images,
    _ledger as _ledger,
    _overlaps as _overlaps,
    _settling as _settling,
    _training as _training,
)
from ._drawing import draw, render
from ._faces import animate, plot_attribute, plot_names, save
from ._sources import complete
from .style import plots


__getattr__, __dir__ = plot_attribute, plot_names

__all__ = ["animate", "complete", "draw", "plots", "render", "save"]
