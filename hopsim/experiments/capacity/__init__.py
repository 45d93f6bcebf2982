"""Capacity: how many memories a network can store, and with what errors."""

from . import (
    capacity_curve_plot,
    exponential_capacity_plot,
    fixed_points_plot,
    freezing_plot,
    half_capacity_plot,
    overflow_plot,
    retrieval_error_plot,
    stability_plot,
)
from .capacity_curve import CapacityCurve
from .exponential_capacity import ExponentialCapacity
from .fixed_points import FixedPoints
from .freezing import Freezing
from .half_capacity import HalfCapacity
from .overflow import Overflow
from .retrieval_error import RetrievalError
from .stability import Stability


__all__ = [
    "CapacityCurve",
    "ExponentialCapacity",
    "FixedPoints",
    "Freezing",
    "HalfCapacity",
    "Overflow",
    "RetrievalError",
    "Stability",
    "capacity_curve_plot",
    "exponential_capacity_plot",
    "fixed_points_plot",
    "freezing_plot",
    "half_capacity_plot",
    "overflow_plot",
    "retrieval_error_plot",
    "stability_plot",
]
