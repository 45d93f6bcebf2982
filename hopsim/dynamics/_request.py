"""The arguments of `simulate` in groups: tolerances, output and execution."""

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Float

from .._common.arrays import mask, numbers, table
from .._common.names import plain, shown
from .._common.progress import Progress
from .._common.types import AnyArray, concrete, Scalar
from ..network import Features, Network
from ..trajectory import Resumption


PLACED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclasses.dataclass(frozen=True)
class Tolerances:
    """Tolerances of a flow; None takes the default of the precision."""

    rtol: float | None = None  # default 1e-7 in float64, 1e-5 in float32
    atol: float | None = None  # default 1e-9 in float64, 1e-5 in float32
    residual: float | None = None  # of rest; default 1e-6 in float64, 1e-4 in float32


@dataclasses.dataclass(frozen=True)
class Output:
    """What is kept of a run."""

    samples: int = 101  # equally spaced sampling times, both ends included
    save: Sequence[str] = ("v",)  # states at the samples, of "v", "g" and "h"
    step_log: int = 0  # of the first probes, every step's energy
    audit: bool = True  # the energies of all steps and the ledger
    times: Float[AnyArray, " time"] | Sequence[float] | None = None  # not `samples`
    resumable: bool = False  # what a run goes on with; twice the final states in size

    @property
    def states(self) -> tuple[str, ...]:
        """What `save` names, one word or several."""
        return (self.save,) if isinstance(self.save, str) else tuple(self.save)

    def grid(self, first: float, last: float) -> Float[np.ndarray, " moment"]:
        """The times that are asked for, with both ends of the run among them."""
        if self.times is None:
            return np.linspace(first, last, self.samples)
        return np.union1d(self._within(last), [first, last])

    def rows(self, grid: Float[np.ndarray, " moment"]) -> Any:
        """Where in this grid the times are that are asked for."""
        if self.times is None:
            return slice(None)
        return np.searchsorted(grid, self._within(grid[-1]))

    def _within(self, last: float) -> Float[np.ndarray, " time"]:
        """The times of one's own; the last may be beyond the end by a rounding."""
        return np.minimum(np.asarray(self.times, float), last)


@dataclasses.dataclass(frozen=True)
class Execution:
    """Where a run is executed, and how its progress is reported."""

    chunk: int | None = None  # probes side by side on one device
    devices: Sequence[Any] | None = None  # default: all with a full chunk
    progress: Progress = None  # True: a bar; or a function of (done, in all)


@dataclasses.dataclass(frozen=True)
class Request:
    """All arguments of `simulate` besides network, dynamics and probes."""

    duration: float
    until: str | Callable[..., Any] = "steady"
    solver: Any = "auto"
    step: float | None = None
    max_steps: int = 100_000
    memory_start: Float[AnyArray, "probe memory"] | None = None
    clamped: Bool[AnyArray, " feature"] | None = None
    varied: Mapping[str, AnyArray] | None = None
    key: Any = 0  # of the orders and coins of spins; unused by flows
    tolerances: Tolerances = Tolerances()
    output: Output = Output()
    execution: Execution = Execution()
    # of a run that goes on: when each probe had ended, and what was kept of its steps
    since: Float[np.ndarray, " probe"] | None = None
    resumption: Resumption | None = None

    @property
    def span(self) -> tuple[float, float]:
        """When the run begins and ends; one that goes on, with the first that ended."""
        if self.since is None:
            return 0.0, self.duration
        return float(np.min(self.since)), float(np.max(self.since)) + self.duration

    def paused(self, of: tuple) -> Any:
        """What the run that goes on has kept, if it was of the same; None if not."""
        kept = self.resumption
        if kept is None or not bool(eqx.tree_equal(kept.of, of)):
            return None
        return kept.lanes._replace(whole=np.asarray(self.since) < kept.end)

    @property
    def saved(self) -> tuple[str, ...]:
        """The states to keep, in the order v, g, h."""
        return tuple(name for name in ("v", "g", "h") if name in self.output.states)

    @property
    def event(self) -> Callable[..., Any] | None:
        """What ends a run, if that is neither rest nor time."""
        return self.until if callable(self.until) else None

    def check(self) -> None:
        """Raises ValueError for what is invalid whatever the dynamics."""
        save, where = self.output.states, self.execution
        require_finite_positive("duration", self.duration)
        require_whole("samples", self.output.samples, 2, " (both ends are samples)")
        if self.output.times is not None:
            plain, rule = Output().samples, "left out where times are given"
            require(self.output.samples == plain, "samples", rule, self.output.samples)
            first, last = self.span
            ascending(self.output.times, last, first)
        require_whole("max_steps", self.max_steps)
        known = self.event is not None or self.until in ("steady", "duration")
        require(known, "until", '"steady", "duration" or a function', self.until)
        require(set(save) <= {"v", "g", "h"}, "save", 'made of "v", "g" and "h"', save)
        if where.chunk is not None:
            require_whole("chunk", where.chunk)
        some = where.devices is None or len(where.devices) > 0
        require(some, "devices", "one device or more", "none")

    def filled(self, dtype: np.dtype) -> Tolerances:
        """The tolerances of a flow, with the defaults of a precision for None.

        Raises ValueError for those that the precision cannot keep.
        """
        double, given = dtype == np.float64, self.tolerances
        found = Tolerances(
            (1e-7 if double else 1e-5) if given.rtol is None else given.rtol,
            (1e-9 if double else 1e-5) if given.atol is None else given.atol,
            (1e-6 if double else 1e-4) if given.residual is None else given.residual,
        )
        for name, value in (("rtol", found.rtol), ("atol", found.atol)):
            require_finite_positive(name, value)
        require_finite_positive("residual_tolerance", found.residual)
        rtol, residual = float(found.rtol or 0), float(found.residual or 0)
        require(rtol <= 0.1, "rtol", "<= 0.1, or the audit says nothing", rtol)
        require(residual < 1, "residual_tolerance", "< 1", residual)
        if not double and rtol < 1e-5:
            raise ValueError(
                f"float32 cannot keep rtol < 1e-5, got {rtol:g}; use float64 memories."
            )
        return found

    def mask(self, network: Network) -> Bool[np.ndarray, " feature"]:
        """The features that are clamped; ValueError for what is no mask of them."""
        if self.clamped is None:
            return np.zeros(network.features, bool)
        return mask(self.clamped, "clamped", network.features)

    def start_of_memories(
        self, network: Network, probes: int
    ) -> Float[np.ndarray, "probe memory"] | None:
        """The first state of the memory neurons, if one is given; or ValueError."""
        if self.memory_start is None:
            return None
        h = table(
            self.memory_start, "memory_start", "probe", network.count, network.dtype
        )
        if len(h) != probes:
            raise ValueError(
                f"memory_start must have a row for each of the {probes} probes, got "
                f"{len(h)}."
            )
        return h


