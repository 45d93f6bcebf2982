"""Experiments: kinds of study that a scenario can name."""

from ._base import AbstractExperiment, experiments, RunSettings, Setting, Study
from .adiabatic_limit import AdiabaticLimit
from .portrait import Portrait
from .recall import Recall


__all__ = [
    "AbstractExperiment",
    "AdiabaticLimit",
    "Portrait",
    "Recall",
    "RunSettings",
    "Setting",
    "Study",
    "experiments",
]
