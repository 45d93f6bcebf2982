"""Streams of random numbers, keyed by (seed, names, indices) and drawn on the host.

A counter-based generator (Philox) is keyed afresh for each named stream and each
probe, so what is drawn depends neither on precision, batch size, chunking nor the
number of processes. [Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"]
"""

import dataclasses
import zlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .names import plain
from .types import concrete


RAW_KEYS = ((2,), (4,))  # shapes of one key of JAX, as words of 32 bits


@dataclasses.dataclass(frozen=True)
class Stream:
    """A node in the tree of random streams of one seed."""

    seed: int
    path: tuple[int, ...] = ()

    def child(self, *names: str | int) -> "Stream":
        """The stream below this one with the given names or indices."""
        words = [zlib.crc32(n.encode()) if isinstance(n, str) else n for n in names]
        return Stream(self.seed, (*self.path, *words))

    def generator(self) -> np.random.Generator:
        """A fresh generator at the start of this stream."""
        sequence = np.random.SeedSequence(self.seed, spawn_key=self.path)
        return np.random.Generator(np.random.Philox(sequence))


def as_stream(key: Any) -> Stream:
    """A stream from a `Stream`, a whole number >= 0 or one JAX random key.

    Raises ValueError for anything else, a batch of keys among it.
    """
    if isinstance(key, Stream):
        return key
    words = _words(key)
    if words is None:
        shape = f" of shape {key.shape}" if getattr(key, "shape", ()) else ""
        raise ValueError(
            "A key is a whole number >= 0 or one JAX key, got "
            f"{plain(repr(key))}{shape}; give one seed, or one of the keys."
        )
    return Stream(words)


def _words(key: Any) -> int | None:
    """The number that a key stands for; None for what is no key."""
    if not hasattr(key, "dtype"):
        whole = isinstance(key, int) and not isinstance(key, bool)
        return key if whole and key >= 0 else None
    if not concrete(key):
        return None
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        if key.shape:
            return None
        key = jax.random.key_data(key)
    if not key.shape:
        whole = jnp.issubdtype(key.dtype, jnp.integer)
        return int(key) if whole and key >= 0 else None
    if key.dtype != np.uint32 or key.shape not in RAW_KEYS:
        return None
    return int.from_bytes(np.asarray(key).tobytes(), "little")
