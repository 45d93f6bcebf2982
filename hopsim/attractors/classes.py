"""The classes of attractors, by the memories that flow to each."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Int

from .._common.environment import precision
from .._common.types import cast
from ..dynamics.flows.rest import MARGINAL_RTOL
from ..network import Network
from .spectra import attracting, RestSpectra


CLASSES = (
    *("memory", "metastable", "global average", "inverse memory", "spurious"),
    "unclassified",  # an attractor that an unconverged memory might reach
    *("marginal", "saddle", "singular"),  # not attractors
)


def classify(
    network: Network,
    decay: float,
    known: RestSpectra,
    members: Int[np.ndarray, " memory"],
    mirrored: list[np.ndarray],
) -> tuple[list[str], Bool[np.ndarray, "root memory"]]:
    """The class of every fixed point, and the memories that flow there."""
    lost = bool(np.any(np.concatenate([members, *mirrored]) < 0))
    rows = np.arange(len(known.g))[:, None]
    reached = members[None] == rows
    inverse = mirrored[0][None] == rows if mirrored else np.zeros_like(reached)
    attracts = attracting(known, decay)
    kinds = []
    for k in range(len(known.g)):
        size = int(np.sum(reached[k]))
        unsure = size < 2 and lost
        away = known.s_max[k] ** 2 - decay
        if known.index[k] < 0:
            kind = "singular"
        elif not attracts[k]:
            kind = "marginal" if abs(away) <= MARGINAL_RTOL * decay else "saddle"
        elif unsure:
            kind = "unclassified"
        elif size == 0:
            kind = "inverse memory" if np.sum(inverse[k]) == 1 else "spurious"
        elif size == 1:
            kind = "memory"
        else:
            kind = "global average" if size == network.count else "metastable"
        kinds.append(kind)
    return kinds, reached


def has_odd_activation(network: Network) -> bool:
    """True if f is odd (F is even), as tested at one generic h."""
    with precision("float64"):
        h = np.cos(2.0 * np.arange(network.count) + 0.5)
        f = cast(network, np.float64).memory_lagrangian.activation
        there, back = np.asarray(f(jnp.asarray(h))), np.asarray(f(jnp.asarray(-h)))
    return bool(np.all(np.abs(there + back) <= 1e-12 * np.max(np.abs(there))))
