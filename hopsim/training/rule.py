r"""Learning rules: rule (13) of Krotov & Hopfield, and those of optax by name."""

import functools as ft
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from .._common.names import nearest
from .._common.types import AnyArray, concrete


def KrotovHopfieldRule(
    learning_rate: float | AnyArray | optax.Schedule,
    momentum: float | AnyArray = 0.0,
    *,
    bound: float = 1.0,
    floor: float | AnyArray = 1e-30,
) -> optax.GradientTransformation:
    r"""Gradient descent with a step size independent of the gradient's. [KH16 eq. 13]

    $V \leftarrow p V - \partial C$, and
    $\xi_\mu \leftarrow \mathrm{clip}(\xi_\mu + \varepsilon V_\mu / \max_J |V_{\mu J}|)$
    for every memory, over visible and class weights alike: the largest change of a
    memory is the learning rate.

    **Arguments:**

    - `learning_rate`: epsilon > 0, or an optax schedule of the number of updates.
    - `momentum`: p in [0, 1).
    - `bound`: weights are clipped to [-bound, bound], and should start there.
    - `floor`: a lower limit of the maximum in the denominator: a memory with smaller
      gradients hardly moves. (1e-30 as in the public codes; gradients for n >= 30 fall
      below it.)

    Raises ValueError for a rate or momentum out of range. It can be chained with, or
    replaced by, any other optax transformation.
    """
    _require("The momentum", momentum, 0, 1)
    if not callable(learning_rate):
        _require("The learning rate", learning_rate, 0, float("inf"))
    rate: Any = learning_rate
    decay: Any = momentum
    return optax.chain(
        optax.trace(decay),
        optax.stateless(lambda v, _: _normalised(v, floor)),
        optax.scale_by_learning_rate(rate),
        optax.stateless(lambda step, xi: _kept_within(step, xi, bound)),
    )


# the other rules of `rule_of`: optax optimisers that need only a learning rate
OPTIMISERS = ("adabelief", "adam", "adamw", "lion", "nadam", "rmsprop", "sgd")


def rule_of(
    name: str,
    rates: Float[np.ndarray, " epoch"],
    steps: int,
    momentum: float = 0.0,
    floor: float = 1e-30,
) -> optax.GradientTransformation:
    """A rule by its name, with a learning rate for every epoch.

    `steps` is the number of minibatches in an epoch; `momentum` and `floor` are used by
    the Krotov-Hopfield rule only. Raises ValueError for an unknown name.
    """

    if name not in ("krotov_hopfield", *OPTIMISERS):
        known = ["krotov_hopfield", *OPTIMISERS]
        raise ValueError(f"There is no rule {name!r}; {nearest(name, known)}.")
    return _rule(name, rates.tobytes(), rates.dtype.name, steps, momentum, floor)


# equal rules are the same object, so that training runs which differ only in their
# start share a compiled program
@ft.lru_cache(maxsize=64)
def _rule(
    name: str, rates: bytes, dtype: str, steps: int, momentum: float, floor: float
) -> optax.GradientTransformation:
    table = np.frombuffer(rates, dtype)

    def schedule(count: Any) -> Array:  # looked up: a power would be rounded to float32
        return jnp.asarray(table)[jnp.minimum(count // steps, len(table) - 1)]

    if name == "krotov_hopfield":
        return KrotovHopfieldRule(schedule, momentum, floor=floor)
    return getattr(optax, name)(learning_rate=schedule)


def _normalised(v: Any, floor: float | AnyArray) -> Array:
    largest = jnp.max(jnp.abs(v), axis=-1, keepdims=True)
    return v / jnp.maximum(largest, floor)


def _kept_within(step: Any, memories: Any, bound: float) -> Array:
    if memories is None:
        raise ValueError(
            "The Krotov-Hopfield rule clips the memories and needs them: call "
            "rule.update(gradient, state, memories)."
        )
    return jnp.clip(memories + step, -bound, bound) - memories


def _require(what: str, x: float | AnyArray, low: float, high: float) -> None:
    if concrete(x) and not (low <= float(x) < high):
        raise ValueError(f"{what} must lie in [{low:g}, {high:g}), got {x}.")
