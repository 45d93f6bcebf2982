"""Functions compiled for a CPU, their machine code cached on disk.

Importing this loads the compiler, which takes half a second: it is imported inside the
functions that need it. Run-time type checks cannot be compiled, hence `no_type_check`
on all compiled functions.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import numba
from numba.core.caching import FunctionCache


class _Cache(FunctionCache):
    """A cache on disk that may be damaged, full or gone: then it is as if empty.

    Whatever a damaged file raises (it is unpickled), the function is compiled anew.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was compiled for these types, or None."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            self._forget()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keeps what was compiled, if the disk takes it."""
        try:
            super().save_overload(sig, data)
        except Exception:
            self._forget()

    def _forget(self) -> None:
        try:
            self.flush()  # an empty index, which the next one compiled goes into
        except Exception:
            self.disable()


def compiled(**options: Any) -> Callable[[Any], Any]:
    """A decorator that compiles, and caches on disk if some place is writable."""
    options = {"error_model": "numpy", **options}

    def by_numba(function: Any) -> Any:
        made: Any = numba.njit(**options)(function)
        with contextlib.suppress(OSError, RuntimeError):  # no place is writable
            made._cache = _Cache(function)
        return made

    return by_numba
