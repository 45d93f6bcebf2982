"""Prototypes: learning from a few examples of an aligned teacher."""

import dataclasses
import itertools
import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from ..._common.cores import require_room
from ...dynamics.spins import sampling
from ...records import Variables
from ...theory import teacher_student
from ...theory.teacher_student._vertex import check_vertex
from ...theory.teacher_student.finite import require_law
from .._base import experiments, Setting
from .._numbers import Rising
from .._variables import PURE
from ._teacher_student import AbstractTeacherStudent, glauber_of, teacher_of


MOST_READINGS = 12  # examples for which all 2^M values of a site are summed


@experiments.register("prototype_learning", formerly=("prototypes",))
class PrototypeLearning(AbstractTeacherStudent):
    r"""$q^*(M) = E\tanh(h\sum_a s_a)$, $\tanh h = m_t$, from M prototypes.

    Below $T_{eR}$ every example has the overlap $m_t$ with the pattern and is a
    prototype of it; the student's pattern is what they have in common, and nearly exact
    after a few. `overlap` is that of students that start at the probes, `unsigned` that
    of $|q^*|$, for even n, where each example has a sign of its own; `example` is the
    mean $|m|$ of the examples. `bayes_difference` is the distance of `theory` from the
    overlap by the posterior of one site, summed over all $2^M$ values in the examples.
    [THEORY 2.4, R8, TS-15]
    """

    plots: ClassVar[tuple[str, ...]] = ("prototype_learning",)

    counts: Rising[int] = Field([1, 2, 3, 5])
    temperatures: Rising[float]
    burn: int = Field(0, ge=0)

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        setting.may_sample(max(1, int(setting.run.duration)), self.burn)
        teacher = teacher_of(setting)
        check_vertex(teacher.n)
        highest = teacher_student.alignment_temperature(teacher.n)
        if self.temperatures[-1] >= highest:
            raise ValueError(
                f"A teacher is aligned below T_eR = {highest:.6g}, got temperature "
                f"{self.temperatures[-1]}; lower it."
            )
        most = self.counts[-1]
        what = f"experiment.counts: {most:,} examples"
        require_room(float(most) * teacher.features, what)
        for T in self.temperatures:
            require_law(teacher.n, teacher.features, T, teacher.hamiltonian)
            dataclasses.replace(glauber_of(setting), temperature=T)

    def measure(self, setting: Setting) -> Variables:
        teacher, bath = teacher_of(setting), setting.dynamics
        shape = (len(self.temperatures), len(self.counts))
        names = ("overlap", "unsigned", "example", "theory", "bayes_difference")
        seen = {name: np.empty((*shape, 1)) for name in names}
        for i, temperature in enumerate(self.temperatures):
            there: Any = dataclasses.replace(bath, temperature=temperature)
            for k, count in enumerate(self.counts):
                stream = setting.stream.child(f"{temperature}", count)
                data = teacher.examples(stream.child("examples"), count, temperature)
                found = sampling.sample(
                    teacher.student(data),
                    there,
                    setting.probes.values,
                    sweeps=max(1, int(setting.run.duration)),
                    burn=self.burn,
                    key=stream.child("sweeps"),
                    references=teacher.pattern[None],
                )
                agree = data @ teacher.pattern.astype(float) / teacher.features
                theory = teacher_student.aligned_overlap(count, temperature, teacher.n)
                values = (
                    np.mean(found.overlap),
                    np.mean(found.unsigned),
                    np.mean(np.abs(agree)),
                    theory,
                    abs(theory - _bayes(count, temperature, teacher.n)),
                )
                for name, value in zip(names, values, strict=True):
                    seen[name][i, k] = value
        where = ("temperature", "count", "draw")
        aligned = [teacher_student.alignment(t, teacher.n) for t in self.temperatures]
        many = np.arange(1, self.counts[-1] + 1)
        line = [
            [teacher_student.aligned_overlap(int(m), t, teacher.n) for m in many]
            for t in self.temperatures
        ]
        return {k: (where, x, PURE) for k, x in seen.items()} | {
            "temperature": ("temperature", np.array(self.temperatures), PURE),
            "count": ("count", np.array(self.counts), PURE | {"long_name": "M"}),
            "alignment": (
                ("temperature", "draw"),
                np.array(aligned)[:, None],
                PURE | {"long_name": "m_t"},
            ),
            "line_count": ("line", many, PURE),
            "line_theory": (("temperature", "line"), np.array(line), PURE),
            "vertex": ((), teacher.n, PURE),
            "features": ((), teacher.features, PURE),
        }


def _bayes(count: int, temperature: float, n: int) -> float:
    """The same overlap by the posterior of one site, summed over its 2^M values.

    NaN for more than `MOST_READINGS` examples.
    """
    right = (1 + teacher_student.alignment(temperature, n)) / 2
    total = 0.0
    for up in itertools.product((True, False), repeat=min(count, MOST_READINGS)):
        if_plus = math.prod(right if x else 1 - right for x in up)
        if_minus = math.prod(1 - right if x else right for x in up)
        if if_plus:  # values of probability 0 add nothing
            total += if_plus * (if_plus - if_minus) / (if_plus + if_minus)
    return total if count <= MOST_READINGS else math.nan
