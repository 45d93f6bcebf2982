"""The door: every array that a user gives to hopsim comes through here.

Real numbers are taken: floats of any size and byte order, integers, and booleans as 0
and 1. They arrive in native byte order. What is no such number is refused and never
converted: missing values of masked arrays, complex numbers, dates and times, text,
structured arrays, Python objects.
"""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from .names import plain, shown
from .notices import notify
from .types import AnyArray, concrete, once_each


# of what is no real number: the kind of its dtype -> what it is, and the way out
REFUSED = {
    "c": ("complex numbers", "take their real part, modulus or phase"),
    "M": ("dates", "count them in a unit of your own, as floats"),
    "m": ("spans of time", "count them in a unit of your own, as floats"),
    "U": ("text", "read it as numbers first"),
    "S": ("text", "read it as numbers first"),
    "T": ("text", "read it as numbers first"),
    "V": ("a structured array", "choose one of its fields, or stack them as columns"),
    "O": ("Python objects", "make them numbers of one kind, none of them missing"),
}
MOST_COMPARED = 2**24  # numbers of memories that are searched for repeats


def numbers(x: Any, what: str) -> AnyArray:
    """`x` as an array of real numbers in native byte order, of any shape.

    JAX's arrays stay where they are, traced ones as well. Raises ValueError for what is
    no real number.
    """
    found: AnyArray = x
    if not isinstance(x, jax.Array):
        _require_no_mask(x, what)
        try:
            found = np.asarray(x)
        except Exception as error:  # ragged lists; whatever `__array__` raises
            reason = "" if isinstance(x, list | tuple) else f" ({plain(str(error))})"
            raise ValueError(
                f"{what} must be an array of real numbers, rows of equal count, got "
                f"{shown(type(x).__name__)}{reason}; make it one with numpy.asarray."
            ) from error
    dtype = found.dtype
    real = any(jnp.issubdtype(dtype, k) for k in (jnp.floating, jnp.integer, jnp.bool_))
    if not real or dtype.kind == "m":  # which NumPy counts among the integers
        name, way_out = REFUSED.get(dtype.kind, REFUSED["O"])
        if dtype.kind == "O":
            inside = type(np.ravel(found)[0]).__name__ if np.size(found) else "none"
            name = f"{name} such as {shown(inside)}"
        raise ValueError(f"{what} must be real numbers, got {name}; {way_out}.")
    return found if isinstance(x, jax.Array) else _native(found)


def _native(found: np.ndarray) -> np.ndarray:
    return found.astype(found.dtype.newbyteorder("="), copy=False)


def _require_no_mask(x: Any, what: str) -> None:
    """Refuses missing values, in lists of masked arrays as well."""
    if isinstance(x, list | tuple):
        for part in x:
            if isinstance(part, list | tuple | np.ma.MaskedArray):
                _require_no_mask(part, what)
    elif isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        missing = np.ma.getmaskarray(x)
        where = np.argwhere(missing if missing.dtype == bool else missing != missing)
        first = f", first in row {where[0][0]}" if where.size else ""
        raise ValueError(
            f"{what} must have no missing values: {np.sum(missing)} are masked{first}; "
            "fill them or leave their rows out."
        )


def on_host(x: Any, what: str) -> np.ndarray:
    """`numbers` as an array of NumPy; ValueError while it is traced."""
    found = numbers(x, what)
    if not concrete(found):
        raise ValueError(
            f"{what} must be values, got an array that JAX is tracing (in grad, jit or "
            "vmap); differentiate Network.effective_energy instead, or let parameters "
            "differ from probe to probe by `varied`."
        )
    return np.asarray(found)


def finite(x: AnyArray, what: str) -> AnyArray:
    """The same array; ValueError names the first row that holds NaN or infinity."""
    if not concrete(x):
        return x
    host = once_each(np.asarray(x))
    if host.dtype.kind in "iub":
        return x
    bad = ~np.isfinite(host)
    if np.any(bad):
        place = np.argwhere(bad)[0].tolist()
        rows = int(np.sum(np.any(bad.reshape(len(bad), -1), axis=1))) if place else 1
        value = float(host[tuple(place)])
        named = f"row {place[0]}" if place else "it"
        column = f" in column {place[1]}" if len(place) > 1 else ""
        told = f"; {rows} of {len(host)} rows are not" if place else ""
        raise ValueError(
            f"{what} must be finite numbers{told}: {named} holds {value}{column}; "
            "clean or leave out what is missing, and rescale what is more than "
            f"{host.dtype} holds."
        )
    return x


