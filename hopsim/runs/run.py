"""Runs: a scenario becomes a record, and a record a directory of files.

Whatever is written is written under a hidden name and renamed when it is complete, so a
run that is killed leaves no half file where anyone would look.
"""

import contextlib
import dataclasses
import functools as ft
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .._common.arrays import repeats_expected
from .._common.clock import phase, watch
from .._common.environment import precision, prefetch, provenance
from .._common.files import (
    keep,
    KeptElsewhere,
    locked,
    make_place,
    remove,
    unfinished_name,
    write_whole,
)
from .._common.names import plain
from .._common.progress import Report, reported
from .._version import __version__
from ..experiments import experiments, Study
from ..plots import render
from ..records import Axis, labelled, name_axes, Record, save
from ..scenario.scenario import load_scenario, Scenario
from .summary import summary_lines


@dataclasses.dataclass(frozen=True)
class RunDirectory:
    """The run directory that is made."""

    place: Path  # the directory in which it is made
    name: str
    force: bool  # replace an old one


@dataclasses.dataclass(frozen=True)
class Callbacks:
    """What is called while a scenario runs; see `run`."""

    on_progress: Report | None = None
    should_stop: Callable[[], bool] | None = None  # None: no checkpoints are left
    on_epoch: Callable[[str, dict[str, float]], None] | None = None


def run(
    scenario: Scenario | str | os.PathLike,
    quick: bool = False,
    out: str | os.PathLike | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    force: bool = False,
    directory: str | None = None,
    progress: bool | Report | None = None,
    interrupted: Callable[[], bool] | None = None,
    tell: Callable[[str, dict[str, float]], None] | None = None,
) -> Record:
    """Run a scenario: simulate, judge, and (with `out`) save and draw.

    **Arguments:**

    - `scenario`: a file, the name of a shipped scenario, or what `load_scenario` made
      of it.
    - `out`: the directory in which the run directory `<name>-<hash>` is made; None
      keeps the record in memory. A run directory that exists is left alone and the new
      one gets `-2`, `-3`, ...; `force` replaces it.
    - `directory`: the name of the run directory, if not `<name>-<hash>`.
    - `progress`: True shows a bar, or lines where there is no terminal. A function is
      called with (what, done, total) between compiled calls.
    - `interrupted`: makes a training run resumable: it leaves checkpoints in
      `<name>-<hash>.unfinished`, from which the same call resumes, and stops with
      KeyboardInterrupt after an epoch at which this is True. One process at a time.
    - `tell`: called with the label of the point and the values of each epoch.

    Raises ValueError before anything is computed if `out` cannot be written to. If it
    cannot hold the run in the end, the run is kept elsewhere, and ValueError says where
    (its `result` is the record).
    """
    if not isinstance(scenario, Scenario):
        scenario = load_scenario(scenario, quick, overrides)
    output = None
    if out is not None:
        name = directory or f"{scenario.name}-{scenario.hash}"
        output = RunDirectory(Path(out), name, force)
    with reported(progress, scenario.name) as report:
        return _run(scenario, Callbacks(report, interrupted, tell), output)


def _run(
    scenario: Scenario, callbacks: Callbacks, output: RunDirectory | None
) -> Record:
    if output is None:
        return _computed(scenario, callbacks, None)
    make_place(output.place, "Run directories")
    if callbacks.should_stop is None:
        record = _computed(scenario, callbacks, None)
        return _keep(scenario, record, output, callbacks.on_progress)
    with _training_alone(scenario, output.place) as place:
        make_place(place, "Checkpoints")
        write_whole(place / "resolved.json", _resolved(scenario))
        record = _computed(scenario, callbacks, place)
        record = _keep(scenario, record, output, callbacks.on_progress)
        shutil.rmtree(place, ignore_errors=True)
        return record


