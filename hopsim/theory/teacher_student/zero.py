r"""Students at zero temperature: the replica-symmetric solutions in closed form.

For T -> 0 q = 1, and the averages are error functions: $q^* =
\frac12\sum_e\mathrm{erf}(a_e)$, $m = \frac12\sum_e e\,\mathrm{erf}(a_e)$ with $a_e =
(\alpha\beta^*r^* + ek)/ \sqrt{2\alpha n}$, $r^* = nq^{*n-1}$ and $k = nm^{n-1}$. If one
of the two overlaps is 0 the other one is $x = \mathrm{erf}(yx^{n-1})$, solved by $t =
yx^{n-1}$: x = erf t and $y(t) = t/\mathrm{erf}(t)^{n-1}$. Distinct sites. [THEORY 2.5,
TS-08]
"""

import functools as ft
import math
from typing import Literal, NamedTuple

from ._roots import root
from ._vertex import check_vertex, one_of


Start = Literal["ferro", "example"]


class ZeroPoint(NamedTuple):
    r"""A solution at T = 0; `energy` is u per spin, `stiffness` $C = \beta(1-q)$."""

    q_star: float
    m: float
    stiffness: float
    energy: float


@ft.cache
def zero_threshold(n: int) -> tuple[float, float]:
    r"""$(y_d, x_d)$: the least $y = t/\mathrm{erf}(t)^{n-1}$, and the overlap there.

    1.408059, 0.838476 for n = 3; 1.589666, 0.917923 for n = 4. [THEORY R3]
    """
    check_vertex(n)
    turn = lambda t: math.erf(t) - (n - 1) * t * _slope(t)
    t = root(turn, 1e-2, 1 + math.sqrt(math.log(n)))
    return t / math.erf(t) ** (n - 1), math.erf(t)


def learning_load(teacher_temperature: float, n: int) -> float:
    r"""$\alpha_d = 2y_d^2T_s^2/n$: above it the pattern is stable. [THEORY 2.5]"""
    _positive("teacher_temperature", teacher_temperature)
    return 2 * (zero_threshold(n)[0] * teacher_temperature) ** 2 / n


def storage_load(n: int) -> float:
    r"""$\alpha_{max} = n/(2y_d^2)$: up to it single examples are stable. [THEORY 2.5]

    0.756571, 0.791440 for n = 3, 4.
    """
    return n / (2 * zero_threshold(n)[0] ** 2)


def zero_solution(
    load: float,
    n: int,
    *,
    teacher_temperature: float = math.inf,
    start: Start = "ferro",
) -> ZeroPoint:
    r"""The stable solution with the pattern (or an example) at T = 0. [THEORY 2.5]

    $u = -[\alpha nC + \alpha\beta^*q^{*n} + m^n]$ with $C = \sqrt{2/(\pi\alpha n)}
    \,e^{-t^2}$. If there is none the overlap is 0 and C is that of the glass.

    **Arguments:**

    - `load`: $\alpha$ > 0.
    - `teacher_temperature`: $T_s$ > 0; infinite without a teacher.
    - `start`: "ferro" ($q^* > 0$, m = 0) or "example" ($q^* = 0$, m > 0).
    """
    check_vertex(n)
    one_of("start", start, Start)
    _positive("load", load)
    _positive("teacher_temperature", teacher_temperature)
    signal = load / teacher_temperature if start == "ferro" else 1.0
    y = signal * math.sqrt(n / (2 * load))
    lowest, overlap = zero_threshold(n)
    t = 0.0
    if y >= lowest:
        # y(t) increases beyond its minimum, and y(t) >= t
        t = root(
            lambda t: t / math.erf(t) ** (n - 1) - y, _inverse(overlap), 1.001 * y + 1
        )
    stiffness = math.sqrt(2 / (math.pi * load * n)) * math.exp(-(t**2))
    x = math.erf(t)
    energy = -(load * n * stiffness + signal * x**n)
    pair = (x, 0.0) if start == "ferro" else (0.0, x)
    return ZeroPoint(*pair, stiffness, energy)


def _slope(t: float) -> float:
    return 2 / math.sqrt(math.pi) * math.exp(-(t**2))


def _inverse(x: float) -> float:
    from scipy.special import erfinv

    return float(erfinv(x))


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be > 0, got {value}.")
