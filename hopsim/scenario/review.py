"""The review of a scenario: what a run would refuse, known before anything is drawn.

Memories and probes are sketches here, which have their sizes, labels, aims and masks.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

from .._common.cores import in_bytes, require_room
from .._common.environment import precision
from .._common.names import shown
from ..checks import AbstractCheck
from ..experiments import AbstractExperiment, experiments, Setting
from ..plots import plots
from .header import Header
from .points import Point
from .toml_files import Problem


@dataclasses.dataclass(frozen=True)
class Review:
    """What a run of a scenario would refuse, and what it asks for."""

    header: Header
    points: tuple[Point, ...]
    experiment: AbstractExperiment
    checks: tuple[AbstractCheck, ...]

    def problems(self) -> list[Problem]:
        """What would be refused; nothing if all is well."""
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

    def lines(self) -> list[str]:
        """What is asked for: one line for all points of the same sizes."""
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
