r"""`train`: each epoch of minibatches is one compiled scan over data on the device.

Nothing but the memories changes. The order of the examples is drawn on the host, keyed
by (key, epoch), and all else that an epoch needs is in `State`: so a training that is
taken up from its checkpoint repeats what it would have done, to the last bit.
"""

import dataclasses
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int

from .._clock import phase
from .._names import nearest
from .._streams import as_stream, Stream
from .._types import AnyArray, Memories, Scalar
from ..network import Network
from ..records import dataset, Record
from .checkpoints import Checkpoint, restore, store
from .examples import check_examples, check_states, Examples, minibatches, Order
from .objectives import (
    AbstractObjective,
    Associative,
    AutoAssociative,
    Dual,
    interaction_of,
    Scaling,
)
from .rule import KrotovHopfieldRule


Form = Literal["associative", "dual", "dual_off", "autoassociative"]

CURVES = {  # one number an epoch, with units
    "loss": "1",
    "train_error": "1",
    "test_error": "1",
    "temperature": "1",
    "seconds": "s",
}


class State(NamedTuple):
    """All that the next epoch depends on, apart from its number."""

    memories: Float[AnyArray, "memory feature"]
    optimiser: Any  # the state of the rule, as optax made it


class Epoch(NamedTuple):
    """What one epoch left, still on the device."""

    state: State
    loss: Scalar  # mean over answers, of the memories as they were at each minibatch
    wrong: Scalar  # share of the items answered wrongly before they were learnt from
    finite: Bool[Array, ""]


@dataclasses.dataclass(frozen=True)
class Plan:
    """How to train, checked against the network and the examples."""

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

    @property
    def classifies(self) -> bool:
        """True if class units are trained, False if every neuron is."""
        return not isinstance(self.objective, AutoAssociative)


class Trainer:
    """The compiled programs of a plan, and its examples on the device."""

    def __init__(self, plan: Plan):
        dtype = plan.network.dtype
        self.plan = plan
        self._states = jnp.asarray(plan.examples.states, dtype)
        self._labels = jnp.asarray(plan.examples.labels, np.int32)
        self._test = None
        if plan.test is not None:
            self._test = jnp.asarray(plan.test.states, dtype)

    def start(self) -> State:
        """The memories as they are, and the rule at rest."""
        memories = jnp.asarray(self.plan.network.memories)
        return State(memories, self.plan.rule.init(memories))

    def epoch(self, state: State, number: int) -> Epoch:
        """One pass over the examples. (Numbers begin with 0.)"""
        plan = self.plan
        rows = minibatches(
            plan.examples.labels, plan.batch, plan.order, plan.stream.child(number)
        )
        return _epoch(
            plan.objective,
            plan.rule,
            state,
            self._tempered(number),
            jnp.asarray(rows),
            self._states,
            self._labels,
        )

    def test_error(self, state: State, number: int) -> float:
        """The share of the test examples that are answered wrongly."""
        plan = self.plan
        if self._test is None or plan.test is None:
            return math.nan
        found = answered(
            plan.objective, state.memories, self._tempered(number), self._test
        )
        return float(np.mean(decided(found) != plan.test.labels))

    def _tempered(self, number: int) -> Array:
        return jnp.asarray(self.plan.temperature(number), self.plan.network.dtype)


def _pass(
    objective: AbstractObjective,
    rule: optax.GradientTransformation,
    state: State,
    temperature: Scalar,
    rows: Int[Array, "step batch"],
    states: Float[Array, "item state"],
    labels: Int[Array, " item"],
) -> Epoch:
    classes = state.memories.shape[1] - states.shape[1]
    number = jnp.arange(classes, dtype=labels.dtype)

    def one(carried: State, items: Array):
        shown = states[items]
        told = labels[items]
        targets = shown
        if classes:
            targets = jnp.where(number[None, :] == told[:, None], 1, -1)
            targets = targets.astype(shown.dtype)
        step = objective.step(carried.memories, temperature, shown, targets)
        change, optimiser = rule.update(
            step.gradient, carried.optimiser, carried.memories
        )
        moved = optax.apply_updates(carried.memories, change)
        wrong = jnp.sign(step.answers) != targets
        if classes:
            wrong = jnp.argmax(step.answers, axis=1).astype(told.dtype) != told
        return State(moved, optimiser), (
            step.loss / targets.size,
            jnp.mean(wrong.astype(shown.dtype)),
        )

    state, (loss, wrong) = jax.lax.scan(one, state, rows)
    loss = jnp.mean(loss)
    finite = jnp.isfinite(loss) & jnp.all(jnp.isfinite(state.memories))
    return Epoch(state, loss, jnp.mean(wrong), finite)


_epoch = eqx.filter_jit(_pass)


