"""Power-law Lagrangians of memory neurons: plain, rectified and leaky."""

import math
from fractions import Fraction
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._common.types import AnyArray, as_float, Scalar
from .._common.vertex import require_vertex
from ._base import (
    AbstractAdditiveLagrangian,
    AbstractLagrangian,
    lagrangians,
    Layer,
    Rescaled,
)


class AbstractPower(AbstractAdditiveLagrangian):
    """Powers of degree `n`, with forms for spins that cannot overflow. [MRS24 sec. 4]

    To add one: set `n` and implement an additive Lagrangian.
    """

    n: eqx.AbstractVar[int]

    def level(self, x: Layer) -> Scalar:
        # a power of two, division by which is exact, so that ties stay ties. Not exp2,
        # which need not return a power of two, but by rounding away the mantissa
        bits = jnp.finfo(x.dtype)
        near = jax.lax.reduce_precision(jnp.max(jnp.abs(x)) + 2, bits.nexp, 0)
        return 2 * near

    def log_unit(self, scale: AnyArray) -> AnyArray:
        return self.n * jnp.log(scale)

    def relative(self, x: Layer, scale: Scalar) -> Layer:
        return self.interaction(x / scale)

    def relative_activation(self, x: Layer, scale: Scalar) -> Layer:
        return self.activation(x / scale) / scale

    def gap_bound(self, scale: AnyArray) -> tuple[float | AnyArray, int] | None:
        # F(y + 1) - F(y - 1) = 2 F' at some point: at most 2 n (|y| + 1)^(n-1). The two
        # powers, which are computed for large n, are at most (|y| + 1)^n each
        if self.n > EXPANDED:
            return 2.0, self.n
        return 2 * self.n / scale, max(self.n - 1, 1)

    def relative_error(self, reach: float) -> float:
        return 2.0 * self.n + 8  # repeated multiplication, and the quotient


@lagrangians.register("polynomial")
class Polynomial(AbstractPower):
    r"""$L(x) = \sum_\mu x_\mu^n$, for every sign of $x$. [KH16 eq. 3; KH21]

    Convex for n = 1 and for even `n` only: with other odd powers the two-layer energy
    can rise, and no descent is promised (`RectifiedPolynomial` is convex).
    """

    n: int = eqx.field(static=True)
    smooth: ClassVar[bool] = True

    def __check_init__(self):
        require_vertex(self.n)

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

    def relative_gap(self, x: Layer, scale: Scalar) -> tuple[Layer, Layer]:
        if self.n > EXPANDED:
            return super().relative_gap(x, scale)
        gap = _power_gap(self.n, x / scale, 1 / scale)
        return gap, jnp.abs(gap)

    def rational(self, x: Fraction) -> Fraction:
        return x**self.n

    def rational_activation(self, x: Fraction) -> Fraction:
        return self.n * x ** (self.n - 1)


@lagrangians.register("rectified_polynomial")
class RectifiedPolynomial(AbstractPower):
    r"""$L(x) = \sum_\mu F(x_\mu)$ with $F(x) = \max(x, 0)^n$. [KH16 eq. 3; MRS24 eq. 6]

    Convex for every `n`, unlike the plain `Polynomial(n)`. For n = 1 the activation is
    a step: 1 for x > 0, else 0. At exactly 0, all derivatives are those from below:
    F'(0) = 0 and F''(0) = 0, also where n = 1 or 2.
    """

    n: int = eqx.field(static=True)
    convex: ClassVar[bool] = True

    def __check_init__(self):
        require_vertex(self.n)

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

    def relative_gap(self, x: Layer, scale: Scalar) -> tuple[Layer, Layer]:
        if self.n > EXPANDED:
            return super().relative_gap(x, scale)
        both = _power_gap(self.n, x / scale, 1 / scale)  # where x - 1 >= 0
        up = jnp.where(x > -1, (x + 1) / scale, 0) ** self.n
        gap = jnp.where(x >= 1, both, up)
        return gap, gap

    def reach(self, x: AnyArray) -> Array:
        return jnp.maximum(x, 0)

    def rational(self, x: Fraction) -> Fraction:
        return max(x, Fraction(0)) ** self.n

    def rational_activation(self, x: Fraction) -> Fraction:
        return self.n * x ** (self.n - 1) if x > 0 else Fraction(0)


