"""Basins: certified balls in exact arithmetic, radii and shares of known basins."""

import decimal
from typing import Any

import numpy as np
import pytest
from tomli_w import dumps

import hopsim
from hopsim import dynamics, model_a, model_b, patterns
from hopsim.attractors import find_attractors
from hopsim.attractors.balls import certified_balls
from hopsim.attractors.basins import (
    along,
    basin_radii,
    basin_shares,
    bisected,
    Bisection,
    isotropic,
    reversed_signs,
    shares_of_labels,
    to_the_nearest,
)


XI = patterns.sphere(0, 40, 12)  # norm sqrt(12)
UNEQUAL = XI * np.linspace(0.6, 1.4, 40)[:, None]


# --- certified balls ------------------------------------------------------------------


def left_sides(memories, beta, i, radius):
    """Those of the two conditions for memory i, to 60 digits, from the same floats."""
    exact = [[decimal.Decimal(x) for x in row] for row in memories.tolist()]
    first = second = decimal.Decimal(0)
    r, beta = decimal.Decimal(float(radius)), decimal.Decimal(beta)
    for j, other in enumerate(exact):
        if j != i:
            away = [a - b for a, b in zip(exact[i], other, strict=True)]
            d = sum((x * x for x in away), decimal.Decimal(0)).sqrt()
            separation = sum(a * x for a, x in zip(exact[i], away, strict=True))
            weight = (-beta * (separation - r * d)).exp()
            first += d * weight
            second += beta * d * d * weight
    return first, second


