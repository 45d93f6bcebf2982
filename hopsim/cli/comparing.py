"""What a comparison of two runs prints, one line for each thing that differs."""

from typing import Any

from .._common.names import printable


def show_comparison(found: Any, paths: tuple[str, str]) -> None:
    """Settings and verdicts as each run has them, then the variables that differ."""
    for which, path, name in zip(("first", "second"), paths, found.names, strict=True):
        print(printable(f"{which:<9}{path}  ({name})"))
    if not found.settings:
        print("settings alike")
    for one in found.settings:
        print(printable(f"setting  {one.name}: {one.first} | {one.second}"))
    show_verdicts(found)
    show_variables(found)


def show_verdicts(found: Any) -> None:
    """The verdicts that differ, as each run has them."""
    for one in found.verdicts:
        print(printable(f"verdict  {one.name}: {one.first} | {one.second}"))


def show_variables(found: Any) -> None:
    """The variables that differ, and by how much."""
    for one in found.differing:
        print(printable(f"variable {one.name}: {one.difference}"))
