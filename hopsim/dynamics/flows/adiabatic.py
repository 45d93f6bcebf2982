"""The adiabatic flow: memory neurons that follow the feature neurons at once."""

import dataclasses
import functools as ft
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.sparse.linalg import gmres
from jaxtyping import Array, Float

from ..._common.types import AnyArray, as_numbers, as_numbers_if_any, Scalar
from ...network import Features, Hidden, Network
from .._base import dynamics_kinds
from .._request import Request
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
from ._solver_choice import Kind


@dynamics_kinds.register("adiabatic")
class Adiabatic(AbstractFlow):
    r"""$\tau_f \dot v = \nabla\Phi(g(v)) - \alpha v$, the limit $\tau_h \to 0$. [KH21]

    The effective energy $E(v)$ falls along it when $L_v$ is convex, whatever $L_h$ is;
    under AltIMEX $L_h$ must be convex too. [KH21 eqs. 5-7; THEORY 1.2, 2.6]

    With a `tau_memory` the memory neurons lag behind at first order, which gives the
    feature neurons a mass, and two layers are followed to second order in it:
    $(\tau_f + \tau_h\, \xi^T H_h \xi H_v)\, \dot v = \nabla\Phi - \alpha v$. The same
    energy falls if both Lagrangians are convex. [THEORY 2.5]

    **Arguments:** `tau_feature`, `decay` and `drive` as for `TwoLayer`.

    - `tau_memory`: None for memory neurons that follow at once; one number or one for
      each otherwise. Its linear system, with real eigenvalues >= 1, is
      solved by GMRES at every evaluation.
    """

    tau_feature: AnyArray = eqx.field(converter=as_numbers, default=1.0)
    decay: AnyArray = eqx.field(converter=as_numbers, default=1.0)
    drive: AbstractDrive | None = None
    tau_memory: AnyArray | None = eqx.field(converter=as_numbers_if_any, default=None)

    def __check_init__(self):
        require_times("tau_feature", self.tau_feature)
        require_decay(self.decay)
        if self.tau_memory is not None:
            require_times("tau_memory", self.tau_memory)

    @property
    def clocks(self) -> dict[str, AnyArray]:
        return {"tau_feature": self.tau_feature}

    @property
    def deviation(self) -> str | None:
        mass = "the adiabatic flow with a mass (tau_memory)"
        return super().deviation if self.tau_memory is None else mass

    @property
    def lags(self) -> bool:
        return self.tau_memory is not None

    def rest_eigenvalues(
        self, network: Network, gains: Float[np.ndarray, "root feature"]
    ) -> Float[np.ndarray, "root eigenvalue"] | None:
        """`s_k^2 - alpha`, over `1 + s_k^2 tau_h / tau_f` where neurons lag."""
        memory, decay = self.tau_memory, self.rest_decay
        vector = memory is not None and np.ndim(memory) > 0
        plain = np.ndim(self.tau_feature) == 0 and not vector
        if plain and memory is None:
            return gains[:, ::-1] - decay
        convex = network.memory_lagrangian.convex and network.autapse is None
        if memory is None or not (plain and convex):
            return None
        ratio = np.asarray(memory / self.tau_feature, np.float64)
        return np.sort((gains - decay) / (1 + ratio * gains), axis=1)

    def rest_jacobian(self, network: Network, v: Features) -> tuple[Array, Array]:
        if self.tau_memory is None:
            return super().rest_jacobian(network, v)
        # the derivative of the mass is multiplied by dv/dt, which is 0 at rest
        free = jnp.ones((network.features,), bool)
        plain = dataclasses.replace(self, tau_memory=None)
        unit, force = plain.rest_jacobian(network, v)
        mass = jax.vmap(lambda dv: self.mass(network, (v,), free, dv))(unit).T
        return mass, force

    def validate(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        request: Request,
    ) -> None:
        super().validate(network, probes, request)
        if request.memory_start is not None:
            raise ValueError(
                "The adiabatic flow slaves its memory neurons to the features; leave "
                "memory_start out, or use TwoLayer."
            )
        if self.tau_memory is not None:
            check_taus(network, "memory", self.tau_memory)

    def may_use(self, kind: Kind) -> None:
        if self.tau_memory is not None and kind.alternating:
            raise ValueError(
                "AltIMEX has no form with a mass; leave tau_memory out, or use "
                'dynamics kind "two_layer".'
            )

    def fitted(self, solver: Any) -> Any:
        if self.tau_memory is None:
            return solver
        from ...solvers import Unrolled

        # unrolled stages would compile seven copies of GMRES and be no faster
        return solver.solver if isinstance(solver, Unrolled) else solver

    def _tau(self, network: Network) -> AnyArray:
        check_taus(network, "feature", self.tau_feature)
        if self.tau_memory is not None:
            check_taus(network, "memory", self.tau_memory)
        return self.tau_feature / jnp.mean(self.tau_feature)

    def start(self, network: Network, v: Features, h: Hidden | None) -> tuple:
        return (v,)

    def forces(
        self, network: Network, x: tuple, free: Array, recalled: Array | None = None
    ) -> tuple:
        g = network.feature_lagrangian.activation(x[0])
        if recalled is None:
            recalled = self.recalled(network, x)
        return (jnp.where(free, network.received(recalled, g) - self.decay * x[0], 0),)

    def forces_of(self, network: Network, rates: tuple) -> tuple | None:
        return (self._tau(network) * rates[0],) if self.tau_memory is None else None

    def field(self, network: Network, x: tuple, free: Array) -> tuple:
        rate = self.forces(network, x, free)[0] / self._tau(network)
        if self.tau_memory is None:
            return (rate,)

        mass = ft.partial(self.mass, network, x, free)
        close = float(jnp.finfo(rate.dtype).eps) ** 0.75  # 2e-12, 6e-6 in float32
        found, _ = gmres(mass, rate, x0=rate, tol=close, atol=close**2)
        # GMRES may report success without it; NaN makes the controller reject the step
        away = jnp.max(jnp.abs(mass(found) - rate))
        good = away <= 100 * close * jnp.max(jnp.abs(rate))
        return (jnp.where(good, found, jnp.nan),)

    def mass(self, network: Network, x: tuple, free: Array, dv: Array) -> Array:
        r"""$(1 + \xi^T \tau_h H_h\xi H_v/\tau_f)\,\dot v$, where neurons lag."""
        _, drag = self._drag(network, x, dv)
        return dv + jnp.where(free, network.recalled(drag), 0) / self._tau(network)

    def _drag(self, network: Network, x: tuple, dv: Array) -> tuple[Array, Array]:
        """`d(xi g)/dt`, and `tau_h H_h` times it: by how much f lags behind."""
        assert self.tau_memory is not None
        tau_memory = self.tau_memory / jnp.mean(self.tau_feature)
        dg = network.feature_lagrangian.curvature(x[0], dv)
        dx = network.memory_input(dg) - network.hidden_current
        lag = network.memory_lagrangian.curvature(self.memory(network, x), dx)
        return dx, tau_memory * lag

    def unrest(self, network: Network, x: tuple, forces: tuple) -> Scalar:
        return feature_residual(network, x[0], forces[0], self.decay)

    def energy_and_scale(self, network: Network, x: tuple) -> tuple[Scalar, Scalar]:
        # E(v, h) with slaved h has the terms of E(v), but for the brackets of L_h
        scale = network.energy_scale(x[0], self.memory(network, x), self.decay)
        return network.effective_energy(x[0], self.decay), scale

    def dissipation(self, network: Network, x: tuple, dx: tuple) -> Scalar:
        lost = dissipated(network.feature_lagrangian, self._tau(network), x[0], dx[0])
        if self.tau_memory is None:
            return lost
        return lost + jnp.vdot(*self._drag(network, x, dx[0]))

    def recalled(self, network: Network, x: tuple) -> Float[Array, " feature"]:
        f = network.memory_lagrangian.activation(self.memory(network, x))
        return network.recalled(f)

    def alternate(
        self, network: Network, dt: Scalar, x: tuple, free: Array, recalled: Array
    ) -> tuple[tuple, Scalar]:
        v1, lost = alternate_features(
            network, dt / self._tau(network), x[0], recalled, self.decay, free
        )
        return (v1,), lost

    def memory(self, network: Network, x: tuple) -> Float[Array, " memory"]:
        return network.memory_input(network.feature_lagrangian.activation(x[0]))

    def gap(self, network: Network, x: tuple) -> Scalar:
        return jnp.zeros((), network.dtype)

    def stiffness(self, gain: AnyArray) -> float | AnyArray:
        # eigenvalues (s^2 - 1) / tau_f of the effective Jacobian [THEORY 5.1]; a mass
        # divides them by 1 + s^2 tau_h / tau_f
        return (1 + gain) * self.tau_feature.mean() / self.tau_feature.min()
