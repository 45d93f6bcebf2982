"""The interface of checks: statements of a scenario, tested on its record."""

import abc
import dataclasses
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from .._common.names import nearest, plain, shown
from .._common.registry import Registry
from ..records import Dataset, Record, Verdict


checks = Registry("check")


class AbstractCheck(BaseModel, abc.ABC):
    """A statement about a record, with a verdict.

    To add one: subclass with its fields, implement `judge` for one point, register it.
    `point` is the label of one variant or swept value; the default is all points.
    `at` addresses cells of a sweep by values of its axes, `{ beta = 0.5 }`: a verdict
    on each of them.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    point: str | None = None
    at: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_place(self):
        if self.point is not None and self.at is not None:
            raise ValueError("give either point or at, not both")
        return self

    @property
    def false_alarm(self) -> float:
        """The share of seeds with which it fails at one point though theory is right.

        0 where the kind has no such rate of its own: where it depends on how far the
        bounds lie from what is true.
        """
        return 0.0

    def validate_size(self, targets: Sequence[np.ndarray], sets: int) -> None:
        """Raises ValueError where no result could pass it, or none could fail.

        Asked when a scenario is read: `targets` are those of the probes (-1: none) at
        every point of which it speaks, `sets` the number of pattern sets.
        """

    @abc.abstractmethod
    def judge(self, data: Dataset) -> Verdict:
        """The verdict on one point."""

    def verdicts(self, record: Record) -> list[Verdict]:
        """One verdict for each point to which the check applies.

        No verdict for a point that the experiment left out for want of its data.
        """
        if self.point in record.attrs.get("left_out", "").splitlines():
            return []
        try:
            chosen = self.spoken_of(record)
        except ValueError as error:
            return [self.impossible(str(error))]
        return [_labelled(self.attempt(data), label) for label, data in chosen]

    def spoken_of(self, record: Record) -> list[tuple[str, Dataset]]:
        """The points to which the check applies, with their labels.

        Raises ValueError if the record has none, or if a cell of them is not done.
        """
        if not_done := record.not_done(self.at):
            raise ValueError(f"{not_done}; give `at` for other cells")
        chosen = record.points(self.at, self.point)
        if not chosen:
            hint = nearest(str(self.point), record.labels())
            raise ValueError(f"no point {self.point!r}: {hint}")
        return chosen

    def attempt(self, data: Dataset) -> Verdict:
        """The verdict on one point; a check that cannot be made fails."""
        try:
            found = self.judge(data)
            if not isinstance(found, Verdict):
                raise ValueError(f"judge must return a Verdict, got {shown(found)}")
            return found
        except ValueError as error:
            return self.impossible(str(error))
        except Exception as error:  # no reason to lose a run
            return self.impossible(plain(f"{type(error).__name__}: {error}"))

    def impossible(self, reason: str) -> Verdict:
        """The verdict of a check that this record does not allow."""
        kind = checks.kind_of(type(self)) or type(self).__name__
        return Verdict(kind, False, f"cannot be made: {reason}", "a record that can")


def require_chance(at_least: float, least: float = 0.0) -> None:
    """Raises ValueError for a bound that every result keeps."""
    if at_least <= least:
        raise ValueError(
            f"no result could fail this check, at_least = {at_least:g}; ask for more"
        )


def require_targets(targets: Sequence[np.ndarray]) -> None:
    """Raises ValueError unless probes aim at memories at every point."""
    if not all(np.any(aims >= 0) for aims in targets):
        raise ValueError(
            "no result could pass this check: no probe aims at a memory; use probes "
            'kind "corrupted"'
        )


def require_reach(trials: int, level: float, at_least: float, of: str) -> None:
    """Raises ValueError where Wilson's lower limit misses a bound with all successes.

    It is $n/(n + z^2)$ then. [Wilson 1927]
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    most = trials / (trials + z**2)
    if most < at_least:
        raise ValueError(
            f"no result could pass this check: with {trials} {of}, all of them "
            f"successes, the lower limit is {most:.3f} < {at_least:g}; take more of "
            "them, or ask for less"
        )


def needed_by_check(data: Dataset, name: str) -> np.ndarray:
    """A variable of the record; ValueError if it was not recorded."""
    if name not in data:
        raise ValueError(
            f"this check needs {name!r}, which the experiment did not record"
        )
    return data[name].values


def _labelled(verdict: Verdict, label: str) -> Verdict:
    if not label:
        return verdict
    return dataclasses.replace(verdict, statement=f"{verdict.statement} ({label})")
