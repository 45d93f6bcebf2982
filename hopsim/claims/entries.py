"""Entries: one for every claim, from what its run wrote; all of them are a report."""

import json
from pathlib import Path
from typing import Any

from .._version import __version__
from ..scenario.shipped import public_path
from .tasks import natural, Task, versions


Entry = dict[str, Any]  # one claim in the report: plain data, as it is written


def read_verdicts(file: Path) -> dict[str, Any] | None:
    """Verdicts of a finished run, or None if the file is missing or damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        checks = [bool(check["passed"]) for check in found["checks"]]
        whole = (
            checks and found["passed"] == all(checks) and float(found["seconds"]) >= 0
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if whole else None


def cached_entry(task: Task, place: Path) -> Entry | None:
    """What an earlier run of the very same claim found, if there is one."""
    found = read_verdicts(place / task.directory / "verdicts.json")
    return None if found is None else _entry(task) | found | {"kept": True}


def finished_entry(task: Task, place: Path) -> Entry:
    """What the run that has just ended found."""
    found = cached_entry(task, place)
    if found is None:
        return failed_entry(task, "the run left no verdicts", 0.0)
    return found | {"kept": False}


def failed_entry(task: Task, why: str, seconds: float) -> Entry:
    """The entry of a claim that could not be run to its end."""
    # a report is read on other machines: no path of this one for what ships
    why = why.replace(str(task.file), public_path(task.file))
    return _entry(task) | {"error": why, "seconds": seconds}


def _entry(task: Task) -> Entry:
    known = ("id", "statement", "source", "tags", "false_alarm")
    return {name: task.claim.get(name, "") for name in known} | {
        "tags": list(task.claim.get("tags", [])),
        "name": task.name,
        "title": task.title,
        "seed": None,
        "precision": None,
        "file": public_path(task.file),
        "rerun": task.rerun,
        "directory": task.directory,
        "scenario": task.text,
        "pictures": [],
        "checks": [],
        "passed": False,
        "error": None,
        "seconds": 0.0,
        "kept": False,
    }


def report_of(entries: list[Entry], quick: bool, command: str) -> dict[str, Any]:
    """The report: all entries with their totals, as plain data."""
    ordered = sorted(entries, key=lambda e: (natural(e["id"]), e["name"]))
    passed = sum(bool(e["passed"]) for e in ordered)
    devices = {e["device"] for e in ordered if "device" in e}
    return {
        "hopsim": __version__,
        "size": "quick" if quick else "full",
        "command": command,
        "seconds": sum(float(e["seconds"]) for e in ordered),
        "passed": passed,
        "failed": len(ordered) - passed,
        "versions": versions(),
        "device": ", ".join(sorted(devices)),
        "claims": ordered,
    }
