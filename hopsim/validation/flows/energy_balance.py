"""The energy balance at random states: dE/dt by autodiff, and by theory."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._common.types import AnyArray
from ...dynamics import AbstractFlow, expected
from ...dynamics.flows._layers import check_taus
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble, random_states
from ...experiments._variables import PURE
from ...network import Network
from ...records import Variables
from .._base import validations


@validations.register("energy_balance")
class EnergyBalance(AbstractEnsemble):
    r"""$\dot E = \nabla E\cdot\dot x$ by autodiff, against $-\dot x^T \tau H \dot x$.

    At normally distributed states, with standard deviations `spread` (feature neurons)
    and `memory_spread` (memory neurons, of two layers). `balance_error` is relative to
    the sum of |terms|; a state `rises` if $\dot E$ exceeds 1000 eps of that. The energy
    is that of the flow: $E(v, h)$ for two layers, $E(v)$ for the adiabatic one. [KH21
    eqs. 3-7; THEORY 1.2, CL-01, CL-02, CL-04]
    """

    plots: ClassVar[tuple[str, ...]] = ("parity", "rates")

    states: int = Field(64, ge=1)
    spread: float = Field(1.5, gt=0)
    memory_spread: float = Field(4.0, gt=0)

    def validate_setting(self, setting: Setting) -> None:
        flow = expected(setting.dynamics, AbstractFlow, "energy_balance")
        for name, tau in flow.clocks.items():
            check_taus(setting.network, name.removeprefix("tau_"), tau)
        if flow.driven:
            raise ValueError(
                'The experiment "energy_balance" is about flows without a drive; leave '
                "it out."
            )

    def entries(self, setting: Setting) -> float:
        neurons = float(setting.network.features + setting.network.count)
        return self.sets * self.states * neurons

    def measure(self, setting: Setting) -> Variables:
        dynamics = expected(setting.dynamics, AbstractFlow, "energy_balance")
        v, h = random_states(setting, self.states, self.spread, self.memory_spread)
        h = h if dynamics.own_memory else None
        seen = _balance(setting.network, dynamics, v, h)
        rate, loss, terms = (np.asarray(x) for x in seen)
        bad = int(np.sum(~np.isfinite(rate)))
        if bad:
            raise ValueError(
                f"dE/dt is not finite at {bad} of {rate.size} states; use a smaller "
                "spread or memory_spread."
            )
        floor = 1000 * np.finfo(setting.network.dtype).eps
        scale = np.maximum(terms, np.finfo(setting.network.dtype).tiny)
        return {
            "rate": ("state", rate, PURE | {"long_name": "dE/dt by autodiff"}),
            "dissipation": ("state", loss, PURE),
            "terms": ("state", terms, PURE | {"long_name": "sum of |terms| of dE/dt"}),
            "balance_error": ("state", np.abs(rate + loss) / scale, PURE),
            "rises": ("state", rate > floor * scale, PURE),
        }


@eqx.filter_jit
def _balance(
    network: Network,
    dynamics: AbstractFlow,
    v: Float[AnyArray, "state feature"],
    h: Float[AnyArray, "state memory"] | None,
) -> tuple[Array, Array, Array]:
    """dE/dt by autodiff, the loss by theory, and the sum of |terms| of both."""
    free = jnp.ones((network.features,), bool)

    def one(v: Array, h: Array | None) -> tuple[Array, Array, Array]:
        x = dynamics.start(network, v, h)
        dx = dynamics.field(network, x, free)
        gradient = jax.grad(lambda x: dynamics.energy_and_scale(network, x)[0])(x)
        terms = [a * b for a, b in zip(gradient, dx, strict=True)]
        loss = dynamics.dissipation(network, x, dx)
        total = sum(jnp.sum(t) for t in terms)
        scale = sum(jnp.sum(jnp.abs(t)) for t in terms) + jnp.abs(loss)
        return jnp.asarray(total), loss, jnp.asarray(scale)

    return jax.vmap(one)(v, h)
