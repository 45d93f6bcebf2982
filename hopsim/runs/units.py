"""The units of a scenario: what is computed one by one, and kept.

Units that are kept are not computed again. One that fails is told, and others go on.
"""

import dataclasses
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .._common.progress import Report
from ..experiments import Setting, StudyPoint, Unit, UnitContext
from ..records import Record, Variables, Verdict
from ..scenario.scenario import Scenario
from .unit_files import Failure, UnitFiles
from .unit_keys import unit_keys


SHOWN_FAILURES = 3
LOOK_AGAIN_AFTER = 1.0  # seconds, for units that others compute


@dataclasses.dataclass(frozen=True)
class Callbacks:
    """What is called while a scenario runs; see `run`."""

    on_progress: Report | None = None
    should_stop: Callable[[], bool] | None = None  # None: no checkpoints are left
    on_epoch: Callable[[str, dict[str, float]], None] | None = None


class Share(NamedTuple):
    """One of several shares of the units, counted from 0."""

    number: int
    of: int

    @classmethod
    def read(cls, text: str) -> "Share":
        """`K/N`. Raises ValueError for another text."""
        number, _, of = text.partition("/")
        if number.isdecimal() and of.isdecimal() and int(number) < int(of):
            return cls(int(number), int(of))
        raise ValueError(
            f"A share of the units is K/N with K from 0 to N - 1, got {text!r}; give "
            "0/50 to 49/50, say."
        )


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
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(last.filename)}, line {last.lineno}"
    return f"crashed with {type(error).__name__} in {place}: {error}"


class KeptStudy:
    """A study whose units are kept in files, and computed where they are missing."""

    def __init__(self, scenario: Scenario, files: UnitFiles, callbacks: Callbacks):
        self.scenario, self.files, self.callbacks = scenario, files, callbacks
        self.work = Computation(scenario, callbacks)
        self.units = self.work.units
        self.keys = unit_keys(scenario, self.units)

    def missing(self, share: Share | None = None) -> list[Unit]:
        """The units, or those of a share, that are neither done nor failed."""
        mine = self.units if share is None else self.units[share.number :: share.of]
        return [
            unit
            for unit in mine
            if not self.files.is_done(self.keys[unit])
            and self.files.failure(self.keys[unit]) is None
        ]

    def forget_failures(self) -> None:
        """Let all units that failed be tried again."""
        for key in self.keys.values():
            self.files.forget_failure(key)

    def begin(self, force: bool = False, retry_failed: bool = False) -> None:
        """Clear what was left half done; `force` forgets a study that is finished."""
        self.files.clear()
        if retry_failed:
            self.forget_failures()
        if force and not self.missing():
            for key in self.keys.values():
                self.files.forget(key)

    def perform(self, unit: Unit) -> bool:
        """Compute and keep a unit, or why it fails; False if others are at it."""
        key = self.keys[unit]
        with self.files.claimed(key) as mine:
            if not mine:
                return False
            if self.files.is_done(key):  # meanwhile
                return True
            perform_and_keep(self.work, self.files, unit, key)
        return True

    def compute(self, share: Share | None = None) -> None:
        """Everything that is missing, in this process.

        Units that other processes have in work are waited for, unless a share is asked
        for.
        """
        waiting = self.missing(share)
        while waiting:
            elsewhere = []
            for unit in waiting:
                if not self.perform(unit):
                    elsewhere.append(unit)
                self.work.told(len(self.units) - len(waiting) + 1)
            if share is not None:
                return
            if elsewhere:
                time.sleep(LOOK_AGAIN_AFTER)
            waiting = self.missing()

    def found(self) -> Found:
        """All units that there are now."""
        variables, failures = {}, {}
        for unit, key in self.keys.items():
            kept = self.files.read(key)
            if kept is not None:
                variables[unit] = kept.variables
            elif (failure := self.files.failure(key)) is not None:
                failures[unit] = failure
        return Found(variables, failures, self.units)


def kept_study(scenario: Scenario, out: Path, callbacks: Callbacks) -> KeptStudy:
    """The study of a scenario, with the units that are kept beside its runs."""
    return KeptStudy(scenario, UnitFiles(out / f"{scenario.name}.units"), callbacks)


def perform_and_keep(
    work: Computation, files: UnitFiles, unit: Unit, key: str
) -> str | None:
    """Compute a unit and keep it, or why it failed, which is returned.

    Raises OSError if the disk takes neither, and KeyboardInterrupt.
    """
    begun = time.perf_counter()
    checkpoint = files.checkpoint(key) if work.scenario.experiment.trains else None
    try:
        variables = work.performed(unit, checkpoint)
    except Exception as error:
        why = failure_reason(error)
        files.fail(key, why, time.perf_counter() - begun)
        return why
    try:
        files.keep(key, variables, time.perf_counter() - begun)
    except ValueError as error:  # no variables that a file can hold
        files.fail(key, str(error), time.perf_counter() - begun)
        return str(error)
    return None
