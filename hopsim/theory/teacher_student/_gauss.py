r"""Gaussian averages by the trapezoid rule.

For an analytic integrand that decays at both ends the rule converges exponentially: for
$E\tanh(ax + b)$, whose poles are $\pi/(2a)$ off the real axis, its error is
$2e^{-\pi^2/(ah)}$. Gauss-Hermite nodes are wrong by 1e-2 there once $a > 5$.
[THEORY TS 2.8]
"""

import functools as ft
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._common.types import AnyArray


CUTOFF = 10.0  # beyond it lies 1.5e-23 of the weight
MAX_HALVINGS = 14  # a million nodes; beyond, the zero-temperature formulas apply
Nodes = tuple[Float[np.ndarray, " node"], Float[np.ndarray, " node"]]


def nodes(scale: float) -> Nodes:
    r"""Nodes and weights for functions of $ax$ with $a\le$ `scale`.

    Spacing $h \le 0.25/\max(1, a)$, so that $2e^{-\pi^2/(ah)}$ is below 1e-16.
    """
    if not 0 <= scale < math.inf:
        raise ValueError(
            f"The noise sqrt(c r) must be finite and >= 0, got {scale}; at zero "
            "temperature use `zero_solution`."
        )
    halvings = max(0, math.ceil(math.log2(max(scale, 1.0))))
    if halvings > MAX_HALVINGS:
        raise ValueError(
            f"A noise sqrt(c r) of {scale:g} is too large for the quadrature; use "
            "`zero_solution`, at zero temperature."
        )
    return _nodes(halvings)


@ft.lru_cache(maxsize=8)
def _nodes(halvings: int) -> Nodes:
    x = np.linspace(-CUTOFF, CUTOFF, 80 * 2**halvings + 1)
    weight = np.exp(-(x**2) / 2)
    return x, weight / np.sum(weight)


def average(function: Callable[[Any], Any], scale: float, xp: Any = np) -> Any:
    r"""$E f(x)$ for a standard normal x; `function` takes nodes along the last axis.

    **Arguments:**

    - `scale`: the largest a in $f = g(ax)$; it sets the spacing of the nodes.
    - `xp`: the array module of what `function` returns.
    """
    x, weight = nodes(scale)
    return xp.sum(function(x) * weight, axis=-1)


def log_two_cosh(x: AnyArray, xp: Any = np) -> Any:
    r"""$\log 2\cosh x = \log(e^x + e^{-x})$, without overflow and smooth at 0."""
    return xp.logaddexp(x, -x)


def squared_sech(x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    r"""$1 - \tanh^2 x$, accurate also where $\tanh x$ rounds to 1."""
    e = np.exp(-2 * np.abs(x))
    return 4 * e / (1 + e) ** 2
