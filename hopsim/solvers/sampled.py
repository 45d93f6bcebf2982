"""Samples taken while a solver steps: in its state, where any loop keeps them."""

import diffrax as dfx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._common.problem import AbstractProblem, FlowState
from ._watching import AbstractWatching


class Sampled(AbstractWatching):
    """Any solver, with the first layer kept at given times, from its dense output.

    A time is served by the accepted step that passes it. The samples are a part of the
    solver's state, so that what differentiates the steps differentiates them too, and
    no check of the times is left inside a compiled program.
    """

    solver: dfx.AbstractSolver
    times: Float[Array, " time"]

    def init(self, terms, t0, t1, y0: FlowState, args: AbstractProblem):
        """The wrapped solver's state; NaN at all times but the first of the run."""
        first = (self.times == t0)[:, None]
        samples = jnp.where(first, y0.x[0][None], jnp.nan)
        return self.solver.init(terms, t0, t1, y0, args), samples

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):
        """One step of the wrapped solver, and the samples within it."""
        inner, samples = solver_state
        y1, error, dense, inner, result = self.solver.step(
            terms, t0, t1, y0, args, inner, made_jump
        )
        path = self.solver.interpolation_cls(t0=t0, t1=t1, **dense)
        due = (self.times > t0) & (self.times <= t1)
        # elsewhere the interpolation is one far beyond its step: large, and its
        # derivative too, which a later choice would multiply by zero
        within = jnp.where(due, self.times, t1)
        seen = jax.vmap(lambda t: path.evaluate(t).x[0])(within)
        samples = jnp.where(due[:, None], seen, samples)
        return y1, error, dense, (inner, samples), result
