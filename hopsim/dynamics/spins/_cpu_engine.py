r"""Visits to spins on a CPU: one start after the other, its inputs in the cache.

Memories of +1 and -1 have integer inputs $x_\mu=\xi_\mu\cdot s$, so that what a memory
adds to a local field is one of few numbers: $\xi_{\mu i}\,g(x_\mu - \xi_{\mu i}s_i)$ is
$s_i\,g(x_\mu - 1)$ where spin and memory agree, and $-s_i\,g(x_\mu + 1)$ where they do
not. Both are looked up when a spin has flipped, about once in ten visits, and a visit
is one pass over them with neither product nor power in it.

The float32 sum decides beyond its rounding bound; within it the sum is repeated in
int64 where that holds it, else in float64, and what is still open is held until exact
integers (`exact`) decide it. [MRS24 sec. 4; THEORY 2.2]
"""

import math
from fractions import Fraction
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._common.clock import phase
from ..._common.cores import on_threads
from ..._common.types import AnyArray, cast
from ...lagrangians import AbstractAdditiveLagrangian
from ...network import Network
from ._coins import coin
from ._cpu_sweep import Beside, Gaps, Rows, sweep_rows, VisitSettings
from ._engine import AbstractEngine, Starts, SweepResult
from ._lockstep_sweep import TRUST
from .exact_decisions import gap, has_exact_values
from .flip_rules import FlipRule, local_field_of, Rule, Tie


SWEEPS, WORK = 16, 2**31  # limits of one call: sweeps, and memories x visits
PARTS = 8  # parts of the starts for each thread, to balance their load
UNIT = 2.0**-53  # of rounding in float64
CANCELLED = 2.0**10  # values this much below their terms have an absolute error bound
NOWHERE = -(2**40)  # stands for the exponent of 0
TIES = {"keep": 0, "+1": 1, "-1": -1, "random": 2}


def gaps(
    layer: AbstractAdditiveLagrangian, rule: Rule, features: int, count: int
) -> Gaps:
    """The table of one interaction function, from exact values if it has them."""
    inputs = range(-features - 1, features + 2)
    known = list(map(gap(layer, rule), inputs))
    values = [y for y in known if y is not None]
    if len(values) < len(known):
        return _evaluated(layer, rule, np.array(inputs))
    pairs = np.array([_split(y) for y in values])
    whole = np.zeros(0, np.int64)
    most = count * max(abs(y) for y in values)
    if most < 2**62 and all(y.denominator == 1 for y in values):
        whole = np.array([int(y) for y in values])
    exponent = pairs[:, 1].astype(np.int64)
    return Gaps(pairs[:, 0], exponent, np.zeros(len(pairs)), whole, 2 * UNIT)


def _split(value: Fraction) -> tuple[float, int]:
    if not value:
        return 0.0, 0
    e = value.numerator.bit_length() - value.denominator.bit_length()
    return float(value / Fraction(2) ** e), e


def _evaluated(
    layer: AbstractAdditiveLagrangian, rule: Rule, inputs: np.ndarray
) -> Gaps:
    """The table from the layer's own scaled forms, with bounds on their errors."""
    with jax.enable_x64(True):
        layer = cast(layer, jnp.float64)  # whatever the network's precision
        found = _values(layer, rule, inputs.astype(np.float64))
        steps = float(layer.relative_error(float(np.max(np.abs(inputs)))))
    value, size, log_unit = (np.array(x) for x in found)
    exponent = np.floor(log_unit / math.log(2))
    factor = np.exp(log_unit - exponent * math.log(2))
    value, size = value * factor, size * factor
    steps += 2 * float(np.max(np.abs(log_unit))) + 16
    # cancellation: the relative error grows as |terms| / |value|
    lost = np.isfinite(value) & (size > CANCELLED * np.abs(value))
    kept = np.isfinite(value) & (value != 0) & ~lost
    loss = np.max(size[kept] / np.abs(value[kept]), initial=1)
    slack = np.where(lost, steps * UNIT * size, 0)
    none = np.zeros(0, np.int64)
    return Gaps(value, exponent.astype(np.int64), slack, none, steps * UNIT * loss)


