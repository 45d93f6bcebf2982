"""AltIMEX steps of every size: does each one lower the energy as promised?"""

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._common.types import AnyArray, cast, Scalar
from ...dynamics import expected, TwoLayer
from ...dynamics.flows._layers import check_taus
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble, random_states
from ...experiments._variables import PURE, TIME
from ...network import Network
from ...records import Variables
from .._base import validations
from ._descent import descend, Descent


LADDER = (0.01, 0.1, 1.0, 10.0, 100.0)  # step sizes, in tau_feature, of the drawn runs


@validations.register("altimex_descent")
class AltIMEXDescent(AbstractEnsemble):
    r"""$E^+ - E \le -\frac1a\Delta v\cdot\Delta g - \frac1b\Delta h\cdot\Delta f$.

    With $a = dt/\tau_f$ and $b = dt/\tau_h$, at each AltIMEX step of random runs, whose
    `tau_memory` and dt are drawn log-uniformly from the intervals given (in units of
    tau_feature). `rise` is the largest $E^+ - E$ of a run, `excess` the largest excess
    of $E^+ - E$ over this bound, in units of eps $S_E$. [THEORY 4.2, CL-11]
    """

    plots: ClassVar[tuple[str, ...]] = ("altimex_descent",)

    runs: int = Field(40, ge=1)
    steps: int = Field(60, ge=1)
    spread: float = Field(1.5, gt=0)
    memory_spread: float = Field(2.0, gt=0)
    tau_memory: list[float] = Field([0.01, 10.0], min_length=2, max_length=2)
    dt: list[float] = Field([0.01, 1e4], min_length=2, max_length=2)

    def validate_setting(self, setting: Setting) -> None:
        if expected(setting.dynamics, TwoLayer, "altimex_descent").driven:
            raise ValueError(
                'The experiment "altimex_descent" is about flows without a drive; '
                "leave it out."
            )
        for name, ends in (("tau_memory", self.tau_memory), ("dt", self.dt)):
            if not 0 < ends[0] <= ends[1] < np.inf:
                raise ValueError(
                    f"experiment.{name} must be [low, high] with 0 < low <= high, got "
                    f"{ends}."
                )
        dynamics = expected(setting.dynamics, TwoLayer, "altimex_descent")
        check_taus(setting.network, "feature", dynamics.tau_feature)

    def entries(self, setting: Setting) -> float:
        neurons = float(setting.network.features + setting.network.count)
        return self.runs * (neurons + 3 * self.steps)

    def measure(self, setting: Setting) -> Variables:
        dtype = setting.network.dtype
        dynamics = expected(setting.dynamics, TwoLayer, "altimex_descent")
        v, h = random_states(setting, self.runs + 1, self.spread, self.memory_spread)
        clocks = setting.stream.child("clocks").generator()
        uniform = lambda low, high: clocks.uniform(np.log(low), np.log(high), self.runs)
        tau, dt = (np.exp(uniform(*ends)) for ends in (self.tau_memory, self.dt))
        # the last state starts the drawn runs: one row for each of their dt
        v, h = (np.concatenate([x, *[x[-1:]] * (len(LADDER) - 1)]) for x in (v, h))
        tau = np.append(tau, np.full(len(LADDER), np.sqrt(np.prod(self.tau_memory))))
        dt = np.append(dt, LADDER)
        own = _descents(
            setting.network, dynamics, tau.astype(dtype), dt.astype(dtype), v, h,
            self.steps,
        )  # fmt: skip
        seen = jax.tree.map(np.asarray, own)
        return self._variables(seen, tau, dt)

    def _variables(self, seen: Descent, tau: np.ndarray, dt: np.ndarray) -> Variables:
        tested = jax.tree.map(lambda x: x[: self.runs], seen)
        unit = {"units": "eps S_E"}
        return {
            "rise": ("state", tested.rises().max(axis=-1), unit),
            "excess": ("state", tested.excesses().max(axis=-1), unit),
            "dt": ("state", dt[: self.runs], TIME | {"long_name": "step dt"}),
            "tau_memory": ("state", tau[: self.runs], TIME | {"long_name": "tau_h"}),
            "ladder": ("pace", np.array(LADDER), TIME | {"long_name": "step dt"}),
            "energy": (("pace", "step"), seen.energy[self.runs :], PURE),
        }


@eqx.filter_jit
def _descents(
    network: Network,
    dynamics: TwoLayer,
    tau: Float[AnyArray, " state"],
    dt: Float[AnyArray, " state"],
    v: Float[AnyArray, "state feature"],
    h: Float[AnyArray, "state memory"],
    steps: int,
) -> Descent:
    """The energies along every run, and the losses that the inequality promises."""
    dynamics = cast(dynamics, network.dtype)
    unit = jnp.mean(dynamics.tau_feature)

    def one(tau: Array, dt: Array, x: tuple) -> Descent:
        own = dataclasses.replace(dynamics, tau_memory=tau * unit)
        return descend(
            lambda x: _step(network, own, tau, dt, x),
            lambda x: own.energy_and_scale(network, x),
            x,
            steps,
        )

    return jax.vmap(one)(tau, dt, (v, h))


def _step(
    network: Network, dynamics: TwoLayer, tau: Array, dt: Array, x: tuple
) -> tuple[tuple, Scalar]:
    """One AltIMEX step of the library, and the loss by the theorem."""
    free = jnp.ones((network.features,), bool)
    after, _ = dynamics.alternate(network, dt, x, free, dynamics.recalled(network, x))
    layers = (network.feature_lagrangian, network.memory_lagrangian)
    # 1/a and 1/b by definition, independent of the library's audit
    rates = (dynamics.tau_feature / jnp.mean(dynamics.tau_feature) / dt, tau / dt)
    loss = jnp.zeros((), network.dtype)
    for layer, rate, old, new in zip(layers, rates, x, after, strict=True):
        change = layer.activation(new) - layer.activation(old)
        loss = loss + jnp.sum(rate * (new - old) * change)
    return after, loss
