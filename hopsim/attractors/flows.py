"""From states to the fixed points to which they flow, and what is refused before."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from .._common.progress import Count, counted, Progress
from ..dynamics import AbstractDynamics
from ..network import Network
from ..simulation import simulate
from ..trajectory import Trajectory
from .distinct_roots import distinct, settle, Settled
from .spectra import attracting, describe, require_decidable_stability, RestSpectra


MAX_FLOW_STEP = 0.25  # of an AltIMEX step that still follows the flow, in tau_feature
TIGHT_TOLERANCES = {"rtol": 1e-10, "atol": 1e-12, "residual_tolerance": 1e-9}
FLOW_ARGUMENTS = {"solver", "step", "rtol", "atol", "residual_tolerance", "max_steps"}
FLOW_ARGUMENTS |= {"key", "chunk", "devices"}


def check_search(
    network: Network, dynamics: AbstractDynamics, flow: Mapping[str, Any]
) -> None:
    """Raises ValueError for what `find_attractors` refuses; computes nothing."""
    if not dynamics.rest_decay > 0:  # most raise by themselves
        raise ValueError("Fixed points need a decay > 0.")
    require_decidable_stability(network, dynamics)
    unknown = set(flow) - FLOW_ARGUMENTS - {"duration"}
    if unknown:
        raise ValueError(
            "Attractors take the arguments of simulate "
            f"{', '.join(sorted(FLOW_ARGUMENTS))}, got {', '.join(sorted(unknown))}."
        )
    _check_step(flow.get("solver", "auto"), flow.get("step"))


def _check_step(solver: Any, step: float | None) -> None:
    """Raises ValueError for steps of AltIMEX that are attention, not the flow."""
    if isinstance(solver, str):
        alternating = solver == "altimex"
    else:
        from ..solvers import AltIMEX

        alternating = isinstance(solver, AltIMEX)
    if alternating and step is not None and step > MAX_FLOW_STEP:
        raise ValueError(
            f"AltIMEX with a step of {step:g} tau_feature is attention (CCCP), not the "
            "flow: it has the same fixed points but other basins. Basins are those of "
            f"the requested dynamics; use a step <= {MAX_FLOW_STEP:g}, or leave it out."
        )


def fixed_points(
    network: Network,
    dynamics: AbstractDynamics,
    decay: float,
    states: np.ndarray,
    flow: Mapping[str, Any],
    progress: Progress,
) -> tuple[Settled, RestSpectra]:
    """The fixed points to which all states flow, and the spectrum of each."""
    size = len(states)
    with counted(progress, "states", size, title="fixed points") as count:
        ends, rested = _flown(network, dynamics, states, flow, count)
        return _settled(network, dynamics, decay, ends, rested, flow)


def _flown(
    network: Network,
    dynamics: AbstractDynamics,
    states: np.ndarray,
    flow: Mapping[str, Any],
    count: Count | None = None,
) -> tuple[Float[np.ndarray, "state feature"], Bool[np.ndarray, " state"]]:
    """Where every state ends, and whether it came to rest there."""
    step, solver = flow.get("step"), flow.get("solver", "auto")
    if step is not None and solver == "auto":
        chosen = dynamics.method(network, states, flow["duration"], solver, step)
        _check_step(chosen.solver, step)
    flow = {"audit": False, **flow, "progress": count}
    found = simulate(network, dynamics, states, samples=2, save=(), **flow)
    return np.asarray(found.final, np.float64), _rested(found)


def _rested(found: Trajectory) -> Bool[np.ndarray, " state"]:
    return found.converged & np.all(np.isfinite(found.final), axis=1)


def _settled(
    network: Network,
    dynamics: AbstractDynamics,
    decay: float,
    ends: np.ndarray,
    rested: np.ndarray,
    flow: Mapping[str, Any],
) -> tuple[Settled, RestSpectra]:
    r"""The fixed points of all ends, and the spectrum of each.

    These are roots of $R(v) = \nabla\Phi(g(v)) - \alpha v$. An end with no root, or
    with one that does not attract, flows on once more under tolerances a thousand times
    tighter; an end that has no root even then keeps the label -1.
    """
    # near a saddle or a degenerate minimum a flow meets the residual tolerance long
    # before it leaves, and Newton's method then polishes the saddle. So the spectra of
    # all roots are computed first, and only ends without an attracting root flow on.
    # Then all ends are settled again, since new ends may share the roots of old ones.
    settled = _settle(network, dynamics, decay, ends, rested)
    known = describe(network, dynamics, decay, settled.v)
    attracts = np.append(attracting(known, decay), False)  # the last one: label -1
    doubtful = rested & ~attracts[settled.labels]
    # exact rest needs no tighter tolerances, and float32 has none
    exact = dynamics.rests_exactly or network.dtype == np.float32
    if exact or not np.any(doubtful):
        return settled, known
    again = {**flow, **TIGHT_TOLERANCES}  # their progress was reported before
    further, rested_again = _flown(network, dynamics, ends[doubtful], again)
    ends, rested = ends.copy(), rested.copy()
    ends[doubtful], rested[doubtful] = further, rested_again
    settled = _settle(network, dynamics, decay, ends, rested)
    return settled, describe(network, dynamics, decay, settled.v)


def _settle(
    network: Network,
    dynamics: AbstractDynamics,
    decay: float,
    ends: np.ndarray,
    rested: np.ndarray,
) -> Settled:
    chosen = ends[rested]
    if dynamics.discrete:  # spins at rest are roots as they are
        none = np.zeros(len(chosen))
        found = distinct(network, chosen, none, np.ones(len(chosen), bool))
    else:
        found = settle(network, np.asarray(decay), chosen)
    labels = np.full(len(ends), -1)
    labels[rested] = found.labels
    return found._replace(labels=labels)
