r"""Continuation: one fixed point followed while one parameter of the network changes.

The fixed points $R(v, \lambda) = \nabla\Phi_\lambda(g(v)) - \alpha v = 0$ form curves,
which are followed by their arc length: round folds as well, onto branches that no flow
ends at. The spectrum is real, so that stability is lost in one way only, and one scalar
tells: the largest singular value $s_{max}$ passes 1. There is no Hopf bifurcation.
[THEORY 1.8, 5.1]

Time constants move no fixed point and no index: `tau_feature` and `tau_memory` are not
parameters of a network, and a branch along them is a constant (`Branch.note` says so).
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._common.environment import precision
from .._common.streams import as_stream
from .._common.types import AnyArray, cast, Scalar
from ..batches import leaf
from ..dynamics import Dynamics
from ..network import Features, Network
from ..simulation import simulate
from ..spectrum import loop_gains
from .newton import rest_condition


NetworkOf = Callable[[Any], Network]
Kind = Literal["fold", "pitchfork", "transcritical", "multiple", "unresolved"]

ROUNDS = 12  # Newton steps of one correction; a good prediction takes three
ROUNDING = 1e-13  # of the residual, in units of the memories: Newton stops here
FINEST = 1e-7  # arc length below which a branch counts as lost
PASSED = 1e-4  # of 1 - s^2 at an event that is one: a leap onto another branch has none
LEAP = 512  # times shorter is the last step that is tried before a leap is believed
INSIDE = (0.0, 0.1234567, 0.5 * 2**0.5, 1.0)  # where a family is asked if it changes
SHARPEST = 0.95  # cosine between the tangents of neighbouring points, at least
NEAR = 1e-5  # modes so near to s = 1 at an event pass it together
ASIDE = 1e-2  # how far a branch is left to find the other one through the same point
STILL = (
    "the parameter changes no fixed point and no index, as is true of time constants"
)


class Varied(eqx.Module):
    """The network with one of its numbers replaced: a `network_of` for `follow`.

    **Arguments:**

    - `path`: as in `simulate(varied=...)`, without its first word:
      "memory_lagrangian.beta", "feature_lagrangian.beta", "autapse", "current", ...
    - `along`: for a vector, such as the current: it becomes `value * along`.
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


class Event(NamedTuple):
    """A point of a branch at which modes pass s = 1."""

    parameter: float
    v: Float[np.ndarray, " feature"]
    kind: Kind
    multiplicity: int  # modes that pass together
    direction: Float[np.ndarray, " feature"]  # the mode, of length 1
    side: int  # other branches lie at higher (+1) or lower (-1) parameters; 0: at both


@dataclasses.dataclass(frozen=True)
class Branch:
    """A curve of fixed points, point by point."""

    parameter: Float[np.ndarray, " point"]
    v: Float[np.ndarray, "point feature"]
    s_max: Float[np.ndarray, " point"]  # in units of sqrt(alpha); stable below 1
    index: Int[np.ndarray, " point"]  # unstable modes
    energy: Float[np.ndarray, " point"]
    residual: Float[np.ndarray, " point"]
    events: tuple[Event, ...]
    ending: Literal["low", "high", "closed", "points", "lost"]
    note: str = ""

    @property
    def stable(self) -> np.ndarray:
        """Where the fixed points are attractors."""
        return self.index == 0

    def near(self, parameter: float) -> np.ndarray:
        """The attractor of the branch whose parameter is nearest, for `solve_at`."""
        if not np.any(self.stable):
            raise ValueError("No point of this branch is an attractor.")
        away = np.where(self.stable, np.abs(self.parameter - parameter), np.inf)
        return self.v[np.argmin(away)]

    def __str__(self) -> str:
        low, high = np.min(self.parameter), np.max(self.parameter)
        told = [f"{e.kind} at {e.parameter:.6g}" for e in self.events]
        return (
            f"{len(self.parameter)} fixed points at {low:.6g} .. {high:.6g}, ended: "
            f"{self.ending}; " + (", ".join(told) or self.note or "no event")
        )


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
) -> Branch:
    r"""The branch through one fixed point, until it leaves `[low, high]`.

    Pseudo-arclength steps with Newton's method, in units of the longest memory and of
    `high - low`. Every change of the index is located to rounding of the arc length
    (better than 1e-6 in the parameter) and named: at a fold the branch turns; at a
    simple pitchfork or transcritical point another branch passes; "multiple" if
    several modes pass together, as symmetry makes them; "unresolved" if even short
    steps do not show what passes. What passes without a change of the index is not
    seen; where branches nearly meet, compare with a shorter `step`. In float64,
    whatever the precision of the network.

    **Arguments:**

    - `network_of`: the network at a value of the parameter, a function that JAX can
      trace. Where it is an `eqx.Module` such as `Varied`, it compiles once.
    - `v`: near a fixed point at `start`, polished first. Smooth Lagrangians only.
    - `start`: in [low, high], where the branch begins; by default `low`. It goes
      upwards first, from `high` downwards.
    - `decay`: alpha > 0 of the dynamics.
    - `step`: the longest step; `max_points`: at most so many.
    """
    _require_range(low, high, step, max_points)
    curve = _Curve.made(network_of, v, low, high, decay)
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
        return _walk(curve, first, step, max_points)


