r"""The binary Dense Associative Memory: spins that go where the energy is lower.

$s_i \leftarrow \mathrm{sign}\left[\Phi(s_i = +1) - \Phi(s_i = -1)\right]$, one spin at
a time, with the potential $\Phi$ of `Network`. [KH16 eq. 4]
"""

import math
from typing import Any, ClassVar, get_args, Literal

import equinox as eqx
import numpy as np

from ...lagrangians import (
    AbstractAdditiveLagrangian,
    Exponential,
    LogSumExp,
    Rescaled,
)
from ...network import Network
from ...trajectory import Promise
from .._base import dynamics_kinds


Order = Literal["sequential", "permutation", "random", "synchronous"]
Tie = Literal["keep", "+1", "-1", "random"]
Rule = Literal["energy_gap", "cavity_field", "local_field"]


@dynamics_kinds.register("binary")
class Binary(eqx.Module):
    r"""$s_i \leftarrow \mathrm{sign}\sum_\mu [F(z_\mu+\xi_{\mu i})
    - F(z_\mu-\xi_{\mu i})]$, $z_\mu = \sum_{j\ne i}\xi_{\mu j}s_j$. [KH16 eq. 4]

    Spins of +1 and -1; time is counted in sweeps of N visits.

    **Arguments:**

    - `order`: "permutation" visits all spins in an order drawn anew for each sweep,
      "sequential" in the order of their numbers, "random" draws N spins with
      replacement, "synchronous" updates all at once (2-cycles are then found and
      reported). All starts of a run see the same orders.
    - `tie`: what a spin without a drive does: "keep", "+1", "-1", or "random".
    - `rule`: "energy_gap" is the rule above. "cavity_field" takes the sign of
      $I_i + \sum_\mu \xi_{\mu i}F'(z_\mu)$, the spin's own share removed;
      "local_field" of $I_i + \sum_\mu\xi_{\mu i}F'(x_\mu) - c s_i$ with
      $x = \xi s$, its own share kept, as the flow of model A has it. [THEORY 2.1.2]
    """

    order: Order = eqx.field(static=True, default="permutation")
    tie: Tie = eqx.field(static=True, default="keep")
    rule: Rule = eqx.field(static=True, default="energy_gap")

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "order": get_args(Order),
        "tie": get_args(Tie),
        "rule": get_args(Rule),
    }

    def __check_init__(self):
        for name, allowed in self.CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} is one of {', '.join(allowed)}, got {getattr(self, name)}."
                )

    @property
    def driven(self) -> bool:
        """False: currents of spins are constant."""
        return False

    @property
    def synchronous(self) -> bool:
        """True if all spins move at once."""
        return self.order == "synchronous"

    def promise(self, network: Network) -> Promise:
        """The binary energy falls at every flip of one spin by its energy gap."""
        if self.synchronous:
            return Promise("none", "spins that move at once may raise the energy")
        if self.rule != "energy_gap":
            return Promise("none", "a field is not a difference of energies")
        return Promise("binary", "a spin moves only to the lower energy")


def settled(tie: Tie) -> Tie:
    """The rule for ties by which rest is judged: coins never rest."""
    return "keep" if tie == "random" else tie


def interaction(network: Network) -> tuple[AbstractAdditiveLagrangian, float]:
    """What decides the spins: an interaction function, and the factor before it.

    A positive factor decides nothing but the weight of the current beside it, and
    log-sum-exp decides as the sum of its exponentials. Raises ValueError for a
    Lagrangian that is not a sum over memories.
    """
    layer: Any = network.memory_lagrangian
    factor = 1.0
    while isinstance(layer, Rescaled):
        inside, outside = float(layer.inside), float(layer.outside)
        if not (inside and outside):
            raise ValueError(
                "Rescaled by 0 an interaction decides nothing, got inside = "
                f"{inside:g}, outside = {outside:g}: they have underflowed; use "
                "normalised = false, which decides the same, or float64 memories."
            )
        factor *= outside * inside ** (layer.degree or 0)
        layer = layer.lagrangian
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


def drive_of(
    network: Network, rule: Rule
) -> tuple[AbstractAdditiveLagrangian, np.ndarray, float]:
    """The interaction function, and what a drive has beside it: current and autapse.

    In units of the interaction. An energy gap has twice the current, and no autapse:
    the energy of spins has it as a constant. A cavity field has no share of its own.
    Raises ValueError where those units leave the normal numbers.
    """
    layer, factor = interaction(network)
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