@lagrangians.register("leaky_rectified_polynomial")
class LeakyRectifiedPolynomial(AbstractPower):
    r"""$F(x) = x^n$ for $x \ge 0$, $F(x) = s x$ for $x < 0$. [MRS24 eq. 7]

    Convex iff the slope $s \le 0$ (n = 1: $s \le 1$). The default -0.01 is that of the
    printed formula; with +0.01, used in a public code, no descent is promised. The
    activation jumps by $-s$ at 0 for n >= 2; at exactly 0 it is the one from above,
    F'(0) = 0 (1 for n = 1). F''(0) = 0, as from below.
    """

    n: int = eqx.field(static=True)
    slope: float = eqx.field(static=True, converter=as_float, default=-0.01)

    def __check_init__(self):
        require_vertex(self.n)
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

    def relative(self, x: Layer, scale: Scalar) -> Layer:
        # both branches divided by scale**n: F is not homogeneous, and scaling x alone
        # would multiply its linear branch by scale**(n - 1)
        power = jnp.where(x > 0, x / scale, 0) ** self.n
        return power + jnp.where(x < 0, x, 0) * self._line(scale)

    def relative_activation(self, x: Layer, scale: Scalar) -> Layer:
        power = self.n * jnp.where(x >= 0, x / scale, 0) ** (self.n - 1) / scale
        return jnp.where(x >= 0, power, self._line(scale))

    def _line(self, scale: Scalar) -> Scalar:
        """`slope / scale^n`, by logarithms: the power alone would underflow."""
        if self.slope == 0:
            return jnp.zeros_like(scale)
        size = math.log(abs(self.slope)) - self.n * jnp.log(scale)
        return math.copysign(1.0, self.slope) * jnp.exp(size)

    def relative_error(self, reach: float) -> float:
        # the rounding of the logarithms in `_line`, |log slope| + n log scale
        logs = abs(math.log(abs(self.slope))) if self.slope else 0.0
        return super().relative_error(reach) + 4 * (logs + self.n * math.log(reach + 2))

    def gap_bound(self, scale: AnyArray) -> None:
        return None  # two powers at once

    def rational(self, x: Fraction) -> Fraction:
        return x**self.n if x >= 0 else Fraction(self.slope) * x

    def rational_activation(self, x: Fraction) -> Fraction:
        return self.n * x ** (self.n - 1) if x >= 0 else Fraction(self.slope)

    def normalised(self, features: int) -> AbstractLagrangian:
        # both branches by one factor: scaling inside would change the leak [THEORY 2.4]
        return Rescaled(self, outside=features ** (1 - self.n) / self.n)


# --- formulas shared by several powers -----------------------------------------------

EXPANDED = 12  # for larger n two powers cost less than the expanded difference


def _power_gap(n: int, u: Array, e: Array) -> Array:
    """`(u + e)^n - (u - e)^n` without cancellation: `sum_odd k 2 C(n, k) u^(n-k) e^k`.

    Every term has the sign of `u^(n-1)`; by Horner's rule in `u^2`.
    """
    total = jnp.zeros_like(u)
    for k in range(1, n + 1, 2):
        total = total * u**2 + 2 * math.comb(n, k) * e**k
    return total if n % 2 else total * u


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
    # masked, not max(x, 0)**(n - 2): 0**0 = 1 would give inactive units a curvature
    return jnp.where(x > 0, n * (n - 1) * x ** (n - 2), 0) * dx
