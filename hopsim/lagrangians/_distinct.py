"""The interaction of spins at distinct sites: elementary symmetric polynomials."""

import functools as ft
import math
from fractions import Fraction
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._common.types import AnyArray, Scalar
from .._common.vertex import require_vertex
from ._base import AbstractAdditiveLagrangian, lagrangians, Layer


@lagrangians.register("distinct_polynomial")
class DistinctPolynomial(AbstractAdditiveLagrangian):
    r"""$F(x) = \frac{n!}{N^{n-1}} e_n(s)$ with $x = \sum_i s_i$, N spins $s_i$. [TT24]

    $e_n = \sum_{i_1<\dots<i_n} s_{i_1}\cdots s_{i_n}$ depends on the spins only through
    their sum: $(k+1) e_{k+1} = x e_k - (N-k+1) e_{k-1}$. With $x = \xi\cdot s$ it is
    minus the energy of one pattern in the teacher-student problem, close to $N
    (x/N)^n$; the power itself, which includes coincident sites, is another model.
    [THEORY TRAP 1]

    **Arguments:**

    - `n`: the number of sites that interact, from 2 to N.
    - `features`: N, the number of features of the network.
    """

    n: int = eqx.field(static=True)
    features: int = eqx.field(static=True)
    smooth: ClassVar[bool] = True

    def __check_init__(self):
        require_vertex(self.n)
        if not 2 <= self.n <= self.features:
            raise ValueError(
                "Distinct sites: the interaction vertex n must lie between 2 and the "
                f"{self.features} features, got n = {self.n}."
            )

    @property
    def convex(self) -> bool:
        return self.n == 2

    @property
    def degree(self) -> int | None:
        return None

    @property
    def only_for(self) -> int | None:
        return self.features

    def interaction(self, x: Layer) -> Layer:
        return _horner(self._terms, x / self.features)

    def activation(self, x: Layer) -> Layer:
        slopes = [k * a / self.features for k, a in enumerate(self._terms)][1:]
        return _horner(slopes, x / self.features)

    def bracket(self, x: Layer) -> Scalar:
        parts = [(k - 1) * a for k, a in enumerate(self._terms)]
        return jnp.sum(_horner(parts, x / self.features))

    def relative_gap(self, x: Layer, scale: Scalar) -> tuple[Layer, Layer]:
        # e_n(x + 1; N) - e_n(x - 1; N) = 2 e_{n-1}(x; N - 1): the other N - 1 spins
        m = x / self.features
        sizes = [abs(a) for a in self._gap_terms]
        return _horner(self._gap_terms, m), _horner(sizes, jnp.abs(m))

    def other_spins(self, y: int) -> Fraction:
        """`e_{n-1}(y; N - 1)`, an integer for every possible sum y of N - 1 spins."""
        others = elementary(self.n - 1, self.features - 1)
        return sum((c * y**k for k, c in enumerate(others)), start=Fraction(0))

    def relative_error(self, reach: float) -> float:
        return 2.0 * self.n + 8  # Horner's rule

    def rational(self, x: Fraction) -> Fraction:
        return self._unit * sum(c * x**k for k, c in enumerate(self._exact))

    def rational_activation(self, x: Fraction) -> Fraction:
        parts = (k * c * x ** (k - 1) for k, c in enumerate(self._exact) if k)
        return self._unit * sum(parts, start=Fraction(0))

    @property
    def _unit(self) -> Fraction:
        return Fraction(math.factorial(self.n), self.features ** (self.n - 1))

    @property
    def _exact(self) -> tuple[Fraction, ...]:
        return elementary(self.n, self.features)

    @property
    def _terms(self) -> list[float]:
        """The coefficients of $(x/N)^k$, all of order one."""
        return _in_units(self._exact, self.features, self._unit)

    @property
    def _gap_terms(self) -> list[float]:
        others = elementary(self.n - 1, self.features - 1)
        return _in_units(others, self.features, 2 * self._unit)


@ft.cache
def elementary(n: int, features: int) -> tuple[Fraction, ...]:
    r"""The coefficients of $x^k$, k = 0 ... n, in $e_n(x; N)$. [THEORY 1]"""
    before, now = (Fraction(1),), (Fraction(0), Fraction(1))
    if n == 0:
        return before
    for k in range(1, n):
        risen = (Fraction(0), *now)
        rest = before + (Fraction(0),) * (len(risen) - len(before))
        lost = features - k + 1
        after = tuple(
            (a - lost * b) / (k + 1) for a, b in zip(risen, rest, strict=True)
        )
        before, now = now, after
    return now


def _in_units(exact: tuple[Fraction, ...], features: int, unit: Fraction) -> list:
    return [float(unit * c * features**k) for k, c in enumerate(exact)]


def _horner(terms: list[float], m: AnyArray) -> Array:
    """`sum_k terms[k] m^k`, by Horner's rule in m^2 if all powers have one parity."""
    low = next((k for k, a in enumerate(terms) if a), 0)
    odd_one_out = any(terms[low + 1 :: 2])
    step = 1 if odd_one_out else 2
    total, by = jnp.zeros_like(m), m if step == 1 else m * m
    for a in reversed(terms[low::step]):
        total = total * by + np.asarray(a, m.dtype)
    return total * m**low
