"""The integration of a flow: many probes, from their first states, under an audit."""

from collections.abc import Callable
from typing import Any

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..._common.norms import length
from ..._common.types import Scalar
from ...solvers import (
    AbstractProblem,
    AltIMEX,
    Audited,
    Balanced,
    Clocked,
    FIRST_STEP,
    FlowState,
    Integrator,
    Lane,
    LedgerLimit,
    Paused,
    Sampled,
    Settling,
    TERMS,
)
from ...trajectory import Ending
from .._base import IntegrationPlan, Solution
from .._batch import Batch
from .._request import occurs
from ._solver_choice import Steps


# A proportional-integral controller. Where stability limits the step, the integral
# controller that is Diffrax's default oscillates about the limit and rejects a fifth of
# its steps; this one rejects a twentieth, and costs no more elsewhere.
CONTROL: dict[str, Any] = {"pcoeff": 0.6, "icoeff": 0.4, "safety": 0.95}


def integrate(
    problem_of: Callable[[Batch], AbstractProblem],
    start: Callable[[Batch], tuple],
    batch: Batch,
    driven: bool,
    plan: IntegrationPlan,
) -> Solution:
    """The runs of many probes, whatever their solver; axis 0 is the probe.

    What is integrated is dx/dt = field(x) and, beside it, the accounts of the energy,
    dQ/dt = dissipation >= 0 and dW/dt = dI/dt . g. The invariant that the audit checks
    is E + Q + W = E(0) [THEORY 1.2]. (AltIMEX adds up a bound on the loss instead, so
    that dE + dQ <= 0 at each step.) Neither account is part of the error norm; steps
    are divided only where the balance would be missed.

    **Arguments:**

    - `problem_of`, `start`: the problem of one probe of the batch, and the layers of
      its first state.
    - `driven`: the work of a drive is accounted for.
    """
    balanced = plan.audit and plan.adaptive and plan.balance
    limit = LedgerLimit(plan.rtol, plan.atol, plan.ledger_constant)
    zero = jnp.zeros((), plan.times.dtype)

    def begin(probe: Batch) -> FlowState:
        return FlowState(
            start(probe),
            dissipated=zero if plan.audit else None,
            work=zero if plan.audit and driven else None,
            residual=zero + 1 if plan.until_steady else None,
            imbalance=zero if balanced else None,
        )

    control = _controller(plan.adaptive, plan.rtol, plan.atol, plan.times[-1])
    integrator = Integrator(
        _solver(plan),
        Balanced(control, limit) if balanced else control,
        first=zero + FIRST_STEP if plan.adaptive else plan.step,
        times=plan.times,
        observe=lambda problem, t, y: problem.observe(t, y, plan.save),
        ended=_ended(plan),
        max_steps=plan.max_steps,
        resumable=plan.resumable,
        event=None
        if plan.event is None
        else lambda t, y: occurs(plan.event, t, y.x[0]),
    )

    def collect(probe: Batch, lane: Lane) -> Solution:
        problem = problem_of(probe)
        residual = problem.residual(lane.t, lane.y)
        last = problem.observe(lane.t, lane.y, plan.save)
        counted = lane.controller.counted if balanced else lane.accepted
        allowed = limit.constant if plan.inequality else limit.after(counted)
        return Solution(
            **_samples(lane, last, len(plan.times)),
            final=lane.y.x[0],
            final_memory=problem.memory(lane.t, lane.y),
            end_time=lane.t,
            steps=lane.accepted,
            rejected=lane.rejected,
            residual=residual,
            ledger_tolerance=allowed,
            ending=_ending(lane.result, residual, last["energy"], plan),
            undivided=lane.controller.undivided if balanced else None,
            paused=_paused(lane, plan.audit, balanced) if plan.resumable else None,
            **_audit(lane.solver if plan.audit else None, zero),
        )

    number = len(batch.probes)
    asked = jnp.asarray(number) if batch.asked is None else jnp.sum(batch.asked)

    def resume(probe: Batch, lane: Lane) -> Lane:
        return _resumed(lane, probe.paused, plan.audit, balanced)

    solution, passes = integrator.run(
        problem_of,
        begin,
        collect,
        batch,
        asked,
        plan.lanes,
        None if batch.since is None else lambda probe: probe.since,
        None if batch.paused is None else resume,
    )
    return solution._replace(passes=jnp.full(number, passes))


