"""Network: one potential, its derivatives and differences, and the energies of KH21."""

import functools as ft

import cases
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import COUNT, FEATURES, I, J, XI
from scipy.special import logsumexp, softmax

import hopsim
from hopsim import lagrangians as L
from hopsim.dynamics import Adiabatic, TwoLayer
from hopsim.network import Network


EACH = cases.each_network(cases.NETWORKS)
EPS = np.finfo(np.float64).eps

TAU, DECAYS = 0.3, np.array([1.0, 0.4, 0.0])


@eqx.filter_jit
def _each_state(f, xs):
    return jax.vmap(f)(*xs)


def each_state(f, *xs):
    """A method at many states, in one program for all networks of its classes."""
    return np.asarray(_each_state(f, xs))


@eqx.filter_jit
def tabulate(network, motion, slaved, v, h, s):
    """Everything about one state of one network that the tests below compare."""
    L_v, L_h = network.feature_lagrangian, network.memory_lagrangian
    free = jnp.ones(FEATURES, bool)
    c = 0.0 if network.autapse is None else network.autapse
    # each function is traced once, for its value and its derivative
    along = jax.jvp
    at = lambda decay: eqx.tree_at(lambda m: m.decay, motion, decay)

    def moving(v, h, decay):
        # KH21 eq. 1, written out once more
        g, f = L_v.activation(v), L_h.activation(h)
        on_v = network.memories.T @ f + network.current - c * g - decay * v
        on_h = network.memories @ g + network.hidden_current - h
        energy = lambda v, h: network.energy(v, h, decay)
        value, rate = along(energy, (v, h), (on_v, on_h / TAU))
        return {
            "field": at(decay).field(network, (v, h), free),
            "on_v": on_v,
            "on_h": on_h,
            "energies": value,
            "rate": rate,
            "bent_v": along(L_v.activation, (v,), (on_v,))[1],
            "bent_h": along(L_h.activation, (h,), (on_h,))[1],
        }

    def one(v, h, s):
        g = L_v.activation(v)
        a = network.memories @ g + network.hidden_current
        on_v = network.local_field(g) - v
        effective, slaved_rate = along(network.effective_energy, (v,), (on_v,))
        moved = jax.vmap(moving, (None, None, 0))(v, h, jnp.asarray(DECAYS))
        return moved | {
            "g": g,
            "f": L_h.activation(h),
            "L_v": L_v(v),
            "L_h": L_h(h),
            "energy": moved["energies"][0],  # the decay is 1
            "scale": network.energy_scale(v, h),
            "effective": effective,
            "gap": network.adiabatic_gap(v, h),
            "slaved_f": L_h.activation(a),
            "slaved_field": slaved.field(network, (v,), free)[0],
            "slaved_rate": slaved_rate,
            "slaved_bent": along(L_v.activation, (v,), (on_v,))[1],
            "local_field": network.local_field(s),
            "gradient": jax.grad(network.potential)(s),
            "gaps": network.energy_gap(s),
            "potentials": jax.vmap(jax.vmap(network.potential))(
                jnp.stack([_with_each(s, x) for x in (1.0, -1.0)])
            ),
        }

    return jax.vmap(one)(v, h, s)


def _with_each(s, value):
    """For every i, the state `s` with s_i = value."""
    return jnp.where(jnp.eye(FEATURES, dtype=bool), value, jnp.stack([s] * FEATURES))


@ft.cache
def table(name):
    v, h = cases.states(0)
    s = np.random.default_rng(12).uniform(-1, 1, v.shape)
    s[::2] = np.sign(s[::2])
    found = tabulate(cases.NETWORKS[name], TwoLayer(TAU), Adiabatic(), v, h, s)
    return jax.tree.map(np.asarray, found) | {"v": v, "h": h, "s": s}


def autapse(network):
    return 0.0 if network.autapse is None else float(network.autapse)


def largest(hessian_product, x, additive):
    """A bound on the Hessian, read from one product with it."""
    bound = np.abs(hessian_product / x)
    return bound if additive else np.max(bound, -1, keepdims=True)


