"""Solvers of the flows: AltIMEX, unrolled stages, their observers, and the loop.

To import them is to import Diffrax: what only checks a run does not.
"""

from .._common.problem import AbstractProblem, FlowState
from .altimex import AltIMEX
from .energy_ledger import Audit, Audited
from .loop import FIRST_STEP, Integrator, Lane, Paused, TERMS
from .sampled import Sampled
from .steady_state import Settling
from .step_control import Balanced, Clocked, LedgerLimit
from .unrolled import evaluations, Unrolled


__all__ = [
    "FIRST_STEP",
    "TERMS",
    "AbstractProblem",
    "AltIMEX",
    "Audit",
    "Audited",
    "Balanced",
    "Clocked",
    "FlowState",
    "Integrator",
    "Lane",
    "LedgerLimit",
    "Paused",
    "Sampled",
    "Settling",
    "Unrolled",
    "evaluations",
]
