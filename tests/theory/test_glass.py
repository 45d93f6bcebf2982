"""The p-spin glass at one step, and pairs of sites: each by a second route."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, optimize

from hopsim.theory import teacher_student as ts


SLOW: Any = {"marks": pytest.mark.slow}  # more of the same: in the slow tier


def by_quadrature(c, parisi, q, n):
    """f_1RSB by SciPy's adaptive quadrature, with nothing of hopsim's."""
    field = c * n * q ** (n - 1)
    z = lambda x: math.sqrt(field) * x
    weight = lambda x: math.exp(parisi * np.logaddexp(z(x), -z(x)) - x**2 / 2)
    whole, _ = integrate.quad(weight, -40, 40, points=[0.0], epsabs=0, limit=400)
    inside = math.log(whole / math.sqrt(2 * math.pi)) / parisi
    coupling = c / 2 * (1 + (parisi - 1) * q**n)
    return coupling - field / 2 * (1 + (parisi - 1) * q) + inside


# --- the glass -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "c", "parisi", "q"),
    [
        (3, 1.3, 0.9, 0.8),
        (3, 30.0, 0.2, 0.95),
        (10, 2.0, 0.7, 0.9),
        (20, 9.0, 1.0, 1.0),
    ],
)
def test_glass_free_entropy_is_its_integral(n, c, parisi, q):
    seen = ts.glass_free_entropy(c, parisi, q, n)
    assert seen == pytest.approx(by_quadrature(c, parisi, q, n), rel=1e-10)


@pytest.mark.parametrize(
    ("c", "free_entropy", "parisi", "q"),
    [
        (1.3, 1.341924, 0.93151, 0.83307),
        (1.5, 1.435028, 0.84625, None),
        (2.0, 1.646272, 0.70995, 0.89310),
        (4.0, 2.310051, 0.48681, None),
    ],
)
def test_glass_is_that_of_the_notes(c, free_entropy, parisi, q):
    seen = ts.glass_state(c, 3)
    assert seen.free_entropy == pytest.approx(free_entropy, abs=6e-7)
    assert seen.parisi == pytest.approx(parisi, abs=6e-6)
    assert q is None or seen.q == pytest.approx(q, abs=6e-6)


STATES = [(3, 2), (20, 5)]
STATES += [pytest.param(*state, **SLOW) for state in ((3, 1.2), (4, 40), (10, 1.5))]


@pytest.mark.parametrize(("n", "c"), STATES)
def test_glass_is_stationary(n, c):
    seen = ts.glass_state(c, n)
    gradient = jax.grad(ts.glass_free_entropy, argnums=(1, 2))
    slopes = gradient(float(c), seen.parisi, seen.q, n, jnp)
    assert np.allclose(slopes, 0, atol=1e-11 * c)
    value = ts.glass_free_entropy(c, seen.parisi, seen.q, n)
    assert seen.free_entropy == pytest.approx(value, rel=1e-12)


GRID = [
    pytest.param(3, 1.25, **SLOW),
    pytest.param(3, 3.0, **SLOW),
    pytest.param(4, 2.0, **SLOW),
    pytest.param(10, 1.6, **SLOW),
]


@pytest.mark.parametrize(("n", "c"), GRID)
def test_glass_is_the_least_of_a_grid_of_parisi_parameters(n, c):
    # plain iteration of the overlap at each m, the notes' way [THEORY TS 2.8.4]
    x = np.linspace(-12, 12, 4001)
    found = []
    for m in np.linspace(0.05, 1, 96):
        q = 1.0
        for _ in range(400):
            z = math.sqrt(c * n * q ** (n - 1)) * x
            log_weight = m * np.logaddexp(z, -z) - x**2 / 2
            weight = np.exp(log_weight - log_weight.max())
            q = float(weight @ np.tanh(z) ** 2 / weight.sum())
        found.append(float(ts.glass_free_entropy(c, float(m), max(q, 1e-12), n)))
    least = min(found)
    seen = ts.glass_state(c, n).free_entropy
    assert seen <= least + 1e-12
    assert least - seen < 1e-3  # the grid's step, squared
    assert seen < math.log(2) + c / 2


@pytest.mark.parametrize("n", [3, 4, 10, 20])
def test_glass_begins_where_the_nishimori_line_orders(n):
    seen, asked = ts.glass_boundaries(n), ts.nishimori_boundaries(n)
    assert seen == pytest.approx(asked, abs=1e-10)
    c = seen[1]
    below, above = ts.glass_state(c * (1 - 1e-9), n), ts.glass_state(c * (1 + 1e-9), n)
    assert below.parisi == 1
    assert above.parisi == pytest.approx(1, abs=1e-6)
    assert above.free_entropy == pytest.approx(below.free_entropy, abs=3e-9)  # c rose
    assert above.entropy == pytest.approx(below.entropy, abs=1e-8)


@pytest.mark.parametrize("n", [3, 4, 10])
@pytest.mark.parametrize("factor", [1.02, 1.3, 2.0])
def test_slope_at_the_liquid_is_the_gap_of_the_ferromagnet(n, factor):
    c = factor * ts.nishimori_boundaries(n)[0]
    line = ts.nishimori_solution(c, n)
    slope = jax.grad(ts.glass_free_entropy, argnums=1)(c, 1.0, line.q, n, jnp)
    assert float(slope) == pytest.approx(line.gap, abs=1e-12)


@pytest.mark.parametrize("n", [3, 4, 8])
def test_entropy_of_the_glass_is_a_derivative(n):
    # s = f - beta df/dbeta at fixed load, c ~ beta^2
    c, step = 2.5, 1e-4
    rise = (
        ts.glass_state(c + step, n).free_entropy
        - ts.glass_state(c - step, n).free_entropy
    )
    seen = ts.glass_state(c, n)
    slope = 2 * c * rise / (2 * step)
    assert seen.entropy == pytest.approx(seen.free_entropy - slope, abs=1e-6)


def test_ground_energy_is_the_limit_of_the_glass():
    assert ts.glass_ground_energy(3) == pytest.approx(-1.1502, abs=1e-3)
    many = ts.glass_ground_energy(40)
    assert many == pytest.approx(-math.sqrt(2 * math.log(2)), abs=1e-6)
    for n in (3, 4):
        found = []
        for temperature in (0.1, 0.05):
            seen = ts.glass_state(1 / temperature**2, n)
            found.append(-temperature * (seen.free_entropy - seen.entropy))
        # u(T) - e_0 ~ T^2 at the least
        limit = found[1] + (found[1] - found[0]) / 3
        assert ts.glass_ground_energy(n) == pytest.approx(limit, abs=2e-5)


# --- lines beside the glass ----------------------------------------------------------


@pytest.mark.parametrize(
    ("teacher", "temperature", "load"),
    [
        pytest.param(2.0, 1.0, 4.7271, **SLOW),
        pytest.param(2.0, 1.25, 4.7273, **SLOW),
        pytest.param(2.0, 1.5, 4.7222, **SLOW),
        pytest.param(2.0, 1.75, 4.7164, **SLOW),
        (2.0, 2.0, 4.7136),
        pytest.param(2.0, 2.5, 4.99456, **SLOW),
        (2.0, 4.0, 6.72592),
    ],
)
def test_lines_beside_the_glass_are_those_of_the_notes(teacher, temperature, load):
    seen = ts.typical_learning(temperature, 3, teacher)
    assert seen.load == pytest.approx(load, abs=6e-5)
    assert seen.entropy > 0
    assert not seen.spinodal
    _, beside_paramagnet = ts.learning_boundaries(temperature, 3, teacher)
    assert seen.load <= beside_paramagnet


@pytest.mark.parametrize(
    ("temperature", "load", "entropy"), [(0.5, 4.9181, -0.021), (0.75, 4.7577, -0.006)]
)
def test_cold_patterns_are_typical_where_they_exist(temperature, load, entropy):
    seen = ts.typical_learning(temperature, 3, 2.0)
    assert seen.spinodal
    assert seen.load == pytest.approx(load, abs=6e-5)
    assert seen.entropy == pytest.approx(entropy, abs=5e-4)


@pytest.mark.parametrize(
    ("temperature", "load"),
    [
        (0.1, 0.7856),
        pytest.param(0.25, 0.8251, **SLOW),
        (0.5, 0.8460),
        pytest.param(0.75, 0.8482, **SLOW),
        (1.0, 0.8016),
    ],
)
def test_storage_beside_the_glass_is_that_of_the_notes(temperature, load):
    seen = ts.typical_storage(temperature, 3)
    assert seen.load == pytest.approx(load, abs=6e-5)
    assert ts.typical_storage(1.6, 3).load == 0


@pytest.mark.parametrize(
    ("n", "temperature"),
    [(3, 1.1), pytest.param(4, 0.6, **SLOW), pytest.param(10, 1.3, **SLOW)],
)
def test_both_sides_of_a_corrected_line_have_one_free_entropy(n, temperature):
    # the pattern by plain iteration, at a load that the chart has found
    for seen, teacher in (
        (ts.typical_learning(temperature, n, 2.0), 2.0),
        (ts.typical_storage(temperature, n), None),
    ):
        c = seen.load / temperature**2
        if teacher is None:
            beta = 1 / temperature
            kept = ts.saddle_point(n, c, 0.0, beta=beta, start="example")
        else:
            c_s = seen.load / temperature / teacher
            kept = ts.saddle_point(n, c, c_s, start="ferro")
        glass = ts.glass_state(c, n).free_entropy
        assert kept.free_entropy == pytest.approx(glass, abs=1e-10)
        assert kept.entropy == pytest.approx(seen.entropy, abs=1e-9)


# --- pairs of sites ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("temperature", "ratio", "q"),
    [
        (3.0, 0.3, 0.063396),
        (3.0, 0.375, 0.147763),
        (3.0, 0.5, 0.265973),
        (3.0, 0.75, 0.443946),
        (3.0, 1.25, 0.664260),
        (4.0, 1.5, 0.213117),
        (4.0, 2.0, 0.370017),
        (4.0, 3.0, 0.581727),
        (4.0, 5.0, 0.799114),
    ],
)
def test_quadratic_overlaps_are_those_of_the_notes(temperature, ratio, q):
    assert ts.quadratic_overlap(ratio, temperature) == pytest.approx(q, abs=6e-7)


@pytest.mark.parametrize(("temperature", "ratio"), [(2.3, 0.1), (3.0, 0.6), (5.0, 9.0)])
def test_quadratic_overlap_maximises_its_free_entropy(temperature, ratio):
    q = ts.quadratic_overlap(ratio, temperature)
    free = lambda q: ts.quadratic_free_entropy(q, ratio, temperature, jnp)
    assert float(jax.grad(free)(q)) == pytest.approx(0, abs=1e-13)
    # on the Nishimori line the solution is the largest of all overlaps
    plain = lambda q: -float(ts.quadratic_free_entropy(q, ratio, temperature))
    found: Any = optimize.minimize_scalar(
        plain, bounds=(1e-6, 1 - 1e-6), method="bounded", options={"xatol": 1e-10}
    )
    assert q == pytest.approx(found.x, abs=1e-6)  # a maximum is flat


@pytest.mark.parametrize("temperature", [2.2, 3.0, 4.0, 7.0])
def test_quadratic_overlap_grows_from_its_threshold(temperature):
    threshold = ts.quadratic_threshold(temperature)
    assert threshold == pytest.approx((temperature / 2 - 1) ** 2, rel=1e-15)
    assert ts.quadratic_overlap(threshold, temperature) == 0
    assert ts.quadratic_overlap(0.5 * threshold, temperature) == 0
    seen = [
        ts.quadratic_overlap(threshold * (1 + e), temperature) for e in (1e-4, 2e-4)
    ]
    assert 0 < seen[0] < 1e-3
    assert seen[1] / seen[0] == pytest.approx(2, abs=1e-2)  # q ~ M/N - threshold


@pytest.mark.parametrize(
    ("ratio", "temperature"), [(0.04, 2.4), (0.49, 3.4), (0.16, 2.8)]
)
def test_quadratic_overlap_is_nothing_at_a_threshold_that_is_rounded(
    ratio, temperature
):
    assert ts.quadratic_overlap(ratio, temperature) == pytest.approx(0, abs=1e-12)
    more = ts.quadratic_overlap(ratio * (1 + 1e-12), temperature)
    assert more == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: ts.glass_state(-1.0, 3), "must be >= 0, got -1.0"),
        (lambda: ts.glass_state(1.0, 2), "n >= 3"),
        (lambda: ts.glass_curve(1.5, 3), r"\(0, 1\], got 1.5"),
        (lambda: ts.quadratic_overlap(1.0, 2.0), "misaligned teachers, T > 2, got"),
        (lambda: ts.quadratic_overlap(-1.0, 3.0), "must be >= 0, got -1.0"),
        (lambda: ts.quadratic_overlap(math.nan, 3.0), "must be >= 0, got nan"),
        (lambda: ts.quadratic_overlap(math.inf, 3.0), "got inf; give a finite"),
        (lambda: ts.quadratic_overlap(1.0, math.nan), "got temperature nan"),
        (lambda: ts.quadratic_overlap(1.0, math.inf), "got temperature inf"),
        (lambda: ts.quadratic_free_entropy(0.1, math.nan, 3.0), "got nan"),
    ],
)
def test_glass_and_pairs_say_what_they_are_of(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
