"""Runs of one's own: sampled at chosen times, ended by an event, and continued."""

import pickle

import cases
import jax
import numpy as np
import pytest
from cases import I, J, PROBES, XI
from scipy.integrate import solve_ivp
from scipy.special import softmax

import hopsim
from hopsim import Output
from hopsim.dynamics import Adiabatic, Binary, Sharp, Sinusoid, TwoLayer
from hopsim.trajectory import Ending


V, H = cases.states(20, PROBES)
B = cases.SMOOTH["b_currents"]  # beta = 0.6
SAMPLES = 11
SPINS = hopsim.model_a(np.sign(XI))


def simulate(network=B, dynamics=None, probes=V, duration=8.0, **options):
    dynamics = TwoLayer(0.5) if dynamics is None else dynamics
    given = {"solver": "tsit5", "memory_start": H, "max_steps": 1000} | options
    if not {"times", "output"} & set(given):
        given.setdefault("samples", SAMPLES)
    return hopsim.simulate(network, dynamics, probes, duration=duration, **given)


@pytest.fixture(scope="module")
def plain():
    return simulate()


# --- times ----------------------------------------------------------------------------


def test_own_times_are_those_of_equally_spaced_samples(plain):
    path = simulate(times=plain.times)
    for name in ("times", "v", "energy", "dissipation", "gap", "final", "steps"):
        np.testing.assert_array_equal(getattr(path, name), getattr(plain, name))


def by_scipy(v, h, times):
    """Model B with currents, by another integrator."""
    cut = len(v)

    def rates(t, x):
        v, h = x[:cut], x[cut:]
        return np.r_[XI.T @ softmax(0.6 * h) + I - v, (XI @ v + J - h) / 0.5]

    x, span = np.r_[v, h], (0.0, 8.0)
    run = solve_ivp(
        rates, span, x, method="DOP853", rtol=1e-11, atol=1e-12, t_eval=times
    )
    return run.y[:cut].T


def test_own_times_need_not_be_even_or_hold_the_ends(plain):
    # nine of them and both ends: the program of eleven samples
    times = [0.01, 0.02, 0.5, 1.0, 1.1, 3.3, 4.7, 5.9, 7.5]
    path = simulate(times=times, residual_tolerance=1e-12)
    np.testing.assert_array_equal(path.times, times)
    assert path.v is not None
    assert path.v.shape == (PROBES, 9, XI.shape[1])
    assert path.energy.shape == path.dissipation.shape == (PROBES, 9)
    for i in range(PROBES):
        # samples are interpolated: errors of some 10 rtol
        expected = by_scipy(V[i], H[i], times)
        np.testing.assert_allclose(path.v[i], expected, rtol=0, atol=3e-6)
    kept = simulate(output=Output(times=np.asarray(times)), residual_tolerance=1e-12)
    np.testing.assert_array_equal(kept.v, path.v)


def test_spins_are_sampled_after_whole_sweeps():
    starts = np.sign(V)
    even = hopsim.simulate(SPINS, Binary(), starts, duration=4, samples=5)
    path = hopsim.simulate(SPINS, Binary(), starts, duration=4, times=[0.5, 2.0])
    for name in ("v", "energy", "dissipation"):
        expected = getattr(even, name)[:, [0, 2]]
        np.testing.assert_array_equal(getattr(path, name), expected)
    np.testing.assert_array_equal(path.times, [0.5, 2.0])
    np.testing.assert_array_equal(path.final, even.final)


