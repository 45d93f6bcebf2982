"""Macro F1 of classifiers over temperature and learning rate, for both scalings."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ...records import Dataset, Variables
from ...training import (
    AbstractObjective,
    answers_in_chunks,
    Examples,
    interaction_of,
    objective_of,
    predicted_class,
    train_grid,
)
from ...training.examples import as_examples, minibatches
from .._base import experiments, Setting
from .._ensemble import stacked
from .._numbers import Positive
from .._training import AbstractTraining
from .._units import StudyPoint, Unit, UnitContext
from .._variables import PURE


@experiments.register("f1_grid")
class F1Grid(AbstractTraining):
    """Macro F1 of classifiers for every n, scaling, temperature and learning rate.

    The interaction function is the network's, with each power of `n`. Temperatures are
    given by `beta`, 1/T of the modified scaling `F(x/(NT))`; the original one,
    `F(x)/T^n`, takes N times its T: for homogeneous F the two are then the same
    function. All cells of one n and scaling share a compiled program. `f1` is that of
    the test images (the validation images of the study), `finite` is false where
    training or answers are not finite. [MRS24 sec. 5.3]
    """

    plots: ClassVar[tuple[str, ...]] = ("f1_grid",)
    unit_name: ClassVar[str] = "grids"

    sets: int = Field(1, ge=1)
    n: Positive[int] = Field([3, 20])
    beta: Positive[float] = Field([0.5, 0.7, 1.0, 1.4, 2.0])
    learning_rates: Positive[float] = Field([0.01, 0.04, 0.16])
    scalings: list[Literal["original", "modified"]] = Field(
        ["original", "modified"], min_length=1
    )

    def validate_setting(self, setting: Setting) -> None:
        super().validate_setting(setting)
        layer = interaction_of(setting.network.memory_lagrangian)
        if not hasattr(layer, "n"):
            raise ValueError(
                'The experiment "f1_grid" varies the power n of the interaction, got '
                f'{type(layer).__name__}; use interaction kind "rectified_polynomial".'
            )
        for n in self.n:
            dataclasses.replace(layer, n=n)

    def units(self, points: Sequence[StudyPoint]) -> list[Unit]:
        """A cell is one scaling and one power: a grid of temperatures and rates."""
        cells = range(len(self.scalings) * len(self.n))
        of_sets = super().units(points)
        return [Unit(unit.point, unit.set, cell) for unit in of_sets for cell in cells]

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        scaling, n = divmod(unit.cell, len(self.n))
        drawn = setting.redrawn(unit.set)
        cells = self._cells(drawn, self.scalings[scaling], self.n[n])
        return {"cells": (("temperature", "rate", "measure"), cells)}

    def joined(self, point: StudyPoint, found: Mapping[Unit, Variables]) -> Dataset:
        cells: dict[Unit, list[np.ndarray]] = {}
        for unit, variables in found.items():
            grids = cells.setdefault(Unit(unit.point, unit.set), [])
            grids.append(variables["cells"][1])
        return stacked({u: self._gathered(x) for u, x in cells.items()}, self.row)

    def _cells(self, setting: Setting, scaling: Any, n: int) -> np.ndarray:
        """Macro F1, and 1 if all was finite (else 0): (temperature, rate, 2)."""
        given, network = setting.training, setting.network
        learn, test, _ = given.examples(setting.stream)
        learn = as_examples(learn, network.features, "to learn", every=True)
        interaction = dataclasses.replace(
            interaction_of(network.memory_lagrangian), n=n
        )
        powered = dataclasses.replace(network, memory_lagrangian=interaction)
        objective = objective_of(powered, given.form, given.error_exponent, scaling)
        stream = setting.stream.child("training", "minibatches")
        batch = min(given.batch, len(learn.labels))
        rows = np.stack(
            [
                minibatches(learn.labels, batch, given.order, stream.child(epoch))
                for epoch in range(given.epochs)
            ]
        )
        unit = network.features if scaling == "original" else 1
        return np.array(
            [
                [
                    self._cell(setting, objective, rows, unit / beta, rate, learn, test)
                    for rate in self.learning_rates
                ]
                for beta in self.beta
            ]
        )

    def _cell(
        self,
        setting: Setting,
        objective: AbstractObjective,
        rows: np.ndarray,
        temperature: float,
        rate: float,
        learn: Examples,
        test: Examples,
    ) -> tuple[float, float]:
        from sklearn.metrics import f1_score

        dtype, given = setting.network.dtype, setting.training
        scale = np.asarray(temperature, dtype)
        rates = rate * given.learning_rate_decay ** np.arange(given.epochs)
        examples = learn.states.astype(dtype), learn.labels.astype(np.int32)
        memories, loss = train_grid(
            objective,
            np.asarray(setting.network.memories),
            rates.astype(dtype),
            scale,
            rows,
            examples,
            np.asarray(given.momentum, dtype),
        )
        answers = answers_in_chunks(
            objective, memories, scale, test.states.astype(dtype)
        )
        finite = np.all(np.isfinite(loss)) and np.all(np.isfinite(answers))
        macro: Any = {"average": "macro", "zero_division": 0}
        known = np.unique(test.labels)
        score = f1_score(test.labels, predicted_class(answers), labels=known, **macro)
        return float(score), float(finite)

    def _gathered(self, cells: list[np.ndarray]) -> dict[str, Any]:
        """All grids of one set, with their axes."""
        shape = (1, len(self.scalings), len(self.n), *cells[0].shape)
        found = np.reshape(cells, shape)
        axes = ("training", "scaling", "vertex", "temperature", "rate")
        best = found[..., 0].max(axis=(3, 4))
        gap = np.ptp(found[..., 0], axis=1)  # between the scalings, cell by cell
        return {
            "f1": (axes, found[..., 0], PURE | {"long_name": "macro F1"}),
            "finite": (axes, found[..., 1] == 1, PURE),
            "best_f1": (axes[:3], best, PURE | {"long_name": "best macro F1"}),
            "scaling_gap": (("training", *axes[2:]), gap, PURE),
            "scaling_name": ("scaling", self.scalings),
            "scaling_number": ("scaling", np.arange(len(self.scalings)), PURE),
            "n": ("vertex", np.asarray(self.n), PURE),
            "beta": ("temperature", np.asarray(self.beta), PURE),
            "learning_rate": ("rate", np.asarray(self.learning_rates), PURE),
        }
