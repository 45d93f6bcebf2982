"""One layer of a flow: AltIMEX step, residual, checks of its time constants."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._common.norms import inverse, length, relative
from ..._common.types import AnyArray, concrete, Scalar
from ...lagrangians import AbstractLagrangian
from ...network import Network


def alternate_features(
    network: Network,
    a: AnyArray,
    v: Array,
    recalled: Array,
    decay: AnyArray,
    free: Array,
) -> tuple[Array, Array]:
    """`v+` of AltIMEX, and the loss of energy that its theorem guarantees.

    `dv . dg / a`; for a Lagrangian of degree one, whose bracket vanishes, exactly
    `(xi^T f + I) . dg`, which is >= 0 for every decay with 1 + decay * a > 0. An
    autapse is taken implicitly. [THEORY 4.2]
    """
    feature = network.feature_lagrangian
    received = recalled + network.current
    v1 = (v + a * received) / (1 + decay * a)
    if network.autapse is not None:
        v1 = feature.resolvent(v1, network.autapse * a / (1 + decay * a))
    v1 = jnp.where(free, v1, v)
    dg = feature.activation(v1) - feature.activation(v)
    if feature.degree == 1:
        return v1, jnp.sum(received * dg)
    return v1, jnp.sum((v1 - v) * dg / a)


def dissipated(
    lagrangian: AbstractLagrangian, tau: AnyArray, x: Array, dx: Array
) -> Scalar:
    """`sum tau dx . H dx`, the rate at which one layer loses energy."""
    if tau.ndim:
        return jnp.vdot(tau * dx, lagrangian.curvature(x, dx))
    return tau * lagrangian.curvature_along(x, dx)


def feature_residual(
    network: Network, v: Array, force: Array, decay: AnyArray
) -> Array:
    """`|I + xi^T f - alpha v|` relative to the state; of the direction if |v| grows.

    With alpha <= 0 and a Lagrangian of degree one (model C) only the direction of `v`
    comes to rest: `|P(xi^T f + I)| / |xi^T f + I|`, P normal to `v`. [THEORY 4.4]
    """
    plain = relative(force, v)
    feature = network.feature_lagrangian
    if feature.degree != 1 or not feature.smooth:
        return plain
    unit = v * inverse(length(v))
    received = force + decay * v
    normal = received - unit * jnp.vdot(unit, received)
    return jnp.where(decay > 0, plain, length(normal) * inverse(length(received)))


def require_times(name: str, tau: AnyArray) -> None:
    """Raises ValueError unless time constants are finite and positive."""
    if tau.ndim > 1:
        raise ValueError(f"{name} is one number or a vector, got shape {tau.shape}.")
    if concrete(tau) and not np.all((np.asarray(tau) > 0) & np.isfinite(tau)):
        raise ValueError(
            f"{name} must be a finite number > 0, got {tau}; for tau_memory -> 0 use "
            'dynamics kind "adiabatic".'
        )


def require_decay(decay: AnyArray) -> None:
    """Raises ValueError unless the decay alpha is one finite number."""
    if decay.ndim or (concrete(decay) and not np.isfinite(decay)):
        raise ValueError(f"decay is one finite number, got {decay}.")


def check_taus(network: Network, layer: str, tau: AnyArray) -> None:
    """A vector needs its layer's size and an additive Lagrangian, or ValueError."""
    if tau.ndim == 0:
        return
    size = network.features if layer == "feature" else network.count
    lagrangian = getattr(network, f"{layer}_lagrangian")
    if tau.shape != (size,):
        raise ValueError(f"tau_{layer} must have shape ({size},), got {tau.shape}.")
    if not lagrangian.additive:
        raise ValueError(
            f"A vector tau_{layer} needs an additive Lagrangian (its energy may rise "
            f"otherwise), got {type(lagrangian).__name__}; use one number, or declare "
            "additive = True if it is a sum over neurons."
        )
