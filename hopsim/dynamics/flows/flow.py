"""`flow`: the state that a flow reaches, as a function that JAX can transform."""

from collections.abc import Collection
from typing import Any, Literal

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..._common.derivatives import gradient_only, tangent_only
from ..._common.names import shown
from ..._common.types import AnyArray
from ...network import Network
from .._request import ascending, Request, Tolerances
from ._base import AbstractFlow
from .one_run import one_run


NO_TANGENT = (
    'flow(adjoint="checkpoints") has a gradient (grad, jacrev) and no tangent; for jvp '
    'and jacfwd give adjoint="forward", for both "direct".'
)
NO_GRADIENT = (
    'flow(adjoint="forward") has a tangent (jvp, jacfwd) and no gradient; for grad and '
    'jacrev give adjoint="checkpoints", for both "direct".'
)


def flow(
    network: Network,
    dynamics: AbstractFlow,
    v0: Float[AnyArray, " feature"],
    *,
    duration: float | AnyArray,
    times: Float[AnyArray, " time"] | None = None,
    solver: Any = "tsit5",
    rtol: float | None = None,
    atol: float | None = None,
    max_steps: int = 4096,
    adjoint: Literal["checkpoints", "forward", "direct"] = "checkpoints",
    clamped: Bool[AnyArray, " feature"] | None = None,
    memory_start: Float[AnyArray, " memory"] | None = None,
) -> Float[Array, "*time feature"]:
    r"""The feature neurons after $\dot x = F(x)$ of this network has run for a while.

    `v` at the end, of shape (feature,), or at `times`, (time, feature); NaN, and with
    derivatives that are NaN, if the run did not finish within `max_steps` or left the
    finite numbers, or if a time lies outside it. The field and the solvers are those of
    `simulate(until="duration")`, and the ends agree to rounding.

    A pure function of arrays: `jax.jit`, `vmap`, `grad`, `jvp` and their like act on it
    with respect to every array in `network`, `dynamics`, `v0` and `memory_start`, to
    `duration` and to `times`; numbers that are traced are not checked. (Build the
    network inside the function that is transformed, or filter it as Equinox does.)
    Nothing is audited. Derivatives are those of the steps that were taken, their
    lengths held fixed. They do not come from running the flow backwards, which
    multiplies errors by $e^{t}$: what contracts forwards expands backwards.

    **Arguments:**

    - `duration`, `times`: in units of `tau_feature`; `times` ascend within the run.
    - `solver`: "tsit5", "dopri8", "kvaerno3", "kvaerno5", "altimex" (of step 0.1) or a
      Diffrax solver; not "auto", whose choice looks at numbers.
    - `rtol`, `atol`: default 1e-7 and 1e-9 in float64, 1e-5 both in float32.
    - `adjoint`: "checkpoints" for `grad` and `jacrev`, in memory that grows with
      the square root of `max_steps`; "forward" for `jvp` and `jacfwd`; "direct" for
      both, at a higher cost.
    - `clamped`: feature neurons held at their initial value.
    - `memory_start`: the memory neurons at first; default $\xi g(v) + J$.

    Raises ValueError for arguments that `simulate` refuses, and for dynamics that are
    no flow: jumps of spins have no derivative.
    """
    request = Request(
        duration,
        until="duration",
        solver=solver,
        max_steps=max_steps,
        memory_start=memory_start,
        clamped=clamped,
        tolerances=Tolerances(rtol, atol),
    )
    found, finished = run_flow("flow", network, dynamics, v0, request, times, adjoint)
    # a factor, so that derivatives of what did not finish are NaN as well
    return found * jnp.where(finished, 1, jnp.nan)


def run_flow(
    asked_by: str,
    network: Network,
    dynamics: AbstractFlow,
    v0: Float[AnyArray, " feature"],
    request: Request,
    times: Float[AnyArray, " time"] | None = None,
    adjoint: str = "checkpoints",
) -> tuple[Float[Array, "*time feature"], Bool[Array, ""]]:
    """The same, and whether the run finished."""
    from .integration import ADJOINTS, end_of_run  # and with it Diffrax

    problem, x, end, steps = one_run(asked_by, network, dynamics, v0, request)
    at = None
    if times is not None:
        at = jnp.asarray(ascending(times, request.duration), network.dtype)
    if adjoint == "checkpoints":
        problem, x, end, at = gradient_only((problem, x, end, at), NO_TANGENT)
    try:
        found, finished = end_of_run(
            problem, x, end, at, steps, _known(adjoint, ADJOINTS)
        )
    except TypeError as error:  # of tangents that are mapped while they are traced
        if "forward-mode" in str(error) and adjoint == "checkpoints":
            raise ValueError(NO_TANGENT) from None
        raise
    if adjoint == "forward":
        found = tangent_only(found, NO_GRADIENT)
    return found, finished


def _known(adjoint: Any, words: Collection[str]) -> str:
    if not isinstance(adjoint, str) or adjoint not in words:
        raise ValueError(
            f"adjoint must be one of {', '.join(words)}, got {shown(str(adjoint))}."
        )
    return adjoint
