"""Settings, and the base class of experiments."""

import abc
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from .._common.names import nearest, shown
from .._common.registry import Registry
from .._common.streams import Stream
from ..data.sources import PatternSet, ProbeSet
from ..dynamics import (
    AbstractSpinDynamics,
    Dynamics,
    Execution,
    expected,
    Output,
    Request,
    Tolerances,
)
from ..dynamics.spins.relaxation import check_relaxation, relax, Relaxation
from ..dynamics.spins.sampling import check_sampling
from ..network import Network
from ..records import Dataset, dataset, join_points, Record, Variables
from ..simulation import check_request, simulate
from ..trajectory import Trajectory
from ._settings import RunSettings, Sweep
from ._units import grouped, StudyPoint, Unit, UnitContext


experiments = Registry("experiment", completed_by=("hopsim.validation",))

GOES_ON = ("since", "resumption")  # of a request: what simulate reads off its start


@dataclasses.dataclass(frozen=True)
class Setting:
    """One point of a study, built and ready to run."""

    label: str
    value: float | None  # the swept value, if it is a number
    patterns: PatternSet
    network: Network
    dynamics: Dynamics
    probes: ProbeSet
    run: RunSettings
    stream: Stream  # random numbers of the experiment itself
    training: Any  # TrainingSettings
    redrawn: Callable[[int], "Setting"]  # the same point, its number-th set of patterns
    sketched: bool = False  # nothing is drawn: one number stands for all

    def simulate(
        self, on_progress: Callable | None = None, **overrides: Any
    ) -> Trajectory:
        """`hopsim.simulate` with this setting's arguments, some of them overridden."""
        dynamics, probes, request = self._request(overrides)
        if on_progress is not None:
            where = dataclasses.replace(request.execution, progress=on_progress)
            request = dataclasses.replace(request, execution=where)
        given = [f.name for f in fields(Request) if f.name not in GOES_ON]
        arguments = {name: getattr(request, name) for name in given}
        return simulate(self.network, dynamics, probes, **arguments)

    def may_simulate(self, **overrides: Any) -> None:
        """Raises ValueError where `simulate` would refuse; computes nothing."""
        overrides = dict(overrides)
        network = overrides.pop("network", self.network)
        dynamics, probes, request = self._request(overrides)
        check_request(network, dynamics, probes, request)

    def relax(self, **overrides: Any) -> Relaxation:
        """`hopsim.relax` of the probes; the duration is the largest number of sweeps.

        Further arguments, and `network`, `dynamics` or `starts`, override those of the
        setting. Raises ValueError unless the dynamics are binary.
        """
        network, dynamics, starts, settings = self._relaxation(overrides)
        settings["key"] = settings.get("key", self.stream.child("sweeps"))
        return relax(network, dynamics, starts, **settings)

    def may_relax(self, **overrides: Any) -> None:
        """Raises ValueError where `relax` would refuse; computes nothing."""
        network, dynamics, starts, settings = self._relaxation(overrides)
        most, clamped = settings["max_sweeps"], settings["clamped"]
        check_relaxation(network, dynamics, starts, most, clamped)

    def may_sample(self, sweeps: int, burn: int = 0, drawn: bool = False) -> None:
        """Raises ValueError where `hopsim.sample` would refuse the probes.

        With `drawn` the experiment draws its own starts.
        """
        dynamics: Any = self.dynamics
        starts = np.ones((1, self.network.features)) if drawn else self.probes.values
        check_sampling(self.network.features, dynamics, starts, sweeps, burn)

    def _request(self, overrides: dict[str, Any]) -> tuple[Dynamics, Any, Request]:
        """What `simulate` is asked for: dynamics, probes, and all other arguments."""
        run = self.run.model_dump(exclude={"clamped", "memory_start", "step_energies"})
        overrides = dict(overrides)
        dynamics = overrides.pop("dynamics", self.dynamics)
        probes = overrides.pop("probes", self.probes.values)
        start = None
        if self.run.memory_start == "zero":
            start = np.zeros((len(probes), self.network.count))
        settings = run | {
            "clamped": self._clamped(),
            "memory_start": start,
            "step_log": min(self.run.step_energies, len(probes)),
            "key": self.stream.child("sweeps"),  # of the orders and coins of spins
        }
        settings |= overrides
        settings["residual"] = settings.pop("residual_tolerance")
        take = lambda group: group(
            **{
                f.name: settings.pop(f.name)
                for f in fields(group)
                if f.name in settings
            }
        )
        groups = {
            "tolerances": take(Tolerances),
            "output": take(Output),
            "execution": take(Execution),
        }
        return dynamics, probes, Request(**settings, **groups)

    def _relaxation(
        self, overrides: dict[str, Any]
    ) -> tuple[Network, AbstractSpinDynamics, Any, dict[str, Any]]:
        """What `relax` is asked for: network, dynamics, starts, and the rest."""
        overrides = dict(overrides)
        dynamics = overrides.pop("dynamics", self.dynamics)
        dynamics = expected(dynamics, AbstractSpinDynamics, "relaxation of spins")
        settings = {
            "max_sweeps": max(1, int(self.run.duration)),
            "clamped": self._clamped(),
        }
        network = overrides.pop("network", self.network)
        starts = overrides.pop("starts", self.probes.values)
        return network, dynamics, starts, settings | overrides

    def _clamped(self) -> np.ndarray | None:
        features, clamped = self.network.features, self.run.clamped
        if clamped == "none":
            return None
        if clamped == "visible":
            if self.probes.hidden is None:
                raise ValueError(
                    'run.clamped = "visible" needs probes with a hidden part, such as '
                    'probes.occluded = "lower".'
                )
            return ~self.probes.hidden
        mask = np.zeros(features, bool)
        wrong = [i for i in clamped if not 0 <= i < features]
        if wrong:
            raise ValueError(
                f"run.clamped lists features from 0 to {features - 1}, got {wrong}."
            )
        mask[clamped] = True
        return mask


