"""Comparison: in what two records differ, setting by setting, number by number.

What a run took, and where, is no difference: timings, machine and device.
"""

import dataclasses
import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from .._common.display import AbstractShown, many, Shown, some
from .._common.names import shown
from ..records import load_record, Outcome, Record, Verdict
from ..scenario.toml_files import value_text


ABSENT = "(not there)"
TIMING = "s"  # the unit of what a clock has measured
MOST_TOLD = 60  # characters of a setting


class Differing(NamedTuple):
    """A setting, or a verdict, that two records do not share, as each has it."""

    name: str
    first: str
    second: str


class Variable(NamedTuple):
    """A variable of either record, and in what it differs; "" if it is equal."""

    name: str  # of one in a group: `group/name`
    difference: str
    largest: float = math.nan  # |first - second|, where both are numbers


@dataclasses.dataclass(frozen=True, repr=False)
class Comparison(AbstractShown):
    """In what two records differ; it is True if they hold the same."""

    names: tuple[str, str]
    settings: tuple[Differing, ...]  # dotted paths; those that are alike are left out
    verdicts: tuple[Differing, ...]  # by statement; likewise
    variables: tuple[Variable, ...]  # all that are compared

    @property
    def differing(self) -> tuple[Variable, ...]:
        """The variables that are not equal bit for bit."""
        return tuple(x for x in self.variables if x.difference)

    @property
    def same(self) -> bool:
        """Whether all variables are equal bit for bit, and all verdicts."""
        return not self.differing and not self.verdicts

    def __bool__(self) -> bool:
        return self.same

    @property
    def sentence(self) -> str:
        """`same: 17 of 17 variables`, or `differs: NAME, ...` and by how much."""
        whole, different = len(self.variables), self.differing
        if self.same:
            return f"same: {whole} of {many(whole, 'variable')}"
        names = [x.name for x in different] + ["verdicts"] * bool(self.verdicts)
        told = f"differs: {', '.join(names)}"
        numbers = [x for x in different if math.isfinite(x.largest)]
        if not numbers:
            return told + (f"; {different[0].difference}" if different else "")
        worst = max(numbers, key=lambda x: x.largest)
        return f"{told}; largest difference {worst.largest:.3g} in {worst.name}"

    def _shown(self) -> Shown:
        told = [f"{x.name}: {x.difference}" for x in self.differing]
        judged = [f"{v.name}: {v.first} | {v.second}" for v in self.verdicts]
        return Shown(
            f"Comparison of {self.names[0]} and {self.names[1]}",
            [
                ("settings", some([x.name for x in self.settings]) or "alike"),
                ("verdicts", some(judged) or "alike"),
                ("variables", some(told) or "alike"),
                ("in all", self.sentence),
            ],
        )


def compare(
    first: Record | str | os.PathLike, second: Record | str | os.PathLike
) -> Comparison:
    """Compare two records, or saved runs: settings, verdicts and all variables.

    Equal is equal bit for bit, NaN with NaN; points are held against those of the same
    label. What a clock has measured (unit s),
    machine and device are not compared. Raises ValueError for what is no record.
    """
    one, two = (x if isinstance(x, Record) else load_record(x) for x in (first, second))
    one, two = one.rows(), two.rows()  # by labels, whatever the order of axes
    two = _in_order(two, _labels(one))
    return Comparison(
        names=(_name(one), _name(two)),
        settings=tuple(_differing(_settings(one), _settings(two))),
        verdicts=tuple(_differing(_judged(one), _judged(two))),
        variables=tuple(_compared(_variables(one), _variables(two))),
    )


def _name(record: Record) -> str:
    attrs = record.attrs
    return f"{attrs.get('name', '')}-{attrs.get('hash', '')}".strip("-")


def _labels(record: Record) -> list[str]:
    """The labels of the points of a study; empty without points."""
    data = record.data
    told = "point" in data.dims and "label" in data.coords
    return [str(label) for label in data["label"].values] if told else []


def _in_order(record: Record, labels: list[str]) -> Record:
    """The same with its points in this order, if they are these."""
    own = _labels(record)
    if own == labels or len({*own}) < len(own) or sorted(own) != sorted(labels):
        return record
    order = [own.index(label) for label in labels]
    numbers = np.arange(len(own))
    turned = lambda data: (
        data.isel(point=order).assign_coords(point=numbers)
        if "point" in data.dims
        else data
    )
    groups = {name: turned(data) for name, data in record.groups.items()}
    data = turned(record.data).assign_attrs(record.attrs)
    return dataclasses.replace(record, data=data, groups=groups)


