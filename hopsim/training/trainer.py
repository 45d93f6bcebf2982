r"""`train`: each epoch of minibatches is one compiled scan over data on the device.

Only the memories change. The order of the examples is drawn on the host, keyed by (key,
epoch), and everything else that an epoch needs is in `State`: a training run resumed
from its checkpoint gives the same results as an uninterrupted one, to the last bit.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, Shaped

from .._common.clock import phase
from .._common.entries import public_entry
from .._common.files import keep, machine_fault
from .._common.notices import notify
from .._common.progress import counted, Progress
from .._common.types import AnyArray, Memories, Scalar
from ..network import Network
from ..records import dataset, Record
from .checkpoints import Checkpoint, restore, store
from .energy_gaps import Scaling
from .examples import Examples, minibatches, Order, Pairs
from .objectives import AbstractObjective
from .plan import (
    plan_training,
    training_code,
    training_digest,
    TrainingData,
    TrainingPlan,
    TrainingSchedule,
)
from .prediction import (
    answers_in_chunks,
    Form,
    objective_of,
    remember_classes,
)
from .recall_objective import Recall
from .rule import KrotovHopfieldRule


class State(NamedTuple):
    """All that the next epoch depends on, apart from its number."""

    parameters: Any  # the memories, unless the objective learns more
    optimiser: Any  # the optax state of the rule


class Epoch(NamedTuple):
    """The result of one epoch, still on the device."""

    state: State
    loss: Scalar  # mean over answers, before the step of each minibatch
    wrong: Scalar  # share of wrong answers, before the step of each minibatch
    unresolved: Scalar  # share of items without an answer
    finite: Bool[Array, ""]


class Trainer:
    """The compiled programs of a plan, and its examples on the device."""

    def __init__(self, plan: TrainingPlan):
        dtype = plan.network.dtype
        self.plan = plan
        states, asked = plan.examples
        whole = np.issubdtype(asked.dtype, np.integer)
        self._states = jnp.asarray(states, dtype)
        self._asked = jnp.asarray(asked, np.int32 if whole else dtype)
        self._test = None
        if plan.test is not None:
            self._test = jnp.asarray(plan.test[0], dtype)

    def start(self) -> State:
        """The initial parameters, and the initial state of the rule."""
        parameters = self.plan.objective.start(self.plan.network)
        return State(parameters, self.plan.rule.init(parameters))

    def epoch(self, state: State, number: int) -> Epoch:
        """One pass over the examples; epochs are numbered from 0."""
        plan = self.plan
        rows = minibatches(
            plan.examples[1], plan.batch, plan.order, plan.stream.child(number)
        )
        return _epoch(
            plan.objective,
            plan.rule,
            state,
            self._tempered(number),
            jnp.asarray(rows),
            self._states,
            self._asked,
        )

    def test_error(self, state: State, number: int) -> float:
        """The share of wrong answers to the test examples; NaN without any."""
        plan = self.plan
        if self._test is None or plan.test is None:
            return math.nan
        found = answers_in_chunks(
            plan.objective, state.parameters, self._tempered(number), self._test
        )
        return float(np.mean(plan.objective.judge(found, plan.test[1])))

    def _tempered(self, number: int) -> Array:
        return jnp.asarray(self.plan.temperature(number), self.plan.network.dtype)


def _pass(
    objective: AbstractObjective,
    rule: optax.GradientTransformation,
    state: State,
    temperature: Scalar,
    rows: Int[Array, "step batch"],
    states: Float[Array, "item state"],
    asked: Shaped[Array, "item ..."],
) -> Epoch:
    width = objective.learnt(state.parameters)["memories"].shape[1] - states.shape[1]

    def one(carried: State, items: Array):
        shown, wanted = states[items], asked[items]
        targets = objective.targets(wanted, shown, width)
        step = objective.step(carried.parameters, temperature, shown, targets)
        change, optimiser = rule.update(
            step.gradient, carried.optimiser, carried.parameters
        )
        moved: Any = optax.apply_updates(carried.parameters, change)
        wrong = objective.wrong(step.answers, wanted, targets)
        lost = jnp.any(jnp.isnan(step.answers), axis=1)
        share = lambda x: jnp.mean(x.astype(shown.dtype))
        told = step.loss / targets.size, share(wrong), share(lost)
        return State(moved, optimiser), told

    state, curves = jax.lax.scan(one, state, rows)
    loss, wrong, lost = map(jnp.mean, curves)
    finite = jnp.isfinite(loss)
    for x in jax.tree.leaves(state.parameters):
        finite = finite & jnp.all(jnp.isfinite(x))
    return Epoch(state, loss, wrong, lost, finite)


_epoch = eqx.filter_jit(_pass)


@eqx.filter_jit
def train_grid(
    objective: AbstractObjective,
    memories: Memories,
    rates: Float[AnyArray, " epoch"],
    temperature: Scalar,
    rows: Int[AnyArray, "epoch step batch"],
    examples: tuple[Float[AnyArray, "item state"], Int[AnyArray, " item"]],
    momentum: Scalar,
) -> tuple[Float[Array, "memory feature"], Float[Array, " epoch"]]:
    """The memories after all epochs of rule (13), and the loss of every epoch.

    Learning rates, temperature and momentum are traced: one compiled program serves a
    grid of them. `rows` are the indices of the minibatches of every epoch.
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
    return state.parameters, loss


# --- train ----------------------------------------------------------------------------


