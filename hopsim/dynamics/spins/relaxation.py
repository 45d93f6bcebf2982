"""`relax`: many starts of the binary memory, swept until no spin moves.

Starts are kept as int8 on the host. On a CPU they are swept one after the other
(`_cpu_engine`), on an accelerator in lockstep (`_lockstep_engine`); those at rest are
dropped. Orders are keyed by (key, sweep) and coins by (key, start, sweep, visit), so
that neither the engine nor its chunks and devices change any result. Since every
decision is certain or exact, the precision does not either.
"""

import dataclasses
import functools as ft
from collections.abc import Callable, Sequence
from typing import Any, Literal

import jax
import numpy as np
from jaxtyping import Bool, Int, Real

from ..._common.display import many, middle_and_most, Shown
from ..._common.entries import public_entry
from ..._common.progress import counted, Progress
from ..._common.streams import as_stream, Stream
from ..._common.types import AnyArray
from ...network import Network, require_network
from ...records import AbstractResult, flags, PURE, Variables
from ...trajectory import Ending, endings_in_words
from .._request import require, require_whole
from ._base import AbstractSpinDynamics
from ._coins import coin
from ._engine import AbstractEngine, Starts, SweepResult
from ._lockstep_engine import LockstepEngine
from ._starts import check_spin_dynamics, check_starts
from .exact_decisions import are_spins, Exact
from .flip_rules import (
    FlipRule,
    local_field_of,
    MAX_SWEEPS,
    OLDER_WORDS,
    Tie,
    visits_of,
)


@dataclasses.dataclass(frozen=True, repr=False)
class Relaxation(AbstractResult):
    """The final spins of every start, and how they were reached; on the host."""

    final: np.ndarray  # (start, feature): int8 unless clamped values are not spins
    sweeps: Int[np.ndarray, " start"]
    flips: Int[np.ndarray, " start"]
    ties: Int[np.ndarray, " start"]  # visits with a field of 0 (or not certain)
    doubtful: Int[np.ndarray, " start"]  # decisions that float64 repeated
    exact: Int[np.ndarray, " start"]  # visits that exact integers decided
    ending: Int[np.ndarray, " start"]  # STEADY, UNSETTLED or CYCLE

    @property
    def converged(self) -> Bool[np.ndarray, " start"]:
        """True where a full sweep moved no spin, not even by a coin (random ties)."""
        return self.ending == Ending.STEADY

    def variables(self) -> Variables:
        """Its variables with their dimensions, `start` and `feature`."""
        endings = flags([e.name.lower() for e in Ending])
        whole = ("sweeps", "flips", "ties", "doubtful", "exact", "converged")
        return {
            "final": (("start", "feature"), self.final, PURE),
            **{name: ("start", getattr(self, name), PURE) for name in whole},
            "ending": ("start", self.ending, PURE | endings),
        }

    def _shown(self) -> Shown:
        starts, features = self.final.shape
        summed = lambda x: int(np.sum(x))
        return Shown(
            f"Relaxation of {many(starts, 'start')} of {many(features, 'spin')}",
            [
                ("ended", endings_in_words(self.ending)),
                ("sweeps", middle_and_most(self.sweeps)),
                ("flips", middle_and_most(self.flips)),
                ("ties", f"{summed(self.ties)} visits had a field of 0"),
                (
                    "decided",
                    f"{summed(self.doubtful)} visits again in float64, "
                    f"{summed(self.exact)} by exact integers",
                ),
            ],
        )


