"""Tests of students: exact posteriors, replica numbers, message passing."""

from . import (
    exact_posterior_plot,
    message_passing_plot,
    ordered_entropy_plot,
    replica_numbers_plot,
    signal_ratio_plot,
    spin_glass_plot,
    teacher_examples_plot,
)
from .exact_posterior import ExactPosterior
from .message_passing import MessagePassing
from .ordered_entropy import OrderedEntropy
from .replica_numbers import ReplicaNumbers
from .signal_ratio import SignalRatio
from .spin_glass import SpinGlass
from .teacher_examples import TeacherExamples


__all__ = [
    "ExactPosterior",
    "MessagePassing",
    "OrderedEntropy",
    "ReplicaNumbers",
    "SignalRatio",
    "SpinGlass",
    "TeacherExamples",
    "exact_posterior_plot",
    "message_passing_plot",
    "ordered_entropy_plot",
    "replica_numbers_plot",
    "signal_ratio_plot",
    "spin_glass_plot",
    "teacher_examples_plot",
]
