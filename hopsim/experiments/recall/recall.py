"""Recall: run every probe to its end and compare it with its target."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ...data.recall_variables import recall_variables
from ...records import Dataset, Variables, variables_of
from ...trajectory import Trajectory
from .._base import AbstractExperiment, experiments, Setting
from .._units import Unit, UnitContext
from .._variables import path_entries, trajectory_data


@experiments.register("recall")
class Recall(AbstractExperiment):
    r"""Retrieved iff $\xi\cdot g / (|\xi||g|) >$ `retrieved_above` at the end. [KH16]

    `measured_on` chooses the features: "hidden" for those that the probe does not show,
    "all", or "auto" (hidden if there are any). `absolute` counts $-\xi$ as well.
    """

    plots: ClassVar[tuple[str, ...]] = ("energy", "overlap")
    further_plots: ClassVar[tuple[str, ...]] = (
        "gallery",
        "film",
        "gap",
        "sweep",
        "settling",
    )

    retrieved_above: float = Field(0.95, ge=-1, le=1)
    measured_on: Literal["auto", "hidden", "all"] = "auto"
    absolute: bool = False

    def validate_setting(self, setting: Setting) -> None:
        aimed = np.any(setting.probes.targets >= 0)
        if self.measured_on == "hidden" and aimed and setting.probes.hidden is None:
            raise ValueError(
                'experiment.measured_on = "hidden" needs probes with a hidden part.'
            )
        setting.may_simulate()

    def entries(self, setting: Setting) -> float:
        return path_entries(setting, tuple({*setting.run.save, "g"}))

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        save = tuple({*setting.run.save, "g"})
        on_progress = context.progress_callback(setting.dynamics.counts)
        trajectory = setting.simulate(on_progress, save=save)
        variables = variables_of(self._judge(setting, trajectory))
        for group, data in trajectory.groups().items():
            if group == "step_log":
                variables |= variables_of(data, group)
        return variables

    def _judge(self, setting: Setting, trajectory: Trajectory) -> Dataset:
        data = trajectory_data(setting, trajectory)
        targets, g = setting.probes.targets, trajectory.g
        if g is None or not np.any(targets >= 0):
            return data
        hidden = setting.probes.hidden
        measured = None if self.measured_on == "all" else hidden
        memories = np.asarray(setting.network.memories)
        return data.assign(
            recall_variables(
                g, memories, targets, measured, self.retrieved_above, self.absolute
            )
        )
