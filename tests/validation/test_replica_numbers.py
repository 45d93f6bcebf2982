"""What a scenario may ask of the numbers of the replica theory."""

import mutations
import pytest

import hopsim


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