def switch(
    network_of: NetworkOf,
    event: Event,
    low: float,
    high: float,
    *,
    direction: Features | None = None,
    aside: float = ASIDE,
    decay: float = 1.0,
    step: float = 0.02,
    max_points: int = 2000,
) -> tuple[Branch, ...]:
    """The two halves of the other branch through a pitchfork or transcritical point.

    They begin `aside` from the event (in units of the longest memory) along its mode
    and away from it along `direction`, which several modes that pass together need:
    then only the half on that side is sure to be there. Halves that are not found are
    left out.
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
    curve = _Curve.made(network_of, event.v, low, high, decay)
    found = []
    with precision("float64"):
        way = np.append(way / np.linalg.norm(way), 0.0)
        here = curve.scaled(event.v, event.parameter)
        for side in (1, -1):
            # across first: there the other branch is, and the old one is not
            guess = here + side * aside * way
            first = curve.corrected(guess, way, guess)
            if not first.converged or not 0 <= first.y[-1] <= 1:
                continue
            if (first.tangent @ way) * side < 0:
                first = first._replace(tangent=-first.tangent)
            found.append(_walk(curve, first, step, max_points))
    return tuple(found)


def solve_at(
    network_of: NetworkOf, v: Features, parameter: float, *, decay: float = 1.0
) -> tuple[Float[np.ndarray, " feature"], float, float]:
    """The fixed point near `v` at one value: its state, energy and `s_max`.

    Raises ValueError where Newton's method finds none.
    """
    curve = _Curve.made(network_of, v, parameter, parameter, decay)
    with precision("float64"):
        found = curve.solved_at(np.asarray(v, float), parameter)
    if not found.converged:
        raise ValueError(
            f"No fixed point was found near v at {parameter:g}: residual "
            f"{found.residual:.1e}."
        )
    return curve.state(found.y), found.energy, _s_max(found.gains)


class Hysteresis(NamedTuple):
    """Where the flow ends as the parameter rises and falls again, step by step."""

    parameter: Float[np.ndarray, " step"]
    up: Float[np.ndarray, "step feature"]
    down: Float[np.ndarray, "step feature"]
    converged: Bool[np.ndarray, "2 step"]  # up and down


def hysteresis(
    network_of: NetworkOf,
    v: Features,
    parameters: Float[AnyArray, " step"],
    dynamics: Dynamics,
    *,
    kick: float = 1e-3,
    key: Any = 0,
    **settings: Any,
) -> Hysteresis:
    r"""The parameter goes up its values and down again; the state flows on from each.

    Each flow starts where the last one has ended, but for a random `kick` (in units of
    the longest memory): an unstable state of rest is not left without one. Between two
    folds up and down differ. `settings` are those of `hopsim.simulate`, `duration`
    among them.
    """
    values = np.asarray(parameters, float)
    if values.ndim != 1 or not values.size or not np.all(np.diff(values) > 0):
        raise ValueError(f"The parameters must be numbers that rise, got {values}.")
    draw = as_stream(key).child("kicks").generator()
    state, ends, converged = np.asarray(v, float), [], []
    settings = {"samples": 2, "audit": False} | settings
    for value in (*values, *values[::-1]):
        network = network_of(jnp.asarray(value))
        longest = float(np.max(np.linalg.norm(network.memories, axis=1)))
        push = draw.standard_normal(len(state))
        start = state + kick * longest * push / np.linalg.norm(push)
        run = simulate(network, dynamics, start[None], **settings)
        state = np.asarray(run.final[0], float)
        ends.append(state)
        converged.append(bool(run.converged[0]))
    up, down = np.stack(ends[: len(values)]), np.stack(ends[: len(values) - 1 : -1])
    both = np.array([converged[: len(values)], converged[: len(values) - 1 : -1]])
    return Hysteresis(values, up, down, both)


# --- points of a curve ----------------------------------------------------------------


class _Point(NamedTuple):
    y: np.ndarray  # the state in units of the longest memory, and where in [low, high]
    tangent: np.ndarray
    gains: np.ndarray  # s_k^2 / alpha, the largest first
    energy: float
    residual: float
    rounds: int
    converged: bool

    @property
    def unstable(self) -> int:
        return int(np.sum(self.gains > 1))


@dataclasses.dataclass(frozen=True)
class _Curve:
    """All that a point needs: the family of networks, and the units of `y`."""

    network_of: NetworkOf
    decay: np.ndarray
    unit: np.ndarray
    low: float
    span: float

    @classmethod
    def made(cls, network_of, v, low: float, high: float, decay: float) -> "_Curve":
        if not (decay > 0 and np.isfinite(decay)):
            raise ValueError(f"A branch needs a decay > 0, got {decay}.")
        with precision("float64"):
            if isinstance(network_of, eqx.Module):  # or values would be rounded in it
                network_of = cast(network_of, np.float64)
            network = network_of(jnp.asarray(low, float))
            layers = (network.feature_lagrangian, network.memory_lagrangian)
            if not all(layer.smooth for layer in layers):
                raise ValueError(
                    "Branches need activations without jumps, got "
                    f"{' and '.join(type(layer).__name__ for layer in layers)}; in "
                    "model A set beta."
                )
            if np.shape(v) != (network.features,) or not np.all(np.isfinite(v)):
                raise ValueError(
                    f"v must be one finite state of shape ({network.features},), got "
                    f"shape {np.shape(v)}."
                )
            lengths = [*np.linalg.norm(network.memories, axis=1), np.linalg.norm(v)]
            unit = np.asarray(float(np.max(lengths)) or 1.0)
        return cls(network_of, np.asarray(decay, float), unit, low, (high - low) or 1.0)

    def scaled(self, v: np.ndarray, parameter: float) -> np.ndarray:
        return np.append(v / self.unit, (parameter - self.low) / self.span)

    def state(self, y: np.ndarray) -> np.ndarray:
        return y[:-1] * self.unit

    def parameter(self, y: np.ndarray) -> float:
        return float(self.low + self.span * y[-1])

    def solved_at(self, v: np.ndarray, parameter: float) -> _Point:
        """The fixed point near `v` at one value of the parameter."""
        guess = self.scaled(v, parameter)
        along = np.zeros_like(guess)
        along[-1] = 1
        return self.corrected(guess, along, guess)

    def ahead(self, point: _Point, length: float) -> _Point:
        """The point of the curve so far ahead along the tangent."""
        guess = point.y + length * point.tangent
        return self.corrected(guess, point.tangent, guess)

    def corrected(self, guess, along, through) -> _Point:
        """Newton's method to the curve, in the plane `along . (y - through) = 0`."""
        y, rounds, residual = np.array(guess), 0, np.inf
        while True:
            off, slope = self._rest(y)
            residual = float(np.max(np.abs(off)))
            if not residual > ROUNDING or rounds == ROUNDS:  # NaN ends it as well
                break
            step = np.append(off, along @ (y - through))
            y = y - _solved(np.vstack([slope, along]), step)
            rounds += 1
        ahead = np.append(np.zeros(len(y) - 1), 1.0)
        tangent = _solved(np.vstack([slope, along]), ahead)
        # exactly at a branching point there is no one tangent: keep to the old one
        tangent = tangent if np.all(np.isfinite(tangent)) else np.asarray(along)
        tangent = tangent / np.linalg.norm(tangent)
        v, parameter = self.state(y), np.asarray(self.parameter(y))
        gains, energy = _looked_at(self.network_of, self.decay, v, parameter)
        good = residual < 1e3 * ROUNDING
        return _Point(
            y, tangent, np.asarray(gains), float(energy), residual, rounds, good
        )

    def mode(self, point: _Point) -> np.ndarray:
        """The direction in which the condition of rest changes least."""
        return np.linalg.svd(self._rest(point.y)[1][:, :-1])[2][-1]

    def _rest(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The condition of rest and its derivatives, in the units of `y`."""
        units = np.asarray([float(self.unit), self.low, self.span])
        rest, slope = _rest(self.network_of, self.decay, units, y)
        return np.asarray(rest), np.asarray(slope)


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solution of a linear system; NaN where the matrix is singular."""
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.full(len(right), np.nan)


# both are small programs: linear algebra on the host compiles nothing
@eqx.filter_jit
def _rest(
    network_of: NetworkOf,
    decay: Scalar,
    units: Float[AnyArray, "3"],
    y: Float[AnyArray, " n"],
) -> tuple[Array, Array]:
    unit, low, span = units[0], units[1], units[2]

    def rest(y: Array) -> Array:
        network = cast(network_of(low + span * y[-1]), np.float64)
        return rest_condition(network, decay, unit * y[:-1]) / unit

    y = jnp.asarray(y)
    return rest(y), jax.jacfwd(rest)(y)


@eqx.filter_jit
def _looked_at(
    network_of: NetworkOf, decay: Scalar, v: AnyArray, parameter: AnyArray
) -> tuple[Array, Array]:
    """`s_k^2 / alpha` and the energy of a state."""
    network = cast(network_of(jnp.asarray(parameter)), np.float64)
    v = jnp.asarray(v)
    h = network.memory_input(network.feature_lagrangian.activation(v))
    return loop_gains(network, v, h) / decay, network.effective_energy(v, decay)


def _s_max(gains: np.ndarray) -> float:
    return float(np.sqrt(max(gains[0], 0.0)))


def _require_range(low: float, high: float, step: float, max_points: int) -> None:
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"low < high is needed, got {low} and {high}.")
    if not (0 < step < np.inf and max_points >= 2):
        raise ValueError(
            f"step > 0 and two points or more are needed, got {step} and {max_points}."
        )


