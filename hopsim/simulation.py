"""`simulate`: the trajectory of a batch of probes under a network and its dynamics."""

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int

from ._common.arrays import cast_to, table
from ._common.entries import public_entry
from ._common.environment import precision
from ._common.names import shown
from ._common.progress import counted, Progress
from ._common.types import AnyArray, cast
from .batches import check_varied, costs, extremes, solve
from .dynamics import (
    AbstractContinuousDynamics,
    AbstractDynamics,
    Batch,
    Execution,
    IntegrationPlan,
    Output,
    Request,
    Solution,
    Tolerances,
)
from .dynamics._base import Method, require_dynamics
from .dynamics.flows._solver_choice import DEFAULT_STEP
from .dynamics.flows.convexity import judge
from .network import Network, require_network
from .trajectory import (
    Ending,
    EPSILONS,
    Promise,
    Resumption,
    StepLog,
    Trajectory,
    UNUSED,
)


AUDITED = (  # what only an audit knows
    "worst_rise",
    "worst_time",
    "rise_limit",
    "worst_excess",
    "ledger_residual",
    "dissipation",
)
SAMPLED = ("energy", "effective_energy", "gap", "dissipation", "v", "g", "h")
LOG_ROWS = 1024  # steps logged at first; runs with more are repeated with more rows


