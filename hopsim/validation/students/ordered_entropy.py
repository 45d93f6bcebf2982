"""The entropy of a student's ordered state, by thermodynamic integration."""

import dataclasses
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ...data.patterns import example_count
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
from ...theory.teacher_student.finite import require_mean_energy
from .._base import validations


@validations.register("ordered_entropy")
class OrderedEntropy(AbstractTeacherStudent):
    r"""$s = \beta u(\beta) - \beta_1 u(\beta_1) + \int_\beta^{\beta_1} u\,d\beta'$.

    The entropy of the ordered state, per spin, from its energies alone: it vanishes in
    the frozen state at $\beta_1$ = `colder` $\beta$. Examples are drawn at the
    student's T (on the Nishimori line); the heat bath starts at the probes and is
    cooled through `nodes` inverse temperatures, Gauss-Lobatto nodes in $\log\beta'$,
    each for run.duration sweeps, the first `burn` of them discarded. `entropy` and
    `free_entropy` $f = s - \beta u$ are compared with the replica-symmetric ones at
    $c_{eff}$, for every strength $c = \alpha/T^2$. [TT24; THEORY 2.3, TS-24]
    """

    plots: ClassVar[tuple[str, ...]] = ("ordered_entropy",)

    strengths: Rising[float]
    nodes: int = Field(10, ge=3)
    colder: float = Field(16.0, gt=1)
    burn: int = Field(100, ge=0)

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        teacher = teacher_of(setting)
        if teacher.n < 3:
            raise ValueError(
                'The experiment "ordered_entropy" has its theory for n >= 3, got n = '
                f"{teacher.n}."
            )
        require_burn(setting, "ordered_entropy", self.burn)
        T = glauber_of(setting).coldest
        for strength in (self.strengths[0], self.strengths[-1]):
            require_examples(teacher, strength * T**2, T)
        require_mean_energy(teacher.n, teacher.features, T)
        dataclasses.replace(glauber_of(setting), temperature=T / self.colder)

    def measure(self, setting: Setting) -> Variables:
        teacher, T = teacher_of(setting), glauber_of(setting).coldest
        n, size = teacher.n, teacher.features
        x, weights = lobatto(self.nodes)
        half = 0.5 * np.log(self.colder)
        beta = np.exp(half * (x + 1)) / T
        energy = np.zeros((len(self.strengths), self.nodes, 1))
        for i, c in enumerate(self.strengths):
            count = example_count(c * T**2, n, size)
            data = teacher.examples(setting.stream.child("examples", i), count, T)
            system, spins = teacher.system(data), setting.probes.values
            for k, b in enumerate(beta.tolist()):
                seen = sample(
                    system,
                    dataclasses.replace(glauber_of(setting), temperature=1 / b),
                    spins,
                    sweeps=int(setting.run.duration),
                    burn=self.burn,
                    key=setting.stream.child("sweeps", i, k),
                )
                spins = seen.final
                energy[i, k] = np.mean(seen.energy) / size
        # dbeta' = beta' dlog(beta'): the measure of the nodes
        whole = half * np.einsum("k,ikd->id", weights * beta, energy)
        ends = beta[0] * energy[:, 0] - beta[-1] * energy[:, -1]
        entropy = ends + whole
        ratio = theory.signal_ratio(n, size, T, teacher.hamiltonian)
        at = ratio * np.array(self.strengths)
        solved = theory.nishimori_solution(at, n, "upper", teacher.hamiltonian)
        each = ("strength", "draw")
        return {
            "entropy": (each, entropy, PURE | {"long_name": "s, nats per spin"}),
            "free_entropy": (each, entropy - beta[0] * energy[:, 0], PURE),
            "energy": (("strength", "node", "draw"), energy, PURE),
            "beta": ("node", beta, PURE),
            "strength": ("strength", np.array(self.strengths), PURE),
            "entropy_theory": (each, np.reshape(solved.entropy, (-1, 1)), PURE),
            "free_entropy_theory": (
                each,
                np.reshape(solved.free_entropy, (-1, 1)),
                PURE,
            ),
            "feature_count": ((), size, PURE),
        }


def lobatto(
    count: int,
) -> tuple[Float[np.ndarray, " node"], Float[np.ndarray, " node"]]:
    r"""Gauss-Lobatto nodes in [-1, 1], ends included, and their weights.

    The roots of $P'_{n-1}$, with $2/(n(n-1)P_{n-1}^2)$: exact to degree 2n - 3.
    """
    last = np.polynomial.legendre.Legendre.basis(count - 1)
    x = np.concatenate([[-1.0], np.sort(last.deriv().roots().real), [1.0]])
    return x, 2 / (count * (count - 1) * last(x) ** 2)
