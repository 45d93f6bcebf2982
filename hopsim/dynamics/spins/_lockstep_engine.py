"""Sweeps in lockstep: many starts in one compiled program, on every device at once.

For accelerators, and for memories or clamped values that are real numbers. Shapes are
padded by memories and features that decide nothing, so that networks of similar size
share a compiled program.
"""

import dataclasses
import functools as ft
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from ..._common.clock import phase
from ..._common.environment import device_bytes
from ..._common.types import AnyArray
from ...network import Network
from ._engine import AbstractEngine, Starts, SweepResult
from ._lockstep_sweep import (
    LaneSweep,
    padded,
    padded_features,
    padded_to,
    SpinTables,
    sweep,
)
from .exact_decisions import has_exact_values, parity_gcd
from .flip_rules import FlipRule, local_field_of, Tie


TWICE_BYTES = 2**27  # memories up to this size are kept in both orders
LANES = 64  # starts in one compiled sweep on a CPU
CHUNK_BYTES = 2**26  # of memory inputs on a CPU: large networks have fewer lanes
SLAB = 2**26  # spins sent to the devices at once


class LockstepEngine(AbstractEngine):
    """The sweeps of one network, all its starts visiting the same spin together."""

    def __init__(
        self,
        network: Network,
        flip_rule: FlipRule,
        binary: bool,
        precision: str,
        chunk: int | None,
        devices: Sequence[Any],
    ):
        self.tables = _tables_of(network, flip_rule, binary, precision)
        self.chunk, self.devices = chunk, devices
        self.most = 0  # starts seen in one call: fewer ones reuse its program

    resumes: ClassVar[bool] = False

    def sweeps_at_once(self, visits: int) -> int:
        return 1  # after each, starts at rest are dropped and the rest repacked

    def sweep(
        self,
        starts: Starts,
        orders: np.ndarray,
        seeds: np.ndarray,
        tie: Tie,
        still: bool,
    ) -> SweepResult:
        tables = dataclasses.replace(self.tables, synchronous=still, tie=tie)
        s = starts.s
        self.most = max(self.most, len(s))
        found = _everywhere(
            tables, s, starts.numbers, orders[0], seeds[0], self.chunk,
            self.devices, self.most,
        )  # fmt: skip
        return SweepResult(
            found.s,
            np.ones(len(s), np.int64),
            found.flips,
            found.flips,
            found.ties,
            found.doubtful,
            found.waits_at,
        )


def _tables_of(
    network: Network, flip_rule: FlipRule, binary: bool, precision: str
) -> SpinTables:
    layer, current, own = local_field_of(network, flip_rule.rule)
    exact = binary and has_exact_values(network, flip_rule.rule)
    units = parity_gcd(layer, network.features) if exact else 0
    features, count = padded_features(network.features), padded(network.count)
    memories = np.asarray(network.memories).T
    memories = memories.astype(np.int8 if binary else np.float64)
    memories = padded_to(memories, features, count)
    hidden = np.asarray(network.hidden_current, np.float64)
    twice = memories.nbytes <= TWICE_BYTES
    return SpinTables(
        memories=memories,
        by_memory=np.ascontiguousarray(memories.T) if twice else None,
        count=np.asarray(network.count, np.int32),
        hidden_current=padded_to(hidden, count),
        current=padded_to(current, features),
        plain=padded_to((current == 0) & (own == 0), features),
        autapse=np.asarray(own),
        layer=layer,
        integer_units=np.asarray(float(units)),
        rule=flip_rule.rule,
        tie=flip_rule.tie,
        synchronous=flip_rule.synchronous,
        binary=binary,
        rechecked=binary and precision == "auto",
        exact=exact,
    )


