"""Descent by steps: the energy before and after each of many steps of one rule."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._common.types import AnyArray, Scalar


class Descent(NamedTuple):
    """Energies, their scale of rounding, and promised losses along a run of steps.

    Leading axes number the runs, where there are several.
    """

    energy: Float[AnyArray, "*run step_and_start"]
    scale: Float[AnyArray, "*run step_and_start"]  # S_E, the sum of |terms|
    loss: Float[AnyArray, "*run step"]  # promised for the step, 0 where none is

    def rises(self) -> Float[np.ndarray, "*run step"]:
        """`(E+ - E) / (eps S_E)` of every step: rounding is of order one."""
        return self._in_roundings(np.diff(self.energy, axis=-1))

    def excesses(self) -> Float[np.ndarray, "*run step"]:
        """`(E+ - E + loss) / (eps S_E)`: above rounding, E fell less than promised."""
        return self._in_roundings(np.diff(self.energy, axis=-1) + self.loss)

    def _in_roundings(self, change: np.ndarray) -> np.ndarray:
        scale = np.asarray(self.scale)
        unit = np.finfo(scale.dtype).eps * np.maximum(scale[..., 1:], scale[..., :-1])
        return change / np.maximum(unit, np.finfo(scale.dtype).tiny)


def descend(
    step: Callable[[tuple], tuple[tuple, Scalar]],
    energy_and_scale: Callable[[tuple], tuple[Scalar, Scalar]],
    x: tuple,
    steps: int,
) -> Descent:
    """A number of steps from the state `x` in one scan; `step` gives (state, loss)."""

    def one(x: tuple, _: None) -> tuple[tuple, tuple[Array, ...]]:
        energy, scale = energy_and_scale(x)
        after, loss = step(x)
        return after, (jnp.asarray(energy), jnp.asarray(scale), jnp.asarray(loss))

    # one step more, only for the energy before it: that after the last step
    _, (energy, scale, loss) = jax.lax.scan(one, x, None, length=steps + 1)
    return Descent(energy, scale, loss[:-1])
