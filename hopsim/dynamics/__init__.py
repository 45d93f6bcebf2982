"""Rules of motion of a network: flows, and exact event-driven rules."""

from ._base import AbstractDynamics, dynamics_kinds, Plan, Solution
from .drives import AbstractDrive, drives, Pulse, Sinusoid
from .flows import AbstractFlow, Adiabatic, TwoLayer
from .sharp import Sharp
from .spins import Binary, Glauber


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
