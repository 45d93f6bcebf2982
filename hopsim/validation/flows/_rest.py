"""Fixed points of two layers: a long descent from a probe, then Newton steps."""

import dataclasses
import functools as ft

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._common.types import AnyArray
from ...dynamics import expected, TwoLayer
from ...dynamics.flows._layers import check_taus
from ...dynamics.flows.rest import rest_condition
from ...experiments._base import Setting
from ...network import Network


DESCENT_STEPS = 1000  # AltIMEX steps: monotone, so they end at a minimum
DESCENT_STEP_SIZE = 10.0  # of each, in units of tau_feature: nearly that of attention
NEWTON_STEPS = 8  # each step squares the error left by the descent


def require_two_layers(setting: Setting, kind: str) -> TwoLayer:
    """The two-layer dynamics without its drive.

    Raises ValueError for other dynamics, and for Lagrangians with jumps.
    """
    network, motion = setting.network, expected(setting.dynamics, TwoLayer, kind)
    layers = (network.feature_lagrangian, network.memory_lagrangian)
    if any(layer.jumps for layer in layers):
        names = " and ".join(type(layer).__name__ for layer in layers)
        raise ValueError(
            f'The experiment "{kind}" needs Lagrangians without jumps, got {names}.'
        )
    taus = (("feature", motion.tau_feature), ("memory", motion.tau_memory))
    for layer, tau in taus:
        check_taus(network, layer, tau)
    return dataclasses.replace(motion, drive=None)


def descend_by_altimex(
    network: Network, motion: TwoLayer, v: Float[AnyArray, " feature"]
) -> Float[Array, " feature"]:
    """A state near the energy minimum that AltIMEX reaches from `v`. [THEORY 5.2]"""
    free = jnp.ones((network.features,), bool)
    dt = jnp.asarray(DESCENT_STEP_SIZE, network.dtype)

    def down(_, x: tuple) -> tuple:
        recalled = motion.recalled(network, x)
        return motion.alternate(network, dt, x, free, recalled)[0]

    x = motion.start(network, jnp.asarray(v), None)
    return jax.lax.fori_loop(0, DESCENT_STEPS, down, x)[0]


def polish_by_newton(
    network: Network, motion: TwoLayer, v: Float[AnyArray, " feature"]
) -> Float[Array, " feature"]:
    r"""The root of $I + \xi^T f(\xi g(v) + J) - c g - \alpha v$ near `v`, by Newton.

    The Jacobian is invertible at every stable fixed point. [THEORY 4.4, 5.1]
    """
    force = ft.partial(rest_condition, network, motion.decay)
    step = lambda _, v: v - jnp.linalg.solve(jax.jacfwd(force)(v), force(v))
    return jax.lax.fori_loop(0, NEWTON_STEPS, step, jnp.asarray(v))


def autapse(network: Network) -> np.ndarray:
    """The autapse c as a number, 0 where there is none."""
    return np.asarray(0.0 if network.autapse is None else network.autapse)


def plain_loop_gain(
    network: Network,
    on_v: Float[AnyArray, "probe feature feature"],
    on_h: Float[AnyArray, "probe memory memory"],
) -> Float[np.ndarray, " probe"]:
    r"""The largest eigenvalue of $\xi^T H_h\xi H_v - c H_v$, by NumPy.

    A fixed point is stable iff this is less than the decay. [THEORY 5.1]
    """
    xi = np.asarray(network.memories)
    on_v, on_h = np.asarray(on_v), np.asarray(on_h)
    loop = xi.T @ on_h @ xi @ on_v - autapse(network) * on_v
    return np.max(np.real(np.linalg.eigvals(loop)), axis=-1)
