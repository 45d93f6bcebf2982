"""Lagrangians of memory neurons that are powers, with their kinks."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._types import Scalar
from ._base import (
    AbstractAdditiveLagrangian,
    AbstractLagrangian,
    lagrangians,
    Layer,
    Rescaled,
)


@lagrangians.register("polynomial")
class Polynomial(AbstractAdditiveLagrangian):
    r"""$L(x) = \sum_\mu x_\mu^n$, for every sign of $x$. [KH16 eq. 3; KH21]

    Convex for even `n` only: an odd power lets the two-layer energy rise, and hopsim
    then promises nothing (`RectifiedPolynomial` is the convex cure).
    """

    n: int = eqx.field(static=True)
    smooth: ClassVar[bool] = True

    def __check_init__(self):
        _require_vertex(self.n)

    @property
    def convex(self) -> bool:
        return self.n == 1 or self.n % 2 == 0

    @property
    def degree(self) -> int:
        return self.n

    def interaction(self, x: Layer) -> Layer:
        return x**self.n

    def activation(self, x: Layer) -> Layer:
        return self.n * x ** (self.n - 1)

    def bracket(self, x: Layer) -> Scalar:
        return (self.n - 1) * self(x)

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        if self.n == 1:
            return jnp.zeros_like(dx)
        return self.n * (self.n - 1) * x ** (self.n - 2) * dx

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        return jnp.sum(_power_bregman(self.n, a, b))


@lagrangians.register("rectified_polynomial")
class RectifiedPolynomial(AbstractAdditiveLagrangian):
    r"""$L(x) = \sum_\mu F(x_\mu)$ with $F(x) = \max(x, 0)^n$. [KH16 eq. 3; MRS24 eq. 6]

    Convex for every `n`, unlike the plain `Polynomial(n)`. For n = 1 the activation is
    a step: 1 for x > 0, else 0.
    """

    n: int = eqx.field(static=True)
    convex: ClassVar[bool] = True

    def __check_init__(self):
        _require_vertex(self.n)

    @property
    def kink(self) -> int:
        return self.n

    @property
    def smooth(self) -> bool:
        return self.n >= 2

    @property
    def degree(self) -> int:
        return self.n

    def interaction(self, x: Layer) -> Layer:
        return jnp.where(x > 0, x, 0) ** self.n

    def activation(self, x: Layer) -> Layer:
        return jnp.where(x > 0, self.n * x ** (self.n - 1), 0)

    def bracket(self, x: Layer) -> Scalar:
        return (self.n - 1) * self(x)

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        return _rectified_curvature(self.n, x, dx)

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        return jnp.sum(_rectified_bregman(self.n, a, b))


@lagrangians.register("leaky_rectified_polynomial")
class LeakyRectifiedPolynomial(AbstractAdditiveLagrangian):
    r"""$F(x) = x^n$ for $x \ge 0$, $F(x) = s x$ for $x < 0$. [MRS24 eq. 6]

    Convex iff the slope $s \le 0$: the default -0.01 is the printed formula; +0.01 is
    what a public code uses, and there nothing is promised. The activation jumps by
    $-s$ at 0 for n >= 2.
    """

    n: int = eqx.field(static=True)
    slope: float = eqx.field(static=True, converter=float, default=-0.01)

    def __check_init__(self):
        _require_vertex(self.n)
        if not np.isfinite(self.slope):
            raise ValueError(f"The slope must be a finite number, got {self.slope}.")

    @property
    def convex(self) -> bool:
        return self.slope <= (1 if self.n == 1 else 0)

    @property
    def kink(self) -> int | None:
        return None if self.n == 1 and self.slope == 1 else self.n

    @property
    def smooth(self) -> bool:
        return self.slope == (1 if self.n == 1 else 0)

    @property
    def degree(self) -> int | None:
        return self.n if self.n == 1 or self.slope == 0 else None

    def interaction(self, x: Layer) -> Layer:
        return jnp.where(x >= 0, jnp.where(x >= 0, x, 0) ** self.n, self.slope * x)

    def activation(self, x: Layer) -> Layer:
        return jnp.where(x >= 0, self.n * x ** (self.n - 1), self.slope)

    def bracket(self, x: Layer) -> Scalar:
        return (self.n - 1) * jnp.sum(jnp.where(x > 0, x, 0) ** self.n)

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        return _rectified_curvature(self.n, x, dx)

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        if self.n == 1:
            crossing = jnp.sign(a) * jnp.sign(b) < 0
            return (1 - self.slope) * jnp.sum(jnp.where(crossing, jnp.abs(a), 0))
        # sum of the rectified part and of the line s min(x, 0), whose own divergence
        # is |s| |a| wherever a and b lie on different sides
        crossing = jnp.where((a < 0) == (b < 0), 0, jnp.abs(a))
        leak = -self.slope * jnp.sum(crossing)
        return jnp.sum(_rectified_bregman(self.n, a, b)) + leak

    def normalised(self, features: int) -> AbstractLagrangian:
        # both branches by one factor: scaling inside would change the leak [THEORY 2.4]
        return Rescaled(self, outside=features ** (1 - self.n) / self.n)


# --- formulas shared by several powers -----------------------------------------------


def _power_bregman(n: int, a: Array, b: Array) -> Array:
    """`a^n - b^n - n b^(n-1) (a - b)` without cancellation. [THEORY 1.4]"""
    terms = (k * b ** (k - 1) * a ** (n - 1 - k) for k in range(1, n))
    return (a - b) ** 2 * sum(terms, start=jnp.zeros_like(a))


def _rectified_bregman(n: int, a: Array, b: Array) -> Array:
    up = lambda x: jnp.where(x > 0, x, 0)
    if n == 1:
        return jnp.where((a > 0) == (b > 0), 0, jnp.abs(a))
    return _power_bregman(n, up(a), up(b)) + n * up(b) ** (n - 1) * up(-a)


def _rectified_curvature(n: int, x: Array, dx: Array) -> Array:
    if n == 1:
        return jnp.zeros_like(dx)
    # masked, not max(x, 0)**(n - 2): 0**0 = 1 would wake the dead units
    return jnp.where(x > 0, n * (n - 1) * x ** (n - 2), 0) * dx


def _require_vertex(n: int) -> None:
    if n < 1:
        raise ValueError(f"The interaction vertex n must be >= 1, got {n}.")
