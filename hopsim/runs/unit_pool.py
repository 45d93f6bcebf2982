"""Units of a study in several processes of this machine."""

import collections
import json
from collections.abc import Callable
from typing import Any

from .._common import parts
from .._common.files import write_whole
from .._common.notices import notify
from ..experiments import Unit
from .kept_studies import KeptStudy, Share
from .pool import run_all, Trade


MOST_DEATHS = 3  # of processes in one unit, before it counts as failed


def compute_in_processes(study: KeptStudy, jobs: int, share: Share | None) -> None:
    """Everything that is missing of a study, or of a share, in so many processes.

    If a process dies its unit is tried again, three times in all. Raises OSError where
    the disk does not take the units.
    """
    deaths = Deaths(study)
    trade = Trade("hopsim.runs.unit_worker", orders_of(study))
    waiting = study.missing(share)
    while waiting:
        again, left = [], len(waiting)
        run = run_all(waiting, trade, min(jobs, left), lambda *_: None)
        for unit, why, seconds in run:
            left -= 1
            if why is not None and not why.startswith("worker"):
                raise OSError(why)
            if why is not None and deaths.may_try_again(unit, why, seconds):
                again.append(unit)
            study.work.told(len(study.units) - left - len(again))
        waiting = again
    study.compute(share)  # what other computers had in work, and have left


class Deaths:
    """How often processes have died in the units of a study."""

    def __init__(self, study: KeptStudy):
        self._study = study
        self._deaths: collections.Counter[Unit] = collections.Counter()

    def may_try_again(self, unit: Unit, why: str, seconds: float) -> bool:
        """Tell of a death, and say whether the unit may be tried again.

        After three of them it counts as failed.
        """
        self._deaths[unit] += 1
        if self._deaths[unit] < MOST_DEATHS:
            notify(f"unit {tuple(unit)}: {why}; it is tried again")
            return True
        files, key = self._study.files, self._study.keys[unit]
        files.fail(key, f"{why}, {MOST_DEATHS} times", seconds)
        return False


def orders_of(study: KeptStudy) -> Callable[[Unit], dict[str, Any]]:
    """A function that gives the order of a unit, for `unit_worker`.

    What all orders share is written into a file beside the units.
    """
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

    return order
