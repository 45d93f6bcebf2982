"""Clusters of memories in model B: when a memory, a cluster or all are attractors."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ...attractors.branches import Branch
from ...attractors.continuation import follow, Varied
from ...attractors.newton import polish
from ...records import Variables
from ...theory import potts
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._variables import PURE
from ._branches import BETA, first_event, may_vary, require_model_b, shares_of
from ._merging import merging, SAME_ATTRACTOR_RTOL


@experiments.register("metastable")
class Metastable(AbstractEnsemble):
    r"""Four thresholds of K clusters of s memories, and what coexists between them.

    The branch of a memory is continued down to its fold, that of a cluster's mean down
    to its fold and up to where it loses stability, that of the global mean up to where
    it loses stability. Theory: the Potts thresholds of K memories of norm M, and of s
    memories at the distance D from each other, $b = \beta D^2/2$. At every one of
    `betas` flows start from all memories and from the cluster means displaced by
    `kick`: `memories_held` if all memories end at different attractors, `clusters_held`
    if every mean returns to its own fixed point, `coexist` if both. [THEORY CL-24]
    """

    row: ClassVar[str] = "trial"
    plots: ClassVar[tuple[str, ...]] = ("metastable",)

    betas: list[float] = Field(min_length=1)
    kick: float = Field(1e-3, gt=0, lt=0.1)  # of the distance within a cluster

    def validate_setting(self, setting: Setting) -> None:
        require_model_b(setting, "metastable")
        may_vary(setting, BETA, self.betas)
        labels = setting.patterns.labels
        if setting.sketched and labels is None and setting.patterns.image is not None:
            return  # the classes of images are seen when they are read
        sizes = [] if labels is None else np.unique(labels, return_counts=True)[1]
        if len(sizes) < 3 or np.ptp(sizes) or np.min(sizes) < 3:
            raise ValueError(
                'The experiment "metastable" needs three or more clusters of one size '
                'and three or more memories each; use memories kind "simplices".'
            )

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        x = np.asarray(network.memories, float)
        labels = np.asarray(setting.patterns.labels)
        own = x[labels == labels[0]]
        centres = np.stack([np.mean(x[labels == k], axis=0) for k in np.unique(labels)])
        # b = beta * unit, among the clusters and within one of them
        outer = float(np.sum((centres[0] - centres[1]) ** 2)) / 2
        inner = float(np.sum((own[0] - own[1]) ** 2)) / 2
        theory = {
            "memory_born": potts.spinodal(len(own)) / inner,
            "cluster_lost": len(own) / inner,
            "cluster_born": potts.spinodal(len(centres)) / outer,
            "global_lost": potts.mean_instability(x),
        }
        of, low = Varied(network, BETA), 0.5 * theory["cluster_born"]
        high = 1.5 * theory["cluster_lost"]
        window = np.sqrt(theory["cluster_born"] * theory["memory_born"])
        memory = follow(of, x[0], low, high, start=high, step=0.01)
        up = follow(of, centres[0], low, high, start=float(window))
        down = follow(of, centres[0], low, float(window), start=float(window))
        whole = follow(of, np.mean(x, axis=0), low, float(window))
        seen = {
            "memory_born": first_event(memory, "fold"),
            "cluster_lost": first_event(up),
            "cluster_born": first_event(down, "fold"),
            "global_lost": first_event(whole),
        }
        variables: dict[str, tuple] = {}
        for name, value in seen.items():
            error = abs(value / theory[name] - 1)
            variables |= {
                name: ("trial", np.array([value]), PURE),
                f"{name}_theory": ((), theory[name], PURE),
                f"{name}_error": ("trial", np.array([error]), PURE),
            }
        branches = {"memory": memory, "cluster": up, "lower": down, "whole": whole}
        for name, branch in branches.items():
            variables |= self._curve(name, branch, setting, labels)
        variables |= self._flown(setting, labels, centres, inner)
        return variables

    def _curve(
        self, name: str, branch: Branch, setting: Setting, labels: np.ndarray
    ) -> Variables:
        share = shares_of(setting.network, branch.v, branch.parameter)
        axis = f"{name}_point"
        return {
            f"{name}_beta": (axis, branch.parameter, PURE),
            f"{name}_share": (axis, share[:, 0], PURE),
            f"{name}_cluster_share": (
                axis,
                np.sum(share[:, labels == labels[0]], axis=1),
                PURE,
            ),
            f"{name}_stable": (axis, branch.stable, PURE),
        }

    def _flown(
        self,
        setting: Setting,
        labels: np.ndarray,
        centres: Float[np.ndarray, "cluster feature"],
        inner: float,
    ) -> Variables:
        betas = np.asarray(self.betas, float)
        seen = merging(setting, betas)
        kept, converged = self._kept(setting, betas, centres, inner)
        count = len(labels)
        memories = seen.counts == count
        clusters = np.all(kept, axis=1)
        at = lambda values: (("trial", "beta"), np.asarray(values)[None], PURE)
        return {
            "beta": ("beta", betas, PURE),
            "count": at(seen.counts),
            "memories_held": at(memories),
            "clusters_held": at(clusters),
            "coexist": at(memories & clusters),
            "unconverged": at(np.sum(~seen.converged, 1) + np.sum(~converged, 1)),
        }

    def _kept(
        self,
        setting: Setting,
        betas: np.ndarray,
        centres: Float[np.ndarray, "cluster feature"],
        inner: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Whether flows from near the cluster means return to them, and converged."""
        x = setting.network.memories
        draw = setting.stream.child("kicks").generator()
        # within the span of the memories: outside it everything decays
        push = draw.standard_normal((len(betas), len(centres), len(x))) @ np.asarray(x)
        push /= np.linalg.norm(push, axis=-1, keepdims=True)
        starts = centres[None] + self.kick * np.sqrt(2 * inner) * push
        flat = starts.reshape(-1, starts.shape[-1]).astype(setting.network.dtype)
        beta = np.repeat(betas, len(centres))
        run = setting.simulate(
            probes=flat, samples=2, audit=False, varied={f"network.{BETA}": beta}
        )
        size = float(np.max(np.linalg.norm(np.asarray(x), axis=1)))
        kept = []
        for value, ends in zip(betas, run.final.reshape(starts.shape), strict=True):
            there = polish(Varied(setting.network, BETA)(value), centres)
            away = np.linalg.norm(ends - there.v, axis=1)
            # the fixed point of the cluster, not that of the mean of all
            middle = np.mean(centres, axis=0)
            away_from = lambda x, v=there.v: np.linalg.norm(v - x, axis=1)
            near = away_from(centres) < away_from(middle)
            kept.append((away < SAME_ATTRACTOR_RTOL * size) & there.converged & near)
        converged = np.asarray(run.converged).reshape(len(betas), -1)
        return np.array(kept) & converged, converged
