"""Sums over examples of products of three spins, by counting bits.

A spin is a bit, 1 for -1; a product of three is the parity of their bits, so that 64
examples cost two exclusive ors and a count. See `couplings`.
"""

from typing import no_type_check

import numpy as np
from numba.extending import intrinsic

from ..._common.compiled import compiled


WORDS = 256  # of each spin, counted together: a block of all spins fits in the cache


@intrinsic
@no_type_check
def _ones(typingctx, word):
    """How many bits of a word are 1: one instruction where the CPU has it."""

    def build(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return word(word), build


@compiled()
@no_type_check
def _odd(pair, single):
    total = np.uint64(0)
    for w in range(len(pair)):
        total += _ones(pair[w] ^ single[w])
    return np.int32(total)


@compiled(nogil=True)
@no_type_check
def count_odd(bits, odd, first, step):
    """Adds to `odd[i, j, k]`, i < j < k, the number of examples whose bits sum to odd.

    `bits` has shape (feature, word); i runs over first, first + step, ...
    """
    features, words = bits.shape
    pair = np.empty(WORDS, np.uint64)
    for begin in range(0, words, WORDS):
        end = min(begin + WORDS, words)
        block = pair[: end - begin]
        for i in range(first, features, step):
            for j in range(i + 1, features):
                for w in range(len(block)):
                    block[w] = bits[i, begin + w] ^ bits[j, begin + w]
                # slices indexed from 0 need no wrapped indices, so that LLVM vectorises
                for k in range(j + 1, features):
                    odd[i, j, k] += _odd(block, bits[k, begin:end])


@compiled(nogil=True)
@no_type_check
def fill(odd, count, tensor, first, step):
    """`tensor[i, j, k] = count - 2 odd` in all orders of i, j, k; 0 where two agree."""
    features = len(odd)
    for i in range(first, features, step):
        for j in range(i + 1, features):
            for k in range(j + 1, features):
                value = count - 2 * odd[i, j, k]
                tensor[i, j, k] = value
                tensor[i, k, j] = value
                tensor[j, i, k] = value
                tensor[j, k, i] = value
                tensor[k, i, j] = value
                tensor[k, j, i] = value


@compiled(nogil=True)
@no_type_check
def fields(tensor, s, found):
    """`found[i] = sum_{j<k} tensor[i, j, k] s[j] s[k]`, by sums of 32 bits."""
    for i in range(len(found)):
        outer = np.int64(0)
        for j in range(len(s)):
            total = np.int32(0)
            for k in range(len(s)):
                total += np.int32(tensor[i, j, k]) * np.int32(s[k])
            outer += s[j] * np.int64(total)
        found[i] = outer // 2


@compiled(nogil=True)
@no_type_check
def largest(odd, count):
    """The largest |count - 2 odd|."""
    most = 0
    features = len(odd)
    for i in range(features):
        for j in range(i + 1, features):
            for k in range(j + 1, features):
                most = max(most, abs(count - 2 * np.int64(odd[i, j, k])))
    return most
