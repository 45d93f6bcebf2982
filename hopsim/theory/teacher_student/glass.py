r"""The spin glass of a student that has learnt nothing, with one-step RSB.

Couplings of many examples are Gaussian, and a student without overlap with the pattern
is an Ising p-spin glass, p = n, with $J^2 = 2\alpha$. Below its Kauzmann temperature
the paramagnet's entropy is negative, and its free entropy must not be used there: a
line "$f_{ferro} = f_{para}$" at a fixed teacher bends back for this reason only.
[Gardner 1985; THEORY TS 2.3, 2.8.4, TRAP 2]

All glass states lie on a curve: with $\hat r = c n q_1^{n-1}$ each Parisi parameter m
fixes $\hat r$ by $\partial f/\partial m = 0$, and $\hat r$ gives $q_1$ and c.
"""

import functools as ft
import math
from typing import Any, NamedTuple

import numpy as np

from . import _gauss
from ._roots import root
from ._vertex import check_vertex


class Glass(NamedTuple):
    r"""The state of the p-spin glass at one $c = \alpha\beta^2$, in nats per spin."""

    parisi: float  # m, P that two replicas are in different states; 1: liquid
    q: float  # q_1, the overlap of replicas in the same state; 0 in the liquid
    free_entropy: float
    entropy: float


def glass_free_entropy(c: Any, parisi: Any, q: Any, n: int, xp: Any = np) -> Any:
    r"""$f = \frac c2[1 + (m-1) q_1^n] - \frac{\hat r}2[1 + (m-1) q_1] + \frac 1m \log
    E(2\cosh\sqrt{\hat r} x)^m$.

    $\hat r = c n q_1^{n-1}$; it is stationary in $q_1$ and minimal in m. Its slope
    in m at m = 1 is the ferromagnet's free entropy on the Nishimori line less the
    paramagnet's, at every c. [THEORY TS 2.3, TS-21]

    **Arguments:**

    - `c`: $\alpha\beta^2$, a plain number that is not traced; m and q are scalars.
    - `parisi`: m in (0, 1].
    - `q`: $q_1$ in (0, 1].
    - `n`: the interaction vertex, distinct sites, >= 3.
    - `xp`: the array module of the result.
    """
    field = c * n * q ** (n - 1)
    log_weight, *_ = _tilted(field, parisi, c * n, xp)
    coupling = c / 2 * (1 + (parisi - 1) * q**n)
    return coupling - field / 2 * (1 + (parisi - 1) * q) + log_weight / parisi


def glass_state(c: float, n: int) -> Glass:
    r"""The stable state at c: the liquid ($m = 1$, $f = \log 2 + c/2$) up to $c_K$.

    The liquid between $c_d$ and $c_K$ is shattered into exponentially many states, with
    the same total free entropy. [THEORY TS R4, TS-21]
    """
    check_vertex(n)
    if not 0 <= c < math.inf:
        raise ValueError(f"The noise c = alpha / T^2 must be >= 0, got {c}.")
    if c <= glass_boundaries(n)[1]:
        return Glass(1.0, 0.0, math.log(2) + c / 2, math.log(2) - c / 2)
    # m = T / T_K for n -> infinity, and less for every n
    high = math.sqrt(glass_boundaries(n)[1] / c)
    low = high / 2
    off = lambda m: math.log(glass_curve(m, n)[0] / c)
    while off(low) < 0:
        low /= 2
    parisi = root(off, low, min(1.0, 1.01 * high))
    return glass_curve(parisi, n)[1]


