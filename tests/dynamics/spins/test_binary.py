"""The binary memory: sweeps against exact integers, energies and brute force."""

import decimal
import functools as ft
import itertools
import math
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import hopsim
from hopsim import lagrangians as L, patterns
from hopsim._common.clock import watch
from hopsim._common.streams import Stream
from hopsim.dynamics import Binary
from hopsim.dynamics.spins.exact_decisions import energy, Exact, is_exact
from hopsim.dynamics.spins.relaxation import relax
from hopsim.models import model_b
from hopsim.network import Network
from hopsim.trajectory import Ending


ENGINES = ("cpu", "lockstep")
each_engine = pytest.mark.parametrize(
    "engine",  # in lockstep each network is a program of its own
    ["cpu", pytest.param("lockstep", marks=pytest.mark.slow)],
)
RULES = ("energy_gap", "cavity_field", "local_field")
slow = lambda *values: pytest.param(*values, marks=pytest.mark.slow)
EACH_RULE = pytest.mark.parametrize("rule", [RULES[0], *map(slow, RULES[1:])])
LAYERS = {
    "x": L.Polynomial(1),
    "x^2": L.Polynomial(2),
    "x^3": L.Polynomial(3),
    "x^4": L.Polynomial(4),
    "x^20": L.Polynomial(20),
    "x^100": L.Polynomial(100),
    "rectified x": L.RectifiedPolynomial(1),
    "rectified x^3": L.RectifiedPolynomial(3),
    "rectified x^60": L.RectifiedPolynomial(60),
    "leaky, falling": L.LeakyRectifiedPolynomial(5, -0.3),
    "leaky, rising": L.LeakyRectifiedPolynomial(20, 0.3),
    "exp": L.Exponential(0.7),
    "log-sum-exp": L.LogSumExp(0.5),
    "rescaled": L.Rescaled(L.RectifiedPolynomial(4), inside=1 / 30, outside=7.5),
}
EXACT = ("x^3", "x^20", "rectified x^3", "leaky, falling")
P2 = L.Polynomial(2)
FEATURES, STARTS = 30, 16  # one size for all: compiled programs are shared


def network(layer, count, features=FEATURES, seed=0, **parts) -> Network:
    memories = patterns.random_binary(seed, count, features)
    return Network(memories, L.AbsoluteValue(), layer, **parts)


def starts(features=FEATURES, count=STARTS, seed=5):
    return patterns.random_binary(seed, count, features)


@pytest.fixture(scope="module", autouse=True)
def kernels():
    """What walks, compiled once; a fresh checkout keeps none on disk."""
    for name in ("x^3", "exp"):
        relax(network(LAYERS[name], 2), Binary(), starts()[:1], max_sweeps=1)


def exactly(network, dynamics, starts, key, sweeps=20):
    """Every start in Python integers, by the same orders."""
    exact, ends = Exact(network, dynamics.rule), []
    for s in np.asarray(starts).astype(int):
        for t in range(sweeps):
            order = np.arange(len(s))
            if dynamics.order == "permutation":
                order = Stream(key).child("order", t).generator().permutation(len(s))
            s, flips, _ = exact.sweep(s, order)
            if not flips:
                break
        ends.append(s)
    return np.stack(ends)


FIELDS = ("x^3", "x^20", "rectified x", "leaky, falling", "exp")  # by all three rules
CASES = [(k, "energy_gap") for k in LAYERS]
CASES += [(k, r) for k in FIELDS for r in RULES[1:]]


def sweeps_decide_as_exact_integers(name, rule, engines, some, counts=(2, 7, 60)):
    # few memories: ties and near ties everywhere; many: sums beyond 2^24
    for count in counts:
        one = network(LAYERS[name], count)
        ends = exactly(one, Binary(rule=rule), some, 3)
        for how in engines:
            sweeps: Any = {"key": 3, "max_sweeps": 20, "engine": how}
            found = relax(one, Binary(rule=rule), some, **sweeps)
            assert np.array_equal(found.final, ends), how


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rule"), CASES)
def test_sweeps_decide_as_exact_integers(name, rule):
    sweeps_decide_as_exact_integers(name, rule, ENGINES, starts())


@pytest.mark.slow
def test_both_engines_decide_as_exact_integers():
    sweeps_decide_as_exact_integers("exp", "local_field", ENGINES, starts(), (7,))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        pytest.param(*case, marks=[] if case[1] == RULES[0] else pytest.mark.slow)
        for case in CASES
    ],
)
def test_walks_decide_as_exact_integers(name, rule):
    sweeps_decide_as_exact_integers(name, rule, ["cpu"], starts()[:4])


