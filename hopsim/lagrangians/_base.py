"""The interfaces of Lagrangians, and rescaled Lagrangians."""

import abc
from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar, NamedTuple, TYPE_CHECKING

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._common.registry import Registry
from .._common.types import AnyArray, as_number, concrete, Scalar


Layer = Float[AnyArray, " n"]


class Unwrapped(NamedTuple):
    r"""$\ell$, $i$ and $o$ of $L(x) = o\, \ell(i x)$; $\ell$ is not `Rescaled`."""

    lagrangian: "AbstractLagrangian"
    inside: float | AnyArray
    outside: float | AnyArray


class AbstractLagrangian(eqx.Module):
    """A scalar function of one layer; its gradient is the layer's activation.

    To add one: subclass and implement `__call__`. All else follows from it by autodiff;
    override what has a closed form that is faster or more accurate, `bracket` first
    where it would overflow or cancel. What is known of `L` may be declared in the four
    attributes below (class variables, fields or properties); None is unknown, and what
    rests on it is measured or not promised. `examine` tells what they should be.
    """

    if TYPE_CHECKING:
        convex: ClassVar[bool | None]  # Hessian >= 0 everywhere: the energy falls
        additive: ClassVar[bool | None]  # L(x) = sum_i F(x_i): none competes
        smooth: ClassVar[bool | None]  # activation continuous (but at a norm's tip)
        degree: ClassVar[int | None]  # L(a x) == a**degree * L(x) for every a > 0
    else:  # annotated, they would come first among the fields of a subclass
        convex = additive = smooth = degree = None

    @property
    def jumps(self) -> bool:
        """True if the activation is known to jump; if it may, steps find out."""
        return self.smooth is False

    @property
    def kink(self) -> int | None:
        """The `n` of a kink like that of max(x, 0)^n; None if `L` has no kink."""
        return None

    @property
    def only_for(self) -> int | None:
        """The number of features that `L` is defined for; None for any."""
        return None

    @property
    def steepest(self) -> float | None:
        """A bound on the norm of the Hessian for all x; None if none is known."""
        return None

    @abc.abstractmethod
    def __call__(self, x: Layer) -> Scalar:
        """The Lagrangian `L(x)`."""

    def activation(self, x: Layer) -> Layer:
        """`grad L(x)`; by autodiff unless overridden.

        Raises ValueError if `L(x)` is not one number in the precision of `x`.
        """

        def value(x: Layer) -> Scalar:
            found = self(x)
            shape, dtype = np.shape(found), getattr(found, "dtype", type(found))
            if dtype is float:  # a constant takes the precision of x
                found, dtype = jnp.asarray(found, x.dtype), x.dtype
            if shape or dtype != x.dtype:
                raise ValueError(
                    f"{type(self).__name__}(x) must be one {x.dtype} number, as x is, "
                    f"got {getattr(dtype, '__name__', dtype)} of shape {shape}; sum "
                    "over the neurons, return the sum, and make arrays with "
                    "dtype=x.dtype."
                )
            return jnp.asarray(found)

        return jax.grad(value)(jnp.asarray(x))

    def bracket(self, x: Layer) -> Scalar:
        """`x . grad L(x) - L(x)`; overridden by a form that does not overflow.

        For convex `L` it is the convex conjugate `L*` at the activation.
        """
        return self.bracket_and_scale(x)[0]

    def bracket_and_scale(self, x: Layer) -> tuple[Scalar, Scalar | None]:
        """The bracket, and the sum of the |terms| from which it was formed.

        None for a closed form, which is one term; `x . grad L - L` may have cancelled.
        """
        if type(self).bracket is not AbstractLagrangian.bracket:
            return self.bracket(x), None
        value, scale = self._value_and_scale(x)
        terms = x * self.activation(x)
        return jnp.sum(terms) - value, jnp.sum(jnp.abs(terms)) + scale

    def _value_and_scale(self, x: Layer) -> tuple[Scalar, Scalar]:
        value = self(x)
        return value, jnp.abs(value)

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        """The Hessian of `L` at `x`, applied to `dx`. (One jvp, without a matrix.)"""
        return jax.jvp(self.activation, (x,), (dx,))[1]

    def curvature_along(self, x: Layer, dx: Layer) -> Scalar:
        """`dx . H dx`, the second derivative of `L` at `x` along `dx`."""
        return jnp.sum(dx * self.curvature(x, dx))

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        """`D(a|b) = L(a) - L(b) - grad L(b) . (a - b)`, >= 0 for convex `L`."""
        return self(a) - self(b) - self.activation(b) @ (a - b)

    def resolvent(self, x: Layer, strength: AnyArray) -> Layer:
        r"""The `y` that solves `y + strength * grad L(y) = x`, for `strength >= 0`.

        AltIMEX uses it to treat an autapse implicitly. Here by bisection, neuron by
        neuron: the left side increases with `y`, and `y` lies between `x` and
        `x - strength * grad L(x)`. For smooth, convex, additive `L`; raises ValueError
        if `L` is not additive.
        """
        if not self.additive:
            raise ValueError(
                "The general resolvent goes neuron by neuron and needs an additive "
                f"Lagrangian, got {type(self).__name__}; override `resolvent`, or "
                "declare additive = True if it is a sum over neurons."
            )
        return resolve(self.activation, x, strength)

    def normalised(self, features: int) -> "AbstractLagrangian":
        r"""The same interaction as $F(x) = N \phi(x/N)$, with fields of order one.

        $F = (N/n)(x/N)^n$ for degree $n$ [THEORY 2.4]; unchanged if the degree is not
        known.
        """
        if self.degree is None:
            return self
        return Rescaled(self, inside=1 / features, outside=features / self.degree)

    def unwrapped(self) -> Unwrapped:
        r"""The $\ell$, $i$ and $o$ of $L(x) = o\, \ell(i x)$; here itself, 1 and 1.

        Nested rescalings are combined: $i$ and $o$ are products.
        """
        return Unwrapped(self, 1.0, 1.0)


