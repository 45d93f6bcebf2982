r"""Lagrangians: one scalar function for each layer of neurons.

The Lagrangian of a layer fixes all that hopsim ever asks of it: its activation
`grad L`, its share `x . grad L - L` of the energy, and (memory neurons) the energy gap
of a spin flip, `L(x + xi) - L(x - xi)`. [KH16 eqs. 2-4; KH21 eqs. 1-2]

Every method takes one layer, of shape `(n,)`; batch with `jax.vmap`. Everything here
is dimensionless: time enters hopsim only in `hopsim.dynamics`.
"""

import abc
from collections.abc import Callable
from typing import ClassVar, TYPE_CHECKING

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._registry import Registry
from ._types import AnyArray, as_number, concrete, Scalar


if TYPE_CHECKING:  # a dataclass field to a type checker, which it is not
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar

Layer = Float[AnyArray, " n"]


class AbstractLagrangian(eqx.Module):
    """A scalar function of one layer; its gradient is the layer's activation.

    To add one: subclass, declare the four flags below (class variables, fields or
    properties), implement `__call__`, `activation` and `bracket`, and override
    `curvature`, `bregman` or `resolvent` where a closed form beats the general one.
    """

    convex: AbstractVar[bool]  # Hessian >= 0 everywhere: the ODE energies must fall
    additive: AbstractVar[bool]  # L(x) = sum_i F(x_i): neurons do not compete
    smooth: AbstractVar[bool]  # the activation is continuous (a norm's origin aside)
    degree: AbstractVar[int | None]  # L(a x) == a**degree * L(x) for every a > 0

    @property
    def kink(self) -> int | None:
        """The `n` of a kink like that of max(x, 0)^n; None where `L` has none."""
        return None

    @abc.abstractmethod
    def __call__(self, x: Layer) -> Scalar:
        """The Lagrangian `L(x)`."""

    @abc.abstractmethod
    def activation(self, x: Layer) -> Layer:
        """`grad L(x)`, written out as the papers do. The tests hold it to autodiff."""

    @abc.abstractmethod
    def bracket(self, x: Layer) -> Scalar:
        """`x . grad L(x) - L(x)`, in the closed form that cannot overflow.

        For convex `L` it is the convex conjugate `L*` at the activation.
        """

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        """The Hessian of `L` at `x`, applied to `dx`. (One jvp: no matrix is made.)"""
        return jax.jvp(self.activation, (x,), (dx,))[1]

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        """`D(a|b) = L(a) - L(b) - grad L(b) . (a - b)`, >= 0 for convex `L`."""
        return self(a) - self(b) - self.activation(b) @ (a - b)

    def resolvent(self, x: Layer, strength: AnyArray) -> Layer:
        r"""The `y` that solves `y + strength * grad L(y) = x`, for `strength >= 0`.

        It makes an autapse implicit in AltIMEX. Here by bisection, neuron by neuron:
        the left side rises monotonely in `y`, and `y` lies between `x` and
        `x - strength * grad L(x)`. Only for additive, smooth, convex `L`.
        """
        if not self.additive:
            raise ValueError(
                "The general resolvent goes neuron by neuron and needs an additive "
                f"Lagrangian, got {type(self).__name__}; override `resolvent`."
            )
        return _resolve(self.activation, x, strength)

    def normalised(self, features: int) -> "AbstractLagrangian":
        r"""The same interaction as $F(x) = N \phi(x/N)$, with fields of order one.

        $F = (N/n)(x/N)^n$ for degree $n$ [THEORY 2.4]; taken as given where no exact
        equivalence is known.
        """
        if self.degree is None:
            return self
        return Rescaled(self, inside=1 / features, outside=features / self.degree)


lagrangians = Registry("lagrangian")


# --- layers of feature neurons -------------------------------------------------------


