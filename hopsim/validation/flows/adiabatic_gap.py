"""The adiabatic gap at random states: the excess energy of lagging memory neurons."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._common.types import AnyArray
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble, random_states
from ...experiments._variables import PURE
from ...lagrangians import LogSumExp
from ...network import Network
from ...records import Variables
from .._base import validations


@validations.register("adiabatic_gap")
class AdiabaticGap(AbstractEnsemble):
    r"""$E(v,h) - E(v)$ against the divergence $D_{L_h}(\xi g + J \,\|\, h)$.

    At normally distributed states, with standard deviations `spread` (feature neurons)
    and `memory_spread` (memory neurons). `gap_error` is relative to the sum of |terms|
    of both energies; a state is `below` if $E(v,h) < E(v)$ by more than 1000 eps of
    that. For log-sum-exp `kl_error` compares the gap with
    `KL(f | softmax(beta a)) / beta`, computed by SciPy; for others it is NaN. [THEORY
    1.4, CL-03]
    """

    plots: ClassVar[tuple[str, ...]] = ("adiabatic_gap",)

    states: int = Field(64, ge=1)
    spread: float = Field(1.5, gt=0)
    memory_spread: float = Field(4.0, gt=0)

    def entries(self, setting: Setting) -> float:
        neurons = float(setting.network.features + setting.network.count)
        return self.sets * self.states * neurons

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        v, h = random_states(setting, self.states, self.spread, self.memory_spread)
        full, slaved, gap, terms = (np.asarray(x) for x in both_energies(network, v, h))
        error, below = compared(full, slaved, gap, terms)
        return {
            "excess": ("state", full - slaved, PURE | {"long_name": "E(v,h) - E(v)"}),
            "gap": ("state", gap, PURE | {"long_name": "divergence of L_h"}),
            "terms": ("state", terms, PURE | {"long_name": "sum of |terms|"}),
            "gap_error": ("state", error, PURE),
            "kl_error": ("state", _kl_error(network, v, h, full - slaved, terms), PURE),
            "below": ("state", below, PURE),
        }


@eqx.filter_jit
def both_energies(
    network: Network,
    v: Float[AnyArray, "state feature"],
    h: Float[AnyArray, "state memory"],
) -> tuple[Array, Array, Array, Array]:
    """`E(v, h)`, `E(v)`, their gap by theory, and the sum of all |terms|."""

    def one(v: Array, h: Array) -> tuple[Array, Array, Array, Array]:
        full, terms = network.energy_and_scale(v, h)
        g = network.feature_lagrangian.activation(v)
        a = network.memory_input(g)
        slaved = network.effective_energy(v)
        terms = terms + jnp.abs(network.feature_lagrangian.bracket(v))
        terms = terms + jnp.abs(network.memory_lagrangian(a))
        terms = terms + jnp.sum(jnp.abs(network.current * g))
        return full, slaved, network.adiabatic_gap(v, h), terms

    return jax.vmap(one)(v, h)


def compared(
    full: np.ndarray, slaved: np.ndarray, gap: np.ndarray, terms: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The relative error of the gap, and where `E(v, h) < E(v)` or NaN."""
    floor = 1000 * np.finfo(full.dtype).eps
    return np.abs(full - slaved - gap) / terms, ~(full - slaved >= -floor * terms)


def _kl_error(
    network: Network, v: np.ndarray, h: np.ndarray, gap: np.ndarray, terms: np.ndarray
) -> np.ndarray:
    """The gap of log-sum-exp by SciPy's relative entropy; NaN for other Lagrangians."""
    if not isinstance(network.memory_lagrangian, LogSumExp):
        return np.full(gap.shape, np.nan)
    from scipy.special import rel_entr, softmax

    beta = float(np.asarray(network.memory_lagrangian.beta))
    g = np.asarray(jax.vmap(network.feature_lagrangian.activation)(jnp.asarray(v)))
    a = g @ np.asarray(network.memories).T + np.asarray(network.hidden_current)
    f, slaved = softmax(beta * h, axis=1), softmax(beta * a, axis=1)
    return np.abs(rel_entr(f, slaved).sum(axis=1) / beta - gap) / terms
