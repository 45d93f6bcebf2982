"""Zero modes: displacements that leave the energy unchanged, and their decay."""

from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._common.types import AnyArray
from ...dynamics import expected, TwoLayer
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble, random_states
from ...experiments._variables import PURE, TIME
from ...lagrangians import LogSumExp, Norm
from ...network import Network
from ...records import Variables
from ...trajectory import Trajectory
from .._base import validations


MIN_FITTED_SHARE = 1e-3  # of the displacement: the rate is fitted above it


@validations.register("zero_modes")
class ZeroModes(AbstractEnsemble):
    r"""$E(v, h + c\mathbf 1) = E(v, h)$, or $E(sv, h) = E(v, h)$, and both decay.

    `mode` is the common "shift" of h (log-sum-exp memories; c = `amount`) or the
    "length" of v (the norm with delta = 0; s = `amount`). `flatness` is the relative
    change of E at random states. Then a run to rest is continued from the displaced
    fixed point: the energy is constant, while the mode decays as $e^{-t/\tau_h}$ or
    $e^{-\alpha t/\tau_f}$. `stop_share` is the duration of that run over the time at
    which the decay brings the residual below its tolerance. A large `start_residual`
    shows that the run to rest ended too early: its end drifts by itself, beside the
    mode. [THEORY 1.8, CL-10]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("zero_modes",)
    further_plots: ClassVar[tuple[str, ...]] = ("settling",)

    mode: Literal["shift", "length"] = "shift"
    amount: float = Field(5.0, gt=0)
    states: int = Field(16, ge=1)  # random states for each probe
    rest: float = Field(1e-12, gt=0)  # the residual at which the displacement begins

    def validate_setting(self, setting: Setting) -> None:
        network = setting.network
        flow = expected(setting.dynamics, TwoLayer, "zero_modes")
        if flow.driven or np.any(flow.decay <= 0):
            raise ValueError(
                'The experiment "zero_modes" needs a decay > 0 and no drive, got '
                f"{flow.deviation}; set them so."
            )
        shift = isinstance(network.memory_lagrangian, LogSumExp)
        feature = network.feature_lagrangian
        length = isinstance(feature, Norm) and feature.delta == 0
        if not (shift if self.mode == "shift" else length):
            raise ValueError(
                'The mode "shift" needs LogSumExp memory neurons and "length" Norm '
                f'feature neurons with delta = 0, got mode "{self.mode}" with '
                f"{type(network.memory_lagrangian).__name__} and "
                f"{type(feature).__name__}; use model_b or model_c."
            )
        if self.mode == "length" and self.amount == 1:
            raise ValueError('The mode "length" needs an amount other than 1.')
        common = {"until": "steady", "save": ("v", "h"), "step_log": 0}
        setting.may_simulate(residual_tolerance=self.rest, **common)
        setting.may_simulate(**common)

    def measure(self, setting: Setting) -> Variables:
        rest, flown = self._fly(setting)
        flat, scale = self._flatness(setting, rest)
        shift = self.mode == "shift"
        x = rest.final_memory if shift else rest.final
        left = self._left(flown, x)
        ended = flown.times[None, :] <= flown.end_time[:, None]
        tau = _decay_time(setting, self.mode)
        rate = _rates(flown.times / tau, left, ended & (left > MIN_FITTED_SHARE))
        path = ("probe", "sample")
        law = np.exp(-flown.times / tau)[None, :]
        drift = np.abs(flown.energy - flown.energy[:, :1]) / scale
        return {
            "flatness": (("probe", "state"), flat, PURE),
            "time": ("sample", flown.times, TIME),
            "mode_time": ((), tau, TIME),
            "energy_drift": (path, drift, PURE),
            "dissipated": (path, flown.dissipation / scale, PURE),
            "left": (path, left, PURE | {"long_name": "share of the mode left"}),
            "law_error": (path, np.where(ended, np.abs(left - law), 0), PURE),
            "rate": ("probe", rate, {"units": "1 / decay time of the mode"}),
            "rate_error": ("probe", np.abs(rate - 1), PURE),
            "end_time": ("probe", flown.end_time, TIME),
            "stop_share": ("probe", self._stop_share(setting, flown, x, tau), PURE),
            "residual": ("probe", flown.residual, PURE),
            "start_residual": ("probe", rest.residual, PURE),
            "converged": ("probe", flown.converged, PURE),
        }

    def _fly(self, setting: Setting) -> tuple[Trajectory, Trajectory]:
        """A run to rest, and one from there displaced, by one compiled program."""
        network = setting.network
        near = setting.probes.values @ np.asarray(network.memories).T
        common = {"until": "steady", "save": ("v", "h"), "step_log": 0}
        rest = setting.simulate(
            memory_start=near, residual_tolerance=self.rest, **common
        )
        v, h = self._displaced(rest.final, rest.final_memory)
        return rest, setting.simulate(probes=v, memory_start=h, **common)

    def _displaced(self, v: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (v, h + self.amount) if self.mode == "shift" else (self.amount * v, h)

    def _flatness(
        self, setting: Setting, rest: Trajectory
    ) -> tuple[np.ndarray, np.ndarray]:
        """The energy's relative change at random states; sum of |terms| at rest."""
        probes = len(setting.probes.values)
        states = random_states(setting, probes * self.states, 1.5, 4.0)
        ends = rest.final, rest.final_memory
        stacked = zip(states, self._displaced(*states), ends, strict=True)
        seen = _energies(setting.network, *(np.concatenate(x) for x in stacked))
        energy, terms = (np.asarray(x) for x in seen)
        a, b = np.split(energy[:-probes], 2)
        c, d = np.split(terms[:-probes], 2)
        flat = (np.abs(a - b) / np.maximum(c, d)).reshape(probes, self.states)
        return flat, terms[-probes:, None]

    def _left(self, flown: Trajectory, x: np.ndarray) -> np.ndarray:
        """The share of the displacement that is left at every sample."""
        if self.mode == "shift":
            assert flown.h is not None
            return np.mean(flown.h - x[:, None, :], axis=2) / self.amount
        assert flown.v is not None
        along = np.einsum("psi,pi->ps", flown.v, x) / np.sum(x**2, axis=1)[:, None]
        return (along - 1) / (self.amount - 1)

    def _stop_share(
        self, setting: Setting, flown: Trajectory, x: np.ndarray, tau: float
    ) -> np.ndarray:
        """The duration of the run over the time to reach the tolerance."""
        largest = np.max(np.abs(x), axis=1)
        force = np.full(largest.shape, self.amount)
        if self.mode == "length":  # alpha (s - 1) |v*| pulls v back
            force = (self.amount - 1) * largest / tau
        tolerance = setting.run.residual_tolerance or 1e-6
        return flown.end_time / (tau * np.log(force / (tolerance * (1 + largest))))


def _decay_time(setting: Setting, mode: str) -> float:
    """`tau_h`, or `tau_f / alpha`, in units of tau_feature."""
    dynamics: Any = setting.dynamics  # two layers, see `validate_setting`
    if mode == "length":
        return float(1 / dynamics.decay)
    return float(np.mean(dynamics.tau_memory) / np.mean(dynamics.tau_feature))


def _rates(time: np.ndarray, left: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Minus the slope of log(left) against time, by least squares, for each probe."""
    rates = np.full(len(left), np.nan)
    for i, (row, used) in enumerate(zip(left, kept, strict=True)):
        if np.sum(used) >= 3:
            rates[i] = -np.polyfit(time[used], np.log(row[used]), 1)[0]
    return rates


@eqx.filter_jit
def _energies(
    network: Network,
    v: Float[AnyArray, "state feature"],
    h: Float[AnyArray, "state memory"],
) -> tuple[Array, Array]:
    """Energies and their sums of |terms|."""
    return jax.vmap(network.energy_and_scale)(jnp.asarray(v), jnp.asarray(h))
