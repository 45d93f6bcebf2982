r"""Capacities: how many random memories a Dense Associative Memory can store.

Each compares the drive of one memory on a spin, $N^n - (N-2)^n$, with the crosstalk of
the $K - 1$ others. N is `features`, K is `count`, n the interaction vertex.
`no_error_count` and `bit_error` are those of KH16, to leading order in N;
`gaussian_bit_error` has the exact moments at finite N. [KH16 sec. 2]
"""

import functools as ft
import math
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from .._common.vertex import require_vertex


# --- powers -------------------------------------------------------------------------


def double_factorial(k: int) -> int:
    r"""$k!! = k (k-2) (k-4) \cdots$, with $0!! = (-1)!! = 1$; k >= -1. [KH16]"""
    if k < -1:
        raise ValueError(f"A double factorial needs a number >= -1, got {k}.")
    return math.prod(range(k, 0, -2))


def no_error_count(n: int, features: float) -> float:
    r"""$K = N^{n-1} / [2 (2n-3)!! \ln N]$: bits fail with P < 1/N. [KH16 eq. 6]

    Only the exponential in P is kept; the P of a bit at this K is smaller than 1/N,
    namely $1 / (N \sqrt{4\pi \ln N})$. n >= 2 and N >= 2.
    """
    check_vertex_and_features(n, features)
    return features ** (n - 1) / (2 * double_factorial(2 * n - 3) * math.log(features))


def no_error_exponent(n: int, features: float) -> float:
    r"""$d\ln K / d\ln N = n - 1 - 1/\ln N$ of `no_error_count`. [KH16 eq. 6; CL-19]"""
    check_vertex_and_features(n, features)
    return n - 1 - 1 / math.log(features)


def bit_error(
    n: int,
    features: int,
    count: float,
    tail: Literal["normal", "asymptotic"] = "normal",
) -> float:
    r"""P that a bit of a stored memory is unstable, to leading order in N. [KH16 eq. 5]

    The ratio of signal to noise is $x = \sqrt{N^{n-1} / [(2n-3)!!\,K]}$, from the
    moments $2nN^{n-1}$ and $4n^2(2n-3)!!\,KN^{n-1}$.

    **Arguments:**

    - `count`: K > 0; KH16 writes K for K - 1.
    - `tail`: "normal" is $Q(x) = \frac12\mathrm{erfc}(x/\sqrt2)$; "asymptotic" is what
      KH16 prints, $e^{-x^2/2}/(x\sqrt{2\pi})$, larger by about $1/x^2$ relative.
    """
    check_vertex_and_features(n, features)
    if not count > 0:
        raise ValueError(f"The number of memories must be > 0, got {count}.")
    x = math.sqrt(features ** (n - 1) / (double_factorial(2 * n - 3) * count))
    if tail == "normal":
        return _normal_tail(x)
    return math.exp(-(x**2) / 2) / (x * math.sqrt(2 * math.pi))


def gaussian_bit_error(
    n: int, features: int, count: float, rectified: bool = False
) -> float:
    r"""P that a bit of a stored memory is unstable, from exact moments at finite N.

    $Q(\Delta / \sqrt{(K-1) V})$: the signal is $\Delta = N^n - (N-2)^n$, and one other
    random memory adds $\pm g(z)$ of mean 0, with $g(z) = F(z+1) - F(z-1)$ and z the sum
    of N - 1 random signs; $V = 2^{1-N}\sum_k\binom{N-1}{k} g(N-1-2k)^2$ is summed in
    integers. The sum over all K - 1 is taken to be normal, which underestimates its
    tail for large n. [KH16 sec. 2; THEORY DAM-08]

    **Arguments:**

    - `count`: K >= 1.
    - `rectified`: $F = \max(x, 0)^n$ in place of $x^n$; V is then about half as large.
    """
    check_vertex_and_features(n, features)
    if not count >= 1:
        raise ValueError(f"The number of memories must be >= 1, got {count}.")
    if count == 1:
        return 0.0
    signal = features**n - (features - 2) ** n
    ratio = Fraction(signal**2) / crosstalk_variance(n, features, rectified)
    return _normal_tail(math.sqrt(ratio / Fraction(count - 1)))


