"""What every experiment receives, and the variables that every simulation leaves."""

import abc
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .._common.names import nearest
from .._common.registry import Registry
from .._common.streams import Stream
from ..certificates import certify
from ..data.sources import PatternSet, ProbeSet
from ..dynamics import Binary, Dynamics
from ..dynamics.spins.relaxation import relax, Relaxation
from ..network import Network
from ..records import Dataset, dataset, Record
from ..simulation import simulate
from ..trajectory import Ending, Trajectory


experiments = Registry("experiment")


class RunSettings(BaseModel):
    """The table `[run]`: how long, how exactly, and what to keep. See `simulate`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    duration: float = Field(20.0, gt=0, allow_inf_nan=False)
    samples: int = Field(101, ge=2)
    solver: Literal[
        "auto",
        "tsit5",
        "dopri8",
        "kvaerno3",
        "kvaerno5",
        "altimex",
        "stock_tsit5",
        "stock_dopri8",
    ] = "auto"
    step: float | None = Field(None, gt=0, allow_inf_nan=False)
    rtol: float | None = Field(None, gt=0, allow_inf_nan=False)
    atol: float | None = Field(None, gt=0, allow_inf_nan=False)
    until: Literal["steady", "duration"] = "steady"
    residual_tolerance: float | None = Field(None, gt=0, allow_inf_nan=False)
    max_steps: int = Field(100_000, ge=1, lt=2**31)
    save: list[Literal["v", "g", "h"]] = ["v"]
    clamped: Literal["none", "visible"] | list[int] = "none"
    memory_start: Literal["slaved", "zero"] = "slaved"
    step_energies: int = Field(0, ge=0)  # probes whose every step is kept

    @field_validator("clamped", mode="before")
    @classmethod
    def _one_of_three(cls, value: Any) -> Any:
        numbers = isinstance(value, list) and all(type(i) is int for i in value)
        if not (numbers or value in ("none", "visible")):
            raise ValueError('must be "none", "visible" or a list of feature numbers')
        return value


class Sweep(BaseModel):
    """The table `[experiment.sweep]`: one entry of the scenario, several values."""

    model_config = ConfigDict(extra="forbid", strict=True)

    path: str
    values: list[Any] = Field(min_length=1)


@dataclasses.dataclass(frozen=True)
class Setting:
    """One point of a study, built and ready to run."""

    label: str
    value: float | None  # the swept number, if it is one
    patterns: PatternSet
    network: Network
    dynamics: Dynamics
    probes: ProbeSet
    run: RunSettings
    stream: Stream  # of random numbers that the experiment itself may draw
    training: Any  # TrainingSettings
    redrawn: Callable[[int], "Setting"]  # the same point, its number-th set of patterns

    def simulate(
        self, progress: Callable | None = None, **overrides: Any
    ) -> Trajectory:
        """`hopsim.simulate` with this setting's arguments, some of them overridden."""
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
            "progress": progress,
            "key": self.stream.child("sweeps"),  # of the orders and coins of spins
        }
        return simulate(self.network, dynamics, probes, **(settings | overrides))

    def relax(self, **overrides: Any) -> Relaxation:
        """`hopsim.relax` of the probes; the duration is the largest number of sweeps.

        Further arguments, and `network`, `dynamics` or `starts`, override those of the
        setting. Raises ValueError unless the dynamics are binary.
        """
        dynamics = overrides.pop("dynamics", self.dynamics)
        if not isinstance(dynamics, Binary):
            raise ValueError(
                'Spins are swept under dynamics kind "binary", got '
                f"{type(dynamics).__name__}; set it so."
            )
        settings = {
            "max_sweeps": max(1, int(self.run.duration)),
            "clamped": self._clamped(),
            "key": self.stream.child("sweeps"),
        }
        network = overrides.pop("network", self.network)
        starts = overrides.pop("starts", self.probes.values)
        return relax(network, dynamics, starts, **(settings | overrides))

    def _clamped(self) -> np.ndarray | None:
        features, asked = self.network.features, self.run.clamped
        if asked == "none":
            return None
        if asked == "visible":
            if self.probes.hidden is None:
                raise ValueError(
                    'run.clamped = "visible" needs probes with a hidden part, such as '
                    'probes.occluded = "lower".'
                )
            return ~self.probes.hidden
        mask = np.zeros(features, bool)
        wrong = [i for i in asked if not 0 <= i < features]
        if wrong:
            raise ValueError(
                f"run.clamped lists features from 0 to {features - 1}, got {wrong}."
            )
        mask[asked] = True
        return mask


@dataclasses.dataclass(frozen=True)
class Study:
    """All points of an experiment, and where to report progress."""

    settings: tuple[Setting, ...]
    progress: Callable[[str, int, int], None] | None = None
    place: Path | None = None  # where a training leaves its checkpoints
    interrupted: Callable[[], bool] = lambda: False  # True: leave one and stop
    tell: Callable[[str, dict[str, float]], None] | None = None  # of each epoch

    def reporter(self, number: int, runs: int | None = None) -> Callable | None:
        """A progress callback for the `number`th of all runs."""
        if self.progress is None:
            return None
        tell, runs = self.progress, runs or len(self.settings)
        return lambda done, total: tell("probes", number * total + done, runs * total)

    def told(self, label: str) -> Callable[[dict[str, float]], None]:
        """A callback for each epoch of the training of one point."""

        def of(values: dict[str, float]) -> None:
            if self.tell is not None:
                self.tell(label, values)
            elif self.progress is not None:
                what = f"epochs {label}".strip()
                self.progress(what, int(values["epoch"]), int(values["epochs"]))

        return of


