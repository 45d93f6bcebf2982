"""Steps long enough for the clock of a run, and short enough for its ledger."""

from typing import Any, NamedTuple

import diffrax as dfx
import jax
import jax.numpy as jnp
from jaxtyping import Bool, Int, Real

from .._common.problem import FlowState
from .._common.types import AnyArray, Scalar


# of the step that the error of the state allows; implicit solvers step over the fastest
# transients of stiff networks, in which energy is dissipated as well
SHORTEST = 2.0**-80
MOST_TIME = 100.0  # at later times too a step may be as short as there
PARTS = 160  # so many parts of divided steps may err by all that a short run may


class Clocked(dfx.AbstractStepSizeController):
    """Any controller; a step of a few roundings of the time ends the run.

    So short a step means a blow-up, not a solution. Close to t = 0 the clock tells much
    shorter ones, as the first transient of a stiff network needs.
    """

    controller: dfx.AbstractStepSizeController
    duration: Scalar

    def wrap(self, direction):
        """The same for integration in a direction."""
        return Clocked(self.controller.wrap(direction), self.duration)

    def init(self, terms, t0, t1, y0, dt0, args, func, error_order):
        """The first step and the state are the wrapped controller's."""
        return self.controller.init(terms, t0, t1, y0, dt0, args, func, error_order)

    def adapt_step_size(
        self, t0, t1, y0, y1_candidate, args, y_error, error_order, controller_state
    ):
        """What the wrapped controller decides, or the end of the run."""
        keep, next0, next1, jump, inner, result = self.controller.adapt_step_size(
            t0, t1, y0, y1_candidate, args, y_error, error_order, controller_state
        )
        time = jnp.maximum(abs(next0), SHORTEST * self.duration).clip(max=MOST_TIME)
        # a rejected step shrinks by 5 % at least: lost where it has ten roundings
        ends = next1 - next0 < 16 * jnp.finfo(jnp.result_type(time)).eps * time
        result = dfx.RESULTS.where(ends, dfx.RESULTS.dt_min_reached, result)
        return keep, next0, next1, jump, inner, result


class LedgerLimit(NamedTuple):
    """The relative error that the balance of a ledger may have, by its steps."""

    rtol: Scalar
    atol: Scalar
    constant: Scalar  # of rounding, and of kinks of an activation

    def after(self, steps: Real[AnyArray, "*probe"]) -> Scalar:
        """Each step may err by rtol + atol; ten are always counted. [THEORY CL-05]"""
        steps = steps.astype(self.constant.dtype).clip(10)
        return (self.rtol + self.atol) * steps + self.constant

    @property
    def of_a_part(self) -> Scalar:
        """What a part of a divided step may add: a share of the whole, and rounding."""
        rounding = 8 * jnp.finfo(self.constant.dtype).eps
        return self.after(jnp.zeros(())) / PARTS + rounding


class BalanceState(NamedTuple):
    """What `Balanced` knows of the steps so far."""

    inner: Any
    counted: Int[AnyArray, ""]  # steps as the error of the state allows them
    start: Scalar  # of the last of these
    end: Scalar
    undivided: Bool[AnyArray, ""]  # one that missed was as short as the clock can tell


class Balanced(dfx.AbstractStepSizeController):
    """Any controller, with steps shortened until the ledger keeps its balance.

    An activation may turn within a small part of a step that the error of the state
    allows, and what is dissipated meanwhile falls between the stages. A step after
    which the balance would miss its limit is therefore divided into parts that add
    little to the miss each, of at least `SHORTEST` of its length. The parts count as
    one step, or the limit could be met by its own growth. Once the limit is missed all
    the same, since the balance is wrong and not its resolution, steps are left as they
    are.
    """

    controller: dfx.AbstractStepSizeController
    limit: LedgerLimit

    def wrap(self, direction):
        """The same for integration in a direction."""
        return Balanced(self.controller.wrap(direction), self.limit)

    def init(self, terms, t0, t1, y0, dt0, args, func, error_order):
        """The first step is the wrapped controller's."""
        first, inner = self.controller.init(
            terms, t0, t1, y0, dt0, args, func, error_order
        )
        none, never = jnp.zeros((), int), jnp.zeros((), bool)
        return first, BalanceState(inner, none, t0, t0, never)

    def adapt_step_size(
        self,
        t0,
        t1,
        y0: FlowState,
        y1_candidate: FlowState,
        args,
        y_error,
        error_order,
        controller_state: BalanceState,
    ):
        """What the wrapped controller decides, unless the balance is missed."""
        state, before, after = controller_state, y0.imbalance, y1_candidate.imbalance
        assert before is not None  # both are written by the audit
        assert after is not None
        keep, next0, next1, jump, inner, result = self.controller.adapt_step_size(
            t0, t1, y0, y1_candidate, args, y_error, error_order, state.inner
        )
        length = t1 - t0
        whole = t0 >= state.end  # no part of a step that was divided
        start, end = jnp.where(whole, t0, state.start), jnp.where(whole, t1, state.end)
        counted = state.counted + jnp.where(keep & whole, 1, 0)
        limit = self.limit.after(jnp.where(whole, state.counted + 1, state.counted))
        adds_much = after - before > self.limit.of_a_part
        misses = keep & (before <= limit) & jnp.where(whole, after > limit, adds_much)
        told = length > 8 * jnp.finfo(jnp.result_type(t1)).eps * abs(t1)  # by the clock
        divided = misses & (length > SHORTEST * (end - start)) & told
        # parts grow slowly: the next one may lie in the same turn of the activation.
        # The last one may be short, so what follows is as long as the step divided
        parts = ~whole & keep
        slow = jnp.minimum(next1, next0 + 2 * length)
        resumed = jnp.where(next0 < end, slow, jnp.maximum(next1, next0 + end - start))
        next1 = jnp.where(parts, resumed, next1)
        fine = divided | parts
        either = lambda a, b: jax.tree.map(lambda x, y: jnp.where(divided, x, y), a, b)
        state = BalanceState(
            inner=either(state.inner, inner),
            counted=jnp.where(divided & whole, state.counted + 1, counted),
            start=jnp.where(keep, start, state.start),
            end=jnp.where(keep, end, state.end),
            undivided=state.undivided | (misses & ~told),
        )
        return (
            keep & ~divided,
            jnp.where(divided, t0, next0),
            jnp.where(divided, t0 + length / 4, next1),
            jump,
            state,
            dfx.RESULTS.where(fine, dfx.RESULTS.successful, result),
        )
