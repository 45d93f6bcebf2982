"""The adiabatic flow: memory neurons that follow the feature neurons at once."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._types import AnyArray, as_numbers, Scalar
from ..network import Features, Hidden, Network
from ._base import dynamics_kinds
from ._drive import AbstractDrive
from ._flow import AbstractFlow
from .two_layer import (
    alternate_features,
    check_taus,
    feature_residual,
    require_decay,
    require_times,
)


@dynamics_kinds.register("adiabatic")
class Adiabatic(AbstractFlow):
    r"""$\tau_f \dot v = \nabla\Phi(g(v)) - \alpha v$, the limit $\tau_h \to 0$. [KH21]

    The effective energy $E(v)$ falls along it when $L_v$ is convex, whatever $L_h$ is;
    under AltIMEX $L_h$ must be convex too. [KH21 eqs. 5-7; THEORY 1.2, 2.6]

    **Arguments:** `tau_feature`, `decay` and `drive` as for `TwoLayer`.
    """

    tau_feature: AnyArray = eqx.field(converter=as_numbers, default=1.0)
    decay: AnyArray = eqx.field(converter=as_numbers, default=1.0)
    drive: AbstractDrive | None = None

    def __check_init__(self):
        require_times("tau_feature", self.tau_feature)
        require_decay(self.decay)

    @property
    def needs_convex_memory(self) -> bool:
        return False

    def _tau(self, network: Network) -> AnyArray:
        check_taus(network, "feature", self.tau_feature)
        return self.tau_feature / jnp.mean(self.tau_feature)

    def start(self, network: Network, v: Features, h: Hidden | None) -> tuple:
        if h is not None:
            raise ValueError(
                "The adiabatic flow slaves its memory neurons to the features; leave "
                "memory_start out, or use TwoLayer."
            )
        return (v,)

    def _force(self, network: Network, v: Array, free: Array) -> Array:
        g = network.feature_lagrangian.activation(v)
        return jnp.where(free, network.local_field(g) - self.decay * v, 0)

    def field(self, network: Network, x: tuple, free: Array) -> tuple:
        return (self._force(network, x[0], free) / self._tau(network),)

    def residual(self, network: Network, x: tuple, free: Array) -> Scalar:
        force = self._force(network, x[0], free)
        return feature_residual(network, x[0], force, self.decay)

    def energy_and_scale(self, network: Network, x: tuple) -> tuple[Scalar, Scalar]:
        # slaved, the terms of E(v, h) are those of E(v), the brackets of L_h apart
        scale = network.energy_scale(x[0], self.memory(network, x), self.decay)
        return network.effective_energy(x[0], self.decay), scale

    def dissipation(self, network: Network, x: tuple, dx: tuple) -> Scalar:
        on_v = network.feature_lagrangian.curvature(x[0], dx[0])
        return jnp.sum(self._tau(network) * dx[0] * on_v)

    def alternate(
        self, network: Network, dt: Scalar, x: tuple, free: Array
    ) -> tuple[tuple, Scalar]:
        v = x[0]
        f = network.memory_lagrangian.activation(self.memory(network, x))
        v1, lost = alternate_features(
            network, dt / self._tau(network), v, f, self.decay, free
        )
        return (v1,), lost

    def memory(self, network: Network, x: tuple) -> Float[Array, " memory"]:
        return network.memory_input(network.feature_lagrangian.activation(x[0]))

    def gap(self, network: Network, x: tuple) -> Scalar:
        return jnp.zeros((), network.dtype)

    def stiffness(self, gain: AnyArray) -> AnyArray:
        # eigenvalues (s^2 - 1) / tau_f of the effective Jacobian [THEORY 5.1]
        return (1 + gain) * jnp.mean(self.tau_feature) / jnp.min(self.tau_feature)
