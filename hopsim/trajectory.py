"""The result of a simulation: states, energies, and how each run ended."""

import dataclasses
import enum
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ._common.display import curves, low_to_high, many, middle_and_most, Shown, tally
from .records import AbstractResult, Dataset, dataset, flags, PURE, TIME, Variables


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
    EVENT = 8, "The event that was asked for has occurred."

    sentence: str  # the ending in words

    def __new__(cls, code: int, sentence: str = "") -> "Ending":
        member = int.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    @property
    def as_asked(self) -> bool:
        """True if the run ended as requested: at rest, at its event, or in time."""
        return self in (Ending.STEADY, Ending.DURATION, Ending.EVENT)


def endings_in_words(codes: Int[np.ndarray, " probe"]) -> str:
    """How many runs ended in each way; last those that did not end as asked."""
    ends = [
        (Ending(int(code)), int(count))
        for code, count in zip(*np.unique(codes, return_counts=True), strict=True)
    ]
    told = lambda asked: tally(
        {e.name.lower().replace("_", " "): n for e, n in ends if e.as_asked == asked}
    )
    rest = f"NOT AS ASKED: {told(False)}" if told(False) else ""
    return "; ".join(filter(None, (told(True), rest))) or "none"


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


class Resumption(NamedTuple):
    """What a run keeps of its last steps, to go on as if it had not ended."""

    lanes: Any  # of each probe: its next step, the states of solver and controller
    of: tuple  # whose they are: of another network, say, they say nothing
    end: float  # of the run; the step of a probe that went so far was cut short


