"""Numbers of the replica theory, against printed ones and by a second method."""

import math
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from ..._common.names import shown
from ..._common.vertex import require_vertex
from ...experiments._base import AbstractExperiment, Setting
from ...experiments._units import Unit, UnitContext
from ...experiments._variables import PURE
from ...records import Variables
from ...theory import teacher_student as ts
from ...theory.teacher_student._vertex import check_vertex
from .._base import validations
from . import _replica_routes as routes


class Quantity(NamedTuple):
    """A number of the theory: its arguments, its function, and a second method."""

    arguments: str
    value: Callable[..., Any]
    again: Callable[..., Any] | None = None  # None: there is no second method


@validations.register("replica_numbers")
class ReplicaNumbers(AbstractExperiment):
    """Thresholds, overlaps and lines: $|x - x_{printed}|$, $|x - x_{again}|$. [TT24]

    `numbers` lists for each quantity rows of its arguments, and the number that is
    printed, if there is one: `c_d = [[3, 1.07625043], [5]]`. For every quantity x the
    record has `x`, its arguments `x_n` and so on, `x_printed` and `x_off`, the distance
    from it (of rows with a printed number), and `x_again`, the distance from a second
    method that uses neither the one-parameter curve nor the chart: plain iteration,
    autodiff of the free entropy, adaptive quadrature. [THEORY R1 to R4, TS-01 to TS-08]
    """

    plots: ClassVar[tuple[str, ...]] = ("replica_numbers",)

    numbers: dict[str, list[list[float]]] = Field(min_length=1)

    @model_validator(mode="after")
    def _rows_are_arguments(self):
        for name, rows in self.numbers.items():
            if name not in QUANTITIES:
                known = ", ".join(QUANTITIES)
                raise ValueError(f"numbers knows {known}; got {shown(name)}")
            arguments = QUANTITIES[name].arguments.split()
            if not rows:
                raise ValueError(
                    f"{name} needs a row of {', '.join(arguments)}, got []"
                )
            for row in rows:
                if len(row) not in (len(arguments), len(arguments) + 1):
                    raise ValueError(
                        f"a row of {name} is [{', '.join(arguments)}] and perhaps the "
                        f"printed number, got {shown(row)}"
                    )
                if not float(row[0]).is_integer():
                    raise ValueError(f"n must be an integer, got {row[0]} for {name}")
                require_vertex(int(row[0]))
                check_vertex(int(row[0]))
                for word, value in zip(arguments[1:], row[1:], strict=False):
                    if not value > 0:
                        raise ValueError(f"{word} of {name} must be > 0, got {value}")
        return self

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        tell = context.progress_callback("numbers")
        variables: Variables = {"quantity": ("number", list(self.numbers))}
        for k, (name, rows) in enumerate(self.numbers.items()):
            variables |= _measured(name, rows)
            if tell is not None:
                tell(k + 1, len(self.numbers))
        return variables


def _measured(name: str, rows: list[list[float]]) -> Variables:
    quantity = QUANTITIES[name]
    count = len(quantity.arguments.split())
    inputs = [(int(row[0]), *map(float, row[1:count])) for row in rows]
    values = np.array([float(quantity.value(*row)) for row in inputs])
    known = [k for k, row in enumerate(rows) if len(row) > count]
    printed = np.array([rows[k][count] for k in known])
    axis, some = f"{name}_row", f"{name}_known"
    words = quantity.arguments.split()
    said = PURE | {"long_name": f"{name}({', '.join(words)})"}
    found: Variables = {name: (axis, values, said)}
    for argument, column in zip(words, zip(*inputs, strict=True), strict=True):
        found[f"{name}_{argument}"] = (axis, np.array(column), PURE)
    if known:
        found[f"{name}_printed"] = (some, printed, PURE)
        found[f"{name}_off"] = (some, np.abs(values[known] - printed), PURE)
    if quantity.again is not None:
        again = np.array([float(quantity.again(*row)) for row in inputs])
        both = np.isinf(values) & np.isinf(again)
        both |= np.isnan(values) & np.isnan(again)  # there is none, by either route
        with np.errstate(invalid="ignore"):
            apart = np.where(both, 0.0, np.abs(values - again))
        found[f"{name}_again"] = (axis, apart, PURE)
    return found


