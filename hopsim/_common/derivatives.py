"""Derivatives of one kind only: what has no other says so where it is asked for.

A gradient is a tangent map that is transposed and never evaluated. Where the map cannot
be evaluated, this is noticed at the inputs, in one sentence.
"""

from typing import Any

import equinox as eqx
import jax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir


def gradient_only(tree: Any, message: str) -> Any:
    """The same arrays; ValueError with this message if a tangent is asked for."""

    @jax.custom_jvp
    def same(x: Any) -> Any:
        return x

    @same.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        return primals[0], _tangent.bind(tangents[0], message=message)

    arrays, rest = eqx.partition(tree, eqx.is_inexact_array)
    return eqx.combine(jax.tree.map(same, arrays), rest)


def tangent_only(tree: Any, message: str) -> Any:
    """The same arrays; RuntimeError with this message if a gradient is asked for."""
    return eqx.internal.nondifferentiable_backward(tree, msg=message)


_tangent = Primitive("tangent")  # linear: the identity, which only transposes


def _refuse(*_: Any, message: str, **__: Any) -> Any:
    raise ValueError(message)


_tangent.def_impl(_refuse)
_tangent.def_abstract_eval(lambda x, message: x)
mlir.register_lowering(_tangent, _refuse)
ad.deflinear2(_tangent, lambda cotangent, _, message: [cotangent])
batching.primitive_batchers[_tangent] = lambda x, axes, message: (
    _tangent.bind(*x, message=message),
    axes[0],
)
