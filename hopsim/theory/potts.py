r"""Critical sharpness of model B: closed forms for orthogonal memories, and bounds.

With K orthogonal memories of norm M model B is the mean-field Potts model, and all its
thresholds are numbers in units of $b = \beta M^2$. The same holds for any memories of
equal norms and equal overlaps, such as a regular simplex: a constant added to all
overlaps does not change the softmax, and $M^2$ is then $|x_i - x_j|^2/2$.
[THEORY 2.2, CL-23]
"""

import math

import numpy as np
from jaxtyping import Float

from .._common.types import AnyArray


Memories = Float[AnyArray, "memory feature"]


# --- orthogonal memories, in units of beta M^2 ----------------------------------------


def sharpness(share: float, count: int) -> float:
    r"""$b(p) = \frac{K-1}{Kp-1} \ln\frac{(K-1)p}{1-p}$: where one memory has share p.

    At this b the softmax of a fixed point is $p$ for one memory and $(1-p)/(K-1)$ for
    each other one; 0 < p < 1. $b(1/K) = K$, where they branch off the mean. [CL-23]
    """
    _check(count)
    if not 0 < share < 1:
        raise ValueError(f"The share of a memory must lie in (0, 1), got {share}.")
    # in the logit y, which is b times the difference of two shares
    return _sharpness(math.log((count - 1) * share / (1 - share)), count)


def spinodal(count: int) -> float:
    r"""$b_s = \min_p b(p)$: memories are attractors above it. [CL-23]

    2.7456, 3.2187 and 5.1890 for K = 3, 4 and 16; 2 for K = 2.
    """
    return _sharpness(_spinodal_logit(count), count)


def equal_energy(count: int) -> float:
    r"""$b_1 = 2 (K-1)\ln(K-1) / (K-2)$: memories and mean have equal energy. [CL-23]

    There a memory has the share (K - 1)/K. The limit for K = 2 is 2.
    """
    _check(count)
    return 2.0 if count == 2 else 2 * (count - 1) * math.log(count - 1) / (count - 2)


def mean_unstable(count: int) -> float:
    r"""$b = K$: above it the mean of all memories is not an attractor. [CL-23]"""
    _check(count)
    return float(count)


def share(b: float, count: int) -> float:
    r"""The share p of the memory in its own attractor at $b = \beta M^2 \ge b_s$."""
    from scipy.optimize import root_scalar

    low = _spinodal_logit(count)
    if not b >= _sharpness(low, count):
        raise ValueError(
            f"Memories are attractors from b = {_sharpness(low, count):.6g} on for "
            f"K = {count}, got b = {b}."
        )
    # b(y) >= y, so that the root lies below b
    off = lambda y: _sharpness(y, count) - b
    # beyond 700 y equals b to rounding, and its exponential overflows
    y = float(root_scalar(off, bracket=(low, b + 1), xtol=1e-14).root) if b < 699 else b
    return 1 / (1 + (count - 1) * math.exp(-y))


def _sharpness(y: float, count: int) -> float:
    r"""$b = y (e^y + K - 1)/(e^y - 1)$; $p = e^y/(e^y + K - 1)$."""
    if abs(y) < 1e-5:
        return count * (1 + y * (1 / count - 0.5) + y**2 / 12)
    return y * (1 + count / math.expm1(y))


def _spinodal_logit(count: int) -> float:
    r"""The root of $db/dy = 0$: $(e^y - 1)(e^y + K - 1) = K y e^y$."""
    _check(count)
    if count == 2:  # a pitchfork: the memories branch off the mean
        return 0.0
    from scipy.optimize import root_scalar

    slope = lambda y: -math.expm1(-y) * (math.exp(y) + count - 1) - count * y
    # not the double root at 0: slope < 0 up to the minimum of b
    ends = 1e-2 / count, 5 + 2 * math.log(count)
    return float(root_scalar(slope, bracket=ends, xtol=1e-14).root)


def _check(count: int) -> None:
    if count < 2:
        raise ValueError(f"Thresholds need at least two memories, got {count}.")


# --- any memories ---------------------------------------------------------------------


def contraction(memories: Memories) -> float:
    r"""$\beta = 4/D^2$, D the diameter of the memories: below it a single fixed point.

    $\nabla^2 E = 1 - \beta\,\mathrm{Cov}_p(\xi)$ and
    $\sup_p \lambda_{max}(\mathrm{Cov}_p) = D^2/4$, with weight 1/2 on each of the two
    memories that are farthest apart. Infinite if all memories are equal. For two
    memories of equal norm their mean becomes unstable there. [CL-23]
    """
    x = np.asarray(memories, float)
    x = x - x[0]  # avoids the cancellation of a common part
    square = np.sum(x**2, axis=1)
    far = np.max(square[:, None] + square[None, :] - 2 * x @ x.T)
    return math.inf if far <= 0 else 4 / float(far)


def mean_instability(memories: Memories) -> float:
    r"""$\beta = 1/\lambda_{max}(\mathrm{Cov})$, with equal weights for all. [CL-23]

    There the mean of the memories ceases to be an attractor. It must be a fixed point:
    all memories must have the same overlap with their mean. Infinite if all are equal.
    """
    x = np.asarray(memories, float)
    x = x - x[0]
    away = x - np.mean(x, axis=0)
    largest = float(np.linalg.norm(away, 2)) ** 2 / len(x)
    return math.inf if largest == 0 else 1 / largest
