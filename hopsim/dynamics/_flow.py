"""Flows: what the two-layer and the adiabatic ODE share, and the door to Diffrax."""

import abc
from typing import Any, TYPE_CHECKING

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import AnyArray, cast, Scalar
from ..network import Features, Hidden, Network
from ..solvers import AbstractProblem, AltIMEX, Audited, FlowState
from ..spectrum import loop_gain
from ..trajectory import Ending, Promise
from ._base import AbstractDynamics, Method, Plan, Solution
from ._drive import AbstractDrive


if TYPE_CHECKING:  # a dataclass field to a type checker, which it is not
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar

SOLVERS: dict[str, type[dfx.AbstractSolver]] = {
    "tsit5": dfx.Tsit5,
    "dopri8": dfx.Dopri8,
    "kvaerno3": dfx.Kvaerno3,
    "kvaerno5": dfx.Kvaerno5,
    "altimex": AltIMEX,
}
# explicit steps settle where dt * rho is about 3.5 for Tsit5 [THEORY 4.4]
STEPS_PER_STIFF_TIME = 1 / 3.5
DEFAULT_STEP = 0.1  # of AltIMEX, in units of tau_feature
EXPLICIT_STEPS = 20_000  # beyond this many, an explicit solver is given up
IMPLICIT_SIZE = 256  # up to this many neurons, a dense Newton matrix is affordable


