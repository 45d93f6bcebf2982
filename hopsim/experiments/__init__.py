"""Experiments: kinds of study that a scenario can name."""

from ._base import AbstractExperiment, experiments, RunSettings, Setting, Study
from ._ensemble import AbstractEnsemble
from ._training import AbstractTraining, TrainingSettings
from .adiabatic_gap import AdiabaticGap
from .adiabatic_limit import AdiabaticLimit
from .altimex_descent import AltIMEXDescent
from .association_grid import AssociationGrid
from .attractors import Census
from .balance import EnergyBalance
from .basin_image import BasinImage
from .capacity_curves import CapacityCurve, HalfCapacity
from .certified_basins import CertifiedBasins
from .classifier import Classifier
from .conventions import Conventions
from .critical_beta import CriticalBeta
from .deletion import Deletion
from .driven import Driven
from .envelope import Envelope
from .exact_posterior import ExactPosterior
from .exponential_capacity import ExponentialCapacity
from .f1_grid import F1Grid
from .fixed_points import FixedPoints
from .fixed_teacher import FixedTeacher
from .flips import Flips
from .float_range import FloatRange
from .flow import FlowEnsemble
from .freezing import Freezing
from .generation import Generation
from .heat_bath_kernels import HeatBathKernels
from .hull import Hull
from .learning_curve import LearningCurve
from .learning_from_scratch import LearningFromScratch
from .limits import Limits
from .linear_response import LinearResponse
from .mean_field_thresholds import MeanFieldThresholds
from .message_passing import MessagePassing
from .metastable import Metastable
from .morse_index import MorseIndex
from .ordered_entropy import OrderedEntropy
from .overflow import Overflow
from .overlap_landscape import OverlapLandscape
from .phase_diagram import PhaseDiagram
from .phylogeny import Phylogeny
from .portrait import Portrait
from .potts_thresholds import PottsThresholds
from .prototypes import Prototypes
from .real_recall import RealRecall
from .recall import Recall
from .recall_histogram import RecallHistogram
from .relaxation import RelaxationDescent
from .replica_numbers import ReplicaNumbers
from .retrieval_error import RetrievalError
from .retrieval_gap import RetrievalGap
from .scaling import Scaling
from .signal_ratio import SignalRatio
from .spectra import Spectrum
from .spherical import Spherical
from .spin_glass import SpinGlass
from .spin_recall import SpinRecall
from .stability import Stability
from .stiffness import Stiffness
from .teacher_examples import TeacherExamples
from .training_gradient import TrainingGradient
from .truth_table import TruthTable
from .zero_modes import ZeroModes


__all__ = [
    "AbstractEnsemble",
    "AbstractExperiment",
    "AbstractTraining",
    "AdiabaticGap",
    "AdiabaticLimit",
    "AltIMEXDescent",
    "AssociationGrid",
    "BasinImage",
    "CapacityCurve",
    "Census",
    "CertifiedBasins",
    "Classifier",
    "Conventions",
    "CriticalBeta",
    "Deletion",
    "Driven",
    "EnergyBalance",
    "Envelope",
    "ExactPosterior",
    "ExponentialCapacity",
    "F1Grid",
    "FixedPoints",
    "FixedTeacher",
    "Flips",
    "FloatRange",
    "FlowEnsemble",
    "Freezing",
    "Generation",
    "HalfCapacity",
    "HeatBathKernels",
    "Hull",
    "LearningCurve",
    "LearningFromScratch",
    "Limits",
    "LinearResponse",
    "MeanFieldThresholds",
    "MessagePassing",
    "Metastable",
    "MorseIndex",
    "OrderedEntropy",
    "Overflow",
    "OverlapLandscape",
    "PhaseDiagram",
    "Phylogeny",
    "Portrait",
    "PottsThresholds",
    "Prototypes",
    "RealRecall",
    "Recall",
    "RecallHistogram",
    "RelaxationDescent",
    "ReplicaNumbers",
    "RetrievalError",
    "RetrievalGap",
    "RunSettings",
    "Scaling",
    "Setting",
    "SignalRatio",
    "Spectrum",
    "Spherical",
    "SpinGlass",
    "SpinRecall",
    "Stability",
    "Stiffness",
    "Study",
    "TeacherExamples",
    "TrainingGradient",
    "TrainingSettings",
    "TruthTable",
    "ZeroModes",
    "experiments",
]
