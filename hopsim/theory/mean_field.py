r"""One memory in smooth model A: the mean-field equation of the p-spin ferromagnet.

With K = 1, $F(x) = (N/n)(x/N)^n$ and $g = \tanh(\beta v)$ every neuron has
$|g_i| = m$ and $m = \tanh(\beta m^{n-1})$. The variable of the code is the field
$x = \beta m^{n-1}$, $m = \tanh x$, which stays accurate near m = 1.
[THEORY 2.1.3, CL-28]
"""

import math
from collections.abc import Callable


def sharpness(overlap: float, n: int) -> float:
    r"""$\beta(m) = \mathrm{artanh}(m)/m^{n-1}$, where m is a fixed point; 0 < m < 1."""
    _check(n)
    if not 0 < overlap < 1:
        raise ValueError(f"The overlap must lie in (0, 1), got {overlap}.")
    return math.atanh(overlap) / overlap ** (n - 1)


def spinodal(n: int) -> float:
    r"""$\beta_s = \min_m \beta(m)$: the memory is an attractor above it. [CL-28]

    1.716494 and 2.016998 for n = 3 and 4. For n = 2 it is 1, a pitchfork.
    """
    x = _spinodal_field(n)
    return 1.0 if n == 2 else x / math.tanh(x) ** (n - 1)


def equal_energy(n: int) -> float:
    r"""$\beta_1$, at which the memory and m = 0 have equal free energies. [CL-28]

    The root of $(1 - 1/n)\, x \tanh x = \ln\cosh x$: 2.016254 and 2.755205 for n = 3
    and 4; for n = 2 it is 1. $n/\beta_1 \to 1/\ln 2$ for large n. [TT24]
    """
    x = _root(n, lambda x: (1 - 1 / n) * x * math.tanh(x) - _log_cosh(x), n)
    return 1.0 if n == 2 else x / math.tanh(x) ** (n - 1)


def memory_overlap(beta: float, n: int) -> float:
    r"""The overlap m of the memory's own attractor, at $\beta\ge\beta_s$. [CL-28]"""
    from scipy.optimize import root_scalar

    low = _spinodal_field(n)
    if not beta >= spinodal(n):
        raise ValueError(
            f"The memory is an attractor from beta = {spinodal(n):.6g} on for n = {n}, "
            f"got {beta}."
        )
    if beta == spinodal(n):
        return math.tanh(low)
    field = lambda x: x - beta * math.tanh(x) ** (n - 1)
    # the lower end is a root itself for n = 2, where m grows from 0
    low = max(low, 1e-9)
    return math.tanh(float(root_scalar(field, bracket=(low, beta), xtol=1e-15).root))


def free_energy(overlap: float, beta: float, n: int) -> float:
    r"""$[E(m) - E(0)]/N = -m^n/n + [\ln 2 - S(m)]/\beta$. [THEORY 2.1.3]

    $\ln 2 - S(m) = m\,\mathrm{artanh}(m) + \frac12\ln(1 - m^2)$; 0 <= m < 1.
    """
    _check(n)
    if not (0 <= overlap < 1 and beta > 0):
        raise ValueError(
            f"Need 0 <= m < 1 and beta > 0, got m = {overlap} and beta = {beta}."
        )
    lost = overlap * math.atanh(overlap) + 0.5 * math.log1p(-(overlap**2))
    return -(overlap**n) / n + lost / beta


def _spinodal_field(n: int) -> float:
    r"""The root of $d\beta/dx = 0$: $\sinh 2x = 2 (n-1) x$."""
    # at the upper end x = 2 + ln n the sinh dominates, without overflow for any n
    return _root(n, lambda x: 2 * (n - 1) * x - math.sinh(2 * x), 2 + math.log(n))


def _root(n: int, function: Callable[[float], float], high: float) -> float:
    """The root in (0, `high`) of a function that is > 0 below it; 0 for n = 2."""
    _check(n)
    if n == 2:
        return 0.0
    from scipy.optimize import root_scalar

    return float(root_scalar(function, bracket=(1e-3, high), xtol=1e-15).root)


def _log_cosh(x: float) -> float:
    return x + math.log1p(math.exp(-2 * x)) - math.log(2)


def _check(n: int) -> None:
    if n < 2:
        raise ValueError(f"The interaction vertex must be >= 2, got n = {n}.")


overlap = memory_overlap  # a former name
