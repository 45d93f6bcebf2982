r"""Exact decisions of spins, for memories of +1 and -1: integers, and no rounding.

The memory inputs of spins are integers, so the field (or energy gap) of spin i is a sum
over few values $y$ of the input, $S_i = \sum_y c_i(y)\, g(y)$, with integer counts
$c_i(y) = \sum_{\mu: y_\mu = y} \xi_{\mu i}$ and an exact table $g$. It is the reference
for every floating-point sweep, and decides where rounding could matter.
[MRS24 sec. 4; THEORY 2.2]
"""

import decimal
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Int

from ..._common.types import AnyArray, once_each
from ...lagrangians import (
    AbstractAdditiveLagrangian,
    Exponential,
    LogSumExp,
    Rescaled,
)
from ...network import Network


Value = Callable[[Fraction], Fraction | None]
Spins = Int[np.ndarray, " feature"]
DIGITS = 50  # of an exponential sum at first; doubled until its sign is certain


class Exact:
    """The signs of all fields of a network with binary memories, without rounding.

    `rule` is that of `dynamics.Binary`. Raises ValueError if the memories are not all
    +1 or -1, an exponential has a current beside it, or the interaction function has
    no exact form (`rational`).
    """

    def __init__(self, network: Network, rule: str = "energy_gap"):
        require_exact(network, rule)
        self.memories = np.asarray(network.memories).astype(np.int8)
        self.rule = rule
        self.lagrangian = network.memory_lagrangian
        self.current = [Fraction(float(x)) for x in np.asarray(network.current)]
        c = network.autapse
        self.autapse = Fraction(0 if c is None else float(np.asarray(c)))
        self._gap = gap(network.memory_lagrangian, rule)
        self._table: dict[int, Fraction | int] = {}

    def sign(self, x: Int[np.ndarray, " memory"], s_i: int, i: int) -> int:
        """The sign of the field of spin i, -1, 0 or +1, from the memory inputs `x`."""
        xi = self.memories[:, i].astype(np.int64)
        y = x if self.rule == "local_field" else x - xi * s_i
        low = int(y.min())
        up = np.bincount(y[xi > 0] - low, minlength=int(y.max()) - low + 1)
        down = np.bincount(y[xi < 0] - low, minlength=len(up))
        counts = {low + int(k): int(up[k] - down[k]) for k in np.flatnonzero(up - down)}
        return self._sign(counts, self._rest(s_i, i))

    def sweep(
        self,
        s: Spins,
        order: Int[np.ndarray, " visit"],
        tie: Callable[[int, int], int] = lambda visit, s_i: s_i,
        seen: Spins | None = None,
    ) -> tuple[Spins, int, int]:
        """The spins after visiting `order` one by one, the number of flips and of ties.

        `tie(visit, s_i)` is the new value of a spin whose field is zero. `seen` is the
        state that decides if all spins move at once.
        """
        s = np.array(s, np.int64)
        x = self._inputs(s if seen is None else np.array(seen, np.int64))
        flips = ties = 0
        for visit, i in enumerate(np.asarray(order).tolist()):
            old = int(s[i])
            sign = self.sign(x, old, i)
            new = sign or tie(visit, old)
            ties += sign == 0
            if new != old:
                flips += 1
                s[i] = new
                if seen is None:
                    x += (new - old) * self.memories[:, i].astype(np.int64)
        return s, flips, ties

    def _inputs(self, s: Spins) -> Int[np.ndarray, " memory"]:
        """`xi s`, some memories at a time, since a product converts them to int64."""
        parts = (rows @ s for rows in in_rows(self.memories))
        return np.concatenate(list(parts))

    def _rest(self, s_i: int, i: int) -> Fraction:
        """The part of the field outside the sum over memories."""
        if self.rule == "energy_gap":
            return 2 * self.current[i]
        own = self.autapse * s_i if self.rule == "local_field" else 0
        return self.current[i] - own

    def _sign(self, counts: dict[int, int], rest: Fraction) -> int:
        rate = _rate(self.lagrangian)
        if rate is not None:
            return _sign_of_exponentials(counts, rate)
        table = self._table
        for y in counts.keys() - table.keys():
            table[y] = self._entry(y)
        total = rest + sum(c * table[y] for y, c in counts.items())
        return (total > 0) - (total < 0)

    def _entry(self, y: int) -> Fraction | int:
        value = self._gap(y)
        assert value is not None  # `is_exact`
        # sums of integers are a tenth of the work of sums of fractions
        return int(value) if value.denominator == 1 else value


def gap(layer: Any, rule: str) -> Callable[[int], Fraction | None]:
    """What a memory with `xi_i = 1` adds to the field of spin i, from its input `y`.

    `F(y + 1) - F(y - 1)`, or `F'(y)` for the rules of fields; None if that has no
    exact value.
    """
    value = _function(layer, rule != "energy_gap")

    def difference(y: int) -> Fraction | None:
        up, down = value(Fraction(y + 1)), value(Fraction(y - 1))
        return None if up is None or down is None else up - down

    return difference if rule == "energy_gap" else lambda y: value(Fraction(y))


