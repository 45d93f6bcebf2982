"""A Lagrangian of one's own: one scalar function; what it leaves open is measured."""

import dataclasses
from typing import Any

import cases
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hopsim
from hopsim import lagrangians as L
from hopsim._common.types import AnyArray, as_number
from hopsim.dynamics import Adiabatic, Sharp, Sinusoid, TwoLayer
from hopsim.dynamics.flows import convexity
from hopsim.lagrangians._convexity import (
    curvature_between,
    curvature_size,
    curvature_towards,
    hessian,
)
from hopsim.network import Network


PROBES = 4
V, H = cases.states(40, PROBES, h_scale=4.0)


class Softmax(L.AbstractLagrangian):
    """Log-sum-exp, and cosines besides: not convex unless their height is 0.

    The height is a number, so that both cases share their programs.
    """

    height: AnyArray = eqx.field(converter=as_number, default=0.0)

    def __call__(self, x):
        return jax.nn.logsumexp(x) + self.height * jnp.sum(jnp.cos(x))


class Quartic(L.AbstractAdditiveLagrangian):
    def interaction(self, x):
        return x**4 - x**2


def run(height: float, **options):
    network = Network(cases.XI, L.Quadratic(), Softmax(height))
    given: dict[str, Any] = {"samples": 5, "solver": "tsit5", "memory_start": H}
    path = hopsim.simulate(network, TwoLayer(0.5), V, duration=8.0, **given | options)
    return path, hopsim.certify(network, path)


@pytest.fixture(scope="module")
def convex():
    return run(0.0)


# --- one scalar function ---


def test_all_follows_from_the_scalar():
    """The closed forms of the shipped Lagrangian are the second route."""
    own, shipped = Softmax(), L.LogSumExp()

    @jax.jit
    def both(x, dx):
        def one(layer):
            return {
                "value": layer(x),
                "activation": layer.activation(x),
                "bracket": layer.bracket(x),
                "curvature": layer.curvature(x, dx),
                "along": layer.curvature_along(x, dx),
                "bregman": layer.bregman(x, dx),
            }

        return one(own), one(shipped), own.bracket_and_scale(x)[1]

    found, expected, scale = both(H[0], H[1])
    size = 64 * np.finfo(float).eps * (1 + np.sum(np.abs(H[:2]))) ** 2
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=size, err_msg=name)
    terms = np.sum(np.abs(H[0] * expected["activation"])) + np.abs(expected["value"])
    np.testing.assert_allclose(scale, terms, rtol=1e-14)
    assert shipped.bracket_and_scale(H[0])[1] is None  # a closed form is one term


def test_cancelled_terms_enter_the_scale_of_the_energy():
    """An energy formed of large terms may rise by their rounding, not by its own."""
    v, h = np.zeros(cases.FEATURES), 1e6 + H[0]
    scales = [
        float(Network(cases.XI, L.Quadratic(), layer).energy_scale(v, h))
        for layer in (Softmax(), L.LogSumExp())
    ]
    assert scales[0] == pytest.approx(2e6, rel=1e-3)  # x . grad L and L are both 1e6
    assert scales[1] < 10  # the entropy alone


def test_terms_of_a_sum_are_counted_one_by_one():
    x = np.array([1.0, -1.0, 0.5])
    for layer in (Quartic(), L.Rescaled(Quartic(), outside=2.0)):
        outside = getattr(layer, "outside", 1.0)
        found, scale = map(np.asarray, layer.bracket_and_scale(x))
        slopes, values = 4 * x**4 - 2 * x**2, x**4 - x**2
        np.testing.assert_allclose(found, outside * np.sum(slopes - values))
        sizes = np.sum(np.abs(slopes)) + np.sum(np.abs(values))
        np.testing.assert_allclose(scale, outside * sizes)
    np.testing.assert_allclose(Quartic().activation(x), 4 * x**3 - 2 * x, rtol=1e-14)


def test_a_value_that_is_not_one_number_is_refused(any_types):
    class Vector(L.AbstractLagrangian):
        def __call__(self, x):
            return jnp.log1p(jnp.exp(x))

    class Narrow(L.AbstractLagrangian):
        def __call__(self, x):
            return jnp.sum(x.astype(np.float32))

    class Forgotten(L.AbstractLagrangian):
        def __call__(self, x):
            jnp.sum(x**2)

    with pytest.raises(ValueError, match=r"got float64 of shape \(3,\); sum over"):
        Vector().activation(np.ones(3))
    with pytest.raises(ValueError, match=r"got NoneType .*, return the sum"):
        Forgotten().activation(np.ones(3))
    with pytest.raises(ValueError, match="one float64 number, as x is, got float32"):
        Narrow().activation(np.ones(3))
    told = "make it the __call__ of a subclass"
    with pytest.raises(ValueError, match=told):
        Network(cases.XI, L.Quadratic(), lambda x: x @ x)


# --- what is not declared ---


