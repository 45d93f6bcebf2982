"""Rules of motion of a network: flows, and exact event-driven rules."""

from ._base import AbstractDynamics, dynamics_kinds, Plan, Solution
from ._drive import AbstractDrive, drives, Pulse, Sinusoid
from ._flow import AbstractFlow
from .adiabatic import Adiabatic
from .sharp import Sharp
from .two_layer import TwoLayer


__all__ = [
    "AbstractDrive",
    "AbstractDynamics",
    "AbstractFlow",
    "Adiabatic",
    "Plan",
    "Pulse",
    "Sharp",
    "Sinusoid",
    "Solution",
    "TwoLayer",
    "drives",
    "dynamics_kinds",
]
