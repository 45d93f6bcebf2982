"""What recall measures: overlaps with the memories aimed at, and what is retrieved."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ..records import PURE
from .patterns import overlap


def recall_variables(
    g: Float[np.ndarray, "probe sample feature"],
    memories: Float[np.ndarray, "memory feature"],
    targets: Int[np.ndarray, " probe"],
    measured: Bool[np.ndarray, " feature"] | None = None,
    retrieved_above: float = 0.95,
    absolute: bool = False,
) -> dict[str, tuple[Any, ...]]:
    r"""The variables of recall: $\xi\cdot g/(|\xi||g|)$ with the target of each probe.

    `overlap` is that of all features at every sample; `match` that of the `measured`
    features at the end, and a probe is `retrieved` if it exceeds `retrieved_above`, in
    size if `absolute`. A target of -1 is none: `aimed` is False, the overlaps are NaN.
    """
    aimed = targets >= 0
    own = memories[np.maximum(targets, 0)]
    measured = np.ones(memories.shape[1], bool) if measured is None else measured
    path = _against(g, own)
    match = _against(g[:, -1:, measured], own[:, measured])[:, 0]
    size = np.abs(match) if absolute else match
    told = PURE | {"long_name": "cosine with the target on the measured features"}
    return {
        "overlap": (("probe", "sample"), np.where(aimed[:, None], path, np.nan), PURE),
        "match": ("probe", np.where(aimed, match, np.nan), told),
        "aimed": ("probe", aimed, PURE),
        "retrieved": ("probe", aimed & (size > retrieved_above), PURE),
        "measured": ("feature", measured, PURE),
    }


def _against(g: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The overlap of every sample of each probe with its own target."""
    pairs = zip(g, targets, strict=True)
    return np.stack([overlap(path, xi[None])[:, 0] for path, xi in pairs])
