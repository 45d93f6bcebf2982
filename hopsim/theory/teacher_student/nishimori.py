r"""The Nishimori line: a student at the temperature of its teacher.

There T = T_s, $c_s = c = \alpha\beta^2$ and $q^* = q$, and one number $u = c\zeta'(q)$
gives the rest: $q = Q(u) = E\tanh(u + \sqrt u x)$ and $c = u/\zeta'(Q(u))$. All
solutions lie on this curve, and its turning points are roots of one equation: no
iteration of the order parameters is needed. For "distinct" sites it falls from infinity
to $c_d$ and rises again; for the full "power" it starts at 0 (n odd) or $1/(2a_2)$ (n
even) and turns twice for n >= 6, never for n = 3, 4, 5. [TT24; THEORY 2.3, TS-01 to
TS-05]
"""

import functools as ft
import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

from . import _gauss
from ._roots import root, roots
from ._vertex import (
    check_vertex,
    coefficients,
    Hamiltonian,
    log_slope,
    Numbers,
    one_of,
    zeta,
)


LARGE_N_CROSSING = 2 * math.log(2)  # c_c: the paramagnet's entropy is 0
Branch = Literal["upper", "lower"]
FIELDS_PER_BLOCK = 1024  # fields in one block, each with thousands of nodes


class Nishimori(NamedTuple):
    r"""Solutions on the Nishimori line; all entries have the same shape.

    `gap` is $f - \log 2 - \frac c2\zeta(1)$, the free entropy less the paramagnet's.
    """

    c: Numbers
    q: Numbers
    free_entropy: Numbers
    gap: Numbers
    entropy: Numbers


def nishimori_curve(
    u: Numbers, n: int, hamiltonian: Hamiltonian = "distinct"
) -> Nishimori:
    r"""The solution with the field u, for any u > 0. [THEORY 2.3]

    $c = u/\zeta'(q)$ and $f = \log 2 + \frac c2[\zeta(1)+\zeta(q)] - \frac u2(1+q) +
    E\log\cosh(u + \sqrt u x)$, formed as $s + c\zeta(1)$ with the entropy
    $s = \frac u2(1-q) - \frac c2[\zeta(1)-\zeta(q)] + E\log(1 + e^{-2(u+\sqrt u x)})$,
    whose terms are all small where q is near 1.

    **Arguments:**

    - `n`: the interaction vertex, >= 3.
    - `hamiltonian`: "distinct" sites, or the full "power". [THEORY TRAP 1]
    """
    check_vertex(n)
    u = np.asarray(u, float)
    if not np.all((u > 0) & np.isfinite(u)):
        raise ValueError(f"The field u must be > 0 and finite, got {u}.")
    q, lost, _, tail = _averages(u)
    c = u * np.exp(-log_slope(q, n, hamiltonian)[0])
    terms = coefficients(n, hamiltonian).items()
    # log q: each form where it keeps its digits
    log_q = np.where(lost < 0.5, np.log1p(-np.minimum(lost, 0.5)), np.log(q))
    rise = sum(-a * np.expm1(k * log_q) for k, a in terms)
    return _assembled(c, q, u * lost / 2 - c * rise / 2 + tail, n, hamiltonian)


def nishimori_boundaries(
    n: int | float, hamiltonian: Hamiltonian = "distinct"
) -> tuple[float, float]:
    r"""$(c_d, c_c)$: where the ordered state appears, and where it becomes typical.

    $c_d = \min_u c(u)$ bounds regime lR, and $c_c$, at which the ordered branch u > u_d
    and the other state have equal free entropy, bounds regime gR; alpha = c T^2. If the
    curve does not turn ("power", n = 3, 4, 5) the transition is continuous, at 0 for
    odd n and at $1/(2a_2)$ for even n; otherwise the other state of the full power is
    its first branch. `math.inf` gives the limit (0, 2 log 2). [THEORY 2.3, TRAP 1,
    TS-01]
    """
    check_vertex(n, limit=True)
    one_of("hamiltonian", hamiltonian, Hamiltonian)
    if n == math.inf:
        return 0.0, LARGE_N_CROSSING
    return _boundaries(int(n), hamiltonian)


