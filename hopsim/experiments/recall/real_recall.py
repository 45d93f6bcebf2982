"""Real images as memories: recall against the power of the interaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from ..._common.streams import Stream
from ...data import datasets, patterns
from ...data.sources import memory_sources, PatternSet
from ...lagrangians import AbsoluteValue, RectifiedPolynomial
from ...network import Network
from ...records import Dataset, dataset, join_points, Record, Variables, variables_of
from ...statistics import mean
from .._base import AbstractExperiment, experiments, Setting
from .._spins import require_aims
from .._units import StudyPoint, Unit, UnitContext
from .._variables import PURE


Name = Literal["mnist", "fashion_mnist", "kmnist"]
TASKS = ("flips", "completion")


def _split(name: str) -> str:
    return "test" if name == "kmnist" else "train"


@experiments.register("real_recall")
class RealRecall(AbstractExperiment):
    r"""The share of images that $F = \max(x, 0)^n$ recalls in every bit, for every n.

    Two tasks: "flips" reverses the share `flipped` of all spins, "completion" sets the
    lower half to -1 and clamps the upper one. Targets are those of the scenario's
    probes, and its memories the first point of the record; each data set of `beside`
    that the folder `HOPSIM_DATA` holds is another point, with as many images (nothing
    is downloaded). Of a data set, set 0 holds the first images and further sets random
    ones; `recall` is the mean over the `sets`. `expected` gives known recalls of set 0:
    for each data set and task one for each n, -1 for unknown. [THEORY DAM-21]
    """

    plots: ClassVar[tuple[str, ...]] = ("real_recall", "recalled_images")
    unit_name: ClassVar[str] = "sets of images"

    n: list[int] = Field([5, 10, 20, 30, 50], min_length=1)
    flipped: float = Field(0.1, ge=0, le=0.5)
    sets: int = Field(4, ge=1)
    beside: list[Name] = Field(default_factory=list)
    expected: dict[str, dict[Literal["flips", "completion"], list[float]]] = Field(
        default_factory=dict
    )

    @field_validator("n")
    @classmethod
    def _vertices(cls, n: list[int]) -> list[int]:
        if any(k < 1 for k in n):
            raise ValueError(f"must be interaction vertices >= 1, got {n}")
        return n

    def validate_setting(self, setting: Setting) -> None:
        require_aims(setting, "real_recall")
        if setting.patterns.image is None:
            raise ValueError(
                'The experiment "real_recall" needs images as memories; use memories '
                'kind "digits".'
            )
        there = [name for name in self.beside if datasets.held(name, _split(name))]
        for name in there:
            counts = datasets.idx_outline(name, _split(name)).counts
            datasets.check_selection(counts, None, setting.network.count, None)
        for name in ("memories", *there):
            for task, told in self.expected.get(name, {}).items():
                if len(told) > len(self.n):
                    raise ValueError(
                        f"experiment.expected.{name}.{task} has {len(told)} recalls "
                        f"for {len(self.n)} powers; give one for each, -1 if unknown."
                    )

    def validate_study(self, settings: Sequence[Setting]) -> None:
        if len(settings) > 1:
            raise ValueError(
                'The experiment "real_recall" takes neither a sweep nor variants; list '
                "more images under experiment.beside."
            )

    def units(self, points: Sequence[StudyPoint]) -> list[Unit]:
        return [Unit(0, 0, cell) for cell, _ in enumerate(self._held())]

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        name = self._held()[unit.cell]
        return variables_of(self._measured(setting, name, self._images(setting, name)))

    def gathered(
        self, points: Sequence[StudyPoint], found: Mapping[Unit, Variables]
    ) -> Record:
        """Each set of images is a point of the record."""
        there = sorted(found)
        names = [self._held()[unit.cell] for unit in there]
        return Record(join_points([dataset(found[unit]) for unit in there], names))

    def _held(self) -> list[str]:
        """The names of the sets of images that there are."""
        beside = [name for name in self.beside if datasets.held(name, _split(name))]
        return ["memories", *beside]

    def _images(self, setting: Setting, name: str) -> Callable[[int], PatternSet]:
        """A function that draws a set of these images."""
        if name == "memories":
            return lambda number: setting.redrawn(number).patterns
        source, count = memory_sources[name], setting.network.count
        stream = setting.stream.child(name)
        return lambda number: source(
            stream.child(number), count=count, binary=True, shuffled=number > 0
        )

    def _measured(self, setting: Setting, name: str, draw: Any) -> Dataset:
        shape = (len(TASKS), len(self.n), self.sets, len(setting.probes.targets))
        recalled, converged = np.zeros(shape, bool), np.zeros(shape, bool)
        overlap, shown = np.zeros(shape), {}
        targets = setting.probes.targets
        for number in range(self.sets):
            found: PatternSet = draw(number)
            wanted = found.values[targets]
            stream = setting.stream.child("probes", name, number)
            for t, task in enumerate(TASKS):
                cues, held = self._cues(task, found, targets, stream)
                ends = []
                for k, n in enumerate(self.n):
                    network = Network(
                        found.values, AbsoluteValue(), RectifiedPolynomial(n)
                    )
                    seen = setting.relax(network=network, starts=cues, clamped=held)
                    overlap[t, k, number] = np.mean(wanted * seen.final, axis=1)
                    converged[t, k, number] = seen.converged
                    ends.append(seen.final)
                if number == 0:
                    shown[task] = cues, np.stack(ends), wanted
        recalled = overlap == 1
        each = [[mean(x) for x in task] for task in recalled.mean(axis=-1)]
        first = recalled[:, :, 0].mean(axis=-1)
        known = np.full(shape[:2], -1.0)
        for t, task in enumerate(TASKS):
            given = self.expected.get(name, {}).get(task, [])
            known[t, : len(given)] = given
        line, whole = ("task", "vertex"), ("task", "vertex", "draw", "probe")
        value = np.array([[e.value for e in task] for task in each])
        image = draw(0).image
        return dataset(
            {
                "n": ("vertex", np.asarray(self.n), PURE),
                "task_name": ("task", list(TASKS)),
                "task_number": ("task", np.arange(len(TASKS)), PURE),
                "images": ((), name),
                "image_rows": ((), image[0]),
                "recalled": (whole, recalled, PURE),
                "overlap": (whole, overlap, PURE),
                "converged": (whole, converged, PURE),
                "recall": (line, value, PURE | {"long_name": "share recalled"}),
                "recall_low": (line, np.array([[e.low for e in x] for x in each])),
                "recall_high": (line, np.array([[e.high for e in x] for x in each])),
                "expected": (line, known, PURE | {"long_name": "-1: unknown"}),
                "expected_error": (
                    line,
                    np.where(known >= 0, np.abs(first - known), 0),
                    PURE | {"long_name": "|recall of set 0 - expected|, 0: unknown"},
                ),
                "cue": (
                    ("task", "probe", "feature"),
                    np.stack([shown[task][0] for task in TASKS]),
                    PURE,
                ),
                "final": (
                    ("task", "vertex", "probe", "feature"),
                    np.stack([shown[task][1] for task in TASKS]),
                    PURE,
                ),
                "wanted": (("probe", "feature"), shown[TASKS[0]][2], PURE),
            }
        )

    def _cues(
        self, task: str, found: PatternSet, targets: np.ndarray, stream: Stream
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The initial states, and which spins are clamped (None: none)."""
        wanted = found.values[targets]
        if task == "flips":
            return patterns.corrupted(stream, wanted, flipped=self.flipped), None
        assert found.image is not None
        hidden = patterns.occlusion(found.image, "lower")
        cues = patterns.corrupted(stream, wanted, hidden=hidden, fill=-1.0)
        return cues, ~hidden