def _differing(one: Mapping[str, str], two: Mapping[str, str]) -> Iterator[Differing]:
    for name in dict.fromkeys((*one, *two)):
        first, second = one.get(name, ABSENT), two.get(name, ABSENT)
        if first != second:
            yield Differing(name, _short(first), _short(second))


def _short(text: str) -> str:
    return text if len(text) <= MOST_TOLD else text[: MOST_TOLD - 3] + "..."


# --- settings and verdicts ------------------------------------------------------------


def _settings(record: Record) -> dict[str, str]:
    """Every entry of the resolved scenario, by its dotted path."""
    try:
        told = json.loads(str(record.attrs.get("resolved", "{}")))
    except ValueError as error:
        raise ValueError(
            f"The record of {_name(record)!r} does not say which scenario was run "
            "(its attribute `resolved` is damaged); run its scenario again."
        ) from error
    return dict(_leaves("", told))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    inner: dict[str, Any] = {}
    if isinstance(value, dict):
        inner = {f"{path}.{key}".lstrip("."): x for key, x in value.items()}
    elif isinstance(value, list) and any(isinstance(x, dict) for x in value):
        inner = {f"{path}[{i}]": x for i, x in enumerate(value)}
    if not inner:
        yield path, value_text(value)
    for where, one in inner.items():
        yield from _leaves(where, one)


def _judged(record: Record) -> dict[str, str]:
    """What was found of every statement; one that is made twice has its number."""
    found: dict[str, str] = {}
    for verdict in record.verdicts:
        name, number = verdict.statement, 1
        while name in found:
            number += 1
            name = f"{verdict.statement} [{number}]"
        found[name] = _outcome(verdict)
    return found


def _outcome(verdict: Verdict) -> str:
    bar = f" {verdict.error}" if verdict.error else ""
    return f"{Outcome.of(verdict.passed).word}  {verdict.measured}{bar}"


# --- variables ------------------------------------------------------------------------


def _variables(record: Record) -> dict[str, np.ndarray]:
    """What a record holds, but for timings and for the numbers of rows alone."""
    found: dict[str, np.ndarray] = {}
    for group, data in {"": record.data, **record.groups}.items():
        for key, variable in data.variables.items():
            counts = key in data.dims and np.array_equal(
                variable.values, np.arange(variable.size)
            )
            timing = variable.attrs.get("units") == TIMING
            if not counts and not timing:
                found[f"{group}/{key}".lstrip("/")] = variable.values
    return found


def _compared(
    one: Mapping[str, np.ndarray], two: Mapping[str, np.ndarray]
) -> Iterator[Variable]:
    for name in dict.fromkeys((*one, *two)):
        if name not in one or name not in two:
            where = "first" if name in one else "second"
            yield Variable(name, f"only in the {where}")
        else:
            yield _difference(name, one[name], two[name])


def _difference(name: str, a: np.ndarray, b: np.ndarray) -> Variable:
    if a.shape != b.shape:
        return Variable(name, f"shape {shown(a.shape)} and {shown(b.shape)}")
    numbers = all(x.dtype.kind in "fiub" for x in (a, b))
    if not numbers:
        apart = np.asarray(a.astype(str) != b.astype(str))
        return _counted_entries(name, apart)
    if all(x.dtype.kind in "iub" for x in (a, b)):
        apart = np.asarray(a != b)
    else:
        a, b = a.astype(np.float64), b.astype(np.float64)
        apart = np.asarray((a != b) & ~(np.isnan(a) & np.isnan(b)))
    if not np.any(apart):
        return Variable(name, "")
    with np.errstate(invalid="ignore"):
        size = np.abs(a.astype(np.float64) - b.astype(np.float64))[apart]
    size = size[np.isfinite(size)]
    if a.dtype.kind == "b" or not size.size:
        return _counted_entries(name, apart)
    largest = float(np.max(size))
    told = f"largest difference {largest:.3g}, in {_entries(apart)}"
    return Variable(name, told, largest)


def _counted_entries(name: str, apart: np.ndarray) -> Variable:
    return Variable(name, f"different in {_entries(apart)}" if np.any(apart) else "")


def _entries(apart: np.ndarray) -> str:
    return f"{int(np.sum(apart))} of {many(apart.size, 'entry', 'entries')}"
