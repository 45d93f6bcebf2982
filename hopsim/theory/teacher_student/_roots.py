"""Roots of functions of one variable, from brackets rather than starting guesses."""

from collections.abc import Callable

import numpy as np


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """The root of a function that changes sign between `low` and `high`, to rounding.

    The tolerance is relative, since roots may be far below 1e-15.
    """
    from scipy.optimize import root_scalar

    finest = 1e-15 * min(1.0, abs(low), abs(high)) or 1e-300
    found = root_scalar(
        lambda x: float(function(x)), bracket=(low, high), xtol=finest, rtol=1e-14
    )
    return float(found.root)


def roots(function: Callable[[np.ndarray], np.ndarray], grid: np.ndarray) -> list:
    """The roots between neighbours of a grid; `function` takes arrays of any size."""
    sign = function(grid) > 0
    one = lambda x: float(np.ravel(function(np.array([x])))[0])
    changes = np.flatnonzero(sign[1:] != sign[:-1])
    return [root(one, grid[k], grid[k + 1]) for k in changes]
