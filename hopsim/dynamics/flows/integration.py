"""The only call of `diffeqsolve`: one flow, from one state, under an audit."""

from typing import Any

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from ..._common.norms import length
from ..._common.types import Scalar
from ...solvers import (
    AbstractProblem,
    Audited,
    Balanced,
    Clocked,
    FlowState,
    LedgerLimit,
    Settling,
)
from ...trajectory import Ending
from .._base import IntegrationPlan, Solution


# A proportional-integral controller. Where stability limits the step, the integral
# controller that is Diffrax's default oscillates about the limit and rejects a fifth of
# its steps; this one rejects a twentieth, and costs no more elsewhere.
CONTROL: dict[str, Any] = {"pcoeff": 0.6, "icoeff": 0.4, "safety": 0.95}


def integrate(
    flow: AbstractProblem, x0: tuple, driven: bool, plan: IntegrationPlan
) -> Solution:
    """The run of one probe, whatever its solver.

    What is integrated is dx/dt = field(x) and, beside it, the accounts of the energy,
    dQ/dt = dissipation >= 0 and dW/dt = dI/dt . g. The invariant that the audit checks
    is E + Q + W = E(0) [THEORY 1.2]. (AltIMEX adds up a bound on the loss instead, so
    that dE + dQ <= 0 at each step.) Neither account is part of the error norm; steps
    are divided only where the balance would be missed.
    """
    dtype = jnp.result_type(*x0)
    balanced = plan.audit and plan.adaptive and plan.balance
    limit = LedgerLimit(plan.rtol, plan.atol, plan.ledger_constant)
    zero = jnp.zeros((), dtype)
    y0 = FlowState(
        x0,
        dissipated=zero if plan.audit else None,
        work=zero if plan.audit and driven else None,
        residual=jnp.ones((), dtype) if plan.until_steady else None,
        imbalance=zero if balanced else None,
    )

    # --- integrate
    # in this order: the residual is read off the solver's own state, and the audit,
    # outermost, is where `_audit` finds it
    solver = _with_tolerances(plan.solver, plan)
    if plan.until_steady:
        solver = Settling(solver)
    if plan.audit:
        solver = Audited(
            solver, plan.rise_gain, plan.rise_tolerance, plan.inequality, plan.log_rows
        )
    duration, control = plan.times[-1], _controller(plan)
    if balanced:
        control = Balanced(control, limit)
    solution = dfx.diffeqsolve(
        # the field of `args`, as in the audit: XLA then sees that products are shared
        dfx.ODETerm(lambda t, y, flow: flow.vector_field(t, y)),
        solver,
        t0=zero,
        t1=duration,
        dt0=None if plan.adaptive else plan.step,
        y0=y0,
        args=flow,
        saveat=_samples(plan),
        stepsize_controller=control,
        event=_event(plan),
        adjoint=dfx.ForwardMode(),
        max_steps=plan.max_steps,
        throw=False,
    )

    # --- collect
    assert solution.ys is not None  # SaveAt above asks for all of these
    assert solution.ts is not None
    samples, end = solution.ys
    last = jax.tree.map(lambda y: y[0], end)
    end_time = solution.ts[1][0]
    if plan.times.shape[0] == 2:  # both are known without interpolation
        samples = jax.tree.map(lambda a, b: jnp.stack([a, b]), y0, last)
    else:
        reached = jnp.isfinite(solution.ts[0])  # Diffrax pads what it did not reach
        shaped = lambda e: reached.reshape((-1,) + (1,) * (e.ndim - 1))
        fill = lambda s, e: jnp.where(shaped(e), s, e)
        samples = jax.tree.map(fill, samples, end)
        # interpolation is exact at the end of a step to rounding only
        samples = jax.tree.map(lambda s, e: s.at[-1].set(e), samples, last)
    times = jnp.minimum(plan.times, end_time)
    kept = jax.vmap(lambda t, y: flow.observe(t, y, plan.save))(times, samples)
    residual = flow.residual(end_time, last)
    steps = solution.stats["num_accepted_steps"]
    controlled: Any = solution.controller_state
    counted = controlled.counted if balanced else steps
    return Solution(
        **kept,
        final=last.x[0],
        final_memory=flow.memory(end_time, last),
        end_time=end_time,
        steps=steps,
        rejected=solution.stats["num_rejected_steps"],
        residual=residual,
        ledger_tolerance=limit.constant if plan.inequality else limit.after(counted),
        ending=_ending(solution.result, residual, kept["energy"][-1], plan),
        undivided=controlled.undivided if balanced else None,
        **_audit(solution.solver_state, zero),
    )


def _samples(plan: IntegrationPlan) -> dfx.SaveAt:
    between = None if plan.times.shape[0] == 2 else dfx.SubSaveAt(ts=plan.times)
    subs = [between, dfx.SubSaveAt(t1=True)]
    audited = plan.audit
    return dfx.SaveAt(subs=subs, solver_state=audited, controller_state=audited)


def _audit(state: Any, zero: Array) -> dict[str, Any]:
    names = ("worst_rise", "worst_time", "rise_limit", "worst_excess")
    if state is None:
        return dict.fromkeys((*names, "ledger_residual"), zero)
    audit = state[1]
    seen = {name: getattr(audit, name) for name in names}
    return seen | {"ledger_residual": audit.ledger, "log": audit.log}


def _controller(plan: IntegrationPlan) -> dfx.AbstractStepSizeController:
    if not plan.adaptive:
        return dfx.ConstantStepSize()
    # no dtmin: Diffrax accepts a first step of that length whatever its error is
    control = dfx.PIDController(
        rtol=plan.rtol, atol=plan.atol, norm=_state_norm, **CONTROL
    )
    return Clocked(control, plan.times[-1])


def _event(plan: IntegrationPlan) -> dfx.Event | None:
    """What ends a run early: rest, or a state that is NaN or infinite."""
    if plan.until_steady:  # not `<`: NaN must end a run as well
        return dfx.Event(
            lambda t, y, args, **_: ~(y.residual >= plan.residual_tolerance)
        )
    if plan.adaptive:  # the controller rejects steps to NaN or infinity
        return None
    total = lambda y: sum(jnp.sum(layer) for layer in y.x)
    return dfx.Event(lambda t, y, args, **_: ~jnp.isfinite(total(y)))


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
            jnp.full((), Ending.STEADY),
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


def _with_tolerances(solver: Any, plan: IntegrationPlan) -> Any:
    if not isinstance(solver, dfx.AbstractImplicitSolver):
        return solver
    finder = dfx.VeryChord(rtol=plan.rtol, atol=plan.atol, norm=_state_norm)
    return eqx.tree_at(lambda s: s.root_finder, solver, finder)
