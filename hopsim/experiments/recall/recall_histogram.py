"""Recall of random starts: the overlap with the nearest memory at the end."""

from typing import ClassVar

import numpy as np
from jaxtyping import Int
from pydantic import Field

from ...records import Variables
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._spins import extreme_overlaps, inputs, is_even, require_spins
from .._variables import PURE


@experiments.register("recall_histogram")
class RecallHistogram(AbstractEnsemble):
    r"""$m = \max_\mu \xi_\mu\cdot s / N$ of every start, before and after recall.

    `overlap` is signed, as in KH16; `unsigned_overlap` takes $|\xi_\mu\cdot s|$, since
    an even power stores $-\xi_\mu$ beside $\xi_\mu$. `perfect` and `unsigned_perfect`
    are true at 1, `mirrored` where the final state is some $-\xi_\mu$; `orientation` is
    `perfect` less `mirrored`. `shared_against` counts the spins on which the `nearest`
    memories ($\pm\xi$ where the power is even) agree with each other and not with the
    final state: 0 for a mixture of them. With `mirrors` the negative of every start is
    recalled, too, and `mirror_error` counts the spins in which the two ends are not
    opposite. [KH16 app. B, fig. 4; THEORY 2.5, DAM-03 to DAM-06]
    """

    row: ClassVar[str] = "start"
    plots: ClassVar[tuple[str, ...]] = ("recall_histogram",)

    mirrors: bool = False
    nearest: int = Field(2, ge=2)

    def validate_setting(self, setting: Setting) -> None:
        require_spins(setting, "recall_histogram")
        if setting.network.count < self.nearest:
            raise ValueError(
                f'The experiment "recall_histogram" needs {self.nearest} memories or '
                f"more, got {setting.network.count}."
            )
        setting.may_relax()

    def measure(self, setting: Setting) -> Variables:
        network, starts = setting.network, setting.probes.values.astype(np.int8)
        memories = np.asarray(network.memories).astype(np.int8)
        relaxed = setting.relax()
        final = relaxed.final
        high, low = extreme_overlaps(memories, starts)
        best, least = extreme_overlaps(memories, final)
        perfect, mirrored = best == 1, (least == -1) & (best < 1)
        against = shared_against(memories, final, is_even(network), self.nearest)
        words = {"long_name": "largest overlap of the end with a memory"}
        found = {
            "start_overlap": ("start", high, PURE),
            "start_unsigned_overlap": ("start", np.maximum(high, -low), PURE),
            "overlap": ("start", best, PURE | words),
            "unsigned_overlap": ("start", np.maximum(best, -least), PURE | words),
            "perfect": ("start", perfect, PURE),
            "unsigned_perfect": ("start", perfect | mirrored, PURE),
            "mirrored": ("start", mirrored, PURE),
            "orientation": ("start", np.subtract(perfect, mirrored, dtype=float), PURE),
            "shared_against": ("start", against, PURE),
            "sweeps": ("start", relaxed.sweeps, PURE),
            "converged": ("start", relaxed.converged, PURE),
            "memory_count": ((), network.count, PURE),
            "feature_count": ((), network.features, PURE),
        }
        if self.mirrors:
            image = setting.relax(starts=-setting.probes.values).final
            error = np.sum(image != -final, axis=1)
            found["mirror_error"] = ("start", error, PURE)
        return found


def shared_against(
    memories: Int[np.ndarray, "memory feature"],
    s: Int[np.ndarray, "start feature"],
    even: bool,
    nearest: int = 2,
) -> Int[np.ndarray, " start"]:
    """The number of spins opposite to all of the `nearest` memories, where these agree.

    If `even`, nearest by |xi.s|, and each memory is taken with the sign of its xi.s.
    """
    found = []
    for rows, x in inputs(memories, s):
        near = np.abs(x) if even else x
        few = np.argpartition(near, -nearest, axis=1)[:, -nearest:]
        away = np.take_along_axis(x, few, axis=1) < 0 if even else np.zeros(few.shape)
        side = memories[few] * np.where(away, -1, 1)[..., None]
        shared = np.all(side == side[:, :1], axis=1)
        found.append(np.sum(shared & (rows != side[:, 0]), axis=1))
    return np.concatenate(found)
