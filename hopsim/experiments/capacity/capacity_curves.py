"""Capacities: what is recalled as the number of memories grows, for several N."""

import abc
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Shaped
from pydantic import Field

from ... import statistics
from ...network import Network
from ...records import Variables
from ...theory import capacity
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._numbers import Rising
from .._spins import extreme_overlaps, power_of, require_aims, require_spins
from .._variables import PURE


class AbstractCapacity(AbstractEnsemble):
    """Memories of N features, K of them, for every N of `features` and every load.

    They are the first K rows and N columns of the scenario's memories, so that smaller
    networks are parts of the largest. One row for each set of memories.

    To add one: say with `count` what a load is, and implement `measure`.
    """

    row: ClassVar[str] = "draw"

    features: Rising[int]
    loads: Rising[float]

    @abc.abstractmethod
    def count(self, n: int, features: int, load: float) -> int:
        """The number of memories K at this load."""

    def checked(self, setting: Setting, kind: str) -> tuple[int, bool]:
        """The exponent of the power, and if it is rectified; or one clear error."""
        network, power = setting.network, power_of(setting.network)
        driven = np.any(network.current) or np.any(network.hidden_current)
        if power is None or driven or network.autapse is not None:
            raise ValueError(
                f'The experiment "{kind}" needs a power n >= 2 without currents, got '
                f"{network.memory_lagrangian}; use model_a with interaction kind "
                '"polynomial" or "rectified_polynomial".'
            )
        most = self.count(power[0], self.features[-1], self.loads[-1])
        if network.features < self.features[-1] or network.count < most:
            raise ValueError(
                f'The experiment "{kind}" needs {most} memories of {self.features[-1]} '
                f"features for its largest network, got {network.count} of "
                f"{network.features}; draw more."
            )
        return power


@experiments.register("half_capacity")
class HalfCapacity(AbstractCapacity):
    r"""$K_{1/2}(N)$, where half of the random starts end exactly in a memory.

    `loads` are numbers of memories in units of $N^{n-1}/[2(2n-3)!!\ln N]$, KH16's eq. 6
    (rounded, at least 2); starts are the probes, cut to N features. `half_count` is the
    half-point of a logistic in $\ln K$ for one set of memories, NaN where no half is
    crossed, and `half_ratio` its ratio to eq. 6. An end in $-\xi_\mu$ counts, as an
    even power stores it, in `unsigned_perfect`, not in `perfect`.
    [KH16 app. B, fig. 5; THEORY 2.5, DAM-07]
    """

    plots: ClassVar[tuple[str, ...]] = ("half_capacity",)

    def count(self, n: int, features: int, load: float) -> int:
        return max(2, round(load * capacity.no_error_count(n, features)))

    def check(self, setting: Setting) -> None:
        require_spins(setting, "half_capacity")
        self.checked(setting, "half_capacity")

    def measure(self, setting: Setting) -> Variables:
        n, _ = power = self.checked(setting, "half_capacity")
        starts = setting.probes.values
        shape = (len(self.features), len(self.loads), len(starts), 1)
        best, least = np.zeros(shape), np.zeros(shape)
        counts = np.zeros(shape[:2], int)
        for i, features in enumerate(self.features):
            for k, load in enumerate(self.loads):
                counts[i, k] = count = self.count(n, features, load)
                network = part(setting.network, count, features)
                key = setting.stream.child("sweeps", features, count)
                final = setting.relax(
                    network=network, starts=starts[:, :features], key=key
                ).final
                memories = np.asarray(network.memories).astype(np.int8)
                best[i, k, :, 0], least[i, k, :, 0] = extreme_overlaps(memories, final)
        perfect, unsigned = best == 1, np.maximum(best, -least)
        half = half_points(counts, unsigned == 1)
        law = np.array([[capacity.no_error_count(n, N)] for N in self.features])
        each = ("features", "load", "start", "draw")
        per_size = ("features", "draw")
        return _axes(self, counts, power) | {
            "perfect": (each, perfect, PURE),
            "unsigned_perfect": (each, unsigned == 1, PURE),
            "overlap": (each, best, PURE),
            "unsigned_overlap": (each, unsigned, PURE),
            "half_count": (per_size, half, PURE | {"long_name": "K_1/2"}),
            "half_ratio": (per_size, half / law, PURE),
            "no_error_count": (per_size, law, PURE | {"long_name": "KH16 eq. 6"}),
        }


