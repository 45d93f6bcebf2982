"""Autoassociative training on a grid of learning rates, temperatures and powers."""

import dataclasses
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from ...dynamics import Binary
from ...lagrangians import AbstractAdditiveLagrangian
from ...records import Variables
from ...training import (
    associate,
    Associations,
    AutoAssociative,
    Cells,
    Draws,
    interaction_of,
    Lesson,
    RecallSettings,
)
from .._base import AbstractExperiment, experiments, Setting
from .._numbers import Positive, Rising
from .._spins import require_aims
from .._units import Unit, UnitContext
from .._variables import PURE


Scaling = Literal["original", "modified"]
AXES = ("scaling", "vertex", "floor", "heat", "rate", "draw")


@experiments.register("association_grid")
class AssociationGrid(AbstractExperiment):
    r"""How far learnt states move, over $1/T$, $\varepsilon$, $n$ and both scalings.

    The scenario's memories are the states to be learnt, by `trained` memories that
    start as `spread` times normal numbers ("uniform": between 0 and `spread`); its
    interaction gives F, with each of `n` as power. Then the probes are relaxed by the
    dynamics, all spins at once: `distance` is the mean of $|s-s'|=2\sqrt{w}$ over the
    probes, w wrong bits; about $\sqrt{2N}$ by chance. The modified scaling $F(x/(NT))$
    has the given `inverse_temperatures`; the original one, $F(x)/T^n$, is trained at
    $N T$ instead, where the two are one function if F is homogeneous. Gradients are
    divided by at least a value of `floors`. The training temperature begins at `ramp`
    T. `recall_temperature` is by default that at the end of training. `compare` adds
    the difference between the memories of the two scalings, `memory_gap`, and between
    their ends, `other_end`. [MRS24 sec. 5, thm. 4.3.1]
    """

    plots: ClassVar[tuple[str, ...]] = ("association_grid", "association_best")

    n: Rising[int] = Field([2, 3, 5, 10, 20, 30])
    scalings: list[Scaling] = Field(["original", "modified"], min_length=1)
    floors: Positive[float] = Field([1e-30])
    inverse_temperatures: Rising[float] = Field([0.8, 0.9, 1.0, 1.1])
    learning_rates: Rising[float] = Field([0.1, 0.3, 1.0])
    trained: int = Field(40, ge=1)
    start: Literal["normal", "uniform"] = "normal"
    spread: float = Field(0.1, gt=0, le=1)
    epochs: int = Field(500, ge=1)
    decay: float = Field(0.999, gt=0, le=1)
    momentum: float = Field(0.0, ge=0, lt=1)
    error_exponent: int = Field(1, ge=1)
    ramp: float = Field(1.0, gt=0, allow_inf_nan=False)
    recall_temperature: float | None = Field(None, gt=0, allow_inf_nan=False)
    compare: bool = False
    sets: int = Field(5, ge=1)

    @field_validator("scalings")
    @classmethod
    def _once_each(cls, names: list[Scaling]) -> list[Scaling]:
        if len({*names}) < len(names):
            raise ValueError(f"must name each scaling once, got {names}")
        return names

    def validate_setting(self, setting: Setting) -> None:
        require_aims(setting, "association_grid")
        network, dynamics = setting.network, _binary(setting)
        at_once = (dynamics.order, dynamics.rule) == ("synchronous", "energy_gap")
        if not at_once or dynamics.tie == "random":
            raise ValueError(
                'The experiment "association_grid" moves all spins at once by their '
                "energy gaps, with a rule for ties; use dynamics kind "
                '"binary" with order = "synchronous" and tie = "-1", say.'
            )
        if np.any(network.current) or np.any(network.hidden_current):
            raise ValueError(
                'The experiment "association_grid" trains memories alone; leave the '
                "currents out of the network."
            )
        F = interaction_of(network.memory_lagrangian)
        if self.compare and len(self._scalings(F)) < 2:
            raise ValueError(
                "compare needs both scalings, and an interaction with a power n, got "
                f"{self.scalings} and {type(F).__name__}."
            )
        self._objectives(F)
        setting.may_relax()

    def entries(self, setting: Setting) -> float:
        lists = (self.n, self.floors, self.inverse_temperatures, self.learning_rates)
        cells = float(self.sets * len(self.scalings))
        for one in lists:
            cells *= len(one)
        probes = len(setting.probes.values)
        network = setting.network
        return cells * (self.trained + network.count + probes) * network.features

    def _scalings(self, F: AbstractAdditiveLagrangian) -> list[Scaling]:
        """The scalings that F has; the original one needs a power."""
        powerless = not hasattr(F, "n")
        return ["modified"] if powerless else self.scalings

    def _objectives(self, F: AbstractAdditiveLagrangian) -> list[AutoAssociative]:
        """One for each scaling and power, the powers running faster."""
        powers = [F]
        if hasattr(F, "n"):
            powers = [dataclasses.replace(F, n=n) for n in self.n]
        m = self.error_exponent
        return [AutoAssociative(f, m, s) for s in self._scalings(F) for f in powers]

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        F = interaction_of(setting.network.memory_lagrangian)
        scalings, objectives = self._scalings(F), self._objectives(F)
        # --- every cell
        heats, rates = self.inverse_temperatures, self.learning_rates
        lists = (
            np.arange(len(objectives)),
            *map(np.asarray, (self.floors, heats, rates)),
            np.arange(self.sets),
        )
        which, floor, heat, rate, draw = (
            x.ravel() for x in np.meshgrid(*lists, indexing="ij")
        )
        which = which.astype(int)
        original = np.array([o.scaling == "original" for o in objectives])[which]
        T = np.where(original, setting.network.features, 1) / heat
        lesson = Lesson(
            rate, self.ramp * T, T, self.decay, self.momentum, floor, self.epochs
        )
        # --- learn and recall
        draws = [setting.redrawn(k) for k in range(self.sets)]
        dynamics = _binary(setting)
        assert dynamics.tie != "random"  # see `validate_setting`
        found = associate(
            objectives,
            Draws(
                np.stack([self._start(one) for one in draws]),
                np.stack([np.asarray(one.network.memories) for one in draws]),
                np.stack([one.probes.values for one in draws]),
                np.stack([one.patterns.values[one.probes.targets] for one in draws]),
            ),
            lesson,
            Cells(which, draw),
            RecallSettings(
                self.recall_temperature,
                most=max(1, int(setting.run.duration)),
                tie=dynamics.tie,
            ),
            keep=self.compare,
            progress=context.progress_callback("groups of cells"),
        )
        powers = len(objectives) // len(scalings)
        shape = (len(scalings), powers, len(self.floors), len(heats), len(rates))
        shape = (*shape, self.sets)
        return {
            **self._scales(scalings, powers, setting),
            **_measured(found, shape),
            **(_apart(found, shape) if self.compare else {}),
        }

    def _start(self, setting: Setting) -> np.ndarray:
        """The memories before training."""
        draw = setting.stream.child("start").generator()
        shape = self.trained, setting.network.features
        drawn = draw.standard_normal if self.start == "normal" else draw.random
        return (self.spread * drawn(shape)).astype(setting.network.dtype)

    def _scales(self, scalings: list[Scaling], powers: int, setting: Setting) -> dict:
        named = hasattr(interaction_of(setting.network.memory_lagrangian), "n")
        n = np.array(self.n if named else [0] * powers)
        features = setting.network.features
        heats = np.array(self.inverse_temperatures)
        return {
            "scaling_name": ("scaling", scalings),
            "modified": ("scaling", np.array([s == "modified" for s in scalings])),
            "n": ("vertex", n, PURE | {"long_name": "power of F, 0: none"}),
            "least": ("floor", np.array(self.floors), PURE),
            "inverse_temperature": ("heat", heats, PURE | {"long_name": "1/T"}),
            "learning_rate": ("rate", np.array(self.learning_rates), PURE),
            "set": ("draw", np.arange(self.sets), PURE),
            "feature_count": ((), features, PURE),
            "trained_count": ((), self.trained, PURE),
            "chance": ((), np.sqrt(2 * features), PURE),
        }