def _is_still(network_of: NetworkOf, low: float, high: float) -> bool:
    """True if the network is the same everywhere: even families are at both ends."""
    first, *others = (
        network_of(jnp.asarray(low + share * (high - low))) for share in INSIDE
    )
    return all(bool(eqx.tree_equal(first, other)) for other in others)


# --- walking along it -----------------------------------------------------------------


def _walk(curve: _Curve, first: _Point, step: float, max_points: int) -> Branch:
    points, events, ending = [first], [], "points"
    length, old = step, first
    while len(points) < max_points:
        new = _turned_to(old, curve.ahead(old, length))
        jumped = np.linalg.norm(new.y - old.y) > 1.5 * length
        if not new.converged or jumped or new.tangent @ old.tangent < SHARPEST:
            length /= 2
            if length < FINEST:
                ending = "lost"
                break
            continue
        outside = not 0 <= new.y[-1] <= 1
        if outside:
            new = _at_the_edge(curve, old, new)
        found = _passed(curve, old, new)
        if length > step / LEAP and any(e.kind == "unresolved" for e in found):
            length /= 2
            continue
        events += found
        points.append(new)
        if outside:
            ending = "low" if new.y[-1] < 0.5 else "high"
            break
        if len(points) > 8 and np.linalg.norm(new.y - first.y) < 0.5 * length:
            ending = "closed"
            break
        old, length = new, min(step, 1.5 * length if new.rounds < 5 else length)
    return _branch(curve, points, tuple(events), ending)


