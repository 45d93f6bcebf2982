"""Processor cores: those that this process may use. Imports next to nothing."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def cores() -> list[int]:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def on_threads(call: Callable[[Any], None], items: Iterable[Any], threads: int) -> None:
    """Call a function with each item; after an interrupt none that waits is begun."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            list(pool.map(call, items))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