def _binary(setting: Setting) -> Binary:
    dynamics: Any = setting.dynamics  # see `require_aims`
    return dynamics


def _measured(found: Associations, shape: tuple[int, ...]) -> dict:
    """The variables of every cell, and of the best one of each grid."""
    distance = found.distance.reshape(shape)
    middle = np.mean(distance, axis=-1)  # NaN where one of the sets is not finite
    flat = middle.reshape(*shape[:3], -1)
    best = np.argmin(np.where(np.isnan(flat), np.inf, flat), axis=-1)
    there = np.unravel_index(best, shape[3:5])
    i, j, k = np.ogrid[: shape[0], : shape[1], : shape[2]]
    words = {"long_name": "mean distance of probes from their aims", **PURE}
    return {
        "distance": (AXES, distance, words),
        "mean_distance": (AXES[:-1], middle, words),
        "recalled": (AXES, np.mean(found.wrong == 0, axis=1).reshape(shape), PURE),
        "unconverged": (AXES, np.mean(~found.converged, axis=1).reshape(shape), PURE),
        "broken": (AXES, ~found.finite.reshape(shape), PURE),
        "moved": (AXES, found.moved.reshape(shape), PURE),
        "loss": (AXES, found.loss.reshape(shape), PURE),
        "best_distance": ((*AXES[:3], "draw"), distance[i, j, k, *there], words),
        "best_heat": (AXES[:3], there[0], PURE),
        "best_rate": (AXES[:3], there[1], PURE),
    }


def _apart(found: Associations, shape: tuple[int, ...]) -> dict:
    """Differences between the two scalings of each cell, in memories and ends."""
    assert found.memories is not None
    first, second = np.split(found.memories, 2)
    gap = np.max(np.abs(first - second), axis=(1, 2))
    first, second = np.split(found.wrong, 2)
    other = np.any(first != second, axis=1)
    return {
        "memory_gap": (AXES[1:], gap.reshape(shape[1:]), PURE),
        "other_end": (AXES[1:], other.reshape(shape[1:]), PURE),
    }
