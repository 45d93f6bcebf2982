r"""The spectrum of the two-layer flow, in closed form from one set of singular values.

With $s_k$ the singular values of $A = H_h^{1/2} \xi H_v^{1/2}$, every eigenvalue of the
Jacobian at any state is real, and a fixed point is stable iff $s_{max} < 1$, whatever
the time constants. [THEORY 5.1; for decay 1 and convex Lagrangians]
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ._common.norms import inverse, length
from ._common.types import AnyArray, Scalar
from .network import Features, Hidden, Network


Number = float | AnyArray


def loop_gain(
    network: Network,
    v: Features,
    h: Hidden,
    rounds: int = 12,
    free: Bool[AnyArray, " feature"] | None = None,
) -> Scalar:
    r"""$s_{max}^2$, the largest eigenvalue of $H_v^{1/2}\xi^T H_h\xi H_v^{1/2}$.

    By power iteration on the similar matrix $\xi^T H_h \xi H_v$: matrix products only.
    An estimate, not a bound: after the default number of rounds as a rule a few percent
    too low, more if other eigenvalues are near. `free`: of these neurons alone, the
    others being clamped.
    """
    first = jnp.cos(jnp.arange(network.features, dtype=network.dtype) * 2.0 + 0.5)

    def around(z: Array) -> Array:
        g = network.feature_lagrangian.curvature(v, z)
        x = network.memory_input(g) - network.hidden_current
        f = network.memory_lagrangian.curvature(h, x)
        z = network.feature_input(f, jnp.zeros_like(g)) - network.current
        return z if free is None else jnp.where(free, z, 0)

    def step(_, carry):
        z, _ = carry
        new = around(z * inverse(length(z)))
        return new, length(new)

    start = (first, jnp.zeros((), network.dtype))
    return jax.lax.fori_loop(0, rounds, step, start)[1]


def stiffness(gain: Number, tau_feature: Number, tau_memory: Number) -> Number:
    r"""The largest rate of the two-layer flow, from its loop gain $s^2$. [THEORY 4.4]

    $\rho = \frac12[(1/\tau_f + 1/\tau_h) + \sqrt{(1/\tau_f - 1/\tau_h)^2
    + 4 s^2/(\tau_f\tau_h)}]$
    """
    a, b = 1 / tau_feature, 1 / tau_memory
    # ** rather than a function of jax.numpy, which would compile on the host
    return 0.5 * (a + b + ((a - b) ** 2 + 4 * gain * a * b) ** 0.5)


def hessians(
    network: Network, v: Features, h: Hidden
) -> tuple[Float[Array, "feature feature"], Float[Array, "memory memory"]]:
    """`H_v` and `H_h` as matrices, column by column. (Dense.)"""
    on_v = lambda z: network.feature_lagrangian.curvature(v, z)
    on_h = lambda z: network.memory_lagrangian.curvature(h, z)
    columns = jax.vmap(on_v)(jnp.eye(network.features, dtype=network.dtype))
    rows = jax.vmap(on_h)(jnp.eye(network.count, dtype=network.dtype))
    return columns, rows


def coupling_values(network: Network, v: Features, h: Hidden) -> Float[Array, " mode"]:
    """The singular values `s_k` of `H_h^(1/2) xi H_v^(1/2)`, largest first. (Dense.)"""
    hessian_v, hessian_h = hessians(network, v, h)
    a = _root(hessian_h) @ network.memories @ _root(hessian_v)
    return jnp.linalg.svd(a, compute_uv=False)


def loop_gains(
    network: Network,
    v: Features,
    h: Hidden,
    free: Bool[AnyArray, " feature"] | None = None,
) -> Float[Array, " feature"]:
    r"""Eigenvalues of $H_v^{1/2}(\xi^T H_h\xi - c)H_v^{1/2}$, largest first. (Dense.)

    Without an autapse c they are the `s_k^2`, and zeros. A fixed point is stable iff
    all lie below the decay; the number above it is the number of unstable directions,
    for two layers and for one. No (memory, memory) matrix is formed. [THEORY 5.1]
    `free`: of these neurons alone, the others being clamped (gain 0); for additive L_v.
    """
    on_v = _curvature(network, v, free)
    root = _root(jax.vmap(on_v)(jnp.eye(network.features, dtype=network.dtype)))
    around = jax.vmap(lambda g: _around(network, h, g))
    loop = around(root) @ root
    return jnp.linalg.eigvalsh(0.5 * (loop + loop.T))[::-1]


def largest_loop_gains(
    network: Network,
    v: Features,
    h: Hidden,
    rounds: int = 40,
    free: Bool[AnyArray, " feature"] | None = None,
) -> Float[Array, " round"]:
    r"""The largest of `loop_gains`, by Lanczos: matrix products only, no matrix.

    Applied to $(\xi^T H_h\xi - c) H_v$, which is self-adjoint in the inner product
    $a\cdot H_v b$. The ends of the spectrum converge first; of equal eigenvalues only
    one is found. `free`: as for `loop_gains`.
    """
    rounds = min(rounds, network.features)
    on_v = _curvature(network, v, free)
    z = jnp.cos(jnp.arange(network.features, dtype=network.dtype) * 2.0 + 0.5)
    empty = jnp.zeros((rounds, network.features), network.dtype)
    nothing = jnp.zeros((rounds, rounds), network.dtype)

    def step(k, carry):
        z, found, held, small = carry
        hz = on_v(z)
        size = jnp.sqrt(jnp.maximum(z @ hz, 0))
        scale = jnp.where(k > 0, jnp.max(jnp.abs(small)), 0)
        over = jnp.where(size > 1e-12 * scale, inverse(size), 0)
        found, held = found.at[k].set(z * over), held.at[k].set(hz * over)
        new = _around(network, h, held[k])
        column = held @ new
        small = small.at[:, k].set(column).at[k, :].set(column)
        for _ in range(2):  # twice, against cancellation
            new = new - (held @ new) @ found
        return new, found, held, small

    small = jax.lax.fori_loop(0, rounds, step, (z, empty, empty, nothing))[3]
    return jnp.linalg.eigvalsh(small)[::-1]


def _curvature(
    network: Network, v: Features, free: Bool[AnyArray, " feature"] | None
) -> Callable[[Array], Array]:
    """`H_v`, with the rows of clamped neurons at zero."""
    on_v = lambda z: network.feature_lagrangian.curvature(v, z)
    return on_v if free is None else lambda z: jnp.where(free, on_v(z), 0)


def _around(network: Network, h: Hidden, g: Features) -> Array:
    """`(xi^T H_h xi - c) g`."""
    x = network.memory_input(g) - network.hidden_current
    f = network.memory_lagrangian.curvature(h, x)
    back = network.recalled(f)
    return back if network.autapse is None else back - network.autapse * g


def two_layer_eigenvalues(
    s: Float[Array, " mode"],
    features: int,
    count: int,
    tau_feature: float | AnyArray,
    tau_memory: float | AnyArray,
) -> Float[Array, " eigenvalue"]:
    r"""All eigenvalues of the two-layer Jacobian, ascending. [THEORY 5.1]

    $\lambda^\pm_k = \frac12[-(1/\tau_f + 1/\tau_h) \pm \sqrt{(1/\tau_f - 1/\tau_h)^2
    + 4 s_k^2/(\tau_f\tau_h)}]$, and $-1/\tau$ for the uncoupled modes.
    """
    a, b = 1 / tau_feature, 1 / tau_memory
    root = jnp.sqrt((a - b) ** 2 + 4 * s**2 * a * b)
    plus, minus = 0.5 * (root - a - b), 0.5 * (-root - a - b)
    rest = jnp.concatenate(
        [jnp.full(features - s.size, -a), jnp.full(count - s.size, -b)]
    )
    return jnp.sort(jnp.concatenate([plus, minus, rest.astype(s.dtype)]))


def _root(symmetric: Float[Array, "n n"]) -> Float[Array, "n n"]:
    values, vectors = jnp.linalg.eigh(symmetric)
    return (vectors * jnp.sqrt(jnp.maximum(values, 0))[None, :]) @ vectors.T
