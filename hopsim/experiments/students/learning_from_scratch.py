"""Learning from scratch: random starts that find the teacher's pattern."""

import dataclasses
import functools as ft
from typing import ClassVar, get_args, Literal

import numpy as np
from pydantic import Field

from ...data.patterns import example_count
from ...dynamics import Glauber
from ...dynamics.spins.sampling import sample
from ...records import Variables
from ...theory import teacher_student as theory
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


Protocol = Literal["fixed", "annealed", "tempered"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
STATE_EVOLUTION_STEPS = 1000  # many, since it is slow near the barrier
BARRIER_OFFSET = 0.02  # relative distance of its starts from the barrier


@experiments.register("learning_from_scratch")
class LearningFromScratch(AbstractTeacherStudent):
    r"""The share of random starts with $q^* > 1/2$ at the end: the hard phase. [TT24]

    For every strength $c = \alpha/T^2$ the paramagnet is locally stable (n >= 3,
    distinct sites): a start below the barrier $q_b \gg 1/\sqrt N$ does not reach the
    pattern, except by chance at small N. Teacher and student have the temperature T of
    the dynamics, patterns are the first N spins of the network's. Each start makes
    run.duration sweeps: "fixed" at T, "annealed" from `hot` T down to T in nine tenths
    of them, "tempered" with `replicas` replicas between T and `hottest` T. `overlap` is
    the mean of $q^*$ (for even n of $|q^*|$) over the last tenth, `success` is true
    where it exceeds 1/2. `evolved` is the end of state evolution
    $q \leftarrow Q(c\zeta'(q))$ from 2 % below and above $q_b$. [THEORY 3.2, TS-19, R9]
    """

    plots: ClassVar[tuple[str, ...]] = ("learning_from_scratch",)

    features: Rising[int]
    strengths: Rising[float]
    protocols: list[Protocol] = Field(list(PROTOCOLS), min_length=1)
    hot: float = Field(3.0, gt=1)
    hottest: float = Field(2.2, gt=1)
    replicas: int = Field(10, ge=2)

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        teacher = teacher_of(setting)
        if self.features[-1] > teacher.features or teacher.n < 3:
            raise ValueError(
                'The experiment "learning_from_scratch" needs a teacher of n >= 3 and '
                f"{self.features[-1]} features or more, got n = {teacher.n} and "
                f"{teacher.features}."
            )
        if setting.run.duration < 10:
            raise ValueError(
                'The experiment "learning_from_scratch" looks at the last tenth of its '
                f"sweeps, got run.duration = {setting.run.duration:g}; make it 10 or "
                "more."
            )
        setting.may_sample(int(setting.run.duration))
        lowest = self.strengths[0]
        barrier = theory.nishimori_overlap(
            lowest, teacher.n, "lower", teacher.hamiltonian
        )
        if np.isnan(barrier):
            raise ValueError(
                'The experiment "learning_from_scratch" is about the barrier of the '
                f"theory, and there is none at strength {lowest:g}; take distinct "
                "sites and strengths above c_d = "
                f"{theory.nishimori_boundaries(teacher.n)[0]:.4g}."
            )
        bath = glauber_of(setting)
        ends = (lowest, self.features[0]), (self.strengths[-1], self.features[-1])
        for strength, size in ends:
            own = teacher._replace(pattern=teacher.pattern[:size])
            require_examples(own, strength * bath.coldest**2, bath.coldest)
        for protocol in self.protocols:
            self.bath(protocol, bath, int(setting.run.duration))

    def measure(self, setting: Setting) -> Variables:
        whole, T = teacher_of(setting), glauber_of(setting).coldest
        sweeps = int(setting.run.duration)
        shape = (len(self.protocols), len(self.features), len(self.strengths))
        overlap = np.zeros((*shape, len(setting.probes.values)))
        counts = np.zeros(shape[1:], int)
        for i, k in np.ndindex(shape[1:]):
            size = self.features[i]
            teacher = whole._replace(pattern=whole.pattern[:size])
            load = self.strengths[k] * T**2
            counts[i, k] = count = example_count(load, whole.n, size)
            draw = setting.stream.child("examples", size)
            system = teacher.system(teacher.examples(draw, count, T))
            for p, protocol in enumerate(self.protocols):
                seen = sample(
                    system,
                    self.bath(protocol, glauber_of(setting), sweeps),
                    setting.probes.values[:, :size],
                    sweeps=sweeps,
                    burn=sweeps - sweeps // 10,
                    key=setting.stream.child("sweeps", protocol, size, k),
                    references=teacher.pattern[None],
                )
                found = seen.overlap if teacher.n % 2 else seen.unsigned
                overlap[p, i, k] = found[:, 0]
        each = ("protocol", "size", "strength", "draw")
        names = np.array(self.protocols)
        return (
            {name: ("protocol", names == name, PURE) for name in PROTOCOLS}
            | {
                "overlap": (each, overlap, PURE | {"long_name": "q* at the end"}),
                "success": (each, overlap > 0.5, PURE),
                "protocol_name": ("protocol", names),
                "above": ("side", np.array([False, True]), PURE),
                "features": ("size", np.array(self.features), PURE),
                "strength": ("strength", np.array(self.strengths), PURE),
                "count": (
                    ("size", "strength"),
                    counts,
                    PURE | {"long_name": "examples M"},
                ),
                "vertex": ((), whole.n, PURE),
                "temperature": ((), T, PURE),
                "sweeps": ((), sweeps, PURE),
            }
            | self._evolution(whole, overlap.shape[-1])
        )

    def bath(self, protocol: Protocol, base: Glauber, sweeps: int) -> Glauber:
        """The heat bath of a protocol: at T in the last tenth of the sweeps."""
        T = base.coldest
        if protocol == "annealed":
            cooling = sweeps - sweeps // 10
            return dataclasses.replace(
                base, annealed_from=self.hot * T, cooling=cooling
            )
        if protocol == "tempered":
            return dataclasses.replace(
                base, hottest=self.hottest * T, replicas=self.replicas
            )
        return base

    def _evolution(self, teacher: Teacher, draws: int) -> dict:
        """State evolution from both sides of the barrier, the same for every set."""
        ends, barriers, solved = [], [], []
        for c in self.strengths:
            form = teacher.hamiltonian
            barrier = float(theory.nishimori_overlap(c, teacher.n, "lower", form))
            sides = [barrier * (1 - BARRIER_OFFSET), barrier * (1 + BARRIER_OFFSET)]
            ends.append([_evolved(q, c, teacher.n, form) for q in sides])
            barriers.append(barrier)
            solved.append(theory.nishimori_overlap(c, teacher.n, "upper", form))
        alike = lambda x: np.repeat(np.array(x)[..., None], draws, axis=-1)
        grid, line = ("strength", "side", "draw"), ("strength", "draw")
        return {
            "evolved": (grid, alike(ends), PURE | {"long_name": "end of evolution"}),
            "barrier": (line, alike(barriers), PURE | {"long_name": "q_b"}),
            "overlap_theory": (line, alike(solved), PURE | {"long_name": "q*"}),
        }


@ft.cache
def _evolved(q: float, c: float, n: int, form: theory.Hamiltonian) -> float:
    """The overlap at the end of state evolution."""
    path = theory.state_evolution(q, c, n, STATE_EVOLUTION_STEPS, hamiltonian=form)
    return float(path[-1])
