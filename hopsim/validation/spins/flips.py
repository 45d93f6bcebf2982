"""Flips of sharp spins at random states: changes of energy, and sliding neurons."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._common.types import AnyArray
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import PURE
from ...lagrangians import AbsoluteValue
from ...network import Network
from ...records import Variables
from .._base import validations


@validations.register("flips")
class Flips(AbstractEnsemble):
    r"""$E(\text{flip } i) - E \le -2|w_i|$ for every spin against its field $w_i$.

    At random spins of the sharp model A, for every neuron. `drop` is the change of
    energy by its flip, as the difference of two energies; `drop_excess` is what it
    exceeds $-2|w_i|$ by where $\sigma_i w_i < 0$, relative to the sum of |terms|. A
    neuron is `sliding` if both fields push it back to the switching surface,
    $w_i(\sigma_i = -1) > 0 > w_i(\sigma_i = +1)$, and `repelling` if both push it away.
    [THEORY 2.1.1, 4.7, CL-15, CL-16]
    """

    plots: ClassVar[tuple[str, ...]] = ("flips",)
    further_plots: ClassVar[tuple[str, ...]] = ("sliding",)

    states: int = Field(64, ge=1)

    def validate_setting(self, setting: Setting) -> None:
        feature = setting.network.feature_lagrangian
        if not isinstance(feature, AbsoluteValue):
            raise ValueError(
                'The experiment "flips" needs AbsoluteValue() feature neurons, got '
                f"{type(feature).__name__}; use model_a without beta."
            )

    def entries(self, setting: Setting) -> float:
        return 4.0 * self.states * setting.network.features**2

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        draw = setting.stream.child("states").generator()
        s = draw.choice([-1.0, 1.0], (self.states, network.features))
        s = s.astype(network.dtype)
        field, energy, terms, gap = self._at_both_signs(network, s)
        mine = np.where(s > 0, 0, 1)[None]  # the sign that the state itself has
        own = lambda x: np.take_along_axis(x, mine, axis=0)[0]
        drop = own(energy[::-1]) - own(energy)
        tiny = np.finfo(network.dtype).tiny  # for states in which all units are silent
        scale = np.maximum(np.max(terms, axis=0), tiny)
        against = s * own(field) < 0
        excess = np.maximum(drop + 2 * np.abs(own(field)), 0) / scale
        each, (up, down) = ("state", "feature"), field
        return {
            "field": (each, own(field), PURE | {"long_name": "w_i"}),
            "drop": (each, drop, PURE | {"long_name": "E(flip i) - E"}),
            "scale": (each, scale, PURE | {"long_name": "sum of |terms| of E"}),
            "against": (each, against, PURE | {"long_name": "spin against field"}),
            "drop_excess": (each, np.where(against, excess, 0), PURE),
            "gap_error": (each, np.abs(drop - s * own(gap)) / scale, PURE),
            "sliding": (each, (down > 0) & (up < 0), PURE),
            "repelling": (each, (down < 0) & (up > 0), PURE),
        }

    def _at_both_signs(self, network: Network, s: np.ndarray) -> list[np.ndarray]:
        """Fields, energies, |terms|, gaps at sigma_i = +1 and -1: (sign, state, i)."""
        i = np.arange(network.features)
        both = np.broadcast_to(s[:, None, :], (2, len(s), len(i), len(i))).copy()
        both[0][:, i, i], both[1][:, i, i] = 1, -1
        field, energy, terms, gap = _seen(network, both.reshape(-1, len(i)))
        shape = both.shape[:-1]
        diagonal = lambda x: np.asarray(x).reshape(both.shape)[..., i, i]
        whole = lambda x: np.asarray(x).reshape(shape)
        return [diagonal(field), whole(energy), whole(terms), diagonal(gap)]


@eqx.filter_jit
def _seen(
    network: Network, s: Float[AnyArray, "state feature"]
) -> tuple[Array, Array, Array, Array]:
    """Fields, energies with their sums of |terms|, and energy gaps of all neurons."""

    def one(s: Array) -> tuple[Array, Array, Array, Array]:
        energy, terms = network.binary_energy(s), network.memory_input(s)
        terms = network.energy_scale(s, terms)
        return network.local_field(s), energy, terms, network.energy_gap(s)

    return jax.vmap(one)(jnp.asarray(s))
