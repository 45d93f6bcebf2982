"""The gradient of training by products of matrices, against its definition."""

import dataclasses
from typing import Any, ClassVar, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field, field_validator

from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import PURE
from ...lagrangians import LeakyRectifiedPolynomial, Polynomial, RectifiedPolynomial
from ...records import Variables
from ...training import AbstractUpdate, objective_of
from ...training.energy_gaps import Scaling
from ...training.trainer import Form
from .._base import validations


FORMS: tuple[str, ...] = get_args(Form)
SCALINGS: tuple[str, ...] = get_args(Scaling)


@validations.register("training_gradient")
class TrainingGradient(AbstractEnsemble):
    r"""Relative differences of gradients of $C = \sum (c - t)^{2m}$, in every form.

    The gradient used in training ("lean", products of matrices) against appendix A of
    KH16 as it is printed, with a copy of the example for every output unit ("tiled",
    NumPy, F written out), and against automatic differentiation of the network's own
    energy gaps or local fields: $\max|\Delta| / \max|\partial C|$ for every n, scaling
    and form. `single_difference` is that of the lean form in float32 from the tiled one
    in float64. There are as many random examples as probes; the training temperature is
    `reach` times the largest input of a memory. [KH16 app. A; MRS24 eqs. 8 and 14;
    THEORY DAM-15]
    """

    row: ClassVar[str] = "draw"
    plots: ClassVar[tuple[str, ...]] = ("training_gradient",)

    n: list[int] = Field([2, 3, 10, 20, 30], min_length=1)
    classes: int = Field(4, ge=1)
    error_exponent: int = Field(3, ge=1)
    reach: float = Field(1.5, gt=0, allow_inf_nan=False)

    @field_validator("n")
    @classmethod
    def _has_a_slope(cls, n: list[int]) -> list[int]:
        if any(k < 2 for k in n):  # the dual forms differentiate F twice
            raise ValueError(f"must be interaction vertices >= 2, got {n}")
        return n

    def validate_setting(self, setting: Setting) -> None:
        network = setting.network
        if not isinstance(network.memory_lagrangian, tuple(WRITTEN_OUT)):
            raise ValueError(
                'The experiment "training_gradient" needs a literal power as '
                f"interaction, got {type(network.memory_lagrangian).__name__}; use "
                "normalised = false."
            )
        if network.features <= self.classes:
            raise ValueError(
                'The experiment "training_gradient" needs visible neurons beside the '
                f"class units, got {network.features} features and classes = "
                f"{self.classes}."
            )
        for n in self.n:
            layer: Any = dataclasses.replace(network.memory_lagrangian, n=n)
            own = eqx.tree_at(lambda x: x.memory_lagrangian, network, layer)
            objective_of(own, "associative", self.error_exponent, "original")

    def measure(self, setting: Setting) -> Variables:
        found = np.array(
            [
                [[self._differences(setting, n, s, f) for f in FORMS] for s in SCALINGS]
                for n in self.n
            ]
        )
        where = ("draw", "n", "scaling", "form")
        kinds = ("tiled_difference", "autodiff_difference", "single_difference")
        return {
            **{k: (where, found[None, ..., i], PURE) for i, k in enumerate(kinds)},
            "n": ("n", np.asarray(self.n), PURE | {"long_name": "interaction vertex"}),
            "scaling_name": ("scaling", np.array(SCALINGS)),
            "form_name": ("form", np.array(FORMS)),
        }

    def _differences(
        self, setting: Setting, n: int, scaling: Any, form: Any
    ) -> list[float]:
        """Differences of lean from tiled, lean from autodiff, float32 from tiled."""
        layer: Any = setting.network.memory_lagrangian
        network = eqx.tree_at(
            lambda x: x.memory_lagrangian,
            setting.network,
            dataclasses.replace(layer, n=n),
        )
        memories = np.asarray(network.memories, np.float64)
        states, targets = self._examples(setting, form)
        largest = np.max(np.abs(memories[:, : states.shape[1]] @ states.T))
        unit = 1 if scaling == "original" else network.features
        temperature = np.float64(self.reach * largest / unit)
        objective = objective_of(network, form, self.error_exponent, scaling)
        assert isinstance(objective, AbstractUpdate)
        tiled = _tiled(objective, form, memories, temperature, states, targets)
        double = [np.asarray(x) for x in (memories, temperature, states, targets)]
        found = _by_jax(objective, *(jnp.asarray(x) for x in double))
        lean, slope, single = (np.asarray(x, np.float64) for x in found)
        return [_apart(lean, tiled), _apart(lean, slope), _apart(single, tiled)]

    def _examples(self, setting: Setting, form: str) -> tuple[np.ndarray, np.ndarray]:
        """Random spins as their own targets; or images and their class units."""
        draw = setting.stream.child("examples").generator()
        features, items = setting.network.features, len(setting.probes.values)
        if form == "autoassociative":
            spins = draw.choice([-1.0, 1.0], (items, features))
            return spins, spins
        images = draw.uniform(-1, 1, (items, features - self.classes))
        labels = draw.integers(self.classes, size=items)
        return images, np.where(np.arange(self.classes) == labels[:, None], 1.0, -1.0)