@eqx.filter_jit
def taught(
    objective: AbstractObjective,
    memories: Memories,
    rates: Float[AnyArray, " epoch"],
    temperature: Scalar,
    rows: Int[AnyArray, "epoch step batch"],
    examples: tuple[Float[AnyArray, "item state"], Int[AnyArray, " item"]],
    momentum: Scalar,
) -> tuple[Float[Array, "memory feature"], Float[Array, " epoch"]]:
    """Memories after all epochs of rule (13), and the losses: one program for a grid.

    Learning rates, temperature and momentum are traced, so that only another objective
    or another size is compiled anew. `rows` are the minibatches of every epoch.
    """
    steps = rows.shape[1]
    rule = KrotovHopfieldRule(
        lambda count: jnp.asarray(rates)[count // steps], momentum
    )
    states, labels = (jnp.asarray(x) for x in examples)

    def one(state: State, items: Array) -> tuple[State, Array]:
        done = _pass(objective, rule, state, temperature, items, states, labels)
        return done.state, done.loss

    start = State(jnp.asarray(memories), rule.init(jnp.asarray(memories)))
    state, loss = jax.lax.scan(one, start, jnp.asarray(rows))
    return state.memories, loss


@eqx.filter_jit
def _answers(
    objective: AbstractObjective,
    memories: Array,
    temperature: Scalar,
    states: Float[Array, "chunk item state"],
) -> Array:
    return jax.lax.map(lambda x: objective.answers(memories, temperature, x), states)


CHUNK = 1000  # states answered at once: their inputs to the memories stay small


def answered(
    objective: AbstractObjective,
    memories: AnyArray,
    temperature: AnyArray,
    states: Float[AnyArray, "item state"],
) -> Float[np.ndarray, "item answer"]:
    """The answers to any number of states before the tanh, in equal chunks."""
    count, width = states.shape
    chunk = min(count, CHUNK)
    chunks = -(-count // chunk)
    filled = jnp.pad(jnp.asarray(states), ((0, chunks * chunk - count), (0, 0)))
    found = _answers(
        objective, memories, temperature, filled.reshape(chunks, chunk, width)
    )
    return np.asarray(found).reshape(chunks * chunk, -1)[:count]


def decided(answers: Float[np.ndarray, "item class"]) -> Int[np.ndarray, " item"]:
    """The class of the largest answer; -1 where two share it or one is no number.

    The largest answer, not its tanh: saturated ones would tie. [THEORY 2.3]
    """
    largest = np.max(answers, axis=1, keepdims=True)
    clear = np.sum(answers == largest, axis=1) == 1
    finite = np.all(np.isfinite(answers), axis=1)
    return np.where(clear & finite, np.argmax(answers, axis=1), -1)


# --- the door -------------------------------------------------------------------------


def train(
    network: Network,
    examples: Examples | Float[np.ndarray, "item feature"],
    rule: optax.GradientTransformation,
    *,
    epochs: int,
    temperature: float | Callable[[int], Any],
    form: Form = "associative",
    error_exponent: int = 1,
    scaling: Scaling = "original",
    batch: int | None = None,
    order: Order = "shuffled",
    test: Examples | None = None,
    key: Any = 0,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 10.0,
    interrupted: Callable[[], bool] = lambda: False,
    told: Callable[[dict[str, float]], None] | None = None,
) -> Record:
    r"""Learn the memories of a network from examples; nothing else changes.

    Returns a Record with `memories`, `start`, one curve over the epochs each for
    `loss`, `train_error` (running, before each item was learnt from), `test_error`,
    `temperature`, `seconds`, and how it ended; `network.with_memories(...)` makes the
    trained network.

    **Arguments:**

    - `network`: its memory layer is a sum of F over memories, whose scale the training
      temperature replaces; its memories, of shape (memory, state + class), are where
      training starts. No currents, no autapse.
    - `examples`: `Examples` (states in [-1, 1] with labels), or states of +1 and -1
      alone for `form = "autoassociative"`.
    - `rule`: `KrotovHopfieldRule(...)`, or any optax optimiser.
    - `temperature`: T > 0, or an optax schedule of the number of the epoch.
    - `form`: "associative" [KH16 eq. 9], "dual" or "dual_off" (first order about class
      units at 0 or off) [KH16 eq. 11], "autoassociative" [MRS24 eq. 8].
    - `error_exponent`: m, of $C = \sum (c - t)^{2m}$.
    - `scaling`: "original", F(x)/T^n, or "modified", F(x/(NT)). [MRS24 eq. 14]
    - `batch`, `order`: items of a minibatch (default all), "shuffled" or "balanced"
      (as many of each class).
    - `checkpoint`: a file from which a training that was killed is taken up, and which
      is written every `checkpoint_seconds` (always whole) and removed by nobody.
    - `interrupted`: asked after each epoch; if True the checkpoint is written and
      KeyboardInterrupt raised.
    - `told`: called with the curves' values after each epoch.

    Raises ValueError for examples or settings that cannot be learnt from. Numbers that
    are not finite end a training; the memories of the epoch before are kept, and
    `ending` says so.
    """
    plan = _plan(
        *(network, examples, rule, epochs, temperature, form, error_exponent),
        *(scaling, batch, order, test, key),
    )
    trainer = Trainer(plan)
    state, curves, ending = trainer.start(), {name: [] for name in CURVES}, ""
    digest = _digest(plan)
    kept = None if checkpoint is None else restore(checkpoint, state, digest)
    if kept is not None:
        state, curves, ending = State(*kept.state), kept.curves, kept.ending

    def keep() -> None:
        if checkpoint is not None:
            store(checkpoint, Checkpoint(tuple(state), curves, ending, digest))

    saved = time.monotonic()
    while not ending and len(curves["loss"]) < epochs:
        number, begun = len(curves["loss"]), time.perf_counter()
        with phase("integrate"):
            done = trainer.epoch(state, number)
            finite = bool(done.finite)
        if not finite:
            ending = f"numbers that are not finite in epoch {number + 1}"
            break
        state = done.state
        now = {
            "loss": float(done.loss),
            "train_error": float(done.wrong),
            "test_error": trainer.test_error(state, number),
            "temperature": float(plan.temperature(number)),
            "seconds": time.perf_counter() - begun,
        }
        for name, values in curves.items():
            values.append(now[name])
        if told is not None:
            told({"epoch": number + 1, "epochs": epochs} | now)
        stop = interrupted()
        if stop or time.monotonic() - saved >= checkpoint_seconds:
            keep()
            saved = time.monotonic()
        if stop:
            raise KeyboardInterrupt
    keep()
    return _record(plan, state, curves, ending or "all epochs")


def _plan(
    network: Network,
    examples: Examples | np.ndarray,
    rule: optax.GradientTransformation,
    epochs: int,
    temperature: float | Callable[[int], Any],
    form: Form,
    error_exponent: int,
    scaling: Scaling,
    batch: int | None,
    order: Order,
    test: Examples | None,
    key: Any,
) -> Plan:
    objective = objective_of(network, form, error_exponent, scaling)
    if order not in get_args(Order):
        hint = nearest(order, list(get_args(Order)))
        raise ValueError(f"There is no order {order!r}; {hint}.")
    for name, value in (("epochs", epochs), ("error_exponent", error_exponent)):
        if value < 1:
            raise ValueError(f"The number {name} must be >= 1, got {value}.")
    if form == "autoassociative":
        if isinstance(examples, Examples):
            examples = examples.states
        check_states(examples, "The states to learn")
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
        classes = network.features - examples.states.shape[-1]
        check_examples(examples, classes, "to learn", every=True)
        if test is not None:
            check_examples(test, classes, "to test with", every=False)
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
    schedule = temperature if callable(temperature) else lambda _: temperature
    tempered = lambda number: float(schedule(number))
    for number in range(epochs):
        if not 0 < tempered(number) < math.inf:
            raise ValueError(
                "The training temperature must be a finite number > 0, got "
                f"{tempered(number)} in epoch {number + 1}."
            )
    return Plan(
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
    return decided(answered(objective, memories, scale, states))


def _digest(plan: Plan) -> str:
    """What a checkpoint must agree in with the training that takes it up."""
    import hashlib

    found = hashlib.sha256()
    for array in (*jax.tree.leaves(plan.network), *plan.examples):
        found.update(np.ascontiguousarray(array).tobytes())
    numbers = [plan.temperature(number) for number in range(plan.epochs)]
    told = (plan.objective, plan.batch, plan.order, plan.stream, numbers)
    found.update(repr(told).encode())
    return found.hexdigest()


def _record(
    plan: Plan, state: State, curves: dict[str, list[float]], ending: str
) -> Record:
    axes = ("memory", "feature")
    variables: dict[str, tuple[Any, ...]] = {
        "memories": (axes, np.asarray(state.memories), {"units": "1"}),
        "start": (axes, np.asarray(plan.network.memories), {"units": "1"}),
        "ending": ((), ending),
        "classes": ((), plan.network.features - plan.pixels),
    }
    for name, units in CURVES.items():
        values = np.asarray(curves[name], np.float64)
        variables[name] = ("epoch", values, {"units": units})
    number = np.arange(1, len(curves["loss"]) + 1)
    variables["epoch"] = ("epoch", number, {"units": "1"})
    return Record(dataset(variables))
