"""Which memories share an attractor at which beta: the flows from all of them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ...attractors.clusters import clusters
from .._base import Setting
from ._branches import BETA


SAME_ATTRACTOR_RTOL = 1e-3  # of the longest memory: nearer ends are one attractor


class Merging(NamedTuple):
    """The attractor of every memory at every beta."""

    owner: Int[np.ndarray, "beta memory"]  # a memory that ends there too; -1: unknown
    converged: Bool[np.ndarray, "beta memory"]

    @property
    def counts(self) -> Int[np.ndarray, " beta"]:
        """Distinct attractors that are reached from the memories."""
        return np.array([len({*row.tolist()} - {-1}) for row in self.owner])


def merging(setting: Setting, betas: Float[np.ndarray, " beta"]) -> Merging:
    """The flow of the scenario from every memory, at every beta. [THEORY 5.3]

    Unconverged flows are labelled -1.
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