@public_entry
def train(
    network: Network,
    examples: Examples | Pairs | Float[np.ndarray, "item feature"],
    rule: optax.GradientTransformation,
    *,
    epochs: int,
    temperature: float | Callable[[int], Any] | None = None,
    form: Form | Recall = "associative",
    error_exponent: int = 1,
    scaling: Scaling = "original",
    batch: int | None = None,
    order: Order = "shuffled",
    test: Examples | Pairs | None = None,
    key: Any = 0,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 10.0,
    interrupted: Callable[[], bool] = lambda: False,
    told: Callable[[dict[str, float]], None] | None = None,
    progress: Progress = None,
) -> Record:
    r"""Learn the memories of a network from examples; nothing else is trained.

    Returns a Record with `memories`, `start`, one curve over the epochs each for
    `loss`, `train_error` (running, before the step of each minibatch), `test_error`,
    `temperature` and `seconds`, and `ending`; `network.with_memories(...)` makes the
    trained network.

    **Arguments:**

    - `network`: its memory layer is a sum of F over memories, whose scale the training
      temperature replaces; its memories, of shape (memory, state + class), are where
      training starts. No currents, no autapse. (Any network for `Recall`.)
    - `examples`: `Examples` (states in [-1, 1] with labels), states of +1 and -1
      alone for `form = "autoassociative"`, `Pairs` of starts and targets for `Recall`.
    - `rule`: `KrotovHopfieldRule(...)`, or any optax optimiser.
    - `temperature`: T > 0, or an optax schedule of the epoch, numbered from 0; none for
      `Recall`.
    - `form`: "associative" [KH16 eq. 9], "dual" or "dual_off" (first order about class
      units at 0 or off) [KH16 eq. 11], "autoassociative" [MRS24 eq. 8]; or
      `training.Recall(...)`, which learns where flows end.
    - `error_exponent`: m, of $C = \sum (c - t)^{2m}$.
    - `scaling`: "original", F(x)/T^n, or "modified", F(x/(NT)). [MRS24 eq. 14]
    - `batch`, `order`: items of a minibatch (default all), "shuffled" or "balanced"
      (as many of each class).
    - `checkpoint`: a file from which a killed training run is resumed; written every
      `checkpoint_seconds` of wall time and at the end, and never deleted. A
      damaged one is set aside; one of other code or libraries is refused.
    - `interrupted`: called after each epoch; if it returns True, the checkpoint is
      written and KeyboardInterrupt raised.
    - `told`: called after each epoch with the values of its curves, `epoch` (from 1)
      and `epochs`.
    - `progress`: True shows a bar, or lines where there is no terminal. A function is
      called with (epochs done, epochs in all).

    Raises ValueError for invalid examples or settings, and for a checkpoint of another
    training run. If the loss or a memory becomes infinite or NaN, training stops with
    the memories of the epoch before, and `ending` says so.
    """
    plan = plan_training(
        network,
        objective_of(network, form, error_exponent, scaling),
        rule,
        TrainingData(examples, test),
        TrainingSchedule(epochs, temperature, batch, order, key),
    )
    trainer = Trainer(plan)
    curves = {name: [] for name in plan.objective.curves}
    state, ending = trainer.start(), ""
    agreed = training_digest(plan)
    code = "" if checkpoint is None else training_code(plan)
    kept = None if checkpoint is None else restore(checkpoint, state, agreed, code)
    if kept is not None:
        state, curves, ending = State(*kept.state), kept.curves, kept.ending

    def keep_checkpoint(must: bool = False) -> None:
        if checkpoint is None:
            return
        now = Checkpoint(tuple(state), curves, ending, agreed, code)
        name = checkpoint.name
        write = lambda place: store(place / name, now)
        if must:
            keep(write, checkpoint.parent, "What was learnt")
            return
        try:
            write(checkpoint.parent)
        except OSError as error:  # no reason to stop: all is still in memory
            notify(
                f"no checkpoint could be written: {machine_fault(error)} The training "
                "goes on without it"
            )

    saved = time.monotonic()
    with counted(progress, "epochs", epochs) as count:
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
                "unresolved": float(done.unresolved),
                "seconds": time.perf_counter() - begun,
            }
            for name, values in curves.items():
                values.append(now[name])
            if count is not None:
                count(number + 1, epochs)
            if told is not None:
                told(
                    {"epoch": number + 1, "epochs": epochs}
                    | {k: now[k] for k in curves}
                )
            stop = interrupted()
            if stop or time.monotonic() - saved >= checkpoint_seconds:
                keep_checkpoint(must=stop)
                saved = time.monotonic()
            if stop:
                raise KeyboardInterrupt
    keep_checkpoint()
    learnt = plan.objective.learnt(state.parameters)
    remember_classes(np.asarray(learnt["memories"]), network.features - plan.pixels)
    return _record(plan, state, curves, ending or "all epochs")


def _record(
    plan: TrainingPlan, state: State, curves: dict[str, list[float]], ending: str
) -> Record:
    axes = ("memory", "feature")
    learnt = dict(plan.objective.learnt(state.parameters))
    variables: dict[str, tuple[Any, ...]] = {
        "memories": (axes, np.asarray(learnt.pop("memories")), {"units": "1"}),
        "start": (axes, np.asarray(plan.network.memories), {"units": "1"}),
        "ending": ((), ending),
        "classes": ((), plan.network.features - plan.pixels),
    }
    for path, value in learnt.items():
        sizes = {plan.network.features: "feature", plan.network.count: "memory"}
        own = [sizes.get(size, f"{path}_{k}") for k, size in enumerate(value.shape)]
        variables[path] = (tuple(own), np.asarray(value), {"units": "1"})
    for name, units in plan.objective.curves.items():
        values = np.asarray(curves[name], np.float64)
        variables[name] = ("epoch", values, {"units": units})
    number = np.arange(1, len(curves["loss"]) + 1)
    variables["epoch"] = ("epoch", number, {"units": "1"})
    return Record(dataset(variables))
