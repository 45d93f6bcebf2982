"""Prediction: the energy gaps of the class units, and the class of the largest gap."""

import hashlib
from collections.abc import Callable
from typing import Literal, overload

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._common.entries import public_entry
from .._common.names import nearest
from .._common.types import AnyArray, Memories, Scalar
from ..dynamics._request import require_whole
from ..network import Network, require_network
from .energy_gaps import (
    AbstractUpdate,
    Associative,
    AutoAssociative,
    Dual,
    interaction_of,
    Scaling,
)
from .examples import as_states
from .objectives import AbstractObjective, predicted_class
from .recall_objective import Recall


Form = Literal["associative", "dual", "dual_off", "autoassociative"]

STATES_PER_CHUNK = 1000  # keeps the array of memory inputs small


@public_entry
def predict(
    network: Network,
    images: Float[AnyArray, "item state"],
    form: Literal["associative", "dual", "dual_off"] = "associative",
    *,
    scaling: Scaling = "original",
    temperature: float | None = None,
    classes: int | None = None,
) -> Int[np.ndarray, " item"]:
    """The class of every image: the class unit with the largest energy gap.

    One update of the class units, all off, with the image fixed. [KH16 eq. 9] Images
    lie in [-1, 1]; the remaining features are the class units. -1 where two classes
    share the largest answer, or an answer is not finite.

    The training temperature matters only for interactions that are not homogeneous; by
    default it is a bound on the memory inputs, so that no power overflows.

    **Arguments:**

    - `classes`: the number of class units. It is known for memories that were trained,
      or loaded from a run, in this process; for others the default is the number of
      features beyond an image.

    Raises ValueError for images out of range or of another number of pixels than the
    network has, a network without class units, and what `objective_of` refuses.
    """
    require_network(network)
    images = as_states(images, "Images")
    pixels, features = images.shape[1], network.features
    if pixels >= features:
        raise ValueError(
            "The features beyond an image are the class units: the network has "
            f"{features} features, an image {pixels}; use a network that was trained "
            "to classify."
        )
    known = class_units(network.memories)
    if classes is not None:
        require_whole("classes", classes)
    for told in (known, classes):
        if told not in (None, features - pixels):
            raise ValueError(
                f"The network has {features - told} pixels and {told} classes, got "
                f"images of {pixels} pixels; resize them first."
            )
    objective = objective_of(network, form, 1, scaling)
    memories = jnp.asarray(network.memories)
    states = jnp.asarray(images, network.dtype)
    if temperature is None:
        visible, units = jnp.split(memories, [pixels], axis=1)
        most = jnp.max(visible @ states.T) + jnp.max(jnp.sum(jnp.abs(units), axis=1))
        unit = 1 if scaling == "original" else network.features
        temperature = max(float(most), 1.0) / unit
    scale = jnp.asarray(temperature, network.dtype)
    return predicted_class(answers_in_chunks(objective, memories, scale, states))


# the class units of memories that training has left, by a hash of the memories: so
# `predict` knows them again, whichever network holds them
_CLASS_UNITS: dict[bytes, int] = {}
MOST_REMEMBERED = 1024


def remember_classes(memories: Memories, classes: int) -> None:
    """Take note of how many of the features of trained memories are class units."""
    if len(_CLASS_UNITS) >= MOST_REMEMBERED:
        _CLASS_UNITS.pop(next(iter(_CLASS_UNITS)))
    _CLASS_UNITS[_digest(memories)] = classes


def class_units(memories: Memories) -> int | None:
    """The number of class units of memories that were trained or loaded here."""
    return _CLASS_UNITS.get(_digest(memories)) if _CLASS_UNITS else None


def _digest(memories: Memories) -> bytes:
    found = np.ascontiguousarray(memories)
    return hashlib.blake2b(found.tobytes(), key=str(found.shape).encode()).digest()


@eqx.filter_jit
def _answers(
    objective: AbstractObjective,
    memories: Array,
    temperature: Scalar,
    states: Float[Array, "chunk item state"],
) -> Array:
    return jax.lax.map(lambda x: objective.answers(memories, temperature, x), states)


def answers_in_chunks(
    objective: AbstractObjective,
    memories: AnyArray,
    temperature: AnyArray,
    states: Float[AnyArray, "item state"],
) -> Float[np.ndarray, "item answer"]:
    """The answers before the tanh for any number of states, in chunks of equal size."""
    count, width = states.shape
    chunk = min(count, STATES_PER_CHUNK)
    chunks = -(-count // chunk)
    filled = jnp.pad(jnp.asarray(states), ((0, chunks * chunk - count), (0, 0)))
    found = _answers(
        objective, memories, temperature, filled.reshape(chunks, chunk, width)
    )
    return np.asarray(found).reshape(chunks * chunk, -1)[:count]


@overload
def objective_of(
    network: Network, form: Form, error_exponent: int, scaling: Scaling
) -> AbstractUpdate: ...


@overload
def objective_of(
    network: Network, form: Form | Recall, error_exponent: int, scaling: Scaling
) -> AbstractObjective: ...


def objective_of(
    network: Network, form: Form | Recall, error_exponent: int, scaling: Scaling
) -> AbstractObjective:
    """The objective with the network's own interaction function.

    Raises ValueError for a network with currents or an autapse, an unknown form, and an
    interaction function that does not fit. Recall takes any network.
    """
    if isinstance(form, Recall):
        return form.of(network)
    driven = np.any(np.asarray(network.current)) or np.any(
        np.asarray(network.hidden_current)
    )
    if driven or network.autapse is not None:
        raise ValueError(
            "Training supports neither currents nor an autapse; leave them out of "
            "the network (they can be set after training)."
        )
    makers: dict[str, Callable[..., AbstractUpdate]] = {
        "associative": Associative,
        "dual": Dual,
        "dual_off": lambda *a: Dual(*a, expansion="off"),
        "autoassociative": AutoAssociative,
    }
    if form not in makers:
        raise ValueError(f"There is no form {form!r}; {nearest(form, list(makers))}.")
    objective = makers[form](
        interaction_of(network.memory_lagrangian), error_exponent, scaling
    )
    objective.tempered(1.0, network.features)  # ValueError if F has no power n
    return objective