# --- the Nishimori line: n, c ---------------------------------------------------------


def _iterated(n: int, c: float) -> ts.SaddlePoint:
    return ts.saddle_point(n, c, c)


def _excess(n: int, c: float) -> float:
    return _iterated(n, c).free_entropy - math.log(2) - c / 2


def _entropies(n: int) -> np.ndarray:
    """Entropies of the stable branch, for c above c_d to 4, densest near c_d."""
    c_d = ts.nishimori_boundaries(n)[0]
    c = c_d + (4 - c_d) * np.linspace(0, 1, 201) ** 2
    return ts.nishimori_solution(c[1:], n).entropy


def _gradients(n: int, c: float) -> float:
    q = [ts.nishimori_overlap(c, n, b) for b in ("upper", "lower")]
    return max(routes.plain_gradient(n, c, c, x, x) for x in q)


def _energies(n: int, c: float) -> float:
    q = [ts.nishimori_overlap(c, n, b) for b in ("upper", "lower")]
    return max(abs(routes.plain_energy(n, c, x) - c) for x in q)


# --- off the line ---------------------------------------------------------------------


def _tip(which: int) -> Callable[[int], float]:
    """The temperature at which a boundary of example retrieval meets alpha = T."""
    from ...theory.teacher_student._roots import root

    top = (ts.alignment_spinodal, ts.alignment_temperature)[which]
    off = lambda n: lambda t: ts.storage_boundaries(t, n)[which] - t
    return lambda n: root(off(n), 0.3, 0.999 * top(n))


def _duality(n: int, c: float, beta: float) -> float:
    """The difference of an example's solution from the pattern's with c_s = beta."""
    kept = ts.saddle_point(n, c, 0.5 * c, beta=beta, start="example")
    learnt = ts.saddle_point(n, c, beta)
    pairs = zip(
        (kept.m, kept.q, kept.free_entropy, kept.q_star),
        (learnt.q_star, learnt.q, learnt.free_entropy, 0.0),
        strict=True,
    )
    return max(abs(a - b) for a, b in pairs)


def _student(n: int, teacher: float, alpha: float, t: float) -> ts.SaddlePoint:
    return ts.saddle_point(n, alpha / t**2, alpha / t / teacher)


def _printed(n: int, teacher: float, alpha: float, t: float) -> tuple[float, float]:
    return routes.plain_solution(n, alpha / t**2, alpha / t / teacher)


def _summed(n: int, teacher: float, alpha: float, t: float) -> tuple[float, float]:
    return routes.plain_free_entropy(n, alpha / t**2, alpha / t / teacher)


def _best_temperature(n: int, teacher: float, alpha: float) -> float:
    from scipy.optimize import minimize_scalar

    found: Any = minimize_scalar(
        lambda t: -_student(n, teacher, alpha, t).mpm,
        bounds=(teacher / 2, 2 * teacher), method="bounded", options={"xatol": 1e-7},
    )  # fmt: skip
    return float(found.x)