class AbstractFlow(AbstractDynamics):
    """An ODE with an energy, integrated by Diffrax under an audit.

    To add one: declare the fields and implement the methods below for one state
    `x` (a tuple of layers); the rest is shared. Times are in units of `tau_feature`.
    """

    decay: AbstractVar[AnyArray]
    drive: AbstractVar[AbstractDrive | None]

    @abc.abstractmethod
    def start(self, network: Network, v: Features, h: Hidden | None) -> tuple:
        """The first state, with memory neurons slaved where `h` is None."""

    @abc.abstractmethod
    def field(self, network: Network, x: tuple, free: Array) -> tuple:
        """`dx/dt`, with the clamped feature neurons at rest."""

    @abc.abstractmethod
    def residual(self, network: Network, x: tuple, free: Array) -> Scalar:
        """The tau-free residual, relative to the state; zero at fixed points only."""

    @abc.abstractmethod
    def energy_and_scale(self, network: Network, x: tuple) -> tuple[Scalar, Scalar]:
        """The energy of this flow, and the sum of its |terms|."""

    def energy(self, network: Network, x: tuple) -> Scalar:
        """The energy of this flow."""
        return self.energy_and_scale(network, x)[0]

    @abc.abstractmethod
    def dissipation(self, network: Network, x: tuple, dx: tuple) -> Scalar:
        """The rate at which the flow loses that energy, >= 0 for convex Lagrangians."""

    @abc.abstractmethod
    def alternate(
        self, network: Network, dt: Scalar, x: tuple, free: Array
    ) -> tuple[tuple, Scalar]:
        """One AltIMEX step, and the loss of energy that its theorem guarantees."""

    @abc.abstractmethod
    def memory(self, network: Network, x: tuple) -> Float[Array, " memory"]:
        """The state of the memory neurons."""

    @abc.abstractmethod
    def gap(self, network: Network, x: tuple) -> Scalar:
        """What this energy exceeds the effective energy E(v) by."""

    @abc.abstractmethod
    def stiffness(self, gain: AnyArray) -> AnyArray:
        """The largest rate of the flow, from the loop gain `s_max^2`."""

    @property
    @abc.abstractmethod
    def needs_convex_memory(self) -> bool:
        """True if descent needs a convex memory Lagrangian."""

    @property
    def driven(self) -> bool:
        """True if a drive acts."""
        return self.drive is not None

    def method(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        duration: float,
        solver: Any,
        step: float | None,
    ) -> Method:
        """The solver asked for, or the one that `auto` decides on."""
        smooth = network.feature_lagrangian.smooth and network.memory_lagrangian.smooth
        notice = None
        if solver == "auto":
            solver, notice = self._choose(network, probes, duration, smooth)
        if isinstance(solver, str):
            if solver not in SOLVERS:
                raise ValueError(
                    f"There is no solver {solver!r}; valid names are auto, "
                    f"{', '.join(SOLVERS)}, or pass a Diffrax solver."
                )
            solver = SOLVERS[solver]()
        if not isinstance(solver, dfx.AbstractSolver):
            raise ValueError(
                f"solver is a name or a Diffrax solver, got {solver!r}; valid names "
                f"are auto, {', '.join(SOLVERS)}."
            )
        name = type(solver).__name__
        if isinstance(solver, AltIMEX):
            _check_altimex(network, self.decay, DEFAULT_STEP if step is None else step)
            return Method(name, solver, False, "inequality", notice=notice)
        if not smooth:
            raise ValueError(
                f"{name} must not integrate across the jumps of "
                f'{_jumping(network)}: use solver = "altimex", or dynamics kind '
                '"sharp" for the sharp model A.'
            )
        implicit = isinstance(solver, dfx.AbstractImplicitSolver)
        if implicit and network.dtype == np.float32:
            raise ValueError(
                f"Implicit solvers stall in float32, got {name}: use float64 memories, "
                "an explicit solver or AltIMEX."
            )
        order = _ledger_order(network, solver)
        return Method(name, solver, step is None, "balance", order, notice)

    def _choose(
        self, network: Network, probes: AnyArray, duration: float, smooth: bool
    ) -> tuple[str, str | None]:
        if not smooth:
            return "altimex", f"AltIMEX, since {_jumping(network)} has jumps."
        rate = float(_stiffness(self, network, probes[:8]))
        steps = duration * rate * STEPS_PER_STIFF_TIME
        if not steps > EXPLICIT_STEPS:
            return "tsit5", None
        stiff = f"an explicit solver would take about {steps:.0f} steps"
        small = network.features + network.count <= IMPLICIT_SIZE
        if small and network.dtype == np.float64:
            return "kvaerno3", f"Kvaerno3, since {stiff}."
        return "altimex", f"AltIMEX (first order in the step), since {stiff}."

    def promise(self, network: Network, method: Method, clamped: bool) -> Promise:
        """Which energy falls, as far as it is proved. [THEORY 1.2-1.3, 4.2]"""
        feature, memory = network.feature_lagrangian, network.memory_lagrangian
        alternating = isinstance(method.solver, AltIMEX)
        decay = np.asarray(self.decay)
        autapse = 0 if network.autapse is None else np.asarray(network.autapse)
        needs_memory = self.needs_convex_memory or alternating
        for obstacle, reason in (
            (self.driven, "a drive I(t) does work on the network"),
            (not feature.convex, f"{_name(feature)} of the features is not convex"),
            (
                needs_memory and not memory.convex,
                f"{_name(memory)} of the memories is not convex",
            ),
            (
                clamped and not feature.additive,
                f"clamping needs an additive L_v, not {_name(feature)}",
            ),
            (
                decay != 1 and feature.degree != 1,
                "a decay other than 1 needs an L_v of degree one",
            ),
            (alternating and autapse < 0, "AltIMEX needs an autapse >= 0"),
            (
                alternating and clamped and decay < 0,
                "AltIMEX with clamped features needs a decay >= 0",
            ),
        ):
            if obstacle:
                return Promise("none", reason)
        kind = "full" if self.needs_convex_memory else "adiabatic"
        if needs_memory:
            return Promise(kind, "both Lagrangians are convex")
        return Promise(kind, "the feature Lagrangian is convex")

    def solve(
        self, network: Network, v: Features, h: Hidden | None, plan: Plan
    ) -> Solution:
        """Integrate one probe with Diffrax."""
        return _integrate(
            Flow(cast(self, network.dtype), network, ~plan.clamped), v, h, plan
        )


