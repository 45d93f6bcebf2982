"""Flows: balances, orders, endings and promises kept by `simulate`."""

from typing import Any

import cases
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import COUNT, FEATURES, I, J, PROBES, XI
from scipy.integrate import solve_ivp
from scipy.special import softmax

import hopsim
from hopsim import batches, lagrangians as L, simulation
from hopsim.dynamics import Adiabatic, Pulse, Sinusoid, TwoLayer
from hopsim.network import Network
from hopsim.trajectory import Ending


V, H = cases.states(20, PROBES)
B = cases.SMOOTH["b_currents"]  # beta = 0.6
A = cases.SMOOTH["a_autapse"]  # tanh(2 v), F = N/4 (x/N)^4, c = 0.4
STEPS = 1000  # at most: many for all of these runs but the stiff one


def simulate(network=B, dynamics=None, probes=V, duration=8.0, **options):
    """One signature for all: what is static stays the same, so programs are shared.

    Two layers of model B start at h = xi v + J, the default, unless told otherwise, and
    log their steps: with a start or a log that only some are given, they would be
    several programs.
    """
    dynamics = TwoLayer(0.5) if dynamics is None else dynamics
    given: dict[str, Any] = {"samples": 11, "solver": "tsit5", "max_steps": STEPS}
    shares = isinstance(network.memory_lagrangian, L.LogSumExp)
    if shares and isinstance(dynamics, TwoLayer) and probes.shape[1] == FEATURES:
        start = probes @ np.asarray(network.memories).T
        given["memory_start"] = start + np.asarray(network.hidden_current)
        given["step_log"] = PROBES
    given |= options
    return hopsim.simulate(network, dynamics, probes, duration=duration, **given)


def restless(*args, **options):
    """For all of the duration, in the program of `simulate`: no rest is that still."""
    return simulate(*args, residual_tolerance=1e-300, **options)


def to_the_end(*args, **options):
    return simulate(*args, until="duration", **options)


@pytest.fixture(scope="module")
def program():
    """Most of these tests: model B, two layers, Tsit5. Compiled before they begin."""
    return simulate()


@pytest.fixture(scope="module")
def other_program():
    """Model A, with time constants of its own for every neuron."""
    return each_neuron(np.full(FEATURES, 1.0), np.full(COUNT, 0.5))


@pytest.fixture(scope="module")
def implicit_program():
    return to_the_end(dynamics=TwoLayer(0.01), solver="kvaerno5")


@pytest.fixture(scope="module")
def driven_program():
    return driven(1.0)


@pytest.fixture(scope="module")
def heavy_program():
    return heavy(0.1)


@pytest.fixture(scope="module")
def sphere_program():
    return on_sphere(1.0)


@pytest.fixture(scope="module")
def explosive_program():
    return explosive(1.0)


def driven(omega, rtol=1e-9):
    drive = Sinusoid(np.random.default_rng(21).standard_normal(FEATURES), omega)
    motion = TwoLayer(0.5, drive=drive)
    return drive, to_the_end(dynamics=motion, rtol=rtol, atol=rtol, samples=401)


def heavy(e):
    return to_the_end(dynamics=Adiabatic(tau_memory=e), duration=2.0)


def on_sphere(decay):
    fine: dict[str, Any] = {"residual_tolerance": 1e-8, "rtol": 1e-9}
    network = cases.SMOOTH["c"]
    return network, simulate(network, Adiabatic(decay=decay), duration=400.0, **fine)


def explosive(size):
    network = Network(XI, L.Quadratic(), L.Polynomial(4))
    return network, simulate(network, probes=size * XI[:PROBES], max_steps=100_000)


def each_neuron(tau_v, tau_h, **options):
    given: dict[str, Any] = {"rtol": 1e-11, "atol": 1e-13} | options
    return to_the_end(A, TwoLayer(tau_h, tau_v), memory_start=H, **given)


compiled = pytest.mark.usefixtures("program")


# --- ledgers ---


def check_ledger(path, rtol):
    """`|E + Q - E(0)| <= 10 rtol (|E| + |E(0)| + Q)`. [CL-05]

    At the end of the run, and, by the audit, after every accepted step. Not at the
    samples between: those are interpolated at a lower order.
    """
    first, last, lost = path.energy[:, 0], path.energy[:, -1], path.dissipation[:, -1]
    limit = 10 * rtol * (np.abs(last) + np.abs(first) + lost)
    assert np.all(np.abs(last + lost - first) <= limit)
    assert path.ledger_kind == "balance"
    assert np.all(path.ledger_residual <= 10 * rtol)
    # weights of these tableaus are negative in part: Q may fall by an error [4.6]
    assert np.all(np.diff(path.dissipation) >= -limit[:, None])


