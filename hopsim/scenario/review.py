"""The review of a scenario: what a run would refuse, known before anything is drawn.

Memories and probes are sketches here, which have their sizes, labels, aims and masks.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

from .._common.cores import in_bytes, require_room
from .._common.display import many, some
from .._common.environment import precision
from .._common.names import shown
from ..checks import AbstractCheck
from ..experiments import AbstractExperiment, experiments, Setting
from ..plots import plots
from .attribution import attributed, places
from .header import Header
from .points import Points
from .sweeps import is_grid, Steps
from .toml_files import Problem


MOST_TOLD = 20  # mistakes of single points
MOST_LINES = 8  # of points of different sizes
MOST_NAMED = 12  # labels of points of one size


class Sizes(NamedTuple):
    """The sizes of one point."""

    memories: int
    features: int
    probes: int
    room: float  # bytes, roughly


@dataclasses.dataclass(frozen=True)
class Review:
    """What a run of a scenario would refuse, and what it asks for."""

    header: Header
    points: Points
    experiment: AbstractExperiment
    checks: tuple[AbstractCheck, ...]

    def problems(self) -> list[Problem]:
        """What would be refused; nothing if all is well."""
        sketches, found = [], {}
        with precision(self.header.precision):
            for steps in self._asked():
                point = self.points[self.points.number(steps)]
                found[steps] = []
                try:
                    sketch = point.sketch(self.header.seed, self.header.precision)
                    sketches.append(sketch)
                    self.experiment.validate_setting(sketch)
                    what = f"The numbers that point {shown(point.label)} holds"
                    require_room(self.experiment.entries(sketch), what)
                except (ValueError, ArithmeticError) as error:
                    found[steps].append(_reason(error))
            if any(found.values()):
                return self._blamed(found)
            problems = []
            try:
                self.experiment.validate_study(sketches)
            except (ValueError, ArithmeticError) as error:
                problems.append(Problem("", _reason(error)))
            return [
                *self._undrawable(sketches),
                *self._undecided(sketches),
                *problems,
            ]

    def lines(self) -> list[str]:
        """What is asked for: one line for all points of the same sizes.

        Of many sizes, and of several axes, the smallest and the largest in one line.
        """
        tried = self.points.tried()
        with precision(self.header.precision):
            dtype, seed = self.header.precision, self.header.seed
            numbers = map(self.points.number, tried)
            sketches = [self.points[k].sketch(seed, dtype) for k in numbers]
        labels: dict[Sizes, list[str]] = {}
        for x in sketches:
            room = 8 * self.experiment.entries(x)
            counts = (x.network.count, x.network.features, len(x.probes.values))
            labels.setdefault(Sizes(*counts, room), []).append(x.label)
        if len(labels) > MOST_LINES or len(self.points.dimensions) > 1:
            lines = [f"{self._shape()}: {_sizes(list(labels))}"]
        else:
            lines = [f"{_named(mine)}: {_sizes([x])}" for x, mine in labels.items()]
        sets = getattr(self.experiment, "sets", 1)
        lines = [
            f"{x}{'' if sets == 1 else f', {sets} sets of patterns'}" for x in lines
        ]
        if len(tried) < len(self.points):
            lines.append(
                f"{len(tried):,} of {len(self.points):,} combinations were tried: each "
                "value alone, the corners of the grid, and some at random"
            )
        return lines

    def _asked(self) -> list[Steps]:
        """The points that are tried, and those of which a check speaks."""
        tried, points = self.points.tried(), self.points
        named = {check.point for check in self.checks} - {None}
        if not named or len(tried) == len(points):
            return tried
        spoken = {points.steps(k) for k, x in enumerate(points.labels) if x in named}
        return sorted({*tried, *spoken})

    def _blamed(self, found: dict[Steps, list[str]]) -> list[Problem]:
        """The reasons why points are refused, with the values that bring them about."""
        dimensions, problems = self.points.dimensions, []
        for reason, causes in attributed(found):
            if is_grid(dimensions):
                told = [places(cause, dimensions) for cause in causes]
            else:  # by their labels, which a record has
                told = [shown(dimensions[0].changes[x[0][1]].label) for x in causes]
            problems.append(Problem(some(told), str(reason)))
        return _first(problems)

    def _shape(self) -> str:
        """How many points there are: those of each axis, if there are several."""
        axes = [f"{len(axis.values)} {axis.name}" for axis in self.points.axes]
        product = f" ({' x '.join(axes)})" if axes else ""
        return f"{len(self.points):,} points{product}"

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


def _drawn_by_studies() -> frozenset[str]:
    """The pictures that some experiment makes; others may be anybody's own."""
    makers: list[Any] = [experiments[kind] for kind in experiments]
    return frozenset(
        name for maker in makers for name in (*maker.plots, *maker.further_plots)
    )


def unreadable(points: Points) -> list[Problem]:
    """What is wrong with the tables of the points that are tried, each mistake once."""
    found = {steps: points.problems_of(steps) for steps in points.tried()}
    problems = []
    for mistake, causes in attributed(found):
        assert isinstance(mistake, Problem)
        told = [places(cause, points.dimensions) for cause in causes]
        origin = f" (from {some(told)})" if told and told != [mistake.path] else ""
        problems.append(Problem(f"{mistake.path}{origin}", mistake.message))
    return _first(problems)


def _first(problems: list[Problem]) -> list[Problem]:
    """The first problems, and how many there are besides."""
    more = len(problems) - MOST_TOLD
    if more <= 1:
        return problems
    return [*problems[:MOST_TOLD], Problem("", f"{more} more of this kind")]


def _named(labels: list[str]) -> str:
    """The number of points, and the labels of the first ones."""
    more = f" and {len(labels) - MOST_NAMED} more" if len(labels) > MOST_NAMED else ""
    named = f" ({'; '.join(labels[:MOST_NAMED])}{more})" if any(labels) else ""
    return f"{many(len(labels), 'point')}{named}"


def _sizes(found: list[Sizes]) -> str:
    """The sizes of points: one for all, or the smallest and the largest."""
    memories, features, probes, room = (
        sorted({*each}) for each in zip(*found, strict=True)
    )
    told = lambda x: f"{x[0]} to {x[-1]}" if len(x) > 1 else str(x[0])
    most = "at most about" if len(room) > 1 else "about"
    return (
        f"{told(memories)} memories of {told(features)} features, {told(probes)} "
        f"probe{'' if probes == [1] else 's'}, {most} {in_bytes(room[-1])}"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ArithmeticError):
        return f"these numbers cannot be computed with ({error}); use others"
    return str(error)
