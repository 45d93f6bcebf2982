"""`relax`: many starts of the binary memory, swept until no spin moves.

Starts are kept as int8 on the host and swept in chunks of lanes, one chunk for each
device at a time. After each sweep those that have come to rest leave, so that the
others share full chunks. Orders are keyed by (key, sweep) and coins by (key, start,
sweep, visit): neither the chunks nor the devices change any result, and since every
decision is certain or exact, nor does the precision.
"""

import dataclasses
import functools as ft
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Bool, Int, Real

from ._clock import phase
from ._streams import as_stream, Stream
from ._types import AnyArray
from .dynamics._spins import (
    coin,
    Couplings,
    padded,
    padded_features,
    padded_to,
    sweep,
    Swept,
)
from .dynamics.binary import Binary, interaction
from .exact import are_spins, Exact, has_exact_values, parity_gcd
from .network import Network
from .trajectory import Ending


TWICE_BYTES = 2**27  # memories up to this size are kept in both orders
LANES = 64  # starts in one compiled sweep on a CPU
CHUNK_BYTES = 2**26  # of memory inputs on a CPU: large networks have fewer lanes
SLAB = 2**26  # spins that travel to the devices at once


@dataclasses.dataclass(frozen=True)
class Relaxation:
    """Where every start went, how it ended, and who decided; arrays on the host."""

    final: np.ndarray  # (start, feature): int8 unless clamped values are not spins
    sweeps: Int[np.ndarray, " start"]
    flips: Int[np.ndarray, " start"]
    ties: Int[np.ndarray, " start"]  # visits without a drive (or none that is certain)
    doubtful: Int[np.ndarray, " start"]  # decisions that float64 repeated
    exact: Int[np.ndarray, " start"]  # sweeps that exact integers ended
    ending: Int[np.ndarray, " start"]  # STEADY, UNSETTLED or CYCLE

    @property
    def converged(self) -> Bool[np.ndarray, " start"]:
        """True where a full sweep moved no spin."""
        return self.ending == Ending.STEADY


