"""The command line, as `hopsim --help` lists it.

It ends with 0 if all went well, else as `Exit` says. Every heavy import waits until its
command needs it.
"""

import contextlib
import functools as ft
import inspect
import io
import os
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from .._common import parts
from .._common.cores import collect_rarely, cores
from .._common.names import printable, shown
from .._common.notices import print_notices
from ..scenario.grid_tables import parse_axes
from ..scenario.shipped import public_path, scenario_names, shipped
from . import terminal
from .endings import (
    asked_to_stop,
    Exit,
    guarded,
    reading,
    showing_what_is_kept,
    take_termination_as_ctrl_c,
    words_of,
)


_BEGAN = time.perf_counter()

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="A simulator and a laboratory for Dense Associative Memories.",
)

File = Annotated[
    str,
    typer.Argument(help="A scenario: a TOML file, or a name (hopsim list scenarios)."),
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


def _takes(
    name: str, hint: Any, asked: list[str], command: Callable[..., None]
) -> Callable[..., None]:
    """A command with a further option, which may be repeated; `asked` has its words."""

    @ft.wraps(command)
    def opened(*args: Any, **options: Any) -> None:
        asked[:] = options.pop(name)
        command(*args, **options)

    option = inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=[], annotation=hint
    )
    known = inspect.signature(command)
    whole = known.replace(parameters=[*known.parameters.values(), option])
    vars(opened)["__signature__"] = whole
    opened.__annotations__ = command.__annotations__ | {name: hint}
    return opened


# the files of `--with` are not executed here: what they import starts JAX, which the
# command prepares before
_takes_parts = ft.partial(_takes, "own_parts", With, _asked_parts)
_takes_axes = ft.partial(_takes, "axes", Sweeps, _asked_axes)


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
@_takes_parts
@_takes_axes
def run_command(
    file: File,
    quick: Quick = False,
    out: Annotated[Path, typer.Option(help="Where run directories go.")] = Path("runs"),
    overrides: Overrides = [],  # noqa: B006
    force: Annotated[bool, typer.Option("--force", help="Replace an old run.")] = False,
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
    """Simulate a scenario, certify it, draw it, and save everything."""
    with guarded():
        if cache:
            _keep_programs()
        from .._common.clock import watch
        from .._common.environment import join_processes
        from ..runs.run import run as run_scenario

        first = distributed is None or join_processes(distributed) == 0
        imports = time.perf_counter() - _BEGAN
        scenario = _read(file, quick, overrides, aloud=first)
        counting = _counted(scenario.name, aloud=first)
        with watch() as clock, showing_what_is_kept(), counting as on_progress:
            # every process computes everything; one of them writes and speaks
            record = run_scenario(
                scenario, out=out if first else None, force=force, progress=on_progress
            )
        if first:
            terminal.show_summary(record)
        if first and profile:
            terminal.show_profile(
                clock, time.perf_counter() - _BEGAN - imports, imports
            )
        if not record.passed:
            raise typer.Exit(Exit.CHECK_FAILED)


@app.command("train")
@_takes_parts
@_takes_axes
def train_command(
    file: File,
    quick: Quick = False,
    out: Annotated[Path, typer.Option(help="Where run directories go.")] = Path("runs"),
    overrides: Overrides = [],  # noqa: B006
    force: Annotated[bool, typer.Option("--force", help="Replace an old run.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget an unfinished training.")
    ] = False,
) -> None:
    """Train a scenario's memories; a training run that was stopped is resumed."""
    with guarded():
        _keep_programs()
        from .._common.progress import reporter
        from ..runs.run import forget, run as run_scenario, unfinished

        scenario = _read(file, quick, overrides)
        if not scenario.experiment.trains:
            raise ValueError(
                f"{file} learns no memories: its experiment is no training; use "
                "`hopsim run`."
            )
        if restart:
            forget(scenario, out)
        with (
            showing_what_is_kept(),
            asked_to_stop() as should_stop,
            reporter(scenario.name) as show,
        ):
            try:
                record = run_scenario(
                    scenario,
                    out=out,
                    force=force,
                    progress=show.report,
                    interrupted=should_stop,
                    tell=terminal.epoch_lines(show),
                )
            except KeyboardInterrupt as error:
                place = unfinished(scenario, out)
                told = (
                    f"what was learnt is kept in {place}, and the same command goes "
                    "on from there (--restart forgets it)"
                    if any(place.glob("*.nc"))
                    else "no epoch had ended, so nothing is kept"
                )
                raise KeyboardInterrupt(str(error) or told) from error
        terminal.show_summary(record)
        if not record.passed:
            raise typer.Exit(Exit.CHECK_FAILED)


@app.command("predict")
@_takes_parts
def predict_command(
    run_directory: Annotated[Path, typer.Argument(help="A run of `hopsim train`.")],
    images: Annotated[
        Path,
        typer.Argument(help="A folder of images, or .npy, .npz, HDF5 or IDX."),
    ],
    variable: Annotated[
        str | None, typer.Option(help="The array of a file that has several.")
    ] = None,
    point: Annotated[
        str | None, typer.Option(help="The label of the network, if there are several.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", help="Write the classes into this file.")
    ] = None,
) -> None:
    """Print the class of every image, as a trained network sees it."""
    with guarded():
        from .._common.files import keep, try_place, write_whole
        from .._common.progress import reported
        from ..runs.trained import load_trained, read_images

        if into is not None:
            try_place(into.parent, str(into.name), "name another file with --into")
        _load_parts()
        with reported(True, "images"):
            trained = load_trained(run_directory, point)
            rows, labels = read_images(images, variable)
            found = trained.predict(rows)
        text = "".join(f"{label}\n" for label in found)
        if into is None:
            print(text, end="")
        else:
            write = lambda place: write_whole(place / into.name, text)
            print(keep(write, into.parent, "The list of classes"))
        terminal.show_predicted(found, labels)


@app.command("attractors")
@_takes_parts
@_takes_axes
def attractors_command(
    what: Annotated[
        str, typer.Argument(help="A run directory, a record, or a scenario.")
    ],
    quick: Quick = False,
    overrides: Overrides = [],  # noqa: B006
) -> None:
    """Print the attractors of a run, or find those of a scenario's probes (unsaved)."""
    with guarded():
        record = os.path.join(what, "record.nc")  # any other directory hides no name
        if os.path.isfile(record) or what.endswith(".nc"):
            from ..records import load_record

            with reading(what):
                terminal.show_attractors(load_record(what))
            return
        _keep_programs()
        from ..experiments.landscape import Census
        from ..runs.run import run as run_scenario

        scenario = _read(what, quick, overrides)
        if not isinstance(scenario.experiment, Census):
            scenario = scenario.replaced(experiment=Census(), checks=())
        with _counted(scenario.name) as on_progress:
            record = run_scenario(scenario, progress=on_progress)
        terminal.show_attractors(record)


@app.command("verify")
@_takes_parts
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
) -> None:
    """Put the claims of the theory to the test; print the ledger, write the report."""
    with guarded():
        if cache:
            _keep_programs()
        from ..claims.tasks import find_claims, mutated, rerun_command, ships
        from ..claims.verify import verify as verify_claims

        _load_parts()
        shelf, words = _shelf_of(claims or [], place)
        changes, own = _parse(overrides), not ships(shelf)
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
            _tell(public_path(task.file), task.notes)
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
        terminal.show_report(report, out)
        seen = all(one["seen"] for one in report.get("mutations", ()))
        if not (seen and all(entry["passed"] for entry in report["claims"])):
            raise typer.Exit(Exit.CHECK_FAILED)


