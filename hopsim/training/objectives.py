"""What training minimises: the contract between a loss and the trainer."""

import abc
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._common.types import AnyArray, Scalar
from ..network import Network


States = Float[AnyArray, "item state"]
Answers = Float[Array, "item answer"]
Targets = Float[AnyArray, "item answer"]

CURVES = {  # one number for each epoch, with its unit
    "loss": "1",
    "train_error": "1",
    "test_error": "1",
    "temperature": "1",
    "seconds": "s",
}


class Step(NamedTuple):
    """The loss of one minibatch, its gradient, and the answers."""

    loss: Scalar
    gradient: Any  # of the parameters
    answers: Answers  # before the tanh, where there is one


class AbstractObjective(eqx.Module):
    """A loss as a function of what is learnt, for items with what is asked of each.

    The parameters that are learnt are the memories, unless `start` and `learnt` say
    otherwise. To add one: implement the abstract methods.
    """

    curves: ClassVar[dict[str, str]] = CURVES

    def start(self, network: Network) -> Any:
        """The parameters of a network, where training starts."""
        return jnp.asarray(network.memories)

    def learnt(self, parameters: Any) -> dict[str, Array]:
        """What has been learnt, by its path in a network."""
        return {"memories": parameters}

    @abc.abstractmethod
    def step(
        self, parameters: Any, /, temperature: Scalar, states: States, targets: Targets
    ) -> Step:
        """Loss, gradient and answers of a minibatch."""

    @abc.abstractmethod
    def answers(
        self, parameters: Any, /, temperature: Scalar, states: States
    ) -> Answers:
        """The answers, computed as in `step`."""

    @abc.abstractmethod
    def targets(self, asked: AnyArray, states: States, answers: int) -> Targets:
        """What the answers should be, from what is asked of each item."""

    @abc.abstractmethod
    def wrong(self, answers: Answers, asked: AnyArray, targets: Targets) -> Array:
        """True where an answer is wrong, of each item or each neuron of it."""

    @abc.abstractmethod
    def judge(
        self, answers: Float[np.ndarray, "item answer"], asked: np.ndarray
    ) -> Bool[np.ndarray, " item"]:
        """True for items with a wrong answer, on the host; a tie is wrong."""


def predicted_class(
    answers: Float[np.ndarray, "item class"],
) -> Int[np.ndarray, " item"]:
    """The class of the largest answer; -1 where two share it or one is not finite.

    Answers before the tanh, which would make saturated ones equal. [THEORY 2.3]
    """
    largest = np.max(answers, axis=1, keepdims=True)
    clear = np.sum(answers == largest, axis=1) == 1
    finite = np.all(np.isfinite(answers), axis=1)
    return np.where(clear & finite, np.argmax(answers, axis=1), -1)
