"""Portraits of networks of two features: energy, trajectories, fixed points."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from ...attractors.flows import check_search
from ...attractors.plane import plane
from ...data.patterns import grid
from ...records import Variables, variables_of
from .._base import AbstractExperiment, experiments, Setting
from .._units import Unit, UnitContext
from .._variables import path_entries, trajectory_data


@experiments.register("portrait")
class Portrait(AbstractExperiment):
    r"""Contours of $E(v)$, trajectories, and zeros of $\nabla\Phi(g(v)) - v$. [KH21]

    Fixed points are found by Newton's method from every point of a grid, in float64;
    those within a relative distance of 1e-6 are one. `fixed_index` counts unstable
    directions. [THEORY 5.1-5.2]
    """

    plots: ClassVar[tuple[str, ...]] = ("portrait",)
    further_plots: ClassVar[tuple[str, ...]] = ("energy", "gap", "sweep", "settling")

    low: float = -1.5
    high: float = 1.5
    resolution: int = Field(121, ge=9)
    starts: int = Field(15, ge=3)

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        on_progress = context.progress_callback(setting.dynamics.counts)
        trajectory = setting.simulate(on_progress)
        data = trajectory_data(setting, trajectory)
        seen = plane(
            setting.network,
            setting.dynamics,
            np.linspace(self.low, self.high, self.resolution),
            grid(self.low, self.high, self.starts),
        )
        return variables_of(data.merge(seen))

    def validate_setting(self, setting: Setting) -> None:
        features = setting.network.features
        if features != 2:
            raise ValueError(
                f"A portrait needs memories of 2 features, got {features}."
            )
        if not self.low < self.high:
            raise ValueError(f"low < high is needed, got {self.low} and {self.high}.")
        setting.may_simulate()
        check_search(setting.network, setting.dynamics, {})

    def entries(self, setting: Setting) -> float:
        return path_entries(setting, setting.run.save) + 8.0 * self.resolution**2