@pytest.mark.parametrize(
    ("layer", "features", "count"),
    [
        slow(L.Polynomial(100), 784, 40),
        slow(L.RectifiedPolynomial(100), 784, 40),
        slow(L.Polynomial(5), 100, 2000),
        slow(L.RectifiedPolynomial(20), 100, 2000),
        (L.LeakyRectifiedPolynomial(100, -0.01), 100, 200),
        slow(L.Exponential(1.0), 784, 40),
    ],
)
def test_large_networks_decide_as_exact_integers(layer, features, count):
    one = network(layer, count, features)
    near = patterns.corrupted(1, np.asarray(one.memories)[:2], flipped=0.3)
    some = np.concatenate([near, starts(features, 2)])
    dynamics = Binary(order="sequential")
    ends = exactly(one, dynamics, some, 0, sweeps=2)
    for how in ENGINES:
        found = relax(one, dynamics, some, max_sweeps=2, engine=how)
        assert np.array_equal(found.final, ends), how


@pytest.mark.parametrize(
    "layer",
    [
        slow(L.Polynomial(60)),
        L.RectifiedPolynomial(100),
    ],
)
def test_twin_memories_whose_leading_terms_cancel(layer):
    parents = patterns.random_binary(0, 4, 100)
    twins = patterns.corrupted(1, parents, flipped=0.03)
    one = Network(np.concatenate([parents, twins]), L.AbsoluteValue(), layer)
    # the last of three bits from the twin: at the others both are equally near
    some = parents.copy()
    for start, twin in zip(some, twins, strict=True):
        other = np.flatnonzero(start != twin)[-1]
        start[other] = twin[other]
    ends = exactly(one, Binary(order="sequential"), some, 0, sweeps=5)
    for how in ENGINES:
        found = relax(one, Binary(order="sequential"), some, max_sweeps=5, engine=how)
        assert np.array_equal(found.final, ends), how
        assert found.doubtful.sum() > 0  # or the case would not be the hard one


# --- the energy, by a route without incremental inputs --------------------------------


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    count=st.integers(1, 8),
    name=st.sampled_from(EXACT),
)
def test_no_flip_raises_the_exact_energy(seed, count, name):
    one = network(LAYERS[name], count, features=12, seed=seed)
    s = starts(12, 1, seed + 1)
    states = []
    relax(one, Binary(), s, key=seed, watch=lambda _, now: states.append(now.copy()))
    energies = [energy(one, now[0]) for now in states]
    assert all(b <= a for a, b in itertools.pairwise(energies))
    for (a, x), (b, y) in itertools.pairwise(zip(energies, states, strict=True)):
        assert b < a or np.array_equal(x, y)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    count=st.integers(1, 8),
    name=st.sampled_from(EXACT),
)
def test_each_visit_is_decided_by_two_energies(seed, count, name):
    """Inputs that are carried along decide as energies formed anew at every visit."""
    one = network(LAYERS[name], count, features=12, seed=seed)
    s = starts(12, 1, seed + 1)
    found = relax(one, Binary(order="sequential"), s, max_sweeps=3)
    now = s[0].astype(int)
    for _ in range(3):
        before = now.copy()
        for i in range(12):
            other = now.copy()
            other[i] *= -1
            if energy(one, other) < energy(one, now):
                now = other
        if (now == before).all():
            break
    assert np.array_equal(found.final[0], now)


@pytest.mark.parametrize(
    "name", ["x^3", "leaky, falling", *map(slow, ("x^2", "x^4", "rectified x^3"))]
)
def test_all_states_of_a_small_network(name):
    """Over all 2^10 states: those at rest are those that no single flip lowers."""
    features = 10
    one = network(LAYERS[name], 6, features)
    every = 2 * np.array(list(itertools.product((0, 1), repeat=features))) - 1
    found = relax(one, Binary(order="synchronous"), every.astype(float), max_sweeps=1)
    still = np.all(found.final == every, axis=1)
    levels = {tuple(s): energy(one, s) for s in every}
    lowest = []
    for s in every:
        turned = np.where(np.eye(features, dtype=bool), -s, s)
        lowest.append(all(levels[tuple(t)] >= levels[tuple(s)] for t in turned))
    assert np.array_equal(still, lowest)
    assert 0 < still.sum() < len(every)
    ends = relax(one, Binary(), every.astype(float), max_sweeps=50)
    assert ends.converged.all()
    minima = {tuple(s) for s in every[still]}
    assert {tuple(s) for s in ends.final} <= minima


