r"""Glauber dynamics: a heat bath for spins, under the energy of the binary memory.

$P(s_i = +1) = 1/(1 + e^{-\Delta_i/T})$ with the energy gap
$\Delta_i = \Phi(s_i = +1) - \Phi(s_i = -1)$ of `Network`, one spin after the other. Its
law is Boltzmann's, $P(s) \propto e^{\Phi(s)/T}$. [TT24; Glauber 1963]
"""

from collections.abc import Callable
from typing import Annotated, ClassVar, get_args

import equinox as eqx
import numpy as np
from jaxtyping import Float

from ..._common.types import AnyArray, as_number, Count, Range
from ...lagrangians._base import require_positive
from ...network import Network
from ...trajectory import Ending, Promise
from .._base import dynamics_kinds, Method
from .._request import Request, require
from ._base import AbstractSpinDynamics
from .flip_rules import HeatBath, require_choice, Visits
from .sampling import check_sampling, sample
from .trajectories import SpinRun


Temperature = Annotated[float | AnyArray, Range(0, above=True)]


@dynamics_kinds.register("glauber")
class Glauber(AbstractSpinDynamics):
    r"""$P(s_i = +1) = [1 + e^{-\Delta_i/T}]^{-1}$, $\Delta_i$ the energy gap. [TT24]

    Spins of +1 and -1; time is counted in sweeps of N visits. T = 0 is `Binary`.

    **Arguments:**

    - `temperature`: T > 0, in units of the energy $-\Phi$.
    - `order`: "sequential" visits the spins in the order of their numbers,
      "permutation" in an order drawn anew for each sweep, "random" draws N spins with
      replacement.
    - `annealed_from`: a higher temperature, from which T falls linearly in the first
      `cooling` sweeps.
    - `hottest`, `replicas`: parallel tempering. So many replicas of each start, at
      temperatures in geometric progression from T to `hottest`; neighbours are
      exchanged after every sweep with probability $\min(1, e^{(1/T - 1/T')(E - E')})$,
      and the replica at T is the one reported. [Hukushima & Nemoto 1996]
    """

    temperature: Temperature = eqx.field(converter=as_number)
    order: Visits = eqx.field(static=True, default="sequential")
    annealed_from: float | None = eqx.field(static=True, default=None)
    cooling: Count = eqx.field(static=True, default=1000)
    hottest: float | None = eqx.field(static=True, default=None)
    replicas: Count = eqx.field(static=True, default=1)

    rests_exactly: ClassVar[bool] = False  # it never rests
    counts: ClassVar[str] = "sweeps"
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"order": get_args(Visits)}

    def __check_init__(self):
        if np.ndim(self.temperature):
            raise ValueError(
                f"The temperature is one number, got shape {np.shape(self.temperature)}"
                "; run one Glauber for each."
            )
        if np.any(np.asarray(self.temperature) == 0):
            raise ValueError(
                "A heat bath needs a temperature > 0, got 0; the dynamics of T = 0 is "
                "Binary."
            )
        require_positive("The temperature", self.temperature)
        require_choice("order", self.order, self.CHOICES["order"])
        for name in ("annealed_from", "hottest"):
            value = getattr(self, name)
            if value is not None and not self.coldest < value < np.inf:
                raise ValueError(
                    f"{name} must be a higher temperature than {self.coldest:g}, got "
                    f"{value}."
                )
        if self.annealed_from is not None and self.hottest is not None:
            raise ValueError("Give annealed_from or hottest, not both.")
        if (self.hottest is None) != (self.replicas == 1):
            raise ValueError(
                "Parallel tempering needs hottest and two replicas or more, got "
                f"hottest = {self.hottest} and replicas = {self.replicas}."
            )
        for name in ("cooling", "replicas"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"{name} must be a whole number >= 1, got {value}.")

    @property
    def coldest(self) -> float:
        """T, as a number of the host."""
        return float(np.asarray(self.temperature))

    @property
    def ladder(self) -> Float[np.ndarray, " replica"]:
        """The temperatures of the replicas, T first."""
        if self.hottest is None:
            return np.array([self.coldest])
        return np.geomspace(self.coldest, self.hottest, self.replicas)

    @property
    def cools(self) -> int:
        """The number of sweeps during which it cools; 0 without annealing."""
        return 0 if self.annealed_from is None else self.cooling

    def cooled(self, sweep: int) -> float:
        """The factor on all temperatures during a sweep: 1 once cooling is over."""
        if self.annealed_from is None or sweep >= self.cools:
            return 1.0
        left = 1 - sweep / self.cools
        return 1 + left * (self.annealed_from / self.coldest - 1)

    @property
    def heat_bath(self) -> HeatBath:
        return HeatBath(self.order, self.ladder, self.cools, self.cooled)

    @property
    def rest_decay(self) -> float:
        raise ValueError(
            "A heat bath has no fixed points; use Binary, its motion at T = 0."
        )

    def validate(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        request: Request,
    ) -> None:
        super().validate(network, probes, request)
        sweeps = int(request.duration)
        check_sampling(network.features, self, probes, sweeps, 0, request.clamped)
        chunk = request.execution.chunk
        require(chunk is None, "chunk", "left out for a heat bath", chunk)

    def promise(self, network: Network, method: Method, clamped: bool) -> Promise:
        """A heat bath lowers the free energy, and may raise the energy."""
        return Promise("none", "a heat bath raises the energy as often as T allows")

    def evolve(
        self,
        network: Network,
        starts: np.ndarray,
        sweeps: int,
        request: Request,
        watch: Callable[[int, np.ndarray], None],
    ) -> SpinRun:
        """By `sample`; a heat bath never rests."""
        where, count = request.execution, len(starts)
        found = sample(
            network, self, starts, sweeps=sweeps, clamped=request.clamped,
            key=request.key, devices=where.devices, progress=where.progress,
            watch=watch,
        )  # fmt: skip
        return SpinRun(
            found.final,
            found.flips,
            np.full(count, float(request.duration)),
            np.full(count, int(Ending.DURATION)),
            np.full(count, np.nan),
        )
