"""The command of claims: `hopsim verify`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from .._common import parts
from ..scenario.shipped import public_path
from . import terminal
from .app import (
    app,
    is_quiet,
    keep_programs,
    load_asked_parts,
    Overrides,
    read_overrides,
    takes_parts,
    tell_notes,
    tells_progress,
)
from .endings import Exit, guarded, showing_what_is_kept


@app.command("verify")
@takes_parts
@tells_progress
def verify_command(
    claims: Annotated[
        list[str] | None,
        typer.Argument(
            help="Ids, names or tags of claims, default all; or a directory of claims "
            "of your own."
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick/--full", help="Minutes, or the sizes the files ask for."),
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: one for each core.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where finished claims and the report are kept.")
    ] = Path("runs/verify"),
    overrides: Overrides = [],  # noqa: B006
    place: Annotated[
        Path | None,
        typer.Option("--claims", help="A directory of claims; default: what ships."),
    ] = None,
    cache: Annotated[
        bool,
        typer.Option("--cache/--no-cache", help="Keep compiled programs for later."),
    ] = True,
    mutations: Annotated[
        bool,
        typer.Option(
            "--mutations", help="Of your own claims: does each see what is wrong?"
        ),
    ] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="Print the table of verdicts as CSV.")
    ] = False,
    latex: Annotated[
        bool, typer.Option("--latex", help="Print the table of verdicts as LaTeX.")
    ] = False,
) -> None:
    """Put the claims of the theory to the test; print the ledger, write the report."""
    with guarded():
        if cache:
            keep_programs()
        from ..claims.tables import as_csv, as_latex
        from ..claims.tasks import find_claims, mutated, rerun_command, ships
        from ..claims.verify import verify as verify_claims

        if csv and latex:
            raise ValueError("A table has one form, got --csv and --latex; give one.")
        load_asked_parts()
        shelf, words = _shelf_of(claims or [], place)
        changes, own = read_overrides(overrides), not ships(shelf)
        if own:
            parts.load_installed()
        elif mutations:
            raise ValueError(
                "--mutations judges claims of your own; those that ship have theirs in "
                "hopsim's tests (pytest -m mutations)."
            )
        tasks = find_claims(shelf, words, quick, changes)
        wrong = [one for task in tasks if mutations for one in mutated(task)]
        if own:
            from ..claims.rules import require_rules

            require_rules(tasks)
        for task in tasks:
            tell_notes(public_path(task.file), task.notes)
        again = rerun_command(words, quick, changes, shelf)
        with showing_what_is_kept(), terminal.verifying(len(tasks)) as show:
            try:
                report = verify_claims(
                    tasks, out, jobs, show.on_progress, show.on_entry, again, wrong
                )
            except KeyboardInterrupt as error:
                raise KeyboardInterrupt(
                    f"{show.done} of {len(tasks)} claims have ended; they are kept in "
                    f"{out}, and the same command goes on from there"
                ) from error
        if csv or latex:
            print(as_csv(report) if csv else as_latex(report), end="")
        elif is_quiet():
            print(terminal.claims_line(report))
        else:
            terminal.show_report(report, out)
        seen = all(one["seen"] for one in report.get("mutations", ()))
        if not (seen and all(entry["passed"] for entry in report["claims"])):
            raise typer.Exit(Exit.CHECK_FAILED)


def _shelf_of(words: list[str], place: Path | None) -> tuple[Path, list[str]]:
    """The directory of claims, and the words that name some of them."""
    from ..claims.tasks import shipped_claims

    shelf = lambda word: os.path.isdir(word) and any(Path(word).glob("*.toml"))
    named = [w for w in words if place is None and shelf(w)]
    if len(named) > 1:
        raise ValueError(f"One directory of claims at a time, got {', '.join(named)}.")
    if named:
        return Path(named[0]), [w for w in words if w not in named]
    return shipped_claims() if place is None else place, words
