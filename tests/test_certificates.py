"""Certificates: what is promised, what is measured, and cases that must fail."""

import dataclasses
from typing import Any, ClassVar

import cases
import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import PROBES, XI

import hopsim
from hopsim import lagrangians as L
from hopsim._common.types import AnyArray, as_number
from hopsim.dynamics import Adiabatic, Sinusoid, TwoLayer
from hopsim.models import model_a, model_b, model_c
from hopsim.network import Network
from hopsim.solvers import Clocked


V, H = cases.states(40, PROBES, h_scale=4.0)
TANH_B = model_b(XI)
A = cases.SMOOTH["a_polynomial_4"]
CUBIC = cases.NOT_CONVEX["a_cubic"]
SPHERE, ROUNDED = cases.SMOOTH["c"], cases.SMOOTH["c_rounded"]
CONCAVE = Network(XI, L.Polynomial(3), L.LogSumExp())
DRIVE = Sinusoid(1.0, 1.0)


# --- promises ---


@pytest.mark.parametrize(
    ("network", "dynamics", "solver", "clamped", "kind", "reason"),
    [
        (A, TwoLayer(), "tsit5", False, "full", "both Lagrangians are convex"),
        (A, TwoLayer(), "altimex", True, "full", "both Lagrangians are convex"),
        (A, TwoLayer(), "tsit5", True, "full", "both Lagrangians are convex"),
        (CUBIC, TwoLayer(), "tsit5", False, "none", "Polynomial(n=3) of the memories"),
        (
            CUBIC,
            Adiabatic(),
            "tsit5",
            False,
            "adiabatic",
            "feature Lagrangian is convex",
        ),
        (
            CUBIC,
            Adiabatic(),
            "altimex",
            False,
            "none",
            "Polynomial(n=3) of the memories",
        ),
        (A, Adiabatic(), "altimex", False, "adiabatic", "both Lagrangians are convex"),
        (
            CONCAVE,
            TwoLayer(),
            "tsit5",
            False,
            "none",
            "Polynomial(n=3) of the features",
        ),
        (
            CONCAVE,
            Adiabatic(),
            "tsit5",
            False,
            "none",
            "Polynomial(n=3) of the features",
        ),
        (SPHERE, TwoLayer(), "tsit5", True, "none", "clamping needs an additive L_v"),
        (ROUNDED, Adiabatic(), "tsit5", True, "none", "clamping needs an additive L_v"),
        (SPHERE, TwoLayer(decay=0.5), "tsit5", False, "full", "both"),
        (SPHERE, TwoLayer(decay=-0.5), "altimex", False, "full", "both"),
        (ROUNDED, TwoLayer(decay=0.5), "tsit5", False, "none", "L_v of degree one"),
        (A, Adiabatic(decay=0.5), "tsit5", False, "none", "L_v of degree one"),
        (TANH_B, TwoLayer(decay=2.0), "tsit5", False, "none", "L_v of degree one"),
        (A, TwoLayer(drive=DRIVE), "tsit5", False, "none", "drive I(t) does work"),
        (A, Adiabatic(drive=DRIVE), "tsit5", False, "none", "drive I(t) does work"),
        (
            cases.JUMPING["a_sharp"],
            TwoLayer(decay=-1.0),
            "altimex",
            True,
            "none",
            "clamped features needs a decay >= 0",
        ),
        (
            model_a(XI, beta=1.0, autapse=-0.5),
            TwoLayer(),
            "altimex",
            False,
            "none",
            "needs an autapse >= 0",
        ),
        (
            model_a(XI, L.LeakyRectifiedPolynomial(3, 0.01), 1.0),
            TwoLayer(),
            "altimex",
            False,
            "none",
            "LeakyRectifiedPolynomial(n=3) of the memories is not convex",
        ),
    ],
)
def test_descent_is_promised_where_it_is_proved(
    network, dynamics, solver, clamped, kind, reason
):
    """[THEORY 1.2, 1.3, 1.6, 4.2]"""
    method = dynamics.method(network, V, 1.0, solver, None)
    promise = dynamics.promise(network, method, clamped)
    assert promise.kind == kind
    assert promise.given == (kind != "none")
    assert reason in promise.reason


# --- runs that keep the promise ---


def run(network, dynamics=None, probes=V, duration=8.0, **options):
    dynamics = TwoLayer(0.5) if dynamics is None else dynamics
    given: dict[str, Any] = {
        "samples": 11,
        "solver": "tsit5",
        "memory_start": H,
    } | options
    return hopsim.simulate(network, dynamics, probes, duration=duration, **given)


