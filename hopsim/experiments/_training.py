"""The table `[training]`, and the base class of experiments that train memories."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from .._common.names import nearest
from .._common.streams import Stream
from ..data import datasets
from ..records import Dataset, Record, Variables
from ..training import (
    Examples,
    from_images,
    objective_of,
    OPTIMISERS,
    Pairs,
    rule_of,
    train,
)
from ._base import AbstractExperiment, Setting
from ._ensemble import stacked
from ._units import StudyPoint, Unit, UnitContext


CLASSES = 10  # of every data set


class Ramp(BaseModel):
    """A training temperature that changes linearly over the first epochs."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    start: float = Field(gt=0, allow_inf_nan=False)
    end: float = Field(gt=0, allow_inf_nan=False)
    epochs: int = Field(ge=1)

    def __call__(self, epoch: int) -> float:
        share = min(epoch, self.epochs) / self.epochs
        return self.start + (self.end - self.start) * share


class TrainingSettings(BaseModel):
    """The table `[training]`: examples, loss and update rule. See `train`.

    The defaults train on the bundled digits within seconds. [KH16 app. A]
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    images: Literal["digits", "mnist", "fashion_mnist", "mnist_small"] = "digits"
    train: int | None = Field(None, ge=1)  # training images; default: all
    test: int | None = Field(None, ge=1)
    form: Literal["associative", "dual", "dual_off", "recall"] = "associative"
    scaling: Literal["original", "modified"] = "original"
    temperature: float | Ramp = 45.0
    error_exponent: int = Field(5, ge=1)
    epochs: int = Field(100, ge=1)
    batch: int = Field(50, ge=1)
    order: Literal["shuffled", "balanced"] = "shuffled"
    rule: str = "krotov_hopfield"  # or the name of an optimiser of optax
    learning_rate: float = Field(0.04, gt=0, allow_inf_nan=False)
    learning_rate_decay: float = Field(0.998, gt=0, le=1)  # a factor for each epoch
    momentum: float = Field(0.6, ge=0, lt=1)
    floor: float = Field(1e-30, gt=0, allow_inf_nan=False)
    # of form = "recall": what a probe hides, what is learnt beside the memories, and
    # for how long flows run, None until they rest
    occluded: Literal["lower", "upper", "left", "right"] = "lower"
    also: list[str] = Field(default_factory=list)
    duration: float | None = Field(None, gt=0, allow_inf_nan=False)
    checkpoint_seconds: float = Field(10.0, ge=0, allow_inf_nan=False)

    @field_validator("temperature")
    @classmethod
    def _positive(cls, value: float | Ramp) -> float | Ramp:
        if not isinstance(value, Ramp) and not 0 < value < float("inf"):
            raise ValueError("must be a finite number > 0, or a table of a ramp")
        return value

    @field_validator("rule")
    @classmethod
    def _known(cls, name: str) -> str:
        known = ("krotov_hopfield", *OPTIMISERS)
        if name not in known:
            raise ValueError(f"must name a rule; {nearest(name, list(known))}")
        return name

    @property
    def pixels(self) -> int:
        """The number of pixels of an image; further features are class units."""
        return 64 if self.images == "digits" else 784

    def temperature_at(self, epoch: int) -> float:
        """The training temperature of an epoch, counted from 0."""
        ramp = self.temperature
        return ramp(epoch) if isinstance(ramp, Ramp) else ramp

    def rates(self) -> np.ndarray:
        """The learning rate of every epoch."""
        return self.learning_rate * self.learning_rate_decay ** np.arange(self.epochs)

    def sizes(self) -> tuple[int, int]:
        """How many images are learnt, and how many there are to test with.

        Raises ValueError for more than there are.
        """
        if self.images == "digits":
            whole = sum(datasets.digits_outline().counts.values())
            count = 397 if self.test is None else self.test
            most = whole - count
            if most < 1 or (self.train or 1) > most:
                raise ValueError(
                    f"There are {whole} digits to learn and to test with, asked for "
                    f"{self.train or 1} and {count}; ask for fewer."
                )
            return self.train or most, count
        parts = []
        for split, count in (("train", self.train), ("test", self.test)):
            counts = datasets.idx_outline(self.images, split).counts
            datasets.check_selection(counts, None, count, None)
            parts.append(count or sum(counts.values()))
        return parts[0], parts[1]

    def check_examples(self, features: int) -> None:
        """Raises ValueError unless there are images enough, and a unit for each class.

        Classes that happen to miss among few images are seen once these are chosen.
        """
        learn, _ = self.sizes()
        units = features - self.pixels
        if self.form == "recall":
            if units:
                raise ValueError(
                    f"Images of {self.pixels} pixels are recalled by as many features, "
                    f"got memories of {features}; give them {self.pixels}."
                )
            return
        if units < 1:
            raise ValueError(
                "Labels to learn need class units: memories must have more features "
                f"than the {self.pixels} of a state, one for each class; add them."
            )
        if units != CLASSES or learn < CLASSES:
            raise ValueError(
                f"There are {CLASSES} classes of images, each with its unit and an "
                f"example, got {units} class units and {learn} images to learn; give "
                f"memories {self.pixels + CLASSES} features."
            )

    def examples(self, stream: Stream) -> tuple[Examples, Examples, tuple[int, int]]:
        """Training examples, test examples, and the shape (rows, columns) of an image.

        Of data sets with two splits, the first `train` and `test` images; of the
        bundled digits in random order, the first `train` and the last `test` (default
        397). Raises ValueError if there are too few.
        """
        if self.images == "digits":
            whole = datasets.digits()
            order = stream.child("split").generator().permutation(len(whole.labels))
            count, test = self.sizes()
            chosen = order[:count], order[len(order) - test :]
            parts = [
                datasets.Images(whole.pixels[i], whole.labels[i], whole.shape)
                for i in chosen
            ]
        else:
            parts = [
                datasets.select(datasets.idx_images(self.images, split), count=count)
                for split, count in (("train", self.train), ("test", self.test))
            ]
        learn, test = parts
        return from_images(learn), from_images(test), learn.shape


class AbstractTraining(AbstractExperiment):
    """An experiment that trains the memories of every point, for several sets.

    A set has its own initial memories, its own order of the examples and, for the
    bundled digits, its own split.

    To add one: set `plots` and `row`, and implement `perform`, with `learn`.
    """

    trains: ClassVar[bool] = True
    recalls: ClassVar[bool] = False  # by form = "recall"
    sets_are_units: ClassVar[bool] = True
    row: ClassVar[str] = "training"  # the dimension along which sets are stacked

    sets: int = Field(1, ge=1)

    def units(self, points: Sequence[StudyPoint]) -> list[Unit]:
        return [Unit(k, n) for k in range(len(points)) for n in range(self.sets)]

    def joined(self, point: StudyPoint, found: Mapping[Unit, Variables]) -> Dataset:
        return stacked(found, self.row)

    def validate_setting(self, setting: Setting) -> None:
        """What every training asks for; override it with what else one does."""
        given, network = setting.training, setting.network
        given.check_examples(network.features)
        if (given.form == "recall") != self.recalls:
            needs = "form" if self.recalls else "another form than"
            raise ValueError(
                f'This experiment needs training with {needs} = "recall", got form = '
                f'"{given.form}"; set training.form.'
            )
        for scaling in getattr(self, "scalings", [given.scaling]):
            form = self.form(setting)
            objective_of(network, form, given.error_exponent, scaling)

    def form(self, setting: Setting) -> Any:
        """What `train` is told to minimise."""
        return setting.training.form

    def entries(self, setting: Setting) -> float:
        network, given = setting.network, setting.training
        images = (given.train or 0) + (given.test or 0)  # those asked for by number
        return float(network.features) * (4 * network.count + images)

    def learn(
        self,
        setting: Setting,
        context: UnitContext,
        learn: Examples | Pairs,
        test: Examples | Pairs | None,
    ) -> Record:
        """Train the memories of a setting, with the checkpoints that are asked for."""
        given = setting.training
        batch = min(given.batch, len(learn[0]))
        rates = given.rates().astype(setting.network.dtype)
        steps = len(learn[0]) // batch
        return train(
            setting.network,
            learn,
            rule_of(given.rule, rates, steps, given.momentum, given.floor),
            epochs=given.epochs,
            temperature=None if self.recalls else given.temperature_at,
            form=self.form(setting),
            error_exponent=given.error_exponent,
            scaling=given.scaling,
            batch=batch,
            order=given.order,
            test=test,
            key=setting.stream.child("training"),
            checkpoint=context.checkpoint,
            checkpoint_seconds=given.checkpoint_seconds,
            interrupted=context.should_stop,
            told=context.epoch_callback(setting.label),
        )
