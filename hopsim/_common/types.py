"""Aliases for the arrays and numbers in hopsim's signatures."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from .names import shown


if TYPE_CHECKING:
    # NumPy's on the host, JAX's on the device: the two share no base that a type
    # checker would accept; the import hook of the tests checks both at run time
    AnyArray = Any
else:
    AnyArray = Array | np.ndarray
Scalar = Float[AnyArray, ""]
Memories = Float[AnyArray, "memory feature"]


@dataclasses.dataclass(frozen=True)
class Range:
    """The interval in which a number must lie, kept in a signature by `Annotated`."""

    low: float = -float("inf")
    high: float = float("inf")
    above: bool = False  # the lower end itself is excluded

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value, or None; nothing is known while it is traced."""
        if not concrete(value):
            return None
        for x in np.ravel(np.asarray(value, dtype=object)):
            if not np.isfinite(float(x)):
                return f"must be a finite number, got {x}"
            low_ok = x > self.low if self.above else x >= self.low
            if not (low_ok and x <= self.high):
                return f"must be {self}, got {x}"
        return None

    def __str__(self) -> str:
        low = f"{'>' if self.above else '>='} {self.low:g}"
        high = f"<= {self.high:g}"
        if self.high == float("inf"):
            return low
        return high if self.low == -float("inf") else f"{low} and {high}"


@dataclasses.dataclass(frozen=True)
class Located:
    """A mark, kept by `Annotated`: looked for beside the scenario that names it."""

    required: bool = True  # else it may name something that is no file


DataPath = Annotated[str, Located()]
DataPathOrName = Annotated[str | None, Located(required=False)]
Count = Annotated[int, Range(1)]
Fraction = Annotated[float, Range(0, 1)]
Positive = Annotated[float, Range(0, above=True)]
NonNegative = Annotated[float, Range(0)]
PositiveScalar = Annotated[float | AnyArray, Range(0, above=True)]
Currents = float | Sequence[float] | AnyArray


def as_number(x: float | AnyArray) -> AnyArray:
    """A number that may be swept: an array, so that new values need no new compilation.

    Python and NumPy numbers become NumPy arrays on the host (no JAX work in set-up).
    """
    return _real(x, 0)


def as_float(x: float | AnyArray) -> float:
    """A number that may not be swept: it is part of the compiled program.

    Converters are annotated, here and below, since a field takes its type from its
    converter: with Python's `float` a scenario could give anything.
    """
    return float(_real(x, 0))


def as_numbers(x: float | Sequence[float] | AnyArray) -> AnyArray:
    """The same for one number or a vector of them."""
    return _real(x, 1)


def _real(x: Any, most: int) -> AnyArray:
    """An array of real numbers with at most so many axes; ValueError for all else."""
    if not concrete(x):
        return x
    if not isinstance(x, jax.Array):
        x = np.asarray(x)
    if x.dtype.kind not in "fiu" or x.ndim > most:
        rule = "one number" if most == 0 else "one number or a vector of numbers"
        got = f"an array of shape {x.shape}" if x.ndim else shown(str(x))
        raise ValueError(
            f"A parameter of a Lagrangian or a dynamics must be {rule}, got {got}; to "
            "vary it from probe to probe, give simulate `varied`."
        )
    return x if isinstance(x, jax.Array) else x.astype(float)


def as_numbers_if_any(
    x: float | Sequence[float] | AnyArray | None,
) -> AnyArray | None:
    """The same, or None."""
    return None if x is None else as_numbers(x)


def concrete(x: Any) -> bool:
    """True unless `x` is being traced: invariants of values can be checked."""
    return not isinstance(x, Tracer)


def once_each(x: np.ndarray) -> np.ndarray:
    """The numbers of an array, those that `np.broadcast_to` repeats only once."""
    return x[(..., *(slice(None) if step else slice(1) for step in x.strides))]


def cast(tree: Any, dtype: Any) -> Any:
    """Every floating array of a pytree in one precision (mixed, it would promote)."""
    return jax.tree.map(lambda x: x.astype(dtype) if _floating(x) else x, tree)


def _floating(x: Any) -> bool:
    return isinstance(x, AnyArray) and jnp.issubdtype(x.dtype, jnp.floating)
