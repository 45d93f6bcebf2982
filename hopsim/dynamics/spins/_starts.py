"""Checks of starts and of whole numbers, for everything that sweeps spins."""

import numpy as np

from ..._common.arrays import mask, table
from ..._common.cores import require_room
from ..._common.types import AnyArray, once_each
from .._base import AbstractDynamics, require_dynamics


def check_spin_dynamics(dynamics: AbstractDynamics, door: str) -> None:
    """Raises ValueError for dynamics of anything but spins of +1 and -1."""
    require_dynamics(dynamics)
    if not dynamics.discrete:
        raise ValueError(
            f"{door} takes dynamics of spins of +1 and -1, got {dynamics.kind}; use "
            "simulate, which takes all."
        )


def check_starts(
    features: int, starts: AnyArray, clamped: AnyArray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The starts as float64, and the indices of the spins that are free."""
    # a start, the spins, their order and the free ones, however few the numbers are
    require_room(4.0 * features, f"{features:,} spins")
    starts = table(starts, "Starts", "start", features, np.float64)
    held = np.zeros(features, bool)
    if clamped is not None:
        held = mask(clamped, "clamped", features)
    rows = starts if starts.strides[0] else starts[:1]  # one row that stands for all
    free = rows[:, ~held] if held.any() else once_each(starts)
    if not np.all(np.abs(free) == 1):
        raise ValueError(
            "Free spins must be +1 or -1; take the signs of other states, and hold "
            "real values by `clamped`."
        )
    if not np.all(np.abs(rows[:, held]) <= 1):
        raise ValueError("Clamped spins must lie in [-1, 1].")
    return starts, np.flatnonzero(~held)
