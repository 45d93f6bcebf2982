r"""The binary Dense Associative Memory: spins that go where the energy is lower.

$s_i \leftarrow \mathrm{sign}\left[\Phi(s_i = +1) - \Phi(s_i = -1)\right]$, one spin at
a time, with the potential $\Phi$ of `Network`. [KH16 eq. 4]
"""

from collections.abc import Callable
from typing import ClassVar, get_args

import equinox as eqx
import numpy as np
from jaxtyping import Float

from ..._common.types import AnyArray
from ...network import Network
from ...trajectory import Promise
from .._base import dynamics_kinds, Method
from .._request import Request
from ._base import AbstractSpinDynamics
from .flip_rules import FlipRule, local_field_of, Order, require_choice, Rule, Tie
from .relaxation import relax
from .trajectories import SpinRun


@dynamics_kinds.register("binary")
class Binary(AbstractSpinDynamics):
    r"""$s_i \leftarrow \mathrm{sign}\sum_\mu [F(z_\mu+\xi_{\mu i})
    - F(z_\mu-\xi_{\mu i})]$, $z_\mu = \sum_{j\ne i}\xi_{\mu j}s_j$. [KH16 eq. 4]

    Spins of +1 and -1; time is counted in sweeps of N visits.

    **Arguments:**

    - `order`: "permutation" visits all spins in an order drawn anew for each sweep,
      "sequential" in the order of their numbers, "random" draws N spins with
      replacement, "synchronous" updates all at once (2-cycles are then found and
      reported). All starts of a run have the same orders.
    - `tie`: the new value of a spin whose local field is zero: "keep", "+1", "-1",
      or "random".
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
            require_choice(name, getattr(self, name), allowed)

    @property
    def flip_rule(self) -> FlipRule:
        return FlipRule(self.order, self.tie, self.rule)

    def validate(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        request: Request,
    ) -> None:
        super().validate(network, probes, request)
        local_field_of(network, self.rule)

    def promise(self, network: Network, method: Method, clamped: bool) -> Promise:
        """The binary energy falls at every flip of one spin by its energy gap."""
        if self.flip_rule.synchronous:
            return Promise("none", "spins that move at once may raise the energy")
        if self.rule != "energy_gap":
            return Promise("none", "a field is not a difference of energies")
        return Promise("binary", "a spin moves only to the lower energy")

    def evolve(
        self,
        network: Network,
        starts: np.ndarray,
        sweeps: int,
        request: Request,
        watch: Callable[[int, np.ndarray], None],
    ) -> SpinRun:
        """By `relax`, until no spin moves."""
        where = request.execution
        found = relax(
            network, self, starts, max_sweeps=sweeps, clamped=request.clamped,
            key=request.key, chunk=where.chunk, devices=where.devices,
            progress=where.progress, watch=watch,
        )  # fmt: skip
        residual = np.where(found.converged, 0.0, np.nan)
        return SpinRun(found.final, found.flips, found.sweeps, found.ending, residual)