def table(
    x: Any, what: str, row: str, width: int | None = None, dtype: Any = None
) -> np.ndarray:
    """Finite rows of numbers on the host, at least one, of shape (row, feature).

    **Arguments:**

    - `what`, `row`: how messages call the array, and one of its rows.
    - `width`: the number of features, if only one will do.
    - `dtype`: the precision into which numbers are cast; default their own.
    """
    found = on_host(x, what)
    require_rows(found, what, row, width)
    return finite(cast_to(found, dtype), what)


def require_rows(x: AnyArray, what: str, row: str, width: int | None = None) -> None:
    """Raises ValueError unless of shape (row, feature), and nothing is empty."""
    shape = np.shape(x)
    if len(shape) != 2 or 0 in shape or width not in (None, shape[1]):
        wanted = "feature" if width is None else width
        raise ValueError(
            f"{what} must have shape ({row}, {wanted}), non-empty, got shape {shape}; "
            f"a single {row} is written x[None, :]."
        )


def cast_to(x: AnyArray, dtype: Any) -> AnyArray:
    """Another precision; what it cannot hold becomes infinity, for `finite` to name."""
    if dtype is None:
        return x
    few = once_each(x) if isinstance(x, np.ndarray) else x
    with np.errstate(over="ignore"):
        cast = few.astype(dtype)
    return cast if few.shape == x.shape else np.broadcast_to(cast, x.shape)


def whole_numbers(x: Any, what: str) -> Int[np.ndarray, "..."]:
    """Whole numbers as int64, whichever numbers say so: 3, 3.0, a list of them."""
    found = finite(on_host(x, what), what)
    with np.errstate(invalid="ignore"):
        asked = found.astype(np.int64)
    wrong = np.atleast_1d(asked != found)
    if np.any(wrong):
        place = np.argwhere(wrong)[0]
        raise ValueError(
            f"{what} must be whole numbers: item {place[0]} is "
            f"{np.atleast_1d(found)[tuple(place)]}; number the classes 0, 1, ..."
        )
    return asked


def mask(x: Any, what: str, size: int) -> np.ndarray:
    """Which of so many are meant: booleans, and nothing that looks like them."""
    found = on_host(x, what)
    if found.shape != (size,) or found.dtype != bool:
        raise ValueError(
            f"{what} must be a boolean mask of shape ({size},), got {found.dtype} of "
            f"shape {found.shape}."
        )
    return found


_expected = contextvars.ContextVar("repeats are expected", default=False)


@contextlib.contextmanager
def repeats_expected() -> Iterator[None]:
    """No notice of repeats in what hopsim draws, or has told of already."""
    token = _expected.set(True)
    try:
        yield
    finally:
        _expected.reset(token)


def notify_repeats(memories: AnyArray, what: str) -> None:
    """A notice of memories that are blank, or that repeat an earlier one."""
    large = np.size(memories) > MOST_COMPARED
    if _expected.get() or large or not concrete(memories):
        return
    rows = np.asarray(memories)
    blank = np.flatnonzero(~np.any(rows, axis=1))
    seen: dict[bytes, int] = {}
    first = [seen.setdefault(row.tobytes(), i) for i, row in enumerate(rows + 0.0)]
    again = [i for i, k in enumerate(first) if i != k and np.any(rows[i])]
    if blank.size:
        notify(
            f"{what}: {len(blank)} of {len(rows)} rows are blank, all 0, first row "
            f"{blank[0]}"
        )
    if again:
        notify(
            f"{what}: {len(again)} of {len(rows)} rows repeat an earlier one, first "
            f"row {again[0]}, which is row {first[again[0]]}"
        )
