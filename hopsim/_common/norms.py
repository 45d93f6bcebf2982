"""Lengths that are safe at zero, and residuals relative to a state."""

import jax.numpy as jnp
from jaxtyping import Array

from .types import AnyArray, Scalar


def length(x: AnyArray, rounding: float = 0.0) -> Scalar:
    r"""$\sqrt{|x|^2 + \delta^2}$; at 0 it is 0 and its gradient is 0, not NaN."""
    square = jnp.vdot(x, x) + rounding**2
    # `where` twice: the gradient of the square root at 0 would be NaN
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)


def inverse(x: Scalar) -> Scalar:
    """`1 / x` for `x > 0`, and 0 at 0."""
    return jnp.where(x > 0, 1 / jnp.where(x > 0, x, 1), 0)


def relative(force: Array, state: Array) -> Scalar:
    """`|force| / (1 + |state|)` in the maximum norm."""
    return jnp.max(jnp.abs(force)) / (1 + jnp.max(jnp.abs(state)))
