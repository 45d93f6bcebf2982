"""Visits to the spins of one start after the other, compiled for a CPU.

See `_cpu_engine` for the method.
"""

import math
from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float, Int, Int8

from ..._common.compiled import compiled


ROW = 1024  # terms added up in float32 before their sum joins a float64
HIGHEST = 40  # the exponent that the largest term is scaled to: room for sums
GROWTH = 80  # powers of two by which it may grow before the unit is chosen anew
# sums may be reordered, their bounds hold for any order; infinities and NaN must stay
FREE = {"reassoc", "contract", "nsz"}


@compiled(fastmath=FREE)
@no_type_check
def _row(w, s_i, agree, differ):
    """The sum of the terms of one row, times the spin, and the sum of their sizes."""
    total, size = agree.dtype.type(0), agree.dtype.type(0)
    for m in range(len(agree)):
        term = agree[m] if w[m] == s_i else -differ[m]
        total += term
        size += abs(term)
    return total, size


@compiled()
@no_type_check
def _sums(w, s_i, agree, differ):
    total = size = 0.0
    for first in range(0, len(agree), ROW):
        row = slice(first, first + ROW)
        part, parts = _row(w[row], s_i, agree[row], differ[row])
        total += part
        size += parts
    return total, size


@compiled()
@no_type_check
def _again(w, s_i, x, table, low, high):
    """The same sums from the table itself, in its own number type."""
    total, size = table.dtype.type(0), table.dtype.type(0)
    for m in range(len(x)):
        near = np.uint64(x[m])
        term = table[near + low] if w[m] == s_i else -table[near + high]
        total += term
        size += abs(term)
    return total, size


@compiled()
@no_type_check
def _look_up(x, table, low, high, agree, differ):
    for m in range(len(x)):
        near = np.uint64(x[m])
        agree[m] = table[near + low]
        differ[m] = table[near + high]


@compiled()
@no_type_check
def _add(x, w, s_i):
    for m in range(len(x)):
        x[m] += w[m] * s_i


@compiled()
@no_type_check
def _range(x):
    least = most = x[0]
    for m in range(len(x)):
        least, most = min(least, x[m]), max(most, x[m])
    return np.int64(least), np.int64(most)


@compiled()
@no_type_check
def _scaled(mantissa, exponent):
    # beyond these it is 0 or infinite anyway, and far beyond the exponent would wrap
    return math.ldexp(mantissa, np.int32(min(max(exponent, -4000), 4000)))


@compiled()
@no_type_check
def _top(mantissa, exponent, first, last, top):
    """The largest exponent of the entries from `first` to `last`, at least `top`."""
    for k in range(first, last + 1):
        if mantissa[k] != 0 and math.isfinite(mantissa[k]):
            top = max(top, exponent[k])
    return top


@compiled()
@no_type_check
def _slack(slack, exponent, first, last, unit):
    """The largest absolute error of the entries from `first` to `last`."""
    most = 0.0
    for k in range(first, last + 1):
        if slack[k] > 0:
            most = max(most, _scaled(slack[k], exponent[k] - unit))
    return most


class Gaps(NamedTuple):
    """What a memory adds to a field, `mantissa 2^exponent`, for y = -N-1 ... N+1.

    `error` bounds the relative error of each value. Values that are differences of much
    larger numbers have the absolute bound `slack 2^exponent` as well, which is 0 for
    all others. `whole` holds the values as integers if sums of them fit 64 bits.
    """

    mantissa: Float[np.ndarray, " input"]
    exponent: Int[np.ndarray, " input"]
    slack: Float[np.ndarray, " input"]
    whole: Int[np.ndarray, " input_or_none"]
    error: float


class Beside(NamedTuple):
    """The part of a local field outside the sum over memories."""

    current: Float[np.ndarray, " feature"]
    autapse: float
    top: int  # the exponent of the largest of them


class VisitSettings(NamedTuple):
    """How a visit decides its spin."""

    low: int  # offsets of the table for a memory that agrees with the spin,
    high: int  # and for one that differs
    tie: int  # 0 keeps the spin, +1 and -1 are its new value, 2: a coin
    synchronous: bool
    single: bool  # a sum in float32 comes first
    exact: bool  # what is not certain is held until exact integers decide it
    trust: float


class Rows(NamedTuple):
    """Some starts, and where each is resumed; `seen` receives the results."""

    spins: Int8[np.ndarray, "start feature"]
    before: Int8[np.ndarray, "start feature"]  # decides where all spins move at once
    first: Int[np.ndarray, " start"]  # the sweep at which a start is resumed,
    begin: Int[np.ndarray, " start"]  # the visit in it,
    last: Int[np.ndarray, " start"]  # and the flips of that sweep so far
    tosses: Int8[np.ndarray, "start sweep visit"]
    seen: Int[np.ndarray, "start 6"]


