"""Sharp model A: exact from flip to flip, against a loop written in NumPy."""

from typing import Any

import cases
import numpy as np
import pytest
from cases import FEATURES, I, J, PROBES, XI

import hopsim
from hopsim import lagrangians as L
from hopsim.dynamics import Adiabatic, Sharp
from hopsim.models import model_a
from hopsim.trajectory import Ending


NETWORK = cases.JUMPING["a_sharp"]
V = cases.states(30, PROBES)[0]


def f(x):
    """F'(x) for F = N/3 (max(x, 0) / N)^3."""
    return (np.maximum(x, 0) / FEATURES) ** 2


def phi(s):
    x = XI @ s + J
    return np.sum(FEATURES / 3 * (np.maximum(x, 0) / FEATURES) ** 3) + 0.5 * I @ s


def event_loop(v, duration=np.inf, clamped=False):
    """Flip by flip. [THEORY section 8, event_A]; times, sites, |w| and last spins."""
    # v relaxes exactly in between; at its flip a neuron sits at 0
    # v relaxes exactly in between; at its flip a neuron sits at 0
    v, s, now, flips = v.copy(), np.where(v >= 0, 1.0, -1.0), 0.0, []
    while True:
        w = 0.5 * I + XI.T @ f(XI @ s + J)
        wrong = (w * s < 0) & np.logical_not(clamped)
        waits = np.where(wrong, np.log1p(np.abs(v / w)), np.inf)
        i = int(np.argmin(waits))
        if not np.isfinite(waits[i]) or now + waits[i] > duration:
            last = w + (v - w) * np.exp(-(duration - now))
            return flips, s, np.where(clamped, v, last)
        moved = w + (v - w) * np.exp(-waits[i])
        v, now = np.where(clamped, v, moved), now + waits[i]
        v[i], s[i] = 0, -s[i]
        flips.append((now, i, abs(w[i])))


def simulate(network=NETWORK, probes=V, dynamics=None, duration=60.0, **options):
    dynamics = Sharp() if dynamics is None else dynamics
    given: dict[str, Any] = {"step_log": PROBES, "samples": 201} | options
    return hopsim.simulate(network, dynamics, probes, duration=duration, **given)


@pytest.mark.parametrize("seed", [30, 31, 32, 33])
def test_flips_are_those_of_the_event_loop(seed):
    """The same flips at the same times, to the same spins. [THEORY 2.1.1]"""
    v = cases.states(seed, PROBES)[0]
    path = simulate(probes=v)
    assert path.step_log is not None
    assert np.all(path.converged)
    total = 0
    for i in range(PROBES):
        flips, s, _ = event_loop(v[i])
        total += len(flips)
        assert path.steps[i] == len(flips)
        times = path.step_log.time[i, 1 : len(flips) + 1]
        np.testing.assert_allclose(times, [t for t, _, _ in flips], rtol=1e-12)
        np.testing.assert_array_equal(np.where(path.final[i] >= 0, 1, -1), s)
    assert total > 5


@pytest.mark.parametrize("duration", [0.05, 0.4, 1.3])
def test_states_between_flips_are_exact_exponentials(duration):
    path = simulate(duration=duration, until="duration")
    assert np.all(path.ending == Ending.DURATION)
    assert path.v is not None
    for i in range(PROBES):
        for k in (0, 40, 133, 200):
            _, _, v = event_loop(V[i], path.times[k])
            np.testing.assert_allclose(path.v[i, k], v, rtol=0, atol=1e-13)
        np.testing.assert_array_equal(path.final[i], path.v[i, -1])


def test_every_flip_lowers_the_energy_by_twice_its_field():
    """`dE <= -2 |w_i|`. [CL-15]"""
    path = simulate()
    assert path.step_log is not None
    for i in range(PROBES):
        flips, s, _ = event_loop(V[i])
        energy = path.step_log.energy[i, : len(flips) + 1]
        drops, fields = np.diff(energy), np.array([w for _, _, w in flips])
        assert np.all(drops <= -2 * fields + 1e-13)
        np.testing.assert_allclose(energy[-1], -phi(s), rtol=1e-13)
    certificate = hopsim.certify(NETWORK, path)
    assert certificate.promised
    assert np.all(certificate.holds)
    assert np.all(certificate.worst_rise == 0)


def test_clamped_neurons_never_flip():
    clamped = np.arange(FEATURES) % 3 == 0
    free = simulate()
    path = simulate(clamped=clamped)
    assert path.v is not None
    for i in range(PROBES):
        flips, s, _ = event_loop(V[i], clamped=clamped)
        assert path.steps[i] == len(flips)
        np.testing.assert_array_equal(np.where(path.final[i] >= 0, 1, -1), s)
    np.testing.assert_array_equal(path.final[:, clamped], V[:, clamped])
    assert np.any(free.steps != path.steps)
    assert np.all(hopsim.certify(NETWORK, path).holds)


def test_runs_out_of_flips_keep_their_last_state():
    full = simulate()
    most = int(np.max(full.steps))
    path = simulate(max_steps=1)
    cut = full.steps > 1
    assert most > 1
    np.testing.assert_array_equal(path.ending == Ending.MAX_STEPS, cut)
    np.testing.assert_array_equal(path.steps, np.minimum(full.steps, 1))
    assert full.step_log is not None
    np.testing.assert_allclose(path.end_time[cut], full.step_log.time[cut, 1])
    with pytest.raises(RuntimeError, match="steps ran out"):
        simulate(max_steps=1, throw=True)


def test_short_runs_are_unsettled():
    path = simulate(duration=0.05)
    assert np.all(path.ending == Ending.UNSETTLED)


@pytest.mark.slow
def test_altimex_in_small_steps_flips_alike():
    """First order: the same spins, states within O(dt). [THEORY 4.7]"""
    exact = simulate(duration=4.0, until="duration", step_log=0)
    worst = []
    for step in (0.02, 0.01):
        path = simulate(
            dynamics=Adiabatic(), duration=4.0, until="duration", step=step, step_log=0
        )
        assert path.solver == "AltIMEX"
        np.testing.assert_array_equal(path.final >= 0, exact.final >= 0)
        worst.append(np.max(np.abs(path.final - exact.final)))
    assert worst[1] < 0.1
    # flip times fall on a grid of dt: first order, but not smoothly so
    assert worst[1] < 0.9 * worst[0]


def promise(network):
    method = Sharp().method(network, V, 1.0, "auto", None)
    return Sharp().promise(network, method, False)


def test_descent_is_promised_for_convex_interactions_without_autapse():
    assert promise(NETWORK).kind == "adiabatic"
    assert promise(model_a(XI, L.Polynomial(4))).given
    cubic = promise(model_a(XI, L.Polynomial(3)))
    assert cubic.kind == "none"
    assert "not convex" in cubic.reason
    selfish = promise(model_a(XI, autapse=0.5))
    assert selfish.kind == "none"
    assert "autapse" in selfish.reason


def test_only_sign_neurons_are_sharp():
    with pytest.raises(
        ValueError, match=r"need AbsoluteValue.* got LogCosh; use model_a"
    ):
        simulate(model_a(XI, beta=2.0))
    with pytest.raises(ValueError, match="take no solver or step"):
        simulate(step=0.1)
    with pytest.raises(ValueError, match="take no solver or step"):
        simulate(solver="tsit5")
    with pytest.raises(ValueError, match="leave memory_start out"):
        simulate(memory_start=cases.states(0, PROBES)[1])