@pytest.mark.parametrize(
    ("motion", "solver", "kind", "layers", "reason"),
    [
        (TwoLayer(), "tsit5", "met", ("memory",), "not declared"),
        (TwoLayer(), "altimex", "met", ("memory",), "not declared"),
        (Adiabatic(), "altimex", "met", ("memory",), "not declared"),
        (Adiabatic(), "tsit5", "adiabatic", (), "feature Lagrangian is convex"),
        (Adiabatic(tau_memory=0.1), "dopri8", "met", ("memory",), "not declared"),
        (TwoLayer(drive=Sinusoid(1.0, 1.0)), "tsit5", "none", (), "a drive I(t)"),
    ],
)
def test_convexity_is_asked_for_where_theory_needs_it(
    motion, solver, kind, layers, reason
):
    network = Network(cases.XI, L.LogCosh(), Softmax())
    promise = motion.promise(
        network, motion.method(network, V, 1.0, solver, None), False
    )
    assert (promise.kind, promise.layers) == (kind, layers)
    assert reason in promise.reason
    assert promise.proved == (kind == "adiabatic")


def test_what_is_not_declared_is_not_taken_for_granted(any_types):
    own = Network(cases.XI, Softmax(), Softmax())
    motion = TwoLayer()
    method = motion.method(own, V, 1.0, "tsit5", None)  # may be smooth: allowed
    assert motion.promise(own, method, False).layers == ("feature", "memory")
    clamped = motion.promise(own, method, True)
    assert clamped.kind == "none"
    assert "needs an additive L_v, not Softmax, which does not say so" in clamped.reason
    with pytest.raises(ValueError, match="or declare additive = True"):
        Softmax().resolvent(np.ones(3), 1.0)
    taus = np.linspace(0.1, 1, len(cases.XI))
    with pytest.raises(ValueError, match="or declare additive = True"):
        hopsim.simulate(own, TwoLayer(tau_memory=taus), V, duration=1.0)
    sharp = Network(cases.XI, L.AbsoluteValue(), Softmax())
    promise = Sharp().promise(sharp, Sharp().method(sharp, V, 1.0, "auto", None), False)
    assert promise == ("none", "the memory Lagrangian may not be convex", ())
    gains = np.ones((1, cases.FEATURES))
    assert TwoLayer().rest_eigenvalues(own, gains) is None  # the Jacobian decides


# --- what is measured ---


def test_a_scalar_log_sum_exp_is_convex_on_all_states_met(convex):
    path, certificate = convex
    assert path.promise.kind == "met"
    assert not path.promise.proved
    assert np.all(certificate.holds)
    text = str(certificate)
    assert text.startswith(f"energy fell: {PROBES}/{PROBES} probes; ")
    assert "convex on all states met: Softmax of the memories (least curvature" in text
    assert path.least_curvature is not None
    assert path.least_curvature.shape == (PROBES, 2)
    assert np.all(np.isinf(path.least_curvature[:, 0]))  # declared convex: not measured
    assert np.all(np.abs(path.least_curvature[:, 1]) < 1e-15)  # H 1 = 0


def test_no_probe_is_called_certified_where_another_one_fails(convex):
    whole = convex[1]
    some = np.arange(PROBES) > 0
    for broken, told in ((~some, "BROKEN in 1"), (some & False, "NOT RESOLVED in 1")):
        text = str(dataclasses.replace(whole, holds=some, broken=broken))
        assert text.startswith(f"{told}/{PROBES} probes, it fell in {PROBES - 1};")
        assert "certified" not in text


def test_its_energies_are_those_of_the_shipped_one(convex):
    """Along its own path, to the rounding of the terms that it adds up."""
    path, _ = convex
    networks = [
        Network(cases.XI, L.Quadratic(), layer) for layer in (Softmax(), L.LogSumExp())
    ]
    v, h = path.final, path.final_memory
    both = [jax.vmap(network.energy_and_scale)(v, h) for network in networks]
    size = 16 * np.finfo(float).eps * np.asarray(both[0][1])
    assert np.all(np.abs(both[0][0] - both[1][0]) <= size)
    np.testing.assert_allclose(path.energy[:, -1], both[1][0], rtol=1e-13)


@pytest.mark.usefixtures("convex")
def test_negative_curvature_leaves_nothing_promised():
    path, certificate = run(0.8)
    assert path.promise.kind == "none"
    text = str(certificate)
    assert text.startswith(
        "not promised (Softmax of the memories is not convex: a curva"
    )
    assert f"met in {PROBES}/{PROBES} probes" in text
    assert path.least_curvature is not None
    # of -0.8 cos h the least is -0.8, and a softmax adds at most 1/2
    assert np.all(path.least_curvature[:, 1] < -0.1)
    assert np.all(path.least_curvature[:, 1] > -0.8 - 1e-12)


