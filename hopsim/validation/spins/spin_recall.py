"""Recall by spins: which corrupted memories the binary rule restores."""

from typing import ClassVar

import numpy as np

from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._spins import require_aims
from ...experiments._variables import PURE
from ...records import Variables
from .._base import validations


@validations.register("spin_recall")
class SpinRecall(AbstractEnsemble):
    r"""Recovered iff the spins end at $s = \xi_\mu$, the target memory, in every bit.

    `overlap` is $\xi_\mu\cdot s/N$, `overlap_size` its absolute value, since for even
    powers $-\xi_\mu$ is an attractor as well. [KH16 sec. 2; MRS24]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("spin_recall",)

    def validate_setting(self, setting: Setting) -> None:
        require_aims(setting, "spin_recall")
        setting.may_relax()

    def measure(self, setting: Setting) -> Variables:
        memories, aims = np.asarray(setting.network.memories), setting.probes.targets
        relaxed = setting.relax()
        overlap = np.mean(memories[aims] * relaxed.final, axis=1)
        return {
            "target": ("probe", aims, {"long_name": "memory aimed at"}),
            "overlap": ("probe", overlap, PURE),
            "overlap_size": ("probe", np.abs(overlap), PURE),
            "recovered": ("probe", overlap == 1, PURE),
            "converged": ("probe", relaxed.converged, PURE),
            "sweeps": ("probe", relaxed.sweeps, PURE),
        }
