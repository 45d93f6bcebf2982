"""Units of a study in several processes of this machine."""

import collections
import json
import warnings
from typing import Any

from .._common import parts
from .._common.files import write_whole
from ..experiments import Unit
from .kept_studies import KeptStudy, Share
from .pool import run_all, Trade
from .units import Found


MOST_DEATHS = 3  # of processes in one unit, before it counts as failed


def compute_missing(study: KeptStudy, jobs: int, share: Share | None) -> None:
    """Everything that is missing of a study, or of a share, in `jobs` processes."""
    if jobs > 1 and len(study.missing(share)) > 1:
        _compute_in_processes(study, jobs, share)
    else:
        study.compute(share)


def all_units(study: KeptStudy, jobs: int) -> Found:
    """All units of a study, computed where they are missing."""
    while True:
        compute_missing(study, jobs, None)
        found = study.found()
        if not study.missing():  # else a file was damaged, and is set aside
            return found


def _compute_in_processes(study: KeptStudy, jobs: int, share: Share | None) -> None:
    """Everything that is missing of a study, or of a share, in so many processes.

    If a process dies its unit is tried again, three times in all. Raises OSError where
    the disk does not take the units.
    """
    deaths: collections.Counter[Unit] = collections.Counter()
    trade = _trade(study)
    waiting = study.missing(share)
    while waiting:
        again, left = [], len(waiting)
        run = run_all(waiting, trade, min(jobs, left), lambda *_: None)
        for unit, why, seconds in run:
            left -= 1
            if why is not None and not why.startswith("worker"):
                raise OSError(why)
            if why is not None:
                deaths[unit] += 1
                if deaths[unit] < MOST_DEATHS:
                    warnings.warn(f"unit {tuple(unit)}: {why}; again", stacklevel=2)
                    again.append(unit)
                else:
                    study.files.fail(study.keys[unit], f"{why}, three times", seconds)
            study.work.told(len(study.units) - left - len(again))
        waiting = again
    study.compute(share)  # what other computers had in work, and have left


def _trade(study: KeptStudy) -> Trade:
    import jax

    scenario, files = study.scenario, study.files
    told = {
        "resolved": scenario.resolved,
        "where": scenario.where,
        "beside": None if scenario.beside is None else str(scenario.beside.absolute()),
        "parts": parts.loaded_files(),
        "plainly": bool(jax.config.read("jax_disable_most_optimizations")),
        "place": str(files.place.absolute()),
    }
    file = files.place / f"study-{scenario.hash}.json"
    file.parent.mkdir(exist_ok=True)
    write_whole(file, json.dumps(told, default=str))

    def order(unit: Unit) -> dict[str, Any]:
        return {"study": str(file), "unit": list(unit), "key": study.keys[unit]}

    return Trade("hopsim.runs.unit_worker", order)