@compiled
@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-9])
def test_energy_lost_is_energy_dissipated_model_b(rtol):
    path = restless(memory_start=H, rtol=rtol, atol=rtol)
    check_ledger(path, rtol)
    certificate = hopsim.certify(B, path)
    assert certificate.promised
    assert np.all(certificate.holds)


@pytest.mark.slow
@pytest.mark.usefixtures("other_program")
@pytest.mark.parametrize("rtol", [1e-6, 1e-10])
def test_energy_lost_is_energy_dissipated_with_an_autapse(rtol):
    one, half = np.ones(FEATURES), np.full(COUNT, 0.5)
    check_ledger(each_neuron(one, half, rtol=rtol, atol=rtol), rtol)


@pytest.mark.slow
@pytest.mark.parametrize("rtol", [1e-6, 1e-10])
def test_energy_lost_is_energy_dissipated_model_a(rtol):
    check_ledger(to_the_end(A, solver="dopri8", rtol=rtol, atol=rtol), rtol)


@pytest.mark.slow
@pytest.mark.usefixtures("implicit_program")
@pytest.mark.parametrize("rtol", [1e-4, 1e-7])
def test_energy_lost_is_energy_dissipated_by_an_implicit_solver(rtol):
    path = to_the_end(dynamics=TwoLayer(0.01), solver="kvaerno5", rtol=rtol, atol=rtol)
    check_ledger(path, rtol)


@pytest.mark.slow  # a claim as well
@pytest.mark.usefixtures("driven_program")
@pytest.mark.parametrize("omega", [0.0, 2.0])
def test_work_of_a_drive_completes_the_balance(omega):
    """`E(t) - E(0) + Q + int I'.g dt = 0` for I(t) = A sin(omega t). [CL-06]"""
    rtol = 1e-9
    drive, path = driven(omega, rtol)
    assert path.ledger_kind == "balance"
    assert np.all(path.ledger_residual <= 10 * rtol)
    assert path.promise.kind == "none"
    # independently: the power I'.g by Simpson's rule over the saved states (g = v)
    assert path.v is not None
    t = path.times
    power = omega * np.cos(omega * t)[:, None] * drive.amplitude * path.v
    power = power.sum(-1)
    step = t[1] - t[0]
    work = (
        step
        / 3
        * (
            power[:, 0]
            + 4 * power[:, 1::2].sum(1)
            + 2 * power[:, 2:-1:2].sum(1)
            + power[:, -1]
        )
    )
    change = path.energy[:, -1] - path.energy[:, 0]
    # Simpson's error: T h^4 p'''' / 180 with p'''' of order omega^4 p
    size = np.max(np.abs(power)) * (1 + omega) ** 4 * 8.0 * step**4
    assert np.all(np.abs(change + path.dissipation[:, -1] + work) <= size + 1e-7)
    assert (omega == 0) == bool(np.all(np.abs(work) < 1e-12))


def test_rate_of_a_drive_is_its_derivative():
    for drive in (Sinusoid(0.7, 3.0), Pulse(0.7, 1.0, 0.4)):
        t, d = jnp.asarray(0.83), 1e-6
        slope = (drive(t + d) - drive(t - d)) / (2 * d)
        np.testing.assert_allclose(drive.rate(t), slope, rtol=1e-8)
    np.testing.assert_allclose(Sinusoid(0.7, 3.0)(t), 0.7 * np.sin(3 * 0.83))
    np.testing.assert_allclose(
        Pulse(0.7, 1.0, 0.4)(t), 0.7 * np.exp(-((0.17 / 0.4) ** 2) / 2)
    )


# --- accuracy ---


def right_hand_side(tau_v, tau_h):
    """Model A with tanh and autapse, from KH21 eq. 1, in NumPy."""

    def rhs(t, x):
        v, h = x[:FEATURES], x[FEATURES:]
        g, f = np.tanh(2 * v), (h / FEATURES) ** 3
        return np.concatenate(
            [(XI.T @ f + I - 0.4 * g - v) / tau_v, (XI @ g - h) / tau_h]
        )

    return rhs


