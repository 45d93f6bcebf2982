"""Freezing: the load of theory, and what the experiment measures, by other routes."""

import math

import jax
import numpy as np
import pytest

import hopsim
from hopsim.dynamics import Binary, Sharp
from hopsim.lagrangians import Polynomial
from hopsim.models import model_a
from hopsim.theory import capacity


# --- the law -------------------------------------------------------------------------


def test_freezing_load_is_the_number_of_the_notes():
    assert capacity.freezing_count(4, 100, 0.8) == pytest.approx(1706.67, abs=0.01)
    assert capacity.freezing_count(2, 100, 0.8) == pytest.approx(80)


@pytest.mark.parametrize("n", [2, 4, 6])
def test_self_coupling_is_the_mean_curvature_over_all_spins(n):
    N, K = 8, 5
    xi = np.random.default_rng(n).choice([-1.0, 1.0], (K, N))
    network = model_a(xi, Polynomial(n))
    s = 2.0 * ((np.arange(2**N)[:, None] >> np.arange(N)) & 1) - 1
    x = s @ xi.T
    curved = jax.vmap(network.memory_lagrangian.curvature)(x, np.ones_like(x))
    mean = np.mean(np.sum(np.asarray(curved), axis=1))
    assert capacity.self_coupling(n, N, K) == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("n", [2, 4, 6])
def test_freezing_load_is_where_self_coupling_equals_the_drive(n):
    N, m = 400, 0.9
    K = capacity.freezing_count(n, N, m)
    # the moments of a sum of N signs are Gaussian up to 1/N
    coupling = capacity.self_coupling(n, N, 1000) / 1000
    assert K * coupling == pytest.approx(m ** (n - 1), rel=0.02)


@pytest.mark.parametrize("beta", [0.5, 2.0, 3.0, 20.0])
def test_graded_bit_against_the_drive_rests_beyond_its_freezing_load_only(beta):
    n, N, m = 4, 100, 0.8
    K = capacity.freezing_count(n, N, m, beta)
    share = 3 * K / N**2

    def end(s):
        g = -1.0  # iterated from below, a monotone map: to the lowest state of rest
        for _ in range(20_000):
            g = math.tanh(beta * (m**3 + s * g))
        return g

    assert end(1.001 * share) < 0
    assert end(0.999 * share) > 0


def test_freezing_load_tends_to_that_of_sharp_neurons():
    sharp = capacity.freezing_count(4, 100, 0.8)
    loads = [capacity.freezing_count(4, 100, 0.8, b) for b in (1e1, 1e3, 1e6, 1e12)]
    assert np.all(np.diff(loads) < 0)
    assert loads[-1] == pytest.approx(sharp, rel=1e-6)


@pytest.mark.parametrize(
    ("n", "overlap", "beta"), [(3, 0.8, 1.0), (4, 0.0, 1.0), (4, 1.1, 1.0), (4, 0.8, 0)]
)
def test_freezing_load_refuses_what_it_is_not_of(n, overlap, beta):
    with pytest.raises(ValueError, match="even n, an overlap"):
        capacity.freezing_count(n, 100, overlap, beta)


# --- the experiment ------------------------------------------------------------------


TABLES = {
    "name": "small",
    "seed": 3,
    "network": {
        "kind": "model_a",
        "interaction": {"kind": "polynomial", "n": 4},
        "memories": {"kind": "random_binary", "count": 400, "features": 24},
    },
    "dynamics": {"kind": "binary"},
    "probes": {"kind": "corrupted", "flipped": 0.125, "count": 12},
    "run": {"duration": 60, "step": 0.5, "max_steps": 500},
}
LOADS = [0.4, 0.8, 1.2, 2.0, 3.0]


@pytest.fixture
def ran(tmp_path):
    """Runs the small scenario with some curves."""
    from tomli_w import dumps

    def run(curves, sets=2, **tables):
        experiment = {"kind": "freezing", "sets": sets, "curves": curves}
        path = tmp_path / "small.toml"
        path.write_text(dumps(TABLES | {"experiment": experiment} | tables))
        return hopsim.run(hopsim.load_scenario(path)).rows()

    return run


@pytest.mark.slow
def test_spins_in_their_local_field_recall_what_the_sharp_flow_recalls(ran):
    curve = {"features": [24], "loads": LOADS}
    record = ran(
        {
            "flow": curve | {"rule": "sharp flow"},
            "spins": curve | {"rule": "local field"},
        }
    )
    flow, spins = (data for _, data in record.points())
    np.testing.assert_array_equal(flow["count"].values, spins["count"].values)
    assert flow["converged"].values.all()
    agree = np.mean(flow["recalled"].values == spins["recalled"].values)
    # greedy and random orders part ways near the half-point only
    assert agree > 0.9


