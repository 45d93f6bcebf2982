"""Solvers of the flows: AltIMEX, unrolled Runge-Kutta stages, and their observers."""

from .altimex import AltIMEX
from .energy_ledger import Audit, Audited
from .problem import AbstractProblem, FlowState
from .steady_state import Settling
from .step_control import Balanced, Clocked, LedgerLimit
from .unrolled import evaluations, Unrolled


__all__ = [
    "AbstractProblem",
    "AltIMEX",
    "Audit",
    "Audited",
    "Balanced",
    "Clocked",
    "FlowState",
    "LedgerLimit",
    "Settling",
    "Unrolled",
    "evaluations",
]