lagrangians = Registry("lagrangian")


class AbstractAdditiveLagrangian(AbstractLagrangian):
    r"""$L(x) = \sum_\mu F(x_\mu)$ with an interaction function $F$. [KH16 eq. 3]

    To add one: implement `interaction`; the rest is as in `AbstractLagrangian`.
    """

    additive: ClassVar[bool] = True

    @abc.abstractmethod
    def interaction(self, x: Layer) -> Layer:
        """`F(x)`, element by element."""

    def __call__(self, x: Layer) -> Scalar:
        return jnp.sum(self.interaction(x))

    def _value_and_scale(self, x: Layer) -> tuple[Scalar, Scalar]:
        terms = self.interaction(x)
        return jnp.sum(terms), jnp.sum(jnp.abs(terms))

    # --- values up to a positive factor, for the sign of an energy gap ---------------

    def level(self, x: Layer) -> Scalar:
        """A `scale` at which inputs like `x` neither overflow nor underflow: 1."""
        return jnp.ones((), x.dtype)

    def relative(self, x: Layer, scale: Scalar) -> Layer:
        """`F(x) / unit(scale)`, free of overflow while `|x|` is at most `scale`.

        Enough for the sign of an energy difference. [MRS24 sec. 4] The default is `F`
        itself; override it where `F` overflows.
        """
        return self.interaction(x)

    def relative_activation(self, x: Layer, scale: Scalar) -> Layer:
        """`F'(x) / unit(scale)`."""
        return self.activation(x)

    def log_unit(self, scale: AnyArray) -> AnyArray:
        """The logarithm of the positive factor `unit(scale)`; here 0."""
        return jnp.zeros_like(scale)

    def relative_gap(self, x: Layer, scale: Scalar) -> tuple[Layer, Layer]:
        """`(F(x + 1) - F(x - 1)) / unit(scale)`, and the sum of its |terms|.

        The contribution of one memory with `xi_i = 1` to the energy gap of spin i; `x`
        is the memory's input from the other spins. Override it where the difference
        has a form without cancellation.
        """
        up, down = self.relative(x + 1, scale), self.relative(x - 1, scale)
        return up - down, jnp.abs(up) + jnp.abs(down)

    def gap_bound(self, scale: AnyArray) -> tuple[float | AnyArray, int] | None:
        """The factor and the power p of a bound on the |terms| of `relative_gap`.

        The bound is `factor ((reach(x) + 2) / scale)^p` at every input within 1 of `x`.
        None if no such bound is known; the |terms| themselves are then summed.
        """
        return None

    def reach(self, x: AnyArray) -> Array:
        """The size of an input in `gap_bound`, >= 0; it changes by no more than `x`."""
        return jnp.abs(x)

    def relative_error(self, reach: float) -> float | Array:
        """A bound on the relative error of each term of `relative_gap`, in roundings.

        For inputs up to `reach`. The default takes `F` to be accurate to a few units in
        the last place.
        """
        return 16.0

    def rational(self, x: Fraction) -> Fraction | None:
        """`F(x)` exactly, or None if `F` of a rational number is not rational."""
        return None

    def rational_activation(self, x: Fraction) -> Fraction | None:
        """`F'(x)` exactly, or None."""
        return None


