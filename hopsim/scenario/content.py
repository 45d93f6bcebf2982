"""The content of a scenario: its tables, read into what they say.

All mistakes are collected, with their places.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .._common.names import nearest, shown
from ..checks import AbstractCheck, checks
from ..experiments import AbstractExperiment, experiments
from ..plots import plots
from ..records import find_cells
from .grammar import no_such, read_model, read_spec
from .header import Header
from .points import Points
from .review import unreadable
from .sweeps import Dimension, is_grid, read_dimensions, read_sweep
from .toml_files import Problem


MOST_GUESSED = 200  # labels of points among which a misspelt one is looked for


class Content(NamedTuple):
    """What the tables of a scenario say."""

    header: Header
    points: Points
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
    before = len(problems)
    sweep = read_sweep(tables.get("sweep", {}), problems)
    study = getattr(header, "experiment", None)
    experiment = _experiment(study, sweep.sets, problems)
    dimensions = read_dimensions(sweep, tables, experiment, problems)
    readable = len(problems) == before
    problems += _not_read(dimensions, experiment)
    whole = _with_probes(tables, experiment, problems)
    points = Points(whole, dimensions, beside)
    problems += unreadable(points)
    # all of them may be many, and few checks speak of one
    known = experiment if readable else None
    labels = lambda: None if known is None else known.labels(points.labels)
    asserted = _checks(getattr(header, "checks", None), labels, problems)
    if known is not None:
        problems += _not_addressed(asserted, points)
    for i, name in enumerate(header.plots or ()):
        if isinstance(name, str) and name not in plots:
            problems.append(Problem(f"plots[{i}]", no_such(plots, name)))
    if getattr(header, "claim", None) is not None and not asserted:
        problems.append(Problem("checks", "a claim needs at least one check"))
    if problems or experiment is None:
        return None
    return Content(header, points, experiment, asserted)


def _experiment(table: Any, sets: int | None, problems: list[Problem]) -> Any:
    """The experiment, with the sets of patterns that `[sweep]` may ask for."""
    if not isinstance(table, dict):
        return None
    table, mine = {"kind": "recall"} | table, list[Problem]()
    where = {"experiment.sets": "experiment.sets"}
    if sets is not None:
        if "sets" in table:
            message = "experiment.sets says the same; leave one of them out"
            problems.append(Problem("sweep.sets", message))
        elif _has_sets(table["kind"]):
            table, where = table | {"sets": sets}, {"experiment.sets": "sweep.sets"}
        else:
            kind = shown(table["kind"])
            message = f"the experiment {kind} has no sets of patterns; leave it out"
            problems.append(Problem("sweep.sets", message))
    spec = read_spec(experiments, table, "experiment", mine)
    problems += [p._replace(path=where.get(p.path, p.path)) for p in mine]
    return None if spec is None else spec.make()


def _has_sets(kind: Any) -> bool:
    """Whether this kind of experiment, or one that does not exist, has sets."""
    if not isinstance(kind, str) or kind not in experiments:
        return True  # which is told; of its sets nothing is known
    return "sets" in getattr(experiments[kind], "model_fields", {})


def _not_read(
    dimensions: Sequence[Dimension], experiment: AbstractExperiment | None
) -> list[Problem]:
    """Axes along which nothing would change."""
    if experiment is None or experiment.trains or not is_grid(dimensions):
        return []
    paths = [path for d in dimensions if d.axis is not None for path in d.axis.paths]
    message = "this experiment learns no memories; leave the axis {} out"
    asked = [path for path in paths if path.partition(".")[0] == "training"]
    return [Problem("sweep", message.format(path)) for path in asked]


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


def _not_addressed(
    asserted: Sequence[AbstractCheck], points: Points
) -> Iterator[Problem]:
    """Checks of cells that are not in the grid."""
    for i, check in enumerate(asserted):
        if check.at is not None:
            try:
                find_cells(points.axes, check.at)
            except ValueError as error:
                yield Problem(f"checks[{i}].at", str(error))


def _checks(
    tables: Any, labels: Callable[[], list[str] | None], problems: list[Problem]
) -> tuple[AbstractCheck, ...]:
    """The checks; `labels` gives None where points could not be read."""
    made = []
    for i, table in enumerate(tables if isinstance(tables, list) else ()):
        if not isinstance(table, dict):
            continue  # reported with the header
        spec = read_spec(checks, table, f"checks[{i}]", problems)
        if spec is None:
            continue
        check = spec.make()
        known = None if check.point is None else labels()
        if check.point is not None and known and check.point not in known:
            hint = "the scenario has neither a sweep nor variants"
            if known != [""]:
                hint = nearest(check.point, known[:MOST_GUESSED])
            message = f"there is no point {shown(check.point)}; {hint}"
            problems.append(Problem(f"checks[{i}].point", message))
        made.append(check)
    return tuple(made)
