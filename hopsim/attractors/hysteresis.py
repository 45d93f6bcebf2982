"""Hysteresis: where flows end as one parameter of the network rises and falls again."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from .._common.progress import counted, Progress
from .._common.streams import as_stream
from .._common.types import AnyArray
from ..dynamics import Dynamics
from ..network import Features
from ..simulation import simulate
from .branches import NetworkOf


class Hysteresis(NamedTuple):
    """Where the flow ends as the parameter rises and falls again, step by step."""

    parameter: Float[np.ndarray, " step"]
    up: Float[np.ndarray, "step feature"]
    down: Float[np.ndarray, "step feature"]
    converged: Bool[np.ndarray, "2 step"]  # up and down


def hysteresis(
    network_of: NetworkOf,
    v: Features,
    parameters: Float[AnyArray, " step"],
    dynamics: Dynamics,
    *,
    kick: float = 1e-3,
    key: Any = 0,
    progress: Progress = None,
    **settings: Any,
) -> Hysteresis:
    r"""The ends of flows as the parameter steps up through its values and down again.

    Each flow starts from the end of the last one plus a random `kick` (in units of the
    longest memory), without which it would never leave an unstable fixed point. Between
    two folds up and down differ. `settings` are those of `hopsim.simulate`, including
    `duration`. With `progress` True a bar is shown, or lines where there is no
    terminal; a function is called with (flows ended, flows in all). Raises ValueError
    unless the parameters increase.
    """
    values = np.asarray(parameters, float)
    if values.ndim != 1 or not values.size or not np.all(np.diff(values) > 0):
        raise ValueError(f"The parameters must be numbers that rise, got {values}.")
    draw = as_stream(key).child("kicks").generator()
    state, ends, converged = np.asarray(v, float), [], []
    settings = {"samples": 2, "audit": False} | settings
    with counted(progress, "flows", 2 * len(values)) as count:
        for value in (*values, *values[::-1]):
            network = network_of(jnp.asarray(value))
            longest = float(np.max(np.linalg.norm(network.memories, axis=1)))
            push = draw.standard_normal(len(state))
            start = state + kick * longest * push / np.linalg.norm(push)
            run = simulate(network, dynamics, start[None], **settings)
            state = np.asarray(run.final[0], float)
            ends.append(state)
            converged.append(bool(run.converged[0]))
            if count is not None:
                count(len(ends), 2 * len(values))
    up, down = np.stack(ends[: len(values)]), np.stack(ends[: len(values) - 1 : -1])
    both = np.array([converged[: len(values)], converged[: len(values) - 1 : -1]])
    return Hysteresis(values, up, down, both)
