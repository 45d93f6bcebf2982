"""Where the time goes: programs traced and compiled, phases, and work done.

Nothing is measured unless a clock is open: `with watch() as clock: ...`.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax


@dataclasses.dataclass
class Work:
    """What was integrated, in evaluations of the field."""

    features: int
    count: int
    dtype: Any
    lanes: int  # probes that stepped together
    useful: int  # evaluations that the probes needed, in all
    executed: int  # evaluations of all lanes together, those that waited as well
    devices: int = 1  # chunks that ran at the same time


# Time inside several phases counts for the first of them in this order only.
PHASES = ("compile", "trace", "integrate", "draw")
STEPS = "/jax/core/compile/"  # of making a program, as JAX calls them when they begin


class Clock:
    """What was measured while this clock was open."""

    def __init__(self):
        self.names: list[str] = []  # of compiled programs
        self.spans: dict[str, list[tuple[float, float]]] = {p: [] for p in PHASES}
        self.work: list[Work] = []
        self.loaded = 0  # programs that came from the compile cache

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of every phase. (Traces nest: spans are united, not added.)"""
        taken: list[tuple[float, float]] = []
        found = {}
        for name in PHASES:
            before = _length(taken)
            taken = [*taken, *self.spans[name]]
            found[name] = _length(taken) - before
        return found

    @property
    def compiling(self) -> float:
        """Seconds spent tracing and compiling."""
        return self.seconds["trace"] + self.seconds["compile"]

    @property
    def programs(self) -> int:
        """Programs made, without lone operations on constants that Diffrax folds."""
        return sum(not hasattr(jax.lax, name) for name in self.names)


def _length(spans: list[tuple[float, float]]) -> float:
    """The length of a union of intervals."""
    total, reached = 0.0, -float("inf")
    for begin, end in sorted(spans):
        total += max(end - max(begin, reached), 0.0)
        reached = max(reached, end)
    return total


_open: list[Clock] = []
_making: list[str] = []  # steps of programs that are traced or compiled just now
_waiting: list[Callable[[], None]] = []
_listening = False


@contextlib.contextmanager
def watch() -> Iterator[Clock]:
    """A clock that is open inside the block."""
    listen()
    clock = Clock()
    _open.append(clock)
    try:
        yield clock
    finally:
        _open.remove(clock)


def listen() -> None:
    """Hear from now on what JAX tells of its compiler."""
    global _listening
    if not _listening:  # JAX cannot remove a listener
        jax.monitoring.register_scalar_listener(_heard_begin)
        jax.monitoring.register_event_duration_secs_listener(_heard_duration)
        jax.monitoring.register_event_listener(_heard_event)
        _listening = True


def compiling() -> bool:
    """True while JAX traces or compiles a program, once somebody listens."""
    return bool(_making)


@contextlib.contextmanager
def phase(name: str) -> Iterator[None]:
    """Adds the seconds of its block to a phase of every open clock."""
    begun = time.perf_counter()
    try:
        yield
    finally:
        _spent(name, begun)


def _spent(name: str, begun: float) -> None:
    for clock in _open:
        clock.spans[name].append((begun, time.perf_counter()))


def when_lowered(call: Callable[[], None]) -> None:
    """Registers a call, made once, when the next program goes to the compiler."""
    _waiting.append(call)


def watched() -> bool:
    """True if a clock is open."""
    return bool(_open)


def worked(work: Work) -> None:
    """Adds work to every open clock."""
    for clock in _open:
        clock.work.append(work)


def _heard_begin(event: str, *_: Any, **__: Any) -> None:
    if event.startswith(STEPS):
        _making.append(event)


def _heard_duration(event: str, duration_secs: float, **details: Any) -> None:
    if not event.startswith(STEPS):
        return
    with contextlib.suppress(ValueError):  # it had begun before somebody listened
        _making.remove(event)
    if event.endswith("jaxpr_to_mlir_module_duration"):
        while _waiting:
            _waiting.pop()()
    compiling = event.endswith("backend_compile_duration")
    _spent("compile" if compiling else "trace", time.perf_counter() - duration_secs)
    if compiling:
        name = str(details.get("fun_name", "?")).removeprefix("jit(").removesuffix(")")
        for clock in _open:
            clock.names.append(name)


def _heard_event(event: str, **_: Any) -> None:
    if event == "/jax/compilation_cache/cache_hits":
        for clock in _open:
            clock.loaded += 1
