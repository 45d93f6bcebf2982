"""Features or prototypes: the role of the memories in a trained classifier.

For small n many memories contribute to an answer, each a feature that votes for several
classes; for large n a single memory, a prototype, decides. [KH16 sec. 4, Figure 2]
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._common.types import AnyArray, Memories
from .energy_gaps import Associative
from .prediction import STATES_PER_CHUNK


def votes(
    memories: Memories, pixels: int, cutoff: float = 0.9
) -> Int[np.ndarray, " memory"]:
    """The number of classes each memory votes for: class weights > `cutoff`. [KH16]"""
    return np.sum(np.asarray(memories)[:, pixels:] > cutoff, axis=1)


def dominant(
    objective: Associative,
    memories: Memories,
    temperature: AnyArray,
    states: Float[AnyArray, "item state"],
    share: float = 0.9,
) -> Int[np.ndarray, " item"]:
    r"""How many memories contribute more than `share` of the largest contribution.

    A contribution is $F(x_\mu^{on}) - F(x_\mu^{off})$, to the energy gap of the winning
    class unit; 1 means that a single memory decides. [KH16 sec. 4]
    """
    memories = jnp.asarray(memories)
    scale = jnp.asarray(temperature, memories.dtype)
    least = jnp.asarray(share, memories.dtype)
    whole = jnp.asarray(states, memories.dtype)
    starts = range(0, len(whole), STATES_PER_CHUNK)
    parts = [whole[i : i + STATES_PER_CHUNK] for i in starts]
    found = [_dominant(objective, memories, scale, part, least) for part in parts]
    return np.concatenate([np.asarray(x) for x in found])


@eqx.filter_jit
def _dominant(
    objective: Associative,
    memories: Array,
    temperature: Array,
    states: Array,
    share: Array,
) -> Array:
    tempered = objective.tempered(temperature, memories.shape[1])
    pixels = states.shape[1]
    classes = memories[:, pixels:]

    def one(state: Array, winner: Array) -> Array:
        off = memories[:, :pixels] @ state - jnp.sum(classes, axis=1)
        on = off + 2 * classes[:, winner]
        added = tempered.interaction(on) - tempered.interaction(off)
        return jnp.sum(added > share * jnp.max(added))

    winners = jnp.argmax(objective.answers(memories, temperature, states), axis=1)
    return jax.lax.map(lambda x: one(*x), (states, winners))
