"""Lists of numbers in a scenario: what is refused, and in which words."""

import math
from typing import Any

import pytest
from pydantic import TypeAdapter

from hopsim.experiments._numbers import Positive, Rising


RISING: Any = TypeAdapter(Rising[float])
COUNTS: Any = TypeAdapter(Rising[int])
POSITIVE: Any = TypeAdapter(Positive[float])


@pytest.mark.parametrize("values", [[0.5], [0.5, 1.0, 30.0]])
def test_rising_numbers_are_taken_as_they_are(values):
    assert RISING.validate_python(values) == values
    assert POSITIVE.validate_python(values[::-1]) == values[::-1]
    assert COUNTS.validate_python([1, 2, 10**30]) == [1, 2, 10**30]


@pytest.mark.parametrize("values", [[0.0, 1.0], [-1.0], [1.0, math.inf], [math.nan]])
def test_numbers_are_positive_and_finite(values):
    with pytest.raises(ValueError, match="must be > 0 and rise, all finite, got"):
        RISING.validate_python(values)
    with pytest.raises(ValueError, match="must be > 0, all finite, got"):
        POSITIVE.validate_python(values)


@pytest.mark.parametrize("values", [[2.0, 1.0], [1.0, 1.0], [1.0, math.nan, 2.0]])
def test_numbers_rise(values):
    with pytest.raises(ValueError, match="must be > 0 and rise"):
        RISING.validate_python(values)


@pytest.mark.parametrize("adapter", [RISING, COUNTS, POSITIVE])
def test_a_list_has_an_entry(adapter):
    with pytest.raises(ValueError, match="at least 1 item"):
        adapter.validate_python([])


def test_an_error_of_the_bound_needs_two_values_of_beta():
    from hopsim.experiments.capacity import RetrievalError

    assert RetrievalError(betas=[1.0, 2.0]).betas == [1.0, 2.0]
    with pytest.raises(ValueError, match="at least 2 items"):
        RetrievalError(betas=[1.0])
