"""The student as a spin glass: 1RSB states, thresholds and ground states."""

import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from ...experiments._base import AbstractExperiment, Setting
from ...experiments._units import Unit, UnitContext
from ...experiments._variables import PURE
from ...experiments.students._grids import least_on_a_grid
from ...records import Variables
from ...theory import teacher_student as theory
from ...theory.teacher_student._vertex import check_vertex
from .._base import validations


SLOPE_STEP = 2e-3  # in m, of a slope by differences: its error is of fourth order


@validations.register("spin_glass")
class SpinGlass(AbstractExperiment):
    r"""The p-spin glass, $p = n$, by one step of replica symmetry breaking.

    `free_entropy`, `parisi`, `q` and `entropy` of the state at $c =$ `factors` $c_c$;
    `grid_difference` is the distance from the least f on a grid of Parisi parameters,
    refined, each with its overlap by plain iteration. `dynamic_difference` and
    `kauzmann_difference` are the distances of the 1RSB thresholds from $c_d$ and $c_c$
    of the Nishimori line, `slope_difference` that of $\partial f/\partial m$ at m = 1
    from the ferromagnet's gap there. `ground_energy` is $e_0/\sqrt\alpha$ in closed
    form, `cold_difference` its distance from the energy extrapolated to T = 0. [THEORY
    2.3, 2.8.4, TS-21]
    """

    plots: ClassVar[tuple[str, ...]] = ("spin_glass",)

    n: list[int] = Field([3, 4, 10], min_length=1)
    factors: list[float] = Field([1.1, 1.3, 1.7, 3.4], min_length=1)
    noises: list[float] = Field(default_factory=list)  # further c, of the first n
    points: int = Field(60, ge=2)  # of the lines drawn

    @field_validator("factors")
    @classmethod
    def _frozen(cls, values: list) -> list:
        if min(values) <= 1:
            raise ValueError(f"must be > 1, where the liquid is lost, got {values}")
        return values

    @field_validator("n")
    @classmethod
    def _vertices(cls, values: list[int]) -> list[int]:
        for n in values:
            check_vertex(n)
        return values

    @field_validator("noises")
    @classmethod
    def _are_positive(cls, values: list[float]) -> list[float]:
        if not all(c > 0 for c in values):
            raise ValueError(f"must be > 0, got {values}")
        return values

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        return {**self._states(), **self._thresholds(), **self._lines()}

    def _states(self) -> Variables:
        at = [(n, k * theory.nishimori_boundaries(n)[1]) for n in self.n
              for k in self.factors]  # fmt: skip
        at += [(self.n[0], c) for c in self.noises]
        found = [theory.glass_state(c, n) for n, c in at]
        plain = [least_on_a_grid(c, n) for n, c in at]
        slopes = []
        for n, c in at:
            line: Any = theory.nishimori_solution(c, n)
            slopes.append(abs(_slope_at_one(c, line.q, n) - line.gap))
        off = [abs(s.free_entropy - f) for s, f in zip(found, plain, strict=True)]
        return {
            "state_vertex": ("state", np.array([n for n, _ in at]), PURE),
            "c": ("state", np.array([c for _, c in at]), PURE),
            "free_entropy": ("state", np.array([s.free_entropy for s in found]), PURE),
            "parisi": ("state", np.array([s.parisi for s in found]), PURE),
            "q": ("state", np.array([s.q for s in found]), PURE),
            "entropy": ("state", np.array([s.entropy for s in found]), PURE),
            "grid_difference": ("state", np.array(off), PURE),
            "slope_difference": ("state", np.array(slopes), PURE),
        }

    def _thresholds(self) -> Variables:
        seen = np.array([theory.glass_boundaries(n) for n in self.n])
        line = np.array([theory.nishimori_boundaries(n) for n in self.n])
        ground = np.array([theory.glass_ground_energy(n) for n in self.n])
        cold = np.array([_cold_energy(n) for n in self.n])
        return {
            "vertex": ("vertex", np.array(self.n), PURE | {"long_name": "n"}),
            "c_dynamic": ("vertex", seen[:, 0], PURE),
            "c_kauzmann": ("vertex", seen[:, 1], PURE),
            "dynamic_difference": ("vertex", np.abs(seen - line)[:, 0], PURE),
            "kauzmann_difference": ("vertex", np.abs(seen - line)[:, 1], PURE),
            "ground_energy": ("vertex", ground, PURE),
            "cold_difference": ("vertex", np.abs(ground - cold), PURE),
        }

    def _lines(self) -> Variables:
        """The states drawn against T, at a load of 1."""
        t = np.linspace(0.05, 1.6, self.points)
        found = [[theory.glass_state(1 / x**2, n) for x in t] for n in self.n]
        pick = lambda name: np.array([[getattr(s, name) for s in row] for row in found])
        where = ("vertex", "line")
        scale = [1 / math.sqrt(theory.glass_boundaries(n)[1]) for n in self.n]
        return {
            "line_temperature": ("line", t, PURE),
            "kauzmann_temperature": ("vertex", np.array(scale), PURE),
            "line_entropy": (where, pick("entropy"), PURE),
            "line_parisi": (where, pick("parisi"), PURE),
            "line_q": (where, pick("q"), PURE),
            "line_liquid_entropy": ("line", math.log(2) - 1 / (2 * t**2), PURE),
        }


def _slope_at_one(c: float, q: float, n: int) -> float:
    """The slope of f in m at m = 1, by differences of f alone."""
    f = lambda k: float(theory.glass_free_entropy(c, 1 + k * SLOPE_STEP, q, n))
    return (8 * (f(1) - f(-1)) - (f(2) - f(-2))) / (12 * SLOPE_STEP)


def _cold_energy(n: int) -> float:
    """The energy of the glass at a load of 1, extrapolated to T = 0."""
    energies = []
    for temperature in (0.1, 0.05):
        state = theory.glass_state(1 / temperature**2, n)
        energies.append(-temperature * (state.free_entropy - state.entropy))
    return energies[1] + (energies[1] - energies[0]) / 3  # u - e_0 ~ T^2
