"""Flows of many pattern sets: how they ended, what their certificates say."""

from typing import ClassVar

import numpy as np

from ..records import Variables
from ._base import experiments, PURE, Setting, trajectory_variables
from ._ensemble import AbstractEnsemble


@experiments.register("flow")
class FlowEnsemble(AbstractEnsemble):
    r"""Every probe of every pattern set flown, sampled and certified. [KH21; CL-05]

    What a run leaves, and ratios: `rise_share`, the worst rise by what is tolerated,
    `ledger_share`, the ledger's residual by its tolerance, `ledger_by_rtol`, the same
    by rtol, and `gap_error`, $|E(v,h) - E(v) - D|$ relative to the largest of the
    energies, at every sample.
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("energy",)

    def measure(self, setting: Setting) -> Variables:
        trajectory = setting.simulate()
        variables = trajectory_variables(setting, trajectory)
        energies = trajectory.energy, trajectory.effective_energy, trajectory.gap
        full, slaved, gap = (np.asarray(x, float) for x in energies)
        scale = np.max(np.abs(full) + np.abs(slaved) + np.abs(gap), axis=1)
        scale = np.maximum(scale, np.finfo(float).tiny)[:, None]
        # Runge-Kutta methods are allowed rtol times what they dissipate; others nothing
        rtol = max(trajectory.rise_gain, np.finfo(float).tiny)
        eps = np.finfo(setting.network.dtype).eps
        residual = variables["ledger_residual"][1]
        limit = variables["ledger_tolerance"][1]
        rise, allowed = trajectory.worst_rise, trajectory.rise_limit
        return variables | {
            "rise_share": ("probe", rise / allowed, PURE),
            "ledger_share": ("probe", residual / limit, PURE),
            "ledger_by_rtol": ("probe", residual / rtol, PURE),
            "gap_error": (("probe", "sample"), abs(full - slaved - gap) / scale, PURE),
            "gap_negative": (("probe", "sample"), gap < -64 * eps * scale, PURE),
        }
