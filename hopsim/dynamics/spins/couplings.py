r"""Couplings of three spins: all examples of a student, summed up.

For n = 3 the energy of a student depends on its examples through
$K_{ijk} = \sum_a \sigma^a_i\sigma^a_j\sigma^a_k$ alone, integers, so that a sweep costs
the same for a hundred examples and for a million. [THEORY 3.2]
"""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any, final

import numpy as np
from jaxtyping import Int, Int8

from ..._common.arrays import table
from ..._common.cores import cores
from ..._common.types import AnyArray
from ...lagrangians import DistinctPolynomial, Polynomial
from ...network import Network
from ...theory.teacher_student import Hamiltonian
from .exact_decisions import are_spins, in_rows
from .students import student_interaction


@final
@dataclasses.dataclass(frozen=True)
class Couplings:
    r"""$K_{ijk} = \sum_a\sigma^a_i\sigma^a_j\sigma^a_k$, 0 where two sites agree.

    With $L_i = \sum_{j<k} K_{ijk} s_j s_k$ the energy gap of spin i is
    `unit * (factor * L_i + single[i])`, integers in the bracket.
    """

    tensor: Int[np.ndarray, "feature feature feature"]  # int16 where they fit, or int32
    single: Int[np.ndarray, " feature"]  # what one site alone adds to a gap
    factor: int
    unit: float
    count: int  # examples

    @classmethod
    def require(cls, count: int, features: int) -> None:
        """Raises ValueError where integers of 32 bits cannot hold the couplings."""
        if not cls.hold(count, features):
            raise ValueError(
                "Couplings of three spins are N^3 integers of 32 bits, with N M < 2^31 "
                f"and N <= {MOST_FEATURES}; got N = {features}, M = {count}. Take "
                'fewer, or engine = "examples".'
            )

    @classmethod
    def of(
        cls, examples: Any, hamiltonian: Hamiltonian = "distinct", unit: float = 1.0
    ) -> "Couplings":
        r"""The couplings of examples (memory, feature) of +1 and -1, for n = 3.

        They are counted as bits, without rounding: $N^3 M / 384$ operations on
        words. `unit` rescales the energy. Raises ValueError where integers of 32 bits
        cannot hold them.
        """
        student_interaction(3, 3, hamiltonian)  # raises for an unknown Hamiltonian
        examples = table(examples, "Examples", "memory")
        cls.require(*examples.shape)  # before any bit is packed
        bits, count = _as_bits(examples)
        features = len(bits)
        from ._triple_sums import count_odd, fill, largest

        odd = np.zeros((features,) * 3, np.int32)
        threads = len(cores())
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda k: count_odd(bits, odd, k, threads), range(threads)))
            small = largest(odd, count) < 2**15
            tensor = np.zeros(odd.shape, np.int16 if small else np.int32)
            parts = range(threads)
            list(pool.map(lambda k: fill(odd, count, tensor, k, threads), parts))
        single = np.zeros(features, np.int64)
        if hamiltonian == "distinct":
            return cls(tensor, single, 1, unit * 12 / features**2, count)
        # x^3 = 6 e_3(x) + (3 N - 2) x
        ones = np.bitwise_count(bits).sum(axis=1).astype(np.int64)
        single += 2 * (3 * features - 2) * (count - 2 * ones)
        return cls(tensor, single, 12, unit / features**2, count)

    @staticmethod
    def hold(count: int, features: int) -> bool:
        """True if integers of 32 bits hold the couplings of so many examples."""
        return features * count < 2**31 and features <= MOST_FEATURES

    @property
    def features(self) -> int:
        """The number of spins, N."""
        return len(self.tensor)

    def fields(self, s: Int8[np.ndarray, " feature"]) -> Int[np.ndarray, " feature"]:
        r"""$L_i = \sum_{j<k} K_{ijk} s_j s_k$, integers."""
        from ._triple_sums import fields

        found = np.empty(self.features, np.int64)
        fields(self.tensor, s, found)
        return found

    def energy(
        self,
        s: Int8[np.ndarray, " feature"],
        fields: Int[np.ndarray, " feature"] | None = None,
    ) -> float:
        r"""$-\Phi(s)$, from integers: $3\sum_{i<j<k} K_{ijk}s_is_js_k = s\cdot L$.

        `fields` L may be given where they are known.
        """
        wide = s.astype(np.int64)
        threefold = int(wide @ (self.fields(s) if fields is None else fields))
        total = self.factor * (threefold // 3) + int(self.single @ wide)
        return -0.5 * self.unit * total


MOST_FEATURES = 1024  # 4 GiB of couplings


def _as_bits(examples: AnyArray) -> tuple[np.ndarray, int]:
    """Words of 64 examples, (feature, word): bit 1 for -1; padding is 0."""
    if not are_spins(examples):
        raise ValueError(
            "Examples must be spins +1 and -1 of shape (memory, feature); draw them by "
            "patterns.examples, or take the signs of others."
        )
    count, features = examples.shape
    bits = np.zeros((features, 8 * -(-count // 64)), np.uint8)
    begin = 0
    for rows in in_rows(examples, BITS_AT_ONCE * features):
        packed = np.packbits(np.ascontiguousarray(rows.T) < 0, axis=1)
        bits[:, begin : begin + packed.shape[1]] = packed
        begin += packed.shape[1]
    return bits.view(np.uint64), count


BITS_AT_ONCE = 2**14  # examples; whole bytes


def summable(network: Network) -> tuple[Hamiltonian, float] | None:
    """Form and unit of a network whose memories can be summed up, or None.

    Three distinct sites or the third power, rescaled or not.
    """
    layer, inside, outside = network.memory_lagrangian.unwrapped()
    unit = float(outside) * float(inside) ** (layer.degree or 0)
    if isinstance(layer, DistinctPolynomial) and layer.n == 3:
        return "distinct", unit
    if isinstance(layer, Polynomial) and layer.n == 3:
        return "power", unit * network.features**2
    return None
