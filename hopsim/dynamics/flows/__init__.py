"""Flows in continuous time: both layers, or the limit of fast memory neurons."""

from ._flow import AbstractFlow
from .adiabatic import Adiabatic
from .two_layer import TwoLayer


__all__ = ["AbstractFlow", "Adiabatic", "TwoLayer"]
