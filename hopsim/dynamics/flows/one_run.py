"""The arguments of functions that JAX may transform: one run of a flow, any traced."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..._common.arrays import cast_to, finite, numbers
from ..._common.names import shown
from ..._common.types import cast, concrete, Scalar
from ...network import Network, require_network
from .._base import require_dynamics
from .._request import Request, require, require_finite_positive, require_whole
from ._base import AbstractFlow, Flow
from ._solver_choice import DEFAULT_STEP, made, Steps


class OneRun(NamedTuple):
    """One run of a flow that has yet to be made, its arguments checked."""

    problem: Flow
    x: tuple  # the layers of its first state
    end: Scalar
    steps: Steps


def one_run(
    asked_by: str, network: Network, dynamics: AbstractFlow, v0: Any, request: Request
) -> OneRun:
    """The run that is asked for; ValueError for arguments that `simulate` refuses.

    Numbers that are traced are not checked. `asked_by` is the public function, and
    `request.memory_start` is one state, as `v0` is.
    """
    dtype = _precision(asked_by, network, dynamics)
    v0, h0 = _state(v0, "v0", network.features, dtype), request.memory_start
    stand_in = None  # for memory neurons that may be traced
    if h0 is not None:
        h0 = _state(h0, "memory_start", network.count, dtype)
        stand_in = np.zeros((1, network.count))
    require_whole("max_steps", request.max_steps)
    if concrete(request.duration):
        require_finite_positive("duration", request.duration)
    shape = np.shape(request.duration)
    require(shape == (), "duration", "one number", request.duration)
    _refuse_auto(asked_by, request.solver)
    known = dataclasses.replace(request, duration=1.0, memory_start=stand_in)
    dynamics.validate(network, np.zeros((1, network.features)), known)
    kept = request.filled(dtype)
    free = jnp.asarray(~request.mask(network))
    problem = Flow(cast(dynamics, dtype), network, free)
    return OneRun(
        problem,
        problem.dynamics.start(network, v0, h0),
        jnp.asarray(request.duration, dtype),
        Steps(
            dynamics.fitted(made(request.solver)),
            kept.rtol,
            kept.atol,
            jnp.asarray(DEFAULT_STEP, dtype),
            request.max_steps,
            kept.residual,
        ),
    )


def _precision(asked_by: str, network: Any, dynamics: Any) -> np.dtype:
    require_network(network)
    require_dynamics(dynamics)
    if not dynamics.differentiable:
        raise ValueError(
            f"{asked_by} follows a flow, such as TwoLayer or Adiabatic, whose states "
            f"are differentiable, got {shown(dynamics.kind)}; use simulate."
        )
    if network.dtype != jax.dtypes.canonicalize_dtype(network.dtype):
        raise ValueError(
            f"The network is of {network.dtype}, which is switched off; call "
            'jax.config.update("jax_enable_x64", True) first.'
        )
    return network.dtype


def _state(x: Any, what: str, size: int, dtype: np.dtype) -> Array:
    found = numbers(x, what)
    if found.shape != (size,):
        raise ValueError(
            f"{what} must be one state of shape ({size},), got shape {found.shape}; "
            "for many, use jax.vmap."
        )
    return jnp.asarray(finite(cast_to(found, dtype), what))


def _refuse_auto(asked_by: str, solver: Any) -> None:
    if isinstance(solver, str) and solver == "auto":
        raise ValueError(
            f'{asked_by} takes no solver "auto", whose choice looks at numbers; name '
            'one, such as "tsit5".'
        )