@pytest.fixture(scope="module")
def model_b_program():
    """Each start with memory neurons is one program for all networks of its classes."""
    return run(cases.SMOOTH["b_currents"])


@pytest.fixture(scope="module")
def sphere_program():
    return run(SPHERE)


@pytest.mark.usefixtures("model_b_program")
@pytest.mark.parametrize(
    "name",
    [
        "b_currents",
        pytest.param("c", marks=pytest.mark.slow),
        pytest.param("a_rectified_3", marks=pytest.mark.slow),
        pytest.param("c_exponential", marks=pytest.mark.slow),
    ],
)
def test_energy_falls_along_convex_flows(name):
    network = cases.SMOOTH[name]
    path = run(network)
    certificate = hopsim.certify(network, path)
    assert certificate.promised
    assert certificate.holds.shape == (PROBES,)
    assert np.all(certificate.holds)
    assert np.all(certificate.worst_rise <= certificate.tolerance)
    assert np.all(certificate.ledger_residual <= certificate.ledger_tolerance)
    assert np.all(np.diff(path.energy, axis=1) <= certificate.tolerance[:, None])
    text = str(certificate)
    assert "\n" not in text
    assert text.startswith(f"energy certified to fall: {PROBES}/{PROBES} probes; ")


# --- runs that cannot ---


@pytest.fixture(scope="module")
def cubic_path():
    return run(CUBIC, TwoLayer(1.0))


def test_energy_rises_for_cubic_polynomial(cubic_path):
    """From random memory neurons; nothing was promised and nothing is claimed."""
    path = cubic_path
    certificate = hopsim.certify(CUBIC, path)
    assert not certificate.promised
    assert not np.all(certificate.holds)
    assert np.max(certificate.worst_rise) > 1e-3
    worst = int(np.argmax(certificate.worst_rise))
    assert 0 < certificate.worst_time[worst] < 8
    # the accounts are right: the energy that came in is a negative dissipation
    assert np.all(certificate.ledger_residual <= certificate.ledger_tolerance)
    text = str(certificate)
    assert "\n" not in text
    assert text.startswith(
        "not promised (Polynomial(n=3) of the memories is not convex)"
    )
    assert "it rose" in text


class Wrong(L.AbstractLagrangian):
    """Half the square norm; numbers other than 1 spoil its energy or its Hessian."""

    share: AnyArray = eqx.field(converter=as_number, default=1.0)  # of the energy
    bend: AnyArray = eqx.field(converter=as_number, default=1.0)  # of the Hessian
    convex: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    degree: ClassVar[int | None] = 2

    def __call__(self, x):
        return 0.5 * jnp.vdot(x, x)

    def activation(self, x):
        return x

    def bracket(self, x):
        return self.share * 0.5 * jnp.vdot(x, x)

    def curvature(self, x, dx):
        return self.bend * dx


def mistaken(**wrong):
    """Both mistakes are numbers, so that they share a program."""
    return Network(XI, Wrong(**wrong), L.LogSumExp())


@pytest.fixture(scope="module")
def mistaken_program():
    return run(mistaken())


@pytest.mark.usefixtures("mistaken_program")
@pytest.mark.parametrize(
    "solver", ["tsit5", pytest.param("altimex", marks=pytest.mark.slow)]
)
def test_wrong_energy_is_found_out(solver):
    """The sign of the feature neurons' share of it is mistaken."""
    network = mistaken(share=-1.0)
    path = run(network, solver=solver, step=0.1 if solver == "altimex" else None)
    certificate = hopsim.certify(network, path, resolve=True)
    assert certificate.promised
    assert certificate.words == ["broken"] * 4
    assert str(certificate).startswith("BROKEN in 4/4 probes, 0 certified;")


def test_wrong_curvature_is_found_out_by_the_ledger(mistaken_program):
    """A Hessian that is ten per cent too large."""
    assert np.all(hopsim.certify(mistaken(), mistaken_program).holds)  # not so here
    network = mistaken(bend=1.1)
    path = run(network)
    certificate = hopsim.certify(network, path)
    assert certificate.promised
    assert np.all(certificate.worst_rise <= certificate.tolerance)  # it does fall
    assert np.all(certificate.ledger_residual > 100 * certificate.ledger_tolerance)
    assert certificate.words == ["not resolved"] * 4
    assert str(certificate).startswith("NOT RESOLVED in 4/4 probes, 0 certified;")
    tried = hopsim.certify(network, path, resolve=True)
    assert tried.words == ["broken"] * 4