# --- the equations of motion and their energies ---


@EACH
def test_field_is_the_equation_of_KH21(name):
    t = table(name)
    dv, dh = t["field"]
    size = np.max(np.abs(t["on_v"])) + np.max(np.abs(t["v"]))
    atol = 16 * FEATURES * EPS * size
    np.testing.assert_allclose(dv, t["on_v"], rtol=0, atol=atol)
    np.testing.assert_allclose(TAU * dh, t["on_h"], rtol=0, atol=1e3 * EPS)


@EACH
def test_energy_balance_of_the_two_layer_flow(name):
    """`dE/dt = - tau_f v'.H_v v' - tau_h h'.H_h h'` at any state and decay. [CL-01]"""
    network, t = cases.NETWORKS[name], table(name)
    L_v, L_h = network.feature_lagrangian, network.memory_lagrangian
    on_v, on_h, bent_v, bent_h = (t[k] for k in ("on_v", "on_h", "bent_v", "bent_h"))
    expected = -np.sum(on_v * bent_v, -1) - np.sum(on_h * bent_h, -1) / TAU

    # the gradient of E is H_v (alpha v - I - xi^T f) and H_h (h - xi g - J)
    size_v = np.abs(t["v"]) + np.abs(t["f"]) @ np.abs(XI) + np.abs(network.current)
    size_h = np.abs(t["h"]) + np.abs(t["g"]) @ np.abs(XI).T
    size_h = size_h + np.abs(network.hidden_current)
    hess_v, hess_h = (
        largest(bent_v, on_v, L_v.additive),
        largest(bent_h, on_h, L_h.additive),
    )
    scale = np.sum(np.abs(on_v) * hess_v * size_v[:, None], -1)
    scale += np.sum(np.abs(on_h) * hess_h * size_h[:, None], -1) / TAU
    limit = 50 * np.sqrt(FEATURES + COUNT) * EPS * scale
    assert np.all(np.abs(t["rate"] - expected) <= limit)


@EACH
def test_energy_balance_of_the_adiabatic_flow_needs_no_convex_memory(name):
    """`dE/dt = - tau_f v'.H_v v'`, never positive for convex L_v. [CL-02]"""
    network, t = cases.NETWORKS[name], table(name)
    dv, bent = t["slaved_field"], t["slaved_bent"]
    expected = -np.sum(dv * bent, 1)
    assert np.all(expected <= 0)
    size = np.abs(t["v"]) + np.abs(t["slaved_f"]) @ np.abs(XI) + np.abs(network.current)
    hessian = largest(bent, dv, network.feature_lagrangian.additive)
    limit = (
        50 * np.sqrt(FEATURES + COUNT) * EPS * np.sum(np.abs(dv) * hessian * size, 1)
    )
    assert np.all(np.abs(t["slaved_rate"] - expected) <= limit)


@EACH
def test_energy_is_the_formula_of_KH21(name):
    network, t = cases.NETWORKS[name], table(name)
    v, h, g, f = (t[k] for k in "vhgf")
    terms = [
        np.sum((v - network.current) * g, 1),
        -t["L_v"],
        np.sum((h - network.hidden_current) * f, 1),
        -t["L_h"],
        -np.sum(f * (g @ XI.T), 1),
        0.5 * autapse(network) * np.sum(g * g, 1),
    ]
    scale = np.sum(np.abs(terms), 0)
    assert np.all(np.abs(t["energy"] - np.sum(terms, 0)) <= 64 * EPS * scale)


@EACH
def test_energy_exceeds_the_effective_energy_by_the_bregman_divergence(name):
    """`E(v, h) = E(v) + D(xi g + J | h)`, and D >= 0 for convex L_h. [CL-03]"""
    t = table(name)
    scale = t["scale"] + np.abs(t["effective"]) + np.abs(t["gap"])
    assert np.all(np.abs(t["energy"] - t["effective"] - t["gap"]) <= 1e-13 * scale)
    if cases.NETWORKS[name].memory_lagrangian.convex:
        assert np.all(t["gap"] >= -EPS * scale)


