r"""Saddles between attractors, and the energy barriers at them.

A saddle with one unstable direction joins two basins; the lowest path over such saddles
is the barrier between two minima of $E(v)$. [THEORY 5.2]
"""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._common.environment import precision
from .._common.progress import Count, counted, Progress
from .._common.types import AnyArray, cast
from ..dynamics import AbstractDynamics
from ..dynamics.flows.rest import NEWTON_TOL, rest_condition
from ..network import Network
from ..records import Dataset, dataset
from .distinct_roots import distinct, effective_energies, Settled, size_of
from .finding import Attractors, label_basins
from .newton import in_chunks, polish
from .spectra import describe


EDGE_POINTS = 9  # points of an edge, of which that of highest energy is a start
DESCENT_OFFSET = 1e-2  # of descents, relative to the distance of the nearest root
DEFLATED_STEPS = 60  # steps of a deflated Newton method


@dataclasses.dataclass(frozen=True)
class Saddles:
    """Fixed points that do not attract, and the ends of descents from them.

    `table` has, along `saddle`, `v`, `energy`, `residual`, `s_max`, `index` and, for
    those of index 1, along `side` the `ends`: rows of the attractors' table, -1 where
    unknown. `barrier` holds, for each pair of attractors, the energy of the highest
    saddle on the lowest known path from one to the other; infinite where none is known,
    the attractor's own energy on the diagonal.
    """

    attractors: Attractors
    table: Dataset


def find_saddles(
    attractors: Attractors, *, neighbours: int = 8, progress: Progress = None
) -> Saddles:
    """Saddles by Newton's method between attractors, with known roots deflated.

    Newton's method starts from the mean of all attractors, and from the middle and the
    highest point of every edge between two. On an edge it runs without deflation, and
    again with both ends (and the root just found) deflated: the residual is multiplied
    by $1 + (1 + |v_0|^2)/|v - r|^2$ for each root r, with the start v_0, so that the
    method cannot return there. From
    both sides of each saddle with one unstable direction the flow then descends. Since
    saddles may be missed, barriers are upper bounds.

    **Arguments:**

    - `neighbours`: >= 1, the number of nearest attractors that each has edges to.
    - `progress`: True shows a bar, or lines where there is no terminal. A function is
      called with (starts of Newton's method on edges that are done, those in all).

    Raises ValueError for spins, and for layers with jumps.
    """
    found = attractors
    require_saddles(found.network, found.dynamics)
    if neighbours < 1:
        raise ValueError(f"The number of neighbours must be >= 1, got {neighbours}.")
    with counted(progress, "starts", title="saddles") as count:
        return _saddles(found, neighbours, count)


def _saddles(found: Attractors, neighbours: int, count: Count | None) -> Saddles:
    stable = np.flatnonzero(found.table["stable"].values)
    minima = found.table["v"].values[stable]
    edges = _edges(minima, neighbours)
    starts = _between(found, minima, edges)
    known = found.table["v"].values[~found.table["stable"].values]
    if len(minima):
        known = np.concatenate([known, minima.mean(axis=0)[None]])
    roots = _roots(found, minima, edges, starts, known, count)
    about = describe(found.network, found.dynamics, found.decay, roots.v)
    kept = np.flatnonzero(about.index >= 1)
    kept = kept[np.argsort(about.energy[kept], kind="stable")]
    index, v = about.index[kept], roots.v[kept]
    ends = np.full((len(kept), 2), -1)
    one = np.flatnonzero(index == 1)
    if one.size:
        others = np.concatenate([minima, v])
        away = np.linalg.norm(v[one][:, None] - others[None], axis=2)
        away[np.arange(one.size), len(minima) + one] = np.inf  # itself
        nearest = np.min(away, axis=1)
        nearest = np.where(np.isfinite(nearest), nearest, size_of(others))
        step = DESCENT_OFFSET * nearest[:, None] * _downhill(found, v[one])
        both = np.concatenate([v[one] + step, v[one] - step])
        ends[one] = label_basins(found, both).reshape(2, -1).T
        attract = np.append(found.table["stable"].values, False)
        ends[~attract[ends]] = -1  # a descent that ends at another saddle
    energy = about.energy[kept]
    level = barriers(found.table["energy"].values, energy, ends)
    return Saddles(
        found,
        dataset(
            {
                "v": (("saddle", "feature"), v),
                "energy": ("saddle", energy),
                "residual": ("saddle", roots.residual[kept]),
                "s_max": ("saddle", about.s_max[kept]),
                "index": ("saddle", index, {"long_name": "unstable directions"}),
                "ends": (("saddle", "side"), ends),
                "barrier": (("attractor", "attractor_2"), level),
            }
        ),
    )


def require_saddles(network: Network, dynamics: AbstractDynamics) -> None:
    """Raises ValueError where there is no derivative: for spins, and for jumps."""
    layers = (network.feature_lagrangian, network.memory_lagrangian)
    if dynamics.discrete or any(layer.jumps for layer in layers):
        raise ValueError(
            "Saddles need a derivative, which spins and layers with jumps lack; "
            "use a flow of log_cosh with a large beta and a smooth interaction."
        )


