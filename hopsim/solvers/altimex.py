r"""AltIMEX: implicit decay, alternating coupling; the energy falls at every step size.

$$v^+ = \frac{v + a(I + \xi^T f(h))}{1 + \alpha a}, \quad
  h^+ = \frac{h + b(\xi g(v^+) + J)}{1 + b}, \quad a = dt/\tau_f, \; b = dt/\tau_h$$

For convex Lagrangians $E^+ - E \le -\frac1a \Delta v\cdot\Delta g
- \frac1b \Delta h\cdot\Delta f \le 0$ at every `dt`: `dt -> 0` is the flow, `dt -> inf`
alternating minimisation, which for model B is attention. Fixed points are those of the
flow at every `dt`. First order. [THEORY 4.2]
"""

import operator
from typing import Any, ClassVar

import diffrax as dfx
import jax
import jax.numpy as jnp

from .._common.problem import AbstractProblem, FlowState


class StepEnds(dfx.AbstractLocalInterpolation):
    """The nearer end of the step: between them the theorem promises nothing.

    On a straight line from one end to the other the energy may rise, where an
    activation turns within the step.
    """

    t0: Any
    t1: Any
    y0: Any
    y1: Any

    def evaluate(self, t0, t1=None, left=True):
        """The state at `t0`, or its increment from `t0` to `t1`."""
        if t1 is not None:
            first, last = self.evaluate(t0), self.evaluate(t1)
            return jax.tree.map(operator.sub, last, first)
        begins = t0 - self.t0 < self.t1 - t0
        return jax.tree.map(lambda a, b: jnp.where(begins, a, b), self.y0, self.y1)


class AltIMEX(dfx.AbstractSolver):
    """The alternating implicit-explicit step; needs an `AbstractProblem` as `args`.

    No linear system, no Jacobian: the cost of one Euler step. Activations with jumps
    and stiff time constants are allowed. `xi^T f`, computed at the end of a step, is
    reused by the next one.
    """

    term_structure: ClassVar = dfx.ODETerm
    interpolation_cls: ClassVar = StepEnds

    def order(self, terms):
        """The order of convergence: 1."""
        return 1

    def init(self, terms, t0, t1, y0, args):
        """`xi^T f` of the first state."""
        _require_problem(args)
        return args.recalled(y0)

    def step(self, terms, t0, t1, y0: FlowState, args, solver_state, made_jump):
        """One step from `t0` to `t1`."""
        y1 = args.alternate(t1, t1 - t0, y0, solver_state)
        dense = {"y0": y0, "y1": y1}
        return y1, None, dense, args.recalled(y1), dfx.RESULTS.successful

    def func(self, terms, t0, y0, args):
        """The vector field itself."""
        return terms.vf(t0, y0, args)


def _require_problem(args: object) -> None:
    if not isinstance(args, AbstractProblem):
        raise ValueError(
            "AltIMEX splits the field into decay and coupling, so its args must be a "
            f"flow (AbstractProblem), got {type(args).__name__}; go through simulate()."
        )