def _everywhere(
    tables, spins, numbers, order, coins, chunk, devices, most
) -> LaneSweep:
    """One sweep of all starts on all devices, gathered on the host."""
    lanes, chunks, used = _shape(tables, most, chunk, len(devices))
    mesh = Mesh(np.asarray(devices[:used]), ("chunk",))
    visits = np.asarray(len(order), np.int32)
    order = padded_to(np.asarray(order, np.int32), tables.memories.shape[0])
    slab, parts = used * chunks * lanes, []
    with jax.enable_x64(True):
        seed = coins.astype(np.uint32)
        for start in range(0, len(spins), slab):
            mine = slice(start, start + slab)
            dealt = _dealt(len(spins[mine]), used, chunks, lanes)
            shape = (used * chunks, lanes, tables.memories.shape[0])
            state = np.ones(shape, spins.dtype)
            state[*dealt, : spins.shape[1]] = spins[mine]
            alive = np.zeros((used * chunks, lanes), bool)
            alive[dealt] = True
            keys = np.zeros((used * chunks, lanes), np.uint32)
            keys[dealt] = numbers[mine]
            busy = alive.any(axis=1).reshape(used, chunks).sum(axis=1)
            with phase("integrate"):
                own = _Chunks(state, alive, keys, busy.astype(np.int32))
                found = _compiled()(tables, own, _Visits(order, visits, seed), mesh)
                found = jax.tree.map(ft.partial(_picked, dealt), found)
            parts.append(found._replace(s=found.s[:, : spins.shape[1]]))
    return jax.tree.map(lambda *x: np.concatenate(x), *parts)


def _picked(where: tuple, x: AnyArray) -> np.ndarray:
    return np.array(x)[where]  # a copy that may be written to


def _dealt(size: int, devices: int, chunks: int, lanes: int) -> tuple:
    """The chunk and lane of each start; chunks go to the devices in turn."""
    chunk, lane = np.divmod(np.arange(size), lanes)
    turn, device = np.divmod(chunk, devices)
    return device * chunks + turn, lane


def _shape(
    tables: SpinTables, starts: int, chunk: int | None, devices: int
) -> tuple[int, int, int]:
    """Lanes of a chunk, chunks of a device, and the devices that have one."""
    count = tables.memories.shape[1]
    if chunk is None:
        most = CHUNK_BYTES if jax.default_backend() == "cpu" else device_bytes() // 4
        most = max(8, most // (count * (4 if tables.rechecked else 8) * 4))
        chunk = min(LANES if jax.default_backend() == "cpu" else 2**16, most)
    power = lambda k: 1 << max(0, math.ceil(math.log2(k)))
    lanes = min(power(chunk), max(8, power(-(-starts // devices))))
    used = min(devices, -(-starts // lanes))
    chunks = power(-(-starts // (lanes * used)))
    most = max(1, SLAB // (used * lanes * tables.memories.shape[0]))
    return lanes, min(chunks, power(most)), used


# sweeps run long compared with their compilation: they are optimised even if other
# programs are compiled with less effort
OPTIMISED = {
    "xla_backend_optimization_level": 3,
    "xla_llvm_disable_expensive_passes": False,
}


class _Chunks(NamedTuple):
    """The starts of all devices; axis 0 is the chunk, those of a device in a row."""

    state: AnyArray  # (chunk, lane, feature)
    alive: AnyArray  # (chunk, lane)
    numbers: AnyArray  # (chunk, lane), which key their coins
    busy: AnyArray  # (device,), chunks that hold a start


class _Visits(NamedTuple):
    """One sweep: the order of its visits, their number, and the key of its coins."""

    order: AnyArray
    count: AnyArray
    seed: AnyArray


def _sweep_chunks(
    tables: SpinTables, chunks: _Chunks, visits: _Visits, mesh: Mesh
) -> LaneSweep:
    arrays, static = eqx.partition(tables, eqx.is_array)

    def many(arrays: Any, own: _Chunks, visits: _Visits) -> LaneSweep:
        whole = eqx.combine(arrays, static)

        def one(k, out: LaneSweep) -> LaneSweep:
            at = ft.partial(jax.lax.dynamic_index_in_dim, index=k, keepdims=False)
            found = sweep(whole, at(own.state), at(own.alive), at(own.numbers), *visits)
            put = lambda x, y: jax.lax.dynamic_update_index_in_dim(x, y, k, 0)
            return jax.tree.map(put, out, found)

        zeros = jnp.zeros(own.alive.shape, jnp.int32)
        empty = LaneSweep(own.state, zeros, zeros, zeros, zeros - 1)
        return jax.lax.fori_loop(0, own.busy[0], one, empty)

    everywhere, split = PartitionSpec(), PartitionSpec("chunk")
    return jax.shard_map(
        many,
        mesh=mesh,
        in_specs=(everywhere, split, everywhere),
        out_specs=split,
        check_vma=False,
    )(arrays, chunks, visits)


@ft.cache
def _compiled() -> Callable[..., LaneSweep]:
    options: Any = {"compiler_options": OPTIMISED}
    return eqx.filter_jit(_sweep_chunks, **options)
