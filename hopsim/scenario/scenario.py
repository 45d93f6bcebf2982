"""Scenarios: a TOML file, read and checked.

The file is read once, all mistakes in it are reported together, and nothing is computed
until there are none.
"""

import copy
import dataclasses
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._common import parts
from .._common.display import AbstractShown, Shown, some
from .._common.names import shown
from .._common.reach import said
from ..checks import AbstractCheck, checks
from ..experiments import AbstractExperiment, experiments, Setting
from ..plots import plots
from ..records import Axis
from .catalogue import former_kinds
from .content import read_content
from .grid_tables import with_axes, without_points
from .header import Header
from .points import Points
from .review import Review
from .saved import parts_beside, require_parts, saved_run, told_by
from .shipped import find_scenario
from .toml_files import (
    digest,
    GIVEN,
    old_words,
    Problem,
    put,
    read_given,
    read_tables,
    ScenarioError,
    Tables,
    to_toml,
)
from .wording import axis_words, override_words, scenario_words, words_of_command


@dataclasses.dataclass(frozen=True, init=False, eq=False, repr=False)
class Scenario(AbstractShown):
    """The content of a scenario file, or of the same tables in a dict, checked.

    It computes nothing. Two scenarios are equal if they say the same, whatever their
    text: if their resolved tables are equal.

    **Arguments:**

    - `tables`: what a scenario file holds, `{"name": "mine", "network": {...}, ...}`;
      numbers may be of NumPy, tables of numbers arrays. Data files are looked for from
      the current directory.
    - `quick`, `overrides`: as in `load_scenario`, which reads a file.

    Raises ScenarioError (a ValueError) with all problems, as for a file, and for what
    no file holds: None, dates, objects, keys that are no text.
    """

    header: Header
    points: Points  # each is made when it is asked for
    experiment: AbstractExperiment
    checks: tuple[AbstractCheck, ...]
    resolved: dict[str, Any]  # the tables after [quick] and --set
    text: str
    where: str
    beside: Path | None = None  # the folder in which data files are looked for first
    notes: tuple[str, ...] = ()  # on former names of kinds, and parts that changed
    recorded: tuple[Mapping[str, str], ...] = ()  # parts of the run that it repeats
    words: tuple[str, ...] = ("scenario.toml",)  # of the command that runs it

    def __init__(
        self,
        tables: Mapping[str, Any],
        quick: bool = False,
        overrides: Mapping[str, Any] | None = None,
    ):
        read = _whole(read_given(tables, quick, overrides), GIVEN, quick, None)
        vars(self).update(vars(read))
        _warn_of_notes(self, GIVEN)

    @classmethod
    def of_parts(cls, **parts: Any) -> "Scenario":
        """A scenario of parts that have been checked."""
        scenario = object.__new__(cls)
        vars(scenario).update(parts)
        return scenario

    def replaced(self, **parts: Any) -> "Scenario":
        """The same scenario with other parts."""
        return self.of_parts(**(vars(self) | parts))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scenario):
            return NotImplemented
        return digest(self.resolved) == digest(other.resolved)

    def __hash__(self) -> int:
        return hash(digest(self.resolved))

    def to_dict(self) -> dict[str, Any]:
        """Its tables, with `[quick]`, if it was asked for, and the overrides."""
        return copy.deepcopy(self.resolved)

    def to_toml(self) -> str:
        """The same as the text of a scenario file, which is read as an equal scenario.

        Comments, and the size that was not asked for, are those of `text`.
        """
        return to_toml(self.resolved)

    @property
    def name(self) -> str:
        """The name of the scenario, the first part of its run directory's name."""
        return self.header.name

    @property
    def hash(self) -> str:
        """First 8 hex digits of the SHA-256 of the canonical resolved scenario."""
        return digest(self.resolved)[:8]

    @property
    def plots(self) -> tuple[str, ...]:
        """The requested plots, by default those of the experiment."""
        given = self.header.plots
        words = self.experiment.plots if given is None else given
        return tuple(dict.fromkeys(map(plots.today, words)))  # each is drawn once

    def _shown(self) -> Shown:
        header, count = self.header, len(self.points)
        points = self.points.representatives
        first = map(self.points.label, range(min(count, 5)))
        labels = [*map(shown, filter(None, first)), *[""] * (count - 5)]
        kinds = lambda names: some([*dict.fromkeys(names)])
        return Shown(
            f"Scenario {self.name}-{self.hash}"
            + (f": {header.title}" if header.title else ""),
            [
                ("claim", "" if header.claim is None else header.claim.statement),
                ("points", f"{count}: {some(labels)}" if labels else "1"),
                (
                    "network",
                    f"{kinds(p.network.kind for p in points)}; memories "
                    f"{kinds(p.network.arguments['memories'].kind for p in points)}; "
                    f"probes {kinds(p.probes.kind for p in points)}",
                ),
                (
                    "study",
                    f"{experiments.kind_of(type(self.experiment))}; "
                    f"{kinds(p.dynamics.kind for p in points)}; {header.precision}, "
                    f"seed {header.seed}",
                ),
                ("checks", kinds(map(_kind_of_check, self.checks)) or "none"),
                ("pictures", some(self.plots)),
                ("file", self.where),
            ],
        )

    @property
    def parts(self) -> list[dict[str, str]]:
        """The parts of users that it names, as a record has them."""
        words = {*said(self.resolved), *self.plots}
        return parts.told_again(self.recorded, parts.used(words))

    def problems(self) -> list[Problem]:
        """What a run of it would refuse, as far as that is known before it draws."""
        return self._review.problems()

    def understood(self) -> list[str]:
        """What it asks for: points, their sizes, and the memory that they need.

        One line for all points of the same sizes. The memory is a rough estimate: that
        of what is drawn and of what the largest point keeps.
        """
        return self._review.lines()

    @property
    def _review(self) -> Review:
        return Review(self.header, self.points, self.experiment, self.checks)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes of its grid, the first one slowest; none for variants."""
        return self.points.axes

    def tables(self, number: int) -> dict[str, Any]:
        """The tables of one point alone, which make a scenario of this one point.

        Without checks and pictures, and with the number of sets in `experiment.sets`,
        whichever table of the file has it. What the points share is shared, not copied:
        leave it as it is.
        """
        return self.points.changed(without_points(self.resolved), number)

    def setting(self, number: int) -> Setting:
        """The setting of one point, built on the host."""
        return self.points[number].build(self.header.seed, self.header.precision)

    def settings(self) -> tuple[Setting, ...]:
        """The settings of all points, built on the host."""
        return tuple(map(self.setting, range(len(self.points))))


def _kind_of_check(check: AbstractCheck) -> str:
    return checks.kind_of(type(check)) or type(check).__name__


# --- reading ------------------------------------------------------------------------


def load_scenario(
    path: str | os.PathLike,
    quick: bool = False,
    overrides: Mapping[str, Any] | None = None,
    sweep: Mapping[str, Any] | None = None,
) -> Scenario:
    """Read and check a scenario file.

    **Arguments:**

    - `path`: the file, or the name of a shipped scenario, such as `"claims/cl-22"`, or
      a saved run (its directory or record), in the size in which it was made.
    - `quick`: apply the file's table `[quick]`.
    - `overrides`: dotted paths and values, such as `{"run.duration": 5}`.
    - `sweep`: axes beside those of the file, or in their place: dotted paths and lists
      of values, or tables, `{"network.beta": {"start": 0.1, "stop": 1, "count": 9}}`.

    Raises ScenarioError (a ValueError) with all problems of the file, and ValueError if
    there is no such file or name. Warns (FutureWarning) of former names of kinds, and
    of parts that have changed since a saved run.
    """
    scenario = read_scenario(path, quick, overrides, sweep)
    _warn_of_notes(scenario, str(path))
    return scenario


def _warn_of_notes(scenario: Scenario, where: str) -> None:
    for note in scenario.notes:
        warnings.warn(f"{where}: {note}", FutureWarning, stacklevel=3)


def read_scenario(
    path: str | os.PathLike,
    quick: bool = False,
    overrides: Mapping[str, Any] | None = None,
    sweep: Mapping[str, Any] | None = None,
) -> Scenario:
    """`load_scenario` without warnings: the caller shows those in `notes`."""
    if (saved := saved_run(path)) is not None:
        return _again(saved, str(path), overrides or {}, sweep or {})
    found = find_scenario(path)
    tables = read_tables(path, quick, overrides)
    if sweep:
        resolved = with_axes(tables.resolved, sweep, str(path))
        tables = tables._replace(resolved=resolved)
    whole = _whole(tables, str(path), quick, found.parent, parts_beside(found))
    words = scenario_words(found, quick, overrides or {}, sweep or {})
    return whole.replaced(words=words)


def _whole(
    tables: Tables,
    where: str,
    quick: bool,
    beside: Path | None,
    recorded: Sequence[Mapping[str, str]] = (),
) -> Scenario:
    """A scenario, checked in both sizes; ScenarioError with the problems of both."""
    resolved, other, text, problems = tables
    require_parts(recorded, resolved, where)
    scenario = _read(resolved, text, where, problems, beside)
    problems += _refused(scenario)
    # the other size is checked too, so that its mistakes are reported now
    twin: list[Problem] = []
    if digest(other) != digest(resolved):
        twin += _refused(_read(other, text, where, twin, beside))
    word = "without --quick" if quick else "with --quick"
    problems += [
        Problem(f"{p.path} ({word})".strip(), p.message)
        for p in twin
        if p not in problems
    ]
    if problems or scenario is None:
        raise ScenarioError(where, problems)
    notes = old_words(former_kinds(), resolved, other)
    return _repeated(scenario, recorded, notes)


def scenario_of(
    told: Mapping[str, Any],
    where: str,
    text: str = "",
    overrides: Mapping[str, Any] | None = None,
    beside: Path | None = None,
) -> Scenario:
    """A scenario from its resolved tables, such as those in a record.

    Data files are looked for in the folder `beside` first. Their entry `parts`, if
    there is one, has the parts of users that they name. Raises ScenarioError if one of
    these is missing.
    """
    resolved, problems = copy.deepcopy(dict(told)), list[Problem]()
    recorded = resolved.pop("parts", [])
    for dotted, value in (overrides or {}).items():
        put(resolved, dotted, value, problems, dotted)
    require_parts(recorded, resolved, where)
    scenario = _read(resolved, text, where, problems, beside)
    if problems or scenario is None:
        raise ScenarioError(where, problems)
    return _repeated(scenario, recorded, old_words(former_kinds(), resolved))


def _again(
    saved: Path, where: str, overrides: Mapping[str, Any], sweep: Mapping[str, Any]
) -> Scenario:
    """The scenario of a saved run, or of a training that was stopped."""
    told, text, command = told_by(saved, where)
    told = with_axes(told, sweep, where) if sweep else told
    scenario = scenario_of(told, where, text, overrides, saved.parent)
    changed = (*override_words(overrides), *axis_words(sweep))
    words = (*words_of_command(command, saved.parent), *changed)
    scenario = scenario.replaced(words=words)
    problems = scenario.problems()
    if problems:
        raise ScenarioError(where, problems)
    return scenario


def _repeated(
    scenario: Scenario,
    recorded: Sequence[Mapping[str, str]],
    notes: tuple[str, ...],
) -> Scenario:
    """The same, of a run with these parts; its notes tell which have changed."""
    scenario = scenario.replaced(recorded=tuple(recorded))
    return scenario.replaced(notes=(*notes, *parts.changes(scenario.parts)))


def _read(
    tables: dict[str, Any],
    text: str,
    where: str,
    problems: list[Problem],
    beside: Path | None = None,
) -> Scenario | None:
    content = read_content(tables, problems, beside)
    if content is None:
        return None
    return Scenario.of_parts(
        **content._asdict(),
        resolved=tables,
        text=text,
        where=where,
        beside=beside,
        notes=(),
    )


def _refused(scenario: Scenario | None) -> list[Problem]:
    """What a run would refuse; nothing of a scenario that was not read."""
    return [] if scenario is None else scenario.problems()
