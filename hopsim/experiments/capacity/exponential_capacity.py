"""The capacity of the exponential interaction: memories one bit apart limit it."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from pydantic import Field, field_validator

from ..._common.cores import require_room
from ...data import patterns
from ...dynamics import Binary, expected
from ...lagrangians import Exponential
from ...network import Network
from ...records import Variables
from ...statistics import wilson
from ...theory import capacity
from .._base import AbstractExperiment, experiments, Setting
from .._numbers import Positive
from .._spins import decided_at_once
from .._units import Unit, UnitContext
from .._variables import PURE


@experiments.register("exponential_capacity")
class ExponentialCapacity(AbstractExperiment):
    r"""$P(\text{all } K \text{ memories stable}) = e^{-K(K-1)N/2^{N+1}}$ for $F = e^x$.

    For every N of `features` and every `load`, $K =$ load $\cdot\, K_{1/2}(N)$ rounded,
    `sets` independent sets of K random memories are drawn (those of the scenario are
    not used), and every spin decides at every memory. Of two memories one bit apart
    exactly one is unstable: their contributions to the gap of that bit cancel, and
    those of all other memories have the same sign in both. `pair_share` is the share of
    sets with such a pair, `exceptions` that of sets unstable without a pair or stable
    with one. `stable_share` has Wilson's interval; `chi_squared_per_dof` compares all
    stable shares with the law, `chi_squared_per_dof_square` with $e^{-K^2N/2^{N+1}}$,
    its form for large K. [Demircigil 2017; THEORY CL-20]
    """

    plots: ClassVar[tuple[str, ...]] = ("exponential_capacity",)

    features: list[int] = Field([10, 13, 16], min_length=1)
    loads: Positive[float] = Field([0.5, 1.0, 2.0])
    sets: int = Field(60, ge=2)

    @field_validator("features")
    @classmethod
    def _small(cls, features: list[int]) -> list[int]:
        if any(not 2 <= n <= 40 for n in features):
            raise ValueError(f"must lie between 2 and 40, got {features}")
        return features

    def validate_setting(self, setting: Setting) -> None:
        layer = setting.network.memory_lagrangian
        expected(setting.dynamics, Binary, "exponential_capacity")
        if not isinstance(layer, Exponential):
            raise ValueError(
                'The experiment "exponential_capacity" needs interaction kind '
                '"exponential" (normalised = false), got '
                f"{type(layer).__name__}."
            )
        for n in self.features:
            most = _count(n, max(self.loads))
            what = f"experiment.loads: {most:,} memories of {n} features"
            require_room(float(most) * max(n, most), what)

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        return self._measured(setting, context.progress_callback("sizes"))

    def _measured(
        self, setting: Setting, on_progress: Callable[[int, int], None] | None
    ) -> Variables:
        sizes = [(n, load) for n in self.features for load in self.loads]
        counts = np.array([_count(n, load) for n, load in sizes])
        stable = np.zeros((len(sizes), self.sets), bool)
        pairs, unstable = np.zeros_like(stable), np.zeros(stable.shape, int)
        for k, ((n, _), count) in enumerate(zip(sizes, counts, strict=True)):
            for number in range(self.sets):
                stream = setting.stream.child("sets", n, int(count), number)
                memories = patterns.random_binary(stream, int(count), n)
                unstable[k, number] = _unstable(setting, memories)
                stable[k, number] = unstable[k, number] == 0
                pairs[k, number] = has_neighbours(memories)
            if on_progress is not None:
                on_progress(k + 1, len(sizes))
        return self._variables(sizes, counts, stable, pairs, unstable)

    def _variables(self, sizes, counts, stable, pairs, unstable) -> dict[str, tuple]:
        features = np.array([n for n, _ in sizes])
        hits = stable.sum(axis=1)
        ends = np.array([wilson(int(k), self.sets) for k in hits])
        # the law with its K (K - 1) / 2 pairs, and its form for large K
        pairing = np.sqrt(counts * (counts - 1.0))
        law, square = (
            np.array(
                [
                    capacity.exponential_stable_share(n, float(k))
                    for (n, _), k in zip(sizes, of, strict=True)
                ]
            )
            for of in (pairing, counts)
        )
        deviation = self._deviation(hits, law)
        other = self._deviation(hits, square)
        one = ("size",)
        exponent = {"long_name": "x = K(K - 1) N / 2^(N + 1)"}
        return {
            "feature_count": (one, features, PURE),
            "memory_count": (one, counts, PURE),
            "load": (one, np.array([x for _, x in sizes]), PURE),
            "exponent": (one, -np.log(law), PURE | exponent),
            "stable": (("size", "draw"), stable, PURE),
            "unstable_memories": (("size", "draw"), unstable, PURE),
            "stable_share": (one, hits / self.sets, PURE),
            "stable_low": (one, ends[:, 0], PURE),
            "stable_high": (one, ends[:, 1], PURE),
            "law": (one, law, PURE),
            "deviation": (one, deviation, PURE | {"long_name": "in standard errors"}),
            "deviation_size": (one, np.abs(deviation), PURE),
            "pair_share": (one, pairs.mean(axis=1), PURE),
            "exceptions": (one, np.mean(stable == pairs, axis=1), PURE),
            "chi_squared_per_dof": ((), np.mean(deviation**2), PURE),
            "chi_squared_per_dof_square": ((), np.mean(other**2), PURE),
        }

    def _deviation(self, hits: np.ndarray, law: np.ndarray) -> np.ndarray:
        """Stable sets less those expected by the law, in its standard deviations."""
        return (hits - self.sets * law) / np.sqrt(self.sets * law * (1 - law))


def has_neighbours(memories: Float[np.ndarray, "memory feature"]) -> bool:
    """True if two of the memories differ in exactly one bit."""
    overlaps = memories @ memories.T
    return bool(np.any(overlaps == memories.shape[1] - 2))


def _count(features: int, load: float) -> int:
    return max(2, round(load * capacity.exponential_half_count(features)))


def _unstable(setting: Setting, memories: np.ndarray) -> int:
    """The number of memories in which the rule would flip at least one bit."""
    template = setting.network
    network = Network(memories, template.feature_lagrangian, template.memory_lagrangian)
    return int(np.sum(decided_at_once(setting, memories, network).flips > 0))
