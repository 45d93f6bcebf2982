"""Flows: what the two-layer and the adiabatic ODE share."""

import abc
from typing import Any, ClassVar, TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._common.problem import AbstractProblem, FlowState
from ..._common.types import AnyArray, cast, Scalar
from ...lagrangians import AbstractLagrangian
from ...lagrangians._convexity import curvature_between, curvature_towards
from ...network import Features, Hidden, Network
from ...spectrum import loop_gain
from ...trajectory import Promise
from .._base import AbstractContinuousDynamics, IntegrationPlan, Method, Solution
from .._batch import Batch
from .._request import Request, require, require_event
from ..drives import AbstractDrive
from ._layers import check_taus
from ._solver_choice import choose_solver, Kind, name_of, require_solver


if TYPE_CHECKING:  # type checkers would take AbstractVar for a dataclass field
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


class AbstractFlow(AbstractContinuousDynamics):
    """An ODE with an energy, integrated by Diffrax under an audit.

    To add one: declare the fields and implement the methods below for one state
    `x` (a tuple of layers); the rest is shared. Times are in units of `tau_feature`.
    """

    differentiable: ClassVar[bool] = True
    interruptible: ClassVar[bool] = True

    decay: AbstractVar[AnyArray]
    drive: AbstractVar[AbstractDrive | None]

    @abc.abstractmethod
    def start(self, network: Network, v: Features, h: Hidden | None) -> tuple:
        """The first state, with memory neurons slaved where `h` is None."""

    @abc.abstractmethod
    def forces(
        self, network: Network, x: tuple, free: Array, recalled: Array | None = None
    ) -> tuple:
        """The force on each layer, free of time constants; zero where it is clamped."""

    @abc.abstractmethod
    def forces_of(self, network: Network, rates: tuple) -> tuple | None:
        """The same from `dx/dt`; None if that would need a matrix product."""

    @abc.abstractmethod
    def field(self, network: Network, x: tuple, free: Array) -> tuple:
        """`dx/dt`, with the clamped feature neurons at rest."""

    @abc.abstractmethod
    def unrest(self, network: Network, x: tuple, forces: tuple) -> Scalar:
        """The size of the forces, relative to the state; zero at fixed points only."""

    def residual(
        self,
        network: Network,
        x: tuple,
        free: Array,
        rates: tuple | None = None,
        recalled: Array | None = None,
    ) -> Scalar:
        """The tau-free residual, from what a solver's step has computed already."""
        forces = None if rates is None else self.forces_of(network, rates)
        if forces is None:
            forces = self.forces(network, x, free, recalled)
        return self.unrest(network, x, forces)

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
    def recalled(self, network: Network, x: tuple) -> Float[Array, " feature"]:
        """`xi^T f`, with which an AltIMEX step begins and ends."""

    @abc.abstractmethod
    def alternate(
        self, network: Network, dt: Scalar, x: tuple, free: Array, recalled: Array
    ) -> tuple[tuple, Scalar]:
        """One AltIMEX step, and the loss of energy that its theorem guarantees."""

    @abc.abstractmethod
    def memory(self, network: Network, x: tuple) -> Float[Array, " memory"]:
        """The state of the memory neurons."""

    @abc.abstractmethod
    def gap(self, network: Network, x: tuple) -> Scalar:
        """By how much this energy exceeds the effective energy E(v)."""

    @abc.abstractmethod
    def stiffness(self, gain: AnyArray) -> float | AnyArray:
        """The largest rate of the flow, from the loop gain `s_max^2`."""

    @property
    def driven(self) -> bool:
        """True if a drive acts."""
        return self.drive is not None

    @property
    @abc.abstractmethod
    def clocks(self) -> dict[str, AnyArray]:
        """The time constants that are set, by name."""

    @property
    def deviation(self) -> str | None:
        if self.driven:
            return "a drive I(t)"
        decay = float(np.asarray(self.decay))
        if decay != 1:
            return f"the decay {decay:g}"
        for name, taus in self.clocks.items():
            if np.unique(np.asarray(taus)).size > 1:
                return f"neurons with different {name}"
        return None

    @property
    def rest_decay(self) -> float:
        decay = float(np.asarray(self.decay))
        if not self.driven and decay <= 0:
            raise ValueError(
                f"Fixed points need a decay > 0, got {decay:g}: without it only the "
                "direction of v comes to rest."
            )
        return super().rest_decay * decay

    @property
    def rest_duration(self) -> float:
        """A thousand of its slowest time constants, which a weak decay lengthens."""
        slowest = max(float(np.max(tau)) for tau in self.clocks.values())
        unit = float(np.mean(self.clocks["tau_feature"]))
        return super().rest_duration * slowest / unit / min(1, self.rest_decay)

    def rest_jacobian(self, network: Network, v: Features) -> tuple[Array, Array]:
        """The derivative of the field, by autodiff; all layers one after the other."""
        x, free = self.start(network, v, None), jnp.ones((network.features,), bool)
        cuts = np.cumsum([len(layer) for layer in x])[:-1]

        def field(y: Array) -> Array:
            layers = tuple(jnp.split(y, cuts))
            return jnp.concatenate(self.field(network, layers, free))

        y = jnp.concatenate(x)
        return jnp.eye(len(y), dtype=y.dtype), jax.jacfwd(field)(y)

    def validate(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        request: Request,
    ) -> None:
        """What every flow asks for, beside what its own state does (`start`)."""
        super().validate(network, probes, request)
        for name, tau in self.clocks.items():
            check_taus(network, name.removeprefix("tau_"), tau)
        if self.drive is not None:
            moment = jax.ShapeDtypeStruct((), network.dtype)
            shape = jax.eval_shape(self.drive, moment).shape
            rule = f"one number or {network.features}, one for each feature"
            right = shape in ((), (1,), (network.features,))
            require(right, "The drive", rule, f"shape {shape}")
        if request.event is not None:
            require_event(request.event, network.features, network.dtype)
        kind = require_solver(self.decay, network, request.solver, request.step)
        if kind is not None:
            self.may_use(kind)

    def method(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        duration: float,
        solver: Any,
        step: float | None,
    ) -> Method:
        """The requested solver, or the one that `auto` chooses."""
        method = choose_solver(
            self, self.decay, network, probes, duration, solver, step
        )
        return method._replace(solver=self.fitted(method.solver))

    def may_use(self, kind: Kind) -> None:
        """Raises ValueError for a solver that this flow cannot use."""

    def fitted(self, solver: Any) -> Any:
        """A Diffrax solver as this flow uses it."""
        return solver

    def promise(self, network: Network, method: Method, clamped: bool) -> Promise:
        """Which energy falls, as far as it is proved. [THEORY 1.2-1.3, 4.2]"""
        feature, memory = network.feature_lagrangian, network.memory_lagrangian
        alternating = method.ledger == "inequality"
        decay = np.asarray(self.decay)
        autapse = 0 if network.autapse is None else np.asarray(network.autapse)
        needed = self.convex_layers(network, alternating)
        concave = [n for n, layer in needed.items() if layer.convex is False]
        for obstacle, reason in (
            (self.driven, "a drive I(t) does work on the network"),
            ("feature" in concave, f"{name_of(feature)} of the features is not convex"),
            ("memory" in concave, f"{name_of(memory)} of the memories is not convex"),
            (
                clamped and not feature.additive,
                f"clamping needs an additive L_v, not {name_of(feature)}"
                + (", which does not say so" if feature.additive is None else ""),
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
        unknown = [n for n, layer in needed.items() if layer.convex is None]
        if unknown:
            return Promise("met", "convexity is not declared", tuple(unknown))
        kind = "full" if self.lags else "adiabatic"
        if "memory" in needed:
            return Promise(kind, "both Lagrangians are convex")
        return Promise(kind, "the feature Lagrangian is convex")

    def convex_layers(
        self, network: Network, alternating: bool
    ) -> dict[str, AbstractLagrangian]:
        """The Lagrangians on whose convexity the fall of this energy rests."""
        needed = {"feature": network.feature_lagrangian}
        if self.lags or alternating:
            needed["memory"] = network.memory_lagrangian
        return needed

    def cost(self, network: Network, v: Features) -> Scalar:
        """An estimate of the largest rate, which the number of explicit steps follows.

        It is taken at the state and after one long AltIMEX step, since the gains at a
        cue and at what it recalls differ.
        """
        flow = cast(self, network.dtype)
        free = jnp.ones(network.features, bool)
        x = flow.start(network, jnp.asarray(v), None)
        far = jnp.full((), 10.0, network.dtype)
        there, _ = flow.alternate(network, far, x, free, flow.recalled(network, x))
        gains = [loop_gain(network, y[0], flow.memory(network, y)) for y in (x, there)]
        return jnp.max(flow.stiffness(jnp.stack(gains)))

    def solve(self, network: Network, batch: Batch, plan: IntegrationPlan) -> Solution:
        """The motions of all probes, side by side, by the steps of a Diffrax solver."""

        def problem_of(probe: Batch) -> Flow:
            own, moved = probe.own(network, self)
            return Flow(cast(moved, own.dtype), own, ~plan.clamped)

        def start(probe: Batch) -> tuple:
            own, moved = probe.own(network, self)
            return moved.start(own, probe.probes, probe.memory_start)

        from .integration import integrate  # and with it Diffrax

        return integrate(problem_of, start, batch, self.driven, plan)


class Flow(AbstractProblem):
    """The initial-value problem of one flow on one network."""

    dynamics: AbstractFlow
    network: Network
    free: Array  # the feature neurons that are not clamped

    def _network(self, t: Scalar) -> Network:
        if self.dynamics.drive is None:
            return self.network
        return self.network.with_current(self.network.current + self.dynamics.drive(t))

    def vector_field(self, t: Scalar, y: FlowState) -> FlowState:
        """`dx/dt`, the rate of dissipation, and the power of the drive."""
        network = self._network(t)
        dx = self.dynamics.field(network, y.x, self.free)
        still = lambda x: None if x is None else 0 * x  # no integrals
        rates = FlowState(dx, residual=still(y.residual), imbalance=still(y.imbalance))
        if y.dissipated is not None:
            lost = self.dynamics.dissipation(network, y.x, dx)
            rates = rates._replace(dissipated=lost)
        if y.work is not None and self.dynamics.drive is not None:
            g = network.feature_lagrangian.activation(y.x[0])
            rates = rates._replace(work=jnp.sum(self.dynamics.drive.rate(t) * g))
        return rates

    def energy_and_scale(self, t: Scalar, y: FlowState) -> tuple[Scalar, Scalar]:
        """The dynamics' own energy under the current of time `t`, and its `S_E`."""
        return self.dynamics.energy_and_scale(self._network(t), y.x)

    def curvatures(
        self, t: Scalar, y0: FlowState, y1: FlowState, alternating: bool
    ) -> Float[Array, " layer"] | None:
        """The least curvatures of (L_v, L_h) in a step; infinite where known.

        `dx . H dx / |dx|^2` at its end, along the motion there or, for AltIMEX, the
        step, and the rise of the activation over the step. [THEORY 1.2, 4.2]
        """
        needed = self.dynamics.convex_layers(self._network(t), alternating)
        if all(layer.convex is not None for layer in needed.values()):
            return None
        network, x = self._network(t), y1.x
        if alternating:
            dx = jax.tree.map(jnp.subtract, x, y0.x)
        else:
            dx = self.dynamics.field(network, x, self.free)
        memory = lambda x: self.dynamics.memory(network, x)
        h, dh = jax.jvp(memory, (x,), (dx,))
        layers = {"feature": (y0.x[0], x[0], dx[0]), "memory": (memory(y0.x), h, dh)}
        seen = []
        for name, (start, end, rate) in layers.items():
            layer = needed.get(name)
            if layer is None or layer.convex is not None:
                seen.append(jnp.full((), jnp.inf, network.dtype))
                continue
            along = curvature_towards(layer, end, rate)
            seen.append(jnp.minimum(along, curvature_between(layer, start, end)))
        return jnp.stack(seen)

    def recalled(self, y: FlowState) -> Array:
        """`xi^T f`; the step adds the current, at its own time."""
        return self.dynamics.recalled(self.network, y.x)

    def alternate(
        self, t1: Scalar, dt: Scalar, y: FlowState, recalled: Array
    ) -> FlowState:
        """One AltIMEX step under the current of its end."""
        network, drive = self._network(t1), self.dynamics.drive
        x, lost = self.dynamics.alternate(network, dt, y.x, self.free, recalled)
        y = y._replace(x=x)
        if y.dissipated is not None:
            y = y._replace(dissipated=y.dissipated + lost)
        if y.work is not None and drive is not None:
            # the work over the step, by the midpoint rule: bookkeeping only
            g = network.feature_lagrangian.activation(x[0])
            y = y._replace(work=y.work + dt * jnp.sum(drive.rate(t1 - dt / 2) * g))
        return y

    def residual(
        self,
        t: Scalar,
        y: FlowState,
        rates: FlowState | None = None,
        recalled: Array | None = None,
    ) -> Scalar:
        """The tau-free residual, under the current of time `t`."""
        known = None if rates is None else rates.x
        return self.dynamics.residual(self._network(t), y.x, self.free, known, recalled)

    def memory(self, t: Scalar, y: FlowState) -> Array:
        """The memory neurons, under the current of time `t`."""
        return self.dynamics.memory(self._network(t), y.x)

    def observe(self, t: Scalar, y: FlowState, save: tuple[str, ...]) -> dict[str, Any]:
        """What is kept of a state at a sampling time."""
        network = self._network(t)
        energy = self.dynamics.energy(network, y.x)
        gap = self.dynamics.gap(network, y.x)
        lost = 0 * energy if y.dissipated is None else y.dissipated
        kept = {
            "energy": energy,
            "effective_energy": energy - gap,  # E(v, h) = E(v) + D [THEORY 1.4]
            "gap": gap,
            "dissipation": lost,
        }
        v, h = y.x[0], self.dynamics.memory(network, y.x)
        states = {"v": v, "g": network.feature_lagrangian.activation(v), "h": h}
        return kept | {name: states[name] for name in save}