@ft.cache
def crosstalk_variance(n: int, features: int, rectified: bool = False) -> Fraction:
    r"""$V = E[g(z)^2]$, exactly: the crosstalk that one random memory adds to a bit.

    For $F = x^n$ it tends to $4n^2 (2n-3)!!\,N^{n-1}$. [KH16; THEORY DAM-08]
    """
    check_vertex_and_features(n, features)
    F = (lambda x: max(x, 0) ** n) if rectified else (lambda x: x**n)
    gap = lambda z: F(z + 1) - F(z - 1)
    others = features - 1
    total = sum(
        math.comb(others, k) * gap(others - 2 * k) ** 2 for k in range(features)
    )
    return Fraction(total, 2**others)


def stable_share(n: int, features: int, count: float, rectified: bool = False) -> float:
    r"""$(1 - P)^N$, the share of stored memories with no unstable bit. [THEORY 2.5]

    P is `gaussian_bit_error`; the bits are taken to be independent.
    """
    error = gaussian_bit_error(n, features, count, rectified)
    return math.exp(features * math.log1p(-error))


def best_overlap_law(
    features: int, count: int
) -> tuple[Float[np.ndarray, " value"], Float[np.ndarray, " value"]]:
    r"""The law of $\max_\mu\xi_\mu\cdot s/N$ for random s: values and probabilities.

    $P(\max\le x) = B(x)^K$, B the binomial distribution function of one overlap. [KH16
    app. B]
    """
    bits = [math.comb(features, k) for k in range(features + 1)]
    below = np.array([0, *np.cumsum(np.array(bits, object))], object) / 2**features
    weights = np.diff(below.astype(float) ** count)
    return 2 * np.arange(features + 1) / features - 1, weights


# --- freezing: what the self-coupling of the flow costs ------------------------------


def freezing_count(
    n: int, features: float, overlap: float, beta: float = math.inf
) -> float:
    r"""$K^* = N^{n/2} m^{n-1} / (n-1)!!$: beyond it the sharp flow is frozen. [CL-17]

    With F = (N/n)(x/N)^n a memory at overlap m drives a wrong bit by $m^{n-1}$, and the
    bit's self-coupling, $s = (n-1)!!\,K / N^{n/2}$, opposes this. A sharp bit is frozen
    if s is larger than the drive. A graded bit $g = \tanh\beta(m^{n-1} + s g)$ has a
    second fixed point, against the drive, only if $s > \cosh^2 t/\beta$ with
    $\frac12\sinh 2t - t = \beta m^{n-1}$, so that its K* is larger.
    [THEORY 2.1.4; the fold of one neuron with a self-coupling]

    **Arguments:**

    - `n`: even. (Rectified powers have another self-coupling and another K*.)
    - `overlap`: of the cue, in (0, 1].
    - `beta`: > 0, of graded neurons as in `model_a`; the others count as saturated.
    """
    check_vertex_and_features(n, features)
    if n % 2 or not 0 < overlap <= 1 or not beta > 0:
        raise ValueError(
            "The freezing load needs an even n, an overlap in (0, 1] and beta > 0, got "
            f"n = {n}, {overlap} and {beta}."
        )
    drive = overlap ** (n - 1)
    share = drive
    if beta < math.inf:
        from scipy.optimize import brentq

        fold = lambda t: math.sinh(2 * t) / 2 - t - beta * drive
        most = math.asinh(4 * beta * drive + 4) / 2
        share = float(np.cosh(np.asarray(brentq(fold, 0.0, most)))) ** 2 / beta
    return share * features ** (n / 2) / double_factorial(n - 1)


