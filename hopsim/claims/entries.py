"""Entries: the result of every claim, read from its run, and the report of all."""

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .._common.files import is_file_name, read_json, set_aside, write_whole
from .._common.names import unwritable
from .._common.reach import versions
from .._version import __version__
from ..scenario.shipped import public_path
from .tasks import natural, read_task, shipped_claims, ships, Task


Entry = dict[str, Any]  # one claim in the report, as plain JSON data
ASKED = "asked.json"  # beside the verdicts of a run: how it was asked for


class Damaged(ValueError):
    """A file of verdicts that is there and is none."""


def read_verdicts(file: Path) -> dict[str, Any] | None:
    """Verdicts of a finished run, or None if there are none.

    Only what a report takes from them. Raises Damaged, with the reason, where a file is
    not as runs write it.
    """
    try:
        found = read_json(file)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Damaged(str(error)) from error
    kept = _require(found, _VERDICTS, "")
    checks = [_require(check, _CHECK, "checks: ") for check in kept["checks"]]
    if not checks or kept["passed"] != all(check["passed"] for check in checks):
        raise Damaged("its checks and its outcome disagree")
    return kept | {"checks": checks}


def _require(
    table: Any, wanted: Mapping[str, Callable[[Any], bool]], where: str
) -> dict[str, Any]:
    """The wanted entries of a table. Raises Damaged for those of another kind."""
    if not isinstance(table, dict):
        raise Damaged(f"{where}a table is missing")
    for name, fits in wanted.items():
        if name not in table or not fits(table[name]):
            raise Damaged(f"{where}{name} is missing, or is none")
    return {name: table[name] for name in wanted}


def _text(x: Any) -> bool:
    return isinstance(x, str) and unwritable(x) is None


def _number(x: Any) -> bool:
    return type(x) in (int, float) and abs(x) < 1e308


def _none_or_number(x: Any) -> bool:
    return x is None or _number(x)


def _file_names(x: Any) -> bool:
    """Names alone: a path would lead out of the run directory."""
    return isinstance(x, list) and all(is_file_name(name) for name in x)


_VERDICTS: dict[str, Callable[[Any], bool]] = {
    "seed": lambda x: type(x) is int,
    "precision": _text,
    "seconds": lambda x: _number(x) and x >= 0,
    "device": _text,
    "not_drawn": _text,
    "pictures": _file_names,
    "passed": lambda x: isinstance(x, bool),
    "checks": lambda x: isinstance(x, list),
}
_ASKED: dict[str, Callable[[Any], bool]] = {
    "name": is_file_name,
    "place": lambda x: x is None or _text(x),
    "quick": lambda x: isinstance(x, bool),
    "overrides": lambda x: isinstance(x, dict),
}
_CHECK: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("statement", "measured", "expected", "source", "error"), _text),
    **dict.fromkeys(("tolerance", "samples"), _text),
    "passed": lambda x: isinstance(x, bool),
    **dict.fromkeys(("value", "low", "high"), _none_or_number),
}


def cached_entry(task: Task, place: Path) -> Entry | None:
    """The entry of an earlier run with the same key, or None if there is none.

    A damaged one is set aside.
    """
    directory = place / task.directory
    try:
        found = read_verdicts(directory / "verdicts.json")
    except Damaged as error:
        why = f"verdicts.json: {error}"
        set_aside(directory, why, f"the claim {task.name} must run again")
        return None
    return None if found is None else _entry(task) | found | {"kept": True}


def keep_request(task: Task, place: Path) -> None:
    """Write beside the verdicts of a claim how it was asked for."""
    shelf = task.file.parent
    asked = {
        "name": task.name,
        "place": None if ships(shelf) else os.path.realpath(shelf),
        "quick": task.quick,
        "overrides": dict(task.overrides),
    }
    text = json.dumps(asked, default=str) + "\n"
    with contextlib.suppress(OSError):  # later reports will not have it; this one does
        write_whole(place / task.directory / ASKED, text)


def other_entries(place: Path, told: list[Entry]) -> tuple[list[Entry], list[str]]:
    """Of all other claims that were run there: the kept ones, and names of the others.

    Those others count no longer, since their text, their code or a library is another
    one today, and were not run again.
    """
    found = {entry["directory"]: entry for entry in told}
    begun, requests = set(found), {}
    for file in sorted(place.glob(f"*-????????????????/{ASKED}")):
        try:
            asked = _require(read_json(file), _ASKED, "")
        except ValueError as error:
            set_aside(file, str(error), "later reports leave this run out")
            continue
        request = json.dumps(asked, sort_keys=True)
        with contextlib.suppress(OSError, ValueError):  # it is no claim any more
            requests.setdefault(request, _asked(asked))
    tasks = [task for task in requests.values() if task.directory not in begun]
    kept = [entry for task in tasks if (entry := cached_entry(task, place))]
    covered = {entry["directory"] for entry in kept}
    lapsed = {f"{t.name} ({t.size})" for t in tasks if t.directory not in covered}
    return kept, sorted(lapsed, key=natural)


def _asked(asked: Mapping[str, Any]) -> Task:
    shelf = shipped_claims() if asked["place"] is None else Path(asked["place"])
    return read_task(asked["name"], shelf, asked["quick"], asked["overrides"])


def finished_entry(task: Task, place: Path) -> Entry:
    """The entry of a run that has just ended."""
    found = cached_entry(task, place)
    if found is None:
        return failed_entry(task, "the run left no verdicts", 0.0)
    return found | {"kept": False}


def seen_entry(task: Task, entry: Entry) -> Entry:
    """Whether a claim has seen its mutation, from the entry of its mutated run.

    By what it measures: a check that could not be made, or a run that did not end, has
    seen nothing.
    """
    failed = [c for c in entry["checks"] if not c["passed"] and c["value"] is not None]
    by = [check["statement"] for check in failed]
    why = entry["error"] or ("" if by else "no check fails")
    return {"claim": task.name, "wrong": task.wrong, "seen": bool(by), "by": by} | (
        {} if by else {"why": why}
    )


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
