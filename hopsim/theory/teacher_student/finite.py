r"""Exact results at finite N, from the law of a teacher's examples.

The energy of one example depends on it through its overlap with the teacher's pattern
alone, $S = \sum_i \xi^*_i\sigma_i$, so that every average over examples is a sum of N +
1 terms. On the Nishimori line this also gives the mean energy of the student. [TT24;
THEORY_TEACHER_STUDENT 1, 3.2]
"""

import dataclasses
import functools as ft
import math
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from ..._common.vertex import require_vertex
from ._vertex import Hamiltonian, one_of, whole, zeta
from .alignment import alignment


Basin = Literal["full", "misaligned"]
MIN_MEAN_ENERGY = 1e-290  # a square, which must not underflow


@dataclasses.dataclass(frozen=True)
class OverlapLaw:
    r"""The law of $S = \sum_i \xi^*_i\sigma_i$, one example's overlap times N."""

    values: Int[np.ndarray, " value"]  # -N, -N + 2, ..., N
    weights: Float[np.ndarray, " value"]  # their probabilities; 0 outside the basin
    ways: Float[np.ndarray, " value"]  # log P at beta* = 0; -inf outside the basin
    tilt: Float[np.ndarray, " value"]  # -beta* H_1(S)

    def moment(self, order: int) -> float:
        r"""$\langle (S/N)^k \rangle$, k = `order`."""
        return float(self.weights @ (self.values / self.values[-1]) ** order)

    def interaction(self, n: int, hamiltonian: Hamiltonian = "distinct") -> float:
        r"""$\langle -H_1 \rangle / N$; n and Hamiltonian need not be the law's."""
        return sum(self.interaction_parts(n, hamiltonian))

    def interaction_parts(
        self, n: int, hamiltonian: Hamiltonian = "distinct"
    ) -> tuple[float, float]:
        r"""`interaction` at $\beta^* = 0$, and its change by the tilt.

        With b = $-H_1/N$ less its mean at $\beta^* = 0$, known exactly, and x the tilt
        less its mean, the change is $\langle b(e^x - 1)\rangle_0/\langle e^x\rangle_0$.
        All its terms are >= 0, while those of $\langle b\rangle$ cancel to 1e-20 of
        their size for n = 20.
        """
        features = int(self.values[-1])
        last = int(np.max(self.values[np.isfinite(self.ways)]))
        plain = _plain_mean(features, n, hamiltonian, last)
        b = self.interaction_values(n, hamiltonian) - plain
        x = self.tilt - np.exp(self.ways) @ self.tilt
        top = np.max(self.ways + x)
        # e^x - 1 = +-e^max(x, 0) (1 - e^-|x|): neither overflows
        rise = -np.expm1(-np.abs(x)) * np.exp(self.ways + np.maximum(x, 0) - top)
        total = math.fsum(np.exp(self.ways + x - top))
        return plain, math.fsum(b * np.sign(x) * rise) / total

    def interaction_values(
        self, n: int, hamiltonian: Hamiltonian = "distinct"
    ) -> Float[np.ndarray, " value"]:
        """$-H_1(S)/N$ for every value of S."""
        return _interaction(int(self.values[-1]), n, hamiltonian)


def overlap_law(
    n: int,
    features: int,
    temperature: float,
    hamiltonian: Hamiltonian = "distinct",
    basin: Basin = "full",
    cut: float | None = None,
) -> OverlapLaw:
    r"""$P(S) \propto \binom{N}{(N+S)/2}\, e^{-\beta^* H_1(S)}$, exactly. [THEORY 3.2]

    $-H_1 = \frac{n!}{N^{n-1}} e_n$, the sum over n distinct sites, or $N (S/N)^n$
    (`hamiltonian = "power"`, THEORY TRAP 1). Formed in logarithms, so that large N and
    low temperatures do not overflow.

    **Arguments:**

    - `n`, `features`: integers, 2 <= n <= N.
    - `temperature`: $T_s = 1/\beta^*$ of the teacher, > 0.
    - `basin`: "misaligned" leaves out the examples that are prototypes of the pattern,
      $|S| > $ `cut` $N$, as a Markov chain from a random start does. [THEORY TRAP 3]
    - `cut`: in (0, 1], for "misaligned" only; by default the barrier, the least likely
      S between the two basins, or no cut if there is only one.
    """
    require_law(n, features, temperature, hamiltonian, basin)
    from scipy.special import gammaln, logsumexp

    up = np.arange(features + 1)
    values = 2 * up - features
    ways = -(gammaln(up + 1.0) + gammaln(features - up + 1.0))
    tilt = features * _interaction(features, n, hamiltonian) / temperature
    if basin == "misaligned":
        most = _barrier(values, ways + tilt) if cut is None else cut * features
        if not 0 < most <= features:
            raise ValueError(
                "The cut between the basins is a fraction of the features in (0, 1], "
                f"got {most / features:g} at temperature {temperature:g}; give another."
            )
        ways[np.abs(values) > most] = -np.inf
    elif cut is not None:
        raise ValueError('A cut needs basin = "misaligned", got "full"; leave it out.')
    weights = np.exp(ways + tilt - np.max(ways + tilt))
    return OverlapLaw(values, weights / np.sum(weights), ways - logsumexp(ways), tilt)


