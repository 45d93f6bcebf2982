"""The engines of a heat bath: by couplings, by examples, or in lockstep."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._common.cores import on_threads
from ..._common.types import AnyArray
from ...lagrangians import AbstractAdditiveLagrangian
from ...network import Network
from ._heat_bath_lockstep import in_lockstep, Shared
from .couplings import Couplings, summable
from .exact_decisions import are_spins
from .flip_rules import decision_interaction
from .gap_tables import gap_table


HeatBathEngine = Literal["auto", "couplings", "examples", "lockstep"]
WORTH_THREADS = 2**15  # visits below which threads cost more than they save


class SummedSystem(NamedTuple):
    """A student whose examples are summed up; see `Couplings`."""

    tensor: np.ndarray
    single: np.ndarray
    factor: int
    unit: float
    rest: np.ndarray  # the part of a gap outside the couplings


class ExampleSystem(NamedTuple):
    """A student by its examples."""

    memories: np.ndarray  # (feature, memory)
    table: np.ndarray  # F(y + 1) - F(y - 1) for y = -N-1 ... N+1
    zero: Any  # 0 of the type of sums
    unit: float
    rest: np.ndarray


class Replica(NamedTuple):
    """A replica: its spins, and its fields L or the inputs of its memories.

    Inputs are counted from -N-1, so that they index the table.
    """

    s: np.ndarray
    kept: np.ndarray


class SweepsSeen(NamedTuple):
    """The results of one call for one replica."""

    path: np.ndarray  # (sweep, feature), the spins after each sweep
    gains: np.ndarray  # (sweep, 2) of Phi since the start: from the sum, from the rest
    moved: np.ndarray  # (sweep), the flips


class _ByCouplings:
    name = "couplings"

    def __init__(self, system: Couplings, threads: int):
        self.system, self.threads = system, threads
        self.rest = np.zeros(system.features)

    def begin(self, spins: np.ndarray) -> tuple[list[Replica], np.ndarray]:
        with ThreadPoolExecutor(self.threads) as pool:
            one = lambda s: Replica(s, self.system.fields(s))
            states = list(pool.map(one, np.array(spins, np.int8)))
        return states, np.array([self.system.energy(*state) for state in states])

    def sweep(self, states, orders, thresholds):
        from ._heat_bath_cpu import by_couplings

        c = self.system
        own = SummedSystem(c.tensor, c.single, c.factor, c.unit, self.rest)
        return _sweep_replicas(
            by_couplings, own, states, orders, thresholds, self.threads
        )


class _ByExamples:
    name = "examples"

    def __init__(self, network: Network, threads: int):
        self.network, self.threads = network, threads
        layer, unit = decision_interaction(network)
        self.rest = 2 * np.asarray(network.current, np.float64)
        self.memories = np.ascontiguousarray(np.asarray(network.memories).T, np.int8)
        self.table, inner = gap_table(layer, network.features, network.count)
        self.unit = unit * inner

    def begin(self, spins: np.ndarray) -> tuple[list[Replica], np.ndarray]:
        states = [Replica(s, self._inputs(s)) for s in np.array(spins, np.int8)]
        return states, _energies(self.network, spins)

    def _inputs(self, s: np.ndarray) -> np.ndarray:
        x = np.full(self.network.count, self.network.features + 1, np.int32)
        for row, s_i in zip(self.memories, s, strict=True):
            x += row if s_i > 0 else -row
        return x

    def sweep(self, states, orders, thresholds):
        from ._heat_bath_cpu import by_examples

        whole = np.issubdtype(self.table.dtype, np.integer)
        zero = np.int64(0) if whole else np.float64(0)
        own = ExampleSystem(self.memories, self.table, zero, self.unit, self.rest)
        return _sweep_replicas(
            by_examples, own, states, orders, thresholds, self.threads
        )


def _sweep_replicas(
    sweeps_of, system, states: list[Replica], orders, thresholds, threads: int
):
    """Each replica on its own; a part that runs cannot be interrupted, but is short."""
    sweeps, size = len(orders), len(states)
    path = np.empty((size, sweeps, len(states[0].s)), np.int8)
    gains, moved = np.empty((size, sweeps, 2)), np.empty((size, sweeps), np.int64)
    orders = np.ascontiguousarray(orders, np.int32)

    def one(k: int) -> None:
        seen = SweepsSeen(path[k], gains[k], moved[k])
        # plain tuples: programs cached on disk must not name our classes
        own, state = tuple(system), tuple(states[k])
        sweeps_of(own, state, orders, thresholds(k), tuple(seen))

    if threads == 1 or size * orders.size < WORTH_THREADS:
        for k in range(size):
            one(k)
        return path, gains.sum(axis=2), moved.sum(axis=1)
    on_threads(one, range(size), threads)
    return path, gains.sum(axis=2), moved.sum(axis=1)


class _InLockstep:
    name = "lockstep"

    def __init__(self, system: Network | Couplings, binary: bool, device: Any):
        self.system, self.binary, self.device = system, binary, device
        self.dtype = np.dtype(jax.dtypes.canonicalize_dtype(float))
        if not isinstance(system, Couplings):
            self.dtype = system.dtype
            self.shared: Network | Shared = jax.device_put(system, device)
            return
        # sums of integers below 2^p are exact in a float of p bits
        row = np.abs(system.tensor).sum(axis=2, dtype=np.int64).max()
        largest = int(row) * system.features * system.factor
        if largest >= 2 ** (np.finfo(self.dtype).nmant + 1):
            raise ValueError(
                f"Fields of up to {largest} are no exact integers in {self.dtype}; "
                "enable x64, or run on CPUs."
            )
        put = lambda x: jax.device_put(np.asarray(x, self.dtype), device)
        self.shared = Shared(
            put(system.tensor), put(system.single), put(system.factor), put(system.unit)
        )

    def begin(self, spins: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        states = [np.array(spins.T, self.dtype)]
        if not isinstance(self.system, Couplings):
            return states, _energies(self.system, spins)
        return states, np.array([self.system.energy(s.astype(np.int8)) for s in spins])

    def sweep(self, states, orders, thresholds):
        lanes = states[0].shape[1]
        given = np.stack([thresholds(k) for k in range(lanes)], axis=-1)
        put = lambda x: jax.device_put(np.asarray(x, self.dtype), self.device)
        order = jax.device_put(np.asarray(orders, np.int32), self.device)
        found = in_lockstep(self.shared, put(states[0]), order, put(given))
        path, gains, flips = (np.asarray(x) for x in found)
        states[0] = path[-1]
        path = np.moveaxis(path, -1, 0)
        path = path.astype(np.int8) if self.binary else path.astype(float)
        return path, gains.T.astype(float), flips


@eqx.filter_jit
def _of_each(network: Network, spins: AnyArray) -> jax.Array:
    return jax.lax.map(network.binary_energy, spins, batch_size=64)


def _energies(network: Network, spins: np.ndarray) -> np.ndarray:
    return np.asarray(_of_each(network, jnp.asarray(spins, network.dtype)), float)


def choose_engine(
    system: Network | Couplings,
    engine: HeatBathEngine,
    starts,
    work: int,
    devices: list,
):
    """The engine of a system; raises ValueError if it cannot be the requested one."""
    known = ("auto", "couplings", "examples", "lockstep")
    if engine not in known:
        raise ValueError(f"engine is one of {', '.join(known)}, got {engine!r}.")
    if not devices:
        raise ValueError("devices must name one device or more, got none.")
    spins = are_spins(starts)
    on_cpu = all(d.platform == "cpu" for d in devices)
    if isinstance(system, Couplings):
        if engine == "examples":
            raise ValueError('Couplings have no examples; use engine = "couplings".')
        if not spins:
            raise ValueError("Couplings of spins need starts of +1 and -1 only.")
        if on_cpu and engine != "lockstep":
            return _ByCouplings(system, len(devices))
        return _InLockstep(system, True, devices[0])
    plain = spins and _is_plain(system)
    form = None
    if plain and not np.any(np.asarray(system.current)):
        form = summable(system)
    if engine == "couplings" and form is None:
        raise ValueError(
            "Couplings sum up memories of +1 and -1 under the third power or three "
            f"distinct sites, without currents, got {system.memory_lagrangian}; use "
            'engine = "examples".'
        )
    if engine == "examples" and not plain:
        raise ValueError(
            "The engine of examples needs spins, memories of +1 and -1, no hidden "
            "current, no autapse and an interaction summed over memories; use engine = "
            '"lockstep".'
        )
    if engine == "couplings" or (engine == "auto" and form and _pays(system, work)):
        assert form is not None
        couplings = Couplings.of(np.asarray(system.memories), *form)
        return choose_engine(couplings, "auto", starts, work, devices)
    if engine == "examples" or (engine == "auto" and plain and on_cpu):
        return _ByExamples(system, len(devices))
    return _InLockstep(system, spins, devices[0])


def _is_plain(network: Network) -> bool:
    """True if gaps are sums over memories of +1 and -1, and of a current."""
    layer = network.memory_lagrangian.unwrapped().lagrangian
    additive = isinstance(layer, AbstractAdditiveLagrangian)
    hidden = np.any(np.asarray(network.hidden_current))
    driven = network.autapse is not None or hidden
    return additive and not driven and are_spins(network.memories)


def _pays(network: Network, work: int) -> bool:
    """True if summing up the examples costs less than visiting them at every spin."""
    features, count = network.features, network.count
    if features > 512 or not Couplings.hold(count, features):
        return False
    counting = features**3 / 6 * (count / 64 + 12)  # words, and the tensor itself
    return counting < 2 * work * features * count  # a word costs half an input