@pytest.mark.slow
def test_without_an_audit_nothing_is_measured_and_nothing_promised():
    path = hopsim.simulate(
        Network(cases.XI, L.Quadratic(), Softmax()), TwoLayer(0.5), V, duration=0.1,
        samples=2, audit=False,
    )  # fmt: skip
    assert path.promise.kind == "none"
    assert "may not be convex, which is not measured" in path.promise.reason
    assert path.least_curvature is None


@pytest.mark.usefixtures("convex")
def test_eigenvalues_are_taken_as_far_as_they_can_be_paid(monkeypatch):
    monkeypatch.setattr(convexity, "WORK", 2 * len(cases.XI) ** 3)
    path, _ = run(0.0)
    assert "; eigenvalues of 2 of 4 probes)" in path.promise.reason
    monkeypatch.setattr(convexity, "MAX_NEURONS", 2)
    path, _ = run(0.8)
    assert path.promise.kind == "none"  # seen along the motion alone
    path, _ = run(0.0)
    assert "; no eigenvalues beyond 2 neurons)" in path.promise.reason


@pytest.mark.slow
@pytest.mark.parametrize(
    ("motion", "solver"),
    [
        (TwoLayer(0.5), "altimex"),
        (Adiabatic(), "altimex"),
        (Adiabatic(tau_memory=0.3), "dopri8"),
        (TwoLayer(0.5), "kvaerno5"),
    ],
)
@pytest.mark.parametrize("height", [0.0, 0.8])
def test_curvatures_are_measured_under_every_solver(motion, solver, height):
    network = Network(cases.XI, L.LogCosh(), Softmax(height))
    path = hopsim.simulate(network, motion, V, duration=8.0, solver=solver)
    assert path.promise.kind == ("none" if height else "met")
    assert path.least_curvature is not None


@pytest.mark.slow
def test_parameters_of_each_probe_are_its_own():
    network = Network(cases.XI, L.LogCosh(), Softmax())
    heights = np.array([0.0, 0.0, 0.8, 0.0])
    varied = {"network.memory_lagrangian.height": heights}
    path = hopsim.simulate(network, TwoLayer(0.5), V, duration=8.0, varied=varied)
    assert path.least_curvature is not None
    np.testing.assert_array_equal(path.least_curvature[:, 1] < -1e-10, heights > 0)
    assert "met in 1/4 probes" in path.promise.reason


# --- curvatures ---


@pytest.mark.slow  # 2.4 CPU s
def test_a_curvature_along_a_motion_is_no_less_than_the_least_eigenvalue():
    layer, x = Softmax(0.8), jnp.asarray(H[0])
    steps = np.random.default_rng(0).standard_normal((50, x.size))
    seen = jax.vmap(lambda dx: curvature_towards(layer, x, dx))(steps)
    least = float(convexity._least(np.asarray(hessian(layer, x))[None, None])[0])
    # by NumPy, from differences of the gradient
    d = 1e-6 * np.eye(x.size)
    gradient = jax.vmap(jax.grad(layer))
    by_differences = (gradient(np.asarray(x) + d) - gradient(np.asarray(x) - d)) / 2e-6
    expected = np.linalg.eigvalsh(by_differences)[0]
    np.testing.assert_allclose(least, expected, atol=1e-8)
    assert np.all(seen >= least)
    assert curvature_towards(layer, x, 0 * x) == np.inf


def test_the_size_of_curvatures_outlives_a_decision():
    """A softmax that has decided: its Hessian is rounding, its size is not."""
    x = jnp.asarray([1000.0, 0.0, -3.0, 10.0])
    assert np.max(np.abs(L.LogSumExp().curvature(x, x / 1000))) < 1e-15
    assert 0.05 < float(curvature_size(L.LogSumExp(), x)) < 1


def test_an_activation_that_falls_over_a_step_is_seen():
    """A concave kink has no negative curvature at any state."""
    a, b = jnp.asarray([-0.5, 1.0]), jnp.asarray([0.5, 1.2])
    concave = L.LeakyRectifiedPolynomial(3, slope=2.0)  # its slope falls from 2 to 0
    rise = (3 * 0.5**2 - 2) * 1 + 3 * (1.2**2 - 1) * 0.2
    found = float(curvature_between(concave, a, b))
    assert found == pytest.approx(rise / (1 + 0.2**2))
    near = jnp.asarray([1e-9, 1e-9])
    for layer in (L.LogSumExp(), L.LogCosh(), L.AbsoluteValue(), L.Exponential()):
        assert curvature_between(layer, a, b) == np.inf
        assert curvature_between(layer, a, a + near) == np.inf
        assert curvature_between(layer, a, a) == np.inf


def test_what_is_declared_may_be_a_field_beside_others():
    class Scaled(L.AbstractLagrangian):
        inner: L.AbstractLagrangian
        convex: bool = True

        def __call__(self, x):
            return self.inner(x)

    assert Scaled(L.Quadratic()).convex
    assert not Scaled(L.Quadratic(), convex=False).convex
    assert Scaled(L.Quadratic()).smooth is None
