"""Saddle points off the Nishimori line and their lines, each by a second route."""

import math
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from hopsim.theory import teacher_student as ts


SOLUTIONS: dict[str, Any] = {  # start, c, c_s, beta
    "ferro": ("ferro", 1.5, 1.3, 0.0),
    "on the line": ("ferro", 1.2, 1.2, 0.0),
    "ferro beside an example": ("ferro", 1.0, 1.4, 0.3),
    "example": ("example", 0.8, 0.3, 1.0),
    "glass": ("glass", 3.0, 0.2, 0.0),
    "para": ("para", 1.0, 1.0, 0.5),
    "cold": ("ferro", 96.0, 30.0, 0.0),
}


def gradient(x, c, c_s, n, beta=0.0, hamiltonian="distinct"):
    def f(x):
        more: Any = {"beta": beta, "hamiltonian": hamiltonian, "xp": jnp}
        return ts.free_entropy(x[0], x[1], x[2], c, c_s, n, **more)

    return np.asarray(jax.grad(f)(jnp.asarray(x)))


# the paramagnet of the full power: no solution, or with a slope of 0/0 at q = 0
KINDS = [(k, h) for k in SOLUTIONS for h in ("distinct", "power")]
KINDS.remove(("para", "power"))


@pytest.mark.parametrize("n", [3, 4, pytest.param(6, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("kind", "hamiltonian"), KINDS)
def test_free_entropy_is_stationary_at_every_kind_of_solution(kind, n, hamiltonian):
    start, c, c_s, beta = SOLUTIONS[kind]
    if hamiltonian == "power":
        c, c_s = 0.3 * c, 0.3 * c_s
    found = ts.saddle_point(n, c, c_s, beta=beta, start=start, hamiltonian=hamiltonian)
    assert found.converged
    slope = gradient(found[:3], c, c_s, n, beta, hamiltonian)
    assert slope == pytest.approx([0, 0, 0], abs=1e-10)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_barrier_of_the_line_is_stationary_too(n):
    c = 1.3 * ts.nishimori_boundaries(n)[0]
    q = ts.nishimori_overlap(c, n, "lower")
    assert gradient([q, q, 0.0], c, c, n) == pytest.approx([0, 0, 0], abs=1e-12)


@pytest.mark.parametrize(("n", "c"), [(3, 1.2), (3, 2.0), (4, 1.5), (10, 1.0)])
@pytest.mark.parametrize("branch", ["upper", "lower"])
def test_energy_on_the_line_is_minus_alpha_beta(n, c, branch):
    # -u = df/dbeta at fixed load and teacher, for c = alpha beta^2, c_s ~ beta; T = 1
    q = ts.nishimori_overlap(c, n, branch)
    bound = math.sqrt(2 * c * n)
    f = lambda beta: ts.free_entropy(
        q, q, 0.0, c * beta**2, c * beta, n, xp=jnp, scale=bound
    )
    assert float(jax.grad(f)(1.0)) == pytest.approx(c, abs=1e-12)


def test_solutions_off_the_line_are_those_of_the_notes():
    known = {  # T_s = 4, alpha = 24: q*, q, f, s [THEORY R4]
        1.0: (0.943393, 0.984571, 6.135750, 0.004285),
        6.0: (0.880547, 0.845103, 1.063185, 0.116158),
    }
    for t, values in known.items():
        found = ts.saddle_point(3, 24 / t**2, 24 / t / 4)
        seen = (found.q_star, found.q, found.free_entropy, found.entropy)
        assert seen == pytest.approx(values, abs=1e-6)
    assert ts.saddle_point(3, 1.5, 1.5).q_star == pytest.approx(0.925166, abs=6e-7)
    for t, mpm in {2.0: 0.948207, 4.0: 0.950304, 6.0: 0.948377}.items():
        found = ts.saddle_point(3, 24 / t**2, 24 / t / 4)
        assert found.mpm == pytest.approx(mpm, abs=6e-7)


def test_sign_of_the_mean_does_best_at_the_teachers_temperature():
    at = lambda t: -ts.saddle_point(3, 24 / t**2, 24 / t / 4).mpm
    found: Any = minimize_scalar(
        at, bounds=(2, 8), method="bounded", options={"xatol": 1e-6}
    )
    assert found.x == pytest.approx(4, abs=1e-3)
    overlaps = [ts.saddle_point(3, 24 / t**2, 6 / t).q_star for t in (6, 4, 2, 1)]
    assert np.all(np.diff(overlaps) > 0)  # of one student: colder is better


@pytest.mark.slow  # a claim as well
def test_glass_appears_where_the_notes_say():
    found = [ts.glass_spinodal(n) for n in (3, 4, 10)]
    assert [c for c, _ in found] == pytest.approx([2.1268, 3.55485, 11.20798], abs=6e-6)
    assert found[0][1] == pytest.approx(0.3570, abs=6e-5)
    for n, (c, _) in zip((3, 4, 10), found, strict=True):
        assert ts.saddle_point(n, c * (1 + 1e-5), 0.0, start="glass").q > 0.3
        assert ts.saddle_point(n, c * (1 - 1e-5), 0.0, start="glass").q < 1e-10


@pytest.mark.parametrize("n", [3, 4, 7])
@pytest.mark.parametrize(("c", "beta"), [(0.5, 1.0), (0.9, 1.2), (3.0, 2.5)])
def test_examples_are_kept_as_a_pattern_with_beta_for_its_signal(n, c, beta):
    kept = ts.saddle_point(n, c, 0.4, beta=beta, start="example")
    learnt = ts.saddle_point(n, c, beta)
    assert kept.m == pytest.approx(learnt.q_star, abs=1e-12)
    assert kept.q == pytest.approx(learnt.q, abs=1e-12)
    assert kept.free_entropy == pytest.approx(learnt.free_entropy, abs=1e-12)
    assert abs(kept.q_star) < 1e-12


def test_state_evolution_ends_on_the_side_of_the_barrier_where_it_starts():
    barrier = ts.nishimori_overlap(2.0, 3, "lower")
    q = ts.nishimori_overlap(2.0, 3)
    assert ts.state_evolution(barrier - 1e-6, 2.0, 3, 200)[-1] == 0
    assert ts.state_evolution(barrier + 1e-6, 2.0, 3, 200)[-1] == pytest.approx(q)
    assert ts.state_evolution(1.0, 2.0, 3, 3).shape == (4,)
    power = ts.state_evolution(0.0, 0.5, 3, 200, hamiltonian="power")
    assert power[-1] == pytest.approx(0.6583, abs=6e-5)


# --- zero temperature ----------------------------------------------------------------


def test_zero_temperature_thresholds_are_those_of_the_notes():
    rows = {3: (1.408059, 1.321753, 0.756571), 4: (1.589666, 1.263519, 0.791440)}
    for n, (y, learn, store) in rows.items():
        assert ts.zero_threshold(n)[0] == pytest.approx(y, abs=6e-7)
        assert ts.learning_load(1.0, n) == pytest.approx(learn, abs=6e-7)
        assert ts.storage_load(n) == pytest.approx(store, abs=6e-7)
    # y is flat at its least value: the notes' 0.838476 and 0.917923 are 6e-6 and 1e-6
    # off the root of erf(t) = (n-1) t erf'(t)
    for n, x in {3: 0.838476, 4: 0.917923}.items():
        assert ts.zero_threshold(n)[1] == pytest.approx(x, abs=8e-6)


@pytest.mark.parametrize("n", [3, 4, 8])
def test_zero_temperature_solutions_solve_their_equations(n):
    load = 2 * ts.learning_load(2.0, n)
    found = ts.zero_solution(load, n, teacher_temperature=2.0)
    argument = load / 2 * n * found.q_star ** (n - 1) / math.sqrt(2 * load * n)
    assert math.erf(argument) == pytest.approx(found.q_star, abs=1e-12)
    kept = ts.zero_solution(0.5, n, start="example")
    argument = n * kept.m ** (n - 1) / math.sqrt(2 * 0.5 * n)
    assert math.erf(argument) == pytest.approx(kept.m, abs=1e-12)
    assert ts.zero_solution(1.01 * ts.storage_load(n), n, start="example").m == 0


def test_cold_students_tend_to_those_at_zero_temperature():
    zero = ts.zero_solution(6.0, 3, teacher_temperature=2.0)
    assert zero.q_star == pytest.approx(0.938043, abs=6e-7)
    assert zero.energy == pytest.approx(-3.069133, abs=6e-7)
    off = []
    for t in (0.1, 0.05, 0.025):
        cold = ts.saddle_point(3, 6 / t**2, 3 / t)
        off.append(cold.q_star - zero.q_star)
        assert cold.energy * t == pytest.approx(zero.energy, abs=0.1 * t)
    assert off[1] == pytest.approx(0.938958 - 0.938043, abs=2e-6)
    assert off[0] / off[1] == pytest.approx(2, abs=0.15)  # first order in T
    assert off[1] / off[2] == pytest.approx(2, abs=0.07)


# --- lines and regimes ---------------------------------------------------------------

FIXED_TEACHER = {  # T: alpha_d, alpha_c beside the paramagnet; T_s = 2 [THEORY R4]
    0.5: (4.91810, math.inf),
    1.0: (4.61595, math.inf),
    1.25: (4.49514, 8.40230),
    1.5: (4.39855, 5.61481),
    1.75: (4.33158, 4.86848),
    2.0: (4.30499, 4.71362),
    2.5: (4.46514, 4.99456),
    3.0: (4.87013, 5.51251),
    4.0: (5.88532, 6.72592),
}
STORED = {  # T: alpha_d, alpha_c
    0.1: (0.78559, 0.18614),
    0.25: (0.82509, 0.41493),
    0.5: (0.87969, 0.68475),
    0.75: (0.91777, 0.83253),
    1.0: (0.92606, 0.80158),
    1.25: (0.80485, 0.49577),
    1.4: (0.62302, 0.19894),
}


@pytest.mark.parametrize("t", FIXED_TEACHER)
def test_lines_at_a_fixed_teacher_are_those_of_the_notes(t):
    found = ts.learning_boundaries(t, 3, 2.0)
    assert found == pytest.approx(FIXED_TEACHER[t], abs=2e-5)


@pytest.mark.parametrize("t", STORED)
def test_lines_of_stored_examples_are_those_of_the_notes(t):
    assert ts.storage_boundaries(t, 3) == pytest.approx(STORED[t], abs=1e-5)


SLOW = [pytest.param(n, marks=pytest.mark.slow) for n in (4, 5, 6, 8, 10, 20, 200)]


@pytest.mark.parametrize("n", [3, 70, *SLOW])
def test_lines_pass_through_the_nishimori_point_and_the_tip(n):
    c = ts.nishimori_boundaries(n)
    assert ts.learning_boundaries(1.0, n, 1.0) == pytest.approx(c, abs=1e-11)
    for k in (0, 1):  # the tip: alpha = T = 1/c
        alpha = ts.storage_boundaries(1 / c[k], n)[k]
        assert alpha == pytest.approx(1 / c[k], abs=1e-11)


SLOW = [pytest.param(*x, marks=pytest.mark.slow) for x in ((3, 3.0), (4, 1.4))]


@pytest.mark.parametrize(("n", "ratio"), [(3, 0.6), (10, 0.8), *SLOW])
def test_lines_are_where_the_equations_are_singular_and_the_phases_equal(n, ratio):
    spinodal, transition = ts.learning_boundaries(ratio, n, 1.0)
    c = transition / ratio**2
    found = ts.saddle_point(n, c, c * ratio)
    assert found.free_entropy == pytest.approx(math.log(2) + c / 2, abs=1e-10)
    for shift, there in ((1e-4, True), (-1e-4, False)):
        c = spinodal * (1 + shift) / ratio**2
        assert (ts.saddle_point(n, c, c * ratio).q_star > 0.1) == there


@pytest.mark.parametrize("n", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_cold_lines_end_at_those_of_zero_temperature(n):
    low = [ts.learning_boundaries(t, n, 1.0)[0] for t in (0.1, 0.05)]
    assert 2 * low[1] - low[0] == pytest.approx(ts.learning_load(1.0, n), rel=2e-3)
    low = [ts.storage_boundaries(t, n)[0] for t in (0.1, 0.05)]
    assert 2 * low[1] - low[0] == pytest.approx(ts.storage_load(n), rel=2e-3)


def test_chart_and_iteration_are_one():
    c, c_s = 1.7, 1.5
    found = ts.saddle_point(4, c, c_s)
    a = math.sqrt(c * 4 * found.q**3)
    at = ts.chart(a, c_s * 4 * found.q_star**3, 4)
    known = (c, c_s, found.q_star, found.q)
    assert at[:4] == pytest.approx(known, abs=1e-11)
    gap = found.free_entropy - math.log(2) - c / 2
    assert at.gap == pytest.approx(gap, abs=1e-11)


def test_folds_of_the_chart_are_differences_of_its_signals():
    a, b, h = 1.3, 1.9, 1e-5
    log = lambda a, b: np.log(np.array(ts.chart(a, b, 3)[:2]))
    by_a = (log(a + h, b) - log(a - h, b)) / (2 * h)
    by_b = (log(a, b + h) - log(a, b - h)) / (2 * h)
    expected = by_a[0] * by_b[1] - by_a[1] * by_b[0]
    assert ts.chart(a, b, 3).fold == pytest.approx(expected, abs=1e-8)


def plain_regime(alpha, t, n):
    """The label of one cell, by iteration."""
    if t < 1 / math.log(2) + 0.05 and t < ts.alignment_temperature(n):
        return "eR"
    found = ts.saddle_point(n, alpha / t**2, alpha / t**2)
    if found.q_star < 0.1:
        return "P"
    return "gR" if found.free_entropy > math.log(2) + alpha / t**2 / 2 else "lR"


@pytest.mark.parametrize("n", [3, 10])
def test_regimes_on_the_line_are_those_of_plain_iteration(n):
    load, t = np.linspace(0.3, 9, 12), np.linspace(0.4, 4, 10)
    found = ts.regimes(load, t, n)
    assert found.shape == (10, 12)
    names = [[plain_regime(a, x, n) for a in load] for x in t]
    assert np.array(ts.REGIMES)[found].tolist() == names


def test_regimes_at_a_fixed_teacher_know_glass_and_stored_examples():
    at = lambda load, t: ts.REGIMES[int(ts.regimes(load, t, 3, 2.0)[0, 0])]
    assert [at(0.5, 0.5), at(0.9, 0.5), at(5.5, 0.5)] == ["eR", "SG", "lR"]
    assert [at(1.0, 3.0), at(5.0, 3.0), at(6.0, 3.0)] == ["P", "lR", "gR"]
    chosen = ts.regimes(4.72, 1.5, 3, 2.0, typical=lambda t: 4.7)
    assert ts.REGIMES[int(chosen[0, 0])] == "gR"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: ts.saddle_point(2, 1.0, 1.0), "integers n >= 3"),
        (lambda: ts.saddle_point(3, 0.0, 1.0), "Finite c > 0"),
        (lambda: ts.saddle_point(3, 1.0, -1.0), "c_s = -1.0"),
        (lambda: ts.saddle_point(3, 1.0, 1.0, start="example"), "give beta > 0"),
        (lambda: ts.state_evolution(1.5, 1.0, 3, 5), r"overlap in \[0, 1\]"),
        (lambda: ts.zero_solution(0.0, 3), "load must be > 0"),
        (lambda: ts.learning_load(-1.0, 3), "teacher_temperature must be > 0"),
        (lambda: ts.learning_boundaries(0.01, 3, 2.0), "is below T_s/50"),
        (lambda: ts.storage_boundaries(0.001, 3), "too low for the quadrature"),
        (lambda: ts.storage_boundaries(0.0, 3), "temperature must be > 0"),
        (lambda: ts.storage_boundaries(1.0, 1000), "too low for the quadrature at n"),
        (lambda: ts.learning_boundaries(1.0, 1001, 1.0), "known up to n = 1000"),
        (lambda: ts.chart(0.0, 1.0, 3), "fields a > 0 and b > 0"),
        (lambda: ts.saddle_point(3, 1.0, 1.0, start=(1.0, -0.1, 0.0)), "with q >= 0"),
        (lambda: ts.saddle_point(3, 1.0, 1.0, start=(math.nan, 1.0, 0.0)), "got .nan"),
        (lambda: ts.regimes(1.0, 1.0, 3, 1.4), "aligned below T_eR = 1.48791, got"),
        (lambda: ts.regimes(0.0, 1.0, 3), "loads > 0 and temperatures > 0"),
    ],
)
def test_replica_theory_says_what_it_is_of(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


WORDS = {  # a call with a wrong word or number: the message
    'ts.overlap_law(3, 10, 1.0, "x")': "hamiltonian must be one of",
    'ts.overlap_law(3, 10, 1.0, basin="x")': "basin must be one of",
    "ts.overlap_law(3, 10.5, 1.0)": "features must be an integer >= 1, got 10.5",
    "ts.aligned_overlap(2.5, 1.0, 3)": "examples must be an integer >= 0, got 2.5",
    'ts.nishimori_boundaries(3, "x")': "hamiltonian must be one of",
    'ts.nishimori_overlap(1.5, 3, "x")': "branch must be one of",
    "ts.nishimori_overlap(1.5, math.inf)": "integers n >= 3, got n = inf",
    'ts.saddle_point(3, 1.0, 1.0, start="x")': "start must be one of",
    'ts.saddle_point(3, 1.0, 1.0, hamiltonian="x")': "hamiltonian must be one of",
    'ts.zero_solution(1.0, 3, start="para")': "start must be one of",
}


def test_wrong_words_are_refused_where_no_types_are_checked():
    code = f"""
import math
from hopsim.theory import teacher_student as ts
for call in {list(WORDS)}:
    try:
        print(eval(call))
    except ValueError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    said = done.stdout.splitlines()
    for message, line in zip(WORDS.values(), said, strict=True):
        assert message in line
