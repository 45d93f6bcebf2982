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
from .._common.notices import notify
from .._common.progress import Report, reported
from .._version import __version__
from ..experiments import experiments
from ..plots import render
from ..records import Record, save
from ..scenario.scenario import load_scenario, Scenario
from ..scenario.toml_files import GIVEN
from .engines import all_units, compute_missing
from .kept import find_kept, run_name
from .kept_studies import kept_study, KeptStudy, Share
from .origin import changes_since, origin_of, run_card
from .summary import page_of
from .units import (
    Callbacks,
    computed,
    failed_verdict,
    Found,
    gathered,
    on_axes,
    study_units,
)


@dataclasses.dataclass(frozen=True)
class RunDirectory:
    """The run directory that is made."""

    place: Path  # the directory in which it is made
    name: str


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
    jobs: int = 1,
    on: str | None = None,
    retry_failed: bool = False,
    keep_units: bool = True,
) -> Record:
    """Run a scenario: simulate, judge, and (with `out`) save and draw.

    **Arguments:**

    - `scenario`: a file, the name of a shipped scenario, or what `load_scenario` made
      of it.
    - `out`: the directory in which the run directory `<name>-<hash>` is made; None
      keeps the record in memory. A run that is there already is not made again: its
      record is read, and a notice says what else has changed since, such as versions.
      `force` makes it again and replaces it.
    - `directory`: the name of the run directory, if not `<name>-<hash>`.
    - `progress`: True shows a bar, or lines where there is no terminal. A function is
      called with (what, done, total) between compiled calls.
    - `interrupted`: makes a training run resumable: it leaves checkpoints in
      `<name>-<hash>.unfinished`, from which the same call resumes, and stops with
      KeyboardInterrupt after an epoch at which this is True. One process at a time.
    - `tell`: called with the label of the point and the values of each epoch.
    - `jobs`: how many processes compute the units of a study (point, set of patterns)
      that has several.
    - `on`: or a cluster that does (Dask, `hopsim[cluster]`): the address of a
      scheduler, a number of workers of this machine, or a TOML file with the `kind` of
      batch system, `workers` at most, and options of dask_jobqueue.
    - `retry_failed`: try units again that failed before; without it they are told.
    - `keep_units`: with `out`, each finished unit of a study that has several is kept
      in `<name>.units`; the same call goes on where it was stopped, and more values or
      sets compute what is new. `force` computes all of a finished study again.

    A unit that raises an error is told, and is missing in the record, unless all do.
    Raises ValueError before anything is computed if `out` cannot be written to, or
    holds a run of that name which is damaged. If it
    cannot hold the run in the end, the run is kept elsewhere, and ValueError says where
    (its `result` is the record).
    """
    if not isinstance(scenario, Scenario):
        scenario = load_scenario(scenario, quick, overrides)
    output = None
    if out is not None:
        again = force or retry_failed
        kept = None if again else find_kept(scenario, Path(out), directory)
        if kept is not None:
            for line in changes_since(kept.attrs, scenario):
                notify(f"{run_name(scenario)} is there already; {line}")
            return kept
        name = directory or run_name(scenario)
        output = RunDirectory(Path(out), name)
    with reported(progress, scenario.name) as report:
        callbacks = Callbacks(report, interrupted, tell)
        several = len(study_units(scenario)) > 1
        if output is None or interrupted is not None or not (several and keep_units):
            return _run(scenario, callbacks, output)
        make_place(output.place, "Run directories")

        def compute() -> Found:
            study = kept_study(scenario, output.place, callbacks)
            study.begin(force, retry_failed)
            with study.kept_if_interrupted():
                return all_units(study, jobs, on)

        record = _computed(scenario, compute)
        return _keep(scenario, record, output, report)


def run_share(
    scenario: Scenario,
    out: str | os.PathLike,
    share: Share,
    *,
    jobs: int = 1,
    on: str | None = None,
    progress: bool | Report | None = None,
    retry_failed: bool = False,
) -> KeptStudy:
    """Compute and keep one share of the units of a study, for `run` to gather.

    Raises ValueError if `out` cannot be written to.
    """
    make_place(Path(out), "Run directories")
    with reported(progress, scenario.name) as report:
        study = kept_study(scenario, Path(out), Callbacks(report))
        study.begin(False, retry_failed)
        floats = precision(scenario.header.precision)
        with floats, repeats_expected(), study.kept_if_interrupted():
            compute_missing(study, jobs, on, share)
        return study


