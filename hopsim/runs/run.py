"""Runs: a scenario becomes a record, and a record a directory of files.

Whatever is written is written under a hidden name and renamed when it is complete, so a
run that is killed leaves no half file where anyone would look.
"""

import dataclasses
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .._common.arrays import repeats_expected
from .._common.clock import phase, watch
from .._common.environment import precision, prefetch, provenance
from .._common.files import make_place, write_whole
from .._version import __version__
from ..experiments import experiments, Study
from ..plots import plots, render
from ..records import load_record, Record, save
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

    on_progress: Callable[[str, int, int], None] | None = None
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
    progress: Callable[[str, int, int], None] | None = None,
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
    - `progress`: called with (what, done, total) between compiled calls.
    - `interrupted`: makes a training run resumable: it leaves checkpoints in
      `<name>-<hash>.unfinished`, from which the same call resumes, and stops with
      KeyboardInterrupt after an epoch at which this is True.
    - `tell`: called with the label of the point and the values of each epoch.
    """
    if not isinstance(scenario, Scenario):
        scenario = load_scenario(scenario, quick, overrides)
    output = None
    if out is not None:
        name = directory or f"{scenario.name}-{scenario.hash}"
        output = RunDirectory(Path(out), name, force)
    return _run(scenario, output, Callbacks(progress, interrupted, tell))


def _run(
    scenario: Scenario, output: RunDirectory | None, callbacks: Callbacks
) -> Record:
    if output is not None:
        make_place(output.place, "Run directories")
    begun = time.perf_counter()
    with precision(scenario.header.precision), watch() as clock:
        prefetch("scipy.stats", "xarray", "h5netcdf", "matplotlib.backends.backend_agg")
        settings = scenario.settings()
        study = Study(settings, callbacks.on_progress, on_epoch=callbacks.on_epoch)
        if callbacks.should_stop is not None and output is not None:
            place = unfinished(scenario, output.place)
            study = dataclasses.replace(
                study, place=place, should_stop=callbacks.should_stop
            )
        with repeats_expected():  # of what it draws
            record = scenario.experiment.run(study)
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
    if output is None:
        return record
    kept = _keep(scenario, record, output, callbacks.on_progress)
    if study.place is not None:
        shutil.rmtree(study.place)
    return kept


def unfinished(scenario: Scenario, out: Path) -> Path:
    """Where a training keeps its checkpoints until it has ended; made if need be."""
    place = out / f"{scenario.name}-{scenario.hash}.unfinished"
    place.mkdir(exist_ok=True)
    write_whole(place / "resolved.json", _resolved(scenario))
    return place


def _resolved(scenario: Scenario) -> str:
    return json.dumps(scenario.resolved, sort_keys=True, default=str)


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
        "resolved": _resolved(scenario),
        "hopsim": __version__,
    }


def _kinds(kinds: list[str]) -> str:
    return " | ".join(dict.fromkeys(kinds))


def _keep(
    scenario: Scenario,
    record: Record,
    output: RunDirectory,
    on_progress: Callable[[str, int, int], None] | None,
) -> Record:
    """Everything into a hidden directory first, renamed when it is complete."""
    temporary = output.place / f".{output.name}.{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)  # of a killed process of this number
    temporary.mkdir()
    try:
        (temporary / "scenario.toml").write_text(scenario.text, encoding="utf-8")
        missing = []
        for number, plot in enumerate(scenario.plots):
            if on_progress is not None:
                on_progress("pictures", number, len(scenario.plots))
            try:
                with phase("draw"):
                    render(record, plot, temporary / f"{plot}.png")
            except Exception as error:  # no reason to lose a run
                known = isinstance(error, ValueError)
                kind = "" if known else f"{type(error).__name__}: "
                missing.append(f"{plot}: {kind}{error}")
        record.attrs["not_drawn"] = "\n".join(missing)
        save(record, temporary / "record.nc")
        shown = "\n".join(f"{term:<14} {text}" for term, text in summary_lines(record))
        (temporary / "summary.txt").write_text(shown + "\n", encoding="utf-8")
        (temporary / "verdicts.json").write_text(_verdicts(scenario, record))
        final = _rename(temporary, output)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return dataclasses.replace(record, path=final / "record.nc")


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
    return json.dumps(told, indent=1, allow_nan=False) + "\n"


def _plain(verdict: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN and no infinity: a number that is none is null."""
    number = lambda x: not isinstance(x, float) or math.isfinite(x)
    return {k: v if number(v) else None for k, v in verdict.items()}


def _rename(temporary: Path, output: RunDirectory) -> Path:
    out, name = output.place, output.name
    final, number = out / name, 1
    if output.force and final.exists():
        old = out / f".old-{name}.{os.getpid()}"
        os.rename(final, old)
        os.rename(temporary, final)
        shutil.rmtree(old)
        return final
    while True:
        if not final.exists():
            try:
                os.rename(temporary, final)
                return final
            except OSError:  # another process was quicker
                if not final.exists():
                    raise
        number += 1
        final = out / f"{name}-{number}"


def redraw(path: str | os.PathLike, names: tuple[str, ...] = ()) -> list[Path]:
    """Draw plots of a saved run again, into its run directory.

    A picture of the run keeps its file, though its plot may be called otherwise today.
    """
    record = load_record(path)
    assert record.path is not None
    drawn = str(record.attrs["plots"]).split()
    wanted = names or drawn
    for name in wanted:
        if name not in plots:
            raise ValueError(f"There is no plot {name!r}; {plots.nearest(name)}")
    files = {plots.today(name): f"{name}.png" for name in drawn}
    place = record.path.parent
    return [
        render(record, name, place / files.get(name, f"{name}.png"))
        for name in dict.fromkeys(map(plots.today, wanted))
    ]
