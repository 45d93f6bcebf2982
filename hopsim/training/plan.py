"""The plan of a training run, checked before anything is computed."""

import dataclasses
import hashlib
import math
from collections.abc import Callable
from typing import Any, get_args, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .._common.names import nearest
from .._common.parts import source_text
from .._common.reach import code_below, versions
from .._common.streams import as_stream, Stream
from .._version import __version__
from ..network import Network
from .energy_gaps import AbstractUpdate, AutoAssociative
from .examples import as_examples, as_pairs, as_states, Examples, Order, Pairs
from .objectives import AbstractObjective
from .recall_objective import Recall


class TrainingData(NamedTuple):
    """The examples for training and for testing, not yet checked."""

    examples: Examples | Pairs | np.ndarray
    test: Examples | Pairs | None = None


class TrainingSchedule(NamedTuple):
    """Epochs, training temperature and minibatches, not yet checked."""

    epochs: int
    temperature: float | Callable[[int], Any] | None
    batch: int | None = None  # all examples
    order: Order = "shuffled"
    key: Any = 0  # of the minibatches


@dataclasses.dataclass(frozen=True)
class TrainingPlan:
    """A training run, checked against the network and the examples."""

    network: Network
    objective: AbstractObjective
    rule: optax.GradientTransformation
    examples: Examples | Pairs
    test: Examples | Pairs | None
    epochs: int
    batch: int
    order: Order
    temperature: Callable[[int], float]
    stream: Stream

    @property
    def pixels(self) -> int:
        """The number of visible neurons."""
        return self.examples[0].shape[1]


def plan_training(
    network: Network,
    objective: AbstractObjective,
    rule: optax.GradientTransformation,
    data: TrainingData,
    schedule: TrainingSchedule,
) -> TrainingPlan:
    """The plan of a training run; ValueError if it is invalid."""
    epochs, temperature, batch, order, key = schedule
    if order not in get_args(Order):
        hint = nearest(order, list(get_args(Order)))
        raise ValueError(f"There is no order {order!r}; {hint}.")
    counts = {"epochs": epochs}
    if isinstance(objective, AbstractUpdate):
        counts["error_exponent"] = objective.error_exponent
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"The number {name} must be >= 1, got {value}.")
    examples, test = _checked(objective, network, data)
    items = len(examples[0])
    size = items if batch is None else batch
    if not 1 <= size <= items:
        raise ValueError(f"A minibatch has 1 to {items} items, got {size}.")
    classes = network.features - examples[0].shape[1]
    if order == "balanced" and (not classes or size % classes):
        raise ValueError(
            "Balanced minibatches have as many items of each class: their size must be "
            f"a multiple of the {classes} classes, got {size}."
        )
    at = _temperature(objective, temperature)
    if isinstance(objective, Recall):
        _try(objective, rule, network, examples)
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


def _checked(
    objective: AbstractObjective, network: Network, data: TrainingData
) -> tuple[Examples | Pairs, Examples | Pairs | None]:
    """What is learnt and tested, as the objective needs it; ValueError if it is not."""
    examples, test = data
    features = network.features
    if isinstance(objective, Recall):
        learn = as_pairs(examples, features, "to learn")
        return learn, None if test is None else as_pairs(test, features, "to test with")
    if isinstance(examples, Pairs) or isinstance(test, Pairs):
        raise ValueError(
            "Pairs of starts and targets are learnt by recall; give form = "
            "training.Recall(dynamics)."
        )
    if isinstance(objective, AutoAssociative):
        states = examples.states if isinstance(examples, Examples) else examples
        states = as_states(states, "The states to learn")
        if not np.all(np.abs(states) == 1):
            raise ValueError(
                "States that every neuron learns are +1 and -1; take the signs of "
                "others."
            )
        if states.shape[1] != features:
            raise ValueError(
                f"States to learn must have the network's {features} features, "
                f"got {states.shape[1]}."
            )
        return Examples(states, np.zeros(len(states), np.int64)), test
    if not isinstance(examples, Examples):
        raise ValueError(
            "Class units are trained with labels: give Examples(states, labels), or "
            'form = "autoassociative" for states alone.'
        )
    learn = as_examples(examples, features, "to learn", every=True)
    if test is not None:
        test = as_examples(test, features, "to test with", every=False)
        if test.states.shape[1] != learn.states.shape[1]:
            raise ValueError(
                f"Test states must have the {learn.states.shape[1]} numbers of "
                f"those to learn, got {test.states.shape[1]}."
            )
    return learn, test


def _temperature(
    objective: AbstractObjective, temperature: Any
) -> Callable[[int], Any]:
    """The training temperature of every epoch, 1 where there is none."""
    if not isinstance(objective, Recall):
        if temperature is None:
            raise ValueError(
                "Training by updates of spins needs a temperature > 0, got none; give "
                "one, or a function of the epoch."
            )
        return temperature if callable(temperature) else lambda _: temperature
    if temperature is not None:
        raise ValueError(
            f"Recall has no training temperature, got {temperature}; leave it out, and "
            "give the network its beta."
        )
    return lambda _: 1.0


def _try(
    objective: Recall,
    rule: optax.GradientTransformation,
    network: Network,
    pairs: Any,
) -> None:
    """Raises ValueError for what the first step would refuse; computes nothing."""
    start = objective.start(network)
    one = jnp.ones((), network.dtype)
    first = (np.asarray(x[:1], network.dtype) for x in pairs)
    jax.eval_shape(objective.step, start, one, *first)
    try:
        jax.eval_shape(lambda x: rule.update(x, rule.init(x), x), start)
    except (TypeError, AttributeError) as error:
        raise ValueError(
            "This rule learns memories alone, and Recall(also=...) asks for more "
            f"({', '.join(objective.also)}); use an optimiser of optax, such as adam."
        ) from error


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
    return source_text(kind)


def training_digest(plan: TrainingPlan) -> str:
    """The hash in which a checkpoint must agree with the run that resumes from it.

    (Without the rule, which is made of functions: only its state's shape is compared.)
    """
    found = hashlib.sha256()
    given = jax.tree.leaves((plan.network, plan.objective))
    for array in (*given, *plan.examples, *(plan.test or ())):
        found.update(np.ascontiguousarray(array).tobytes())
    numbers = [plan.temperature(number) for number in range(plan.epochs)]
    settings = (plan.objective, plan.batch, plan.order, plan.stream, numbers)
    found.update(repr(settings).encode())
    return found.hexdigest()