# --- the same results, however they are computed --------------------------------------


@pytest.mark.parametrize(
    "order",
    [
        "permutation",
        slow("random"),
        slow("synchronous"),
    ],
)
def test_chunks_devices_and_precision_change_nothing(order):
    one, some = network(L.Polynomial(3), 40), starts(count=50)
    dynamics = Binary(order=order, tie="random")
    first = relax(one, dynamics, some, key=1, max_sweeps=10)
    alone = {"devices": jax.devices()[:1]}
    changes: list[Any] = [{"chunk": 8}, {"precision": "float64"}, alone]
    lockstep = {"engine": "lockstep"}
    for changed in [*changes, lockstep, *(lockstep | other for other in changes)]:
        other = relax(one, dynamics, some, key=1, max_sweeps=10, **changed)
        for name in ("final", "sweeps", "flips", "ties", "ending"):
            assert np.array_equal(getattr(first, name), getattr(other, name)), name
    part = relax(one, dynamics, some[:7], key=1, max_sweeps=10)
    assert np.array_equal(part.final, first.final[:7])


def test_padding_is_neutral():
    """Networks of one padded size share a program, and decide as if alone."""
    for count in (57, 64):
        for features in (17, 30):
            one = network(L.Polynomial(3), count, features)
            some = starts(features)
            dynamics = Binary(order="sequential")
            found = relax(one, dynamics, some, max_sweeps=20, engine="lockstep")
            ends = exactly(one, dynamics, some[:4], 0)
            assert np.array_equal(found.final[:4], ends)


# --- conventions ----------------------------------------------------------------------


def test_ties_go_where_they_are_told():
    # one memory, two spins, x^1: no drive but the current's, which is zero
    one = Network(
        np.array([[1.0, 1.0], [1.0, -1.0]]), L.AbsoluteValue(), L.Polynomial(1)
    )
    s = np.array([[1.0, -1.0], [-1.0, -1.0]])
    ends = {
        t: relax(one, Binary(tie=t), s, max_sweeps=3).final
        for t in ("keep", "+1", "-1")
    }
    # spin 0 has the drive 4, spin 1 none
    assert np.array_equal(ends["keep"], [[1, -1], [1, -1]])
    assert np.array_equal(ends["+1"], [[1, 1], [1, 1]])
    assert np.array_equal(ends["-1"], [[1, -1], [1, -1]])


def test_coins_of_ties_are_fair_and_reproducible():
    memories = np.array([[1.0, 1.0], [1.0, -1.0]])
    one = Network(memories, L.AbsoluteValue(), L.Polynomial(1))
    s = np.ones((4000, 2))
    draw = lambda key: relax(one, Binary(tie="random"), s, key=key, max_sweeps=1).final
    assert np.array_equal(draw(0), draw(0))
    heads = np.sum(draw(0)[:, 1] > 0)
    assert abs(heads - 2000) < 5 * np.sqrt(1000)  # 5 sigma
    assert not np.array_equal(draw(0), draw(1))


def test_a_cycle_of_two_is_found_and_told():
    # two spins that repel: at once, each follows the other's past for ever
    one = Network(np.array([[1.0, -1.0]]), L.AbsoluteValue(), L.Polynomial(2))
    found = relax(one, Binary(order="synchronous"), np.ones((1, 2)), max_sweeps=50)
    assert found.ending[0] == Ending.CYCLE
    assert found.sweeps[0] <= 3
    assert relax(one, Binary(), np.ones((1, 2))).converged.all()


def test_rest_under_random_visits_is_rest():
    one, some = network(L.Polynomial(3), 20), starts()
    found = relax(one, Binary(order="random"), some, max_sweeps=50)
    assert found.converged.all()
    at_once = relax(one, Binary(order="synchronous"), found.final, max_sweeps=1)
    assert np.array_equal(at_once.final, found.final)


def test_too_few_sweeps_are_told():
    one, some = network(L.Polynomial(2), 60), starts()
    found = relax(one, Binary(), some, max_sweeps=1)
    assert np.all(found.ending[found.flips > 0] == Ending.UNSETTLED)