@pytest.mark.slow
def test_sharp_motion_is_sampled_at_own_times():
    even = hopsim.simulate(SPINS, Sharp(), V, duration=4.0, samples=5)
    path = hopsim.simulate(SPINS, Sharp(), V, duration=4.0, times=[1.0, 3.0])
    for name in ("v", "energy", "dissipation"):
        expected = getattr(even, name)[:, [1, 3]]
        np.testing.assert_array_equal(getattr(path, name), expected)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"times": [1.0, 0.5]}, "times must ascend from 0 or later to 8 at most"),
        ({"times": [-1.0, 0.5]}, "times must ascend"),
        ({"times": [0.0, 8.1]}, "times must ascend"),
        ({"times": [np.nan]}, "times must ascend"),
        ({"times": []}, "times must ascend"),
        ({"times": [[1.0]]}, "times must ascend"),
        ({"times": ["a"]}, "times must be real numbers"),
        ({"times": [1.0], "samples": 5}, "samples must be left out where times are"),
        ({"times": [1.0], "output": Output()}, "times must be given in Output or by"),
    ],
)
def test_times_that_no_run_has_are_refused(given, says, any_types):
    with pytest.raises(ValueError, match=says):
        simulate(**given)


# --- events ---------------------------------------------------------------------------

TRACED = []  # one entry whenever `half_way` is called


def half_way(t, v):
    """True once the first feature is large, but not at first; for one probe never."""
    TRACED.append(1)
    return (t > 0.9) & (v[0] > 1.2)


@pytest.fixture(scope="module")
def halted():
    return simulate(until=half_way, step_log=PROBES, resumable=True)


def test_events_end_runs_at_the_first_accepted_step_at_which_they_are_true(halted):
    path = halted
    assert path.step_log is not None
    occurred = path.ending == Ending.EVENT
    assert 0 < occurred.sum() < PROBES  # others end with their time
    np.testing.assert_array_equal(path.ending[~occurred], Ending.DURATION)
    np.testing.assert_array_equal(path.end_time[~occurred], 8.0)
    for i in np.flatnonzero(occurred):
        ends = path.step_log.time[i, : path.steps[i] + 1]
        assert ends[-1] == path.end_time[i]
        states = by_scipy(V[i], H[i], ends[1:])
        told = [bool(half_way(t, v)) for t, v in zip(ends[1:], states, strict=True)]
        assert told == [False] * (len(told) - 1) + [True]
        np.testing.assert_allclose(path.final[i], states[-1], rtol=0, atol=1e-6)
        late = path.times > path.end_time[i]
        assert path.v is not None
        np.testing.assert_array_equal(path.v[i, late] - path.final[i], 0)


def test_a_function_is_compiled_once(halted):
    before = len(TRACED)
    path = simulate(until=half_way, step_log=PROBES, resumable=True, throw=True)
    assert len(TRACED) == before + 1  # of the check of its result
    np.testing.assert_array_equal(path.final, halted.final)
    assert not path.converged.any()


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["kvaerno3", "altimex", "stock_tsit5"])
def test_events_end_runs_of_every_solver(solver):
    high = lambda v, limit=0.9: v[0] > limit
    path = simulate(dynamics=Adiabatic(), until=high, solver=solver, memory_start=None)
    assert set(path.ending) == {Ending.EVENT, Ending.DURATION}
    for end, v in zip(path.ending, path.final, strict=True):
        assert bool(high(v)) == (end == Ending.EVENT)


@pytest.mark.parametrize(
    ("until", "says"),
    [
        ("rest", 'until must be "steady", "duration" or a function, got rest'),
        (lambda: True, r"until must be a function of v .*JAX can trace, got an error"),
        (lambda a, b, c: True, "JAX can trace, got an error"),
        (lambda v: v > 0, r"to one boolean, got bool of shape \(\d+,\)"),
        (lambda v: v[0], r"to one boolean, got float64 of shape \(\)"),
        (lambda v: None, "to one boolean, got None"),
        (lambda v: bool(v[0] > 0), "JAX can trace, got an error"),
        (lambda v: v[99] > v[0] + v, "JAX can trace|one boolean"),
    ],
)
def test_what_is_no_event_is_refused(until, says, any_types):
    with pytest.raises(ValueError, match=says):
        simulate(until=until)


