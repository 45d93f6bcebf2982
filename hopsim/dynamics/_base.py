"""The contract of every rule of motion: what runs, searches and studies rely on."""

import abc
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, TypeVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._common.names import shown
from .._common.registry import Registry
from .._common.types import AnyArray, Scalar
from ..network import Features, Network
from ..trajectory import Promise, Trajectory
from ._batch import Batch
from ._request import Request, require


dynamics_kinds = Registry("dynamics")

REST_TIME = 1000.0  # the longest flow to rest by default, in slowest time constants


class Method(NamedTuple):
    """The integrator that a run will use, and what its audit holds it to."""

    name: str
    solver: Any  # a Diffrax solver, or None for exact event-driven rules
    adaptive: bool
    ledger: str  # "balance", "inequality" or "not applicable"
    ledger_order: float = 1.0  # a balance errs by (rtol + atol) to this power
    notice: str | None = None


class IntegrationPlan(eqx.Module):
    """How to run: everything about a run that is neither network nor dynamics.

    Numbers are arrays, so that a new value needs no new compilation; choices are
    static. Times are in units of `tau_feature`.
    """

    times: Float[AnyArray, " sample"]
    step: Scalar
    rtol: Scalar
    atol: Scalar
    residual_tolerance: Scalar
    rise_gain: Scalar
    rise_tolerance: Scalar
    ledger_constant: Scalar  # what a balance may miss besides rtol + atol for each step
    clamped: Bool[AnyArray, " feature"]
    solver: Any
    adaptive: bool = eqx.field(static=True)
    audit: bool = eqx.field(static=True)
    inequality: bool = eqx.field(static=True)
    balance: bool = eqx.field(static=True)  # the ledger is held to one
    until_steady: bool = eqx.field(static=True)
    save: tuple[str, ...] = eqx.field(static=True)
    max_steps: int = eqx.field(static=True)
    log_rows: int = eqx.field(static=True)
    lanes: int | None = eqx.field(static=True, default=None)  # probes side by side
    event: Any = None  # a function that ends a run; see `occurs`
    resumable: bool = eqx.field(static=True, default=False)  # `paused` is kept


class Solution(NamedTuple):
    """The run of one probe, or, with one more axis 0, those of many."""

    energy: Float[Array, " sample"]
    effective_energy: Float[Array, " sample"]
    gap: Float[Array, " sample"]
    dissipation: Float[Array, " sample"]
    final: Float[Array, " feature"]
    final_memory: Float[Array, " memory"]
    end_time: Float[Array, ""]
    steps: Int[Array, ""]
    rejected: Int[Array, ""]
    residual: Float[Array, ""]
    worst_rise: Float[Array, ""]
    worst_time: Float[Array, ""]
    rise_limit: Float[Array, ""]
    worst_excess: Float[Array, ""]
    ledger_residual: Float[Array, ""]
    ledger_tolerance: Float[Array, ""]
    ending: Int[Array, ""]
    v: Float[Array, "sample feature"] | None = None
    g: Float[Array, "sample feature"] | None = None
    h: Float[Array, "sample memory"] | None = None
    undivided: Bool[Array, ""] | None = None
    least_curvature: Float[Array, " layer"] | None = None
    log: Float[Array, "step 4"] | None = None
    paused: Any = None  # what the run can go on with
    passes: Int[Array, ""] | None = None  # steps of all lanes while this batch was run


