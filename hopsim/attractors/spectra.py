"""Energies, loop gains and stability of fixed points."""

import dataclasses
from functools import partial

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from .._common.environment import precision
from .._common.types import AnyArray, cast
from ..dynamics import AbstractDynamics
from ..dynamics.flows.rest import MARGINAL_RTOL, MAX_DENSE_FEATURES
from ..network import Network
from ..spectrum import largest_loop_gains, loop_gains
from .distinct_roots import SAME_ROOT_ATOL, size_of
from .newton import in_chunks


LANCZOS_LIMIT = 0.8  # of s_max^2 / alpha: above, modes come from dense matrices
MAX_JACOBIAN_SIZE = 2048  # neurons, if the whole Jacobian decides stability


@dataclasses.dataclass(frozen=True)
class RestSpectra:
    """Activation, energy and loop gains of every fixed point."""

    g: Float[np.ndarray, "root feature"]
    energy: Float[np.ndarray, " root"]
    s_max: Float[np.ndarray, " root"]  # NaN where g has no derivative
    index: Int[np.ndarray, " root"]  # unstable modes; -1 where s_max is NaN
    gains: Float[np.ndarray, "root feature"] | None  # all of them, for few features


def describe(
    network: Network, dynamics: AbstractDynamics, decay: float, v: np.ndarray
) -> RestSpectra:
    """Energies and spectra of fixed points; spins have no spectra."""
    few, spins = network.features <= MAX_DENSE_FEATURES, dynamics.discrete
    if not len(v):
        none = np.zeros(0)
        return RestSpectra(v, none, none, none.astype(int), v)
    with precision("float64"):
        net, alpha = cast(network, np.float64), np.asarray(decay, np.float64)
        if spins:
            # spins have no infinitesimal perturbations: a state at rest is stable
            energy = in_chunks(_binary_energies, net, alpha, v, dense=False)
            return RestSpectra(
                v, energy, np.full(len(v), np.nan), 0 * v[:, 0].astype(int), None
            )
        found = in_chunks(partial(_look, few), net, alpha, v, dense=few)
        g, energy, gains = found
        top, index = gains[:, 0].copy(), np.sum(gains > decay, axis=1)
        near = np.flatnonzero(top > LANCZOS_LIMIT * decay)
        if not few and near.size:
            exact = in_chunks(_all_gains, net, alpha, v[near], dense=True)
            top[near], index[near] = exact[:, 0], np.sum(exact > decay, axis=1)
    if require_decidable_stability(network, dynamics):
        values = _dense_eigenvalues(network, dynamics, v)
        index = np.sum(np.real(values) > 0, axis=1)
    s_max = np.sqrt(np.maximum(top, 0))
    odd = _singular(network, v)
    s_max[odd], index[odd] = np.nan, -1
    return RestSpectra(g, energy, s_max, index, gains if few else None)


@eqx.filter_jit
def _look(
    few: bool, network: Network, decay: AnyArray, v: AnyArray
) -> tuple[Array, Array, Array]:
    """Activations, energies and loop gains: all gains, or the largest by Lanczos."""
    gains = loop_gains if few else largest_loop_gains

    def one(v: Array) -> tuple[Array, Array, Array]:
        g = network.feature_lagrangian.activation(v)
        energy = network.effective_energy(v, decay)
        return g, energy, gains(network, v, network.memory_input(g))

    return jax.vmap(one)(v)


@eqx.filter_jit
def _all_gains(network: Network, decay: AnyArray, v: AnyArray) -> Array:
    return jax.vmap(lambda v: loop_gains(network, v, _slaved(network, v)))(v)


def _slaved(network: Network, v: AnyArray) -> Array:
    return network.memory_input(network.feature_lagrangian.activation(v))


def _singular(network: Network, v: np.ndarray) -> Bool[np.ndarray, " root"]:
    """True where the activation jumps: v = 0 in model C, some v_i = 0 for signs."""
    feature = network.feature_lagrangian
    if feature.degree != 1:
        return np.zeros(len(v), bool)
    small = np.abs(v) <= 1e-9 * size_of(v) + SAME_ROOT_ATOL
    return np.any(small, axis=1) if feature.additive else np.all(small, axis=1)


@eqx.filter_jit
def _binary_energies(network: Network, decay: AnyArray, v: AnyArray) -> Array:
    return jax.vmap(network.binary_energy)(v)


def require_decidable_stability(network: Network, dynamics: AbstractDynamics) -> bool:
    """True if loop gains do not decide stability: neurons lag, L_h may not be convex.

    Then the Jacobian decides; raises ValueError if it would be too large.
    """
    undecided = dynamics.lags and not network.memory_lagrangian.convex
    if undecided and network.features + network.count > MAX_JACOBIAN_SIZE:
        raise ValueError(
            f"{type(network.memory_lagrangian).__name__} is not known to be convex: "
            "where memory neurons lag, stability is that of the whole Jacobian, which "
            f"is formed for {MAX_JACOBIAN_SIZE} neurons at most; use Adiabatic() "
            "without tau_memory, or declare convex = True if it is."
        )
    return undecided


def eigenvalues_at(
    network: Network,
    dynamics: AbstractDynamics,
    decay: float,
    v: np.ndarray,
    gains: np.ndarray | None,
) -> Shaped[np.ndarray, "root eigenvalue"]:
    """All eigenvalues of the dynamics at fixed points, ascending.

    In closed form if there is one, otherwise from the Jacobian.
    """
    with precision("float64"):
        net, alpha = cast(network, np.float64), np.asarray(decay, np.float64)
        known = (
            in_chunks(_all_gains, net, alpha, v, dense=True) if gains is None else gains
        )
        found = dynamics.rest_eigenvalues(network, known)
    return _dense_eigenvalues(network, dynamics, v) if found is None else found


def _dense_eigenvalues(
    network: Network, dynamics: AbstractDynamics, v: np.ndarray
) -> Shaped[np.ndarray, "root eigenvalue"]:
    """Eigenvalues of the Jacobian by autodiff, by their real parts, ascending."""
    with precision("float64"):
        net, motion = cast(network, np.float64), cast(dynamics, np.float64)
        jacobian = lambda net, _, v: _jacobians(net, motion, v)
        mass, force = in_chunks(jacobian, net, np.ones(()), v, dense=True)
    known = np.all(np.isfinite(mass) & np.isfinite(force), axis=(1, 2))
    values = np.full(force.shape[:2], np.nan, complex)  # NaN where g jumps
    values[known] = np.linalg.eigvals(np.linalg.solve(mass[known], force[known]))
    return np.take_along_axis(values, np.argsort(np.real(values), axis=1), axis=1)


@eqx.filter_jit
def _jacobians(
    network: Network, dynamics: AbstractDynamics, v: AnyArray
) -> tuple[Array, Array]:
    """The mass matrix M, and the derivative J of the force, at rest."""
    return jax.vmap(lambda one: dynamics.rest_jacobian(network, one))(v)


def attracting(known: RestSpectra, decay: float) -> Bool[np.ndarray, " root"]:
    """True where a fixed point is clearly stable, as spins at rest always are."""
    clear = np.nan_to_num(known.s_max) ** 2 < decay * (1 - MARGINAL_RTOL)
    return (known.index == 0) & clear