def test_gap_of_model_b_is_a_kullback_leibler_divergence():
    """`D = KL(f | softmax(beta (xi v + J))) / beta`. [CL-03]"""
    network, (v, h) = cases.NETWORKS["b_currents"], cases.states(5)
    beta = 0.6
    f, p = softmax(beta * h, axis=1), softmax(beta * (v @ XI.T + J), axis=1)
    expected = np.sum(f * np.log(f / p), 1) / beta
    found = each_state(network.adiabatic_gap, v, h)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_gap_of_powers_has_the_cancellation_free_form(n):
    """`D = sum (a - h)^2 sum_k k h^(k-1) a^(n-1-k)`, a = xi g. [THEORY 1.4, CL-03]"""
    network = hopsim.model_a(XI, L.Polynomial(n), beta=1.5, normalised=False)
    v, h = cases.states(6)
    a = np.tanh(1.5 * v) @ XI.T
    inner = sum(k * h ** (k - 1) * a ** (n - 1 - k) for k in range(1, n))
    expected = np.sum((a - h) ** 2 * inner, 1)
    found = each_state(network.adiabatic_gap, v, h)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


def test_gap_of_the_exponential():
    """`D = sum e^(lambda h) (expm1(d) - d)`, d = lambda (a - h). [THEORY 1.4, CL-03]"""
    network = hopsim.model_a(XI, L.Exponential(0.3), beta=1.0, normalised=False)
    v, h = cases.states(7)
    d = 0.3 * (np.tanh(v) @ XI.T - h)
    expected = np.sum(np.exp(0.3 * h) * (np.expm1(d) - d), 1)
    found = each_state(network.adiabatic_gap, v, h)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@eqx.filter_jit
def rate_and_size(network, motion, v, h):
    """`dE/dt` along the two-layer flow, and the sum of its |terms|."""

    def one(v, h):
        dx = motion.field(network, (v, h), jnp.ones(FEATURES, bool))
        terms = [
            g * d
            for g, d in zip(jax.grad(network.energy, (0, 1))(v, h), dx, strict=True)
        ]
        return sum(map(jnp.sum, terms)), sum(jnp.sum(jnp.abs(t)) for t in terms)

    return jax.vmap(one)(v, h)


def _fraction_rising(interaction):
    # normalised interactions: with the literal F = x^n the feature neurons move so fast
    # that their dissipation always wins
    network = hopsim.model_a(XI, interaction, beta=1.0)
    rate, size = rate_and_size(
        network, TwoLayer(1.0), *cases.states(8, 500, h_scale=4.0)
    )
    return float(np.mean(rate > 1e-12 * size))


@pytest.mark.parametrize("n", [3, 5])
def test_energy_rises_for_odd_powers(n):
    """At 38 % of random states for n = 3; the memory currents are N(0, 16). [CL-04]"""
    assert _fraction_rising(L.Polynomial(n)) > 0.2


@pytest.mark.parametrize(
    "interaction",
    [
        L.Polynomial(2),
        L.Polynomial(4),
        L.RectifiedPolynomial(3),
        L.Exponential(0.5),
        L.LogSumExp(0.5),
    ],
)
def test_energy_never_rises_for_convex_interactions(interaction):
    assert _fraction_rising(interaction) == 0


# --- zero modes ---


@pytest.mark.parametrize("shift", [5.0, -300.0])
def test_energy_of_model_b_ignores_a_common_shift_of_the_memory_neurons(shift):
    """`E(v, h + c 1) = E(v, h)`. [CL-10]"""
    network, (v, h) = cases.NETWORKS["b_currents"], cases.states(9)
    scale = each_state(network.energy_scale, v, h) + abs(shift)
    rise = each_state(network.energy, v, h + shift) - each_state(network.energy, v, h)
    assert np.all(np.abs(rise) <= 1e-12 * scale)