class AbstractExperiment(BaseModel, abc.ABC):
    """A kind of study: the entries of `[experiment]`, and how it is run.

    Its work is cut into units, each of which can be computed anywhere, in any order,
    and kept. To add one: subclass with its fields, set `plots`, implement `perform`
    and, with what it asks of a setting, `validate_setting`, and register it. If a point
    has more than one unit, implement `units` and `joined`.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    plots: ClassVar[tuple[str, ...]] = ()
    further_plots: ClassVar[tuple[str, ...]] = ()  # that its record can give, if asked
    trains: ClassVar[bool] = False  # it learns memories: [training] says how
    sets_are_units: ClassVar[bool] = False  # each set of patterns is one of its own
    unit_name: ClassVar[str] = ""  # in its progress, if it is units that it counts

    sweep: Sweep | None = None
    variants: dict[str, dict[str, Any]] | None = None
    only: list[str] | None = None  # variants to run (default all), as in [quick]

    @model_validator(mode="after")
    def _one_of_two(self) -> "AbstractExperiment":
        if self.sweep is not None and self.variants is not None:
            raise ValueError("give either a sweep or variants, not both")
        known = list(self.variants or {})
        for label in self.only or ():
            if label not in known:
                hint = nearest(label, known) if known else "there are no variants"
                raise ValueError(f"only names variants, got {shown(label)}; {hint}")
        return self

    def validate_setting(self, setting: Setting) -> None:
        """Raises ValueError for a setting that this experiment cannot run.

        Asked when a scenario is read, of a sketch (`setting.sketched`): memories and
        probes have their sizes, labels, aims and masks, and stand in for what is not
        drawn yet. Asked again when it is run, of what was drawn. It computes nothing.
        """

    def validate_study(self, settings: Sequence[Setting]) -> None:
        """The same for what all points of a study must be together."""

    def missing(self, plot: str, setting: Setting) -> str:
        """What a picture of its own would not find in its record; nothing if it does.

        Asked of the sketch of every point for pictures that a scenario names.
        """
        if plot == "overlap" and not np.any(setting.probes.targets >= 0):
            return "probes that aim at memories"
        if plot in ("film", "gallery") and setting.patterns.image is None:
            return "images as memories"
        if plot == "film" and "v" not in setting.run.save:
            return 'the states: "v" in run.save'
        if plot == "sweep" and setting.value is None:
            return "a sweep of numbers"
        return ""

    def entries(self, setting: Setting) -> float:
        """The largest number of numbers that one point holds at a time, roughly."""
        network, probes = setting.network, len(setting.probes.values)
        return float(network.features) * (network.count + probes)

    def labels(self, settings: list[str]) -> list[str]:
        """The labels of the record's points, given those of the settings."""
        return settings

    def units(self, points: Sequence[StudyPoint]) -> list[Unit]:
        """Everything that is to be computed; one unit for each point by default."""
        return [Unit(k) for k in range(len(points))]

    @abc.abstractmethod
    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        """The variables of one unit, `{name: (dimensions, values)}`, on the host.

        `setting` is that of the unit's point with its first set of patterns, of which
        `setting.redrawn(unit.set)` gives the others. What is computed depends on
        nothing else. Variables of a group of the record are named "group/name".
        """

    def joined(self, point: StudyPoint, found: Mapping[Unit, Variables]) -> Dataset:
        """One point of the record, of those of its units that there are."""
        (variables,) = found.values()
        return dataset(variables)

    def gathered(
        self, points: Sequence[StudyPoint], found: Mapping[Unit, Variables]
    ) -> Record:
        """The record of all points of which there are units."""
        parts: dict[int, dict[Unit, Mapping[str, Variables]]] = {}
        for unit in sorted(found):
            parts.setdefault(unit.point, {})[unit] = grouped(found[unit])
        labels = self.labels([point.label for point in points])
        each = [set(groups) for units in parts.values() for groups in units.values()]

        def of(group: str) -> Dataset:
            joined = []
            for k, units in parts.items():
                mine = {unit: groups[group] for unit, groups in units.items()}
                data = self.joined(points[k], mine)
                joined.append(data if group else _valued(data, points[k]))
            return join_points(joined, [labels[k] for k in parts])

        common = sorted(set.intersection(*each) - {""})
        return Record(of(""), {group: of(group) for group in common})


def _valued(data: Dataset, point: StudyPoint) -> Dataset:
    """With the swept value, unless the study has said it."""
    if point.value is None or "value" in data:
        return data
    return data.assign(value=point.value)
