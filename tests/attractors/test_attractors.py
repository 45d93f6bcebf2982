"""Attractors: found once each, certified, classified, and none lost on the way."""

import functools as ft
from typing import Any

import numpy as np
import pytest

import hopsim
import hopsim.attractors
from hopsim import lagrangians
from hopsim.attractors import polish
from hopsim.attractors.clusters import clusters
from hopsim.attractors.distinct_roots import belong
from hopsim.dynamics import Adiabatic, Binary, Pulse, Sharp, TwoLayer
from hopsim.spectrum import hessians


FEATURES = 8
rng = np.random.default_rng


def normal(seed, count, features=FEATURES):
    return rng(seed).standard_normal((count, features))


def orthogonal(count, length=2.0):
    return length * np.eye(count, FEATURES)


def within(coordinates):
    """Three states, given by their first coordinates: one program serves all flows."""
    return np.stack([*coordinates, *np.zeros((FEATURES, 3))][:FEATURES], axis=1)


def counted(found):
    """Shares of a table with those of the unconverged."""
    table = found.table
    return float(table["fraction"].sum()) + float(table["unconverged_fraction"])


@ft.cache
def census(name):
    """One census for each network, with the probes and what was found."""
    binary = rng(1).choice([-1.0, 1.0], (3, FEATURES))
    networks = {
        "B": (hopsim.model_b(orthogonal(3), beta=2.0), TwoLayer(0.1)),
        "mean": (hopsim.model_b(orthogonal(3), beta=0.3), TwoLayer(0.1)),
        "A with autapse": (
            hopsim.model_a(binary, lagrangians.Polynomial(4), beta=6.0, autapse=0.3),
            TwoLayer(0.5),
        ),
        "C": (hopsim.model_c(binary), Adiabatic()),
        "sharp": (hopsim.model_a(binary), Sharp()),
        "binary": (hopsim.model_a(binary), Binary()),
    }
    network, dynamics = networks[name]
    probes = normal(2, 56)
    probes = np.sign(probes) if name == "binary" else probes
    flow = {"duration": 300.0, "eigenvalues": name not in ("sharp", "binary")}
    return hopsim.find_attractors(network, dynamics, probes, **flow), probes


slowly = ft.partial(pytest.param, marks=pytest.mark.slow)
FLOWS = ("B", "mean", slowly("A with autapse"), slowly("C"))
NAMES = (*FLOWS, "sharp", "binary")


@pytest.fixture(scope="module")
def name(request):
    """The name of a census that has been made."""
    census(request.param)
    return request.param


# --- Newton's method ------------------------------------------------------------------


def test_polish_of_one_memory_in_model_b_is_that_memory():
    xi = normal(3, 1)
    found = polish(hopsim.model_b(xi), xi + 0.5)
    np.testing.assert_allclose(found.v, xi, rtol=1e-14)
    assert found.converged.all()


def test_polish_is_safe_where_the_jacobian_is_singular():
    # two memories at beta = 4 / D^2: a pitchfork at their mean, R = -v^3 / 3 + ...
    network = hopsim.model_b(np.array([[1.0, 0.0], [-1.0, 0.0]]), beta=1.0)
    start = np.array([[0.1, 0.2], [0.0, 0.0]])
    found = polish(network, start)
    assert np.all(np.isfinite(found.v))
    assert np.all(found.residual < 1e-8)
    assert found.converged[1]
    np.testing.assert_allclose(found.v, 0, atol=3e-3)


def test_polish_of_signs_says_only_what_is_at_rest():
    network = hopsim.model_a(rng(1).choice([-1.0, 1.0], (3, FEATURES)))
    target = np.asarray(network.local_field(np.sign(network.memories[0])))
    start = np.stack([0.5 * target, -target])
    found = polish(network, start)
    assert found.converged[0]
    np.testing.assert_allclose(found.v[0], target, rtol=1e-15)
    assert not found.converged[1]
    np.testing.assert_array_equal(found.v[1], start[1])


