"""Public entries: in the precision of their network, and never traced by JAX."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, cast, TypeVar

import jax
import numpy as np

from .environment import precision
from .types import concrete


Entry = TypeVar("Entry", bound=Callable[..., Any])


def public_entry(entry: Entry) -> Entry:
    """A function that users call, with the rules that all of them share.

    The precision is that of the network among its arguments, if there is one, also
    where `jax_enable_x64` has been switched off since the network was made. Raises
    ValueError for an argument that JAX is tracing, as `jax.grad`, `jax.jit` and
    `jax.vmap` do.
    """
    signature = inspect.signature(entry)

    @functools.wraps(entry)
    def opened(*args: Any, **kwargs: Any) -> Any:
        _require_concrete(entry.__name__, signature, args, kwargs)
        double = any(
            getattr(x, "dtype", None) == np.float64 and hasattr(x, "memories")
            for x in (*args, *kwargs.values())
        )
        on = jax.dtypes.canonicalize_dtype(np.float64) == np.float64
        if on or not double:
            return entry(*args, **kwargs)
        with precision("float64"):
            return entry(*args, **kwargs)

    return cast(Entry, opened)


def _require_concrete(
    name: str, signature: inspect.Signature, args: tuple, kwargs: dict
) -> None:
    if all(map(concrete, jax.tree.leaves((args, kwargs)))):
        return
    given = signature.bind_partial(*args, **kwargs).arguments
    traced = [k for k, x in given.items() if not all(map(concrete, jax.tree.leaves(x)))]
    raise ValueError(
        f"{name} compiles programs of its own and cannot be traced by jax.grad, jit or "
        f"vmap, got a tracer in {', '.join(traced)}; use hopsim.flow or "
        "hopsim.fixed_point, which can be, or give simulate the parameters of each "
        "probe by `varied`."
    )
