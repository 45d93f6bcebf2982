"""Commands on the units of a study: shares of them, and how far they are."""

import functools as ft
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from .._common.names import printable
from .app import (
    app,
    counting,
    File,
    Overrides,
    Quick,
    read_asked,
    takes_axes,
    takes_parts,
    with_options,
)
from .endings import Exit, guarded


Jobs = Annotated[
    int,
    typer.Option(
        min=1, help="How many processes of this machine compute the units of a study."
    ),
]
On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="CLUSTER",
        help="Compute the units of a study on a Dask cluster: tcp://HOST:PORT, a "
        "number of local workers, or a TOML file (kind, workers, ...).",
    ),
]
Shares = Annotated[
    str | None,
    typer.Option(
        "--share",
        metavar="K/N",
        help="Compute and keep share K of N (from 0) of the units of a study; the "
        "command without it gathers them all.",
    ),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Try units again that have failed.")
]


class UnitOptions(NamedTuple):
    """How the units of a study are computed."""

    jobs: int = 1
    on: str | None = None
    share: str | None = None
    retry_failed: bool = False


_asked: list[UnitOptions] = []  # of a command, until it computes


def asked_units() -> UnitOptions:
    """What was said of units."""
    return _asked[-1] if _asked else UnitOptions()


def takes_units(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options on units, of which `asked_units` tells."""

    @ft.wraps(command)
    def opened(*args: Any, **options: Any) -> None:
        given = {name: options.pop(name) for name in UnitOptions._fields}
        _asked[:] = [UnitOptions(**given)]
        command(*args, **options)

    hints = dict(zip(UnitOptions._fields, (Jobs, On, Shares, RetryFailed), strict=True))
    defaults = UnitOptions()._asdict()
    options = {name: (hints[name], default) for name, default in defaults.items()}
    return with_options(opened, command, **options)


def compute_share(scenario: Any, out: Path, asked: UnitOptions) -> None:
    """Compute and keep one share of the units; ends as its failures say."""
    from ..runs.kept_studies import Share
    from ..runs.run import run_share

    mine = Share.read(str(asked.share))
    with counting(scenario.name) as on_progress:
        study = run_share(
            scenario,
            out,
            mine,
            jobs=asked.jobs,
            on=asked.on,
            progress=on_progress,
            retry_failed=asked.retry_failed,
        )
    told = study.status(mine)
    place = study.files.place
    print(printable(f"share {asked.share}: {told.sentence}, kept in {place}"))
    if told.failed:
        raise typer.Exit(Exit.CHECK_FAILED)


@app.command("status")
@takes_parts
@takes_axes
def status_command(
    file: File,
    quick: Quick = False,
    out: Annotated[Path, typer.Option(help="Where run directories go.")] = Path("runs"),
    overrides: Overrides = [],  # noqa: B006
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell how many units of a study are done, failed and in work, and their cost."""
    with guarded():
        from ..runs.kept_studies import kept_study
        from ..runs.units import Callbacks

        scenario = read_asked(file, quick, overrides)
        told = kept_study(scenario, out, Callbacks()).status()
        if as_json:
            print(json.dumps(told._asdict()))
            return
        for term, text in _rows(told):
            print(printable(f"{term:<8} {text}"))


def _rows(told: Any) -> list[tuple[str, str]]:
    rows = [("units", told.sentence)]
    rows += [("cost", told.cost)] if told.cost else []
    now = time.time()
    for worker in told.workers:
        seconds = now - float(worker.get("since", now))
        who = f"process {worker.get('pid')} of {worker.get('host')}"
        rows.append(("in work", f"{who}, for {seconds:.0f} s"))
    rows += [("failed", f"{count} units: {why}") for why, count in told.reasons.items()]
    return rows
