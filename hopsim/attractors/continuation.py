r"""Continuation: one fixed point followed while one parameter of the network changes.

The fixed points $R(v, \lambda) = \nabla\Phi_\lambda(g(v)) - \alpha v = 0$ form curves,
which are followed by arc length, also around folds and onto unstable branches, which no
flow reaches. The spectrum is real, so that stability is lost in one way only: the
largest singular value $s_{max}$ passes 1. There is no Hopf bifurcation.
[THEORY 1.8, 5.1]

Time constants move no fixed point and no index: `tau_feature` and `tau_memory` are not
parameters of a network, and a branch along them is constant, as `Branch.note` says.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._common.environment import precision
from .._common.progress import Count, counted, Progress
from .._common.types import AnyArray
from ..dynamics._batch import leaf
from ..network import Features, Network
from ._curve import Curve, CurvePoint, largest_s
from ._events import BRANCH_OFFSET, events_between, oriented_along
from .branches import Branch, Event, NetworkOf


MIN_ARC_LENGTH = 1e-7  # arc length below which a branch counts as lost
MAX_STEP_RATIO = 512  # the longest step over the shortest tried at unresolved events
# places in [low, high] at which networks are compared
FAMILY_SAMPLES = (0.0, 0.1234567, 0.5 * 2**0.5, 1.0)
MIN_TANGENT_COSINE = 0.95  # between the tangents of neighbouring points
CONSTANT_NOTE = (
    "the parameter changes no fixed point and no index, as is true of time constants"
)


class Varied(eqx.Module):
    """The network with one of its parameters replaced: a `network_of` for `follow`.

    **Arguments:**

    - `path`: as in `simulate(varied=...)`, without its first word:
      "memory_lagrangian.beta", "feature_lagrangian.beta", "autapse", "current", ...
    - `along`: for a vector such as the current, which becomes `value * along`.
    """

    network: Network
    path: str = eqx.field(static=True)
    along: AnyArray | None = None

    def __check_init__(self):
        try:
            found: Any = leaf({"network": self.network}, f"network.{self.path}")
        except AttributeError:
            found = None
        shape = () if self.along is None else np.shape(self.along)
        if not isinstance(found, AnyArray) or found.shape != shape:
            raise ValueError(
                f"Varied needs the path of a number of shape {shape} that is set, such "
                f'as "memory_lagrangian.beta", got {self.path!r}; a vector also takes '
                "`along`."
            )

    def __call__(self, value: float | AnyArray) -> Network:
        at = lambda network: leaf({"network": network}, f"network.{self.path}")
        new = jnp.asarray(value, self.network.dtype)
        new = new if self.along is None else new * jnp.asarray(self.along)
        return eqx.tree_at(at, self.network, new)


def follow(
    network_of: NetworkOf,
    v: Features,
    low: float,
    high: float,
    *,
    start: float | None = None,
    decay: float = 1.0,
    step: float = 0.02,
    max_points: int = 2000,
    progress: Progress = None,
) -> Branch:
    r"""The branch through one fixed point, until it leaves `[low, high]`.

    Pseudo-arclength steps with Newton's method, in units of the longest memory and of
    `high - low`. Every change of the index is located to rounding of the arc length
    (better than 1e-6 in the parameter) and named: at a fold the branch turns; at a
    simple pitchfork or transcritical point another branch passes; "multiple" if
    several modes pass together, as by symmetry; "unresolved" if even short steps do not
    decide. Events that do not change the index are not found; where branches nearly
    meet, compare with a shorter `step`. In float64, whatever the precision of the
    network.

    **Arguments:**

    - `network_of`: the network at a value of the parameter, a function that JAX can
      trace. Where it is an `eqx.Module` such as `Varied`, it compiles once.
    - `v`: near a fixed point at `start`, polished first. Smooth Lagrangians only.
    - `start`: in [low, high], where the branch begins; by default `low`. It is
      followed upwards, or downwards from `high`.
    - `decay`: alpha > 0 of the dynamics.
    - `step`: the longest step; `max_points`: the largest number of points.
    - `progress`: True shows a bar, or lines where there is no terminal. A function is
      called with (points found, `max_points`).

    Raises ValueError for invalid arguments and if no fixed point is found near `v`.
    """
    _require_range(low, high, step, max_points)
    curve = Curve.made(network_of, v, low, high, decay)
    start = curve.low if start is None else float(start)
    if not low <= start <= high:
        raise ValueError(f"start must lie in [{low}, {high}], got {start}.")
    with precision("float64"):
        first = curve.solved_at(np.asarray(v, float), start)
        if not first.converged:
            raise ValueError(
                f"No fixed point was found near v at {start:g}: residual "
                f"{first.residual:.1e}; flow there first, with hopsim.simulate."
            )
        if _is_still(network_of, low, high):
            return _constant(curve, first, low, high, start)
        heading = -1.0 if start == high else 1.0
        if first.tangent[-1] * heading < 0:
            first = first._replace(tangent=-first.tangent)
        return _continue_curve(curve, first, step, max_points, progress)


def switch(
    network_of: NetworkOf,
    event: Event,
    low: float,
    high: float,
    *,
    direction: Features | None = None,
    decay: float = 1.0,
    step: float = 0.02,
    max_points: int = 2000,
    progress: Progress = None,
) -> tuple[Branch, ...]:
    """The two halves of the other branch through a pitchfork or transcritical point.

    They begin 0.01 from the event (in units of the longest memory) along its mode, or
    along `direction`, which is needed if several modes pass together: then only the
    half on that side is sure to exist. Halves that are not found are left out. The
    points of each are counted as `follow` does. Raises ValueError for a fold, and for
    invalid arguments.
    """
    if event.kind == "fold":
        raise ValueError("No other branch passes through a fold; switch at another.")
    _require_range(low, high, step, max_points)
    if not low <= event.parameter <= high:
        raise ValueError(
            f"The event at {event.parameter:g} must lie in [{low}, {high}]; widen it."
        )
    way = np.asarray(event.direction if direction is None else direction, float)
    if way.shape != event.v.shape or not 0 < np.linalg.norm(way) < np.inf:
        raise ValueError(
            f"direction must be one finite vector of shape {event.v.shape} that is not "
            f"zero, got {way}."
        )
    curve = Curve.made(network_of, event.v, low, high, decay)
    found = []
    with precision("float64"):
        way = np.append(way / np.linalg.norm(way), 0.0)
        here = curve.scaled(event.v, event.parameter)
        for side in (1, -1):
            # in a plane that the other branch crosses and the old one does not
            guess = here + side * BRANCH_OFFSET * way
            first = curve.corrected(guess, way, guess)
            if not first.converged or not 0 <= first.y[-1] <= 1:
                continue
            if (first.tangent @ way) * side < 0:
                first = first._replace(tangent=-first.tangent)
            found.append(_continue_curve(curve, first, step, max_points, progress))
    return tuple(found)


def solve_at(
    network_of: NetworkOf, v: Features, parameter: float, *, decay: float = 1.0
) -> tuple[Float[np.ndarray, " feature"], float, float]:
    """The fixed point near `v` at one value: its state, energy and `s_max`.

    Raises ValueError if Newton's method finds none.
    """
    curve = Curve.made(network_of, v, parameter, parameter, decay)
    with precision("float64"):
        found = curve.solved_at(np.asarray(v, float), parameter)
    if not found.converged:
        raise ValueError(
            f"No fixed point was found near v at {parameter:g}: residual "
            f"{found.residual:.1e}."
        )
    return curve.state(found.y), found.energy, largest_s(found.gains)


def _require_range(low: float, high: float, step: float, max_points: int) -> None:
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"low < high is needed, got {low} and {high}.")
    if not (0 < step < np.inf and max_points >= 2):
        raise ValueError(
            f"step > 0 and two points or more are needed, got {step} and {max_points}."
        )


def _is_still(network_of: NetworkOf, low: float, high: float) -> bool:
    """True if the network is constant. (An even family agrees at both ends.)"""
    first, *others = (
        network_of(jnp.asarray(low + share * (high - low))) for share in FAMILY_SAMPLES
    )
    return all(bool(eqx.tree_equal(first, other)) for other in others)


# --- along the curve ------------------------------------------------------------------


def _continue_curve(
    curve: Curve, first: CurvePoint, step: float, max_points: int, progress: Progress
) -> Branch:
    """The branch from `first`, point by point."""
    with counted(progress, "points", at_most=True) as count:
        return _continued(curve, first, step, max_points, count)


def _continued(
    curve: Curve, first: CurvePoint, step: float, max_points: int, count: Count | None
) -> Branch:
    """Pseudo-arclength continuation from `first`, until the curve leaves or closes.

    `old` is the last accepted point, with its tangent pointing ahead. A step is halved
    until Newton's method converges to a near point with nearly the same tangent (else
    it may be on another branch). Only then is it searched for events, which need two
    points of one branch; steps with an unresolved event are halved as well.
    """
    points, events, ending = [first], [], "points"
    length, old = step, first
    while len(points) < max_points:
        new = oriented_along(old, curve.ahead(old, length))
        jumped = np.linalg.norm(new.y - old.y) > 1.5 * length
        bent = new.tangent @ old.tangent < MIN_TANGENT_COSINE
        if not new.converged or jumped or bent:
            length /= 2
            if length < MIN_ARC_LENGTH:
                ending = "lost"
                break
            continue
        outside = not 0 <= new.y[-1] <= 1
        if outside:
            new = _at_the_edge(curve, old, new)
        found = events_between(curve, old, new)
        unresolved = any(event.kind == "unresolved" for event in found)
        if unresolved and length > step / MAX_STEP_RATIO:
            length /= 2
            continue
        events += found
        points.append(new)
        if count is not None:
            count(len(points), max_points)
        if outside:
            ending = "low" if new.y[-1] < 0.5 else "high"
            break
        if len(points) > 8 and np.linalg.norm(new.y - first.y) < 0.5 * length:
            ending = "closed"
            break
        old, length = new, min(step, 1.5 * length if new.rounds < 5 else length)
    return _branch(curve, points, tuple(events), ending)


def _at_the_edge(curve: Curve, old: CurvePoint, new: CurvePoint) -> CurvePoint:
    edge = 0.0 if new.y[-1] < 0 else 1.0
    share = (edge - old.y[-1]) / (new.y[-1] - old.y[-1])
    y = old.y + share * (new.y - old.y)
    last = curve.solved_at(curve.state(y), curve.low + edge * curve.span)
    return oriented_along(new, last)


# --- results --------------------------------------------------------------------------


def _branch(
    curve: Curve, points: list[CurvePoint], events: Any, ending: Any, note: str = ""
) -> Branch:
    return Branch(
        parameter=np.array([curve.parameter(p.y) for p in points]),
        v=np.stack([curve.state(p.y) for p in points]),
        s_max=np.array([largest_s(p.gains) for p in points]),
        index=np.array([p.unstable for p in points]),
        energy=np.array([p.energy for p in points]),
        residual=np.array([p.residual for p in points]),
        events=events,
        ending=ending,
        note=note,
    )


def _constant(
    curve: Curve, first: CurvePoint, low: float, high: float, start: float
) -> Branch:
    ends = (start, low if start == high else high)
    points = [first._replace(y=curve.scaled(curve.state(first.y), end)) for end in ends]
    return _branch(curve, points, (), "low" if start == high else "high", CONSTANT_NOTE)
