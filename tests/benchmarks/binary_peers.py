"""Peers of case b4: the binary memory as one would write it elsewhere.

Each takes memories (memory, feature) and starts (start, feature) of +-1, visits the
spins in the order of their numbers until a sweep moves none, keeps a spin on a tie,
and returns the final spins. All but the package style update the memory inputs at
flips. PyTorch and numba are imported where they are used.
"""

import functools as ft
import importlib
import math
from typing import Any

import numpy as np


MAX_SWEEPS = 100
AT_ONCE = 64  # starts in one array: the best of 4, 16, 64 and 256 for both libraries
Peer = Any  # (memories, starts) -> final spins


def _coefficients(n: int) -> list[int]:
    """Of `(z + 1)^n - (z - 1)^n` by falling powers of `z^2` (times z for even n)."""
    return [2 * math.comb(n, k) for k in range(1, n + 1, 2)]


def _gap(n: int, rectified: bool, xp: Any) -> Any:
    """`F(z + 1) - F(z - 1)` in products alone: a power function is ten times slower."""
    if rectified:
        up = lambda y: xp.clip(y, 0, None)
        return lambda z: _power(up(z + 1), n) - _power(up(z - 1), n)

    def gap(z):
        square = z * z
        total = xp.full_like(z, 2 * n)
        for c in _coefficients(n)[1:]:
            total = total * square + c
        return total if n % 2 else total * z

    return gap


def _power(x: Any, n: int) -> Any:
    """`x^n` by repeated squaring."""
    total = None
    while n:
        if n % 2:
            total = x if total is None else total * x
        n //= 2
        x = x * x if n else x
    return total


def _scale(n: int, features: int) -> float:
    """A power of two that keeps float32 finite and ties exact; 1 for small n."""
    return 1.0 if n <= 5 else 2.0 ** -math.ceil(math.log2(features + 1))


def _incremental(xp: Any, n: int, rectified: bool, memories: Any, starts: Any) -> Any:
    """Starts and memories in one array, float32, of NumPy or PyTorch."""
    unit = _scale(n, memories.shape[1])
    one = _gap(n, rectified, xp)
    if unit != 1:  # rectified: the two powers of scaled numbers
        up = lambda y: xp.clip(unit * y, 0, None)
        one = lambda z: _power(up(z + 1), n) - _power(up(z - 1), n)
    columns = memories.T
    columns = columns.copy() if xp is np else columns.contiguous()
    final, alive = 1 * starts, xp.arange(len(starts))
    s, x = 1 * starts, starts @ columns
    for _ in range(MAX_SWEEPS):
        moved = xp.zeros(len(s), dtype=bool)
        for i, w in enumerate(columns):
            drive = one(x - s[:, i : i + 1] * w) @ w
            flip = drive * s[:, i] < 0
            rows = xp.where(flip)[0]
            if len(rows):
                s[rows, i] *= -1
                x[rows] += 2 * s[rows, i : i + 1] * w
                moved |= flip
        final[alive] = s
        s, x, alive = s[moved], x[moved], alive[moved]
        if not len(alive):
            break
    return final


def numpy_incremental(n: int, rectified: bool, at_once: int = AT_ONCE) -> Peer:
    def run(memories, starts):
        memories, starts = memories.astype(np.float32), starts.astype(np.float32)
        parts = np.split(starts, range(at_once, len(starts), at_once))
        one = ft.partial(_incremental, np, n, rectified, memories)
        return np.concatenate([one(part) for part in parts])

    return run


def _torch() -> Any:
    torch = importlib.import_module("torch")  # only tests/benchmarks/run.py installs it
    torch.set_num_threads(1)
    return torch


def torch_incremental(n: int, rectified: bool, at_once: int = AT_ONCE) -> Peer:
    torch = _torch()
    as_torch = lambda x: torch.from_numpy(x.astype(np.float32))

    def run(memories, starts):
        one = ft.partial(_incremental, torch, n, rectified, as_torch(memories))
        with torch.inference_mode():
            parts = torch.split(as_torch(starts), at_once)
            return torch.cat([one(part) for part in parts]).numpy()

    return run


def torch_package(n: int, rectified: bool) -> Peer:
    """Both states of one neuron through all memories, by two products: float64."""
    torch = _torch()
    up = (lambda y: torch.clip(y, 0, None)) if rectified else (lambda y: y)
    energy = lambda similarity: -_power(up(similarity), n).sum(dim=0)

    def run(memories, starts):
        xi = torch.from_numpy(memories.astype(np.float64))
        s = torch.from_numpy(starts.T.astype(np.float64)).contiguous()
        with torch.inference_mode():
            for _ in range(MAX_SWEEPS):
                before = s.clone()
                for i in range(len(s)):
                    on, off = s.clone(), s.clone()
                    on[i], off[i] = 1.0, -1.0
                    gap = energy(xi @ off) - energy(xi @ on)
                    s[i] = torch.where(gap == 0, s[i], torch.sign(gap))
                if torch.equal(before, s):
                    break
        return s.T.numpy()

    return run


# --- numba: one start after the other, the inputs of one start in the cache -----------


