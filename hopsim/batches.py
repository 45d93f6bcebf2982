"""Batches: many probes in calls of one shape, over all devices.

A chunk is what steps side by side on one device; on a CPU it is small enough for the
stages of all its probes to stay in the cache. There, of many chunks, one compiled call
takes several: lanes whose probes have ended take the next ones.
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
from ._common.cores import SIMD
from ._common.environment import device_bytes
from ._common.types import AnyArray
from .dynamics import (
    AbstractContinuousDynamics,
    AbstractDynamics,
    Batch,
    IntegrationPlan,
    Solution,
)
from .dynamics._batch import leaf
from .network import Network


CHUNK = 64  # probes side by side on a CPU: their stages stay in the cache
CHUNKS = 8  # in one compiled call; its samples are held twice
FEW = 4  # chunks, which are run one by one: lanes that are refilled compile for longer
SAMPLE_BYTES = 2**28  # of the samples and logs of one call, if that is several chunks


def costs(
    network: Network, dynamics: AbstractContinuousDynamics, batch: Batch
) -> np.ndarray:
    """The expected cost of every probe, in the units of `dynamics.cost`."""
    parts = [
        np.asarray(_costs(network, dynamics, batch.take(rows)))
        for rows, _ in _rounds(np.arange(batch.number), min(CHUNK, batch.number), 1)
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

    Results do not depend, to the last bit, on the order of the probes, or on the number
    of devices or processes if that is two or more, or of chunks, up to four and from
    five on. The size of a chunk may change the rounding of matrix products; so may the
    change from one device to several, or to five chunks and more, whose lanes are
    refilled, since XLA then inlines and fuses in another order.

    **Arguments:**

    - `chunk`: probes that step side by side on one device: 1, or rounded up to a
      multiple of 8.
    - `devices`: default as many of all as have a full chunk each.
    - `order`: the order in which probes are run; default as given.
    """
    devices = list(jax.devices() if devices is None else devices)
    lanes, size, used = _shape(network, batch, plan, chunk, len(devices))
    devices = devices[:used]
    several = len(devices) > 1 or jax.process_count() > 1
    refill = size > lanes
    plan = dataclasses.replace(plan, lanes=lanes if refill else None)
    mesh = Mesh(np.asarray(devices), ("probe",)) if several else None
    usual = not several and devices[0] == _usual_device()
    place = ft.partial(_place, mesh or (None if usual else devices[0]))
    if usual and batch.number <= size:
        # one call: a compiled program takes arrays of the host as fast as placed ones
        place = lambda tree, spec: tree
    fixed = place((network, dynamics, plan), PartitionSpec())
    order = np.arange(batch.number) if order is None else order
    whole: Any = None
    pending: list[tuple[np.ndarray, np.ndarray, Solution]] = []
    done = 0

    def collect() -> None:
        nonlocal whole, done
        rows, asked, part = pending.pop(0)
        part = _gathered(part)
        if watched():
            worked(_work(network, plan, part, asked, lanes, size))
        if whole is None:  # allocated once and filled: no second copy at the end
            empty = lambda x: np.empty((batch.number, *x.shape[1:]), x.dtype)
            whole = jax.tree.map(empty, part)
        jax.tree.map(ft.partial(_fill, rows, asked), whole, part)
        done += int(asked.sum())
        if progress is not None:
            progress(done, batch.number)

    with phase("integrate"):
        for rows, asked in _rounds(order, size, len(devices)):
            part = batch.take(rows)
            if refill:
                part = part._replace(asked=asked)
            part = place(part, PartitionSpec("probe"))
            pending.append((rows, asked, _solve(fixed, part, mesh)))
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


def _rounds(
    order: np.ndarray, size: int, devices: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows in rounds of `size` for each device, and which of them are asked for.

    The last round is filled up with its last probe. Every device has its share of the
    first rows, which are the costly ones, and then runs for as long as the others.
    """
    whole = size * devices
    share = lambda x: x.reshape(size, devices).T.ravel()
    for start in range(0, len(order), whole):
        place = np.arange(start, start + whole)
        filled = order[np.minimum(place, len(order) - 1)]
        yield share(filled), share(place < len(order))


def _shape(
    network: Network,
    batch: Batch,
    plan: IntegrationPlan,
    chunk: int | None,
    devices: int,
) -> tuple[int, int, int]:
    """The size of a chunk, of a call on one device, and the number of devices to use.

    A call has one chunk, or room for 2, 4 or 8: few shapes are compiled.
    """
    on_cpu = jax.default_backend() == "cpu"
    most = chunk or CHUNK
    if chunk is None and not on_cpu:
        most = max(SIMD, device_bytes() // 2 // _bytes(network, plan))
    # half-empty chunks cost nearly as much as full ones: use fewer devices instead,
    # unless there are several processes, all of which must take part
    if jax.process_count() == 1:
        devices = min(devices, math.ceil(batch.number / most))
    if chunk is None:
        rounds = math.ceil(batch.number / (most * devices))
        most = math.ceil(batch.number / (rounds * devices))
    lanes = most if most == 1 else SIMD * math.ceil(most / SIMD)
    if not on_cpu or batch.number <= FEW * lanes:
        return lanes, lanes, devices  # an accelerator's memory is filled by one chunk
    held = SAMPLE_BYTES // (_sample_bytes(network, plan) * lanes)
    chunks = min(CHUNKS, held, math.ceil(batch.number / (lanes * devices)))
    # refilled even if there is room for one chunk only: so no bit depends on devices
    return lanes, lanes * 2 ** math.ceil(math.log2(max(chunks, 2))), devices


def _bytes(network: Network, plan: IntegrationPlan) -> int:
    """The bytes that one probe needs for its stages and its samples."""
    state = network.features + network.count
    return network.dtype.itemsize * state * (40 + 3 * len(plan.times))


def _sample_bytes(network: Network, plan: IntegrationPlan) -> int:
    """The bytes of the samples and of the log of one probe."""
    sizes = {"v": network.features, "g": network.features, "h": network.count}
    kept = 4 + sum(sizes[name] for name in plan.save)
    return network.dtype.itemsize * (len(plan.times) * kept + 4 * plan.log_rows)


def _usual_device() -> Any:
    """Where JAX computes with arrays that have been placed nowhere."""
    usual = jax.config.jax_default_device  # pyright: ignore[reportAttributeAccessIssue]
    return usual or jax.devices()[0]


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


def _work(
    network: Network,
    plan: IntegrationPlan,
    part: Solution,
    asked: np.ndarray,
    lanes: int,
    size: int,
) -> Work:
    """The work of one round: of its probes, and of all lanes in every pass."""
    stages = 0
    if plan.solver:
        from .solvers import evaluations

        stages = evaluations(plan.solver)
    attempts = (np.asarray(part.steps) + np.asarray(part.rejected))[asked]
    passes = 0 if part.passes is None else np.asarray(part.passes)[::size].sum()
    return Work(
        network.features,
        network.count,
        network.dtype,
        lanes,
        int(attempts.sum()) * stages,
        int(passes) * stages,
        len(asked) // size,
    )


def _gathered(part: Solution) -> Solution:
    if jax.process_count() == 1:
        return part
    return multihost_utils.process_allgather(part, tiled=True)


def _fill(
    rows: np.ndarray, asked: np.ndarray, whole: np.ndarray, part: AnyArray
) -> None:
    whole[rows[asked]] = np.asarray(part)[asked]


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
