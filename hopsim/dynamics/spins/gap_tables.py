"""Energy gaps of one spin by table, in integers where the interaction has them."""

import math
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ...lagrangians import (
    AbstractAdditiveLagrangian,
    DistinctPolynomial,
)
from .exact_decisions import gap


IN_A_ROW = 1024  # entries of a table whose sum must fit its type


def gap_table(
    layer: Any, features: int, count: int
) -> tuple[Int[np.ndarray, " input"] | Float[np.ndarray, " input"], float]:
    """`F(y + 1) - F(y - 1)` for y = -N-1 ... N+1, in units of the second value.

    Integers if the interaction has them and energies of `count` memories fit 62 bits;
    of 32 bits if sums of IN_A_ROW entries fit those. Inputs y have the parity of N - 1;
    entries of the other parity are 0.
    """
    inputs = range(-features - 1, features + 2)
    met = lambda y: (y - features + 1) % 2 == 0
    unit = 1.0
    if isinstance(layer, DistinctPolynomial):
        unit = 2 * math.factorial(layer.n) / features ** (layer.n - 1)
        known = [layer.other_spins(y) if met(y) else 0 for y in inputs]
    else:
        value = gap(layer, "energy_gap")
        known = [value(y) if met(y) else 0 for y in inputs]
        if any(y is None for y in known):
            return _evaluated(layer, np.array(inputs), met), 1.0
    whole = all(y is not None and y == int(y) for y in known)
    table = np.array([float(y or 0) for y in known])
    most = max(abs(y or 0) for y in known)
    # an energy may change by the gaps of all spins, one after the other
    if whole and sum(abs(y or 0) for y in known) * count < 2**62:
        kind = np.int32 if most * IN_A_ROW < 2**31 else np.int64
        return np.array([int(y or 0) for y in known], kind), unit
    return table, unit


def _evaluated(
    layer: AbstractAdditiveLagrangian, inputs: np.ndarray, met
) -> np.ndarray:
    """Gaps of an interaction that has no exact values."""
    import jax
    import jax.numpy as jnp

    from ..._common.types import cast

    with jax.enable_x64(True):
        layer = cast(layer, jnp.float64)
        one = jnp.ones((), jnp.float64)
        unit = float(np.exp(layer.log_unit(one)))
        values = unit * np.asarray(layer.relative_gap(inputs.astype(float), one)[0])
    return np.where([met(y) for y in inputs], values, 0.0)
