"""Settings, studies, and the base class of experiments."""

import abc
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from .._common.names import nearest
from .._common.registry import Registry
from .._common.streams import Stream
from ..data.sources import PatternSet, ProbeSet
from ..dynamics import AbstractSpinDynamics, Dynamics, expected
from ..dynamics.spins.relaxation import relax, Relaxation
from ..network import Network
from ..records import Record
from ..simulation import simulate
from ..trajectory import Trajectory
from ._settings import RunSettings, Sweep


experiments = Registry("experiment", completed_by=("hopsim.validation",))


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
    redrawn: Callable[[int], "Setting"]  # this point with the k-th set of patterns

    def simulate(
        self, on_progress: Callable | None = None, **overrides: Any
    ) -> Trajectory:
        """`hopsim.simulate` with the arguments of this setting, unless overridden."""
        run = self.run.model_dump(exclude={"clamped", "memory_start", "step_energies"})
        dynamics = overrides.pop("dynamics", self.dynamics)
        probes = overrides.pop("probes", self.probes.values)
        start = None
        if self.run.memory_start == "zero":
            start = np.zeros((len(probes), self.network.count))
        settings = run | {
            "clamped": self._clamped(),
            "memory_start": start,
            "step_log": min(self.run.step_energies, len(probes)),
            "progress": on_progress,
            "key": self.stream.child("sweeps"),  # visiting orders and coins of spins
        }
        return simulate(self.network, dynamics, probes, **(settings | overrides))

    def relax(self, **overrides: Any) -> Relaxation:
        """`hopsim.relax` from the probes, for at most `run.duration` sweeps.

        Further arguments, and `network`, `dynamics` or `starts`, override those of the
        setting. Raises ValueError for flows and for a heat bath.
        """
        dynamics = overrides.pop("dynamics", self.dynamics)
        dynamics = expected(dynamics, AbstractSpinDynamics, "relaxation of spins")
        settings = {
            "max_sweeps": max(1, int(self.run.duration)),
            "clamped": self._clamped(),
            "key": self.stream.child("sweeps"),
        }
        network = overrides.pop("network", self.network)
        starts = overrides.pop("starts", self.probes.values)
        return relax(network, dynamics, starts, **(settings | overrides))

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


@dataclasses.dataclass(frozen=True)
class Study:
    """All points of an experiment, and callbacks for progress and stopping."""

    settings: tuple[Setting, ...]
    on_progress: Callable[[str, int, int], None] | None = None
    place: Path | None = None  # folder for checkpoints of training
    should_stop: Callable[[], bool] = lambda: False  # True: save one and stop
    on_epoch: Callable[[str, dict[str, float]], None] | None = None

    def progress_callback(
        self, number: int, runs: int | None = None
    ) -> Callable | None:
        """A callback `(done, total)` for run `number` of `runs`; None if unused."""
        if self.on_progress is None:
            return None
        report, runs = self.on_progress, runs or len(self.settings)
        return lambda done, total: report("probes", number * total + done, runs * total)

    def epoch_callback(self, label: str) -> Callable[[dict[str, float]], None]:
        """A callback that reports every epoch of training of the point `label`."""

        def of(values: dict[str, float]) -> None:
            if self.on_epoch is not None:
                self.on_epoch(label, values)
            elif self.on_progress is not None:
                what = f"epochs {label}".strip()
                self.on_progress(what, int(values["epoch"]), int(values["epochs"]))

        return of


class AbstractExperiment(BaseModel, abc.ABC):
    """A kind of study: the entries of `[experiment]`, and how it is run.

    To add one: subclass with its fields, set `plots`, implement `run`, and register it.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    plots: ClassVar[tuple[str, ...]] = ()
    trains: ClassVar[bool] = False  # True: trains memories, by [training]

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
                raise ValueError(f"only names variants, got {label!r}; {hint}")
        return self

    def labels(self, settings: list[str]) -> list[str]:
        """The labels of the record's points, given those of the settings."""
        return settings

    @abc.abstractmethod
    def run(self, study: Study) -> Record:
        """Compute the record of all points, with arrays on the host."""
