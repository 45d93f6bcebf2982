"""Wording: the words of the command that runs a scenario, and what they change.

No path of the machine is in them: a file is called by its name alone. Standard library
only.
"""

import contextlib
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .shipped import shipped_name
from .toml_files import value_text


def override_words(overrides: Mapping[str, Any]) -> list[str]:
    """`--set KEY=VALUE` for each override, the value as TOML has it."""
    words = []
    for dotted, value in overrides.items():
        words += ["--set", f"{dotted}={value_text(value)}"]
    return words


def axis_words(axes: Mapping[str, Any]) -> list[str]:
    """`--sweep PATH=VALUES` for each axis that is given in place of those of a file."""
    words = []
    for path, values in axes.items():
        if isinstance(values, Mapping):
            ends = (values["start"], values["stop"], values["count"])
            text = ":".join([*map(value_text, ends), *_spacing(values)])
        else:
            text = ",".join(map(value_text, values))
        words += ["--sweep", f"{path}={text}"]
    return words


def _spacing(values: Mapping[str, Any]) -> list[str]:
    return [values["spacing"]] if "spacing" in values else []


def scenario_words(
    file: Path,
    quick: bool,
    overrides: Mapping[str, Any],
    axes: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    """What a command says of a scenario: a shipped name or a file's, and options."""
    name = shipped_name(file) or file.name
    changed = (*override_words(overrides), *axis_words(axes or {}))
    return (name, *(["--quick"] if quick else []), *changed)


def command_of(
    words: Sequence[str], verb: str = "run", parts: Sequence[Mapping[str, str]] = ()
) -> str:
    """The shell command with these words, and the files of parts that they need."""
    files = [p["name"] for p in parts if p["name"].endswith(".py")]
    given = [word for file in dict.fromkeys(files) for word in ("--with", file)]
    return shlex.join(["hopsim", verb, *words, *given])


def words_of_command(command: str, place: str | os.PathLike = "") -> tuple[str, ...]:
    """The words of a recorded command, without its parts; else the name of a place."""
    words: list[str] = []
    with contextlib.suppress(ValueError):  # the record is damaged there
        words = shlex.split(command)[2:]
    if not words:
        name = Path(place).name or "scenario.toml"
        return (name,)
    while "--with" in words:
        k = words.index("--with")
        del words[k : k + 2]
    return tuple(words)


def changes_of(command: str) -> str:
    """What a recorded command asks for beside the scenario: `--quick`, overrides."""
    words = words_of_command(command)[1:]
    told = [word for word in words if word not in ("--set", "--sweep")]
    return ", ".join(told)