class Flow(AbstractProblem):
    """The initial-value problem of one flow on one network."""

    dynamics: AbstractFlow
    network: Network
    free: Array  # the feature neurons that are not clamped

    def _network(self, t: Scalar) -> Network:
        if self.dynamics.drive is None:
            return self.network
        return self.network.with_current(self.network.current + self.dynamics.drive(t))

    def vector_field(self, t: Scalar, y: FlowState, args: object) -> FlowState:
        """`dx/dt`, the rate of dissipation, and the power of the drive."""
        network = self._network(t)
        dx = self.dynamics.field(network, y.x, self.free)
        lost = self.dynamics.dissipation(network, y.x, dx)
        work = None
        if self.dynamics.drive is not None:
            g = network.feature_lagrangian.activation(y.x[0])
            work = jnp.sum(self.dynamics.drive.rate(t) * g)
        return FlowState(dx, lost, work)

    def energy_and_scale(self, t: Scalar, y: FlowState) -> tuple[Scalar, Scalar]:
        """The dynamics' own energy under the current of time `t`, and its `S_E`."""
        return self.dynamics.energy_and_scale(self._network(t), y.x)

    def alternate(self, t1: Scalar, dt: Scalar, y: FlowState) -> FlowState:
        """One AltIMEX step under the current of its end."""
        network = self._network(t1)
        x, lost = self.dynamics.alternate(network, dt, y.x, self.free)
        # the work over the step, by the midpoint rule: bookkeeping only
        work, drive = y.work, self.dynamics.drive
        if drive is not None:
            middle = t1 - dt / 2
            g = network.feature_lagrangian.activation(x[0])
            work = work + dt * jnp.sum(drive.rate(middle) * g)
        return FlowState(x, y.dissipated + lost, work)

    def residual(self, t: Scalar, y: FlowState) -> Scalar:
        """The tau-free residual, under the current of time `t`."""
        return self.dynamics.residual(self._network(t), y.x, self.free)

    def memory(self, t: Scalar, y: FlowState) -> Array:
        """The memory neurons, under the current of time `t`."""
        return self.dynamics.memory(self._network(t), y.x)

    def observe(self, t: Scalar, y: FlowState, save: tuple[str, ...]) -> dict[str, Any]:
        """What is kept of a state at a sampling time."""
        network = self._network(t)
        energy, gap = (
            self.dynamics.energy(network, y.x),
            self.dynamics.gap(network, y.x),
        )
        kept = {
            "energy": energy,
            "effective_energy": energy - gap,  # E(v, h) = E(v) + D [THEORY 1.4]
            "gap": gap,
            "dissipation": y.dissipated,
        }
        v, h = y.x[0], self.dynamics.memory(network, y.x)
        states = {"v": v, "g": network.feature_lagrangian.activation(v), "h": h}
        return kept | {name: states[name] for name in save}


# --- the only call of diffeqsolve ---------------------------------------------------


def _integrate(flow: Flow, v: Features, h: Hidden | None, plan: Plan) -> Solution:
    dtype = flow.network.dtype
    zero = jnp.zeros((), dtype)
    work = zero if flow.dynamics.driven else None
    y0 = FlowState(flow.dynamics.start(flow.network, v, h), zero, work)

    # --- integrate
    solver = _with_tolerances(plan.solver, plan)
    audited = Audited(
        solver, plan.rise_gain, plan.rise_tolerance, plan.inequality, plan.log_rows
    )
    duration = plan.times[-1]
    controller: dfx.AbstractStepSizeController = dfx.ConstantStepSize()
    if plan.adaptive:
        # a step this small means a blow-up, not a solution
        smallest = 4 * jnp.finfo(dtype).eps * jnp.minimum(duration, 100)
        controller = dfx.PIDController(
            rtol=plan.rtol,
            atol=plan.atol,
            norm=_state_norm,
            dtmin=smallest,
            force_dtmin=False,
        )
    saveat = dfx.SaveAt(
        subs=[dfx.SubSaveAt(ts=plan.times), dfx.SubSaveAt(t1=True)], solver_state=True
    )
    solution = dfx.diffeqsolve(
        dfx.ODETerm(flow.vector_field),
        audited,
        t0=zero,
        t1=duration,
        dt0=None if plan.adaptive else plan.step,
        y0=y0,
        args=flow,
        saveat=saveat,
        stepsize_controller=controller,
        event=dfx.Event(_ended(plan)),
        adjoint=dfx.ForwardMode(),
        max_steps=plan.max_steps,
        throw=False,
    )

    # --- collect
    assert solution.ys is not None  # SaveAt above asks for all of these
    assert solution.ts is not None
    assert solution.solver_state is not None
    samples, end = solution.ys
    last = jax.tree.map(lambda y: y[0], end)
    end_time = solution.ts[1][0]
    reached = jnp.isfinite(solution.ts[0])  # Diffrax pads what it did not reach
    fill = lambda s, e: jnp.where(reached.reshape((-1,) + (1,) * (e.ndim - 1)), s, e)
    samples = jax.tree.map(fill, samples, end)
    times = jnp.minimum(plan.times, end_time)
    kept = jax.vmap(lambda t, y: flow.observe(t, y, plan.save))(times, samples)
    audit = solution.solver_state[1]
    residual = flow.residual(end_time, last)
    return Solution(
        **kept,
        final=last.x[0],
        final_memory=flow.memory(end_time, last),
        end_time=end_time,
        steps=solution.stats["num_accepted_steps"],
        rejected=solution.stats["num_rejected_steps"],
        residual=residual,
        worst_rise=audit.worst_rise,
        worst_time=audit.worst_time,
        rise_limit=audit.rise_limit,
        worst_excess=audit.worst_excess,
        ledger_residual=audit.ledger,
        ending=_ending(solution.result, residual, audit.energy, plan),
        log=audit.log,
    )