def by_scipy(rhs, v, h, duration):
    x = np.concatenate([v, h])
    run = solve_ivp(rhs, (0, duration), x, method="DOP853", rtol=3e-13, atol=1e-14)
    return run.y[:FEATURES, -1], run.y[FEATURES:, -1]


def test_flow_agrees_with_scipy(other_program):
    # a common time constant, then one for each neuron, in the same compiled program
    path = other_program
    for i in range(PROBES):
        v, h = by_scipy(right_hand_side(1.0, 0.5), V[i], H[i], 8.0)
        # global errors: a few hundred steps of rtol each
        np.testing.assert_allclose(path.final[i], v, rtol=0, atol=1e-9)
        np.testing.assert_allclose(path.final_memory[i], h, rtol=0, atol=1e-9)


@pytest.mark.usefixtures("other_program")
def test_every_neuron_may_have_its_own_time_constant():
    """tau_feature's mean is the unit of time; the energy falls all the same."""
    rng = np.random.default_rng(22)
    tau_v, tau_h = rng.uniform(0.5, 4, FEATURES), rng.uniform(0.2, 2, COUNT)
    path = each_neuron(tau_v, tau_h)
    unit = tau_v.mean()
    v, h = by_scipy(right_hand_side(tau_v / unit, tau_h / unit), V[0], H[0], 8.0)
    np.testing.assert_allclose(path.final[0], v, rtol=0, atol=1e-9)
    np.testing.assert_allclose(path.final_memory[0], h, rtol=0, atol=1e-9)
    certificate = hopsim.certify(A, path)
    assert certificate.promised
    assert np.all(certificate.holds)


@pytest.mark.parametrize(
    ("solver", "order", "steps"),
    # the chord iteration of Kvaerno5 diverges at longer steps and tighter tolerances
    [
        pytest.param("tsit5", 5, (0.25, 0.125), marks=pytest.mark.slow),
        pytest.param("kvaerno5", 5, (0.125, 0.0625), marks=pytest.mark.slow),
        ("altimex", 1, (0.02, 0.01)),
    ],
)
def test_solvers_converge_at_their_order(solver, order, steps):
    beta = 0.1

    def rhs(t, x):
        v, h = x[:FEATURES], x[FEATURES:]
        f = softmax(beta * h)
        return np.concatenate([XI.T @ f + I - v, (XI @ v + J - h) / 0.5])

    exact = np.stack([by_scipy(rhs, v, XI @ v + J, 2.0)[0] for v in V])
    network = hopsim.model_b(XI, beta, current=I, hidden_current=J)
    errors = []
    for step in steps:
        path = to_the_end(
            network, solver=solver, step=step, duration=2.0, rtol=1e-8, atol=1e-8
        )
        assert np.all(path.ending == Ending.DURATION)
        errors.append(np.max(np.abs(path.final - exact)))
    # Tsit5's leading error is small: at these steps its sixth order is seen as well
    assert order - 0.3 < np.log2(errors[0] / errors[1]) < order + 1.3


@compiled
@pytest.mark.parametrize("scale", [2.0, 0.125])
def test_times_are_in_units_of_tau_feature(scale):
    plain = simulate()
    scaled = simulate(dynamics=TwoLayer(0.5 * scale, scale))
    np.testing.assert_array_equal(scaled.final, plain.final)


@pytest.mark.slow  # a claim as well
@compiled
def test_two_layers_with_fast_memory_follow_the_adiabatic_flow():
    """sup |v_eps - v_0| is O(eps). [CL-09]"""
    path = np.asarray(to_the_end(dynamics=Adiabatic(), duration=2.0).v)
    distance = [
        np.max(
            np.abs(np.asarray(restless(dynamics=TwoLayer(e), duration=2.0).v) - path)
        )
        for e in (0.02, 0.01)
    ]
    assert 0.9 < np.log2(distance[0] / distance[1]) < 1.1


@pytest.mark.slow  # a claim as well
@pytest.mark.usefixtures("program", "heavy_program")
def test_a_mass_follows_two_layers_at_second_order():
    """(tau_f + tau_h xi^T H_h xi H_v) v' = grad Phi - v; E(v) falls. [2.5; CL-09]"""
    distance = []
    for e in (0.02, 0.01):
        layers = restless(dynamics=TwoLayer(e), duration=2.0)
        path = heavy(e)
        assert np.all(hopsim.certify(B, path).holds)
        distance.append(np.max(np.abs(np.asarray(layers.v) - np.asarray(path.v))))
    assert 1.8 < np.log2(distance[0] / distance[1]) < 2.2