@compiled(nogil=True)
@no_type_check
def sweep_rows(memories, rows, orders, gaps, beside, how):
    """Sweep each row of spins until a sweep flips none.

    `rows.seen` receives, for each start, the sweeps made, all flips, those of the last
    sweep, ties, doubtful visits, and the visit that is held for exact integers, or -1.
    `x` counts from -N, so that it indexes the tables.
    """
    spins, before, first, begin, last, tosses, seen = rows
    mantissa, exponent, slack, whole, error = gaps
    rest, autapse, outer = beside
    low, high, tie, synchronous, single, exact, trust = how
    features, count = memories.shape
    x = np.empty(count, np.int32)
    agree, differ = np.empty(count, np.float32), np.empty(count, np.float32)
    doubles = np.empty(len(mantissa), np.float64)
    singles = np.empty(len(mantissa), np.float32)
    half, tiny = 2.0**-24, 2.0**-53
    near, away = np.uint64(low), np.uint64(high)  # unsigned indices are not wrapped
    for lane in range(len(spins)):
        s = spins[lane]
        x[:] = features
        for first_row in range(0, count, ROW):
            row = slice(first_row, first_row + ROW)
            for i in range(features):
                _add(x[row], memories[i, row], before[lane, i])
        sweeps = all_flips = flips = ties = doubts = 0
        waits_at = -1
        # invariant at every visit: x holds the inputs of the spins that decide, agree
        # and differ the values of the table beside them, and entries in the range of x
        # have exponents of at most unit + HIGHEST + GROWTH: no sum overflows
        for t in range(first[lane], len(orders)):
            on = begin[lane] if t == first[lane] else 0
            flips = last[lane] if on else 0
            all_flips -= flips
            sweeps += on == 0
            least, most = _range(x)
            top = _top(mantissa, exponent, least + low, most + high, outer)
            fresh = True
            unit, loose = 0, 0.0
            for visit in range(on, orders.shape[1]):
                if fresh or top > unit + HIGHEST + GROWTH:
                    fresh = False
                    unit = top - HIGHEST
                    for k in range(len(mantissa)):
                        doubles[k] = _scaled(mantissa[k], exponent[k] - unit)
                        singles[k] = doubles[k]
                    loose = _slack(slack, exponent, least + low, most + high, unit)
                    _look_up(x, singles, near, away, agree, differ)
                i = orders[t, visit]
                w, s_i = memories[i], s[i]
                current, own = _scaled(rest[i], -unit), _scaled(autapse, -unit)
                other = current - own * s_i
                # the rounding of what is beside the sum, and errors of cancelled values
                given = trust * 8 * tiny * (abs(current) + abs(own)) + count * loose
                certain, sign = False, 0
                # cheapest first: float32 beyond its bound, then integers of 64 bits or
                # float64 beyond its own; what is still open is held or moves nothing
                if single:
                    total, size = _sums(w, s_i, agree, differ)
                    field = s_i * total + other
                    rounding = ((ROW + 2) * half + error) * size + count * 2.0**-126
                    certain = abs(field) > trust * rounding + given
                    sign = 1 if field > 0 else -1
                if not certain:
                    doubts += single
                    if len(whole) and rest[i] == 0 and autapse == 0:
                        number, _ = _again(w, s_i, x, whole, near, away)
                        sign = s_i * ((number > 0) - (number < 0))
                        certain = True
                    else:
                        total, size = _again(w, s_i, x, doubles, near, away)
                        field = s_i * total + other
                        rounding = ((count + 8) * tiny + error) * size
                        rounding += (count + 8) * 2.0**-1022
                        certain = abs(field) > trust * rounding + given
                        sign = 1 if field > 0 else -1
                if not certain:
                    if exact:
                        waits_at = visit
                        break
                    sign = 0  # what is not certain moves nothing
                ties += sign == 0
                if sign == 0:
                    sign = tie if abs(tie) == 1 else s_i
                    if tie == 2:
                        sign = tosses[lane, t, visit]
                if sign != s_i:
                    flips += 1
                    s[i] = sign
                    if not synchronous:
                        _add(x, w, 2 * sign)
                        _look_up(x, singles, near, away, agree, differ)
                        # inputs outside their former range may meet larger entries
                        less, more = _range(x)
                        if less < least or more > most:
                            least, most = min(less, least), max(more, most)
                            start, end = least + low, most + high
                            top = _top(mantissa, exponent, start, end, top)
                            loose = _slack(slack, exponent, start, end, unit)
            all_flips += flips
            if waits_at >= 0 or flips == 0:
                break
        seen[lane, 0], seen[lane, 1], seen[lane, 2] = sweeps, all_flips, flips
        seen[lane, 3], seen[lane, 4], seen[lane, 5] = ties, doubts, waits_at
