"""Rules of motion of a network: flows, and exact event-driven rules."""

from ._base import AbstractDynamics, dynamics_kinds, Plan, Solution
from ._drive import AbstractDrive, drives, Pulse, Sinusoid
from ._flow import AbstractFlow
from .adiabatic import Adiabatic
from .binary import Binary
from .glauber import Glauber
from .sharp import Sharp
from .two_layer import TwoLayer


Dynamics = AbstractDynamics | Binary | Glauber  # what `simulate` can run


__all__ = [
    "AbstractDrive",
    "AbstractDynamics",
    "AbstractFlow",
    "Adiabatic",
    "Binary",
    "Dynamics",
    "Glauber",
    "Plan",
    "Pulse",
    "Sharp",
    "Sinusoid",
    "Solution",
    "TwoLayer",
    "drives",
    "dynamics_kinds",
]