def _ended(plan: Plan):
    def ended(t, y, args, **_):
        total = sum(jnp.sum(layer) for layer in y.x)
        broken = ~jnp.isfinite(total)
        if not plan.until_steady:
            return broken
        return broken | (args.residual(t, y) < plan.residual_tolerance)

    return ended


def _ending(result: Any, residual: Array, energy: Array, plan: Plan) -> Array:
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


def _state_norm(y: FlowState) -> Array:
    """Root mean square over the layers: the accounts never steer the step size."""
    square = sum(jnp.vdot(layer, layer) for layer in y.x)
    square = square / sum(layer.size for layer in y.x)
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)


def _with_tolerances(solver: Any, plan: Plan) -> Any:
    if not isinstance(solver, dfx.AbstractImplicitSolver):
        return solver
    finder = dfx.VeryChord(rtol=plan.rtol, atol=plan.atol, norm=_state_norm)
    return eqx.tree_at(lambda s: s.root_finder, solver, finder)


@eqx.filter_jit
def _stiffness(flow: AbstractFlow, network: Network, probes: AnyArray) -> Array:
    """The largest rate seen at the first probes and at the first memories."""
    flow = cast(flow, network.dtype)
    free = jnp.ones(network.features, bool)

    def rate(v: Array) -> Array:
        x = flow.start(network, v, None)
        # one long AltIMEX step as well: gains at the cue and at what it recalls differ
        x_far, _ = flow.alternate(network, jnp.full((), 10.0, network.dtype), x, free)
        gains = [loop_gain(network, y[0], flow.memory(network, y)) for y in (x, x_far)]
        return jnp.max(flow.stiffness(jnp.stack(gains)))

    states = jnp.concatenate([jnp.asarray(probes), network.memories[:8]])
    return jnp.max(jax.vmap(rate)(states))


def _check_altimex(network: Network, decay: AnyArray, step: float) -> None:
    feature = network.feature_lagrangian
    if network.autapse is not None and (not feature.smooth or feature.degree == 1):
        raise ValueError(
            "AltIMEX takes the autapse implicitly, which needs a smooth feature "
            f"Lagrangian, got {_name(feature)}; use log_cosh, norm with delta > 0, or "
            'dynamics kind "sharp".'
        )
    if 1 + float(np.asarray(decay)) * step <= 0:
        raise ValueError(
            "AltIMEX needs 1 + decay * step > 0, got decay = "
            f"{float(np.asarray(decay)):g} and step = {step:g}; use a smaller step."
        )


def _ledger_order(network: Network, solver: Any) -> float:
    """The power of the tolerance with which the balance of a ledger is kept.

    A step of length dt across a kink of max(x, 0)^n, where the Hessian is rough, leaves
    an error dt^(n-1) in Q; and dt goes as the tolerance to the power 1/order. Without
    kinks the power is one.
    """
    layers = (network.feature_lagrangian, network.memory_lagrangian)
    kinks = [layer.kink for layer in layers if layer.kink is not None]
    order = solver.order(None) or 1
    return min([1.0, *((n - 1) / order for n in kinks)])


def _name(lagrangian: Any) -> str:
    inner = getattr(lagrangian, "lagrangian", lagrangian)
    vertex = getattr(inner, "n", None)
    return type(inner).__name__ + (f"(n={vertex})" if vertex is not None else "")


def _jumping(network: Network) -> str:
    layers = (network.feature_lagrangian, network.memory_lagrangian)
    return " and ".join(_name(layer) for layer in layers if not layer.smooth)