def relax(
    network: Network,
    dynamics: Binary,
    starts: Real[AnyArray, "start feature"],
    *,
    max_sweeps: int = 100,
    clamped: Bool[AnyArray, " feature"] | None = None,
    key: Any = 0,
    precision: Literal["auto", "float64"] = "auto",
    chunk: int | None = None,
    devices: Sequence[Any] | None = None,
    watch: Callable[[int, np.ndarray], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Relaxation:
    """Sweep every start until a full sweep moves none of its spins. [KH16 eq. 4]

    **Arguments:**

    - `starts`: spins of +1 and -1; clamped ones may be any number in [-1, 1].
    - `max_sweeps`: after so many a start is called unconverged.
    - `clamped`: spins that stay as they are.
    - `key`: a seed, a JAX key or a `Stream`, for orders and coins.
    - `precision`: "auto" lets float32 decide where its rounding is certain not to
      matter, and float64 elsewhere; "float64" begins there. The results are the same.
    - `chunk`, `devices`: lanes swept at once on one device, and the devices.
    - `watch`: called as `watch(sweep, spins)` with 0, 1, ... and all spins.
    """
    # --- validate
    starts, free = _check(network, starts, clamped)
    binary = bool(
        are_spins(starts)
        and are_spins(network.memories)
        and not np.any(np.asarray(network.hidden_current))
    )
    if max_sweeps < 1:
        raise ValueError(f"max_sweeps must be >= 1, got {max_sweeps}.")
    run = _Run(network, dynamics, binary, free, as_stream(key), precision)

    # --- sweep
    spins = starts.astype(np.int8 if binary else np.float64)
    size = len(spins)
    count = lambda: np.zeros(size, np.int64)
    sweeps, flips, ties, doubtful, exact = (count() for _ in range(5))
    ending = np.full(size, int(Ending.UNSETTLED))
    alive = np.arange(size)
    before: np.ndarray | None = None
    if watch is not None:
        watch(0, spins)
    for number in range(max_sweeps):
        if not alive.size:
            break
        swept = run.sweep(number, spins, alive, chunk, devices)
        if dynamics.synchronous:
            repeats = _same(before, swept.s, alive)
            before = np.array(spins)
        else:
            repeats = np.zeros(alive.size, bool)
        spins[alive] = swept.s
        sweeps[alive] += 1
        flips[alive] += swept.flips
        ties[alive] += swept.ties
        doubtful[alive] += swept.doubtful
        exact[alive] += swept.waits_at >= 0
        quiet = swept.flips == 0
        if dynamics.order == "random" and np.any(quiet):
            # N visits with replacement miss spins: rest is what moves none of them
            quiet[quiet] = run.at_rest(spins, alive[quiet], chunk, devices)
        ending[alive[quiet]] = Ending.STEADY
        ending[alive[repeats & ~quiet]] = Ending.CYCLE
        alive = alive[~(quiet | repeats)]
        if watch is not None:
            watch(number + 1, spins)
        if progress is not None:
            progress(size - alive.size, size)
    return Relaxation(spins, sweeps, flips, ties, doubtful, exact, ending)


def _same(before: np.ndarray | None, s: AnyArray, alive: np.ndarray) -> np.ndarray:
    """Where a synchronous step leads back to the state before the last."""
    if before is None:
        return np.zeros(alive.size, bool)
    return np.all(before[alive] == s, axis=1)


class _Run:
    """One network's compiled sweep, and what its sweeps have in common."""

    def __init__(
        self,
        network: Network,
        dynamics: Binary,
        binary: bool,
        free: np.ndarray,
        stream: Stream,
        precision: str,
    ):
        self.network, self.dynamics = network, dynamics
        self.free, self.stream = free, stream
        self.couplings = _couplings(network, dynamics, binary, precision)

    @ft.cached_property
    def reference(self) -> Exact:
        """Exact integers, made when the first lane waits for them."""
        return Exact(self.network, self.dynamics.rule)

    def sweep(self, number, spins, alive, chunk, devices) -> Swept:
        """The next sweep of the starts that are alive, arrays on the host."""
        order = self._order(number)
        coins = self.stream.child("coins", number).generator().integers(2**32, size=2)
        found = _everywhere(self.couplings, spins, alive, order, coins, chunk, devices)
        self._continue(found, spins, alive, order, coins, self.couplings)
        return found

    def at_rest(self, spins, rows, chunk, devices) -> np.ndarray:
        """Where no spin would move."""
        still = dataclasses.replace(self.couplings, synchronous=True, tie="keep")
        coins = np.zeros(2, np.int64)
        found = _everywhere(still, spins, rows, self.free, coins, chunk, devices)
        self._continue(found, spins, rows, self.free, coins, still)
        return np.asarray(found.flips == 0)

    def _order(self, number: int) -> Int[np.ndarray, " visit"]:
        if self.dynamics.order in ("sequential", "synchronous"):
            return self.free
        draw = self.stream.child("order", number).generator()
        if self.dynamics.order == "permutation":
            return draw.permutation(self.free)
        return draw.choice(self.free, len(self.free))

    def _continue(self, found, spins, rows, order, coins, couplings) -> None:
        """End the sweeps of lanes that wait in exact integers, from where they do."""
        for lane in np.flatnonzero(found.waits_at >= 0):
            first = int(found.waits_at[lane])
            tie = ft.partial(_tied, couplings.tie, coins, int(rows[lane]), first)
            seen = spins[rows[lane]] if couplings.synchronous else None
            s, flips, ties = self.reference.sweep(
                found.s[lane], order[first:], tie, seen
            )
            found.s[lane] = s
            found.flips[lane] += flips
            found.ties[lane] += ties


def _tied(tie: str, coins: np.ndarray, start: int, first: int, visit: int, s: int):
    """What a spin without a drive becomes: as in `dynamics._spins`."""
    if tie == "keep":
        return s
    if tie != "random":
        return int(tie)
    return int(coin(coins, start, first + visit))


def _couplings(
    network: Network,
    dynamics: Binary,
    binary: bool,
    precision: str,
) -> Couplings:
    layer, factor = interaction(network)
    exact = binary and has_exact_values(network)
    units = parity_gcd(layer, network.features) if exact else 0
    features, count = padded_features(network.features), padded(network.count)
    # --- what the drive has beside the memories, in units of the interaction
    half = 2.0 if dynamics.rule == "energy_gap" else 1.0
    current = half * np.asarray(network.current, np.float64)
    own = 0.0 if network.autapse is None else float(np.asarray(network.autapse))
    if np.any(current) or own:
        current, own = current / factor, own / factor
    memories = np.asarray(network.memories).T
    memories = memories.astype(np.int8 if binary else np.float64)
    memories = padded_to(memories, features, count)
    hidden = np.asarray(network.hidden_current, np.float64)
    twice = memories.nbytes <= TWICE_BYTES
    return Couplings(
        memories=memories,
        by_memory=np.ascontiguousarray(memories.T) if twice else None,
        count=np.asarray(network.count, np.int32),
        hidden_current=padded_to(hidden, count),
        current=padded_to(current, features),
        autapse=np.asarray(own),
        layer=layer,
        integer_units=np.asarray(float(units)),
        rule=dynamics.rule,
        tie=dynamics.tie,
        synchronous=dynamics.synchronous,
        binary=binary,
        rechecked=binary and precision == "auto",
        exact=exact,
    )


# --- one compiled program -----------------------------------------------------------


def _everywhere(couplings, spins, rows, order, coins, chunk, devices) -> Swept:
    """One sweep of the starts `rows`, gathered on the host."""
    devices = list(jax.devices() if devices is None else devices)
    lanes, chunks, used = _shape(couplings, len(spins), chunk, len(devices))
    mesh = Mesh(np.asarray(devices[:used]), ("chunk",))
    visits = np.asarray(len(order), np.int32)
    order = padded_to(np.asarray(order, np.int32), couplings.memories.shape[0])
    slab, parts = used * chunks * lanes, []
    with jax.enable_x64(True):
        seed = coins.astype(np.uint32)
        for start in range(0, len(rows), slab):
            mine = rows[start : start + slab]
            dealt = _dealt(len(mine), used, chunks, lanes)
            shape = (used * chunks, lanes, couplings.memories.shape[0])
            state = np.ones(shape, spins.dtype)
            state[*dealt, : spins.shape[1]] = spins[mine]
            alive = np.zeros((used * chunks, lanes), bool)
            alive[dealt] = True
            numbers = np.zeros((used * chunks, lanes), np.uint32)
            numbers[dealt] = mine
            busy = alive.any(axis=1).reshape(used, chunks).sum(axis=1)
            with phase("integrate"):
                found = _compiled()(
                    couplings, state, alive, numbers, order, visits, seed,
                    busy.astype(np.int32), mesh,
                )  # fmt: skip
                found = jax.tree.map(ft.partial(_picked, dealt), found)
            parts.append(found._replace(s=found.s[:, : spins.shape[1]]))
    return jax.tree.map(lambda *x: np.concatenate(x), *parts)


def _picked(where: tuple, x: AnyArray) -> np.ndarray:
    return np.array(x)[where]  # a copy that may be written to


def _dealt(size: int, devices: int, chunks: int, lanes: int) -> tuple:
    """Where each start goes: chunk after chunk, to the devices in turn."""
    chunk, lane = np.divmod(np.arange(size), lanes)
    turn, device = np.divmod(chunk, devices)
    return device * chunks + turn, lane


def _shape(
    couplings: Couplings, starts: int, chunk: int | None, devices: int
) -> tuple[int, int, int]:
    """Lanes of a chunk, chunks of a device, and the devices that have one."""
    count = couplings.memories.shape[1]
    if chunk is None:
        most = CHUNK_BYTES if jax.default_backend() == "cpu" else _memory()
        most = max(8, most // (count * (4 if couplings.rechecked else 8) * 4))
        chunk = min(LANES if jax.default_backend() == "cpu" else 2**16, most)
    power = lambda k: 1 << max(0, math.ceil(math.log2(k)))
    lanes = min(power(chunk), max(8, power(-(-starts // devices))))
    used = min(devices, -(-starts // lanes))
    chunks = power(-(-starts // (lanes * used)))
    most = max(1, SLAB // (used * lanes * couplings.memories.shape[0]))
    return lanes, min(chunks, power(most)), used


def _memory() -> int:
    stats = jax.devices()[0].memory_stats() or {}
    return stats.get("bytes_limit", 2**33) // 4


# sweeps are long beside their compilation: the compiler works for them even where it is
# told to save its time elsewhere
OPTIMISED = {
    "xla_backend_optimization_level": 3,
    "xla_llvm_disable_expensive_passes": False,
}


def _sweep_chunks(
    couplings, state, alive, numbers, order, visits, seed, busy, mesh
) -> Swept:
    arrays, static = eqx.partition(couplings, eqx.is_array)

    def many(arrays, state, alive, numbers, order, visits, seed, busy):
        own = eqx.combine(arrays, static)

        def one(k, out: Swept) -> Swept:
            at = ft.partial(jax.lax.dynamic_index_in_dim, index=k, keepdims=False)
            found = sweep(own, at(state), at(alive), at(numbers), order, visits, seed)
            put = lambda x, y: jax.lax.dynamic_update_index_in_dim(x, y, k, 0)
            return jax.tree.map(put, out, found)

        zeros = jnp.zeros(alive.shape, jnp.int32)
        empty = Swept(state, zeros, zeros, zeros, zeros - 1)
        return jax.lax.fori_loop(0, busy[0], one, empty)

    everywhere, split = PartitionSpec(), PartitionSpec("chunk")
    return jax.shard_map(
        many,
        mesh=mesh,
        in_specs=(everywhere, *3 * (split,), *3 * (everywhere,), split),
        out_specs=split,
        check_vma=False,
    )(arrays, state, alive, numbers, order, visits, seed, busy)  # fmt: skip


@ft.cache
def _compiled() -> Callable[..., Swept]:
    options: Any = {"compiler_options": OPTIMISED}
    return eqx.filter_jit(_sweep_chunks, **options)


# --- what is asked of the arguments -------------------------------------------------


def _check(
    network: Network, starts: AnyArray, clamped: AnyArray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The starts, and the numbers of the spins that are free."""
    starts = np.asarray(starts, np.float64)
    if starts.ndim != 2 or starts.shape[1] != network.features or not len(starts):
        raise ValueError(
            f"Starts must have shape (start, {network.features}), got {starts.shape}; "
            "a single start is written s[None, :]."
        )
    held = np.zeros(network.features, bool)
    if clamped is not None:
        held = np.asarray(clamped)
        if held.shape != (network.features,) or held.dtype != bool:
            raise ValueError(
                f"clamped must be a boolean mask of shape ({network.features},), got "
                f"{held.dtype} of shape {held.shape}."
            )
    if not np.all(np.abs(starts[:, ~held]) == 1):
        raise ValueError(
            "Free spins must be +1 or -1; take the signs of other states, and hold "
            "real values by `clamped`."
        )
    if not np.all(np.abs(starts[:, held]) <= 1):  # NaN is refused as well
        raise ValueError("Clamped spins must lie in [-1, 1].")
    return starts, np.flatnonzero(~held)