# how Diffrax differentiates a run, in the words of `flow`. Not by running it backwards,
# which it could: there what contracts forwards expands
ADJOINTS = {
    "checkpoints": dfx.RecursiveCheckpointAdjoint,
    "forward": dfx.ForwardMode,
    "direct": dfx.DirectAdjoint,
}


def end_of_run(
    problem: AbstractProblem,
    x: tuple,
    end: Scalar,
    times: Float[Array, " time"] | None,
    steps: Steps,
    adjoint: str,
) -> tuple[Float[Array, "*time feature"], Bool[Array, ""]]:
    """The first layer at the end of one run, or at times, and whether it finished.

    The same steps as those of `integrate`, in Diffrax's own loop, which JAX can
    differentiate.
    """
    solver = _with_tolerances(steps.solver, steps.rtol, steps.atol)
    if times is not None:  # the last one may be the end, but for a rounding
        close = times <= end * (1 + 8 * jnp.finfo(end.dtype).eps)
        times = jnp.where(close, jnp.minimum(times, end), times)
    alike = isinstance(solver, AltIMEX)
    solution = dfx.diffeqsolve(
        TERMS,
        solver if times is None else Sampled(solver, times),
        t0=jnp.zeros_like(end),
        t1=end,
        dt0=steps.length if alike else None,
        y0=FlowState(x),
        args=problem,
        stepsize_controller=_controller(not alike, steps.rtol, steps.atol, end),
        adjoint=ADJOINTS[adjoint](),
        saveat=dfx.SaveAt(t1=True, solver_state=times is not None),
        max_steps=steps.most,
        throw=False,
    )
    assert solution.ys is not None
    found = solution.ys.x[0][-1]
    if times is not None:
        assert solution.solver_state is not None
        _, found = solution.solver_state
    finished = (solution.result == dfx.RESULTS.successful) & (end > 0)
    return found, finished & jnp.all(jnp.isfinite(found))


def rest_of_run(
    problem: AbstractProblem, x: tuple, end: Scalar, steps: Steps
) -> tuple[tuple, Bool[Array, ""]]:
    """The layers in which one run comes to rest, and whether it does before its end.

    The same run as that of `integrate`, in the same loop, which has no gradient.
    """
    one = jnp.ones_like(end)
    alike = isinstance(steps.solver, AltIMEX)
    integrator = Integrator(
        Settling(_with_tolerances(steps.solver, steps.rtol, steps.atol)),
        _controller(not alike, steps.rtol, steps.atol, end),
        first=steps.length if alike else FIRST_STEP * one,
        times=jnp.stack([0 * end, end]),
        observe=lambda *_: {},
        ended=lambda y: ~(y.residual >= steps.residual),
        max_steps=steps.most,
    )
    ends, _ = integrator.run(
        lambda _: problem,
        lambda _: FlowState(x, residual=one),
        lambda _, lane: (lane.y.x, problem.residual(lane.t, lane.y) < steps.residual),
        jnp.zeros(1),
        jnp.asarray(1),
        None,
    )
    return jax.tree.map(lambda found: found[0], ends)


def _samples(lane: Lane, last: dict[str, Array], number: int) -> dict[str, Array]:
    """All samples: those that a run did not reach are as its end.

    So is the last one, which an interpolation would give to rounding only.
    """
    if number == 2:
        return jax.tree.map(lambda a, b: jnp.stack([a, b]), lane.samples, last)
    place = jnp.arange(number)
    late = (place >= lane.taken) | (place == number - 1)
    shaped = lambda x: late.reshape(-1, *[1] * (x.ndim - 1))
    return jax.tree.map(lambda x, e: jnp.where(shaped(x), e, x), lane.samples, last)


def _solver(plan: IntegrationPlan) -> dfx.AbstractSolver:
    """The solver with its tolerances, and what observes its steps.

    In this order: the residual is read off the solver's own state, and the audit,
    outermost, is where `_audit` finds it.
    """
    solver = _with_tolerances(plan.solver, plan.rtol, plan.atol)
    if plan.until_steady:
        solver = Settling(solver)
    if not plan.audit:
        return solver
    limits = plan.rise_gain, plan.rise_tolerance
    return Audited(solver, *limits, plan.inequality, plan.log_rows)


def _paused(lane: Lane, audited: bool, balanced: bool) -> Paused:
    """What a run can go on with: the states of its solver and its controller."""
    return Paused(
        lane.wanted,
        lane.solver[0] if audited else lane.solver,
        lane.controller.inner if balanced else lane.controller,
    )