@public_entry
def simulate(
    network: Network,
    dynamics: AbstractDynamics,
    probes: Float[AnyArray, "probe feature"] | None = None,
    *,
    duration: float,
    start: Trajectory | None = None,
    samples: int = 101,
    times: Float[AnyArray, " time"] | Sequence[float] | None = None,
    solver: Any = "auto",
    step: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    until: Literal["steady", "duration"] | Callable[..., Any] = "steady",
    residual_tolerance: float | None = None,
    memory_start: Float[AnyArray, "probe memory"] | None = None,
    save: Sequence[str] = ("v",),
    clamped: Bool[AnyArray, " feature"] | None = None,
    max_steps: int = 100_000,
    step_log: int = 0,
    audit: bool = True,
    resumable: bool = False,
    varied: Mapping[str, AnyArray] | None = None,
    chunk: int | None = None,
    devices: Sequence[Any] | None = None,
    key: Any = None,
    throw: bool = False,
    progress: Progress = None,
    tolerances: Tolerances | None = None,
    output: Output | None = None,
    execution: Execution | None = None,
) -> Trajectory:
    """Run every probe until it is steady (or for the whole duration).

    The precision is that of the memories, `network.dtype`; float64 needs
    `jax_enable_x64` when the network is made. Invalid arguments raise ValueError. How
    each run ended is in `Trajectory.ending`; with `throw` a run that ended neither at
    rest nor at its event nor after its duration raises RuntimeError.

    **Arguments:**

    - `probes`: initial states of the feature neurons; finite numbers.
    - `duration`, `step`: in units of `tau_feature`. For spins `duration` is the largest
      number of sweeps (under a heat bath, which never rests, the number of sweeps). A
      `step` fixes the step size; by default Runge-Kutta solvers adapt it and AltIMEX
      uses 0.1.
    - `start`: a run that goes on, in place of `probes` and `memory_start`; flows only.
      Each probe goes on from when it ended, all until `duration` after the last of
      them did, and times are those of the whole run; before it goes on, a probe's
      samples are its start. Steps, energies, dissipation and certificate are those of
      this part alone. What is `varied` or `clamped` is given again. Both parts agree
      with an unsplit run to the tolerances.
    - `resumable`: keep what `start` needs to go on bit for bit, from the end of an
      accepted step of the same run (at rest, an event, or `max_steps`), in as many
      lanes: the length of the next step, the controller's errors, the last stage.
      (Fixed steps divide a run evenly: both runs must then be as long in all.)
    - `samples`: equally spaced sampling times, both ends included; at least 2.
    - `times`: sampling times of one's own in place of `samples`, ascending within the
      duration; the ends are samples only if they are among them.
    - `solver`: "auto", "tsit5", "dopri8", "kvaerno3", "kvaerno5", "altimex" or a
      Diffrax solver. Exact dynamics have no solver.
    - `rtol`, `atol`: default 1e-7 and 1e-9 in float64, 1e-5 both in float32.
    - `until`: "steady" stops each probe at rest, "duration" runs it to the end. A
      function of v (feature,) or of (t, v), traced by JAX, stops each at the end of the
      first accepted step at which it is true (the crossing itself lies within that
      step), or after the duration; flows only. Programs are compiled once for each
      function: define it once.
    - `residual_tolerance`: of the tau-free residual, relative to the state; default
      1e-6 in float64, 1e-4 in float32 (ten times rtol: below it, noise dominates).
    - `memory_start`: initial states of the memory neurons; default `xi g(v) + J`.
    - `save`: which states to keep at the samples, of "v", "g" = grad L_v(v) and "h".
    - `clamped`: feature neurons held at their initial value.
    - `max_steps`: the largest number of steps, accepted and rejected, or of flips for
      sharp dynamics. Spins are limited by `duration` instead.
    - `step_log`: the number of leading probes of which every step's energy is kept.
    - `audit`: False omits the energies of steps and the ledger, which saves a fifth of
      the time of small networks and less of large ones; such a run has no certificate.
    - `varied`: parameters that differ from probe to probe, by path: `{"dynamics.
      tau_memory": taus, "network.memory_lagrangian.beta": betas}`, axis 0 the probe.
      Probes are then run in the order of their expected cost.
    - `chunk`, `devices`: probes that step side by side on one device (1, or rounded up
      to a multiple of 8), and the devices; default as many of all as have a full
      chunk each.
    - `key`: of the random orders and decisions of spins; unused by flows.
    - `progress`: True shows a bar, or lines where there is no terminal. A function
      is called with (probes done, probes in all) between compiled calls (under a heat
      bath with sweeps).
    - `tolerances`, `output`, `execution`: the same arguments in groups, in place of
      single ones: `Tolerances(rtol, atol, residual)`, `Output(samples, save, step_log,
      audit, times, resumable)`, `Execution(chunk, devices, progress)`.
    """
    require_network(network)
    require_dynamics(dynamics)
    if start is not None:
        probes, memory_start = _ends(network, dynamics, start, probes, memory_start)
    probes = table(probes, "Probes", "probe", network.features, network.dtype)
    request = Request(
        duration, until, solver, step, max_steps, memory_start, clamped, varied,
        0 if key is None else key,
        _one_of(tolerances, Tolerances(rtol, atol, residual_tolerance)),
        _one_of(output, Output(samples, save, step_log, audit, times, resumable)),
        _one_of(execution, Execution(chunk, devices, progress)),
        None if start is None else cast_to(start.end_time, network.dtype),
        None if start is None else start.resumption,
    )  # fmt: skip
    check_request(network, dynamics, probes, request)
    where = request.execution
    total = len(probes) if dynamics.counts == "probes" else None
    with counted(where.progress, dynamics.counts, total) as count:
        where = dataclasses.replace(where, progress=count)
        request = dataclasses.replace(request, execution=where)
        trajectory = dynamics.run(network, probes, request, _integrate)
    if throw:
        _raise_if_failed(trajectory)
    return trajectory