def nishimori_solution(
    c: Numbers,
    n: int,
    branch: Branch = "upper",
    hamiltonian: Hamiltonian = "distinct",
) -> Nishimori:
    r"""The solution at $c = \alpha/T^2$, of the stable or of the unstable branch.

    "upper" is the solution of largest overlap, for "distinct" the paramagnet (q = 0)
    below c_d. "lower" is the unstable solution between it and the other state, NaN if
    there is none. [THEORY 2.3]

    **Arguments:**

    - `c`: > 0.
    """
    check_vertex(n)
    one_of("branch", branch, Branch)
    c = np.asarray(c, float)
    if not np.all((c > 0) & np.isfinite(c)):
        raise ValueError(f"The signal c = alpha / T^2 must be > 0, got {c}.")
    first, where = _turns(n, hamiltonian)
    turns = list(where)
    levels = [first, *(_signal(np.asarray(t), n, hamiltonian) for t in turns)]
    u = np.full(c.shape, np.nan)
    if branch == "lower":
        if turns:
            top = levels[-2] if len(turns) > 1 else math.inf
            there = (c >= levels[-1]) & (c <= top)
            ends = (turns[-2], turns[-1]) if len(turns) > 1 else (None, turns[-1])
            u[there] = _field(c[there], ends, n, hamiltonian)
        return _at(u, c, n, hamiltonian)
    above = c >= levels[-1] if turns else c > first
    u[above] = _field(c[above], (turns[-1] if turns else None, None), n, hamiltonian)
    if len(turns) > 1:  # the first branch of the full power, of small overlap
        some = ~above & (c > first)
        u[some] = _field(c[some], (None, turns[0]), n, hamiltonian)
    found = _at(u, c, n, hamiltonian)
    nothing = np.isnan(u)
    entropy = math.log(2) - c * zeta(1.0, n, hamiltonian) / 2
    para = _assembled(c, np.zeros(c.shape), entropy, n, hamiltonian)
    pairs = zip(found, para, strict=True)
    return Nishimori(*(_plain(np.where(nothing, p, f)) for f, p in pairs))


def nishimori_overlap(
    c: Numbers,
    n: int,
    branch: Branch = "upper",
    hamiltonian: Hamiltonian = "distinct",
) -> Numbers:
    """The overlap q* = q of `nishimori_solution`; "lower" is the barrier q_b."""
    return nishimori_solution(c, n, branch, hamiltonian).q


# --- the curve c(u) -------------------------------------------------------------------


