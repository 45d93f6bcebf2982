r"""Auto-association: every neuron learns to be predicted by all the others.

`learn` trains memories so that given states of +1 and -1 become stable; `recall`
relaxes states by synchronous updates. `associate` does both for a whole grid of
learning rates, temperatures and interactions in one compiled program. [MRS24 sec. 5]
"""

import functools as ft
import math
from collections.abc import Iterator, Sequence
from typing import Any, get_args, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Bool, Float, Int

from .._common.arrays import finite, on_host, whole_numbers
from .._common.entries import public_entry
from .._common.progress import counted, Progress
from .._common.types import AnyArray, Memories, Scalar
from .energy_gaps import AutoAssociative
from .rule import KrotovHopfieldRule


Tie = Literal["keep", "+1", "-1"]
States = Float[AnyArray, "item feature"]

# cells that a CPU core computes together, so that their arrays fit into its own cache;
# and groups of cells for each device between two reports of progress
CELLS_PER_CPU_GROUP, GROUPS_PER_REPORT = 4, 4


class Lesson(NamedTuple):
    r"""The training settings; all but the epochs may differ between cells of a grid.

    In epoch e of E the learning rate is $\varepsilon f^e$ with f = `decay`, and the
    temperature $T + (T' - T) e / E$, T' = `final_temperature`: the last epoch is one
    step short of T', as in the authors' package. [MRS24]
    """

    learning_rate: Any
    temperature: Any
    final_temperature: Any
    decay: Any = 0.999
    momentum: Any = 0.0
    floor: Any = 1e-30  # of a memory's largest gradient; see `KrotovHopfieldRule`
    epochs: Any = 500


class Learnt(NamedTuple):
    """The final memories, and the loss of the last epoch before its step."""

    memories: Float[Array, "memory feature"]
    loss: Scalar


class Recalled(NamedTuple):
    """The final states, whether they converged, and whether all gaps were finite."""

    states: Float[Array, "item feature"]
    converged: Bool[Array, " item"]
    finite: Bool[Array, ""]


class Draws(NamedTuple):
    """Independent draws of what is learnt, and of where recall starts and should end.

    Recall starts from `starts` and should end in `aims`; the default for both are the
    learnt states.
    """

    memories: Float[AnyArray, "draw memory feature"]  # before training
    states: Float[AnyArray, "draw item feature"]
    starts: Float[AnyArray, "draw start feature"] | None = None
    aims: Float[AnyArray, "draw start feature"] | None = None


class Cells(NamedTuple):
    """The indices of the objective and of the draw of each cell of a grid."""

    objective: Int[np.ndarray, " cell"]
    draw: Int[np.ndarray, " cell"]


class RecallSettings(NamedTuple):
    """How states are recalled from the learnt memories; see `recall`.

    The default temperature is `Lesson.final_temperature`. (1 in the authors' package;
    it matters only if F is not homogeneous.)
    """

    temperature: float | None = None
    most: int = 100  # updates at most
    tie: Tie = "-1"


USUAL_RECALL = RecallSettings()


class Associations(NamedTuple):
    """The results of every cell of a grid, on the host."""

    wrong: Int[np.ndarray, "cell item"]  # neurons that differ from the aim at the end
    converged: Bool[np.ndarray, "cell item"]
    finite: Bool[np.ndarray, " cell"]  # True if all memories and gaps are finite
    loss: Float[np.ndarray, " cell"]
    moved: Float[np.ndarray, " cell"]  # the largest change of any weight by training
    memories: Float[np.ndarray, "cell memory feature"] | None

    @property
    def distance(self) -> Float[np.ndarray, " cell"]:
        r"""The mean of $|s - s'| = 2\sqrt{w}$, w wrong neurons; NaN if not finite.

        About $\sqrt{2N}$ for unrelated states. [MRS24 sec. 5]
        """
        mean = np.mean(2 * np.sqrt(self.wrong), axis=1)
        return np.where(self.finite, mean, np.nan)


