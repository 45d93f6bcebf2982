r"""AltIMEX: implicit decay, alternating coupling; the energy falls at every step size.

$$v^+ = \frac{v + a(I + \xi^T f(h))}{1 + \alpha a}, \quad
  h^+ = \frac{h + b(\xi g(v^+) + J)}{1 + b}, \quad a = dt/\tau_f, \; b = dt/\tau_h$$

For convex Lagrangians $E^+ - E \le -\frac1a \Delta v\cdot\Delta g
- \frac1b \Delta h\cdot\Delta f \le 0$ at every `dt`: `dt -> 0` is the flow, `dt -> inf`
alternating minimisation, which for model B is attention. Fixed points are those of the
flow at every `dt`. First order. [THEORY 4.2]
"""

from typing import ClassVar

import diffrax as dfx

from .problem import AbstractProblem, FlowState


class AltIMEX(dfx.AbstractSolver):
    """The alternating implicit-explicit step; needs an `AbstractProblem` as `args`.

    No linear system, no Jacobian: the cost of one Euler step. Sign, step and leaky
    activations are welcome, stiff time constants too.
    """

    term_structure: ClassVar = dfx.ODETerm
    interpolation_cls: ClassVar = dfx.LocalLinearInterpolation

    def order(self, terms):
        """The order of convergence: 1."""
        return 1

    def init(self, terms, t0, t1, y0, args):
        """AltIMEX keeps no state between steps."""
        return

    def step(self, terms, t0, t1, y0: FlowState, args, solver_state, made_jump):
        """One step from `t0` to `t1`."""
        _require_problem(args)
        y1 = args.alternate(t1, t1 - t0, y0)
        return y1, None, {"y0": y0, "y1": y1}, None, dfx.RESULTS.successful

    def func(self, terms, t0, y0, args):
        """The vector field itself."""
        return terms.vf(t0, y0, args)


def _require_problem(args: object) -> None:
    if not isinstance(args, AbstractProblem):
        raise ValueError(
            "AltIMEX splits the field into decay and coupling, so its args must be a "
            f"flow (AbstractProblem), got {type(args).__name__}; go through simulate()."
        )
