"""Claims: scenarios with a table `[claim]`, and the keys of their cached runs.

The key decides whether an earlier run of a claim is still valid: the hash of its
resolved text, the code and data that it reaches, and the versions of the libraries. It
is computed without starting JAX.
"""

import dataclasses
import hashlib
import json
import os
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .._common import parts, reach
from .._common.names import nearest, shown
from .._common.reach import versions
from ..scenario.shipped import public_path, scenario_names, scenarios_place
from ..scenario.toml_files import digest, old_words, read_tables, ScenarioError, Tables
from ..scenario.wording import override_words


CLAIMS_PREFIX = "claims/"  # of the shipped claims' names among all scenarios


@dataclasses.dataclass(frozen=True)
class Task:
    """A claim to be verified: the content of its file, and its cache key."""

    file: Path
    name: str
    claim: Mapping[str, Any]
    title: str
    text: str
    key: str
    quick: bool
    overrides: Mapping[str, Any]
    notes: tuple[str, ...] = ()  # on former names of kinds in its file
    changed: str = ""  # by the overrides: it is not the claim of its file then
    wrong: str = ""  # the mutation under which it is run, in words

    @property
    def directory(self) -> str:
        """The name of its run directory, with the cache key in it."""
        return f"{self.name}-{self.key}"

    @property
    def size(self) -> str:
        """Which of its two sizes is run."""
        return "quick" if self.quick else "full"

    @property
    def rerun(self) -> str:
        """The shell command that verifies this claim only."""
        return rerun_command([self.name], self.quick, self.overrides, self.file.parent)


def shipped_claims() -> Path:
    """The directory of the shipped claims."""
    return scenarios_place() / "claims"


def rerun_command(
    words: Iterable[str], quick: bool, overrides: Mapping[str, Any], place: Path
) -> str:
    """The shell command that verifies the named claims, from any directory."""
    line = ["hopsim", "verify", *words, "--quick" if quick else "--full"]
    line += override_words(overrides)
    if not ships(place):
        line += ["--claims", str(place)]
        for file in parts.loaded_files():
            line += ["--with", file]
    return shlex.join(line)


def ships(place: Path) -> bool:
    """True if this is the directory of the shipped claims."""
    return os.path.realpath(place) == os.path.realpath(shipped_claims())


def mutated(task: Task) -> list[Task]:
    """The same claim under each of the mutations that its author names."""
    found = []
    for one in parts.mutations(task.name):
        known = f"{task.key} {one.wrong} {one.origin.sha256}"
        key = hashlib.sha256(known.encode()).hexdigest()[:16]
        found.append(dataclasses.replace(task, wrong=one.wrong, key=key))
    return found


def read_task(
    name: str, place: Path, quick: bool, overrides: Mapping[str, Any]
) -> Task:
    """The claim of that name in a directory. Raises ValueError if there is none."""
    return _task(place / f"{name}.toml", quick, overrides)


def find_claims(
    place: Path, words: Iterable[str], quick: bool, overrides: Mapping[str, Any]
) -> list[Task]:
    """The claims of a directory that `words` name by id, file name or tag; default all.

    `claims/NAME`, as in `hopsim list scenarios`, names that file only, even if NAME is
    also an id. Raises ValueError for a word that names nothing and for a file that is
    not a claim.
    """
    files = sorted(place.glob("*.toml")) if os.path.isdir(place) else []
    files = [f for f in files if not f.name.startswith(".")]
    tasks = [_task(file, quick, overrides) for file in files]
    if not tasks:
        raise ValueError(
            f"There are no claims in {shown(str(place))}; name the directory of the "
            "claims with --claims, or leave that out for the claims that ship."
        )
    chosen = tasks
    if words := [word.lower() for word in words]:
        for word in words:
            _require_known(word, tasks)
        chosen = [t for t in tasks if any(word in _names(t) for word in words)]
    return sorted(chosen, key=lambda t: (natural(t.claim["id"]), t.name))


