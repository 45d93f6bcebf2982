"""The roots of the condition of rest near many states, in float64 and in chunks."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._common.cores import SIMD
from .._common.environment import precision
from .._common.types import AnyArray, cast
from ..batches import CHUNK
from ..dynamics.flows.rest import (
    better,
    Force,
    MAX_DENSE_FEATURES,
    newton,
    rest_condition,
)
from ..network import Network


JACOBIAN_BYTES = 2**27  # bytes that the Jacobians of one chunk may take
DAMPED_STEPS = 256  # of Levenberg-Marquardt, where Newton's method has failed


class Polished(NamedTuple):
    """The final state of Newton's method from every state, and whether it is a root."""

    v: Float[np.ndarray, "state feature"]
    residual: Float[np.ndarray, " state"]  # |R(v)| / (1 + |v|), maximum norms
    converged: Bool[np.ndarray, " state"]  # the residual is within the tolerance


def polish(
    network: Network,
    v: Float[AnyArray, "state feature"],
    *,
    decay: float | AnyArray = 1.0,
    tolerance: float = 1e-12,
    max_steps: int = 50,
) -> Polished:
    r"""The roots of $I + \xi^T f(\xi g(v) + J) - c g(v) - \alpha v$ near every state.

    By Newton's method; where that fails, for example at a singular $R'$, by
    Levenberg-Marquardt least squares from the same start. In float64, whatever the
    precision of the network. Layers with jumps have no useful derivative: instead one
    substitution is tried, which is exact between flips, and `converged` refers to the
    residual alone. A state that was not improved is returned unchanged. Raises
    ValueError for states of wrong shape or that are not finite.

    **Arguments:**

    - `decay`: alpha, of the dynamics whose fixed points are sought.
    - `tolerance`: of the residual, relative to `1 + |v|`.
    - `max_steps`: Newton steps.
    """
    v = np.asarray(v, np.float64)
    if v.ndim != 2 or v.shape[1] != network.features:
        raise ValueError(
            f"States must have shape (state, {network.features}), got {v.shape}; a "
            "single state is written v[None, :]."
        )
    if not np.all(np.isfinite(v)):
        raise ValueError("States must be finite numbers, got NaN or infinity.")
    jumps = network.feature_lagrangian.jumps or network.memory_lagrangian.jumps
    tries = [_substitute] if jumps else [_newton, _least_squares]
    best, residual = v.copy(), np.full(len(v), np.inf)
    left = np.arange(len(v))
    with precision("float64"):
        network = cast(network, np.float64)
        alpha = np.asarray(decay, np.float64)
        for attempt in tries:
            if not left.size:
                break
            step = lambda network, alpha, x, f=attempt: f(network, alpha, x, max_steps)
            found, after = in_chunks(step, network, alpha, v[left])
            better = after < residual[left]
            best[left[better]], residual[left[better]] = found[better], after[better]
            left = np.flatnonzero(~(residual <= tolerance))
    return Polished(best, residual, residual <= tolerance)


def in_chunks(
    function: Callable,
    network: Network,
    decay: AnyArray,
    *rows: Any,
    dense: bool | None = None,
) -> Any:
    """`function(network, decay, *rows)`, a few rows at a time, gathered on the host.

    Chunks have one of few sizes, so that few programs are compiled; the last one
    repeats its last row. They are smaller if `dense`, that is if each row needs a
    matrix of its own.
    """
    parts = []
    matrices = network.features <= MAX_DENSE_FEATURES if dense is None else dense
    for chosen in _rows(network, len(rows[0]), matrices):
        part = function(network, decay, *(x[chosen] for x in rows))
        parts.append(jax.tree.map(np.asarray, part))
    gathered = lambda *x: np.concatenate(x)[: len(rows[0])]
    return jax.tree.map(gathered, *parts)


def _rows(network: Network, number: int, dense: bool) -> Iterator[np.ndarray]:
    each = 8 * network.features * max(network.features, network.count)
    most = CHUNK
    if dense:
        most = int(np.clip(SIMD * (JACOBIAN_BYTES // (SIMD * each)), SIMD, CHUNK))
    size = SIMD if number <= SIMD else most
    for start in range(0, number, size):
        yield np.minimum(np.arange(start, start + size), number - 1)


@eqx.filter_jit
def _newton(
    network: Network, decay: AnyArray, v: AnyArray, max_steps: int
) -> tuple[Array, Array]:
    find = lambda force, v: newton(force, v, max_steps)
    return _sought(network, decay, v, find)


@eqx.filter_jit
def _least_squares(
    network: Network, decay: AnyArray, v: AnyArray, max_steps: int
) -> tuple[Array, Array]:
    del max_steps  # damped steps are shorter than Newton's: they need a larger limit
    dense = network.features <= MAX_DENSE_FEATURES
    import lineax as lx
    import optimistix as optx

    linear = lx.QR() if dense else lx.Normal(lx.CG(rtol=1e-10, atol=1e-14))
    solver = optx.LevenbergMarquardt(rtol=1e-12, atol=1e-26, linear_solver=linear)

    def find(force: Force, v: Array) -> Array:
        limit: Any = {"throw": False, "max_steps": DAMPED_STEPS}
        return optx.least_squares(lambda v, _: force(v), solver, v, **limit).value

    return _sought(network, decay, v, find)


def _sought(
    network: Network,
    decay: AnyArray,
    v: AnyArray,
    find: Callable[[Force, Array], Array],
) -> tuple[Array, Array]:
    """The root that optimistix finds from every state, if it is an improvement."""

    def one(v: Array) -> tuple[Array, Array]:
        force = partial(rest_condition, network, decay)
        return better(force, v, find(force, v))

    return jax.vmap(one)(v)


@eqx.filter_jit
def _substitute(
    network: Network, decay: AnyArray, v: AnyArray, max_steps: int
) -> tuple[Array, Array]:
    del max_steps  # between flips the field is constant: once is exact

    def one(v: Array) -> tuple[Array, Array]:
        force = partial(rest_condition, network, decay)
        new = v + force(v) / decay
        same = jnp.all(jnp.sign(new) == jnp.sign(v))
        return better(force, v, jnp.where(same, new, v))

    return jax.vmap(one)(v)
