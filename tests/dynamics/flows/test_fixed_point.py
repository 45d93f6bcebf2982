"""`fixed_point`: where flows rest, with derivatives that three other routes confirm."""

import functools as ft
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from differences import (
    CLAMPED,
    difference,
    directions,
    network_and_flow,
    PARAMETERS,
    V0,
    WEIGHTS,
    XI,
)  # fmt: skip

import hopsim
from hopsim import find_attractors, fixed_point, flow, model_b
from hopsim.dynamics import Adiabatic, Binary, Pulse, TwoLayer
from hopsim.dynamics.flows import rest as rest_module


pytestmark = pytest.mark.usefixtures("any_types")

slow = ft.partial(pytest.param, marks=pytest.mark.slow)  # each compiles two programs
SHARP = PARAMETERS | {"beta": jnp.asarray(2.0)}  # at beta = 0.5 model A forgets


def rest(p, model="b", motion="one layer", clamped=None, full_output=False):
    network, moved = network_and_flow(model, motion, p)
    solver = "altimex" if motion == "alternating" else "tsit5"
    return fixed_point(
        network, moved, p["v0"], clamped=clamped, solver=solver, full_output=full_output
    )


def loss(p, *given):
    return jnp.sum(jnp.cos(rest(p, *given)) @ WEIGHTS)


# --- the states -----------------------------------------------------------------------


@pytest.mark.slow  # two programs
@pytest.mark.parametrize("model", ["b", "c"])
def test_it_is_the_attractor_that_a_search_finds(model):
    network, moved = network_and_flow(model)
    found = find_attractors(network, moved, V0[None], duration=1000.0).table
    here = rest(PARAMETERS, model, "two layers", full_output=True)
    assert here.converged
    row = int(np.argmax(found["hits"].values))
    np.testing.assert_allclose(here.v, found["v"].values[row], rtol=0, atol=1e-11)
    np.testing.assert_allclose(here.s_max, found["s_max"].values[row], rtol=1e-9)
    assert here.residual <= 1e-12


@jax.jit
def spin(beta, v0, duration=1000.0):
    """One neuron, v = tanh(beta v): its gain at 0 is beta."""
    network = model_b(np.array([[1.0], [-1.0]]), beta)
    start = jnp.reshape(v0, 1)
    return fixed_point(network, Adiabatic(), start, duration=duration, full_output=True)


def test_only_hyperbolic_rest_is_one():
    critical = spin(1.0, 0.0)
    assert not critical.converged
    assert np.isnan(critical.v[0])
    np.testing.assert_allclose(critical.s_max, 1.0)
    saddle = spin(1.5, 0.0)
    assert saddle.converged
    np.testing.assert_allclose((saddle.v[0], saddle.s_max**2), (0.0, 1.5), atol=1e-14)
    stable = spin(1.5, 0.1)
    v = float(stable.v[0])
    np.testing.assert_allclose(np.tanh(1.5 * v), v, rtol=1e-14)
    np.testing.assert_allclose(stable.s_max**2, 1.5 * (1 - v**2), rtol=1e-12)
    assert np.isnan(spin(1.5, 0.1, 2.0).v[0])


def test_what_is_no_rest_has_no_derivative():
    def end(xi):
        return jnp.sum(fixed_point(model_b(xi), Adiabatic(), V0, max_steps=3))

    value, slopes = jax.jit(jax.value_and_grad(end))(jnp.asarray(XI))
    assert np.isnan(value)
    assert np.all(np.isnan(slopes))


@pytest.mark.slow  # a program of its own
def test_single_precision_is_served():
    network = model_b(XI.astype(np.float32), 0.5)
    found = fixed_point(network, TwoLayer(0.3), V0, full_output=True)
    assert found.v.dtype == np.float32
    assert found.converged
    exact = rest(PARAMETERS | {"current": jnp.zeros(len(V0))}, "b", "two layers")
    np.testing.assert_allclose(found.v, exact, atol=1e-5)


@pytest.mark.slow  # two programs
def test_it_maps_over_starts_and_temperatures():
    end = lambda beta, v0: fixed_point(model_b(XI, beta), Adiabatic(), v0)
    betas = jnp.array([0.3, 0.5, 2.0])
    together = jax.vmap(jax.vmap(end, (None, 0)), (0, None))(
        betas, jnp.stack([V0, -V0])
    )
    assert together.shape == (3, 2, len(V0))
    np.testing.assert_allclose(together[1, 1], end(0.5, -V0), atol=1e-12)


# --- derivatives ----------------------------------------------------------------------