@pytest.mark.parametrize("memories", [XI, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize("beta", [0.7, 2.0, 50.0])
def test_both_conditions_hold_at_the_radius_and_not_beyond(memories, beta):
    balls = certified_balls(model_b(memories, beta=beta))
    assert np.any(balls.radius > 0)
    with decimal.localcontext() as context:
        context.prec = 60
        for i in np.flatnonzero(balls.radius > 0)[:3]:
            first, second = left_sides(memories, beta, i, balls.radius[i])
            assert first <= decimal.Decimal(float(balls.radius[i]))
            assert 1 - decimal.Decimal("1e-11") < second < 1
            first, _ = left_sides(memories, beta, i, balls.inner[i])
            inner = decimal.Decimal(float(balls.inner[i]))
            # below 1e-300 there are no floats to tell it in
            assert inner * (1 - decimal.Decimal("1e-9")) <= max(first, inner / 10**9)
            assert first <= inner


@pytest.mark.parametrize("memories", [XI, UNEQUAL], ids=["equal", "unequal"])
def test_memories_without_a_ball_meet_no_condition_at_any_radius(memories):
    beta = 0.45
    balls = certified_balls(model_b(memories, beta=beta))
    without = np.flatnonzero(balls.radius == 0)
    assert without.size
    assert np.all(np.isnan(balls.inner[without]))
    with decimal.localcontext() as context:
        context.prec = 30
        for i in without[:3]:
            for r in np.linspace(0, 4, 41):
                first, second = left_sides(memories, beta, i, r)
                assert first > decimal.Decimal(float(r)) or second >= 1


def test_radius_grows_with_beta_to_its_limit_half_the_nearest_distance():
    radii = [certified_balls(model_b(XI, beta=b)).radius for b in (1, 3, 30, 1e7)]
    assert np.all(np.diff(radii, axis=0) >= 0)
    _, far = to_the_nearest(XI, XI)
    limit = certified_balls(model_b(XI)).limit
    np.testing.assert_allclose(limit, far / 2, rtol=1e-12)
    # the last step: ln(beta d^2) / (beta d), some 2e-6 at beta = 1e7
    np.testing.assert_allclose(radii[-1], limit, atol=1e-5)
    assert np.all(radii[-1] <= limit)


def test_limit_is_not_half_the_nearest_distance_for_unequal_norms():
    _, far = to_the_nearest(UNEQUAL, UNEQUAL)
    limit = certified_balls(model_b(UNEQUAL)).limit
    assert np.max(np.abs(limit - far / 2)) > 0.1
    away = UNEQUAL[:, None] - UNEQUAL[None]
    d = np.linalg.norm(away, axis=-1) + np.eye(40)
    plain = np.einsum("if,ijf->ij", UNEQUAL, away) / d
    np.fill_diagonal(plain, np.inf)
    np.testing.assert_allclose(limit, np.maximum(plain.min(1), 0), atol=1e-12)


def test_attention_contracts_every_ball_and_stays_within():
    beta, rng = 1.0, np.random.default_rng(4)
    balls = certified_balls(model_b(XI, beta=beta))
    assert np.sum(balls.radius > 0) > 5
    for i in np.flatnonzero(balls.radius > 0):
        e = rng.standard_normal((300, 12))
        e /= np.linalg.norm(e, axis=1)[:, None]
        v = XI[i] + 0.999 * balls.radius[i] * e
        weights = np.exp(beta * (v @ XI.T) - beta * XI[i] @ XI[i])
        new = weights @ XI / weights.sum(axis=1)[:, None]
        assert np.all(np.linalg.norm(new - XI[i], axis=1) <= balls.radius[i])
        ratio = np.linalg.norm(new[1:] - new[:-1], axis=1)
        assert np.all(ratio < np.linalg.norm(v[1:] - v[:-1], axis=1))


def test_a_single_memory_has_a_ball_without_end():
    balls = certified_balls(model_b(XI[:1]))
    assert np.isinf(balls.radius[0])
    assert balls.inner[0] == 0
    # and so have memories that are all the same, zero too
    for same in (np.stack([XI[0]] * 3), np.zeros((3, 4))):
        assert np.all(np.isinf(certified_balls(model_b(same)).radius))


def test_copies_share_the_ball_of_the_memory():
    # p_j of a copy adds nothing to the distance of the target: the theorem stands
    twice = np.concatenate([XI[:6], XI[:1]])
    balls = certified_balls(model_b(twice, beta=2.0))
    np.testing.assert_array_equal(balls.radius[0], balls.radius[-1])
    once = certified_balls(model_b(XI[:6], beta=2.0))
    np.testing.assert_allclose(balls.radius[0], once.radius[0], rtol=1e-12)
    # to the others a memory that is there twice weighs twice
    assert np.all(balls.radius[1:-1] < once.radius[1:])


def test_some_memories_get_the_same_balls_as_all(monkeypatch):
    network = model_b(UNEQUAL, beta=1.5)
    whole = certified_balls(network)
    some = certified_balls(network, which=np.array([7, 3]))
    for all_, few in zip(whole, some, strict=True):
        np.testing.assert_array_equal(all_[[7, 3]], few)
    from hopsim.attractors import balls

    monkeypatch.setattr(balls, "PAIR_ENTRIES", 1)
    for all_, one_by_one in zip(whole, certified_balls(network), strict=True):
        np.testing.assert_array_equal(all_, one_by_one)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (model_a(XI), "model B alone"),
        (model_b(XI, current=0.1), "without current"),
        (model_b(XI, kernel_density=True), "without hidden_current"),
    ],
)
def test_networks_beyond_the_theorem_are_refused(network, words):
    with pytest.raises(ValueError, match=words):
        certified_balls(network)


@pytest.mark.parametrize(
    ("motion", "words"),
    [
        (dynamics.Binary(), "do not cover Binary"),
        (dynamics.Sharp(), "do not cover Sharp"),
        (dynamics.Adiabatic(tau_memory=0.1), "with a mass"),
        (dynamics.TwoLayer(decay=0.5), "the decay 0.5"),
        (dynamics.TwoLayer(drive=dynamics.Pulse(0.5, 1.0, 0.5)), "a drive"),
        (dynamics.TwoLayer(tau_feature=np.linspace(1, 2, 12)), "different tau_feature"),
    ],
)
def test_motions_beyond_the_theorem_are_refused(motion, words):
    with pytest.raises(ValueError, match=words):
        certified_balls(model_b(XI), motion)


