"""Driven networks: energy supplied by the drive, dissipated and stored."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._common.types import AnyArray, Scalar
from ...dynamics import expected, Sinusoid, TwoLayer
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import path_entries, PURE, TIME
from ...network import Network
from ...records import Variables
from ...trajectory import Ending
from .._base import validations


INTERVALS_PER_PANEL = 4  # of Boole's rule, exact for polynomials of degree 5


@validations.register("driven")
class Driven(AbstractEnsemble):
    r"""$E(t) - E(0) + \int_0^t (\dot x^T\tau H\dot x + \dot I\cdot g)\,dt' = 0$.

    For a current $I(t) = A\sin\omega t$ into two layers, by two routes. `ledger_error`:
    dissipation Q and work W that the solver integrated along with the state, relative
    to $S_E$ plus what was dissipated. `closure_error`: both by Boole's rule from the
    samples of v and h, activations and Hessians by autodiff, relative to the swing of
    E. [THEORY 1.2, CL-06]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("driven",)

    def validate_setting(self, setting: Setting) -> None:
        drive = expected(setting.dynamics, TwoLayer, "driven").drive
        if not isinstance(drive, Sinusoid):
            raise ValueError(
                'The experiment "driven" needs a drive of kind "sinusoid", got '
                f"{type(drive).__name__}."
            )
        if (setting.run.samples - 1) % INTERVALS_PER_PANEL:
            raise ValueError(
                f"Boole's rule needs run.samples = {INTERVALS_PER_PANEL} k + 1, got "
                f"{setting.run.samples}."
            )
        setting.may_simulate(save=("v", "h"), until="duration")

    def entries(self, setting: Setting) -> float:
        return path_entries(setting, ("v", "h"))

    def measure(self, setting: Setting) -> Variables:
        dynamics = expected(setting.dynamics, TwoLayer, "driven")
        path = setting.simulate(save=("v", "h"), until="duration")
        bad = np.sum(path.ending != Ending.DURATION)
        if bad:
            raise ValueError(f"{bad} driven probes did not reach the end of the run.")
        seen = _powers(setting.network, dynamics, path.times, path.v, path.h)
        energy, dissipation, power = (np.asarray(x) for x in seen)
        step = path.times[-1] / (len(path.times) - 1)
        lost, work = (_cumulated(x, step) for x in (dissipation, power))
        energy = energy[:, ::INTERVALS_PER_PANEL]
        swing = np.ptp(energy, axis=1)
        away = np.max(np.abs(energy - energy[:, :1] + lost + work), axis=1)
        curve = ("probe", "sample")
        return {
            "time": ("sample", path.times[::INTERVALS_PER_PANEL], TIME),
            "period": ((), _period(dynamics), TIME),
            "energy": (curve, energy, PURE),
            "dissipated": (curve, lost, PURE | {"long_name": "Q(t)"}),
            "work": (curve, work, PURE | {"long_name": "W(t), against the drive"}),
            "swing": ("probe", swing, PURE),
            "closure_error": ("probe", away / swing, PURE),
            "ledger_error": ("probe", path.ledger_residual, PURE),
            "accepted": ("probe", path.steps, PURE | {"long_name": "steps"}),
        }


def _period(dynamics: TwoLayer) -> float:
    drive: Any = dynamics.drive  # a sinusoid, see `validate_setting`
    return 2 * np.pi / float(drive.omega)


@eqx.filter_jit
def _powers(
    network: Network,
    dynamics: TwoLayer,
    times: Float[AnyArray, " sample"],
    v: Float[AnyArray, "probe sample feature"],
    h: Float[AnyArray, "probe sample memory"],
) -> tuple[Array, Array, Array]:
    """E, its dissipation and the power against the drive, at every sample.

    From the memories and the two Lagrangians alone, independent of the code of the
    flow.
    """
    xi, drive = jnp.asarray(network.memories), dynamics.drive
    assert isinstance(drive, Sinusoid)  # see `validate_setting`
    unit = jnp.mean(dynamics.tau_feature)

    def one(t: Scalar, v: Array, h: Array) -> tuple[Array, Array, Array]:
        phase = drive.omega * t
        current = network.current + drive.amplitude * jnp.sin(phase)
        rate = drive.omega * drive.amplitude * jnp.cos(phase)
        of_v, of_h = network.feature_lagrangian, network.memory_lagrangian
        g, f = jax.grad(of_v)(v), jax.grad(of_h)(h)
        dv = (f @ xi + current - dynamics.decay * v) * unit / dynamics.tau_feature
        dh = (xi @ g + network.hidden_current - h) * unit / dynamics.tau_memory
        hessian = lambda of, x, dx: jax.jvp(jax.grad(of), (x,), (dx,))[1]
        lost = jnp.sum(dynamics.tau_feature * dv * hessian(of_v, v, dv))
        lost += jnp.sum(dynamics.tau_memory * dh * hessian(of_h, h, dh))
        energy = dynamics.decay * (v @ g - of_v(v)) - current @ g
        energy += (h - network.hidden_current) @ f - of_h(h) - f @ (xi @ g)
        return energy, lost / unit, jnp.sum(rate * g)

    return jax.vmap(jax.vmap(one), in_axes=(None, 0, 0))(times, v, h)


def _cumulated(
    rate: Float[np.ndarray, "probe sample"], step: float
) -> Float[np.ndarray, "probe panel"]:
    """The integral from the start to the end of every panel, by Boole's rule."""
    weights = np.array([7, 32, 12, 32, 7]) * 2 * step / 45
    whole = sum(
        w * rate[:, k : rate.shape[1] - INTERVALS_PER_PANEL + k : INTERVALS_PER_PANEL]
        for k, w in enumerate(weights)
    )
    return np.concatenate([np.zeros((len(rate), 1)), np.cumsum(whole, axis=1)], axis=1)
