"""Training examples: labelled states in [-1, 1], and their order in minibatches."""

from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Real, Shaped

from .._common.arrays import table, whole_numbers
from .._common.streams import Stream
from ..data.datasets import Images


Order = Literal["shuffled", "balanced"]


class Examples(NamedTuple):
    """States and their class labels."""

    states: Float[np.ndarray, "item state"]  # in [-1, 1]
    labels: Int[np.ndarray, " item"]  # 0, 1, ..., classes - 1


class Pairs(NamedTuple):
    """Initial states of the feature neurons, and where each of them should end."""

    starts: Float[np.ndarray, "item feature"]
    targets: Float[np.ndarray, "item feature"]


def as_pairs(pairs: Any, features: int, what: str) -> Pairs:
    """Pairs as arrays; ValueError unless every start has a target of its size."""
    if not isinstance(pairs, Pairs):
        raise ValueError(
            f"Recall {what} needs starts and their targets, got a "
            f"{type(pairs).__name__}; give training.Pairs(starts, targets)."
        )
    starts = table(pairs.starts, f"The starts {what}", "item", features)
    targets = table(pairs.targets, f"The targets {what}", "item", features)
    if len(starts) != len(targets):
        raise ValueError(
            f"Every start {what} needs one target, got {len(starts)} starts and "
            f"{len(targets)} targets; give as many."
        )
    return Pairs(starts, targets)


def from_images(images: Images) -> Examples:
    """Pixels in [0, 1] become states in [-1, 1], `2 x - 1`. [KH16 sec. 4]"""
    return Examples(2 * images.pixels - 1, images.labels)


def as_states(
    states: Any, what: str, width: int | None = None
) -> Real[np.ndarray, "item state"]:
    """States as an array; ValueError unless they are finite numbers in [-1, 1]."""
    states = table(states, what, "item", width)
    far = (states < -1) | (states > 1)
    if far.any():
        worst = states.ravel()[np.argmax(np.abs(states.astype(float)))]
        raise ValueError(
            f"{what} must lie in [-1, 1]: {np.count_nonzero(far.any(axis=1))} of "
            f"{len(states)} items do not, the worst number is {worst:g}; scale pixels "
            "x in [0, 1] as 2 x - 1, bytes as 2 x / 255 - 1 (cast them first)."
        )
    return states


def as_examples(examples: Examples, features: int, what: str, every: bool) -> Examples:
    """Examples as arrays; ValueError unless every state has a label that is a class.

    The classes are numbered by the features beyond a state. With `every` each class
    needs an example.
    """
    states = as_states(examples.states, f"The states {what}")
    labels = whole_numbers(examples.labels, f"The labels {what}")
    classes = features - states.shape[1]
    if labels.shape != states.shape[:1]:
        raise ValueError(
            f"Every state {what} needs one label, got {states.shape[0]} states and "
            f"labels of shape {labels.shape}; give as many."
        )
    if classes < 1:
        raise ValueError(
            f"Labels {what} need class units: memories must have more features than "
            f"the {states.shape[1]} of a state, one for each class; add them."
        )
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        raise ValueError(
            f"Labels {what} must be numbers from 0 to {classes - 1}, one for each "
            f"class unit: item {np.argmax(wrong)} has {labels[np.argmax(wrong)]}; "
            "give memories as many class units as there are classes, or relabel."
        )
    counts = np.bincount(labels, minlength=classes)
    if every and np.any(counts == 0):
        raise ValueError(
            f"Every class needs an example {what}: class {np.argmin(counts)} of "
            f"{classes} has none; add some, or give memories fewer class units."
        )
    return Examples(states, labels)


def minibatches(
    labels: Shaped[np.ndarray, "item ..."], batch: int, order: Order, stream: Stream
) -> Int[np.ndarray, "step batch"]:
    """The indices of the items of every minibatch of one epoch, as int32.

    "shuffled": slices of a new permutation; the items % batch last ones are left out.
    "balanced": equally many of each class in every minibatch, each class in a random
    order of its own, reshuffled when it is used up. [KH16 app. A]
    """
    steps = len(labels) // batch
    draw = stream.generator()
    if order == "shuffled":
        return (
            draw.permutation(len(labels))[: steps * batch]
            .reshape(steps, batch)
            .astype(np.int32)
        )
    classes = np.unique(labels)
    each = batch // len(classes)
    parts = []
    for label in classes:
        members = np.flatnonzero(labels == label)
        rounds = -(-steps * each // len(members))
        lined = np.concatenate([draw.permutation(members) for _ in range(rounds)])
        parts.append(lined[: steps * each].reshape(steps, each))
    return np.concatenate(parts, axis=1).astype(np.int32)