@pytest.mark.parametrize("factor", [0.01, 30.0])
def test_energy_of_model_c_knows_the_direction_of_v_alone(factor):
    """`E(s v, h) = E(v, h)`. [CL-10]"""
    network, (v, h) = cases.NETWORKS["c"], cases.states(10)
    scale = each_state(network.energy_scale, v, h)
    rise = each_state(network.energy, factor * v, h) - each_state(network.energy, v, h)
    assert np.all(np.abs(rise) <= 1e-12 * scale)


# --- one potential ---


@EACH
def test_local_field_is_the_gradient_of_the_potential(name):
    t = table(name)
    atol = 64 * EPS * np.max(np.abs(t["local_field"]))
    np.testing.assert_allclose(t["local_field"], t["gradient"], rtol=0, atol=atol)


@EACH
def test_energy_gap_is_the_difference_of_the_potential(name):
    """`Phi(s_i = +1) - Phi(s_i = -1)`, the others at any value in [-1, 1]. [KH16]"""
    t = table(name)
    up, down = t["potentials"][:, 0], t["potentials"][:, 1]
    # the current's share and the self-energy c/2 of the autapse cancel in part
    network = cases.NETWORKS[name]
    shared = np.sum(np.abs(network.current)) + autapse(network) * FEATURES
    scale = np.abs(up) + np.abs(down) + shared
    assert np.all(np.abs(t["gaps"] - (up - down)) <= 64 * EPS * scale)


@pytest.mark.parametrize("name", ["a_sharp", "a_sharp_exponential"])
def test_effective_energy_of_sharp_neurons_is_the_binary_energy(name):
    """`E(v) = - sum_mu F(xi_mu . s + J_mu) - I . s` at s = sign(v). [THEORY 2.1.1]"""
    network, v = cases.NETWORKS[name], cases.states(13)[0]
    s = np.where(v >= 0, 1.0, -1.0)
    effective = each_state(network.effective_energy, v)
    np.testing.assert_array_equal(effective, each_state(network.binary_energy, s))
    x = s @ XI.T + network.hidden_current
    if name == "a_sharp":
        F = FEATURES / 3 * (np.maximum(x, 0) / FEATURES) ** 3
    else:
        F = np.exp(0.4 * (x - FEATURES)) / 0.4
    np.testing.assert_allclose(effective, -F.sum(1) - s @ network.current, rtol=1e-13)


def test_kernel_density_is_that_of_gaussians():
    """`E(v) = -log(sum exp(-beta |v - xi|^2 / 2)) / beta`. [THEORY 1.6]"""
    network, v = cases.NETWORKS["b_kernel_density"], cases.states(14)[0]
    square = np.sum((v[:, None] - XI) ** 2, -1)
    expected = -np.asarray(logsumexp(-0.4 * square / 2, axis=1)) / 0.4
    np.testing.assert_allclose(
        each_state(network.effective_energy, v), expected, rtol=1e-13
    )


@pytest.mark.parametrize("beta", [0.05, 1.0, 20.0])
def test_energy_of_model_b_lies_within_the_bounds_of_R21(beta):
    """`0 <= E(v) + log(K)/beta + M^2/2 <= 2 M^2` in the hull of the memories. [R21]"""
    network = hopsim.model_b(XI, beta=beta)
    weights = np.random.default_rng(15).dirichlet(np.full(COUNT, 0.3), 200)
    v = np.concatenate([weights @ XI, XI])
    square = np.max(np.sum(XI**2, 1))
    energy = each_state(network.effective_energy, v) + np.log(COUNT) / beta + square / 2
    assert np.all(energy >= 0)
    assert np.all(energy <= 2 * square)


def test_states_of_model_b_settle_within_the_bounds_of_its_energy():
    """`E >= - max|xi + I|^2 / 2 - log(K) / beta` everywhere. [THEORY 1.5]"""
    network, (v, h) = cases.NETWORKS["b_currents"], cases.states(16, 200, 5.0, 20.0)
    radius = np.max(np.sum((XI + I) ** 2, 1))
    floor = -radius / 2 - np.log(COUNT) / 0.6 - np.max(J)
    assert np.all(each_state(network.energy, v, h) >= floor)


