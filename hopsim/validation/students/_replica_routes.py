"""Replica theory by independent methods: iteration, autodiff, adaptive quadrature.

None of them uses the one-parameter curve of the Nishimori line, or the chart of local
fields: only the free entropy, or the equations as they are printed.
"""

import functools as ft
import math
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from ...theory import teacher_student as ts


Kind = Literal["ferro", "example"]  # what is remembered: the pattern, or an example


def plain_expectation(function: Callable[[float], float], centre: float) -> float:
    """E f(x) over a normal x, by adaptive quadrature with a kink at `centre`."""
    from scipy.integrate import quad

    normal = lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    kink = min(max(centre, -11.9), 11.9)
    value, *_ = quad(
        lambda x: function(x) * normal(x), -12, 12,
        points=[kink], limit=400, epsabs=2e-13, epsrel=1e-12,
    )  # fmt: skip
    return float(value)


def plain_maximum(function: Callable[[float], float], low: float, high: float) -> float:
    """The largest value of a function with one maximum, by comparisons alone."""
    from scipy.optimize import minimize_scalar

    found: Any = minimize_scalar(
        lambda x: -function(x), bounds=(low, high), method="bounded",
        options={"xatol": 1e-11, "maxiter": 500},
    )  # fmt: skip
    return -float(found.fun)


# --- lines ----------------------------------------------------------------------------


def plain_spinodal(
    n: int, temperature: float, teacher: float, kind: Kind = "ferro"
) -> float:
    r"""$\alpha_d$: where the gradient of f and the determinant of its Hessian vanish.

    By Newton's method on the free entropy with its derivatives by autodiff, from where
    plain iteration (a few thousand steps) loses the solution; NaN if it fails.
    """
    from scipy.optimize import root

    alpha = _coarse(n, temperature, teacher, kind)
    found = _iterated(n, alpha, temperature, teacher, kind)
    start = found.q_star if kind == "ferro" else found.m
    c = alpha / temperature**2
    # a bound of the noise, coarse: every value compiles a program
    scale = 8.0 ** math.ceil(math.log(2 * math.sqrt(c * n), 8))
    other = temperature / teacher if kind == "ferro" else 1 / temperature
    singular = _singular(n, kind, scale)
    solved = root(
        lambda x: np.asarray(singular(jnp.asarray(x), other)),
        [start, found.q, math.log(c)],
        options={"xtol": 1e-13},
    )
    return math.exp(solved.x[2]) * temperature**2 if solved.success else math.nan


def plain_transition(
    n: int, temperature: float, teacher: float, kind: Kind = "ferro"
) -> float:
    r"""$\alpha_c$: where the iterated solution has the paramagnet's free entropy.

    NaN if its free entropy is larger already where it begins to exist.
    """
    from scipy.optimize import brentq

    def gap(alpha: float) -> float:
        found = _iterated(n, alpha, temperature, teacher, kind)
        return found.free_entropy - math.log(2) - alpha / temperature**2 / 2

    edge = _coarse(n, temperature, teacher, kind)
    inside = edge * (1.001 if kind == "ferro" else 0.999)
    if gap(inside) > 0:
        return math.nan
    beyond = inside
    while gap(beyond) < 0:
        beyond *= 1.3 if kind == "ferro" else 0.7
    return float(np.asarray(brentq(gap, inside, beyond, xtol=1e-12)))


def _iterated(
    n: int, alpha: float, temperature: float, teacher: float, kind: Kind
) -> ts.SaddlePoint:
    beta = 1 / temperature
    if kind == "ferro":
        return ts.saddle_point(n, alpha * beta**2, alpha * beta / teacher)
    return ts.saddle_point(n, alpha * beta**2, 0.0, beta=beta, start="example")


def _coarse(n: int, temperature: float, teacher: float, kind: Kind) -> float:
    """A load at which the solution exists, within 1e-4 of the last one."""
    order = lambda x: x.q_star if kind == "ferro" else x.m
    there = lambda t: order(_iterated(n, math.exp(t), temperature, teacher, kind)) > 0.1
    low, high = -12.0, 12.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        if there(middle) == (kind == "ferro"):
            high = middle
        else:
            low = middle
    return math.exp(high if kind == "ferro" else low)


@ft.cache
def _singular(n: int, kind: Kind, scale: float) -> Callable:
    """The gradient of f in its two overlaps, and the determinant of its Hessian."""

    def f(x, c, other):
        inputs: dict[str, Any] = {"xp": jnp, "scale": scale}
        if kind == "ferro":
            return ts.free_entropy(x[0], x[1], 0.0, c, other * c, n, **inputs)
        return ts.free_entropy(0.0, x[1], x[0], c, 0.0, n, beta=other, **inputs)

    @jax.jit
    def equations(x, other):
        c = jnp.exp(x[2])
        slope, bend = jax.grad(f)(x[:2], c, other), jax.hessian(f)(x[:2], c, other)
        size = jnp.abs(bend[0, 0] * bend[1, 1]) + bend[0, 1] ** 2
        fold = (bend[0, 0] * bend[1, 1] - bend[0, 1] * bend[1, 0]) / size
        return jnp.append(slope, fold)

    return equations


# --- solutions ------------------------------------------------------------------------


def plain_gradient(n: int, c: float, c_s: float, q_star: float, q: float) -> float:
    r"""The largest $|\partial f|$ in $q^*$, q and m, by autodiff; m = 0."""
    found = _gradient(n)(jnp.array([q_star, q, 0.0, c, c_s]))
    return float(jnp.max(jnp.abs(found[:3])))


