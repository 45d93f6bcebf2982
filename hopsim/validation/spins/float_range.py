"""Range and rounding of floating point: powers, and the bracket of log-sum-exp."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field, field_validator

from ..._common.types import AnyArray, cast
from ...experiments._base import AbstractExperiment, Setting
from ...experiments._units import Unit, UnitContext
from ...experiments._variables import PURE
from ...lagrangians import LogSumExp
from ...records import Variables
from .._base import validations


PRECISIONS = {"float32": np.float32, "float64": np.float64}
LARGEST_OVERLAP_SIGMAS = 3.5  # of some thousand random overlaps


@validations.register("float_range")
class FloatRange(AbstractExperiment):
    r"""The largest n with $N^n$ finite; the bracket $h\cdot f - L(h)$ in float32.

    `finite_n` is found by repeated multiplication, `finite_theory` is
    $\lfloor\ln x_{max}/\ln N\rfloor$ (the largest number of the format rounds up to
    2^128 or 2^1024); `vanishing_n` is the first n at which $(3.5/\sqrt N)^n$, the
    largest normalised power at random spins, is no longer a normal number. The bracket
    of log-sum-exp is computed in three forms: `exp_error` with $f = e^{h - L}$,
    `softmax_error` with a softmax, and `closed_error` as in hopsim,
    $f\cdot\log\mathrm{softmax}$; each is the distance from float64. [THEORY 1.7, 2.2,
    CL-30]
    """

    plots: ClassVar[tuple[str, ...]] = ("float_range",)

    sizes: list[int] = Field([100, 784, 1000, 1024, 4096, 10_000], min_length=1)

    @field_validator("sizes")
    @classmethod
    def _have_powers(cls, sizes: list[int]) -> list[int]:
        if any(size < 13 for size in sizes):  # 3.5 / sqrt(N) must vanish
            raise ValueError(f"must be sizes N > 12, got {sizes}")
        return sizes

    def validate_setting(self, setting: Setting) -> None:
        layer: Any = setting.network.memory_lagrangian
        if not isinstance(layer, LogSumExp):
            raise ValueError(
                'The experiment "float_range" looks at the bracket of LogSumExp, got '
                f'{type(layer).__name__}; use network kind "model_b".'
            )

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        layer: Any = setting.network.memory_lagrangian
        xi = np.asarray(setting.network.memories, np.float64)
        h = setting.probes.values @ xi.T + np.asarray(setting.network.hidden_current)
        h = h.astype(np.float32)
        errors = _bracket_errors(float(np.asarray(layer.beta)), h)
        found = [[_powers(dtype, n) for n in self.sizes] for dtype in _dtypes()]
        table = np.moveaxis(np.array(found), -1, 0)
        names = ("finite_n", "finite_theory", "vanishing_n", "vanishing_theory")
        where = ("precision", "size")
        return {
            "size": ("size", np.array(self.sizes), PURE | {"long_name": "N"}),
            "precision_name": ("precision", np.array(list(PRECISIONS))),
            **{k: (where, x, PURE) for k, x in zip(names, table, strict=True)},
            "largest_input": ("probe", np.max(np.abs(h), axis=1), PURE),
            **{k: ("probe", x, PURE) for k, x in errors.items()},
        }


def _dtypes() -> list[type]:
    return list(PRECISIONS.values())


def _powers(dtype: type, size: int) -> tuple[int, int, int, int]:
    """The largest finite and the first vanishing power, each followed by theory."""
    info, power, n = np.finfo(dtype), dtype(1), 0
    with np.errstate(over="ignore"):
        while np.isfinite(power * dtype(size)):
            power, n = power * dtype(size), n + 1
    small = dtype(LARGEST_OVERLAP_SIGMAS / np.sqrt(size))
    power, first = dtype(1), 0
    while power >= info.tiny:
        power, first = power * small, first + 1
    top, bottom = info.maxexp * np.log(2), info.minexp * np.log(2)
    theory = int(np.floor(top / np.log(size)))
    exact = 1e-9  # 3.5 / sqrt(784) = 1/8: its 42nd power is the smallest normal one
    last = np.floor(bottom / np.log(LARGEST_OVERLAP_SIGMAS / np.sqrt(size)) + exact)
    return n, theory, first, int(last) + 1


def _bracket_errors(
    beta: float, h: Float[np.ndarray, "probe memory"]
) -> dict[str, np.ndarray]:
    """The error of each form of the bracket in float32."""
    z = beta * h.astype(np.float64)
    z = z - np.max(z, axis=1, keepdims=True)
    log_f = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    true = np.sum(np.exp(log_f) * log_f, axis=1) / beta
    forms = _brackets(cast(LogSumExp(beta), np.dtype(np.float32)), h)
    return {k: np.abs(np.asarray(x, np.float64) - true) for k, x in forms.items()}


@eqx.filter_jit
def _brackets(layer: LogSumExp, h: Float[AnyArray, "probe memory"]) -> dict[str, Array]:
    def one(h: Array) -> dict[str, Array]:
        total = layer(h)
        return {
            "exp_error": h @ jnp.exp(layer.beta * (h - total)) - total,
            "softmax_error": h @ layer.activation(h) - total,
            "closed_error": layer.bracket(h),
        }

    return jax.vmap(one)(jnp.asarray(h))
