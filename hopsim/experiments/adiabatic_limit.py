"""The adiabatic limit: how fast the two-layer flow tends to the slaved one."""

import dataclasses
from typing import ClassVar

import numpy as np
from pydantic import Field

from ..certificates import certify
from ..dynamics import AbstractDynamics, Adiabatic, TwoLayer
from ..records import dataset, Record
from ..trajectory import Trajectory
from ._base import AbstractExperiment, experiments, PURE, Study, TIME


@experiments.register("adiabatic_limit")
class AdiabaticLimit(AbstractExperiment):
    r"""$\sup_t |v_\epsilon(t) - v_0(t)| = O(\epsilon)$, $\epsilon = \tau_h/\tau_f$.

    Every probe is flown by the adiabatic flow and by two layers with each `tau_memory`
    (in units of tau_feature); slopes are taken between neighbours. Both runs must stay
    in one basin: probes whose ends differ are marked. Against the adiabatic flow with
    the mass that `tau_memory` gives it the distance is $O(\epsilon^2)$. [THEORY CL-09]
    """

    plots: ClassVar[tuple[str, ...]] = ("convergence", "gap")

    tau_memory: list[float] = Field(min_length=2)

    def run(self, study: Study) -> Record:
        setting = _only(study)
        taus = np.sort(np.asarray(self.tau_memory))[::-1]
        runs = 1 + 2 * len(taus)
        common = {"until": "duration", "save": ("v",), "step_log": 0}
        motion = _two_layers(setting.dynamics)
        slaved = Adiabatic(motion.tau_feature, motion.decay, motion.drive)
        unit = motion.tau_feature.mean()
        reference = setting.simulate(
            study.reporter(0, runs), dynamics=slaved, memory_start=None, **common
        )
        paths = [
            setting.simulate(
                study.reporter(k + 1, runs),
                dynamics=dataclasses.replace(motion, tau_memory=tau * unit),
                **common,
            )
            for k, tau in enumerate(taus)
        ]
        heavy = [
            setting.simulate(
                study.reporter(1 + len(taus) + k, runs),
                dynamics=dataclasses.replace(slaved, tau_memory=tau * unit),
                memory_start=None,
                **common,
            )
            for k, tau in enumerate(taus)
        ]
        error = np.stack([_furthest(p, reference) for p in paths])
        pairs = zip(paths, heavy, strict=True)
        mass_error = np.stack([_furthest(p, q) for p, q in pairs])
        apart = np.stack(
            [np.linalg.norm(p.final - reference.final, axis=-1) for p in paths]
        )
        order = lambda e: np.diff(np.log(e), axis=0) / np.diff(np.log(taus))[:, None]
        certified = np.stack([certify(setting.network, p).holds for p in paths])
        size = np.linalg.norm(reference.final, axis=-1)
        axes = ("tau", "probe", "sample")
        stack = lambda name: np.stack([getattr(p, name) for p in paths])
        tau = ("tau", taus, {"long_name": "tau_memory", "units": "tau_feature"})
        data = dataset(
            {
                "tau_memory": tau,
                "time": ("sample", reference.times, TIME),
                "error": (("tau", "probe"), error, PURE),
                "slope": (("pair", "probe"), order(error), PURE),
                "mass_error": (("tau", "probe"), mass_error, PURE),
                "mass_slope": (("pair", "probe"), order(mass_error), PURE),
                "same_end": ("probe", np.all(apart < 0.1 * size, axis=0), PURE),
                "energy": (axes, stack("energy"), PURE),
                "effective_energy": (axes, stack("effective_energy"), PURE),
                "gap": (axes, stack("gap"), PURE),
                "worst_rise": (("tau", "probe"), stack("worst_rise"), PURE),
                "rise_limit": (("tau", "probe"), stack("rise_limit"), PURE),
                "worst_excess": (("tau", "probe"), stack("worst_excess"), PURE),
                "certified": (("tau", "probe"), certified, PURE),
                "promised": (("tau",), [p.promise.given for p in paths], PURE),
                "steps": (("tau", "probe"), stack("steps"), PURE),
                "ending": (("tau", "probe"), stack("ending"), PURE),
                "v": (("probe", "sample", "feature"), reference.v, PURE),
                "solver": ((), ", ".join(sorted({p.solver for p in paths}))),
            }
        )
        return Record(data)


def _two_layers(dynamics: AbstractDynamics) -> TwoLayer:
    if isinstance(dynamics, TwoLayer):
        return dynamics
    raise ValueError(
        'The experiment "adiabatic_limit" needs dynamics kind "two_layer", got '
        f"{type(dynamics).__name__}."
    )


def _furthest(path: Trajectory, reference: Trajectory) -> np.ndarray:
    """The largest distance in time, for each probe."""
    assert path.v is not None
    assert reference.v is not None
    return np.linalg.norm(path.v - reference.v, axis=-1).max(axis=1)


def _only(study: Study):
    if len(study.settings) != 1:
        raise ValueError(
            'The experiment "adiabatic_limit" sweeps tau_memory itself; leave out '
            "[experiment.sweep] and variants."
        )
    return study.settings[0]
