"""Branches of model B for studies of thresholds: events, shares, equal energies."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ...attractors.branches import Branch
from ...attractors.continuation import solve_at, Varied
from ...lagrangians import LogSumExp, Quadratic
from ...network import Network
from .._base import Setting


BETA = "memory_lagrangian.beta"  # of model B, in its network


def require_model_b(setting: Setting, kind: str) -> None:
    """Raises ValueError unless the network is model B alone, at decay 1."""
    network = setting.network
    layers = (network.feature_lagrangian, network.memory_lagrangian)
    right = isinstance(layers[0], Quadratic) and isinstance(layers[1], LogSumExp)
    driven = np.any(network.current) or np.any(network.hidden_current)
    if not right or driven or network.autapse is not None:
        raise ValueError(
            f'The experiment "{kind}" needs model B without currents or autapse, got '
            f"{' and '.join(type(layer).__name__ for layer in layers)}; use network "
            'kind "model_b" and leave these out.'
        )
    require_decay_1(setting, kind)


def may_vary(setting: Setting, path: str, values: Sequence[float]) -> None:
    """Raises ValueError where flows cannot run at every value of a network's number."""
    rows = np.broadcast_to(0.5, (len(values), setting.network.features))
    varied = {f"network.{path}": np.asarray(values, float)}
    setting.may_simulate(probes=rows, samples=2, audit=False, step_log=0, varied=varied)


def require_decay_1(setting: Setting, kind: str) -> None:
    """Raises ValueError for another decay or a drive, which move fixed points."""
    decay = setting.dynamics.rest_decay
    if decay != 1:
        raise ValueError(
            f'The experiment "{kind}" needs fixed points of decay 1, got {decay:g}; '
            "leave it out."
        )


def first_event(branch: Branch, kind: str | None = None) -> float:
    """The parameter of the first event (of one kind) on a branch; NaN if none."""
    found = [e.parameter for e in branch.events if kind in (None, e.kind)]
    return found[0] if found else float("nan")


def shares_of(
    network: Network,
    v: Float[np.ndarray, "point feature"],
    beta: Float[np.ndarray, " point"],
) -> Float[np.ndarray, "point memory"]:
    """The softmax of `beta xi v`: the share of every memory, on the host."""
    logit = beta[:, None] * (v @ np.asarray(network.memories, float).T)
    share = np.exp(logit - np.max(logit, axis=1, keepdims=True))
    return share / np.sum(share, axis=1, keepdims=True)


def equal_energy_on_branch(
    of: Varied, branch: Branch, other: Float[np.ndarray, " feature"]
) -> float:
    """The beta at which the branch and the fixed point `other` have equal energies.

    NaN unless the difference falls through zero on the stable part of the branch.
    """
    from scipy.optimize import brentq

    def difference(beta: float) -> float:
        _, energy, _ = solve_at(of, branch.near(beta), beta)
        return energy - solve_at(of, other, beta)[1]

    beta = branch.parameter[branch.stable]
    ends = np.min(beta), np.max(beta)
    at_ends = [difference(x) for x in ends]
    if not at_ends[0] > 0 > at_ends[1]:
        return float("nan")
    return float(np.asarray(brentq(difference, *ends, xtol=1e-12 * ends[1])))
