"""Ensembles: the same measurement for many independent sets of patterns."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from pydantic import Field

from .._common.names import shown
from ..records import Dataset, dataset, join_points, Record, Variables
from ._base import AbstractExperiment, Setting, Study
from ._variables import PURE


class AbstractEnsemble(AbstractExperiment):
    """An experiment repeated for `sets` independent sets of patterns.

    The rows of all sets are concatenated along the dimension `row`; the variable `set`
    numbers the set of each row, the unit of replication in statistics. Variables
    without this dimension are those of the first set.

    To add one: set `row` and `plots`, and implement `measure` for one set.
    """

    row: ClassVar[str] = "state"

    sets: int = Field(8, ge=1)

    @abc.abstractmethod
    def measure(self, setting: Setting) -> Variables:
        """The variables of one set of patterns: `{name: (dimensions, values)}`."""

    def run(self, study: Study) -> Record:
        runs, parts = len(study.settings) * self.sets, []
        for k, setting in enumerate(study.settings):
            found = []
            for number in range(self.sets):
                found.append(self.measure(setting.redrawn(number)))
                if study.on_progress is not None:
                    done = k * self.sets + number + 1
                    study.on_progress("pattern sets", done, runs)
            parts.append(stacked(found, self.row, setting))
        return Record(join_points(parts, [setting.label for setting in study.settings]))


def stacked(found: list[Variables], row: str, setting: Setting) -> Dataset:
    """The variables of all sets as one dataset, concatenated along `row`.

    Raises ValueError for what are no variables that a file of a run can hold.
    """
    for variables in found:
        _require_variables(variables, row)
    sizes = [_rows(variables, row) for variables in found]
    number = np.repeat(np.arange(len(found)), sizes)
    stacked: dict[str, tuple] = {
        "set": (row, number, PURE | {"long_name": "number of the pattern set"})
    }
    for name, (dims, first, *attrs) in found[0].items():
        if row in np.atleast_1d(dims):
            axis = list(np.atleast_1d(dims)).index(row)
            first = np.concatenate([v[name][1] for v in found], axis=axis)
        stacked[name] = (dims, first, *attrs)
    if setting.value is not None:
        stacked["value"] = ((), setting.value)
    return dataset(stacked)


def _require_variables(variables: Any, row: str) -> None:
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
