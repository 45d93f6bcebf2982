"""The pool: processes that work side by side, each on its share of the cores."""

import collections
import contextlib
import dataclasses
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from .._common.cores import cores


# (task, what, done, total); nothing is said of what when a task begins
OnProgress = Callable[[Any, str, int, int], None]
WORKER_EXITED = "worker process ended with code {} (out of memory, or killed?)"


@dataclasses.dataclass(frozen=True)
class Trade:
    """What processes of a pool do.

    **Arguments:**

    - `module`: run with `python -m`, it takes orders as JSON lines; see `serving`.
    - `order`: what such a process is told of a task.
    - `alone`: whether a task needs a process of its own, which ends with it.
    """

    module: str
    order: Callable[[Any], dict[str, Any]]
    alone: Callable[[Any], bool] = lambda task: False


def core_shares(jobs: int) -> list[list[int]]:
    """The cores of each of `jobs` processes; shared if there are too few."""
    known = cores()
    if jobs > len(known):
        return [[known[k % len(known)]] for k in range(jobs)]
    ends = [k * len(known) // jobs for k in range(jobs + 1)]
    return [known[a:b] for a, b in itertools.pairwise(ends)]


def run_all(
    tasks: list[Any], trade: Trade, jobs: int, on_progress: OnProgress
) -> Iterator[tuple[Any, str | None, float]]:
    """Runs the tasks; yields each with its error (or None) and its seconds.

    If a process dies only its current task fails; a new process continues with the
    rest. Closing the iterator kills all processes.
    """
    waiting, answers = collections.deque(tasks), queue.Queue()
    workers = [
        _Worker(waiting, answers, trade, mine, on_progress)
        for mine in core_shares(jobs)
    ]
    try:
        for worker in workers:
            worker.start()
        for _ in tasks:
            answer = answers.get()
            if isinstance(answer, BaseException):
                raise answer
            yield answer
    finally:
        waiting.clear()
        for worker in workers:
            worker.stop()


class _Worker(threading.Thread):
    """One process, and the thread that sends it tasks and reads its answers."""

    def __init__(
        self,
        waiting: collections.deque[Any],
        answers: queue.Queue,
        trade: Trade,
        mine: list[int],
        on_progress: OnProgress,
    ):
        super().__init__(daemon=True)
        self._waiting, self._answers, self._trade = waiting, answers, trade
        self._mine, self._on_progress = mine, on_progress
        self._process: subprocess.Popen[str] | None = None
        self._told_to_stop = False

    def run(self) -> None:
        """Runs tasks one after the other, until none is waiting."""
        try:
            while not self._told_to_stop:
                try:
                    task = self._waiting.popleft()
                except IndexError:
                    break
                begun = time.perf_counter()
                why, seconds = self._one(task)
                taken = seconds or time.perf_counter() - begun
                self._answers.put((task, why, taken))
        except BaseException as error:  # raised again by `run_all`
            self._answers.put(error)
        finally:
            self._end()

    def stop(self) -> None:
        """Kills the process at once and waits for its thread."""
        self._told_to_stop = True
        process = self._process  # its thread may reset it at any moment
        if process is not None:
            process.kill()
        if self.is_alive():
            self.join()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with contextlib.suppress(BrokenPipeError), process:
                pass  # closes its streams and waits for it

    def _one(self, task: Any) -> tuple[str | None, float]:
        if not self._trade.alone(task):
            return self._asked(task)
        self._end()
        try:
            return self._asked(task)
        finally:
            self._end()

    def _asked(self, task: Any) -> tuple[str | None, float]:
        if self._process is None:
            self._process = _start(self._trade.module, self._mine)
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(self._trade.order(task), default=str) + "\n")
            process.stdin.flush()
        self._on_progress(task, "", 0, 1)
        for line in process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if "ended" in answer:
                return answer["ended"], answer["seconds"]
            self._on_progress(task, answer["what"], answer["done"], answer["total"])
        code = process.wait()
        self._end()
        return WORKER_EXITED.format(code), 0.0


def _start(module: str, mine: list[int]) -> subprocess.Popen[str]:
    settings = {
        # one device: results must not depend on the number of jobs
        "JAX_NUM_CPU_DEVICES": "1",
        # several processes may share an accelerator's memory
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        # it finds modules where this process does; with -m alone it would look in the
        # working directory first, where a file of a stranger may be called `queue.py`
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, ",".join(map(str, mine))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | settings,
    )
