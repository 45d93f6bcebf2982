"""Studies whose units are kept in files: they go on where they were stopped."""

import collections
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..experiments import Unit
from ..scenario.scenario import Scenario
from .unit_files import UnitFiles
from .unit_keys import unit_keys
from .units import Callbacks, Computation, failure_reason, Found


COSTS_READ = 200  # units whose cost stands for that of all
LOOK_AGAIN_AFTER = 1.0  # seconds, for units that others compute


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


class Status(NamedTuple):
    """How far the units of a study are."""

    units: int
    done: int
    failed: int
    missing: int  # those in work among them
    seconds: float  # the mean cost of a unit that is done
    workers: list[dict[str, Any]]  # host, pid and since, for each unit in work
    reasons: dict[str, int]  # of failures, with their numbers

    @property
    def sentence(self) -> str:
        """In one line."""
        failed = f", {self.failed} failed" if self.failed else ""
        work = f", {len(self.workers)} in work" if self.workers else ""
        return f"{self.done} of {self.units} units done{failed}{work}"

    @property
    def cost(self) -> str:
        """What a unit takes, and what is left to do; empty if none is done."""
        if not self.done:
            return ""
        left = self.seconds * self.missing
        return f"{self.seconds:.3g} s a unit, {left:.3g} s of work left"


class KeptStudy:
    """A study whose units are kept in files, and computed where they are missing."""

    def __init__(self, scenario: Scenario, files: UnitFiles, callbacks: Callbacks):
        self.scenario, self.files, self.callbacks = scenario, files, callbacks
        self.work = Computation(scenario, callbacks)
        self.units = self.work.units
        self.keys = unit_keys(scenario, self.units)

    def missing(self, share: Share | None = None) -> list[Unit]:
        """The units, or those of a share, that are neither done nor failed."""
        return [
            unit
            for unit in self._of(share)
            if not self.files.is_done(self.keys[unit])
            and self.files.failure(self.keys[unit]) is None
        ]

    def _of(self, share: Share | None) -> list[Unit]:
        return self.units if share is None else self.units[share.number :: share.of]

    def forget_failures(self) -> None:
        """Let all units that failed be tried again."""
        for key in self.keys.values():
            self.files.forget_failure(key)

    @contextlib.contextmanager
    def kept_if_interrupted(self) -> Iterator[None]:
        """Who interrupts the block is told what is kept."""
        try:
            yield
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(
                f"{self.status().sentence}, kept in {self.files.place}; the same "
                "command goes on from there"
            ) from error

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
            elsewhere, done = 0, len(self.units) - len(waiting)
            for unit in waiting:
                if self.perform(unit):
                    done += 1
                else:
                    elsewhere += 1
                self.work.told(done)
            if share is not None:
                return
            if elsewhere:
                time.sleep(LOOK_AGAIN_AFTER)
            waiting = self.missing()

    def status(self, share: Share | None = None) -> Status:
        """How far the units are, or those of a share."""
        keys = [self.keys[unit] for unit in self._of(share)]
        done = [key for key in keys if self.files.is_done(key)]
        rest = [key for key in keys if key not in {*done}]
        failures = [f for f in map(self.files.failure, rest) if f is not None]
        reasons = collections.Counter(f.reason for f in failures)
        workers = [w for w in map(self.files.worker, rest) if w is not None]
        kept = [self.files.read(key) for key in done[:COSTS_READ]]
        seconds = [unit.seconds for unit in kept if unit is not None]
        return Status(
            units=len(keys),
            done=len(done),
            failed=len(failures),
            missing=len(keys) - len(done) - len(failures),
            seconds=sum(seconds) / len(seconds) if seconds else 0.0,
            workers=workers,
            reasons=dict(reasons),
        )

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


def kept_study(scenario: Scenario, out: Path, callbacks: Callbacks) -> KeptStudy:
    """The study of a scenario, with the units that are kept beside its runs."""
    return KeptStudy(scenario, UnitFiles(out / f"{scenario.name}.units"), callbacks)