class AbstractDynamics(eqx.Module):
    """A rule of motion with its clock and the energy that theory promises will fall.

    `simulate`, `find_attractors` and the experiments use the members below and never
    test for a class. To add one: subclass `AbstractFlow` (an ODE),
    `AbstractContinuousDynamics` (any other motion of v in continuous time) or
    `AbstractSpinDynamics`, implement what is abstract there, register the class, and
    add it to `tests/cases.py`.
    """

    # states are spins of +1 and -1: no other state is infinitely near
    discrete: ClassVar[bool] = False
    # memory neurons have their own equation and initial state
    own_memory: ClassVar[bool] = False
    # what a run ends with is differentiable in all that it starts from: see hopsim.flow
    differentiable: ClassVar[bool] = False
    # its steps may end at an event that a user gives, and go on later
    interruptible: ClassVar[bool] = False
    # a run that ends at rest is exact to rounding, whatever its tolerances
    rests_exactly: ClassVar[bool] = False
    # what the progress of its runs counts
    counts: ClassVar[str] = "probes"

    @property
    def kind(self) -> str:
        """The kind by which scenarios name it, or the class name if not registered."""
        return dynamics_kinds.kind_of(type(self)) or type(self).__name__

    @property
    @abc.abstractmethod
    def driven(self) -> bool:
        """True if a drive I(t) acts: there is then no steady state to stop at."""

    @abc.abstractmethod
    def method(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        duration: float,
        solver: Any,
        step: float | None,
    ) -> Method:
        """The integrator for this network; raises ValueError if none is suitable."""

    @abc.abstractmethod
    def validate(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        request: Request,
    ) -> None:
        """Raises ValueError for a request that this motion cannot meet.

        Computes and compiles nothing, and looks at memories and probes only for their
        shapes and for spins, so that other numbers may stand in for what is not drawn.
        """

    @abc.abstractmethod
    def promise(self, network: Network, method: Method, clamped: bool) -> Promise:
        """Which energy falls along this motion, and why (or why none is promised)."""

    @abc.abstractmethod
    def run(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        request: Request,
        integrate: Callable[..., Trajectory],
    ) -> Trajectory:
        """The trajectories of all probes.

        `integrate(network, dynamics, probes, request)` computes them from `solve`, in
        chunks on all devices and under an audit.
        """

    @property
    def deviation(self) -> str | None:
        """How this motion differs from the plain flow; None if it does not.

        The plain flow has decay 1, no drive, and one clock for each layer.
        """
        return type(self).__name__

    # --- at rest ----------------------------------------------------------------------

    @property
    def rest_decay(self) -> float:
        """The decay alpha of fixed points; raises ValueError where there are none."""
        if self.driven:
            raise ValueError(
                "A driven network has no fixed points; leave the drive out, or give "
                "its mean as the network's current."
            )
        return 1.0

    @property
    def rest_duration(self) -> float:
        """The longest flow to rest, where a search is given none.

        A motion that lingers near a critical point may take longer. Raises ValueError
        where nothing comes to rest.
        """
        return REST_TIME

    @property
    def lags(self) -> bool:
        """True if memory neurons lag: for L_h not convex loop gains decide nothing."""
        return False

    @abc.abstractmethod
    def rest_eigenvalues(
        self, network: Network, gains: Float[np.ndarray, "root feature"]
    ) -> Float[np.ndarray, "root eigenvalue"] | None:
        """All eigenvalues at rest from the loop gains s_k^2, ascending.

        None if there is no closed form: then `rest_jacobian` is used. Raises
        ValueError if nothing can be differentiated.
        """

    @abc.abstractmethod
    def rest_jacobian(self, network: Network, v: Features) -> tuple[Array, Array]:
        r"""M and J of $M \dot y = J y$ for small y about the fixed point v."""


class AbstractContinuousDynamics(AbstractDynamics):
    """A motion of v in continuous time, each probe on its own.

    To add one: implement the methods below as well. `solve` and `cost` are compiled
    (`cost` takes one probe and is vmapped); `method` and `promise` run on the host,
    before. Override `validate` with what else the motion asks for.
    """

    def validate(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        request: Request,
    ) -> None:
        """What every motion in continuous time asks for."""
        logged, kept = request.output.step_log, request.output
        require(0 <= logged <= len(probes), "step_log", "0 to the probes", logged)
        require(kept.audit or not logged, "step_log", "0 without an audit", logged)
        step = request.step
        finite = step is None or 0 < step < np.inf
        require(finite, "step", "a finite number > 0", step)
        request.filled(network.dtype)
        request.mask(network)
        request.start_of_memories(network, len(probes))
        if self.driven and request.until == "steady":
            raise ValueError(
                "A driven network has no steady state to stop at; use until = "
                '"duration".'
            )

    def run(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        request: Request,
        integrate: Callable[..., Trajectory],
    ) -> Trajectory:
        return integrate(network, self, probes, request)

    @abc.abstractmethod
    def solve(self, network: Network, batch: Batch, plan: IntegrationPlan) -> Solution:
        """The motions of all probes of a batch; axis 0 of the solution is the probe.

        `batch.memory_start` is None for slaved memory neurons; rows that are not
        `batch.asked` may be left out. A motion that is written for one probe is
        `jax.lax.map` of it over the batch, `plan.lanes` probes at a time, with
        `probe.own` for the parameters that vary.
        """

    @abc.abstractmethod
    def cost(self, network: Network, v: Features) -> Scalar:
        """The expected cost of the motion from `v`, in units of this dynamics."""


def require_dynamics(dynamics: Any) -> None:
    """Raises ValueError for anything but dynamics, saying what it is instead."""
    if isinstance(dynamics, AbstractDynamics):
        return
    told, known = shown(str(dynamics)), ", ".join(dynamics_kinds)
    if isinstance(dynamics, type) and issubclass(dynamics, AbstractDynamics):
        told = f"the class; write {dynamics.__name__}(...)"
    elif isinstance(dynamics, str) and dynamics in dynamics_kinds:
        told = f"its name; write {dynamics_kinds[dynamics].__name__}(...)"
    raise ValueError(
        f"dynamics must be an instance of hopsim.dynamics ({known}), got {told}."
    )


Kind = TypeVar("Kind")


def expected(dynamics: AbstractDynamics, kind: type[Kind], study: str) -> Kind:
    """The dynamics, checked to be of a kind; ValueError if a study needs another.

    A study of the two-layer flow, say, reads its
    time constants.
    """
    if not isinstance(dynamics, kind):
        makers: dict[str, Any] = {name: dynamics_kinds[name] for name in dynamics_kinds}
        known = [f'"{k}"' for k, maker in makers.items() if issubclass(maker, kind)]
        known = known or [f"the class {kind.__name__}"]
        raise ValueError(
            f'The experiment "{study}" needs dynamics kind {" or ".join(known)}, got '
            f"{type(dynamics).__name__}; set that kind."
        )
    return dynamics
