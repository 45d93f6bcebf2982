"""Batches: many probes in chunks of one shape, over all devices.

All probes of a chunk step together until the slowest has ended, so probes of similar
cost share a chunk. A chunk is what one compiled call computes on one device; on a CPU
it is small enough for the stages of all its probes to stay in the cache.
"""

import dataclasses
import functools as ft
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ._common.arrays import on_host
from ._common.clock import phase, watched, Work, worked
from ._common.environment import device_bytes
from ._common.types import AnyArray
from .dynamics import (
    AbstractContinuousDynamics,
    AbstractDynamics,
    Batch,
    IntegrationPlan,
    leaf,
    Solution,
)
from .network import Network
from .solvers import evaluations


CHUNK = 64  # probes in one compiled call on a CPU: their stages stay in the cache
LANES = 8  # a chunk is a multiple of this, or one probe: the rows of a SIMD product


def costs(
    network: Network, dynamics: AbstractContinuousDynamics, batch: Batch
) -> np.ndarray:
    """The expected cost of every probe, in the units of `dynamics.cost`."""
    parts = [
        np.asarray(_costs(network, dynamics, batch.take(rows)))
        for rows in _rounds(np.arange(batch.number), min(CHUNK, batch.number))
    ]
    return np.concatenate(parts)[: batch.number]