@pytest.mark.parametrize("dynamics", [Binary(), Sharp()])
@pytest.mark.parametrize("how", [{"until": lambda v: v[0] > 0}, {"resumable": True}])
def test_events_end_flows_alone(dynamics, how):
    with pytest.raises(ValueError, match=f"not for dynamics '{dynamics.kind}'; leave"):
        hopsim.simulate(SPINS, dynamics, np.sign(V), duration=4, **how)


# --- runs that go on ------------------------------------------------------------------


def onwards(path, **options):
    given = {"probes": None, "memory_start": None, "start": path} | options
    return simulate(**given)


@pytest.fixture(scope="module")
def continued(halted):
    return onwards(halted)


@pytest.mark.slow
def test_a_run_that_goes_on_after_an_event_takes_the_steps_of_the_unsplit_one(
    halted, continued
):
    whole = simulate(duration=float(halted.end_time.max()) + 8.0)
    # the probe without an event went to its end, with a last step that was cut short
    stopped = np.flatnonzero(halted.ending == Ending.EVENT)
    steps = halted.steps + continued.steps
    np.testing.assert_array_equal(steps[stopped], whole.steps[stopped])
    # bit for bit where XLA optimises, which it does not here: see below
    found, expected = continued.final[stopped], whole.final[stopped]
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    np.testing.assert_allclose(continued.final, whole.final, rtol=0, atol=1e-6)


def test_times_are_those_of_the_whole_run(halted, continued):
    first, last = halted.end_time.min(), halted.end_time.max() + 8.0
    np.testing.assert_allclose(continued.times, np.linspace(first, last, SAMPLES))
    assert continued.v is not None
    for i in range(PROBES):
        waits = continued.times <= halted.end_time[i]
        assert waits[0]
        np.testing.assert_array_equal(continued.v[i, waits] - halted.final[i], 0)
    assert not np.all(continued.times <= halted.end_time[:, None])
    # accounts and audit are those of this part
    np.testing.assert_array_equal(continued.dissipation[:, 0], 0)
    np.testing.assert_allclose(continued.energy[:, 0], halted.energy[:, -1], rtol=1e-12)
    assert hopsim.certify(B, continued).holds.all()


def test_a_run_split_at_a_time_agrees_to_the_tolerance(plain):
    first = simulate(
        until=half_way, step_log=PROBES, resumable=True, duration=0.8
    )  # the program of `halted`, before any event
    np.testing.assert_array_equal(first.ending, Ending.DURATION)
    later = onwards(first, duration=7.2)  # that of `continued`
    np.testing.assert_allclose(later.final, plain.final, rtol=0, atol=1e-6)
    np.testing.assert_allclose(later.times[[0, -1]], [0.8, 8.0], rtol=1e-15)


# how the first part ends, and what the other part and the unsplit run wait for
SPLIT = {
    "steps": ({"max_steps": 20}, {}),
    "rest": ({"residual_tolerance": 1e-2}, {}),
    "event": ({"until": lambda t, v: t > 1.3}, {"until": lambda t, v: t > 99.0}),
}


@pytest.fixture
def optimised():
    """Programs as users have them: the tests' own leave out most optimisations, and
    then round an operation otherwise as soon as its result is used elsewhere too."""
    name = "jax_disable_most_optimizations"
    before = jax.config.read(name)
    jax.config.update(name, False)
    yield
    jax.config.update(name, before)


def require_equal_ends(first, later, whole):
    """Bit for bit: not one step of the split run is another one."""
    np.testing.assert_array_equal(later.final, whole.final)
    np.testing.assert_array_equal(later.final_memory, whole.final_memory)
    np.testing.assert_array_equal(later.end_time, whole.end_time)
    np.testing.assert_array_equal(first.steps + later.steps, whole.steps)
    np.testing.assert_array_equal(first.rejected + later.rejected, whole.rejected)
    np.testing.assert_array_equal(later.ending, whole.ending)