def learn(
    objective: AutoAssociative, memories: Memories, states: States, lesson: Lesson
) -> Learnt:
    """Full-batch training of `memories` on `states` by rule (13), in one JAX loop."""
    memories, states = jnp.asarray(memories), jnp.asarray(states)
    dtype = memories.dtype
    rate, first, last, decay, momentum, floor = (
        jnp.asarray(getattr(lesson, name), dtype)
        for name in (
            *("learning_rate", "temperature", "final_temperature"),
            *("decay", "momentum", "floor"),
        )
    )
    epochs = jnp.asarray(lesson.epochs, jnp.int32)
    schedule = lambda count: rate * decay ** jnp.asarray(count, dtype)
    rule = KrotovHopfieldRule(schedule, momentum, floor=floor)

    def epoch(number: Array, carry: tuple) -> tuple:
        memories, state, _ = carry
        done = number.astype(dtype) / epochs.astype(dtype)
        temperature = first + (last - first) * done
        step = objective.step(memories, temperature, states, states)
        change, state = rule.update(step.gradient, state, memories)
        return optax.apply_updates(memories, change), state, step.loss

    start = memories, rule.init(memories), jnp.zeros((), dtype)
    found = jax.lax.fori_loop(jnp.int32(0), epochs, epoch, start)
    return Learnt(found[0], found[2])


def recall(
    objective: AutoAssociative,
    memories: Memories,
    temperature: float | AnyArray,
    starts: States,
    most: int = 100,
    tie: Tie = "-1",
) -> Recalled:
    r"""Synchronous updates by the energy gaps until nothing changes, at most `most`.

    $s_i \leftarrow \mathrm{sign}\,\Delta_i(s)$ for all i at once; a spin whose gap is 0
    becomes `tie` (the authors' package: -1). The iteration stops once all states are
    fixed or in 2-cycles, whose state after `most` updates is then known. [MRS24 sec. 5]
    """
    memories, starts = jnp.asarray(memories), jnp.asarray(starts)
    temperature = jnp.asarray(temperature, memories.dtype)

    def after(s: Array) -> tuple[Array, Array]:
        gaps = objective.answers(memories, temperature, s)
        still = s if tie == "keep" else jnp.full_like(s, float(tie))
        moved = jnp.where(gaps > 0, jnp.ones_like(s), jnp.where(gaps < 0, -1, still))
        return moved, jnp.all(jnp.isfinite(gaps))

    def going(carry: tuple) -> Array:
        taken, before, _, following, _ = carry
        return (taken < most) & jnp.any(before != following)

    def step(carry: tuple) -> tuple:
        taken, _, now, following, finite = carry
        further, ok = after(following)
        return taken + 1, now, following, further, finite & ok

    # `now` is the state after `taken` steps, `following` after one more
    first, finite = after(starts)
    second, ok = after(first)
    carry = jnp.int32(1), starts, first, second, finite & ok
    taken, _, now, following, finite = jax.lax.while_loop(going, step, carry)
    ended = jnp.where((most - taken) % 2 == 0, now, following)
    return Recalled(ended, jnp.all(now == following, axis=1), finite)


