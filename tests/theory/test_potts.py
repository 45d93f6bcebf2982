"""Thresholds of orthogonal memories and of one memory, each by a second route."""

import math
from typing import Any

import mutations
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

import hopsim
from hopsim import patterns
from hopsim.theory import mean_field, potts


COUNTS = [2, 3, 4, 5, 7, 16, 50, 1000]
POWERS = [2, 3, 4, 5, 8, 20]


# --- model B with orthogonal memories ------------------------------------------------


@pytest.mark.parametrize(
    ("count", "spinodal", "equal"),
    [(3, 2.7456, 2.77259), (4, 3.2187, 3.29584), (16, 5.1890, 5.80296)],
)
def test_potts_thresholds_are_those_of_the_notes(count, spinodal, equal):
    assert potts.spinodal(count) == pytest.approx(spinodal, abs=6e-5)
    assert potts.equal_energy(count) == pytest.approx(equal, abs=6e-6)
    assert potts.mean_unstable(count) == count


def direct(p, count):
    return (count - 1) / (count * p - 1) * math.log((count - 1) * p / (1 - p))


@pytest.mark.parametrize("count", COUNTS)
def test_spinodal_is_the_least_sharpness_of_all_shares(count):
    bounds = (1.0001 / count, 1 - 1e-9)
    found: Any = minimize_scalar(
        lambda p: direct(p, count), bounds=bounds, method="bounded",
        options={"xatol": 1e-10},
    )  # fmt: skip
    assert potts.spinodal(count) == pytest.approx(found.fun, rel=2e-8)


@pytest.mark.parametrize("count", COUNTS)
def test_sharpness_is_the_closed_form_and_regular_at_the_mean(count):
    for p in (0.3 / count, 0.9 / count, 0.6, 0.99):
        assert potts.sharpness(p, count) == pytest.approx(direct(p, count), rel=1e-12)
    assert potts.sharpness(1 / count, count) == pytest.approx(count, rel=1e-12)
    near = potts.sharpness(1 / count * (1 + 1e-5), count)
    assert near == pytest.approx(count, rel=1e-4)


def energy(p, b, count):
    """-b |shares|^2 / 2 + shares . ln(shares): the memory-side form of THEORY 2.2."""
    shares = np.array([p] + (count - 1) * [(1 - p) / (count - 1)])
    return -b * shares @ shares / 2 + shares @ np.log(shares)


@pytest.mark.parametrize("count", COUNTS[1:])
def test_memory_and_mean_have_one_energy_at_the_transition(count):
    b = potts.equal_energy(count)
    p = potts.share(b, count)
    assert p == pytest.approx((count - 1) / count, rel=1e-10)
    assert energy(p, b, count) == pytest.approx(energy(1 / count, b, count), abs=1e-11)
    assert potts.spinodal(count) < b < count


@pytest.mark.parametrize("count", COUNTS)
def test_share_inverts_sharpness_on_the_stable_side(count):
    for b in potts.spinodal(count) * np.array([1.001, 1.3, 4.0]):
        p = potts.share(float(b), count)
        # 1 - p is rounded to 1e-16, and b holds its logarithm
        assert potts.sharpness(p, count) == pytest.approx(b, rel=1e-15 / (1 - p) + 1e-9)
        assert p > 0.5


@pytest.mark.parametrize("count", [3, 6, 16])
def test_curvature_vanishes_at_the_spinodal_and_at_the_mean(count):
    p = potts.share(potts.spinodal(count) * (1 + 1e-12), count)
    for b, share in ((potts.spinodal(count), p), (float(count), 1 / count)):
        shares = np.array([share] + (count - 1) * [(1 - share) / (count - 1)])
        covariance = np.diag(shares) - np.outer(shares, shares)  # of an orthonormal set
        assert b * np.linalg.eigvalsh(covariance)[-1] == pytest.approx(1, abs=1e-5)


def test_bounds_of_a_pair_and_of_a_frame():
    pair = patterns.sphere(0, 2, 5)
    far = np.linalg.norm(pair[0] - pair[1])
    assert potts.contraction(pair) == pytest.approx(4 / far**2, rel=1e-12)
    assert potts.mean_instability(pair) == pytest.approx(4 / far**2, rel=1e-12)
    frame = patterns.orthogonal(1, 6, 9, norm=2.0)
    assert potts.mean_instability(frame) == pytest.approx(6 / 4, rel=1e-12)
    assert potts.contraction(np.ones((3, 4))) == math.inf
    assert potts.mean_instability(np.ones((3, 4))) == math.inf


# --- model A with one memory ---------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "spinodal", "equal"), [(3, 1.716494, 2.016254), (4, 2.016998, 2.755205)]
)
def test_mean_field_thresholds_are_those_of_the_notes(n, spinodal, equal):
    assert mean_field.spinodal(n) == pytest.approx(spinodal, abs=6e-7)
    assert mean_field.equal_energy(n) == pytest.approx(equal, abs=6e-7)


def test_quadratic_interaction_has_a_pitchfork_at_one():
    assert mean_field.spinodal(2) == 1
    assert mean_field.equal_energy(2) == 1
    assert mean_field.memory_overlap(1.01, 2) == pytest.approx(
        math.sqrt(0.03), rel=0.02
    )


@pytest.mark.parametrize("n", POWERS[1:])
def test_mean_field_spinodal_is_the_least_beta_of_all_overlaps(n):
    found: Any = minimize_scalar(
        lambda m: math.atanh(m) / m ** (n - 1), bounds=(0.3, 1 - 1e-12),
        method="bounded", options={"xatol": 1e-12},
    )  # fmt: skip
    assert mean_field.spinodal(n) == pytest.approx(found.fun, rel=1e-9)


