r"""Visits to spins on a CPU: one start after the other, its inputs in the cache.

Memories of +1 and -1 have integer inputs $x_\mu=\xi_\mu\cdot s$, so that what a memory
adds to a drive is one of few numbers: $\xi_{\mu i}\,g(x_\mu - \xi_{\mu i}s_i)$ is
$s_i\,g(x_\mu - 1)$ where spin and memory agree, and $-s_i\,g(x_\mu + 1)$ where they do
not. Both are looked up when a spin has flipped, about once in ten visits, and a visit
is one pass over them with neither product nor power in it.

The float32 sum decides beyond its rounding bound; within it the sum is repeated in
int64 where that holds it, else in float64, and what that leaves open waits for
`hopsim.exact`. [MRS24 sec. 4; THEORY 2.2]
"""

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from .._clock import phase
from ..exact import gap, has_exact_values
from ..lagrangians import AbstractAdditiveLagrangian
from ..network import Network
from ._spins import AbstractEngine, coin, TRUST, Walked
from ._visits import walk
from .binary import Binary, drive_of


SWEEPS, WORK = 16, 2**31  # of one call at most: sweeps, and memories x visits
PARTS = 8  # of the starts, for each thread
TIES = {"keep": 0, "+1": 1, "-1": -1, "random": 2}


class Gaps(NamedTuple):
    """What a memory adds to a drive, `mantissa 2^exponent`, for y = -N-1 ... N+1.

    `top` bounds the |terms| of all inputs up to |y|, in the same form; `whole` holds
    the values as they are, where sums of them fit 64 bits; `steps` bounds the error of
    a value in units of rounding of `top`.
    """

    mantissa: Float[np.ndarray, " input"]
    exponent: Int[np.ndarray, " input"]
    top_mantissa: Float[np.ndarray, " reach"]
    top_exponent: Int[np.ndarray, " reach"]
    whole: Int[np.ndarray, " input_or_none"]
    steps: float


def gaps(
    layer: AbstractAdditiveLagrangian, rule: str, features: int, count: int
) -> Gaps:
    """The table of one interaction function: from exact values where it has them."""
    inputs = range(-features - 1, features + 2)
    known = list(map(gap(layer, rule), inputs))
    values = [y for y in known if y is not None]
    whole = np.zeros(0, np.int64)
    if len(values) == len(known):
        pairs = np.array([_split(y) for y in values])
        mantissa, exponent = pairs[:, 0], pairs[:, 1].astype(np.int64)
        top, steps = _tops(np.abs(mantissa), exponent), 2.0
        most = count * max(abs(y) for y in values)
        if most < 2**62 and all(y.denominator == 1 for y in values):
            whole = np.array([int(y) for y in values])
    else:
        mantissa, size, exponent, steps = _evaluated(layer, rule, np.array(inputs))
        top = _tops(size, exponent)
    return Gaps(mantissa, exponent, *top, whole, steps)


def _split(value: Fraction) -> tuple[float, int]:
    if not value:
        return 0.0, 0
    e = value.numerator.bit_length() - value.denominator.bit_length()
    return float(value / Fraction(2) ** e), e


def _evaluated(layer: AbstractAdditiveLagrangian, rule: str, inputs: np.ndarray):
    """Values by the layer's own safe forms, each at the scale of its input."""

    def one(y):
        y = y[None]
        scale = layer.level(y)
        if rule == "energy_gap":
            value, size = layer.relative_gap(y, scale)
        else:
            value = layer.relative_activation(y, scale)
            size = jnp.abs(value)
        return value[0], size[0], layer.log_unit(scale)

    with jax.enable_x64(True):
        found = jax.jit(jax.vmap(one))(jnp.asarray(inputs, jnp.float64))
        error = float(layer.relative_error(float(np.max(np.abs(inputs)))))
    value, size, log_unit = (np.array(x) for x in found)
    exponent = np.floor(log_unit / math.log(2))
    factor = np.exp(log_unit - exponent * math.log(2))
    steps = error + 2 * float(np.max(np.abs(log_unit))) + 16
    return value * factor, size * factor, exponent.astype(np.int64), steps


def _tops(size: np.ndarray, exponent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest size among the inputs up to |y|, for y = 0 ... N + 1."""
    middle = len(size) // 2
    # where a size is not finite, so is what is compared with it: nothing is certain
    rank = np.where(size > 0, np.log2(np.where(size > 0, size, 1)) + exponent, -np.inf)
    rank = np.where(np.isnan(size), np.inf, rank)
    best, chosen = middle, []
    for y in range(middle + 1):
        best = max((best, middle - y, middle + y), key=lambda k: rank[k])
        chosen.append(best)
    return size[chosen], exponent[chosen]


class Walk(AbstractEngine):
    """The sweeps of one network with memories of +1 and -1, start by start."""

    def __init__(
        self,
        network: Network,
        dynamics: Binary,
        precision: str,
        chunk: int | None,
        threads: int,
    ):
        layer, self.current, self.autapse = drive_of(network, dynamics.rule)
        self.memories = np.ascontiguousarray(np.asarray(network.memories).T, np.int8)
        self.gaps = gaps(layer, dynamics.rule, *self.memories.shape)
        self.exact = has_exact_values(network)
        self.dynamics, self.single = dynamics, precision == "auto"
        self.chunk, self.threads = chunk, threads

    def sweeps_at_once(self, visits: int) -> int:
        # starts need not wait for each other, but progress is shown between calls
        if self.dynamics.order in ("random", "synchronous"):
            return 1  # rest and cycles are told sweep by sweep
        if self.dynamics.tie == "random":
            return 1  # the coins of one sweep are room enough
        work = max(1, visits * self.memories.shape[1])
        return int(np.clip(WORK // work, 1, SWEEPS))

    def sweep(
        self,
        s: np.ndarray,
        numbers: np.ndarray,
        first: np.ndarray,
        orders: np.ndarray,
        seeds: np.ndarray,
        still: bool = False,
    ) -> Walked:
        s, seen = np.array(s, np.int8), np.zeros((len(s), 6), np.int64)
        tie = "keep" if still else self.dynamics.tie
        tosses = np.zeros((len(s), 0, 0), np.int8)
        if tie == "random":
            tosses = _tosses(seeds, numbers, orders.shape[1])
        near = (1, 1) if self.dynamics.rule == "local_field" else (0, 2)
        orders = np.ascontiguousarray(orders, np.int32)

        def part(rows: slice) -> None:
            walk(
                self.memories, s[rows], first[rows], orders, tosses[rows],
                *self.gaps[:5], self.current, self.autapse, np.uint64(near[0]),
                np.uint64(near[1]), TIES[tie], still or self.dynamics.synchronous,
                self.single, self.exact, self.gaps.steps, TRUST, seen[rows],
            )  # fmt: skip

        size = self.chunk or max(1, -(-len(s) // (PARTS * self.threads)))
        rows = [slice(k, k + size) for k in range(0, len(s), size)]
        with phase("integrate"), ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(part, rows))
        return Walked(s, *seen.T)


def _tosses(seeds: np.ndarray, numbers: np.ndarray, visits: int) -> np.ndarray:
    """The coins of every start, sweep and visit."""
    with jax.enable_x64(True):
        visit = np.arange(visits)[None]
        found = [coin(seed, numbers[:, None], visit) for seed in seeds]
        return np.stack(found, axis=1).astype(np.int8)
