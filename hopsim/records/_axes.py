"""The axes of a study: what is swept, its names, and the cells that values address."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._common.names import nearest, shown


CLOSE = 1e-9  # relative distance within which a number is a swept one
SHORTEST = 40  # characters of a short form
LISTED = 12  # values that a message names


class Axis(NamedTuple):
    """Entries of a scenario that are swept together: one dimension of a study."""

    name: str  # of the dimension
    paths: tuple[str, ...]  # dotted; the first one names the dimension
    values: list[Any]  # of the path; of several paths one entry each, in their order

    def along(self, number: int = 0) -> list[Any]:
        """The values of one of its paths."""
        if len(self.paths) == 1:
            return list(self.values)
        return [entries[number] for entries in self.values]


def name_axes(swept: Iterable[tuple[Sequence[str], Sequence[Any]]]) -> tuple[Axis, ...]:
    """The axes of (paths, values), named by the last word of the first path.

    Where two last words are the same, each is named by its whole path.
    """
    swept = [(tuple(paths), list(values)) for paths, values in swept]
    words = [_last(paths[0]) for paths, _ in swept]
    return tuple(
        Axis(word if words.count(word) == 1 else paths[0], paths, values)
        for word, (paths, values) in zip(words, swept, strict=True)
    )


def axes_from_json(text: str) -> tuple[Axis, ...]:
    """The axes that `axes_to_json` wrote."""
    told = json.loads(text)
    return tuple(Axis(a["name"], tuple(a["paths"]), a["values"]) for a in told)


def axes_to_json(axes: Sequence[Axis]) -> str:
    """The axes as a record keeps them: names, paths and values."""
    return json.dumps([axis._asdict() for axis in axes], default=str)


def short_form(value: Any) -> str:
    """A swept value in a few characters: 0.5, `"text"`, `{"n": 3}`."""
    if is_number(value):
        return f"{value:.15g}"
    text = json.dumps(value, default=str)
    return text if len(text) <= SHORTEST else text[: SHORTEST - 3] + "..."


def is_number(value: Any) -> bool:
    """Whether it is a real number and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def coordinate(values: Sequence[Any]) -> np.ndarray:
    """Values as a coordinate: numbers, else texts; what is neither, by its short form.

    Short forms that are the same are told apart by a number behind them.
    """
    if all(map(is_number, values)):
        whole = all(isinstance(x, int) and abs(x) < 2**63 for x in values)
        return np.array(values, np.int64 if whole else float)
    told, seen = [], Counter()
    for value in values:
        text = value if isinstance(value, str) else short_form(value)
        seen[text] += not isinstance(value, str)
        told.append(f"{text} ({seen[text]})" if seen[text] > 1 else text)
    return np.array(told)


def cell_label(axes: Sequence[Axis], cell: int) -> str:
    """What a cell is called: `beta = 0.5, flipped = 0.2`."""
    places = np.unravel_index(cell, [len(axis.values) for axis in axes])
    return ", ".join(
        f"{_last(axis.paths[0])} = {short_form(axis.along()[int(k)])}"
        for axis, k in zip(axes, places, strict=True)
    )


def find_cells(axes: Sequence[Axis], at: Mapping[str, Any]) -> list[int]:
    """The numbers of the cells, in row-major order, that the values `at` address.

    **Arguments:**

    - `axes`: of the study.
    - `at`: a value for some of the axes, each named by its name or by a whole path;
      axes that are not named are taken whole. A number is the nearest one that is
      swept, within 1e-9 of it; another value is told as it is, or by its short form.

    Raises ValueError for an axis that there is not, and for a value that is not swept.
    """
    kept = [{*range(len(axis.values))} for axis in axes]
    for name, wanted in at.items():
        k, number = _named(axes, name)
        kept[k] &= {*_matches(axes[k].along(number), name, wanted)}
    if not all(kept):
        told = ", ".join(f"{name} = {short_form(x)}" for name, x in at.items())
        raise ValueError(f"`at` addresses cells that there are, got {told}: none.")
    sizes = [len(axis.values) for axis in axes]
    cells = np.arange(math.prod(sizes)).reshape(sizes)
    return [int(cell) for cell in np.ravel(cells[np.ix_(*map(sorted, kept))])]


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _named(axes: Sequence[Axis], name: str) -> tuple[int, int]:
    """The axis that is meant, and which of its paths."""
    if not axes:
        raise ValueError(
            f"`at` names values of a sweep, got {shown(name)} where nothing is swept; "
            "leave it out."
        )
    paths = [(k, i, p) for k, axis in enumerate(axes) for i, p in enumerate(axis.paths)]
    for k, axis in enumerate(axes):
        if name == axis.name:
            return k, 0
    for same in (lambda p: p == name, lambda p: _last(p) == name):
        found = [(k, i) for k, i, p in paths if same(p)]
        if len(found) == 1:
            return found[0]
    known = [*dict.fromkeys([axis.name for axis in axes] + [p for *_, p in paths])]
    raise ValueError(
        f"`at` names what is swept, got {shown(name)}; {nearest(name, known)}"
    )


def _matches(values: Sequence[Any], name: str, wanted: Any) -> list[int]:
    """Where the values are the one that is wanted; ValueError for nowhere."""
    if is_number(wanted):
        numbers = np.array([x if is_number(x) else np.nan for x in values], float)
        off = np.abs(numbers - wanted)
        close = off <= CLOSE * np.maximum(np.abs(numbers), abs(wanted))
        found = np.flatnonzero(
            close & (off == np.min(off, where=close, initial=np.inf))
        )
    else:
        told = coordinate(values)
        texts = [*map(str, told)] if told.dtype.kind == "U" else []
        equal = [type(x) is type(wanted) and x == wanted for x in values]
        called = [x == wanted for x in texts] or [False] * len(values)
        found = np.flatnonzero(np.array(equal) | np.array(called))
    if not found.size:
        known = [x if isinstance(x, str) else short_form(x) for x in values]
        more = ", ..." if len(known) > LISTED else ""
        raise ValueError(
            f"at.{name} is a value that is swept, got {shown(wanted)}; there are "
            f"{', '.join(known[:LISTED])}{more}"
        )
    return [int(k) for k in found]
