"""Functions compiled for a CPU, their machine code cached on disk.

Importing this loads the compiler, which takes half a second: it is imported inside the
functions that need it. Run-time type checks cannot be compiled, hence `no_type_check`
on all compiled functions.
"""

import contextlib
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile


class _SealedFiles(IndexDataCacheFile):
    """Files that end with a hash of what they hold.

    Machine code with a flipped bit may load, and then compute anything.
    """

    def _dump(self, obj: Any) -> bytes:
        data = super()._dump(obj)
        return data + hashlib.sha256(data).digest()  # unpickling stops before it

    def _load_index(self) -> dict:
        head = pickle.dumps(self._version, protocol=-1)
        with contextlib.suppress(FileNotFoundError):
            whole = Path(self._index_path).read_bytes()
            if whole.startswith(head):
                _require_seal(whole[len(head) :])
        return super()._load_index()

    def _load_data(self, name: str) -> Any:
        _require_seal(Path(self._data_path(name)).read_bytes())
        return super()._load_data(name)


def _require_seal(data: bytes) -> None:
    if hashlib.sha256(data[:-32]).digest() != data[-32:]:
        raise ValueError("damaged")


class _Cache(FunctionCache):
    """A cache on disk that may be damaged, full or gone: then it is as if empty.

    Whatever a damaged file raises, the function is compiled anew.
    """

    def __init__(self, function: Any):
        super().__init__(function)
        plain = self._cache_file
        self._cache_file = _SealedFiles(
            plain._cache_path,
            plain._index_name.removesuffix(".nbi"),
            plain._source_stamp,
        )

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
