"""The runs of a directory: what each is of, how it ended, and how old it is.

Attributes alone are read. What is damaged is told in its place.
"""

import datetime
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .._common.display import many
from .._common.names import shown
from ..records import load_attributes
from ..scenario.saved import RECORD, RESOLVED
from ..scenario.wording import changes_of
from .summary import holding


# what a run directory holds beside its record: one of them without it is a damaged run
MARKS = ("scenario.toml", "run.json", "verdicts.json")
TITLES = ("run", "checks", "age", "changed")
# the longest age told in each unit, in seconds, and its length
UNITS = ((120.0, 1.0, "s"), (7200.0, 60.0, "min"), (172800.0, 3600.0, "h"))
DAY = 86400.0


class Listed(NamedTuple):
    """One run of a directory."""

    name: str
    checks: str  # how many hold, or why that is not known
    age: float  # seconds since it was made
    changed: str  # `--quick`, overrides: what its command asked for
    damaged: bool = False

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of `TITLES`."""
        return self.name, self.checks, age_in_words(self.age), self.changed


def list_runs(place: str | os.PathLike = "runs") -> list[Listed]:
    """The runs in a directory, the youngest first; damaged and unfinished ones as well.

    Raises ValueError if there is no such directory.
    """
    place = Path(place)
    if not os.path.isdir(place):
        raise ValueError(
            f"There is no directory {shown(str(place))}; name the one where runs are "
            "kept, which is `runs` unless --out said another."
        )
    folders = [x for x in place.iterdir() if x.is_dir() and x.name[0] != "."]
    found = [row for folder in folders if (row := _listed(folder)) is not None]
    return sorted(found, key=lambda row: (row.age, row.name))


def _listed(folder: Path) -> Listed | None:
    if (folder / RESOLVED).is_file():
        age = _age({}, folder / RESOLVED)
        return Listed(folder.name, "training, not finished", age, "")
    record = folder / RECORD
    if not os.path.lexists(record):
        if not any((folder / name).is_file() for name in MARKS):
            return None  # no run
        return Listed(folder.name, "damaged: no record", _age({}, folder), "", True)
    try:
        attrs = load_attributes(record)
        checks = holding([v["passed"] for v in json.loads(attrs["verdicts"])])
        changed = changes_of(str(attrs.get("command", "")))
        return Listed(folder.name, checks, _age(attrs, record), changed)
    except (KeyError, TypeError, ValueError):
        told = "damaged: its record cannot be read"
        return Listed(folder.name, told, _age({}, record), "", True)


def _age(attrs: Mapping[str, Any], file: Path) -> float:
    """Seconds since a run was made; by the date of its file where it does not say."""
    now = datetime.datetime.now(datetime.UTC)
    try:
        made = datetime.datetime.fromisoformat(str(attrs.get("made", "")))
        return max((now - made).total_seconds(), 0.0)
    except (TypeError, ValueError):  # an older record, or a date without a zone
        pass
    try:
        return max(now.timestamp() - os.stat(file).st_mtime, 0.0)
    except OSError:
        return math.nan


def age_in_words(seconds: float) -> str:
    """`35 s`, `12 min`, `5 h`, `3 days`."""
    if not math.isfinite(seconds):
        return "?"
    for most, length, unit in UNITS:
        if seconds < most:
            return f"{seconds / length:.0f} {unit}"
    return many(round(seconds / DAY), "day")
