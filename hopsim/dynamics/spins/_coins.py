"""Coins for spins whose local field is zero, the same in every engine."""

from typing import Any

import jax.numpy as jnp

from ..._common.types import AnyArray


def coin(seed: Any, number: Any, visit: Any, xp: Any = jnp) -> AnyArray:
    """A fair +1 or -1, keyed by (seed, start, visit). [Appleby's murmur3 finaliser]

    Integer operations only: the same in JAX and in NumPy (`xp`; arrays, no scalars).
    """
    word = lambda x: xp.asarray(x).astype(xp.uint32)
    h = word(seed)[0]
    for key in (word(seed)[1], word(number), word(visit)):
        h = (h ^ key) * xp.uint32(0x9E3779B1) + xp.uint32(0x7F4A7C15)
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
            h = (h ^ (h >> xp.uint32(shift))) * xp.uint32(factor)
    return xp.where(h >> xp.uint32(31), 1, -1)
