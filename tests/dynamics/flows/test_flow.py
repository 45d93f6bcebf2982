"""`flow`: where `simulate` ends, with derivatives that differences confirm."""

import functools as ft
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from differences import (
    CLAMPED,
    difference,
    directions,
    K,
    network_and_flow,
    PARAMETERS,
    V0,
    WEIGHTS,
    XI,
)  # fmt: skip
from places import ROOT

import hopsim
from hopsim import flow, model_b, simulate
from hopsim.dynamics import Adiabatic, Binary, Pulse, TwoLayer


pytestmark = pytest.mark.usefixtures("any_types")

END = 1.5
TIMES = np.array([0.0, 0.4, END])
slow = ft.partial(pytest.param, marks=pytest.mark.slow)  # each compiles two programs


# --- the ends -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("solver", "motion"),
    [
        ("tsit5", "one layer"),
        slow("tsit5", "two layers"),
        slow("altimex", "one layer"),
        slow("dopri8", "driven"),
        slow("kvaerno3", "two layers"),
        slow("tsit5", "one layer with a mass"),
    ],
)
def test_ends_and_samples_are_those_of_simulate(solver, motion):
    network, moved = network_and_flow(motion=motion)
    given = {"duration": END, "solver": solver, "clamped": CLAMPED}
    path = simulate(network, moved, V0[None], until="duration", samples=4, **given)
    end = flow(network, moved, V0, **given)
    seen = flow(network, moved, V0, times=path.times, **given)
    np.testing.assert_allclose(end, path.final[0], rtol=0, atol=1e-14)
    assert path.v is not None
    np.testing.assert_allclose(seen, path.v[0], rtol=0, atol=1e-14)


@pytest.mark.slow
def test_it_maps_over_memories_temperatures_and_starts():
    def end(xi, beta, v0):
        return flow(model_b(xi, beta), Adiabatic(), v0, duration=END)

    several = jnp.stack([XI, XI[::-1], -XI]), jnp.array([0.3, 1.0, 2.0])
    starts = jnp.stack([V0, -V0, 0.5 * V0])
    together = jax.jit(jax.vmap(end))(*several, starts)
    alone = [simulate(model_b(np.asarray(xi), float(beta)), Adiabatic(),
                      np.asarray(v0)[None], duration=END, until="duration",
                      solver="tsit5", samples=2).final[0]
             for xi, beta, v0 in zip(*several, starts, strict=True)]  # fmt: skip
    # sums over a batch are rounded in another order, and steps follow
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-9)


@pytest.mark.slow  # two programs; what is traced and lies outside is NaN by default
def test_what_does_not_finish_is_nan():
    network, moved = network_and_flow(motion="one layer")
    end = lambda v0: flow(network, moved, v0, duration=END, times=TIMES, max_steps=3)
    value, slopes = jax.value_and_grad(lambda v0: jnp.sum(end(v0)))(V0)
    assert np.isnan(value)
    assert np.all(np.isnan(slopes))


def test_what_is_traced_and_lies_outside_is_nan():
    network, moved = network_and_flow(motion="one layer")

    @jax.jit
    def end(duration, times):
        return flow(network, moved, V0, duration=duration, times=times)

    last = 3 * 0.1  # a rounding beyond 0.3
    assert np.all(np.isfinite(end(0.3, np.array([0.0, last]))))
    for duration, time in [
        (0.3, 0.4),
        (0.3, -0.1),
        (0.3, np.nan),
        (np.nan, 0.0),
        (-1.0, 0.0),
    ]:
        assert np.all(np.isnan(end(duration, np.array([0.0, time]))))


# --- derivatives ----------------------------------------------------------------------


def loss(p, model, motion, times=None, adjoint: Any = "checkpoints"):
    network, moved = network_and_flow(model, motion, p)
    path = flow(
        network, moved, p["v0"], duration=END, times=times, rtol=1e-10, atol=1e-12,
        clamped=CLAMPED, adjoint=adjoint,
        solver="altimex" if motion == "alternating" else "tsit5",
    )  # fmt: skip
    return jnp.sum(jnp.cos(path) @ WEIGHTS)


@pytest.mark.parametrize(
    ("model", "motion", "times"),
    [
        ("b", "one layer", TIMES),
        slow("b", "two layers", TIMES),
        slow("b", "two layers", None),
        slow("a", "two layers", None),
        slow("c", "two layers", TIMES),
        slow("c", "decay", None),
        slow("b", "driven", None),
        slow("a", "one layer", TIMES),
        slow("a, autapse", "two layers", None),
        slow("a, autapse", "alternating", None),
        slow("b", "one layer", None),
        slow("c", "one layer", None),
        slow("b", "one layer with a mass", None),
    ],
)
def test_gradients_are_the_slopes_of_differences(model, motion, times):
    of = jax.jit(lambda p: loss(p, model, motion, times))
    slopes = jax.jit(jax.grad(lambda p: loss(p, model, motion, times)))(PARAMETERS)
    for seed in range(3):
        direction = directions(seed)
        expected = difference(of, direction)
        found = sum(jnp.vdot(slopes[k], direction[k]) for k in PARAMETERS)
        # the numbers themselves are known to some 1e-10, a step of 5e-4 divides them
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.slow  # two programs
def test_tangents_are_gradients_along_a_direction():
    direction = directions()
    slopes = jax.jit(jax.grad(lambda p: loss(p, "b", "two layers", TIMES)))(PARAMETERS)
    expected = sum(jnp.vdot(slopes[k], direction[k]) for k in PARAMETERS)
    forward = lambda p: loss(p, "b", "two layers", TIMES, "forward")
    _, found = jax.jit(lambda t: jax.jvp(forward, (PARAMETERS,), (t,)))(direction)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.slow  # two programs
