"""Sweeps and variants: the changes that the points of a study make to a scenario."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from .._common.names import nearest, shown
from ..experiments import AbstractExperiment
from .toml_files import Problem


SWEEPABLE_TABLES = ("network", "dynamics", "probes", "run", "training")


class Change(NamedTuple):
    """The changes that one point of a sweep, or one variant, makes to the scenario."""

    label: str
    value: float | None  # the swept value, if it is a number
    where: str  # its place in the file
    entries: list[tuple[str, Any]]  # dotted paths and their new values


def changes_of(
    experiment: AbstractExperiment | None, problems: list[Problem]
) -> Iterator[Change]:
    """The change of each point of a sweep, or of each variant."""
    if experiment is not None and experiment.sweep is not None:
        sweep, where = experiment.sweep, "experiment.sweep"
        known = _may_change(sweep.path, f"{where}.path", "a sweep", problems)
        for i, entry in enumerate(sweep.values):
            number = isinstance(entry, int | float) and not isinstance(entry, bool)
            shown = f"{entry:.15g}" if number else json.dumps(entry, default=str)
            label = f"{sweep.path.split('.')[-1]} = {shown}"
            value = float(entry) if number else None
            entries = [(sweep.path, entry)] if known else []
            yield Change(label, value, f"{where}.values[{i}]", entries)
    elif experiment is not None and experiment.variants:
        chosen = experiment.only or list(experiment.variants)
        for label in chosen:
            table = experiment.variants[label]
            where = f"experiment.variants.{label}"
            entries = [
                (dotted, entry)
                for dotted, entry in table.items()
                if _may_change(dotted, f"{where}.{dotted}", "a variant", problems)
            ]
            yield Change(label, None, where, entries)
    else:
        yield Change("", None, "the scenario", [])


def _may_change(dotted: str, where: str, who: str, problems: list[Problem]) -> bool:
    first = dotted.split(".")[0]
    if first not in SWEEPABLE_TABLES:
        message = (
            f"{who} changes entries of {', '.join(SWEEPABLE_TABLES)}, got "
            f"{shown(dotted)}"
        )
        hint = nearest(first, list(SWEEPABLE_TABLES))
        message = f"{message}; {hint}" if "did you" in hint else message
        problems.append(Problem(where, message))
    return first in SWEEPABLE_TABLES
