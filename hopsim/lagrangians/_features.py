"""Lagrangians of feature neurons: identity, sign, tanh, and the sphere."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from .._common.norms import inverse, length
from .._common.types import AnyArray, as_float, as_number, Scalar
from ._base import AbstractLagrangian, lagrangians, Layer, require_positive, resolve


@lagrangians.register("quadratic")
class Quadratic(AbstractLagrangian):
    r"""$L(x) = \frac12 |x|^2$; activation: the identity. [KH21, model B]"""

    convex: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    degree: ClassVar[int | None] = 2

    @property
    def steepest(self) -> float | None:
        return 1.0

    def __call__(self, x: Layer) -> Scalar:
        return 0.5 * jnp.vdot(x, x)

    def activation(self, x: Layer) -> Layer:
        return x

    def bracket(self, x: Layer) -> Scalar:
        return 0.5 * jnp.vdot(x, x)

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        return dx

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        return 0.5 * jnp.vdot(a - b, a - b)

    def resolvent(self, x: Layer, strength: AnyArray) -> Layer:
        return x / (1 + strength)


@lagrangians.register("absolute_value")
class AbsoluteValue(AbstractLagrangian):
    r"""$L(x) = \sum_i |x_i|$; activation: the sign, with sign(0) = +1. [KH21, model A]

    Its Hessian vanishes, by convention also at exactly 0, where the sign jumps: the
    energy is constant between flips.
    """

    convex: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    smooth: ClassVar[bool] = False
    degree: ClassVar[int | None] = 1

    def __call__(self, x: Layer) -> Scalar:
        return jnp.sum(jnp.abs(x))

    def activation(self, x: Layer) -> Layer:
        return jnp.where(x >= 0, 1, -1).astype(x.dtype)

    def bracket(self, x: Layer) -> Scalar:
        return jnp.zeros((), x.dtype)

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        return jnp.zeros_like(dx)


@lagrangians.register("log_cosh")
class LogCosh(AbstractLagrangian):
    r"""$L(x) = \beta^{-1} \sum_i \log(2\cosh\beta x_i)$; activation: tanh. [KH21]

    The graded form of model A, sharp for large beta. Its bracket is -S/beta, with S the
    entropy of independent spins of mean g: the effective energy is the naive mean-field
    free energy at temperature 1/beta. [THEORY 2.1.3]
    """

    beta: AnyArray = eqx.field(converter=as_number, default=1.0)
    convex: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    degree: ClassVar[int | None] = None

    def __check_init__(self):
        require_positive("The sharpness beta of LogCosh", self.beta)

    @property
    def steepest(self) -> float | None:
        return float(np.asarray(self.beta))

    def _decay(self, x: Layer) -> Layer:
        return jnp.exp(-2 * self.beta * jnp.abs(x))

    def __call__(self, x: Layer) -> Scalar:
        return jnp.sum(jnp.abs(x) + jnp.log1p(self._decay(x)) / self.beta)

    def activation(self, x: Layer) -> Layer:
        return jnp.tanh(self.beta * x)

    def bracket(self, x: Layer) -> Scalar:
        q = self._decay(x)
        return -jnp.sum(2 * jnp.abs(x) * q / (1 + q) + jnp.log1p(q) / self.beta)

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        # beta (1 - tanh^2) would lose all digits at saturation
        q = self._decay(x)
        return self.beta * 4 * q / (1 + q) ** 2 * dx


@lagrangians.register("norm")
class Norm(AbstractLagrangian):
    r"""$L(x) = R \sqrt{|x|^2 + \delta^2}$; activation: $R x / \sqrt\cdot$. [KH21]

    The feature neurons of model C. With delta = 0 the energy depends only on the
    direction of `x`; at the origin, where it is undefined, the activation is set to 0.
    """

    radius: AnyArray = eqx.field(converter=as_number, default=1.0)
    delta: float = eqx.field(static=True, converter=as_float, default=0.0)
    convex: ClassVar[bool] = True
    additive: ClassVar[bool] = False
    smooth: ClassVar[bool] = True

    def __check_init__(self):
        require_positive("The radius of Norm", self.radius)
        if not 0 <= self.delta < float("inf"):
            raise ValueError(f"The delta of Norm must be >= 0, got {self.delta}.")

    @property
    def degree(self) -> int | None:
        return 1 if self.delta == 0 else None

    @property
    def steepest(self) -> float | None:
        return float(np.asarray(self.radius)) / self.delta if self.delta else None

    def _length(self, x: Layer) -> Scalar:
        return length(x, self.delta)

    def __call__(self, x: Layer) -> Scalar:
        return self.radius * self._length(x)

    def activation(self, x: Layer) -> Layer:
        return self.radius * x * inverse(self._length(x))

    def bracket(self, x: Layer) -> Scalar:
        return -self.radius * self.delta**2 * inverse(self._length(x))

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        over = inverse(self._length(x))
        unit = x * over
        return self.radius * over * (dx - unit * jnp.vdot(unit, dx))

    def resolvent(self, x: Layer, strength: AnyArray) -> Layer:
        # y is parallel to x: one monotone equation for its length
        size = length(x)
        slope = lambda r: self.radius * r / jnp.sqrt(r**2 + self.delta**2)
        y = resolve(slope, size[None], strength)[0]
        return x * y * inverse(size)
