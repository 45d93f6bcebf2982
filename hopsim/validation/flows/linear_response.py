"""Linear response: a weak sinusoidal drive at a fixed point."""

import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float
from pydantic import Field

from ..._common.types import AnyArray
from ...dynamics import expected, Sinusoid, TwoLayer
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import path_entries, PURE
from ...network import Network
from ...records import Variables
from ...spectrum import hessians
from .._base import validations
from ._rest import (
    autapse,
    descend_by_altimex,
    plain_loop_gain,
    polish_by_newton,
    require_two_layers,
)


LINE_FREQUENCIES = 60  # frequencies of the lines of theory


@validations.register("linear_response")
class LinearResponse(AbstractEnsemble):
    r"""$\delta v = [\alpha + i\omega\tau_f + cH_v - \xi^T H_h\xi H_v / (1 + i\omega
    \tau_h)]^{-1} \delta I$ at fixed points, against simulated responses.

    The drive is the scenario's sinusoid along one random direction u of each set, with
    each of `omegas`. From the time `settle` on, amplitude and phase are fitted by least
    squares, together with the mean and the second harmonic, which is due to curvature.
    `transient` is $e^{-\lambda t}$ of the slowest mode at that time; `response_error`
    is relative to $|\delta v|$. [THEORY 5.1, CL-33]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("linear_response",)

    omegas: list[float] = Field(min_length=1)
    settle: float = Field(gt=0)

    def validate_setting(self, setting: Setting) -> None:
        require_two_layers(setting, "linear_response")
        drive: Any = expected(setting.dynamics, TwoLayer, "linear_response").drive
        if not isinstance(drive, Sinusoid) or drive.amplitude.ndim:
            raise ValueError(
                'The experiment "linear_response" needs a drive of kind "sinusoid" '
                f"with one amplitude, got {type(drive).__name__}."
            )
        if not all(0 < omega < np.inf for omega in self.omegas):
            raise ValueError(f"experiment.omegas must be > 0, got {self.omegas}.")
        if not drive.amplitude:
            raise ValueError("A response needs a drive of an amplitude other than 0.")
        rest = setting.run.duration - self.settle
        if min(self.omegas) * rest < 2 * np.pi:
            raise ValueError(
                "The slowest drive needs one period after `settle`, got omega = "
                f"{min(self.omegas):g} and {rest:g} tau_feature; run longer."
            )
        how = {"until": "duration", "save": ("v",), "audit": False, "step_log": 0}
        setting.may_simulate(**how)

    def entries(self, setting: Setting) -> float:
        return len(self.omegas) * path_entries(setting, ("v",))

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        motion = expected(setting.dynamics, TwoLayer, "linear_response")
        still = require_two_layers(setting, "linear_response")
        found = _rested(network, still, setting.probes.values)
        v, h, residual, on_v, on_h = (np.asarray(x) for x in found)
        u = setting.stream.child("direction").generator().standard_normal(v.shape[1])
        u = (u / np.linalg.norm(u)).astype(network.dtype)
        omegas = np.asarray(self.omegas)
        seen = self._driven(setting, motion, v, h, u)
        theory = lambda w: _response(network, still, on_v, on_h, w) @ u
        known = theory(omegas)
        line = np.geomspace(omegas.min(), omegas.max(), LINE_FREQUENCIES)
        missed = np.linalg.norm(seen - known, axis=-1)
        slowest = _slowest(network, still, on_v, on_h)
        both, drawn = ("omega", "probe"), ("line", "probe")
        along, along_line = seen @ u, theory(line) @ u
        return {
            "omega": ("omega", omegas, {"units": "1 / tau_feature"}),
            "response_gain": (both, np.abs(along), PURE),
            "response_phase": (both, np.degrees(np.angle(along)), {"units": "degree"}),
            "response_error": (
                both,
                missed / np.linalg.norm(known, axis=-1),
                PURE,
            ),
            "decay": ((), float(np.asarray(still.decay)), PURE),
            "line_omega": ("line", line, {"units": "1 / tau_feature"}),
            "line_gain": (drawn, np.abs(along_line), PURE),
            "line_phase": (
                drawn,
                np.degrees(np.angle(along_line)),
                {"units": "degree"},
            ),
            "residual": ("probe", residual, PURE),
            "gain": ("probe", plain_loop_gain(network, on_v, on_h), PURE),
            "transient": ("probe", np.exp(-slowest * self.settle), PURE),
        }

    def _driven(
        self,
        setting: Setting,
        motion: TwoLayer,
        v: Float[np.ndarray, "probe feature"],
        h: Float[np.ndarray, "probe memory"],
        u: Float[np.ndarray, " feature"],
    ) -> Complex[np.ndarray, "omega probe feature"]:
        """The fitted response of every feature neuron, over the amplitude."""
        given: Any = motion.drive  # a sinusoid, see `validate_setting`
        amplitude, size = float(np.asarray(given.amplitude)), len(self.omegas)
        drive = dataclasses.replace(given, amplitude=amplitude * u)
        every = lambda x: np.tile(x, (size, 1))  # all frequencies run in one batch
        run = setting.simulate(
            probes=every(v),
            dynamics=dataclasses.replace(motion, drive=drive),
            varied={"dynamics.drive.omega": np.repeat(self.omegas, len(v))},
            memory_start=every(h),
            until="duration",
            save=("v",),
            audit=False,
        )
        assert run.v is not None  # saved above
        late = run.times >= self.settle
        paths = run.v[:, late].reshape(size, len(v), -1, v.shape[1])
        pairs = zip(paths, self.omegas, strict=True)
        fits = [_fitted(run.times[late], path, omega) for path, omega in pairs]
        return np.stack(fits) / amplitude


@eqx.filter_jit
def _rested(
    network: Network, motion: TwoLayer, starts: Float[AnyArray, "probe feature"]
) -> tuple[Array, ...]:
    free = jnp.ones((network.features,), bool)

    def one(v: Array) -> tuple[Array, ...]:
        x = motion.start(
            network,
            polish_by_newton(network, motion, descend_by_altimex(network, motion, v)),
            None,
        )
        return *x, motion.residual(network, x, free), *hessians(network, *x)

    return jax.vmap(one)(starts)


def _fitted(
    times: Float[np.ndarray, " sample"],
    path: Float[np.ndarray, "probe sample feature"],
    omega: float,
) -> Complex[np.ndarray, "probe feature"]:
    """`z` of the part `Im z exp(i omega t)` of a path."""
    phase = omega * times
    waves = [f(k * phase) for k in (1, 2) for f in (np.sin, np.cos)]
    basis = np.stack([*waves, np.ones_like(phase)], axis=1)
    flat = np.moveaxis(path, 1, 0).reshape(len(times), -1)
    # about the mean, which is large beside the response
    middle = np.mean(flat, axis=0)
    sine, cosine, *_ = np.linalg.lstsq(basis, flat - middle, rcond=None)[0]
    return (sine + 1j * cosine).reshape(len(path), -1)


# --- theory: linear algebra in NumPy --------------------------------------------------


def _times(motion: TwoLayer) -> tuple[np.ndarray, np.ndarray]:
    """Both time constants, in units of the mean tau_feature."""
    unit = np.mean(motion.tau_feature)
    taus = (motion.tau_feature, motion.tau_memory)
    tau_feature, tau_memory = (np.asarray(tau / unit) for tau in taus)
    return tau_feature, tau_memory


def _response(
    network: Network,
    motion: TwoLayer,
    on_v: Float[np.ndarray, "probe feature feature"],
    on_h: Float[np.ndarray, "probe memory memory"],
    omegas: Float[np.ndarray, " omega"],
) -> Complex[np.ndarray, "omega probe feature feature"]:
    """The matrix that takes the amplitude of the current to that of v. [CL-33]"""
    xi, (tau_f, tau_h) = np.asarray(network.memories), _times(motion)
    eye = lambda size: np.eye(size, dtype=complex)
    matrices = []
    for w in omegas:
        lag = eye(network.count) / (1 + 1j * w * tau_h)
        leak = eye(network.features) * (np.asarray(motion.decay) + 1j * w * tau_f)
        matrices.append(leak + autapse(network) * on_v - xi.T @ on_h @ lag @ xi @ on_v)
    return np.linalg.inv(np.stack(matrices))


def _slowest(
    network: Network,
    motion: TwoLayer,
    on_v: Float[np.ndarray, "probe feature feature"],
    on_h: Float[np.ndarray, "probe memory memory"],
) -> Float[np.ndarray, " probe"]:
    """The decay rate of the slowest mode of the Jacobian."""
    xi, (tau_f, tau_h) = np.asarray(network.memories), _times(motion)
    n, k = network.features, network.count
    jacobian = np.zeros((len(on_v), n + k, n + k))
    jacobian[:, :n, :n] = -np.asarray(motion.decay) * np.eye(n)
    jacobian[:, :n, :n] -= autapse(network) * on_v
    jacobian[:, :n, n:] = xi.T @ on_h
    jacobian[:, n:, :n] = xi @ on_v
    jacobian[:, n:, n:] = -np.eye(k)
    taus = np.concatenate([np.broadcast_to(tau_f, n), np.broadcast_to(tau_h, k)])
    return -np.max(np.linalg.eigvals(jacobian / taus[:, None]).real, axis=-1)
