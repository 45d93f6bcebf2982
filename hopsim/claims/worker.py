"""A process that runs claims, one after the other, for `hopsim verify`.

`python -m hopsim.claims.worker CORES` takes its orders as `hopsim.runs.serving` says.
"""

import sys
import time
import traceback
from typing import Any

from .._common import parts
from .._common.files import machine_fault
from .._common.names import crash_reason, shown
from ..runs.serving import Answer, serve


def _run(task: dict[str, Any], answer: Answer) -> None:
    begun = time.perf_counter()
    try:
        import jax

        from ..runs.run import run
        from ..scenario.scenario import read_scenario

        # a quick run spends most of its time in the compiler
        jax.config.update("jax_disable_most_optimizations", task["quick"])
        for file in task["parts"]:
            parts.load(file)
        overrides = task["overrides"] | _wrong(task)
        # the parent has warned of former names already
        scenario = read_scenario(task["file"], task["quick"], overrides)
        run(
            scenario,
            out=task["place"],
            force=True,
            keep_units=False,
            directory=task["directory"],
            progress=lambda what, done, total: answer(
                what=what, done=done, total=total
            ),
        )
        why = None
    except ValueError as error:  # an invalid file: the message says why
        why = str(error)
    except OSError as error:
        why = machine_fault(error)
    except Exception as error:
        why = crash_reason(error)
        traceback.print_exc()
    answer(ended=why, seconds=time.perf_counter() - begun)


def _wrong(task: dict[str, Any]) -> dict[str, Any]:
    """Makes something wrong, if that is asked for; the entries that it overrides.

    No program of what is wrong is kept.
    """
    if not task["wrong"]:
        return {}
    import jax

    jax.config.update("jax_enable_compilation_cache", False)
    parts.load_installed()
    known = {one.wrong: one for one in parts.mutations(task["claim"])}
    entries = known[task["wrong"]].apply()
    if not isinstance(entries, dict | None):
        raise ValueError(
            f"the mutation {task['wrong']!r} must return entries of the scenario, "
            f'such as {{"network.beta": 2.0}}, or nothing, got {shown(entries)}'
        )
    return entries or {}


if __name__ == "__main__":
    serve(sys.argv[1], _run)
