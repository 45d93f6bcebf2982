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

    Raises ValueError if there are none, since the installation is then incomplete.
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
    """The names of all shipped scenarios, studies first."""
    return list(scenario_files())


def find_scenario(file: str | os.PathLike[str]) -> Path:
    """The scenario file of a path or a name; an existing file takes precedence.

    Raises ValueError for a directory, and if there is no such file or name.
    """
    if not isinstance(file, str | os.PathLike):
        raise ValueError(
            f"A scenario is a file or the name of a shipped one, got {shown(file)}; "
            "hopsim.Scenario makes one of tables in a dict."
        )
    text = os.fspath(file)
    # a directory such as figures/digit_completion/ must not hide a scenario
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
    """The file of a shipped scenario by its exact name; ValueError if there is none."""
    if (found := _named(name)) is None:
        raise ValueError(f"There is no shipped scenario {shown(name)}; {_remedy(name)}")
    return found


def public_path(file: Path) -> str:
    """A file's path for reports; `scenarios/...` for a shipped file."""
    name = shipped_name(file)
    return file.as_posix() if name is None else f"scenarios/{name}.toml"


def shipped_name(file: Path) -> str | None:
    """The name of a file that ships; None for every other one."""
    # not Path.resolve(), which raises for circular links
    place, real = Path(os.path.realpath(scenarios_place())), os.path.realpath(file)
    if not Path(real).is_relative_to(place):
        return None
    return Path(real).relative_to(place).with_suffix("").as_posix()


@ft.cache
def scenarios_place(package: Path = HOME) -> Path:
    """The directory of the shipped scenarios: the checkout's, or the wheel's copy.

    In a checkout the files beside the package are the ones that are edited. Since other
    packages may install a directory of that name beside hopsim, only hopsim's own
    `pyproject.toml` identifies a checkout. The copy is read from this package only:
    that of an editable install in site-packages goes out of date.
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
    """True if a file exists, or cannot be examined: reading it then reports why."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False  # ValueError: a NUL byte, or a name that cannot be encoded
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    return True


def _named(name: str) -> Path | None:
    """The file of a shipped scenario, or None.

    Looked up among the listed files, so that no name leads out of the directory.
    """
    return scenario_files().get(name.replace(os.sep, "/"))


def _remedy(name: str) -> str:
    """The shipped name that a mistyped name or path was probably meant to be."""
    plain = name.lower().removesuffix(".toml")
    names = scenario_names()
    last = {n.rpartition("/")[2]: n for n in reversed(names)}
    # `cl-22` and `scenarios/digit_completion.toml` only have a wrong prefix
    close = guess(plain.rpartition("/")[2], list(last))
    meant = guess(plain, names) if close is None else last[close]
    return f"{HOW_TO_LIST}." if meant is None else f"did you mean {meant!r}?"