def _at_the_edge(curve: _Curve, old: _Point, new: _Point) -> _Point:
    edge = 0.0 if new.y[-1] < 0 else 1.0
    share = (edge - old.y[-1]) / (new.y[-1] - old.y[-1])
    y = old.y + share * (new.y - old.y)
    last = curve.solved_at(curve.state(y), curve.low + edge * curve.span)
    return _turned_to(new, last)


def _passed(curve: _Curve, old: _Point, new: _Point) -> list[Event]:
    """What happens between two neighbouring points, in order."""
    turned = bool(old.tangent[-1] * new.tangent[-1] < 0)
    tests: list[Callable[[_Point], float]] = [
        lambda point, number=number: 1 - point.gains[number]
        for number in range(*sorted((old.unstable, new.unstable)))
    ]
    if turned and not tests:  # the tip of a pitchfork: stable arms on both sides
        tests, turned = [lambda point: point.tangent[-1]], False
    reach = float(old.tangent @ (new.y - old.y))
    at = lambda length: _turned_to(old, curve.ahead(old, length))
    found: list[Event] = []
    for test in tests:
        ends = (0.0, test(old)), (reach, test(new))
        place = _root(lambda length, test=test: test(at(length)), *ends)
        here = at(place)
        event = _named(curve, here, turned)
        # two branches that nearly meet: a leap from one to the other is no event
        beside = place - reach / 100, place + reach / 100
        across = np.linalg.norm(at(beside[1]).y - at(beside[0]).y)
        whole = here.converged and abs(test(here)) <= PASSED
        if not (whole and across <= 1.5 * (beside[1] - beside[0])):
            event = event._replace(kind="unresolved", side=0)
        # modes that pass together are one event
        apart = [abs(event.parameter - e.parameter) for e in found]
        if min(apart, default=np.inf) > 1e-7 * curve.span:
            found.append(event)
    return found


