"""Tests of spins: single flips, gradients, float ranges, truth tables."""

from . import (
    deletion_plot,
    flips_plot,
    float_range_plot,
    heat_bath_kernels_plot,
    scaling_plot,
    spin_recall_plot,
    training_gradient_plot,
    truth_table_plot,
)
from .deletion import Deletion
from .flips import Flips
from .float_range import FloatRange
from .heat_bath_kernels import HeatBathKernels
from .scaling import Scaling
from .spin_recall import SpinRecall
from .training_gradient import TrainingGradient
from .truth_table import TruthTable


__all__ = [
    "Deletion",
    "Flips",
    "FloatRange",
    "HeatBathKernels",
    "Scaling",
    "SpinRecall",
    "TrainingGradient",
    "TruthTable",
    "deletion_plot",
    "flips_plot",
    "float_range_plot",
    "heat_bath_kernels_plot",
    "scaling_plot",
    "spin_recall_plot",
    "training_gradient_plot",
    "truth_table_plot",
]