@lagrangians.register("quadratic")
class Quadratic(AbstractLagrangian):
    r"""$L(x) = \frac12 |x|^2$; activation: the identity. [KH21, model B]"""

    convex: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    degree: ClassVar[int | None] = 2

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

    Its Hessian vanishes almost everywhere: the energy is constant between flips.
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

    The graded form of model A, sharp as beta grows. Its bracket is minus the entropy
    of independent spins at temperature 1/beta: the effective energy is the naive
    mean-field free energy. [THEORY 2.1.3]
    """

    beta: AnyArray = eqx.field(converter=as_number, default=1.0)
    convex: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    degree: ClassVar[int | None] = None

    def __check_init__(self):
        _require_positive("The sharpness beta of LogCosh", self.beta)

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
        # beta (1 - tanh^2) would lose every digit in saturation
        q = self._decay(x)
        return self.beta * 4 * q / (1 + q) ** 2 * dx


@lagrangians.register("norm")
class Norm(AbstractLagrangian):
    r"""$L(x) = R \sqrt{|x|^2 + \delta^2}$; activation: $R x / \sqrt\cdot$. [KH21]

    The feature neurons of model C. With delta = 0 the energy depends on the direction
    of `x` alone; the origin, where the direction is undefined, is given activation 0.
    """

    radius: AnyArray = eqx.field(converter=as_number, default=1.0)
    delta: float = eqx.field(static=True, converter=float, default=0.0)
    convex: ClassVar[bool] = True
    additive: ClassVar[bool] = False
    smooth: ClassVar[bool] = True

    def __check_init__(self):
        _require_positive("The radius of Norm", self.radius)
        if not 0 <= self.delta < float("inf"):
            raise ValueError(f"The delta of Norm must be >= 0, got {self.delta}.")

    @property
    def degree(self) -> int | None:
        return 1 if self.delta == 0 else None

    def _length(self, x: Layer) -> Scalar:
        square = jnp.vdot(x, x) + self.delta**2
        # twice `where`: the square root has no gradient at 0
        return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)

    def _inverse_length(self, x: Layer) -> Scalar:
        length = self._length(x)
        return jnp.where(length > 0, 1 / jnp.where(length > 0, length, 1), 0)

    def __call__(self, x: Layer) -> Scalar:
        return self.radius * self._length(x)

    def activation(self, x: Layer) -> Layer:
        return self.radius * x * self._inverse_length(x)

    def bracket(self, x: Layer) -> Scalar:
        return -self.radius * self.delta**2 * self._inverse_length(x)

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        inverse = self._inverse_length(x)
        unit = x * inverse
        return self.radius * inverse * (dx - unit * jnp.vdot(unit, dx))

    def resolvent(self, x: Layer, strength: AnyArray) -> Layer:
        # y is parallel to x: one monotone equation for its length
        square = jnp.vdot(x, x)
        length = jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)
        slope = lambda r: self.radius * r / jnp.sqrt(r**2 + self.delta**2)
        y = _resolve(slope, length[None], strength)[0]
        return x * jnp.where(length > 0, y / jnp.where(length > 0, length, 1), 0)


# --- layers of memory neurons: additive interaction functions F ----------------------


class AbstractAdditiveLagrangian(AbstractLagrangian):
    r"""$L(x) = \sum_\mu F(x_\mu)$ with an interaction function $F$. [KH16 eq. 3]

    To add one: declare `convex`, `smooth` and `degree`, and implement `interaction`,
    `activation` and `bracket`.
    """

    additive: ClassVar[bool] = True

    @abc.abstractmethod
    def interaction(self, x: Layer) -> Layer:
        """`F(x)`, element by element."""

    def __call__(self, x: Layer) -> Scalar:
        return jnp.sum(self.interaction(x))


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
    def kink(self) -> int:
        return self.n

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
        _require_positive("The rate of Exponential", self.rate)

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
        _require_positive("The inverse temperature beta of LogSumExp", self.beta)

    def __call__(self, x: Layer) -> Scalar:
        return jax.nn.logsumexp(self.beta * x) / self.beta

    def activation(self, x: Layer) -> Layer:
        return jax.nn.softmax(self.beta * x)

    def bracket(self, x: Layer) -> Scalar:
        log_f = jax.nn.log_softmax(self.beta * x)
        return jnp.exp(log_f) @ log_f / self.beta

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        f = self.activation(x)
        return self.beta * f * (dx - f @ dx)  # centred: no cancellation of squares

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        """`KL(softmax(beta b) | softmax(beta a)) / beta`."""
        log_a = jax.nn.log_softmax(self.beta * a)
        log_b = jax.nn.log_softmax(self.beta * b)
        return jnp.exp(log_b) @ (log_b - log_a) / self.beta


@lagrangians.register("rescaled")
class Rescaled(AbstractLagrangian):
    r"""$L'(x) = o\, L(i x)$: any Lagrangian with its argument and value scaled.

    `inside` other than 1 is refused where the degree is unknown: $F(ax) = a^n F(x)$ is
    a matter of units only for homogeneous `F` [MRS24 sec. 4]; for exp, log-sum-exp and
    log-cosh it is a change of temperature, to be written as their rate or beta.
    """

    lagrangian: AbstractLagrangian
    inside: AnyArray = eqx.field(converter=as_number, default=1.0)
    outside: AnyArray = eqx.field(converter=as_number, default=1.0)

    def __check_init__(self):
        _require_positive("The factor `inside` of Rescaled", self.inside)
        _require_positive("The factor `outside` of Rescaled", self.outside)
        scaled = concrete(self.inside) and np.any(np.asarray(self.inside) != 1)
        if scaled and self.lagrangian.degree is None:
            raise ValueError(
                "Rescaled(inside=...) needs a homogeneous Lagrangian (known degree), "
                f"got {type(self.lagrangian).__name__} with inside = {self.inside}; "
                "change its own rate, beta or slope instead."
            )

    @property
    def convex(self) -> bool:
        return self.lagrangian.convex

    @property
    def additive(self) -> bool:
        return self.lagrangian.additive

    @property
    def smooth(self) -> bool:
        return self.lagrangian.smooth

    @property
    def kink(self) -> int | None:
        return self.lagrangian.kink

    @property
    def degree(self) -> int | None:
        return self.lagrangian.degree

    def __call__(self, x: Layer) -> Scalar:
        return self.outside * self.lagrangian(self.inside * x)

    def activation(self, x: Layer) -> Layer:
        return self.outside * self.inside * self.lagrangian.activation(self.inside * x)

    def bracket(self, x: Layer) -> Scalar:
        return self.outside * self.lagrangian.bracket(self.inside * x)

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        inner = self.lagrangian.curvature(self.inside * x, self.inside * dx)
        return self.outside * self.inside * inner

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        return self.outside * self.lagrangian.bregman(self.inside * a, self.inside * b)

    def resolvent(self, x: Layer, strength: AnyArray) -> Layer:
        inner = strength * self.outside * self.inside**2
        return self.lagrangian.resolvent(self.inside * x, inner) / self.inside


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


def _resolve(activation: Callable, x: Array, strength: AnyArray) -> Array:
    """`y + strength * activation(y) = x` by bisection, for a rising activation."""
    far = x - strength * activation(x)

    def halve(_, bounds):
        low, high = bounds
        y = 0.5 * (low + high)
        above = y + strength * activation(y) > x
        return jnp.where(above, low, y), jnp.where(above, y, high)

    # one bit a step: the mantissa, and some exponents of the widest bracket
    bits = jnp.finfo(x.dtype).nmant + 12
    bounds = jnp.minimum(x, far), jnp.maximum(x, far)
    low, high = jax.lax.fori_loop(0, bits, halve, bounds)
    return 0.5 * (low + high)


def _require_vertex(n: int) -> None:
    if n < 1:
        raise ValueError(f"The interaction vertex n must be >= 1, got {n}.")


def _require_positive(what: str, x: AnyArray) -> None:
    if concrete(x) and not np.all((np.asarray(x) > 0) & np.isfinite(np.asarray(x))):
        raise ValueError(f"{what} must be a finite number > 0, got {x}.")
