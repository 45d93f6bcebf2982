"""Scenarios: a TOML file, read and checked.

The file is read once, all mistakes in it are reported together, and nothing is computed
until there are none.
"""

import copy
import dataclasses
import json
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from .._common import parts
from .._common.arrays import cast_to, repeats_expected
from .._common.cores import in_bytes, require_room
from .._common.display import AbstractShown, Shown, some
from .._common.environment import precision
from .._common.files import read_json
from .._common.names import nearest, plain, shown
from .._common.reach import said
from .._common.streams import Stream
from ..checks import AbstractCheck, checks
from ..data.sketches import memory_sketches, probe_sketches, sketched
from ..data.sources import PatternSet, probe_sources, ProbeSet
from ..dynamics import Dynamics, dynamics_kinds
from ..experiments import (
    AbstractExperiment,
    experiments,
    RunSettings,
    Setting,
    TrainingSettings,
)
from ..models import networks
from ..network import Network
from ..plots import plots
from ..records import load_record
from .catalogue import former_kinds
from .grammar import build, no_such, read_model, read_spec, Spec
from .saved import parts_beside, resolved_of, saved_run
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
from .wording import override_words, scenario_words, words_of_command


class Claim(BaseModel):
    """The table `[claim]`: the statement that `hopsim verify` tests with a scenario."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    id: str = Field(pattern=r"^[A-Z]+-[0-9]+$")
    statement: str = Field(min_length=1)
    source: str = Field(min_length=1)
    tags: list[str] = []
    # the probability, over seeds, that a true claim fails
    false_alarm: float = Field(gt=0, lt=1)


class Header(BaseModel):
    """The top level of a scenario file."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    name: str = Field(max_length=80)
    title: str = ""
    seed: int = Field(0, ge=0)
    precision: Literal["float64", "float32"] = "float64"
    plots: list[str] | None = None
    network: Any  # these five may be swept: each point checks its own
    dynamics: Any = {"kind": "two_layer"}
    probes: Any = None  # required unless memories are learnt
    run: Any = {}
    training: Any = None
    experiment: dict[str, Any] = {"kind": "recall"}
    checks: list[dict[str, Any]] = []
    claim: Claim | None = None

    @field_validator("name")
    @classmethod
    def _names_a_directory(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
            raise ValueError(
                "must be made of lower-case letters, digits, - and _ (it names the run "
                "directory)"
            )
        return name


SWEEPABLE_TABLES = ("network", "dynamics", "probes", "run", "training")


class Change(NamedTuple):
    """The changes that one point of a sweep, or one variant, makes to the scenario."""

    label: str
    value: float | None  # the swept value, if it is a number
    where: str  # its place in the file
    entries: list[tuple[str, Any]]  # dotted paths and their new values


@dataclasses.dataclass(frozen=True)
class Point:
    """One point of a sweep, checked, before its patterns are drawn."""

    label: str
    value: float | None
    network: Spec
    dynamics: Dynamics
    probes: Spec
    run: RunSettings
    training: TrainingSettings

    def placed(self, beside: Path | None) -> "Point":
        """The same point, with data files looked for in this folder first."""
        network, probes = self.network.placed(beside), self.probes.placed(beside)
        return dataclasses.replace(self, network=network, probes=probes)

    def sketch(self, seed: int, dtype: str) -> Setting:
        """The point with numbers that stand in for what it would draw.

        Raises ValueError for memories, a network or probes that cannot be made.
        """
        leaf: Spec = self.network.arguments["memories"]
        patterns = sketched(memory_sketches, leaf.kind, leaf.maker, leaf.settings)
        network = self._network(patterns, dtype)
        source = (self.probes.kind, self.probes.maker, self.probes.settings)
        probes = sketched(probe_sketches, *source, patterns)

        def redrawn(number: int) -> Setting:
            raise AssertionError("a sketch draws nothing")

        stream = Stream(seed)
        return self._setting(
            patterns, network, probes, dtype, stream, redrawn, sketched=True
        )

    def build(self, seed: int, dtype: str, number: int = 0) -> Setting:
        """Draw the pattern set with this number (on the host) and build the network."""
        stream = Stream(seed)
        memory_leaf = self.network.arguments["memories"]
        patterns: PatternSet = memory_leaf.make(stream.child("memories", number))
        network = self._network(patterns, dtype)
        probes: ProbeSet = self.probes.make(stream.child("probes", number), patterns)
        redrawn = lambda number: self.build(seed, dtype, number)
        return self._setting(
            patterns,
            network,
            probes,
            dtype,
            stream.child("experiment", number),
            redrawn,
        )

    def _network(self, patterns: PatternSet, dtype: str) -> Network:
        with repeats_expected():  # the source has told of them, or they are a sketch
            return self.network.make(memories=cast_to(patterns.values, dtype))

    def _setting(
        self,
        patterns: PatternSet,
        network: Network,
        probes: ProbeSet,
        dtype: str,
        stream: Stream,
        redrawn: Callable[[int], Setting],
        sketched: bool = False,
    ) -> Setting:
        """The point with its probes in the precision of the scenario."""
        return Setting(
            label=self.label,
            value=self.value,
            patterns=patterns,
            network=network,
            dynamics=self.dynamics,
            probes=probes._replace(values=cast_to(probes.values, dtype)),
            run=self.run,
            stream=stream,
            training=self.training,
            redrawn=redrawn,
            sketched=sketched,
        )


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
    points: tuple[Point, ...]
    experiment: AbstractExperiment
    checks: tuple[AbstractCheck, ...]
    resolved: dict[str, Any]  # the tables after [quick] and --set
    text: str
    where: str
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
        points, header = self.points, self.header
        labels = [shown(p.label) for p in points if p.label]
        kinds = lambda names: some([*dict.fromkeys(names)])
        return Shown(
            f"Scenario {self.name}-{self.hash}"
            + (f": {header.title}" if header.title else ""),
            [
                ("claim", "" if header.claim is None else header.claim.statement),
                ("points", f"{len(points)}: {some(labels)}" if labels else "1"),
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
        problems: list[Problem] = []
        sketches, told = [], {}
        with precision(self.header.precision):
            for point in self.points:
                try:
                    sketch = point.sketch(self.header.seed, self.header.precision)
                    sketches.append(sketch)
                    self.experiment.validate_setting(sketch)
                    what = f"The numbers that point {shown(point.label)} holds"
                    require_room(self.experiment.entries(sketch), what)
                except (ValueError, ArithmeticError) as error:
                    told.setdefault(_reason(error), []).append(point.label)
            if not told:
                try:
                    self.experiment.validate_study(sketches)
                except (ValueError, ArithmeticError) as error:
                    told[_reason(error)] = []
                problems += [*self._undrawable(sketches), *self._undecided(sketches)]
        for reason, labels in told.items():
            everywhere = len(labels) in (0, len(self.points))
            where = "" if everywhere else ", ".join(map(shown, labels))
            problems.append(Problem(where, reason))
        return problems

    def understood(self) -> list[str]:
        """What it asks for: points, their sizes, and the memory that they need.

        One line for all points of the same sizes. The memory is a rough estimate: that
        of what is drawn and of what the largest point keeps.
        """
        with precision(self.header.precision):
            sketches = [
                p.sketch(self.header.seed, self.header.precision) for p in self.points
            ]
        told: dict[str, list[str]] = {}
        for x in sketches:
            room = in_bytes(8 * self.experiment.entries(x))
            probes = f"{len(x.probes.values)} probe{'s'[: len(x.probes.values) != 1]}"
            sizes = (
                f"{x.network.count} memories of {x.network.features} features, "
                f"{probes}, about {room}"
            )
            told.setdefault(sizes, []).append(x.label)
        sets = getattr(self.experiment, "sets", 1)
        many = "" if sets == 1 else f", {sets} sets of patterns"
        lines = []
        for sizes, labels in told.items():
            named = f" ({'; '.join(labels)})" if any(labels) else ""
            count = f"{len(labels)} point{'s' if len(labels) != 1 else ''}"
            lines.append(f"{count}{named}: {sizes}{many}")
        return lines

    def _undrawable(self, sketches: list[Setting]) -> Iterator[Problem]:
        """The pictures that are asked for and would not be drawn."""
        own = (*self.experiment.plots, *self.experiment.further_plots)
        for i, word in enumerate(self.header.plots or ()):
            name = plots.today(word)
            if name not in own and name in _drawn_by_studies():
                hint = f"it draws {', '.join(own)}" if own else "leave it out"
                message = f"this experiment does not make what {name} shows; {hint}"
                yield Problem(f"plots[{i}]", message)
                continue
            lacking = {self.experiment.missing(name, x) for x in sketches}
            if lacking and "" not in lacking:
                message = f"{name} needs {min(lacking)}; leave it out"
                yield Problem(f"plots[{i}]", message)

    def _undecided(self, sketches: list[Setting]) -> Iterator[Problem]:
        """The checks that no result could pass, or none fail."""
        for i, check in enumerate(self.checks):
            spoken = [x for x in sketches if check.point in (None, x.label)]
            if not spoken:  # of a point that the experiment itself makes
                spoken = sketches
            sets = getattr(self.experiment, "sets", 1)
            try:
                check.validate_size([x.probes.targets for x in spoken], sets)
            except ValueError as error:
                yield Problem(f"checks[{i}]", str(error))

    def settings(self) -> tuple[Setting, ...]:
        """The settings of all points, built on the host."""
        dtype = self.header.precision
        return tuple(p.build(self.header.seed, dtype) for p in self.points)


def _kind_of_check(check: AbstractCheck) -> str:
    return checks.kind_of(type(check)) or type(check).__name__


def _drawn_by_studies() -> frozenset[str]:
    """The pictures that some experiment makes; others may be anybody's own."""
    makers: list[Any] = [experiments[kind] for kind in experiments]
    return frozenset(
        name for maker in makers for name in (*maker.plots, *maker.further_plots)
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ArithmeticError):
        return f"these numbers cannot be computed with ({error}); use others"
    return str(error)


# --- reading ------------------------------------------------------------------------


def load_scenario(
    path: str | os.PathLike,
    quick: bool = False,
    overrides: Mapping[str, Any] | None = None,
) -> Scenario:
    """Read and check a scenario file.

    **Arguments:**

    - `path`: the file, or the name of a shipped scenario, such as `"claims/cl-22"`, or
      a saved run (its directory or record), in the size in which it was made.
    - `quick`: apply the file's table `[quick]`.
    - `overrides`: dotted paths and values, such as `{"run.duration": 5}`.

    Raises ScenarioError (a ValueError) with all problems of the file, and ValueError if
    there is no such file or name. Warns (FutureWarning) of former names of kinds, and
    of parts that have changed since a saved run.
    """
    scenario = read_scenario(path, quick, overrides)
    _warn_of_notes(scenario, str(path))
    return scenario


def _warn_of_notes(scenario: Scenario, where: str) -> None:
    for note in scenario.notes:
        warnings.warn(f"{where}: {note}", FutureWarning, stacklevel=3)


def read_scenario(
    path: str | os.PathLike,
    quick: bool = False,
    overrides: Mapping[str, Any] | None = None,
) -> Scenario:
    """`load_scenario` without warnings: the caller shows those in `notes`."""
    if (saved := saved_run(path)) is not None:
        return _again(saved, str(path), overrides or {})
    found = find_scenario(path)
    tables = read_tables(path, quick, overrides)
    whole = _whole(tables, str(path), quick, found.parent, parts_beside(found))
    return whole.replaced(words=scenario_words(found, quick, overrides or {}))


def _whole(
    tables: Tables,
    where: str,
    quick: bool,
    beside: Path | None,
    recorded: Sequence[Mapping[str, str]] = (),
) -> Scenario:
    """A scenario, checked in both sizes; ScenarioError with the problems of both."""
    resolved, other, text, problems = tables
    _require_parts(recorded, resolved, where)
    scenario = _read(resolved, text, where, problems, beside)
    problems += _refused(scenario)
    # the other size is checked too, so that its mistakes are reported now
    twin: list[Problem] = []
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
    _require_parts(recorded, resolved, where)
    scenario = _read(resolved, text, where, problems, beside)
    if problems or scenario is None:
        raise ScenarioError(where, problems)
    return _repeated(scenario, recorded, old_words(former_kinds(), resolved))


def _again(saved: Path, where: str, overrides: Mapping[str, Any]) -> Scenario:
    """The scenario of a saved run, or of a training that was stopped."""
    try:
        attrs: Mapping[str, Any] = {}
        if saved.suffix == ".json":
            told = dict(read_json(saved))
        else:
            attrs = load_record(saved).attrs
            told = resolved_of(attrs)
    except (KeyError, TypeError, ValueError) as error:
        why = plain(str(error)) or type(error).__name__
        raise ValueError(
            f"{where!r} does not say which scenario was run ({why}); name the file of "
            "the scenario."
        ) from error
    text, command = (str(attrs.get(name, "")) for name in ("scenario", "command"))
    scenario = scenario_of(told, where, text, overrides, saved.parent)
    words = (*words_of_command(command, saved.parent), *override_words(overrides))
    scenario = scenario.replaced(words=words)
    problems = scenario.problems()
    if problems:
        raise ScenarioError(where, problems)
    return scenario


def _require_parts(
    recorded: Sequence[Mapping[str, str]], tables: Mapping[str, Any], where: str
) -> None:
    """Raises ScenarioError if parts that a run had, and these tables name, are gone."""
    plots = [told["kind"] for told in recorded if told["noun"] == "plot"]
    if lacking := parts.missing(recorded, {*said(tables), *plots}):
        raise ScenarioError(where, [Problem("", lacking)])


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
    header = read_model(Header, tables, "", problems)
    if header is None:  # continue with what can be read, to report all errors at once
        header = Header.model_construct(
            **{k: v for k, v in tables.items() if k in Header.model_fields}
        )
        header.plots = header.plots if isinstance(header.plots, list) else None
    experiment = _experiment(getattr(header, "experiment", None), problems)
    changes = list(_overrides(experiment, problems))
    whole = _with_probes(tables, experiment, problems)
    points = _points(whole, changes, problems)
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
    points = [p.placed(beside) for p in points]
    return Scenario.of_parts(
        header=header, points=tuple(points), experiment=experiment, checks=asserted,
        resolved=tables, text=text, where=where, notes=(),
    )  # fmt: skip


def _refused(scenario: Scenario | None) -> list[Problem]:
    """What a run would refuse; a scenario that was not read has its problems told."""
    return [] if scenario is None else scenario.problems()


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


def _points(
    tables: dict[str, Any], changes: list[Change], problems: list[Problem]
) -> list[Point]:
    """All points of the sweep; a problem common to all of them is reported once."""
    points, seen = [], []
    for label, value, where, entries in changes:
        mine: list[Problem] = []
        changed = copy.deepcopy(tables)
        for dotted, entry in entries:
            put(changed, dotted, entry, mine, where)
        changed.pop("experiment", None)
        points.append(_point(label, value, changed, mine))
        seen.append((where, mine))
    everywhere = [p for p in seen[0][1] if all(p in mine for _, mine in seen)]
    problems += everywhere
    for where, mine in seen:
        rest = [p for p in mine if p not in everywhere]
        problems += [Problem(f"{p.path} (from {where})", p.message) for p in rest]
    return [p for p in points if p is not None]


def _overrides(
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


def _point(
    label: str, value: float | None, tables: dict[str, Any], problems: list[Problem]
) -> Point | None:
    given = tables.get("dynamics", {})
    if isinstance(given, dict):
        tables = tables | {"dynamics": {"kind": "two_layer"} | given}
    parts = {
        name: read_spec(registry, tables[name], name, problems)
        for name, registry in (
            ("network", networks),
            ("probes", probe_sources),
            ("dynamics", dynamics_kinds),
        )
        if name in tables  # a missing table is reported with the header
    }
    dynamics = build(parts.get("dynamics"), "dynamics", problems)
    run = read_model(RunSettings, tables.get("run", {}), "run", problems)
    training = read_model(
        TrainingSettings, tables.get("training", {}), "training", problems
    )
    network, probes = parts.get("network"), parts.get("probes")
    forever = dynamics is not None and dynamics.driven
    if forever and run is not None and run.until == "steady":
        message = 'a driven network has no steady state; use until = "duration"'
        problems.append(Problem("run.until", message))
    if problems or run is None or dynamics is None or network is None or probes is None:
        return None
    return Point(label, value, network, dynamics, probes, run, training)