def test_polish_refuses_what_are_no_states():
    network = hopsim.model_b(orthogonal(2))
    with pytest.raises(ValueError, match=r"shape \(state, 8\)"):
        polish(network, np.zeros((2, 7)))
    with pytest.raises(ValueError, match="finite"):
        polish(network, np.full((1, 8), np.nan))


# --- points told apart ----------------------------------------------------------------


def test_clusters_are_those_of_all_pairs():
    """Well-separated centres, with copies much nearer than the tolerance."""
    centres = normal(4, 40, 5)
    owner = rng(5).integers(0, 40, 2000)
    points = centres[owner] + 1e-9 * normal(6, 2000, 5)
    found = clusters(points, 1e-6)
    _, label = np.unique(found, return_inverse=True)
    pairs = set(zip(owner.tolist(), label.tolist(), strict=True))
    assert len(pairs) == len(set(owner)) == len(set(label))


def test_points_beyond_the_tolerance_are_never_merged():
    # dense points: chains of neighbours, as near as the tolerance
    points = rng(7).uniform(0, 1, (1000, 2))
    found = clusters(points, 0.05)
    assert np.all(np.linalg.norm(points - points[found], axis=1) <= 0.05)
    leaders = points[np.unique(found)]
    away = np.linalg.norm(leaders[:, None] - leaders, axis=-1)
    assert np.min(away[~np.eye(len(leaders), dtype=bool)]) > 0.05


def test_points_are_told_apart_by_what_stands_beside_them():
    points = np.zeros((3, 2))
    beside = np.array([[0.0], [1.0], [1.0]])
    np.testing.assert_array_equal(clusters(points, 1.0, beside, 0.5), [0, 1, 1])


def test_points_have_tolerances_of_their_own():
    """A small one is not swallowed by the tolerance of a large one near it."""
    points = np.array([[0.0, 0.0], [1e-9, 0.0], [1e3, 0.0], [1e3 + 1e-4, 0.0]])
    tolerance = 1e-6 * np.linalg.norm(points, axis=1) + 1e-12
    np.testing.assert_array_equal(clusters(points, tolerance), [0, 1, 2, 2])


def test_an_end_between_two_roots_belongs_to_neither():
    # beta slightly above 4 / D^2: two minima at +-d about the saddle 0
    network = hopsim.model_b(np.array([[1.0, 0.0], [-1.0, 0.0]]), beta=1.1)
    d = polish(network, np.array([[0.6, 0.0]])).v[0]
    ends = np.array([1.001, 0.9, 0.5, 0.1, 0.0])[:, None] * d
    found = belong(network, np.asarray(1.0), ends, np.repeat(d[None], 5, 0))
    np.testing.assert_array_equal(found, [True, True, False, False, False])


# --- the census -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [*FLOWS, "sharp", pytest.param("binary", marks=pytest.mark.slow)],
    indirect=True,
)
def test_every_probe_is_counted_once(name):
    found, probes = census(name)
    table = found.table
    assert counted(found) == pytest.approx(1, abs=1e-14)
    assert int(table["hits"].sum()) + int(table["unconverged"]) == len(probes)
    for k in range(table.sizes["attractor"]):
        assert int(table["hits"][k]) == np.sum(found.labels == k)
    inside = (table["fraction_low"] <= table["fraction"]).all()
    assert bool(inside & (table["fraction"] <= table["fraction_high"]).all())


@pytest.mark.parametrize("name", NAMES, indirect=True)
def test_rows_are_distinct_points_of_rest(name):
    table = census(name)[0].table
    assert float(table["residual"].max()) <= 1e-12
    v = table["v"].values
    away = np.linalg.norm(v[:, None] - v, axis=-1)[~np.eye(len(v), dtype=bool)]
    assert not away.size or np.min(away) > 1e-6


