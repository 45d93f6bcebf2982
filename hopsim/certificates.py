"""Certificates: did the energy fall as theory promises, at every accepted step?"""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float

from .network import Network, require_network
from .trajectory import Promise, Trajectory


@dataclasses.dataclass(frozen=True)
class Certificate:
    """The verdict of the audit of a run, probe by probe.

    `holds` is what was measured: no accepted step raised the energy by more than its
    tolerance, and the ledger balanced where it applies. `promised` says whether theory
    predicts this for the network and its motion; `holds` does not depend on it.
    """

    promise: Promise
    falls: Bool[np.ndarray, " probe"]  # no step rose beyond its limit, all finite
    holds: Bool[np.ndarray, " probe"]
    worst_rise: Float[np.ndarray, " probe"]
    worst_time: Float[np.ndarray, " probe"]
    tolerance: Float[np.ndarray, " probe"]  # the largest allowed rise at that step
    ledger_residual: Float[np.ndarray, " probe"]  # NaN where not applicable
    ledger_tolerance: Float[np.ndarray, " probe"]

    @property
    def promised(self) -> np.bool_:
        """True if theory promises that an energy falls."""
        return np.bool_(self.promise.given)

    def __str__(self) -> str:
        i = int(np.argmax(np.nan_to_num(self.worst_rise - self.tolerance, nan=np.inf)))
        count = f"{int(np.sum(self.holds))}/{self.holds.size} probes"
        rise = f"worst rise {self.worst_rise[i]:.1e} (limit {self.tolerance[i]:.1e})"
        if np.all(np.isnan(self.ledger_residual)):
            ledger = "ledger not applicable"
        else:
            k = int(np.argmax(self.ledger_residual / self.ledger_tolerance))
            worst, limit = self.ledger_residual[k], self.ledger_tolerance[k]
            ledger = f"ledger {worst:.1e} (limit {limit:.1e})"
        if self.promised:
            head = "energy certified to fall" if np.all(self.holds) else "BROKEN"
            return f"{head}: {count}; {rise}; {ledger}; {self.promise.reason}"
        over = int(np.sum(~self.falls))
        fell = f"it rose or was not finite in {over}" if over else "it fell nonetheless"
        return f"not promised ({self.promise.reason}): {fell}; {rise}; {ledger}"


def certify(network: Network, trajectory: Trajectory) -> Certificate:
    """The certificate of a run, from the audit that its trajectory contains.

    Raises ValueError if the sizes of the trajectory are not those of the network, or if
    the run had no audit.
    """
    require_network(network)
    if not trajectory.audited:
        raise ValueError(
            "A run with audit = False has nothing to certify; simulate with audit=True."
        )
    shape = trajectory.final.shape[1], trajectory.final_memory.shape[1]
    if shape != (network.features, network.count):
        raise ValueError(
            "The trajectory belongs to a network with (features, memories) = "
            f"{shape}, got one with {(network.features, network.count)}."
        )
    applies = trajectory.ledger_kind != "not applicable"
    ledger = trajectory.ledger_residual if applies else np.nan * trajectory.worst_rise
    finite = np.isfinite(trajectory.energy[:, -1]) & np.isfinite(trajectory.rise_limit)
    falls = (trajectory.worst_excess <= 0) & finite  # NaN does not pass
    balanced = (ledger <= trajectory.ledger_tolerance) | (not applies)
    return Certificate(
        promise=trajectory.promise,
        falls=falls,
        holds=falls & balanced,
        worst_rise=trajectory.worst_rise,
        worst_time=trajectory.worst_time,
        tolerance=trajectory.rise_limit,
        ledger_residual=ledger,
        ledger_tolerance=trajectory.ledger_tolerance,
    )