def forget(scenario: Scenario, out: Path) -> None:
    """Remove the checkpoints of an unfinished training.

    Raises ValueError if another process is at work on it.
    """
    make_place(out, "Run directories")
    with _training_alone(scenario, out) as place:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _training_alone(scenario: Scenario, out: Path) -> Iterator[Path]:
    """The place of a training's checkpoints, which no other process may use now."""
    place = unfinished(scenario, out)
    remedy = "wait until it has ended, or give another place with --out"
    who = f"Somebody trains in {str(place)!r}"
    with locked(out / f".{place.name}.lock", who, remedy):
        yield place


def _computed(scenario: Scenario, callbacks: Callbacks, place: Path | None) -> Record:
    """The record of a scenario; `place` is where its training leaves checkpoints."""
    begun = time.perf_counter()
    with precision(scenario.header.precision), watch() as clock:
        prefetch("scipy.stats", "xarray", "h5netcdf", "matplotlib.backends.backend_agg")
        settings = scenario.settings()
        scenario.experiment.validate_study(settings)
        for setting in settings:
            scenario.experiment.validate_setting(setting)
        study = Study(settings, callbacks.on_progress, on_epoch=callbacks.on_epoch)
        if callbacks.should_stop is not None and place is not None:
            study = dataclasses.replace(
                study, place=place, should_stop=callbacks.should_stop
            )
        with repeats_expected():  # of what it draws
            record = scenario.experiment.run(study)
        record = labelled(record, _axes(scenario, record))
        verdicts = [v for check in scenario.checks for v in check.verdicts(record)]
        record = record.with_verdicts(verdicts)
        seconds = time.perf_counter() - begun
        record.attrs.update(
            _header_attrs(scenario)
            | provenance()
            | {
                "seconds": seconds,
                "seconds_compiling": clock.compiling,
                "programs_compiled": clock.programs,
                "programs_from_cache": clock.loaded,
                "features": settings[0].network.features,
                "count": settings[0].network.count,
            }
        )
    return record


def _axes(scenario: Scenario, record: Record) -> tuple[Axis, ...]:
    """What is swept, if the points of the record are those of the sweep."""
    sweep = scenario.experiment.sweep
    if sweep is None or record.labels() != [point.label for point in scenario.points]:
        return ()
    return name_axes([((sweep.path,), sweep.values)])


def unfinished(scenario: Scenario, out: Path) -> Path:
    """Where a training keeps its checkpoints until it has ended."""
    return out / f"{scenario.name}-{scenario.hash}.unfinished"


def _resolved(scenario: Scenario) -> str:
    """The resolved tables; with the parts of users that they name, if any."""
    own = {"parts": scenario.parts} if scenario.parts else {}
    return _json(scenario.resolved | own)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _header_attrs(scenario: Scenario) -> dict[str, Any]:
    sweep = scenario.experiment.sweep
    return {
        "name": scenario.name,
        "title": scenario.header.title,
        "hash": scenario.hash,
        "seed": scenario.header.seed,
        "precision": scenario.header.precision,
        "network": _kinds([p.network.kind for p in scenario.points]),
        "dynamics": _kinds([p.dynamics.kind for p in scenario.points]),
        "experiment": experiments.today(
            scenario.resolved.get("experiment", {}).get("kind", "recall")
        ),
        "sweep_path": "" if sweep is None else sweep.path,
        "plots": " ".join(scenario.plots),
        "scenario": scenario.text,
        "resolved": _json(scenario.resolved),
        "hopsim": __version__,
    } | ({"parts": _json(scenario.parts)} if scenario.parts else {})


def _kinds(kinds: list[str]) -> str:
    return " | ".join(dict.fromkeys(kinds))


