"""Model B at low beta: a single fixed point, and where it loses stability."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ...attractors.continuation import follow, Varied
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import PURE
from ...experiments.landscape._branches import (
    BETA,
    first_event,
    may_vary,
    require_model_b,
)
from ...models import model_b
from ...records import Variables
from ...theory import potts
from .._base import validations


@validations.register("critical_beta")
class CriticalBeta(AbstractEnsemble):
    r"""$\beta < 4/D^2$ contracts; the mean is lost at $1/\lambda_{max}(\mathrm{Cov})$.

    D is the diameter of the memories. `covariance` is $\lambda_{max}(\mathrm{Cov}_p)$
    in units of $D^2/4$ for random weights p, `largest_covariance` its largest value by
    ascent from every pair of memories. Flows from memories and random states at `below`
    times $4/D^2$ end at one point. The mean of two memories of equal norm loses
    stability at $4/D^2$ (`pair_error`, by continuation); that of memories with equal
    overlaps with it at $1/\lambda_{max}$ of their covariance (`mean_error`, else NaN).
    [CL-23]
    """

    row: ClassVar[str] = "trial"
    plots: ClassVar[tuple[str, ...]] = ("critical_beta",)

    weights: int = Field(200, ge=1)
    starts: int = Field(16, ge=2)
    below: float = Field(0.9, gt=0, lt=1)

    def validate_setting(self, setting: Setting) -> None:
        require_model_b(setting, "critical_beta")
        may_vary(setting, BETA, [1.0])
        if setting.sketched and setting.network.count > 1:
            return  # whether they differ is seen when memories are drawn
        if not np.isfinite(potts.contraction(np.asarray(setting.network.memories))):
            raise ValueError(
                'The experiment "critical_beta" needs two memories that differ; draw '
                "more."
            )

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        x = np.asarray(network.memories, float)
        bound, unit = potts.contraction(x), 1 / potts.contraction(x)
        draw = setting.stream.child("weights").generator()
        # from nearly one memory to nearly all of them
        spread = np.exp(draw.uniform(np.log(0.02), np.log(5), self.weights))
        p = np.stack([_weights(draw, a, len(x)) for a in spread])
        seen = np.array([_covariance(x, one) for one in p]) / unit
        i, j = np.triu_indices(len(x), 1)
        best = max(_climbed(x, u) for u in x[i] - x[j])
        one = lambda value: ("trial", np.array([value]), PURE)
        variables = {
            "bound": one(bound),
            "covariance": (("trial", "weight"), seen[None], PURE),
            "largest_covariance": one(best / unit),
        }
        return {
            **variables,
            **self._flown(setting, bound),
            **_pair(x),
            **_mean(setting, x),
        }

    def _flown(self, setting: Setting, bound: float) -> Variables:
        """Distances between the ends of flows from memories and random states."""
        x = np.asarray(setting.network.memories, float)
        draw = setting.stream.child("states").generator()
        size = float(np.max(np.linalg.norm(x, axis=1)))
        starts = draw.standard_normal((self.starts, x.shape[1]))
        starts *= 2 * size / np.linalg.norm(starts, axis=1, keepdims=True)
        starts = np.concatenate([x, starts]).astype(setting.network.dtype)
        beta = np.full(len(starts), self.below * bound)
        run = setting.simulate(
            probes=starts, samples=2, audit=False, varied={f"network.{BETA}": beta}
        )
        away = np.linalg.norm(run.final - run.final[0], axis=1) / size
        return {
            "end_spread": (("trial", "start"), away[None], PURE),
            "end_converged": (("trial", "start"), np.array([run.converged]), PURE),
        }


def _pair(x: Float[np.ndarray, "memory feature"]) -> Variables:
    """Two memories of equal norm: where their mean branches into two."""
    pair = x[:2] / np.linalg.norm(x[:2], axis=1, keepdims=True)
    bound = potts.contraction(pair)
    of = Varied(model_b(pair), BETA)
    branch = follow(of, np.mean(pair, axis=0), 0.5 * bound, 2 * bound)
    error = abs(first_event(branch) / bound - 1)
    forks = [e.kind == "pitchfork" and e.side > 0 for e in branch.events]
    return {
        "pair_error": ("trial", np.array([error]), PURE),
        "pair_forks": ("trial", np.array([forks == [True]]), PURE),
    }


def _mean(setting: Setting, x: Float[np.ndarray, "memory feature"]) -> Variables:
    """Where the mean of all memories loses stability, if it is a fixed point."""
    mean = np.mean(x, axis=0)
    overlap, size = x @ mean, np.max(np.sum(x**2, axis=1))
    fixed = bool(np.ptp(overlap) < 1e-9 * size)
    expected, lost = potts.mean_instability(x), float("nan")
    if fixed:
        of = Varied(setting.network, BETA)
        lost = first_event(follow(of, mean, 0.5 * expected, 2 * expected))
    return {
        "mean_fixed": ("trial", np.array([fixed]), PURE),
        "mean_theory": ("trial", np.array([expected]), PURE),
        "mean_lost": ("trial", np.array([lost]), PURE),
        "mean_error": ("trial", np.array([abs(lost / expected - 1)]), PURE),
    }


def _weights(draw: np.random.Generator, spread: float, count: int) -> np.ndarray:
    """Dirichlet weights; 1e-300 keeps those of small spread from a sum of 0."""
    p = draw.gamma(spread, size=count) + 1e-300
    return p / np.sum(p)


def _covariance(x: np.ndarray, p: np.ndarray) -> float:
    """The largest eigenvalue of the covariance of the memories under weights p."""
    away = np.sqrt(p)[:, None] * (x - p @ x)
    return float(np.linalg.norm(away, 2)) ** 2


def _climbed(x: np.ndarray, u: np.ndarray) -> float:
    """The largest eigenvalue of the covariance, by ascent from the direction u.

    The variance along u is largest with weight 1/2 on each of its two extreme memories;
    then u becomes their difference. The variance never falls on the way.
    """
    ends: tuple[int, int] = (-1, -1)
    while True:
        along = x @ u
        new = int(np.argmax(along)), int(np.argmin(along))
        if new == ends:
            p = np.zeros(len(x))
            p[list(ends)] = 0.5
            return _covariance(x, p)
        ends = new
        u = x[ends[0]] - x[ends[1]]
