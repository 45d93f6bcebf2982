"""`fixed_point`: where a flow comes to rest, as a function that JAX can transform."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..._common.norms import relative
from ..._common.types import AnyArray, concrete, Scalar
from ...network import Features, Network
from ...spectrum import largest_loop_gains, loop_gain, loop_gains
from .._base import REST_TIME
from .._request import Request, Tolerances
from ._base import AbstractFlow, Flow
from .one_run import one_run
from .rest import (
    better,
    MARGINAL_RTOL,
    MAX_DENSE_FEATURES,
    nearly_linear,
    newton,
    rest_condition,
    solve_linear,
)


NEWTON_STEPS = 50
POWERS = 100  # of a matrix, whose largest eigenvalue is sought
ROUNDINGS = 100  # that a root may err by, where this is more than 1e-12


class FixedPoint(NamedTuple):
    """A fixed point, and what is known of it; only `v` has derivatives."""

    v: Float[Array, " feature"]
    residual: Scalar  # |R(v)| / (1 + |v|), maximum norms, at the last state
    s_max: Scalar  # stable where s_max^2 < decay; of free neurons
    converged: Bool[Array, ""]


def fixed_point(
    network: Network,
    dynamics: AbstractFlow,
    v0: Float[AnyArray, " feature"],
    *,
    duration: float | AnyArray = REST_TIME,
    solver: Any = "tsit5",
    rtol: float | None = None,
    atol: float | None = None,
    residual_tolerance: float | None = None,
    max_steps: int = 100_000,
    clamped: Bool[AnyArray, " feature"] | None = None,
    memory_start: Float[AnyArray, " memory"] | None = None,
    full_output: bool = False,
) -> Any:
    r"""The fixed point $v^*$ to which the flow from `v0` leads.

    The flow runs until it is at rest, as in `simulate`; Newton's method then finds the
    root of $R(v) = \nabla\Phi(g(v)) - \alpha v$ there. `v` of shape (feature,) is NaN
    if no rest was reached within `duration` and `max_steps`, if the force on the last
    state is not nearly the linear one towards the root (so that the flow may lead
    elsewhere), or if the root is not hyperbolic: if a loop gain is the decay
    $\alpha$ within 1e-6 of it, the root has no derivative.

    A pure function of arrays, as `flow` is; its derivatives, forward and reverse, are
    those of the implicit function theorem,
    $\partial v^* = -R'(v^*)^{-1}\, \partial R$ with
    $R' = \xi^T H_h \xi H_v - c H_v - \alpha$ [THEORY 5.1]: their cost and memory do not
    depend on how long the flow takes. With respect to the starts, time constants and
    tolerances they are 0: a fixed point is the same all over its basin. (With respect
    to clamped neurons of `v0` they are not.) Where an activation jumps, they are those
    between jumps.

    With `full_output` a `FixedPoint` with `v`, `residual`, `s_max` and `converged`. A
    saddle that the flow passes so closely that its residual is below the tolerance is
    taken for rest; `s_max**2 > decay` tells.

    **Arguments:**

    - `duration`: the longest flow, in units of `tau_feature`.
    - `solver`, `rtol`, `atol`, `clamped`, `memory_start`: as in `flow`.
    - `residual_tolerance`: of rest; default 1e-6 in float64, 1e-4 in float32.

    Raises ValueError for arguments that `flow` refuses, for a drive, and for a decay
    <= 0: nothing comes to rest.
    """
    request = Request(
        duration,
        until="duration",  # what has no rest is refused below
        solver=solver,
        max_steps=max_steps,
        memory_start=memory_start,
        clamped=clamped,
        tolerances=Tolerances(rtol, atol, residual_tolerance),
    )
    found = seek("fixed_point", network, dynamics, v0, request)
    # a factor, so that derivatives of what is no fixed point are NaN as well
    found = found._replace(v=found.v * jnp.where(found.converged, 1, jnp.nan))
    return found if full_output else found.v


def seek(
    asked_by: str,
    network: Network,
    dynamics: AbstractFlow,
    v0: Float[AnyArray, " feature"],
    request: Request,
) -> FixedPoint:
    """The same, with a finite state where none is reached."""
    problem, x, end, steps = one_run(asked_by, network, dynamics, v0, request)
    if problem.dynamics.driven or concrete(problem.dynamics.decay):
        _ = problem.dynamics.rest_decay  # raises where there is none
    held = bool(np.any(request.mask(network)))
    still = _constant(problem)
    from .integration import rest_of_run  # and with it Diffrax

    near, rested = rest_of_run(still, _constant(x), _constant(end), steps)
    near = jnp.where(jnp.isfinite(near[0]), near[0], 0)
    v = _root(problem, x[0], near)
    found = _judged(still, _constant(x[0]), near, _constant(v), held)
    return found._replace(v=v, converged=found.converged & rested)


def _root(problem: Flow, v0: Features, near: Features) -> Float[Array, " feature"]:
    """The root of the force near a state, with its derivatives."""

    def find(force: Callable, v: Features) -> Array:
        return better(force, v, newton(force, v, NEWTON_STEPS))[0]

    def tangent(linear: Callable, b: Features) -> Array:
        # lineax's own transpose would raise an error from within the program
        return jax.lax.custom_linear_solve(linear, b, solve_linear, solve_linear)

    start = jax.lax.stop_gradient(near)
    return jax.lax.custom_root(_force(problem, v0), start, find, tangent)


def _force(problem: Flow, v0: Features) -> Callable[[Features], Array]:
    """R(v), and on clamped neurons what holds them at their first state."""
    decay = jnp.asarray(problem.dynamics.decay, v0.dtype)

    def force(v: Features) -> Array:
        return jnp.where(
            problem.free, rest_condition(problem.network, decay, v), v0 - v
        )

    return force


def _judged(
    problem: Flow, v0: Features, near: Features, v: Features, held: bool
) -> FixedPoint:
    """What is known of a root that Newton's method found near the end of a flow."""
    force = _force(problem, v0)
    rounding = ROUNDINGS * float(jnp.finfo(v.dtype).eps)
    residual = relative(force(v), v)
    gains = _gains(problem.network, v, problem.free if held else None)
    away = jnp.min(jnp.abs(gains - problem.dynamics.decay))
    hyperbolic = away > max(MARGINAL_RTOL, rounding) * problem.dynamics.decay
    converged = hyperbolic & (residual <= max(1e-12, rounding))
    converged = converged & nearly_linear(force, near, v, max(1e-11, rounding))
    return FixedPoint(v, residual, jnp.sqrt(jnp.maximum(gains[0], 0)), converged)


def _gains(
    network: Network, v: Features, free: Bool[Array, " feature"] | None
) -> Float[Array, " mode"]:
    """Loop gains, the largest first: all of them, or those that Lanczos finds."""
    h = network.memory_input(network.feature_lagrangian.activation(v))
    if free is not None and not network.feature_lagrangian.additive:
        return loop_gain(network, v, h, POWERS, free)[None]  # of no symmetric matrix
    found = loop_gains if v.size <= MAX_DENSE_FEATURES else largest_loop_gains
    return found(network, v, h, free=free)


def _constant(tree: Any) -> Any:
    arrays, rest = eqx.partition(tree, eqx.is_array)
    return eqx.combine(jax.lax.stop_gradient(arrays), rest)