def barriers(
    minima: Float[np.ndarray, " attractor"],
    saddles: Float[np.ndarray, " saddle"],
    ends: Int[np.ndarray, "saddle 2"],
) -> Float[np.ndarray, "attractor attractor"]:
    """The highest energy on the lowest path over known saddles between two minima.

    By Kruskal's algorithm: saddles join groups of minima in order of energy.
    """
    level = np.full((len(minima), len(minima)), np.inf)
    np.fill_diagonal(level, minima)
    group = np.arange(len(minima))
    for k in np.argsort(saddles, kind="stable"):
        left, right = ends[k]
        if min(left, right) < 0 or group[left] == group[right]:
            continue
        mine, other = group == group[left], group == group[right]
        level[np.ix_(mine, other)] = level[np.ix_(other, mine)] = saddles[k]
        group[other] = group[left]
    return level


def _edges(minima: np.ndarray, neighbours: int) -> Int[np.ndarray, "edge 2"]:
    """The pairs of every attractor and its nearest ones, each pair once."""
    if len(minima) < 2:
        return np.empty((0, 2), int)
    pairs = set()
    for k, v in enumerate(minima):
        away = np.linalg.norm(minima - v, axis=1)
        for j in np.argsort(away, kind="stable")[1 : neighbours + 1]:
            pairs.add((min(k, int(j)), max(k, int(j))))
    return np.array(sorted(pairs))


def _between(
    found: Attractors, minima: np.ndarray, edges: np.ndarray
) -> Float[np.ndarray, "place edge feature"]:
    """The middle of every edge, and its point of highest energy."""
    left, right = minima[edges[:, 0]], minima[edges[:, 1]]
    share = np.linspace(0, 1, EDGE_POINTS + 2)[1:-1, None, None]
    along = (1 - share) * left + share * right
    if not len(edges):
        return along[:2]
    flat = along.reshape(-1, along.shape[-1])
    energy = effective_energies(found.network, np.asarray(found.decay), flat)
    top = np.argmax(energy.reshape(along.shape[:2]), axis=0)
    return np.stack([along[EDGE_POINTS // 2], along[top, np.arange(len(edges))]])


def _roots(
    found: Attractors,
    minima: np.ndarray,
    edges: np.ndarray,
    starts: np.ndarray,
    known: np.ndarray,
    count: Count | None,
) -> Settled:
    """Distinct roots from known states, without deflation, and with deflation."""
    parts = [polish(found.network, known, decay=found.decay)]
    for number, start in enumerate(starts):
        plain = polish(found.network, start, decay=found.decay)
        parts.append(plain)
        if not len(edges):
            continue
        # third deflated root: the one found before, or an end again if there is none
        third = np.where(plain.converged[:, None], plain.v, minima[edges[:, 0]])
        apart = np.stack([minima[edges[:, 0]], minima[edges[:, 1]], third], 1)
        with precision("float64"):
            net = cast(found.network, np.float64)
            alpha = np.asarray(found.decay, np.float64)
            nudged = start + 1e-3 * (minima[edges[:, 1]] - minima[edges[:, 0]])
            near = in_chunks(_deflated, net, alpha, nudged, apart, dense=True)
        near = near[np.all(np.isfinite(near), axis=1)]
        parts.append(polish(found.network, near, decay=found.decay))
        if count is not None:
            count((number + 1) * len(edges), len(starts) * len(edges))
    v, residual, fits = (np.concatenate(x) for x in zip(*parts, strict=True))
    return distinct(found.network, v, residual, fits)


@eqx.filter_jit
def _deflated(network: Network, decay: AnyArray, v: AnyArray, roots: AnyArray) -> Array:
    """Newton's method on R(v) times `1 + (1 + |v_0|^2)/|v - r|^2` for every root r."""
    import optimistix as optx

    solver = optx.Newton(rtol=NEWTON_TOL, atol=NEWTON_TOL)

    def one(v: Array, roots: Array) -> Array:
        size = 1 + jnp.vdot(v, v)

        def force(v: Array, _: None) -> Array:
            away = jnp.sum((v[None] - roots) ** 2, axis=1) / size
            repelled = jnp.prod(1 + 1 / jnp.where(away > 0, away, 1e-30))
            return repelled * rest_condition(network, decay, v)

        found = optx.root_find(force, solver, v, throw=False, max_steps=DEFLATED_STEPS)
        return found.value

    return jax.vmap(one)(v, roots)


def _downhill(
    found: Attractors, v: Float[np.ndarray, "saddle feature"]
) -> Float[np.ndarray, "saddle feature"]:
    """The unstable direction of every saddle of index 1, of length one."""
    with precision("float64"):
        net = cast(found.network, np.float64)
        alpha = np.asarray(found.decay, np.float64)
        jacobians = in_chunks(_jacobians, net, alpha, v, dense=True)
    values, vectors = (np.asarray(x) for x in np.linalg.eig(jacobians))
    top = np.argmax(np.real(values), axis=1)
    u = np.real(np.take_along_axis(vectors, top[:, None, None], axis=2))[..., 0]
    return u / np.linalg.norm(u, axis=1, keepdims=True)


@eqx.filter_jit
def _jacobians(network: Network, decay: AnyArray, v: AnyArray) -> Array:
    return jax.vmap(jax.jacfwd(lambda v: rest_condition(network, decay, v)))(v)
