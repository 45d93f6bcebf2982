r"""Phase boundaries of the teacher-student problem, on and off the Nishimori line.

With one condensed direction only E tanh and E tanh^2 of ax + b are needed, so that the
plane of (a, b) is a chart of all solutions: $q^* = E\tanh$, $q = E\tanh^2$,
$c = a^2/(nq^{n-1})$ and $c_s = b/(nq^{*n-1})$, without solving equations. Where the map
to $(c, c_s)$ folds, a solution appears; where its free entropy equals the paramagnet's,
it becomes typical. On both curves b is a function of a; the points for a teacher at
$T_s$ are those with $c_s/c = T/T_s$. By duality the same two curves, with $\beta$ in
place of $c_s$, are those of one stored example. Distinct sites, replica symmetry.
[THEORY 2.2, 2.8, TRAP 2, TS-06, TS-07]
"""

import functools as ft
import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from . import _gauss
from ._roots import root
from ._vertex import check_vertex, Numbers
from .alignment import alignment_spinodal, alignment_temperature
from .nishimori import nishimori_boundaries
from .saddle import saddle_point


REGIMES = ("P", "lR", "gR", "eR", "SG")
FIELD_RATIO = 1.02  # between fields b: lines are searched in steps, downwards
NOISES = np.geomspace(1e-4, 100.0, 121)  # noises a; T/T_s = 0.02 lies within
MIN_FIELD = 1e-2  # no line has fields below it
MAX_VERTEX = 1000  # for larger n the noises end before c = 10
Line = Literal["fold", "gap"]


class Chart(NamedTuple):
    r"""Solutions with field b and noise a; `fold` is the Jacobian of log c, log c_s.

    `gap` is $f - \log 2 - c/2$, the free entropy less the paramagnet's.
    """

    c: Numbers
    c_s: Numbers
    q_star: Numbers
    q: Numbers
    gap: Numbers
    fold: Numbers


def chart(a: Numbers, b: Numbers, n: int) -> Chart:
    r"""The solution whose local fields are $ax + b$, x standard normal. [THEORY 2.2]

    $f - \log 2 - \frac c2 = E\log\cosh(ax+b) - \frac{n-1}n bq^* - \frac{a^2}2(1-q) -
    \frac{a^2}{2n}q$; derivatives by Stein's lemma.

    **Arguments:**

    - `a`, `b`: > 0, of one shape.
    """
    check_vertex(n)
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    if not np.all((a > 0) & (b > 0) & np.isfinite(a) & np.isfinite(b)):
        raise ValueError(f"The chart needs fields a > 0 and b > 0, got {a} and {b}.")
    scale = float(np.max(a))
    x, weight = _gauss.nodes(scale)
    z = a[..., None] * x + b[..., None]
    t, rest = np.tanh(z), _gauss.squared_sech(z)
    mean = lambda y: y @ weight
    q_star, q, lost = mean(t), mean(t**2), mean(rest)
    turned = mean(t * rest)  # E tanh sech^2
    log_cosh = mean(_gauss.log_two_cosh(z)) - math.log(2)
    r, r_star = n * q ** (n - 1), n * q_star ** (n - 1)
    gap = log_cosh - (n - 1) / n * b * q_star - a**2 * (lost / 2 + q / (2 * n))
    q_a, q_b = 2 * a * mean(rest**2 - 2 * t**2 * rest), 2 * turned
    star_a, star_b = -2 * a * turned, lost
    of_c = (2 / a - (n - 1) * q_a / q, -(n - 1) * q_b / q)
    of_s = (-(n - 1) * star_a / q_star, 1 / b - (n - 1) * star_b / q_star)
    fold = of_c[0] * of_s[1] - of_c[1] * of_s[0]
    return Chart(a**2 / r, b / r_star, q_star, q, gap, fold)