def _averages(u: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    r"""$Q$, $1 - Q$, $Q'(u) = E(1-\tanh^2)^2$ and $E\log(1 + e^{-2z})$, each exact.

    $z = u + \sqrt u x$ and $Q = E\tanh^2 z = E\tanh z$; Q' follows by Stein's lemma.
    """
    u = np.asarray(u, float)
    flat = u.ravel()
    found = np.empty((4, flat.size))
    for k in range(0, flat.size, FIELDS_PER_BLOCK):
        some = flat[k : k + FIELDS_PER_BLOCK, None]
        # beyond u = 400 every z is above 200, where tanh rounds to 1
        x, weight = _gauss.nodes(math.sqrt(min(float(np.max(some)), 400.0)))
        z = some + np.sqrt(some) * x
        sech = _gauss.squared_sech(z)
        for row, values in enumerate(
            (np.tanh(z) ** 2, sech, sech**2, np.logaddexp(0.0, -2 * z))
        ):
            found[row, k : k + FIELDS_PER_BLOCK] = values @ weight
    shaped = found.reshape((4, *u.shape))
    return shaped[0, ...], shaped[1, ...], shaped[2, ...], shaped[3, ...]


def _signal(u: Numbers, n: int, hamiltonian: Hamiltonian) -> float:
    return float(nishimori_curve(u, n, hamiltonian).c)


def _steepness(u: Numbers, n: int, hamiltonian: Hamiltonian) -> tuple[Numbers, Numbers]:
    r"""$\log c$ and its slope $1 - u\zeta''(q)Q'(u)/\zeta'(q)$ in $\log u$."""
    q, _, slope, _ = _averages(u)
    log_r, bend = log_slope(q, n, hamiltonian)
    return np.log(u) - log_r, 1 - u * bend * slope


@ft.cache
def _turns(n: int, hamiltonian: Hamiltonian) -> tuple[float, tuple[float, ...]]:
    """The signal c at u = 0, and the fields at which the curve turns."""
    lowest = min(coefficients(n, hamiltonian))
    bend = zeta(0.0, n, hamiltonian, 2)  # 2 a_2; 0 for distinct sites
    first = 0.0 if lowest == 1 else 1 / bend if bend else math.inf
    # no turn lies beyond the grid, where Q' ~ e^{-u/2} dominates for any n
    grid = np.geomspace(1e-7, 20 + 8 * math.log(n), 300)
    return first, tuple(roots(lambda u: _steepness(u, n, hamiltonian)[1], grid))


@ft.cache
def _boundaries(n: int, hamiltonian: Hamiltonian) -> tuple[float, float]:
    first, turns = _turns(n, hamiltonian)
    if not turns:
        return first, first
    lowest = _signal(np.asarray(turns[-1]), n, hamiltonian)
    if len(turns) == 1:  # a root in u: no branch has to be solved for
        gap = lambda u: float(nishimori_curve(u, n, hamiltonian).gap)
        u = root(gap, turns[-1], 2 * n * LARGE_N_CROSSING)
        return lowest, _signal(np.asarray(u), n, hamiltonian)
    highest = _signal(np.asarray(turns[0]), n, hamiltonian)

    def gain(c: float) -> float:
        upper = _field(np.asarray(c), (turns[-1], None), n, hamiltonian)
        low = 0.0
        if c > first:
            other = _field(np.asarray(c), (None, turns[0]), n, hamiltonian)
            low = float(nishimori_curve(other, n, hamiltonian).gap)
        return float(nishimori_curve(upper, n, hamiltonian).gap) - low

    # in log c: the ends are orders of magnitude apart for large n
    ends = math.log(lowest), math.log(highest)
    return lowest, math.exp(root(lambda t: gain(math.exp(t)), *ends))


def _field(
    c: Numbers,
    ends: tuple[float | None, float | None],
    n: int,
    hamiltonian: Hamiltonian,
) -> Numbers:
    """The field u of each c on one piece of the curve, between two turns.

    Newton's method in log u, with a bisection step wherever it would leave its bracket.
    """
    if not np.size(c):
        return c
    shape, c = np.shape(c), np.ravel(c)
    rises = ends[1] is None or (ends[0] is None and len(_turns(n, hamiltonian)[1]) > 1)
    low, high = (np.full(c.shape, math.nan if e is None else e) for e in ends)
    if ends[0] is None:
        low = _least_field(c, n, hamiltonian)
    if ends[1] is None:  # zeta' <= zeta'(1)
        high = 1.0001 * c * zeta(1.0, n, hamiltonian, 1)
    low, high = np.log(np.minimum(low, high)), np.log(high)
    t, target, open_ = (low + high) / 2, np.log(c), np.arange(c.size)
    for _ in range(100):
        here = t[open_]
        value, slope = _steepness(np.exp(here), n, hamiltonian)
        off = value - target[open_]
        below = (off < 0) == rises
        low[open_] = np.where(below, here, low[open_])
        high[open_] = np.where(below, high[open_], here)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = here - off / slope
        inside = (step >= low[open_]) & (step <= high[open_])
        t[open_] = np.where(inside, step, (low[open_] + high[open_]) / 2)
        # steps shrink quadratically, or the bracket is down to rounding
        open_ = open_[np.abs(t[open_] - here) > 1e-13 * np.maximum(1, np.abs(here))]
        if not open_.size:
            break
    return np.exp(t).reshape(shape)


def _least_field(c: Numbers, n: int, hamiltonian: Hamiltonian) -> Numbers:
    """A lower bound on the first field u that belongs to c, from Q <= u."""
    a = coefficients(n, hamiltonian)
    if hamiltonian == "distinct":
        return 0.999 * (n * c) ** (-1 / (n - 2))
    return a[1] * c if 1 in a else np.full(np.shape(c), 1e-14)


def _at(u: Numbers, c: Numbers, n: int, hamiltonian: Hamiltonian) -> Nishimori:
    """The solutions with the fields u, NaN where u is; `c` is returned as given."""
    known = np.isfinite(u)
    found = nishimori_curve(np.where(known, u, 1.0), n, hamiltonian)
    pick: Callable[[Any], Any] = lambda x: _plain(np.where(known, x, np.nan))
    return Nishimori(_plain(c), *(pick(x) for x in found[1:]))


def _assembled(
    c: Numbers, q: Numbers, entropy: Numbers, n: int, hamiltonian: Hamiltonian
) -> Nishimori:
    # the internal energy is -alpha beta zeta(1) in every phase: f = s + c zeta(1)
    whole = zeta(1.0, n, hamiltonian)
    gap = entropy + c * whole / 2 - math.log(2)
    values = (c, q, entropy + c * whole, gap, entropy)
    return Nishimori(*(_plain(x) for x in values))


def _plain(x: Any) -> Numbers:
    return float(x) if np.ndim(x) == 0 else np.asarray(x)