@pytest.mark.slow
@pytest.mark.parametrize("split", SPLIT)
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"audit": False},
        {"dynamics": Adiabatic()},
        {"solver": "stock_tsit5"},
        {"solver": "kvaerno5"},
        {"solver": "altimex"},
        {"step": 0.05},
        {"chunk": 1},
    ],
    ids=str,
)
def test_a_run_that_goes_on_is_the_unsplit_one_bit_for_bit(optimised, split, how):
    how = {"samples": 5} | how  # programs of their own, of this test alone
    begun = {"memory_start": None} if "dynamics" in how else {}
    early, late = SPLIT[split]
    # fixed steps divide a run evenly: both are as long in all
    first = simulate(duration=32.0, resumable=True, **begun, **how, **early)
    assert np.all(first.end_time < 32.0)
    later = onwards(first, duration=32.0 - first.end_time.max(), **how, **late)
    whole = simulate(duration=32.0, **begun, **how, **late)
    require_equal_ends(first, later, whole)


@pytest.mark.slow
def test_a_run_goes_on_from_any_trajectory_to_the_tolerance(plain):
    first = simulate(until="duration", duration=3.0)
    later = onwards(first, duration=5.0)
    np.testing.assert_allclose(later.final, plain.final, rtol=0, atol=1e-6)
    # of another network nothing but the states is taken over
    other = hopsim.model_b(XI, beta=0.3)
    first = simulate(resumable=True, max_steps=20)
    again = onwards(first, network=other, duration=60.0)
    ends = {"probes": first.final, "memory_start": first.final_memory}
    fresh = simulate(other, duration=60.0, **ends)
    assert again.converged.all()
    np.testing.assert_allclose(again.final, fresh.final, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_a_drive_goes_on_from_its_own_time():
    driven = TwoLayer(0.5, drive=Sinusoid(1.0, 2.0))
    run = {"dynamics": driven, "until": "duration"}
    first, whole = simulate(duration=3.1, **run), simulate(**run)
    later = onwards(first, duration=4.9, times=[3.1, 5.0, 8.0], **run)
    np.testing.assert_allclose(later.final, whole.final, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(later.times, [3.1, 5.0, 8.0])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"probes": V}, "start is in place of probes and memory_start; leave them out"),
        ({"memory_start": H}, "start is in place of probes and memory_start"),
        ({"start": V}, "start must be a Trajectory, got .*; states belong in probes"),
        ({"dynamics": Sharp()}, "start continues flows, not dynamics 'sharp'; give"),
        ({"network": hopsim.model_b(XI[:, :5])}, r"start must be .* = \(5, \d+\), as"),
        ({"network": hopsim.model_b(XI[:5])}, r"start must be .* = \(\d+, 5\), as"),
        ({"times": [0.1, 9.0]}, "times must ascend from 8 or later to 16 at most"),
        ({"start": None}, "Probes"),
    ],
)
def test_runs_that_cannot_go_on_are_refused(plain, given, says, any_types):
    path = hopsim.Trajectory(**vars(plain) | {"end_time": np.full(PROBES, 8.0)})
    with pytest.raises(ValueError, match=says):
        onwards(given.pop("start", path), **given)


def test_a_run_of_spins_does_not_go_on_as_a_flow(any_types):
    """Its times are sweeps, and no units of tau_feature."""
    spins = hopsim.simulate(SPINS, Binary(), np.sign(V), duration=4)
    with pytest.raises(ValueError, match="got a run of spins, whose times are sweeps"):
        onwards(spins)


def test_a_run_that_was_watched_can_be_kept_and_repeated(plain):
    """What watched it is a function of that moment, and no part of the result."""
    path = simulate(progress=lambda done, total: None)
    again = pickle.loads(pickle.dumps(path))
    np.testing.assert_array_equal(again.final, plain.final)
    assert again.repeat is not None
