"""Tables with other axes than those of the file, and tables without any.

Standard library only.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from .._common.names import shown
from .toml_files import Problem, ScenarioError, toml_tables


RULE = (
    "--sweep takes PATH=START:STOP:COUNT (:log behind it for even logarithms) or "
    "PATH=V1,V2,..., such as network.beta=0.1:1:10 or network.beta=0.5,1,2"
)
_PART = r"""([^:,"'{\[]+)"""
RANGE = re.compile(f"{_PART}:{_PART}:{_PART}(?::{_PART})?")


def parse_axes(texts: Iterable[str]) -> dict[str, Any]:
    """What the options `--sweep PATH=...` say: paths, and their values.

    Values are written as in TOML, or are bare words. Raises ValueError for what is no
    axis.
    """
    found = {}
    for text in texts:
        path, mark, values = (part.strip() for part in text.partition("="))
        if not (mark and path and values):
            raise ValueError(f"{RULE}, got {shown(text)}.")
        found[path] = _values(values)
        if not found[path]:
            raise ValueError(f"{RULE}, got {shown(text)}.")
    return found


def _values(text: str) -> list[Any] | dict[str, Any]:
    """A list of values, or the table of their ends."""
    if whole := RANGE.fullmatch(text):
        *ends, spacing = whole.groups()
        start, stop, count = map(_value, ends)
        told = {"start": start, "stop": stop, "count": count}
        return told if spacing is None else told | {"spacing": spacing.strip()}
    try:
        return tomllib.loads(f"x = [{text}]")["x"]
    except (ValueError, RecursionError):  # with bare words in it
        return [_value(word) for word in text.split(",") if word.strip()]


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except (ValueError, RecursionError):
        return text.strip()  # a bare word is a string


def with_axes(
    tables: Mapping[str, Any], given: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """The tables with these axes in `[sweep]`, in place of those of the same paths.

    The older form of one axis, `[experiment.sweep]`, becomes one of them. Raises
    ScenarioError for values that no file holds, and where there is no table to take
    them.
    """
    problems: list[Problem] = []
    axes = toml_tables(given, problems)
    sweep = tables.get("sweep", {})
    known = sweep.get("axes", {}) if isinstance(sweep, dict) else None
    if not isinstance(known, dict):
        problems.append(Problem("sweep", "a table with axes is needed"))
    if problems or not isinstance(known, dict):
        raise ScenarioError(where, problems)
    study = tables.get("experiment", {})
    older = study.get("sweep") if isinstance(study, dict) else None
    if isinstance(older, dict) and isinstance(older.get("path"), str):
        known = {older["path"]: older.get("values")} | known
        study = {k: v for k, v in study.items() if k != "sweep"}
    whole = dict(tables) | {"sweep": sweep | {"axes": known | axes}}
    return whole | ({"experiment": study} if "experiment" in tables else {})


def without_points(tables: Mapping[str, Any]) -> dict[str, Any]:
    """The tables without what makes several points of them, judges and draws them.

    The number of sets is in `experiment.sets`, whichever table has it.
    """
    apart = ("sweep", "checks", "plots", "experiment")
    alone = {k: v for k, v in tables.items() if k not in apart}
    several = ("sweep", "variants", "only")
    known = tables.get("experiment", {})
    study = {k: v for k, v in known.items() if k not in several}
    sets = tables.get("sweep", {}).get("sets")
    study |= {} if sets is None else {"sets": sets}
    return alone | ({"experiment": study} if study else {})
