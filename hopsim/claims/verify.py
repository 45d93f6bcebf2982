"""Verification: every claim without a valid cached run is run; one report on all."""

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .._common import parts
from .._common.cores import cores
from .._common.files import (
    keep,
    KeptElsewhere,
    locked,
    make_place,
    remove_leftovers,
    write_whole,
)
from ..runs.pool import OnProgress, run_all, Trade
from . import report
from .entries import (
    cached_entry,
    Damaged,
    Entry,
    failed_entry,
    finished_entry,
    keep_request,
    other_entries,
    read_verdicts,
    report_of,
    seen_entry,
)
from .tasks import Task


def verify(
    tasks: list[Task],
    place: Path,
    jobs: int | None = None,
    on_progress: OnProgress = lambda *_: None,
    on_entry: Callable[[Entry], None] = lambda _: None,
    command: str = "hopsim verify",
    mutations: Sequence[Task] = (),
) -> dict[str, Any]:
    """The report on some claims; `ledger.json` and `report.html` cover all cached ones.

    A claim that was run before (with the same scenario, code and libraries) is read
    from the cache, so that an interrupted verification is resumed where it stopped.
    What is written covers, beside the claims asked for, every other one that is cached
    in `place`; `lapsed` names those that were run there and are cached no more.

    **Arguments:**

    - `place`: the directory of the cached runs and of the report.
    - `jobs`: the number of parallel processes; default one for each core.
    - `command`: the command that repeats the verification, quoted in the report.
    - `on_progress`, `on_entry`: called at every step, and with the entry of every claim
      that has ended.
    - `mutations`: claims that are run with something wrong as well; the entry
      `mutations` of the report says of each whether that was seen.

    Raises ValueError if `place` cannot be written to, or if another process works in
    it. If it cannot hold the report in the end, that is kept elsewhere, and ValueError
    says where (its `result` is the report).
    """
    begun = time.perf_counter()
    make_place(place, "Ledgers")
    remedy = "wait until it has ended, or give another place with --out"
    with locked(place / ".verify.lock", f"Somebody verifies in {str(place)!r}", remedy):
        entries = finished_entries(tasks, place, jobs, on_progress, on_entry)
        seen = mutated_entries(mutations, place, jobs, on_progress)
        others, lapsed = other_entries(place, entries)
        more = {"wall": time.perf_counter() - begun, "lapsed": lapsed}
        more |= {"mutations": seen} if seen else {}
        whole = report_of([*entries, *others], command) | more
        ledger = json.dumps(whole, indent=1, allow_nan=False) + "\n"
        found = report_of(entries, command) | more | {"others": len(others)}

        def write(there: Path) -> Path:
            write_whole(there / "ledger.json", ledger)
            report.write_page(whole, place, there / "report.html")
            return there

        try:
            keep(write, place, "The report")
        except KeptElsewhere as error:
            error.result = found
            raise
        return found


def mutated_entries(
    tasks: Sequence[Task], place: Path, jobs: int | None, on_progress: OnProgress
) -> list[Entry]:
    """For each mutated claim, whether it has seen what is wrong."""
    found = finished_entries(list(tasks), place, jobs, on_progress)
    by_run = {entry["directory"]: entry for entry in found}
    return [seen_entry(task, by_run[task.directory]) for task in tasks]


def finished_entries(
    tasks: list[Task],
    place: Path,
    jobs: int | None = None,
    on_progress: OnProgress = lambda *_: None,
    on_entry: Callable[[Entry], None] = lambda _: None,
) -> list[Entry]:
    """The entry of every claim: those cached in `place` first, then those run now."""
    known = {task.directory: cached_entry(task, place) for task in tasks}
    entries = [entry for entry in known.values() if entry is not None]
    for task in tasks:
        if entry := known[task.directory]:
            if not task.wrong:  # which is no result that a report counts
                keep_request(task, place)
            on_entry(entry)
    rest = _longest_first([t for t in tasks if known[t.directory] is None], place)
    workers = max(1, min(jobs or len(cores()), len(rest)))
    try:
        for task, why, seconds in (
            run_all(rest, _trade(place), workers, on_progress) if rest else ()
        ):
            entry = (
                failed_entry(task, why, seconds) if why else finished_entry(task, place)
            )
            if not (entry["error"] or task.wrong):
                keep_request(task, place)
            entries.append(entry)
            on_entry(entry)
    finally:
        remove_leftovers(place)  # of processes that died, or were stopped
    return entries


def _longest_first(tasks: list[Task], place: Path) -> list[Task]:
    """Sorted by the seconds of an earlier version, so that no long task is last."""

    def seconds(task: Task) -> float:
        taken = []
        for file in place.glob(f"{task.name}-????????????????/verdicts.json"):
            with contextlib.suppress(Damaged):  # nobody asks for it
                taken += [(read_verdicts(file) or {}).get("seconds", 1e9)]
        return taken[-1] if taken else 1e9  # unknown: run first

    return sorted(tasks, key=lambda task: -seconds(task))


def _trade(place: Path) -> Trade:
    """Claims are run into a directory; a mutation has a process of its own."""

    def order(task: Task) -> dict[str, Any]:
        return {
            "file": str(task.file),
            "quick": task.quick,
            "overrides": dict(task.overrides),
            "place": str(place),
            "directory": task.directory,
            "parts": parts.loaded_files(),
            "claim": task.name,
            "wrong": task.wrong,
        }

    return Trade("hopsim.claims.worker", order, lambda task: bool(task.wrong))
