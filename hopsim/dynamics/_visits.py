"""Visits to the spins of one start after the other, compiled for a CPU.

See `_walk` for what is done. The compiled functions keep their machine code on disk;
they are not type checked, for what checks types cannot be compiled.
"""

import math
from typing import no_type_check

import numba
import numpy as np


ROW = 1024  # terms that are added up in single precision before they join a double
HIGHEST = 40  # the exponent of the largest term of a start: room for sums and growth
# sums may be reordered, their bounds hold for any order; infinities and NaN must live
FREE = {"reassoc", "contract", "nsz"}


@numba.njit(fastmath=FREE, cache=True, error_model="numpy")
@no_type_check
def _row(w, s_i, agree, differ):
    """The sum of what the memories of one row add, times the spin; and of its sizes."""
    total, size = agree.dtype.type(0), agree.dtype.type(0)
    for m in range(len(agree)):
        term = agree[m] if w[m] == s_i else -differ[m]
        total += term
        size += abs(term)
    return total, size


@numba.njit(cache=True, error_model="numpy")
@no_type_check
def _sums(w, s_i, agree, differ):
    total = size = 0.0
    for first in range(0, len(agree), ROW):
        row = slice(first, first + ROW)
        part, parts = _row(w[row], s_i, agree[row], differ[row])
        total += part
        size += parts
    return total, size


@numba.njit(cache=True, error_model="numpy")
@no_type_check
def _again(w, s_i, x, table, low, high):
    """The same from the table itself, in its own numbers."""
    total, size = table.dtype.type(0), table.dtype.type(0)
    for m in range(len(x)):
        near = np.uint64(x[m])
        term = table[near + low] if w[m] == s_i else -table[near + high]
        total += term
        size += abs(term)
    return total, size


@numba.njit(cache=True)
@no_type_check
def _look_up(x, table, low, high, agree, differ):
    for m in range(len(x)):
        near = np.uint64(x[m])
        agree[m] = table[near + low]
        differ[m] = table[near + high]


@numba.njit(cache=True)
@no_type_check
def _add(x, w, s_i):
    for m in range(len(x)):
        x[m] += w[m] * s_i


@numba.njit(cache=True)
@no_type_check
def _move(x, w, change, features):
    """Move every input with its memory; the largest |x| then."""
    for m in range(len(x)):
        x[m] += w[m] * change
    least = most = x[0]
    for m in range(len(x)):
        least, most = min(least, x[m]), max(most, x[m])
    return max(np.int64(most) - features, features - np.int64(least))


@numba.njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def walk(
    memories, spins, first, orders, tosses, mantissa, exponent, top_mantissa,
    top_exponent, whole, rest, autapse, low, high, tie, synchronous, single, exact,
    steps, trust, seen,
):  # fmt: skip
    """Sweep each row of `spins` from sweep `first` on, until a sweep flips none.

    `seen` receives, for each start, the sweeps made, all flips, those of the last
    sweep, ties, doubtful visits, and the visit at which it waits for exact integers,
    or -1. `x` counts from -N, so that it indexes the tables.
    """
    features, count = memories.shape
    x = np.empty(count, np.int32)
    agree, differ = np.empty(count, np.float32), np.empty(count, np.float32)
    doubles = np.empty(len(mantissa), np.float64)
    singles = np.empty(len(mantissa), np.float32)
    half, tiny = 2.0**-24, 2.0**-53
    for lane in range(len(spins)):
        s = spins[lane]
        x[:] = features
        for first_row in range(0, count, ROW):
            row = slice(first_row, first_row + ROW)
            for i in range(features):
                _add(x[row], memories[i, row], s[i])
        far = _move(x, memories[0], 0, features)
        sweeps = all_flips = flips = ties = doubts = 0
        waits_at = -1
        for t in range(first[lane], len(orders)):
            unit = -(2**62)
            flips = 0
            sweeps += 1
            for visit in range(orders.shape[1]):
                if unit == -(2**62) or top_exponent[min(far + 1, features)] > unit + 80:
                    # --- the unit of this start: its largest term is 2^HIGHEST
                    unit = top_exponent[min(far + 1, features)] - HIGHEST
                    for k in range(len(mantissa)):
                        doubles[k] = math.ldexp(mantissa[k], exponent[k] - unit)
                        singles[k] = doubles[k]
                    _look_up(x, singles, low, high, agree, differ)
                i = orders[t, visit]
                w, s_i = memories[i], s[i]
                other = math.ldexp(rest[i] - autapse * s_i, -unit)
                reach = min(far + 1, features)
                top = math.ldexp(top_mantissa[reach], top_exponent[reach] - unit)
                given = trust * (steps + 8) * tiny * (count * top + abs(other))
                certain, sign = False, 0
                if single:
                    total, size = _sums(w, s_i, agree, differ)
                    drive = s_i * total + other
                    bound = trust * (ROW + 2) * half * size + given + count * 2.0**-126
                    certain = abs(drive) > bound
                    sign = 1 if drive > 0 else -1
                if not certain:
                    doubts += single
                    if len(whole) and other == 0:
                        number, _ = _again(w, s_i, x, whole, low, high)
                        sign = s_i * ((number > 0) - (number < 0))
                        certain = True
                    else:
                        total, size = _again(w, s_i, x, doubles, low, high)
                        drive = s_i * total + other
                        bound = trust * (count + 8) * tiny * size + given
                        certain = abs(drive) > bound + count * 2.0**-1022
                        sign = 1 if drive > 0 else -1
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
                        far = _move(x, w, 2 * sign, features)
                        _look_up(x, singles, low, high, agree, differ)
            all_flips += flips
            if waits_at >= 0 or flips == 0:
                break
        seen[lane, 0], seen[lane, 1], seen[lane, 2] = sweeps, all_flips, flips
        seen[lane, 3], seen[lane, 4], seen[lane, 5] = ties, doubts, waits_at