def plain_energy(n: int, c: float, q: float) -> float:
    r"""$-\beta u$ on the line: $\beta\,\partial f/\partial\beta$ at a fixed teacher.

    $2c\,\partial_cf + c_s\,\partial_{c_s}f$, since $c\propto\beta^2$ and
    $c_s\propto\beta$, by autodiff; it contains all averages and must be c. [THEORY 2.3]
    """
    _, _, _, by_c, by_s = _gradient(n)(jnp.array([q, q, 0.0, c, c]))
    return float(2 * c * by_c + c * by_s)


@ft.cache
def _gradient(n: int) -> Callable:
    """The gradient of f in q*, q, m, c and c_s, for c n up to 64."""
    f = lambda x: ts.free_entropy(x[0], x[1], x[2], x[3], x[4], n, xp=jnp, scale=8.0)
    return jax.jit(jax.grad(f))


def plain_barrier(n: int, c: float) -> float:
    r"""$q_b$: lower root of $q = E\tanh(u + \sqrt ux)$, $u = cnq^{n-1}$, by quad.

    NaN where there is none in [0.005, 0.995], as below $c_d$.
    """
    from scipy.optimize import brentq

    def off(q: float) -> float:
        a = math.sqrt(c * n * q ** (n - 1))
        return plain_expectation(lambda x: math.tanh(a * (a + x)), -a) - q

    grid = np.linspace(0.005, 0.995, 100)
    ends = next((k for k, q in enumerate(grid) if off(q) > 0), 0)
    if ends == 0:
        return math.nan
    root = brentq(off, grid[ends - 1], grid[ends], xtol=1e-13)
    return float(np.asarray(root))


def _turn(a: float, b: float) -> float:
    """Where a x + b changes its sign; anywhere for a = 0, where nothing turns."""
    return -b / a if a > 0 else 0.0


def plain_solution(n: int, c: float, c_s: float) -> tuple[float, float]:
    r"""$(q^*, q)$ of the pattern: a root of the printed equations, by quad."""
    from scipy.optimize import root

    def off(x: np.ndarray) -> list[float]:
        q_star, q = np.abs(x)
        a, b = math.sqrt(c * n * q ** (n - 1)), c_s * n * q_star ** (n - 1)
        z, turn = lambda x: math.tanh(a * x + b), _turn(a, b)
        mean = (
            plain_expectation(z, turn),
            plain_expectation(lambda x: z(x) ** 2, turn),
        )
        return [mean[0] - q_star, mean[1] - q]

    found = root(off, [0.97, 0.97], options={"xtol": 1e-12})
    return float(found.x[0]), float(found.x[1])


def plain_free_entropy(n: int, c: float, c_s: float) -> tuple[float, float]:
    r"""$(f, s)$ of the pattern's solution, as printed, by quad. [THEORY 2.2]"""
    q_star, q = plain_solution(n, c, c_s)
    r, r_star = n * q ** (n - 1), n * q_star ** (n - 1)
    a, b = math.sqrt(c * r), c_s * r_star
    cosh = lambda x: abs(a * x + b) + math.log1p(math.exp(-2 * abs(a * x + b)))
    field = plain_expectation(cosh, _turn(a, b)) - math.log(2)
    f = math.log(2) + c / 2 * (1 - q**n) + c_s * q_star**n
    f += field - c / 2 * r * (1 - q) - c_s * q_star * r_star
    return f, f - c * (1 - q**n) - c_s * q_star**n


# --- the teacher, and zero temperature ------------------------------------------------


def plain_alignment_temperature(n: int) -> float:
    r"""$T_{eR}$: where $\max_{m > 1/2}[\beta m^n + s(m)]$ is $\log 2$."""
    from scipy.optimize import brentq

    def excess(beta: float) -> float:
        at = lambda m: beta * m**n + _entropy(m) - math.log(2)
        # below T_eR the maximum lies within e^(-n) of m = 1
        return plain_maximum(lambda t: at(math.tanh(t)), 0.6, 30.0)

    return 1 / float(np.asarray(brentq(excess, 0.3, 1.2, xtol=1e-13)))


def plain_alignment_spinodal(n: int) -> float:
    r"""$T_{sp}$: the largest $T = nm^{n-1}/\mathrm{artanh}(m)$."""
    return plain_maximum(lambda t: n * math.tanh(t) ** (n - 1) / t, 0.2, 20.0)


def plain_zero_threshold(n: int) -> float:
    r"""$y_d$: the least $\mathrm{erf}^{-1}(x)/x^{n-1}$ over overlaps x."""
    from scipy.special import erfinv

    return -plain_maximum(lambda x: -float(erfinv(x)) / x ** (n - 1), 0.3, 1 - 1e-9)


def plain_zero_solution(load: float, teacher: float, n: int) -> tuple[float, float]:
    r"""$(q^*, u)$ at T = 0 by iterating $q^* = \mathrm{erf}(\cdot)$ from 1."""
    signal, q, argument = load / teacher, 1.0, 0.0
    for _ in range(5000):
        argument = signal * n * q ** (n - 1) / math.sqrt(2 * load * n)
        q = math.erf(argument)
    stiffness = math.sqrt(2 / (math.pi * load * n)) * math.exp(-(argument**2))
    return q, -(load * n * stiffness + signal * q**n)


def _entropy(m: float) -> float:
    return -sum(p * math.log(p) for p in ((1 + m) / 2, (1 - m) / 2) if p > 0)