QUANTITIES = {
    "c_d": Quantity(
        "n", lambda n: ts.nishimori_boundaries(n)[0],
        lambda n: routes.plain_spinodal(n, 1.0, 1.0),
    ),
    "c_c": Quantity(
        "n", lambda n: ts.nishimori_boundaries(n)[1],
        lambda n: routes.plain_transition(n, 1.0, 1.0),
    ),
    "q_c": Quantity(
        "n", lambda n: ts.nishimori_overlap(ts.nishimori_boundaries(n)[1], n),
        lambda n: _iterated(n, routes.plain_transition(n, 1.0, 1.0)).q,
    ),
    "s_c": Quantity(
        "n", lambda n: ts.nishimori_solution(ts.nishimori_boundaries(n)[1], n).entropy,
        lambda n: math.log(2) - routes.plain_transition(n, 1.0, 1.0) / 2,
    ),
    "T_eR": Quantity("n", ts.alignment_temperature, routes.plain_alignment_temperature),
    "T_sp": Quantity("n", ts.alignment_spinodal, routes.plain_alignment_spinodal),
    "alpha_triple": Quantity(
        "n", lambda n: ts.triple_point(n)[0],
        lambda n: (
            routes.plain_transition(n, 1.0, 1.0)
            * routes.plain_alignment_temperature(n) ** 2
        ),
    ),
    "limit_c": Quantity(
        "n", lambda n: 1 - ts.nishimori_boundaries(n)[1] / (2 * math.log(2))
    ),
    "limit_T": Quantity("n", lambda n: ts.alignment_temperature(n) * math.log(2) - 1),
    "least_entropy": Quantity("n", lambda n: np.min(_entropies(n))),
    "entropy_rise": Quantity("n", lambda n: np.max(np.diff(_entropies(n)))),
    "q": Quantity(
        "n c", lambda n, c: ts.nishimori_overlap(c, n), lambda n, c: _iterated(n, c).q
    ),
    "q_b": Quantity(
        "n c", lambda n, c: ts.nishimori_overlap(c, n, "lower"), routes.plain_barrier
    ),
    "gap": Quantity("n c", lambda n, c: ts.nishimori_solution(c, n).gap, _excess),
    "entropy": Quantity(
        "n c", lambda n, c: ts.nishimori_solution(c, n).entropy,
        lambda n, c: _iterated(n, c).entropy,
    ),
    "gradient": Quantity("n c", _gradients),
    "internal_energy": Quantity("n c", _energies),
    "alpha_d": Quantity(
        "n T_s T", lambda n, s, t: ts.learning_boundaries(t, n, s)[0],
        lambda n, s, t: routes.plain_spinodal(n, t, s),
    ),
    "alpha_c": Quantity(
        "n T_s T", lambda n, s, t: ts.learning_boundaries(t, n, s)[1],
        lambda n, s, t: routes.plain_transition(n, t, s),
    ),
    "stored_d": Quantity(
        "n T", lambda n, t: ts.storage_boundaries(t, n)[0],
        lambda n, t: routes.plain_spinodal(n, t, 1.0, "example"),
    ),
    "stored_c": Quantity(
        "n T", lambda n, t: ts.storage_boundaries(t, n)[1],
        lambda n, t: routes.plain_transition(n, t, 1.0, "example"),
    ),
    "glass": Quantity("n", lambda n: ts.glass_spinodal(n)[0]),
    "tip_c": Quantity("n", _tip(1), lambda n: 1 / ts.nishimori_boundaries(n)[1]),
    "tip_d": Quantity("n", _tip(0), lambda n: 1 / ts.nishimori_boundaries(n)[0]),
    "duality": Quantity("n c beta", _duality),
    "q_star": Quantity(
        "n T_s alpha T", lambda *x: _student(*x).q_star, lambda *x: _printed(*x)[0]
    ),
    "q_students": Quantity(
        "n T_s alpha T", lambda *x: _student(*x).q, lambda *x: _printed(*x)[1]
    ),
    "f": Quantity(
        "n T_s alpha T", lambda *x: _student(*x).free_entropy, lambda *x: _summed(*x)[0]
    ),
    "s": Quantity(
        "n T_s alpha T", lambda *x: _student(*x).entropy, lambda *x: _summed(*x)[1]
    ),
    "mpm": Quantity("n T_s alpha T", lambda *x: _student(*x).mpm),
    "mpm_best": Quantity("n T_s alpha", _best_temperature, lambda n, s, alpha: s),
    "u": Quantity("n T_s alpha T", lambda *x: x[3] * _student(*x).energy),
    "y_d": Quantity(
        "n", lambda n: ts.zero_threshold(n)[0], routes.plain_zero_threshold
    ),
    "learning": Quantity(
        "n", lambda n: ts.learning_load(1.0, n),
        lambda n: 2 * routes.plain_zero_threshold(n) ** 2 / n,
    ),
    "storage": Quantity(
        "n", ts.storage_load, lambda n: n / (2 * routes.plain_zero_threshold(n) ** 2)
    ),
    "zero_q": Quantity(
        "n T_s alpha",
        lambda n, s, a: ts.zero_solution(a, n, teacher_temperature=s).q_star,
        lambda n, s, a: routes.plain_zero_solution(a, s, n)[0],
    ),
    "zero_u": Quantity(
        "n T_s alpha",
        lambda n, s, a: ts.zero_solution(a, n, teacher_temperature=s).energy,
        lambda n, s, a: routes.plain_zero_solution(a, s, n)[1],
    ),
}  # fmt: skip