@pytest.mark.parametrize("name", FLOWS, indirect=True)
def test_eigenvalues_of_attractors_are_those_of_the_jacobian(name):
    """Closed form against LAPACK on autodiff; real, and negative iff stable."""
    import jax
    import jax.numpy as jnp

    found, _ = census(name)
    network, table = found.network, found.table
    motion: Any = found.dynamics
    free = jnp.ones(FEATURES, bool)
    two = isinstance(motion, TwoLayer)

    def field(x):
        state = (x[:FEATURES], x[FEATURES:]) if two else (x,)
        return jnp.concatenate(motion.field(network, state, free))

    jacobian = jax.jit(jax.jacfwd(field))
    for k in np.flatnonzero(table["kind"].values != "singular"):
        v = jnp.asarray(table["v"].values[k])
        h = network.memory_input(network.feature_lagrangian.activation(v))
        j = np.asarray(jacobian(jnp.concatenate([v, h]) if two else v))
        values = np.linalg.eigvals(j)
        size = float(np.linalg.norm(j, 2))
        assert np.max(np.abs(np.imag(values))) <= 1e-10 * size
        told = table["eigenvalues"].values[k]
        np.testing.assert_allclose(np.sort(np.real(values)), told, atol=1e-10 * size)
        assert int(table["index"][k]) == np.sum(told > 0)
        assert bool(table["stable"][k]) == (told.max() < 0)


@pytest.fixture
def with_a_mass(motion):
    """The attractors of graded neurons with an autapse, under a given motion."""
    network = census("A with autapse")[0].network
    return hopsim.find_attractors(
        network, motion, 4 * normal(2, 8), duration=300.0, eigenvalues=True
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "motion",
    [
        Adiabatic(tau_memory=0.5),
        Adiabatic(tau_memory=np.linspace(0.1, 3, 3)),
        Adiabatic(np.linspace(1, 2, FEATURES), tau_memory=2.0),
    ],
)
def test_eigenvalues_with_a_mass_are_those_of_the_pencil(with_a_mass, motion):
    r"""$R' x = \lambda (\tau_f + \xi^T\tau_h H_h\xi H_v) x$, by SciPy."""
    from scipy.linalg import eigvals

    network, table = with_a_mass.network, with_a_mass.table
    xi = np.asarray(network.memories)
    mean = np.mean(motion.tau_feature)
    tau_f = np.broadcast_to(motion.tau_feature / mean, FEATURES)
    tau_h = np.broadcast_to(motion.tau_memory / mean, 3)
    for v, told in zip(table["v"].values, table["eigenvalues"].values, strict=True):
        g = np.asarray(network.feature_lagrangian.activation(v))
        on_v, on_h = (np.asarray(x) for x in hessians(network, v, xi @ g))
        loop = (xi.T @ on_h @ xi - 0.3 * np.eye(FEATURES)) @ on_v - np.eye(FEATURES)
        mass = np.diag(tau_f) + xi.T @ (tau_h[:, None] * on_h) @ xi @ on_v
        expected = np.sort(np.real(np.asarray(eigvals(loop, mass))))
        np.testing.assert_allclose(told, expected, rtol=1e-9, atol=1e-10)


@pytest.fixture(scope="module")
def odd_power():
    """The attractors of two layers with an odd power."""
    own, motion = rng(1).choice([-1.0, 1.0], (2, 5)), TwoLayer(0.1)
    network = hopsim.model_a(
        own, lagrangians.Polynomial(3), beta=3.0, current=-0.3 * own[0]
    )
    return hopsim.find_attractors(
        network, motion, normal(2, 20, 5), duration=300.0, eigenvalues=True
    )


@pytest.mark.slow
def test_odd_powers_of_two_layers_are_judged_by_their_own_jacobian(odd_power):
    """Where L_h is not convex eigenvalues may be complex, and gains tell nothing."""
    import jax
    import jax.numpy as jnp

    network, motion = odd_power.network, odd_power.dynamics
    own = np.asarray(network.memories)
    table, free = odd_power.table, jnp.ones(5, bool)
    field = lambda x: jnp.concatenate(motion.field(network, (x[:5], x[5:]), free))
    jacobian = jax.jit(jax.jacfwd(field))
    assert "eigenvalues_imag" in table
    for k, v in enumerate(table["v"].values):
        x = np.append(v, own @ np.tanh(3.0 * v))
        values = np.linalg.eigvals(np.asarray(jacobian(x)))
        told = table["eigenvalues"].values[k]
        np.testing.assert_allclose(told, np.sort(np.real(values)), atol=1e-9)
        imag = np.sort(table["eigenvalues_imag"].values[k])
        np.testing.assert_allclose(imag, np.sort(np.imag(values)), atol=1e-9)
        assert int(table["index"][k]) == np.sum(np.real(values) > 0)


