r"""Pairs of sites, n = 2, on the Nishimori line.

The number M of examples is of order N, and all cumulants of an example's field
contribute, not only the second. With $a = M/N = \alpha/2$ and $b = 2/T < 1$ the overlap
rises continuously from $a = (T/2 - 1)^2$ on; below T = 2 the teacher is aligned.
[THEORY 2.6, TS-18]
"""

import math
from typing import Any

import numpy as np

from . import _gauss
from ._roots import root


MIN_FIELD = 1e-14  # a field below which overlaps count as 0


def quadratic_threshold(temperature: float) -> float:
    r"""$M/N = (T/2 - 1)^2$: above it the pattern is learnt. [THEORY TS 2.6, TS-18]

    For T > 2. The spin-glass line $T/2 = 1 + \sqrt a$ of the Hopfield network with M
    memories.
    """
    return (_checked(temperature) / 2 - 1) ** 2


def quadratic_overlap(ratio: float, temperature: float) -> float:
    r"""$q^* = q = E\tanh^2(\hat r + \sqrt{\hat r} x)$, 0 up to the threshold.

    $\hat r = \frac{a b^2 q}{(1-b)(1-b+bq)}$; $\hat r$ is the only unknown, and a
    increases with it. For n = 2 the sign of the pattern is arbitrary: q* means |q*|.
    [THEORY TS 2.6]

    **Arguments:**

    - `ratio`: a = M/N >= 0.
    - `temperature`: T > 2, of student and teacher.
    """
    _require(ratio)
    if ratio <= quadratic_threshold(temperature):
        return 0.0
    b = 2 / temperature

    def excess(u: float) -> float:
        q = _q(u)
        return math.log(u * (1 - b) * (1 - b + b * q) / (b**2 * q * ratio))

    # beyond the upper end q is 1
    high = 1.01 * ratio * b**2 / (1 - b) ** 2
    if excess(MIN_FIELD) >= 0:  # at the threshold, up to rounding
        return 0.0
    return _q(root(excess, MIN_FIELD, high))


def quadratic_free_entropy(
    q: Any, ratio: float, temperature: float, xp: Any = np
) -> Any:
    r"""$f(q)$ in nats per spin, stationary at the solution. [THEORY TS 2.6]

    $f = a[-\frac12\log(1-b(1-q)) + \frac{bq}{2(1-b)} - \frac b2] - \frac{\hat r}2(1+q)
    + E\log 2\cosh(\hat r + \sqrt{\hat r}x)$; the term -b/2 comes from the energy of
    distinct sites. The normalisation of the examples' law is not included in f.
    """
    b = 2 / _checked(temperature)
    _require(ratio)
    field = ratio * b**2 * q / ((1 - b) * (1 - b + b * q))
    own = -xp.log(1 - b * (1 - q)) / 2 + b * q / (2 * (1 - b)) - b / 2
    width = field**0.5
    noise = lambda x: _gauss.log_two_cosh(field + width * xp.asarray(x), xp)
    # no field is larger: q may be traced, the nodes may not
    spins = _gauss.average(noise, math.sqrt(ratio / (1 - b)) * b, xp)
    return ratio * own - field / 2 * (1 + q) + spins


def _q(u: float) -> float:
    noise = math.sqrt(u)
    return float(_gauss.average(lambda x: np.tanh(u + noise * x) ** 2, noise))


def _checked(temperature: float) -> float:
    if not 2 < temperature < math.inf:
        raise ValueError(
            "The theory of n = 2 sites holds for misaligned teachers, T > 2, got "
            f"temperature {temperature}; give a finite one above 2."
        )
    return temperature


def _require(ratio: float) -> None:
    if not 0 <= ratio < math.inf:
        raise ValueError(
            f"The ratio M/N must be >= 0, got {ratio}; give a finite number."
        )