def _task(file: Path, quick: bool, overrides: Mapping[str, Any]) -> Task:
    try:
        tables = read_tables(file, quick, overrides)
    except ScenarioError as error:
        raise ScenarioError(public_path(file), error.problems) from None
    if tables.problems:
        raise ScenarioError(public_path(file), tables.problems)
    claim, name = tables.resolved.get("claim"), str(tables.resolved.get("name"))
    if not isinstance(claim, dict) or "id" not in claim:
        raise ValueError(f"{file} is no claim: it needs a table [claim] with an `id`.")
    for key, (kind, rule) in CLAIM_KEYS.items():
        if not isinstance(claim.get(key, kind()), kind):
            raise ValueError(f"{file}: claim.{key} must be {rule}, got {claim[key]!r}.")
    if name != file.stem:
        raise ValueError(
            f'{file} must be named as it says: name = "{file.stem}", got "{name}".'
        )
    # quick runs are compiled with fewer optimisations; devices differ in rounding
    size = "quick" if quick else "full"
    changed = _changes(file, quick, overrides, tables)
    # a run checks the other size too, and so executes the code that it names
    sizes = (tables.resolved, tables.other)
    held = f"{reach.code(sizes)} {reach.data(sizes, file.parent)}"
    if own := parts.text_of(set().union(*map(reach.said, sizes))):
        held += f" {own} {reach.all_code()}"  # parts of users may execute all of hopsim
    known = f"{digest(tables.resolved)} {size} {held} {versions()} {_device()}"
    key = hashlib.sha256(known.encode()).hexdigest()[:16]
    title = str(tables.resolved.get("title", ""))
    notes = old_words(reach.former_words(), *sizes)
    known = (file, name, claim, title, tables.text, key, quick, overrides, notes)
    return Task(*known, changed)


def _changes(
    file: Path, quick: bool, overrides: Mapping[str, Any], tables: Tables
) -> str:
    """What the overrides change in a claim, if anything: `seed = 5, ...`."""
    if not overrides or digest(read_tables(file, quick).resolved) == digest(
        tables.resolved
    ):
        return ""
    words = (f"{k} = {json.dumps(v, default=str)}" for k, v in overrides.items())
    return ", ".join(x if len(x) <= LONGEST_CHANGE else _cut(x) for x in words)


LONGEST_CHANGE = 80  # characters of one change that a ledger shows


def _cut(text: str) -> str:
    return text[: LONGEST_CHANGE - 3] + "..."


# the entries of `[claim]`; their values are checked when the scenario is run
CLAIM_KEYS = {
    "id": (str, "a string"),
    "statement": (str, "a string"),
    "source": (str, "a string"),
    "tags": (list, "a list of strings"),
    "false_alarm": (float, "a number between 0 and 1"),
}


def _device() -> str:
    """Devices and compiler settings, as far as known without starting JAX."""
    found = [name for name in ("nvidia0", "kfd") if Path("/dev", name).exists()]
    flags = [os.environ.get(name, "") for name in ("JAX_PLATFORMS", "XLA_FLAGS")]
    return " ".join([*flags, *found])


def _names(task: Task) -> set[str]:
    tags = task.claim.get("tags", [])
    words = (task.claim["id"], task.name, CLAIMS_PREFIX + task.name, *tags)
    return {str(x).lower() for x in words}


def _require_known(word: str, tasks: list[Task]) -> None:
    known = set().union(*map(_names, tasks))
    if word in known:
        return
    # the word may be a path; suggestions name each claim once, by its shorter name
    last = word.removesuffix(".toml").rpartition("/")[2]
    if last in scenario_names():
        raise ValueError(
            f"{last!r} is a scenario but no claim; use `hopsim run {last}`, and "
            "`hopsim verify` for scenarios with a table [claim]."
        )
    short = sorted(name for name in known if not name.startswith(CLAIMS_PREFIX))
    raise ValueError(
        f"There is no claim and no tag {shown(word)}; {nearest(last, short)}"
    )


def natural(text: str) -> list[tuple[int, str]]:
    """A sort key for which CL-2 comes before CL-10."""
    parts = re.findall(r"\d+|\D+", text)
    return [(int(p), "") if p.isdigit() else (-1, p) for p in parts]
