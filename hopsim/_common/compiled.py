"""Functions compiled for a CPU, their machine code kept on disk.

Importing this starts the compiler, half a second: only functions that need it do. What
checks types at run time cannot be compiled, hence `no_type_check` on all of them.
"""

from collections.abc import Callable
from typing import Any

import numba


def compiled(**options: Any) -> Callable[[Any], Any]:
    """Compiled, and kept on disk where some place can be written to."""
    options = {"error_model": "numpy", **options}

    def by_numba(function: Any) -> Any:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # numba found no place
            return numba.njit(**options)(function)

    return by_numba
