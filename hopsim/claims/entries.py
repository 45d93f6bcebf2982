"""Entries: the result of every claim, read from its run, and the report of all."""

import json
import os
from pathlib import Path
from typing import Any

from .._common.files import write_whole
from .._version import __version__
from ..scenario.shipped import public_path
from .tasks import natural, read_task, shipped_claims, Task, versions


Entry = dict[str, Any]  # one claim in the report, as plain JSON data
ASKED = "asked.json"  # beside the verdicts of a run: how it was asked for


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


def keep_request(task: Task, place: Path) -> None:
    """Write beside the verdicts of a claim how it was asked for."""
    shelf = os.path.realpath(task.file.parent)
    ships = shelf == os.path.realpath(shipped_claims())
    asked = {
        "name": task.name,
        "place": None if ships else shelf,
        "quick": task.quick,
        "overrides": dict(task.overrides),
    }
    write_whole(place / task.directory / ASKED, json.dumps(asked, default=str) + "\n")


def other_entries(place: Path, told: list[Entry]) -> tuple[list[Entry], list[str]]:
    """Of all other claims that were run there: the kept ones, and names of the others.

    Those others count no longer, since their text, their code or a library is another
    one today, and were not run again.
    """
    found = {entry["directory"]: entry for entry in told}
    begun, requests = set(found), {}
    for file in sorted(place.glob(f"*-????????????????/{ASKED}")):
        try:
            request = file.read_text(encoding="utf-8")
            requests.setdefault(request, _asked(request))
        except (OSError, ValueError, TypeError, KeyError):
            continue  # it cannot be told what this was
    tasks = [task for task in requests.values() if task.directory not in begun]
    kept = [entry for task in tasks if (entry := cached_entry(task, place))]
    covered = {entry["directory"] for entry in kept}
    lapsed = {f"{t.name} ({t.size})" for t in tasks if t.directory not in covered}
    return kept, sorted(lapsed, key=natural)


def _asked(request: str) -> Task:
    asked = json.loads(request)
    shelf = shipped_claims() if asked["place"] is None else Path(asked["place"])
    return read_task(asked["name"], shelf, asked["quick"], asked["overrides"])


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
        "size": task.size,
        "changed": task.changed,
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


def report_of(entries: list[Entry], command: str) -> dict[str, Any]:
    """The report: all entries with their totals, as plain JSON data.

    A claim that was changed is another one: it is told, and not counted.
    """
    told = lambda e: (natural(e["id"]), e["name"], e["changed"], e["size"])
    ordered = sorted(entries, key=told)
    counted = [e for e in ordered if not e["changed"]]
    passed = sum(bool(e["passed"]) for e in counted)
    devices = {e["device"] for e in ordered if "device" in e}
    sizes = sorted({e["size"] for e in ordered}, reverse=True)
    return {
        "hopsim": __version__,
        "size": " and ".join(sizes),
        "command": command,
        "seconds": sum(float(e["seconds"]) for e in ordered),
        "passed": passed,
        "failed": len(counted) - passed,
        "changed": len(ordered) - len(counted),
        "versions": versions(),
        "device": ", ".join(sorted(devices)),
        "claims": ordered,
    }
