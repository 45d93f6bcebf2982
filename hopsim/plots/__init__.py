"""Pictures of saved records. They read and draw, and never simulate."""

from . import balance, energy, images, limits, overlaps, portrait
from ._style import draw, plots, render


__all__ = [
    "balance",
    "draw",
    "energy",
    "images",
    "limits",
    "overlaps",
    "plots",
    "portrait",
    "render",
]
