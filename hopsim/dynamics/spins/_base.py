"""The contract of spins: time counted in sweeps, and what engines need to know."""

import abc
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TYPE_CHECKING

import numpy as np
from jaxtyping import Array, Float

from ..._common.types import AnyArray
from ...network import Features, Network
from ...trajectory import Trajectory
from .._base import AbstractDynamics, Method
from .._request import Request, require
from ._starts import check_starts
from .flip_rules import FlipRule, HeatBath, MAX_SWEEPS
from .trajectories import spin_trajectory, SpinRun


if TYPE_CHECKING:  # a dataclass field to a type checker, which it is not
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


class AbstractSpinDynamics(AbstractDynamics):
    """A motion of spins of +1 and -1; time is counted in sweeps of N visits.

    To add one: declare its `order`, implement `evolve` and `promise`, and register it.
    Override `flip_rule` to support `relax`, `heat_bath` to support `sample`.
    `rest_decay` must raise ValueError if no state is ever at rest.
    """

    order: AbstractVar[str]  # in which a sweep visits the spins

    discrete: ClassVar[bool] = True
    rests_exactly: ClassVar[bool] = True

    @abc.abstractmethod
    def evolve(
        self,
        network: Network,
        starts: np.ndarray,
        sweeps: int,
        request: Request,
        watch: Callable[[int, np.ndarray], None],
    ) -> SpinRun:
        """The spins (start, feature) after `sweeps` sweeps, or once they rest.

        Must call `watch(sweep, spins)` for sweep = 0, 1, ... with all spins.
        """

    @property
    def flip_rule(self) -> FlipRule:
        """The rule at T = 0; raises ValueError for dynamics that have none."""
        raise ValueError(
            f"{type(self).__name__} has no rule at T = 0; relax takes dynamics like "
            "Binary."
        )

    @property
    def heat_bath(self) -> HeatBath:
        """Temperatures and order; raises ValueError for dynamics without them."""
        raise ValueError(
            f"{type(self).__name__} has no temperature; sample takes dynamics like "
            "Glauber."
        )

    @property
    def driven(self) -> bool:
        """False: currents of spins are constant."""
        return False

    def method(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        duration: float,
        solver: Any,
        step: float | None,
    ) -> Method:
        """Sweeps; raises ValueError if a solver or a step is given."""
        require(solver == "auto", "solver", "left out for spins", solver)
        require(step is None, "step", "left out for spins", step)
        return Method(f"{self.order} sweeps", None, False, "not applicable")

    def validate(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        request: Request,
    ) -> None:
        """What all spins ask for; override it with what else a rule does."""
        for name, value in (
            ("memory_start", request.memory_start),
            ("varied", ", ".join(request.varied or ()) or None),
            ("rtol", request.tolerances.rtol),
            ("atol", request.tolerances.atol),
            ("residual_tolerance", request.tolerances.residual),
            ("step_log", request.output.step_log or None),
        ):
            require(value is None, name, "left out for spins", value)
        require(
            request.duration >= 1, "duration", ">= 1 sweep of all spins",
            request.duration,
        )  # fmt: skip
        self.method(network, probes, request.duration, request.solver, request.step)
        check_starts(network.features, probes, request.clamped)

    def run(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        request: Request,
        integrate: Callable[..., Trajectory],
    ) -> Trajectory:
        """By `evolve`, which makes the sweeps."""
        method = self.method(
            network, probes, request.duration, request.solver, request.step
        )
        clamped = request.clamped is not None and bool(np.any(request.clamped))
        promise = self.promise(network, method, clamped)
        evolve = partial(self.evolve, network, probes, int(request.duration), request)
        return spin_trajectory(network, probes, request, evolve, promise, method)

    @property
    def rest_duration(self) -> float:
        """The sweeps that `relax` makes by default."""
        return float(MAX_SWEEPS)

    def rest_eigenvalues(
        self, network: Network, gains: Float[np.ndarray, "root feature"]
    ) -> Float[np.ndarray, "root eigenvalue"] | None:
        raise ValueError("Spins have no Jacobian; leave eigenvalues out.")

    def rest_jacobian(self, network: Network, v: Features) -> tuple[Array, Array]:
        raise ValueError("Spins have no Jacobian; leave eigenvalues out.")