def _apart(found: np.ndarray, reference: np.ndarray) -> float:
    """The largest difference, relative to the largest entry of the reference."""
    return float(np.max(np.abs(found - reference)) / np.max(np.abs(reference)))


@eqx.filter_jit
def _by_jax(
    objective: AbstractUpdate,
    memories: Array,
    temperature: Array,
    states: Array,
    targets: Array,
) -> tuple[Array, Array, Array]:
    """The lean gradient, that by autodiff, and the lean one in float32."""
    example = memories, temperature, states, targets
    rough = objective.step(*(x.astype(jnp.float32) for x in example))
    slope = jax.grad(objective.loss)(*example)
    return objective.step(*example).gradient, slope, rough.gradient


# --- appendix A, written out in NumPy -------------------------------------------------

# F, F' and F'' of numbers x, for a power n and (leaky alone) the slope s of x < 0
WRITTEN_OUT: dict[type, Any] = {
    RectifiedPolynomial: lambda n, s: (
        lambda x: np.where(x > 0, x**n, 0),
        lambda x: np.where(x > 0, n * x ** (n - 1), 0),
        lambda x: np.where(x > 0, n * (n - 1) * x ** (n - 2), 0),
    ),
    Polynomial: lambda n, s: (
        lambda x: x**n,
        lambda x: n * x ** (n - 1),
        lambda x: n * (n - 1) * x ** (n - 2),
    ),
    LeakyRectifiedPolynomial: lambda n, s: (
        lambda x: np.where(x > 0, x**n, s * x),
        lambda x: np.where(x > 0, n * x ** (n - 1), s),
        lambda x: np.where(x > 0, n * (n - 1) * x ** (n - 2), 0),
    ),
}


def _tiled(
    objective: AbstractUpdate,
    form: str,
    memories: Float[np.ndarray, "memory feature"],
    temperature: float,
    states: Float[np.ndarray, "item state"],
    targets: Float[np.ndarray, "item answer"],
) -> Float[np.ndarray, "memory feature"]:
    r"""The gradient from one example and one unit at a time, each with its own copy.

    $\beta F(x)$ with $\beta = T^{-n}$, or $F(x/(NT))$.
    """
    layer: Any = objective.interaction
    F, slope, bend = WRITTEN_OUT[type(layer)](layer.n, getattr(layer, "slope", 0.0))
    beta, inside = temperature**-layer.n, 1.0
    if objective.scaling == "modified":
        beta, inside = 1.0, 1 / (memories.shape[1] * temperature)
    m, total = objective.error_exponent, np.zeros_like(memories)
    for state, target in zip(states, targets, strict=True):
        visible = 0 if form == "autoassociative" else len(state)
        at = 0.0 if form == "dual" else -1.0  # where the class units stand
        whole = np.full(memories.shape[1], at)
        whole[: len(state)] = state
        for a, wanted in enumerate(target):
            unit = visible + a
            if form in ("associative", "autoassociative"):
                on, off = whole.copy(), whole.copy()
                on[unit], off[unit] = 1, -1
                x, y = inside * (memories @ on), inside * (memories @ off)
                answer = beta * np.sum(F(x) - F(y))
                rise = np.outer(slope(x), on) - np.outer(slope(y), off)
            else:  # the gap to first order
                x, own = inside * (memories @ whole), memories[:, unit]
                answer = 2 * beta * inside * np.sum(own * slope(x))
                rise = 2 * inside * np.outer(own * bend(x), whole)
                rise[:, unit] += 2 * slope(x)
            c = np.tanh(answer)
            w = 2 * m * (c - wanted) ** (2 * m - 1) * (1 - c) * (1 + c)
            total += w * beta * inside * rise
    return total
