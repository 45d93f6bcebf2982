"""Tables: the text of a scenario file, merged and overridden, not yet checked.

Standard library only, so that what depends on the text alone (its hash, whether a run
of it is still valid) is known without starting JAX.
"""

import copy
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .._common.files import require_regular
from .._common.names import plain, printable, shown, unwritable
from .shipped import find_scenario


GIVEN = "the scenario"  # what messages call one that was no file
MAX_FILE_BYTES = 2**24  # bytes of a scenario: tables of numbers belong in data files


class Problem(NamedTuple):
    """One mistake, and its place in the file."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ScenarioError(ValueError):
    """All problems of a scenario file in one error."""

    def __init__(self, where: str, problems: list[Problem]):
        self.where, self.problems = where, problems
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        lines = [f"{where}: {count}", *(f"  {p}" for p in problems)]
        super().__init__("\n".join(map(printable, lines)))


class Tables(NamedTuple):
    """The tables of a file as they are run, those of the other size, and its text."""

    resolved: dict[str, Any]  # with `[quick]`, if requested, and the overrides
    other: dict[str, Any]  # the size that was not requested
    text: str
    problems: list[Problem]  # overrides that could not be applied


def read_tables(
    path: str | os.PathLike,
    quick: bool = False,
    overrides: Mapping[str, Any] | None = None,
) -> Tables:
    """Read a scenario file, apply `[quick]` and the overrides (dotted paths).

    The file may be the name of a shipped scenario. Raises ValueError if there is no
    such file or name, ScenarioError if it is not TOML or `[quick]` is not a table.
    """
    where = str(path)  # as it was given, not where a name was found
    return _sized(_read_text(find_scenario(path), where), where, quick, overrides)


def read_given(
    tables: Mapping[str, Any],
    quick: bool = False,
    overrides: Mapping[str, Any] | None = None,
) -> Tables:
    """The same of tables that are given: they are written as a file, and that is read.

    Raises ScenarioError for what no TOML file holds.
    """
    text = to_toml(tables)
    if len(text.encode()) > MAX_FILE_BYTES:
        message = f"it has more than {MAX_FILE_BYTES:,} bytes; put tables of numbers"
        raise ScenarioError(GIVEN, [Problem("", f"{message} in data files")])
    return _sized(text, GIVEN, quick, overrides)


def toml_tables(tables: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Tables in the types that reading a file gives; what no file holds is a problem.

    Numbers of NumPy, arrays and paths are taken for what a file would say.
    """
    whole = _as_toml_has_it(tables, "", 0, problems)
    if not problems:
        problems += _beyond_toml(whole)
    return whole


def _sized(
    text: str, where: str, quick: bool, overrides: Mapping[str, Any] | None
) -> Tables:
    """The tables of a text in both sizes, with the overrides."""
    raw = _parse(text, where)
    small = raw.pop("quick", {})
    if not isinstance(small, dict):
        raise ScenarioError(where, [Problem("quick", "a table is needed")])
    other = copy.deepcopy(raw) if quick else merged(raw, small)
    resolved = merged(raw, small) if quick else raw
    if problems := _beyond_toml(overrides or {}):
        raise ScenarioError(where, problems)
    for dotted, value in (overrides or {}).items():
        put(resolved, dotted, value, problems, dotted)
    return Tables(resolved, other, text, problems)


def old_words(former: Mapping[str, str], *sizes: Mapping[str, Any]) -> tuple[str, ...]:
    """One line for each kind, or picture, that a file calls by its former name.

    `former` maps former names to present ones.
    """
    found: dict[str, None] = {}
    rest: list[tuple[str, str, Any]] = [("", "", dict(tables)) for tables in sizes]
    while rest:
        where, name, value = rest.pop(0)
        if isinstance(value, dict):
            inner = {k: v for k, v in value.items() if where or k != "claim"}
            rest += [(f"{where}.{k}".lstrip("."), k, v) for k, v in inner.items()]
        elif isinstance(value, list):
            rest += [(f"{where}[{i}]", name, v) for i, v in enumerate(value)]
        elif isinstance(value, str) and value in former and _names_a_kind(name):
            words = f'"{value}" is called "{former[value]}" now'
            found[f"{where}: {words}; the old word is still read"] = None
    return tuple(found)


def _names_a_kind(key: str) -> bool:
    return key == "plots" or key.rpartition(".")[2] == "kind"


