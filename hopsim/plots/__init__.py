"""Pictures of saved records. They read and draw, and never simulate.

Those that several studies share are here, the others beside their study.
"""

from . import energy, images, ledger, overlaps, settling, training
from .style import draw, plots, render


__all__ = [
    "draw",
    "energy",
    "images",
    "ledger",
    "overlaps",
    "plots",
    "render",
    "settling",
    "training",
]
