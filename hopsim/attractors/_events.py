"""Events between two neighbouring points of a curve: folds and branchings."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ._curve import Curve, CurvePoint
from .branches import Event, Kind


EVENT_GAIN_TOL = 1e-4  # of |1 - s^2| at an event; a jump between branches exceeds it
EVENT_MODE_RTOL = 1e-5  # of |s^2 - 1| for modes that pass an event together
BRANCH_OFFSET = 1e-2  # from a point, where the other branch through it is searched


def events_between(curve: Curve, old: CurvePoint, new: CurvePoint) -> list[Event]:
    """The events between two neighbouring points, in order."""
    turned = bool(old.tangent[-1] * new.tangent[-1] < 0)
    tests: list[Callable[[CurvePoint], float]] = [
        lambda point, number=number: 1 - point.gains[number]
        for number in range(*sorted((old.unstable, new.unstable)))
    ]
    if turned and not tests:  # the tip of a pitchfork: stable arms on both sides
        tests, turned = [lambda point: point.tangent[-1]], False
    reach = float(old.tangent @ (new.y - old.y))
    at = lambda length: oriented_along(old, curve.ahead(old, length))
    found: list[Event] = []
    for test in tests:
        ends = (0.0, test(old)), (reach, test(new))
        place = _root(lambda length, test=test: test(at(length)), *ends)
        here = at(place)
        event = _named(curve, here, turned)
        # a jump between two branches that nearly meet is not an event
        beside = place - reach / 100, place + reach / 100
        across = np.linalg.norm(at(beside[1]).y - at(beside[0]).y)
        whole = here.converged and abs(test(here)) <= EVENT_GAIN_TOL
        if not (whole and across <= 1.5 * (beside[1] - beside[0])):
            event = event._replace(kind="unresolved", side=0)
        # modes that pass together are one event
        apart = [abs(event.parameter - e.parameter) for e in found]
        if min(apart, default=np.inf) > 1e-7 * curve.span:
            found.append(event)
    return found


def oriented_along(old: CurvePoint, new: CurvePoint) -> CurvePoint:
    """The new point, with the sign of its tangent along the old tangent."""
    back = new.tangent @ old.tangent < 0
    return new._replace(tangent=-new.tangent) if back else new


def _root(function: Callable, low: tuple, high: tuple) -> float:
    """The root between two ends of opposite sign, each a place and its value."""
    from scipy.optimize import brentq

    known = dict((low, high))

    def value(place: float) -> float:
        found = known[place] if place in known else function(place)
        return 0.0 if abs(found) < 1e-12 else found

    finest = 1e-13 * max(abs(high[0] - low[0]), 1e-3)
    found: Any = brentq(value, low[0], high[0], xtol=finest, maxiter=60, disp=False)
    return float(found)


def _named(curve: Curve, here: CurvePoint, turned: bool) -> Event:
    together = int(np.sum(np.abs(here.gains - 1) < EVENT_MODE_RTOL))
    mode = curve.mode(here)
    kind, side = _kind(curve, here, mode, together, turned)
    parameter = curve.parameter(here.y)
    return Event(parameter, curve.state(here.y), kind, max(1, together), mode, side)


def _kind(
    curve: Curve, here: CurvePoint, mode: np.ndarray, together: int, turned: bool
) -> tuple[Kind, int]:
    if together > 1:
        return "multiple", 0
    if turned:
        return "fold", 0
    way, shifts = np.append(mode, 0.0), []
    for side in (1, -1):
        guess = here.y + side * BRANCH_OFFSET * way
        other = curve.corrected(guess, way, guess)
        if not other.converged:
            return "unresolved", 0
        shifts.append(other.y[-1] - here.y[-1])
    odd, even = abs(shifts[0] - shifts[1]) / 2, (shifts[0] + shifts[1]) / 2
    # the shift is of first order in the offset if transcritical, of second if not
    return (
        ("transcritical", 0) if odd > abs(even) else ("pitchfork", int(np.sign(even)))
    )
