"""Convexity that no Lagrangian has declared: what a run has shown of it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ..._common.environment import precision
from ..._common.types import cast
from ...lagrangians import AbstractLagrangian
from ...lagrangians._convexity import curvature_size, hessian, ROUNDINGS
from ...network import Network
from ...trajectory import Promise
from .._base import Solution
from .._batch import Batch
from ._solver_choice import name_of


MAX_NEURONS = 2048  # of a layer whose Hessian is formed as a matrix
WORK = 2**29  # of eigenvalues: the cube of the neurons, for each probe
NUMBERS = 2**23  # in the matrices that are held at a time
LAYERS = ("feature", "memory")


def judge(
    promise: Promise, network: Network, batch: Batch, solutions: Solution
) -> tuple[Promise, Float[np.ndarray, "probe layer"] | None]:
    """The promise of kind "met" as the run bears it out, and the least curvatures.

    The curvatures of every accepted step are in the solutions. Here the smallest
    eigenvalue of the Hessian is added at both ends of each run: at as many as `WORK`
    allows, of layers of at most `MAX_NEURONS`. What is negative beyond rounding, or
    not finite, leaves nothing promised. Runs that left the finite numbers are left out.
    """
    if solutions.least_curvature is None:
        name = _named(promise.layers[0], network)
        why = "may not be convex, which is not measured without an audit"
        return Promise("none", f"{name} {why}"), None
    least = np.array(solutions.least_curvature, np.float64)
    ended = np.isfinite(np.asarray(solutions.energy)[:, -1])
    if not ended.any():
        return Promise("none", "no state at the end of a run is finite"), least
    said, refuted = [], []
    for name in promise.layers:
        k, named = LAYERS.index(name), _named(name, network)
        size, lowest, remark = _at_the_ends(name, network, batch, solutions, ended)
        least[:, k] = np.minimum(least[:, k], lowest)  # NaN stays
        rounding = ROUNDINGS * float(np.finfo(network.dtype).eps) * size
        concave = ended & ~(least[:, k] >= -rounding)
        worst = float(np.min(least[ended, k]))
        if concave.any():
            found = "no finite number" if np.isnan(worst) else f"{worst:.2g}"
            refuted.append(
                f"{named} is not convex: a curvature of {found} was met in "
                f"{np.sum(concave)}/{len(ended)} probes"
            )
        largest = float(np.max(size))
        said.append(
            f"{named} (least curvature {worst:.1e} of size {largest:.1e}{remark})"
        )
    if refuted:
        return Promise("none", "; ".join(refuted)), least
    told = "convex on all states met: " + " and ".join(said)
    return Promise("met", told, promise.layers), least


def _named(layer: str, network: Network) -> str:
    if layer == "feature":
        return f"{name_of(network.feature_lagrangian)} of the features"
    return f"{name_of(network.memory_lagrangian)} of the memories"


def _at_the_ends(
    name: str,
    network: Network,
    batch: Batch,
    solutions: Solution,
    ended: Bool[np.ndarray, " probe"],
) -> tuple[np.ndarray, np.ndarray, str]:
    """The size of the curvatures and the least one of each probe; what was left out.

    Where no matrix is formed the least one is infinite.
    """
    neurons = network.features if name == "feature" else network.count
    most = max(1, WORK // neurons**3) if neurons <= MAX_NEURONS else 0
    rows = np.flatnonzero(ended)
    number = min(most, rows.size)
    some = rows[np.arange(number) * rows.size // max(number, 1)]  # evenly spread
    with precision("float64"):
        wide = cast((network, batch), np.float64)
        ends = cast((solutions.final, solutions.final_memory), np.float64)
        size = np.asarray(_sizes(name, wide[0], wide[1], ends))
        lowest = np.full(len(ended), np.inf)
        together = max(1, NUMBERS // (2 * neurons**2))
        for start in range(0, some.size, together):
            part = np.resize(some[start : start + together], min(together, some.size))
            took = jax.tree.map(
                lambda x, part=part: np.asarray(x)[part], (wide[1], ends)
            )
            lowest[part] = _least(np.asarray(_hessians(name, wide[0], *took)))
    if not most:
        return size, lowest, f"; no eigenvalues beyond {MAX_NEURONS:,} neurons"
    few = some.size < rows.size
    remark = f"; eigenvalues of {some.size} of {rows.size} probes" if few else ""
    return size, lowest, remark


def _states(
    name: str, network: Network, probe: Batch, ends: tuple
) -> tuple[AbstractLagrangian, Array]:
    """One layer of one probe, and its states at the start and at the end."""
    own, _ = probe.own(network, None)
    if name == "feature":
        return own.feature_lagrangian, jnp.stack([probe.probes, ends[0]])
    start = probe.memory_start
    if start is None:
        start = own.memory_input(own.feature_lagrangian.activation(probe.probes))
    return own.memory_lagrangian, jnp.stack([start, ends[1]])


@eqx.filter_jit
def _sizes(name: str, network: Network, batch: Batch, ends: tuple) -> Array:
    def one(row: tuple) -> Array:
        layer, states = _states(name, network, *row)
        return jnp.max(jax.vmap(lambda x: curvature_size(layer, x))(states))

    return jax.lax.map(one, (batch, ends))


@eqx.filter_jit
def _hessians(name: str, network: Network, batch: Batch, ends: tuple) -> Array:
    def one(row: tuple) -> Array:
        layer, states = _states(name, network, *row)
        return jax.lax.map(lambda x: hessian(layer, x), states)

    return jax.lax.map(one, (batch, ends))


def _least(
    matrices: Float[np.ndarray, "probe end n n"],
) -> Float[np.ndarray, " probe"]:
    """The smallest eigenvalue of each probe; NaN where a matrix is not finite.

    By NumPy, since JAX would form the eigenvectors as well, at several times the cost.
    """
    fine = np.all(np.isfinite(matrices), axis=(1, 2, 3))
    found = np.full(len(matrices), np.nan)
    whole = matrices[fine]
    if whole.size:
        even = 0.5 * (whole + np.swapaxes(whole, 2, 3))
        found[fine] = np.min(np.linalg.eigvalsh(even), axis=(1, 2))
    return found