def test_a_wrong_curvature_costs_few_steps_and_hides_behind_none(mistaken_program):
    """Dividing steps ends where it does not help, and their parts count as one."""
    path, clean = run(mistaken(bend=1.1)), mistaken_program
    # until the limit of ten errors of a step is missed, each part adding 1/16 of one;
    # parts are divided by 4 and grow by 2, so that most add less than they may
    assert np.all(path.steps < clean.steps + 3 * 10 * 16)
    assert np.all(path.rejected < clean.rejected + 2 * 10 * 16)
    assert np.all(path.ledger_residual > 100 * path.ledger_tolerance)


# --- activations that turn within a step ---


SHARP = Network(np.sign(XI), L.LogCosh(20.0), L.LogSumExp(1.0))


@pytest.mark.slow
@pytest.mark.parametrize("tau_memory", [1.0, 100.0, 5000.0])
def test_an_activation_that_turns_within_a_step_keeps_the_balance(tau_memory):
    path = hopsim.simulate(
        SHARP, TwoLayer(tau_memory=tau_memory), 3 * V, duration=50.0, samples=41
    )
    certificate = hopsim.certify(SHARP, path)
    assert certificate.words == ["holds"] * PROBES
    np.testing.assert_array_less(np.diff(path.energy, axis=1), 1e-12)


STIFF = lambda size: Network(size * XI, L.LogCosh(3.0), L.Polynomial(4))


@pytest.mark.slow  # a program of its own
@pytest.mark.parametrize("solver", ["tsit5", "kvaerno3"])
def test_a_first_transient_of_any_length_is_resolved(solver):
    network = STIFF(300.0)  # it takes some 1e-15 of the duration
    path = hopsim.simulate(network, TwoLayer(), V, duration=8.0, solver=solver)
    certificate = hopsim.certify(network, path)
    assert certificate.words == ["holds"] * PROBES


@pytest.mark.slow  # the same program
def test_what_the_clock_cannot_tell_is_not_called_broken():
    network = STIFF(1e5)  # a neuron of 1e20 goes through 0 within 1e-20, at about t = 1
    path = hopsim.simulate(network, TwoLayer(), V, duration=8.0, solver="tsit5")
    certificate = hopsim.certify(network, path, resolve=True)
    assert path.undivided is not None
    assert np.any(path.undivided)
    assert np.any(certificate.ledger_residual > 100 * certificate.ledger_tolerance)
    assert not np.any(certificate.broken)


@pytest.mark.parametrize(("time", "ended"), [(0.0, False), (1e-9, False), (3.0, True)])
def test_a_step_ends_a_run_where_the_clock_cannot_tell_it(time, ended):
    clocked = Clocked(dfx.PIDController(rtol=1e-7, atol=1e-9), jnp.array(8.0))
    y = jnp.ones(2)
    end = jnp.nextafter(time, 9.0) if ended else time + 1e-20
    state = (jnp.array(1.0), jnp.array(1.0), jnp.array(False))
    *_, result = clocked.adapt_step_size(time, end, y, y, None, 9 * y, 5, state)
    assert (result == dfx.RESULTS.dt_min_reached) == ended


@pytest.mark.slow
def test_a_balance_that_is_kept_leaves_every_step_as_it_is():
    audited, bare = (
        hopsim.simulate(TANH_B, TwoLayer(), V, duration=8.0, samples=5, audit=audit)
        for audit in (True, False)
    )
    np.testing.assert_array_equal(audited.steps, bare.steps)
    # programs of other outputs round otherwise
    np.testing.assert_allclose(audited.final, bare.final, rtol=1e-12, atol=1e-12)


def test_a_missed_balance_that_shrinks_is_not_resolved(mistaken_program):
    """As if the ledger of the run had missed by much, and at finer steps does not."""
    poor = dataclasses.replace(mistaken_program, ledger_residual=np.full(PROBES, 1e-3))
    certificate = hopsim.certify(mistaken(), poor, resolve=True)
    assert certificate.words == ["not resolved"] * PROBES
    assert not np.any(certificate.broken | certificate.holds)
    lone = dataclasses.replace(poor, repeat=None)
    assert hopsim.certify(mistaken(), lone).words == ["not resolved"] * PROBES
    with pytest.raises(ValueError, match="cannot be repeated at finer tolerances"):
        hopsim.certify(mistaken(), lone, resolve=True)


