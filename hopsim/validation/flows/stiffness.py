"""Stiffness: how many steps a solver takes as tau_memory becomes small."""

import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._common.types import AnyArray
from ...dynamics import expected, TwoLayer
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import PURE
from ...network import Network
from ...records import Variables
from ...spectrum import loop_gain, stiffness
from .._base import validations


# x where |R(-x)| first reaches 1, R the stability polynomial of the tableau
STABILITY_LIMITS = {"tsit5": 3.507, "dopri8": 5.167}


@validations.register("stiffness")
class Stiffness(AbstractEnsemble):
    r"""Steps for each $\tau_h$; `limit_share`: $\rho\,\Delta t$ over its stable limit.

    $\rho = \frac12[(1/\tau_f + 1/\tau_h) + \sqrt{(1/\tau_f - 1/\tau_h)^2 +
    4s^2/(\tau_f\tau_h)}]$ is the largest rate at the end of the run, $\Delta t$ the
    mean step. An explicit solver on a stiff flow takes steps at its limit of stability,
    $\rho\,\Delta t$ = 3.507 for Tsit5 and 5.167 for Dopri8; `stable_steps` is their
    number (that of Tsit5 for other solvers). `tau_memory` is in units of tau_feature.
    [THEORY 4.4, 5.1, CL-31]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("stiffness",)

    tau_memory: list[float] = Field(min_length=2)

    def validate_setting(self, setting: Setting) -> None:
        motion: Any = expected(setting.dynamics, TwoLayer, "stiffness")
        if motion.driven or motion.tau_memory.ndim:
            raise ValueError(
                'The experiment "stiffness" needs one tau_memory and no drive, got '
                f"{motion.deviation}."
            )
        if setting.run.solver in ("auto", "altimex") or setting.run.step is not None:
            raise ValueError(
                'The experiment "stiffness" counts the steps of an adaptive solver, '
                f"got solver {setting.run.solver!r} and step {setting.run.step}; name "
                'one, such as run.solver = "tsit5", and leave the step out.'
            )
        if not all(0 < tau < np.inf for tau in self.tau_memory):
            raise ValueError(
                f"experiment.tau_memory must be > 0, got {self.tau_memory}."
            )
        setting.may_simulate(until="duration", samples=2, save=("h",), audit=False)

    def measure(self, setting: Setting) -> Variables:
        motion: Any = setting.dynamics  # two layers: see `validate_setting`
        taus = np.sort(np.asarray(self.tau_memory))[::-1]
        unit = np.mean(motion.tau_feature)
        runs = [
            # a time constant is an array: all of them share one compiled program
            setting.simulate(
                dynamics=dataclasses.replace(motion, tau_memory=tau * unit),
                until="duration",
                samples=2,
                save=("h",),
                audit=False,
            )
            for tau in taus
        ]
        stack = lambda name: np.stack([getattr(run, name) for run in runs])
        gain = np.asarray(_gains(setting.network, stack("final"), stack("h")[:, :, -1]))
        rate = stiffness(gain, np.asarray(1.0), taus[:, None])
        steps = stack("steps").astype(float)
        limit = STABILITY_LIMITS.get(setting.run.solver)
        stable = STABILITY_LIMITS["tsit5"] if limit is None else limit
        needed = setting.run.duration * rate / stable
        both = ("tau", "probe")
        found: dict[str, tuple] = {
            "tau_memory": ("tau", taus, {"units": "tau_feature"}),
            "steps": (both, steps, PURE | {"long_name": "accepted steps"}),
            "rejected": (both, stack("rejected").astype(float), PURE),
            "rate": (both, rate, {"units": "1 / tau_feature"}),
            "stable_steps": (both, needed, PURE),
            "ending": (both, stack("ending"), PURE),
            "solver": ((), runs[0].solver),
        }
        if limit is not None:
            found["limit_share"] = (both, needed / steps, PURE)
        return found


@eqx.filter_jit
def _gains(
    network: Network,
    v: Float[AnyArray, "tau probe feature"],
    h: Float[AnyArray, "tau probe memory"],
) -> Array:
    """The loop gain s^2 at the end of every run."""
    one = lambda v, h: loop_gain(network, v, h)
    return jax.vmap(jax.vmap(one))(v, h)
