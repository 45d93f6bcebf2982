"""The audit: energy bookkeeping in the state of any Diffrax solver.

Diffrax keeps a solver's state on accepted steps only, so an audit in it covers every
accepted step and no other, in memory that does not grow with their number.
"""

from typing import NamedTuple

import diffrax as dfx
import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._common.problem import AbstractProblem, FlowState
from .._common.types import Scalar
from ..trajectory import UNUSED
from ._watching import AbstractWatching


class Audit(NamedTuple):
    """What is known of the energy of one probe, up to the last accepted step."""

    start: Scalar  # the energy at the first state
    energy: Scalar  # the energy at the last accepted state
    scale: Scalar  # S_E there
    peak: Scalar  # the largest S_E so far
    worst_rise: Scalar  # the largest rise over one step, 0 if it never rose
    worst_time: Scalar  # when that step ended, 0 if there is none
    rise_limit: Scalar  # what was allowed there
    worst_excess: Scalar  # the largest rise - limit
    ledger: Scalar  # the largest relative ledger residual


class AuditState(NamedTuple):
    """An audit, and the log of the steps if there is one."""

    numbers: Float[Array, "*probe 9"]  # of the audit: a loop carries one array for less
    steps: Int[Array, "*probe"] | None  # counted for the log
    log: Float[Array, "*probe step 4"] | None  # (time, energy, dissipation, scale)
    curvatures: Float[Array, "*probe layer"] | None  # the least, where not known

    @property
    def audit(self) -> Audit:
        """The numbers by their names."""
        return Audit(*jnp.moveaxis(self.numbers, -1, 0))


class Audited(AbstractWatching):
    r"""Any solver, with the energy checked after every accepted step.

    A rise is tolerated up to `gain * dQ + relative * S_E`, where `dQ` is what the step
    dissipated and `S_E` the sum of the |terms| of the energy. [THEORY 4.6]

    The ledger is the balance `|E + Q - E(0)| / (max S_E + Q)`, or, for AltIMEX, the
    inequality `dE + dQ <= 0` per step, relative to `S_E`. It is written into the state
    after every step as well, where `Balanced` can read it.

    Lagrangians that do not say whether they are convex are asked for their curvature
    along every step; if all say so, nothing is computed for it.
    """

    solver: dfx.AbstractSolver
    gain: Scalar
    relative: Scalar
    inequality: bool = eqx.field(static=True)
    rows: int = eqx.field(static=True, default=0)  # steps that are logged

    def init(self, terms, t0, t1, y0: FlowState, args: AbstractProblem):
        """The wrapped solver's state, and an audit of the first state."""
        energy, scale = args.energy_and_scale(t0, y0)
        assert y0.dissipated is not None  # an audit needs an account
        zero = jnp.zeros_like(energy)
        log = None
        if self.rows:
            log = jnp.full((self.rows, 4), UNUSED, energy.dtype)
            log = log.at[0].set(jnp.stack([zero + t0, energy, y0.dissipated, scale]))
        audit = Audit(
            start=energy,
            energy=energy,
            scale=scale,
            peak=scale,
            worst_rise=zero,
            worst_time=zero,
            rise_limit=self.relative * scale,
            worst_excess=-self.relative * scale,  # no step, no rise
            ledger=zero,
        )
        steps = None if log is None else jnp.zeros((), int)
        bent = args.curvatures(t0, y0, y0, self.inequality)
        state = AuditState(jnp.stack(audit), steps, log, bent)
        return self.solver.init(terms, t0, t1, y0, args), state

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):
        """One step of the wrapped solver, and the audit of its result."""
        inner, state = solver_state
        y1, error, dense, inner, result = self.solver.step(
            terms, t0, t1, y0, args, inner, made_jump
        )
        state, imbalance = self._look(state, t1, y0, y1, args)
        if y1.imbalance is not None:
            y1 = y1._replace(imbalance=imbalance)
        return y1, error, dense, (inner, state), result

    def _look(
        self,
        state: AuditState,
        t: Scalar,
        y0: FlowState,
        y1: FlowState,
        flow: AbstractProblem,
    ) -> tuple[AuditState, Scalar]:
        audit, steps, log = state.audit, state.steps, state.log
        energy, scale = flow.energy_and_scale(t, y1)
        largest = jnp.maximum(scale, audit.scale)
        peak = jnp.maximum(scale, audit.peak)
        lost = flow.account(y1) - flow.account(y0)
        rise = energy - audit.energy
        limit = self.gain * jnp.maximum(lost, 0) + self.relative * largest
        worse = rise > audit.worst_rise
        if self.inequality:
            ledger = jnp.maximum(rise + lost, 0) / largest
        else:
            total = flow.account(y1)
            ledger = jnp.abs(energy + total - audit.start) / (peak + jnp.abs(total))
        if log is not None and steps is not None:
            assert y1.dissipated is not None
            steps = steps + 1
            row = jnp.stack([jnp.asarray(t, log.dtype), energy, y1.dissipated, scale])
            log = log.at[steps].set(row, mode="drop")
        audit = Audit(
            start=audit.start,
            energy=energy,
            scale=scale,
            peak=peak,
            worst_rise=jnp.where(worse, rise, audit.worst_rise),
            worst_time=jnp.where(worse, t, audit.worst_time),
            rise_limit=jnp.where(worse, limit, audit.rise_limit),
            worst_excess=jnp.maximum(audit.worst_excess, rise - limit),
            ledger=jnp.maximum(audit.ledger, ledger),
        )
        bent = flow.curvatures(t, y0, y1, self.inequality)
        if bent is not None:
            assert state.curvatures is not None
            bent = jnp.minimum(bent, state.curvatures)  # NaN stays
        return AuditState(jnp.stack(audit), steps, log, bent), ledger
