"""Pictures of saved records. They read and draw, and never simulate."""

from . import (
    adiabatic_gap,
    balance,
    descent,
    driven,
    energy,
    flips,
    hull,
    images,
    ledger,
    limits,
    overlaps,
    portrait,
    response,
    retrieval,
    settling,
    spectra,
    stiffness,
    zero_modes,
)
from ._style import draw, plots, render


__all__ = [
    "adiabatic_gap",
    "balance",
    "descent",
    "draw",
    "driven",
    "energy",
    "flips",
    "hull",
    "images",
    "ledger",
    "limits",
    "overlaps",
    "plots",
    "portrait",
    "render",
    "response",
    "retrieval",
    "settling",
    "spectra",
    "stiffness",
    "zero_modes",
]