@pytest.mark.slow
@pytest.mark.usefixtures("program", "heavy_program")
def test_a_mass_that_saturation_takes_away_is_solved_for_all_the_same():
    """Its linear system is the identity to rounding, where BiCGStab breaks down."""
    network = Network(4 * XI, L.Quadratic(), L.LogSumExp(30.0))
    probes = np.repeat(4 * XI[:1], PROBES, axis=0) + 0.1 * V
    layers = restless(network, TwoLayer(1e-3), probes, duration=2.0)
    path = to_the_end(network, Adiabatic(tau_memory=1e-3), probes, duration=2.0)
    np.testing.assert_allclose(path.final, layers.final, rtol=0, atol=1e-5)
    assert np.all(hopsim.certify(network, path).holds)


def test_a_mass_has_no_altimex_step():
    with pytest.raises(ValueError, match="AltIMEX has no form with a mass"):
        simulate(dynamics=Adiabatic(tau_memory=0.1), solver="altimex")


# --- steps of the adiabatic flow: Euler, CCCP, attention ---


@eqx.filter_jit
def damped(network, motion, theta, v):
    """`v <- (1 - theta) v + theta grad Phi(g)`, its energies and S_E. [THEORY 2.6]"""

    def step(v, _):
        g = network.feature_lagrangian.activation(v)
        v = (1 - theta) * v + theta * network.local_field(g)
        return v, measure(v)

    def measure(v):
        h = motion.memory(network, (v,))
        return network.effective_energy(v), network.energy_scale(v, h)

    def one(v):
        first, (energy, scale) = measure(v), jax.lax.scan(step, v, length=30)[1]
        return jnp.append(first[0], energy), jnp.append(first[1], scale)

    return jax.vmap(one)(v)


def worst_damped_rise(network, theta, v=V):
    energy, scale = damped(network, Adiabatic(), jnp.asarray(theta), jnp.asarray(v))
    return np.max(np.diff(energy, axis=1) / scale[:, 1:])


