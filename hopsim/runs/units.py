"""The units of a scenario: what is computed one by one, and kept.

Units that are kept are not computed again. One that fails is told, and others go on.
"""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .._common.names import crash_reason
from .._common.progress import Report
from ..experiments import Setting, StudyPoint, Unit, UnitContext
from ..records import labelled, Record, Variables, Verdict
from ..scenario.scenario import Scenario
from .unit_files import Failure


SHOWN_FAILURES = 3


@dataclasses.dataclass(frozen=True)
class Callbacks:
    """What is called while a scenario runs; see `run`."""

    on_progress: Report | None = None
    should_stop: Callable[[], bool] | None = None  # None: no checkpoints are left
    on_epoch: Callable[[str, dict[str, float]], None] | None = None


class Found(NamedTuple):
    """The units of a study that there are, and why others are missing."""

    variables: dict[Unit, Variables]
    failures: dict[Unit, Failure]
    units: list[Unit]  # all that there should be


def study_points(scenario: Scenario) -> list[StudyPoint]:
    """The label and the swept value of every point."""
    points = scenario.points
    return [StudyPoint(x, points.value(k)) for k, x in enumerate(points.labels)]


def study_units(scenario: Scenario) -> list[Unit]:
    """All units of a scenario."""
    return scenario.experiment.units(study_points(scenario))


def gathered(scenario: Scenario, found: Found) -> Record:
    """The record of a scenario, from those of its units that there are.

    Raises ValueError with the reason if there are none.
    """
    if not found.variables:
        reasons = [failure.reason for failure in found.failures.values()]
        raise ValueError(reasons[0] if reasons else "no unit has been computed")
    return scenario.experiment.gathered(study_points(scenario), found.variables)


def on_axes(scenario: Scenario, record: Record) -> Record:
    """The record with a dimension for each axis of its grid, and one for sets.

    Cells without a unit have failed. A study that names its points itself keeps them.
    """
    labels, axes = scenario.points.labels, scenario.axes
    done = set(record.labels())
    if not axes or not done <= {*labels} or len(done) != len(record.labels()):
        return labelled(record)
    if len(done) == len(labels):
        return labelled(record, axes)
    states = ["done" if label in done else "failed" for label in labels]
    return labelled(record, axes, states)


def failed_verdict(scenario: Scenario, found: Found) -> list[Verdict]:
    """What a record says of the units that failed; nothing if none did."""
    if not found.failures:
        return []
    labels = [point.label for point in study_points(scenario)]
    told = [
        f"{labels[unit.point] or 'unit'} (set {unit.set}): {failure.reason}"
        for unit, failure in list(found.failures.items())[:SHOWN_FAILURES]
    ]
    failed, units = len(found.failures), len(found.units)
    return [
        Verdict(
            statement="every unit of the study was computed",
            passed=False,
            measured=f"{failed} of {units} failed: {'; '.join(told)}",
            expected="0 failed; --retry-failed tries them again",
            source="hopsim",
            value=float(failed),
        )
    ]


# --- computing ------------------------------------------------------------------------


class Computation:
    """The units of a scenario while they are computed, in this process."""

    def __init__(self, scenario: Scenario, callbacks: Callbacks):
        self.scenario, self.callbacks = scenario, callbacks
        self.units = study_units(scenario)
        self._numbers = {unit: k for k, unit in enumerate(self.units)}
        self._built: dict[int, Setting] = {}  # of one point alone

    def performed(self, unit: Unit, checkpoint: Path | None = None) -> Variables:
        """The variables of a unit; its training leaves its checkpoints there."""
        calls, experiment = self.callbacks, self.scenario.experiment
        context = UnitContext(
            self._numbers[unit],
            len(self.units),
            calls.on_progress,
            checkpoint=checkpoint if experiment.trains else None,
            on_epoch=calls.on_epoch,
        )
        if calls.should_stop is not None:
            context = dataclasses.replace(context, should_stop=calls.should_stop)
        return experiment.perform(self._setting(unit.point), unit, context)

    def told(self, done: int) -> None:
        """Report how many units are done, if the study counts them."""
        name, report = self.scenario.experiment.unit_name, self.callbacks.on_progress
        if name and report is not None:
            report(name, done, len(self.units))

    def _setting(self, point: int) -> Setting:
        if point not in self._built:
            setting = self.scenario.setting(point)
            self.scenario.experiment.validate_setting(setting)
            self._built = {point: setting}
        return self._built[point]


def computed(
    scenario: Scenario, callbacks: Callbacks, checkpoints: Path | None
) -> Found:
    """All units, in memory; a unit that fails is told, unless it is the only one."""
    work = Computation(scenario, callbacks)
    found: dict[Unit, Variables] = {}
    failures: dict[Unit, Failure] = {}
    for number, unit in enumerate(work.units):
        name = f"{unit.point}-{unit.set}.nc"
        place = None if checkpoints is None else checkpoints / name
        begun = time.perf_counter()
        try:
            found[unit] = work.performed(unit, place)
        except Exception as error:
            if len(work.units) == 1:
                raise
            failures[unit] = Failure(failure_reason(error), time.perf_counter() - begun)
            if len(failures) == len(work.units):
                raise
        work.told(number + 1)
    return Found(found, failures, work.units)


def failure_reason(error: BaseException) -> str:
    """Why a unit failed, in one line."""
    if isinstance(error, ValueError | ArithmeticError):
        return str(error) or type(error).__name__
    return crash_reason(error)
