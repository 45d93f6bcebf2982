"""Unstable directions of fixed points: of two layers, of one, of the energy."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._common.types import AnyArray
from ...attractors import polish
from ...attractors.distinct_roots import distinct
from ...dynamics import Adiabatic, TwoLayer
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import PURE
from ...experiments.landscape._branches import require_decay_1
from ...network import Network
from ...records import Variables
from ...spectrum import loop_gains
from .._base import validations


NEWTON_STEPS = 12  # steps for two layers, from near a fixed point
START_OFFSET_SHARE = 0.05  # of the size of v and h


@validations.register("morse_index")
class MorseIndex(AbstractEnsemble):
    r"""Unstable directions of $(v^*, \xi g(v^*))$, counted in four independent ways.

    Fixed points by Newton's method from `starts` random points of the memories' hull.
    At each: positive eigenvalues of the Jacobian of two layers by autodiff, for every
    $\tau_h/\tau_f$ of `ratios` (`index_full`), of the adiabatic flow (`index_slaved`),
    negative ones of $\nabla^2 E(v)$ (`index_energy`), and loop gains above 1
    (`index_formula`); `differs` if any two do. Newton's method for two layers, from a
    nearby state with h off its slaved value, must end at a fixed point of the adiabatic
    flow: `full_residual` is that of v there, or 0 where it did not converge
    (`full_converged`). Fixed points with a gain within 1e-6 of 1 are not `decided`.
    [THEORY 5.1, CL-08]
    """

    row: ClassVar[str] = "fixed"
    plots: ClassVar[tuple[str, ...]] = ("morse_index",)

    starts: int = Field(150, ge=1)
    ratios: list[float] = Field([0.01, 1.0, 100.0], min_length=1)

    def validate_setting(self, setting: Setting) -> None:
        network = setting.network
        layers = (network.feature_lagrangian, network.memory_lagrangian)
        if any(layer.jumps for layer in layers) or network.dtype != np.float64:
            raise ValueError(
                'The experiment "morse_index" needs Lagrangians without jumps, and '
                f'precision = "float64", got {layers} in {network.dtype}.'
            )
        require_decay_1(setting, "morse_index")
        if any(ratio <= 0 for ratio in self.ratios):
            raise ValueError(f"ratios must be > 0, got {self.ratios}.")

    def entries(self, setting: Setting) -> float:
        neurons = float(setting.network.features + setting.network.count)
        return self.starts * neurons**2 * (len(self.ratios) + 1)

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        draw = setting.stream.child("starts").generator()
        share = draw.dirichlet(np.full(network.count, 0.3), self.starts)
        found = polish(network, share @ np.asarray(network.memories))
        # where v = 0, a norm has no derivative and no index
        there = found.converged & (np.max(np.abs(found.v), axis=1) > 1e-6)
        roots = distinct(network, found.v, found.residual, there)
        v = roots.v
        away = draw.standard_normal((len(v), network.features + network.count))
        ratios = np.asarray(self.ratios, network.dtype)
        seen = [np.asarray(x) for x in _seen(network, v, away, ratios)]
        full, slaved, hessian, gains, energy, residual, still = seen
        index = np.sum(np.real(np.linalg.eigvals(full)) > 0, axis=-1)
        one = np.sum(np.real(np.linalg.eigvals(slaved)) > 0, axis=-1)
        # a norm's energy is flat along v: rounding is no negative eigenvalue
        flat = 1e-10 * np.linalg.norm(hessian, 2, axis=(1, 2))
        down = np.sum(np.linalg.eigvalsh(hessian) < -flat[:, None], axis=-1)
        theory = np.sum(gains > 1, axis=-1)
        alike = (index == theory[:, None]).all(axis=1)
        alike &= (one == theory) & (down == theory)
        decided = np.min(np.abs(gains - 1), axis=1) > 1e-6
        names = {"long_name": "unstable directions"}
        return {
            "ratio": ("ratio", ratios, {"long_name": "tau_memory / tau_feature"}),
            "index_full": (("fixed", "ratio"), index, names),
            "index_slaved": ("fixed", one, names),
            "index_energy": ("fixed", down, names),
            "index_formula": ("fixed", theory, names),
            "decided": ("fixed", decided, PURE),
            "differs": ("fixed", decided & ~alike, PURE),
            "saddle": ("fixed", theory > 0, PURE),
            "s_max": ("fixed", np.sqrt(np.maximum(gains[:, 0], 0)), PURE),
            "energy": ("fixed", energy, PURE),
            "full_residual": ("fixed", residual, PURE),
            "full_converged": ("fixed", still, PURE),
            "residual": ("fixed", roots.residual, PURE),
        }


@eqx.filter_jit
def _seen(
    network: Network,
    v: Float[AnyArray, "fixed feature"],
    away: Float[AnyArray, "fixed neuron"],
    ratios: Float[AnyArray, " ratio"],
) -> tuple[Array, ...]:
    """Jacobians by autodiff, the Hessian of the energy, the gains, and a residual."""
    features = network.features
    free = jnp.ones((features,), bool)
    motion, slaved = TwoLayer(1.0), Adiabatic()

    def field(x: Array, ratio: Array) -> Array:
        at = eqx.tree_at(lambda m: m.tau_memory, motion, ratio)
        return jnp.concatenate(at.field(network, (x[:features], x[features:]), free))

    def newton(x: Array) -> Array:
        step = lambda _, x: (
            x
            - jnp.linalg.solve(
                jax.jacfwd(field)(x, jnp.ones(())), field(x, jnp.ones(()))
            )
        )
        return jax.lax.fori_loop(0, NEWTON_STEPS, step, x)

    def reduced(v: Array) -> Array:
        return slaved.field(network, (v,), free)[0]

    def one(v: Array, away: Array) -> tuple[Array, ...]:
        h = slaved.memory(network, (v,))
        x = jnp.concatenate([v, h])
        full = jax.vmap(lambda ratio: jax.jacfwd(field)(x, ratio))(ratios)
        scale = jnp.concatenate(
            [jnp.max(jnp.abs(v)) + 0 * v, jnp.max(jnp.abs(h)) + 0 * h]
        )
        there = newton(x + START_OFFSET_SHARE * scale * away)
        still = jnp.max(jnp.abs(field(there, jnp.ones(())))) < 1e-10
        rest = jnp.max(jnp.abs(reduced(there[:features])))
        return (
            full,
            jax.jacfwd(reduced)(v),
            jax.hessian(network.effective_energy)(v),
            loop_gains(network, v, h),
            network.effective_energy(v),
            jnp.where(still, rest, 0),
            still,
        )

    return jax.vmap(one)(jnp.asarray(v), jnp.asarray(away))