def self_coupling(n: int, features: int, count: int) -> float:
    r"""$\langle\sum_\mu F''(x_\mu)\rangle = (n-1) K N^{1-n} E[z^{n-2}]$. [CL-17]

    The autapse c that cancels each neuron's self-coupling, for F = (N/n)(x/N)^n and on
    average over random spins; z is a sum of N random signs. It tends to
    $(n-1)!!\,K / N^{n/2}$ for even n and is 0 for odd n. [THEORY 2.1.2, 2.1.5]
    """
    check_vertex_and_features(n, features)
    moment = sum(
        math.comb(features, k) * (features - 2 * k) ** (n - 2)
        for k in range(features + 1)
    )
    return float(Fraction((n - 1) * count * moment, 2**features * features ** (n - 1)))


# --- the classical model, n = 2 -------------------------------------------------------


def classical_load(overlap_argument: float) -> float:
    r"""$\alpha(y) = \frac12[\mathrm{erf}(y)/y - \frac{2}{\sqrt\pi} e^{-y^2}]^2$.

    The load K/N at which the retrieval state of the classical model has the overlap
    $m = \mathrm{erf}(y)$, y > 0. Its maximum is 0.138. [AGS 1985 at T = 0]
    """
    y = overlap_argument
    if not y > 0:
        raise ValueError(f"y = erf^-1(m) must be > 0, got {y}.")
    return 0.5 * (math.erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-(y**2))) ** 2


@ft.cache
def classical_capacity() -> tuple[float, float]:
    r"""The largest load of the classical model and its overlap: 0.1379, 0.967.

    The maximum of $\alpha(y)$ of `classical_load`; above it no fixed point lies near a
    memory. [AGS 1985]
    """
    from scipy.optimize import minimize_scalar

    found: Any = minimize_scalar(lambda y: -classical_load(y), bracket=(1.0, 1.5, 2.0))
    return -float(found.fun), math.erf(found.x)


# --- the exponential model -----------------------------------------------------------


def exponential_stable_share(features: int, count: float) -> float:
    r"""$e^{-K^2 N / 2^{N+1}}$: P that all K memories are stable under F = e^x. [CL-20]

    $K^2/2$ pairs of memories are neighbours (one bit apart) with probability $N/2^N$
    each, and one of two neighbours is unstable.
    """
    check_vertex_and_features(2, features)
    return math.exp(-math.ldexp(count**2 * features, -features - 1))


def exponential_half_count(features: int) -> float:
    r"""$K_{1/2} = \sqrt{2 \ln 2 \cdot 2^N / N}$: half of all sets are stable. [CL-20]

    The root of `exponential_stable_share` = 1/2, so that $\ln K / N \to \ln 2 / 2$.
    """
    check_vertex_and_features(2, features)
    return math.sqrt(2 * math.log(2) * 2.0**features / features)


def error_correcting_load(radius: float) -> float:
    r"""$\frac12 I(1 - 2\rho)$: below this $\ln K/N$ all memories correct $\rho N$ bits.

    $I(x) = \frac12[(1+x)\ln(1+x) + (1-x)\ln(1-x)]$ and $0 \le \rho \le 1/2$; at
    $\rho = 0$ it is $\ln 2 / 2$. [Demircigil 2017; CL-20]
    """
    if not 0 <= radius <= 0.5:
        raise ValueError(f"The radius must lie in [0, 1/2], got {radius}.")
    x = 1 - 2 * radius
    terms = [(1 + s * x) * np.log1p(s * x) for s in (1, -1) if 1 + s * x > 0]
    return float(sum(terms)) / 4


def _normal_tail(x: float) -> float:
    """P that a standard normal number exceeds x."""
    return math.erfc(x / math.sqrt(2)) / 2


def check_vertex_and_features(n: int, features: float) -> None:
    """Raises ValueError unless n >= 2 and there are two features."""
    require_vertex(n)
    if n < 2 or features < 2:
        raise ValueError(
            "Capacities need an interaction vertex n >= 2 and at least two features, "
            f"got n = {n} and {features} features."
        )
