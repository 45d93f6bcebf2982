"""Contrastive gradients, of two fixed points, against implicit ones."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field, field_validator

from ..._common.types import AnyArray
from ...dynamics import AbstractFlow, expected
from ...dynamics.flows.fixed_point import fixed_point, FixedPoint
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._spins import with_memories
from ...experiments._variables import PURE
from ...network import Network
from ...records import Variables
from .._base import validations


@validations.register("contrastive")
class Contrastive(AbstractEnsemble):
    r"""$\frac1\epsilon[-f g|_\epsilon + f g|_0] \to \partial C / \partial \xi$.

    The loss $C = \frac12 |g(v^*) - t|^2$ of a fixed point, t a memory. A nudge
    $E \to E + \epsilon C$ is a current $\epsilon t$ and an autapse $\epsilon$, and
    $dE^*/d\xi = -f g$: so two relaxations, free and nudged, give the gradient to first
    order in the nudge (`one_sided`), nudges of both signs to second (`two_sided`).
    (Equilibrium propagation.) Each against autodiff through `hopsim.fixed_point`,
    relative to its largest entry; `slope_one` and `slope_two` are the slopes of
    log error against log nudge. [THEORY CL-32, ideas 9]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("contrastive",)

    nudges: list[float] = Field(default_factory=lambda: [0.008, 0.004, 0.002, 0.001])

    @field_validator("nudges")
    @classmethod
    def _falling(cls, nudges: list[float]) -> list[float]:
        if len(nudges) < 2 or not all(0 < e < 1 for e in nudges):
            raise ValueError(f"must be two numbers or more in (0, 1), got {nudges}")
        return nudges

    def validate_setting(self, setting: Setting) -> None:
        expected(setting.dynamics, AbstractFlow, "contrastive")
        if np.any(setting.probes.targets < 0):
            raise ValueError(
                "A contrastive gradient needs probes that aim at memories; use probes "
                'kind "corrupted".'
            )

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        motion = expected(setting.dynamics, AbstractFlow, "contrastive")
        targets = np.asarray(network.memories)[setting.probes.targets]
        nudges = np.asarray(self.nudges, network.dtype)
        found = _gradients(network, motion, setting.probes.values, targets, nudges)
        exact, free, up, down, gain = (np.asarray(x) for x in found)
        size = np.max(np.abs(exact), axis=(1, 2))[:, None]
        far = lambda x: np.max(np.abs(x - exact[:, None]), axis=(2, 3)) / size
        steps = nudges[None, :, None, None]
        one = far((up - free[:, None]) / steps)
        two = far((up - down) / (2 * steps))
        slope = lambda error: np.polyfit(np.log(nudges), np.log(error.T), 1)[0]
        both = ("probe", "nudge")
        return {
            "nudge": ("nudge", nudges, PURE),
            "one_sided": (
                both,
                one,
                PURE | {"long_name": "error, one sign"},
            ),
            "two_sided": (both, two, PURE | {"long_name": "error, both signs"}),
            "slope_one": ("probe", slope(one), PURE),
            "slope_two": ("probe", slope(two), PURE),
            "gain": ("probe", gain, PURE | {"long_name": "s_max^2"}),
            "size": ("probe", size[:, 0], PURE | {"long_name": "largest dC/dxi"}),
        }


@eqx.filter_jit
def _gradients(
    network: Network,
    motion: AbstractFlow,
    starts: Float[AnyArray, "probe feature"],
    targets: Float[AnyArray, "probe feature"],
    nudges: Float[AnyArray, " nudge"],
) -> tuple[Any, ...]:
    """The implicit gradient; -f g, free and with nudges of both signs; the gain."""

    def one(v0: Array, target: Array) -> tuple[Any, ...]:
        def loss(memories: Array) -> tuple[Array, FixedPoint]:
            own = with_memories(network, memories)
            rest = fixed_point(own, motion, v0, full_output=True)
            missed = own.feature_lagrangian.activation(rest.v) - target
            return 0.5 * jnp.sum(missed**2), rest

        exact, rest = jax.grad(loss, has_aux=True)(jnp.asarray(network.memories))

        def hebbian(nudge: Array) -> Array:
            own = nudged(network, target, nudge)
            g = own.feature_lagrangian.activation(fixed_point(own, motion, rest.v))
            f = own.memory_lagrangian.activation(own.memory_input(g))
            return -f[:, None] * g[None]

        both = jnp.concatenate([jnp.zeros(1, v0.dtype), nudges, -nudges])
        free, up, down = jnp.split(jax.vmap(hebbian)(both), [1, 1 + len(nudges)])
        return exact, free[0], up, down, rest.s_max**2

    return jax.lax.map(lambda x: one(*x), (jnp.asarray(starts), jnp.asarray(targets)))


def nudged(network: Network, target: Array, nudge: Array) -> Network:
    r"""The network with $E + \frac\epsilon2 |g - t|^2$, but for a constant."""
    autapse = nudge if network.autapse is None else network.autapse + nudge
    return Network(
        network.memories,
        network.feature_lagrangian,
        network.memory_lagrangian,
        network.current + nudge * target,
        network.hidden_current,
        autapse,
    )
