"""What a network answers: the gaps of its class units, and the class of the largest."""

from collections.abc import Callable
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._common.names import nearest
from .._common.types import AnyArray, Scalar
from ..network import Network
from .examples import check_states
from .objectives import (
    AbstractObjective,
    Associative,
    AutoAssociative,
    Dual,
    interaction_of,
    Scaling,
)


Form = Literal["associative", "dual", "dual_off", "autoassociative"]

STATES_PER_CHUNK = 1000  # their inputs to the memories stay small


def predict(
    network: Network,
    images: Float[AnyArray, "item state"],
    form: Literal["associative", "dual", "dual_off"] = "associative",
    *,
    scaling: Scaling = "original",
    temperature: float | None = None,
) -> Int[np.ndarray, " item"]:
    """The class of every image: the class unit of the largest energy gap.

    One update of the class units, all off, beside the image. [KH16 eq. 9] Images lie in
    [-1, 1]; the features beyond them are the class units. -1 where two classes share
    the largest answer, or it is no number.

    The training temperature matters only to interactions that are not homogeneous;
    without one, the largest input of a memory keeps every power within range.
    """
    images = np.asarray(images)
    check_states(images, "Images")
    if images.shape[1] >= network.features:
        raise ValueError(
            "The features beyond an image are the class units: the network has "
            f"{network.features} features, an image {images.shape[1]}; use a network "
            "that was trained to classify."
        )
    objective = objective_of(network, form, 1, scaling)
    memories = jnp.asarray(network.memories)
    states = jnp.asarray(images, network.dtype)
    if temperature is None:
        visible, classes = jnp.split(memories, [images.shape[1]], axis=1)
        most = jnp.max(visible @ states.T) + jnp.max(jnp.sum(jnp.abs(classes), axis=1))
        unit = 1 if scaling == "original" else network.features
        temperature = max(float(most), 1.0) / unit
    scale = jnp.asarray(temperature, network.dtype)
    return predicted_class(answers_in_chunks(objective, memories, scale, states))


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
    """The answers to any number of states before the tanh, in equal chunks."""
    count, width = states.shape
    chunk = min(count, STATES_PER_CHUNK)
    chunks = -(-count // chunk)
    filled = jnp.pad(jnp.asarray(states), ((0, chunks * chunk - count), (0, 0)))
    found = _answers(
        objective, memories, temperature, filled.reshape(chunks, chunk, width)
    )
    return np.asarray(found).reshape(chunks * chunk, -1)[:count]


def predicted_class(
    answers: Float[np.ndarray, "item class"],
) -> Int[np.ndarray, " item"]:
    """The class of the largest answer; -1 where two share it or one is no number.

    The largest answer, not its tanh: saturated ones would tie. [THEORY 2.3]
    """
    largest = np.max(answers, axis=1, keepdims=True)
    clear = np.sum(answers == largest, axis=1) == 1
    finite = np.all(np.isfinite(answers), axis=1)
    return np.where(clear & finite, np.argmax(answers, axis=1), -1)


def objective_of(
    network: Network, form: Form, error_exponent: int, scaling: Scaling
) -> AbstractObjective:
    """The loss of a network's memories, with its own interaction function."""
    driven = np.any(np.asarray(network.current)) or np.any(
        np.asarray(network.hidden_current)
    )
    if driven or network.autapse is not None:
        raise ValueError(
            "Training knows neither currents nor an autapse; leave them out of the "
            "network (set them afterwards if you want them)."
        )
    makers: dict[str, Callable[..., AbstractObjective]] = {
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
    objective.tempered(1.0, network.features)  # refuses what has no such scale
    return objective
