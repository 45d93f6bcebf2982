"""Experiments: kinds of study that a scenario can name."""

from ._base import AbstractExperiment, experiments, RunSettings, Setting, Study
from ._ensemble import AbstractEnsemble
from .adiabatic_gap import AdiabaticGap
from .adiabatic_limit import AdiabaticLimit
from .altimex_descent import AltIMEXDescent
from .balance import EnergyBalance
from .capacity_curves import CapacityCurve, HalfCapacity
from .conventions import Conventions
from .deletion import Deletion
from .driven import Driven
from .envelope import Envelope
from .exponential_capacity import ExponentialCapacity
from .fixed_points import FixedPoints
from .flips import Flips
from .float_range import FloatRange
from .flow import FlowEnsemble
from .hull import Hull
from .limits import Limits
from .linear_response import LinearResponse
from .overflow import Overflow
from .portrait import Portrait
from .real_recall import RealRecall
from .recall import Recall
from .recall_histogram import RecallHistogram
from .relaxation import RelaxationDescent
from .retrieval_error import RetrievalError
from .retrieval_gap import RetrievalGap
from .scaling import Scaling
from .spectra import Spectrum
from .spin_recall import SpinRecall
from .stability import Stability
from .stiffness import Stiffness
from .truth_table import TruthTable
from .zero_modes import ZeroModes


__all__ = [
    "AbstractEnsemble",
    "AbstractExperiment",
    "AdiabaticGap",
    "AdiabaticLimit",
    "AltIMEXDescent",
    "CapacityCurve",
    "Conventions",
    "Deletion",
    "Driven",
    "EnergyBalance",
    "Envelope",
    "ExponentialCapacity",
    "FixedPoints",
    "Flips",
    "FloatRange",
    "FlowEnsemble",
    "HalfCapacity",
    "Hull",
    "Limits",
    "LinearResponse",
    "Overflow",
    "Portrait",
    "RealRecall",
    "Recall",
    "RecallHistogram",
    "RelaxationDescent",
    "RetrievalError",
    "RetrievalGap",
    "RunSettings",
    "Scaling",
    "Setting",
    "Spectrum",
    "SpinRecall",
    "Stability",
    "Stiffness",
    "Study",
    "TruthTable",
    "ZeroModes",
    "experiments",
]
