"""Classification of images by trained memories, and how these memories decide."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from ..._common.names import nearest, shown
from ...data import datasets
from ...records import Record, Variables
from ...training import (
    answers_in_chunks,
    Associative,
    Examples,
    objective_of,
    predicted_class,
)
from ...training.prototypes import dominant, votes
from .._base import experiments, Setting
from .._training import AbstractTraining
from .._units import StudyPoint, Unit, UnitContext
from .._variables import PURE


@experiments.register("classifier")
class Classifier(AbstractTraining):
    r"""Class units classify images by one update, $c = \tanh(\beta\,\Delta E)$.

    The record holds, for each of `sets` training runs (row `training`): the curves over
    `epoch`, the class `predicted` of each test image, the confusion matrix, F1 of each
    class, the number of classes that each memory votes for (class weights above
    `cutoff`), the number of memories that decide each test image (terms of more than
    `share` of the largest), the error when normal noise of each size in `noise` is
    added to the test images, how often each dual form agrees with the associative one,
    and the epoch in which the test error was first below `level` (`crossed`; NaN:
    never). The variants in `beside` are trained once, and only if the folder
    `HOPSIM_DATA` holds their images (nothing is downloaded); those left out have no
    verdict. `memories` are those of the first run. [KH16 sec. 4 and app. A; THEORY
    DAM-15 to DAM-20]
    """

    plots: ClassVar[tuple[str, ...]] = ("learning_curves", "learnt_memories")
    further_plots: ClassVar[tuple[str, ...]] = (
        *("class_votes", "deciding_memories", "noise_robustness", "confusion"),
    )

    cutoff: float = Field(0.9, ge=-1, le=1)
    share: float = Field(0.9, gt=0, le=1)
    noise: list[float] = Field(default_factory=list)
    level: float = Field(0.02, gt=0, lt=1)  # of KH16's Figure 3
    beside: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_variants(self) -> "Classifier":
        for label in self.beside:
            if label not in (self.variants or {}):
                hint = nearest(label, list(self.variants or {}) or ["none"])
                raise ValueError(f"beside names variants, got {shown(label)}; {hint}")
        return self

    def missing(self, plot: str, setting: Setting) -> str:
        if plot == "noise_robustness" and not self.noise:
            return "sizes of noise in experiment.noise"
        return super().missing(plot, setting)

    def validate_setting(self, setting: Setting) -> None:
        if setting.label not in self.beside or _held(setting.training.images):
            super().validate_setting(setting)

    def validate_study(self, settings: Sequence[Setting]) -> None:
        beside = [s for s in settings if s.label in self.beside]
        there = [_held(s.training.images) for s in beside]
        if len(beside) == len(settings) and not any(there):
            raise ValueError(
                "No variant is left: HOPSIM_DATA holds the images of none that "
                "experiment.beside names; set it, or add one with the bundled digits."
            )

    def units(self, points: Sequence[StudyPoint]) -> list[Unit]:
        """Variants beside the others are trained once."""
        return [
            Unit(k, number)
            for k, point in enumerate(points)
            for number in range(1 if point.label in self.beside else self.sets)
        ]

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        """Nothing where the images of a variant beside the others are not held."""
        if setting.label in self.beside and not _held(setting.training.images):
            return {}
        return self._trained(setting.redrawn(unit.set), context)

    def gathered(
        self, points: Sequence[StudyPoint], found: Mapping[Unit, Variables]
    ) -> Record:
        record = super().gathered(points, {u: x for u, x in found.items() if x})
        left_out = [points[u.point].label for u in sorted(found) if not found[u]]
        record.attrs["left_out"] = "\n".join(left_out)
        return record

    def _trained(self, setting: Setting, context: UnitContext) -> Variables:
        """One training run, and all variables measured after it."""
        given = setting.training
        learn, test, image = given.examples(setting.stream)
        record = self.learn(setting, context, learn, test)
        memories, pixels = record["memories"].values, learn.states.shape[1]
        classes = memories.shape[1] - pixels
        last = max(record.data.sizes["epoch"] - 1, 0)
        scale = np.asarray(given.temperature_at(last), memories.dtype)
        network = setting.network
        states = test.states.astype(memories.dtype)

        def classified(form: Any, shown: np.ndarray = states) -> np.ndarray:
            objective = objective_of(network, form, 1, given.scaling)
            return predicted_class(answers_in_chunks(objective, memories, scale, shown))

        predicted = classified(given.form)
        noisy = [
            np.mean(classified(given.form, shown) != test.labels)
            for shown in self._noisy(setting, test, memories.dtype)
        ]
        associative = classified("associative")
        objective = objective_of(network, "associative", 1, given.scaling)
        assert isinstance(objective, Associative)
        deciding = dominant(objective, memories, scale, states, self.share)
        voted = votes(memories, pixels, self.cutoff)
        scores = _scores(test.labels, predicted, classes)
        curves = {
            name: (("training", "epoch"), record[name].values[None], record[name].attrs)
            for name in record.data.data_vars
            if record[name].dims == ("epoch",)
        }
        one = {
            "predicted": (("training", "item"), predicted[None], PURE),
            "wanted": (("training", "item"), test.labels[None], PURE),
            "confusion": (("training", "class", "answer"), scores["confusion"][None]),
            "f1": (("training", "class"), scores["f1"][None], PURE),
            "macro_f1": ("training", np.array([np.mean(scores["f1"])]), PURE),
            "error": ("training", np.array([np.mean(predicted != test.labels)]), PURE),
            "undecided": ("training", np.array([np.sum(predicted < 0)]), PURE),
            "votes": (("training", "memory"), voted[None], PURE),
            "one_vote": ("training", np.array([np.mean(voted == 1)]), PURE),
            "deciding": (("training", "item"), deciding[None], PURE),
            "single": ("training", np.array([np.mean(deciding == 1)]), PURE),
            "dual_agrees": (
                "training",
                np.array([np.mean(associative == classified("dual"))]),
                PURE,
            ),
            "dual_off_agrees": (
                "training",
                np.array([np.mean(associative == classified("dual_off"))]),
                PURE,
            ),
            "noise_error": (("training", "noise"), np.array(noisy)[None], PURE),
            "crossed": ("training", np.array([self._crossed(record)]), PURE),
        }
        return {
            **curves,
            **one,
            "epoch": ("epoch", record["epoch"].values),
            "noise": ("noise", np.asarray(self.noise, float)),
            "memories": (("memory", "feature"), memories, PURE),
            "start": (("memory", "feature"), record["start"].values, PURE),
            "ended": ("training", np.array([str(record["ending"].values)])),
            "image_rows": ((), image[0]),
            "image_columns": ((), image[1]),
            "n": ((), getattr(objective.interaction, "n", 0), PURE),
        }

    def _crossed(self, record: Record) -> float:
        """The first epoch with a test error below the level; NaN if there is none."""
        below = record["test_error"].values < self.level
        return (
            float(record["epoch"].values[np.argmax(below)]) if below.any() else np.nan
        )

    def _noisy(self, setting: Setting, test: Examples, dtype: Any):
        """The test images with noise of every size, cut to [-1, 1]."""
        draw = setting.stream.child("noise").generator()
        drawn = draw.standard_normal(test.states.shape)
        for size in self.noise:
            yield np.clip(test.states + size * drawn, -1, 1).astype(dtype)


def _held(images: str) -> bool:
    splits = ("train", "test")
    return images == "digits" or all(datasets.held(images, x) for x in splits)


def _scores(
    labels: np.ndarray, predicted: np.ndarray, classes: int
) -> dict[str, np.ndarray]:
    from sklearn.metrics import confusion_matrix, f1_score

    known = list(range(classes))
    settings: Any = {"labels": known, "average": None, "zero_division": 0}
    return {
        "confusion": confusion_matrix(labels, predicted, labels=known),
        "f1": np.asarray(f1_score(labels, predicted, **settings)),
    }
