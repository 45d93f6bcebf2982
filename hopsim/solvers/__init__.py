"""Solvers of the flows: AltIMEX, and the audit that rides along with any solver."""

from .altimex import AltIMEX
from .audited import Audit, Audited
from .problem import AbstractProblem, FlowState


__all__ = ["AbstractProblem", "AltIMEX", "Audit", "Audited", "FlowState"]
