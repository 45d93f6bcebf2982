"""Repetition: a saved run computed again, in memory, and held against what it was."""

import contextlib
import os
from collections.abc import Iterator
from typing import NamedTuple

import jax

from .._common.progress import Report
from ..records import load_record, Record
from ..scenario.scenario import load_scenario, Scenario
from .comparison import compare, Comparison
from .origin import changes_since, NOT_OPTIMISED
from .run import run


class Repetition(NamedTuple):
    """A saved run, as it was kept and as it came out again."""

    kept: Record
    again: Record
    comparison: Comparison
    changes: tuple[str, ...]  # other versions, parts, data, devices: one line each


def repeat(
    path: str | os.PathLike,
    progress: bool | Report | None = None,
    scenario: Scenario | None = None,
) -> Repetition:
    """Compute a saved run again and compare; nothing is written.

    **Arguments:**

    - `path`: a run directory or the file of its record. Data files are looked for
      beside it, then in the working directory.
    - `progress`: as of `hopsim.run`.
    - `scenario`: what `load_scenario(path)` made, if it was read before.

    The comparison is True if all variables and verdicts are equal, bit for bit. Raises
    ValueError if this is no saved run, or if data files or parts of users are missing.
    """
    kept = load_record(path)
    scenario = load_scenario(path) if scenario is None else scenario
    changes = changes_since(kept.attrs, scenario)
    with _compiled_as(kept):
        again = run(scenario, progress=progress)
    before, now = (str(x.attrs.get("device", "")) for x in (kept, again))
    if before != now:
        changes.append(f"it was made on {before}; here is {now}, which may round apart")
    return Repetition(kept, again, compare(kept, again), tuple(changes))


@contextlib.contextmanager
def _compiled_as(record: Record) -> Iterator[None]:
    """Programs are optimised as those of the record were, since else they round apart.

    A record of an older hopsim does not say it: it is taken as most are, optimised.
    """
    before = jax.config.read(NOT_OPTIMISED)
    jax.config.update(NOT_OPTIMISED, not record.attrs.get("optimised", 1))
    try:
        yield
    finally:
        jax.config.update(NOT_OPTIMISED, before)
