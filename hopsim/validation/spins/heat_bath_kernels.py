"""The engines of the heat bath against each other, and against explicit sums."""

import itertools
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from ..._common.cores import require_room
from ...dynamics.spins.couplings import Couplings
from ...dynamics.spins.sampling import sample
from ...experiments._base import Setting
from ...experiments._variables import PURE
from ...experiments.students._teacher_student import (
    AbstractTeacherStudent,
    glauber_of,
    teacher_of,
)
from ...records import Variables
from ...theory.teacher_student.finite import require_law
from .._base import validations


KERNELS = ("couplings", "examples", "lanes")  # engines, by their names in a record
ENGINES: dict[str, Any] = {k: "lockstep" if k == "lanes" else k for k in KERNELS}
WRITTEN_OUT_SITES = 12  # of the explicit sums


@validations.register("heat_bath_kernels")
class HeatBathKernels(AbstractTeacherStudent):
    r"""$K_{ijk} = \sum_a\sigma_i^a\sigma_j^a\sigma_k^a$ against the examples. [TS-10]

    The same student of n = 3 is swept with the same random numbers by three engines:
    with the sums over its examples (`couplings`), with the inputs of its examples
    (`examples`), and with all starts in lockstep (`lanes`). `spins_differ` counts spins
    that differ from those of the first engine after any sweep, `energy_differs`
    energies that do, as integers in units of $n!/N^{n-1}$; `energy_drift` is the error
    of the energy updated with every flip against one computed at the end. `written_out`
    compares energies of the first 12 sites with sums over all triples and examples by
    itertools, in those units.
    """

    plots: ClassVar[tuple[str, ...]] = ("heat_bath_kernels",)

    count: int = Field(2304, ge=1)  # examples
    teacher_temperature: float = Field(2.0, gt=0)

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        if teacher_of(setting).n != 3:
            raise ValueError(
                "Kernels are compared for n = 3, the only one that all of them have, "
                f"got n = {teacher_of(setting).n}."
            )
        setting.may_sample(int(setting.run.duration))
        teacher = teacher_of(setting)
        what = f"experiment.count: {self.count:,} examples"
        require_room(float(self.count) * teacher.features / 4, what)
        T = self.teacher_temperature
        require_law(3, teacher.features, T, teacher.hamiltonian)
        Couplings.require(self.count, teacher.features)

    def measure(self, setting: Setting) -> Variables:
        teacher, sweeps = teacher_of(setting), int(setting.run.duration)
        data = setting.stream.child("examples")
        examples = teacher.examples(data, self.count, self.teacher_temperature)
        network, starts = teacher.student(examples), setting.probes.values
        couplings = Couplings.of(examples, teacher.hamiltonian)
        sites = np.eye(teacher.features)
        # overlaps with single sites: the spins themselves, after every sweep
        found = [
            sample(
                network, glauber_of(setting), starts, sweeps=sweeps, references=sites,
                key=setting.stream.child("visits"), engine=ENGINES[kernel],
            )
            for kernel in KERNELS
        ]  # fmt: skip
        unit = 0.5 * couplings.unit
        whole = np.stack([np.rint(x.energies / unit) for x in found])
        spins = np.stack([np.rint(x.overlaps * teacher.features) for x in found])
        anew = np.array([couplings.energy(s) for s in found[0].final]) / unit
        path = -found[0].energies[0] / teacher.features
        seen = lambda k: np.sum(spins[k] != spins[0])
        others = range(1, len(KERNELS))
        return {
            "spins_differ": (("other", "draw"), [[seen(k)] for k in others], PURE),
            "energy_differs": (
                ("other", "draw"),
                [[np.sum(whole[k] != whole[0])] for k in others],
                PURE,
            ),
            "energy_drift": ("draw", [np.max(np.abs(anew - whole[0, :, -1]))], PURE),
            "written_out": ("draw", [_written_out(examples, teacher)], PURE),
            "flips": ("draw", [int(np.sum(found[0].flips))], PURE),
            "kernel": ("other", list(KERNELS[1:])),
            "path": (("draw", "sweep"), path[None], PURE | {"long_name": "-E/N"}),
            "path_of_examples": (
                ("draw", "sweep"),
                -found[1].energies[:1] / teacher.features,
                PURE,
            ),
        }


def _written_out(examples: np.ndarray, teacher) -> float:
    """The largest difference from explicit sums over triples of the first sites."""
    few = np.ascontiguousarray(examples[:, :WRITTEN_OUT_SITES])
    couplings = Couplings.of(few, teacher.hamiltonian)
    wide, worst = few.astype(np.int64), 0.0
    for k in range(0, len(few), max(1, len(few) // 8)):
        s = few[k]
        triples = itertools.combinations(range(few.shape[1]), 3)
        if teacher.hamiltonian == "power":  # all coincidences, in units of 1/N^2
            total = sum(int(x) ** 3 for x in wide @ s.astype(np.int64))
        else:
            total = sum(
                int(np.prod(s[list(t)], dtype=np.int64))
                * int(np.sum(np.prod(wide[:, t], axis=1)))
                for t in triples
            )
        mine = -couplings.energy(s) / (0.5 * couplings.unit)
        given = 2 * total if teacher.hamiltonian == "power" else total
        worst = max(worst, abs(mine - given))
    return worst
