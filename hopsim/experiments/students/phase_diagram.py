"""The phase diagram of students on the Nishimori line: theory, and samples in cells."""

import dataclasses
import functools as ft
import math
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int8
from pydantic import Field, field_validator

from ..._common.streams import Stream
from ...data import patterns
from ...dynamics import Glauber
from ...dynamics.spins.sampling import sample
from ...records import Variables
from ...theory import teacher_student as ts
from ...theory.teacher_student.finite import require_law, require_mean_energy
from .._base import experiments, Setting
from .._variables import PURE
from ._teacher_student import (
    AbstractTeacherStudent,
    Teacher,
    teacher_of,
)


OVERLAP_LEVELS = (0.95, 0.99)  # overlaps whose lines are drawn
ANNEAL_START_RATIO = 3.0  # random starts are annealed from 3 T [THEORY R9]
MAX_EXAMPLE_ENTRIES = 2**31  # largest size of an array of examples


@experiments.register("phase_diagram")
class PhaseDiagram(AbstractTeacherStudent):
    r"""Regimes P, lR, gR, eR of load $\alpha$ and $T = T_s$: $\alpha = cT^2$. [TT24]

    Theory: `regime` on a grid, its lines $c_dT^2$ and $c_cT^2$, $T_{eR}$, the triple
    point, and the limit $2\log2\,T^2$; `regime_right` compares random cells with plain
    iteration. Samples: in every one of `cells` = [load, T] sets of examples are drawn,
    of an aligned teacher below $T_{eR}$ and of a misaligned one above, and students
    start at the pattern (`q_kept`) and, annealed from 3T, at random (`q_found`);
    `example_overlap` is that of the final states from the pattern with the examples.
    `seen` is 3 (eR) where it exceeds 1/2, else 2 where annealed students find the
    pattern, 1 where only those started there keep it, 0 where neither do. [THEORY 2.3,
    3.2, R1]
    """

    plots: ClassVar[tuple[str, ...]] = ("phase_diagram",)

    loads: list[float] = Field([0.05, 10.0])
    temperatures: list[float] = Field([0.05, 3.0])
    resolution: int = Field(200, ge=2)
    probed: int = Field(40, ge=1)  # cells of the grid that are iterated
    cells: list[list[float]] = Field(default_factory=list)
    starts: int = Field(2, ge=1)  # at the pattern, and as many at random
    burn: int = Field(500, ge=0)

    @field_validator("loads", "temperatures")
    @classmethod
    def _is_a_range(cls, ends: list[float]) -> list[float]:
        if len(ends) != 2 or not 0 < ends[0] < ends[1]:
            raise ValueError(f"must be [low, high] with 0 < low < high, got {ends}")
        return ends

    @field_validator("cells")
    @classmethod
    def _are_pairs(cls, cells: list[list[float]]) -> list[list[float]]:
        for cell in cells:
            if len(cell) != 2 or min(cell) <= 0:
                raise ValueError(f"a cell is [load, temperature], both > 0, got {cell}")
        return cells

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        teacher = teacher_of(setting)
        if teacher.hamiltonian != "distinct" or teacher.n < 3:
            raise ValueError(
                'The phase diagram is of interaction kind "distinct_polynomial" with '
                f"n >= 3, got {teacher.hamiltonian!r} with n = {teacher.n}: the full "
                "power has another one."
            )
        if self.cells:
            setting.may_sample(int(setting.run.duration), self.burn, drawn=True)
        for load, t in self.cells:
            require_law(
                teacher.n, teacher.features, t, "distinct", _basin(teacher.n, t)
            )
            require_mean_energy(teacher.n, teacher.features, t)
            count = patterns.example_count(load, teacher.n, teacher.features)
            if count * teacher.features > MAX_EXAMPLE_ENTRIES:
                raise ValueError(
                    f"A load of {load:g} with n = {teacher.n} is {count:.2g} examples "
                    f"of {teacher.features} features; leave the cells out, or take "
                    "fewer features."
                )

    def entries(self, setting: Setting) -> float:
        return 4 * float(self.resolution) ** 2 + super().entries(setting)

    def measure(self, setting: Setting) -> Variables:
        teacher = teacher_of(setting)
        ranges = (*self.loads, *self.temperatures)
        found: dict[str, Any] = {**_theory(teacher.n, ranges, self.resolution)}
        found |= _probed(teacher.n, ranges, self.probed)
        found["features"] = ((), teacher.features, PURE)
        seen = [
            self._cell(setting, teacher, k, *cell) for k, cell in enumerate(self.cells)
        ]
        names = ("q_kept", "q_found", "example_overlap", "twin_overlap", "energy_ratio")
        table = np.array(seen, float).reshape(len(seen), len(names), 1)
        for k, name in enumerate(names):
            found[name] = (("cell", "draw"), table[:, k], PURE)
        return {**found, **self._compared(teacher, table)}

    def _cell(
        self, setting: Setting, teacher: Teacher, k: int, load: float, t: float
    ) -> tuple[float, ...]:
        """One set of examples: the overlaps and the energy of its students."""
        data, own = setting.stream.child("examples", k), setting.stream.child("cell", k)
        count = patterns.example_count(load, teacher.n, teacher.features)
        basin = _basin(teacher.n, t)
        examples = teacher.examples(data, count, t, basin)
        system, sweeps = teacher.system(examples), int(setting.run.duration)
        bath: Any = setting.dynamics
        cold = dataclasses.replace(bath, temperature=t)
        annealed = Glauber(
            t,
            order=bath.order,
            annealed_from=ANNEAL_START_RATIO * t,
            cooling=max(1, sweeps // 2),
        )
        there = np.repeat(teacher.pattern[None], self.starts, axis=0)
        shape = (self.starts, teacher.features)
        random = 2 * own.generator().integers(0, 2, shape, np.int8) - 1
        common = {"sweeps": sweeps, "references": teacher.pattern[None]}
        kept = sample(
            system, cold, there, burn=self.burn, key=own.child("kept"), **common
        )
        late = max(self.burn, (3 * sweeps) // 4)
        found = sample(
            system, annealed, random, burn=late, key=own.child("found"), **common
        )
        # an even interaction does not change with the sign of the pattern
        of = lambda x: float(np.mean(x.overlap if teacher.n % 2 else x.unsigned))
        exact = ts.energy_per_spin(count, teacher.n, teacher.features, t, basin=basin)
        energy = float(np.mean(kept.energy)) / teacher.features / exact
        twin = float(np.mean(kept.twin)) if kept.twin.size else math.nan
        return of(kept), of(found), _nearness(kept.final, examples), twin, energy

    def _compared(
        self, teacher: Teacher, table: Float[np.ndarray, "cell quantity 1"]
    ) -> Variables:
        """The theory of each cell, and whether the samples agree with it."""
        n, cells = teacher.n, np.array(self.cells, float).reshape(-1, 2)
        load, t = cells.T
        c = load / t**2
        regime = np.array([ts.regimes(a, x, n)[0, 0] for a, x in cells], int)
        ratio = [ts.signal_ratio(n, teacher.features, x, basin=_basin(n, x)) for x in t]
        signal = c * np.array(ratio)
        aligned = regime == ts.REGIMES.index("eR")
        theory = np.array([ts.nishimori_overlap(max(x, 1e-9), n) for x in signal])
        theory = np.where(aligned, 1.0, theory.reshape(-1))  # all loads are > 0
        kept, found, near = table[:, 0], table[:, 1], table[:, 2]
        seen = np.where(near > 0.5, 3, np.where(found > 0.5, 2, 1 * (kept > 0.5)))
        held = np.where(aligned[:, None], near > 0.5, kept > 0.5)
        expected = (regime > 0)[:, None]
        far = np.where(aligned, 1.0, np.abs(c / ts.nishimori_boundaries(n)[0] - 1))
        return {
            "cell_load": ("cell", load, PURE),
            "cell_temperature": ("cell", t, PURE),
            "cell_signal": ("cell", c, PURE | {"long_name": "c = alpha / T^2"}),
            "cell_effective": ("cell", signal, PURE | {"long_name": "c_eff"}),
            "cell_regime": ("cell", regime, PURE),
            "cell_theory": ("cell", theory, PURE | {"long_name": "q* at c_eff"}),
            "cell_margin": ("cell", far, PURE),
            "seen": (("cell", "draw"), seen, PURE),
            "as_theory": (("cell", "draw"), held == expected, PURE),
            "q_excess": (("cell", "draw"), kept - theory[:, None], PURE),
        }


def _basin(n: int, temperature: float) -> ts.Basin:
    return "full" if temperature < ts.alignment_temperature(n) else "misaligned"


def _nearness(
    states: Int8[np.ndarray, "start feature"], examples: Int8[np.ndarray, "m feature"]
) -> float:
    """The mean |overlap| of states with examples (at most 4096)."""
    few = examples[:4096].astype(np.float32)
    return float(np.mean(np.abs(states.astype(np.float32) @ few.T))) / states.shape[1]


# --- theory ---------------------------------------------------------------------------


@ft.lru_cache(maxsize=2)
def _theory(n: int, ranges: tuple[float, ...], resolution: int) -> Variables:
    """Regimes and overlaps on a grid, and the lines; the same for all sets."""
    load = np.linspace(ranges[0], ranges[1], resolution)
    t = np.linspace(ranges[2], ranges[3], resolution)
    c_d, c_c = ts.nishimori_boundaries(n)
    triple, t_er = ts.triple_point(n)
    q = ts.nishimori_overlap(load[None] / t[:, None] ** 2, n)
    aligned = t < t_er
    grid = ("temperature", "load")
    return {
        "load": ("load", load, PURE),
        "temperature": ("temperature", t, PURE),
        "regime": (grid, ts.regimes(load, t, n), PURE),
        "q": (grid, np.where(aligned[:, None], 1.0, q), PURE),
        "level": ("contour", np.array(OVERLAP_LEVELS), PURE),
        "level_signal": ("contour", [_signal(n, x) for x in OVERLAP_LEVELS], PURE),
        "c_limit": ((), ts.nishimori_boundaries(math.inf)[1], PURE),
        "vertex": ((), n, PURE),
        "c_d": ("draw", [c_d], PURE),
        "c_c": ("draw", [c_c], PURE),
        "c_limit_off": ("draw", [1 - c_c / (2 * math.log(2))], PURE),
        "T_eR": ("draw", [t_er], PURE),
        "T_sp": ("draw", [ts.alignment_spinodal(n)], PURE),
        "triple_load": ("draw", [triple], PURE),
    }


def _signal(n: int, overlap: float) -> float:
    """The c where the overlap of students is `overlap`; c_d if it is larger there."""
    from scipy.optimize import brentq

    c_d = ts.nishimori_boundaries(n)[0]
    off = lambda c: float(ts.nishimori_overlap(c, n)) - overlap
    if off(c_d * (1 + 1e-9)) > 0:
        return c_d
    return float(np.asarray(brentq(off, c_d * (1 + 1e-9), 50.0)))


def _probed(n: int, ranges: tuple[float, ...], count: int) -> Variables:
    """Random cells, and whether plain iteration finds the same regime."""
    draw = Stream(0).child("probed", n).generator()
    load = draw.uniform(ranges[0], ranges[1], count)
    t = draw.uniform(ranges[2], ranges[3], count)
    right = [
        int(ts.regimes(a, x, n)[0, 0]) == _iterated(n, a, x)
        for a, x in zip(load.tolist(), t.tolist(), strict=True)
    ]
    return {"regime_right": (("probed", "draw"), np.array(right)[:, None], PURE)}


def _iterated(n: int, load: float, t: float) -> int:
    """The regime of one cell, for teacher and student by plain iteration."""
    m = 1.0
    for _ in range(5000):
        m = math.tanh(n * m ** (n - 1) / t)
    share = (1 + m) / 2
    mixed = -sum(p * math.log(p) for p in (share, 1 - share) if p > 0)
    if m**n / t + mixed > math.log(2):
        return ts.REGIMES.index("eR")
    c = load / t**2
    found = ts.saddle_point(n, c, c)
    if found.q_star < 0.1:
        return ts.REGIMES.index("P")
    typical = found.free_entropy > math.log(2) + c / 2
    return ts.REGIMES.index("gR" if typical else "lR")
