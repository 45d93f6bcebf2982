"""The machine: cores that this process may use, its memory, and garbage in it.

Imports next to nothing.
"""

import atexit
import gc
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


SIMD = 8  # rows that a product forms at once; fewer may round otherwise


def cores() -> list[int]:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def collect_rarely() -> None:
    """Lets Python look for circles of dead objects rarely, and not when it ends.

    What is imported and traced lives as long as the process, millions of small objects:
    to look through them again and again takes a quarter of a short run.
    """
    gc.set_threshold(100_000, 50, 100)
    atexit.register(gc.freeze)


def memory_bytes() -> int:
    """The memory of this machine; 8 GiB if that is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 2**33


def require_room(entries: float, what: str) -> None:
    """Raises ValueError if so many numbers of 8 bytes exceed the machine's memory."""
    there = memory_bytes()
    if 8 * entries > there:
        raise ValueError(
            f"{what} need {in_bytes(8 * entries)}, and this machine has "
            f"{in_bytes(there)}; use smaller sizes."
        )


def in_bytes(count: float) -> str:
    """A number of bytes as one reads it."""
    if count >= 2**50:
        return f"{count:.0e} bytes"
    for unit, size in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} bytes"


def on_threads(call: Callable[[Any], None], items: Iterable[Any], threads: int) -> None:
    """Call a function with each item; after an interrupt none that waits is begun."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            list(pool.map(call, items))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
