"""Experiments: kinds of study that a scenario can name."""

from ._base import AbstractExperiment, experiments, RunSettings, Setting, Study
from ._ensemble import AbstractEnsemble
from .adiabatic_gap import AdiabaticGap
from .adiabatic_limit import AdiabaticLimit
from .altimex_descent import AltIMEXDescent
from .balance import EnergyBalance
from .driven import Driven
from .envelope import Envelope
from .flips import Flips
from .flow import FlowEnsemble
from .hull import Hull
from .linear_response import LinearResponse
from .portrait import Portrait
from .recall import Recall
from .relaxation import RelaxationDescent
from .retrieval_error import RetrievalError
from .retrieval_gap import RetrievalGap
from .spectra import Spectrum
from .stiffness import Stiffness
from .zero_modes import ZeroModes


__all__ = [
    "AbstractEnsemble",
    "AbstractExperiment",
    "AdiabaticGap",
    "AdiabaticLimit",
    "AltIMEXDescent",
    "Driven",
    "EnergyBalance",
    "Envelope",
    "Flips",
    "FlowEnsemble",
    "Hull",
    "LinearResponse",
    "Portrait",
    "Recall",
    "RelaxationDescent",
    "RetrievalError",
    "RetrievalGap",
    "RunSettings",
    "Setting",
    "Spectrum",
    "Stiffness",
    "Study",
    "ZeroModes",
    "experiments",
]