def learning_boundaries(
    temperature: float, n: int, teacher_temperature: float
) -> tuple[float, float]:
    r"""$(\alpha_d, \alpha_c)$ of the pattern: stable and typical, respectively, above.

    $\alpha = cT^2$, with c at $c_s/c = T/T_s$ a function of $T/T_s$ alone. $\alpha_c$
    compares with the replica-symmetric paramagnet, whose entropy is negative for
    $c > 2\log 2$: it is `inf` for T up to about $T_s/2$ (0.57 $T_s$ for n = 1000, where
    the chart ends at c = 10), and too large where $c > c_c$, since the competing state
    is then a glass (TRAP 2). T >= T_s/50, n up to 1000. [THEORY R4, TS-07]
    """
    check_vertex(n)
    _positive(temperature=temperature, teacher_temperature=teacher_temperature)
    ratio = math.log(temperature / teacher_temperature)
    of = lambda k: math.log(k.c_s / k.c)
    spinodal, transition = (_where(line, n, of, ratio) for line in ("fold", "gap"))
    if spinodal is None:
        raise ValueError(
            f"T = {temperature} is below T_s/50, with T_s = {teacher_temperature}; "
            "the boundary there is `learning_load`, of T = 0, to a few thousandths."
        )
    square = temperature**2
    return spinodal.c * square, transition.c * square if transition else math.inf


def storage_boundaries(temperature: float, n: int) -> tuple[float, float]:
    r"""$(\alpha_d, \alpha_c)$ of one example: stable and typical, respectively, below.

    The pattern's lines with $\beta$ for $c_s$ (TS-06): $\alpha = cT^2$ where
    $c_s = 1/T$; the phase eR off the Nishimori line, where students keep an example and
    know nothing of the pattern. 0 for T >= T_sp and T >= T_eR; n up to 1000.
    [THEORY 2.2]
    """
    check_vertex(n)
    _positive(temperature=temperature)
    of = lambda k: math.log(k.c_s)
    ends = [_where(line, n, of, -math.log(temperature)) for line in ("fold", "gap")]
    # at high T the target lies beyond the other end, where both loads are 0
    tops = 0.99 * alignment_spinodal(n), 0.99 * alignment_temperature(n)
    if any(
        at is None and temperature < top for at, top in zip(ends, tops, strict=True)
    ):
        raise ValueError(
            f"T = {temperature} is too low for the quadrature at n = {n}; the boundary "
            "there is `storage_load`, of T = 0."
        )
    found = [at.c * temperature**2 if at else 0.0 for at in ends]
    return found[0], found[1]


