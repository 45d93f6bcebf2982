"""The adiabatic gap along a retrieval, at every sample of every run."""

from typing import ClassVar

import numpy as np

from ...dynamics import expected, TwoLayer
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import path_entries, PURE, TIME
from ...records import Variables
from .._base import validations
from .adiabatic_gap import both_energies, compared


@validations.register("retrieval_gap")
class RetrievalGap(AbstractEnsemble):
    r"""$E(v,h) - E(v) = D_{L_h}(\xi g + J \,\|\, h)$ at every sample of a retrieval.

    All three are computed from the saved states, since a trajectory records E(v) as
    E(v, h) less the gap, which could not disagree. `gap_error` is relative to the sum
    of |terms|, and so is `told_error`, of the recorded E(v, h); `below` is as for
    "adiabatic_gap". [THEORY 1.4, CL-03]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("gap",)
    further_plots: ClassVar[tuple[str, ...]] = ("settling",)

    def validate_setting(self, setting: Setting) -> None:
        decay = expected(setting.dynamics, TwoLayer, "retrieval_gap").decay
        if np.any(decay != 1):
            raise ValueError(
                f'The experiment "retrieval_gap" needs decay 1, got {decay}; set it so.'
            )
        setting.may_simulate(save=("v", "h"))

    def entries(self, setting: Setting) -> float:
        return path_entries(setting, ("v", "h"))

    def measure(self, setting: Setting) -> Variables:
        flown = setting.simulate(save=("v", "h"))
        assert flown.v is not None
        assert flown.h is not None
        shape = flown.energy.shape
        states = (x.reshape(-1, x.shape[-1]) for x in (flown.v, flown.h))
        seen = both_energies(setting.network, *states)
        full, slaved, gap, terms = (np.asarray(x).reshape(shape) for x in seen)
        error, below = compared(full, slaved, gap, terms)
        path = ("probe", "sample")
        return {
            "time": ("sample", flown.times, TIME),
            "end_time": ("probe", flown.end_time, TIME),
            "converged": ("probe", flown.converged, PURE),
            "target": ("probe", setting.probes.targets, PURE),
            "energy": (path, full, PURE),
            "effective_energy": (path, slaved, PURE),
            "gap": (path, gap, PURE),
            "gap_error": (path, error, PURE),
            "told_error": (path, np.abs(full - flown.energy) / terms, PURE),
            "below": (path, below, PURE),
        }
