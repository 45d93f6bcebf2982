"""What a solver may ask of a flow, beside its vector field."""

import abc
from typing import NamedTuple

import equinox as eqx
from jaxtyping import Array, Float

from .._types import AnyArray, Scalar


class FlowState(NamedTuple):
    """The state of a flow and the accounts that are kept along it."""

    x: tuple[Float[AnyArray, " _n"], ...]  # (v, h), or (v,) for the adiabatic flow
    dissipated: Scalar  # Q, the energy dissipated since the start
    work: Scalar | None = None  # the work done against a drive, if there is one


class AbstractProblem(eqx.Module):
    """A flow with an energy. Solvers receive it as their `args`.

    To add one: implement the methods below for one probe; `FlowState.x` is yours.
    """

    @abc.abstractmethod
    def vector_field(self, t: Scalar, y: FlowState, args: object) -> FlowState:
        """The time derivative of the state and of its accounts."""

    @abc.abstractmethod
    def energy_and_scale(self, t: Scalar, y: FlowState) -> tuple[Scalar, Scalar]:
        """The energy that is audited, and the sum of its |terms|."""

    @abc.abstractmethod
    def alternate(self, t1: Scalar, dt: Scalar, y: FlowState) -> FlowState:
        """One AltIMEX step of length `dt` that ends at `t1`."""

    def account(self, y: FlowState) -> Array:
        """All that has left the energy: dissipation and work."""
        return y.dissipated if y.work is None else y.dissipated + y.work
