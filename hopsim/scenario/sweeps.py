"""Sweeps and variants: the changes that the points of a study make to a scenario.

A grid has one dimension for each axis of the table `[sweep]`; its points are all
combinations of their values, the last axis fastest.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .._common.names import nearest, shown
from ..experiments import AbstractExperiment
from ..records import Axis
from .entries import CHANGED_TABLES, takes_integers
from .grammar import read_model
from .toml_files import Problem


MOST_POINTS = 10_000_000  # of a study; their numbers alone take a second
MOST_LABEL_CHARACTERS = 40  # of a value that is neither a number nor text
Steps = tuple[int, ...]  # of a point: which of its changes each dimension makes
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class SweepTable(BaseModel):
    """The table `[sweep]`: axes, axes that move together, and the number of sets."""

    model_config = STRICT

    sets: int | None = Field(None, ge=1)
    axes: dict[str, Any] = {}
    together: list[dict[str, Any]] = []


class Spaced(BaseModel):
    """The values of an axis by its ends: `count` of them, both ends included.

    With `spacing = "log"` their logarithms are evenly spaced.
    """

    model_config = STRICT

    start: float
    stop: float
    count: int = Field(ge=2, le=100_000)
    spacing: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _has_logarithms(self) -> "Spaced":
        if self.spacing == "log" and min(self.start, self.stop) <= 0:
            raise ValueError(
                'start and stop must be > 0 for spacing = "log"; use "linear", or '
                "other ends"
            )
        return self

    def values(self, integers: bool) -> list[float]:
        """The values, as decimals of 15 digits, or as the nearest integers."""
        inward, outward = (
            (math.log, math.exp) if self.spacing == "log" else (float, float)
        )
        low, high, last = inward(self.start), inward(self.stop), self.count - 1
        inside = (
            outward(low * (1 - i / last) + high * (i / last)) for i in range(1, last)
        )
        # 0.15, not 0.15000000000000002: a value is asked for as it is written
        found = [float(f"{x:.15g}") for x in (self.start, *inside, self.stop)]
        return [round(x) if integers and abs(x) < 2**63 else x for x in found]


class Change(NamedTuple):
    """The changes that one value of an axis, or one variant, makes to the scenario."""

    label: str
    value: float | None  # the swept value, if it is a number
    where: str  # its place in the file
    entries: list[tuple[str, Any]]  # dotted paths and their new values


class Dimension(NamedTuple):
    """The changes of which every point makes one: those of an axis, or the variants."""

    axis: Axis | None  # None: variants
    changes: list[Change]


def is_grid(dimensions: Sequence[Dimension]) -> bool:
    """Whether these are those of the table `[sweep]`."""
    return any(d.changes[0].where.startswith("sweep.") for d in dimensions)


def read_sweep(table: Any, problems: list[Problem]) -> SweepTable:
    """The table `[sweep]`; an empty one, with its problems, if it is invalid."""
    found = read_model(SweepTable, table, "sweep", problems)
    return SweepTable(sets=None) if found is None else found


def read_dimensions(
    sweep: SweepTable,
    tables: Mapping[str, Any],
    experiment: AbstractExperiment | None,
    problems: list[Problem],
) -> tuple[Dimension, ...]:
    """The dimensions of a study, from its sweep or its variants; none for one point."""
    if sweep.axes or sweep.together:
        study = tables.get("experiment")
        known = study if isinstance(study, Mapping) else {}
        if other := [word for word in ("sweep", "variants") if word in known]:
            message = f"experiment.{other[0]} makes points as well; leave out one"
            problems.append(Problem("sweep", f"{message} of the two"))
        else:
            return _grid(sweep, tables, problems)
    if experiment is None:
        return ()
    if experiment.sweep is not None:
        path, values = experiment.sweep.path, experiment.sweep.values
        axis, where = Axis(_last(path), (path,), values), "experiment.sweep"
        known = _may_change(path, f"{where}.path", "a sweep", problems)
        changes = [
            Change(
                f"{axis.name} = {_in_full(value)}",
                _number(value),
                f"{where}.values[{i}]",
                [(path, value)] if known else [],
            )
            for i, value in enumerate(values)
        ]
        return (Dimension(axis, changes),)
    if experiment.variants:
        return (Dimension(None, list(_variants(experiment, problems))),)
    return ()


def _variants(
    experiment: AbstractExperiment, problems: list[Problem]
) -> Iterator[Change]:
    variants = experiment.variants or {}
    for label in experiment.only or list(variants):
        where = f"experiment.variants.{label}"
        entries = [
            (dotted, entry)
            for dotted, entry in variants[label].items()
            if _may_change(dotted, f"{where}.{dotted}", "a variant", problems)
        ]
        yield Change(label, None, where, entries)


# --- grids ----------------------------------------------------------------------------


def _grid(
    sweep: SweepTable, tables: Mapping[str, Any], problems: list[Problem]
) -> tuple[Dimension, ...]:
    """One dimension for each axis, in the order of the file; none if one is wrong."""
    columns, before = _columns(sweep, tables, problems), len(problems)
    if columns is None:
        return ()
    count = math.prod(len(next(iter(read.values()))) for read in columns.values())
    if count > MOST_POINTS:
        message = f"a study has at most {MOST_POINTS:,} points, got {count:,}"
        problems.append(Problem("sweep", f"{message}; sweep fewer values"))
        return ()
    last = Counter(_last(next(iter(read))) for read in columns.values())
    found = []
    for where, read in columns.items():
        path = next(iter(read))
        name = _last(path) if last[_last(path)] == 1 else path
        steps = [list(step) for step in zip(*read.values(), strict=True)]
        values = steps if len(read) > 1 else [step[0] for step in steps]
        axis = Axis(name, tuple(read), values)
        found.append(Dimension(axis, _changes(axis, steps, where, problems)))
    return tuple(found) if len(problems) == before else ()


Columns = dict[str, dict[str, list[Any]]]  # place in the file -> path -> values


def _columns(
    sweep: SweepTable, tables: Mapping[str, Any], problems: list[Problem]
) -> Columns | None:
    """The values of every path of every axis; None if any of them is wrong."""
    before, taken = len(problems), dict[str, str]()  # path -> where it is swept
    groups = [(f"sweep.axes.{json.dumps(k)}", {k: v}) for k, v in sweep.axes.items()]
    groups += [(f"sweep.together[{i}]", t) for i, t in enumerate(sweep.together)]
    columns = {}
    for where, group in groups:
        read, so_far = {}, len(problems)
        for path, given in group.items():
            inside = f"{where}.{json.dumps(path)}"
            here = inside if where.startswith("sweep.together") else where
            if path in taken:
                message = f"{taken[path]} sweeps the same entry; leave out one of them"
                problems.append(Problem(here, message))
            taken.setdefault(path, here)
            if _may_change(path, here, "a sweep", problems):
                read[path] = _values(given, path, here, tables, problems)
        columns[where] = read
        if not group:
            message = 'name at least one entry, such as "network.beta" = [0.5, 1.0]'
            problems.append(Problem(where, message))
        elif len(problems) == so_far and len(set(map(len, read.values()))) > 1:
            told = ", ".join(f"{len(values)} of {k}" for k, values in read.items())
            message = f"axes that move together need as many values each, got {told}"
            problems.append(Problem(where, message))
    return columns if len(problems) == before else None


def _values(
    given: Any,
    path: str,
    where: str,
    tables: Mapping[str, Any],
    problems: list[Problem],
) -> list[Any]:
    """The values of one path, written out or by their ends."""
    if isinstance(given, list) and given:
        return given
    if isinstance(given, dict) and not {"start", "stop", "count"} & given.keys():
        below = f"{path}.{next(iter(given), 'beta')}"
        message = (
            "values are a list, or a table { start, stop, count }; a path is written "
            f'in quotation marks, "{below}" = [0.5, 1.0]'
        )
        problems.append(Problem(where, message))
        return []
    if isinstance(given, dict):
        spaced = read_model(Spaced, given, where, problems)
        return [] if spaced is None else spaced.values(takes_integers(tables, path))
    message = "a list of values, or a table { start, stop, count }, is needed"
    problems.append(Problem(where, f"{message}, got {shown(given)}"))
    return []


def _changes(
    axis: Axis, steps: list[list[Any]], where: str, problems: list[Problem]
) -> list[Change]:
    """The change of every value of an axis; the values must differ."""
    written = [
        _number(v) if _number(v) is not None else _in_full(v) for v in axis.along()
    ]
    repeated = [v for v, count in Counter(written).items() if count > 1]
    if repeated:
        message = "the values of an axis must differ, and integers are rounded; got"
        message = f"{message} {_short(repeated[0])} more than once; leave it out"
        problems.append(Problem(where, message))
    labels = _different([_short(value) for value in axis.along()])
    return [
        Change(
            f"{axis.name} = {label}",
            _number(step[0]),
            f"{where}[{i}]",
            list(zip(axis.paths, step, strict=True)),
        )
        for i, (label, step) in enumerate(zip(labels, steps, strict=True))
    ]


def _may_change(dotted: str, where: str, who: str, problems: list[Problem]) -> bool:
    first, known = dotted.split(".")[0], list(CHANGED_TABLES)
    if first not in known:
        message = f"{who} changes entries of {', '.join(known)}, got {shown(dotted)}"
        hint = nearest(first, known)
        message = f"{message}; {hint}" if "did you" in hint else message
        problems.append(Problem(where, message))
    return first in known


# --- labels ---------------------------------------------------------------------------


def _last(path: str) -> str:
    return path.split(".")[-1]


def _number(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number else None


def _in_full(value: Any) -> str:
    if _number(value) is not None:
        return f"{value:.15g}"
    return json.dumps(value, default=str)


def _short(value: Any) -> str:
    """A number or text as it is, a short value in full, others by what they are."""
    full = _in_full(value)
    if not isinstance(value, dict | list) or len(full) <= MOST_LABEL_CHARACTERS:
        return full
    if isinstance(value, dict):
        return str(value.get("kind", f"{len(value)} entries"))
    return f"{len(value)} values"


def _different(labels: Iterable[str]) -> list[str]:
    """The labels, numbered where two would be the same."""
    labels = list(labels)
    count, seen, found = Counter(labels), Counter[str](), []
    for label in labels:
        seen[label] += 1
        found.append(label if count[label] == 1 else f"{label} #{seen[label]}")
    return found