@eqx.filter_jit  # the layer is an argument: another rate needs no new compilation
def _values(
    layer: AbstractAdditiveLagrangian, rule: Rule, inputs: Float[AnyArray, " input"]
) -> tuple[Array, Array, Array]:
    """Value, |terms| and the logarithm of their unit, at the scale of each input."""

    def one(y):
        y = y[None]
        scale = layer.level(y)
        if rule == "energy_gap":
            value, size = layer.relative_gap(y, scale)
        else:
            value = layer.relative_activation(y, scale)
            size = jnp.abs(value)
        return value[0], size[0], layer.log_unit(scale)

    return jax.vmap(one)(inputs)


class CpuEngine(AbstractEngine):
    """The sweeps of one network with memories of +1 and -1, start by start."""

    def __init__(
        self,
        network: Network,
        flip_rule: FlipRule,
        precision: str,
        chunk: int | None,
        threads: int,
    ):
        layer, current, autapse = local_field_of(network, flip_rule.rule)
        self.memories = np.ascontiguousarray(np.asarray(network.memories).T, np.int8)
        self.gaps = gaps(layer, flip_rule.rule, *self.memories.shape)
        self.exact = has_exact_values(network, flip_rule.rule)
        largest = max(np.max(np.abs(current)), abs(autapse))
        top = int(math.frexp(largest)[1]) if largest else NOWHERE
        self.beside = Beside(current, autapse, top)
        self.flip_rule, self.single = flip_rule, precision == "auto"
        self.chunk, self.threads = chunk, threads

    resumes: ClassVar[bool] = True

    def sweeps_at_once(self, visits: int) -> int:
        # starts are independent, but progress is reported between calls
        if self.flip_rule.order in ("random", "synchronous"):
            return 1  # rest and cycles are tested after each sweep
        if self.flip_rule.tie == "random":
            return 1  # bounds the memory that the coins take
        work = max(1, visits * self.memories.shape[1])
        return int(np.clip(WORK // work, 1, SWEEPS))

    def sweep(
        self,
        starts: Starts,
        orders: np.ndarray,
        seeds: np.ndarray,
        tie: Tie,
        still: bool,
    ) -> SweepResult:
        s = np.array(starts.s, np.int8)
        seen = np.zeros((len(s), 6), np.int64)
        before = starts.before if still else s
        tosses = np.zeros((len(s), 0, 0), np.int8)
        if tie == "random":
            tosses = _tosses(seeds, starts.numbers, orders.shape[1])
        low, high = (1, 1) if self.flip_rule.rule == "local_field" else (0, 2)
        how = VisitSettings(low, high, TIES[tie], still, self.single, self.exact, TRUST)
        orders = np.ascontiguousarray(orders, np.int32)
        whole = Rows(s, before, starts.first, starts.begin, starts.last, tosses, seen)

        def part(rows: slice) -> None:
            # plain tuples: programs cached on disk must not name our classes
            mine = tuple(x[rows] for x in whole)
            given = tuple(self.gaps), tuple(self.beside), tuple(how)
            sweep_rows(self.memories, mine, orders, *given)

        # parts are short, since one that runs cannot be interrupted
        visits = self.memories.size * len(orders)
        size = min(-(-len(s) // (PARTS * self.threads)), max(1, WORK // visits))
        size = self.chunk or size
        rows = [slice(k, k + size) for k in range(0, len(s), size)]
        with phase("integrate"):
            on_threads(part, rows, self.threads)
        return SweepResult(s, *seen.T)


def _tosses(seeds: np.ndarray, numbers: np.ndarray, visits: int) -> np.ndarray:
    """The coins of every start, sweep and visit."""
    one = lambda seed: coin(seed[:, None, None], numbers[:, None], visit, np)
    visit = np.arange(visits)[None]
    return np.stack([one(seed) for seed in seeds], axis=1).astype(np.int8)
