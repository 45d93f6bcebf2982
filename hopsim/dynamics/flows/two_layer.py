"""The two-layer flow of feature and memory neurons."""

import functools as ft
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._common.norms import relative
from ..._common.types import AnyArray, as_numbers, Scalar
from ...network import Features, Hidden, Network
from ...spectrum import stiffness, two_layer_eigenvalues
from .._base import dynamics_kinds
from ..drives import AbstractDrive
from ._base import AbstractFlow
from ._layers import (
    alternate_features,
    check_taus,
    dissipated,
    feature_residual,
    require_decay,
    require_times,
)


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

    own_memory: ClassVar[bool] = True

    tau_memory: AnyArray = eqx.field(converter=as_numbers, default=0.1)
    tau_feature: AnyArray = eqx.field(converter=as_numbers, default=1.0)
    decay: AnyArray = eqx.field(converter=as_numbers, default=1.0)
    drive: AbstractDrive | None = None

    def __check_init__(self):
        require_times("tau_memory", self.tau_memory)
        require_times("tau_feature", self.tau_feature)
        require_decay(self.decay)

    @property
    def clocks(self) -> dict[str, AnyArray]:
        return {"tau_feature": self.tau_feature, "tau_memory": self.tau_memory}

    @property
    def lags(self) -> bool:
        return True

    def _taus(self, network: Network) -> tuple[AnyArray, AnyArray]:
        check_taus(network, "feature", self.tau_feature)
        check_taus(network, "memory", self.tau_memory)
        unit = jnp.mean(self.tau_feature)
        return self.tau_feature / unit, self.tau_memory / unit

    def rest_eigenvalues(
        self, network: Network, gains: Float[np.ndarray, "root feature"]
    ) -> Float[np.ndarray, "root eigenvalue"] | None:
        """The roots of one quadratic for each mode, for plain time constants."""
        plain = not (np.ndim(self.tau_feature) or np.ndim(self.tau_memory))
        convex = network.memory_lagrangian.convex and network.autapse is None
        if not (plain and convex) or self.decay != 1:
            return None
        modes = min(network.features, network.count)
        s = np.sqrt(np.maximum(gains[:, :modes], 0))
        closed = ft.partial(
            two_layer_eigenvalues, features=network.features, count=network.count,
            tau_feature=np.ones(()),
            tau_memory=np.asarray(self.tau_memory / self.tau_feature, np.float64),
        )  # fmt: skip
        return np.asarray(eqx.filter_jit(jax.vmap(closed))(jnp.asarray(s)))

    def start(self, network: Network, v: Features, h: Hidden | None) -> tuple:
        if h is None:
            h = network.memory_input(network.feature_lagrangian.activation(v))
        return (v, h)

    def forces(
        self, network: Network, x: tuple, free: Array, recalled: Array | None = None
    ) -> tuple:
        v, h = x
        g = network.feature_lagrangian.activation(v)
        if recalled is None:
            recalled = self.recalled(network, x)
        on_v = network.received(recalled, g) - self.decay * v
        return jnp.where(free, on_v, 0), network.memory_input(g) - h

    def forces_of(self, network: Network, rates: tuple) -> tuple | None:
        tau_feature, tau_memory = self._taus(network)
        return tau_feature * rates[0], tau_memory * rates[1]

    def field(self, network: Network, x: tuple, free: Array) -> tuple:
        tau_feature, tau_memory = self._taus(network)
        on_v, on_h = self.forces(network, x, free)
        return on_v / tau_feature, on_h / tau_memory

    def unrest(self, network: Network, x: tuple, forces: tuple) -> Scalar:
        on_v = feature_residual(network, x[0], forces[0], self.decay)
        return jnp.maximum(on_v, relative(forces[1], x[1]))

    def energy_and_scale(self, network: Network, x: tuple) -> tuple[Scalar, Scalar]:
        return network.energy_and_scale(*x, self.decay)

    def dissipation(self, network: Network, x: tuple, dx: tuple) -> Scalar:
        tau_feature, tau_memory = self._taus(network)
        lost = dissipated(network.feature_lagrangian, tau_feature, x[0], dx[0])
        return lost + dissipated(network.memory_lagrangian, tau_memory, x[1], dx[1])

    def recalled(self, network: Network, x: tuple) -> Float[Array, " feature"]:
        return network.recalled(network.memory_lagrangian.activation(x[1]))

    def alternate(
        self, network: Network, dt: Scalar, x: tuple, free: Array, recalled: Array
    ) -> tuple[tuple, Scalar]:
        v, h = x
        tau_feature, tau_memory = self._taus(network)
        f = network.memory_lagrangian.activation(h)
        v1, lost_v = alternate_features(
            network, dt / tau_feature, v, recalled, self.decay, free
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

    def stiffness(self, gain: AnyArray) -> float | AnyArray:
        unit = self.tau_feature.mean()
        return stiffness(
            gain, self.tau_feature.min() / unit, self.tau_memory.min() / unit
        )