def test_the_direct_adjoint_does_both():
    direction = directions()
    direct = lambda p: loss(p, "b", "one layer", None, "direct")
    slopes = jax.grad(direct)(PARAMETERS)
    _, found = jax.jvp(direct, (PARAMETERS,), (direction,))
    expected = sum(jnp.vdot(slopes[k], direction[k]) for k in PARAMETERS)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_wrong_pairing_names_the_right_word():
    of = lambda adjoint: lambda p: loss(p, "b", "one layer", None, adjoint)
    for turn in (jax.jacfwd, lambda f: lambda p: jax.jvp(f, (p,), (p,))):
        with pytest.raises(ValueError, match=r'no tangent; .* adjoint="forward"'):
            jax.jit(turn(of("checkpoints")))(PARAMETERS)
    with pytest.raises(RuntimeError, match=r'no gradient; .* adjoint="checkpoints"'):
        jax.jit(jax.grad(of("forward")))(PARAMETERS)


CALLBACKS = """
import jax, numpy as np
jax.config.update("jax_enable_x64", True)
from hopsim import fixed_point, flow, model_b
from hopsim.dynamics import TwoLayer

def end(times):
    return lambda xi, tau: flow(
        model_b(xi, 0.5), TwoLayer(tau), xi[0], duration=1.0, times=times
    ).sum()

def rest(xi, tau):
    return fixed_point(model_b(xi, 0.5), TwoLayer(tau), xi[0]).sum()

few, many = (
    np.sign(np.random.default_rng(0).standard_normal((4, size))) for size in (7, 300)
)
for of, xi in (
    (end(None), few), (end(np.array([0.5, 1.0])), few), (rest, few), (rest, many)
):
    for made in (of, jax.grad(of)):
        text = jax.jit(made).lower(xi, 0.3).as_text()
        assert "callback" not in text and "while" in text
"""


@pytest.mark.slow  # a process that traces eight programs
def test_no_compiled_program_holds_a_callback(monkeypatch):
    monkeypatch.delenv("EQX_ON_ERROR", raising=False)  # as Equinox comes
    done = subprocess.run(
        [sys.executable, "-c", CALLBACKS],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# --- refusals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"v0": V0[:3]}, r"v0 must be one state of shape \(7,\), .*\(3,\)"),
        ({"v0": V0[None]}, "for many, use jax.vmap"),
        ({"v0": np.nan * V0}, "v0"),
        ({"solver": "auto"}, 'takes no solver "auto"'),
        ({"solver": "tsit6"}, "There is no solver 'tsit6'"),
        ({"adjoint": "backsolve"}, "one of checkpoints, forward, direct"),
        ({"times": [0.5, 0.2]}, "times must ascend"),
        ({"times": [0.5, 9.0]}, "to 1.5 at most"),
        ({"times": []}, "times must ascend"),
        ({"duration": -1.0}, "duration must be a finite number > 0"),
        ({"dynamics": Binary()}, "got 'binary'; use simulate"),
        ({"network": XI}, "network must be a hopsim.Network"),
        ({"rtol": 0.0}, "rtol must be a finite number > 0"),
        ({"clamped": CLAMPED[:3]}, r"boolean mask of shape \(7,\)"),
        ({"dynamics": Adiabatic(), "memory_start": np.ones(K)}, "leave memory_start"),
        (
            {"dynamics": TwoLayer(drive=Pulse(np.ones(3), 0.5))},
            "drive must be one number",
        ),
        ({"duration": np.ones(2)}, "duration must be"),
        ({"adjoint": ["forward"]}, "one of checkpoints, forward, direct"),
        ({"max_steps": 0}, "max_steps must be a whole number >= 1"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(given, message):
    network, moved = network_and_flow()
    plain = {"network": network, "dynamics": moved, "v0": V0, "duration": END}
    with pytest.raises(ValueError, match=message):
        flow(**plain | given)


def test_simulate_under_a_tracer_says_what_to_use():
    run = lambda v: simulate(model_b(XI), TwoLayer(), v, duration=1.0)
    with pytest.raises(ValueError, match=r"use hopsim\.flow"):
        jax.jit(run)(V0[None])


def test_it_is_public():
    assert hopsim.flow is flow
