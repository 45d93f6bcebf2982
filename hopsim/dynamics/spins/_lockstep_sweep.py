r"""Sweeps over spins: the one compiled loop that visits them, and its certificate.

Many starts are visited together, one spin of each at a time: arrays are laid out
`(memory, lane)`, the lane being a start. The memory inputs $x_\mu = \xi_\mu\cdot s$ are
formed by one product at the start of a sweep and then updated at every flip, so that a
sweep costs N K and not N N K. They are integers, exact in any float.

The energy gap or local field $S$ of a spin is a sum whose rounding error is bounded by
$c u \sum|\text{terms}|$, with $c$ from the number of additions in a row and from the
terms themselves. Beyond the bound the sign of $S$ is certain; within it the decision is
repeated in float64, and if that is not certain either the lane is held until exact
integers (`exact`) decide it. [MRS24 sec. 4; THEORY 2.2]
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Real, UInt32

from ..._common.types import AnyArray, cast, Scalar
from ...lagrangians import AbstractAdditiveLagrangian
from ._coins import coin
from .flip_rules import Rule, Tie


BLOCK = 64  # terms added in one row of a product; the rows are added then
GROUP = 8  # visits that share one bound on the |terms| of their fields
TRUST = 1.01  # a margin, since the |terms| are summed in floating point, too


class SpinTables(eqx.Module):
    """What decides the spins of one network, up to a positive factor.

    `memories` lie feature by feature and are padded by zero memories, which decide
    nothing; `current` is added to the field, in units of the interaction.
    """

    memories: AnyArray  # (feature, memory): int8 for binary ones, else float64
    by_memory: AnyArray | None  # the same, (memory, feature), if there is room for it
    count: Int[AnyArray, ""]  # memories that are not padding
    hidden_current: Float[AnyArray, " memory"]
    current: Float[AnyArray, " feature"]
    plain: Bool[AnyArray, " feature"]  # neither current nor autapse; formed on the host
    autapse: Scalar
    layer: AbstractAdditiveLagrangian
    integer_units: Float[AnyArray, ""]  # the power of two in every integer gap; 0: none
    rule: Rule = eqx.field(static=True)
    tie: Tie = eqx.field(static=True)
    synchronous: bool = eqx.field(static=True)
    binary: bool = eqx.field(static=True)  # memories of +-1: integer inputs
    rechecked: bool = eqx.field(static=True)  # float32 first, float64 where in doubt
    exact: bool = eqx.field(static=True)  # exact integers decide what is not certain


class LaneSweep(NamedTuple):
    """One sweep of some lanes."""

    s: AnyArray  # (lane, feature)
    flips: Int[AnyArray, " lane"]
    ties: Int[AnyArray, " lane"]  # visits with a field of zero, or none that is certain
    doubtful: Int[AnyArray, " lane"]  # visits that float64 decided
    waits_at: Int[AnyArray, " lane"]  # the visit held for exact integers, or -1


class _Lanes(NamedTuple):
    x: Float[Array, "memory lane"]
    s: Float[Array, "feature lane"]
    seen: Float[Array, "feature lane"]  # the spins that decide: s, or those before
    flips: Int[Array, " lane"]
    ties: Int[Array, " lane"]
    doubtful: Int[Array, " lane"]
    waits_at: Int[Array, " lane"]


def sweep(
    tables: SpinTables,
    s: Real[Array, "lane feature"],
    alive: Bool[Array, " lane"],
    numbers: UInt32[Array, " lane"],
    order: Int[Array, " visit"],
    visits: Int[AnyArray, ""],
    seed: UInt32[Array, "2"],
) -> LaneSweep:
    """Visit `order[:visits]`, one spin after the other, in every lane that is alive.

    `numbers` and `seed` key the coins of random ties.
    """
    dtype = jnp.float32 if tables.rechecked else jnp.float64
    columns = s.T.astype(dtype)
    x = _inputs(tables, columns)
    real = _real(tables)[:, None]
    level = cast(tables.layer, dtype).level
    scale = jax.vmap(level, in_axes=1)(jnp.where(real, x, x[:1]))
    reach = _reach(tables, columns)
    lanes = s.shape[0]
    zeros = jnp.zeros(lanes, jnp.int32)
    start = _Lanes(x, columns, columns, zeros, zeros, zeros, zeros - 1)

    bounded = tables.rechecked and tables.layer.gap_bound(scale) is not None

    def visit(t: Array, now: _Lanes, size: Callable | None = None) -> _Lanes:
        i = order[t]
        waiting = (now.waits_at >= 0) | ~alive
        w = jax.lax.dynamic_index_in_dim(tables.memories, i, 0, False)
        seen = now.seen if tables.synchronous else now.s
        s_i = jax.lax.dynamic_index_in_dim(seen, i, 0, False)
        known = None if size is None else size(now.flips)
        here = _Visit(now.x, s_i, w, i, scale, reach)
        sign, certain = _decide(tables, here, dtype, known)
        doubt = ~certain & ~waiting
        if tables.rechecked:
            again = lambda: _decide(tables, here, jnp.float64)
            sign, certain = jax.lax.cond(jnp.any(doubt), again, lambda: (sign, certain))
        unsure = ~certain & ~waiting
        stopped = unsure & tables.exact
        tied = (sign == 0) & ~waiting & ~stopped
        toss = None
        if tables.tie == "random":
            toss = jax.vmap(coin, in_axes=(None, 0, None))(seed, numbers, t)
        wanted = jnp.where(sign == 0, _tied(tables, s_i, toss), sign.astype(dtype))
        # what is not certain counts as a tie, unless exact integers will decide it
        new = jnp.where(waiting | stopped, s_i, wanted)
        flipped = new != s_i
        x = now.x
        if not tables.synchronous:
            step = lambda x: x + w.astype(dtype)[:, None] * (new - s_i)[None]
            x = jax.lax.cond(jnp.any(flipped), step, lambda x: x, x)
        return _Lanes(
            x,
            jax.lax.dynamic_update_index_in_dim(now.s, new, i, 0),
            now.seen,
            now.flips + flipped.astype(jnp.int32),
            now.ties + tied.astype(jnp.int32),
            now.doubtful + (doubt & tables.rechecked).astype(jnp.int32),
            jnp.where(stopped, t, now.waits_at),
        )

    def group(k: Array, now: _Lanes) -> _Lanes:
        size = _sizes(tables, now, scale, real)
        end = jnp.minimum((k + 1) * GROUP, visits)
        return jax.lax.fori_loop(k * GROUP, end, partial(visit, size=size), now)

    if bounded:
        end = jax.lax.fori_loop(0, (visits + GROUP - 1) // GROUP, group, start)
    else:
        end = jax.lax.fori_loop(0, visits, visit, start)
    return LaneSweep(
        end.s.T.astype(s.dtype), end.flips, end.ties, end.doubtful, end.waits_at
    )


def _sizes(tables: SpinTables, now: _Lanes, scale: Array, real: Array) -> Callable:
    """A bound on the |terms| of any spin's field, from the number of flips so far.

    By Minkowski's inequality: f flips move every input by at most 2 f, and so the
    p-norm of the inputs by at most 2 f K^(1/p).
    """
    layer = cast(tables.layer, scale.dtype)
    bound = layer.gap_bound(scale)
    assert bound is not None
    factor, p = bound
    terms = ((layer.reach(now.x) + 2) / scale[None]) ** p
    norm = _sum(real[:, 0].astype(terms.dtype), terms) ** (1 / p)
    width = tables.count.astype(terms.dtype) ** (1 / p) / scale
    flips = now.flips
    moved = 0 if tables.synchronous else 2
    far = lambda later: (moved * (later - flips)).astype(norm.dtype)
    return lambda later: factor * (norm + far(later) * width) ** p


def _tied(tables: SpinTables, s_i: Array, toss: Array | None) -> Array:
    """The new value of a spin whose local field is zero."""
    if tables.tie == "keep":
        return s_i
    if toss is not None:
        return toss.astype(s_i.dtype)
    return jnp.full_like(s_i, 1 if tables.tie == "+1" else -1)


def _real(tables: SpinTables) -> Bool[Array, " memory"]:
    """True for memories, False for padding."""
    size = tables.memories.shape[1]
    return jnp.arange(size, dtype=jnp.int32) < tables.count


class _Visit(NamedTuple):
    """The visit to spin i in all lanes."""

    x: Float[Array, "memory lane"]
    s_i: Float[Array, " lane"]
    w: Array  # (memory,), the memories at i
    i: Array
    scale: Float[Array, " lane"]
    reach: Float[Array, " lane"]  # a bound on the error of inputs


# --- one decision ---------------------------------------------------------------------


def _decide(
    tables: SpinTables, visit: _Visit, dtype, known: Array | None = None
) -> tuple[Int[Array, " lane"], Bool[Array, " lane"]]:
    """The sign of the field of spin i, and whether it is certain despite rounding.

    `known` bounds the sum of its |terms|, which is formed here if it is not given.
    """
    i, given = visit.i, (visit.x, visit.s_i, visit.w, visit.scale, visit.reach)
    x, s_i, w, scale, reach = (a.astype(dtype) for a in given)
    tables = dataclasses.replace(tables, layer=cast(tables.layer, dtype))
    form = _binary_terms if tables.binary else _real_terms
    # S, and the sum of |terms| that its rounding error is a multiple of
    field, size = form(tables, x, s_i, w, scale, reach, known)
    # --- the part outside the sum over memories
    info = jnp.finfo(dtype)
    log_unit = tables.layer.log_unit(scale)
    # clipped if it is far larger than all terms: it decides all the same
    most = 0.25 * float(info.max)
    cut = lambda x: jnp.clip(x.astype(dtype) * jnp.exp(-log_unit), -most, most)
    current, own = cut(tables.current[i]), jnp.zeros_like(s_i)
    if tables.rule == "local_field":
        own = cut(tables.autapse)
    field = field + (current - own * s_i)
    size = size + jnp.abs(current) + jnp.abs(own)
    # --- how far rounding can have moved it
    rows, far = x.shape[0] // BLOCK, 2.0 * tables.current.size
    steps = BLOCK + rows + 8 + tables.layer.relative_error(far)
    if not _is_one(tables.layer):
        steps = steps + jnp.abs(log_unit) + 8  # the error of the factor in `cut`
    bound = steps * (0.5 * info.eps) * TRUST * size
    # underflow may have set to zero a term, or a factor of an input
    flushed = 8.0 * x.shape[0] * (1 + far) * float(info.tiny)
    bound = bound + flushed
    certain = jnp.abs(field) > bound
    if tables.binary and tables.rule == "energy_gap":
        # sums of integers are exact up to 2^p units
        units = tables.integer_units * 2.0 ** (info.nmant + 1)
        limit = units.astype(dtype) * jnp.exp2(-jnp.round(log_unit / jnp.log(2.0)))
        certain = certain | ((units > 0) & tables.plain[i] & (TRUST * size < limit))
    # NaN compares false everywhere: never certain, never a flip
    sign = jnp.where(field > 0, 1, jnp.where(field < 0, -1, 0))
    return jnp.where(certain, sign, 0), certain


def _is_one(layer: AbstractAdditiveLagrangian) -> bool:
    return type(layer).log_unit is AbstractAdditiveLagrangian.log_unit


def _binary_terms(tables, x, s_i, w, scale, reach, known) -> tuple[Array, Array]:
    """Memories of +1 and -1: one term for each, `xi` times a function of its input."""
    layer, rule = tables.layer, tables.rule
    y = x if rule == "local_field" else x - w[:, None] * s_i[None]
    if rule == "energy_gap":
        terms, sizes = _each(layer.relative_gap)(y, scale)
    else:
        terms = _each(layer.relative_activation)(y, scale)
        sizes = jnp.abs(terms)
    return _sum(w, terms), _sum(jnp.abs(w), sizes) if known is None else known


def _real_terms(tables, x, s_i, w, scale, reach, known) -> tuple[Array, Array]:
    """Any memories; `reach` bounds the error of their inputs."""
    layer, rule = tables.layer, tables.rule
    y = x if rule == "local_field" else x - w[:, None] * s_i[None]
    real = _real(tables).astype(x.dtype)
    unit = 0.5 * jnp.finfo(x.dtype).eps
    if rule == "energy_gap":
        ups, downs = y + w[:, None], y - w[:, None]
        up, down = (
            _each(layer.relative)(ups, scale),
            _each(layer.relative)(downs, scale),
        )
        slopes = jnp.abs(_each(layer.relative_activation)(ups, scale))
        slopes = slopes + jnp.abs(_each(layer.relative_activation)(downs, scale))
        size = _sum(real, jnp.abs(up) + jnp.abs(down) + reach[None] * slopes)
        return _sum(real, up - down), size
    # an error of an input moves the activation: by its secant over that error
    terms = _each(layer.relative_activation)(y, scale)
    shift = unit * reach[None]
    spread = _each(layer.relative_activation)(y + shift, scale) - terms
    spread = jnp.abs(spread) + jnp.abs(
        terms - _each(layer.relative_activation)(y - shift, scale)
    )
    return _sum(w, terms), _sum(jnp.abs(w), jnp.abs(terms) + spread / unit)


def _each(function: Callable) -> Callable:
    """A function of one layer and its scale, for every lane."""
    return jax.vmap(function, in_axes=(1, 0), out_axes=1)


def _sum(w: Float[Array, " memory"], terms: Float[Array, "memory lane"]) -> Array:
    """`w . terms` for every lane, in rows of BLOCK: few additions follow each other."""
    rows = w.reshape(-1, BLOCK)
    blocks = terms.reshape(-1, BLOCK, terms.shape[-1])
    highest = jax.lax.Precision.HIGHEST
    parts = jnp.einsum("rm,rml->rl", rows, blocks, precision=highest)
    return jnp.sum(parts, axis=0)


FEATURES_AT_ONCE = 64  # converted from int8 to floats at once: bounds the memory


def _inputs(
    tables: SpinTables, s: Float[Array, "feature lane"]
) -> Float[Array, "memory lane"]:
    """`x = xi s + J`, a block of features at a time."""
    highest = jax.lax.Precision.HIGHEST
    size = min(FEATURES_AT_ONCE, s.shape[0])
    part = partial(jax.lax.dynamic_slice_in_dim, slice_size=size)

    def add(k: Array, x: Array) -> Array:
        spins = part(s, k * size)
        if tables.by_memory is not None:  # thrice as fast, at twice the memory
            some = part(tables.by_memory, k * size, axis=1).astype(s.dtype)
            return x + jnp.einsum("mi,il->ml", some, spins, precision=highest)
        some = part(tables.memories, k * size).astype(s.dtype)
        return x + jnp.einsum("im,il->ml", some, spins, precision=highest)

    start = jnp.zeros((tables.memories.shape[1], s.shape[1]), s.dtype)
    start = start + tables.hidden_current.astype(s.dtype)[:, None]
    return jax.lax.fori_loop(0, s.shape[0] // size, add, start)


def _reach(tables: SpinTables, s: Float[Array, "feature lane"]) -> Array:
    """A bound on the error of every input, in units of rounding: (lane,).

    From N products added up and as many updates, each relative to the largest sum of
    |terms| that a memory can have. Integers have no error.
    """
    if tables.binary:
        return jnp.zeros(s.shape[1], s.dtype)
    size = jnp.abs(tables.memories).T @ jnp.maximum(jnp.abs(s), 1)
    size = size + jnp.abs(tables.hidden_current)[:, None]
    return (2.0 * tables.memories.shape[0] + 8) * jnp.max(size, axis=0)


def padded(count: int) -> int:
    """The padded number of memories: similar counts share it, and so a program."""
    if count <= 1024:
        return max(BLOCK, 1 << (count - 1).bit_length())
    quarter = 1 << ((count - 1).bit_length() - 3)  # a quarter of the octave
    return quarter * -(-count // quarter)


def padded_features(features: int) -> int:
    """The same for features; they cost one product a sweep."""
    if features <= 128:
        return max(16, 1 << (features - 1).bit_length())
    return FEATURES_AT_ONCE * -(-features // FEATURES_AT_ONCE)


def padded_to(x: np.ndarray, *shape: int) -> np.ndarray:
    """The array, padded with zeros at the end of every dimension."""
    out = np.zeros(shape, x.dtype)
    out[tuple(slice(k) for k in x.shape)] = x
    return out
