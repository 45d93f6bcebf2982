"""A process that computes units of a study, one after the other.

`python -m hopsim.runs.unit_worker CORES` takes its orders as `serving` says. What it
computes it keeps itself: results are files, and nothing but words goes to its parent.
"""

import functools as ft
import sys
import time
from pathlib import Path
from typing import Any

from .._common.files import machine_fault, read_json
from .serving import Answer, serve


def perform_order(order: dict[str, Any], answer: Answer) -> None:
    """Compute and keep one unit; a unit that others have in work is left to them."""
    begun = time.perf_counter()
    try:
        from .._common.arrays import repeats_expected
        from .._common.environment import precision
        from ..experiments import Unit
        from .kept_studies import perform_and_keep

        work, files, name = _study(order["study"])
        unit, key = Unit(*order["unit"]), order["key"]
        with files.claimed(key) as mine, precision(name), repeats_expected():
            if mine and not files.is_done(key):
                perform_and_keep(work, files, unit, key)
        why = None
    except OSError as error:  # the disk is full, say
        why = machine_fault(error)
    answer(ended=why, seconds=time.perf_counter() - begun)


@ft.lru_cache(maxsize=1)
def _study(file: str) -> tuple[Any, Any, Any]:
    """The study that such a file tells of; the files of its units; its precision."""
    import jax

    from .._common import parts
    from ..scenario.scenario import scenario_of
    from .unit_files import UnitFiles
    from .units import Callbacks, Computation

    told = read_json(Path(file))
    jax.config.update("jax_disable_most_optimizations", told["plainly"])
    for own in told["parts"]:
        parts.load(own)
    beside = None if told["beside"] is None else Path(told["beside"])
    scenario = scenario_of(told["resolved"], told["where"], beside=beside)
    files = UnitFiles(Path(told["place"]))
    return Computation(scenario, Callbacks()), files, scenario.header.precision


if __name__ == "__main__":
    serve(sys.argv[1], perform_order)