def test_clamped_spins_stay_and_count():
    one = network(L.RectifiedPolynomial(3), 5)
    held = np.arange(FEATURES) < 10
    for values in (1.0, 0.3):  # spins; and real numbers, by the floating route
        some = np.where(held, values, starts())
        found = relax(one, Binary(order="sequential"), some, clamped=held)
        assert np.all(found.final[:, held] == values)
        assert found.converged.all()
        for s in found.final.astype(float):
            gap = np.asarray(one.energy_gap(s))
            assert np.all(gap[~held] * s[~held] >= 0)


@EACH_RULE
def test_currents_join_the_drive(rule):
    current = 30.0 * patterns.gaussian(7, 1, FEATURES)[0]
    one = network(L.Polynomial(3), 9, current=current, autapse=2.5)
    dynamics = Binary(order="sequential", rule=rule)
    found = relax(one, dynamics, starts(), max_sweeps=20)
    assert np.array_equal(found.final, exactly(one, dynamics, starts(), 0))
    without = relax(network(L.Polynomial(3), 9), dynamics, starts(), max_sweeps=20)
    assert not np.array_equal(found.final, without.final)


# --- what has no exact form: real memories, own functions -----------------------------


class Quartic(L.AbstractAdditiveLagrangian):
    """F(x) = x^4 + x^2, as a user would write it."""

    convex = True
    smooth = True
    degree = None

    def interaction(self, x):
        return x**4 + x**2

    def activation(self, x):
        return 4 * x**3 + 2 * x

    def bracket(self, x):
        return jnp.sum(3 * x**4 + x**2)


@EACH_RULE
def test_an_own_interaction_function(rule):
    one = network(Quartic(), 9)
    assert not is_exact(one)
    dynamics = Binary(order="sequential", rule=rule)
    found = relax(one, dynamics, starts(), max_sweeps=20)
    xi = np.asarray(one.memories).astype(int)
    F, f = lambda x: x**4 + x**2, lambda x: 4 * x**3 + 2 * x
    for s, end in zip(starts().astype(int), found.final, strict=True):
        for _ in range(20):
            before = s.copy()
            for i in range(FEATURES):
                x = xi @ s
                z = x - xi[:, i] * s[i]
                drive = {
                    "energy_gap": np.sum(F(z + xi[:, i]) - F(z - xi[:, i])),
                    "cavity_field": np.sum(xi[:, i] * f(z)),
                    "local_field": np.sum(xi[:, i] * f(x)),
                }[rule]
                s[i] = np.sign(drive) or s[i]
            if (s == before).all():
                break
        assert np.array_equal(end, s)


@pytest.mark.parametrize(
    "layer",
    [
        L.RectifiedPolynomial(3),
        pytest.param(L.Polynomial(20), marks=pytest.mark.slow),
        pytest.param(L.Exponential(0.5), marks=pytest.mark.slow),
    ],
)
def test_real_memories_take_the_floating_route(layer):
    memories = patterns.gaussian(0, 9, FEATURES)
    one = Network(memories, L.AbsoluteValue(), layer, hidden_current=0.1)
    found = relax(one, Binary(order="sequential"), starts(), max_sweeps=50)
    assert found.converged.all()
    assert not found.exact.any()
    for s in found.final.astype(float):
        assert np.all(np.asarray(one.energy_gap(s)) * s >= 0)
    # the first sweep of one start, by exact fractions of the same floats
    if not isinstance(layer, L.Exponential):
        xi = [[Fraction(float(x)) for x in row] for row in np.asarray(one.memories)]
        J = Fraction(float(one.hidden_current[0]))
        s = [int(x) for x in starts()[0]]
        for i in range(FEATURES):
            phi = []
            for value in (1, -1):
                s_now = [*s[:i], value, *s[i + 1 :]]
                inputs = [sum(map(lambda a, b: a * b, row, s_now)) + J for row in xi]
                phi.append(sum(layer.rational(x) for x in inputs))
            s[i] = 1 if phi[0] > phi[1] else -1 if phi[0] < phi[1] else s[i]
        first = relax(one, Binary(order="sequential"), starts(), max_sweeps=1)
        assert first.final[0].tolist() == s


def test_never_a_nan_turned_into_a_state():
    """An own function that overflows everywhere decides nothing, and says so."""

    class Huge(Quartic):
        def interaction(self, x):
            return jnp.exp(100 * x**2 + 800)

    found = relax(network(Huge(), 5), Binary(), starts(), max_sweeps=3)
    assert np.array_equal(found.final, starts())  # nothing was certain: nothing moved
    assert np.all(found.ties == FEATURES)