@pytest.mark.parametrize("n", POWERS[1:-1])  # beyond, the integrand is a wall
def test_equal_energy_is_the_rule_of_equal_areas(n):
    beta = mean_field.equal_energy(n)
    m = mean_field.memory_overlap(beta, n)
    force = lambda m: math.atanh(m) / beta - m ** (n - 1)
    area, _ = quad(force, 0, m, epsabs=1e-13, epsrel=1e-13, limit=200)
    assert area == pytest.approx(0, abs=1e-9)
    assert mean_field.free_energy(m, beta, n) == pytest.approx(area, abs=1e-9)


def test_first_order_temperature_tends_to_one_over_ln_two():
    for n, close in ((3, 0.05), (6, 1e-3), (200, 1e-12)):
        here = n / mean_field.equal_energy(n)
        assert here == pytest.approx(1 / math.log(2), abs=close)
    assert mean_field.spinodal(2000) > 5  # no overflow


@pytest.mark.parametrize("n", POWERS)
def test_overlap_solves_the_mean_field_equation(n):
    for beta in mean_field.spinodal(n) * np.array([1.0001, 1.2, 3.0]):
        m = mean_field.memory_overlap(float(beta), n)
        assert m == pytest.approx(math.tanh(beta * m ** (n - 1)), rel=1e-12)
        assert m > 0


# --- memories of these kinds, and errors ---------------------------------------------


def test_simplices_are_simplices_about_orthogonal_centres():
    x = patterns.simplices(3, 4, 5, 64, norm=4.0, distance=1.5).reshape(4, 5, 64)
    centres = x.mean(axis=1)
    assert np.allclose(centres @ centres.T, 16 * np.eye(4), atol=1e-12)
    for k in range(4):
        away = np.linalg.norm(x[k][:, None] - x[k][None], axis=-1)
        assert np.allclose(away[np.triu_indices(5, 1)], 1.5)
        assert np.allclose((x[k] - centres[k]) @ centres.T, 0, atol=1e-12)


def test_cyclic_memories_have_one_overlap_with_their_mean():
    x = patterns.cyclic(4, 7)
    assert np.ptp(x @ x.mean(axis=0)) < 1e-14
    assert np.allclose(x[3], np.roll(x[0], 3))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: potts.spinodal(1), "at least two memories, got 1"),
        (lambda: potts.sharpness(1.0, 3), r"must lie in \(0, 1\), got 1.0"),
        (lambda: potts.share(2.0, 3), "attractors from b = 2.74564 on"),
        (lambda: mean_field.spinodal(1), "must be >= 2, got n = 1"),
        (lambda: mean_field.sharpness(0.0, 3), r"must lie in \(0, 1\), got 0.0"),
        (lambda: mean_field.memory_overlap(1.5, 3), "from beta = 1.71649 on for n = 3"),
        (lambda: patterns.orthogonal(0, 5, 4), "4 features have room"),
        (lambda: patterns.simplices(0, 3, 2, 5), "got 6 memories"),
    ],
)
def test_thresholds_say_what_they_are_of(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


GAUSSIAN = {"kind": "gaussian", "count": 4, "features": 6}


@pytest.mark.parametrize(
    ("claim", "changes", "message"),
    [
        ("cl-23", {"network.current": 0.1}, "needs model B without currents"),
        ("cl-23", {"network.memories.count": 1}, "two memories that differ"),
        ("cl-23-potts", {"network.memories": GAUSSIAN}, "equal norms and distances"),
        (
            "cl-23-potts",
            {"dynamics.decay": 2.0},
            "needs fixed points of decay 1, got 2",
        ),
        ("cl-28", {"dynamics.decay": 2.0}, "needs fixed points of decay 1, got 2"),
        ("cl-24", {"network.memories": GAUSSIAN}, "three or more clusters of one size"),
        ("cl-28", {"network.memories.count": 2}, "one binary memory"),
        ("cl-28", {"network.autapse": 0.1}, "without currents or autapse"),
        ("cl-28", {"network.normalised": False}, "normalised model A"),
    ],
)
def test_studies_of_thresholds_say_which_networks_they_are_of(claim, changes, message):
    path = mutations.CLAIMS / f"{claim}.toml"
    with pytest.raises(ValueError, match=message):
        hopsim.load_scenario(path, True, changes)


# --- the scenarios -------------------------------------------------------------------


SCENARIOS = mutations.CLAIMS.parent


@pytest.mark.slow
def test_phylogeny_of_clusters_has_two_generations(tmp_path):
    changes = {"experiment.only": ["4 clusters of 5"], "experiment.points": 4}
    changes |= {"experiment.low": 0.1}
    path = SCENARIOS / "memory_phylogeny.toml"
    record = hopsim.run(hopsim.load_scenario(path, True, changes), out=tmp_path)
    assert record.passed
    (data,) = (data for _, data in record.points())
    assert data["count"].values.tolist() == [[1, 4, 4, 20]]  # at 0.1, 0.37, 1.36, 5
    assert data["torn"].values.tolist() == [0]
    assert record.attrs["not_drawn"] == ""


@pytest.mark.slow
def test_potts_scenario_shows_hysteresis(tmp_path):
    changes = {"experiment.hysteresis": 9, "network.memories.features": 6}
    path = SCENARIOS / "potts_thresholds.toml"
    record = hopsim.run(hopsim.load_scenario(path, True, changes), out=tmp_path)
    assert record.passed
    (data,) = (data for _, data in record.points())
    differ = np.abs(data["loop_up"].values - data["loop_down"].values) > 0.1
    between = (data["loop_b"] > potts.spinodal(4)) & (data["loop_b"] < 3.99)
    assert differ.tolist() == between.values.tolist()
    assert np.all(data["loop_converged"])