def test_large_odd_powers_of_two_layers_are_refused():
    network = hopsim.model_a(np.ones((2047, 2)), lagrangians.Polynomial(3), beta=3.0)
    with pytest.raises(ValueError, match=r"convex.*2048 neurons at most"):
        hopsim.find_attractors(network, TwoLayer(0.1), np.ones((1, 2)), duration=50.0)


@pytest.mark.parametrize(
    "name", [slowly("A with autapse"), "B", slowly("C")], indirect=True
)
def test_largest_gains_of_lanczos_are_those_of_the_matrix(name):
    import equinox as eqx

    from hopsim.spectrum import largest_loop_gains, loop_gains

    network = census(name)[0].network
    v = 0.2 * normal(8, 1)[0]
    h = np.asarray(network.memory_input(network.feature_lagrangian.activation(v)))
    dense = np.asarray(eqx.filter_jit(loop_gains)(network, v, h))
    few = np.asarray(eqx.filter_jit(largest_loop_gains)(network, v, h))
    np.testing.assert_allclose(few[0], dense[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "name", [slowly("A with autapse"), "B", slowly("C"), "sharp"], indirect=True
)
def test_starts_at_attractors_have_their_own_label(name):
    found, probes = census(name)
    stable = np.flatnonzero(found.table["stable"].values)
    states = np.concatenate([found.table["v"].values[stable], probes])
    labels = hopsim.label_basins(found, states)  # of one size with the census
    np.testing.assert_array_equal(labels, [*stable, *found.labels])


def test_where_a_state_flows_that_the_table_does_not_know_has_no_label():
    network = hopsim.model_b(orthogonal(3), beta=2.0)
    own = np.asarray(network.memories)
    probes = np.repeat(own[:1], 56, 0)
    found = hopsim.find_attractors(network, TwoLayer(0.1), probes, duration=300.0)
    # memories flow too: all three are in the table, hit or not
    assert found.number == 3
    np.testing.assert_array_equal(found.table["hits"].values, [56, 0, 0])
    nowhere = np.zeros((59, FEATURES))  # of one size with the census
    assert hopsim.label_basins(found, nowhere)[0] == -1  # the mean, a saddle


# --- against closed forms -------------------------------------------------------------


@pytest.mark.slow
def test_one_memory_of_model_b_is_the_only_attractor():
    xi = normal(9, 1)
    found = hopsim.find_attractors(
        hopsim.model_b(xi, beta=3.0), Adiabatic(), normal(2, 56), duration=300.0
    )
    (kind,) = found.table["kind"].values
    assert kind == "memory"
    np.testing.assert_allclose(found.table["v"].values, xi, atol=1e-12)
    # E = |v|^2/2 - xi.v, and nothing is unstable: Cov of one memory is zero
    expected = -0.5 * np.sum(xi**2)
    np.testing.assert_allclose(found.table["energy"].values, expected, rtol=1e-12)
    assert float(found.table["s_max"][0]) <= 1e-7
    assert int(found.table["hits"][0]) == 56


def test_orthogonal_memories_of_model_b_follow_the_potts_equation():
    r"""$b (Kp - 1)/(K - 1) = \ln[p (K - 1)/(1 - p)]$ with $b = \beta M^2$. [CL-23]"""
    from scipy.optimize import brentq

    found, _ = census("B")
    table, b, count = found.table, 2.0 * 4, 3
    odds = lambda p: p * (count - 1) / (1 - p)
    potts = lambda p: b * (count * p - 1) / (count - 1) - np.log(odds(p))
    p = float(np.asarray(brentq(potts, 0.9, 1 - 1e-12)))
    assert list(table["kind"].values) == ["memory"] * 3
    np.testing.assert_allclose(np.max(table["f"].values, 1), p, rtol=1e-10)
    rest = (1 - p) / (count - 1)
    share = np.array([p, rest, rest])
    cov = np.diag(share) - np.outer(share, share)
    gain = b * np.max(np.linalg.eigvalsh(cov))
    np.testing.assert_allclose(table["s_max"].values ** 2, gain, rtol=1e-9)


def test_soft_attention_leaves_the_mean_of_a_simplex():
    table = census("mean")[0].table
    assert list(table["kind"].values) == ["global average"]
    np.testing.assert_allclose(
        table["v"].values[0], orthogonal(3).mean(axis=0), atol=1e-12
    )
    np.testing.assert_allclose(float(table["s_max"][0]) ** 2, 0.3 * 4 / 3, rtol=1e-9)
    assert bool(table["members"].all())


@pytest.mark.slow
def test_an_attractor_at_the_origin_is_one():
    """Where v is nothing but rounding: a centred simplex below its threshold."""
    angle = 2 * np.pi * np.arange(3) / 3
    own = within([np.cos(angle), np.sin(angle)])
    network = hopsim.model_b(own, beta=1.5)
    found = hopsim.find_attractors(network, Adiabatic(), normal(2, 56), duration=300.0)
    assert list(found.table["kind"].values) == ["global average"]
    assert int(found.table["hits"][0]) == 56
    np.testing.assert_allclose(found.table["v"].values, 0, atol=1e-10)
    # Cov = 1/2 at equal weights
    np.testing.assert_allclose(float(found.table["s_max"][0]) ** 2, 0.75, rtol=1e-9)
    assert hopsim.attractors.find_saddles(found).table.sizes["saddle"] == 0


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_attractors_are_told_apart_at_every_size_of_the_memories(size):
    network = hopsim.model_b(size * orthogonal(3), beta=2.0 / size**2)
    probes = size * normal(2, 56)
    fine: dict[str, Any] = {
        "residual_tolerance": 1e-6 * min(size, 1),
        "atol": 1e-8 * min(size, 1),
    }
    found = hopsim.find_attractors(network, Adiabatic(), probes, duration=300.0, **fine)
    assert list(found.table["kind"].values) == ["memory"] * 3
    assert int(found.table["hits"].sum()) == 56


@pytest.mark.slow
def test_even_powers_store_the_inverse_of_every_memory():
    table = census("A with autapse")[0].table
    kinds = list(table["kind"].values)
    assert kinds.count("memory") == kinds.count("inverse memory") == 3
    v = table["v"].values
    for k in np.flatnonzero(table["kind"].values == "inverse memory"):
        assert np.min(np.linalg.norm(v + v[k], axis=1)) <= 1e-6 * np.linalg.norm(v[k])


def test_spins_of_the_binary_memory_are_labelled_by_what_they_are():
    found, _ = census("binary")
    table = found.table
    own = np.asarray(found.network.memories)
    for mu, k in enumerate(table["memory_label"].values):
        np.testing.assert_array_equal(table["v"].values[k], own[mu])


# --- degenerate networks --------------------------------------------------------------


def test_copies_of_a_memory_share_their_attractor():
    own = orthogonal(3)[[0, 0, 1]]
    found = hopsim.find_attractors(
        hopsim.model_b(own, beta=2.0), TwoLayer(0.1), normal(2, 56), duration=300.0
    )
    table = found.table
    (pair,) = np.flatnonzero(table["kind"].values == "metastable")
    np.testing.assert_array_equal(table["members"].values[pair], [True, True, False])
    assert counted(found) == pytest.approx(1)


def test_memories_of_zeros_leave_the_origin():
    found = hopsim.find_attractors(
        hopsim.model_b(np.zeros((3, FEATURES)), beta=2.0),
        TwoLayer(0.1), normal(2, 56), duration=300.0,
    )  # fmt: skip
    assert list(found.table["kind"].values) == ["global average"]
    np.testing.assert_allclose(found.table["v"].values, 0, atol=1e-12)
    np.testing.assert_array_equal(found.table["overlap"].values, 0)


@pytest.mark.slow  # two programs
def test_dead_units_of_model_c_end_at_its_singular_origin():
    """All probes point away from the only memories: v -> 0, where g jumps."""
    own = np.abs(orthogonal(3))
    found = hopsim.find_attractors(
        hopsim.model_c(own), Adiabatic(), -np.abs(normal(2, 61)), duration=300.0
    )  # a census has 64 rows with its memories, and so have 61 that flow once more
    table = found.table
    (origin,) = np.flatnonzero(table["kind"].values == "singular")
    assert int(table["hits"][origin]) == 61
    assert not bool(table["stable"][origin])
    assert int(table["index"][origin]) == -1
    assert np.isnan(float(table["s_max"][origin]))


@pytest.fixture(scope="module")
def above_the_pitchfork():
    """Two memories of model B, and a probe at their mean."""
    network = hopsim.model_b(np.array([[1.0, 0.0], [-1.0, 0.0]]), beta=2.0)
    probes = np.array([[0.0, 0.5], [0.3, 0.1], [-0.3, 0.1], [0.4, 0.0]])
    return hopsim.find_attractors(network, Adiabatic(), probes, duration=300.0)


def test_a_saddle_is_told_and_not_called_an_attractor(above_the_pitchfork):
    found = above_the_pitchfork
    table = found.table
    assert list(table["kind"].values) == ["memory", "memory", "saddle"]
    assert found.number == 2
    assert found.labels[0] == 2
    assert int(table["index"][2]) == 1
    np.testing.assert_allclose(float(table["s_max"][2]) ** 2, 2.0, rtol=1e-12)


def test_marginal_points_catch_no_probe():
    """At the pitchfork itself the flow slows down for ever: label -1, and counted."""
    network = hopsim.model_b(np.array([[1.0, 0.0], [-1.0, 0.0]]), beta=1.0)
    found = hopsim.find_attractors(
        network, Adiabatic(), rng(2).standard_normal((4, 2)), duration=300.0
    )
    assert found.number == 0
    np.testing.assert_array_equal(found.labels, -1)
    assert float(found.table["unconverged_fraction"]) == 1
    assert float(found.table["unconverged_low"]) > 0.4


def test_a_flow_that_is_too_short_is_counted_as_unconverged():
    network = hopsim.model_b(orthogonal(3), beta=2.0)
    found = hopsim.find_attractors(network, TwoLayer(0.1), normal(2, 56), duration=0.1)
    np.testing.assert_array_equal(found.labels, -1)
    assert counted(found) == pytest.approx(1)


def test_the_longest_flow_is_known_where_none_is_given():
    known, probes = census("B")
    found = hopsim.find_attractors(known.network, known.dynamics, probes)
    np.testing.assert_array_equal(found.labels, known.labels)
    assert found.flow["duration"] == 1000
    assert float(found.table["duration"]) == 1000
    assert found.table["duration"].attrs["units"] == "tau_feature"
    assert known.flow["duration"] == float(known.table["duration"]) == 300
    again = hopsim.label_basins(found, probes)
    np.testing.assert_array_equal(again, found.labels)


@pytest.mark.parametrize(
    ("dynamics", "longest"),
    [
        (Adiabatic(), 1000.0),
        (TwoLayer(tau_memory=0.1), 1000.0),
        (TwoLayer(tau_memory=7.0, tau_feature=2.0), 3500.0),  # in units of tau_feature
        (TwoLayer(tau_feature=[1.0, 3.0]), 1500.0),
        (TwoLayer(decay=0.5), 2000.0),
        (Sharp(), 1000.0),
        (Binary(), 100.0),  # sweeps
    ],
)
def test_the_longest_flow_follows_the_slowest_time_constant(dynamics, longest):
    assert dynamics.rest_duration == pytest.approx(longest, rel=1e-15)


def test_classes_wait_for_memories_that_come_to_no_rest():
    """Two memories share one attractor, but the flow from them is cut short."""
    own = within([[1.0, 1.0, -9.0], [0.0, 0.4, 0.0]])
    network = hopsim.model_b(own, beta=1.0)
    place = polish(network, np.mean(own[:2], axis=0, keepdims=True)).v.repeat(56, 0)
    short = hopsim.find_attractors(network, Adiabatic(), place, duration=1e-3)
    assert int(short.table["memories_unconverged"]) >= 2
    assert "unclassified" in short.table["kind"].values
    assert not np.isin(short.table["kind"].values, ["memory", "spurious"]).any()
    assert bool(short.table["stable"].all())
    long = hopsim.find_attractors(network, Adiabatic(), place, duration=300.0)
    assert int(long.table["memories_unconverged"]) == 0
    assert sorted(long.table["kind"].values) == ["memory", "metastable"]


# --- what is refused ------------------------------------------------------------------


def test_attention_steps_are_no_flow():
    network = hopsim.model_b(orthogonal(3))
    with pytest.raises(ValueError, match=r"attention \(CCCP\).*other basins"):
        hopsim.find_attractors(
            network, TwoLayer(0.1), normal(2, 4), duration=50.0, solver="altimex",
            step=10.0,
        )  # fmt: skip


def test_attention_steps_are_no_flow_if_jumps_choose_them_either():
    network = hopsim.model_a(rng(1).choice([-1.0, 1.0], (3, FEATURES)))
    with pytest.raises(ValueError, match=r"attention \(CCCP\).*other basins"):
        hopsim.find_attractors(
            network, TwoLayer(0.1), normal(2, 4), duration=50.0, step=5.0
        )


@pytest.mark.parametrize(
    ("dynamics", "reason"),
    [
        (TwoLayer(drive=Pulse(1.0, 0.0, 1.0)), "no fixed points"),
        (TwoLayer(decay=0.0), "decay > 0"),
    ],
)
def test_motions_without_fixed_points_are_refused(dynamics, reason):
    network = hopsim.model_c(orthogonal(3))
    for duration in (50.0, None):
        with pytest.raises(ValueError, match=reason):
            hopsim.find_attractors(network, dynamics, normal(2, 4), duration=duration)


def test_probes_of_another_network_are_told():
    with pytest.raises(ValueError, match=r"shape \(probe, 8\), .*got shape \(3, 7\)"):
        hopsim.find_attractors(
            hopsim.model_b(orthogonal(3)), TwoLayer(), np.zeros((3, 7)), duration=5.0
        )


def test_unknown_arguments_are_told():
    with pytest.raises(ValueError, match="take the arguments of simulate"):
        hopsim.find_attractors(
            hopsim.model_b(orthogonal(3)), TwoLayer(), normal(2, 4), duration=5.0,
            until="duration",
        )  # fmt: skip


# --- saddles --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saddles():
    return hopsim.attractors.find_saddles(census("B")[0]).table


@pytest.mark.slow  # a claim as well, and a witness
def test_saddles_between_orthogonal_memories_are_those_of_the_potts_model(saddles):
    """Two of three memories in equal parts, and the mean of all: indices 1 and 2."""
    from scipy.optimize import brentq

    found, table = census("B")[0], saddles
    b, index = 2.0 * 4, table["index"].values
    assert sorted(index) == [1, 1, 1, 2]
    # parts q, q and 1 - 2q, between the mean and the two memories
    pair = lambda q: b * (3 * q - 1) - np.log(q / (1 - 2 * q))
    q = float(np.asarray(brentq(pair, 0.4, 0.5 - 1e-12)))
    v = table["v"].values[index == 1][:, :3]
    np.testing.assert_allclose(np.sort(v, 1)[:, 1:], 2 * q, rtol=1e-9)
    np.testing.assert_allclose(table["v"].values[index == 2][0, :3], 2 / 3, rtol=1e-9)
    # each joins its own two memories, and is the barrier between them
    ends = {tuple(sorted(pair)) for pair in table["ends"].values[index == 1].tolist()}
    assert ends == {(0, 1), (0, 2), (1, 2)}
    barrier, top = table["barrier"].values, table["energy"].values[index == 1][0]
    np.testing.assert_allclose(barrier[~np.eye(3, dtype=bool)], top, rtol=1e-10)
    assert np.all(top > found.table["energy"].values)


def test_barriers_are_the_lowest_of_all_paths():
    """Against every path, by repeated relaxation, on random graphs."""
    from hopsim.attractors.saddles import barriers

    minima, height = rng(1).uniform(-1, 0, 7), rng(2).uniform(0, 1, 12)
    ends = rng(3).integers(-1, 7, (12, 2))
    lowest = np.full((7, 7), np.inf)
    for (i, j), e in zip(ends, height, strict=True):
        if min(i, j) >= 0 and i != j:
            lowest[i, j] = lowest[j, i] = min(lowest[i, j], e)
    for k in range(7):
        lowest = np.minimum(lowest, np.maximum(lowest[:, [k]], lowest[[k]]))
    np.fill_diagonal(lowest, minima)
    np.testing.assert_array_equal(barriers(minima, height, ends), lowest)


@pytest.fixture
def on_a_line(offset):
    """Four memories on a line, so far from 0, and the saddles between them."""
    own = np.zeros((4, 3))
    own[:, 0], own[:, 1] = offset, [0.0, 3.0, 6.0, 9.0]
    network = hopsim.model_b(own, beta=2.0, kernel_density=True)
    found = hopsim.find_attractors(network, Adiabatic(), own, duration=300.0)
    return hopsim.attractors.find_saddles(found)


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_saddles_join_their_neighbours_wherever_the_origin_is(on_a_line, offset):
    """Also far from 0: the step aside is one of the landscape."""
    place = np.rint(on_a_line.attractors.table["v"].values[:, 1])
    ends = on_a_line.table["ends"].values
    joined = {tuple(sorted(place[pair].tolist())) for pair in ends}
    assert joined == {(0, 3), (3, 6), (6, 9)}


@pytest.mark.parametrize("name", ["sharp", "binary"])
def test_signs_have_no_saddles(name):
    with pytest.raises(ValueError, match="need a derivative"):
        hopsim.attractors.find_saddles(census(name)[0])


def test_saddles_need_neighbours():
    with pytest.raises(ValueError, match="neighbours must be >= 1, got 0"):
        hopsim.attractors.find_saddles(census("B")[0], neighbours=0)


# --- what is printed ------------------------------------------------------------------


def test_the_last_line_of_the_table_is_that_of_the_unconverged():
    from hopsim.runs.summary import attractor_rows

    found, probes = census("A with autapse")
    data = found.table.assign_coords(probe=("probe", np.arange(len(probes))))
    for most in (2, 40):
        head, *rows = attractor_rows(data, most)
        assert rows[-1][:2] == ("-1", "unconverged")
        assert all(len(row) == len(head) for row in rows)
        assert sum(int(row[-2]) for row in rows) == len(probes)


def test_memories_without_rest_stand_in_the_last_line():
    from hopsim.runs.summary import attractor_rows

    network = hopsim.model_b(orthogonal(3), beta=2.0)
    found = hopsim.find_attractors(network, TwoLayer(0.1), normal(2, 56), duration=0.1)
    data = found.table.assign_coords(probe=("probe", np.arange(56)))
    assert attractor_rows(data)[-1][:3] == ("-1", "unconverged", "0 1 2")


def test_a_record_without_attractors_is_told():
    from hopsim.records import dataset
    from hopsim.runs.summary import attractor_rows

    with pytest.raises(ValueError, match="holds no attractors"):
        attractor_rows(dataset({"energy": ("probe", np.zeros(2))}))
