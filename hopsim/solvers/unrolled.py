r"""Explicit Runge-Kutta stages, written out when the program is traced.

Diffrax loops over the stages inside the compiled program and contracts a buffer of all
of them at each; written out, every stage reads the stages that it needs, and XLA sees
products and sums it can fuse. Same tableau, same interpolation, same error estimate:
the results agree to rounding.
"""

import functools as ft
import operator
from collections.abc import Sequence
from typing import Any

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np


class Unrolled(dfx.AbstractAdaptiveSolver):
    r"""`Unrolled(diffrax.Tsit5())`: any explicit Runge-Kutta solver, unrolled.

    $k_i = f(t_0 + c_i\,dt,\; y_0 + dt \sum_{j<i} a_{ij} k_j)$,
    $y_1 = y_0 + dt \sum_i b_i k_i$; zeros of the tableau cost nothing. A first stage
    that is the last one of the step before is kept in the solver's state.
    """

    solver: dfx.AbstractERK

    @property
    def term_structure(self):
        """One ODE term."""
        return dfx.ODETerm

    @property
    def interpolation_cls(self):  # pyright: ignore[reportIncompatibleMethodOverride]
        """The wrapped solver's own dense output, from stages that are not stacked."""
        return ft.partial(_Interpolation, of=self.solver.interpolation_cls)

    def order(self, terms):
        """The wrapped solver's order."""
        return self.solver.order(terms)

    def error_order(self, terms):
        """The wrapped solver's error order."""
        return self.solver.error_order(terms)

    def func(self, terms, t0, y0, args):
        """The vector field."""
        return terms.vf(t0, y0, args)

    def init(self, terms, t0, t1, y0, args):
        """The first stage, if each step can reuse the last stage of the step before."""
        return terms.vf(t0, y0, args) if _tableau(self.solver).fsal else None

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):
        """One step from `t0` to `t1`."""
        tableau = _tableau(self.solver)
        control = terms.contr(t0, t1)
        ahead = lambda weights, k: terms.prod(_weighted(weights, k), control)
        first = solver_state
        if first is None:
            first = terms.vf(t0, y0, args)
        elif made_jump is not False:
            again = terms.vf(t0, y0, args)
            first = jax.tree.map(lambda a, b: jnp.where(made_jump, a, b), again, first)

        # --- the stages
        stages, y = [first], y0
        for c, weights in zip(tableau.c, tableau.a_lower, strict=True):
            y = jax.tree.map(operator.add, y0, ahead(weights, stages))
            t = t1 if c == 1 else t0 + np.asarray(c, np.result_type(t0)) * (t1 - t0)
            stages.append(terms.vf(t, y, args))

        # --- what they add up to
        y1 = y
        if not tableau.ssal:
            y1 = jax.tree.map(operator.add, y0, ahead(tableau.b_sol, stages))
        error = ahead(tableau.b_error, stages)
        last = stages[-1] if tableau.fsal else None
        dense = {"y0": y0, "y1": y1, "k": [terms.prod(k, control) for k in stages]}
        return y1, error, dense, last, dfx.RESULTS.successful


def evaluations(solver: dfx.AbstractSolver) -> int:
    """Evaluations of the field in one step of an explicit solver; 0 if not known."""
    inner = solver.solver if isinstance(solver, Unrolled) else solver
    if not isinstance(inner, dfx.AbstractERK):
        return 0
    return _tableau(inner).num_stages - _tableau(inner).fsal


def _tableau(solver: dfx.AbstractERK) -> dfx.ButcherTableau:
    assert isinstance(solver.tableau, dfx.ButcherTableau)  # several are for IMEX only
    return solver.tableau


class _Interpolation(dfx.AbstractLocalInterpolation):
    """The interpolation `of` a Runge-Kutta solver, which is linear in its stages.

    Its weights are found from unit vectors for `y0`, `y1` and the stages; the solver's
    own form needs a stacked copy of all stages at every step, sampled or not.
    """

    t0: Any
    t1: Any
    y0: Any
    y1: Any
    k: list[Any]
    of: Any = eqx.field(static=True)

    def evaluate(self, t0, t1=None, left=True):
        """The state at `t0`, or its increment from `t0` to `t1`."""
        parts = [self.y0, self.y1, *self.k]
        unit = jnp.eye(len(parts), dtype=jnp.result_type(self.t0))
        whole = self.of(t0=self.t0, t1=self.t1, y0=unit[0], y1=unit[1], k=unit[2:])
        weights = whole.evaluate(t0, t1, left)
        add = lambda *x: sum(
            weights[i].astype(x[i].dtype) * x[i] for i in range(len(x))
        )
        return jax.tree.map(add, *parts)


def _weighted(weights: Any, stages: Sequence[Any]) -> Any:
    """The sum of the stages with these weights, without those of weight zero."""
    used = [(w, k) for w, k in zip(weights, stages, strict=True) if w != 0]

    def add(*leaves):
        pairs = zip(used, leaves, strict=True)
        return ft.reduce(
            operator.add, (np.asarray(w, k.dtype) * k for (w, _), k in pairs)
        )

    return jax.tree.map(add, *(k for _, k in used))
