"""What a scenario may ask of the numbers of the replica theory."""

import mutations
import numpy as np
import pytest

import hopsim
from hopsim.validation.students.replica_numbers import _measured


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"c_e": [[3]]}, "numbers knows c_d, c_c"),
        ({"q": []}, r"q needs a row of n, c"),
        ({"q": [[10**9, 1.2]]}, "at most 1000, got 1000000000"),
        ({"q": [[3]]}, r"a row of q is \[n, c\] and perhaps the printed number"),
        ({"c_d": [[3.5]]}, "n must be an integer, got 3.5 for c_d"),
        ({"c_d": [[2]]}, "integers n >= 3"),
    ],
)
def test_numbers_say_what_they_are_of(numbers, message):
    path = mutations.CLAIMS / "ts-04.toml"
    load = lambda: hopsim.load_scenario(path, True, {"experiment.numbers": numbers})
    with pytest.raises(ValueError, match=message):
        hopsim.run(load())


def test_where_there_is_no_barrier_both_routes_say_so():
    """Below c_d = 1.0763 of n = 3."""
    found = _measured("q_b", [[3, 1.0], [3, 1.2]])
    assert np.isnan(found["q_b"][1][0])
    assert np.all(found["q_b_again"][1] < 1e-12)


@pytest.mark.parametrize("name", ["f", "s"])
def test_the_second_route_knows_the_paramagnet(name):
    """Of few examples nothing is learnt: nothing turns, and nothing is divided by."""
    found = _measured(name, [[3, 0.001, 0.001, 5.0]])
    assert found[f"{name}_again"][1][0] < 1e-12