def digest(resolved: Mapping[str, Any]) -> str:
    """The SHA-256 of the canonical form of resolved tables, in hex."""
    canonical = json.dumps(resolved, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` updated by `over`, recursively; a table with a `kind` replaces another."""
    result = copy.deepcopy(dict(base))
    for name, value in over.items():
        old = result.get(name)
        if isinstance(value, dict) and isinstance(old, dict) and "kind" not in value:
            result[name] = merged(old, value)
        else:
            result[name] = copy.deepcopy(value)
    return result


def put(
    tables: dict[str, Any], dotted: str, value: Any, problems: list[Problem], where: str
) -> None:
    """Set one entry by its dotted path; tables are merged, missing ones are made."""
    *parents, last = dotted.split(".")
    for name in parents:
        tables = tables.setdefault(name, {})
        if not isinstance(tables, dict):
            message = f"{shown(name)} in {shown(dotted)} is not a table"
            problems.append(Problem(where, message))
            return
    old = tables.get(last)
    if isinstance(old, dict) and isinstance(value, dict) and "kind" not in value:
        value = merged(old, value)
    tables[last] = value


# --- writing --------------------------------------------------------------------------


def to_toml(tables: Mapping[str, Any]) -> str:
    """Tables as the text of a TOML file, which is read as the same tables.

    Lists of tables, and tables after which only such come, have headers of their own;
    others stand in their line, so that entries keep their order, which a variant needs.
    Raises ScenarioError for what no TOML file holds.
    """
    problems: list[Problem] = []
    whole = toml_tables(tables, problems)
    if problems:
        raise ScenarioError(GIVEN, problems)
    first = {k: v for k, v in whole.items() if not _has_header(v)}
    return "\n".join(_sections("", first | whole)).lstrip("\n") + "\n"


def value_text(value: Any) -> str:
    """One value as it stands in a TOML file; what none holds as its text."""
    known = _as_toml_has_it(value, "", 0, problems := [])
    return _inline(str(value) if problems else known)


def _sections(path: str, table: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a table under its header, and those of the tables in it."""
    entries = list(table.items())
    first = len(entries)  # of the entries that have headers
    while first and _has_header(entries[first - 1][1]):
        first -= 1
    for key, value in entries[:first]:
        yield f"{_key(key)} = {_inline(value)}"
    for key, value in entries[first:]:
        inner = f"{path}.{_key(key)}".lstrip(".")
        if isinstance(value, list):
            for one in value:
                yield f"\n[[{inner}]]"
                yield from _sections(inner, one)
        else:
            if not value or not all(map(_has_header, value.values())):
                yield f"\n[{inner}]"
            yield from _sections(inner, value)


def _has_header(value: Any) -> bool:
    tables = isinstance(value, list) and all(isinstance(x, dict) for x in value)
    return isinstance(value, dict) or (tables and bool(value))


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        entries = (f"{_key(k)} = {_inline(v)}" for k, v in value.items())
        return f"{{ {', '.join(entries)} }}" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, str):  # JSON escapes all that TOML does, but for one character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else _inline(key)


def _as_toml_has_it(value: Any, where: str, depth: int, problems: list[Problem]) -> Any:
    """A value in the types that reading a TOML file gives; others are problems."""
    if hasattr(value, "tolist"):  # arrays and their numbers
        value = value.tolist()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    for kind in (str, bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, dict | list | tuple) and depth > MAX_TABLE_DEPTH:
        return {}  # too deep, which is told later
    if isinstance(value, list | tuple):
        inner = (f"{where}[{i}]" for i in range(len(value)))
        each = zip(value, inner, strict=True)
        return [_as_toml_has_it(v, w, depth + 1, problems) for v, w in each]
    if isinstance(value, Mapping) and all(isinstance(k, str) for k in value):
        inner = {k: f"{where}.{k}".lstrip(".") for k in value}
        each = value.items()
        return {k: _as_toml_has_it(v, inner[k], depth + 1, problems) for k, v in each}
    rule, told = "must be text, a number, a boolean, a list or a table", value
    if isinstance(value, Mapping):
        rule, told = "keys must be text", list(value)
    problems.append(Problem(where, f"{rule}, got {shown(told)}"))
    return None


# --- reading --------------------------------------------------------------------------


def _read_text(path: Path, where: str) -> str:
    try:
        require_regular(path, MAX_FILE_BYTES)
        return path.read_text(encoding="utf-8-sig")
    except ValueError as error:
        if isinstance(error, UnicodeDecodeError):
            problem = Problem("", "not a UTF-8 text file")
        else:
            problem = Problem("", str(error))
        raise ScenarioError(where, [problem]) from error
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        problem = Problem("", f"{reason}; give a file that can be read")
        raise ScenarioError(where, [problem]) from error


MAX_TABLE_DEPTH = 32  # of nested tables; scenarios need less than half of it


def _parse(text: str, where: str) -> dict[str, Any]:
    """The tables of a TOML text."""
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        problem = Problem("", f"not valid TOML: {reason}")
        raise ScenarioError(where, [problem]) from error
    problems = _beyond_toml(raw)
    if problems:
        raise ScenarioError(where, problems)
    return raw


def _beyond_toml(tree: Mapping[str, Any]) -> list[Problem]:
    """Problems: integers beyond 64 bits, too deep tables, and control characters.

    No record, picture or terminal can hold the latter.
    """
    problems, rest = [], [("", 0, dict(tree))]
    while rest:
        where, depth, value = rest.pop()
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            problems.append(Problem(where, "integers must fit in 64 bits"))
        elif isinstance(value, str) and (found := unwritable(value)) is not None:
            problems.append(Problem(where, _UNWRITABLE.format(found)))
        elif isinstance(value, dict | list) and depth == MAX_TABLE_DEPTH:
            problems.append(Problem(where[:60] + " ...", "nested too deeply"))
        elif isinstance(value, dict):
            for key, inner in value.items():
                if "\n" in key or "\t" in key or unwritable(key) is not None:
                    told = f"{where}.{plain(key)!a}".lstrip(".")
                    problems.append(Problem(told, "keys hold no control characters"))
                else:
                    rest.append((f"{where}.{key}".lstrip("."), depth + 1, inner))
        elif isinstance(value, list):
            rest += [(f"{where}[{i}]", depth + 1, v) for i, v in enumerate(value)]
    return problems[::-1]


_UNWRITABLE = "no file and no picture can hold the control character {}; leave it out"
