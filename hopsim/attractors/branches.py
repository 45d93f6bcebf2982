"""The results of a continuation: branches of fixed points, and their events."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .._common.display import curves, low_to_high, many, Shown, some
from ..network import Network
from ..records import AbstractResult, PURE, Variables


NetworkOf = Callable[[Any], Network]
Kind = Literal["fold", "pitchfork", "transcritical", "multiple", "unresolved"]


class Event(NamedTuple):
    """A point of a branch at which modes pass s = 1."""

    parameter: float
    v: Float[np.ndarray, " feature"]
    kind: Kind
    multiplicity: int  # modes that pass together
    direction: Float[np.ndarray, " feature"]  # the mode, of length 1
    side: int  # other branches lie at higher (+1) or lower (-1) parameters; 0: at both


@dataclasses.dataclass(frozen=True, repr=False)
class Branch(AbstractResult):
    """A curve of fixed points, point by point."""

    parameter: Float[np.ndarray, " point"]
    v: Float[np.ndarray, "point feature"]
    s_max: Float[np.ndarray, " point"]  # in units of sqrt(alpha); stable below 1
    index: Int[np.ndarray, " point"]  # unstable modes
    energy: Float[np.ndarray, " point"]
    residual: Float[np.ndarray, " point"]
    events: tuple[Event, ...]
    ending: Literal["low", "high", "closed", "points", "lost"]
    note: str = ""

    @property
    def stable(self) -> np.ndarray:
        """True where the fixed points are attractors."""
        return self.index == 0

    def near(self, parameter: float) -> np.ndarray:
        """The attractor of the branch at the nearest parameter, for `solve_at`.

        Raises ValueError if no point is an attractor.
        """
        if not np.any(self.stable):
            raise ValueError("No point of this branch is an attractor.")
        away = np.where(self.stable, np.abs(self.parameter - parameter), np.inf)
        return self.v[np.argmin(away)]

    def variables(self) -> Variables:
        """Its points along `place`, and its events along `event`."""
        one, events = "place", self.events
        told = PURE | {"long_name": "stable below 1, in units of sqrt(decay)"}
        size = (len(events), self.v.shape[1])
        of = lambda name: np.array([getattr(e, name) for e in events])
        return {
            "parameter": (one, self.parameter),
            "v": ((one, "feature"), self.v, PURE),
            "s_max": (one, self.s_max, told),
            "index": (one, self.index, PURE | {"long_name": "unstable modes"}),
            "stable": (one, self.stable, PURE),
            "energy": (one, self.energy, PURE),
            "residual": (one, self.residual, PURE),
            "event_parameter": ("event", of("parameter").astype(float)),
            "event_v": (("event", "feature"), of("v").reshape(size), PURE),
            "event_kind": ("event", of("kind").astype(str)),
            "event_multiplicity": ("event", of("multiplicity").astype(int), PURE),
            "event_direction": (("event", "feature"), of("direction").reshape(size)),
            "event_side": ("event", of("side").astype(int), PURE),
            "ended": ((), self.ending),
            "note": ((), self.note),
        }

    def _shown(self) -> Shown:
        size, rests = len(self.parameter), int(np.sum(self.stable))
        return Shown(
            f"Branch of {many(size, 'fixed point')} of "
            f"{many(self.v.shape[1], 'feature')}",
            [
                ("parameter", f"{low_to_high(self.parameter)}; ended: {self.ending}"),
                ("events", some(self._events()) or "none"),
                ("stable", f"{rests} of {size}; s_max {low_to_high(self.s_max)}"),
                ("energy", low_to_high(self.energy)),
                ("residual", f"at most {np.max(self.residual, initial=0.0):.1e}"),
                ("note", self.note),
            ],
        )

    def _picture(self) -> str:
        told = "s_max along the branch, over the parameter"
        return curves(self.parameter, self.s_max, told)

    def _events(self) -> list[str]:
        return [f"{e.kind} at {e.parameter:.6g}" for e in self.events]

    def __str__(self) -> str:
        low, high = np.min(self.parameter), np.max(self.parameter)
        events = self._events()
        return (
            f"{len(self.parameter)} fixed points at {low:.6g} .. {high:.6g}, ended: "
            f"{self.ending}; " + (", ".join(events) or self.note or "no event")
        )
