"""The commands of saved runs: what they hold, shown, drawn and asked."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from .._common.names import printable
from . import terminal
from .app import (
    app,
    counting,
    keep_programs,
    load_asked_parts,
    Overrides,
    Quick,
    read_asked,
    takes_axes,
    takes_parts,
    tell_notes,
    tells_progress,
)
from .citing import citation
from .comparing import show_comparison
from .endings import Exit, guarded, reading


@app.command("predict")
@takes_parts
@tells_progress
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
        load_asked_parts()
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
@takes_parts
@takes_axes
@tells_progress
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
        keep_programs()
        from ..experiments.landscape import Census
        from ..runs.run import run as run_scenario

        scenario = read_asked(what, quick, overrides)
        if not isinstance(scenario.experiment, Census):
            scenario = scenario.replaced(experiment=Census(), checks=())
        with counting(scenario.name) as on_progress:
            record = run_scenario(scenario, progress=on_progress)
        terminal.show_attractors(record)


@app.command("plot")
@takes_parts
@tells_progress
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

        load_asked_parts()
        asked = {"plots": names or []}
        tell_notes(str(run_directory), old_words(plots.former, asked))
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
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON: attributes, summary, verdicts.")
    ] = False,
) -> None:
    """Print the summary of a saved run."""
    with guarded():
        from ..records import load_record

        with reading(run_directory):
            record = load_record(run_directory)
            if as_json:
                from ..runs.export import summary_json

                print(summary_json(record), end="")
                return
            terminal.show_summary(record)


@app.command("export")
def export_command(
    run_directory: Annotated[Path, typer.Argument(help="A run directory or record.")],
    csv: Annotated[
        bool, typer.Option("--csv", help="Tidy tables, one for each set of dimensions.")
    ] = False,
    parquet: Annotated[
        bool, typer.Option("--parquet", help="The same as Parquet (needs pyarrow).")
    ] = False,
    netcdf: Annotated[
        bool, typer.Option("--netcdf", help="One file, with coordinates to select by.")
    ] = False,
    into: Annotated[
        Path, typer.Option(help="The directory for the files; default: this one.")
    ] = Path(),
) -> None:
    """Write the data of a saved run for other programs; print the names of the files.

    They are called after the run and their dimensions: NAME-HASH.probe-time.csv.
    """
    with guarded():
        from ..records import load_record
        from ..runs.export import export

        asked = {"csv": csv, "parquet": parquet, "netcdf": netcdf}
        forms: list[Any] = [form for form, wanted in asked.items() if wanted]
        if len(forms) != 1:
            got = " and ".join(f"--{form}" for form in forms) or "none"
            raise ValueError(
                f"A run is exported in one form, got {got}; give --csv, --parquet or "
                "--netcdf."
            )
        with reading(run_directory):
            for path in export(load_record(run_directory), forms[0], into):
                print(printable(str(path)))


@app.command("compare")
@takes_parts
def compare_command(
    first: Annotated[Path, typer.Argument(help="A run directory or record.")],
    second: Annotated[Path, typer.Argument(help="Another one.")],
    into: Annotated[
        Path | None, typer.Option("--into", help="A picture of both, into this file.")
    ] = None,
    plot: Annotated[
        str | None, typer.Option(help="Which plot; default: the first of both.")
    ] = None,
) -> None:
    """Print in what two saved runs differ: settings, verdicts and variables.

    Exits with 0 if all variables and verdicts are equal, bit for bit, else with 1.
    """
    with guarded():
        from ..records import load_record
        from ..runs.comparison import compare

        if plot is not None and into is None:
            raise ValueError("--plot chooses what is drawn into a file; add --into.")
        one, two = (load_record(path) for path in (first, second))
        drawn = []
        if into is not None:  # first, so that one error is all that is said
            from ..plots._side_by_side import render_both, shared_plot

            load_asked_parts()
            name = shared_plot(one, two) if plot is None else plot
            drawn.append(render_both(one, two, name, into))
        found = compare(one, two)
        show_comparison(found, (str(first), str(second)))
        for path in drawn:
            print(printable(str(path)))
        print(printable(found.sentence))
        if not found.same:
            raise typer.Exit(Exit.CHECK_FAILED)


@app.command("runs")
def runs_command(
    place: Annotated[
        Path, typer.Argument(help="The directory where runs are kept.")
    ] = Path("runs"),
) -> None:
    """List the runs of a directory: how many checks hold, age, and what was changed."""
    with guarded():
        from ..runs.listing import list_runs, TITLES

        rows = [row.cells for row in list_runs(place)]
        if not rows:
            print(printable(f"no runs in {place}"))
            return
        for line in terminal.columns([TITLES, *rows]):
            print(printable(line))


@app.command("cite")
def cite_command(
    what: Annotated[
        str | None,
        typer.Argument(help="A run, a claim or a scenario; default: hopsim itself."),
    ] = None,
) -> None:
    """Print BibTeX of hopsim and its sources, with seed, version and command."""
    with guarded():
        print(citation(what), end="")
