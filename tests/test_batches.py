"""Batches: no order, chunk, device or process changes what a probe does."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import cases
import jax
import numpy as np
import pytest
from cases import FEATURES
from places import TESTS

import hopsim
from hopsim.dynamics import Adiabatic, Sharp, TwoLayer
from hopsim.models import model_b


slow = pytest.mark.slow
PROBES = 21
V, _ = cases.states(71, PROBES)
B = cases.SMOOTH["b_currents"]
A = cases.SMOOTH["a_rectified_3"]
RTOL = 1e-7  # simulate's default in float64
TAUS = np.geomspace(0.02, 1.0, PROBES)[np.random.default_rng(5).permutation(PROBES)]


def simulate(network=B, motion=None, probes=V, **options):
    given = {"duration": 8.0, "samples": 5, "solver": "tsit5"} | options
    return hopsim.simulate(network, motion or TwoLayer(0.3), probes, **given)


def varied(**given):
    """Values for each probe of four parameters, alike but for what is given: so that
    all that vary something share one program."""
    alike = {
        "dynamics.tau_memory": 0.3,
        "dynamics.decay": 1.0,
        "network.memory_lagrangian.beta": 0.6,
        "network.current": np.asarray(B.current),
    }
    rows = {
        path: np.stack([np.asarray(value)] * PROBES) for path, value in alike.items()
    }
    return {path: given.pop(path.split(".")[-1], row) for path, row in rows.items()}


@pytest.fixture(scope="module")
def plain():
    """Three chunks of 8 probes."""
    return simulate(chunk=8)


@pytest.fixture(scope="module")
def sorted_by_cost():
    """The same with time constants of their own."""
    return simulate(varied=varied(tau_memory=TAUS), chunk=8)


def same(a, b):
    for name in ("final", "energy", "steps", "rejected", "end_time", "worst_rise"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def agree(a, b):
    """To 10 rtol, as the notes ask of different chunk sizes."""
    scale = np.max(np.abs(a.final))
    assert np.max(np.abs(a.final - b.final)) <= 10 * RTOL * scale
    np.testing.assert_array_equal(a.ending, b.ending)


@pytest.mark.parametrize(
    "network", [pytest.param(A, id="a", marks=slow), pytest.param(B, id="b")]
)
@pytest.mark.usefixtures("plain")
def test_order_of_probes_changes_no_bit(network):
    shuffled = np.random.default_rng(3).permutation(PROBES)
    plain = simulate(network, chunk=8)
    other = simulate(network, probes=V[shuffled], chunk=8)
    np.testing.assert_array_equal(other.final, plain.final[shuffled])
    np.testing.assert_array_equal(other.energy, plain.energy[shuffled])
    np.testing.assert_array_equal(other.steps, plain.steps[shuffled])


MANY = np.concatenate([V, cases.states(72, 99)[0]])
REFILLED = 83  # probes in lanes of 16: six chunks, whose lanes are refilled


def test_number_of_chunks_changes_no_bit(plain):
    """21 probes in three chunks of 8, or among 32 in four."""
    more = simulate(probes=MANY[:32], chunk=8)
    np.testing.assert_array_equal(more.final[:PROBES], plain.final)
    np.testing.assert_array_equal(more.energy[:PROBES], plain.energy)


@pytest.fixture(scope="module")
def refilled():
    return simulate(probes=MANY[:REFILLED], chunk=16)


def test_number_of_refilled_chunks_changes_no_bit(refilled):
    more = simulate(probes=MANY, chunk=16)
    np.testing.assert_array_equal(more.final[:REFILLED], refilled.final)
    np.testing.assert_array_equal(more.energy[:REFILLED], refilled.energy)


def test_order_of_probes_changes_no_bit_in_refilled_lanes(refilled):
    shuffled = np.random.default_rng(3).permutation(REFILLED)
    other = simulate(probes=MANY[:REFILLED][shuffled], chunk=16)
    np.testing.assert_array_equal(other.final, refilled.final[shuffled])
    np.testing.assert_array_equal(other.steps, refilled.steps[shuffled])


def test_refilled_lanes_agree_with_chunks_one_by_one(plain, refilled):
    fields = ("final", "energy", "end_time")
    first = {name: getattr(refilled, name)[:PROBES] for name in fields}
    for name in fields:
        size = 10 * RTOL * np.max(np.abs(first[name]))
        np.testing.assert_allclose(
            first[name], getattr(plain, name), 0, size, err_msg=name
        )
    np.testing.assert_array_equal(refilled.steps[:PROBES], plain.steps)


@pytest.fixture(scope="module", params=[3, 16, 24, 64])
def resized(request):
    """The same in chunks of another size."""
    return simulate(chunk=request.param)


@pytest.mark.slow
def test_chunks_of_other_sizes_agree(plain, resized):
    agree(plain, resized)


def test_chunks_are_multiples_of_eight(plain):
    same(simulate(chunk=3), plain)


# --- parameters that differ from probe to probe ---


def one_by_one(values, motion):
    for i, value in enumerate(values):
        yield i, simulate(motion=motion(value), probes=V[[i]], chunk=8)


@pytest.mark.slow
@pytest.mark.usefixtures("plain")
def test_varied_time_constants_are_those_of_each_probe(sorted_by_cost):
    path = sorted_by_cost
    assert path.promise.given
    for i, alone in one_by_one(TAUS[:6], TwoLayer):
        np.testing.assert_allclose(
            path.final[i], alone.final[0], rtol=0, atol=10 * RTOL * np.max(np.abs(V))
        )
        assert path.steps[i] == alone.steps[0]


def test_sorting_by_cost_changes_no_bit(sorted_by_cost, monkeypatch):
    order = hopsim.simulation._by_cost
    monkeypatch.setattr(
        hopsim.simulation, "_by_cost", lambda *given: (None, order(*given)[1])
    )
    same(sorted_by_cost, simulate(varied=varied(tau_memory=TAUS), chunk=8))


def test_expected_cost_puts_stiff_probes_first():
    from hopsim.dynamics import Batch

    batch = Batch(V, None, varied(tau_memory=TAUS))
    order, hardest = hopsim.simulation._by_cost(B, TwoLayer(0.3), batch)
    assert order is not None
    assert hardest == np.argmin(TAUS)
    # ranks of cost and of 1/tau agree but for what the cues add
    ranks = np.argsort(np.argsort(-1 / TAUS)), np.argsort(order)
    assert np.corrcoef(*ranks)[0, 1] > 0.9


@pytest.mark.usefixtures("plain", "sorted_by_cost")
def test_varied_parameters_of_the_network():
    betas = np.geomspace(0.2, 2.0, PROBES)
    path = simulate(varied=varied(beta=betas), chunk=8)
    for i in (0, 9, 20):
        own = model_b(cases.XI, betas[i], current=cases.I, hidden_current=cases.J)
        alone = simulate(own, probes=V[[i]], chunk=8)
        np.testing.assert_allclose(path.final[i], alone.final[0], atol=10 * RTOL * 4)


@pytest.mark.usefixtures("plain", "sorted_by_cost")
def test_varied_vectors_have_the_probe_first():
    currents = np.random.default_rng(1).standard_normal((PROBES, FEATURES))
    path = simulate(varied=varied(current=currents), chunk=8)
    own = B.with_current(currents[4])
    alone = simulate(own, probes=V[[4]], chunk=8)
    np.testing.assert_allclose(path.final[4], alone.final[0], atol=10 * RTOL * 4)


@pytest.fixture(scope="module")
def on_the_sphere():
    """A decay of their own, and nothing that a promise does not look at."""
    network, decays = cases.SMOOTH["c_exponential"], np.full(PROBES, 0.5)
    given = {"samples": 2, "until": "duration", "audit": False}
    return simulate(network, varied={"dynamics.decay": decays}, **given)


@pytest.mark.usefixtures("sorted_by_cost")
def test_a_promise_must_hold_for_every_probe(on_the_sphere):
    assert on_the_sphere.promise.given
    graded = simulate(varied=varied(decay=np.linspace(0.5, 1.0, PROBES)), chunk=8)
    assert not graded.promise.given
    assert "decay" in graded.promise.reason


@pytest.mark.parametrize(
    ("varied", "match"),
    [
        ({"dynamics.tau": TAUS}, "names numbers of the network or the dynamics"),
        ({"tau_memory": TAUS}, "names numbers of the network or the dynamics"),
        ({"dynamics.drive": TAUS}, "that are set"),
        ({"network.memories": TAUS}, "got 'network.memories'"),
        ({"dynamics.tau_memory": TAUS[:3]}, r"of shape \(21,\), one for each probe"),
        ({"dynamics.tau_memory": TAUS * 1j}, "must be real numbers, got complex"),
        ({"dynamics.tau_memory": TAUS - 0.5}, "finite number > 0"),
        ({"dynamics.tau_memory": TAUS * np.nan}, "finite number > 0"),
    ],
)
def test_mistakes_in_varied_parameters_are_named(varied, match):
    with pytest.raises(ValueError, match=match):
        simulate(varied=varied)


def test_a_chunk_has_at_least_one_probe():
    with pytest.raises(ValueError, match="chunk must be a whole number >= 1, got 0"):
        simulate(chunk=0)


@pytest.mark.slow
def test_costs_of_sharp_dynamics_are_their_first_flips():
    sharp = cases.CONVEX["a_sharp"]
    v = V[0]
    s = np.where(v >= 0, 1.0, -1.0)
    against = np.sum(np.asarray(sharp.local_field(s)) * s < 0)
    assert float(Sharp().cost(sharp, v)) == against
    assert float(Adiabatic().cost(B, v)) > 1  # a decay rate and a loop gain


# --- devices and processes ---

NAMES = ("final", "energy", "steps", "ending")  # what is compared
SCRIPT = """
    import sys
    sys.path.insert(0, {tests!r})
    import jax
    jax.config.update("jax_enable_x64", True)
    {join}
    import numpy as np, test_batches as t
    np.savez({out!r}, devices=jax.device_count(), **t.arrays({runs!r}))
