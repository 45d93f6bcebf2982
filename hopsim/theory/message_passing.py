r"""Approximate message passing: the mean spins of a student, without Monte Carlo.

The couplings $K_{ijk} = \sum_a \sigma^a_i\sigma^a_j\sigma^a_k$ of examples of a teacher
are a planted tensor, of mean $\propto \xi_i\xi_j\xi_k$ and variance M. The field of
each spin is the mean field of the others less the Onsager term, the spin's own reaction
on them. For large N the overlap with the teacher obeys state evolution, the iteration
of the replica-symmetric equations. [Lesieur et al. 2017; THEORY TS-20]
"""

import dataclasses

import numpy as np
from jaxtyping import Float, Int, Real

from .._common.types import AnyArray


@dataclasses.dataclass(frozen=True)
class MessagePassingResult:
    """The last iterate of message passing; arrays on the host."""

    mean: Float[np.ndarray, " feature"]  # <s_i> under the student's law
    path: Float[np.ndarray, "iteration feature"]  # of all iterations, with the start
    change: float  # max |m_i(t + 1) - m_i(t)| of the last iteration
    converged: bool  # change <= tolerance

    @property
    def iterations(self) -> int:
        """The number of iterations."""
        return len(self.path) - 1


def message_passing(
    couplings: Int[np.ndarray, "i j k"],
    temperature: float,
    start: Real[AnyArray, " feature"],
    *,
    damping: float = 0.0,
    tolerance: float = 1e-8,
    max_iterations: int = 500,
) -> MessagePassingResult:
    r"""$m_i \leftarrow \tanh(\beta h_i[m] - 6c\,(1-q)\,q'\,m'_i)$, iterated.

    $h_i[m] = (6/N^2)\sum_{j<k} K_{ijk} m_j m_k$ is the field of the student of n = 3
    ("distinct"), $q = m\cdot m/N$, $q' = m\cdot m'/N$ with $m'$ one iteration earlier,
    and $c = \beta^2\,(6/N^2)\,\overline{K^2}$ with the mean over the given couplings.
    [Lesieur et al. 2017; THEORY TS-20]

    **Arguments:**

    - `couplings`: $K_{ijk}$, symmetric, 0 where two sites coincide; N >= 3.
    - `temperature`: the student's T > 0.
    - `start`: in [-1, 1]; the teacher's pattern leads to the informed solution, small
      random numbers to the one that a student reaches from the examples alone.
    - `damping`: the share of the old mean spins that is kept, in [0, 1).
    - `tolerance`: > 0, on the largest change of a mean spin; `converged` is False if it
      is not reached within `max_iterations` >= 1.

    Raises ValueError for arguments outside these ranges.
    """
    K, m = np.asarray(couplings), np.asarray(start, float)
    _check(K, m, temperature, damping, tolerance, max_iterations)
    features, beta = len(m), 1 / temperature
    unit = 6 / features**2
    triples = features * (features - 1) * (features - 2)
    strength = beta**2 * unit * sum(float(np.vdot(x, x)) for x in _rows(K)) / triples
    path, before, change = [m], np.zeros_like(m), np.inf
    while len(path) <= max_iterations and change > tolerance:
        field = beta * unit / 2 * np.array([m @ x @ m for x in _rows(K)])
        field -= _reaction(strength, m, before)
        new = damping * m + (1 - damping) * np.tanh(field)
        change = float(np.max(np.abs(new - m)))
        before, m = m, new
        path.append(m)
    return MessagePassingResult(m, np.stack(path), change, change <= tolerance)


def _reaction(strength: float, m: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The Onsager term: the part of each spin's field that the spin has caused."""
    return 6 * strength * (1 - np.mean(m**2)) * np.mean(m * before) * before


def _rows(K: np.ndarray):
    """The couplings site by site: in float64 all at once would fill the memory."""
    return (x.astype(float) for x in K)


def _check(
    K: np.ndarray,
    m: np.ndarray,
    temperature: float,
    damping: float,
    tolerance: float,
    max_iterations: int,
) -> None:
    if len(m) < 3:
        raise ValueError(
            f"Couplings of three sites need three features or more, got {len(m)}."
        )
    if K.shape != (len(m),) * 3:
        raise ValueError(
            f"Couplings of {len(m)} features have the shape {(len(m),) * 3}, got "
            f"{K.shape}."
        )
    if not 0 < temperature < np.inf:
        raise ValueError(
            f"Message passing needs a temperature > 0, got {temperature}; at 0 use "
            "dynamics Binary."
        )
    if not np.all(np.abs(m) <= 1):  # NaN is refused as well
        raise ValueError("Mean spins lie in [-1, 1]; divide the start by its largest.")
    if not 0 <= damping < 1:
        raise ValueError(f"damping is a share in [0, 1), got {damping}.")
    if tolerance <= 0 or max_iterations < 1:
        raise ValueError(
            "Message passing needs tolerance > 0 and max_iterations >= 1, got "
            f"{tolerance} and {max_iterations}."
        )