@public_entry
def associate(
    objectives: Sequence[AutoAssociative],
    draws: Draws,
    lesson: Lesson,
    cells: Cells,
    recall_settings: RecallSettings = USUAL_RECALL,
    *,
    keep: bool = False,
    devices: Sequence[Any] | None = None,
    progress: Progress = None,
) -> Associations:
    """Learn and recall in every cell of a grid, in one compiled program.

    The program contains all objectives and selects that of each cell when it runs. The
    cells are shared between the devices.

    **Arguments:**

    - `draws`: what is learnt and recalled, with a leading axis for the draws.
    - `lesson`: each entry one number, or one for each cell; `epochs` is one number.
    - `cells`: the objective and the draw of each cell.
    - `keep`: True also returns the trained memories of all cells.
    - `progress`: True shows a bar, or lines where there is no terminal. A function is
      called with (groups done, groups in all).

    Raises ValueError for arguments of wrong shape or range.
    """
    # --- validate
    objectives = tuple(objectives)
    arrays = {
        name: _given(name, x) for name, x in draws._asdict().items() if x is not None
    }
    draws = draws._replace(**arrays)
    memories, states = draws.memories, draws.states
    cells = Cells(
        whole_numbers(cells.objective, "The objectives of cells"),
        whole_numbers(cells.draw, "The draws of cells"),
    )
    _check(objectives, draws, lesson, cells, recall_settings)
    dtype = memories.dtype
    starts = states if draws.starts is None else np.asarray(draws.starts, dtype)
    aims = states if draws.aims is None else np.asarray(draws.aims, dtype)
    objective, draw = np.asarray(cells.objective), np.asarray(cells.draw)
    count = len(objective)
    epochs = np.asarray(lesson.epochs, np.int32)
    lines = _lines(lesson, recall_settings.temperature, count, dtype)
    devices = list(jax.devices() if devices is None else devices)
    # --- run
    mesh = Mesh(np.asarray(devices), ("group",))
    most_together = CELLS_PER_CPU_GROUP if devices[0].platform == "cpu" else count
    together = min(most_together, *np.unique_counts(objective).counts.tolist())
    groups = list(_groups(objective, together))
    size = len(devices) * min(GROUPS_PER_REPORT, math.ceil(len(groups) / len(devices)))
    fixed = epochs, memories, states, starts, aims
    found: list[tuple[np.ndarray, Any]] = []
    gathered: Any = None
    done = 0

    def collect() -> None:
        nonlocal gathered, done
        rows, part = found.pop(0)
        part = jax.tree.map(lambda x: np.asarray(x).reshape(-1, *x.shape[2:]), part)
        if gathered is None:
            gathered = jax.tree.map(
                lambda x: np.empty((count, *x.shape[1:]), x.dtype), part
            )
        for all_cells, some in zip(
            jax.tree.leaves(gathered), jax.tree.leaves(part), strict=True
        ):
            all_cells[rows.ravel()] = some  # a repeated cell writes the same bits again
        done += len(rows)
        if report is not None:
            report(min(done, len(groups)), len(groups))

    with counted(progress, "groups", len(groups)) as report:
        for begin in range(0, len(groups), size):
            wanted = np.minimum(np.arange(begin, begin + size), len(groups) - 1)
            rows = np.stack([groups[k] for k in wanted])
            which = objective[rows[:, 0]].astype(np.int32)
            settings = lines[rows], draw[rows].astype(np.int32)
            updates = recall_settings.most, recall_settings.tie
            found.append(
                (rows, _grid(objectives, fixed, which, settings, mesh, updates, keep))
            )
            if len(found) > 1:  # the next one runs while this one is copied
                collect()
        while found:
            collect()
    wrong, converged, finite, loss, moved, kept = gathered
    return Associations(wrong, converged, finite, loss, moved, kept if keep else None)


# --- one compiled program -----------------------------------------------------------


@eqx.filter_jit
def _grid(
    objectives: tuple[AutoAssociative, ...],
    fixed: tuple,
    which: Int[AnyArray, " group"],
    settings: tuple,
    mesh: Mesh,
    updates: tuple[int, Tie],
    keep: bool,
) -> tuple:
    def cell(objective: AutoAssociative, fixed: tuple, each: Array, draw: Array):
        epochs, *drawn = fixed
        memories, states, starts, aims = (x[draw] for x in drawn)
        *numbers, last = each
        lesson = Lesson(*numbers, epochs=epochs)
        learnt = learn(objective, memories, states, lesson)
        ended = recall(objective, learnt.memories, last, starts, *updates)
        wrong = jnp.sum(ended.states != aims, axis=1)
        finite = ended.finite & jnp.all(jnp.isfinite(learnt.memories))
        moved = jnp.max(jnp.abs(learnt.memories - memories))
        kept = learnt.memories if keep else jnp.zeros((), memories.dtype)
        return wrong, ended.converged, finite, learnt.loss, moved, kept

    def group(fixed: tuple, x: tuple) -> tuple:
        which, each, draw = x
        many = [
            jax.vmap(ft.partial(cell, objective, fixed)) for objective in objectives
        ]
        return jax.lax.switch(which, many, each, draw)

    def share(fixed: tuple, which: Array, each: Array, draw: Array) -> tuple:
        return jax.lax.map(lambda x: group(fixed, x), (which, each, draw))

    everywhere, split = PartitionSpec(), PartitionSpec("group")
    spread = jax.shard_map(
        share,
        mesh=mesh,
        in_specs=(everywhere, split, split, split),
        out_specs=split,
        check_vma=False,
    )
    return spread(fixed, which, *settings)


