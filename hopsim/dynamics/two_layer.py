"""The two-layer flow of feature and memory neurons."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import AnyArray, as_numbers, concrete, Scalar
from ..network import Features, Hidden, Network
from ..spectrum import stiffness
from ._base import dynamics_kinds
from ._drive import AbstractDrive
from ._flow import AbstractFlow


@dynamics_kinds.register("two_layer")
class TwoLayer(AbstractFlow):
    r"""$\tau_f \dot v = \xi^T f + I - c g - \alpha v$, $\tau_h \dot h = \xi g + J - h$.

    The energy $E(v, h)$ falls along it when both Lagrangians are convex. [KH21 eq. 1,
    with the signs restored]

    **Arguments:**

    - `tau_memory`: time constant of the memory neurons, one number or one for each.
    - `tau_feature`: likewise of the feature neurons. Its mean is hopsim's unit of time.
      Vectors need an additive Lagrangian in that layer.
    - `decay`: alpha; other than 1 for model C only, where 0 lets `|v|` grow freely.
    - `drive`: a current I(t) added to the network's constant one.
    """

    tau_memory: AnyArray = eqx.field(converter=as_numbers, default=0.1)
    tau_feature: AnyArray = eqx.field(converter=as_numbers, default=1.0)
    decay: AnyArray = eqx.field(converter=as_numbers, default=1.0)
    drive: AbstractDrive | None = None

    def __check_init__(self):
        require_times("tau_memory", self.tau_memory)
        require_times("tau_feature", self.tau_feature)
        require_decay(self.decay)

    @property
    def needs_convex_memory(self) -> bool:
        return True

    def _taus(self, network: Network) -> tuple[AnyArray, AnyArray]:
        check_taus(network, "feature", self.tau_feature)
        check_taus(network, "memory", self.tau_memory)
        unit = jnp.mean(self.tau_feature)
        return self.tau_feature / unit, self.tau_memory / unit

    def start(self, network: Network, v: Features, h: Hidden | None) -> tuple:
        if h is None:
            h = network.memory_input(network.feature_lagrangian.activation(v))
        return (v, h)

    def _forces(self, network: Network, x: tuple, free: Array) -> tuple[Array, Array]:
        v, h = x
        g = network.feature_lagrangian.activation(v)
        f = network.memory_lagrangian.activation(h)
        on_v = jnp.where(free, network.feature_input(f, g) - self.decay * v, 0)
        return on_v, network.memory_input(g) - h

    def field(self, network: Network, x: tuple, free: Array) -> tuple:
        tau_feature, tau_memory = self._taus(network)
        on_v, on_h = self._forces(network, x, free)
        return on_v / tau_feature, on_h / tau_memory

    def residual(self, network: Network, x: tuple, free: Array) -> Scalar:
        on_v, on_h = self._forces(network, x, free)
        return jnp.maximum(
            feature_residual(network, x[0], on_v, self.decay), relative(on_h, x[1])
        )

    def energy_and_scale(self, network: Network, x: tuple) -> tuple[Scalar, Scalar]:
        return network.energy_and_scale(*x, self.decay)

    def dissipation(self, network: Network, x: tuple, dx: tuple) -> Scalar:
        tau_feature, tau_memory = self._taus(network)
        (v, h), (dv, dh) = x, dx
        on_v = network.feature_lagrangian.curvature(v, dv)
        on_h = network.memory_lagrangian.curvature(h, dh)
        return jnp.sum(tau_feature * dv * on_v) + jnp.sum(tau_memory * dh * on_h)

    def alternate(
        self, network: Network, dt: Scalar, x: tuple, free: Array
    ) -> tuple[tuple, Scalar]:
        v, h = x
        tau_feature, tau_memory = self._taus(network)
        f = network.memory_lagrangian.activation(h)
        v1, lost_v = alternate_features(
            network, dt / tau_feature, v, f, self.decay, free
        )
        b = dt / tau_memory
        g1 = network.feature_lagrangian.activation(v1)
        h1 = (h + b * network.memory_input(g1)) / (1 + b)
        df = network.memory_lagrangian.activation(h1) - f
        return (v1, h1), lost_v + jnp.sum((h1 - h) * df / b)

    def memory(self, network: Network, x: tuple) -> Float[Array, " memory"]:
        return x[1]

    def gap(self, network: Network, x: tuple) -> Scalar:
        return network.adiabatic_gap(*x)

    def stiffness(self, gain: AnyArray) -> AnyArray:
        unit = jnp.mean(self.tau_feature)
        return stiffness(
            gain, jnp.min(self.tau_feature) / unit, jnp.min(self.tau_memory) / unit
        )


# --- what the adiabatic flow shares -------------------------------------------------


def alternate_features(
    network: Network, a: AnyArray, v: Array, f: Array, decay: AnyArray, free: Array
) -> tuple[Array, Array]:
    """`v+` of AltIMEX, and the loss of energy that its theorem guarantees.

    `dv . dg / a`; for a Lagrangian of degree one, whose bracket vanishes, exactly
    `(xi^T f + I) . dg`, which is >= 0 for every decay with 1 + decay * a > 0. An
    autapse is taken implicitly. [THEORY 4.2]
    """
    feature = network.feature_lagrangian
    received = network.feature_input(f, jnp.zeros_like(v))
    v1 = (v + a * received) / (1 + decay * a)
    if network.autapse is not None:
        v1 = feature.resolvent(v1, network.autapse * a / (1 + decay * a))
    v1 = jnp.where(free, v1, v)
    dg = feature.activation(v1) - feature.activation(v)
    if feature.degree == 1:
        return v1, jnp.sum(received * dg)
    return v1, jnp.sum((v1 - v) * dg / a)


def feature_residual(
    network: Network, v: Array, force: Array, decay: AnyArray
) -> Array:
    """`|I + xi^T f - alpha v|` relative to the state; direction only where v escapes.

    With alpha <= 0 and a Lagrangian of degree one (model C) only the direction of `v`
    comes to rest: `|P(xi^T f + I)| / |xi^T f + I|`, P normal to `v`. [THEORY 4.4]
    """
    plain = relative(force, v)
    feature = network.feature_lagrangian
    if feature.degree != 1 or not feature.smooth:
        return plain
    length = lambda x: jnp.sqrt(jnp.maximum(jnp.vdot(x, x), jnp.finfo(x.dtype).tiny))
    unit = v / length(v)
    received = force + decay * v
    normal = received - unit * jnp.vdot(unit, received)
    return jnp.where(decay > 0, plain, length(normal) / length(received))


def relative(force: Array, state: Array) -> Array:
    """`|force| / (1 + |state|)` in the maximum norm."""
    return jnp.max(jnp.abs(force)) / (1 + jnp.max(jnp.abs(state)))


def require_times(name: str, tau: AnyArray) -> None:
    """Time constants are finite and positive."""
    if tau.ndim > 1:
        raise ValueError(f"{name} is one number or a vector, got shape {tau.shape}.")
    if concrete(tau) and not np.all((np.asarray(tau) > 0) & np.isfinite(tau)):
        raise ValueError(
            f"{name} must be a finite number > 0, got {tau}; for tau_memory -> 0 use "
            'dynamics kind "adiabatic".'
        )


def require_decay(decay: AnyArray) -> None:
    """The decay alpha is one finite number."""
    if decay.ndim or (concrete(decay) and not np.isfinite(decay)):
        raise ValueError(f"decay is one finite number, got {decay}.")


def check_taus(network: Network, layer: str, tau: AnyArray) -> None:
    """A vector of time constants needs its layer's size and an additive Lagrangian."""
    if tau.ndim == 0:
        return
    size = network.features if layer == "feature" else network.count
    lagrangian = getattr(network, f"{layer}_lagrangian")
    if tau.shape != (size,):
        raise ValueError(f"tau_{layer} must have shape ({size},), got {tau.shape}.")
    if not lagrangian.additive:
        raise ValueError(
            f"A vector tau_{layer} needs an additive Lagrangian (its energy may rise "
            f"otherwise), got {type(lagrangian).__name__}; use one number."
        )
