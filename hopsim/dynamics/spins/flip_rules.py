"""What decides spins, as values that engines read: a rule at T = 0, or a heat bath."""

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._common.streams import Stream
from ...lagrangians import (
    AbstractAdditiveLagrangian,
    Exponential,
    LogSumExp,
)
from ...network import Network


Order = Literal["sequential", "permutation", "random", "synchronous"]
Visits = Literal["sequential", "permutation", "random"]
Tie = Literal["keep", "+1", "-1", "random"]
Rule = Literal["energy_gap", "cavity_field", "local_field"]

MAX_SWEEPS = 100  # by default, after which a start counts as unconverged

# older names of engines
OLDER_WORDS: dict[str, Any] = {"walk": "cpu", "lanes": "lockstep"}


class FlipRule(NamedTuple):
    """How spins move at T = 0; see `Binary`."""

    order: Order
    tie: Tie
    rule: Rule

    @property
    def synchronous(self) -> bool:
        """True if all spins move at once."""
        return self.order == "synchronous"

    @property
    def tie_at_rest(self) -> Tie:
        """The rule for ties by which rest is tested: with coins no tie would rest."""
        return "keep" if self.tie == "random" else self.tie


class HeatBath(NamedTuple):
    """How spins move at T > 0; see `Glauber`."""

    order: Visits
    ladder: Float[np.ndarray, " replica"]  # temperatures of the replicas, T first
    cools: int  # for how many sweeps it cools
    cooled: Callable[[int], float]  # the factor on all temperatures during a sweep


def require_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raises ValueError unless a word is one of those allowed."""
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}, got {value}.")


def visits_of(
    order: str, free: Int[np.ndarray, " spin"], stream: Stream, sweep: int
) -> Int[np.ndarray, " visit"]:
    """The spins in the order in which a sweep visits them; all starts see the same."""
    if order in ("sequential", "synchronous"):
        return free
    draw = stream.child("order", sweep).generator()
    if order == "permutation":
        return draw.permutation(free)
    return draw.choice(free, len(free))


def decision_interaction(network: Network) -> tuple[AbstractAdditiveLagrangian, float]:
    """The interaction function that decides the spins, and the factor before it.

    A positive factor matters only for the weight of the current beside it, and
    log-sum-exp gives the decisions of the sum of its exponentials. Raises ValueError
    for a Lagrangian that is not a sum over memories.
    """
    layer, inside, outside = network.memory_lagrangian.unwrapped()
    inside, outside = float(inside), float(outside)
    if not (inside and outside):
        raise ValueError(
            f"Rescaled by 0 an interaction decides nothing, got inside = {inside:g}, "
            f"outside = {outside:g}: they have underflowed; use normalised = false, "
            "which decides the same, or float64 memories."
        )
    factor = outside * inside ** (layer.degree or 0)
    currents = [network.current]
    currents += [] if network.autapse is None else [network.autapse]
    if isinstance(layer, LogSumExp) and not any(c.any() for c in currents):
        return Exponential(layer.beta), factor
    if not isinstance(layer, AbstractAdditiveLagrangian):
        raise ValueError(
            "Binary dynamics need an interaction function F(x), summed over the "
            f"memories (or LogSumExp without current or autapse), got {layer}; use "
            "Exponential(rate) for the sum inside a log-sum-exp."
        )
    return layer, factor


def local_field_of(
    network: Network, rule: Rule
) -> tuple[AbstractAdditiveLagrangian, np.ndarray, float]:
    """The interaction function, and what a field has beside it: current and autapse.

    In units of the interaction. An energy gap has twice the current, and no autapse:
    the energy of spins has it as a constant. A cavity field has no self term.
    Raises ValueError if that unit is not a normal number or a current not finite in it.
    """
    layer, factor = decision_interaction(network)
    current = np.asarray(network.current, np.float64)
    if rule == "energy_gap":
        current = 2 * current
    own = 0.0
    if rule == "local_field" and network.autapse is not None:
        own = float(np.asarray(network.autapse))
    if np.any(current) or own:
        if not factor >= np.finfo(np.float64).tiny:
            raise ValueError(
                "Currents cannot be weighed against an interaction rescaled by "
                f"{factor:g}, which is not a normal number; use normalised = false and "
                "currents in its units."
            )
        with np.errstate(over="ignore"):
            current, own = current / factor, float(np.float64(own) / factor)
        if not (np.all(np.isfinite(current)) and math.isfinite(own)):
            raise ValueError(
                "Currents must be finite in units of the interaction, got "
                f"{np.max(np.abs(current)):g}; rescale the interaction by less than "
                f"{factor:g}."
            )
    return layer, current, own
