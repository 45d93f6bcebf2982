"""Examples of a teacher against the law from which they are drawn."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from ..._common.cores import require_room
from ...experiments._base import Setting
from ...experiments._variables import PURE
from ...experiments.students._teacher_student import (
    AbstractTeacherStudent,
    glauber_of,
    teacher_of,
)
from ...records import Variables
from ...theory.teacher_student import Basin, overlap_law
from ...theory.teacher_student.finite import require_law
from .._base import validations


MIN_EXPECTED_COUNT = 10.0  # rarer values of S are pooled
MOMENTS = ("S/N", "S^2/N", "(S/N)^3", "-H1")


@validations.register("teacher_examples")
class TeacherExamples(AbstractTeacherStudent):
    r"""The law of $S = \sum_i \xi^*_i\sigma_i$ in `count` examples, and their symmetry.

    At the temperature of the dynamics. `law_p` is the p-value of $\chi^2$ against P(S);
    `moment_z` are the errors of $\langle S/N\rangle$, $\langle S^2\rangle/N$,
    $\langle (S/N)^3\rangle$ and $\langle -H_1\rangle$ in exact standard errors. Sites
    are exchangeable: `site_p` is the p-value of $\chi^2$ that all agree with the
    pattern equally often, `pair_z` the largest error of $\langle s_i s_j\rangle$ over
    all pairs. [THEORY 3.2, TS-09]
    """

    plots: ClassVar[tuple[str, ...]] = ("teacher_examples",)

    count: int = Field(1_000_000, ge=1000)
    basin: Basin = "full"
    cut: float | None = Field(None, gt=0, le=1)

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        teacher, T = teacher_of(setting), glauber_of(setting).coldest
        require_law(teacher.n, teacher.features, T, teacher.hamiltonian, self.basin)
        if self.cut is not None and self.basin == "full":
            raise ValueError(
                'A cut is of basin = "misaligned", got "full"; leave it out.'
            )
        what = f"experiment.count: {self.count:,} examples"
        require_room(float(self.count) * teacher.features / 2, what)
        if teacher.features < 2:
            raise ValueError("Pairs of sites need two features, got 1.")

    def measure(self, setting: Setting) -> Variables:
        teacher, count = teacher_of(setting), self.count
        bath: Any = setting.dynamics
        temperature = float(bath.temperature)
        law = overlap_law(
            teacher.n, teacher.features, temperature, teacher.hamiltonian,
            self.basin, self.cut,
        )  # fmt: skip
        stream = setting.stream.child("examples")
        seen = teacher.examples(stream, count, temperature, self.basin, self.cut)
        agree = seen * teacher.pattern
        total = agree.sum(axis=1, dtype=np.int64)
        counts = np.bincount((total + teacher.features) // 2, minlength=len(law.values))
        # --- moments
        m = law.values / teacher.features
        energy = teacher.features * law.interaction_values(
            teacher.n, teacher.hamiltonian
        )
        of = np.stack([m, teacher.features * m**2, m**3, energy])
        mean = of @ law.weights
        spread = np.sqrt(of**2 @ law.weights - mean**2)
        found = of @ counts / count
        # --- sites
        pair = (teacher.features * law.moment(2) - 1) / (teacher.features - 1)
        per_site = agree.mean(axis=0)
        uneven = count * np.sum((per_site - per_site.mean()) ** 2) / (1 - pair)
        one = lambda value: ("draw", np.array([value]), PURE)
        return {
            "S": ("value", law.values, PURE),
            "law": ("value", law.weights, PURE),
            "counts": (("value", "draw"), counts[:, None], PURE),
            "count": ((), count, PURE),
            "moment_name": ("moment", np.array(MOMENTS)),
            "moment_number": ("moment", np.arange(len(MOMENTS)), PURE),
            "moment_theory": (("moment", "draw"), mean[:, None], PURE),
            "moment": (("moment", "draw"), found[:, None], PURE),
            "moment_z": (
                ("moment", "draw"),
                ((found - mean) / spread * np.sqrt(count))[:, None],
                PURE,
            ),
            "law_p": one(_p_value(counts, count * law.weights)),
            "site_p": one(_tail(uneven, teacher.features - 1)),
            "pair_z": one(_largest_pair(agree, pair) * np.sqrt(count)),
        }


def _p_value(counts: np.ndarray, expected: np.ndarray) -> float:
    often = expected >= MIN_EXPECTED_COUNT
    rest, seen = expected[~often].sum(), counts[~often].sum()
    square = np.sum((counts[often] - expected[often]) ** 2 / expected[often])
    if rest >= MIN_EXPECTED_COUNT:
        return _tail(square + (seen - rest) ** 2 / rest, float(often.sum()))
    # too few for a chi^2 term, but values the law excludes must not occur
    forbidden = seen > rest + 8 * np.sqrt(rest) + 8
    return 0.0 if forbidden else _tail(square, float(often.sum() - 1))


def _tail(square: float, degrees: float) -> float:
    from scipy.special import gammaincc

    return float(gammaincc(degrees / 2, square / 2))


def _largest_pair(agree: np.ndarray, pair: float) -> float:
    """The largest error of <s_i s_j>, in units of the standard deviation of one."""
    features = agree.shape[1]
    total = np.zeros((features, features))
    for start in range(0, len(agree), 2**16):  # float32 counts exactly up to 2^24
        some = agree[start : start + 2**16].astype(np.float32)
        total += some.T @ some
    apart = total[np.triu_indices(features, 1)] / len(agree)
    return float(np.max(np.abs(apart - pair)) / np.sqrt(1 - pair**2))
