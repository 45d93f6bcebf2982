"""Flows in continuous time: both layers, or the limit of fast memory neurons."""

from ._base import AbstractFlow
from .adiabatic import Adiabatic
from .flow import flow
from .two_layer import TwoLayer


__all__ = ["AbstractFlow", "Adiabatic", "TwoLayer", "flow"]