def test_a_fall_that_is_measured_lets_no_rise_pass(mistaken_program):
    risen = dataclasses.replace(mistaken_program, worst_excess=np.ones(PROBES))
    assert hopsim.certify(mistaken(), risen).words == ["broken"] * PROBES
    wild = dataclasses.replace(risen, rise_limit=np.full(PROBES, np.nan))
    assert hopsim.certify(mistaken(), wild).words == ["not resolved"] * PROBES


def test_samples_of_altimex_lie_on_its_steps():
    """Between two steps of a jumping activation a straight line rises."""
    network = Network(XI, L.AbsoluteValue(), L.Exponential(0.3), 0.0, -0.5 * np.ones(7))
    path = hopsim.simulate(
        network, TwoLayer(1.1), V, duration=6.0, samples=301, save=("v",), step_log=4,
        until="duration",
    )  # fmt: skip
    assert path.solver == "AltIMEX"
    np.testing.assert_array_less(np.diff(path.energy, axis=1), 1e-9)
    assert path.step_log is not None
    steps = np.asarray(path.step_log.energy)
    for samples, ends in zip(path.energy, steps, strict=True):
        from_an_end = np.min(np.abs(samples[:, None] - ends), axis=1)
        np.testing.assert_array_less(from_an_end, 1e-12)  # two programs round apart


def test_a_network_in_float64_is_run_in_float64_whatever_is_set_by_then():
    with jax.enable_x64(False):
        path = hopsim.simulate(TANH_B, TwoLayer(), V, duration=8.0, samples=5)
        found = hopsim.find_attractors(TANH_B, TwoLayer(), V, duration=80.0)
    assert path.final.dtype == np.float64
    assert found.table["v"].dtype == np.float64
    assert hopsim.certify(TANH_B, path).words == ["holds"] * PROBES
    here = hopsim.simulate(TANH_B, TwoLayer(), V, duration=8.0, samples=5)
    np.testing.assert_array_equal(path.final, here.final)


def test_trajectory_of_another_network_is_refused(model_b_program):
    path = model_b_program
    with pytest.raises(
        ValueError, match=r"features, memories\) = \(12, 7\), got one with \(5, 7\)"
    ):
        hopsim.certify(model_b(XI[:, :5]), path)
    with pytest.raises(ValueError, match=r"got one with \(12, 3\)"):
        hopsim.certify(model_c(XI[:3]), path)


# --- what must not be certified, and what must ---


@pytest.mark.parametrize("step", [0.1, 1.0])
def test_altimex_of_model_c_loses_energy_under_a_negative_decay(step):
    """(xi^T f + I) . dg >= 0 as long as 1 + decay * step > 0 [THEORY 4.2]"""
    flow = TwoLayer(decay=-0.5)
    path = run(SPHERE, flow, solver="altimex", step=step, until="duration")
    certificate = hopsim.certify(SPHERE, path)
    assert certificate.promised
    assert np.all(certificate.holds)


def test_altimex_refuses_a_step_at_which_its_divisor_is_not_positive():
    with pytest.raises(ValueError, match=r"needs 1 \+ decay \* step > 0"):
        run(SPHERE, TwoLayer(decay=-20.0), solver="altimex")


@pytest.mark.usefixtures("model_b_program")
def test_a_state_that_is_not_finite_is_never_certified():
    """Probes of 1e300 overflow the energy before the first step."""
    path = run(TANH_B, probes=np.full_like(V, 1e300))
    assert np.all(path.ending == hopsim.Ending.NONFINITE)
    assert not np.any(hopsim.certify(TANH_B, path).holds)


@pytest.mark.slow
@pytest.mark.usefixtures("sphere_program")
def test_clamping_a_norm_leaves_no_ledger_to_hold():
    """The activation of a clamped neuron moves with the others' norm [THEORY 1.6]"""
    path = run(SPHERE, clamped=np.arange(V.shape[1]) < 5)
    certificate = hopsim.certify(SPHERE, path)
    assert not certificate.promised
    assert np.all(np.isnan(certificate.ledger_residual))
    assert "ledger not applicable" in str(certificate)


def test_tolerances_at_which_the_audit_says_nothing_are_refused():
    with pytest.raises(ValueError, match=r"rtol must be <= 0\.1"):
        run(TANH_B, rtol=0.5)