def test_covered_motions_are_certified():
    for motion in (None, dynamics.TwoLayer(7.0), dynamics.Adiabatic()):
        assert np.all(certified_balls(model_b(XI, beta=9.0), motion).radius > 0)


# --- radii of basins whose shape is known ---------------------------------------------


def test_radius_towards_a_wall_is_its_distance():
    centres, own = np.zeros((3, 2)), np.zeros(3, int)
    walls = np.array([0.3, 1.0, 2.5])
    e = np.tile([1.0, 0.0], (3, 1))
    label = lambda rows, states: (states[:, 0] > walls[rows]).astype(int)
    far = np.full(3, 4.0)
    found = bisected(label, centres, own, along(e), far, Bisection(20, 1))
    np.testing.assert_allclose(found.radius, walls, atol=4 / 2**19)
    assert np.all((found.low <= walls) & (walls <= found.high))
    assert found.trials == 1


def test_isotropic_radius_is_where_half_come_back():
    # in the plane a wall at distance 1 is crossed by half of the directions never, but
    # two walls are by half of them at r = sqrt 2
    label = lambda rows, states: (np.abs(states[:, 0]) > 1).astype(int)
    found = bisected(
        label, np.zeros((40, 2)), np.zeros(40, int), isotropic, np.full(40, 9.0),
        Bisection(10, 64, key=3),
    )  # fmt: skip
    seen = found.radius
    assert abs(np.mean(seen) - np.sqrt(2)) < 4 * np.std(seen) / np.sqrt(40)
    assert np.std(seen) < 0.15
    # intervals of 95 % at every radius tried: nearly all hold the truth
    assert np.mean((found.low <= np.sqrt(2)) & (np.sqrt(2) <= found.high)) > 0.8


def test_what_is_not_lost_is_endless_and_what_is_unknown_is_counted():
    centres = np.zeros((3, 2))
    label = lambda rows, states: np.where(rows == 1, -1, 0)
    own = np.array([0, 0, -1])
    found = bisected(label, centres, own, isotropic, np.ones(3), Bisection(5, 8))
    assert np.isinf(found.radius[0])
    assert found.radius[1] < 0.1  # nothing comes to rest: nothing comes back
    assert np.isnan(found.radius[2])
    np.testing.assert_array_equal(found.unknown[:, 1], 8)
    assert np.sum(found.unknown[:, 0]) == 0


def test_flips_are_whole_numbers_of_spins():
    s = np.ones((50, 10))
    moved = reversed_signs(hopsim.patterns.as_stream(1), s, np.full(50, 0.3))
    np.testing.assert_array_equal(np.sum(moved < 0, axis=1), 3)
    assert np.all(np.sum(moved < 0, axis=0) > 0)


def test_shares_add_up_to_one_with_the_unknown():
    found = shares_of_labels(np.array([0, 0, 2, -1, 0, -1]), 4)
    np.testing.assert_array_equal(found.label, [-1, 0, 1, 2, 3])
    np.testing.assert_array_equal(found.hits, [2, 3, 0, 1, 0])
    assert np.sum(found.hits) == 6
    np.testing.assert_allclose(np.sum(found.fraction), 1, rtol=1e-15)
    assert np.all((found.low <= found.fraction) & (found.fraction <= found.high))
    assert found.high[2] > 0  # nothing seen is not nothing there


# --- basins of networks ---------------------------------------------------------------


@pytest.fixture(
    params=[
        pytest.param(dynamics.TwoLayer(0.5), id="two", marks=pytest.mark.slow),
        pytest.param(dynamics.Adiabatic(), id="one"),
    ],
    scope="module",
)
def pair(request):
    """Two memories of one norm, whose basins are half spaces by symmetry.

    All flows are in chunks of 8, so that few and many states share a program.
    """
    memories = np.array([[2.0, 0.5, 0.0], [-1.0, 0.5, np.sqrt(3)]])
    network = model_b(memories, beta=2.0)
    flow: dict[str, Any] = {"duration": 200.0, "chunk": 8}
    return memories, find_attractors(network, request.param, memories, **flow)


