"""Lagrangians of memory neurons that grow exponentially or compete."""

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

    The interaction of exponential capacity. Its true invariance is the additive one:
    a shift rescales the energy; a factor on `x` is a temperature and changes the
    attractors. [Demircigil et al. 2017; THEORY 2.4]
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
        # that of the argument, which enters the value as it is, and of exp itself
        return 16.0 + 4 * self.rate * reach

    def normalised(self, features: int) -> AbstractLagrangian:
        # F(x) = exp(rate (x - N)) / rate: field 1 at overlap 1, and no overflow
        return Rescaled(Exponential(self.rate, features), outside=1 / self.rate)


@lagrangians.register("log_sum_exp")
class LogSumExp(AbstractLagrangian):
    r"""$L(x) = \beta^{-1} \log \sum_\mu e^{\beta x_\mu}$; activation: softmax. [KH21]

    The memory neurons of model B. Contrastive: not a sum over neurons, so it has no
    interaction function of its own, yet its energy gap is formed like any other.
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
        return float(np.asarray(self.beta)) / 2  # that of diag(f) - f f^T is 1/2

    def __call__(self, x: Layer) -> Scalar:
        return jax.nn.logsumexp(self.beta * x) / self.beta

    def activation(self, x: Layer) -> Layer:
        return jax.nn.softmax(self.beta * x)

    def bracket(self, x: Layer) -> Scalar:
        # the activation again, not exp(log f): a flow has formed it already
        return self.activation(x) @ jax.nn.log_softmax(self.beta * x) / self.beta

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        f = self.activation(x)
        # centred twice: dx . H dx of a nearly sharp f keeps its digits, as the sum of
        # f (dx - f . dx)^2 would; centred once it loses 1 / (1 - max f) of them
        away = dx - f @ dx
        return self.beta * f * (away - f @ away)

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        """`KL(softmax(beta b) | softmax(beta a)) / beta`."""
        log_a = jax.nn.log_softmax(self.beta * a)
        log_b = jax.nn.log_softmax(self.beta * b)
        return jnp.exp(log_b) @ (log_b - log_a) / self.beta