def _keep(
    scenario: Scenario,
    record: Record,
    output: RunDirectory,
    on_progress: Report | None,
) -> Record:
    """Everything into a hidden directory first, renamed when it is complete.

    After an interrupt the pictures are left out, and nothing else; after a second one
    nothing is kept.
    """

    def write(place: Path, drawn: bool = True) -> Path:
        temporary = unfinished_name(place / output.name)
        shutil.rmtree(temporary, ignore_errors=True)  # of an earlier try
        temporary.mkdir(parents=True)
        try:
            text = scenario.text.encode("utf-8", errors="xmlcharrefreplace")
            (temporary / "scenario.toml").write_bytes(text)
            names = scenario.plots
            missing = (
                _drawn(record, names, temporary, on_progress)
                if drawn
                else [f"{name}: interrupted" for name in names]
            )
            record.attrs["not_drawn"] = "\n".join(missing)
            save(record, temporary / "record.nc")
            page = [f"{term:<14} {told}" for term, told in summary_lines(record)]
            write_whole(temporary / "summary.txt", "\n".join(page) + "\n")
            write_whole(temporary / "verdicts.json", _verdicts(scenario, record))
            return _rename(temporary, dataclasses.replace(output, place=place))
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    what = f"The run {output.name}"
    try:
        final = keep(write, output.place, what)
    except KeyboardInterrupt as error:
        final = keep(ft.partial(write, drawn=False), output.place, what)
        raise KeyboardInterrupt(
            f"the run itself has ended and is kept in {final}, without its pictures; "
            f"`hopsim plot {final}` draws them"
        ) from error
    except KeptElsewhere as error:
        where = None if error.place is None else error.place / "record.nc"
        error.result = dataclasses.replace(record, path=where)
        raise
    return dataclasses.replace(record, path=final / "record.nc")


def _drawn(
    record: Record,
    names: tuple[str, ...],
    place: Path,
    on_progress: Report | None,
) -> list[str]:
    """Draws every picture of a run; returns what could not be drawn, and why."""
    missing = []
    tell = lambda number: on_progress and on_progress("pictures", number, len(names))
    for number, plot in enumerate(names):
        tell(number)
        try:
            with phase("draw"):
                render(record, plot, place / f"{plot}.png")
        except Exception as error:  # no reason to lose a run
            known = isinstance(error, ValueError)
            kind = "" if known else f"{type(error).__name__}: "
            missing.append(plain(f"{plot}: {kind}{error}"))
    tell(len(names))
    return missing


def _verdicts(scenario: Scenario, record: Record) -> str:
    """What was judged, for readers without netCDF: `hopsim verify` among them."""
    attrs, claim = record.attrs, scenario.header.claim
    kept = ("name", "title", "seed", "precision", "seconds", "device", "not_drawn")
    versions = {
        k.removeprefix("version_"): v
        for k, v in attrs.items()
        if k.startswith("version_")
    }
    told = {name: attrs[name] for name in kept} | {
        "claim": None if claim is None else claim.model_dump(),
        "versions": versions,
        "pictures": [f"{name}.png" for name in scenario.plots],
        "passed": record.passed,
        "checks": [_plain(dataclasses.asdict(v)) for v in record.verdicts],
    }
    told |= {"parts": scenario.parts} if scenario.parts else {}
    return json.dumps(told, indent=1, allow_nan=False) + "\n"


def _plain(verdict: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN and no infinity: a number that is none is null."""
    number = lambda x: not isinstance(x, float) or math.isfinite(x)
    return {k: v if number(v) else None for k, v in verdict.items()}


def _rename(temporary: Path, output: RunDirectory) -> Path:
    """The complete directory under its own name, or under the next that is free."""
    final, number = output.place / output.name, 1
    if output.force:
        return _replace(temporary, final)
    while True:
        if not os.path.lexists(final):
            try:
                os.rename(temporary, final)
                return final
            except OSError:  # another process was quicker
                if not os.path.lexists(final):
                    raise
        number += 1
        final = output.place / f"{output.name}-{number}"


def _replace(temporary: Path, final: Path) -> Path:
    """The complete directory in the place of an old one, which goes only then."""
    old = unfinished_name(final, old=True)
    while True:
        with contextlib.suppress(FileNotFoundError):  # there is none
            os.rename(final, old)
        try:
            os.rename(temporary, final)
        except OSError:
            if not os.path.lexists(final):
                with contextlib.suppress(FileNotFoundError):
                    os.rename(old, final)
                raise
            remove(old)  # another process was quicker: now its directory is the old one
        else:
            remove(old)
            return final