"""


def arrays(runs, **options):
    """What some runs give; on all devices, if nothing else is said."""
    given: dict[str, Any] = {
        "plain": {"chunk": 8},
        "varied": {"chunk": 8, "varied": varied(tau_memory=TAUS)},
        "wide": {"probes": np.tile(V, (7, 1))},  # for each of two devices two chunks
    }
    paths = {name: simulate(**given[name], **options) for name in runs}
    return {f"{k}_{name}": getattr(p, name) for k, p in paths.items() for name in NAMES}


def start(out, devices=1, join="", runs=("plain", "varied")):
    """A fresh process with so many CPU devices that simulates and saves."""
    here = str(TESTS)
    script = textwrap.dedent(SCRIPT)
    script = script.format(tests=here, out=str(out), join=join, runs=runs)
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": str(devices)}
    command = [sys.executable, "-c", script]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def finished(process, out):
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-2000:]
    with np.load(out) as saved:
        return dict(saved)


ROUNDING = 1e-12  # some thousand roundings, far below 10 rtol


@pytest.fixture(scope="module")
def two_devices(made_once):
    """Made by a process that has two devices."""
    run = lambda place: finished(start(place / "two.npz", 2), place / "two.npz")
    with np.load(made_once("two_devices", run) / "two.npz") as saved:
        return dict(saved)


def away(found, expected):
    return np.max(np.abs(found - expected)) / np.max(np.abs(expected))


@pytest.mark.slow
@pytest.mark.usefixtures("plain", "sorted_by_cost")
def test_one_device_and_several_agree_to_rounding(two_devices):
    """With the same chunks."""
    assert two_devices["devices"] == 2
    for key, expected in arrays(("plain", "varied"), devices=jax.devices()[:1]).items():
        assert away(two_devices[key], expected) <= ROUNDING, key


@slow
def test_a_share_for_each_device_agrees(tmp_path):
    """Of chunks of another size: to 10 rtol."""
    out = tmp_path / "wide.npz"
    found = finished(start(out, 2, runs=("wide",)), out)
    assert found["devices"] == 2
    for key, expected in arrays(("wide",), devices=jax.devices()[:1]).items():
        assert away(found[key], expected) <= 10 * RTOL, key


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """On three devices, and on two processes of one device each."""
    place = tmp_path_factory.mktemp("runs")
    names: tuple[Any, ...] = (3, "first", "second")
    outs: dict[Any, Path] = {name: place / f"{name}.npz" for name in names}
    port = free_port()
    join = (
        "from hopsim._common.environment import join_processes; "
        "join_processes('127.0.0.1:{},{},2')"
    )
    started: dict[Any, Any] = {3: start(outs[3], 3)}
    for i, name in enumerate(("first", "second")):
        started[name] = start(outs[name], 1, join.format(port, i))
    return {name: finished(started[name], outs[name]) for name in outs}


@slow
@pytest.mark.parametrize("other", [3, "first", "second"])
def test_several_devices_or_processes_change_no_bit(two_devices, others, other):
    """Chunks of 8 everywhere; each of two processes has every probe in the end."""
    found = others[other]
    assert int(found.pop("devices")) == (other if other == 3 else 2)
    assert len(found) == 2 * len(NAMES)
    for key, expected in found.items():
        np.testing.assert_array_equal(two_devices[key], expected, err_msg=key)


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


MASS = """
    import sys
    sys.path.insert(0, {tests!r})
    import jax
    jax.config.update("jax_enable_x64", True)
    import numpy as np, test_batches as t
    motion = t.Adiabatic(tau_memory=0.1)
    devices = jax.devices()
    assert len(devices) == 2
    both = devices[:1], devices
    one, two = (t.simulate(motion=motion, chunk=8, devices=d) for d in both)
    t.agree(one, two)
"""


@slow
def test_a_mass_is_solved_for_on_several_devices():
    script = textwrap.dedent(MASS).format(tests=str(TESTS))
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": "2"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("text", ["", "here", "a:1,2,2", "a:1,x,2", "a,0,2", "a:1,0"])
def test_processes_are_named_in_one_way(text):
    with pytest.raises(ValueError, match=r"HOST:PORT,INDEX,COUNT"):
        hopsim._common.environment.join_processes(text)
