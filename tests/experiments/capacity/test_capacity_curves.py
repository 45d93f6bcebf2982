"""Experiments of capacity: what they measure, against another route to it."""

import itertools

import numpy as np
import pytest
from scipy import stats

import hopsim
from hopsim.experiments._spins import extreme_overlaps, is_even, power_of
from hopsim.experiments.recall.recall_histogram import shared_against
from hopsim.lagrangians import Exponential, Polynomial, RectifiedPolynomial
from hopsim.models import model_a
from hopsim.theory import capacity


TABLES = {
    "name": "small",
    "seed": 3,
    "network": {
        "kind": "model_a",
        "normalised": False,
        "interaction": {"kind": "polynomial", "n": 4},
        "memories": {"kind": "random_binary", "count": 60, "features": 20},
    },
    "dynamics": {"kind": "binary"},
    "run": {"duration": 50},
}
RANDOM = {"kind": "random", "binary": True, "count": 24}
STORED = {"kind": "corrupted", "count": 24}


@pytest.fixture
def ran(tmp_path):
    """Runs the small scenario with other probes and an experiment."""
    from tomli_w import dumps

    def run(probes, experiment, **network):
        tables = TABLES | {"probes": probes, "experiment": experiment}
        tables["network"] = tables["network"] | network
        path = tmp_path / "small.toml"
        path.write_text(dumps(tables))
        return hopsim.run(hopsim.load_scenario(path)).rows().data

    return run


# --- recall_histogram -----------------------------------------------------------------


def test_extremes_are_those_of_all_products():
    rng = np.random.default_rng(0)
    xi, s = (rng.choice([-1, 1], (k, 11)).astype(np.int8) for k in (7, 1203))
    high, low = extreme_overlaps(xi, s)  # in more than one part
    products = s.astype(int) @ xi.T.astype(int) / 11
    np.testing.assert_array_equal(high, products.max(axis=1))
    np.testing.assert_array_equal(low, products.min(axis=1))


@pytest.mark.parametrize("even", [False, True])
def test_mixtures_of_two_near_memories_have_what_these_share(even):
    rng = np.random.default_rng(1)
    xi = rng.choice([-1, 1], (6, 40)).astype(np.int8)
    side = -1 if even else 1  # the mirror image of the second memory is near
    xi[1] = side * xi[0] * np.where(np.arange(40) < 8, -1, 1)
    mixture = np.where(np.arange(40) < 4, xi[0], side * xi[1]).astype(np.int8)
    other = mixture * np.where(np.arange(40) >= 37, -1, 1).astype(np.int8)
    found = shared_against(xi, np.stack([xi[0], mixture, other]), even)
    np.testing.assert_array_equal(found, [0, 0, 3])


def test_a_majority_has_what_its_three_memories_share():
    rng = np.random.default_rng(2)
    xi = rng.choice([-1, 1], (5, 60)).astype(np.int8)
    xi[1:3] = np.where(rng.uniform(size=(2, 60)) < 0.3, -xi[0], xi[0])
    majority = np.sign(xi[:3].sum(axis=0)).astype(np.int8)[None]
    assert shared_against(xi, majority, False, 3) == 0
    assert shared_against(xi, -majority, True, 3) == 0
    shared = np.flatnonzero(np.abs(xi[:3].sum(axis=0)) == 3)
    majority[0, shared[0]] *= -1
    assert shared_against(xi, majority, False, 3) == 1


def test_ends_and_starts_of_the_histogram(ran):
    data = ran(RANDOM, {"kind": "recall_histogram", "sets": 2, "mirrors": True})
    signed, either = data["overlap"].values, data["unsigned_overlap"].values
    assert np.all(either >= signed)
    perfect, mirrored = data["perfect"].values, data["mirrored"].values
    np.testing.assert_array_equal(perfect, signed == 1)
    np.testing.assert_array_equal(data["unsigned_perfect"].values, either == 1)
    assert not np.any(perfect & mirrored)
    np.testing.assert_array_equal(perfect | mirrored, either == 1)
    assert np.all(data["mirror_error"].values == 0)  # an even power
    assert np.all(data["converged"].values)
    assert np.mean(either) > np.mean(data["start_unsigned_overlap"].values)


def test_best_overlap_of_a_random_start_has_its_law():
    N, K = 6, 3
    values, weights = capacity.best_overlap_law(N, K)
    assert np.sum(weights) == pytest.approx(1)
    one = [sum(s) / N for s in itertools.product((-1, 1), repeat=N)]
    best = [max(three) for three in itertools.product(one, repeat=K)]
    seen = [np.mean(np.isclose(best, v)) for v in values]
    np.testing.assert_allclose(weights, seen, atol=1e-12)


# --- capacities -----------------------------------------------------------------------


