"""A heat bath for spins in lockstep: all replicas visit the same spin together, by JAX.

For accelerators, and for memories that are not spins. Couplings of three spins are
shared by all replicas: one product (N, N) x (N, replica) a visit. The thresholds are
those of `_heat_bath_cpu`.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ...network import Network


class Shared(NamedTuple):
    """Couplings on a device: integers in floats that hold them."""

    tensor: Float[Array, "feature feature feature"]
    single: Float[Array, " feature"]
    factor: Float[Array, ""]
    unit: Float[Array, ""]


@eqx.filter_jit
def in_lockstep(
    system: Shared | Network,
    s: Float[Array, "feature lane"],
    order: Int[Array, "sweep visit"],
    thresholds: Float[Array, "sweep visit lane"],
) -> tuple[
    Float[Array, "sweep feature lane"], Float[Array, "sweep lane"], Int[Array, "lane"]
]:
    """The spins after each sweep, what they gained in Phi so far, and flips."""
    network = None if isinstance(system, Shared) else system

    def gap_of(i: Array, s: Array, x: Array) -> Array:
        if isinstance(system, Shared):
            slab = jax.lax.dynamic_index_in_dim(system.tensor, i, 0, False)
            inner = jnp.matmul(slab, s, precision=jax.lax.Precision.HIGHEST)
            field = 0.5 * jnp.sum(s * inner, axis=0)
            return system.unit * (system.factor * field + system.single[i])
        w = system.memories[:, i]
        without = x - w[:, None] * s[i][None]
        layer = jax.vmap(system.memory_lagrangian, in_axes=1)
        up, down = layer(without + w[:, None]), layer(without - w[:, None])
        return up - down + 2 * system.current[i]

    def visit(now, given):
        s, x, gained, flips = now
        i, threshold = given
        gap = gap_of(i, s, x)
        new = jnp.where(gap > threshold, 1, -1).astype(s.dtype)
        change = new - s[i]
        if network is not None:
            x = x + network.memories[:, i][:, None] * change[None]
        s = jax.lax.dynamic_update_index_in_dim(s, new, i, 0)
        flips = flips + (change != 0).astype(jnp.int32)
        return (s, x, gained + 0.5 * change * gap, flips), None

    def sweep(now, given):
        now, _ = jax.lax.scan(visit, now, given)
        return now, (now[0], now[2])

    inputs = jnp.zeros((0, s.shape[1]), s.dtype)
    if network is not None:
        inputs = jax.vmap(network.memory_input, in_axes=1, out_axes=1)(s)
    lanes = s.shape[1]
    start = s, inputs, jnp.zeros(lanes, s.dtype), jnp.zeros(lanes, jnp.int32)
    (_, _, _, flips), (path, gains) = jax.lax.scan(sweep, start, (order, thresholds))
    return path, gains, flips
