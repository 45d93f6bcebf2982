"""Explicit relaxation steps: up to which size does each one lower the energy?"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._common.types import AnyArray, cast, Scalar
from ...dynamics import AbstractFlow, expected
from ...dynamics.flows._layers import check_taus
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble, random_states
from ...experiments._variables import PURE
from ...network import Network
from ...records import Variables
from ...trajectory import EPSILONS
from .._base import validations
from ._descent import descend, Descent


@validations.register("relaxation_descent")
class RelaxationDescent(AbstractEnsemble):
    r"""$v' = (1-\theta) v + \theta\,\nabla\Phi(g(v))$, for each $\theta$ of a list.

    From random states, for the adiabatic flow; $\theta = 1$ is alternating
    minimisation, for model B attention. A step `rises` if it raises $E(v)$ by more than
    64 eps $S_E$. For two layers it is the simultaneous (Jacobi) Euler step
    $x + \theta\min(\tau)\,\dot x$, with $E(v, h)$. [R21 theorem 1; THEORY 2.6, CL-12]
    """

    plots: ClassVar[tuple[str, ...]] = ("relaxation_descent",)

    theta: list[float] = Field(min_length=1)
    states: int = Field(16, ge=1)
    steps: int = Field(60, ge=1)
    spread: float = Field(1.5, gt=0)
    memory_spread: float = Field(2.0, gt=0)

    def validate_setting(self, setting: Setting) -> None:
        flow = expected(setting.dynamics, AbstractFlow, "relaxation_descent")
        if flow.driven or (flow.lags and not flow.own_memory):
            raise ValueError(
                'The experiment "relaxation_descent" is about flows without a drive '
                f"and without a mass, got {flow.deviation}; leave it out."
            )
        if not all(0 < theta < np.inf for theta in self.theta):
            raise ValueError(f"experiment.theta must be > 0, got {self.theta}.")
        for name, tau in flow.clocks.items():
            check_taus(setting.network, name.removeprefix("tau_"), tau)

    def entries(self, setting: Setting) -> float:
        neurons = float(setting.network.features + setting.network.count)
        return self.states * (neurons + 3.0 * len(self.theta) * self.steps)

    def measure(self, setting: Setting) -> Variables:
        dtype = setting.network.dtype
        dynamics = expected(setting.dynamics, AbstractFlow, "relaxation_descent")
        v, h = random_states(setting, self.states, self.spread, self.memory_spread)
        h = h if dynamics.own_memory else None
        theta = np.asarray(self.theta, dtype)
        own = _descents(setting.network, dynamics, theta, v, h, self.steps)
        rises = jax.tree.map(np.asarray, own).rises()
        unit = {"units": "eps S_E", "long_name": "largest rise of a run"}
        return {
            "theta": ("theta", theta, PURE | {"long_name": "share of the way"}),
            "rise": (("state", "theta"), rises.max(axis=-1), unit),
            "rises": (("state", "theta", "step"), ~(rises <= EPSILONS), PURE),
        }


@eqx.filter_jit
def _descents(
    network: Network,
    dynamics: AbstractFlow,
    theta: Float[AnyArray, " theta"],
    v: Float[AnyArray, "state feature"],
    h: Float[AnyArray, "state memory"] | None,
    steps: int,
) -> Descent:
    """The energies along the run of every state with every theta."""
    dynamics = cast(dynamics, network.dtype)

    def one(v: Array, h: Array | None, theta: Array) -> Descent:
        return descend(
            lambda x: (euler(network, dynamics, theta, x), jnp.zeros_like(theta)),
            lambda x: dynamics.energy_and_scale(network, x),
            dynamics.start(network, v, h),
            steps,
        )

    every = jax.vmap(one, in_axes=(None, None, 0))
    return jax.vmap(every, in_axes=(0, 0, None))(v, h, theta)


def euler(
    network: Network, dynamics: AbstractFlow, theta: Scalar, x: tuple
) -> tuple[Array, ...]:
    """One step of `theta` times the shortest time constant, all layers at once."""
    free = jnp.ones((network.features,), bool)
    dt = theta * _shortest(dynamics)
    rates = dynamics.field(network, x, free)
    return tuple(y + dt * dy for y, dy in zip(x, rates, strict=True))


def _shortest(dynamics: AbstractFlow) -> Array:
    """The shortest time constant, in units of the mean `tau_feature`."""
    shortest = jnp.stack([jnp.min(tau) for tau in dynamics.clocks.values()])
    return jnp.min(shortest) / jnp.mean(dynamics.clocks["tau_feature"])
