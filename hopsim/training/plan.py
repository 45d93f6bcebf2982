"""The plan of a training run, checked before anything is computed."""

import dataclasses
import hashlib
import inspect
import math
from collections.abc import Callable
from typing import Any, get_args, NamedTuple

import jax
import numpy as np
import optax

from .._common.names import nearest
from .._common.reach import code_below, versions
from .._common.streams import as_stream, Stream
from .._version import __version__
from ..network import Network
from .examples import as_examples, as_states, Examples, Order
from .objectives import AbstractObjective, AutoAssociative


class TrainingData(NamedTuple):
    """The examples for training and for testing, not yet checked."""

    examples: Examples | np.ndarray
    test: Examples | None = None


class TrainingSchedule(NamedTuple):
    """Epochs, training temperature and minibatches, not yet checked."""

    epochs: int
    temperature: float | Callable[[int], Any]
    batch: int | None = None  # all examples
    order: Order = "shuffled"
    key: Any = 0  # of the minibatches


@dataclasses.dataclass(frozen=True)
class TrainingPlan:
    """A training run, checked against the network and the examples."""

    network: Network
    objective: AbstractObjective
    rule: optax.GradientTransformation
    examples: Examples
    test: Examples | None
    epochs: int
    batch: int
    order: Order
    temperature: Callable[[int], float]
    stream: Stream

    @property
    def pixels(self) -> int:
        """The number of visible neurons."""
        return self.examples.states.shape[1]


def plan_training(
    network: Network,
    objective: AbstractObjective,
    rule: optax.GradientTransformation,
    data: TrainingData,
    schedule: TrainingSchedule,
) -> TrainingPlan:
    """The plan of a training run; ValueError if it is invalid."""
    examples, test = data
    epochs, temperature, batch, order, key = schedule
    if order not in get_args(Order):
        hint = nearest(order, list(get_args(Order)))
        raise ValueError(f"There is no order {order!r}; {hint}.")
    for name, value in (
        ("epochs", epochs),
        ("error_exponent", objective.error_exponent),
    ):
        if value < 1:
            raise ValueError(f"The number {name} must be >= 1, got {value}.")
    if isinstance(objective, AutoAssociative):
        if isinstance(examples, Examples):
            examples = examples.states
        examples = as_states(examples, "The states to learn")
        if not np.all(np.abs(examples) == 1):
            raise ValueError(
                "States that every neuron learns are +1 and -1; take the signs of "
                "others."
            )
        if examples.shape[1] != network.features:
            raise ValueError(
                f"States to learn must have the network's {network.features} features, "
                f"got {examples.shape[1]}."
            )
        examples = Examples(examples, np.zeros(len(examples), np.int64))
    elif isinstance(examples, Examples):
        features = network.features
        examples = as_examples(examples, features, "to learn", every=True)
        if test is not None:
            test = as_examples(test, features, "to test with", every=False)
            if test.states.shape[1] != examples.states.shape[1]:
                raise ValueError(
                    f"Test states must have the {examples.states.shape[1]} numbers of "
                    f"those to learn, got {test.states.shape[1]}."
                )
    else:
        raise ValueError(
            "Class units are trained with labels: give Examples(states, labels), or "
            'form = "autoassociative" for states alone.'
        )
    items = len(examples.labels)
    size = items if batch is None else batch
    if not 1 <= size <= items:
        raise ValueError(f"A minibatch has 1 to {items} items, got {size}.")
    classes = network.features - examples.states.shape[1]
    if order == "balanced" and (not classes or size % classes):
        raise ValueError(
            "Balanced minibatches have as many items of each class: their size must be "
            f"a multiple of the {classes} classes, got {size}."
        )
    at = temperature if callable(temperature) else lambda _: temperature
    tempered = lambda number: float(at(number))
    for number in range(epochs):
        if not 0 < tempered(number) < math.inf:
            raise ValueError(
                "The training temperature must be a finite number > 0, got "
                f"{tempered(number)} in epoch {number + 1}."
            )
    return TrainingPlan(
        network=network,
        objective=objective,
        rule=rule,
        examples=examples,
        test=test,
        epochs=epochs,
        batch=size,
        order=order,
        temperature=tempered,
        stream=as_stream(key).child("minibatches"),
    )


def training_code(plan: TrainingPlan) -> str:
    """A hash of what a training executes: hopsim, the libraries, and their versions.

    Of a class from elsewhere it knows the text, if any, but not what that calls.
    """
    modules, texts = {"hopsim.training.trainer"}, set()
    rest: list[Any] = [plan.network, plan.objective]
    while rest:
        part = rest.pop()
        if dataclasses.is_dataclass(part):
            modules.add(type(part).__module__)
            texts.add(_own_text(type(part)))
            rest += [getattr(part, f.name) for f in dataclasses.fields(part)]
    told = (__version__, code_below(modules), sorted(texts), versions())
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _own_text(kind: type) -> str:
    """The source of a class that is not hopsim's; empty if it is, or has none."""
    if kind.__module__.partition(".")[0] == __name__.partition(".")[0]:
        return ""
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):  # typed at a prompt
        return ""


def training_digest(plan: TrainingPlan) -> str:
    """The hash in which a checkpoint must agree with the run that resumes from it.

    (Without the rule, which is made of functions: only its state's shape is compared.)
    """
    found = hashlib.sha256()
    for array in (*jax.tree.leaves(plan.network), *plan.examples, *(plan.test or ())):
        found.update(np.ascontiguousarray(array).tobytes())
    numbers = [plan.temperature(number) for number in range(plan.epochs)]
    settings = (plan.objective, plan.batch, plan.order, plan.stream, numbers)
    found.update(repr(settings).encode())
    return found.hexdigest()
