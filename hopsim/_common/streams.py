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
    """A stream from a `Stream`, an integer seed or a JAX random key."""
    if isinstance(key, Stream):
        return key
    if isinstance(key, int | np.integer):
        return Stream(int(key))
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)
    words = np.asarray(key, dtype=np.uint32).ravel()
    return Stream(int.from_bytes(words.tobytes(), "little"))
