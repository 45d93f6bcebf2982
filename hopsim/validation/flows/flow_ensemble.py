"""Flows of many pattern sets: endings and certificates."""

from typing import ClassVar

import numpy as np

from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import path_entries, PURE, trajectory_variables
from ...records import Variables
from .._base import validations


@validations.register("flow_ensemble", formerly=("flow",))
class FlowEnsemble(AbstractEnsemble):
    """Every probe of every pattern set simulated, sampled, certified. [KH21; CL-05]

    All variables of a run, and ratios: `rise_share`, the worst rise over its limit;
    `ledger_share`, the residual of the ledger over its tolerance; `ledger_by_rtol`, the
    same residual over rtol.
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("energy",)
    further_plots: ClassVar[tuple[str, ...]] = ("settling", "ledger", "gap")

    def validate_setting(self, setting: Setting) -> None:
        setting.may_simulate()

    def entries(self, setting: Setting) -> float:
        return self.sets * path_entries(setting, setting.run.save)

    def measure(self, setting: Setting) -> Variables:
        trajectory = setting.simulate()
        variables = trajectory_variables(setting, trajectory)
        # Runge-Kutta methods may raise E by rtol times the dissipation, others by 0
        rtol = max(trajectory.rise_gain, np.finfo(float).tiny)
        residual = variables["ledger_residual"][1]
        limit = variables["ledger_tolerance"][1]
        rise, allowed = trajectory.worst_rise, trajectory.rise_limit
        return variables | {
            "rise_share": ("probe", rise / allowed, PURE),
            "ledger_share": ("probe", residual / limit, PURE),
            "ledger_by_rtol": ("probe", residual / rtol, PURE),
        }
