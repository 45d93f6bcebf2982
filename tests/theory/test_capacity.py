"""Closed forms of capacity, each against another route to the same number."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from hopsim.theory import capacity


POWERS = [(n, rectified) for n in (2, 3, 4, 5) for rectified in (False, True)]


def gap(z, n, rectified):
    """F(z + 1) - F(z - 1)."""
    F = (lambda x: np.maximum(x, 0) ** n) if rectified else (lambda x: x**n)
    return F(z + 1) - F(z - 1)


# --- KH16 to leading order ------------------------------------------------------------


def test_double_factorials_are_moments_of_a_normal_number():
    for k in range(8):  # E x^(2k) = (2k - 1)!!
        assert capacity.double_factorial(2 * k - 1) == round(
            float(stats.norm.moment(2 * k))
        )
    assert [capacity.double_factorial(k) for k in (-1, 0, 6, 7)] == [1, 1, 48, 105]
    with pytest.raises(ValueError, match=">= -1, got -2"):
        capacity.double_factorial(-2)


@pytest.mark.parametrize(
    ("n", "printed"), [(2, 10.9), (3, 361.9), (4, 7238), (5, 103403)]
)
def test_no_error_count_is_what_is_printed(n, printed):
    found = capacity.no_error_count(n, 100)
    assert found == pytest.approx(printed, abs=0.5 if n > 3 else 0.05)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_no_error_exponent_is_the_slope_of_the_count(n):
    above, below = (capacity.no_error_count(n, N) for N in (10_001, 9_999))
    slope = math.log(above / below) / math.log(10_001 / 9_999)
    # the third derivative of ln ln N leaves 1e-10 of a central difference
    assert slope == pytest.approx(capacity.no_error_exponent(n, 10_000), abs=1e-8)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_bit_error_at_the_no_error_count(n):
    K = capacity.no_error_count(n, 100)
    x = math.sqrt(2 * math.log(100))
    found = capacity.bit_error(n, 100, K)
    assert found == pytest.approx(stats.norm.sf(x), rel=1e-12)
    printed = capacity.bit_error(n, 100, K, "asymptotic")
    assert printed == pytest.approx(1 / (100 * math.sqrt(4 * math.pi * math.log(100))))
    # Mills: x^2 / (1 + x^2) < Q / (phi / x) < 1
    assert printed * x**2 / (1 + x**2) < found < printed < 1 / 100


def test_classical_network_has_half_a_percent_of_errors_at_0_14():
    # KH16: "n = 2 -> 0.14 N" at P < 0.5 %
    assert capacity.bit_error(2, 1000, 140) < 0.005 < capacity.bit_error(2, 1000, 155)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("rectified", [False, True])
def test_exact_moments_tend_to_those_of_kh16(n, rectified):
    N = 1001
    variance = capacity.crosstalk_variance(n, N, rectified)
    limit = 4 * n**2 * capacity.double_factorial(2 * n - 3) * N ** (n - 1)
    share = float(variance / limit) * (2 if rectified else 1)
    assert share == pytest.approx(1, abs=n**3 / N)  # corrections are of order 1 / N


# --- finite N -----------------------------------------------------------------------


@pytest.mark.parametrize(("n", "rectified"), POWERS)
@pytest.mark.parametrize("features", [2, 5, 10])
def test_crosstalk_variance_is_that_of_all_signs(n, rectified, features):
    z = [sum(s) for s in itertools.product((-1, 1), repeat=features - 1)]
    squares = [int(gap(np.array(a, object), n, rectified)) ** 2 for a in z]
    found = capacity.crosstalk_variance(n, features, rectified)
    assert found == sum(squares) / 2 ** (features - 1)


@pytest.mark.parametrize(("n", "rectified"), POWERS)
def test_crosstalk_variance_is_that_of_random_memories(n, rectified):
    N, draws = 30, 40_000
    signs = np.random.default_rng(n).choice([-1, 1], (draws, N))
    # memory +1, ..., +1: the crosstalk on its first bit
    term = signs[:, 0] * gap(signs[:, 1:].sum(axis=1), n, rectified)
    squares = term.astype(float) ** 2
    stderr = np.std(squares) / draws**0.5
    found = float(capacity.crosstalk_variance(n, N, rectified))
    assert abs(np.mean(squares) - found) < 4 * stderr
    assert abs(np.mean(term)) < 4 * np.std(term) / draws**0.5


@pytest.mark.parametrize(("features", "count"), [(100, 11), (100, 14), (400, 40)])
def test_gaussian_bit_error_is_nearly_binomial_for_the_classical_network(
    features, count
):
    # for n = 2 the crosstalk is 4 times a sum of (K - 1)(N - 1) signs, the signal
    # 4 (N - 1): a bit leaves if more than half of the signs by so much are against it
    signs = (count - 1) * (features - 1)
    most = math.ceil((signs - (features - 1)) / 2) - 1  # ties keep the bit
    exact = stats.binom.cdf(most, signs, 0.5)
    found = capacity.gaussian_bit_error(2, features, count)
    # half a step of 2 signs in x, times x: what the continuity correction would be
    x = stats.norm.isf(found)
    assert found == pytest.approx(exact, rel=2 * x / signs**0.5)


@pytest.mark.parametrize(
    ("n", "count", "error", "share"),
    [
        (2, 11, 8.3e-4, None),
        (3, 360, 1.25e-3, 0.883),
        (3, 600, 9.6e-3, None),
        (4, 7240, 1.29e-3, 0.879),
    ],
)
def test_gaussian_bit_error_is_that_of_the_notes(n, count, error, share):
    found = capacity.gaussian_bit_error(n, 100, count)
    assert found == pytest.approx(error, rel=0.01)  # to the digits given
    kept = capacity.stable_share(n, 100, count)
    assert kept == pytest.approx((1 - found) ** 100, rel=1e-12)
    if share is not None:
        assert kept == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize(("n", "count"), [(3, 150), (4, 600)])
def test_bits_of_random_memories_fail_about_as_often_as_the_gaussian_says(n, count):
    N, sets, rng = 50, 40, np.random.default_rng(5)
    seen = []
    for _ in range(sets):
        xi = rng.choice([-1, 1], (count, N)).astype(np.int64)
        h = xi @ xi.T
        for mu in range(8):
            z = h[:, mu, None] - xi * xi[mu]
            drive = np.sum(xi * gap(z, n, False), axis=0)
            seen.append(np.mean(drive * xi[mu] < 0))
    expected = capacity.gaussian_bit_error(n, N, count)
    stderr = np.std(seen) / len(seen) ** 0.5
    # the tail of a sum of few hundred heavy terms is up to a fifth off [DAM-08]
    assert abs(np.mean(seen) - expected) < 4 * stderr + 0.2 * expected


def test_one_memory_is_stable():
    assert capacity.gaussian_bit_error(3, 100, 1) == 0
    assert capacity.stable_share(3, 100, 1) == 1


# --- the classical and the exponential model ----------------------------------------


def test_classical_capacity_is_0_138():
    load, overlap = capacity.classical_capacity()
    assert load == pytest.approx(0.1379, abs=5e-5)
    assert overlap == pytest.approx(0.967, abs=5e-4)


@pytest.mark.parametrize("y", [0.8, 1.5, 2.5])
def test_classical_overlap_solves_the_equations_of_ags(y):
    # m = erf(m / sqrt(2 alpha r)), r = (1 - C)^-2, C = sqrt(2 / (pi alpha r)) e^(-y^2)
    load, overlap = capacity.classical_load(y), math.erf(y)
    spread = (overlap / y) ** 2 / 2  # alpha r
    c = math.sqrt(2 / (math.pi * spread)) * math.exp(-(y**2))
    assert load / (1 - c) ** 2 == pytest.approx(spread, rel=1e-12)


def test_exponential_law_counts_neighbours():
    N, K, draws = 12, 22, 20_000
    codes = np.random.default_rng(3).integers(0, 2**N, (draws, K))
    differ = codes[:, :, None] ^ codes[:, None, :]
    neighbours = (differ > 0) & (differ & (differ - 1) == 0)
    alone = np.mean(~np.any(neighbours, axis=(1, 2)))
    law = capacity.exponential_stable_share(N, K)
    # the law has K^2 for K (K - 1), and treats pairs as independent
    assert abs(alone - law ** (1 - 1 / K)) < 4 * math.sqrt(law * (1 - law) / draws)
    assert abs(alone - law) < 1 / K


@pytest.mark.parametrize("features", [10, 16, 60])
def test_half_of_the_sets_are_stable_at_the_half_count(features):
    K = capacity.exponential_half_count(features)
    assert capacity.exponential_stable_share(features, K) == pytest.approx(0.5)


def test_error_correcting_load_is_half_a_large_deviation_rate():
    assert capacity.error_correcting_load(0.0) == pytest.approx(math.log(2) / 2)
    assert capacity.error_correcting_load(0.5) == 0
    for radius in (0.1, 0.3):  # I is the rate of a sum of signs: a relative entropy
        entropy = stats.entropy([radius, 1 - radius], [0.5, 0.5])
        assert capacity.error_correcting_load(radius) == pytest.approx(entropy / 2)
    with pytest.raises(ValueError, match="radius must lie in"):
        capacity.error_correcting_load(0.6)


@pytest.mark.parametrize("call", [capacity.no_error_count, capacity.crosstalk_variance])
def test_capacities_need_a_vertex_of_two(call):
    with pytest.raises(ValueError, match="got n = 1 and 100 features"):
        call(1, 100)
    with pytest.raises(ValueError, match="two features"):
        call(2, 1)


def test_a_count_is_positive():
    with pytest.raises(ValueError, match="must be > 0"):
        capacity.bit_error(3, 100, 0)
    with pytest.raises(ValueError, match="must be >= 1"):
        capacity.gaussian_bit_error(3, 100, 0.5)
