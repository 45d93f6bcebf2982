"""The envelope theorem: the energy of a fixed point against the memories."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._common.types import AnyArray
from ...dynamics import TwoLayer
from ...dynamics.flows.fixed_point import fixed_point
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._spins import with_memories
from ...experiments._variables import PURE
from ...network import Network
from ...records import Variables
from ...spectrum import hessians
from .._base import validations
from ._rest import (
    descend_by_altimex,
    plain_loop_gain,
    polish_by_newton,
    require_two_layers,
)


# the central difference of fourth order; with a step h = eps^(1/4) its truncation h^4
# is eps, and its rounding eps / h = 2e-12
STENCIL = np.array([-2.0, -1.0, 1.0, 2.0])
WEIGHTS = np.array([1.0, -8.0, 8.0, -1.0]) / 12


@validations.register("envelope")
class Envelope(AbstractEnsemble):
    r"""$dE^*/d\xi_{\mu i} = -f_\mu g_i$ at fixed points, against two other methods.

    Central differences along random directions `D` of the memories, of the energy of
    the fixed point, which is found again for every change; relative to
    $S_E + \sum|f_\mu D_{\mu i} g_i|$ (`difference_error`). And autodiff through
    `hopsim.fixed_point`, which uses the implicit function theorem, for every synapse;
    relative to the largest $|f_\mu g_i|$ (`implicit_error`). The fixed points are those
    near which a descent from the probes ends. [THEORY CL-32]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("parity",)

    directions: int = Field(4, ge=1)

    def validate_setting(self, setting: Setting) -> None:
        require_two_layers(setting, "envelope")

    def measure(self, setting: Setting) -> Variables:
        network, motion = setting.network, require_two_layers(setting, "envelope")
        starts = setting.probes.values
        shape = (len(starts), self.directions, network.count, network.features)
        draw = setting.stream.child("directions").generator().standard_normal(shape)
        along = draw.astype(network.dtype)
        h = np.asarray(np.finfo(network.dtype).eps ** 0.25, network.dtype)
        found = _rested(network, motion, starts, along, h)
        seen = {k: np.asarray(x) for k, x in found.items()}
        f, g = seen["f"], seen["g"]
        hebbian = -f[:, :, None] * g[:, None, :]  # the closed form, synapse by synapse
        terms = hebbian[:, None] * along
        closed, scale = (np.sum(x, axis=(2, 3)) for x in (terms, np.abs(terms)))
        missed = np.abs(seen["difference"] - closed) / (scale + seen["scale"][:, None])
        largest = lambda x: np.max(np.abs(x), axis=(1, 2))
        tiny = np.finfo(network.dtype).tiny  # where all memory neurons are silent
        both = ("probe", "direction")
        return {
            "difference": (both, seen["difference"], PURE | {"long_name": "dE*/dxi.D"}),
            "hebbian": (both, closed, PURE | {"long_name": "-f.D g"}),
            "difference_error": (both, missed, PURE),
            "implicit_error": (
                "probe",
                largest(seen["implicit"] - hebbian)
                / np.maximum(largest(hebbian), tiny),
                PURE,
            ),
            "residual": ("probe", seen["residual"], PURE),
            "gain": (
                "probe",
                plain_loop_gain(network, seen["on_v"], seen["on_h"]),
                PURE,
            ),
        }


@eqx.filter_jit
def _rested(
    network: Network,
    motion: TwoLayer,
    starts: Float[AnyArray, "probe feature"],
    along: Float[AnyArray, "probe direction memory feature"],
    h: Float[AnyArray, ""],
) -> dict[str, Any]:
    """Fixed points, and the derivatives of their energies by the memories."""
    free = jnp.ones((network.features,), bool)

    def one(v: Array, along: Array) -> dict[str, Any]:
        near = descend_by_altimex(network, motion, v)

        def energy(memories: Array) -> tuple[Array, Array]:
            own = with_memories(network, memories)
            v = polish_by_newton(own, motion, near)
            return motion.energy(own, motion.start(own, v, None)), v

        def energy_at_rest(memories: Array) -> Array:
            own = with_memories(network, memories)
            v = fixed_point(own, motion, near)
            return motion.energy(own, motion.start(own, v, None))

        # the memories themselves come last: one compiled program for all
        moves = h * STENCIL[:, None, None, None] * along[None]
        here = jnp.asarray(network.memories)
        around = here[None] + moves.reshape(-1, *here.shape)
        around = jnp.concatenate([around, here[None]])
        energies, states = jax.vmap(energy)(around)
        x = motion.start(network, states[-1], None)
        on_v, on_h = hessians(network, *x)
        return {
            "difference": WEIGHTS @ energies[:-1].reshape(len(STENCIL), -1) / h,
            "implicit": jax.grad(energy_at_rest)(here),
            "g": network.feature_lagrangian.activation(x[0]),
            "f": network.memory_lagrangian.activation(x[1]),
            "scale": motion.energy_and_scale(network, x)[1],
            "residual": motion.residual(network, x, free),
            "on_v": on_v,
            "on_h": on_h,
        }

    return jax.vmap(one)(starts, along)