def require_law(
    n: int,
    features: int,
    temperature: float,
    hamiltonian: Hamiltonian = "distinct",
    basin: Basin = "full",
) -> None:
    """Raises ValueError where `overlap_law` has no law."""
    check_vertex_and_temperature(n, temperature)
    one_of("hamiltonian", hamiltonian, Hamiltonian)
    one_of("basin", basin, Basin)
    whole("The number of features", features, 1)
    if features / temperature == math.inf:
        raise ValueError(
            f"Weights of temperature {temperature:g} overflow at N = {features}; the "
            "examples are the pattern itself long before: raise it."
        )
    if features < n:
        raise ValueError(
            f"An interaction of n = {n} distinct sites needs as many features, got "
            f"{features}."
        )


def signal_ratio(
    n: int,
    features: int,
    temperature: float,
    hamiltonian: Hamiltonian = "distinct",
    basin: Basin = "full",
) -> float:
    r"""$R_N = c_{eff}/c$: the signal at size N over that for large N.

    On the Nishimori line the mean energy is that of the teacher's own examples, which
    is known: $-\beta E\langle H\rangle/N = c_{eff}\,\zeta(1)$ with $c_{eff} = R_N c$.
    The replica-symmetric theory at $c_{eff}$ describes size N far better than at c. For
    n = 3 distinct sites $R_N = (1-1/N)(1-2/N) + 90/(T^2 N) + \dots$ [THEORY 3.2]
    """
    law = overlap_law(n, features, temperature, hamiltonian, basin)
    plain, own = law.interaction_parts(n, hamiltonian)
    # what coincident sites add is the same for every pattern: no signal
    own += plain - _plain_mean(features, n, hamiltonian, features)
    # for n = 2 coincident sites add a constant only: both forms have zeta(1) = 1
    scale = 1.0 if n == 2 else zeta(1.0, n, hamiltonian)
    variance = require_mean_energy(n, features, temperature)
    return own * temperature / (variance * scale)


def require_mean_energy(n: int, features: int, temperature: float) -> float:
    """$n!/N^{n-1}$; ValueError where the mean energy is too small for float64."""
    try:
        variance = math.factorial(int(n)) / int(features) ** (int(n) - 1)
    except OverflowError:  # the quotient is not a float's
        variance = 0.0
    if not variance / temperature > MIN_MEAN_ENERGY:
        raise ValueError(
            f"The mean energy of n = {n} at N = {features} and temperature "
            f"{temperature:g} is too small for float64; lower n or the temperature."
        )
    return variance


def effective_signal(
    c: float,
    n: int,
    features: int,
    temperature: float,
    hamiltonian: Hamiltonian = "distinct",
) -> float:
    r"""$c_{eff} = R_N c$, with $c = \alpha/T^2$. [THEORY 3.2]"""
    return c * signal_ratio(n, features, temperature, hamiltonian)


def energy_per_spin(
    count: int,
    n: int,
    features: int,
    temperature: float,
    hamiltonian: Hamiltonian = "distinct",
    basin: Basin = "full",
) -> float:
    r"""$E\langle H\rangle/N = -M \langle -H_1\rangle_{teacher}/N$, M = `count`. [TS-11]

    Exact on the Nishimori line at any N, where student and teacher are exchangeable.
    """
    if not 0 <= count < math.inf:
        raise ValueError(f"The number of examples must be >= 0, got {count}.")
    law = overlap_law(n, features, temperature, hamiltonian, basin)
    return -count * law.interaction(n, hamiltonian)