@app.command("check")
@_takes_parts
@_takes_axes
def check_command(file: File, overrides: Overrides = []) -> None:  # noqa: B006
    """Check a scenario file and say what it asks for; compute nothing."""
    with guarded():
        scenario = _read(file, False, overrides)
        count = len(scenario.points)
        points = f"{count:,} point{'s' if count != 1 else ''}"
        print(f"{file}: valid ({points}, run {scenario.name}-{scenario.hash})")
        quick = _read(file, True, overrides, aloud=False)
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
@_takes_parts
def list_command(
    what: Annotated[
        str | None,
        typer.Argument(help="scenarios, memories, probes, run, ...; default: all."),
    ] = None,
) -> None:
    """List what a scenario file can name: formula, source, and keys.

    `hopsim list scenarios` prints the names of the shipped scenarios, one a line.
    """
    with guarded():
        if what == "scenarios":  # nothing else, so that a shell can take the names
            for name in scenario_names():
                print(name)
            return
        from ..scenario.listing import nouns

        _load_parts()
        parts.load_installed()
        for noun in nouns() if what is None else [what]:
            terminal.show_entries(noun)


@app.command("plot")
@_takes_parts
def plot_command(
    run_directory: Annotated[Path, typer.Argument(help="A run directory or record.")],
    names: Annotated[
        list[str] | None, typer.Argument(help="Plots; default: all.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="png, svg, pdf; moving: gif, mp4.")
    ] = "png",
    dpi: Annotated[
        float | None, typer.Option(help="Dots per inch; default: 150, moving: 100.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Another directory for the pictures.")
    ] = None,
    style: Annotated[
        str | None, typer.Option(help="A Matplotlib style, or an .mplstyle file.")
    ] = None,
    frames: Annotated[
        int | None, typer.Option(help="Frames at most, of what moves; default: 48.")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames per second; default: 12.")
    ] = None,
) -> None:
    """Draw the pictures of a saved run again, also in other formats, or moving."""
    with guarded():
        from ..plots import plots
        from ..runs.redrawing import redraw
        from ..scenario.toml_files import old_words

        _load_parts()
        asked = {"plots": names or []}
        _tell(str(run_directory), old_words(plots.former, asked))
        with reading(run_directory):
            drawn = redraw(
                run_directory,
                tuple(names or ()),
                form=form,
                into=into,
                progress=True,
                dpi=dpi,
                style=style,
                frames=frames,
                fps=fps,
            )
            for path in drawn:
                print(path)


@app.command("show")
def show_command(
    run_directory: Annotated[Path, typer.Argument(help="A run directory or record.")],
) -> None:
    """Print the summary of a saved run."""
    with guarded():
        from ..records import load_record

        with reading(run_directory):
            terminal.show_summary(load_record(run_directory))


# --- helpers ------------------------------------------------------------------------


@contextlib.contextmanager
def _counted(title: str, aloud: bool = True) -> Iterator[Any]:
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


def _read(file: str, quick: bool, overrides: list[str], aloud: bool = True) -> Any:
    """The scenario; notes on older words of its file are printed if `aloud`."""
    axes = parse_axes(_asked_axes)
    _load_parts()
    from ..scenario.scenario import read_scenario

    scenario = read_scenario(file, quick, _parse(overrides), axes)
    _tell(file, scenario.notes if aloud else ())
    return scenario


def _load_parts() -> None:
    """Execute the files of `--with`; ValueError for what goes wrong in one of them."""
    for file in _asked_parts:
        parts.load(file)


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


def _tell(file: str, notes: tuple[str, ...]) -> None:
    for note in notes:
        print(printable(f"note: {file}: {note}"), file=sys.stderr)


def _parse(overrides: list[str]) -> dict[str, Any]:
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


def _keep_programs() -> None:
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
