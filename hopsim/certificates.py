"""Certificates: did the energy fall as theory promises, at every accepted step?"""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Int

from ._common.display import AbstractShown, many, Shown
from ._common.entries import public_entry
from .network import Network, require_network
from .records import Dataset
from .trajectory import Promise, Trajectory


WORDS = ("holds", "not resolved", "broken")
FINER = (0.1, 0.01)  # the tolerances, relative, at which a miss of the balance is tried
SHRUNK = 0.5  # a miss has shrunk if it is less than this of what it was


@dataclasses.dataclass(frozen=True, repr=False)
class Certificate(AbstractShown):
    """The verdict of the audit of a run, probe by probe.

    Of each probe one of three things is true, whether or not descent was promised:

    - it *holds*: no accepted step raised the energy by more than its tolerance, and the
      ledger balanced where it applies;
    - it is *broken*: the energy rose by more, or the ledger misses an inequality, or a
      balance by as much at finer tolerances;
    - it is *not resolved*: the energy fell, and the ledger misses its balance for lack
      of resolution, or in steps as short as the clock of float64 can tell, or this was
      not tested (`certify(..., resolve=True)` does); or the energy is not finite.

    `promised` is what theory promises for this network and motion. A promise of kind
    "met" holds for the states of this run alone, at which Lagrangians that do not say
    whether they are convex were found to be so; the text then says "fell", and not
    "certified to fall".
    """

    promise: Promise
    falls: Bool[np.ndarray, " probe"]  # no step rose beyond its limit, all finite
    holds: Bool[np.ndarray, " probe"]
    broken: Bool[np.ndarray, " probe"]
    worst_rise: Float[np.ndarray, " probe"]
    worst_time: Float[np.ndarray, " probe"]
    tolerance: Float[np.ndarray, " probe"]  # the largest allowed rise at that step
    ledger_residual: Float[np.ndarray, " probe"]  # NaN where not applicable
    ledger_tolerance: Float[np.ndarray, " probe"]

    @property
    def promised(self) -> np.bool_:
        """True if theory promises that an energy falls."""
        return np.bool_(self.promise.given)

    @property
    def codes(self) -> Int[np.ndarray, " probe"]:
        """0, 1 or 2 for each probe: it holds, is not resolved, or is broken."""
        return np.where(self.broken, 2, np.where(self.holds, 0, 1))

    @property
    def words(self) -> list[str]:
        """The same in words."""
        return [WORDS[code] for code in self.codes]

    def __str__(self) -> str:
        measured = f"worst rise {self._rise()}; ledger {self._ledger()}"
        if self.promised:
            return f"{self._verdict()}; {measured}; {self.promise.reason}"
        over = int(np.sum(~self.falls))
        fell = f"it rose or was not finite in {over}" if over else "it fell nonetheless"
        return f"not promised ({self.promise.reason}): {fell}; {measured}"

    def _shown(self) -> Shown:
        counts = zip(WORDS, np.bincount(self.codes, minlength=3), strict=True)
        return Shown(
            f"Certificate of {many(self.holds.size, 'probe')}: "
            + (self._verdict() if self.promised else "NOT PROMISED to fall"),
            [
                ("promise", str(self.promise)),
                ("verdicts", ", ".join(f"{word} in {n}" for word, n in counts if n)),
                ("worst rise", self._rise()),
                ("ledger", self._ledger()),
            ],
        )

    def _rise(self) -> str:
        if not self.holds.size:
            return "none"
        i = int(np.argmax(np.nan_to_num(self.worst_rise - self.tolerance, nan=np.inf)))
        return f"{self.worst_rise[i]:.1e} (limit {self.tolerance[i]:.1e})"

    def _ledger(self) -> str:
        if np.all(np.isnan(self.ledger_residual)):
            return "not applicable"
        share = self.ledger_residual / self.ledger_tolerance
        k = int(np.argmax(np.nan_to_num(share, nan=-1)))
        worst, limit = self.ledger_residual[k], self.ledger_tolerance[k]
        return f"{worst:.1e} (limit {limit:.1e})"

    def _verdict(self) -> str:
        total = self.holds.size
        kept, broken = int(np.sum(self.holds)), int(np.sum(self.broken))
        proved = self.promise.proved
        if kept == total:
            word = "certified to fall" if proved else "fell"
            return f"energy {word}: {total}/{total} probes"
        rest = total - kept - broken
        held = f"{kept} certified" if proved else f"it fell in {kept}"
        if not broken:
            return f"NOT RESOLVED in {rest}/{total} probes, {held}"
        unresolved = f", {rest} not resolved" if rest else ""
        return f"BROKEN in {broken}/{total} probes, {held}{unresolved}"


def is_proved(data: Dataset) -> bool:
    """True if descent is promised in a record, and not for the states met alone."""
    kinds = np.ravel(data["promise"].values) if "promise" in data else []
    met = any(str(text).startswith("met:") for text in kinds)
    return bool(np.all(data["promised"].values)) and not met


@public_entry
def certify(
    network: Network, trajectory: Trajectory, resolve: bool = False
) -> Certificate:
    """The certificate of a run, from the audit that its trajectory contains.

    With `resolve`, probes whose energy falls while their ledger misses its balance are
    run again in float64, at a tenth and then a hundredth of the tolerances: a miss that
    shrinks is a lack of resolution; one that does not is broken, unless it arose in a
    step that the clock cannot divide.

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
    falls, broken = trajectory.falls, trajectory.rises
    missed = np.flatnonzero(falls & ~trajectory.balanced)
    if trajectory.ledger_kind == "inequality":  # of each step, at any step size
        broken[missed] = True
    elif resolve and missed.size:
        broken[missed] = ~_lacks_resolution(trajectory, missed)
    return Certificate(
        promise=trajectory.promise,
        falls=falls,
        holds=trajectory.certified,
        broken=broken,
        worst_rise=trajectory.worst_rise,
        worst_time=trajectory.worst_time,
        tolerance=trajectory.rise_limit,
        ledger_residual=ledger,
        ledger_tolerance=trajectory.ledger_tolerance,
    )


def _lacks_resolution(
    trajectory: Trajectory, rows: Int[np.ndarray, " missed"]
) -> Bool[np.ndarray, " missed"]:
    """Where the miss of the balance is less than half of it at finer tolerances.

    Or where no tolerance can tell, since the clock of float64 cannot.
    """
    lacks = np.zeros(rows.size, bool)
    if trajectory.repeat is None:
        raise ValueError(
            "A trajectory that was not made by simulate cannot be repeated at finer "
            "tolerances; leave resolve out."
        )
    for finer in FINER:
        left = np.flatnonzero(~lacks)
        if left.size:
            again = trajectory.repeat(rows[left], finer)
            before = trajectory.ledger_residual[rows[left]]
            lacks[left] = again.ledger_residual < SHRUNK * before
            if finer == FINER[-1] and again.undivided is not None:
                lacks[left] |= again.undivided
    return lacks
