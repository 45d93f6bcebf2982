"""The load at which half of the probes are recalled, against N."""

from typing import ClassVar

import numpy as np

from ...records import Variables
from ...theory import capacity
from .._base import experiments, Setting
from .._spins import extreme_overlaps, require_spins
from .._variables import PURE
from ._loads import AbstractCapacity, axes_of, half_points, part


@experiments.register("half_capacity")
class HalfCapacity(AbstractCapacity):
    r"""$K_{1/2}(N)$, where half of the random starts end exactly in a memory.

    `loads` are numbers of memories in units of $N^{n-1}/[2(2n-3)!!\ln N]$, KH16's eq. 6
    (rounded, at least 2); starts are the probes, cut to N features. An end in
    $-\xi_\mu$, which even powers store as well, counts in `unsigned_perfect` and not in
    `perfect`. `half_count` is the half-point of `unsigned_perfect` (a logistic fit in
    $\ln K$ for one set of memories, NaN where one half is not crossed), `half_ratio`
    its ratio to eq. 6. [KH16 app. B, fig. 5; THEORY 2.5, DAM-07]
    """

    plots: ClassVar[tuple[str, ...]] = ("half_capacity",)

    def count(self, n: int, features: int, load: float) -> int:
        return max(2, round(load * capacity.no_error_count(n, features)))

    def validate_setting(self, setting: Setting) -> None:
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
        return axes_of(self, counts, power) | {
            "perfect": (each, perfect, PURE),
            "unsigned_perfect": (each, unsigned == 1, PURE),
            "overlap": (each, best, PURE),
            "unsigned_overlap": (each, unsigned, PURE),
            "half_count": (per_size, half, PURE | {"long_name": "K_1/2"}),
            "half_ratio": (per_size, half / law, PURE),
            "no_error_count": (per_size, law, PURE | {"long_name": "KH16 eq. 6"}),
        }
