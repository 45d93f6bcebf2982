"""Model C: its clock and its path; what the experiment measures, by other routes."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hopsim
from hopsim import patterns
from hopsim.dynamics import Adiabatic
from hopsim.experiments.landscape import spherical
from hopsim.lagrangians import Exponential, Polynomial, RectifiedPolynomial
from hopsim.models import model_c


N, K = 10, 7
FORMS = {
    "max(x, 0)^3": RectifiedPolynomial(3),
    "x^4": Polynomial(4),
    "exp": Exponential(0.5),
}


EACH = [
    pytest.param("max(x, 0)^3", marks=pytest.mark.slow),
    pytest.param("x^4", marks=pytest.mark.slow),  # its paths are compared below
    "exp",
]


@pytest.fixture(params=EACH, scope="module")
def network(request):
    return model_c(patterns.sphere(4, K, N), FORMS[request.param])


@pytest.fixture(scope="module")
def at_rest(network):
    """Directions at which the flow comes to rest."""
    probes = patterns.gaussian(1, 4, N)
    asked = {"duration": 4000.0, "samples": 2, "solver": "tsit5", "rtol": 1e-11}
    flown = hopsim.simulate(
        network, Adiabatic(), probes, atol=1e-13, residual_tolerance=1e-10, **asked
    )
    assert flown.converged.all()
    return flown.final


@pytest.mark.slow
def test_length_at_rest_is_the_drive_along_v(network, at_rest):
    unit = at_rest / np.linalg.norm(at_rest, axis=1, keepdims=True)
    strength, *_ = spherical._at_rest(network, jnp.asarray(unit))
    lengths = np.linalg.norm(at_rest, axis=1)
    np.testing.assert_allclose(lengths, strength, rtol=1e-8)


def test_strength_is_the_energy_for_homogeneous_interactions():
    # lambda = sum h f(h) / R = n sum F / R = -n E / R
    net = model_c(patterns.sphere(4, K, N), Polynomial(4))
    v = patterns.gaussian(2, 1, N)[0]
    unit = v / np.linalg.norm(v)
    strength, *_ = spherical._at_rest(net, jnp.asarray(unit[None]))
    energy = float(net.effective_energy(jnp.asarray(v)))
    assert float(strength[0]) == pytest.approx(-4 * energy / np.sqrt(N), rel=1e-12)


@eqx.filter_jit
def jacobians(flow, network, v):
    field = lambda v: flow.field(network, (v,), jnp.ones(N, bool))[0]
    return jax.vmap(jax.jacfwd(field))(v)


@pytest.mark.parametrize("decay", [0.5, 1.0, 2.0])
def test_rates_are_eigenvalues_of_the_flow(network, at_rest, decay):
    """By autodiff of the field: -alpha along v, the slowest beside it as in theory."""
    unit = at_rest / np.linalg.norm(at_rest, axis=1, keepdims=True)
    found = spherical._at_rest(network, jnp.asarray(unit))
    strength, gain, slowest = (np.asarray(x) for x in found)
    v = unit * strength[:, None] / decay
    matrices = np.asarray(jacobians(Adiabatic(decay=decay), network, v))
    for i, jacobian in enumerate(matrices):
        rate = -decay * (1 - gain[i])
        led = jacobian @ slowest[i]
        beside = led - unit[i] * (unit[i] @ led)  # |v| may change at first order
        np.testing.assert_allclose(beside, rate * slowest[i], atol=1e-7 * decay)
        values = np.sort(np.real(np.linalg.eigvals(jacobian)))
        assert values[-1] == pytest.approx(rate, abs=1e-7 * decay)
        np.testing.assert_allclose(jacobian @ unit[i], -decay * unit[i], atol=1e-7)


def test_angles_are_exact_where_they_are_small():
    unit = np.eye(3)[:1]
    v = np.array([[[2.0, 2e-12, 0.0], [1.0, 1.0, 0.0], [-3.0, 0.0, 0.0]]])
    found = spherical._angles(v, unit)
    np.testing.assert_allclose(found[0], [1e-12, np.pi / 4, np.pi], rtol=1e-12)


def test_slopes_of_an_exponential_are_its_rate():
    t = np.linspace(0, 5, 20)[None]
    angle = 0.3 * np.exp(-0.7 * t)
    np.testing.assert_allclose(spherical._slopes(t, angle, angle > 0), [-0.7])
    few = np.zeros_like(t, bool)
    assert np.isnan(spherical._slopes(t, angle, few)).all()


SAMPLES = 801  # of paths and of the experiment, which share a program


def paths(network, decay, samples=SAMPLES):
    probes = patterns.gaussian(3, 3, N)
    return hopsim.simulate(
        network,
        Adiabatic(decay=decay),
        probes,
        duration=20.0,
        samples=samples,
        solver="tsit5",
        rtol=1e-10,
        atol=1e-12,
        until="duration",
    )


@pytest.mark.slow  # two runs of its own
@pytest.mark.usefixtures("measured")
def test_path_error_sees_another_path_and_no_other_clock():
    network = model_c(patterns.sphere(4, K, N), Polynomial(4))
    slow, fast = paths(network, 0.5), paths(network, 2.0)
    assert np.all(spherical._path_errors(slow, fast) < 1e-3)
    bent = np.array(slow.v)
    bent[..., 0] *= 1.02
    other = dataclasses.replace(slow, v=bent)
    assert np.all(spherical._path_errors(other, fast) > 1e-3)


TABLES = {
    "name": "small",
    "seed": 3,
    "network": {
        "kind": "model_c",
        "interaction": {"kind": "polynomial", "n": 4},
        "memories": {"kind": "sphere", "count": K, "features": N},
    },
    "dynamics": {"kind": "adiabatic"},
    "probes": {"kind": "random", "count": 3},
    "run": {"duration": 10.0, "samples": SAMPLES, "solver": "tsit5", "rtol": 1e-9},
    "experiment": {"kind": "spherical", "sets": 1},
}


def ran(path, **tables):
    from tomli_w import dumps

    file = path / "small.toml"
    file.write_text(dumps(TABLES | tables))
    return hopsim.run(hopsim.load_scenario(file)).rows().data


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("measured"))


@pytest.mark.slow
def test_measured_slopes_and_lengths_are_those_of_theory(measured):
    data = measured
    decays = data["decay"].values
    np.testing.assert_array_equal(decays, [0, 0.5, 1, 2])
    ratio = data["theory_slope"].values[1:] / decays[1:, None]
    np.testing.assert_allclose(ratio, ratio[:1].repeat(3, axis=0))
    assert np.max(data["slope_error"].values) < 0.01
    assert np.max(data["norm_error"].values) < 1e-5
    # from the random starts, too, lengths end near lambda / alpha, or grow
    last = data["norm"].values[:, :, -1]
    np.testing.assert_allclose(
        last[2] / data["strength"].values, 1, atol=0.1, err_msg="decay 1"
    )
    assert np.all(last[0] > last[2])


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"dynamics": {"kind": "two_layer"}}, 'dynamics kind "adiabatic"'),
        (
            {"dynamics": {"kind": "adiabatic", "tau_memory": 0.1}},
            "without drive, tau_memory",
        ),
        ({"network": TABLES["network"] | {"delta": 0.1}}, "delta = 0"),
        ({"network": TABLES["network"] | {"current": 0.1}}, "no current"),
        ({"experiment": {"kind": "spherical", "decays": [-1.0]}}, "must be >= 0"),
    ],
)
def test_experiment_refuses_what_has_no_such_law(tmp_path, tables, said):
    with pytest.raises(ValueError, match=said):
        ran(tmp_path, **tables)