@ft.cache
def glass_spinodal(n: int) -> tuple[float, float]:
    r"""$(c, q)$ where the replica-symmetric glass $q = E\tanh^2(\sqrt{cr}x)$ appears.

    2.1268, 0.3570 for n = 3: the published boundary of the glass, above the correct
    ones, $c_d$ and $c_c$ of one-step symmetry breaking. [THEORY R4]
    """
    from scipy.optimize import minimize_scalar

    check_vertex(n)

    def at(log_a: float) -> tuple[float, float]:
        a = math.exp(log_a)
        q = float(_gauss.average(lambda x: np.tanh(a * x) ** 2, a))
        return a**2 / (n * q ** (n - 1)), q

    # a ~ 0.4 n for large n
    found: Any = minimize_scalar(
        lambda t: math.log(at(t)[0]),
        bounds=(-2.0, 1 + math.log(n)),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return at(float(found.x))


def regimes(
    load: Numbers,
    temperature: Numbers,
    n: int,
    teacher_temperature: float | None = None,
    typical: Callable[[float], float] | None = None,
) -> Int[np.ndarray, "temperature load"]:
    r"""Indices into `REGIMES` for all pairs of temperatures and loads. [TT24; TRAP 1]

    lR: the pattern is stable but not typical; gR: it is typical; eR: students overlap
    with an example, either because the teacher is aligned ($T < T_{eR}$ on the
    Nishimori line), or because they have memorised one; P: none of these. Off the line
    SG means that the paramagnet is frozen, $c > c_c$, and nothing else is typical or
    stable.

    **Arguments:**

    - `load`, `temperature`: > 0.
    - `teacher_temperature`: of a misaligned teacher, >= T_eR; None for the Nishimori
      line, where it is that of the student.
    - `typical`: $\alpha_c(T)$, in place of that of `learning_boundaries`.
    """
    check_vertex(n, limit=teacher_temperature is None)
    load, temperature = (
        np.atleast_1d(np.asarray(x, float)) for x in (load, temperature)
    )
    if not (np.all(load > 0) and np.all(temperature > 0)):
        raise ValueError("Regimes need loads > 0 and temperatures > 0.")
    alpha, t = load[None, :], temperature[:, None]
    c_d, c_c = nishimori_boundaries(n)
    if teacher_temperature is None:
        found = (alpha >= c_d * t**2).astype(int) + (alpha >= c_c * t**2)
        return np.where(t < alignment_temperature(n), REGIMES.index("eR"), found)
    _positive(teacher_temperature=teacher_temperature)
    if teacher_temperature < alignment_temperature(n):
        raise ValueError(
            f"The teacher of n = {n} is aligned below T_eR = "
            f"{alignment_temperature(n):.6g}, got teacher_temperature = "
            f"{teacher_temperature}; regimes are known for a misaligned one only."
        )
    rows = [_row(load, float(x), n, teacher_temperature, typical) for x in temperature]
    return np.stack(rows)


def _row(
    load: Float[np.ndarray, " load"],
    temperature: float,
    n: int,
    teacher_temperature: float,
    typical: Callable[[float], float] | None,
) -> Int[np.ndarray, " load"]:
    """The regimes at one temperature, off the Nishimori line."""
    alpha_d, alpha_c = learning_boundaries(temperature, n, teacher_temperature)
    if typical is not None:
        alpha_c = typical(temperature)
    _, stored = storage_boundaries(temperature, n)
    frozen = load >= nishimori_boundaries(n)[1] * temperature**2
    found = np.where(frozen, REGIMES.index("SG"), REGIMES.index("P"))
    found = np.where(load >= alpha_d, REGIMES.index("lR"), found)
    found = np.where(load >= alpha_c, REGIMES.index("gR"), found)
    example = load <= stored
    for k in np.flatnonzero(example & (load >= alpha_c)):  # both beat the paramagnet
        beta = 1 / temperature
        signals = load[k] * beta**2, load[k] * beta / teacher_temperature
        pattern, kept = (
            saddle_point(n, *signals, beta=beta, start=start).free_entropy
            for start in ("ferro", "example")
        )
        example[k] = kept > pattern
    return np.where(example, REGIMES.index("eR"), found)


# --- the two curves -------------------------------------------------------------------


def _largest(line: Line, a: float, n: int, near: float | None = None) -> float:
    """The largest b at which `fold` or `gap` changes sign, for the noise a."""
    value = lambda b: float(getattr(chart(a, b, n), line))
    high = 10 * (n + a**2) if near is None else 1.5 * near
    while value(high) <= 0:
        high *= 1.5
    while high > MIN_FIELD:
        # for large n `fold` is negative only in a narrow band: 8 % for n = 1000
        some = high * FIELD_RATIO ** -np.arange(33.0)
        below = np.flatnonzero(getattr(chart(a, some, n), line) <= 0)
        if below.size:
            k = int(below[0])
            return root(value, float(some[k]), float(some[k - 1]))
        high = float(some[-1])
    raise ValueError(
        f"The lines of n = {n} are closer than steps of {FIELD_RATIO - 1:.0%} resolve; "
        "take a smaller n, or `nishimori_boundaries` for the Nishimori line."
    )


@ft.cache
def _curve(line: Line, n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Noises a, and the b of the line at each."""
    if n > MAX_VERTEX:
        raise ValueError(
            f"Lines off the Nishimori line are known up to n = {MAX_VERTEX}, got "
            f"n = {n}; take fewer sites, or `nishimori_boundaries`."
        )
    found: list[float] = []
    for a in NOISES:
        # b grows with a, and no faster than a^2
        near = found[-1] * 1.3 if found else None
        found.append(_largest(line, float(a), n, near))
    return tuple(NOISES.tolist()), tuple(found)


def _where(
    line: Line, n: int, of: Callable[[Chart], float], target: float
) -> Chart | None:
    """The point at which a monotone function on a line has a value, or None."""
    noises, fields = _curve(line, n)
    at = lambda k: of(chart(noises[k], fields[k], n))
    low, high = 0, len(noises) - 1
    rises = at(high) > at(low)
    if not min(at(low), at(high)) <= target <= max(at(low), at(high)):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if (at(middle) < target) == rises:
            low = middle
        else:
            high = middle

    def field(log_a: float) -> float:
        share = (log_a - math.log(noises[low])) / math.log(noises[high] / noises[low])
        near = fields[low] ** (1 - share) * fields[high] ** share
        return _largest(line, math.exp(log_a), n, near)

    off = lambda t: of(chart(math.exp(t), field(t), n)) - target
    t = root(off, math.log(noises[low]), math.log(noises[high]))
    return Chart(*(float(x) for x in chart(math.exp(t), field(t), n)))


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be > 0 and finite, got {value}.")
