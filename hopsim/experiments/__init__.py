"""Experiments: kinds of study that a scenario can name."""

from ._base import AbstractExperiment, experiments, RunSettings, Setting, Study
from ._ensemble import AbstractEnsemble
from .adiabatic_limit import AdiabaticLimit
from .balance import EnergyBalance
from .portrait import Portrait
from .recall import Recall


__all__ = [
    "AbstractEnsemble",
    "AbstractExperiment",
    "AdiabaticLimit",
    "EnergyBalance",
    "Portrait",
    "Recall",
    "RunSettings",
    "Setting",
    "Study",
    "experiments",
]
