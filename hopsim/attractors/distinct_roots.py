"""From the ends of flows to the fixed points that they approach."""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._common.environment import precision
from .._common.types import AnyArray, cast
from ..dynamics.flows.rest import nearly_linear, rest_condition
from ..network import Network
from .clusters import clusters
from .newton import in_chunks, polish


CLUSTER_RTOL = 1e-3  # nearer ends are polished once, and verified afterwards
SAME_ROOT_RTOL = 1e-6  # nearer roots are one: far above Newton's error of 1e-12
SAME_ROOT_ATOL = 1e-10  # the absolute distance of the same, for roots at 0


class Settled(NamedTuple):
    """Distinct fixed points, and the one that every end belongs to (-1: none)."""

    v: Float[np.ndarray, "root feature"]
    f: Float[np.ndarray, "root memory"]
    residual: Float[np.ndarray, " root"]
    labels: Int[np.ndarray, " end"]


def settle(
    network: Network, decay: AnyArray, ends: Float[AnyArray, "end feature"]
) -> Settled:
    r"""The fixed point of every end of a flow, by polishing representatives only.

    Ends are clustered coarsely and one of each cluster is polished. An end x belongs to
    the root $v^*$ only if the force on it is nearly the linear one towards that root:
    $|R(x) - R'(v^*)(x - v^*)| \le \frac12 |R'(v^*)(x - v^*)|$. (Between two roots the
    linear part alone may point at one and R at the other.) All other ends are polished
    separately. Those that fail this test again have the label -1: their flows did not
    come close enough to a root.
    """
    ends = np.asarray(ends, np.float64)
    if not len(ends):
        return distinct(network, ends, np.zeros(0), np.zeros(0, bool))
    owner = clusters(ends, CLUSTER_RTOL * (lengths(ends) + CLUSTER_RTOL))
    leaders, owner = np.unique(owner, return_inverse=True)
    first = polish(network, ends[leaders], decay=decay)
    roots, residual = first.v[owner], first.residual[owner]
    fits = first.converged[owner] & belong(network, decay, ends, roots)
    alone = ~fits
    alone[leaders] = False  # these were polished already
    if np.any(alone):
        again = polish(network, ends[alone], decay=decay)
        roots[alone], residual[alone] = again.v, again.residual
        near = belong(network, decay, ends[alone], again.v)
        fits[alone] = again.converged & near
    return distinct(network, roots, residual, fits)


def distinct(
    network: Network,
    roots: Float[np.ndarray, "end feature"],
    residual: Float[np.ndarray, " end"],
    fits: Bool[np.ndarray, " end"],
) -> Settled:
    """The distinct ones of many roots: two are the same if they agree in v and in f.

    In v relative to the root itself, since attractors in weak fields are close.
    """
    labels = np.full(len(roots), -1)
    kept = np.flatnonzero(fits)
    # many ends share one root to the last bit: compare each root only once
    _, once, copies = np.unique(
        roots[kept], axis=0, return_index=True, return_inverse=True
    )
    v = roots[kept][once]
    f = activations(network, v)
    # if all roots are at 0, f is rounding error: its unit must include the memories
    unit = size_of(np.concatenate([f, activations(network, network.memories)]))
    owner = clusters(
        v, SAME_ROOT_RTOL * lengths(v) + SAME_ROOT_ATOL, f, SAME_ROOT_RTOL * unit
    )
    chosen, number = np.unique(owner, return_inverse=True)
    labels[kept] = number[copies.ravel()]
    return Settled(v[chosen], f[chosen], residual[kept][once][chosen], labels)


def size_of(points: Float[np.ndarray, "point dimension"]) -> float:
    """The largest finite length of the points, or 1 if there is none or it is 0."""
    longest = lengths(points)
    longest = float(np.max(longest[np.isfinite(longest)], initial=0.0))
    return longest if longest > 0 else 1.0


def lengths(points: Float[AnyArray, "point dimension"]) -> Float[np.ndarray, " point"]:
    """The Euclidean norm of every point."""
    return np.linalg.norm(points, axis=1)


def belong(
    network: Network,
    decay: AnyArray,
    ends: Float[np.ndarray, "end feature"],
    roots: Float[np.ndarray, "end feature"],
) -> Bool[np.ndarray, " end"]:
    """True where the force on an end is nearly linear about its root; see `settle`."""
    with precision("float64"):
        network, decay = cast(network, np.float64), np.asarray(decay, np.float64)
        return in_chunks(_belong, network, decay, ends, roots, dense=False)


def activations(
    network: Network, v: Float[AnyArray, "root feature"]
) -> Float[np.ndarray, "root memory"]:
    """`f(xi g(v) + J)` of every state, in float64."""
    v = np.asarray(v, np.float64)
    if not len(v):
        return np.empty((0, network.count))
    with precision("float64"):
        network, one = cast(network, np.float64), np.ones(())
        return in_chunks(_activations, network, one, v, dense=False)


def effective_energies(
    network: Network, decay: AnyArray, v: Float[AnyArray, "state feature"]
) -> Float[np.ndarray, " state"]:
    """`E(v)` of every state, in float64."""
    with precision("float64"):
        network, decay = cast(network, np.float64), np.asarray(decay, np.float64)
        v = np.asarray(v, np.float64)
        return in_chunks(_energies, network, decay, v, dense=False)


@eqx.filter_jit
def _energies(network: Network, decay: AnyArray, v: AnyArray) -> Array:
    return jax.vmap(lambda v: network.effective_energy(v, decay))(v)


@eqx.filter_jit
def _belong(
    network: Network, decay: AnyArray, ends: AnyArray, roots: AnyArray
) -> Array:
    def one(x: Array, root: Array) -> Array:
        force = lambda v: rest_condition(network, decay, v)
        return nearly_linear(force, x, root)

    return jax.vmap(one)(ends, roots)


@eqx.filter_jit
def _activations(network: Network, decay: AnyArray, v: AnyArray) -> Array:
    del decay

    def one(v: Array) -> Array:
        g = network.feature_lagrangian.activation(v)
        return network.memory_lagrangian.activation(network.memory_input(g))

    return jax.vmap(one)(v)
