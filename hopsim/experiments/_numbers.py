"""Types of entries that are lists of numbers: all positive, or increasing."""

import itertools
import math
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field


T = TypeVar("T", int, float)


def _positive(values: list[T]) -> list[T]:
    if not all(0 < x < math.inf for x in values):
        raise ValueError(f"must be > 0, all finite, got {values}")
    return values


def _rising(values: list[T]) -> list[T]:
    apart = all(x < y for x, y in itertools.pairwise(values))
    if not (apart and all(0 < x < math.inf for x in values)):
        raise ValueError(f"must be > 0 and rise, all finite, got {values}")
    return values


Positive = Annotated[list[T], Field(min_length=1), AfterValidator(_positive)]
Rising = Annotated[list[T], Field(min_length=1), AfterValidator(_rising)]