# --- simulate -------------------------------------------------------------------------


def test_simulate_spins_with_its_certificate():
    one = network(L.Polynomial(3), 5)
    path = hopsim.simulate(one, Binary(), starts(), duration=30.0, samples=31, key=2)
    found = relax(one, Binary(), starts(), max_sweeps=30, key=2)
    assert np.array_equal(path.final, found.final)
    assert path.converged.all()
    assert path.promise.kind == "binary"
    assert np.all(np.diff(path.energy, axis=1) <= 0)
    certificate = hopsim.certify(one, path)
    assert certificate.promised
    assert np.all(certificate.holds)
    assert np.allclose(path.energy[:, -1], [float(energy(one, s)) for s in found.final])
    assert path.v is not None
    assert np.array_equal(path.v[:, 0], starts())


def test_what_is_not_promised_is_told():
    one = network(L.Polynomial(3), 200)
    for dynamics in (Binary(rule="local_field"), Binary(order="synchronous")):
        path = hopsim.simulate(one, dynamics, starts(), duration=20.0)
        assert not path.promise.given
        rose = hopsim.certify(one, path)
        assert str(rose).startswith("not promised")
    assert not np.all(rose.falls)  # some spins that move at once climb


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"starts": np.zeros((2, FEATURES))}, r"must be \+1 or -1"),
        ({"max_sweeps": 0}, "max_sweeps"),
        (
            {"starts": np.full((1, FEATURES), 2.0), "clamped": np.ones(FEATURES, bool)},
            r"lie in \[-1, 1\]",
        ),
        ({"starts": np.full((1, FEATURES), np.nan)}, "row 0 holds nan in column 0"),
    ],
)
def test_bad_input_is_refused(change, says):
    arguments = {"starts": starts()} | change
    with pytest.raises(ValueError, match=says):
        relax(network(L.Polynomial(2), 3), Binary(), **arguments)


def test_what_spins_cannot_do_is_told():
    with pytest.raises(ValueError, match="LogSumExp without"):
        relax(
            model_b(patterns.random_binary(0, 3, 8), current=1.0),
            Binary(),
            np.ones((1, 8)),
        )
    one = network(L.Polynomial(2), 3)
    with pytest.raises(ValueError, match="left out for spins"):
        hopsim.simulate(one, Binary(), starts(), duration=5.0, step=0.1)


@pytest.mark.slow
def test_one_program_for_like_shapes():
    """Counts that are padded alike, and all currents, share a compiled sweep."""
    dynamics = Binary(order="sequential")
    how: Any = {"engine": "lockstep"}
    relax(network(L.Polynomial(3), 40), dynamics, starts(), **how)
    with watch() as clock:
        relax(network(L.Polynomial(3), 60), dynamics, starts(), **how)
        relax(network(L.Polynomial(3), 50, current=1.0), dynamics, starts(), **how)
    assert clock.programs == 0
    with watch() as clock:
        relax(network(L.Polynomial(3), 90), dynamics, starts(), **how)
    assert clock.programs > 0


# --- what rounding could hide ---------------------------------------------------------


def slowly(network, s, rate, sweeps=3):
    """Exponentials and a current, in decimals of 400 digits, spin after spin."""
    xi, current = np.asarray(network.memories).astype(int), network.current
    with decimal.localcontext() as context:
        context.prec = 400
        rate, s = decimal.Decimal(rate), s.astype(int).copy()
        exp = ft.cache(lambda x: (rate * x).exp())
        for _ in range(sweeps):
            for i in range(len(s)):
                z = xi @ s - xi[:, i] * s[i]
                drive = 2 * decimal.Decimal(float(current[i]))
                for y, w in zip(z.tolist(), xi[:, i].tolist(), strict=True):
                    drive += exp(y + w) - exp(y - w)
                s[i] = s[i] if drive == 0 else (1 if drive > 0 else -1)
    return s


@pytest.fixture(scope="module")
def beside():
    """Networks of exponentials and a current, a start, and where it goes, slowly."""
    rng, cases = np.random.default_rng(3), []
    for rate, features, count in ((5.0, 20, 3), (1.0, 60, 4)):
        xi = 2.0 * rng.integers(0, 2, (count, features)) - 1
        current = 0.1 * rng.normal(size=features)
        one = Network(xi, L.AbsoluteValue(), L.Exponential(rate), current)
        some = -xi[:1]  # all inputs but one are small, and that one is -N
        cases.append((one, some, slowly(one, some[0], rate)))
    return cases


