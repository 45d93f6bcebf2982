"""Studies of students and of their glass: what they refuse, and what they relate."""

import mutations
import numpy as np
import pytest

import hopsim
from hopsim.experiments.students._grids import least_on_a_grid
from hopsim.theory import teacher_student as ts


SCENARIOS = mutations.CLAIMS.parent


def study(path, **changes):
    changes = {k.replace("__", "."): v for k, v in changes.items()}
    return hopsim.load_scenario(path, True, changes)


def claim(name, **changes):
    return study(mutations.CLAIMS / f"{name}.toml", **changes)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            "ts-15",
            {"experiment__temperatures": [1.0, 1.5]},
            "aligned below T_eR = 1.48",
        ),
        ("ts-15", {"experiment__counts": [2, 1]}, "must be > 0 and rise"),
        ("ts-17", {"experiment__loads": [0.0, 1.0]}, "must be > 0 and rise"),
        ("ts-17", {"experiment__loads": [1e-4]}, "less than one example of 128"),
        ("ts-17", {"dynamics": {"kind": "binary"}}, 'kind "glauber", got'),
        ("ts-17", {"network__memories__count": 2}, "one memory of"),
        ("ts-21", {"experiment__factors": [0.9]}, "where the liquid is lost"),
    ],
)
def test_studies_of_students_say_what_they_are_of(name, changes, message):
    with pytest.raises(ValueError, match=message):
        hopsim.run(claim(name, **changes))


def test_students_of_one_set_do_not_depend_on_the_number_of_sets():
    small = {
        "network__memories__features": 16,
        "network__interaction__features": 16,
        "experiment__loads": [3.2, 16.0],
        "experiment__curve": 3,
        "run__duration": 220,
    }
    seen = []
    for sets in (2, 3):
        record = hopsim.run(claim("ts-17", experiment__sets=sets, **small))
        (_, data), _ = record.points()
        seen.append(data["overlap"].values)
        assert np.all(data["theory"].values[0] < data["theory"].values[1])
    assert np.array_equal(seen[0], seen[1][:, :2])


@pytest.mark.parametrize(("n", "c"), [(3, 1.0), (3, 1.6), (10, 2.0)])
def test_plain_minimisation_finds_liquid_and_glass(n, c):
    state = ts.glass_state(c, n)
    assert least_on_a_grid(c, n) == pytest.approx(state.free_entropy, abs=1e-10)


@pytest.mark.slow
def test_line_beside_the_glass_leaves_the_other_at_the_nishimori_line(tmp_path):
    path = SCENARIOS / "fixed_teacher_temperature.toml"
    changes = {"experiment__ratios": [0.6, 1.0, 1.5], "experiment__resolution": 3}
    record = hopsim.run(study(path, **changes), out=tmp_path)
    assert record.passed
    assert record.attrs["not_drawn"] == ""
    ((_, data),) = record.points()
    liquid, typical = data["beside_liquid"].values[0], data["typical"].values[0]
    assert liquid[0] > 1.5 * typical[0]
    assert np.allclose(liquid[1:], typical[1:], rtol=1e-12)
    assert np.all(data["spinodal"].values[0] < typical)
    assert set(np.unique(data["regime"].values)) <= set(range(len(ts.REGIMES)))
