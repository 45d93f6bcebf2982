"""The adiabatic limit: how fast the two-layer flow tends to the adiabatic one."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from ...certificates import certify
from ...dynamics import Adiabatic, expected, TwoLayer
from ...records import Variables
from ...trajectory import Trajectory
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._variables import PURE, TIME


@experiments.register("adiabatic_limit")
class AdiabaticLimit(AbstractEnsemble):
    r"""$\sup_t |v_\epsilon(t) - v_0(t)| = O(\epsilon)$, $\epsilon = \tau_h/\tau_f$.

    Every probe is simulated with two layers at each `tau_memory` (in units of
    tau_feature) and, if `slaved`, by the adiabatic flow: `error` is the largest
    distance in time, `slope` its logarithmic slope between neighbouring values. With
    `mass`, the two layers are also compared with the adiabatic flow whose mass belongs
    to `tau_memory`, at a distance $O(\epsilon^2)$ (`mass_error`, `mass_slope`). Both
    runs must stay in one basin: `same_end` is false where their ends differ. [THEORY
    CL-09]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("adiabatic_limit", "gap")

    sets: int = Field(1, ge=1)
    tau_memory: list[float] = Field(min_length=2)
    slaved: bool = True
    mass: bool = True
    audit: bool = True  # False: distances alone, compiled sooner

    def validate_setting(self, setting: Setting) -> None:
        motion = expected(setting.dynamics, TwoLayer, "adiabatic_limit")
        if not all(0 < tau < np.inf for tau in self.tau_memory):
            raise ValueError(
                f"experiment.tau_memory must be > 0, got {self.tau_memory}."
            )
        if len({*self.tau_memory}) < len(self.tau_memory):
            raise ValueError(
                f"experiment.tau_memory must differ, got {self.tau_memory}."
            )
        if motion.tau_memory.ndim:
            raise ValueError(
                'The experiment "adiabatic_limit" varies one tau_memory for all memory '
                "neurons, got a vector; give one number."
            )
        common: dict[str, Any] = {"until": "duration", "save": ("v",), "step_log": 0}
        setting.may_simulate(**common, audit=self.audit)
        for tau in (None,) * self.slaved + (motion.tau_memory,) * self.mass:
            limit = Adiabatic(motion.tau_feature, motion.decay, motion.drive, tau)
            how = {"dynamics": limit, "memory_start": None, "audit": self.audit}
            setting.may_simulate(**common, **how)

    @model_validator(mode="after")
    def _has_a_limit(self) -> "AdiabaticLimit":
        if not (self.slaved or self.mass):
            raise ValueError("set slaved, mass or both: one reference is needed")
        return self

    def measure(self, setting: Setting) -> Variables:
        taus = np.sort(np.asarray(self.tau_memory))[::-1]
        motion: Any = setting.dynamics  # two layers: see `validate_setting`
        limit = Adiabatic(motion.tau_feature, motion.decay, motion.drive)
        paths = _fly(setting, motion, taus, self.audit)
        size = len(setting.probes.values)
        every = lambda x: np.asarray(x).reshape(len(taus), size, *np.shape(x)[1:])
        alike, found = np.ones(size, bool), self._of_paths(setting, paths, taus, every)
        if self.slaved:
            reference = _fly(setting, limit, None, self.audit)
            found |= _distances("", every(paths.v), reference.v, taus)
            found["v"] = (("probe", "sample", "feature"), reference.v, PURE)
            alike &= _alike(every(paths.final), reference.final)
        if self.mass:
            heavy = _fly(setting, limit, taus, self.audit)
            found |= _distances("mass_", every(paths.v), every(heavy.v), taus)
            alike &= _alike(every(paths.final), every(heavy.final))
        return found | {"same_end": ("probe", alike, PURE)}

    def _of_paths(
        self, setting: Setting, paths: Trajectory, taus: np.ndarray, every: Callable
    ) -> dict[str, tuple[Any, ...]]:
        """The variables of the two-layer runs."""
        pair, path = ("tau", "probe"), ("tau", "probe", "sample")
        tau = ("tau", taus, {"long_name": "tau_memory", "units": "tau_feature"})
        found: dict[str, tuple[Any, ...]] = {
            "tau_memory": tau,
            "time": ("sample", paths.times, TIME),
            "solver": ((), paths.solver),
        }
        names = ["steps", "ending"]
        if self.audit:
            names += ["worst_rise", "rise_limit", "worst_excess"]
            certified = every(certify(setting.network, paths).holds)
            found["certified"] = (pair, certified, PURE)
            found["promised"] = ("tau", np.full(len(taus), paths.promise.given), PURE)
            found["promise"] = ((), str(paths.promise))
        found |= {k: (pair, every(getattr(paths, k)), PURE) for k in names}
        energies = ("energy", "effective_energy", "gap")
        return found | {k: (path, every(getattr(paths, k)), PURE) for k in energies}


def _fly(
    setting: Setting,
    motion: TwoLayer | Adiabatic,
    taus: np.ndarray | None,
    audit: bool,
) -> Trajectory:
    """Runs of every probe at every tau_memory (in units of tau_feature), or at none."""
    common: dict[str, Any] = {"until": "duration", "save": ("v",), "step_log": 0}
    common["audit"] = audit
    probes = setting.probes.values
    if not motion.own_memory:  # slaved neurons have no state to start from
        common["memory_start"] = None
    if taus is None:
        return setting.simulate(None, dynamics=motion, **common)
    many = np.tile(probes, (len(taus), 1))
    if motion.own_memory and setting.run.memory_start == "slaved":
        common["memory_start"] = _slaved(setting, many)  # an array, like h = 0
    values = np.repeat(taus, len(probes)) * motion.tau_feature.mean()
    return setting.simulate(
        None,
        dynamics=dataclasses.replace(motion, tau_memory=values[0]),
        probes=many,
        varied={"dynamics.tau_memory": values},
        **common,
    )


def _slaved(setting: Setting, v: np.ndarray) -> np.ndarray:
    """`h = xi g(v) + J` for every state."""
    network = setting.network
    g = np.stack([network.feature_lagrangian.activation(one) for one in v])
    return g @ np.asarray(network.memories).T + np.asarray(network.hidden_current)


def _distances(
    name: str, v: np.ndarray, other: np.ndarray | None, taus: np.ndarray
) -> dict[str, tuple[Any, ...]]:
    """The largest distance in time, by tau and probe, and its slopes between taus."""
    assert other is not None  # `_fly` saves v
    error = np.linalg.norm(v - other, axis=-1).max(axis=-1)
    slope = np.diff(np.log(error), axis=0) / np.diff(np.log(taus))[:, None]
    return {
        f"{name}error": (("tau", "probe"), error, PURE),
        f"{name}slope": (("pair", "probe"), slope, PURE),
    }


def _alike(ends: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """True for probes that end near the reference with every tau."""
    away = np.linalg.norm(ends - reference, axis=-1)
    return np.all(away < 0.1 * np.linalg.norm(reference, axis=-1), axis=0)