@dataclasses.dataclass(frozen=True, repr=False)
class Trajectory(AbstractResult):
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
    # with `resumable`, what `simulate(start=...)` goes on with, step for step
    resumption: "Resumption | None" = dataclasses.field(
        default=None, repr=False, compare=False
    )
    # some probes once more, at tolerances so much finer; None for spins
    repeat: "Callable[[Int[np.ndarray, ' some'], float], Trajectory] | None" = (
        dataclasses.field(default=None, compare=False)
    )

    @property
    def converged(self) -> Bool[np.ndarray, " probe"]:
        """True where the probe reached a steady state."""
        return self.ending == Ending.STEADY

    def sentences(self) -> list[str]:
        """How each probe ended, in words."""
        return [Ending(code).sentence for code in self.ending]

    @property
    def falls(self) -> Bool[np.ndarray, " probe"]:
        """True where no step raised the energy beyond its limit, and all is finite."""
        return (self.worst_excess <= 0) & self._finite

    @property
    def rises(self) -> Bool[np.ndarray, " probe"]:
        """True where a step raised it beyond its limit, and all is finite."""
        return (self.worst_excess > 0) & self._finite

    @property
    def balanced(self) -> Bool[np.ndarray, " probe"]:
        """True where the ledger is within its tolerance, or does not apply."""
        if self.ledger_kind == "not applicable":
            return np.ones(self.ending.shape, bool)
        return self.ledger_residual <= self.ledger_tolerance

    @property
    def certified(self) -> Bool[np.ndarray, " probe"]:
        """True where the audit *holds*, see `Certificate`; False without an audit."""
        return self.falls & self.balanced

    @property
    def _finite(self) -> Bool[np.ndarray, " probe"]:
        return np.isfinite(self.energy[:, -1]) & np.isfinite(self.rise_limit)

    @property
    def swept(self) -> bool:
        """True for spins: time is counted in sweeps, and a step is a flip."""
        return self.solver.endswith(" sweeps")

    @property
    def _time(self) -> dict[str, str]:
        return TIME | {"units": "sweeps"} if self.swept else TIME

    # --- what is kept, and what is shown ----------------------------------------------

    def variables(self) -> Variables:
        """Its variables with dimensions and units, as a record of `recall` has them."""
        one, path = ("probe",), ("probe", "sample")
        time = self._time
        per_probe = {
            "end_time": time,
            **dict.fromkeys(("steps", "rejected", "residual", "worst_rise"), PURE),
            "worst_time": time,
            **dict.fromkeys(("rise_limit", "worst_excess"), PURE),
            **dict.fromkeys(("ledger_residual", "ledger_tolerance", "converged"), PURE),
            **({"certified": PURE} if self.audited else {}),
            "ending": PURE | flags([e.name.lower() for e in Ending]),
        }
        energies = ("energy", "effective_energy", "gap", "dissipation")
        states = {"v": "feature", "g": "feature", "h": "memory"}
        return {
            "time": ("sample", self.times, time),
            "final": (("probe", "feature"), self.final, PURE),
            "final_memory": (("probe", "memory"), self.final_memory, PURE),
            "promised": ((), self.promise.given, PURE),
            "promise": ((), str(self.promise)),
            "solver": ((), self.solver),
            "notice": ((), self.notice or ""),
            "seconds": ((), self.seconds, {"units": "s"}),
            **{name: (path, getattr(self, name), PURE) for name in energies},
            **{name: (one, getattr(self, name), a) for name, a in per_probe.items()},
            **{
                name: (("probe", "sample", axis), getattr(self, name), PURE)
                for name, axis in states.items()
                if getattr(self, name) is not None
            },
        }

    def groups(self) -> dict[str, Dataset]:
        """Energies and rises at every accepted step of the first probes, if logged."""
        log = self.step_log
        if log is None:
            return {}
        rise = np.diff(log.energy, axis=1)
        lost = np.maximum(np.diff(log.dissipation, axis=1), 0)
        scale = np.maximum(log.scale[:, 1:], log.scale[:, :-1])
        limit = self.rise_gain * lost + self.rise_tolerance * scale
        axes = ("logged", "step")
        variables = {
            "step_time": (axes, log.time[:, 1:], self._time),
            "step_energy": (axes, log.energy[:, 1:], PURE),
            "step_rise": (axes, rise, PURE | {"long_name": "E(new) - E(old)"}),
            "step_limit": (axes, limit, PURE | {"long_name": "tolerated rise"}),
        }
        return {"step_log": dataset(variables)}

    def _shown(self) -> Shown:
        probes, features = self.final.shape
        saved = [name for name in ("v", "g", "h") if getattr(self, name) is not None]
        states = f"with {', '.join(saved)}" if saved else "without states"
        first, last = map(low_to_high, (self.energy[:, :1], self.energy[:, -1:]))
        solver = f"{self.solver}; "
        if self.swept:
            solver += f"flips: {middle_and_most(self.steps)}"
        else:
            solver += f"steps accepted: {middle_and_most(self.steps)}; "
            solver += f"rejected: {middle_and_most(self.rejected)}"
        return Shown(
            f"Trajectory of {many(probes, 'probe')}, {low_to_high(self.times)} "
            f"{self._time['units']}: {many(features, 'feature')}, "
            f"{many(self.final_memory.shape[1], 'memory', 'memories')}",
            [
                ("ended", endings_in_words(self.ending)),
                ("solver", f"{solver}; {self.seconds:.2g} s"),
                (
                    "energy",
                    f"{first} at the start, {last} at the end; "
                    f"{many(len(self.times), 'sample')} {states}",
                ),
                ("promise", str(self.promise)),
                ("audit", self._audit_in_words()),
                ("notice", self.notice or ""),
            ],
        )

    def _audit_in_words(self) -> str:
        if not self.audited:
            return "none was made"
        probes, fell, rose = len(self.ending), np.sum(self.falls), np.sum(self.rises)
        told = f"the energy fell in {fell} of {probes}"
        told += f", ROSE in {rose}" if rose else ""
        lost = probes - fell - rose
        told += f", was not finite in {lost}" if lost else ""
        if self.ledger_kind == "not applicable":
            return f"{told}; the ledger does not apply"
        kept = f"{np.sum(self.balanced)} of {probes}"
        return f"{told}; the ledger ({self.ledger_kind}) holds in {kept}"

    def _picture(self) -> str:
        many_of = f"energy of {many(len(self.energy), 'probe')}"
        return curves(self.times, self.energy, f"{many_of} over time")