@experiments.register("capacity_curve")
class CapacityCurve(AbstractCapacity):
    r"""The share of memories that are recalled, against the load $K / N^{n-1}$.

    Probes that aim at a memory are cut to N features; aims beyond K begin anew, with
    the same spins flipped. `overlap` is that of the end with the aim, `returned` is
    true where it is 1 and `held` where it is above `held_above`. `half_count` is the K,
    and `half_load` the load, at which half of the starts of one set are returned, or
    held (a logistic in the logarithm, NaN where no half is crossed). Theory, for starts
    at the memories: `theory_share` $= (1-P)^N$ with the Gaussian P of a bit; for n = 2
    the overlap of Amit, Gutfreund and Sompolinsky. [KH16; AGS 1985; THEORY CL-18, 19]
    """

    plots: ClassVar[tuple[str, ...]] = ("capacity_curve",)

    held_above: float = Field(0.9, gt=0, lt=1)

    def count(self, n: int, features: int, load: float) -> int:
        return max(1, round(load * features ** (n - 1)))

    def check(self, setting: Setting) -> None:
        require_aims(setting, "capacity_curve")
        self.checked(setting, "capacity_curve")
        if np.any(np.abs(setting.probes.values) != 1):
            raise ValueError(
                'The experiment "capacity_curve" needs starts of +1 and -1; leave '
                "probes.noise out."
            )

    def measure(self, setting: Setting) -> Variables:
        n, rectified = power = self.checked(setting, "capacity_curve")
        aims, memories = setting.probes.targets, np.asarray(setting.network.memories)
        flips = setting.probes.values * memories[aims]
        shape = (len(self.features), len(self.loads), len(aims), 1)
        overlap = np.zeros(shape)
        counts, theory = np.zeros(shape[:2], int), np.zeros(shape[:2])
        for i, features in enumerate(self.features):
            for k, load in enumerate(self.loads):
                counts[i, k] = count = self.count(n, features, load)
                theory[i, k] = capacity.stable_share(n, features, count, rectified)
                target = memories[aims % count, :features]
                final = setting.relax(
                    network=part(setting.network, count, features),
                    starts=target * flips[:, :features],
                    key=setting.stream.child("sweeps", features, count),
                ).final
                overlap[i, k, :, 0] = np.mean(final * target, axis=1)
        held = overlap > self.held_above
        load = counts / np.array(self.features)[:, None] ** (n - 1)
        each, per_size = ("features", "load", "probe", "draw"), ("features", "draw")
        return _axes(self, counts, power) | {
            "overlap": (each, overlap, PURE | {"long_name": "overlap with the aim"}),
            "returned": (each, overlap == 1, PURE),
            "held": (each, held, PURE),
            "half_count": (per_size, half_points(counts, overlap == 1), PURE),
            "half_load": (per_size, half_points(load, held), PURE),
            "theory_share": (("features", "load"), theory, PURE),
            "flipped": ((), np.mean(flips < 0), PURE),
        }


def part(network: Network, count: int, features: int) -> Network:
    """The network of the first `count` memories, cut to their first `features`."""
    memories = np.asarray(network.memories)[:count, :features]
    return Network(memories, network.feature_lagrangian, network.memory_lagrangian)


def _axes(experiment: AbstractCapacity, counts: np.ndarray, power: tuple) -> dict:
    n, rectified = power
    return {
        "features": ("features", np.array(experiment.features), PURE),
        "load": ("load", np.array(experiment.loads), PURE),
        "count": (("features", "load"), counts, PURE | {"long_name": "memories K"}),
        "vertex": ((), n, PURE),
        "rectified": ((), rectified, PURE),
    }


def half_points(
    x: Shaped[np.ndarray, "size load"], hits: Bool[np.ndarray, "size load trial one"]
) -> Float[np.ndarray, "size one"]:
    """Where half of the trials of one set succeed; NaN where no half is crossed."""
    found, trials = np.full((len(x), 1), np.nan), hits.shape[2]
    for i, (places, count) in enumerate(zip(x, hits.sum(axis=(2, 3)), strict=True)):
        if np.min(count) < trials / 2 < np.max(count):
            point = statistics.half_point(places.astype(float), count[None], trials)
            found[i] = point.value
    return found
