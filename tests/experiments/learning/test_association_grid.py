"""The study of learning by heart: what its cells are, and what it refuses."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from tomli_w import dumps

import hopsim
from hopsim import lagrangians as L
from hopsim.training import AutoAssociative, learn, Lesson, recall


TABLES = {
    "name": "small",
    "seed": 3,
    "network": {
        "kind": "model_a",
        "memories": {"kind": "random_binary", "count": 4, "features": 20},
        "interaction": {"kind": "leaky_rectified_polynomial", "n": 2, "slope": 0.01},
        "normalised": False,
    },
    "dynamics": {"kind": "binary", "order": "synchronous", "tie": "-1"},
    "probes": {"kind": "corrupted", "flipped": 0.1, "repeats": 2},
}
GRID = {
    "kind": "association_grid",
    "n": [2, 5],
    "floors": [1e-30, 1e-2],
    "inverse_temperatures": [0.8, 1.25],
    "learning_rates": [0.1, 0.3, 0.5],
    "trained": 6,
    "epochs": 20,
    "sets": 2,
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Runs or only loads the small scenario, with changes."""
    tmp_path = tmp_path_factory.mktemp("study")

    def run(load=False, **changes):
        experiment = GRID | changes.pop("experiment", {})
        path = tmp_path / "small.toml"
        path.write_text(dumps(TABLES | {"experiment": experiment} | changes))
        scenario = hopsim.load_scenario(path)
        return scenario if load else hopsim.run(scenario).rows()

    return run


@pytest.fixture(scope="module")
def plain(study):
    """What the small scenario finds as it is."""
    return study().data


@pytest.mark.slow
def test_best_cell_is_the_least_on_the_mean_over_draws(plain):
    best, middle = plain["best_distance"], plain["mean_distance"]
    np.testing.assert_allclose(best.mean("draw"), middle.min(["heat", "rate"]))
    assert float(plain["chance"]) == pytest.approx(np.sqrt(40))


@pytest.mark.slow
def test_cells_are_learnt_and_recalled_as_they_are_named(study):
    scenario = study(load=True, experiment={"ramp": 2.0, "recall_temperature": 1.0})
    data = hopsim.run(scenario).rows().data
    (setting,) = scenario.settings()
    cells = [(0, 0, 0, 0, 0, 0), (0, 1, 1, 1, 2, 1), (1, 1, 0, 0, 1, 1)]
    for a, k, f, i, j, number in cells:
        one = setting.redrawn(number)
        n = [2, 5][k]
        T = (20 if a == 0 else 1) / GRID["inverse_temperatures"][i]
        F = L.LeakyRectifiedPolynomial(n, 0.01)
        objective = AutoAssociative(F, 1, "original" if a == 0 else "modified")
        draw = one.stream.child("start").generator()
        start = 0.1 * draw.standard_normal((6, 20))
        rate, floor = GRID["learning_rates"][j], GRID["floors"][f]
        lesson = Lesson(rate, 2 * T, T, floor=floor, epochs=20)
        states = np.asarray(one.network.memories)
        learnt = eqx.filter_jit(learn)(objective, start, states, lesson)
        begun = np.asarray(one.probes.values)
        ended = eqx.filter_jit(recall)(objective, learnt.memories, 1.0, begun)
        apart = ended.states - jnp.asarray(states[one.probes.targets])
        place = {"scaling": a, "vertex": k, "floor": f, "heat": i, "rate": j}
        cell = data.isel(place | {"draw": number})
        expected = np.mean(np.linalg.norm(apart, axis=1))
        assert float(cell["distance"]) == pytest.approx(expected)
        assert float(cell["loss"]) == pytest.approx(float(learnt.loss))


COMPARED = {"compare": True, "floors": [1e-30]}


@pytest.fixture(scope="module")
def powers(study):
    """Both scalings of powers, compared."""
    power = TABLES["network"] | {"interaction": {"kind": "polynomial", "n": 2}}
    return study(network=power, experiment=COMPARED).data


@pytest.mark.slow
def test_scalings_of_a_power_agree_and_those_of_a_leaky_one_do_not(study, powers):
    assert float(powers["memory_gap"].max()) < 1e-9
    assert not bool(powers["other_end"].any())
    assert float(powers["moved"].min()) > 0.1
    assert float(study(experiment=COMPARED).data["memory_gap"].max()) > 0.1


def test_an_interaction_without_a_power_is_trained_by_the_modified_scaling(study):
    exponential = TABLES["network"] | {"interaction": {"kind": "exponential"}}
    data = study(network=exponential).data
    assert list(data["scaling_name"].values) == ["modified"]
    assert list(data["n"].values) == [0]
    assert np.isfinite(data["distance"]).all()


def test_memories_can_begin_uniform(study, plain):
    changed = study(experiment={"start": "uniform", "spread": 1.0, "epochs": 1}).data
    assert not np.allclose(changed["distance"], plain["distance"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dynamics": {"kind": "binary", "tie": "-1"}}, "moves all spins at once"),
        (
            {"dynamics": {"kind": "binary", "order": "synchronous", "tie": "random"}},
            "moves all spins at once",
        ),
        ({"network.current": 0.5}, "trains memories alone"),
        ({"experiment": {"compare": True, "scalings": ["modified"]}}, "both scalings"),
        ({"probes": {"kind": "random", "binary": True, "count": 3}}, "aim at memories"),
    ],
)
def test_study_refuses_what_it_cannot_train(study, changes, message):
    if "network.current" in changes:
        changes = {"network": TABLES["network"] | {"current": 0.5}}
    with pytest.raises(ValueError, match=message):
        study(**changes)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n": [3, 2]}, "must be > 0 and rise"),
        ({"learning_rates": [0.0, 0.1]}, "must be > 0 and rise"),
        ({"floors": [0.0]}, "must be > 0"),
        ({"scalings": ["modified", "modified"]}, "each scaling once"),
        ({"epochs": 0}, "greater than or equal to 1"),
        ({"momentum": 1.0}, "less than 1"),
        ({"start": "cold"}, "normal"),
    ],
)
def test_wrong_entries_are_named(study, changed, message):
    with pytest.raises(ValueError, match=message):
        study(load=True, experiment=changed)
