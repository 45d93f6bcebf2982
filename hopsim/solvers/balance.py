"""The limit of a ledger's balance, and steps that are short enough to keep it."""

from typing import Any, NamedTuple

import diffrax as dfx
import jax
import jax.numpy as jnp
from jaxtyping import Int, Real

from .._common.types import AnyArray, Scalar
from .problem import FlowState


# of the step that the error of the state allows; implicit solvers step over the fastest
# transients of stiff networks, in which energy is dissipated as well
SHORTEST = 2.0**-40
HOPELESS = (
    16  # so many steps of that length miss the balance, and no other is shortened
)


class LedgerLimit(NamedTuple):
    """The relative error that the balance of a ledger may have, by its steps."""

    rtol: Scalar
    atol: Scalar
    constant: Scalar  # of rounding, and of kinks of an activation

    def after(self, steps: Real[AnyArray, "*probe"]) -> Scalar:
        """Each step may err by rtol + atol; ten are always counted. [THEORY CL-05]"""
        steps = steps.astype(self.constant.dtype).clip(10)
        return (self.rtol + self.atol) * steps + self.constant


class BalanceState(NamedTuple):
    """What `Balanced` knows of the steps so far."""

    inner: Any
    counted: Int[AnyArray, ""]  # steps as the error of the state allows them
    start: Scalar  # of the last of these
    end: Scalar
    hopeless: Int[AnyArray, ""]  # shortest steps whose balance missed all the same


class Balanced(dfx.AbstractStepSizeController):
    """Any controller, with steps shortened until the ledger keeps its balance.

    An activation may turn within a small part of a step that the error of the state
    allows, and what is dissipated meanwhile falls between the stages. A step after
    which the balance would miss its limit is therefore divided, down to `SHORTEST` of
    it. The parts count as one step, or the limit could be met by its own growth. Where
    this does not help since the balance is wrong, not its resolution, steps are left as
    they are after `HOPELESS` trials.
    """

    controller: dfx.AbstractStepSizeController
    limit: LedgerLimit
    smallest: Scalar  # the least step that the clock of a run can tell

    def wrap(self, direction):
        """The same for integration in a direction."""
        return Balanced(self.controller.wrap(direction), self.limit, self.smallest)

    def init(self, terms, t0, t1, y0, dt0, args, func, error_order):
        """The first step is the wrapped controller's."""
        first, inner = self.controller.init(
            terms, t0, t1, y0, dt0, args, func, error_order
        )
        none = jnp.zeros((), int)
        return first, BalanceState(inner, none, t0, t0, none)

    def adapt_step_size(
        self,
        t0,
        t1,
        y0,
        y1_candidate: FlowState,
        args,
        y_error,
        error_order,
        controller_state: BalanceState,
    ):
        """What the wrapped controller decides, unless the balance is missed."""
        state, imbalance = controller_state, y1_candidate.imbalance
        assert imbalance is not None  # written by the audit
        keep, next0, next1, jump, inner, result = self.controller.adapt_step_size(
            t0, t1, y0, y1_candidate, args, y_error, error_order, state.inner
        )
        length = t1 - t0
        whole = t0 >= state.end  # no part of a step that was divided
        counted = state.counted + jnp.where(keep & whole, 1, 0)
        start, end = jnp.where(whole, t0, state.start), jnp.where(whole, t1, state.end)
        at_once = jnp.where(whole, state.counted + 1, state.counted)
        misses = keep & (imbalance > self.limit.after(at_once))
        misses = misses & (state.hopeless < HOPELESS)
        eps = jnp.finfo(jnp.result_type(t1)).eps
        least = jnp.maximum(self.smallest, 8 * eps * abs(t1))
        divided = misses & (length > SHORTEST * (end - start)) & (length > 4 * least)
        # parts grow slowly: the next one may lie in the same turn of the activation
        slow = jnp.minimum(next1, next0 + 2 * length)
        parts = ~whole & keep
        next1 = jnp.where(parts & (next0 < end), slow, next1)
        either = lambda a, b: jax.tree.map(lambda x, y: jnp.where(divided, x, y), a, b)
        state = BalanceState(
            inner=either(state.inner, inner),
            counted=jnp.where(divided & whole, state.counted + 1, counted),
            start=jnp.where(keep, start, state.start),
            end=jnp.where(keep, end, state.end),
            hopeless=state.hopeless + jnp.where(misses & ~divided, 1, 0),
        )
        return (
            keep & ~divided,
            jnp.where(divided, t0, next0),
            jnp.where(divided, t0 + length / 4, next1),
            jump,
            state,
            dfx.RESULTS.where(divided, dfx.RESULTS.successful, result),
        )
