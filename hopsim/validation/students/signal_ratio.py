"""Finite teachers and students: the strength of the signal at N spins."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from ...experiments._base import AbstractExperiment, Setting
from ...experiments._units import Unit, UnitContext
from ...experiments._variables import PURE
from ...records import Variables
from ...theory import teacher_student
from ...theory.teacher_student._vertex import check_vertex
from ...theory.teacher_student.finite import require_law, require_mean_energy
from .._base import validations


@validations.register("signal_ratio")
class SignalRatio(AbstractExperiment):
    r"""$R_N(T) = c_{eff}/c$: Nishimori energies at N over those at infinite N.

    For distinct sites, from sums over N + 1 overlaps. `exact_difference` is the
    distance from the same sums in exact integers, `law_difference` that of $N(R_N - 1)$
    from $90/T^2 - 3$, its limit for n = 3, relative to it (NaN for other n).
    [THEORY 3.2, TS-14]
    """

    plots: ClassVar[tuple[str, ...]] = ("signal_ratio",)

    n: list[int] = Field([3, 4], min_length=1)
    features: list[int] = Field([64, 128, 256, 512], min_length=1)
    temperatures: list[float] = Field([2.0, 3.0, 4.0, 6.0], min_length=1)

    def validate_setting(self, setting: Setting) -> None:
        for n in self.n:
            check_vertex(n)
            for features in self.features:
                for temperature in self.temperatures:
                    require_law(n, features, temperature)
                    require_mean_energy(n, features, temperature)

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        shape = (len(self.n), len(self.temperatures), len(self.features))
        ratio, exact, law = np.empty(shape), np.empty(shape), np.full(shape, np.nan)
        for place in np.ndindex(*shape):
            n, features = self.n[place[0]], self.features[place[2]]
            temperature = self.temperatures[place[1]]
            ratio[place] = teacher_student.signal_ratio(n, features, temperature)
            exact[place] = _in_integers(n, features, temperature)
            if n == 3:
                limit = 90 / temperature**2 - 3
                law[place] = features * (ratio[place] - 1) / limit - 1
        where = ("vertex", "temperature", "size")
        return {
            "vertex": ("vertex", np.array(self.n), PURE | {"long_name": "n"}),
            "temperature": ("temperature", np.array(self.temperatures), PURE),
            "features": ("size", np.array(self.features), PURE | {"long_name": "N"}),
            "ratio": (where, ratio, PURE | {"long_name": "c_eff / c"}),
            "exact_difference": (where, np.abs(ratio - exact), PURE),
            "law_difference": (where, law, PURE),
        }


def _in_integers(n: int, features: int, temperature: float) -> float:
    """The same with exact integers for binomials, and sums without rounding."""
    energy = [
        sum(
            (-1) ** k * math.comb(features - up, k) * math.comb(up, n - k)
            for k in range(n + 1)
        )
        for up in range(features + 1)
    ]
    unit = math.factorial(n) / features ** (n - 1)
    ways = [math.log(math.comb(features, up)) for up in range(features + 1)]
    terms = [w + unit * e / temperature for w, e in zip(ways, energy, strict=True)]
    weight = [math.exp(t - max(terms)) for t in terms]
    mean = math.fsum(w * e for w, e in zip(weight, energy, strict=True))
    return mean / math.fsum(weight) * temperature / features
