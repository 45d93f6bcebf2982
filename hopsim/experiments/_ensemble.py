"""Ensembles: the same measurement for many independent sets of patterns."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from pydantic import Field

from .._common.names import shown
from ..records import Dataset, dataset, Variables
from ._base import AbstractExperiment, Setting
from ._units import StudyPoint, Unit, UnitContext
from ._variables import PURE


class AbstractEnsemble(AbstractExperiment):
    """An experiment repeated for `sets` independent sets of patterns.

    The rows of all sets are concatenated along the dimension `row`; the variable `set`
    numbers the set of each row, the unit of replication in statistics. Variables
    without this dimension are those of the first set.

    To add one: set `row` and `plots`, and implement `measure` for one set.
    """

    row: ClassVar[str] = "state"
    sets_are_units: ClassVar[bool] = True
    unit_name: ClassVar[str] = "pattern sets"

    sets: int = Field(8, ge=1)

    @abc.abstractmethod
    def measure(self, setting: Setting) -> Variables:
        """The variables of one set of patterns: `{name: (dimensions, values)}`."""

    def units(self, points: Sequence[StudyPoint]) -> list[Unit]:
        return [Unit(k, n) for k in range(len(points)) for n in range(self.sets)]

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        found = self.measure(setting.redrawn(unit.set))
        require_variables(found, self.row)
        return found

    def joined(self, point: StudyPoint, found: Mapping[Unit, Variables]) -> Dataset:
        return stacked(found, self.row)


def stacked(found: Mapping[Unit, Variables], row: str) -> Dataset:
    """The variables of all sets as one dataset, concatenated along `row`."""
    sizes = [_rows(variables, row) for variables in found.values()]
    number = np.repeat([unit.set for unit in found], sizes)
    stacked: dict[str, tuple] = {
        "set": (row, number, PURE | {"long_name": "number of the pattern set"})
    }
    for name, (dims, first, *attrs) in next(iter(found.values())).items():
        if row in np.atleast_1d(dims):
            axis = list(np.atleast_1d(dims)).index(row)
            first = np.concatenate([v[name][1] for v in found.values()], axis=axis)
        stacked[name] = (dims, first, *attrs)
    return dataset(stacked)


def require_variables(variables: Any, row: str) -> None:
    """Raises ValueError for what are no variables that a file of a run can hold."""
    if not isinstance(variables, Mapping):
        raise ValueError(
            "The measurement of a pattern set gives {name: (dimensions, values)}, got "
            f"{shown(variables)}."
        )
    for name, entry in variables.items():
        fits = isinstance(entry, tuple) and len(entry) in (2, 3)
        if not fits or np.asarray(entry[1]).dtype.kind not in "biufUS":
            raise ValueError(
                f"The variable {name!r} of a pattern set must be (dimensions, values), "
                f"of numbers or texts, got {shown(entry)}."
            )
    if not any(row in np.atleast_1d(entry[0]) for entry in variables.values()):
        raise ValueError(
            f"No variable of a pattern set has the dimension {row!r}, got "
            f"{', '.join(variables) or 'none'}; set `row` to one of their dimensions."
        )


def _rows(variables: Variables, row: str) -> int:
    for dims, values, *_ in variables.values():
        if row in np.atleast_1d(dims):
            return np.shape(values)[list(np.atleast_1d(dims)).index(row)]
    raise AssertionError(f"no variable of the ensemble has the dimension {row!r}")


def random_states(
    setting: Setting, count: int, spread: float, memory_spread: float
) -> tuple[Float[np.ndarray, "state feature"], Float[np.ndarray, "state memory"]]:
    """States (v, h) of independent normal numbers, with these standard deviations."""
    draw = setting.stream.child("states").generator().standard_normal
    v = spread * draw((count, setting.network.features))
    h = memory_spread * draw((count, setting.network.count))
    dtype = setting.network.dtype
    return v.astype(dtype), h.astype(dtype)
