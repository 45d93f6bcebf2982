"""What a process of the pool does: orders come as JSON lines, answers go so.

It exits at once when its input ends, so that no worker outlives a killed parent.
"""

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from .._common.cores import collect_rarely


# words of one answer: `ended` and `seconds` at the end, `what`, `done`, `total` before
Answer = Callable[..., None]


def serve(cores: str, perform: Callable[[dict[str, Any], Answer], None]) -> None:
    """Performs orders from standard input on some processor cores, such as `0,1`."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    collect_rarely()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C does
    # answers go to the original standard output; all else is printed on standard error
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    orders: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_listen, args=(orders,), daemon=True).start()

    def answer(**words: Any) -> None:
        answers.write(json.dumps(words) + "\n")

    while True:
        perform(orders.get(), answer)


def _listen(orders: queue.Queue) -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    os._exit(0)  # the parent has ended