def _ends(
    network: Network,
    dynamics: AbstractDynamics,
    start: Any,
    probes: Any,
    memory_start: Any,
) -> tuple[np.ndarray, np.ndarray | None]:
    """The states from which a run goes on, of both layers if both have their own."""
    if not isinstance(start, Trajectory):
        raise ValueError(
            f"start must be a Trajectory, got {shown(start)}; states belong in probes."
        )
    if probes is not None or memory_start is not None:
        raise ValueError(
            "start is in place of probes and memory_start; leave them out."
        )
    if not dynamics.interruptible:
        raise ValueError(
            f"start continues flows, not dynamics {dynamics.kind!r}; give the final "
            "states as probes."
        )
    if start.swept:
        raise ValueError(
            "start continues a flow, got a run of spins, whose times are sweeps; give "
            "its final states as probes."
        )
    # memory neurons without a state of their own may have been of another number
    own = dynamics.own_memory
    wanted = (network.features, network.count)[: 1 + own]
    found = (start.final.shape[1], start.final_memory.shape[1])[: 1 + own]
    if found != wanted:
        what = "(features, memories)" if own else "(features,)"
        raise ValueError(
            f"start must be a run of a network with {what} = {wanted}, as this one, "
            f"got {found}; give states as probes."
        )
    return start.final, start.final_memory if dynamics.own_memory else None


def check_request(
    network: Network,
    dynamics: AbstractDynamics,
    probes: Float[AnyArray, "probe feature"],
    request: Request,
) -> None:
    """Raises ValueError for what `simulate` refuses, before anything is computed.

    Memories and probes may be stand-ins: what depends on their numbers is left out.
    """
    request.check()
    if not dynamics.interruptible and (request.event or request.output.resumable):
        raise ValueError(
            "resumable, and a function as until, are for flows, whose steps are those "
            f"of a solver, not for dynamics {dynamics.kind!r}; leave them out."
        )
    dynamics.validate(network, probes, request)
    check_varied(network, dynamics, request.varied, len(probes))


Group = TypeVar("Group", Tolerances, Output, Execution)


def _one_of(group: Group | None, single: Group) -> Group:
    """A group of arguments, or the single ones; ValueError if both are given."""
    if group is None:
        return single
    name = type(single).__name__
    if not isinstance(group, type(single)):
        raise ValueError(
            f"{name.lower()} must be a hopsim.{name}, got {shown(str(group))}; write "
            f"hopsim.{name}(...)."
        )
    plain = type(group)()
    same = lambda a, b: a is b or (type(a) is type(b) and a == b)
    given = [
        field.name
        for field in dataclasses.fields(plain)
        if not same(getattr(single, field.name), getattr(plain, field.name))
    ]
    if given:
        raise ValueError(
            f"{', '.join(given)} must be given in {name} or by itself, got both."
        )
    return group


def _integrate(
    network: Network,
    dynamics: AbstractContinuousDynamics,
    probes: np.ndarray,
    request: Request,
) -> Trajectory:
    """Integrate every probe by itself, on all devices, with an audit if requested."""
    # --- validate
    memory_start = request.start_of_memories(network, len(probes))
    values = check_varied(network, dynamics, request.varied, len(probes))
    batch = Batch(probes, memory_start, values, since=request.since)
    order, hardest = _by_cost(network, dynamics, batch)
    own = batch.take(hardest).own(network, dynamics)
    plan, method = _plan(*own, probes, request)
    of = (network, dynamics, values, *_same_steps(plan))
    batch = batch._replace(paused=request.paused(of))
    where, logged = request.execution, request.output.step_log
    count: Any = where.progress  # what `simulate` has made of it
    run = partial(solve, network, dynamics, chunk=where.chunk, devices=where.devices)

    # --- integrate
    begun = time.perf_counter()
    solutions = run(batch, plan, order=order, progress=count)
    solutions = _with_nan_for_none(solutions, plan)
    log = _step_log(run, batch, plan, solutions, logged) if logged else None

    # --- collect
    ended = time.perf_counter()
    promise = _promise(network, dynamics, batch, method, plan)
    if promise.kind == "met":
        promise, least = judge(promise, network, batch, solutions)
        solutions = solutions._replace(least_curvature=least)
    names = (x for x in Solution._fields if x not in ("log", "paused", "passes"))
    rows = request.output.rows(_grid(request))
    if request.output.times is not None:
        kept = {name: getattr(solutions, name) for name in SAMPLED}
        kept = {k: x[:, rows] for k, x in kept.items() if x is not None}
        solutions = solutions._replace(**kept)
    return Trajectory(
        times=np.asarray(plan.times)[rows],
        promise=promise,
        solver=method.name,
        ledger_kind=_ledger_kind(method, promise, plan),
        rise_tolerance=float(plan.rise_tolerance),
        rise_gain=float(plan.rise_gain),
        audited=plan.audit,
        notice=method.notice,
        step_log=log,
        seconds=ended - begun,
        resumption=Resumption(solutions.paused, of, float(plan.times[-1]))
        if plan.resumable
        else None,
        repeat=partial(_repeated, network, dynamics, probes, _quiet(request), plan),
        **{name: getattr(solutions, name) for name in names},
    )