def test_half_capacity_counts_what_ends_in_memories(ran):
    loads = [0.3, 1.0, 8.0]
    experiment = {"kind": "half_capacity", "sets": 3, "features": [16, 20]}
    cubic = {"kind": "polynomial", "n": 3}
    data = ran(
        RANDOM,
        experiment | {"loads": loads},
        interaction=cubic,
        memories={"kind": "random_binary", "count": 180, "features": 20},
    )
    counts = data["count"].values
    law = [capacity.no_error_count(3, N) for N in (16, 20)]
    np.testing.assert_array_equal(
        counts, [[max(2, round(x * K)) for x in loads] for K in law]
    )
    share = data["perfect"].values.mean(axis=(2, 3))
    assert np.all(share[:, 0] > 0.5)
    assert np.all(share[:, -1] < 0.5)
    half = data["half_count"].values
    assert np.all((half >= counts[:, [0]]) & (half <= counts[:, [-1]]))
    np.testing.assert_allclose(data["half_ratio"].values, half / np.array(law)[:, None])
    np.testing.assert_array_equal(data["set"].values, [0, 1, 2])


def test_half_capacity_that_is_not_crossed_is_unknown(ran):
    experiment = {"kind": "half_capacity", "sets": 1, "features": [20], "loads": [0.01]}
    data = ran(RANDOM, experiment)
    assert np.all(np.isnan(data["half_count"].values))


@pytest.mark.slow
def test_stored_memories_return_as_the_theory_says(ran):
    # K = 30, 60, 120 memories of 20 spins, x^3
    experiment = {"kind": "capacity_curve", "features": [20], "sets": 30}
    data = ran(
        STORED,
        experiment | {"loads": [0.075, 0.15, 0.3]},
        interaction={"kind": "polynomial", "n": 3},
        memories={"kind": "random_binary", "count": 120, "features": 20},
    )
    np.testing.assert_array_equal(data["count"].values, [[30, 60, 120]])
    returned = data["returned"].values[0].mean(axis=1)  # (load, draw)
    stderr = returned.std(axis=1, ddof=1) / 30**0.5
    # the Gaussian tail and independent bits are worth a tenth at this size
    error = returned.mean(axis=1) - data["theory_share"].values[0]
    assert np.all(np.abs(error) < 4 * stderr + 0.1)
    assert float(data["flipped"]) == 0
    kept = data["returned"].values
    np.testing.assert_array_equal(kept, data["overlap"].values == 1)


def test_aims_begin_anew_where_there_are_fewer_memories(ran):
    experiment = {"kind": "capacity_curve", "features": [20], "loads": [0.0005]}
    data = ran(STORED | {"flipped": 0.1}, experiment | {"sets": 1})
    assert data["count"].values.tolist() == [[4]]
    assert float(data["flipped"]) == pytest.approx(0.1)
    assert np.all(data["returned"].values)  # 4 memories at n = 4


@pytest.mark.parametrize(
    ("probes", "experiment", "network", "message"),
    [
        (RANDOM, {"features": [20], "loads": [50.0]}, {}, "memories of 20 features"),
        (RANDOM, {"features": [30], "loads": [1.0]}, {}, "draw more"),
        (
            RANDOM,
            {"features": [20], "loads": [1.0]},
            {"interaction": {"kind": "exponential"}},
            "needs a power n >= 2",
        ),
    ],
)
def test_half_capacity_says_what_it_needs(ran, probes, experiment, network, message):
    with pytest.raises(ValueError, match=message):
        ran(probes, {"kind": "half_capacity"} | experiment, **network)


def test_capacity_curve_needs_spins_that_aim(ran):
    experiment = {"kind": "capacity_curve", "features": [20], "loads": [0.001]}
    with pytest.raises(ValueError, match="probes that aim at memories"):
        ran(RANDOM, experiment)
    with pytest.raises(ValueError, match=r"leave probes\.noise out"):
        ran(STORED | {"noise": 0.1}, experiment)


def test_sizes_and_loads_rise(ran):
    with pytest.raises(ValueError, match="must be > 0 and rise"):
        ran(RANDOM, {"kind": "half_capacity", "features": [20, 10], "loads": [1.0]})


def test_powers_are_known_through_their_scale():
    xi = stats.bernoulli.rvs(0.5, size=(4, 8), random_state=0) * 2.0 - 1
    assert power_of(model_a(xi, Polynomial(4))) == (4, False)
    assert power_of(model_a(xi, RectifiedPolynomial(3))) == (3, True)
    assert power_of(model_a(xi, Exponential(0.5))) is None
    assert is_even(model_a(xi, Polynomial(4)))
    assert not is_even(model_a(xi, RectifiedPolynomial(4)))