class AbstractExperiment(BaseModel, abc.ABC):
    """A kind of study: what `[experiment]` may say, and how it is run.

    To add one: subclass with its fields, set `plots`, implement `run`, and register it.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    plots: ClassVar[tuple[str, ...]] = ()
    trains: ClassVar[bool] = False  # it learns memories: [training] says how

    sweep: Sweep | None = None
    variants: dict[str, dict[str, Any]] | None = None
    only: list[str] | None = None  # the variants to run; for [quick], say

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
        """Compute everything and keep it on the host."""


# --- variables that a simulation leaves ---------------------------------------------

TIME = {"long_name": "time t", "units": "tau_feature"}
PURE = {"units": "1"}


def trajectory_data(setting: Setting, trajectory: Trajectory) -> Dataset:
    """One run as a dataset, with its certificate."""
    return dataset(trajectory_variables(setting, trajectory), _image_attrs(setting))


def trajectory_variables(
    setting: Setting, trajectory: Trajectory
) -> dict[str, tuple[Any, ...]]:
    """The variables of one run, with dimensions, units and its certificate."""
    certificate = certify(setting.network, trajectory)
    one, path = ("probe",), ("probe", "sample")
    energies = {
        "energy": trajectory.energy,
        "effective_energy": trajectory.effective_energy,
        "gap": trajectory.gap,
        "dissipation": trajectory.dissipation,
    }
    per_probe = {
        "end_time": (trajectory.end_time, TIME),
        "steps": (trajectory.steps, PURE),
        "rejected": (trajectory.rejected, PURE),
        "residual": (trajectory.residual, PURE),
        "worst_rise": (trajectory.worst_rise, PURE),
        "worst_time": (trajectory.worst_time, TIME),
        "rise_limit": (trajectory.rise_limit, PURE),
        "worst_excess": (trajectory.worst_excess, PURE),
        "ledger_residual": (certificate.ledger_residual, PURE),
        "ledger_tolerance": (certificate.ledger_tolerance, PURE),
        "certified": (certificate.holds, PURE),
        "converged": (trajectory.converged, PURE),
        "ending": (trajectory.ending, PURE | _ending_flags()),
        "target": (setting.probes.targets, {"long_name": "memory aimed at, -1: none"}),
    }
    variables: dict[str, tuple[Any, ...]] = {
        "time": ("sample", trajectory.times, TIME),
        "memories": (("memory", "feature"), np.asarray(setting.network.memories), PURE),
        "cue": (("probe", "feature"), setting.probes.values, PURE),
        "final": (("probe", "feature"), trajectory.final, PURE),
        "promised": ((), certificate.promised, PURE),
        "promise": ((), f"{trajectory.promise.kind}: {trajectory.promise.reason}"),
        "solver": ((), trajectory.solver),
        "notice": ((), trajectory.notice or ""),
        "seconds": ((), trajectory.seconds, {"units": "s"}),
    }
    variables |= {k: (path, x, PURE) for k, x in energies.items()}
    variables |= {k: (one, x, attrs) for k, (x, attrs) in per_probe.items()}
    axes = {"v": "feature", "g": "feature", "h": "memory"}
    for name in setting.run.save:
        state = getattr(trajectory, name)
        variables[name] = (("probe", "sample", axes[name]), state, PURE)
    if setting.patterns.labels is not None:
        variables["memory_class"] = ("memory", setting.patterns.labels, PURE)
    if setting.patterns.offset is not None:
        variables["offset"] = ("feature", setting.patterns.offset, PURE)
    if setting.probes.hidden is not None:
        variables["hidden"] = ("feature", setting.probes.hidden, PURE)
    if setting.value is not None:
        variables["value"] = ((), setting.value)
    return variables


def step_data(trajectory: Trajectory) -> Dataset | None:
    """Every accepted step of the first few probes: rises and their limits."""
    log = trajectory.step_log
    if log is None:
        return None
    rise = np.diff(log.energy, axis=1)
    lost = np.maximum(np.diff(log.dissipation, axis=1), 0)
    scale = np.maximum(log.scale[:, 1:], log.scale[:, :-1])
    limit = trajectory.rise_gain * lost + trajectory.rise_tolerance * scale
    axes = ("logged", "step")
    return dataset(
        {
            "step_time": (axes, log.time[:, 1:], TIME),
            "step_energy": (axes, log.energy[:, 1:], PURE),
            "step_rise": (axes, rise, PURE | {"long_name": "E(new) - E(old)"}),
            "step_limit": (axes, limit, PURE | {"long_name": "rise that is tolerated"}),
        }
    )


def _image_attrs(setting: Setting) -> dict[str, int]:
    if setting.patterns.image is None:
        return {}
    rows, columns = setting.patterns.image
    return {"image_rows": rows, "image_columns": columns}


def _ending_flags() -> dict[str, Any]:
    return {
        "flag_values": [int(e) for e in Ending],
        "flag_meanings": " ".join(e.name.lower() for e in Ending),
    }