def _plan(
    network: Network,
    dynamics: AbstractContinuousDynamics,
    probes: np.ndarray,
    request: Request,
) -> tuple[IntegrationPlan, Method]:
    """The request with the defaults of the precision; ValueError for bad arguments."""
    kept, step, tolerances = (
        request.output,
        request.step,
        request.filled(network.dtype),
    )
    rtol, atol = tolerances.rtol, tolerances.atol
    assert rtol is not None  # all are filled
    assert atol is not None
    method = dynamics.method(network, probes, request.span[1], request.solver, step)
    exact = method.ledger == "inequality"
    rounding = EPSILONS * float(np.finfo(network.dtype).eps)
    # a kink at s in a step misses s (1 - s) / 2 <= 1/8 of its jump; adaptive steps are
    # divided until it is a tenth of that
    rough = not exact and method.ledger_order < 1
    at_kinks = (rtol + atol) ** method.ledger_order / 8 if rough else 0.0
    at_kinks *= 0.1 if method.adaptive else 1
    clamped = request.mask(network)
    held = bool(np.any(clamped)) and not network.feature_lagrangian.additive
    number = lambda x: np.asarray(x, network.dtype)
    plan = IntegrationPlan(
        times=_grid(request).astype(network.dtype),
        step=number(DEFAULT_STEP if step is None else step),
        rtol=number(rtol),
        atol=number(atol),
        residual_tolerance=number(tolerances.residual),
        # THEORY 4.6: state noise of order rtol enters an energy at a minimum squared
        rise_gain=number(0 if exact else rtol),
        rise_tolerance=number(rounding + (0 if exact else 10 * rtol**2)),
        ledger_constant=number(rounding + at_kinks),
        clamped=clamped,
        solver=method.solver,
        adaptive=method.adaptive,
        audit=bool(kept.audit),
        inequality=exact,
        balance=not exact and not held,
        until_steady=request.until == "steady",
        save=request.saved,
        max_steps=int(request.max_steps),
        log_rows=LOG_ROWS if kept.step_log else 0,
        event=request.event,
        resumable=bool(kept.resumable),
    )
    return plan, method


def _same_steps(plan: IntegrationPlan) -> tuple:
    """What must be alike for a run to take over what another one kept of its steps."""
    return plan.clamped, plan.solver, plan.adaptive, plan.audit


def _grid(request: Request) -> Float[np.ndarray, " moment"]:
    return request.output.grid(*request.span)


def _quiet(request: Request) -> Request:
    """The same without progress, whose function no file of Python's pickle can hold."""
    silent = dataclasses.replace(request.execution, progress=None)
    return dataclasses.replace(request, execution=silent)