def aligned_overlap(count: int, temperature: float, n: int) -> float:
    r"""$q^*(M) = E \tanh(h \sum_a s_a)$: M examples of an aligned teacher. [THEORY 2.4]

    $s_a = \pm 1$ with probability $(1 \pm m_t)/2$ and $m_t = \tanh h$: each site of an
    example agrees with the pattern independently. $q^*(1) = m_t^2$, and
    $1 - q^*(M)$ falls exponentially. On the Nishimori line, for large N; for even n it
    is $|q^*|$, since the sign of every example is then arbitrary.

    **Arguments:**

    - `count`: M >= 0, the number of examples.
    - `temperature`: of teacher and student, at most the spinodal $\max_h T(h)$; the
      aligned phase is the stable one below $T_{eR}$.
    """
    from scipy.special import gammaln

    whole("The number of examples", count, 0)
    # not by artanh: for large n the alignment rounds to 1
    h = n * alignment(temperature, n) ** (n - 1) / temperature
    up = np.arange(count + 1)
    ways = gammaln(count + 1.0) - gammaln(up + 1.0) - gammaln(count - up + 1.0)
    right, wrong = np.logaddexp(0, -2 * h), np.logaddexp(0, 2 * h)  # -logarithms
    weights = np.exp(ways - up * right - (count - up) * wrong)
    return float(weights @ np.tanh(h * (2 * up - count)))


def check_vertex_and_temperature(n: int, temperature: float) -> None:
    """Raises ValueError unless n >= 2 and T > 0."""
    require_vertex(n, 2)
    if not temperature > 0:
        raise ValueError(
            f"A temperature must be > 0, got {temperature}; for T = 0 see "
            "`zero_solution`."
        )


@ft.lru_cache(maxsize=128)
def _interaction(
    features: int, n: int, hamiltonian: Hamiltonian
) -> Float[np.ndarray, " value"]:
    """$-H_1(S)/N$ for every S, exact up to one rounding."""
    size = int(features) ** int(n)
    found = (_numerators(features, n, hamiltonian) / size).astype(float)
    found.flags.writeable = False  # it is cached
    return found


def _numerators(features: int, n: int, hamiltonian: Hamiltonian) -> np.ndarray:
    r"""$-H_1(S) N^{n-1}$, integers of any size: $n! e_n$, or $S^n$.

    $(k+1)e_{k+1} = S e_k - (N-k+1)e_{k-1}$ loses all digits in float64 for large n.
    """
    require_vertex(n)
    one_of("hamiltonian", hamiltonian, Hamiltonian)
    n, features = int(n), int(features)  # NumPy's integers end at 2^63
    s = np.array(range(-features, features + 1, 2), dtype=object)
    if hamiltonian == "power":
        return s**n
    before, now = s**0, s
    for k in range(1, n):
        before, now = now, (s * now - (features - k + 1) * before) // (k + 1)
    return math.factorial(n) * now


@ft.lru_cache(maxsize=128)
def _plain_mean(features: int, n: int, hamiltonian: Hamiltonian, last: int) -> float:
    r"""The mean of $-H_1/N$ over states with $|S| \le$ `last`, up to one rounding."""
    if n % 2 or (hamiltonian == "distinct" and last == features):
        return 0.0
    n, features = int(n), int(features)
    ways, total, states = 1, 0, 0
    for up, value in enumerate(_numerators(features, n, hamiltonian)):
        if abs(2 * up - features) <= last:
            total, states = total + ways * value, states + ways
        ways = ways * (features - up) // (up + 1)
    return total / (states * features**n)


def _barrier(
    values: Int[np.ndarray, " value"], logarithm: Float[np.ndarray, " value"]
) -> float:
    """The S >= 0 from which P(S) rises to the aligned basin; N if it never does."""
    right = values >= 0
    rises = np.diff(logarithm[right]) > 0
    starts = np.flatnonzero(rises & ~np.append(False, rises[:-1]))
    return float(values[right][starts[-1]] if starts.size else values[-1])
