"""The result of a simulation: states, energies, and how each run ended."""

import dataclasses
import enum
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int


UNUSED = -1.0  # fills the unused rows of a log within programs: S_E is never negative
EPSILONS = 64  # rounding of an energy, in units of eps * S_E [THEORY CL-11]


class Ending(enum.IntEnum):
    """How the run of one probe ended; stored with its last state."""

    STEADY = 0, "The tau-free residual fell below its tolerance."
    DURATION = 1, "The duration ran out, as requested."
    UNSETTLED = 2, "The duration ran out before the state was steady."
    MAX_STEPS = 3, "The steps ran out; the last state is kept."
    NONFINITE = 4, "The state or its energy became NaN or infinite."
    STEP_UNDERFLOW = (
        5,
        "The step size fell to its minimum: the state blows up, or the field is too "
        "rough for this solver.",
    )
    SOLVER_FAILED = 6, "The implicit solver's root finder did not converge."
    CYCLE = (
        7,
        "Two states alternate for ever: a 2-cycle of synchronous updates.",
    )

    sentence: str  # the ending in words

    def __new__(cls, code: int, sentence: str = "") -> "Ending":
        member = int.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    @property
    def as_asked(self) -> bool:
        """True if the run ended as requested: at rest, or after its duration."""
        return self in (Ending.STEADY, Ending.DURATION)


class Promise(NamedTuple):
    """Which energy theory promises will fall, and why (or why none).

    Of kind "met" it is no theorem about the network: Lagrangians that do not say
    whether they are convex were found to be so at all states that the run met.
    """

    kind: str  # "full", "adiabatic", "binary", "met" or "none"
    reason: str
    layers: tuple[str, ...] = ()  # of "met": "feature", "memory", as they were measured

    @property
    def given(self) -> bool:
        """True if some energy is promised to fall, if only on the states met."""
        return self.kind != "none"

    @property
    def proved(self) -> bool:
        """True if it is promised for every state of the network."""
        return self.given and self.kind != "met"

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


class StepLog(NamedTuple):
    """Energies at every accepted step of the first probes; NaN after the last step."""

    time: Float[np.ndarray, "logged step"]  # in units of tau_feature
    energy: Float[np.ndarray, "logged step"]
    dissipation: Float[np.ndarray, "logged step"]  # accumulated since the start
    scale: Float[np.ndarray, "logged step"]  # S_E, the sum of |terms|


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """States, energies and endings of a batch of probes; arrays on the host.

    Times are in units of `tau_feature`. After a probe has ended its samples repeat its
    final state. `energy` is that of the dynamics: E(v, h) for two layers, E(v) for the
    adiabatic flow, -Phi(s) for spins.
    """

    times: Float[np.ndarray, " sample"]
    energy: Float[np.ndarray, "probe sample"]
    effective_energy: Float[np.ndarray, "probe sample"]
    gap: Float[np.ndarray, "probe sample"]  # E(v, h) - E(v), see Network.adiabatic_gap
    dissipation: Float[np.ndarray, "probe sample"]  # accumulated since the start
    final: Float[np.ndarray, "probe feature"]
    final_memory: Float[np.ndarray, "probe memory"]
    end_time: Float[np.ndarray, " probe"]
    steps: Int[np.ndarray, " probe"]  # accepted
    rejected: Int[np.ndarray, " probe"]
    residual: Float[np.ndarray, " probe"]  # tau-free, at the end
    worst_rise: Float[np.ndarray, " probe"]  # of the energy, over accepted steps
    worst_time: Float[np.ndarray, " probe"]  # when; NaN if the energy never rose
    rise_limit: Float[np.ndarray, " probe"]  # the tolerance at that step
    worst_excess: Float[np.ndarray, " probe"]  # largest rise - limit; <= 0 is clean
    ledger_residual: Float[np.ndarray, " probe"]  # relative; see certify
    ledger_tolerance: Float[np.ndarray, " probe"]
    ending: Int[np.ndarray, " probe"]  # see Ending
    promise: Promise
    solver: str
    ledger_kind: str  # "balance", "inequality" or "not applicable"
    rise_tolerance: float  # relative to S_E
    rise_gain: float  # relative to the dissipation within the step
    audited: bool = True  # False: rises, limits and the ledger are NaN
    notice: str | None = None
    v: Float[np.ndarray, "probe sample feature"] | None = None
    g: Float[np.ndarray, "probe sample feature"] | None = None
    h: Float[np.ndarray, "probe sample memory"] | None = None
    # of (L_v, L_h) where their convexity is not declared; infinite where not measured
    least_curvature: Float[np.ndarray, "probe 2"] | None = None
    # True if the balance was missed in a step as short as the clock can tell
    undivided: Bool[np.ndarray, " probe"] | None = None
    step_log: StepLog | None = None
    seconds: float = 0.0  # spent integrating, compiling included
    # some probes once more, at tolerances so much finer; None for spins
    repeat: "Callable[[Int[np.ndarray, ' some'], float], Trajectory] | None" = (
        dataclasses.field(default=None, repr=False, compare=False)
    )

    @property
    def converged(self) -> Bool[np.ndarray, " probe"]:
        """True where the probe reached a steady state."""
        return self.ending == Ending.STEADY

    def sentences(self) -> list[str]:
        """How each probe ended, in words."""
        return [Ending(code).sentence for code in self.ending]
