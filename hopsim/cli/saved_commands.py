"""The commands of saved runs: what they hold, shown, drawn and asked."""

import os
from pathlib import Path
from typing import Annotated

import typer

from . import terminal
from .app import (
    app,
    counting,
    keep_programs,
    load_asked_parts,
    Overrides,
    Quick,
    read_asked,
    takes_parts,
    tell_notes,
)
from .endings import guarded, reading


@app.command("predict")
@takes_parts
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
) -> None:
    """Print the summary of a saved run."""
    with guarded():
        from ..records import load_record

        with reading(run_directory):
            terminal.show_summary(load_record(run_directory))
