"""Exponential Lagrangians of memory neurons: additive, and log-sum-exp."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._common.types import AnyArray, as_number, Scalar
from ._base import (
    AbstractAdditiveLagrangian,
    AbstractLagrangian,
    lagrangians,
    Layer,
    require_positive,
    Rescaled,
)


@lagrangians.register("exponential")
class Exponential(AbstractAdditiveLagrangian):
    r"""$L(x) = \sum_\mu e^{\lambda (x_\mu - x_0)}$: rate $\lambda$, shift $x_0$.

    The interaction with exponential capacity. A shift only rescales the energy; a
    factor on `x` is an inverse temperature and changes the attractors. [Demircigil et
    al. 2017; THEORY 2.4]
    """

    rate: AnyArray = eqx.field(converter=as_number, default=1.0)
    shift: AnyArray = eqx.field(converter=as_number, default=0.0)
    convex: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    degree: ClassVar[int | None] = None

    def __check_init__(self):
        require_positive("The rate of Exponential", self.rate)

    def interaction(self, x: Layer) -> Layer:
        return jnp.exp(self.rate * (x - self.shift))

    def activation(self, x: Layer) -> Layer:
        return self.rate * self.interaction(x)

    def bracket(self, x: Layer) -> Scalar:
        return jnp.sum((self.rate * x - 1) * self.interaction(x))

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        return self.rate**2 * self.interaction(x) * dx

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        step = self.rate * (a - b)
        return jnp.sum(self.interaction(b) * (jnp.expm1(step) - step))

    def level(self, x: Layer) -> Scalar:
        return jnp.max(x)

    def log_unit(self, scale: AnyArray) -> AnyArray:
        return self.rate * (scale - self.shift)

    def relative(self, x: Layer, scale: Scalar) -> Layer:
        return jnp.exp(self.rate * (x - scale))

    def relative_activation(self, x: Layer, scale: Scalar) -> Layer:
        return self.rate * self.relative(x, scale)

    def relative_gap(self, x: Layer, scale: Scalar) -> tuple[Layer, Layer]:
        gap = 2 * jnp.sinh(self.rate) * self.relative(x, scale)
        return gap, gap

    def relative_error(self, reach: float) -> float | Array:
        # the error of the argument, which exp makes a relative one, and that of exp
        return 16.0 + 4 * self.rate * reach

    def normalised(self, features: int) -> AbstractLagrangian:
        # F(x) = exp(rate (x - N)) / rate: the field is 1 at overlap 1, no overflow
        return Rescaled(Exponential(self.rate, features), outside=1 / self.rate)


@lagrangians.register("log_sum_exp")
class LogSumExp(AbstractLagrangian):
    r"""$L(x) = \beta^{-1} \log \sum_\mu e^{\beta x_\mu}$; activation: softmax. [KH21]

    The memory neurons of model B. It is not a sum over neurons and has no interaction
    function F, but its energy gap is defined as for any other Lagrangian.
    """

    beta: AnyArray = eqx.field(converter=as_number, default=1.0)
    convex: ClassVar[bool] = True
    additive: ClassVar[bool] = False
    smooth: ClassVar[bool] = True
    degree: ClassVar[int | None] = None

    def __check_init__(self):
        require_positive("The inverse temperature beta of LogSumExp", self.beta)

    @property
    def steepest(self) -> float | None:
        return float(np.asarray(self.beta)) / 2  # |diag(f) - f f^T| <= 1/2

    def __call__(self, x: Layer) -> Scalar:
        return jax.nn.logsumexp(self.beta * x) / self.beta

    def activation(self, x: Layer) -> Layer:
        return jax.nn.softmax(self.beta * x)

    def bracket(self, x: Layer) -> Scalar:
        # the activation, not exp(log f): a flow has computed it already
        return self.activation(x) @ jax.nn.log_softmax(self.beta * x) / self.beta

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        f = self.activation(x)
        # centred twice: centred once its error grows like 1 / (1 - max f)
        away = dx - f @ dx
        return self.beta * f * (away - f @ away)

    def curvature_along(self, x: Layer, dx: Layer) -> Scalar:
        # beta times the variance of dx under f, which is as accurate centred once
        f = self.activation(x)
        return self.beta * jnp.sum(f * (dx - f @ dx) ** 2)

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        """`KL(softmax(beta b) | softmax(beta a)) / beta`."""
        log_a = jax.nn.log_softmax(self.beta * a)
        log_b = jax.nn.log_softmax(self.beta * b)
        return jnp.exp(log_b) @ (log_b - log_a) / self.beta
