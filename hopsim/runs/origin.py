"""Origin: what a record says of how it was made, and what has changed since.

Command, versions, commit, data files and parts of users: all that decides a run beside
its scenario. Files are called by their names, and known again by their hashes.
"""

import datetime
import functools as ft
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax

from .._common import parts
from .._common.environment import package_versions
from .._common.reach import content_hash, said
from ..scenario.saved import parts_of
from ..scenario.scenario import Scenario
from ..scenario.shipped import HOME, scenarios_place
from ..scenario.wording import command_of


DIGITS_SHOWN = 12  # of hashes and commits
GIT_SECONDS = 5.0  # until git counts as not there


def origin_of(scenario: Scenario) -> dict[str, Any]:
    """The attributes of a record that tell how it was made, beside `provenance`."""
    verb = "train" if scenario.experiment.trains else "run"
    data = data_hashes(scenario)
    told = {
        "command": command_of(scenario.words, verb, scenario.parts),
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "data": json.dumps(data, sort_keys=True) if data else "",
    }
    # programs that are not optimised round otherwise
    told = {name: value for name, value in told.items() if value}
    return told | {"optimised": int(not jax.config.read(NOT_OPTIMISED))}


NOT_OPTIMISED = "jax_disable_most_optimizations"


def run_card(attrs: Mapping[str, Any]) -> str:
    """`run.json`: the origin of a record, for readers without netCDF."""
    kept = ("name", "hash", "seed", "precision", "command", "made", "commit", "device")
    card = {name: attrs[name] for name in kept if name in attrs}
    for name in ("data", "parts"):
        if name in attrs:
            card[name] = json.loads(attrs[name])
    found = {k: v for k, v in attrs.items() if k.startswith("version_")}
    card["versions"] = {k.removeprefix("version_"): v for k, v in found.items()}
    return json.dumps(card, indent=1) + "\n"


def data_hashes(scenario: Scenario) -> dict[str, str]:
    """The SHA-256 of every data file, or folder, that a scenario names."""
    found = {}
    for point in scenario.points.representatives:  # each value of an axis is there
        for spec in (point.network.arguments["memories"], point.probes):
            for place in map(Path, spec.located().values()):
                found[place.name] = place
    return {name: content_hash(place) for name, place in found.items()}


@ft.cache
def commit() -> str:
    """The commit of the checkout in which hopsim is, `-dirty` if edited; else ""."""
    checkout = scenarios_place() == HOME.parent / "scenarios"
    if not (checkout and os.path.exists(HOME.parent / ".git")):
        return ""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=40"]
    try:
        done = subprocess.run(
            command,
            cwd=HOME.parent,
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def changes_since(attrs: Mapping[str, Any], scenario: Scenario) -> list[str]:
    """One line for each thing, beside the scenario, that has changed since a run."""
    return [
        *_other_versions(attrs),
        *_other_parts(attrs, scenario),
        *_other_data(attrs, scenario),
    ]


def _other_versions(attrs: Mapping[str, Any]) -> Iterator[str]:
    before, here = [], []
    for name, version in package_versions().items():
        if attrs.get(name, version) != version:
            package = name.removeprefix("version_")
            before.append(f"{package} {attrs[name]}")
            here.append(f"{package} {version}")
    old, now = str(attrs.get("commit", "")), commit()
    if old and now and old != now:
        before.append(f"commit {_short(old)}")
        here.append(f"commit {_short(now)}")
    if before:
        yield f"it was made with {', '.join(before)}; here is {', '.join(here)}"


def _other_parts(attrs: Mapping[str, Any], scenario: Scenario) -> Iterator[str]:
    words = {*said(scenario.resolved), *scenario.plots}
    yield from parts.changes(parts.told_again(parts_of(attrs), parts.used(words)))


def _other_data(attrs: Mapping[str, Any], scenario: Scenario) -> Iterator[str]:
    try:
        before, now = json.loads(str(attrs.get("data", "{}"))), data_hashes(scenario)
    except ValueError:  # a file is not there: the run itself says so
        return
    for name, known in before.items():
        if now.get(name, known) != known:
            old, new = _short(known), _short(now[name])
            yield (
                f"the content of {name} has changed since this was run (SHA-256 was "
                f"{old}..., is {new}...)"
            )


def _short(known: str) -> str:
    """The first digits of a hash; what stands behind a commit stays."""
    digits, dash, word = known.partition("-")
    return digits[:DIGITS_SHOWN] + dash + word