def _repeated(
    network: Network,
    dynamics: AbstractContinuousDynamics,
    probes: np.ndarray,
    request: Request,
    plan: IntegrationPlan,
    rows: Int[np.ndarray, " some"],
    finer: float,
) -> Trajectory:
    """Some probes of a run once more, in float64, at finer tolerances and steps."""
    take = lambda x: None if x is None else np.asarray(x)[rows]
    step = None if plan.adaptive else float(plan.step) * finer**0.25
    since = take(request.since)
    again = dataclasses.replace(
        request,
        since=since,
        resumption=None,
        duration=request.span[1] - (0.0 if since is None else float(np.max(since))),
        solver=plan.solver,
        step=step,
        max_steps=10 * request.max_steps,
        memory_start=take(request.memory_start),
        varied={k: take(x) for k, x in (request.varied or {}).items()},
        tolerances=Tolerances(
            float(plan.rtol) * finer,
            float(plan.atol) * finer,
            float(plan.residual_tolerance),
        ),
        output=Output(samples=2, save=()),
    )
    with precision("float64"):
        double = cast(network, np.float64)
        return _integrate(double, dynamics, probes[rows].astype(float), again)


def _by_cost(
    network: Network, dynamics: AbstractContinuousDynamics, batch: Batch
) -> tuple[np.ndarray | None, int]:
    """The order of falling cost (None if no parameters vary); the costliest probe."""
    if not batch.varied:
        return None, 0
    cost = np.nan_to_num(costs(network, dynamics, batch), nan=np.inf)
    # cheap probes last, so that the last round is short on every device
    return np.argsort(-cost, kind="stable"), int(np.argmax(cost))


def _promise(
    network: Network,
    dynamics: AbstractContinuousDynamics,
    batch: Batch,
    method: Method,
    plan: IntegrationPlan,
) -> Promise:
    """The promise that holds for all probes.

    Only the extremes of varied parameters are checked: each condition is an interval.
    """
    rows = {i for x in batch.varied.values() for i in extremes(x)} or {0}
    clamped = bool(np.any(plan.clamped))
    promises = []
    for row in sorted(rows):
        own = batch.take(row).own(network, dynamics)
        promises.append(own[1].promise(own[0], method, clamped))
    return min(promises, key=lambda promise: (promise.given, promise.proved))


def _step_log(
    run: Callable[..., Solution],
    batch: Batch,
    plan: IntegrationPlan,
    solutions: Solution,
    logged: int,
) -> StepLog:
    most = int(np.max(solutions.steps[:logged])) + 1
    if most > plan.log_rows:
        rows = 2 ** math.ceil(math.log2(most + 1))
        plan = dataclasses.replace(plan, log_rows=rows)
        solutions = run(batch.take(slice(logged)), plan)
        most = int(np.max(solutions.steps)) + 1  # other lanes: perhaps one step more
    assert solutions.log is not None  # log_rows > 0
    rows = np.array(solutions.log)[:logged, :most]
    rows[rows[..., -1] == UNUSED] = np.nan
    return StepLog(*np.moveaxis(rows, -1, 0))


def _with_nan_for_none(solutions: Solution, plan: IntegrationPlan) -> Solution:
    """NaN where there is nothing to report: no rise, no audit.

    On the host, since under `jax_debug_nans` a compiled program must not return one.
    """
    never = np.asarray(solutions.worst_rise) <= 0
    when = np.where(never, np.nan, solutions.worst_time)
    solutions = solutions._replace(worst_time=when)
    if plan.audit:
        return solutions
    nan = lambda x: np.full_like(x, np.nan)
    return solutions._replace(**{k: nan(getattr(solutions, k)) for k in AUDITED})


def _ledger_kind(method: Method, promise: Promise, plan: IntegrationPlan) -> str:
    """The theorem that the ledger is held to, "not applicable" where there is none."""
    if not plan.audit:
        return "not applicable"
    if method.ledger == "inequality":  # the promise itself
        return "inequality" if promise.given else "not applicable"
    return "balance" if plan.balance else "not applicable"


# --- checks of the arguments --------------------------------------------------------


def _raise_if_failed(trajectory: Trajectory) -> None:
    bad = [i for i, code in enumerate(trajectory.ending) if not Ending(code).as_asked]
    if bad:
        sentence = Ending(trajectory.ending[bad[0]]).sentence
        raise RuntimeError(
            f"{len(bad)} of {len(trajectory.ending)} probes did not end well; probe "
            f"{bad[0]}: {sentence}"
        )
