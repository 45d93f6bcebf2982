"""The catalogue as it is listed, without the registries: nothing heavy is imported.

`kinds.json` holds what `hopsim.scenario.catalogue` makes of the registries. A test
compares them, and `python -m hopsim.scenario.catalogue` writes the file again.
"""

import json
import tomllib
from pathlib import Path
from typing import NamedTuple

from .._common.names import guess, nearest
from .shipped import scenario_files


TABLE = Path(__file__).with_name("kinds.json")


class Entry(NamedTuple):
    """One kind, or a scenario, that can be named."""

    name: str
    text: str  # formula and source
    keys: str  # required ones bare, others with their defaults
    origin: str = ""  # of a part of a user's: file or package


def nouns() -> list[str]:
    """What can be listed."""
    return [*_kinds(), "scenarios"]


def listed(noun: str) -> list[Entry]:
    """The entries of a noun, as in `hopsim list`; ValueError for an unknown noun."""
    if noun == "scenarios":
        return [Entry(name, _title(f), "") for name, f in scenario_files().items()]
    known = _kinds()
    if noun not in known:
        kinds = [entry["name"] for found in known.values() for entry in found]
        words = [*nouns(), *kinds] if guess(noun, kinds) else nouns()
        raise ValueError(f"hopsim cannot list {noun!r}; {nearest(noun, words)}")
    return [Entry(**entry) for entry in known[noun]]


def nouns_of(kind: str) -> list[str]:
    """The nouns of which this is a kind, but for plots, which have no keys."""
    found = _kinds()
    named = lambda noun: any(entry["name"] == kind for entry in found[noun])
    return [noun for noun in found if noun != "plots" and named(noun)]


def _kinds() -> dict[str, list[dict[str, str]]]:
    return json.loads(TABLE.read_text(encoding="utf-8"))


def _title(path: Path) -> str:
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8")).get("title", ""))
    except (OSError, ValueError):
        return "(cannot be read)"
