"""The application: what all commands share, of which their modules make a part each.

Options, what they read, and how progress is counted.
"""

import contextlib
import functools as ft
import glob
import importlib.metadata
import inspect
import os
import sys
import time
import tomllib
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any

import typer

from .._common import parts
from .._common.names import printable, shown
from ..scenario.grid_tables import parse_axes


BEGAN = time.perf_counter()

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="A simulator and a laboratory for Dense Associative Memories.",
)


def complete_scenario(incomplete: str) -> list[str]:
    """What a shell offers for a scenario: shipped names, TOML files, directories."""
    from ..scenario.shipped import scenario_names

    named = [name for name in scenario_names() if name.startswith(incomplete)]
    places = sorted(glob.glob(f"{glob.escape(incomplete)}*"))
    files = [x for x in places if x.endswith(".toml")]
    return [*named, *files, *(f"{x}/" for x in places if os.path.isdir(x))]


File = Annotated[
    str,
    typer.Argument(
        help="A scenario: a TOML file, or a name (hopsim list scenarios).",
        autocompletion=complete_scenario,
    ),
]
Quick = Annotated[bool, typer.Option("--quick", help="Apply the file's [quick] table.")]
Overrides = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Override one entry.")
]

Sweeps = Annotated[
    list[str],
    typer.Option(
        "--sweep",
        metavar="PATH=VALUES",
        help="Sweep one entry: network.beta=0.1:1:10 (:log behind it), or =0.5,1,2.",
    ),
]
With = Annotated[
    list[str],
    typer.Option(
        "--with",
        metavar="FILE",
        help="A file with parts of your own, which is executed (hopsim.extend).",
    ),
]
_asked_parts: list[str] = []  # the files of `--with`, until they are loaded
_asked_axes: list[str] = []  # the axes of `--sweep`, until a scenario is read


Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print the result alone: no progress.")
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Tell more often how the work goes on.")
]
_voice = {"quiet": False, "verbose": False}


def _takes(
    name: str, hint: Any, asked: list[str], command: Callable[..., None]
) -> Callable[..., None]:
    """A command with a further option, which may be repeated; `asked` has its words."""

    @ft.wraps(command)
    def opened(*args: Any, **options: Any) -> None:
        asked[:] = options.pop(name)
        command(*args, **options)

    return with_options(opened, command, **{name: (hint, [])})


# the files of `--with` are not executed here: what they import starts JAX, which the
# command prepares before
takes_parts = ft.partial(_takes, "own_parts", With, _asked_parts)
takes_axes = ft.partial(_takes, "axes", Sweeps, _asked_axes)


def tells_progress(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options `--quiet` and `--verbose`."""

    @ft.wraps(command)
    def opened(*args: Any, quiet: bool, verbose: bool, **options: Any) -> None:
        with _speaking(quiet, verbose):
            command(*args, **options)

    return with_options(opened, command, quiet=(Quiet, False), verbose=(Verbose, False))


def with_options(
    opened: Callable[..., None], command: Callable[..., None], **options: Any
) -> Callable[..., None]:
    """The same function with further options in its signature, which Typer reads."""
    more = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
        )
        for name, (kind, default) in options.items()
    ]
    known = inspect.signature(command)
    whole = known.replace(parameters=[*known.parameters.values(), *more])
    vars(opened)["__signature__"] = whole
    kinds = {name: kind for name, (kind, _) in options.items()}
    opened.__annotations__ = command.__annotations__ | kinds
    return opened


@contextlib.contextmanager
def _speaking(quiet: bool, verbose: bool) -> Iterator[None]:
    from .._common.notices import Notice
    from .._common.progress import set_voice, Voice

    _voice.update(quiet=quiet, verbose=verbose and not quiet)
    set_voice(Voice.QUIET if quiet else Voice.VERBOSE if verbose else Voice.USUAL)
    try:
        with warnings.catch_warnings():
            if quiet:
                warnings.simplefilter("ignore", Notice)
            yield
    finally:
        _voice.update(quiet=False, verbose=False)
        set_voice(Voice.USUAL)


def is_quiet() -> bool:
    """Whether the command was asked for its result alone."""
    return _voice["quiet"]


def is_verbose() -> bool:
    """Whether the command was asked to tell more."""
    return _voice["verbose"]


def _show_version(asked: bool) -> bool:
    if asked:
        print(f"hopsim {importlib.metadata.version('hopsim')}")
        raise typer.Exit
    return asked


@app.callback()
def options_of_all(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """A simulator and a laboratory for Dense Associative Memories."""


@contextlib.contextmanager
def counting(title: str, aloud: bool = True) -> Iterator[Any]:
    """Progress; who interrupts the block is told what had been done."""
    from .._common.progress import reported

    done: dict[str, str] = {}
    with reported(aloud, title) as show:

        def on_progress(what: str, number: int, total: int) -> None:
            done[what] = f"{number} of {total} {what}"
            if show is not None:
                show(what, number, total)

        try:
            yield on_progress
        except KeyboardInterrupt as error:
            told = ", ".join(done.values()) or "nothing"
            raise KeyboardInterrupt(
                str(error)
                or f"{told} had been finished; nothing is kept, since a run is written "
                "when it is whole"
            ) from error


def read_asked(file: str, quick: bool, overrides: list[str], aloud: bool = True) -> Any:
    """The scenario; notes on older words of its file are printed if `aloud`."""
    axes = parse_axes(_asked_axes)
    load_asked_parts()
    from ..scenario.scenario import read_scenario

    scenario = read_scenario(file, quick, read_overrides(overrides), axes)
    tell_notes(file, scenario.notes if aloud else ())
    return scenario


def asked_axes() -> list[str]:
    """The words of `--sweep`."""
    return [*_asked_axes]


def load_asked_parts() -> None:
    """Execute the files of `--with`; ValueError for what goes wrong in one of them."""
    for file in _asked_parts:
        parts.load(file)


def tell_notes(file: str, notes: Iterable[str]) -> None:
    """Print what a user should know of a file, on standard error."""
    for note in () if is_quiet() else notes:
        print(printable(f"note: {file}: {note}"), file=sys.stderr)


def read_overrides(overrides: list[str]) -> dict[str, Any]:
    """The entries that `--set` overrides; ValueError for what is no KEY=VALUE."""
    parsed = {}
    for text in overrides:
        key, mark, value = text.partition("=")
        if not mark or not key.strip():
            raise ValueError(
                f"--set takes KEY=VALUE, such as run.duration=5, got {shown(text)}."
            )
        try:
            parsed[key.strip()] = tomllib.loads(f"x = {value}")["x"]
        except (ValueError, RecursionError):
            parsed[key.strip()] = value.strip()  # a bare word is a string
    return parsed


def keep_programs() -> None:
    """Compiled programs go to the user's cache directory and come from there."""
    from platformdirs import user_cache_path

    from .._common.files import try_place

    place = user_cache_path("hopsim") / "programs"
    try:
        try_place(place, "Compiled programs", "they are compiled anew")
    except ValueError as error:
        print(f"note: {error}", file=sys.stderr)
        return
    for name, value in {
        "JAX_COMPILATION_CACHE_DIR": str(place),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }.items():
        os.environ.setdefault(name, value)
