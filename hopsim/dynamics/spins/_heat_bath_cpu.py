"""A heat bath for spins on a CPU: one replica after the other, compiled.

Spin i becomes +1 iff its energy gap exceeds a threshold, T logit(u) with u uniform in
[0, 1). The thresholds of whole sweeps are drawn in advance. Gaps change only at flips:
where they are maintained, a visit that moves nothing costs one comparison. Gaps are
sums of integers if the interaction has integer values; both forms below then follow
the same trajectory for the same thresholds.
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
def by_couplings(system, state, order, thresholds, seen):
    """Sweeps of a `SummedSystem`.

    The spins and fields L of `state`, a `Replica`, are updated in place. `order` and
    `thresholds` have shape (sweep, visit); `seen`, a `SweepsSeen`, receives the
    results. The classes are those of `_heat_bath_engines`.
    """
    tensor, single, factor, unit, rest = system
    s, fields = state
    path, gains, moved = seen
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
def by_examples(system, state, order, thresholds, seen):
    """The same for an `ExampleSystem`, whose inputs x are updated at each flip."""
    memories, table, zero, unit, rest = system
    s, x = state
    path, gains, moved = seen
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
