"""Capacity curves: recall against the number of memories, for several N."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from ...dynamics.spins.exact_decisions import are_spins
from ...records import Variables
from ...theory import capacity
from .._base import experiments, Setting
from .._spins import require_aims
from .._variables import PURE
from ._loads import AbstractCapacity, axes_of, half_points, part


@experiments.register("capacity_curve")
class CapacityCurve(AbstractCapacity):
    """The share of memories that are recalled, against the load $K / N^{n-1}$.

    Probes are cut to N features; a target beyond the K memories is taken modulo K, with
    the same spins flipped. `overlap` is that of the final state with the target,
    `returned` is true where it is 1 and `held` where it is above `held_above`.
    `half_count` is the K at which half of the starts of one set are returned,
    `half_load` the load at which half are held (a logistic fit in the logarithm, NaN
    where one half is not crossed). Theory, for starts at the memories: `theory_share`
    $= (1-P)^N$ with the Gaussian bit error P; for n = 2 the picture adds the overlap of
    Amit, Gutfreund and Sompolinsky. [KH16; AGS 1985; THEORY CL-18, 19]
    """

    plots: ClassVar[tuple[str, ...]] = ("capacity_curve",)

    held_above: float = Field(0.9, gt=0, lt=1)

    def count(self, n: int, features: int, load: float) -> int:
        return max(1, round(load * features ** (n - 1)))

    def validate_setting(self, setting: Setting) -> None:
        require_aims(setting, "capacity_curve")
        if not are_spins(setting.probes.values):
            raise ValueError(
                'The experiment "capacity_curve" needs starts of +1 and -1; leave '
                "probes.noise out."
            )
        self.checked(setting, "capacity_curve")

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
        return axes_of(self, counts, power) | {
            "overlap": (each, overlap, PURE | {"long_name": "overlap with the aim"}),
            "returned": (each, overlap == 1, PURE),
            "held": (each, held, PURE),
            "half_count": (per_size, half_points(counts, overlap == 1), PURE),
            "half_load": (per_size, half_points(load, held), PURE),
            "theory_share": (("features", "load"), theory, PURE),
            "flipped": ((), np.mean(flips < 0), PURE),
        }
