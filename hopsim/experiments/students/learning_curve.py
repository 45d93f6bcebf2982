"""Learning curves: overlap of students with the pattern, against the load."""

import functools as ft
import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from ...data import patterns
from ...dynamics.spins import sampling
from ...records import Variables
from ...theory import teacher_student
from ...theory.teacher_student import Basin, Hamiltonian
from ...theory.teacher_student.finite import require_mean_energy
from .._base import experiments, Setting
from .._numbers import Rising
from .._variables import PURE
from ._teacher_student import (
    AbstractTeacherStudent,
    glauber_of,
    require_examples,
    Teacher,
    teacher_of,
)


@experiments.register("learning_curve")
class LearningCurve(AbstractTeacherStudent):
    r"""$q^* = \xi^*\cdot\xi/N$ of students against the load $\alpha = M n!/N^{n-1}$.

    Teacher and student have the same energy function and the same temperature, that of
    the dynamics. `overlap` is the mean over the probes (the starts) and the sweeps
    after `burn`, `unsigned` that of $|q^*|$, the meaningful one for even n. `theory` is
    the replica-symmetric solution of largest overlap at $c = \alpha/T^2$,
    `theory_finite` the same at $c_{eff} = R_N c$; with the full power every start
    reaches it for n = 3, 4, 5, with distinct sites only those near the pattern do. For
    n = 2 theory depends on M/N instead. `threshold` is the M/N (n = 2) or c above which
    it is not 0. [TT24; THEORY 2.3, 2.6, TRAP 1, TS-17, TS-18]
    """

    plots: ClassVar[tuple[str, ...]] = ("learning_curve",)

    loads: Rising[float]
    burn: int = Field(0, ge=0)
    basin: Basin = "full"
    curve: int = Field(120, ge=2)  # points of the line of theory

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        setting.may_sample(max(1, int(setting.run.duration)), self.burn)
        teacher, T = teacher_of(setting), glauber_of(setting).coldest
        for load in (self.loads[0], self.loads[-1]):
            require_examples(teacher, load, T, self.basin)
        require_mean_energy(teacher.n, teacher.features, T)
        if teacher.n == 2:
            teacher_student.quadratic_threshold(T)

    def measure(self, setting: Setting) -> Variables:
        teacher = teacher_of(setting)
        bath: Any = setting.dynamics
        temperature = float(bath.temperature)
        counts = [
            patterns.example_count(load, teacher.n, teacher.features)
            for load in self.loads
        ]
        stream = setting.stream
        shape = (len(counts), 1)
        seen = {name: np.empty(shape) for name in ("overlap", "unsigned", "energy")}
        for k, count in enumerate(counts):
            data = teacher.examples(
                stream.child("examples", count), count, temperature, self.basin
            )
            found = sampling.sample(
                teacher.system(data),
                bath,
                setting.probes.values,
                sweeps=max(1, int(setting.run.duration)),
                burn=self.burn,
                key=stream.child("sweeps", count),
                references=teacher.pattern[None],
            )
            seen["overlap"][k] = np.mean(found.overlap)
            seen["unsigned"][k] = np.mean(found.unsigned)
            seen["energy"][k] = np.mean(found.energy) / teacher.features
        unit = math.factorial(teacher.n) / teacher.features ** (teacher.n - 1)
        c = np.array(counts) * unit / temperature**2
        ratio = teacher_student.signal_ratio(
            teacher.n, teacher.features, temperature, teacher.hamiltonian, self.basin
        )
        if teacher.n == 2:  # relative to infinitely many spins: 1/(1 - 2/T)
            ratio *= 1 - 2 / temperature
        line = np.linspace(0, 1.1 * c[-1], self.curve + 1)[1:]
        of = lambda c: _theory(teacher, temperature, c)
        row = lambda x: (("load", "draw"), np.asarray(x, float)[:, None], PURE)
        measured = {k: (("load", "draw"), x, PURE) for k, x in seen.items()}
        return measured | {
            "load": ("load", np.array(self.loads), PURE),
            "count": ("load", np.array(counts), PURE | {"long_name": "examples M"}),
            "c": ("load", c, PURE | {"long_name": "alpha / T^2"}),
            "theory": row(of(c)),
            "theory_finite": row(of(ratio * c)),
            "line_c": ("line", line, PURE),
            "line_theory": ("line", of(line), PURE),
            "line_finite": ("line", of(ratio * line), PURE),
            "ratio": ("load", np.array(counts) / teacher.features, PURE),
            "threshold": ("draw", np.array([_threshold(teacher, temperature)]), PURE),
            "signal_ratio": ((), ratio, PURE),
            "vertex": ((), teacher.n, PURE),
            "features": ((), teacher.features, PURE),
            "temperature": ((), temperature, PURE),
            "hamiltonian": ((), teacher.hamiltonian),
            "start_overlap": (
                (),
                float(np.mean(setting.probes.values @ teacher.pattern))
                / teacher.features,
                PURE,
            ),
        }


def _theory(teacher: Teacher, temperature: float, c: np.ndarray) -> np.ndarray:
    law = (teacher.n, teacher.hamiltonian, temperature)
    return np.array(_solved(*law, tuple(c.tolist())))


@ft.lru_cache(maxsize=64)  # the same for every set of data
def _solved(
    n: int, hamiltonian: Hamiltonian, temperature: float, c: tuple[float, ...]
) -> tuple[float, ...]:
    if n == 2:  # c = 2 (M/N) / T^2
        of = teacher_student.quadratic_overlap
        return tuple(of(x * temperature**2 / 2, temperature) for x in c)
    found = teacher_student.nishimori_overlap(np.array(c), n, "upper", hamiltonian)
    return tuple(np.asarray(found).tolist())


def _threshold(teacher: Teacher, temperature: float) -> float:
    if teacher.n == 2:
        return teacher_student.quadratic_threshold(temperature)
    return teacher_student.nishimori_boundaries(teacher.n, teacher.hamiltonian)[0]
