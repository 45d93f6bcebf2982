"""The loop around a solver's steps: many runs side by side, each at its own pace.

Diffrax makes the steps and chooses their lengths. Its own loop, `diffeqsolve`, serves
gradients, equations of other kinds and dense output as well; tracing and compiling it
takes longer than a small study runs. This one takes the same steps and holds what a run
of hopsim needs. `tests/solvers/test_loop.py` compares the two.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from .._common.cores import SIMD
from .._common.problem import AbstractProblem, FlowState
from .._common.types import Scalar


# as in `diffeqsolve`: of adaptive runs, in units of tau_feature (a controller that is
# handed an ODETerm would look for one), and the roundings before the end of the run
# from which a step goes there
FIRST_STEP = 0.01
CLIPPED = 100


# the field of `args`, as in the audit: XLA then sees that products are shared
TERMS = dfx.ODETerm(lambda t, y, problem: problem.vector_field(t, y))


class Lane(NamedTuple):
    """One run between two of its steps; in the loop axis 0 of all arrays is the run."""

    t: Scalar  # how far it has come
    next: Scalar  # the end of the step that is tried next
    y: FlowState
    solver: Any  # the states of the solver and of the step size controller
    controller: Any
    result: Any  # of `diffrax.RESULTS`: `successful` as long as the run goes on
    accepted: Int[Array, "..."]
    rejected: Int[Array, "..."]
    taken: Int[Array, "..."]  # samples so far
    samples: dict[str, Array]  # what was observed; of two the first alone
    wanted: Any = None  # `next` as the controller had it; of runs that may go on


class Paused(NamedTuple):
    """How one run would have stepped on; in arrays of many axis 0 is the run."""

    next: Scalar
    solver: Any
    controller: Any
    whole: Any = None  # False if its last step was cut short, or was the first


class _Turn(NamedTuple):
    """The lanes between two refills."""

    runs: Lane
    row: Int[Array, " lane"]  # of each run; their number: none is left; more: not yet
    next: Int[Array, ""]  # the row that begins next
    kept: Any  # of the rows that have ended, group by group
    order: Int[Array, " place"]
    ended: Int[Array, ""]
    passes: Int[Array, ""]


class Integrator(eqx.Module):
    """How runs are made: all but the problems, and the states from which they start.

    Runs go from 0 to the last of `times`, or until `ended` says of a state that was
    reached that it is the last, or `event` of the end of an accepted step. What
    `observe` keeps of a state is kept when the run passes a time of `times`, from the
    dense output of that step; states themselves are not.
    """

    solver: dfx.AbstractSolver
    controller: dfx.AbstractStepSizeController
    first: Scalar  # the length of the first step
    times: Float[Array, " sample"]
    observe: Callable[[AbstractProblem, Scalar, FlowState], dict[str, Array]]
    ended: Callable[[FlowState], Bool[Array, ""]] | None
    max_steps: int = eqx.field(static=True)
    event: Callable[[Scalar, FlowState], Bool[Array, ""]] | None = None
    resumable: bool = eqx.field(static=True, default=False)  # `Lane.wanted` is kept

    def run(
        self,
        problem_of: Callable[[Any], AbstractProblem],
        start: Callable[[Any], FlowState],
        collect: Callable[[Any, Lane], Any],
        rows: Any,
        asked: Int[Array, ""],
        lanes: int | None,
        since: Callable[[Any], Scalar] | None = None,
        resume: Callable[[Any, Lane], Lane] | None = None,
    ) -> tuple[Any, Int[Array, ""]]:
        """What is collected of all runs, in the order of the rows; the passes made.

        A pass is one more step of every lane. Lanes whose runs have ended take the
        next rows, in groups of an eighth of all, but of 8 at least, which are the rows
        that a product forms at once. What a run gives depends on neither its lane nor
        its neighbours: products have a row for each lane.

        **Arguments:**

        - `problem_of`, `start`: the problem and the first state of one row. (Problems
          are made in each step, so that what rows have in common is held once.)
        - `collect`: what is kept of a row and its run, which has ended.
        - `rows`: what distinguishes the runs, arrays whose axis 0 is the run.
        - `asked`: how many of them are run; of the others nothing is known.
        - `lanes`: how many runs step side by side; None for all of them, each until
          the slowest has ended.
        - `since`, `resume`: of runs that go on, when they do; and the lane of one as it
          would have stepped on, made of a lane that begins anew.
        """

        def begun(row: Any) -> Lane:
            when = None if since is None else since(row)
            lane = self._begin(problem_of(row), start(row), when)
            return lane if resume is None else self._resumed(resume(row, lane))

        begin = jax.vmap(begun)
        attempt = lambda row, lane: self._attempt(problem_of(row), lane)
        finish = jax.vmap(lambda row, lane: collect(row, self._end(lane)))

        def step(rows: Any, lanes: Lane) -> Lane:
            after, dense = jax.vmap(attempt)(rows, lanes)
            if len(self.times) > 2:
                after = self._sample(problem_of, rows, lanes, after, dense)
            return after

        if lanes is not None:
            return self._refilled(begin, step, finish, rows, asked, lanes)
        ends, passes = lax.while_loop(
            lambda state: jnp.any(self._goes_on(state[0])),
            lambda state: (step(rows, state[0]), state[1] + 1),
            (begin(rows), jnp.zeros((), int)),
        )
        return finish(rows, ends), passes

    def _refilled(
        self,
        begin: Callable[[Any], Lane],
        step: Callable[[Any, Lane], Lane],
        finish: Callable[[Any, Lane], Any],
        rows: Any,
        asked: Int[Array, ""],
        lanes: int,
    ) -> tuple[Any, Int[Array, ""]]:
        """More rows than lanes: those that have ended are replaced, a few at a time.

        A few, since to end and to begin costs as much as a step for each; runs begin
        in groups of one size, at first too, so that none depends on when it began.
        """
        number = len(jax.tree.leaves(rows)[0])
        few = max(lanes // 8, min(lanes, SIMD))
        take = lambda tree, index: jax.tree.map(lambda x: x[index], tree)
        row_of = lambda index: take(rows, jnp.minimum(index, number - 1))
        empty = lambda tree, size: jax.tree.map(
            lambda x: jnp.zeros((size, *x.shape[1:]), x.dtype), tree
        )
        some = row_of(jnp.arange(few))
        begun = jax.eval_shape(begin, some)
        filled = jnp.maximum(asked, lanes)  # each lane holds some run before it steps

        def turn(state: _Turn) -> _Turn:
            # --- steps, until a few lanes wait for a row, or none is left to begin
            own, more = row_of(state.row), state.next < filled
            going = lambda runs: jnp.sum(self._goes_on(runs))
            runs, passes = lax.while_loop(
                lambda x: going(x[0]) > jnp.where(more, lanes - few, 0),
                lambda x: (step(own, x[0]), x[1] + 1),
                (state.runs, state.passes),
            )
            holds = (state.row < number) & ~self._goes_on(runs)
            lane, place = _first(few, holds, state.row > number)
            # --- their runs end, and others begin
            row, new = state.row[lane], state.next + jnp.arange(few)
            ends = finish(row_of(row), take(runs, lane))
            idle = new >= asked
            fresh = begin(row_of(new))
            fresh = fresh._replace(t=jnp.where(idle, self.times[-1], fresh.t))
            # --- (without a scatter of each array, which takes long to compile)
            chosen, index = place < few, jnp.minimum(place, few - 1)
            swap = lambda old, new: jax.vmap(jnp.where)(chosen, new[index], old)
            write = lambda all, x: lax.dynamic_update_slice_in_dim(
                all, x, state.ended, axis=0
            )
            return _Turn(
                runs=jax.tree.map(swap, runs, fresh),
                row=swap(state.row, jnp.where(idle, number, new)),
                next=state.next + few,
                kept=jax.tree.map(write, state.kept, ends),
                order=write(state.order, row),
                ended=state.ended + jnp.minimum(jnp.sum(holds), few),
                passes=passes,
            )

        runs, none = empty(begun, lanes), jnp.zeros((), int)
        last = lax.while_loop(
            lambda state: jnp.any(state.row < number) | (state.next < asked),
            turn,
            _Turn(
                runs=runs._replace(t=runs.t + self.times[-1]),
                row=jnp.full(lanes, number + 1),
                next=none,
                kept=empty(jax.eval_shape(finish, some, begun), number + few),
                order=jnp.full(number + few, number),
                ended=none,
                passes=none,
            ),
        )
        # beyond those that have ended lies what is left of the last few
        place = jnp.where(jnp.arange(number + few) < last.ended, last.order, number)
        found = (
            jnp.zeros(number, int).at[place].set(jnp.arange(number + few), mode="drop")
        )
        return take(last.kept, found), last.passes

    @property
    def _order(self) -> Any:
        return self.solver.error_order(TERMS)  # None where nothing is estimated

    # --- one run ----------------------------------------------------------------------

    def _begin(
        self, problem: AbstractProblem, y: FlowState, since: Scalar | None = None
    ) -> Lane:
        duration = self.times[-1]
        zero, none = jnp.zeros_like(duration), jnp.zeros((), int)
        zero = zero if since is None else since
        first, controller = self.controller.init(
            TERMS,
            zero,
            duration,
            y,
            self.first,
            problem,
            self.solver.func,
            self._order,
        )
        wanted = first if self.resumable else None
        first = jnp.minimum(first, duration)
        samples = self.observe(problem, zero, y)
        if len(self.times) > 2:
            room = lambda x: jnp.zeros((len(self.times), *x.shape), x.dtype)
            samples = jax.tree.map(lambda x: room(x).at[0].set(x), samples)
            if since is not None:  # until it goes on a run is where it had ended
                still = lambda x: jnp.broadcast_to(x[0], x.shape)
                samples = jax.tree.map(still, samples)
        return _as_arrays(
            Lane(
                t=zero,
                next=first,
                y=y,
                solver=self.solver.init(TERMS, zero, first, y, problem),
                controller=controller,
                result=dfx.RESULTS.successful,
                accepted=none,
                rejected=none,
                taken=none + 1 if since is None else jnp.sum(self.times <= since),
                samples=samples,
                wanted=wanted,
            )
        )

    def _resumed(self, lane: Lane) -> Lane:
        """A run that goes on, whose next step is not that of its earlier end."""
        return lane._replace(next=self._clipped(lane.t, lane.next, True))

    def _unfinished(self, lane: Lane) -> Bool[Array, "..."]:
        return (lane.t < self.times[-1]) & dfx.is_successful(lane.result)

    def _goes_on(self, lane: Lane) -> Bool[Array, "..."]:
        return self._unfinished(lane) & (lane.accepted + lane.rejected < self.max_steps)

    def _end(self, lane: Lane) -> Lane:
        more = dfx.RESULTS.max_steps_reached
        result = dfx.RESULTS.where(self._unfinished(lane), more, lane.result)
        return lane._replace(result=result)

    def _attempt(self, problem: AbstractProblem, lane: Lane) -> tuple[Lane, Any]:
        """The lane after one more step, unless its run has ended; the dense output."""
        y, error, dense, solver, told = self.solver.step(
            TERMS, lane.t, lane.next, lane.y, problem, lane.solver, False
        )
        error = jax.tree.map(lambda e: jnp.where(jnp.isnan(e), jnp.inf, e), error)
        keep, t, end, _, controller, limit = self.controller.adapt_step_size(
            lane.t, lane.next, lane.y, y, problem, error, self._order, lane.controller
        )
        kept = lambda new, old: jnp.where(keep, new, old)
        y, solver = jax.tree.map(kept, (y, solver), (lane.y, lane.solver))
        # the first of these that is no success; from the lane's own, which is traced:
        # what is compared while tracing would be a small program of its own
        told = dfx.RESULTS.where(keep, told, dfx.RESULTS.successful)
        result = dfx.RESULTS.where(dfx.is_okay(lane.result), told, lane.result)
        result = dfx.RESULTS.where(dfx.is_okay(result), limit, result)
        if self.ended is not None:
            ended = dfx.RESULTS.event_occurred
            result = dfx.RESULTS.where(self.ended(y), ended, result)
        t = jnp.minimum(t, self.times[-1])
        if self.event is not None:
            happened = keep & self.event(t, y)
            event = dfx.RESULTS.event_occurred
            result = dfx.RESULTS.where(happened, event, result)
        after = lane._replace(
            t=t,
            next=self._clipped(t, end, keep),
            y=y,
            solver=solver,
            controller=controller,
            result=result,
            accepted=lane.accepted + jnp.where(keep, 1, 0),
            rejected=lane.rejected + jnp.where(keep, 0, 1),
            wanted=end if self.resumable else None,
        )
        on = self._goes_on(lane)
        stays = lambda new, old: jnp.where(on, new, old)
        return jax.tree.map(stays, _as_arrays(after), lane), dense

    def _clipped(self, t: Scalar, end: Scalar, keep: Any) -> Scalar:
        """The end of the next step: that of the run, if it comes so close to it.

        After a rejection it is half the way there, or a step might be tried again.
        """
        last = self.times[-1]
        near = _before(last, CLIPPED)
        return jnp.where(end > near, jnp.where(keep, last, t + 0.5 * (last - t)), end)

    # --- samples ----------------------------------------------------------------------

    def _sample(
        self,
        problem_of: Callable[[Any], AbstractProblem],
        rows: Any,
        before: Lane,
        after: Lane,
        dense: Any,
    ) -> Lane:
        """The lanes after a step, sampled at the times that the step has passed."""
        number = len(self.times)

        def due(before: Lane, after: Lane) -> Bool[Array, "..."]:
            time = self.times[jnp.minimum(after.taken, number - 1)]
            moved = after.accepted > before.accepted
            return moved & (time <= before.next) & (after.taken < number)

        def take(row: Any, before: Lane, after: Lane, dense: Any) -> Lane:
            now = due(before, after)
            time = self.times[jnp.minimum(after.taken, number - 1)]
            path = self.solver.interpolation_cls(t0=before.t, t1=before.next, **dense)
            seen = self.observe(problem_of(row), time, path.evaluate(time))
            place = jnp.where(now, after.taken, number)  # nowhere
            put = lambda all, x: all.at[place].set(x, mode="drop")
            return after._replace(
                taken=after.taken + jnp.where(now, 1, 0),
                samples=jax.tree.map(put, after.samples, seen),
            )

        return lax.while_loop(
            lambda lanes: jnp.any(due(before, lanes)),
            lambda lanes: jax.vmap(take)(rows, before, lanes, dense),
            after,
        )


def _first(
    few: int, urgent: Bool[Array, " lane"], other: Bool[Array, " lane"]
) -> tuple[Int[Array, " few"], Int[Array, " lane"]]:
    """The lanes that come first, and the place of each, `few` or more for the rest.

    Urgent ones come before others, and each kind in order of the lanes.
    """
    ready = jnp.cumsum(urgent)
    place = jnp.where(urgent, ready, ready[-1] + jnp.cumsum(other)) - 1
    place = jnp.where(urgent | other, place, few)
    lanes = jnp.arange(len(urgent))
    return jnp.zeros(few, int).at[place].set(lanes, mode="drop"), place


def _before(x: Scalar, roundings: int) -> Scalar:
    """The number that comes so many before a positive one: its bits count upwards."""
    bits = lax.bitcast_convert_type(x, f"int{8 * x.dtype.itemsize}")
    return lax.bitcast_convert_type(bits - roundings, x.dtype)


def _as_arrays(tree: Any) -> Any:
    """Python's numbers as arrays: states of solvers hold some, a loop carries none."""
    return jax.tree.map(jnp.asarray, tree)
