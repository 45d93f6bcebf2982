"""The engines of a heat bath: by couplings, by examples, or in lockstep."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int8

from ..._common.types import AnyArray
from ...lagrangians import AbstractAdditiveLagrangian, Rescaled
from ...network import Network
from ._heat_bath_lockstep import by_lanes, Shared
from ._rules import decision_interaction
from .couplings import Couplings, summable
from .exact import are_spins
from .gap_tables import gap_table


Kernel = Literal["auto", "couplings", "examples", "lanes"]
WORTH_THREADS = 2**15  # visits below which threads cost more than they save


class _State(NamedTuple):
    """A replica on the host: its spins, and its fields or its memories' inputs."""

    s: Int8[np.ndarray, " feature"]
    kept: np.ndarray


class _ByCouplings:
    name = "couplings"

    def __init__(self, system: Couplings, threads: int):
        self.system, self.threads = system, threads
        self.rest = np.zeros(system.features)

    def begin(self, spins: np.ndarray) -> tuple[list[_State], np.ndarray]:
        with ThreadPoolExecutor(self.threads) as pool:
            one = lambda s: _State(s, self.system.fields(s))
            states = list(pool.map(one, np.array(spins, np.int8)))
        return states, np.array([self.system.energy(*state) for state in states])

    def sweep(self, states, orders, thresholds):
        from ._heat_bath_cpu import by_couplings

        c = self.system
        own = (c.tensor, c.single, c.factor, c.unit, self.rest)
        return _on_threads(by_couplings, own, states, orders, thresholds, self.threads)


class _ByExamples:
    name = "examples"

    def __init__(self, network: Network, threads: int):
        self.network, self.threads = network, threads
        layer, unit = decision_interaction(network)
        self.rest = 2 * np.asarray(network.current, np.float64)
        self.memories = np.ascontiguousarray(np.asarray(network.memories).T, np.int8)
        self.table, inner = gap_table(layer, network.features, network.count)
        self.unit = unit * inner

    def begin(self, spins: np.ndarray) -> tuple[list[_State], np.ndarray]:
        states = [_State(s, self._inputs(s)) for s in np.array(spins, np.int8)]
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
        own = (self.memories, self.table, zero, self.unit, self.rest)
        return _on_threads(by_examples, own, states, orders, thresholds, self.threads)


def _on_threads(kernel, own, states: list[_State], orders, thresholds, threads: int):
    """Every replica on its own; parts are short, nothing interrupts one."""
    sweeps, size = len(orders), len(states)
    path = np.empty((size, sweeps, len(states[0].s)), np.int8)
    gains, moved = np.empty((size, sweeps, 2)), np.empty((size, sweeps), np.int64)
    orders = np.ascontiguousarray(orders, np.int32)

    def one(k: int) -> None:
        given = thresholds(k)
        kernel(*own, *states[k], orders, given, path[k], gains[k], moved[k])

    if threads == 1 or size * orders.size < WORTH_THREADS:
        for k in range(size):
            one(k)
        return path, gains.sum(axis=2), moved.sum(axis=1)
    with ThreadPoolExecutor(threads) as pool:
        try:
            list(pool.map(one, range(size)))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return path, gains.sum(axis=2), moved.sum(axis=1)


class _ByLanes:
    name = "lanes"

    def __init__(self, system: Network | Couplings, binary: bool, device: Any):
        self.system, self.binary, self.device = system, binary, device
        self.dtype = np.dtype(jax.dtypes.canonicalize_dtype(float))
        if not isinstance(system, Couplings):
            self.dtype = system.dtype
            self.shared: Network | Shared = jax.device_put(system, device)
            return
        # sums of so large integers are exact in a float of p bits
        row = np.abs(system.tensor).sum(axis=2, dtype=np.int64).max()
        largest = int(row) * system.features * system.factor
        if largest >= 2 ** (np.finfo(self.dtype).nmant + 1):
            raise ValueError(
                f"Fields of up to {largest} are no exact integers in {self.dtype}; "
                "enable x64, or use a CPU's kernel."
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
        found = by_lanes(self.shared, put(states[0]), order, put(given))
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
    system: Network | Couplings, kernel: Kernel, starts, work: int, devices: list
):
    """What makes the sweeps; raises ValueError where the kernel cannot be had."""
    known = ("auto", "couplings", "examples", "lanes")
    if kernel not in known:
        raise ValueError(f"kernel is one of {', '.join(known)}, got {kernel!r}.")
    if not devices:
        raise ValueError("devices must name one device or more, got none.")
    spins = are_spins(starts)
    on_cpu = all(d.platform == "cpu" for d in devices)
    if isinstance(system, Couplings):
        if kernel == "examples":
            raise ValueError('Couplings have no examples; use kernel = "couplings".')
        if not spins:
            raise ValueError("Couplings of spins need starts of +1 and -1 only.")
        if on_cpu and kernel != "lanes":
            return _ByCouplings(system, len(devices))
        return _ByLanes(system, True, devices[0])
    plain = spins and _is_plain(system)
    form = None
    if plain and not np.any(np.asarray(system.current)):
        form = summable(system)
    if kernel == "couplings" and form is None:
        raise ValueError(
            "Couplings sum up memories of +1 and -1 under the third power or three "
            f"distinct sites, without currents, got {system.memory_lagrangian}; use "
            'kernel = "examples".'
        )
    if kernel == "examples" and not plain:
        raise ValueError(
            "The kernel of examples needs spins, memories of +1 and -1, no hidden "
            "current, no autapse and an interaction summed over memories; use kernel = "
            '"lanes".'
        )
    if kernel == "couplings" or (kernel == "auto" and form and _pays(system, work)):
        assert form is not None
        couplings = Couplings.of(np.asarray(system.memories), *form)
        return choose_engine(couplings, "auto", starts, work, devices)
    if kernel == "examples" or (kernel == "auto" and plain and on_cpu):
        return _ByExamples(system, len(devices))
    return _ByLanes(system, spins, devices[0])


def _is_plain(network: Network) -> bool:
    """True if gaps are sums over memories of +1 and -1, and of a current."""
    layer: Any = network.memory_lagrangian
    while isinstance(layer, Rescaled):
        layer = layer.lagrangian
    additive = isinstance(layer, AbstractAdditiveLagrangian)
    hidden = np.any(np.asarray(network.hidden_current))
    driven = network.autapse is not None or hidden
    return additive and not driven and are_spins(network.memories)


def _pays(network: Network, work: int) -> bool:
    """True if summing up the examples costs less than to visit each at every spin."""
    features, count = network.features, network.count
    if features > 512 or not Couplings.hold(count, features):
        return False
    counting = features**3 / 6 * (count / 64 + 12)  # words, and the tensor itself
    return counting < 2 * work * features * count  # a word costs half an input
