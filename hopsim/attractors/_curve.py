"""A curve of fixed points in (state, parameter), and Newton's method onto it."""

import dataclasses
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._common.environment import precision
from .._common.types import AnyArray, cast, Scalar
from ..dynamics.flows.rest import rest_condition
from ..spectrum import loop_gains
from .branches import NetworkOf


NEWTON_STEPS = 12  # of one correction; a good prediction takes three
RESIDUAL_ROUNDING = 1e-13  # of the residual, in units of the longest memory


class CurvePoint(NamedTuple):
    """A point of the curve, its tangent and spectrum, and how Newton's method ended."""

    y: np.ndarray  # the state in units of the longest memory; (parameter - low) / span
    tangent: np.ndarray
    gains: np.ndarray  # s_k^2 / alpha, the largest first
    energy: float
    residual: float
    rounds: int
    converged: bool

    @property
    def unstable(self) -> int:
        """The number of unstable modes."""
        return int(np.sum(self.gains > 1))


@dataclasses.dataclass(frozen=True)
class Curve:
    """The family of networks, the decay alpha, and the units of `y`."""

    network_of: NetworkOf
    decay: np.ndarray
    unit: np.ndarray
    low: float
    span: float

    @classmethod
    def made(cls, network_of, v, low: float, high: float, decay: float) -> "Curve":
        """The curve for [low, high]; ValueError for invalid arguments."""
        if not (decay > 0 and np.isfinite(decay)):
            raise ValueError(f"A branch needs a decay > 0, got {decay}.")
        with precision("float64"):
            if isinstance(network_of, eqx.Module):  # else it would round the values
                network_of = cast(network_of, np.float64)
            network = network_of(jnp.asarray(low, float))
            layers = (network.feature_lagrangian, network.memory_lagrangian)
            if any(layer.jumps for layer in layers):
                raise ValueError(
                    "Branches need activations without jumps, got "
                    f"{' and '.join(type(layer).__name__ for layer in layers)}; in "
                    "model A set beta."
                )
            if np.shape(v) != (network.features,) or not np.all(np.isfinite(v)):
                raise ValueError(
                    f"v must be one finite state of shape ({network.features},), got "
                    f"shape {np.shape(v)}."
                )
            lengths = [*np.linalg.norm(network.memories, axis=1), np.linalg.norm(v)]
            unit = np.asarray(float(np.max(lengths)) or 1.0)
        return cls(network_of, np.asarray(decay, float), unit, low, (high - low) or 1.0)

    def scaled(self, v: np.ndarray, parameter: float) -> np.ndarray:
        """The coordinates `y` of a state and a parameter."""
        return np.append(v / self.unit, (parameter - self.low) / self.span)

    def state(self, y: np.ndarray) -> np.ndarray:
        """The state v at the coordinates `y`."""
        return y[:-1] * self.unit

    def parameter(self, y: np.ndarray) -> float:
        """The parameter at the coordinates `y`."""
        return float(self.low + self.span * y[-1])

    def solved_at(self, v: np.ndarray, parameter: float) -> CurvePoint:
        """The fixed point near `v` at one value of the parameter."""
        guess = self.scaled(v, parameter)
        along = np.zeros_like(guess)
        along[-1] = 1
        return self.corrected(guess, along, guess)

    def ahead(self, point: CurvePoint, length: float) -> CurvePoint:
        """The point at an arc length `length` ahead, predicted along the tangent."""
        guess = point.y + length * point.tangent
        return self.corrected(guess, point.tangent, guess)

    def corrected(self, guess, along, through) -> CurvePoint:
        """Newton's method onto the curve, in the plane `along . (y - through) = 0`."""
        y, rounds, residual = np.array(guess), 0, np.inf
        while True:
            off, slope = self._rest(y)
            residual = float(np.max(np.abs(off)))
            # also true for NaN
            if not residual > RESIDUAL_ROUNDING or rounds == NEWTON_STEPS:
                break
            step = np.append(off, along @ (y - through))
            y = y - _solved(np.vstack([slope, along]), step)
            rounds += 1
        ahead = np.append(np.zeros(len(y) - 1), 1.0)
        tangent = _solved(np.vstack([slope, along]), ahead)
        # at a branching point the tangent is not unique: keep the old one
        tangent = tangent if np.all(np.isfinite(tangent)) else np.asarray(along)
        tangent = tangent / np.linalg.norm(tangent)
        v, parameter = self.state(y), np.asarray(self.parameter(y))
        gains, energy = _looked_at(self.network_of, self.decay, v, parameter)
        good = residual < 1e3 * RESIDUAL_ROUNDING
        return CurvePoint(
            y, tangent, np.asarray(gains), float(energy), residual, rounds, good
        )

    def mode(self, point: CurvePoint) -> np.ndarray:
        """The direction in which the condition of rest changes least."""
        return np.linalg.svd(self._rest(point.y)[1][:, :-1])[2][-1]

    def _rest(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The condition of rest and its derivatives, in the units of `y`."""
        units = np.asarray([float(self.unit), self.low, self.span])
        rest, slope = _rest(self.network_of, self.decay, units, y)
        return np.asarray(rest), np.asarray(slope)


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solution of a linear system; NaN where the matrix is singular."""
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.full(len(right), np.nan)


# only these two are compiled; the linear algebra runs on the host
@eqx.filter_jit
def _rest(
    network_of: NetworkOf,
    decay: Scalar,
    units: Float[AnyArray, "3"],
    y: Float[AnyArray, " n"],
) -> tuple[Array, Array]:
    unit, low, span = units[0], units[1], units[2]

    def rest(y: Array) -> Array:
        network = cast(network_of(low + span * y[-1]), np.float64)
        return rest_condition(network, decay, unit * y[:-1]) / unit

    y = jnp.asarray(y)
    return rest(y), jax.jacfwd(rest)(y)


@eqx.filter_jit
def _looked_at(
    network_of: NetworkOf, decay: Scalar, v: AnyArray, parameter: AnyArray
) -> tuple[Array, Array]:
    """`s_k^2 / alpha` and the energy of a state."""
    network = cast(network_of(jnp.asarray(parameter)), np.float64)
    v = jnp.asarray(v)
    h = network.memory_input(network.feature_lagrangian.activation(v))
    return loop_gains(network, v, h) / decay, network.effective_energy(v, decay)


def largest_s(gains: np.ndarray) -> float:
    r"""$s_{max}/\sqrt\alpha$ from gains in descending order; 0 if they are < 0."""
    return float(np.sqrt(max(gains[0], 0.0)))