def test_what_is_recalled_is_what_one_network_recalls(ran):
    """By hand: memories cut, cues flipped anew, spins relaxed."""
    record = ran({"gap": {"rule": "energy gap", "features": [16], "loads": [1.0]}}, 1)
    data = record.data.isel(point=0) if "point" in record.data.dims else record.data
    K = int(data["count"].values.ravel()[0])
    assert max(2, round(capacity.no_error_count(4, 16))) == K
    assert float(data["cue_overlap"].values[0]) == 1 - 2 * 2 / 16
    assert data["recalled"].values.shape[2] == 12


def test_autapse_is_the_mean_self_coupling(ran):
    curve = {"rule": "local field", "features": [24], "loads": [0.2, 0.4], "gamma": 1.0}
    ((_, data),) = ran({"cured": curve}, 1).points()
    K = data["count"].values[0]
    np.testing.assert_allclose(data["autapse"].values[0], 3 * K / 24**2)


@pytest.mark.slow
def test_graded_neurons_recall_beyond_the_load_that_freezes_sharp_ones(ran):
    # loads are in units of each curve's law: 2.6 times larger for beta = 2
    flow = {"rule": "annealed flow", "betas": [2.0, 5.0], "features": [24]}
    record = ran({"graded": flow | {"loads": [0.3, 0.6]}}, 1)
    ((_, data),) = record.points()
    sharp = capacity.freezing_count(4, 24, float(data["cue_overlap"].values[0]))
    law = float(data["law_count"].values[0, 0])
    assert law == pytest.approx(
        capacity.freezing_count(4, 24, float(data["cue_overlap"].values[0]), 2.0)
    )
    assert law > 2 * sharp
    assert data["converged"].values.all()
    assert data["recalled"].values[0, 0].mean() > 0.6


def test_energy_gap_is_not_frozen_where_the_field_is():
    rng = np.random.default_rng(5)
    N = 60
    K = int(2 * capacity.freezing_count(4, N, 0.8))
    xi = rng.choice([-1.0, 1.0], (K, N))
    network = model_a(xi, Polynomial(4))
    cues = xi[:20].copy()
    cues[:, :6] *= -1
    gap = hopsim.relax(network, Binary(), cues)
    field = hopsim.relax(network, Binary(rule="local_field"), cues)
    assert np.mean(np.all(gap.final == xi[:20], axis=1)) > 0.9
    assert np.mean(np.all(field.final == xi[:20], axis=1)) < 0.1
    # and the flow ends where its spins do not move
    flown = hopsim.simulate(network, Sharp(), cues, duration=60.0, samples=2)
    still = hopsim.relax(network, Binary(rule="local_field"), np.sign(flown.final))
    assert not still.flips.any()


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"probes": {"kind": "random", "binary": True}}, "aim at memories"),
        ({"dynamics": {"kind": "sharp"}}, 'dynamics kind "binary"'),
    ],
)
def test_experiment_refuses_what_it_cannot_measure(ran, tables, said):
    curve = {"rule": "energy gap", "features": [24], "loads": [0.5]}
    with pytest.raises(ValueError, match=said):
        ran({"gap": curve}, 1, **tables)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ({"interaction": {"kind": "polynomial", "n": 3}}, "even powers"),
        ({"current": 0.1}, "even powers without"),
        ({"beta": 2.0}, "sets autapse and beta itself"),
    ],
)
def test_experiment_refuses_networks_without_a_law(ran, network, said):
    curve = {"rule": "energy gap", "features": [24], "loads": [0.5]}
    with pytest.raises(ValueError, match=said):
        ran({"gap": curve}, 1, network=TABLES["network"] | network)


def test_experiment_says_how_many_memories_it_needs(ran):
    curve = {"rule": "energy gap", "features": [24], "loads": [0.5, 4.0]}
    with pytest.raises(ValueError, match="memories of 24 features for 'gap'"):
        ran({"gap": curve}, 1)


def test_checks_may_name_a_curve(ran):
    curve = {"rule": "energy gap", "features": [16], "loads": [0.1, 8.0]}
    check = {"kind": "fraction", "variable": "recalled", "statement": "some"}
    check |= {"source": "hopsim", "at_most": 0.99, "point": "gap"}
    (verdict,) = ran({"gap": curve}, 2, checks=[check]).verdicts
    assert verdict.passed
    with pytest.raises(ValueError, match="no point 'gab'"):
        ran({"gap": curve}, 2, checks=[check | {"point": "gab"}])
