"""A process that runs claims, one after the other, for `hopsim verify`.

`python -m hopsim.claims.worker CORES` reads one JSON task per line and answers in JSON
lines. It exits at once when its input ends, so that no worker outlives a killed parent.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from typing import Any, TextIO

from .._common import parts
from .._common.cores import collect_rarely
from .._common.files import machine_fault
from .._common.names import shown


def serve(cores: str) -> None:
    """Runs tasks from standard input on the given processor cores, such as `0,1`."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    collect_rarely()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C does
    # answers go to the original standard output; all else is printed on standard error
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    tasks: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    while True:
        _run(tasks.get(), answers)


def _listen(tasks: queue.Queue) -> None:
    for line in sys.stdin:
        tasks.put(json.loads(line))
    os._exit(0)  # the parent has ended


def _run(task: dict[str, Any], answers: TextIO) -> None:
    def answer(**words: Any) -> None:
        answers.write(json.dumps(words) + "\n")

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
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(last.filename)}, line {last.lineno}"
        why = f"crashed with {type(error).__name__} in {place}: {error}"
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
    serve(sys.argv[1])
