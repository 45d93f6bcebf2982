"""Clusters of points by exact comparison, at a cost nearly linear in their number."""

import numpy as np
from jaxtyping import Float, Int

from .._common.types import AnyArray


_SEED = 20210118  # of the direction along which points are sorted


def clusters(
    points: Float[AnyArray, "point dimension"],
    tolerance: float | Float[np.ndarray, " point"],
    others: Float[AnyArray, "point other"] | None = None,
    other_tolerance: float = 0.0,
) -> Int[np.ndarray, " point"]:
    """The leader of every point: itself, or one within its tolerance.

    Distances are Euclidean and compared exactly, in `points` and in `others`: a point
    never follows a leader farther away than its own tolerance. Points are sorted by
    their projection on a random direction, so that each is compared with few leaders.
    """
    # not scipy's linkage: all pairs of 50,000 ends are 10 GB, and it has one tolerance
    points = np.asarray(points, np.float64)
    near_enough = np.broadcast_to(tolerance, len(points))
    place = points @ _direction(points.shape[1])
    # what rounding may add to a distance along the direction
    rounding = 1e-13 * float(np.max(np.abs(place), initial=0.0))
    width = float(np.max(near_enough, initial=0.0)) + rounding
    owner = np.arange(len(points))
    leaders = np.empty(len(points), int)
    first = last = 0
    for i in np.argsort(place, kind="stable"):
        while first < last and place[leaders[first]] < place[i] - width:
            first += 1
        near = leaders[first:last]
        away = np.linalg.norm(points[near] - points[i], axis=1)
        fits = away <= near_enough[i]
        if others is not None:
            beside = np.linalg.norm(others[near] - others[i], axis=1)
            fits &= beside <= other_tolerance
        if np.any(fits):
            owner[i] = near[fits][np.argmin(away[fits])]
        else:
            leaders[last] = i
            last += 1
    return owner


def _direction(dimension: int) -> np.ndarray:
    u = np.random.default_rng(_SEED).standard_normal(dimension)
    return u / np.linalg.norm(u)
