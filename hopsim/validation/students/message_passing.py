"""Message passing and Monte Carlo for the same posterior of a student."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from ...data.patterns import example_count
from ...dynamics.spins.couplings import Couplings
from ...dynamics.spins.sampling import sample
from ...experiments._base import Setting
from ...experiments._numbers import Rising
from ...experiments._variables import PURE
from ...experiments.students._teacher_student import (
    AbstractTeacherStudent,
    glauber_of,
    require_burn,
    require_examples,
    teacher_of,
)
from ...records import Variables
from ...theory import teacher_student as theory
from ...theory.message_passing import message_passing
from ...theory.teacher_student.finite import require_mean_energy
from .._base import validations


UNINFORMED_START = 0.05  # size of the random start


@validations.register("message_passing")
class MessagePassing(AbstractTeacherStudent):
    r"""$q^*$ of message passing and of the heat bath, on the same examples. [TS-20]

    The teacher has the student's temperature T; n = 3, distinct sites. For every
    strength $c = \alpha/T^2$: `passed` $= \xi^*\cdot m/N$ of the messages that start at
    the pattern, `passed_square` their $m\cdot m/N$ (the same on the Nishimori line),
    `sampled` $= q^*$ of the heat bath from the probes, without its first `burn` sweeps,
    `difference` of the two, `ignorant` the overlap of messages from small random
    starts, and `path` the first iterations beside state evolution (the
    replica-symmetric equations, iterated). `stopped` is false where the messages have
    not converged. [Lesieur et al. 2017; THEORY TS-20]
    """

    plots: ClassVar[tuple[str, ...]] = ("message_passing",)

    strengths: Rising[float]
    burn: int = Field(500, ge=0)
    steps: int = Field(12, ge=1)

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        teacher = teacher_of(setting)
        if teacher.n != 3 or teacher.hamiltonian != "distinct":
            raise ValueError(
                'The experiment "message_passing" passes messages of three distinct '
                f"sites, got n = {teacher.n}, {teacher.hamiltonian}; use interaction "
                'kind "distinct_polynomial" with n = 3.'
            )
        require_burn(setting, "message_passing", self.burn)
        T = glauber_of(setting).coldest
        for strength in (self.strengths[0], self.strengths[-1]):
            require_examples(teacher, strength * T**2, T)
        require_mean_energy(3, teacher.features, T)
        count = example_count(self.strengths[-1] * T**2, 3, teacher.features)
        Couplings.require(count, teacher.features)

    def measure(self, setting: Setting) -> Variables:
        teacher, T = teacher_of(setting), glauber_of(setting).coldest
        xi, size = teacher.pattern.astype(float), teacher.features
        shape = (len(self.strengths), 1)
        names = ("passed", "passed_square", "sampled", "ignorant", "iterations")
        seen = {name: np.zeros(shape) for name in names}
        stopped, path = np.zeros(shape, bool), np.ones((*shape, self.steps + 1))
        counts = np.zeros(len(self.strengths), int)
        coins = setting.stream.child("coins").generator().choice([-1, 1], size)
        for k, c in enumerate(self.strengths):
            counts[k] = example_count(c * T**2, 3, size)
            draw = setting.stream.child("examples", k)
            system = Couplings.of(teacher.examples(draw, int(counts[k]), T))
            known = message_passing(system.tensor, T, xi)
            blind = message_passing(system.tensor, T, UNINFORMED_START * coins)
            sampled = sample(
                system,
                glauber_of(setting),
                setting.probes.values,
                sweeps=int(setting.run.duration),
                burn=self.burn,
                key=setting.stream.child("sweeps", k),
                references=teacher.pattern[None],
            )
            seen["passed"][k] = xi @ known.mean / size
            seen["passed_square"][k] = np.mean(known.mean**2)
            seen["sampled"][k] = np.mean(sampled.overlap)
            seen["ignorant"][k] = abs(xi @ blind.mean) / size
            seen["iterations"][k] = known.iterations
            stopped[k] = known.converged and blind.converged
            made = (known.path @ xi / size)[: self.steps + 1]
            path[k, 0, : len(made)], path[k, 0, len(made) :] = made, made[-1]
        each, grid = ("strength", "draw"), ("strength", "step")
        evolved = [
            theory.state_evolution(1.0, c, 3, self.steps) for c in self.strengths
        ]
        found = {name: (each, values, PURE) for name, values in seen.items()}
        return found | {
            "difference": (each, seen["passed"] - seen["sampled"], PURE),
            "stopped": (each, stopped, PURE),
            "path": (("strength", "draw", "step"), path, PURE),
            "iteration": ("step", np.arange(self.steps + 1), PURE),
            "evolution": (grid, np.array(evolved), PURE),
            "overlap_effective": (each, self._effective(size, T), PURE),
            "strength": ("strength", np.array(self.strengths), PURE),
            "count": ("strength", counts, PURE | {"long_name": "examples M"}),
            "feature_count": ((), size, PURE),
            "temperature": ((), T, PURE),
        }

    def _effective(self, size: int, T: float) -> np.ndarray:
        """q* of the replica-symmetric theory at c_eff."""
        ratio = theory.signal_ratio(3, size, T)
        q = theory.nishimori_overlap(ratio * np.array(self.strengths), 3)
        return np.reshape(q, (-1, 1))