@public_entry
def relax(
    network: Network,
    dynamics: AbstractSpinDynamics,
    starts: Real[AnyArray, "start feature"],
    *,
    max_sweeps: int = MAX_SWEEPS,
    clamped: Bool[AnyArray, " feature"] | None = None,
    key: Any = 0,
    precision: Literal["auto", "float64"] = "auto",
    chunk: int | None = None,
    devices: Sequence[Any] | None = None,
    engine: Literal["auto", "cpu", "lockstep", "walk"] = "auto",
    watch: Callable[[int, np.ndarray], None] | None = None,
    progress: Progress = None,
) -> Relaxation:
    """Sweep every start until a full sweep moves none of its spins. [KH16 eq. 4]

    **Arguments:**

    - `starts`: spins of +1 and -1; clamped ones may be any number in [-1, 1].
    - `max_sweeps`: after so many sweeps a start counts as unconverged.
    - `clamped`: spins that stay as they are.
    - `key`: a seed, a JAX key or a `Stream`, for orders and coins.
    - `precision`: "auto" decides in float32 where its rounding certainly does not
      matter, and in float64 elsewhere; "float64" skips float32. The results are the
      same.
    - `chunk`, `devices`: starts swept at once on one device, and the devices; on CPUs
      one thread for each.
    - `engine`: "cpu" sweeps one start after the other, on CPUs, for spins and memories
      of +1 and -1; "lockstep" sweeps many together and takes any memories; "auto"
      chooses "cpu" where it can. ("walk" is an older name of "cpu".)
    - `watch`: called as `watch(sweep, spins)` for sweep = 0, 1, ... with all spins.
    - `progress`: True shows a bar, or lines where there is no terminal. A function is
      called with (starts that have ended, starts in all).
    """
    # --- validate
    engine = OLDER_WORDS.get(engine, engine)
    require_network(network)
    starts, free = check_relaxation(network, dynamics, starts, max_sweeps, clamped)
    flip_rule = dynamics.flip_rule
    binary = bool(
        are_spins(starts)
        and are_spins(network.memories)
        and not np.any(np.asarray(network.hidden_current))
    )
    if chunk is not None:
        require_whole("chunk", chunk)
    for name, value, known in (
        ("engine", engine, ("auto", "cpu", "lockstep")),
        ("precision", precision, ("auto", "float64")),
    ):
        if value not in known:
            raise ValueError(f"{name} is one of {', '.join(known)}, got {value!r}.")
    devices = list(jax.devices() if devices is None else devices)
    require(bool(devices), "devices", "one device or more", "none")
    on_cpu = binary and all(d.platform == "cpu" for d in devices)
    if engine == "cpu" and not on_cpu:
        raise ValueError(
            'engine = "cpu" needs CPUs, spins and memories of +1 and -1, and no hidden '
            'current; use engine = "lockstep".'
        )
    if on_cpu and engine != "lockstep":
        # its compiler takes half a second to import
        from ._cpu_engine import CpuEngine

        sweeper: AbstractEngine = CpuEngine(
            network, flip_rule, precision, chunk, len(devices)
        )
    else:
        sweeper = LockstepEngine(network, flip_rule, binary, precision, chunk, devices)
    run = _Run(network, flip_rule, free, as_stream(key), sweeper)

    # --- sweep
    spins = starts.astype(np.int8 if binary else np.float64)
    size = len(spins)
    sweeps, flips, ties, doubtful, exact = np.zeros((5, size), np.int64)
    ending = np.full(size, int(Ending.UNSETTLED))
    alive = np.arange(size)
    before: np.ndarray | None = None
    if watch is not None:
        watch(0, spins)
    number = 0
    # invariant: `spins` are those after `number` sweeps, and `alive` the starts neither
    # at rest nor in a cycle
    with counted(progress, "starts", size) as count:
        while number < max_sweeps and alive.size:
            visits = alive.size * len(run.free)
            some = 1 if watch is not None else run.engine.sweeps_at_once(visits)
            some = min(some, max_sweeps - number)
            walked, by_integers = run.advance(number, some, spins, alive)
            if flip_rule.synchronous:
                repeats = _same(before, walked.s, alive)
                before = np.array(spins)
            else:
                repeats = np.zeros(alive.size, bool)
            spins[alive] = walked.s
            sweeps[alive] += walked.sweeps
            flips[alive] += walked.flips
            ties[alive] += walked.ties
            doubtful[alive] += walked.doubtful
            exact[alive] += by_integers
            quiet = walked.last == 0
            if flip_rule.order == "random" and np.any(quiet):
                # N visits with replacement may miss spins: all of them must be at rest
                quiet[quiet] = run.at_rest(spins, alive[quiet])
            ending[alive[quiet]] = Ending.STEADY
            ending[alive[repeats & ~quiet]] = Ending.CYCLE
            alive = alive[~(quiet | repeats)]
            number += some
            if watch is not None:
                watch(number, spins)
            if count is not None:
                count(size - alive.size, size)
    return Relaxation(spins, sweeps, flips, ties, doubtful, exact, ending)


def check_relaxation(
    network: Network,
    dynamics: AbstractSpinDynamics,
    starts: AnyArray,
    max_sweeps: int,
    clamped: AnyArray | None,
) -> tuple[np.ndarray, np.ndarray]:
    """The starts and the free spins; ValueError for what `relax` refuses.

    Computes nothing, and takes stand-ins for what is not drawn.
    """
    check_spin_dynamics(dynamics, "relax")
    starts, free = check_starts(network.features, starts, clamped)
    require_whole("max_sweeps", max_sweeps)
    local_field_of(network, dynamics.flip_rule.rule)
    return starts, free