@pytest.mark.parametrize("theta", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("name", ["a_polynomial_4", "a_sharp", "a_leaky", "b", "c"])
def test_energy_falls_under_damped_iteration(name, theta):
    assert worst_damped_rise(cases.CONVEX[name], theta) <= 64 * np.finfo(float).eps


@pytest.mark.parametrize("theta", [1.5, 1.95])
def test_energy_of_model_b_falls_for_all_theta_below_two(theta):
    assert worst_damped_rise(B, theta) <= 64 * np.finfo(float).eps


@pytest.mark.parametrize("name", ["a_polynomial_4", "c"])
def test_energy_of_models_a_and_c_can_rise_beyond_theta_one(name):
    v = cases.states(23, 40, 0.3)[0]
    assert worst_damped_rise(cases.SMOOTH[name], 1.9, v) > 1e-3


# --- model C ---


@pytest.mark.slow  # a claim as well
@pytest.mark.usefixtures("sphere_program")
@pytest.mark.parametrize("decay", [0.5, 1.0, 0.0])
def test_length_of_model_c_at_rest_is_lambda_over_alpha(decay):
    """`|v| = v.xi^T f / (alpha |v|)`; at decay 0 only the direction rests. [CL-27]"""
    network, path = on_sphere(decay)
    length = np.linalg.norm(path.final, axis=1)
    unit = path.final / length[:, None]
    f = (np.maximum(np.sqrt(FEATURES) * unit @ XI.T, 0) / FEATURES) ** 2
    target = f @ XI + I
    strength = np.sum(unit * target, 1)
    assert np.all(hopsim.certify(network, path).holds)
    assert path.promise.kind == "adiabatic"
    if decay > 0:
        assert np.all(path.converged)
        np.testing.assert_allclose(length, strength / decay, rtol=1e-5)
        np.testing.assert_allclose(unit, target / strength[:, None], atol=1e-5)
    else:  # the direction comes to rest algebraically, the length grows: r ~ lambda t
        assert np.all(length > 50)
        np.testing.assert_allclose(unit, target / strength[:, None], atol=2e-2)


# --- endings ---


@compiled
def test_endings_are_told_apart_within_one_batch():
    """At rest from the start, soon, later, or not yet: each probe for itself."""
    settled = simulate(duration=200.0)
    assert np.all(settled.ending == Ending.STEADY)
    assert np.all(settled.residual < 1e-6)
    times = settled.end_time
    between = float(np.sort(times)[-2:].mean())  # three of four are done by then
    path = simulate(duration=between)
    expected = np.where(times < between, Ending.STEADY, Ending.UNSETTLED)
    np.testing.assert_array_equal(path.ending, expected)
    assert [s.split()[1] for s in path.sentences()].count("duration") == 1
    np.testing.assert_array_equal(path.converged, expected == Ending.STEADY)


@compiled
def test_probes_at_rest_are_done_at_once():
    rest = simulate(duration=200.0, residual_tolerance=1e-9)
    again = simulate(probes=rest.final, memory_start=rest.final_memory, duration=8.0)
    assert np.all(again.ending == Ending.STEADY)
    assert np.all(again.steps <= 1)


@compiled
def test_samples_repeat_the_final_state_after_the_end():
    path = simulate(duration=200.0)
    assert path.v is not None
    for i in range(PROBES):
        late = path.times > path.end_time[i]
        assert np.any(late)
        np.testing.assert_array_equal(path.v[i, late], [path.final[i]] * late.sum())
        assert np.ptp(path.energy[i, late]) == 0


@pytest.mark.usefixtures("other_program")
def test_duration_is_an_ending_of_its_own():
    path = each_neuron(np.ones(FEATURES), np.full(COUNT, 0.5), rtol=1e-6)
    assert np.all(path.ending == Ending.DURATION)
    np.testing.assert_array_equal(path.end_time, np.full(PROBES, 8.0))


@compiled
def test_runs_out_of_steps_keep_their_last_state():
    full, stiff = simulate(rtol=1e-9), TwoLayer(1e-4)
    path = simulate(dynamics=stiff, rtol=1e-9)
    assert np.all(path.ending == Ending.MAX_STEPS)
    assert np.all(path.steps + path.rejected == STEPS)
    assert np.all((path.end_time > 0) & (path.end_time < 8))
    assert np.all(path.energy[:, -1] < path.energy[:, 0])
    assert np.all(path.energy[:, -1] > full.energy[:, -1])
    assert path.v is not None
    np.testing.assert_array_equal(path.v[:, -1], path.final)
    with pytest.raises(
        RuntimeError, match=r"4 of 4 probes did not end well.*steps ran"
    ):
        simulate(dynamics=stiff, rtol=1e-9, throw=True)


@pytest.mark.usefixtures("explosive_program")
@pytest.mark.parametrize("size", [1.0, 3.0, 1e60])
def test_blow_up_is_never_called_steady(size):
    """L_v quadratic, F = x^4: infinity is reached in finite time. [THEORY 1.5]"""
    network, path = explosive(size)
    blown = (Ending.STEP_UNDERFLOW, Ending.MAX_STEPS, Ending.NONFINITE)
    assert set(path.ending) <= set(blown)
    assert np.all(path.rejected < 1000)  # a step of few roundings can shrink no more
    assert not np.any(
        hopsim.certify(network, path).holds & ~np.isfinite(path.energy[:, -1])
    )


# --- clamping, precision, batches ---


@compiled
def test_clamped_neurons_rest_and_the_energy_still_falls():
    clamped = np.arange(FEATURES) < 5
    path = simulate(duration=200.0, clamped=clamped)
    assert path.v is not None
    np.testing.assert_array_equal(
        path.v[..., clamped], np.stack([V[:, clamped]] * 11, 1)
    )
    assert np.all(path.converged)
    certificate = hopsim.certify(B, path)
    assert certificate.promised
    assert np.all(certificate.holds)
    # the free ones are at rest where the clamped ones push them
    on_v = softmax(0.6 * (path.final @ XI.T + J), axis=1) @ XI + I - path.final
    assert np.max(np.abs(on_v[:, ~clamped])) < 1e-4
    assert np.max(np.abs(on_v[:, clamped])) > 0.1


@pytest.fixture(scope="module")
def single():
    network = hopsim.model_b(XI.astype(np.float32), 0.6, current=I, hidden_current=J)
    return network, simulate(network, solver="auto", duration=50.0, save=("v", "h"))


def test_float32_memories_give_float32_everywhere(single):
    network, path = single
    assert path.solver == "Tsit5"
    arrays = {k: x for k, x in vars(path).items() if isinstance(x, np.ndarray)}
    floats = {k: x.dtype for k, x in arrays.items() if x.dtype.kind == "f"}
    floats.pop("ledger_tolerance")  # a limit, not a result
    assert set(floats.values()) == {np.dtype(np.float32)}
    assert {"times", "v", "h", "energy", "final", "end_time"} <= set(floats)
    assert np.all(path.converged)
    certificate = hopsim.certify(network, path)
    assert certificate.promised
    assert np.all(certificate.holds)
    with pytest.raises(ValueError, match="float32 cannot keep rtol < 1e-5"):
        simulate(network, rtol=1e-6)
    with pytest.raises(ValueError, match="Implicit solvers stall in float32"):
        simulate(network, solver="kvaerno3")


@compiled
@pytest.mark.slow
@pytest.mark.parametrize("chunk", [4, 64])
def test_batches_are_as_good_as_one_by_one(chunk):
    """129 probes in equal chunks, the last one padded."""
    probes = cases.states(24, 129)[0]
    seen = []
    path = simulate(
        probes=probes,
        chunk=chunk,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert path.final.shape == (129, FEATURES)
    assert seen[-1] == (129, 129)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    rows = [0, 42, 43, 100, 128]
    alone = [simulate(probes=probes[[i] * PROBES]).final[0] for i in rows]
    # sums over a batch are rounded in another order: steps differ by roundings
    np.testing.assert_allclose(path.final[rows], alone, rtol=0, atol=1e-10)


def compiled_programs():
    return vars(batches._solve)["_cached"]._cache_size()


@compiled
def test_swept_numbers_compile_nothing_anew():
    simulate()
    before = compiled_programs()
    for beta, tau, rtol, clamp in [
        (0.5, 0.1, 1e-5, 0),
        (0.7, 0.3, 1e-8, 4),
        (2, 2, 1e-3, 1),
    ]:
        network = hopsim.model_b(XI + beta, beta, current=I * beta, hidden_current=J)
        clamped = np.arange(FEATURES) < clamp
        simulate(
            network,
            TwoLayer(tau, decay=1.0 + tau),
            V + beta,
            5 + tau,
            rtol=rtol,
            atol=rtol,
            residual_tolerance=rtol,
            clamped=clamped,
        )
    assert compiled_programs() == before


def test_altimex_steps_compile_nothing_anew():
    to_the_end(solver="altimex", step=0.01)
    before = compiled_programs()
    to_the_end(solver="altimex", step=0.2)
    to_the_end(solver="altimex", step=5.0)
    assert compiled_programs() == before


@pytest.fixture
def logged(monkeypatch, rows):
    """Of so many steps that a log of 1024 rows is needed, for both: one program."""
    monkeypatch.setattr(simulation, "LOG_ROWS", rows)
    return simulate(dynamics=TwoLayer(4e-3), memory_start=H)


@pytest.mark.parametrize("rows", [simulation.LOG_ROWS, 16])
def test_step_log_has_every_accepted_step(logged, rows):
    """Also where the run takes more steps than rows were set aside at first."""
    path, log = logged, logged.step_log
    assert log is not None
    assert 512 < np.max(path.steps) < STEPS
    assert log.energy.shape == (PROBES, np.max(path.steps) + 1)
    for i, steps in enumerate(path.steps):
        assert np.all(np.isfinite(log.energy[i, : steps + 1]))
        assert np.all(np.isnan(log.energy[i, steps + 1 :]))
        np.testing.assert_allclose(log.time[i, steps], path.end_time[i], rtol=1e-14)
        np.testing.assert_allclose(log.energy[i, steps], path.energy[i, -1], rtol=1e-12)
        np.testing.assert_allclose(log.energy[i, 0], path.energy[i, 0], rtol=1e-12)
        rises = np.diff(log.energy[i, : steps + 1])
        np.testing.assert_allclose(max(rises.max(), 0), path.worst_rise[i], atol=1e-12)
        balance = log.energy[i] + log.dissipation[i] - log.energy[i, 0]
        assert np.nanmax(np.abs(balance) / log.scale[i]) <= 1e-6


# --- who is asked: the choice of a solver, and what is refused ---


def method(network, dynamics=None, duration=20.0, solver="auto", step=None):
    dynamics = TwoLayer(0.5) if dynamics is None else dynamics
    return dynamics.method(network, V, duration, solver, step)


def test_automatic_solver_is_tsit5_unless_stiff():
    found = method(B)
    assert (found.name, found.adaptive, found.ledger) == ("Tsit5", True, "balance")
    assert found.notice is None
    assert method(A, Adiabatic()).name == "Tsit5"


def test_automatic_solver_is_kvaerno3_where_stiff_and_small():
    found = method(B, TwoLayer(1e-5))
    assert found.name == "Kvaerno3"
    assert found.notice is not None
    assert "an explicit solver would take about" in found.notice
    # the estimate: duration * rho / 3.5 with rho about 1 / tau_memory
    steps = float(found.notice.split("about ")[1].split()[0])
    assert 0.9 < steps / (20 * 1e5 / 3.5) < 2


@pytest.mark.parametrize(("features", "dtype"), [(260, np.float64), (12, np.float32)])
def test_automatic_solver_is_altimex_where_stiff_and_large_or_single(features, dtype):
    memories = np.random.default_rng(25).standard_normal((3, features)).astype(dtype)
    network = hopsim.model_b(memories / features**0.5)
    found = TwoLayer(1e-5).method(network, memories, 20.0, "auto", None)
    assert (found.name, found.adaptive, found.ledger) == (
        "AltIMEX",
        False,
        "inequality",
    )
    assert found.notice is not None
    assert "AltIMEX (first order in the step)" in found.notice


@pytest.mark.parametrize("name", cases.JUMPING)
def test_jumps_are_left_to_altimex(name):
    found = method(cases.JUMPING[name])
    assert found.name == "AltIMEX"
    assert found.notice is not None
    assert "has jumps" in found.notice
    for solver in ("tsit5", "kvaerno5"):
        with pytest.raises(ValueError, match=r'must not integrate across.*"altimex"'):
            method(cases.JUMPING[name], solver=solver)


def test_a_step_fixes_the_step_size():
    assert not method(B, solver="tsit5", step=0.1).adaptive


def test_vector_time_constants_need_neurons_that_do_not_compete():
    with pytest.raises(ValueError, match="vector tau_memory needs an additive"):
        simulate(dynamics=TwoLayer(np.full(COUNT, 0.5)))
    with pytest.raises(ValueError, match=r"vector tau_feature needs an additive.*Norm"):
        simulate(cases.SMOOTH["c"], Adiabatic(np.full(FEATURES, 0.5)))
    with pytest.raises(ValueError, match=r"tau_feature must have shape \(12,\)"):
        simulate(A, Adiabatic(np.ones(5)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TwoLayer(0.0), 'tau_memory must be a finite number > 0.*"adiabatic"'),
        (lambda: TwoLayer(1.0, -1.0), "tau_feature must be a finite number > 0"),
        (lambda: TwoLayer(np.ones((2, 2))), "one number or a vector"),
        (lambda: Pulse(1.0, 0.0, 0.0), "width of Pulse must be > 0"),
        (lambda: simulate(duration=0.0), "duration must be a finite number > 0"),
        (lambda: simulate(duration=np.inf), "duration must be a finite number > 0"),
        (lambda: simulate(rtol=-1.0), "rtol must be a finite number > 0"),
        (lambda: simulate(step=0.0), "step must be a finite number > 0"),
        (lambda: simulate(samples=1), "samples must be a whole number >= 2"),
        (lambda: simulate(max_steps=0), "max_steps must be a whole number >= 1"),
        (lambda: simulate(step_log=99), "step_log must be 0 to the probes"),
        (lambda: simulate(save=("w",)), "save must be made of"),
        (lambda: simulate(solver="rk4"), "There is no solver 'rk4'"),
        (lambda: simulate(probes=V[:, :3]), r"Probes must have shape \(probe, 12\)"),
        (lambda: simulate(probes=V * [[1], [np.nan], [1], [1]]), "row 1 holds nan"),
        (
            lambda: simulate(memory_start=H[:, :3]),
            r"memory_start must have shape \(probe, 7\)",
        ),
        (
            lambda: simulate(dynamics=TwoLayer(drive=Sinusoid(1.0, 1.0))),
            'driven network has no steady state.*"duration"',
        ),
        (
            lambda: simulate(dynamics=Adiabatic(), memory_start=H),
            "slaves its memory neurons",
        ),
    ],
)
def test_impossible_runs_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
