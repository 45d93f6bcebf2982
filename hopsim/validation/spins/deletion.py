"""Deletion: recall after memory neurons are removed."""

from typing import ClassVar

import equinox as eqx
import numpy as np
from pydantic import Field, field_validator

from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._spins import require_aims
from ...experiments._variables import PURE
from ...network import Network
from ...records import Variables
from .._base import validations


@validations.register("deletion")
class Deletion(AbstractEnsemble):
    """Of K memories the first $N_h$ keep their neuron: $N_h/K$ of all are recovered.

    The probes of every memory are relaxed with the neurons that are `left`. A memory
    whose neuron is deleted is stored nowhere else: it is recovered, in every bit, no
    more often than by chance, and the others as they were. `recovered_share` is that of
    all probes of a set. This holds where the whole network recovers all memories, each
    with a neuron of its own; codes that share neurons differ. [KH21; THEORY CL-21]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("deletion",)

    left: list[int] = Field(min_length=1)  # memory neurons that are not deleted

    @field_validator("left")
    @classmethod
    def _counts(cls, left: list[int]) -> list[int]:
        if any(k < 1 for k in left):
            raise ValueError(f"must be counts >= 1, got {left}")
        return left

    def validate_setting(self, setting: Setting) -> None:
        require_aims(setting, "deletion")
        count, many = setting.network.count, max(self.left)
        if many > count:
            raise ValueError(f"left may be at most the {count} memories, got {many}.")
        setting.may_relax()

    def measure(self, setting: Setting) -> Variables:
        memories, aims = np.asarray(setting.network.memories), setting.probes.targets
        whole = setting.relax().final
        ends = np.stack([self._ends(setting, k) for k in self.left])
        left = np.asarray(self.left)
        overlap = np.mean(memories[aims] * ends, axis=-1)
        kept, recovered = aims < left[:, None], overlap == 1
        share = np.mean(recovered, axis=1)[:, None]
        expected = np.mean(kept, axis=1)[:, None]
        row = np.ones(len(aims))
        both = ("left", "probe")
        return {
            "left": ("left", left, PURE | {"long_name": "memory neurons left"}),
            "memory_count": ((), len(memories), PURE),
            "kept": (
                both,
                kept,
                PURE | {"long_name": "the neuron of the target is left"},
            ),
            "recovered": (both, recovered, PURE),
            "overlap": (both, overlap, PURE),
            "unchanged": (both, np.all(ends == whole, axis=-1), PURE),
            "recovered_share": (both, share * row, PURE),
            "share_error": (both, np.abs(share - expected) * row, PURE),
        }

    def _ends(self, setting: Setting, left: int) -> np.ndarray:
        """The final states of the probes with the first `left` memory neurons."""
        cut: Network = eqx.tree_at(
            lambda n: (n.memories, n.hidden_current),
            setting.network,
            (setting.network.memories[:left], setting.network.hidden_current[:left]),
        )
        return setting.relax(network=cut).final
