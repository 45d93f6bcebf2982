"""A heat bath for spins on a CPU: one replica after the other, compiled.

Spin i becomes +1 iff its energy gap exceeds a threshold, T logit(u) with u uniform in
[0, 1): the thresholds of whole sweeps are drawn before, and since between two flips no
gap changes, a visit that moves nothing costs one comparison where gaps are maintained.
Gaps are sums of integers wherever the interaction has them: both forms below then
follow one trajectory for the same thresholds.
"""

from typing import no_type_check

import numpy as np

from ..._common.compiled import compiled
from .gap_tables import IN_A_ROW as ROW


@compiled()
@no_type_check
def _slab(rows, s, old, fields):
    """`fields[j] -= 2 old sum_k rows[j, k] s[k]`: spin i has left its value `old`."""
    for j in range(len(fields)):
        total = np.int32(0)
        for k in range(len(s)):
            total += np.int32(rows[j, k]) * np.int32(s[k])
        fields[j] -= 2 * old * np.int64(total)


@compiled(nogil=True)
@no_type_check
def by_couplings(
    tensor, single, factor, unit, rest, s, fields, order, thresholds, path, gains, moved
):
    """Sweeps with couplings of three spins; `s` and its `fields` L go on from call to
    call. `order` (sweep, visit), `thresholds` (sweep, visit); `path` (sweep, feature)
    receives the spins after each sweep, `gains` what they gained in Phi since the start
    of the call, in units of `unit` and (second column) beside it, `moved` the flips.
    """
    gained, beside = np.int64(0), 0.0
    for t in range(len(order)):
        flips = 0
        for visit in range(order.shape[1]):
            i = order[t, visit]
            gap = factor * fields[i] + single[i]
            new = 1 if unit * gap + rest[i] > thresholds[t, visit] else -1
            if new != s[i]:
                _slab(tensor[i], s, np.int64(s[i]), fields)
                s[i] = new
                gained += new * gap
                beside += new * rest[i]
                flips += 1
        path[t] = s
        gains[t, 0], gains[t, 1], moved[t] = gained * unit, beside, flips


@compiled()
@no_type_check
def _both(table, x, agree, differ):
    """What a memory adds to a gap: where it agrees with the spin, where it differs."""
    for m in range(len(x)):
        agree[m] = table[x[m] - 1]
        differ[m] = table[x[m] + 1]


@compiled()
@no_type_check
def _row(w, s_i, agree, differ):
    total = agree.dtype.type(0)
    for m in range(len(w)):
        total += agree[m] if w[m] == s_i else -differ[m]
    return total


@compiled()
@no_type_check
def _gap(w, s_i, agree, differ, zero):
    total = zero
    for first in range(0, len(w), ROW):
        row = slice(first, first + ROW)
        total += _row(w[row], s_i, agree[row], differ[row])
    return s_i * total


@compiled()
@no_type_check
def _follow(x, w, change):
    for m in range(len(x)):
        x[m] += change * w[m]


@compiled(nogil=True)
@no_type_check
def by_examples(
    memories, table, zero, unit, rest, s, x, order, thresholds, path, gains, moved
):
    """The same with memories (feature, memory) and their inputs `x`.

    `table` holds F(y + 1) - F(y - 1) for y = -N-1 ... N+1, `x` counts from -N-1, so
    that it indexes the table; `zero` is 0 of the type of sums.
    """
    count = len(x)
    agree, differ = np.empty(count, table.dtype), np.empty(count, table.dtype)
    _both(table, x, agree, differ)
    gained, beside = zero, 0.0
    for t in range(len(order)):
        flips = 0
        for visit in range(order.shape[1]):
            i = order[t, visit]
            w = memories[i]
            gap = _gap(w, s[i], agree, differ, zero)
            new = 1 if unit * gap + rest[i] > thresholds[t, visit] else -1
            if new != s[i]:
                _follow(x, w, np.int32(2 * new))
                _both(table, x, agree, differ)
                s[i] = new
                gained += new * gap
                beside += new * rest[i]
                flips += 1
        path[t] = s
        gains[t, 0], gains[t, 1], moved[t] = gained * unit, beside, flips
