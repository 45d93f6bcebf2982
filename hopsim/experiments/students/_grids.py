"""The 1RSB free entropy, minimised on a grid of Parisi parameters."""

import math
from typing import Any

import numpy as np

from ...theory import teacher_student as theory


PARISI_GRID = np.linspace(0.04, 1.0, 33)  # Parisi parameters of the coarse grid


def least_on_a_grid(c: float, n: int) -> float:
    """The least free entropy f over Parisi parameters, at c: a grid, then refined.

    The overlap of each Parisi parameter is found by plain iteration.
    """
    from scipy.optimize import minimize_scalar

    x = np.linspace(-14, 14, 2801)

    def at(parisi: float) -> float:
        q, before = 1.0, 0.0
        while abs(q - before) > 1e-10:  # f is stationary in q
            z = math.sqrt(c * n * q ** (n - 1)) * x
            exponent = parisi * np.logaddexp(z, -z) - x**2 / 2
            weight = np.exp(exponent - np.max(exponent))
            q, before = float(weight @ np.tanh(z) ** 2 / np.sum(weight)), q
        if q < 1e-6:
            return math.log(2) + c / 2
        return float(theory.glass_free_entropy(c, parisi, q, n))

    grid = [at(float(m)) for m in PARISI_GRID]
    k = int(np.argmin(grid))
    ends = PARISI_GRID[max(k - 1, 0)], PARISI_GRID[min(k + 1, len(PARISI_GRID) - 1)]
    found: Any = minimize_scalar(
        at, bounds=ends, method="bounded", options={"xatol": 1e-7}
    )
    return min(grid[k], float(found.fun))
