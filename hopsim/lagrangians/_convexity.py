"""Convexity where it is not declared: curvatures, as they are measured at states."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from .._common.norms import inverse, length
from .._common.types import Scalar
from ._base import AbstractLagrangian, Layer


# a curvature is negative if it is below -ROUNDINGS eps times the size of curvatures
ROUNDINGS = 256
HALVINGS = 16  # towards the origin, along which that size is looked for


def curvature_between(lagrangian: AbstractLagrangian, a: Layer, b: Layer) -> Scalar:
    r"""$(b-a)\cdot(\nabla L(b)-\nabla L(a))/|b-a|^2$ if clearly < 0, else infinity.

    Of convex `L` it is never negative: an activation that falls over a step betrays a
    jump, or a curvature between two states, that no Hessian at either of them shows.
    """
    step = b - a
    size = length(step)
    along = step * inverse(size)
    before, after = lagrangian.activation(a), lagrangian.activation(b)
    rise = jnp.sum(along * (after - before))
    terms = jnp.sum(jnp.abs(along) * (jnp.abs(after) + jnp.abs(before)))
    # both differences have lost half of their digits at most, or say nothing
    half = jnp.sqrt(jnp.asarray(jnp.finfo(step.dtype).eps))
    far = jnp.max(jnp.abs(step)) > half * jnp.max(jnp.abs(b))
    found = far & (rise < -ROUNDINGS * half * terms)
    return jnp.where(found, rise * inverse(size), jnp.inf)


def curvature_towards(lagrangian: AbstractLagrangian, x: Layer, dx: Layer) -> Scalar:
    r"""$dx\cdot H\,dx / |dx|^2$ at `x`, no less than the least eigenvalue of H.

    Infinity where nothing moves, dx = 0.
    """
    size = length(dx)
    found = lagrangian.curvature_along(x, dx * inverse(size))
    return jnp.where(size > 0, found, jnp.inf)


def curvature_size(lagrangian: AbstractLagrangian, x: Layer) -> Scalar:
    """The largest curvature on the way from `x` to the origin, for its rounding.

    At `x` itself it may have vanished: a softmax that has decided leaves rounding.
    """
    some = jnp.cos(jnp.arange(x.size, dtype=x.dtype) * 2.0 + 0.5)
    shares = 2.0 ** -jnp.arange(HALVINGS, dtype=x.dtype)
    seen = jax.vmap(lambda share: lagrangian.curvature(share * x, some))(shares)
    return jnp.max(jnp.where(jnp.isfinite(seen), jnp.abs(seen), 0))


def hessian(lagrangian: AbstractLagrangian, x: Layer) -> Array:
    """The Hessian of `L` at `x` as a matrix. (Dense.)"""
    unit = jnp.eye(x.size, dtype=x.dtype)
    return jax.vmap(lambda dx: lagrangian.curvature(x, dx))(unit)
