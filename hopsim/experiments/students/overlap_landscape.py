"""Overlaps of students: Monte Carlo over loads and temperatures, beside theory."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from pydantic import Field, model_validator

from ... import statistics
from ...data.patterns import example_count
from ...dynamics.spins.couplings import Couplings
from ...dynamics.spins.sampling import sample
from ...network import Network
from ...records import Dataset, Variables
from ...theory import teacher_student as theory
from ...theory.teacher_student.finite import require_mean_energy
from .._base import experiments, Setting
from .._numbers import Rising
from .._units import StudyPoint, Unit, UnitContext
from .._variables import PURE
from ._teacher_student import (
    AbstractTeacherStudent,
    glauber_of,
    require_burn,
    require_examples,
    Teacher,
    teacher_of,
)


CURVE_POINTS = 101  # places of a drawn curve
THEORY_VARIABLES = (
    *("overlap_theory", "overlap_effective", "energy_theory", "twin_theory"),
    *("mpm_theory", "mpm_peak"),
)
Places = Float[np.ndarray, "curve place"]


class Grid(NamedTuple):
    """The temperatures and loads at which students are sampled."""

    temperatures: Float[np.ndarray, " place"]
    sources: Float[np.ndarray, " place"]  # the teacher's temperatures
    loads: Places

    @property
    def strengths(self) -> Places:
        """c = alpha / T^2."""
        return self.loads / self.temperatures**2


class Solved(NamedTuple):
    """The ordered state of theory at every place."""

    overlap: Places
    effective: Places  # at c_eff
    energy: Places  # per spin, in the mean over data
    twin: Places  # q; on the line it is q*
    mpm: Places  # overlap of the signs of the mean, off the line


@experiments.register("overlap_landscape")
class OverlapLandscape(AbstractTeacherStudent):
    r"""$q^*(T)$ at constant load $\alpha$ or strength $c = \alpha/T^2$, beside theory.

    One curve for each of `loads`, or of `strengths`, over the `temperatures` (by
    default the student's alone). The teacher has the temperature of the student, on the
    Nishimori line, unless `teacher_temperature` is given: then `strengths` are
    $\alpha/T_s^2$, and one set of examples serves all temperatures of a curve. Starts
    are the probes, in pairs, and the first `burn` sweeps are discarded. `overlap`
    $= q^*$ (for even n $|q^*|$), `twin` $= q_{12}$, `energy` $= \langle H\rangle/N$ and
    its exact mean over data, `excess` its difference from the pattern's own energy (0
    in the mean on the line). `controlled` is $q^*$ with this energy as a control
    variate, `learnt` is true where $q^*$ > 1/2. Theory is replica-symmetric, at c and,
    on the line, at the $c_{eff} = R_N c$ of N spins. `basin`: see `patterns.examples`;
    near T_eR the "full" law includes a few prototypes of the pattern. [TT24 fig. 4;
    THEORY 3.2, TRAP 3, TS-11, TS-12, TS-13, TS-16]
    """

    plots: ClassVar[tuple[str, ...]] = ("overlap_landscape",)

    loads: Rising[float] | None = None
    strengths: Rising[float] | None = None
    temperatures: Rising[float] | None = None
    teacher_temperature: float | None = Field(None, gt=0)
    burn: int = Field(500, ge=0)
    basin: Literal["full", "misaligned"] = "misaligned"

    @model_validator(mode="after")
    def _has_curves(self) -> "OverlapLandscape":
        if (self.loads is None) == (self.strengths is None):
            raise ValueError("give loads or strengths, and not both")
        return self

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        teacher = teacher_of(setting)
        if teacher.n < 3:
            raise ValueError(
                'The experiment "overlap_landscape" has its theory for n >= 3, got '
                f"n = {teacher.n}."
            )
        require_burn(setting, "overlap_landscape", self.burn)
        if len(setting.probes.values) % 2:
            raise ValueError(
                'The experiment "overlap_landscape" takes its starts in pairs, got '
                f"{len(setting.probes.values)} probes; set probes.repeats = 2."
            )
        grid = self.grid(setting)
        for load in (float(np.min(grid.loads)), float(np.max(grid.loads))):
            for T in (float(np.min(grid.sources)), float(np.max(grid.sources))):
                require_examples(teacher, load, T, self.basin)
                require_mean_energy(teacher.n, teacher.features, T)
        for T in grid.temperatures.tolist():
            dataclasses.replace(glauber_of(setting), temperature=T)

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        measured = super().perform(setting, unit, context)
        # the theory is the same for every set of data
        return measured if unit.set else {**measured, **self.known(setting)}

    def joined(self, point: StudyPoint, found: Mapping[Unit, Variables]) -> Dataset:
        data = super().joined(point, found)
        # checks compare it with every set
        beside = {
            name: data[name].expand_dims(draw=data["draw"]).transpose(..., "draw")
            for name in THEORY_VARIABLES
            if name in data
        }
        return _controlled(data.assign(beside))

    def measure(self, setting: Setting) -> Variables:
        teacher, grid = teacher_of(setting), self.grid(setting)
        shape = (*grid.loads.shape, 1)
        q, twin, energy, own = (np.zeros(shape) for _ in range(4))
        counts, system = np.zeros(grid.loads.shape, int), None
        for i, k in np.ndindex(grid.loads.shape):
            load, T = float(grid.loads[i, k]), float(grid.temperatures[k])
            counts[i, k] = example_count(load, teacher.n, teacher.features)
            if system is None or k == 0 or self.teacher_temperature is None:
                draw, source = setting.stream.child("examples", i, k), grid.sources[k]
                system = teacher.system(
                    teacher.examples(draw, int(counts[i, k]), float(source), self.basin)
                )
            seen = sample(
                system,
                dataclasses.replace(glauber_of(setting), temperature=T),
                setting.probes.values,
                sweeps=int(setting.run.duration),
                burn=self.burn,
                key=setting.stream.child("sweeps", i, k),
                references=teacher.pattern[None],
            )
            odd = teacher.n % 2  # else the data do not determine the sign
            pairs = seen.twin if odd else np.abs(seen.twins[:, self.burn :])
            q[i, k] = np.mean(seen.overlap if odd else seen.unsigned)
            twin[i, k] = np.mean(pairs)
            energy[i, k] = np.mean(seen.energy) / teacher.features
            own[i, k] = _energy(system, teacher) / teacher.features
        places, each = ("curve", "place"), ("curve", "place", "draw")
        return {
            "overlap": (each, q, PURE | {"long_name": "q*"}),
            "twin": (each, twin, PURE | {"long_name": "q_12"}),
            "energy": (each, energy, PURE | {"long_name": "<H>/N"}),
            "excess": (each, energy - own, PURE | {"long_name": "(<H> - H(xi*))/N"}),
            "learnt": (each, q > 0.5, PURE),
            "temperature": ("place", grid.temperatures, PURE),
            "teacher_temperature": ("place", grid.sources, PURE),
            "load": (places, grid.loads, PURE | {"long_name": "alpha"}),
            "strength": (places, grid.strengths, PURE | {"long_name": "c"}),
            "count": (places, counts, PURE | {"long_name": "examples M"}),
            "on_the_line": ((), self.teacher_temperature is None, PURE),
            "vertex": ((), teacher.n, PURE),
            "feature_count": ((), teacher.features, PURE),
        }

    def grid(self, setting: Setting) -> Grid:
        """The loads and temperatures at which this setting samples students."""
        T = np.array(self.temperatures or [glauber_of(setting).coldest])
        sources = np.full(len(T), self.teacher_temperature or np.nan)
        sources = np.where(np.isnan(sources), T, sources)
        if self.loads is not None:
            return Grid(T, sources, np.outer(self.loads, np.ones(len(T))))
        return Grid(T, sources, np.outer(self.strengths or [], sources**2))

    def known(self, setting: Setting) -> Variables:
        """The replica-symmetric theory at every place and on a finer grid."""
        teacher, grid = teacher_of(setting), self.grid(setting)
        fine, line = self._fine(grid), self.teacher_temperature is None
        at, between = self._solved(teacher, grid), self._solved(teacher, fine)
        drawn = (between.overlap, between.effective, between.twin, between.mpm)
        several = len(grid.temperatures) > 1
        along = fine.temperatures
        if not several:  # of one temperature: along the strengths
            along, drawn = fine.strengths[:, 0], tuple(x.T for x in drawn)
        places, branches = ("curve", "place"), ("branch", "fine")
        found = {
            "overlap_theory": (places, at.overlap, PURE | {"long_name": "q* at c"}),
            "overlap_effective": (places, at.effective, PURE | {"long_name": "c_eff"}),
            "energy_theory": (places, at.energy, PURE | {"long_name": "mean <H>/N"}),
            "alignment_temperature": ((), theory.alignment_temperature(teacher.n)),
            "along": ((), "temperature" if several else "strength"),
            "fine": ("fine", along, PURE),
            "fine_overlap": (branches, drawn[0], PURE),
            "fine_effective": (branches, drawn[1], PURE),
        }
        if not line:
            found |= {
                "twin_theory": (places, at.twin, PURE | {"long_name": "q_12"}),
                "fine_twin": (branches, drawn[2], PURE),
                "mpm_theory": (places, at.mpm, PURE | {"long_name": "MPM overlap"}),
                "mpm_peak": ("curve", self._peaks(teacher, grid), PURE),
                "fine_mpm": (branches, drawn[3], PURE),
            }
        return found

    def _fine(self, grid: Grid) -> Grid:
        """Many places between those of the grid: temperatures, or strengths of one."""
        T = grid.temperatures
        if len(T) == 1:
            few = grid.loads[:, 0]
            low = 0.7 * few[0] if len(few) == 1 else few[0]
            return Grid(
                T, grid.sources, np.linspace(low, few[-1], CURVE_POINTS)[:, None]
            )
        fine = np.linspace(T[0], T[-1], CURVE_POINTS)
        sources = fine
        if self.teacher_temperature is not None:
            sources = np.full(CURVE_POINTS, self.teacher_temperature)
        if self.loads is not None:
            return Grid(fine, sources, np.outer(self.loads, np.ones(CURVE_POINTS)))
        return Grid(fine, sources, np.outer(self.strengths or [], sources**2))

    def _solved(self, teacher: Teacher, grid: Grid) -> Solved:
        """The ordered state at c and, on the line, at c_eff, with its energy."""
        n, size, form = teacher.n, teacher.features, teacher.hamiltonian
        if self.teacher_temperature is None:
            known = (n, size)
            ratio, one = np.array(
                [
                    (
                        theory.signal_ratio(*known, T, form, self.basin),
                        theory.energy_per_spin(1, *known, T, form, self.basin),
                    )
                    for T in grid.temperatures.tolist()
                ]
            ).T
            at = lambda c: np.asarray(theory.nishimori_overlap(c, n, "upper", form))
            counts = np.floor(grid.loads * size ** (n - 1) / math.factorial(n))
            c, energy = grid.strengths, counts * one
            return Solved(at(c), at(c * ratio), energy, at(c), np.zeros_like(c))
        q, twin, energy, mpm = (np.zeros(grid.loads.shape) for _ in range(4))
        for place in np.ndindex(grid.loads.shape):
            T, source = float(grid.temperatures[place[1]]), float(grid.sources[0])
            found = self._saddle(teacher, float(grid.loads[place]), T, source)
            q[place], twin[place] = found.q_star, found.q
            energy[place], mpm[place] = T * found.energy, found.mpm
        return Solved(q, q, energy, twin, mpm)

    def _saddle(
        self, teacher: Teacher, load: float, T: float, source: float
    ) -> theory.SaddlePoint:
        form, beta = teacher.hamiltonian, 1 / T
        c, c_s = load * beta**2, load * beta / source
        return theory.saddle_point(teacher.n, c, c_s, hamiltonian=form)

    def _peaks(self, teacher: Teacher, grid: Grid) -> Float[np.ndarray, " curve"]:
        """The temperature at which the overlap `mpm` is largest, for each curve."""
        from scipy.optimize import minimize_scalar

        source = float(grid.sources[0])
        ends = (0.7 * source, 1.3 * source)
        found = []
        for load in grid.loads[:, 0].tolist():
            loss = lambda T, load=load: -self._saddle(teacher, load, T, source).mpm
            how = {"method": "bounded", "options": {"xatol": 1e-7}}
            peak: Any = minimize_scalar(loss, bounds=ends, **how)
            found.append(float(peak.x))
        return np.array(found)


def _energy(system: Network | Couplings, teacher: Teacher) -> float:
    """The energy H of the teacher's pattern in the student."""
    if isinstance(system, Couplings):
        return system.energy(teacher.pattern)
    return float(system.binary_energy(jnp.asarray(teacher.pattern, system.dtype)))


def _controlled(data: Dataset) -> Dataset:
    """The data with `controlled`, the overlap with the energy as a control variate.

    Also with `identity`, `overlap` less `twin`; off the Nishimori line with neither.
    """
    if not bool(np.all(data["on_the_line"])):
        return data
    off = data["energy"] - data["energy_theory"]
    free = statistics.controlled(data["overlap"].values, off.values)
    identity = (data["overlap"] - data["twin"]).assign_attrs(PURE)
    return data.assign(
        controlled=(data["overlap"].dims, free, PURE | {"long_name": "q*, controlled"}),
        identity=identity,
    )
