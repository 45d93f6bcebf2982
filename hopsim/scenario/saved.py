"""Saved runs: the tables and the parts of users with which one was made.

Standard library only, until a record is opened.
"""

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._common import parts
from .._common.files import read_json
from .._common.names import plain
from .._common.reach import said
from .toml_files import Problem, ScenarioError


RECORD, RESOLVED = "record.nc", "resolved.json"  # of a run; of a training that goes on


def saved_run(path: str | os.PathLike) -> Path | None:
    """The file that tells what was run, if this names a saved run; else None.

    A run directory, a record, or the `resolved.json` of a training.
    """
    place = Path(path)
    itself = place.suffix == ".nc" or place.name == RESOLVED
    files = [place] if itself else [place / name for name in (RECORD, RESOLVED)]
    # not Path.is_file, which raises for names that no file can have
    return next((file for file in files if os.path.isfile(file)), None)


def resolved_of(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """The resolved tables of a record; its parts, if any, are the entry `parts`."""
    told = json.loads(str(attrs["resolved"]))
    return told | ({"parts": parts_of(attrs)} if "parts" in attrs else {})


def parts_of(attrs: Mapping[str, Any]) -> list[dict[str, str]]:
    """The parts of users that had a share in a record."""
    return json.loads(str(attrs.get("parts", "[]")))


def parts_beside(scenario: Path) -> list[dict[str, str]]:
    """The parts of the run in whose directory a scenario file was kept, if any."""
    if scenario.name != "scenario.toml":
        return []
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return read_json(scenario.with_name("verdicts.json")).get("parts", [])
    return []


def told_by(saved: Path, where: str) -> tuple[dict[str, Any], str, str]:
    """A saved run, or a training that was stopped: its tables, its text, its command.

    Raises ValueError if it does not say that.
    """
    from ..records import load_record

    try:
        if saved.suffix == ".json":
            return dict(read_json(saved)), "", ""
        attrs = load_record(saved).attrs
        text, command = (str(attrs.get(name, "")) for name in ("scenario", "command"))
        return resolved_of(attrs), text, command
    except (KeyError, TypeError, ValueError) as error:
        why = plain(str(error)) or type(error).__name__
        raise ValueError(
            f"{where!r} does not say which scenario was run ({why}); name the file of "
            "the scenario."
        ) from error


def require_parts(
    recorded: Sequence[Mapping[str, str]], tables: Mapping[str, Any], where: str
) -> None:
    """Raises ScenarioError if parts that a run had, and these tables name, are gone."""
    plots = [told["kind"] for told in recorded if told["noun"] == "plot"]
    if lacking := parts.missing(recorded, {*said(tables), *plots}):
        raise ScenarioError(where, [Problem("", lacking)])
