"""Students of a teacher at fixed temperature: lines of learning, RS and 1RSB."""

import functools as ft
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from ...records import Variables
from ...theory import teacher_student as theory
from .._base import AbstractExperiment, experiments, Setting
from .._units import Unit, UnitContext
from .._variables import PURE
from ._grids import least_on_a_grid


MIN_TEMPERATURE_RATIO = 0.021  # T / T_s; the theory of colder students is that of T = 0


@experiments.register("fixed_teacher")
class FixedTeacher(AbstractExperiment):
    r"""The plane $(\alpha, T)$ of students at fixed temperatures $T_s$ of the teacher.

    At `ratios` $T/T_s$: `spinodal` ($\alpha_d$, lR), `beside_liquid` ($\alpha_c$ by
    replica symmetry, NaN where it is infinite) and `typical` ($\alpha_c$ beside the
    1RSB glass); `off_vertical` is $\alpha_c/(c_c T_s^2) - 1$ with the $\alpha_c$ of
    `typical`. `entropy` is that of the pattern on the line `typical`. `ordered` is true
    where the pattern is typical wherever it exists; elsewhere `balance` is the
    difference of the two free entropies on the line, the pattern's by plain iteration
    and the glass's from a grid. `regime` numbers the labels of [TT24]. [THEORY 2.8.4,
    TRAP 2, R4, TS-07]
    """

    plots: ClassVar[tuple[str, ...]] = ("fixed_teacher",)

    n: int = Field(3, ge=3)
    teacher_temperatures: list[float] = Field([2.0], min_length=1)
    ratios: list[float] = Field([0.5, 0.75, 1.0, 1.5], min_length=1)  # T / T_s
    resolution: int = Field(0, ge=0)  # of the regimes, on a side; 0: none
    highest: float = Field(2.0, gt=0)  # largest T / T_s of the plane
    farthest: float = Field(2.0, gt=0)  # largest load over c_c T_s^2

    @field_validator("teacher_temperatures", "ratios")
    @classmethod
    def _are_positive(cls, values: list[float]) -> list[float]:
        if not all(x > 0 for x in values):
            raise ValueError(f"must be > 0, got {values}")
        return values

    def validate_setting(self, setting: Setting) -> None:
        coldest = theory.alignment_temperature(self.n)
        if min(self.teacher_temperatures) < coldest:
            raise ValueError(
                f"The teacher of n = {self.n} is aligned below T_eR = {coldest:.6g}, "
                f"got {self.teacher_temperatures}; the lines are of misaligned ones."
            )
        if min(self.ratios) < MIN_TEMPERATURE_RATIO:
            raise ValueError(
                f"experiment.ratios must be at least {MIN_TEMPERATURE_RATIO}, got "
                f"{self.ratios}; the theory of colder students is that of T = 0."
            )

    def entries(self, setting: Setting) -> float:
        return 4.0 * self.resolution**2 * len(self.teacher_temperatures)

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        return {**self._lines(), **self._regimes()}

    def _lines(self) -> Variables:
        shape = (len(self.teacher_temperatures), len(self.ratios))
        names = ("temperature", "spinodal", "beside_liquid", "typical", "off_vertical")
        seen = {name: np.empty(shape) for name in (*names, "entropy", "balance")}
        ordered = np.zeros(shape, bool)
        c_c = theory.nishimori_boundaries(self.n)[1]
        for place in np.ndindex(*shape):
            teacher = self.teacher_temperatures[place[0]]
            t = self.ratios[place[1]] * teacher
            spinodal, liquid = theory.learning_boundaries(t, self.n, teacher)
            line = theory.typical_learning(t, self.n, teacher)
            seen["temperature"][place] = t
            seen["spinodal"][place] = spinodal
            seen["beside_liquid"][place] = liquid if np.isfinite(liquid) else np.nan
            seen["typical"][place] = line.load
            seen["off_vertical"][place] = line.load / (c_c * teacher**2) - 1
            seen["entropy"][place] = line.entropy
            ordered[place] = line.spinodal
            seen["balance"][place] = np.nan  # not defined at a spinodal
            if not line.spinodal:
                off = _balance(line.load, t, self.n, teacher)
                seen["balance"][place] = off
        where = ("teacher", "ratio")
        c_d = theory.nishimori_boundaries(self.n)[0]
        return {
            "teacher_temperature": (
                "teacher",
                np.array(self.teacher_temperatures),
                PURE | {"long_name": "T_s"},
            ),
            "ratio": ("ratio", np.array(self.ratios), PURE | {"long_name": "T / T_s"}),
            **{name: (where, values, PURE) for name, values in seen.items()},
            "ordered": (where, ordered, PURE),
            "c_d": ((), c_d, PURE),
            "c_c": ((), c_c, PURE),
            "vertex": ((), self.n, PURE),
        }

    def _regimes(self) -> Variables:
        if not self.resolution:
            return {}
        # the regime of a cell is that of its centre
        middle = (np.arange(self.resolution) + 0.5) / self.resolution
        c_c = theory.nishimori_boundaries(self.n)[1]
        rows, loads, temperatures = [], [], []
        for teacher in self.teacher_temperatures:
            load = self.farthest * c_c * teacher**2 * middle
            t = np.maximum(self.highest * middle, MIN_TEMPERATURE_RATIO) * teacher
            typical = ft.partial(_typical, n=self.n, teacher=teacher)
            found = theory.regimes(load, t, self.n, teacher, typical)
            kept = np.array([theory.typical_storage(x, self.n).load for x in t])
            # beside the glass, examples are typical up to larger loads
            frozen = found == theory.REGIMES.index("SG")
            example = frozen & (load[None] <= kept[:, None])
            rows.append(np.where(example, theory.REGIMES.index("eR"), found))
            loads.append(load)
            temperatures.append(t)
        return {
            "regime": (("teacher", "row", "column"), np.stack(rows), PURE),
            "regime_name": ("kind", np.array(theory.REGIMES)),
            "plane_load": (("teacher", "column"), np.stack(loads), PURE),
            "plane_temperature": (("teacher", "row"), np.stack(temperatures), PURE),
        }


def _typical(temperature: float, n: int, teacher: float) -> float:
    return theory.typical_learning(temperature, n, teacher).load


def _balance(load: float, temperature: float, n: int, teacher: float) -> float:
    """|f of the pattern - f of the paramagnet or glass|, both by plain methods."""
    c, c_s = load / temperature**2, load / temperature / teacher
    pattern = theory.saddle_point(n, c, c_s, start="ferro")
    if not pattern.converged:
        return np.nan
    return abs(pattern.free_entropy - least_on_a_grid(c, n))