# --- presets ---


@pytest.mark.parametrize("make", [hopsim.model_a, hopsim.model_c])
def test_presets_normalise_powers(make):
    x = np.abs(cases.states(17)[1])
    normal, literal = (
        make(XI, L.Polynomial(4)),
        make(XI, L.Polynomial(4), normalised=False),
    )
    expected = FEATURES / 4 * np.sum((x / FEATURES) ** 4, 1)
    np.testing.assert_allclose(
        each_state(normal.memory_lagrangian, x), expected, rtol=1e-13
    )
    found = each_state(literal.memory_lagrangian, x)
    np.testing.assert_allclose(found, np.sum(x**4, 1), rtol=1e-13)


def test_presets_are_the_models_of_KH21():
    assert isinstance(hopsim.model_a(XI).feature_lagrangian, L.AbsoluteValue)
    graded = hopsim.model_a(XI, beta=3.0).feature_lagrangian
    assert isinstance(graded, L.LogCosh)
    assert graded.beta == 3
    b = hopsim.model_b(XI, beta=0.7)
    assert isinstance(b.feature_lagrangian, L.Quadratic)
    assert isinstance(b.memory_lagrangian, L.LogSumExp)
    assert b.memory_lagrangian.beta == 0.7
    sphere = hopsim.model_c(XI).feature_lagrangian
    assert isinstance(sphere, L.Norm)
    assert sphere.radius == np.sqrt(FEATURES)
    literal = hopsim.model_c(XI, normalised=False, delta=0.1).feature_lagrangian
    assert isinstance(literal, L.Norm)
    assert (literal.radius, literal.delta) == (1, 0.1)


def test_local_field_of_a_normalised_memory_is_of_order_one():
    """At a single stored pattern of spins `w = xi`: F' = 1 there. [THEORY 2.4]"""
    xi = cases.spins(18, 1)
    for interaction in (L.Polynomial(3), L.RectifiedPolynomial(5), L.Exponential(0.2)):
        network = hopsim.model_a(xi, interaction)
        np.testing.assert_allclose(network.local_field(xi[0]), xi[0], rtol=1e-14)


# --- precision and construction ---


def test_precision_is_that_of_the_memories():
    everywhere = hopsim.model_b(
        XI.astype(np.float32), 0.5, current=jnp.asarray(I), hidden_current=J
    )
    assert everywhere.dtype == np.float32
    assert {np.dtype(x.dtype) for x in jax.tree.leaves(everywhere)} == {np.dtype("f4")}


def test_one_number_is_a_current_into_every_neuron():
    network = Network(XI, L.Quadratic(), L.LogSumExp(), current=0.5, hidden_current=-1)
    np.testing.assert_array_equal(network.current, np.full(FEATURES, 0.5))
    np.testing.assert_array_equal(network.hidden_current, np.full(COUNT, -1.0))
    other = network.with_current(jnp.zeros(FEATURES))
    np.testing.assert_array_equal(other.current, np.zeros(FEATURES))


BROKEN = np.where(np.arange(XI.size).reshape(XI.shape) == 3, np.nan, XI)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hopsim.model_b(np.ones((0, 3))), r"got shape \(0, 3\)"),
        (lambda: hopsim.model_b(BROKEN), "Memories must be finite numbers"),
        (
            lambda: hopsim.model_b(XI, current=np.ones(5)),
            r"current must .*\(12,\), got \(5,\)",
        ),
        (
            lambda: hopsim.model_b(XI, hidden_current=np.ones(12)),
            r"hidden_current must .*\(7,\)",
        ),
        (
            lambda: hopsim.model_b(XI, current=np.nan),
            "The current must be finite numbers",
        ),
        (lambda: hopsim.model_b(XI, beta=-1.0), "model_b: beta must be > 0, got -1.0"),
        (lambda: hopsim.model_c(XI, delta=-1.0), "delta"),
    ],
)
def test_impossible_networks_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
