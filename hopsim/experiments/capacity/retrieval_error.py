"""Retrieval errors of model B, also where they are far below rounding."""

from typing import Annotated, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from pydantic import Field

from ..._common.types import AnyArray
from ...lagrangians import LogSumExp, Quadratic
from ...network import Network
from ...records import Variables
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._numbers import Rising
from .._variables import PURE


MAX_ATTENTION_STEPS = 1000  # upper limit; they contract near an attractor


@experiments.register("retrieval_error")
class RetrievalError(AbstractEnsemble):
    r"""$|x^* - x_i| \to |\sum_j e^{-\beta\Delta_{ij}}(x_j - x_i)|$ for every beta.

    $\Delta_{ij} = x_i\cdot(x_i - x_j)$, $\Delta_i = \min_j\Delta_{ij}$. The state is
    $\delta = v - x_i$, so that rounding is relative to the error and not to $x_i$: it
    is the state of a network with memories `xi - x_i` and hidden current
    `(xi - x_i) . x_i`. Each probe is a query for its target memory. An `attractor` is
    near where $2e\beta M\sum_j |x_i - x_j| e^{-\beta\Delta_{ij}} \le 1$, M the largest
    norm: then the ball of radius $1/(2\beta M)$ about $x_i$ is mapped into itself and
    contracted [CL-26], and $2e(N-1)M e^{-\beta\Delta_i}$ bounds the error. The
    scenario's flow, with the scenario's beta, starts from the memories. [R21 Th. 4-5;
    THEORY CL-25]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("retrieval_error",)

    betas: Annotated[Rising[float], Field(min_length=2)]

    def validate_setting(self, setting: Setting) -> None:
        network = setting.network
        layers = (network.feature_lagrangian, network.memory_lagrangian)
        driven = np.any(network.current) or np.any(network.hidden_current)
        if not isinstance(layers[0], Quadratic) or driven or not _beta(network):
            names = " and ".join(type(layer).__name__ for layer in layers)
            raise ValueError(
                'The experiment "retrieval_error" needs model B without currents, got '
                f'{names}; use network kind "model_b" and leave currents out.'
            )
        if np.any(setting.probes.targets < 0) or network.count < 2:
            raise ValueError(
                'The experiment "retrieval_error" needs probes that aim at memories, '
                'two memories or more; use probes kind "corrupted".'
            )
        setting.may_simulate(samples=2, audit=False)

    def measure(self, setting: Setting) -> Variables:
        memories, aims = np.asarray(setting.network.memories), setting.probes.targets
        own, queries = memories[aims], setting.probes.values
        # the flow's beta goes last, so that one compiled program serves all
        betas = np.append(self.betas, _beta(setting.network)).astype(memories.dtype)
        seen = _log_distances(memories, betas, own, queries - own)
        fixed, step, query = (np.asarray(x) for x in seen)
        gaps = _separations(memories, aims, own)
        query_gap = np.min(_separations(memories, aims, queries), axis=1)
        theory, near = _leading(memories, aims, gaps, betas)
        gap = np.min(gaps, axis=1)
        largest = np.max(np.linalg.norm(memories, axis=1))
        limit = np.log(2 * np.e * (len(memories) - 1) * largest) - betas[:, None] * gap
        ended, there = _flown(setting, own), np.exp(fixed[-1])
        rise = np.diff(betas[-3:-1])
        slope, query_slope = (
            np.diff(x[-3:-1], axis=0)[0] / rise for x in (fixed, query)
        )
        both = ("beta", "probe")
        return {
            "beta": ("beta", betas[:-1], PURE),
            "log_error": (both, fixed[:-1], PURE | {"long_name": "ln |x* - x_i|"}),
            "log_step": (both, step[:-1], PURE),
            "log_query": (both, query[:-1], PURE),
            "log_theory": (both, theory[:-1], PURE),
            "log_bound": (both, limit[:-1], PURE),
            "attractor": (both, near[:-1], PURE),
            "bound_excess": (both, (fixed - limit)[:-1], PURE),
            "step_error": (both, np.abs(step - fixed)[:-1], PURE),
            "theory_error": (both, np.abs(theory - fixed)[:-1], PURE),
            "separation": ("probe", gap, PURE | {"long_name": "Delta_i"}),
            "query_separation": ("probe", query_gap, PURE),
            "error_slope": ("probe", slope, PURE),
            "query_slope": ("probe", query_slope, PURE),
            "slope_error": ("probe", np.abs(slope / gap + 1), PURE),
            "query_slope_error": ("probe", np.abs(query_slope / query_gap + 1), PURE),
            "flow_beta": ((), betas[-1]),
            "flow_attractor": ("probe", near[-1], PURE),
            "flow_distance": ("probe", ended, PURE),
            "flow_error": ("probe", np.abs(ended / there - 1), PURE),
        }


def _beta(network: Network) -> float:
    """The beta of the softmax; 0 for other memory Lagrangians."""
    layer = network.memory_lagrangian
    return float(np.asarray(layer.beta)) if isinstance(layer, LogSumExp) else 0.0


@eqx.filter_jit
def _log_distances(
    memories: Float[AnyArray, "memory feature"],
    betas: Float[AnyArray, " beta"],
    own: Float[AnyArray, "probe feature"],
    offsets: Float[AnyArray, "probe feature"],
) -> tuple[Array, Array, Array]:
    """ln |delta| of the fixed point, of one step from the memory and from the query."""

    def one(beta: Array, x: Array, offset: Array) -> tuple[Array, Array, Array]:
        moved = memories - x[None]
        bias = jnp.matmul(moved, x, precision="highest")
        network = Network(moved, Quadratic(), LogSumExp(beta), hidden_current=bias)
        attend = network.local_field  # one Euler step of length tau_feature [KH21]
        first = attend(jnp.zeros_like(x))
        rounding = 2 * jnp.finfo(x.dtype).eps

        def go(carry: tuple) -> tuple:
            delta, rounds, _ = carry
            new = attend(delta)
            moving = jnp.max(jnp.abs(new - delta)) > rounding * jnp.max(jnp.abs(new))
            return new, rounds + 1, moving

        start = (first, jnp.zeros((), int), jnp.ones((), bool))
        going = lambda carry: carry[2] & (carry[1] < MAX_ATTENTION_STEPS)
        fixed = jax.lax.while_loop(going, go, start)[0]
        return _log_length(fixed), _log_length(first), _log_length(attend(offset))

    over_probes = jax.vmap(one, (None, 0, 0))
    return jax.vmap(over_probes, (0, None, None))(betas, own, offsets)


def _log_length(x: Array) -> Array:
    """`ln |x|`, also where `|x|^2` underflows."""
    largest = jnp.max(jnp.abs(x))
    return jnp.log(largest) + jnp.log(jnp.linalg.norm(x / largest))


# --- theory: closed forms, in NumPy ---------------------------------------------------


def _separations(
    memories: Float[np.ndarray, "memory feature"],
    aims: Int[np.ndarray, " probe"],
    states: Float[np.ndarray, "probe feature"],
) -> Float[np.ndarray, "probe memory"]:
    """`(x_i - x_j) . state`, infinite for the target memory i."""
    rows = np.arange(len(aims))
    fields = states @ memories.T
    gaps = fields[rows, aims][:, None] - fields
    gaps[rows, aims] = np.inf
    return gaps


def _leading(
    memories: Float[np.ndarray, "memory feature"],
    aims: Int[np.ndarray, " probe"],
    gaps: Float[np.ndarray, "probe memory"],
    betas: Float[np.ndarray, " beta"],
) -> tuple[Float[np.ndarray, "beta probe"], Bool[np.ndarray, "beta probe"]]:
    r"""$\ln|\sum_j e^{-\beta\Delta_{ij}}(x_j - x_i)|$, and if an attractor is near."""
    nearest = np.min(gaps, axis=1)
    away = memories[None] - memories[aims][:, None]
    far = np.linalg.norm(away, axis=-1)
    largest = np.max(np.linalg.norm(memories, axis=1))
    logs, near = [], []
    for beta in betas:
        weights = np.exp(-beta * (gaps - nearest[:, None]))  # the nearest has weight 1
        mean = np.linalg.norm(np.sum(weights[..., None] * away, axis=1), axis=-1)
        logs.append(np.log(mean) - beta * nearest)
        total = np.sum(weights * far, axis=1) * np.exp(-beta * nearest)
        near.append(2 * np.e * beta * largest * total <= 1)
    return np.stack(logs), np.stack(near)


def _flown(
    setting: Setting, own: Float[np.ndarray, "probe feature"]
) -> Float[np.ndarray, " probe"]:
    """The distance between each memory and the end of the flow from it."""
    trajectory = setting.simulate(probes=own, samples=2, audit=False)
    return np.linalg.norm(trajectory.final - own, axis=1)