def _same(before: np.ndarray | None, s: AnyArray, alive: np.ndarray) -> np.ndarray:
    """Where a synchronous step leads back to the state before the last."""
    if before is None:
        return np.zeros(alive.size, bool)
    return np.all(before[alive] == s, axis=1)


class _Run:
    """The sweeps of one network, by an engine and, where needed, exact integers."""

    def __init__(
        self,
        network: Network,
        flip_rule: FlipRule,
        free: np.ndarray,
        stream: Stream,
        engine: AbstractEngine,
    ):
        self.network, self.flip_rule = network, flip_rule
        self.free, self.stream, self.engine = free, stream, engine

    @ft.cached_property
    def reference(self) -> Exact:
        """Exact integers, set up when the first visit needs them."""
        return Exact(self.network, self.flip_rule.rule)

    def advance(
        self, number: int, some: int, spins: np.ndarray, rows: np.ndarray
    ) -> tuple[SweepResult, np.ndarray]:
        """The sweeps from `number` to `number + some` of the starts `rows`, until rest.

        Also returns how many visits of each start exact integers have decided.
        """
        numbers = range(number, number + some)
        orders = np.stack(
            [
                visits_of(self.flip_rule.order, self.free, self.stream, k)
                for k in numbers
            ]
        )
        seeds = np.zeros((some, 2), np.uint32)
        if self.flip_rule.tie == "random":
            draw = lambda k: self.stream.child("coins", k).generator()
            seeds[:] = [draw(k).integers(2**32, size=2) for k in numbers]
        still = self.flip_rule.synchronous
        return self._advance(spins, rows, orders, seeds, self.flip_rule.tie, still)

    def at_rest(self, spins: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Where no spin would move."""
        seeds = np.zeros((1, 2), np.uint32)
        tie = self.flip_rule.tie_at_rest
        walked, _ = self._advance(spins, rows, self.free[None], seeds, tie, True)
        return walked.flips == 0

    def _advance(
        self,
        spins: np.ndarray,
        rows: np.ndarray,
        orders: np.ndarray,
        seeds: np.ndarray,
        tie: Tie,
        still: bool,
    ) -> tuple[SweepResult, np.ndarray]:
        """The sweeps `orders` of some starts, in rounds of engine and exact integers.

        The engine sweeps a start until it rests, has made all sweeps, or meets a visit
        that it cannot decide with certainty. Exact integers decide that visit (and the
        rest of its sweep, if the engine cannot resume within one), and the start joins
        the next round. The result is therefore as if every visit had been decided
        exactly, and since each round decides a visit of each start, the rounds end.
        """
        zeros = lambda: np.zeros(len(rows), np.int64)
        starts = Starts(spins[rows], rows, spins[rows], zeros(), zeros(), zeros())
        # aliases `starts.s` and `starts.last`: a round continues from the spins found
        total = SweepResult(
            starts.s, zeros(), zeros(), starts.last, zeros(), zeros(), zeros() - 1
        )
        by_integers, todo = zeros(), np.arange(len(rows))
        while todo.size:
            now = Starts(*(x[todo] for x in starts))
            found = self.engine.sweep(now, orders, seeds, tie, still)
            total.s[todo] = found.s
            total.last[todo] = found.last
            for name in ("sweeps", "flips", "ties", "doubtful"):
                getattr(total, name)[todo] += getattr(found, name)
            # --- exact integers decide the visits that the engine left open
            waits = np.flatnonzero(found.waits_at >= 0)
            for k, visit in zip(todo[waits], found.waits_at[waits], strict=True):
                t = total.sweeps[k] - 1
                end = visit + 1 if self.engine.resumes else orders.shape[1]
                seen = starts.before[k] if still else None
                toss = ft.partial(_tied, tie, seeds[t], int(rows[k]), int(visit))
                total.s[k], flips, ties = self.reference.sweep(
                    total.s[k], orders[t][visit:end], toss, seen
                )
                total.flips[k] += flips
                total.last[k] += flips
                total.ties[k] += ties
                by_integers[k] += end - visit
                starts.first[k], starts.begin[k] = t, end
            todo = todo[waits]
            # if that was the end of a sweep the next one follows, unless it moved none
            ended = starts.begin[todo] == orders.shape[1]
            starts.first[todo[ended]] += 1
            starts.begin[todo[ended]] = 0
            more = (total.last[todo] > 0) & (starts.first[todo] < len(orders))
            todo = todo[~ended | more]
        return total, by_integers


def _tied(tie: str, coins: np.ndarray, start: int, first: int, visit: int, s: int):
    """The new value of a spin whose local field is zero: as in `_lockstep_sweep`."""
    if tie == "keep":
        return s
    if tie != "random":
        return int(tie)
    return int(coin(coins, start, first + visit))
