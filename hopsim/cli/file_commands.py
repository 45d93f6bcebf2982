"""The commands of scenario files: what can be named, and is a file right?"""

import sys
from typing import Annotated

import typer

from .._common import parts
from .._common.names import printable
from ..scenario.shipped import scenario_names, shipped
from . import terminal
from .app import (
    app,
    File,
    load_asked_parts,
    Overrides,
    read_asked,
    takes_axes,
    takes_parts,
)
from .endings import guarded
from .kinds import kinds_called, show_kind


@app.command("check")
@takes_parts
@takes_axes
def check_command(file: File, overrides: Overrides = []) -> None:  # noqa: B006
    """Check a scenario file and say what it asks for; compute nothing."""
    with guarded():
        scenario = read_asked(file, False, overrides)
        count = len(scenario.points)
        points = f"{count:,} point{'s' if count != 1 else ''}"
        print(f"{file}: valid ({points}, run {scenario.name}-{scenario.hash})")
        quick = read_asked(file, True, overrides, aloud=False)
        sizes = {"full": scenario}
        sizes |= {} if quick.hash == scenario.hash else {"--quick": quick}
        for word, size in sizes.items():
            for line in size.understood():
                print(printable(f"  {word:<8} {line}"))


@app.command("new")
def new_command(
    name: Annotated[str, typer.Argument(help="A name of `hopsim list scenarios`.")],
) -> None:
    """Write a shipped scenario's text to standard output, to be edited as a file."""
    with guarded():
        # a name alone, never a path: in `hopsim new NAME > NAME` the shell has made an
        # empty file of that name before hopsim starts
        sys.stdout.buffer.write(shipped(name).read_bytes())


@app.command("list")
@takes_parts
def list_command(
    what: Annotated[
        str | None,
        typer.Argument(
            help="scenarios, memories, probes, run, ..., or a kind; default: all."
        ),
    ] = None,
) -> None:
    """List what a scenario file can name: formula, source, and keys.

    `hopsim list scenarios` prints the names of the shipped scenarios, one a line;
    `hopsim list recall` all keys of one kind: type, default, and what it means.
    """
    with guarded():
        if what == "scenarios":  # nothing else, so that a shell can take the names
            for name in scenario_names():
                print(name)
            return
        from ..scenario.listing import nouns, nouns_of

        load_asked_parts()
        parts.load_installed()
        if what is not None and what not in nouns() and (found := kinds_called(what)):
            for noun, maker in found:
                show_kind(noun, what, maker)
            return
        for noun in nouns() if what is None else [what]:
            terminal.show_entries(noun)
        if what is not None and nouns_of(what):  # a table of one kind: run, training
            for noun, maker in kinds_called(what):
                show_kind(noun, what, maker)


@app.command("schema")
@takes_parts
def schema_command() -> None:
    """Print the JSON schema of scenario files, for editors that complete and check.

    `hopsim schema > hopsim.schema.json`; with --with it knows parts of your own too.
    """
    with guarded():
        load_asked_parts()
        parts.load_installed()
        from ..scenario.schema import as_text, scenario_schema

        print(as_text(scenario_schema()), end="")
