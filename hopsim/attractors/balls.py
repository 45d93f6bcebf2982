r"""Certified balls of model B: every motion that starts in one is proved to stay there.

With $d_{ij} = |\xi_i - \xi_j|$ and $\Delta_{ij} = \xi_i\cdot(\xi_i - \xi_j)$, the ball
of radius r about $\xi_i$ is forward invariant and holds exactly one fixed point, which
attracts all of it, if

$$\text{(1)}\; \sum_{j\ne i} d_{ij}\, e^{-\beta(\Delta_{ij} - r d_{ij})} \le r, \qquad
\text{(2)}\; \beta \sum_{j\ne i} d_{ij}^2\, e^{-\beta(\Delta_{ij} - r d_{ij})} < 1 .$$

On the ball $p_j \le p_j / p_i \le e^{-\beta(\Delta_{ij} - r d_{ij})}$, so that by (1)
the target $\xi^T p$ lies in the ball, and by (2) $\beta\,\mathrm{Cov}_p(\xi) < 1$. This
holds for the adiabatic flow, for two layers with any `tau_memory` if h(0) is `xi u` for
some u in the ball, for AltIMEX with any step, and for attention, which is a contraction
by (2); without currents and for decay 1. [THEORY CL-26]
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .._common.types import AnyArray
from ..dynamics import AbstractDynamics
from ..lagrangians import LogSumExp, Quadratic
from ..network import Network


PAIR_ENTRIES = 2**22  # entries of one table of pairs, for some memories at a time
BISECTIONS = 70  # of an interval: beyond the resolution of float64


class Balls(NamedTuple):
    """The certified radii of every memory, rounded to the safe side."""

    radius: Float[np.ndarray, " memory"]  # of the largest ball; 0 if there is none
    inner: Float[np.ndarray, " memory"]  # of the smallest ball, or NaN
    limit: Float[np.ndarray, " memory"]  # of the radius for beta -> infinity


class _Pairs(NamedTuple):
    """Bounds for some memories against all: distances from above, separations below.

    A memory has distance 0 to itself and to its copies.
    """

    d: Float[np.ndarray, "row memory"]
    separation: Float[np.ndarray, "row memory"]


def certified_balls(
    network: Network,
    dynamics: AbstractDynamics | None = None,
    which: Int[AnyArray, " row"] | None = None,
) -> Balls:
    r"""The largest and the smallest ball of CL-26 about every memory. [THEORY CL-26]

    The left side of (2) grows with r and is the derivative of that of (1), so the
    largest r at which (2) holds is also where (1) is nearest to holding: there is a
    ball iff (1) holds there. Between `inner` and that r (1) holds; `inner` bounds
    $|x^* - \xi_i|$. The limit is $\min_j \Delta_{ij} / d_{ij}$, half the distance of
    the nearest memory where all norms are equal. A single memory has an infinite ball.
    Copies of a memory count as the memory itself and share its ball.

    Raises ValueError unless the network is model B without currents and autapse, the
    dynamics, if given, is covered by the certificate, and `which` are valid indices.

    **Arguments:**

    - `dynamics`: the dynamics to be certified; default all that are covered.
    - `which`: indices of the memories; default all.
    """
    beta = require_balls(network, dynamics)
    # float64 holds float32 memories exactly
    memories = np.asarray(network.memories).astype(np.float64)
    every = np.arange(len(memories))
    rows = every if which is None else np.asarray(which)
    if not rows.size or not np.isin(rows, every).all():
        raise ValueError(
            f"`which` must be numbers of memories, 0 to {len(memories) - 1}, got "
            f"{which}."
        )
    size = max(1, PAIR_ENTRIES // memories.size)
    parts = [
        _balls(_pairs(memories, rows[k : k + size]), beta)
        for k in range(0, len(rows), size)
    ]
    return Balls(*(np.concatenate(x) for x in zip(*parts, strict=True)))


def _pairs(
    memories: Float[np.ndarray, "memory feature"], rows: Int[np.ndarray, " row"]
) -> _Pairs:
    own = memories[rows]
    away = own[:, None] - memories[None]
    d = np.linalg.norm(away, axis=-1)
    separation = np.einsum("rf,rmf->rm", own, away)
    # rounding of a sum of N products, and of the differences in it
    slack = (memories.shape[1] + 8) * np.finfo(float).eps
    lost = slack * np.linalg.norm(own, axis=-1)[:, None] * d
    return _Pairs(d * (1 + slack), separation - lost)


def _balls(pairs: _Pairs, beta: float) -> Balls:
    # --- the largest radius with (2)
    low = np.zeros(len(pairs.d))
    high = _alone(pairs, beta)
    endless = ~np.any(pairs.d > 0, axis=1)
    high = np.minimum(high, 1e290)  # avoids overflow for very small beta
    possible = ~endless & (high > 0)
    possible &= _sum(pairs, beta, low, 2) < 1
    low, high = low.copy(), np.where(possible, high, 0)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        holds = possible & (_sum(pairs, beta, middle, 2) < 1)
        low, high = np.where(holds, middle, low), np.where(holds, high, middle)
    # --- is (1) true there?
    possible &= _sum(pairs, beta, low, 1) <= low
    # --- the smallest radius with (1), by its logarithm, since it may be 1e-100
    tiny = np.finfo(float).tiny
    largest = np.log(np.where(possible, low, 1))
    below = np.log(np.maximum(_sum(pairs, beta, np.zeros_like(low), 1), tiny))
    below = np.where(possible, np.minimum(below, largest), largest)
    above = largest
    for _ in range(BISECTIONS):
        middle = 0.5 * (below + above)
        holds = _sum(pairs, beta, np.exp(middle), 1) <= np.exp(middle)
        below = np.where(possible & ~holds, middle, below)
        above = np.where(possible & holds, middle, above)
    inner = np.where(endless, 0, np.where(possible, np.exp(above), np.nan))
    radius = np.where(endless, np.inf, np.where(possible, low, 0))
    return Balls(radius, inner, np.maximum(_alone(pairs, np.inf), 0))


def _sum(
    pairs: _Pairs, beta: float, r: Float[np.ndarray, " row"], power: int
) -> Float[np.ndarray, " row"]:
    """The left side of (1) or of (2), rounded up."""
    there = pairs.d > 0
    log_d = np.log(np.where(there, pairs.d, 1))
    factor = np.log(beta) if power == 2 else 0.0
    pull, push = beta * r[:, None] * pairs.d, beta * pairs.separation
    exponent = factor + power * log_d + pull - push
    size = np.abs(factor) + power * np.abs(log_d) + pull + np.abs(push)
    eps = np.finfo(float).eps
    terms = np.where(there, np.exp(np.minimum(exponent + 8 * eps * size, 700)), 0)
    return np.sum(terms, axis=1) * (1 + (terms.shape[1] + 8) * eps)


def _alone(pairs: _Pairs, beta: float) -> Float[np.ndarray, " row"]:
    r"""$\min_j [\Delta_{ij}/d_{ij} - \ln(\beta d_{ij}^2) / (\beta d_{ij})]$.

    At this r one term of (2) is 1, so that no certified radius exceeds it.
    """
    there = pairs.d > 0
    d = np.where(there, pairs.d, 1)
    with np.errstate(over="ignore"):  # it is infinite then
        shift = 0 if np.isinf(beta) else np.log(beta * d**2) / (beta * d)
    return np.min(np.where(there, pairs.separation / d - shift, np.inf), axis=1)


def require_balls(network: Network, dynamics: AbstractDynamics | None) -> float:
    """Beta of a network that is covered; ValueError that says what is not."""
    layer = network.memory_lagrangian
    model_b = isinstance(network.feature_lagrangian, Quadratic)
    if not (model_b and isinstance(layer, LogSumExp)):
        names = (network.feature_lagrangian, network.memory_lagrangian)
        got = " and ".join(type(x).__name__ for x in names)
        raise ValueError(
            f"Certified balls are known for model B alone, got {got}; use model_b, or "
            "measure the radius with `basin_radii`."
        )
    there = {
        "current": np.any(np.asarray(network.current)),
        "hidden_current": np.any(np.asarray(network.hidden_current)),
        "autapse": network.autapse is not None and np.any(np.asarray(network.autapse)),
    }
    named = [name for name, set_ in there.items() if set_]
    if named:
        raise ValueError(
            f"Certified balls are known without {' and '.join(named)} only; leave "
            "them out, or measure the radius with `basin_radii`."
        )
    # a ball is not invariant if its directions have different time constants
    reason = None if dynamics is None else dynamics.deviation
    if reason is not None:
        raise ValueError(
            f"Certified balls do not cover {reason}; use TwoLayer or Adiabatic with "
            "one time constant for each layer and decay 1."
        )
    return float(np.asarray(layer.beta))
