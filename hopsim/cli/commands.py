"""The command line: where it begins, and the commands that run scenarios.

It ends with 0 if all went well, else as `Exit` says. Every heavy import waits until its
command needs it.
"""

import io
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from .._common.cores import collect_rarely, cores
from .._common.notices import print_notices
from . import terminal
from .app import (
    app,
    asked_axes,
    BEGAN,
    counting,
    File,
    is_verbose,
    keep_programs,
    Overrides,
    Quick,
    read_asked,
    takes_axes,
    takes_parts,
    tells_progress,
)
from .endings import (
    asked_to_stop,
    Exit,
    guarded,
    showing_what_is_kept,
    take_termination_as_ctrl_c,
    words_of,
)
from .repeating import end_with, find_told, repeat_run, repeats_a_run, RUNS
from .sharing import asked_units, compute_share, takes_units


Out = Annotated[
    Path | None, typer.Option(help="Where run directories go; default: runs.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Make again, and replace, what is there.")
]


def main() -> None:
    """The entry point of the command `hopsim`."""
    # set before JAX starts: a failed check inside a compiled program would otherwise be
    # a host callback, and hopsim labels every ending on the host instead
    os.environ.setdefault("EQX_ON_ERROR", "nan")
    print_notices()
    collect_rarely()
    # one device for each core: small networks run a chunk of their probes on each
    os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(len(cores())))
    take_termination_as_ctrl_c()
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal may not know a letter
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except OSError as error:  # of what is printed before a command begins
        print(f"error: {words_of(error)}", file=sys.stderr)
        sys.exit(Exit.INPUT_AT_FAULT)


@app.command("run")
@takes_parts
@takes_axes
@takes_units
@tells_progress
def run_command(
    file: File,
    quick: Quick = False,
    out: Out = None,
    overrides: Overrides = [],  # noqa: B006
    force: Force = False,
    cache: Annotated[
        bool,
        typer.Option("--cache/--no-cache", help="Keep compiled programs for later."),
    ] = True,
    profile: Annotated[
        bool, typer.Option("--profile", help="Print where the time went.")
    ] = False,
    distributed: Annotated[
        str | None,
        typer.Option(
            metavar="auto|HOST:PORT,INDEX,COUNT",
            help="Share the probes with the other processes that run this command: "
            "those of a cluster (auto), or process INDEX of COUNT.",
        ),
    ] = None,
) -> None:
    """Simulate a scenario, certify it, draw it, and save everything.

    A run directory in place of a scenario is computed again, and compared.
    """
    with guarded():
        if cache:
            keep_programs()
        from .._common.clock import watch
        from .._common.environment import alike_everywhere, join_processes
        from ..runs.run import run as run_scenario

        first = distributed is None or join_processes(distributed) == 0
        imports = time.perf_counter() - BEGAN
        scenario = read_asked(file, quick, overrides, aloud=first)
        units = asked_units()
        if units.share is not None:
            compute_share(scenario, out or RUNS, units)
            return
        if repeats_a_run(file, [*overrides, *asked_axes()]):
            repeat_run(file, scenario, out is not None or force, aloud=first)
            return
        place = out or RUNS
        anew = force or units.retry_failed
        kept = None if anew else find_told(scenario, place, aloud=first)
        if alike_everywhere(kept is not None):
            end_with(kept, aloud=first)
            return
        tally = counting(scenario.name, aloud=first)
        with watch() as clock, showing_what_is_kept(), tally as on_progress:
            # every process computes everything; one of them writes and speaks
            record = run_scenario(
                scenario,
                out=place if first else None,
                force=force,
                progress=on_progress,
                jobs=units.jobs,
                on=units.on,
                retry_failed=units.retry_failed,
            )
        if first and (profile or is_verbose()):
            terminal.show_profile(clock, time.perf_counter() - BEGAN - imports, imports)
        end_with(record, aloud=first)


@app.command("train")
@takes_parts
@takes_axes
@tells_progress
def train_command(
    file: File,
    quick: Quick = False,
    out: Out = None,
    overrides: Overrides = [],  # noqa: B006
    force: Force = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget an unfinished training.")
    ] = False,
) -> None:
    """Train a scenario's memories; a training run that was stopped is resumed."""
    with guarded():
        keep_programs()
        from .._common.progress import reporter
        from ..runs.run import forget, run as run_scenario, unfinished

        scenario = read_asked(file, quick, overrides)
        if not scenario.experiment.trains:
            raise ValueError(
                f"{file} learns no memories: its experiment is no training; use "
                "`hopsim run`."
            )
        place = out or RUNS
        if restart:
            forget(scenario, place)
        if not force and (kept := find_told(scenario, place)) is not None:
            end_with(kept)
            return
        with (
            showing_what_is_kept(),
            asked_to_stop() as should_stop,
            reporter(scenario.name) as show,
        ):
            try:
                record = run_scenario(
                    scenario,
                    out=place,
                    force=force,
                    progress=show.report,
                    interrupted=should_stop,
                    tell=terminal.epoch_lines(show),
                )
            except KeyboardInterrupt as error:
                learnt = unfinished(scenario, place)
                told = (
                    f"what was learnt is kept in {learnt}, and the same command goes "
                    "on from there (--restart forgets it)"
                    if any(learnt.glob("*.nc"))
                    else "no epoch had ended, so nothing is kept"
                )
                raise KeyboardInterrupt(str(error) or told) from error
        end_with(record)
