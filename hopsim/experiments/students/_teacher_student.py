"""Teacher and student: examples drawn from a pattern, and networks made of them.

The scenario's network is the teacher, one memory under its interaction; the examples
are drawn from it exactly, and the student is the network whose memories they are, under
the scenario's `Glauber` dynamics.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int8
from pydantic import Field

from ..._common.cores import require_room
from ..._common.streams import Stream
from ...data import patterns
from ...dynamics import expected, Glauber
from ...dynamics.spins._starts import check_starts
from ...dynamics.spins.couplings import Couplings
from ...dynamics.spins.exact_decisions import are_spins
from ...dynamics.spins.students import student
from ...lagrangians import DistinctPolynomial, Polynomial
from ...network import Network
from ...theory.teacher_student import Basin, Hamiltonian
from ...theory.teacher_student.finite import require_law
from .._base import Setting
from .._ensemble import AbstractEnsemble


class Teacher(NamedTuple):
    """The pattern that examples are drawn from, and its energy."""

    pattern: Int8[np.ndarray, " feature"]
    n: int
    hamiltonian: Hamiltonian

    @property
    def features(self) -> int:
        """The number of spins, N."""
        return len(self.pattern)

    def examples(
        self,
        stream: Stream,
        count: int,
        temperature: float,
        basin: Basin = "full",
        cut: float | None = None,
    ) -> Int8[np.ndarray, "memory feature"]:
        """Independent exact samples at the teacher's temperature (no Markov chain)."""
        return patterns.examples(
            stream, self.pattern, count, temperature, self.n, self.hamiltonian,
            basin, cut,
        )  # fmt: skip

    def student(self, examples: Int8[np.ndarray, "memory feature"]) -> Network:
        """The network whose memories are the examples, with the teacher's energy."""
        return student(examples, self.n, self.hamiltonian)

    def system(
        self, examples: Int8[np.ndarray, "memory feature"]
    ) -> Network | Couplings:
        """The student; as `Couplings` if n = 3 and integers of 32 bits hold these."""
        if self.n == 3 and Couplings.hold(*examples.shape):
            return Couplings.of(examples, self.hamiltonian)
        return self.student(examples)


class AbstractTeacherStudent(AbstractEnsemble):
    """An ensemble of independent sets of examples, the unit of replication.

    To add one: set `row` and `plots`, and implement `measure` for one set of data, with
    random numbers from `setting.stream`.
    """

    row = "draw"

    sets: int = Field(8, ge=1)

    def validate_setting(self, setting: Setting) -> None:
        teacher_of(setting)
        bath = glauber_of(setting)
        if bath.annealed_from is not None or bath.hottest is not None:
            raise ValueError(
                "A study of students sets its temperatures itself; leave annealed_from "
                "and hottest out of [dynamics]."
            )
        if setting.run.clamped != "none":
            raise ValueError("A student's spins are all free; leave run.clamped out.")


def teacher_of(setting: Setting) -> Teacher:
    """The teacher of a setting; raises ValueError if the network is not one."""
    network = setting.network
    layer = network.memory_lagrangian.unwrapped().lagrangian
    spins = are_spins(network.memories)
    form = "distinct" if isinstance(layer, DistinctPolynomial) else "power"
    known = isinstance(layer, DistinctPolynomial | Polynomial) and layer.n >= 2
    if network.count != 1 or not spins or not known:
        raise ValueError(
            "The network of a teacher is one memory of +1 and -1 whose interaction is "
            f'"distinct_polynomial" or "polynomial" with n >= 2, got {network.count} '
            f"memories under {layer}; set network.memories.count = 1."
        )
    currents = (network.current, network.hidden_current)
    if network.autapse is not None or any(np.any(np.asarray(x)) for x in currents):
        raise ValueError(
            "Teacher and student have no currents and no autapse; leave them out of "
            "[network]."
        )
    pattern = np.asarray(network.memories)[0].astype(np.int8)
    return Teacher(pattern, layer.n, form)


def require_examples(
    teacher: Teacher, load: float, temperature: float, basin: Basin = "full"
) -> None:
    """Raises ValueError where examples of a load cannot be drawn at a temperature."""
    count = patterns.example_count(load, teacher.n, teacher.features)
    what = f"{count:,} examples of {teacher.features} features"
    require_room(float(count) * teacher.features / 4, what)
    require_law(teacher.n, teacher.features, temperature, teacher.hamiltonian, basin)


def glauber_of(setting: Setting) -> Glauber:
    """The heat bath of the setting; raises ValueError for other dynamics."""
    return expected(setting.dynamics, Glauber, "students")


def require_burn(setting: Setting, kind: str, burn: int) -> None:
    """Raises ValueError unless sweeps are left when the first `burn` are left out.

    The probes, from which students start, must be spins.
    """
    check_starts(setting.network.features, setting.probes.values, None)
    if burn >= int(setting.run.duration):
        raise ValueError(
            f'The experiment "{kind}" discards the first burn sweeps, got {burn} of '
            f"{setting.run.duration:g}; raise run.duration."
        )
