"""Functions compiled for a CPU, their machine code cached on disk.

Importing this loads the compiler, which takes half a second: it is imported inside the
functions that need it. Run-time type checks cannot be compiled, hence `no_type_check`
on all compiled functions.
"""

from collections.abc import Callable
from typing import Any

import numba


def compiled(**options: Any) -> Callable[[Any], Any]:
    """A decorator that compiles, and caches on disk if some place is writable."""
    options = {"error_model": "numpy", **options}

    def by_numba(function: Any) -> Any:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # numba found no writable place
            return numba.njit(**options)(function)

    return by_numba
