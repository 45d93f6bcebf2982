"""The content of a scenario: its tables, read into what they say.

All mistakes are collected, with their places.
"""

from pathlib import Path
from typing import Any, NamedTuple

from .._common.names import nearest, shown
from ..checks import AbstractCheck, checks
from ..experiments import AbstractExperiment, experiments
from ..plots import plots
from .grammar import no_such, read_model, read_spec
from .header import Header
from .points import Point, read_points
from .sweeps import changes_of
from .toml_files import Problem


class Content(NamedTuple):
    """What the tables of a scenario say."""

    header: Header
    points: tuple[Point, ...]
    experiment: AbstractExperiment
    checks: tuple[AbstractCheck, ...]


def read_content(
    tables: dict[str, Any], problems: list[Problem], beside: Path | None = None
) -> Content | None:
    """The content of resolved tables; None, with its problems, if it is invalid.

    Data files are looked for in the folder `beside` first.
    """
    header = read_model(Header, tables, "", problems)
    if header is None:  # continue with what can be read, to report all errors at once
        header = Header.model_construct(
            **{k: v for k, v in tables.items() if k in Header.model_fields}
        )
        header.plots = header.plots if isinstance(header.plots, list) else None
    experiment = _experiment(getattr(header, "experiment", None), problems)
    changes = list(changes_of(experiment, problems))
    whole = _with_probes(tables, experiment, problems)
    points = read_points(whole, changes, problems)
    labels = [label for label, *_ in changes]
    labels = None if experiment is None else experiment.labels(labels)
    asserted = _checks(getattr(header, "checks", None), labels, problems)
    for i, name in enumerate(header.plots or ()):
        if isinstance(name, str) and name not in plots:
            problems.append(Problem(f"plots[{i}]", no_such(plots, name)))
    if getattr(header, "claim", None) is not None and not asserted:
        problems.append(Problem("checks", "a claim needs at least one check"))
    if problems or experiment is None:
        return None
    placed = tuple(p.placed(beside) for p in points)
    return Content(header, placed, experiment, asserted)


def _experiment(table: Any, problems: list[Problem]) -> Any:
    if not isinstance(table, dict):
        return None
    table = {"kind": "recall"} | table
    spec = read_spec(experiments, table, "experiment", problems)
    return None if spec is None else spec.make()


def _with_probes(
    tables: dict[str, Any], experiment: Any, problems: list[Problem]
) -> dict[str, Any]:
    """The tables with default probes for training, with checks of both tables.

    Training needs no probes, and other experiments must have no `[training]`.
    """
    trains = experiment is not None and experiment.trains
    if experiment is not None and not trains and "training" in tables:
        message = "this experiment learns no memories; leave the table out"
        problems.append(Problem("training", message))
    if "probes" in tables:
        return tables
    if not trains:
        problems.append(Problem("probes", "this key is required"))
        return tables
    return tables | {"probes": {"kind": "random", "count": 1}}


def _checks(
    tables: Any, labels: list[str] | None, problems: list[Problem]
) -> tuple[AbstractCheck, ...]:
    """The checks; `labels` is None if the experiment could not be read."""
    made = []
    for i, table in enumerate(tables if isinstance(tables, list) else ()):
        if not isinstance(table, dict):
            continue  # reported with the header
        spec = read_spec(checks, table, f"checks[{i}]", problems)
        if spec is None:
            continue
        check = spec.make()
        if check.point is not None and check.point not in (labels or [check.point]):
            hint = "the scenario has neither a sweep nor variants"
            if labels != [""]:
                hint = nearest(check.point, labels or [])
            message = f"there is no point {shown(check.point)}; {hint}"
            problems.append(Problem(f"checks[{i}].point", message))
        made.append(check)
    return tuple(made)
