"""The scenarios that ship with hopsim, found by name.

A name is the file's path below `scenarios/`, without `.toml`: `digit_completion`, or
`claims/cl-22`. Standard library only: names are found without starting JAX.
"""

import errno
import functools as ft
import os
import tomllib
from pathlib import Path

from .._common.names import guess, shown


HOME = Path(__file__).resolve().parents[1]  # of the package
HOW_TO_LIST = "`hopsim list scenarios` prints all names"


def scenario_files() -> dict[str, Path]:
    """The shipped scenarios by their names: first those of studies, then the claims.

    Raises ValueError if there are none: then hopsim was not installed whole.
    """
    place = scenarios_place()
    files = [f.relative_to(place) for f in place.glob("**/*.toml")]
    files = [f for f in files if not any(p.startswith(".") for p in f.parts)]
    if not files:
        raise ValueError(
            f"hopsim's own scenarios are missing in {str(place)!r}; install hopsim "
            "again, or name a file that exists."
        )
    files.sort(key=lambda f: (len(f.parts), f.as_posix()))
    return {f.with_suffix("").as_posix(): place / f for f in files}


def scenario_names() -> list[str]:
    """The names of all shipped scenarios, in that order."""
    return list(scenario_files())


def find_scenario(file: str | os.PathLike[str]) -> Path:
    """The scenario that a path or a name stands for; a file that exists comes first.

    Raises ValueError for a directory and for what is neither.
    """
    text = os.fspath(file)
    # a directory is no file: figures/digit_completion/ must not hide the scenario
    directory = os.path.isdir(text)
    if not directory and _exists(text):
        return Path(text)
    if (found := _named(text)) is not None:
        return found
    if directory:
        raise ValueError(
            f"{shown(text)} is a directory; give a scenario file or the name of a "
            f"shipped scenario ({HOW_TO_LIST})."
        )
    raise ValueError(
        f"There is no file and no shipped scenario {shown(text)}; {_remedy(text)}"
    )


def shipped(name: str) -> Path:
    """The file of a shipped scenario, by its very name; ValueError if it is none."""
    if (found := _named(name)) is None:
        raise ValueError(f"There is no shipped scenario {shown(name)}; {_remedy(name)}")
    return found


def public_path(file: Path) -> str:
    """A file's path, for reports; `scenarios/...` if it ships, wherever it lies."""
    # not Path.resolve(), which raises for links that lead to themselves
    place, real = Path(os.path.realpath(scenarios_place())), os.path.realpath(file)
    if Path(real).is_relative_to(place):
        return "scenarios/" + Path(real).relative_to(place).as_posix()
    return file.as_posix()


@ft.cache
def scenarios_place(package: Path = HOME) -> Path:
    """The directory of the shipped scenarios: the checkout's, or the wheel's copy.

    In a checkout the files beside the package are the ones that are edited. Other
    packages may put a directory of that name beside an installed hopsim, so only a
    `pyproject.toml` of ours makes a checkout: no package installs one. The copy is
    sought in this very package: an editable install leaves one in site-packages that
    grows stale.
    """
    beside = package.parent / "scenarios"
    if beside.is_dir() and _is_ours(package.parent / "pyproject.toml"):
        return beside
    return package / "_scenarios"


# --- helpers --------------------------------------------------------------------------


def _is_ours(project: Path) -> bool:
    try:
        tables = tomllib.loads(project.read_text(encoding="utf-8"))
        return tables["project"]["name"] == "hopsim"
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _exists(path: str) -> bool:
    """Whether a file is there; if it cannot be examined, reading it will tell why."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False  # ValueError: a NUL byte, or what the file system cannot encode
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    return True


def _named(name: str) -> Path | None:
    """The file of a shipped scenario; None if it is no name."""
    # only what is listed can be had, so that no name leads out of the directory
    return scenario_files().get(name.replace(os.sep, "/"))


def _remedy(name: str) -> str:
    """The shipped name that a mistyped name or path was probably meant to be."""
    plain = name.lower().removesuffix(".toml")
    names = scenario_names()
    last = {n.rpartition("/")[2]: n for n in reversed(names)}
    # `cl-22` and `scenarios/digit_completion.toml` are wrong only in what stands before
    close = guess(plain.rpartition("/")[2], list(last))
    meant = guess(plain, names) if close is None else last[close]
    return f"{HOW_TO_LIST}." if meant is None else f"did you mean {meant!r}?"
