r"""Lagrangians: one scalar function for each layer of neurons.

The Lagrangian of a layer determines its activation `grad L`, its share
`x . grad L - L` of the energy and, for memory neurons, the energy gap of a spin flip,
`L(x + xi) - L(x - xi)`. [KH16 eqs. 2-4; KH21 eqs. 1-2]

Every method takes one layer, of shape `(n,)`; batch with `jax.vmap`. Everything here
is dimensionless: time enters only in `hopsim.dynamics`. Constructors raise ValueError
for parameters out of range.
"""

from ._base import (
    AbstractAdditiveLagrangian,
    AbstractLagrangian,
    lagrangians,
    Rescaled,
)
from ._distinct import DistinctPolynomial
from ._examination import Examination, examine
from ._exponentials import Exponential, LogSumExp
from ._features import AbsoluteValue, LogCosh, Norm, Quadratic
from ._powers import LeakyRectifiedPolynomial, Polynomial, RectifiedPolynomial


__all__ = [
    "AbsoluteValue",
    "AbstractAdditiveLagrangian",
    "AbstractLagrangian",
    "DistinctPolynomial",
    "Examination",
    "Exponential",
    "LeakyRectifiedPolynomial",
    "LogCosh",
    "LogSumExp",
    "Norm",
    "Polynomial",
    "Quadratic",
    "RectifiedPolynomial",
    "Rescaled",
    "examine",
    "lagrangians",
]