def _groups(objective: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Groups of `size` cells of one objective; the last group repeats its last cell."""
    for which in np.unique(objective):
        cells = np.flatnonzero(objective == which)
        for start in range(0, len(cells), size):
            yield cells[np.minimum(np.arange(start, start + size), len(cells) - 1)]


def _lines(
    lesson: Lesson, recall_temperature: float | None, cells: int, dtype: np.dtype
) -> Float[np.ndarray, "cell number"]:
    """The numbers of each cell: its lesson without the epochs, and T of its recall."""
    *numbers, _ = lesson
    last = lesson.final_temperature
    final = last if recall_temperature is None else recall_temperature
    spread = [np.broadcast_to(np.asarray(x, dtype), (cells,)) for x in numbers]
    return np.stack([*spread, np.broadcast_to(np.asarray(final, dtype), (cells,))], 1)


# --- checks of the arguments --------------------------------------------------------


def _given(name: str, x: Any) -> np.ndarray:
    """One array of the draws."""
    what = f"The {name} of draws"
    return finite(on_host(x, what), what)


def _check(
    objectives: tuple[AutoAssociative, ...],
    draws: Draws,
    lesson: Lesson,
    cells: Cells,
    recall_settings: RecallSettings,
) -> None:
    memories, states = draws.memories, draws.states
    most, tie = recall_settings.most, recall_settings.tie
    if memories.ndim != 3 or states.ndim != 3 or len(memories) != len(states):
        raise ValueError(
            "Memories and states have shapes (draw, memory, feature) and (draw, item, "
            f"feature) with as many draws, got {memories.shape} and {states.shape}."
        )
    if not np.all(np.abs(states) == 1):
        raise ValueError("States to be learnt are +1 and -1; take the signs of others.")
    for name, chosen, count in (
        ("objective", cells.objective, len(objectives)),
        ("draw", cells.draw, len(states)),
    ):
        if not chosen.size or np.min(chosen) < 0 or np.max(chosen) >= count:
            raise ValueError(
                f"{name} holds numbers from 0 to {count - 1}, one for each cell, got "
                f"{chosen}."
            )
    for name in ("learning_rate", "temperature", "final_temperature", "floor"):
        if not np.all(np.asarray(getattr(lesson, name)) > 0):  # False for NaN, too
            raise ValueError(f"{name} must be > 0, got {getattr(lesson, name)}.")
    momentum, decay = np.asarray(lesson.momentum), np.asarray(lesson.decay)
    if not np.all((momentum >= 0) & (momentum < 1) & (decay > 0) & (decay <= 1)):
        raise ValueError(
            "The momentum must lie in [0, 1) and the decay in (0, 1], got "
            f"{lesson.momentum} and {lesson.decay}."
        )
    if np.ndim(lesson.epochs) or lesson.epochs < 1 or most < 1:
        raise ValueError(
            "Epochs and recall steps are each one whole number >= 1, got "
            f"{lesson.epochs} and {most}."
        )
    if tie not in get_args(Tie):
        raise ValueError(f"tie is one of {', '.join(get_args(Tie))}, got {tie!r}.")