@each_engine
def test_a_current_beside_exponentials_of_every_size(engine, beside):
    for one, some, end in beside:
        order = Binary(order="sequential")
        found = relax(one, order, some, max_sweeps=3, engine=engine)
        assert np.array_equal(found.final[0], end)


@each_engine
def test_float32_networks_decide_in_float64_where_in_doubt(engine):
    # the drive is -1.5e-8 of its terms: float32 values would give it the other sign
    current = np.array([-0.4596879, 5], np.float32)
    layer = L.Exponential(np.asarray(0.326, np.float32))
    one = Network(np.ones((1, 2), np.float32), L.AbsoluteValue(), layer, current)
    found = relax(
        one, Binary(order="sequential"), np.array([[-1.0, 1.0]]), engine=engine
    )
    assert np.array_equal(found.final, [[-1, 1]])


@each_engine
def test_a_current_may_dwarf_the_memories(engine):
    xi = patterns.random_binary(0, 5, 800)
    layer = L.Exponential(1.0).normalised(800)
    one = Network(xi, L.AbsoluteValue(), layer, current=0.5)
    found = relax(one, Binary(), starts(800, 2), engine=engine)
    assert np.all(found.final == 1)
    assert not found.ties.any()


@each_engine
def test_currents_that_vanish_in_floating_point_still_decide(engine):
    tiny = np.zeros(40)
    tiny[0] = 5e-324  # the rest of the drive is an exact tie
    xi = np.ones((2, 40))
    xi[1, 0] = -1
    one = Network(xi, L.AbsoluteValue(), L.Polynomial(11), tiny)
    some = np.where(np.arange(40) == 0, -1.0, np.ones((1, 40)))
    held = np.arange(40) > 0
    order = Binary(order="sequential")
    assert relax(one, order, some, clamped=held, engine=engine).final[0, 0] == 1
    # both are rounded by the same factor, to the same number, and differ
    layer = L.Rescaled(L.Polynomial(2), outside=1.5118216247002567)
    current = np.array([1.9504636963259354, 9, -9])
    xi = np.array([[1.0, 1, -1], [-1, 1, 1]])
    one = Network(xi, L.AbsoluteValue(), layer, current, autapse=1.9504636963259352)
    order = Binary(order="sequential", rule="local_field", tie="-1")
    found = relax(one, order, np.ones((1, 3)), max_sweeps=1, engine=engine)
    ends, _, _ = Exact(one, "local_field").sweep(np.ones(3, int), np.arange(3))
    assert np.array_equal(found.final[0], ends)


def test_rest_under_random_visits_is_rest_by_the_tie_rule():
    one = Network(np.array([[1.0] * 4, [-1.0, 1, 1, 1]]), L.AbsoluteValue(), P2)
    some = np.array([[-1.0, 1, 1, 1]])  # the first spin has no drive
    for key in range(8):
        found = relax(one, Binary(order="random", tie="+1"), some, key=key)
        assert found.converged.all()
        assert found.final[0, 0] == 1


class Roots(Quartic):
    """Known exactly at squares alone."""

    def rational(self, x):
        root = math.isqrt(abs(int(x)))
        return Fraction(root) if root**2 == x else None


def test_functions_that_are_rational_at_some_inputs_take_the_floating_way():
    one = network(Roots(), 9)
    assert not is_exact(one)
    assert relax(one, Binary(), starts()).converged.all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_sweeps": 0}, "whole number"),
        ({"chunk": -1}, "whole number"),
        ({"devices": []}, "one device"),
    ],
)
def test_bad_options_are_told(options, message):
    with pytest.raises(ValueError, match=message):
        relax(network(P2, 3), Binary(), starts(), **options)


def test_factors_that_have_underflowed_are_told():
    none = L.Rescaled(L.Polynomial(4), outside=1e-300)
    one = Network(np.ones((1, 3)), L.AbsoluteValue(), none, current=1e100)
    with pytest.raises(ValueError, match="finite in units"):
        relax(one, Binary(), np.ones((1, 3)))
    small = L.Rescaled(L.Polynomial(4), inside=1e-81)
    one = Network(np.ones((1, 3)), L.AbsoluteValue(), small, current=1.0)
    with pytest.raises(ValueError, match="normal number"):
        relax(one, Binary(), np.ones((1, 3)))
