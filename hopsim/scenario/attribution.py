"""Attribution: which swept values, or which variants, a mistake comes from."""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from .sweeps import Dimension, Steps


Mistake = TypeVar("Mistake", bound=Hashable)
Cause = tuple[tuple[int, int], ...]  # dimensions and steps that bring it about together


class Blamed(NamedTuple):
    """A mistake and its causes; one that is everywhere has none."""

    mistake: Hashable
    causes: list[Cause]


def attributed(found: Mapping[Steps, Sequence[Mistake]]) -> list[Blamed]:
    """Each mistake once, with the values that bring it about.

    `found` has the mistakes of every point that was tried, among them those at which
    one value alone is not the first of its dimension. A mistake of the first point
    comes from the first values of those dimensions that can make it go away.
    """
    first = (0,) * len(next(iter(found)))
    alone: dict[tuple[int, int], Sequence[Mistake]] = {}
    for steps, mistakes in found.items():
        moved = [(d, step) for d, step in enumerate(steps) if step]
        if len(moved) == 1:
            alone[moved[0]] = mistakes
    told: dict[Mistake, list[Cause]] = {}
    curable: dict[Mistake, set[int]] = {}
    for mistake in found[first]:
        cures = {d for (d, _), mistakes in alone.items() if mistake not in mistakes}
        curable[mistake] = cures
        told[mistake] = [tuple((d, 0) for d in sorted(cures))] if cures else []
    for (d, step), mistakes in alone.items():
        for mistake in mistakes:
            cures = curable.get(mistake)
            if cures is None:
                told.setdefault(mistake, []).append(((d, step),))
            elif d in cures:
                others = [(other, 0) for other in cures - {d}]
                told[mistake].append(tuple(sorted([*others, (d, step)])))
    for steps, mistakes in found.items():
        place = set(enumerate(steps))
        for mistake in mistakes:
            causes = told.setdefault(mistake, [])
            everywhere = mistake in curable and not curable[mistake]
            if not everywhere and not any(set(cause) <= place for cause in causes):
                causes.append(tuple(enumerate(steps)))
    return [Blamed(*item) for item in told.items()]


def places(cause: Cause, dimensions: Sequence[Dimension]) -> str:
    """Where the values of a cause stand in the file."""
    several = [x for x in cause if len(dimensions[x[0]].changes) > 1] or cause
    return " with ".join(dimensions[d].changes[step].where for d, step in several)
