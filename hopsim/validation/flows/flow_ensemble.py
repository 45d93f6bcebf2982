"""Flows of many pattern sets: how they ended, what their certificates say."""

from typing import ClassVar

import numpy as np

from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import PURE, trajectory_variables
from ...records import Variables
from .._base import validations


@validations.register("flow_ensemble", formerly=("flow",))
class FlowEnsemble(AbstractEnsemble):
    r"""Every probe of every pattern set flown, sampled and certified. [KH21; CL-05]

    What a run leaves, and ratios: `rise_share`, the worst rise by what is tolerated,
    `ledger_share`, the ledger's residual by its tolerance, and `ledger_by_rtol`, the
    same by rtol.
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("energy",)

    def measure(self, setting: Setting) -> Variables:
        trajectory = setting.simulate()
        variables = trajectory_variables(setting, trajectory)
        # Runge-Kutta methods are allowed rtol times what they dissipate; others nothing
        rtol = max(trajectory.rise_gain, np.finfo(float).tiny)
        residual = variables["ledger_residual"][1]
        limit = variables["ledger_tolerance"][1]
        rise, allowed = trajectory.worst_rise, trajectory.rise_limit
        return variables | {
            "rise_share": ("probe", rise / allowed, PURE),
            "ledger_share": ("probe", residual / limit, PURE),
            "ledger_by_rtol": ("probe", residual / rtol, PURE),
        }