def numba_table(n: int, rectified: bool) -> Peer:
    """The energy gap looked up: int64 where it fits, else float64."""
    import numba

    @numba.njit
    def sweeps(columns, table, s):
        features, count = columns.shape
        x = np.empty(count, np.int64)
        for one in s:
            _load(columns, one, x)
            for _ in range(MAX_SWEEPS):
                moved = False
                for i in range(features):
                    w, s_i = columns[i], one[i]
                    drive = table[0] * 0
                    for m in range(count):
                        drive += w[m] * table[x[m] - w[m] * s_i + features]
                    if drive * s_i < 0:
                        one[i] = -s_i
                        moved = True
                        for m in range(count):
                            x[m] -= 2 * w[m] * s_i
                if not moved:
                    break
        return s

    @numba.njit
    def _load(columns, one, x):
        x[:] = 0
        for i in range(len(one)):
            x += columns[i] * one[i]

    def run(memories, starts):
        features = memories.shape[1]
        exact = _table(n, rectified, features)
        fits = 4 * len(memories) * max(map(abs, exact)) < 2**63
        table = np.array(exact, np.int64 if fits else np.float64)
        wide = lambda x: np.ascontiguousarray(x).astype(np.int64)
        return sweeps(wide(memories.T), table, wide(starts))

    return run


def numba_simd(n: int, rectified: bool) -> Peer:
    """Near the limit of a core: float32 vectors of one start's inputs in L1."""
    import numba

    single = numba.float32
    coefficients = tuple(np.float32(c) for c in _coefficients(n))
    even, two_powers = n % 2 == 0, rectified

    @numba.njit(inline="always", fastmath=True)
    def power(x):
        total, k = single(1), n
        while k:
            if k % 2:
                total *= x
            x, k = x * x, k // 2
        return total

    @numba.njit(inline="always", fastmath=True)
    def gap(z, unit):
        if two_powers:
            up, down = unit * (z + single(1)), unit * (z - single(1))
            return power(max(up, single(0))) - power(max(down, single(0)))
        square, total = z * z, single(0)
        for c in coefficients:
            total = total * square + c
        return total * z if even else total

    @numba.njit(fastmath=True, error_model="numpy")
    def sweeps(columns, unit, s):
        features, count = columns.shape
        x = np.empty(count, np.float32)
        for one in s:
            x[:] = 0
            for i in range(features):
                for m in range(count):
                    x[m] += columns[i, m] * one[i]
            for _ in range(MAX_SWEEPS):
                moved = False
                for i in range(features):
                    w, s_i = columns[i], one[i]
                    drive = single(0)
                    for m in range(count):
                        drive += w[m] * gap(x[m] - w[m] * s_i, unit)
                    if drive * s_i < 0:
                        one[i] = -s_i
                        moved = True
                        change = single(-2) * s_i
                        for m in range(count):
                            x[m] += w[m] * change
                if not moved:
                    break
        return s

    def run(memories, starts):
        columns = np.ascontiguousarray(memories.T, np.float32)
        unit = np.float32(_scale(n, memories.shape[1]))
        return sweeps(columns, unit, starts.astype(np.float32))

    return run


# --- the reference -------------------------------------------------------------------

DIGIT = 30  # bits of one digit: sums of 2^33 of them fit int64


def exact_integers(n: int, rectified: bool) -> Peer:
    """Integers of any size, in digits of 30 bits; sign by the carried sum."""
    import numba

    @numba.njit
    def sweeps(columns, digits, s):
        features, count = columns.shape
        x = np.empty(count, np.int64)
        total = np.empty(len(digits), np.int64)
        for one in s:
            x[:] = 0
            for i in range(features):
                x += columns[i] * one[i]
            for _ in range(MAX_SWEEPS):
                moved = False
                for i in range(features):
                    total[:] = 0
                    for m in range(count):
                        y = x[m] - columns[i, m] * one[i] + features
                        for d in range(len(digits)):
                            total[d] += columns[i, m] * digits[d, y]
                    sign = 0
                    for d in range(len(digits) - 1):  # the rests are not negative
                        carry = total[d] >> DIGIT
                        if total[d] != carry << DIGIT:
                            sign = 1
                        total[d + 1] += carry
                    if total[-1] != 0:
                        sign = 1 if total[-1] > 0 else -1
                    if sign * one[i] < 0:
                        one[i] = sign
                        moved = True
                        x += 2 * columns[i] * sign
                if not moved:
                    break
        return s

    def run(memories, starts):
        table = _table(n, rectified, memories.shape[1])
        width = max(1, math.ceil(max(map(abs, table)).bit_length() / DIGIT))
        signs = [-1 if t < 0 else 1 for t in table]
        split = lambda d: [
            sign * ((abs(t) >> (DIGIT * d)) % 2**DIGIT)
            for sign, t in zip(signs, table, strict=True)
        ]
        digits = np.array([split(d) for d in range(width)], np.int64)
        wide = lambda x: np.ascontiguousarray(x).astype(np.int64)
        return sweeps(wide(memories.T), digits, wide(starts))

    return run


def _table(n: int, rectified: bool, features: int) -> list[int]:
    """The gap of every input from -features to features."""
    power = lambda x: max(x, 0) ** n if rectified else x**n
    return [power(z + 1) - power(z - 1) for z in range(-features, features + 1)]