def glass_curve(parisi: float, n: int) -> tuple[float, Glass]:
    r"""c and the glass state with Parisi parameter m; 0 < m <= 1. $c(1) = c_K$."""
    check_vertex(n)
    if not 0 < parisi <= 1:
        raise ValueError(f"The Parisi parameter must lie in (0, 1], got {parisi}.")
    slope = lambda field: _slope(field, parisi, n)
    high = 2 * n * math.log(2) / parisi**2
    while slope(high) < 0:
        high *= 2
    low = high / 2
    while slope(low) > 0:
        low /= 2
    field = root(slope, low, high)
    log_weight, q, _ = _tilted(field, parisi, field)
    c = field / (n * q ** (n - 1))
    energy = c * (1 + (parisi - 1) * q**n)  # -beta u
    free = energy / 2 - field / 2 * (1 + (parisi - 1) * q) + log_weight / parisi
    return c, Glass(parisi, float(q), float(free), float(free - energy))


@ft.cache
def glass_boundaries(n: int) -> tuple[float, float]:
    r"""$(c_d, c_K)$: where glass states appear, and where they replace the liquid.

    By the 1RSB equations at m = 1, with $T = \sqrt{\alpha/c}$; equal to $(c_d, c_c)$ of
    the Nishimori line. [THEORY TS 2.3, TS-21]
    """
    from scipy.optimize import minimize_scalar

    check_vertex(n)
    signal = lambda u: (
        math.exp(u) / (n * _tilted(math.exp(u), 1.0, math.exp(u))[1] ** (n - 1))
    )
    # one minimum, and for no n beyond the upper end
    ends = (math.log(0.1), math.log(20 + 8 * math.log(n)))
    found: Any = minimize_scalar(
        signal, bounds=ends, method="bounded", options={"xatol": 1e-9}
    )
    return float(found.fun), glass_curve(1.0, n)[0]


@ft.cache
def glass_ground_energy(n: int) -> float:
    r"""$e_0/\sqrt\alpha = -\min_y [\frac y2 + \frac 1y\log 2\Phi(y\sqrt n)]$ at T = 0.

    From $m = y T/\sqrt\alpha$ for T -> 0; $\Phi$ is the normal distribution function.
    -1.1502 for n = 3, and $-\sqrt{2\log 2}$ for large n. [THEORY TS R4, TS-21]
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_ndtr

    check_vertex(n)
    at = lambda y: y / 2 + (math.log(2) + log_ndtr(y * math.sqrt(n))) / y
    found: Any = minimize_scalar(
        at, bounds=(0.1, 3.0), method="bounded", options={"xatol": 1e-10}
    )
    return -float(found.fun)


def _tilted(
    field: Any, parisi: Any, largest: float, xp: Any = np
) -> tuple[Any, Any, Any]:
    r"""$\log E(2\cosh z)^m$, and the means of $\tanh^2 z$ and $\log\cosh z$ under it.

    $z = \sqrt{\hat r} x$ with $\hat r$ = `field`, at most `largest`. The weight
    $(2\cosh z)^m$ shifts the Gaussian by at most $m\sqrt{\hat r}$, which the nodes
    cover.
    """
    scale, widest = field**0.5, math.sqrt(largest)
    spread = 1 + widest / _gauss.CUTOFF
    x, weight = _gauss.nodes(widest * spread)
    y = xp.asarray(x) * spread
    log_cosh = _gauss.log_two_cosh(scale * y, xp) - math.log(2)
    exponent = parisi * log_cosh - (y**2 - x**2) / 2
    top = xp.max(exponent)
    tilted = weight * xp.exp(exponent - top)
    total = xp.sum(tilted)
    log_weight = xp.log(spread * total) + top + parisi * math.log(2)
    mean = lambda values: xp.sum(tilted * values) / total
    return log_weight, mean(xp.tanh(scale * y) ** 2), mean(log_cosh)


def _slope(field: float, parisi: float, n: int) -> float:
    r"""$\partial f/\partial m$ at the $q_1$ and c of $\hat r$ = `field`."""
    log_weight, q, log_cosh = _tilted(field, parisi, field)
    entropic = (log_weight / parisi - math.log(2) - log_cosh) / parisi
    return float(field * q / 2 * (1 / n - 1) - entropic)
