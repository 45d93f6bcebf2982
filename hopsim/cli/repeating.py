"""What was run already: found and shown, or computed again and compared."""

import sys
from pathlib import Path
from typing import Any

import typer

from .._common.names import printable
from . import terminal
from .app import counting, is_quiet
from .comparing import show_variables, show_verdicts
from .endings import Exit


RUNS = Path("runs")  # where run directories go if nothing else is said


def find_told(scenario: Any, out: Path, aloud: bool = True) -> Any:
    """The record of a run that was made already, which is told; None if it was not."""
    from ..runs.kept import find_kept
    from ..runs.origin import changes_since

    record = find_kept(scenario, out)
    if record is not None and aloud and not is_quiet():
        place = "" if record.path is None else record.path.parent
        print(printable(f"{place} is there already; --force repeats it"))
        _tell(changes_since(record.attrs, scenario))
    return record


def end_with(record: Any, aloud: bool = True) -> None:
    """Show the summary of a run, and end as its checks say.

    Of the processes that share it, only the first may see what was kept.
    """
    if aloud:
        terminal.show_summary(record, is_quiet())
    if record is not None and not record.passed:
        raise typer.Exit(Exit.CHECK_FAILED)


def repeats_a_run(file: str, overrides: list[str]) -> bool:
    """Whether `hopsim run` is given a saved run as it was, to be computed again."""
    from ..scenario.saved import RESOLVED, saved_run

    saved = saved_run(file)
    return saved is not None and saved.name != RESOLVED and not overrides


def repeat_run(file: str, scenario: Any, kept: bool, aloud: bool = True) -> None:
    """Compute a saved run again, in memory, and say in what it differs.

    Raises ValueError if the result is to be `kept`, since nothing is written.
    """
    if kept:
        folder = Path(file) if Path(file).is_dir() else Path(file).parent
        raise ValueError(
            "A run directory is computed again in memory and nothing is written, so "
            f"that it takes neither --out nor --force; `hopsim run "
            f"{folder / 'scenario.toml'}` with them makes a run that is kept."
        )
    from ..runs.repetition import repeat

    with counting(scenario.name, aloud=aloud) as on_progress:
        _, _, found, changes = repeat(file, on_progress, scenario)
    if aloud:
        _tell(changes)
        if not is_quiet():
            show_verdicts(found)
            show_variables(found)
        print(printable(found.sentence))
    if not found.same:
        raise typer.Exit(Exit.CHECK_FAILED)


def _tell(changes: Any) -> None:
    for line in () if is_quiet() else changes:
        print(printable(f"note: {line}"), file=sys.stderr)
