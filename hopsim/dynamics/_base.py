"""The contract between a rule of motion and `simulate`."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
from jaxtyping import Array, Bool, Float, Int

from .._common.registry import Registry
from .._common.types import AnyArray, Scalar
from ..network import Features, Hidden, Network
from ..trajectory import Promise


dynamics_kinds = Registry("dynamics")


class Method(NamedTuple):
    """The integrator that a run will use, and what its audit holds it to."""

    name: str
    solver: Any  # a Diffrax solver, or None for exact event-driven rules
    adaptive: bool
    ledger: str  # "balance", "inequality" or "not applicable"
    ledger_order: float = 1.0  # a balance misses by (rtol + atol) to this power
    notice: str | None = None


class Plan(eqx.Module):
    """How to run: everything about a run that is neither network nor dynamics.

    Numbers are arrays (a new value compiles nothing anew); choices are static. Times
    are in units of `tau_feature`.
    """

    times: Float[AnyArray, " sample"]
    step: Scalar
    rtol: Scalar
    atol: Scalar
    residual_tolerance: Scalar
    rise_gain: Scalar
    rise_tolerance: Scalar
    clamped: Bool[AnyArray, " feature"]
    solver: Any
    adaptive: bool = eqx.field(static=True)
    audit: bool = eqx.field(static=True)
    inequality: bool = eqx.field(static=True)
    until_steady: bool = eqx.field(static=True)
    save: tuple[str, ...] = eqx.field(static=True)
    max_steps: int = eqx.field(static=True)
    log_rows: int = eqx.field(static=True)


class Solution(NamedTuple):
    """The run of one probe; `simulate` stacks them into a `Trajectory`."""

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
    ending: Int[Array, ""]
    v: Float[Array, "sample feature"] | None = None
    g: Float[Array, "sample feature"] | None = None
    h: Float[Array, "sample memory"] | None = None
    log: Float[Array, "step 4"] | None = None


class AbstractDynamics(eqx.Module):
    """A rule of motion with its clock and the energy that theory promises will fall.

    To add one: implement the methods below and register the class. `solve` and `cost`
    take one probe and are vmapped; `method` and `promise` run on the host, before.
    """

    @abc.abstractmethod
    def method(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        duration: float,
        solver: Any,
        step: float | None,
    ) -> Method:
        """The integrator for this network; raises ValueError where none is right."""

    @abc.abstractmethod
    def promise(self, network: Network, method: Method, clamped: bool) -> Promise:
        """Which energy falls along this motion, and why (or why none is promised)."""

    @abc.abstractmethod
    def solve(
        self, network: Network, v: Features, h: Hidden | None, plan: Plan
    ) -> Solution:
        """The motion from one state; `h` is None for slaved memory neurons."""

    @abc.abstractmethod
    def cost(self, network: Network, v: Features) -> Scalar:
        """What the motion from `v` may cost, to compare it with others of its kind."""

    @property
    @abc.abstractmethod
    def driven(self) -> bool:
        """True if a drive I(t) acts: there is then no steady state to stop at."""
