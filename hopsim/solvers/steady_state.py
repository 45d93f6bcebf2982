"""Settling: the residual by which an event detects that the state is at rest."""

import diffrax as dfx

from .._common.problem import AbstractProblem, FlowState
from ._watching import AbstractWatching
from .altimex import AltIMEX
from .unrolled import Unrolled


class Settling(AbstractWatching):
    """Any solver, with the tau-free residual of its last state written into that state.

    Diffrax's events have access to the state `y`, not to the solver's, so the residual
    is kept in `FlowState.residual`, outside the norm of the error. It is formed from
    what the solver passes to its next step, the last stage or `xi^T f`, without an
    evaluation of the field. (Solvers that pass neither need one.)
    """

    solver: dfx.AbstractSolver

    def init(self, terms, t0, t1, y0: FlowState, args: AbstractProblem):
        """The wrapped solver's state."""
        return self.solver.init(terms, t0, t1, y0, args)

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):
        """One step of the wrapped solver, and the residual of its result."""
        y1, error, dense, state, result = self.solver.step(
            terms, t0, t1, y0, args, solver_state, made_jump
        )
        rates = state if isinstance(self.solver, Unrolled) else None
        recalled = state if isinstance(self.solver, AltIMEX) else None
        y1 = y1._replace(residual=args.residual(t1, y1, rates, recalled))
        return y1, error, dense, state, result
