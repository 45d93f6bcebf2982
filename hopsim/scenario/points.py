"""The points of a study: one for each swept value or variant, before it is drawn."""

import dataclasses
import functools as ft
import itertools
import math
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from .._common.arrays import cast_to, repeats_expected
from .._common.display import some
from .._common.names import shown
from .._common.registry import Registry
from .._common.streams import Stream
from ..data.sketches import memory_sketches, probe_sketches, sketched
from ..data.sources import PatternSet, ProbeSet
from ..dynamics import Dynamics
from ..experiments import RunSettings, Setting, TrainingSettings
from ..network import Network
from ..records import Axis
from .entries import CHANGED_TABLES, DEFAULT_DYNAMICS
from .grammar import build, read_model, read_spec, Spec
from .sweeps import Change, Dimension, Steps
from .toml_files import Problem, put, ScenarioError


MOST_KEPT = 2**14  # tables that were read, in memory
TRIED_ALL = 200  # points: a study of no more is tried before a run as a whole
TRIED_AT_RANDOM = 100  # points of a larger one, beside each value and the corners
MOST_CORNERED = 7  # dimensions whose corners are tried: 128 of them

Entry = tuple[str, Any, str]  # a dotted path, its new value, and where that stands


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


class Points(Sequence):
    """The points of a study: each is made when it is asked for.

    In the order of a grid whose last dimension is the fastest. A table is read once for
    every combination of those values that change it, not once for each point.

    **Arguments:**

    - `tables`: the resolved tables, with probes.
    - `dimensions`: what their points change.
    - `beside`: the folder in which data files are looked for first.

    Raises ScenarioError for a point that cannot be read.
    """

    def __init__(
        self,
        tables: Mapping[str, Any],
        dimensions: Sequence[Dimension],
        beside: Path | None = None,
    ):
        self.dimensions = tuple(dimensions)
        self._tables, self._beside = tables, beside
        touched = [_touched(dimension) for dimension in dimensions]
        self._touching = {
            name: [d for d, names in enumerate(touched) if name in names]
            for name in CHANGED_TABLES
        }
        self._read = ft.lru_cache(maxsize=MOST_KEPT)(self._read_table)

    def __len__(self) -> int:
        return math.prod(len(d.changes) for d in self.dimensions)

    @overload
    def __getitem__(self, number: int) -> Point: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Point, ...]: ...

    def __getitem__(self, number: int | slice) -> Point | tuple[Point, ...]:
        if isinstance(number, slice):
            return tuple(self[k] for k in range(*number.indices(len(self))))
        number = range(len(self))[number]
        found, problems = self._parts(self.steps(number))
        if problems:
            raise ScenarioError(f"the point {shown(self.label(number))}", problems)
        return Point(self.label(number), self.value(number), **found)

    def __reduce__(self) -> tuple[type["Points"], tuple[Any, ...]]:
        return Points, (self._tables, self.dimensions, self._beside)  # read anew

    def __repr__(self) -> str:
        return f"Points({some([repr(point) for point in self[:6]])})"

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes of the grid; none for variants, and for one point."""
        return tuple(d.axis for d in self.dimensions if d.axis is not None)

    @property
    def labels(self) -> list[str]:
        """The labels of all points, none of which is read for it."""
        each = ([c.label for c in d.changes] for d in self.dimensions)
        return [", ".join(labels) for labels in itertools.product(*each)]

    def label(self, number: int) -> str:
        """The label of one point, such as `beta = 0.5, flipped = 0.2`."""
        return ", ".join(change.label for change in self.changes(self.steps(number)))

    def value(self, number: int) -> float | None:
        """The number of one point of one axis of numbers; None elsewhere."""
        changes = self.changes(self.steps(number))
        return changes[0].value if len(changes) == 1 else None

    def steps(self, number: int) -> Steps:
        """Which of its changes each dimension makes at one point."""
        found = []
        for dimension in reversed(self.dimensions):
            number, step = divmod(number, len(dimension.changes))
            found.append(step)
        return tuple(reversed(found))

    def number(self, steps: Steps) -> int:
        """The number of the point with these steps."""
        found = 0
        for step, dimension in zip(steps, self.dimensions, strict=True):
            found = found * len(dimension.changes) + step
        return found

    def changes(self, steps: Steps) -> list[Change]:
        """The changes that the point with these steps makes."""
        each = zip(steps, self.dimensions, strict=True)
        return [dimension.changes[step] for step, dimension in each]

    def changed(self, tables: Mapping[str, Any], number: int) -> dict[str, Any]:
        """These tables with the changes of one point.

        What it does not change is shared with those that are given, not copied.
        """
        problems: list[Problem] = []
        return _changed(tables, self._ordered(self.steps(number)), problems)

    def alone(self) -> list[Steps]:
        """Each value of every dimension, with the first ones of all others."""
        first = (0,) * len(self.dimensions)
        found: list[Steps] = [first]
        for d, dimension in enumerate(self.dimensions):
            rest = range(1, len(dimension.changes))
            found += [(*first[:d], step, *first[d + 1 :]) for step in rest]
        return found

    @property
    def representatives(self) -> list[Point]:
        """A point for each value of every dimension: they show all kinds there are."""
        return [self[self.number(steps)] for steps in self.alone()]

    def tried(self) -> list[Steps]:
        """The points that are tried before a run: all of a small study.

        Of others each value alone, the corners of the grid, and some at random, the
        same ones at each reading.
        """
        each = [range(len(d.changes)) for d in self.dimensions]
        if len(self) <= TRIED_ALL:
            return list(itertools.product(*each))
        corners = itertools.product(*((r[0], r[-1]) for r in each[:MOST_CORNERED]))
        rest = (0,) * len(each[MOST_CORNERED:])
        rng = random.Random(0)
        drawn = [self.steps(rng.randrange(len(self))) for _ in range(TRIED_AT_RANDOM)]
        return sorted({*self.alone(), *((*c, *rest) for c in corners), *drawn})

    def problems_of(self, steps: Steps) -> list[Problem]:
        """What is wrong with one point."""
        return self._parts(steps)[1]

    def _parts(self, steps: Steps) -> tuple[dict[str, Any], list[Problem]]:
        """The parts of a point, and what is wrong with them."""
        found, problems = {}, []
        for name, touching in self._touching.items():
            found[name], mine = self._read(name, tuple(steps[d] for d in touching))
            problems += mine
        dynamics, run = found["dynamics"], found["run"]
        forever = dynamics is not None and dynamics.driven
        if forever and run is not None and run.until == "steady":
            message = 'a driven network has no steady state; use until = "duration"'
            problems.append(Problem("run.until", message))
        return found, problems

    def _read_table(self, name: str, steps: Steps) -> tuple[Any, tuple[Problem, ...]]:
        """One table after the changes of those dimensions that change it."""
        problems: list[Problem] = []
        whole = [0] * len(self.dimensions)
        for d, step in zip(self._touching[name], steps, strict=True):
            whole[d] = step
        entries = [x for x in self._ordered(tuple(whole)) if _table_of(x[0]) == name]
        given = {name: self._tables[name]} if name in self._tables else {}
        tables = _changed(given, entries, problems)
        found = _part(name, tables, problems)
        if isinstance(found, Spec):
            found = found.placed(self._beside)
        return found, tuple(problems)

    def _ordered(self, steps: Steps) -> list[Entry]:
        """The entries that a point changes, in the order in which that is done.

        Of axes the shorter paths first, so that one may change what another puts there;
        of a variant in the order of the file.
        """
        entries = [(*x, c.where) for c in self.changes(steps) for x in c.entries]
        return sorted(entries, key=lambda x: x[0].count(".")) if self.axes else entries


def _touched(dimension: Dimension) -> set[str]:
    """The tables that a dimension changes."""
    return {_table_of(path) for c in dimension.changes for path, _ in c.entries}


def _table_of(dotted: str) -> str:
    return dotted.partition(".")[0]


def _changed(
    tables: Mapping[str, Any], entries: Sequence[Entry], problems: list[Problem]
) -> dict[str, Any]:
    """The tables with other entries; only the way to these is copied."""
    changed = dict(tables)
    for dotted, value, where in entries:
        inner: Any = changed
        for name in dotted.split("."):
            if not isinstance(inner.get(name), dict):
                break
            inner[name] = dict(inner[name])
            inner = inner[name]
        put(changed, dotted, value, problems, where)
    return changed


def _part(name: str, tables: dict[str, Any], problems: list[Problem]) -> Any:
    """What one table says; None if it is missing, or wrong, which is a problem."""
    place = CHANGED_TABLES[name]
    table = tables.get(name, {})
    if name == "dynamics" and isinstance(table, dict):
        table = {"kind": DEFAULT_DYNAMICS} | table
    if not isinstance(place, Registry):
        return read_model(place, table, name, problems)
    if name not in tables and name != "dynamics":
        return None  # which is reported with the header
    spec = read_spec(place, table, name, problems)
    return build(spec, name, problems) if name == "dynamics" else spec