def _turned_to(old: _Point, new: _Point) -> _Point:
    """The same point, its tangent not against that of the one before."""
    back = new.tangent @ old.tangent < 0
    return new._replace(tangent=-new.tangent) if back else new


def _root(function: Callable, low: tuple, high: tuple) -> float:
    """The zero between two ends of unlike sign, by the Illinois rule."""
    (a, at_a), (b, at_b) = low, high
    kept, side = b - a, 0
    for _ in range(60):
        if at_a == at_b or abs(b - a) <= 1e-13 * max(abs(kept), 1e-3):
            break
        c = (a * at_b - b * at_a) / (at_b - at_a)
        at_c = function(c)
        if abs(at_c) < 1e-12:
            return c
        if at_c * at_b > 0:
            b, at_b = c, at_c
            at_a, side = (at_a / 2, -1) if side == -1 else (at_a, -1)
        else:
            a, at_a = c, at_c
            at_b, side = (at_b / 2, 1) if side == 1 else (at_b, 1)
    return 0.5 * (a + b)


def _named(curve: _Curve, here: _Point, turned: bool) -> Event:
    together = int(np.sum(np.abs(here.gains - 1) < NEAR))
    mode = curve.mode(here)
    kind, side = _kind(curve, here, mode, together, turned)
    parameter = curve.parameter(here.y)
    return Event(parameter, curve.state(here.y), kind, max(1, together), mode, side)


def _kind(
    curve: _Curve, here: _Point, mode: np.ndarray, together: int, turned: bool
) -> tuple[Kind, int]:
    if together > 1:
        return "multiple", 0
    if turned:
        return "fold", 0
    way, shifts = np.append(mode, 0.0), []
    for side in (1, -1):
        guess = here.y + side * ASIDE * way
        other = curve.corrected(guess, way, guess)
        if not other.converged:
            return "unresolved", 0
        shifts.append(other.y[-1] - here.y[-1])
    odd, even = abs(shifts[0] - shifts[1]) / 2, (shifts[0] + shifts[1]) / 2
    # of first order in the distance if the other branch crosses, of second if it bends
    return (
        ("transcritical", 0) if odd > abs(even) else ("pitchfork", int(np.sign(even)))
    )


# --- results --------------------------------------------------------------------------


def _branch(
    curve: _Curve, points: list[_Point], events: Any, ending: Any, note: str = ""
) -> Branch:
    return Branch(
        parameter=np.array([curve.parameter(p.y) for p in points]),
        v=np.stack([curve.state(p.y) for p in points]),
        s_max=np.array([_s_max(p.gains) for p in points]),
        index=np.array([p.unstable for p in points]),
        energy=np.array([p.energy for p in points]),
        residual=np.array([p.residual for p in points]),
        events=events,
        ending=ending,
        note=note,
    )


def _constant(
    curve: _Curve, first: _Point, low: float, high: float, start: float
) -> Branch:
    ends = (start, low if start == high else high)
    points = [first._replace(y=curve.scaled(curve.state(first.y), end)) for end in ends]
    return _branch(curve, points, (), "low" if start == high else "high", STILL)
