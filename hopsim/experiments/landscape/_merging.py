"""Which memories share an attractor at which beta, by flows from all memories."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ...attractors.clusters import clusters
from .._base import Setting
from ._branches import BETA


SAME_ATTRACTOR_RTOL = 1e-3  # ends are one if nearer than this, in longest memories


class Merging(NamedTuple):
    """The attractor that the flow from every memory reaches, at every beta."""

    owner: Int[np.ndarray, "beta memory"]  # a memory that ends there too; -1: unknown
    converged: Bool[np.ndarray, "beta memory"]

    @property
    def counts(self) -> Int[np.ndarray, " beta"]:
        """The number of distinct attractors reached from the memories."""
        return np.array([len({*row.tolist()} - {-1}) for row in self.owner])


def merging(setting: Setting, betas: Float[np.ndarray, " beta"]) -> Merging:
    """The attractors reached by the scenario's flow from every memory at every beta.

    Unconverged flows are labelled -1. [THEORY 5.3]
    """
    x = np.asarray(setting.network.memories)
    size, count = float(np.max(np.linalg.norm(x, axis=1))), len(x)
    run = setting.simulate(
        probes=np.tile(x, (len(betas), 1)),
        samples=2,
        audit=False,
        varied={f"network.{BETA}": np.repeat(np.asarray(betas, float), count)},
    )
    ends = run.final.reshape(len(betas), count, -1)
    converged = np.asarray(run.converged).reshape(len(betas), count)
    owner = np.stack([clusters(row, SAME_ATTRACTOR_RTOL * size) for row in ends])
    return Merging(np.where(converged, owner, -1), converged)
