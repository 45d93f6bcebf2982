"""The phylogeny of memories: which of them share an attractor at which beta."""

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from ...records import Variables
from ...theory import potts
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._variables import PURE
from ._branches import BETA, may_vary, require_model_b
from ._merging import merging


@experiments.register("phylogeny")
class Phylogeny(AbstractEnsemble):
    r"""The attractors reached from the memories, from $\beta$ = `low` to `high`.

    At low beta all memories flow to one state, at high beta each to its own; in between
    groups of memories share attractors. The groups form a tree if no two memories that
    are apart at one beta share an attractor at a higher one (`torn` counts such pairs).
    The values of beta are equally spaced in their logarithm. [THEORY 5.3, 6.4; CL-24]
    """

    row: ClassVar[str] = "trial"
    plots: ClassVar[tuple[str, ...]] = ("phylogeny",)

    low: float = Field(gt=0)
    high: float = Field(gt=0)
    points: int = Field(40, ge=2)

    @model_validator(mode="after")
    def _rise(self) -> "Phylogeny":
        if not self.low < self.high:
            raise ValueError(f"low < high is needed, got {self.low} and {self.high}")
        return self

    def validate_setting(self, setting: Setting) -> None:
        require_model_b(setting, "phylogeny")
        may_vary(setting, BETA, [self.low, self.high])

    def entries(self, setting: Setting) -> float:
        network = setting.network
        return float(self.points) * network.count * (network.features + network.count)

    def measure(self, setting: Setting) -> Variables:
        betas = np.geomspace(self.low, self.high, self.points)
        seen = merging(setting, betas)
        x = np.asarray(setting.network.memories, float)
        together = seen.owner[:, :, None] == seen.owner[:, None, :]
        known = seen.converged[:, :, None] & seen.converged[:, None, :]
        joined = together[1:] & known[1:]
        torn = joined & ~together[:-1] & known[:-1]
        variables: Variables = {
            "beta": ("beta", betas, PURE),
            "count": (("trial", "beta"), seen.counts[None], PURE),
            "unconverged": (
                ("trial", "beta"),
                np.sum(~seen.converged, axis=1)[None],
                PURE,
            ),
            "torn": ("trial", np.array([np.sum(torn) // 2]), PURE),
            "owner": (("beta", "memory"), seen.owner, PURE),
            "contraction": ((), potts.contraction(x), PURE),
            "mean_instability": ((), potts.mean_instability(x), PURE),
        }
        if setting.patterns.labels is not None:
            variables["memory_class"] = ("memory", setting.patterns.labels, PURE)
        if setting.patterns.image is not None:
            variables["memories"] = (("memory", "feature"), x, PURE)
            variables["image"] = ("side", np.array(setting.patterns.image), PURE)
        return variables
