"""Kept runs: what was made already is found, and not made again."""

import os
from pathlib import Path

from .._common.files import remove_leftovers
from .._common.names import shown
from ..records import load_record, Record
from ..scenario.scenario import Scenario


def run_name(scenario: Scenario) -> str:
    """The name of the run directory of a scenario: `<name>-<hash>`."""
    return f"{scenario.name}-{scenario.hash}"


def find_kept(
    scenario: Scenario, out: Path, directory: str | None = None
) -> Record | None:
    """The record of a run of this scenario in the directory `out`, if it was made.

    `directory` is the name of its run directory, if that is not `<name>-<hash>`. Raises
    ValueError if that holds no record that can be read, or that of another scenario.
    """
    place = out / (directory or run_name(scenario))
    remove_leftovers(out)  # a run that a killed process would replace has its name back
    if not os.path.lexists(place):
        return None
    remedy = "--force (in Python force=True) makes it anew"
    try:
        record = load_record(place)
    except ValueError as error:
        raise ValueError(
            f"The run {shown(str(place))} is damaged: it holds no record that can be "
            f"read; {remedy}."
        ) from error
    if record.attrs["hash"] != scenario.hash:
        made = f"{record.attrs['name']}-{record.attrs['hash']}"
        raise ValueError(
            f"{shown(str(place))} holds the run {shown(made)}, not "
            f"{run_name(scenario)}; {remedy}."
        )
    return record
