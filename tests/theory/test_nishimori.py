"""The Nishimori line of the teacher-student problem, each number by a second route."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from hopsim.theory import mean_field, teacher_student as ts
from hopsim.theory.teacher_student import _gauss, _vertex


VERTICES = [3, 4, 5, 6, 8, 10, 20]
# n: c_d, q_d, c_c, q_c, s(c_c), T_eR, m_eR, T_sp, alpha_triple [THEORY R1]
PRINTED = {
    3: [1.07625043, 0.643144, 1.17840396, 0.813518, 0.1039452,
        1.48790751, 0.948059, 1.74774873, 2.608832],
    4: [1.08638603, 0.814779, 1.31390508, 0.948088, 0.0361946,
        1.45179734, 0.990611, 1.98314521, 2.769338],
    10: [0.71151099, 0.963086, 1.38571032, 0.999688, 2.9202e-4,
         1.44269703, 0.999998, 3.64456882, 2.884182],
    20: [0.44388716, 0.986362, 1.38629394, 0.9999998, 2.11e-7,
         1.44269504, 1.0, 6.24320569, 2.885389],
}  # fmt: skip


def expectation(function, centre):
    """E f(x) by adaptive quadrature, told where the kink of tanh is."""
    weighted = lambda x: function(x) * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    tell = {"points": [min(max(centre, -11.9), 11.9)], "limit": 400}
    return quad(weighted, -12, 12, epsabs=2e-13, epsrel=1e-13, **tell)[0]


# --- averages ------------------------------------------------------------------------


INTEGRANDS = [
    math.tanh,
    lambda z: math.tanh(z) ** 2,
    lambda z: float(np.logaddexp(z, -z)),
]


@pytest.mark.parametrize("a", [0.0, 0.03, 0.3, 1.0, 1.9, 2.1, 5.0, 40.0])
@pytest.mark.parametrize("b", [0.0, 0.4, 6.0])
@pytest.mark.parametrize("f", INTEGRANDS)
def test_trapezoid_agrees_with_adaptive_quadrature(a, b, f):
    centre = -b / a if a else 0.0
    ours = _gauss.average(lambda x: np.vectorize(f)(a * x + b), a)
    # one point in the flat tails of |x| < 40 costs quad 1e-11 at a = 40
    assert ours == pytest.approx(expectation(lambda x: f(a * x + b), centre), abs=2e-11)


@pytest.mark.parametrize("a", [0.5, 1.0, 2.0, 4.0, 16.0, 64.0])
def test_trapezoid_is_so_fine_that_a_finer_one_agrees_to_rounding(a):
    f = lambda x: np.tanh(a * x + 1.3) ** 2
    assert _gauss.average(f, a) == pytest.approx(_gauss.average(f, 8 * a), abs=1e-14)


def test_squared_sech_keeps_its_digits():
    z = np.array([0.0, 1.0, -20.0, 300.0])
    assert np.allclose(_gauss.squared_sech(z), np.cosh(z) ** -2.0, rtol=1e-13, atol=0)


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, 1e9])
def test_averages_refuse_what_no_spacing_resolves(value):
    with pytest.raises(ValueError, match=r"zero\s+temperature"):
        _gauss.nodes(value)


# --- the polynomial of the replicas --------------------------------------------------


def test_power_couples_replicas_as_the_notes_say():
    assert _vertex.coefficients(3, "power") == {3: 1.0, 1: 1.5}
    assert _vertex.coefficients(4, "power") == {4: 1.0, 2: 3.0}
    assert _vertex.coefficients(5, "power") == {5: 1.0, 3: 5.0, 1: 1.875}


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_power_couples_replicas_as_correlated_gaussians_do(n):
    # Hermite: E[x^n y^n] / n! - (the constant) = zeta(q) for correlation q
    def hermite(k):
        x, w = np.polynomial.hermite_e.hermegauss(30)
        return (w / w.sum()) @ (
            x**n * np.polynomial.hermite_e.hermeval(x, k * [0] + [1])
        )

    for q in (0.3, 0.8):
        terms = [hermite(k) ** 2 * q**k / math.factorial(k) for k in range(1, n + 1)]
        assert sum(terms) / math.factorial(n) == pytest.approx(
            _vertex.zeta(q, n, "power"), rel=1e-11
        )


@pytest.mark.parametrize("hamiltonian", ["distinct", "power"])
@pytest.mark.parametrize("n", [3, 4, 7])
def test_derivatives_of_zeta_are_its_differences(n, hamiltonian):
    q, h = 0.6, 1e-5
    for k in (0, 1):
        up, down = (_vertex.zeta(q + s * h, n, hamiltonian, k) for s in (1, -1))
        slope = _vertex.zeta(q, n, hamiltonian, k + 1)
        assert (up - down) / (2 * h) == pytest.approx(slope, rel=1e-8)
    log_r, bend = _vertex.log_slope(np.asarray(q), n, hamiltonian)
    first, second = (_vertex.zeta(q, n, hamiltonian, k) for k in (1, 2))
    assert np.exp(log_r) == pytest.approx(first, rel=1e-13)
    assert bend == pytest.approx(second / first, rel=1e-13)


# --- boundaries ----------------------------------------------------------------------


@pytest.mark.parametrize("n", PRINTED)
def test_boundaries_are_those_of_the_notes(n):
    c_d, q_d, c_c, q_c, s_c, *_ = PRINTED[n]
    assert ts.nishimori_boundaries(n) == pytest.approx((c_d, c_c), abs=6e-9)
    assert ts.nishimori_overlap(c_d + 1e-8, n) == pytest.approx(q_d, abs=3e-4)
    at = ts.nishimori_solution(ts.nishimori_boundaries(n)[1], n)
    assert at.q == pytest.approx(q_c, abs=6e-7)
    assert at.entropy == pytest.approx(s_c, rel=2e-3, abs=6e-8)
    for c, ratio in ((c_d, "d"), (c_c, "c")):
        printed = {3: (0.681598, 0.651385), 4: (0.678411, 0.616883)}
        if n in printed:  # in units of J = sqrt(2 alpha)
            expected = printed[n]["dc".index(ratio)]
            assert 1 / math.sqrt(2 * c) == pytest.approx(expected, abs=6e-7)


@pytest.mark.parametrize("n", VERTICES)
def test_spinodal_is_the_least_signal_of_all_fields(n):
    found: Any = minimize_scalar(
        lambda u: ts.nishimori_curve(float(u), n).c,
        bounds=(0.5, 20.0), method="bounded", options={"xatol": 1e-9},
    )  # fmt: skip
    assert ts.nishimori_boundaries(n)[0] == pytest.approx(found.fun, abs=1e-12)


def plain_iteration(c, n, q=1.0, times=20000):
    """q <- Q(c n q^(n-1)), with other nodes than ours."""
    x = np.linspace(-9, 9, 1801)
    w = np.exp(-(x**2) / 2)
    w /= w.sum()
    u = 0.0
    for _ in range(times):
        u = c * n * q ** (n - 1)
        new = w @ np.tanh(u + math.sqrt(u) * x)
        if abs(new - q) < 1e-15:
            break
        q = new
    f = math.log(2) + c / 2 * (1 + q**n) - u / 2 * (1 + q)
    z = u + math.sqrt(u) * x
    return q, f + w @ (np.logaddexp(z, -z) - math.log(2))


@pytest.mark.parametrize("n", VERTICES)
def test_plain_iteration_sees_the_same_boundaries(n):
    c_d, c_c = ts.nishimori_boundaries(n)
    assert plain_iteration(c_d - 1e-4, n)[0] < 1e-6
    assert plain_iteration(c_d + 1e-6, n)[0] > 0.5
    for c in (c_c - 1e-3, c_c + 1e-3):
        q, f = plain_iteration(c, n)
        ours = ts.nishimori_solution(c, n)
        assert ours.q == pytest.approx(q, abs=1e-12)
        assert ours.free_entropy == pytest.approx(f, abs=1e-12)
        assert ours.gap == pytest.approx(f - math.log(2) - c / 2, abs=1e-12)
        assert (ours.gap > 0) == (c > c_c)


def test_boundaries_tend_to_those_of_infinitely_many_sites():
    assert ts.nishimori_boundaries(math.inf) == (0.0, 2 * math.log(2))
    off = [1 - ts.nishimori_boundaries(n)[1] / (2 * math.log(2)) for n in VERTICES]
    assert np.all(np.diff(off) < 0)
    assert off[5] == pytest.approx(4.21e-4, abs=1e-6)  # n = 10 [TS-02]
    c_d, c_c = ts.nishimori_boundaries(5000)
    assert c_c == pytest.approx(2 * math.log(2), abs=1e-14)
    assert 0 < c_d < 0.01


# --- overlaps, entropies -------------------------------------------------------------


def test_overlaps_are_those_of_the_notes():
    known = {1.08: 0.679047, 1.2: 0.827557, 1.5: 0.925166, 2.0: 0.974064, 3.0: 0.995669}
    c = np.array(list(known))
    found = ts.nishimori_overlap(c, 3)
    assert found == pytest.approx(list(known.values()), abs=6e-7)
    found = ts.nishimori_overlap(np.array([1.5, 2.0]), 4)
    assert found == pytest.approx([0.970939, 0.992034], abs=6e-7)
    assert ts.nishimori_overlap(1.0, 10) == pytest.approx(0.997246, abs=6e-7)
    low = ts.nishimori_overlap(np.array([1.2, 2.0, 3.0]), 3, "lower")
    assert low == pytest.approx([0.438653, 0.204231, 0.125878], abs=6e-7)
    assert ts.nishimori_overlap(2.0, 4, "lower") == pytest.approx(0.446310, abs=6e-7)


def test_gaps_and_entropies_are_those_of_the_notes():
    gaps = {1.0763: -0.022666, 1.1: -0.018544, 1.12: -0.014381, 1.2: 0.005970}
    for c, gap in (gaps | {2.0: 0.328275}).items():
        assert ts.nishimori_solution(c, 3).gap == pytest.approx(gap, abs=6e-7)
    for c, s in {1.5: 0.053770, 2.0: 0.021422}.items():
        assert ts.nishimori_solution(c, 3).entropy == pytest.approx(s, abs=6e-7)
    assert ts.nishimori_overlap(1.12, 3) == pytest.approx(0.760325, abs=6e-7)


@pytest.mark.parametrize("n", VERTICES)
def test_branches_hold_what_was_asked_for(n):
    c_d, _ = ts.nishimori_boundaries(n)
    c = c_d * np.array([0.5, 1.001, 1.1, 2.0, 7.0])
    for branch in ("upper", "lower"):
        q = ts.nishimori_overlap(c, n, branch)
        u = c[1:] * n * q[1:] ** (n - 1)
        for here, u_k, q_k in zip(c[1:], u, q[1:], strict=True):
            a = math.sqrt(u_k)
            mean = expectation(lambda x, a=a: math.tanh(a * (a + x)), -a)
            square = expectation(lambda x, a=a: math.tanh(a * (a + x)) ** 2, -a)
            # E tanh = E tanh^2 on the line
            assert (mean, square) == pytest.approx((q_k, q_k), abs=1e-12), here
    assert ts.nishimori_overlap(float(c[0]), n) == 0
    assert math.isnan(ts.nishimori_overlap(float(c[0]), n, "lower"))


@pytest.mark.parametrize("n", VERTICES)
def test_entropies_are_positive_fall_and_meet_at_the_transition(n):
    c_d, c_c = ts.nishimori_boundaries(n)
    s = ts.nishimori_solution(np.geomspace(c_d * 1.0001, 3.0, 60), n).entropy
    assert np.all(s > 0)
    assert np.all(np.diff(s) < 0)
    at = ts.nishimori_solution(c_c, n).entropy
    assert at == pytest.approx(math.log(2) - c_c / 2, abs=1e-12)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_slope_of_the_free_entropy_is_its_explicit_one(n):
    # d f/dc = [1 + q^n]/2 at a stationary point
    c, h = 1.6, 1e-4
    up, down = (ts.nishimori_solution(c + s * h, n).free_entropy for s in (1, -1))
    q = ts.nishimori_overlap(c, n)
    assert (up - down) / (2 * h) == pytest.approx((1 + q**n) / 2, abs=1e-8)


# --- the full power ------------------------------------------------------------------


def test_full_power_learns_without_a_threshold():
    known = {0.1: 0.1359, 0.2: 0.2624, 0.3: 0.3932, 0.5: 0.6583, 0.8: 0.8800}
    known |= {1.0: 0.9365, 1.5: 0.9845}
    found = ts.nishimori_overlap(np.array(list(known)), 3, hamiltonian="power")
    assert found == pytest.approx(list(known.values()), abs=6e-5)
    assert ts.nishimori_boundaries(3, "power") == (0.0, 0.0)
    assert ts.nishimori_boundaries(4, "power") == (1 / 6, 1 / 6)
    c = np.array([1 / 6 - 1e-4, 0.2, 0.25, 0.3, 0.5])
    found = ts.nishimori_overlap(c, 4, hamiltonian="power")
    assert found == pytest.approx([0, 0.213, 0.540, 0.741, 0.951], abs=6e-4)


@pytest.mark.parametrize("n", [6, 8, 11])
def test_full_power_jumps_between_two_ordered_states_for_many_sites(n):
    c_d, c_c = ts.nishimori_boundaries(n, "power")
    q = lambda c: ts.nishimori_overlap(c, n, hamiltonian="power")
    assert 0 < c_d < c_c < ts.nishimori_boundaries(n)[1]
    assert q(c_d * 1.001) > 0.5 > q(c_d * 0.999)
    barrier = ts.nishimori_overlap(c_c, n, "lower", "power")
    assert 0 < barrier < q(c_c)
    low = ts.nishimori_overlap(c_d * 0.999, n, hamiltonian="power")
    assert (low > 0) == (n % 2 == 1 or c_d > 1 / _vertex.zeta(0.0, n, "power", 2))


@pytest.mark.parametrize("n", [40, 48, 56, 101])
def test_full_power_of_many_sites_jumps_where_random_energies_do(n):
    c_d, c_c = ts.nishimori_boundaries(n, "power")
    limit = 2 * math.log(2) / _vertex.zeta(1.0, n, "power")
    assert c_c == pytest.approx(limit, rel=3e-7, abs=0)  # down to 1e-29
    assert 0 < c_d < c_c


# --- the teacher ---------------------------------------------------------------------


@pytest.mark.parametrize("n", PRINTED)
def test_teachers_align_where_the_notes_say(n):
    *_, t_er, m_er, t_sp, alpha = PRINTED[n]
    assert ts.alignment_temperature(n) == pytest.approx(t_er, abs=6e-9)
    assert ts.alignment_spinodal(n) == pytest.approx(t_sp, abs=6e-9)
    assert ts.alignment(ts.alignment_temperature(n), n) == pytest.approx(m_er, abs=6e-7)
    assert ts.triple_point(n) == pytest.approx((alpha, t_er), abs=6e-7)


@pytest.mark.parametrize("n", VERTICES)
def test_teachers_align_where_their_own_free_energy_says(n):
    # f(m) = beta m^n + s(m) of one pattern, written out again
    def f(m, beta):
        s = -sum(p * math.log(p) for p in ((1 + m) / 2, (1 - m) / 2) if p > 0)
        return beta * m**n + s

    t = ts.alignment_temperature(n)
    m = ts.alignment(t, n)
    assert f(m, 1 / t) == pytest.approx(math.log(2), abs=1e-12)
    assert m == pytest.approx(math.tanh(n * m ** (n - 1) / t), rel=1e-13)
    spinodal: Any = minimize_scalar(
        lambda h: -n * math.tanh(h) ** (n - 1) / h, bounds=(0.3, 20), method="bounded",
        options={"xatol": 1e-10},
    )  # fmt: skip
    assert ts.alignment_spinodal(n) == pytest.approx(-spinodal.fun, abs=1e-10)


def test_aligned_teachers_have_the_overlaps_of_the_notes():
    for t, m in {1.0: 0.99473388, 1.2: 0.98438933, 1.4: 0.96316169}.items():
        assert ts.alignment(t, 3) == pytest.approx(m, abs=6e-9)
    assert ts.alignment(ts.alignment_spinodal(3), 3) > 0.7


def test_limits_of_many_sites_are_random_energies():
    assert ts.alignment_temperature(math.inf) == 1 / math.log(2)
    assert abs(ts.alignment_temperature(10) * math.log(2) - 1) < 3e-6
    assert ts.triple_point(math.inf) == pytest.approx((2.885390, 1.442695), abs=6e-7)
    assert ts.alignment_temperature(2) == 2
    assert mean_field.spinodal(3) * ts.alignment_spinodal(3) == pytest.approx(3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: ts.nishimori_boundaries(2), r"integers n >= 3 \(or inf\), got n = 2"),
        (lambda: ts.nishimori_boundaries(3.5), "got n = 3.5"),
        (lambda: ts.nishimori_overlap(0.0, 3), "must be > 0, got 0.0"),
        (lambda: ts.nishimori_overlap(math.nan, 3), "must be > 0, got nan"),
        (lambda: ts.nishimori_curve(0.0, 3), "field u must be > 0"),
        (lambda: ts.alignment(0.0, 3), "temperature must be > 0, got 0.0"),
        (lambda: ts.alignment(1.8, 3), "aligned up to T = 1.74775, got 1.8"),
        (lambda: ts.alignment_temperature(2.5), "an integer >= 2, got 2.5"),
        (lambda: ts.alignment_temperature(math.nan), "an integer >= 2, got nan"),
        (lambda: ts.nishimori_boundaries(math.nan), "got n = nan"),
        (lambda: ts.triple_point(2), "integers n >= 3"),
    ],
)
def test_line_says_what_it_is_of(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