def in_rows(x: AnyArray, entries: int = 2**24) -> Iterator[np.ndarray]:
    """The rows in blocks, so that intermediate arrays stay small."""
    x = np.asarray(x)
    size = max(1, entries // max(1, x.shape[-1]))
    return (x[k : k + size] for k in range(0, len(x), size))


def are_spins(x: AnyArray) -> bool:
    """True if every entry is +1 or -1."""
    return all(
        bool(np.all(np.abs(rows) == 1)) for rows in in_rows(once_each(np.asarray(x)))
    )


def is_exact(network: Network, rule: str = "energy_gap") -> bool:
    """True if decisions of this network's spins can be made in exact arithmetic."""
    hidden = np.any(np.asarray(network.hidden_current))
    return (
        not hidden and are_spins(network.memories) and has_exact_values(network, rule)
    )


def require_exact(network: Network, rule: str = "energy_gap") -> None:
    """Raises ValueError where they cannot."""
    if not is_exact(network, rule):
        raise ValueError(
            "Exact decisions need memories of +1 and -1, no hidden current, and an "
            "interaction function with exact values, got "
            f"{type(network.memory_lagrangian).__name__}; the floating sweep "
            "certifies what it decides."
        )


def has_exact_values(network: Network, rule: str = "energy_gap") -> bool:
    """True if the interaction has exact values at every possible input."""
    layer = network.memory_lagrangian
    if _rate(layer) is not None:  # with a current beside it Decimals may not end
        own = network.autapse is not None and np.any(np.asarray(network.autapse))
        return not (np.any(np.asarray(network.current)) or own)
    value, reach = gap(layer, rule), network.features
    return all(value(y) is not None for y in range(-reach, reach + 1))


def _function(layer: Any, slope: bool) -> Value:
    """F, or F', of an additive Lagrangian; its value is None where not rational.

    Looked up once: a module creates its methods anew at every access.
    """
    if isinstance(layer, Rescaled):
        i, o = (Fraction(float(np.asarray(k))) for k in (layer.inside, layer.outside))
        inner, factor = _function(layer.lagrangian, slope), o * i if slope else o

        def value(x: Fraction) -> Fraction | None:
            found = inner(i * x)
            return None if found is None else factor * found

        return value
    if not isinstance(layer, AbstractAdditiveLagrangian):
        return lambda x: None
    return layer.rational_activation if slope else layer.rational


def _rate(layer: Any) -> Fraction | None:
    """The rate of an exponential, or of log-sum-exp, which decides alike."""
    if isinstance(layer, Rescaled):
        return _rate(layer.lagrangian)
    if isinstance(layer, Exponential):
        return Fraction(float(np.asarray(layer.rate)))
    if isinstance(layer, LogSumExp):
        return Fraction(float(np.asarray(layer.beta)))
    return None


def _sign_of_exponentials(counts: dict[int, int], rate: Fraction) -> int:
    r"""The sign of $\sum_y c(y) e^{\lambda y}$, to as many digits as it takes.

    Zero only if all counts vanish: e to a rational power is transcendental.
    """
    if not counts:
        return 0
    top, size, digits = max(counts), sum(abs(c) for c in counts.values()), DIGITS
    while True:
        with decimal.localcontext() as context:
            context.prec = digits
            whole = decimal.Decimal(rate.numerator) / rate.denominator
            terms = (c * (whole * (y - top)).exp() for y, c in counts.items())
            total = sum(terms, start=decimal.Decimal(0))
            # the exponents err by their size, every term and sum by one unit
            far = 1 + whole * (top - min(counts))
            slack = decimal.Decimal(10) ** (2 - digits) * size * (far + len(counts))
            if abs(total) > slack:
                return 1 if total > 0 else -1
        digits *= 2


def energy(network: Network, s: Spins) -> Fraction:
    r"""$E = -\sum_\mu F(\xi_\mu\cdot s) - I\cdot s + \frac c2 N$ exactly. [KH16 eq. 1]

    Raises ValueError where `F` has no exact values.
    """
    s = np.asarray(s, np.int64)
    x = [rows.astype(np.int64) @ s for rows in in_rows(network.memories)]
    values, counts = np.unique(np.concatenate(x), return_counts=True)
    phi, interaction = Fraction(0), _function(network.memory_lagrangian, False)
    for a, b in zip(np.asarray(network.current), np.asarray(s), strict=True):
        phi += Fraction(float(a)) * int(b)
    for y, number in zip(values.tolist(), counts.tolist(), strict=True):
        value = interaction(Fraction(y))
        if value is None:
            raise ValueError(
                "An exact energy needs an interaction function with exact values, got "
                f"{type(network.memory_lagrangian).__name__}."
            )
        phi += number * value
    c = network.autapse
    own = 0 if c is None else Fraction(float(np.asarray(c))) * len(s) / 2
    return own - phi


def parity_gcd(layer: AbstractAdditiveLagrangian, features: int) -> int:
    """The largest power of two that divides every value of an integer gap table.

    Sums of such values stay exact in a float of p bits while their |terms| add up to
    less than 2^p times this. 0 where the table is not made of integers.
    """
    rational = layer.rational
    found = [rational(Fraction(y)) for y in range(-features, features + 1)]
    value = [x for x in found if x is not None]
    gaps = [up - down for down, up in zip(value, value[2:], strict=False)][::2]
    if len(value) < len(found) or any(g.denominator != 1 for g in gaps):
        return 0
    whole = math.gcd(*(int(g) for g in gaps))
    return whole & -whole
