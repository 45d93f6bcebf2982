"""Solvers of the flows: AltIMEX, unrolled Runge-Kutta stages, and their observers."""

from .altimex import AltIMEX
from .audited import Audit, Audited
from .problem import AbstractProblem, FlowState
from .settling import Settling
from .unrolled import evaluations, Unrolled


__all__ = [
    "AbstractProblem",
    "AltIMEX",
    "Audit",
    "Audited",
    "FlowState",
    "Settling",
    "Unrolled",
    "evaluations",
]