def occurs(event: Callable[..., Any], t: Scalar, v: Features) -> Any:
    """Whether an event has occurred, which is a function of (t, v) or of v alone."""
    return event(v) if _required(event) == 1 else event(t, v)


def _required(event: Callable[..., Any]) -> int:
    """How many arguments have to be given by place."""
    every = inspect.signature(event).parameters.values()
    return sum(p.default is p.empty and p.kind in PLACED for p in every)


def require_event(event: Callable[..., Any], features: int, dtype: np.dtype) -> None:
    """Raises ValueError unless JAX can trace an event, and it is true or false."""
    rule = "until must be a function of v (feature,), or of (t, v), that JAX can trace"
    t, v = (jax.ShapeDtypeStruct(shape, dtype) for shape in ((), (features,)))
    try:
        found = jax.eval_shape(functools.partial(occurs, event), t, v)
    except Exception as error:
        raise ValueError(f"{rule}, got an error: {plain(str(error))}") from error
    if getattr(found, "shape", None) != () or found.dtype != bool:
        told = shown(found)
        if isinstance(found, jax.ShapeDtypeStruct):
            told = f"{found.dtype} of shape {found.shape}"
        raise ValueError(f"{rule} to one boolean, got {told}.")


def ascending(times: Any, end: Any, first: float = 0.0) -> AnyArray:
    """Times within a run, in their order; ValueError for others, unless traced."""
    found = numbers(times, "times")
    known = concrete(found) and concrete(end)
    host = np.asarray(found, float) if known else np.full(1, first)
    last = float(np.asarray(end)) if known else first
    inside = host.size and np.all((host >= first) & (host <= last * (1 + 1e-12)))
    if found.ndim != 1 or not inside or np.any(np.diff(host) < 0):
        raise ValueError(
            f"times must ascend from {first:g} or later to {last:g} at most, the end "
            f"of the run, got {shown(str(times))}."
        )
    return found


def require(condition: bool, name: str, rule: str, value: Any) -> None:
    """Raises ValueError that states rule and value, unless the condition holds."""
    if not condition:
        shape = np.shape(value) if hasattr(value, "shape") else ()
        told = f"an array of shape {shape}" if shape else str(value)
        raise ValueError(f"{name} must be {rule}, got {told}.")


def require_finite_positive(name: str, value: Any) -> None:
    """Raises ValueError unless a value is a finite number > 0."""
    number = np.ndim(value) == 0 and np.asarray(value).dtype.kind in "fiu"
    good = number and bool(value > 0) and math.isfinite(value)
    told = value if number or np.ndim(value) else repr(value)
    require(good, name, "a finite number > 0", told)


def require_whole(name: str, value: Any, least: int = 1, why: str = "") -> None:
    """Raises ValueError unless a value is a whole number, and large enough."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    good = whole and bool(value >= least)
    require(good, name, f"a whole number >= {least}{why}", value)