def solve(
    network: Network,
    dynamics: AbstractContinuousDynamics,
    batch: Batch,
    plan: IntegrationPlan,
    *,
    chunk: int | None = None,
    devices: Sequence[Any] | None = None,
    order: np.ndarray | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Solution:
    """The runs of all probes, gathered on the host (of every process, if several).

    Results do not depend, to the last bit, on the order of the probes, the number of
    chunks, or the number of devices or processes if that is two or more. The size of a
    chunk may change the rounding of matrix products; so may the change from one device
    to several, since XLA then inlines and fuses in another order.

    **Arguments:**

    - `chunk`: probes in one compiled call on one device: 1, or rounded up to a multiple
      of 8.
    - `devices`: default as many of all as have a full chunk each.
    - `order`: the order in which probes are run; default as given.
    """
    devices = list(jax.devices() if devices is None else devices)
    size, used = _shape(network, batch, plan, chunk, len(devices))
    devices = devices[:used]
    several = len(devices) > 1 or jax.process_count() > 1
    mesh = Mesh(np.asarray(devices), ("probe",)) if several else None
    usual = not several and devices[0] == _usual_device()
    place = ft.partial(_place, mesh or (None if usual else devices[0]))
    if usual and batch.number <= size:
        # one call: a compiled program takes arrays of the host as fast as placed ones
        place = lambda tree, spec: tree
    fixed = place((network, dynamics, plan), PartitionSpec())
    order = np.arange(batch.number) if order is None else order
    whole: Any = None
    pending: list[tuple[np.ndarray, Solution]] = []
    done = 0

    def collect() -> None:
        nonlocal whole, done
        rows, part = pending.pop(0)
        part = _gathered(part)
        if watched():
            worked(_work(network, plan, part, size))
        if whole is None:  # allocated once and filled: no second copy at the end
            empty = lambda x: np.empty((batch.number, *x.shape[1:]), x.dtype)
            whole = jax.tree.map(empty, part)
        jax.tree.map(ft.partial(_fill, rows), whole, part)
        done = min(done + len(rows), batch.number)
        if progress is not None:
            progress(done, batch.number)

    with phase("integrate"):
        for rows in _rounds(order, size * len(devices)):
            here = place(batch.take(rows), PartitionSpec("probe"))
            pending.append((rows, _solve(fixed, here, mesh)))
            if len(pending) > 1:  # the next one runs while this one is copied
                collect()
        while pending:
            collect()
    return whole


# --- one compiled program -----------------------------------------------------------


@eqx.filter_jit
def _solve(fixed: tuple, batch: Batch, mesh: Mesh | None) -> Solution:
    arrays, static = eqx.partition(fixed, eqx.is_array)

    def many(arrays: Any, batch: Batch) -> Solution:
        network, dynamics, plan = eqx.combine(arrays, static)

        return dynamics.solve(network, batch, plan)

    if mesh is None:
        return many(arrays, batch)
    everywhere, split = PartitionSpec(), PartitionSpec("probe")
    return jax.shard_map(
        many, mesh=mesh, in_specs=(everywhere, split), out_specs=split, check_vma=False
    )(arrays, batch)


@eqx.filter_jit
def _costs(network: Network, dynamics: AbstractContinuousDynamics, batch: Batch) -> Any:
    def one(probe: Batch) -> Any:
        own, moved = probe.own(network, dynamics)
        return moved.cost(own, probe.probes)

    return jax.vmap(one)(batch)


# --- shapes and places --------------------------------------------------------------


def _rounds(order: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Rows in rounds of `size`; the last round is filled up with its last probe."""
    for start in range(0, len(order), size):
        yield order[np.minimum(np.arange(start, start + size), len(order) - 1)]


def _shape(
    network: Network,
    batch: Batch,
    plan: IntegrationPlan,
    chunk: int | None,
    devices: int,
) -> tuple[int, int]:
    """The size of a chunk, and the number of devices to use."""
    most = chunk or CHUNK
    if chunk is None and jax.default_backend() != "cpu":
        most = max(LANES, device_bytes() // 2 // _bytes(network, plan))
    # half-empty chunks cost nearly as much as full ones: use fewer devices instead,
    # unless there are several processes, all of which must take part
    if jax.process_count() == 1:
        devices = min(devices, math.ceil(batch.number / most))
    if chunk is None:
        rounds = math.ceil(batch.number / (most * devices))
        most = math.ceil(batch.number / (rounds * devices))
    return most if most == 1 else LANES * math.ceil(most / LANES), devices


def _bytes(network: Network, plan: IntegrationPlan) -> int:
    """The bytes that one probe needs for its stages and its samples."""
    state = network.features + network.count
    return network.dtype.itemsize * state * (40 + 3 * len(plan.times))


def _usual_device() -> Any:
    """Where JAX computes with arrays that have been placed nowhere."""
    return jax.config.jax_default_device or jax.devices()[0]


def _place(where: Any, tree: Any, spec: PartitionSpec) -> Any:
    """Arrays on a device (None: the usual one), or split over a mesh of devices.

    With several processes each supplies its own part of every array.
    """
    arrays, rest = eqx.partition(tree, lambda x: isinstance(x, AnyArray))
    sharding = NamedSharding(where, spec) if isinstance(where, Mesh) else where
    if jax.process_count() == 1:
        return eqx.combine(jax.device_put(arrays, sharding), rest)

    def put(x: Any) -> Any:
        x = np.asarray(x)
        return jax.make_array_from_callback(x.shape, sharding, lambda part: x[part])

    return eqx.combine(jax.tree.map(put, arrays), rest)


def _work(network: Network, plan: IntegrationPlan, part: Solution, size: int) -> Work:
    """The work of one round; every chunk steps until its slowest probe has ended."""
    attempts = np.asarray(part.steps) + np.asarray(part.rejected)
    attempts = attempts * (evaluations(plan.solver) if plan.solver else 0)
    chunks = attempts.reshape(-1, size)
    return Work(
        network.features,
        network.count,
        network.dtype,
        size,
        int(attempts.sum()),
        int(chunks.max(axis=1).sum()),
        len(chunks),
    )


def _gathered(part: Solution) -> Solution:
    if jax.process_count() == 1:
        return part
    return multihost_utils.process_allgather(part, tiled=True)


def _fill(rows: np.ndarray, whole: np.ndarray, part: AnyArray) -> None:
    whole[rows] = np.asarray(part)  # a repeated probe writes the same bits again


def check_varied(
    network: Network,
    dynamics: AbstractDynamics,
    varied: Mapping[str, AnyArray] | None,
    probes: int,
) -> dict[str, np.ndarray]:
    """The varied parameters as arrays; ValueError for a bad path, shape or value."""
    pair = {"network": network, "dynamics": dynamics}
    checked = {}
    for path, values in (varied or {}).items():
        what = f"varied {path!r}"
        values = on_host(values, what)
        try:
            now: Any = leaf(pair, path)
        except (AttributeError, KeyError):
            now = None
        if not isinstance(now, AnyArray) or path == "network.memories":
            raise ValueError(
                "varied names numbers of the network or the dynamics that are set, "
                f"such as dynamics.tau_memory, got {path!r}."
            )
        if values.shape != (probes, *now.shape) or values.dtype.kind not in "fiu":
            raise ValueError(
                f"varied {path!r} must be numbers of shape {(probes, *now.shape)}, one "
                f"for each probe, got {values.dtype} of shape {values.shape}."
            )
        checked[path] = values.astype(network.dtype)
        owner, _, field = path.rpartition(".")
        for row in extremes(checked[path]):  # raises as the constructor would
            dataclasses.replace(leaf(pair, owner), **{field: checked[path][row]})
    return checked


def extremes(values: np.ndarray) -> tuple[int, int]:
    """The probes with the smallest and the largest value (NaN counts as both)."""
    flat = values.reshape(len(values), -1)
    low, high = flat.min(axis=1), flat.max(axis=1)
    return int(np.argmin(low)), int(np.argmax(high))
