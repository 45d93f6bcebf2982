"""Shared by experiments with spins: requirements, single decisions, overlaps."""

from collections.abc import Iterator

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from .._common.types import AnyArray
from ..dynamics import Binary, expected
from ..dynamics.spins.exact_decisions import are_spins
from ..dynamics.spins.flip_rules import Rule
from ..dynamics.spins.relaxation import Relaxation
from ..lagrangians import Polynomial, RectifiedPolynomial
from ..network import Network
from ._base import Setting


def require_spins(setting: Setting, kind: str) -> None:
    """Raises ValueError unless dynamics are binary and memories are +1 and -1."""
    expected(setting.dynamics, Binary, kind)
    if not are_spins(setting.network.memories):
        raise ValueError(
            f'The experiment "{kind}" needs memories of +1 and -1; use memories kind '
            '"random_binary", or images with binary = true.'
        )


def require_aims(setting: Setting, kind: str) -> None:
    """As `require_spins`; also raises ValueError if a probe has no target."""
    require_spins(setting, kind)
    if np.any(setting.probes.targets < 0):
        raise ValueError(
            f'The experiment "{kind}" needs probes that aim at memories; use probes '
            'kind "corrupted".'
        )


def power_of(network: Network) -> tuple[int, bool] | None:
    """`(n, rectified)` for an interaction that is a power n >= 2; None for others.

    Factors inside and outside F are ignored: they change no sign of an energy gap.
    """
    layer = network.memory_lagrangian.unwrapped().lagrangian
    if not isinstance(layer, Polynomial | RectifiedPolynomial) or layer.n < 2:
        return None
    return layer.n, isinstance(layer, RectifiedPolynomial)


def is_even(network: Network) -> bool:
    """True if F(-x) = F(x); then the negatives of the memories are stored, too."""
    power = power_of(network)
    return power is not None and not power[1] and power[0] % 2 == 0


def decided_at_once(
    setting: Setting,
    states: Float[AnyArray, "state feature"],
    network: Network | None = None,
    rule: Rule | None = None,
) -> Relaxation:
    """One synchronous sweep: each spin decides with all others as in `states`.

    Ties are those of the setting's dynamics; so are `network` and `rule` by default.
    """
    own = expected(setting.dynamics, Binary, "decisions of spins").flip_rule
    at_once = Binary("synchronous", own.tie, rule or own.rule)
    network = setting.network if network is None else network
    return setting.relax(network=network, dynamics=at_once, starts=states, max_sweeps=1)


STATES_PER_PRODUCT = 1000  # states in one product with all memories


def inputs(
    memories: Int[np.ndarray, "memory feature"], s: Int[np.ndarray, "start feature"]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    r"""Chunks of the states with their memory inputs $\xi_\mu\cdot s$, exactly."""
    xi = memories.astype(np.float32).T  # integers below 2^24: exact products
    for first in range(0, len(s), STATES_PER_PRODUCT):
        rows = s[first : first + STATES_PER_PRODUCT]
        yield rows, rows.astype(np.float32) @ xi


def extreme_overlaps(
    memories: Int[np.ndarray, "memory feature"], s: Int[np.ndarray, "start feature"]
) -> tuple[np.ndarray, np.ndarray]:
    r"""$\max_\mu$ and $\min_\mu\ \xi_\mu\cdot s / N$ of every state."""
    found = [(x.max(axis=1), x.min(axis=1)) for _, x in inputs(memories, s)]
    high, low = (np.concatenate(p).astype(float) for p in zip(*found, strict=True))
    return high / s.shape[1], low / s.shape[1]


def with_memories(
    network: Network, memories: Float[AnyArray, "memory feature"]
) -> Network:
    """The same network with other memories."""
    return eqx.tree_at(lambda n: n.memories, network, memories)
