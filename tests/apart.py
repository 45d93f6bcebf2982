"""Calls in a process of their own, which takes along all that a patch leaves behind.

A patch changes hopsim while something runs. What the changed code has computed stays in
caches: `functools`, JAX's traces and programs, numba's machine code, registries. A list
of them is never complete, so each patched call gets a process that ends with it. It is
forked from a server that has imported hopsim and started nothing else: an import takes
seconds, a fork milliseconds.
"""

import multiprocessing
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple


IMPORTED = [  # by the server, once for all calls
    *("hopsim.runs.run", "hopsim.dynamics.spins.couplings"),
    *("hopsim.attractors", "hopsim.training"),
    *("diffrax", "numba", "scipy.stats", "scipy.optimize", "xarray"),
]
PATIENCE = 600  # seconds; the longest call takes some thirty


class Answer(NamedTuple):
    """What a call returned, and the CPU time of its process."""

    value: Any
    cpu_seconds: float


def call(function: Callable, *arguments: Any) -> Answer:
    """`function(*arguments)` in a process of its own.

    Function, arguments and answer are pickled: the function is known by its module and
    name. The environment is that of the first call. Raises RuntimeError with the
    traceback if it does, or if the process dies.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(there, function, arguments))
    process.start()
    there.close()
    try:
        if not here.poll(PATIENCE):
            raise RuntimeError(f"no answer after {PATIENCE} s")
        answer = here.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"ended with exit code {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
    if isinstance(answer, str):
        raise RuntimeError(answer)
    return answer


def keep_nothing() -> None:
    """No program of a patched call may reach the disk, where others would find it."""
    import jax
    from numba.core.caching import Cache

    def forget(self: Cache, sig: Any, data: Any) -> None:
        """In place of writing machine code."""

    jax.config.update("jax_enable_compilation_cache", False)
    Cache.save_overload = forget


def _send(there: Any, function: Callable, arguments: tuple) -> None:
    try:
        there.send(Answer(function(*arguments), time.process_time()))
    except BaseException:
        there.send(traceback.format_exc())