KINDS = [
    ("b", "one layer", CLAMPED),
    slow("b", "two layers", None),
    slow("a", "two layers", None),
    slow("a", "one layer", CLAMPED),
    slow("c", "two layers", CLAMPED),
    slow("c", "decay", None),
    slow("a, autapse", "alternating", None),
    slow("b", "one layer with a mass", CLAMPED),
]


@pytest.mark.parametrize(("model", "motion", "clamped"), KINDS)
def test_gradients_are_the_slopes_of_differences(model, motion, clamped):
    point = SHARP if model.startswith("a") else PARAMETERS
    of = jax.jit(lambda p: loss(p, model, motion, clamped))
    slopes = jax.jit(jax.grad(lambda p: loss(p, model, motion, clamped)))(point)
    for seed in range(3):
        direction = directions(seed)
        expected = difference(of, direction, point=point)
        found = sum(jnp.vdot(slopes[k], direction[k]) for k in point)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.slow  # three programs
@pytest.mark.parametrize("model", ["a", "b", "c"])
def test_gradients_are_those_of_a_long_flow_and_of_tangents(model):
    point = SHARP if model == "a" else PARAMETERS

    def far(p):
        network, moved = network_and_flow(model, "two layers", p)
        v = flow(
            network, moved, p["v0"], duration=60.0, clamped=CLAMPED, rtol=1e-10,
            atol=1e-12,
        )  # fmt: skip
        return jnp.sum(jnp.cos(v) @ WEIGHTS)

    here = lambda p: loss(p, model, "two layers", CLAMPED)
    slopes = jax.jit(jax.grad(here))(point)
    flown = jax.jit(jax.grad(far))(point)
    largest = max(float(np.max(np.abs(slope))) for slope in flown.values())
    for name, slope in slopes.items():
        if name == "v0":  # flows know where they came from, to exp(-60 (1 - s^2))
            slope = jnp.where(CLAMPED, slope, 0)
        np.testing.assert_allclose(slope, flown[name], rtol=0, atol=1e-6 * largest)
    direction = directions()
    _, tangent = jax.jit(lambda t: jax.jvp(here, (point,), (t,)))(direction)
    expected = sum(jnp.vdot(slopes[k], direction[k]) for k in point)
    np.testing.assert_allclose(tangent, expected, rtol=1e-9)


@pytest.mark.slow  # two programs
def test_large_networks_are_solved_by_products_alone(monkeypatch):
    few = jax.jit(jax.grad(loss))(PARAMETERS)
    for module in (rest_module, sys.modules[fixed_point.__module__]):
        monkeypatch.setattr(module, "MAX_DENSE_FEATURES", 3)
    many = jax.jit(jax.grad(lambda p: loss(p)))(PARAMETERS)
    for name, slope in few.items():
        np.testing.assert_allclose(many[name], slope, atol=1e-9)


@pytest.mark.slow  # claim cl-32 has it too
@pytest.mark.parametrize("model", ["a", "b", "c"])
def test_energies_at_rest_change_at_the_hebbian_rate(model):
    def energy(xi):
        network, moved = network_and_flow(model, "one layer", SHARP | {"xi": xi})
        v = fixed_point(network, moved, V0)
        g = network.feature_lagrangian.activation(v)
        f = network.memory_lagrangian.activation(network.memory_input(g))
        return network.effective_energy(v), (f, g)

    slopes, (f, g) = jax.jit(jax.grad(energy, has_aux=True))(jnp.asarray(XI))
    size = np.max(np.abs(f)) * np.max(np.abs(g))
    np.testing.assert_allclose(slopes, -f[:, None] * g[None], atol=1e-12 * size)


# --- refusals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dynamics": TwoLayer(drive=Pulse(np.ones(7), 0.5))}, "no fixed points"),
        ({"dynamics": TwoLayer(decay=0.0)}, "need a decay > 0"),
        ({"dynamics": Binary()}, "fixed_point follows a flow, .* got 'binary'"),
        ({"solver": "auto"}, 'fixed_point takes no solver "auto"'),
        ({"v0": V0[None]}, "for many, use jax.vmap"),
        ({"residual_tolerance": 0.0}, "residual_tolerance must be"),
        ({"duration": -1.0}, "duration must be a finite number > 0"),
        ({"clamped": CLAMPED[:3]}, r"boolean mask of shape \(7,\)"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(given, message):
    network, moved = network_and_flow()
    plain = {"network": network, "dynamics": moved, "v0": V0}
    with pytest.raises(ValueError, match=message):
        fixed_point(**plain | given)


def test_it_is_public():
    assert hopsim.fixed_point is fixed_point
