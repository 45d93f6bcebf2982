"""Entries: the result of every claim, read from its run, and the report of all."""

import json
from pathlib import Path
from typing import Any

from .._version import __version__
from ..scenario.shipped import public_path
from .tasks import natural, Task, versions


Entry = dict[str, Any]  # one claim in the report, as plain JSON data


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
    """The entry of an earlier run with the same key, or None if there is none."""
    found = read_verdicts(place / task.directory / "verdicts.json")
    return None if found is None else _entry(task) | found | {"kept": True}


def finished_entry(task: Task, place: Path) -> Entry:
    """The entry of a run that has just ended."""
    found = cached_entry(task, place)
    if found is None:
        return failed_entry(task, "the run left no verdicts", 0.0)
    return found | {"kept": False}


def failed_entry(task: Task, why: str, seconds: float) -> Entry:
    """The entry of a claim whose run did not finish."""
    # reports are read on other machines: no local paths of shipped files
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
    """The report: all entries with their totals, as plain JSON data."""
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
