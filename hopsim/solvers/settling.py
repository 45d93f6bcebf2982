"""Settling: the residual that tells an event that the state has come to rest."""

import diffrax as dfx

from ._watching import AbstractWatching
from .altimex import AltIMEX
from .problem import AbstractProblem, FlowState
from .unrolled import Unrolled


class Settling(AbstractWatching):
    """Any solver that leaves the tau-free residual of its last state in that state.

    Diffrax's events see the state `y`, never the solver's, so the residual travels in
    `FlowState.residual`, outside the norm of the error. It costs no evaluation of the
    field: it is made of what the solver hands to its next step, the last stage or
    `xi^T f`. (Solvers that hand on nothing pay one evaluation.)
    """

    solver: dfx.AbstractSolver

    def init(self, terms, t0, t1, y0: FlowState, args: AbstractProblem):
        """The wrapped solver's state."""
        return self.solver.init(terms, t0, t1, y0, args)

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):
        """One step of the wrapped solver, and the residual where it led."""
        y1, error, dense, state, result = self.solver.step(
            terms, t0, t1, y0, args, solver_state, made_jump
        )
        rates = state if isinstance(self.solver, Unrolled) else None
        recalled = state if isinstance(self.solver, AltIMEX) else None
        y1 = y1._replace(residual=args.residual(t1, y1, rates, recalled))
        return y1, error, dense, state, result