def test_basins_of_a_pair_meet_half_way(pair):
    memories, attractors = pair
    half = float(np.linalg.norm(memories[0] - memories[1])) / 2
    found = basin_radii(attractors, memories, displaced="nearest", rounds=10)
    np.testing.assert_allclose(found.radius, half, atol=2 * half / 2**9)
    certified = certified_balls(attractors.network, attractors.dynamics)
    assert np.all((certified.radius > 0) & (certified.radius <= found.high))
    found = basin_shares(attractors, 2.0, probes=64, key=2)
    assert np.sum(found.hits) == 64
    assert found.low[1] < 0.5 < found.high[1]


@pytest.mark.slow
def test_a_single_spin_memory_keeps_less_than_half_of_all_flips():
    memory = patterns.random_binary(0, 1, 15)
    network, motion = model_a(memory), dynamics.Binary()
    attractors = find_attractors(network, motion, memory, duration=20.0)
    found = basin_radii(attractors, memory, displaced="flips", rounds=6, trials=8)
    assert 6 / 15 < found.radius[0] < 9 / 15


@pytest.mark.slow
def test_centres_are_in_the_precision_of_the_network():
    """Integers are numbers, and float64 copies of float32 memories are memories."""
    own = np.array([[2.0, 0.3, -2.0], [-2.0, 0.1, 2.0]])
    single, whole = own.astype(np.float32), np.rint(own).astype(int)
    network = model_b(single, beta=2.0)
    found = find_attractors(network, dynamics.Adiabatic(), single, duration=99.0)
    towards = lambda x: basin_radii(found, x, displaced="nearest", rounds=6).radius
    np.testing.assert_array_equal(towards(own), towards(single))
    # half of the way to the other one, about
    assert np.all(np.abs(towards(own) / np.linalg.norm(own[0]) - 1) < 0.1)
    np.testing.assert_array_equal(towards(whole), towards(whole.astype(np.float32)))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"largest": 0.0}, "must be > 0, got 0"),
        (
            {"centres": np.ones((2, 4))},
            r"shape \(centre, 3\), non-empty, got shape \(2, 4\)",
        ),
    ],
)
def test_radii_say_what_they_are_of(changed, words):
    own = np.array([[2.0, 0.3, -2.0], [-2.0, 0.1, 2.0]])
    network = model_b(own, beta=2.0)
    found = find_attractors(network, dynamics.Adiabatic(), own, duration=99.0)
    asked: dict[str, Any] = {"centres": own} | changed
    with pytest.raises(ValueError, match=words):
        basin_radii(found, **asked)


@pytest.mark.parametrize("which", [[7], [-1], np.zeros(0, int)])
def test_balls_are_asked_for_by_the_numbers_of_memories(which):
    with pytest.raises(ValueError, match="numbers of memories, 0 to 1"):
        certified_balls(model_b(np.eye(2)), None, np.asarray(which))


def test_a_memory_among_others_is_never_endless():
    found = certified_balls(model_b(3.0 * np.eye(3), beta=1e-307))
    assert np.all(found.radius < np.inf)
    warmer = certified_balls(model_b(3.0 * np.eye(3), beta=1e-200))
    np.testing.assert_allclose(found.inner, warmer.inner, rtol=1e-9)


def test_nearest_needs_two_memories():
    with pytest.raises(ValueError, match="two that differ"):
        to_the_nearest(XI[:1], XI[:1])
    with pytest.raises(ValueError, match="sphere of radius > 0"):
        basin_shares(None, 0.0)


# --- images ---------------------------------------------------------------------------


SPHERE = {"kind": "sphere", "count": 4, "features": 3}
SQUARE: dict[str, Any] = {
    "name": "square",
    "title": "",
    "seed": 0,
    "network": {
        "kind": "model_b",
        "beta": 6.0,
        "memories": {"kind": "given", "values": [[1.0, 0.0], [-1.0, 0.0]]},
    },
    "dynamics": {"kind": "two_layer", "tau_memory": 1.0},
    "probes": {"kind": "grid", "points": 2},
    "run": {"duration": 200.0},
    "experiment": {"kind": "basin_image", "low": -2, "high": 2, "resolution": 13},
}