def _resumed(lane: Lane, paused: Paused, audited: bool, balanced: bool) -> Lane:
    """A lane that begins anew, with the states that a run has kept put in their place.

    Its accounts begin anew. Where the last step was cut short it steps as at first.
    """
    either = lambda old, new: jnp.where(paused.whole, old, new)

    def joined(new: Any, old: Any) -> Any:
        if not isinstance(new, FlowState):
            return either(old, new)
        known = lambda n, o: n if n is None or o is None else jax.tree.map(either, o, n)
        x, *accounts = map(known, new, old)
        return FlowState(x or (), *accounts)

    fresh = _paused(lane, audited, balanced)
    states = jax.tree.map(
        joined,
        (fresh.solver, fresh.controller),
        (paused.solver, paused.controller),
        is_leaf=lambda x: isinstance(x, FlowState),
    )
    solver, controller = states
    return lane._replace(
        next=either(paused.next, lane.next),
        solver=(solver, lane.solver[1]) if audited else solver,
        controller=lane.controller._replace(inner=controller)
        if balanced
        else controller,
    )


def _audit(state: Any, zero: Array) -> dict[str, Any]:
    names = ("worst_rise", "worst_time", "rise_limit", "worst_excess")
    if state is None:
        return dict.fromkeys((*names, "ledger_residual"), zero)
    audit, log = state[1].audit, state[1].log
    seen = {name: getattr(audit, name) for name in names}
    seen |= {"ledger_residual": audit.ledger, "log": log}
    return seen | {"least_curvature": state[1].curvatures}


def _with_tolerances(
    solver: dfx.AbstractSolver, rtol: Any, atol: Any
) -> dfx.AbstractSolver:
    """An implicit solver with a root finder of these tolerances; others as they are."""
    if not isinstance(solver, dfx.AbstractImplicitSolver):
        return solver
    finder = dfx.VeryChord(rtol=rtol, atol=atol, norm=_state_norm)
    return eqx.tree_at(lambda s: s.root_finder, solver, finder)


def _controller(
    adaptive: bool, rtol: Any, atol: Any, duration: Scalar
) -> dfx.AbstractStepSizeController:
    if not adaptive:
        return dfx.ConstantStepSize()
    # no dtmin: Diffrax accepts a first step of that length whatever its error is
    control = dfx.PIDController(rtol=rtol, atol=atol, norm=_state_norm, **CONTROL)
    return Clocked(control, duration)


def _ended(plan: IntegrationPlan) -> Callable[[FlowState], Array] | None:
    """What ends a run early: rest, or a state that is NaN or infinite."""
    if plan.until_steady:  # not `<`: NaN must end a run as well
        return lambda y: ~(y.residual >= plan.residual_tolerance)
    if plan.adaptive:  # the controller rejects steps to NaN or infinity
        return None
    return lambda y: ~jnp.isfinite(sum(jnp.sum(layer) for layer in y.x))


def _ending(
    result: Any, residual: Array, energy: Array, plan: IntegrationPlan
) -> Array:
    quiet = residual < plan.residual_tolerance
    if plan.until_steady:
        ran_out = jnp.where(quiet, Ending.STEADY, Ending.UNSETTLED)
    else:
        ran_out = jnp.full((), Ending.DURATION)
    ending = jnp.select(
        [
            result == dfx.RESULTS.successful,
            result == dfx.RESULTS.event_occurred,
            result == dfx.RESULTS.max_steps_reached,
            result == dfx.RESULTS.dt_min_reached,
        ],
        [
            ran_out,
            jnp.full((), Ending.STEADY if plan.event is None else Ending.EVENT),
            jnp.full((), Ending.MAX_STEPS),
            jnp.full((), Ending.STEP_UNDERFLOW),
        ],
        default=jnp.full((), Ending.SOLVER_FAILED),
    )
    finite = jnp.isfinite(energy) & jnp.isfinite(residual)
    return jnp.where(finite, ending, Ending.NONFINITE)


def _state_norm(y: FlowState) -> Scalar:
    """Root mean square over the layers; the accounts do not affect the step size."""
    # one array: one fused pass over both layers, not one for each
    whole = jnp.concatenate(y.x)
    return length(whole) / jnp.sqrt(jnp.asarray(whole.size, whole.dtype))
