"""Rules of motion of a network: flows, exact event-driven rules, and spins."""

from ._base import (
    AbstractContinuousDynamics,
    AbstractDynamics,
    dynamics_kinds,
    expected,
    IntegrationPlan,
    Solution,
)
from ._batch import Batch
from ._request import Execution, Output, Request, Tolerances
from .drives import AbstractDrive, drives, Pulse, Sinusoid
from .flows import AbstractFlow, Adiabatic, TwoLayer
from .sharp import Sharp
from .spins import AbstractSpinDynamics, Binary, Glauber


Dynamics = AbstractDynamics  # what `simulate` can run
Plan = IntegrationPlan  # an older name


__all__ = [
    "AbstractContinuousDynamics",
    "AbstractDrive",
    "AbstractDynamics",
    "AbstractFlow",
    "AbstractSpinDynamics",
    "Adiabatic",
    "Batch",
    "Binary",
    "Dynamics",
    "Execution",
    "Glauber",
    "IntegrationPlan",
    "Output",
    "Plan",
    "Pulse",
    "Request",
    "Sharp",
    "Sinusoid",
    "Solution",
    "Tolerances",
    "TwoLayer",
    "drives",
    "dynamics_kinds",
    "expected",
]