def _run(
    scenario: Scenario, callbacks: Callbacks, output: RunDirectory | None
) -> Record:
    """With all units in memory, and the checkpoints of trainings in a folder."""
    if output is None:
        return _computed(scenario, lambda: computed(scenario, callbacks, None))
    make_place(output.place, "Run directories")
    scenario.to_toml()  # raises, before anything is computed, for what no file holds
    if callbacks.should_stop is None:
        record = _computed(scenario, lambda: computed(scenario, callbacks, None))
        return _keep(scenario, record, output, callbacks.on_progress)
    with _training_alone(scenario, output.place) as place:
        make_place(place, "Checkpoints")
        write_whole(place / "resolved.json", _resolved(scenario))
        record = _computed(scenario, lambda: computed(scenario, callbacks, place))
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


def _computed(scenario: Scenario, compute: Callable[[], Found]) -> Record:
    """The record of a scenario, of the units that `compute` leaves."""
    begun = time.perf_counter()
    with precision(scenario.header.precision), watch() as clock:
        prefetch("scipy.stats", "xarray", "h5netcdf", "matplotlib.backends.backend_agg")
        with repeats_expected():  # of what it draws
            found = compute()
        record = on_axes(scenario, gathered(scenario, found))
        header = scenario.header
        first = scenario.points[0].sketch(header.seed, header.precision)
        verdicts = [v for check in scenario.checks for v in check.verdicts(record)]
        record = record.with_verdicts([*failed_verdict(scenario, found), *verdicts])
        seconds = time.perf_counter() - begun
        record.attrs.update(
            _header_attrs(scenario)
            | origin_of(scenario)
            | provenance()
            | {
                "seconds": seconds,
                "seconds_compiling": clock.compiling,
                "programs_compiled": clock.programs,
                "programs_from_cache": clock.loaded,
                "features": first.network.features,
                "count": first.network.count,
            }
        )
    return record


def unfinished(scenario: Scenario, out: Path) -> Path:
    """Where a training keeps its checkpoints until it has ended."""
    return out / f"{run_name(scenario)}.unfinished"


def _resolved(scenario: Scenario) -> str:
    """The resolved tables; with the parts of users that they name, if any."""
    own = {"parts": scenario.parts} if scenario.parts else {}
    return _json(scenario.resolved | own)


def _json(value: Any) -> str:
    # in the order of the file, which is that of axes and variants
    return json.dumps(value, default=str)


def _header_attrs(scenario: Scenario) -> dict[str, Any]:
    axes, points = scenario.axes, scenario.points.representatives
    return {
        "name": scenario.name,
        "title": scenario.header.title,
        "hash": scenario.hash,
        "seed": scenario.header.seed,
        "precision": scenario.header.precision,
        "network": _kinds([p.network.kind for p in points]),
        "dynamics": _kinds([p.dynamics.kind for p in points]),
        "experiment": experiments.today(
            scenario.resolved.get("experiment", {}).get("kind", "recall")
        ),
        "sweep_path": axes[0].paths[0] if len(axes) == 1 else "",
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
            write_whole(temporary / "scenario.toml", scenario.to_toml())
            if scenario.where != GIVEN and scenario.text:  # of a dict there is none
                text = scenario.text.encode("utf-8", errors="xmlcharrefreplace")
                (temporary / "source.toml").write_bytes(text)
            names = scenario.plots
            missing = (
                _drawn(record, names, temporary, on_progress)
                if drawn
                else [f"{name}: interrupted" for name in names]
            )
            record.attrs["not_drawn"] = "\n".join(missing)
            save(record, temporary / "record.nc")
            write_whole(temporary / "summary.txt", page_of(record))
            write_whole(temporary / "verdicts.json", _verdicts(scenario, record))
            write_whole(temporary / "run.json", run_card(record.attrs))
            return _replace(temporary, place / output.name)
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


def _replace(temporary: Path, final: Path) -> Path:
    """The complete directory in the place of an old one, which goes only then.

    That may be one that another process has finished meanwhile: both are one run.
    """
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
