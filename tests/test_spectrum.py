"""The spectrum: real, and in closed form from one set of singular values."""

import functools as ft

import cases
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import COUNT, FEATURES

from hopsim.dynamics import Adiabatic, TwoLayer
from hopsim.spectrum import coupling_values, loop_gain, stiffness, two_layer_eigenvalues


# the formula is for decay 1 and no autapse
NAMES = [name for name, n in cases.SMOOTH.items() if n.autapse is None]
EACH = cases.each_network(NAMES)
RATIOS = np.array([0.01, 0.5, 3.0])


@eqx.filter_jit
def tabulate(network, motion, slaved, v, h, taus):
    free = jnp.ones(FEATURES, bool)

    def flat_field(x, tau):
        at = eqx.tree_at(lambda m: m.tau_memory, motion, tau)
        return jnp.concatenate(at.field(network, (x[:FEATURES], x[FEATURES:]), free))

    def one(v, h):
        s = coupling_values(network, v, h)
        x = jnp.concatenate([v, h])
        a = network.memory_input(network.feature_lagrangian.activation(v))
        effective = jax.jacfwd(lambda v: slaved.field(network, (v,), free)[0])(v)
        return {
            "s": s,
            "gain": loop_gain(network, v, h, rounds=300),
            "rough_gain": loop_gain(network, v, h),
            "jacobian": jax.vmap(lambda tau: jax.jacfwd(flat_field)(x, tau))(taus),
            "values": jax.vmap(
                lambda tau: two_layer_eigenvalues(s, FEATURES, COUNT, 1.0, tau)
            )(taus),
            "slaved_s": coupling_values(network, v, a),
            "slaved_jacobian": effective,
        }

    return jax.vmap(one)(v, h)


@ft.cache
def table(name):
    v, h = cases.states(0, 10)
    found = tabulate(cases.SMOOTH[name], TwoLayer(), Adiabatic(), v, h, RATIOS)
    return jax.tree.map(np.asarray, found)


@EACH
def test_eigenvalues_of_the_jacobian_are_real_and_in_closed_form(name):
    """For models A, B, C at random states and tau_h/tau_f = 0.01, 0.5, 3. [CL-07a]"""
    t = table(name)
    jacobians, expected = t["jacobian"], t["values"]
    size = np.linalg.norm(jacobians, 2, axis=(-2, -1))[..., None]
    found = np.linalg.eigvals(jacobians)
    assert np.all(np.abs(np.imag(found)) <= 1e-12 * size)
    assert np.all(np.abs(np.sort(np.real(found)) - expected) <= 1e-12 * size)


@EACH
def test_stability_is_a_singular_value_below_one_at_every_ratio_of_times(name):
    t = table(name)
    unstable = np.sum(t["values"] > 0, -1)
    np.testing.assert_array_equal(unstable, np.sum(t["s"] > 1, -1)[:, None] + [0, 0, 0])


@EACH
def test_loop_gain_is_the_largest_squared_singular_value(name):
    t = table(name)
    exact = t["s"][:, 0] ** 2
    # power iteration: from below; 300 rounds resolve eigenvalues that differ by 3 %
    assert np.all(t["gain"] <= exact * (1 + 1e-10) + 1e-300)
    np.testing.assert_allclose(t["gain"], exact, rtol=1e-3)
    assert np.all(t["rough_gain"] >= 0.5 * exact)


@EACH
def test_eigenvalues_of_the_adiabatic_flow_are_s_squared_minus_one(name):
    t = table(name)
    s = np.zeros((10, FEATURES))
    s[:, : t["slaved_s"].shape[1]] = t["slaved_s"]
    found = np.linalg.eigvals(t["slaved_jacobian"])
    size = 1 + s[:, :1] ** 2
    assert np.all(np.abs(np.imag(found)) <= 1e-12 * size)
    expected = np.sort(s**2 - 1, -1)
    assert np.all(np.abs(np.sort(np.real(found)) - expected) <= 1e-11 * size)


@pytest.mark.parametrize("ratio", RATIOS)
def test_stiffness_is_the_largest_rate_of_the_spectrum(ratio):
    s = jnp.array([2.0, 0.7, 0.1])
    values = two_layer_eigenvalues(s, FEATURES, COUNT, 1.0, ratio)
    found = stiffness(s[0] ** 2, np.asarray(1.0), np.asarray(ratio))
    np.testing.assert_allclose(found, -values[0], rtol=1e-14)
    a, b = 1.0, 1 / ratio
    root = np.sqrt((a - b) ** 2 + 4 * 4 * a * b)
    np.testing.assert_allclose(found, (a + b + root) / 2, rtol=1e-14)


def test_time_constants_of_flows_enter_their_stiffness():
    rate = eqx.filter_jit(lambda flow, gain: flow.stiffness(gain))
    unit, gain = TwoLayer(0.25), jnp.asarray(4.0)
    expected = stiffness(gain, jnp.ones(()), jnp.asarray(0.25))
    np.testing.assert_allclose(rate(unit, gain), expected, rtol=1e-14)
    # times are in units of tau_feature
    scaled = TwoLayer(0.5, tau_feature=2.0)
    np.testing.assert_allclose(rate(scaled, gain), expected, rtol=1e-14)
    assert rate(Adiabatic(), gain) == 5