@lagrangians.register("rescaled")
class Rescaled(AbstractLagrangian):
    r"""$L'(x) = o\, L(i x)$: any Lagrangian with its argument and value scaled.

    Raises ValueError for `inside` other than 1 if the degree is unknown: only for
    homogeneous `F` is it a change of units, $F(ax) = a^n F(x)$ [MRS24 sec. 4]. For exp,
    log-sum-exp and log-cosh it is a change of temperature: set their rate or beta.
    """

    lagrangian: AbstractLagrangian
    inside: AnyArray = eqx.field(converter=as_number, default=1.0)
    outside: AnyArray = eqx.field(converter=as_number, default=1.0)

    def __check_init__(self):
        require_positive("The factor `inside` of Rescaled", self.inside)
        require_positive("The factor `outside` of Rescaled", self.outside)
        scaled = concrete(self.inside) and np.any(np.asarray(self.inside) != 1)
        if scaled and self.lagrangian.degree is None:
            raise ValueError(
                "Rescaled(inside=...) needs a homogeneous Lagrangian (known degree), "
                f"got {type(self.lagrangian).__name__} with inside = {self.inside}; "
                "change its own rate, beta or slope instead."
            )

    @property
    def convex(self) -> bool | None:
        return self.lagrangian.convex

    @property
    def additive(self) -> bool | None:
        return self.lagrangian.additive

    @property
    def smooth(self) -> bool | None:
        return self.lagrangian.smooth

    @property
    def kink(self) -> int | None:
        return self.lagrangian.kink

    @property
    def only_for(self) -> int | None:
        return self.lagrangian.only_for

    @property
    def steepest(self) -> float | None:
        inner = self.lagrangian.steepest
        scale = float(np.asarray(self.outside) * np.asarray(self.inside) ** 2)
        return None if inner is None else scale * inner

    @property
    def degree(self) -> int | None:
        return self.lagrangian.degree

    def __call__(self, x: Layer) -> Scalar:
        return self.outside * self.lagrangian(self.inside * x)

    def activation(self, x: Layer) -> Layer:
        return self.outside * self.inside * self.lagrangian.activation(self.inside * x)

    def bracket(self, x: Layer) -> Scalar:
        return self.outside * self.lagrangian.bracket(self.inside * x)

    def bracket_and_scale(self, x: Layer) -> tuple[Scalar, Scalar | None]:
        found, scale = self.lagrangian.bracket_and_scale(self.inside * x)
        scale = None if scale is None else self.outside * scale
        return self.outside * found, scale

    def curvature(self, x: Layer, dx: Layer) -> Layer:
        inner = self.lagrangian.curvature(self.inside * x, self.inside * dx)
        return self.outside * self.inside * inner

    def curvature_along(self, x: Layer, dx: Layer) -> Scalar:
        inner = self.lagrangian.curvature_along(self.inside * x, self.inside * dx)
        return self.outside * inner

    def bregman(self, a: Layer, b: Layer) -> Scalar:
        return self.outside * self.lagrangian.bregman(self.inside * a, self.inside * b)

    def resolvent(self, x: Layer, strength: AnyArray) -> Layer:
        inner = strength * self.outside * self.inside**2
        return self.lagrangian.resolvent(self.inside * x, inner) / self.inside

    def unwrapped(self) -> Unwrapped:
        layer, inside, outside = self.lagrangian.unwrapped()
        return Unwrapped(layer, self.inside * inside, self.outside * outside)


def resolve(activation: Callable, x: Array, strength: AnyArray) -> Array:
    """Solve `y + strength * activation(y) = x` for an increasing activation."""
    far = x - strength * activation(x)

    def halve(_, bounds):
        low, high = bounds
        y = 0.5 * (low + high)
        above = y + strength * activation(y) > x
        return jnp.where(above, low, y), jnp.where(above, y, high)

    # one bit per step: the mantissa, and some more for the widest bracket
    bits = jnp.finfo(x.dtype).nmant + 12
    bounds = jnp.minimum(x, far), jnp.maximum(x, far)
    low, high = jax.lax.fori_loop(0, bits, halve, jax.lax.stop_gradient(bounds))
    y = jax.lax.stop_gradient(0.5 * (low + high))
    # one step of Newton's method, for the derivatives: bisection itself has none
    value, slope = jax.jvp(activation, (y,), (jnp.ones_like(y),))
    return y - (y + strength * value - x) / (1 + strength * slope)


def require_positive(what: str, x: AnyArray) -> None:
    """Raises ValueError unless numbers are finite and > 0; traced ones pass."""
    if concrete(x) and not np.all((np.asarray(x) > 0) & np.isfinite(np.asarray(x))):
        raise ValueError(f"{what} must be a finite number > 0, got {x}.")
