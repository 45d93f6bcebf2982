"""What solvers use of a flow besides its vector field."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
from jaxtyping import Array, Float

from .types import AnyArray, Scalar


class FlowState(NamedTuple):
    """The state of a flow and the accounts that are kept along it.

    Only `x` has an error. `residual` and `imbalance` are no integrals: `Settling` and
    `Audited` write them at the end of every step, where Diffrax's events and step size
    controllers can read them.
    """

    x: tuple[Float[AnyArray, " _n"], ...]  # (v, h), or (v,) for the adiabatic flow
    dissipated: Scalar | None = None  # Q, the energy dissipated since the start
    work: Scalar | None = None  # the work done against a drive, if there is one
    residual: Scalar | None = None  # tau-free, of the last step
    imbalance: Scalar | None = None  # of the ledger, relative, after the last step


class AbstractProblem(eqx.Module):
    """A flow with an energy. Solvers receive it as their `args`.

    To add one: implement the methods below for one probe; the layers of `FlowState.x`
    may be any.
    """

    @abc.abstractmethod
    def vector_field(self, t: Scalar, y: FlowState) -> FlowState:
        """The time derivative of the state and of its accounts."""

    @abc.abstractmethod
    def energy_and_scale(self, t: Scalar, y: FlowState) -> tuple[Scalar, Scalar]:
        """The energy that is audited, and the sum of its |terms|."""

    @abc.abstractmethod
    def residual(
        self,
        t: Scalar,
        y: FlowState,
        rates: FlowState | None = None,
        recalled: Array | None = None,
    ) -> Scalar:
        """The tau-free residual, from the rates or from `xi^T f` if they are known."""

    @abc.abstractmethod
    def recalled(self, y: FlowState) -> Array:
        """`xi^T f`, which one AltIMEX step ends with and the next begins with."""

    @abc.abstractmethod
    def alternate(
        self, t1: Scalar, dt: Scalar, y: FlowState, recalled: Array
    ) -> FlowState:
        """One AltIMEX step of length `dt` that ends at `t1`."""

    @abc.abstractmethod
    def memory(self, t: Scalar, y: FlowState) -> Array:
        """The state of the memory neurons."""

    @abc.abstractmethod
    def observe(self, t: Scalar, y: FlowState, save: tuple[str, ...]) -> dict[str, Any]:
        """What is kept of a state at a sampling time."""

    def curvatures(
        self, t: Scalar, y0: FlowState, y1: FlowState, alternating: bool
    ) -> Float[Array, " layer"] | None:
        """The least curvatures seen in a step to `y1`, of layers that may be concave.

        None if no layer is looked at.
        """
        return None

    def account(self, y: FlowState) -> Array:
        """All that has left the energy: dissipation and work."""
        assert y.dissipated is not None  # an audit needs an account
        return y.dissipated if y.work is None else y.dissipated + y.work