def image(tmp_path, **run):
    path = tmp_path / "square.toml"
    path.write_text(dumps(SQUARE | {"run": SQUARE["run"] | run}))
    return hopsim.run(hopsim.load_scenario(path)).rows()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The image whose pixels all come to rest."""
    return image(tmp_path_factory.mktemp("whole"))


@pytest.mark.slow
def test_image_of_two_memories_is_cut_in_the_middle_by_their_saddle(whole):
    record = whole
    basin, stable = record["basin"].values, record["stable"].values
    on_saddle = ~stable[basin]
    assert np.all(on_saddle[6])  # v_1(0) = 0 stays there for ever
    assert not np.any(np.delete(on_saddle, 6, axis=0))
    left, right = basin[:6], basin[7:]
    assert np.unique(left).size == np.unique(right).size == 1
    assert left[0, 0] != right[0, 0]
    assert np.sum(record["fraction"].values) + record["lost"].values == 1
    time = record["end_time"].values
    # exact mirror images, but for the order of the sum over two memories
    np.testing.assert_allclose(time[5], time[7], rtol=1e-6)
    assert np.all(time[5] > time[3])  # near the boundary it takes longer


@pytest.mark.slow
def test_pixels_that_do_not_come_to_rest_are_counted_and_drawn(tmp_path, whole):
    # a third are left, which with the memories flow in one chunk of 64, as all do
    duration = float(np.quantile(whole["end_time"].values, 0.33))
    record = image(tmp_path, duration=duration)
    lost = record["basin"].values < 0
    assert 0 < np.sum(lost) < lost.size
    np.testing.assert_allclose(record["lost"].values, np.mean(lost))
    total = np.sum(record["fraction"].values) + record["lost"].values
    np.testing.assert_allclose(total, 1, rtol=1e-15)
    picture = hopsim.plots.render(record, "basin_image", tmp_path / "image.png")
    assert picture.stat().st_size > 1000


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"network": {"kind": "model_b", "memories": SPHERE}}, "2 features, got 3"),
        ({"experiment": SQUARE["experiment"] | {"low": 3.0}}, "low < high"),
        (
            {
                "experiment": SQUARE["experiment"] | {"low": 0.5},
                "run": {"duration": 0.1},
            },
            "set a longer",
        ),
    ],
)
def test_an_image_needs_two_features_a_square_and_time(tmp_path, changed, words):
    path = tmp_path / "square.toml"
    probes = {"probes": {"kind": "corrupted"}}
    path.write_text(dumps(SQUARE | probes | changed))
    with pytest.raises(ValueError, match=words):
        hopsim.run(hopsim.load_scenario(path))


# --- the experiment on certified balls ------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"dynamics": {"kind": "adiabatic"}}, 'kind "two_layer"'),
        ({"network": {"kind": "model_a", "memories": SPHERE}}, "model B alone"),
        (
            {"network": {"kind": "model_b", "memories": SPHERE | {"count": 1}}},
            "two memories or more",
        ),
        ({"experiment": {"kind": "certified_basins", "betas": [2.0, 1.0]}}, "and rise"),
        ({"experiment": {"kind": "certified_basins", "steps": [0.0]}}, "must be > 0"),
    ],
)
def test_certified_basins_refuses_what_it_cannot_measure(tmp_path, changed, words):
    path = tmp_path / "balls.toml"
    plain = {
        "network": {"kind": "model_b", "memories": SPHERE},
        "probes": {"kind": "corrupted"},
        "experiment": {"kind": "certified_basins"},
    }
    path.write_text(dumps(SQUARE | plain | changed))
    with pytest.raises(ValueError, match=words):
        hopsim.run(hopsim.load_scenario(path))
