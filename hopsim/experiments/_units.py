"""Units of work: the least pieces of a study, each of which is computed and kept alone.

No unit needs another one, or the order in which they come: a unit is the same wherever
it is computed, since its random numbers are named by the seed, its point and its set.
"""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .._common.progress import Report
from ..records import Variables


class StudyPoint(NamedTuple):
    """What a record says of one point of a study."""

    label: str
    value: float | None  # the swept value, if it is one number


class Unit(NamedTuple):
    """One unit of a study, by numbers from 0."""

    point: int  # of the sweep or the variants
    set: int = 0  # of patterns
    cell: int = 0  # of a grid that the experiment itself has


@dataclasses.dataclass(frozen=True)
class UnitContext:
    """What a unit tells its surroundings while it is computed, and what it asks them.

    No result depends on it.
    """

    number: int = 0  # of the unit, among those of the study
    units: int = 1
    on_progress: Report | None = None
    checkpoint: Path | None = None  # the file of a training that may be stopped
    should_stop: Callable[[], bool] = lambda: False  # True: write it and stop
    on_epoch: Callable[[str, dict[str, float]], None] | None = None

    def progress_callback(self, counts: str) -> Callable[[int, int], None] | None:
        """A callback `(done, total)` of what this unit counts; None if unused."""
        if self.on_progress is None:
            return None
        report, before, units = self.on_progress, self.number, self.units
        return lambda done, total: report(counts, before * total + done, units * total)

    def epoch_callback(self, label: str) -> Callable[[dict[str, float]], None]:
        """A callback that reports every epoch of training of the point `label`."""

        def of(values: dict[str, float]) -> None:
            if self.on_epoch is not None:
                self.on_epoch(label, values)
            elif self.on_progress is not None:
                what = f"epochs {label}".strip()
                self.on_progress(what, int(values["epoch"]), int(values["epochs"]))

        return of


def grouped(variables: Variables) -> Mapping[str, Variables]:
    """The variables of each group of a record; those of its root under ""."""
    groups: dict[str, dict[str, Any]] = {"": {}}
    for name, entry in variables.items():
        group, _, own = name.rpartition("/")
        groups.setdefault(group, {})[own] = entry
    return groups
