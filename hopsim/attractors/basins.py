"""Basins: their radii about states, and their shares of a sphere.

A basin depends on the dynamics: time constants, solver and step move its boundary but
not the fixed points (THEORY 5.2). So everything here runs the given dynamics; the
basins of a flow are never estimated by steps of attention.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Real

from .._common.arrays import table
from .._common.progress import counted, Progress
from .._common.streams import as_stream, Stream
from .._common.types import AnyArray
from ..data.patterns import sphere
from ..statistics import half_point, wilsons
from .distinct_roots import size_of
from .finding import label_basins


Labels = Int[np.ndarray, " state"]
States = Float[np.ndarray, "state feature"]
Displacement = Callable[[Stream, States, Float[np.ndarray, " state"]], States]


class Radii(NamedTuple):
    """The displacements of each centre at which half of its states end elsewhere.

    `radius` is inf if that does not happen up to the largest displacement, and NaN if
    the centre itself reaches no known attractor. Unconverged states count as lost.
    """

    radius: Float[np.ndarray, " centre"]
    low: Float[np.ndarray, " centre"]  # more than half return from there (95 %)
    high: Float[np.ndarray, " centre"]  # less than half do
    tried: Float[np.ndarray, "round centre"]
    hits: Int[np.ndarray, "round centre"]
    unknown: Int[np.ndarray, "round centre"]  # with label -1
    trials: int  # states of every centre in every round


class Shares(NamedTuple):
    """The shares of the attractors, and of the unknown (label -1); their sum is 1."""

    label: Int[np.ndarray, " label"]  # -1, 0, 1, ...
    hits: Int[np.ndarray, " label"]
    fraction: Float[np.ndarray, " label"]
    low: Float[np.ndarray, " label"]  # Wilson, 95 %
    high: Float[np.ndarray, " label"]


def basin_radii(
    attractors: Any,
    centres: Real[AnyArray, "centre feature"],
    *,
    displaced: Literal["isotropic", "nearest", "flips"] = "isotropic",
    largest: float | None = None,
    rounds: int = 12,
    trials: int = 32,
    key: Any = 0,
    progress: Progress = None,
    **flow: Any,
) -> Radii:
    r"""The empirical radius of the basin about every centre. [THEORY 5.4]

    A state returns if it ends at the same attractor as its centre. The radius at which
    half of them do is bracketed by bisection and then fitted by a logistic function of
    its logarithm. Its interval ends at the nearest radii at which Wilson's interval of
    the share lies on one side of 1/2.

    **Arguments:**

    - `attractors`: the result of `find_attractors`.
    - `centres`: usually the memories.
    - `displaced`: "isotropic" in directions drawn at random, "nearest" towards the
      nearest other memory (one state is enough), "flips" of signs at random sites:
      the radius is then a share of all features.
    - `largest`: the largest displacement > 0; default four times the largest norm, the
      distance of the nearest other memory, or all features.
    - `rounds`, `trials`: bisections, and states of every centre in each of them.
    - `progress`: True shows a bar, or lines where there is no terminal. A function is
      called with (states that have flowed, states in all rounds).
    - `flow`: further arguments of `label_basins`.

    Raises ValueError for invalid arguments.
    """
    if displaced not in ("isotropic", "nearest", "flips"):
        raise ValueError(
            'States are displaced "isotropic", "nearest" or "flips", got '
            f"{displaced!r}."
        )
    if largest is not None and not 0 < largest < np.inf:
        raise ValueError(f"The largest displacement must be > 0, got {largest}.")
    # in the precision of the network, so that copies of its memories stay copies
    memories = np.asarray(attractors.network.memories)
    features = memories.shape[1]
    centres = table(centres, "Centres", "centre", features, memories.dtype)
    if displaced == "isotropic":
        size = 4 * size_of(np.concatenate([centres, memories]))
        far = np.full(len(centres), size)
        move: Displacement = isotropic
    elif displaced == "nearest":
        directions, far = to_the_nearest(centres, memories)
        move, trials = along(directions), 1
    else:
        far, move = np.ones(len(centres)), reversed_signs
    if largest is not None:
        far = np.full(len(centres), float(largest))
    unit = 1 / centres.shape[1] if displaced == "flips" else 0.0
    search = Bisection(rounds, trials, key)
    whole = len(centres) * (1 + rounds * trials)
    with counted(progress, "states", whole) as count:
        flowed = 0

        def label(_: Any, states: States) -> Labels:
            nonlocal flowed
            before, flowed = flowed, flowed + len(states)
            further = lambda done, _: count(before + done, whole) if count else None
            return label_basins(attractors, states, progress=further, **flow)

        own = label(None, centres)
        return bisected(label, centres, own, move, far, search, unit)


def basin_shares(
    attractors: Any, radius: float, *, probes: int = 1000, key: Any = 0, **flow: Any
) -> Shares:
    r"""The shares of the sphere $|v| = R$ in the basins of the attractors.

    Estimated from `probes` random states; `flow` are further arguments of
    `label_basins`, `progress` among them. Raises ValueError unless R > 0 and there is
    at least one. [THEORY 5.4]
    """
    if not 0 < radius < np.inf or probes < 1:
        raise ValueError(
            "Shares are of a sphere of radius > 0 and of one probe or more, got "
            f"radius {radius} and {probes} probes."
        )
    states = sphere(as_stream(key), probes, attractors.network.features, radius)
    labels = label_basins(attractors, states, **flow)
    return shares_of_labels(labels, attractors.table.sizes["attractor"])


def shares_of_labels(labels: Labels, number: int) -> Shares:
    """Hits and Wilson intervals of the labels -1, 0, ..., number - 1."""
    names = np.arange(-1, number)
    hits = np.bincount(labels + 1, minlength=number + 1)
    limits = wilsons(hits, len(labels))
    return Shares(names, hits, hits / len(labels), limits[:, 0], limits[:, 1])


class Bisection(NamedTuple):
    """The settings of the search for a radius."""

    rounds: int  # halvings
    trials: int  # displaced states of each centre, in each round
    key: Any = 0


def bisected(
    label: Callable[[Int[np.ndarray, " state"], States], Labels],
    centres: Float[np.ndarray, "centre feature"],
    own: Int[np.ndarray, " centre"],
    move: Displacement,
    largest: Float[np.ndarray, " centre"],
    search: Bisection,
    unit: float = 0.0,
) -> Radii:
    """Radii by bisection, all centres at once; see `basin_radii`.

    `label(rows, states)` are the labels of states displaced from the centres `rows`,
    `own` those of the centres. The largest displacement is tried first; displacements
    are multiples of `unit` if it is not 0. Raises ValueError without a round or trial.
    """
    rounds, trials = search.rounds, search.trials
    if rounds < 1 or trials < 1:
        raise ValueError(f"Need a round and a trial, got {rounds} and {trials}.")
    stream, rows = as_stream(search.key), np.repeat(np.arange(len(centres)), trials)
    low, high, now = np.zeros(len(centres)), np.array(largest), np.array(largest)
    tried, hits, unknown = [], [], []
    for number in range(rounds):
        begin = centres[rows]
        states = move(stream.child(number), begin, now[rows]).astype(centres.dtype)
        found = label(rows, states).reshape(len(centres), trials)
        back = np.sum((found == own[:, None]) & (found >= 0), axis=1)
        tried.append(now)
        hits.append(back)
        unknown.append(np.sum(found < 0, axis=1))
        kept = 2 * back >= trials
        low, high = np.where(kept, now, low), np.where(kept, high, now)
        now = 0.5 * (low + high)
        now = unit * np.rint(now / unit) if unit else now
    return _fitted(np.stack(tried), np.stack(hits), np.stack(unknown), own, trials)


def _fitted(
    tried: Float[np.ndarray, "round centre"],
    hits: Int[np.ndarray, "round centre"],
    unknown: Int[np.ndarray, "round centre"],
    own: Int[np.ndarray, " centre"],
    trials: int,
) -> Radii:
    limits = wilsons(hits, trials) if trials > 1 else np.stack([hits, hits], axis=-1)
    most, least = limits[..., 0] > 0.5, limits[..., 1] < 0.5
    low = np.max(np.where(most, tried, 0), axis=0)
    high = np.min(np.where(least, tried, np.inf), axis=0)
    low = np.minimum(low, high)  # noise may reverse their order
    kept = 2 * hits >= trials
    inside = np.max(np.where(kept, tried, 0), axis=0)
    outside = np.min(np.where(kept, np.inf, tried), axis=0)
    radius = 0.5 * (inside + outside)
    radius = np.where(kept[0], np.inf, radius)  # not lost at the largest
    for i in np.flatnonzero(~kept[0]) if trials > 1 else ():
        there = tried[:, i] > 0
        x, seen = tried[there, i], hits[there, i]
        # a fit needs shares on both sides of one half
        if 2 * np.min(seen, initial=trials) < trials < 2 * np.max(seen, initial=0):
            radius[i] = half_point(x, seen[None], trials).value
    unknown_end = own < 0
    blank = lambda x: np.where(unknown_end, np.nan, x)
    return Radii(blank(radius), blank(low), blank(high), tried, hits, unknown, trials)


# --- displacements --------------------------------------------------------------------


def isotropic(
    stream: Stream, states: States, size: Float[np.ndarray, " state"]
) -> States:
    """`v + r e`, e uniform on the unit sphere."""
    e = stream.generator().standard_normal(states.shape)
    return states + size[:, None] * e / np.linalg.norm(e, axis=1, keepdims=True)


def along(directions: Float[np.ndarray, "state feature"]) -> Displacement:
    """`v + r e`, with a direction given for every state."""
    return lambda stream, states, size: states + size[:, None] * directions


def reversed_signs(
    stream: Stream, states: States, size: Float[np.ndarray, " state"]
) -> States:
    """A share r of the signs reversed, at random places."""
    features = states.shape[1]
    ranks = np.argsort(stream.generator().random(states.shape), axis=1)
    flipped = ranks < np.rint(size * features)[:, None]
    return np.where(flipped, -states, states)


def to_the_nearest(
    centres: Float[np.ndarray, "centre feature"],
    others: Float[np.ndarray, "other feature"],
) -> tuple[Float[np.ndarray, "centre feature"], Float[np.ndarray, " centre"]]:
    """Unit vectors from every centre to the nearest other state, and the distances.

    Copies of the centre do not count. Raises ValueError if there is no other state.
    """
    distance = np.stack([np.linalg.norm(others - x, axis=1) for x in centres])
    distance = np.where(distance > 0, distance, np.inf)
    far = np.min(distance, axis=1)
    if not np.all(np.isfinite(far)):
        raise ValueError(
            "The direction to the nearest memory needs two that differ, got "
            f'{len(others)} of one kind; use displaced = "isotropic".'
        )
    return (others[np.argmin(distance, axis=1)] - centres) / far[:, None], far
