"""The units of a scenario: what is to be computed, each by itself."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from .._common.progress import Report
from ..experiments import Setting, StudyPoint, Unit, UnitContext
from ..records import Record, Variables
from ..scenario.scenario import Scenario


@dataclasses.dataclass(frozen=True)
class Callbacks:
    """What is called while a scenario runs; see `run`."""

    on_progress: Report | None = None
    should_stop: Callable[[], bool] | None = None  # None: no checkpoints are left
    on_epoch: Callable[[str, dict[str, float]], None] | None = None


def study_points(scenario: Scenario) -> list[StudyPoint]:
    """The label and the swept value of every point."""
    return [StudyPoint(point.label, point.value) for point in scenario.points]


def gathered(scenario: Scenario, found: dict[Unit, Variables]) -> Record:
    """The record of a scenario, from its units."""
    return scenario.experiment.gathered(study_points(scenario), found)


def performed(
    scenario: Scenario, callbacks: Callbacks, checkpoints: Path | None
) -> Iterator[tuple[Unit, Variables]]:
    """All units, one after the other; points are built when their turn comes.

    `checkpoints` is the folder in which trainings leave theirs.
    """
    experiment, built = scenario.experiment, {}
    units = experiment.units(study_points(scenario))
    for number, unit in enumerate(units):
        if unit.point not in built:
            built = {unit.point: _setting(scenario, unit.point)}
        context = UnitContext(
            number,
            len(units),
            callbacks.on_progress,
            on_epoch=callbacks.on_epoch,
        )
        if callbacks.should_stop is not None and checkpoints is not None:
            name = f"{unit.point}-{unit.set}.nc"
            context = dataclasses.replace(
                context,
                checkpoint=checkpoints / name,
                should_stop=callbacks.should_stop,
            )
        yield unit, experiment.perform(built[unit.point], unit, context)
        if experiment.unit_name and callbacks.on_progress is not None:
            callbacks.on_progress(experiment.unit_name, number + 1, len(units))


def _setting(scenario: Scenario, point: int) -> Setting:
    header = scenario.header
    setting = scenario.points[point].build(header.seed, header.precision)
    scenario.experiment.validate_setting(setting)
    return setting
