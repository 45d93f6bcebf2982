"""Public entries answer a wrong argument with one sentence, whatever is wrong."""

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import XI

import hopsim
from hopsim import dynamics, lagrangians as L, Network
from hopsim._common.entries import public_entry


SPINS = np.where(XI >= 0, 1.0, -1.0)
NETWORK = hopsim.model_b(XI)
BINARY = Network(SPINS, L.AbsoluteValue(), L.Polynomial(2))
FLOW, RULE, BATH = dynamics.TwoLayer(), dynamics.Binary(), dynamics.Glauber(1.0)
NOT_TRACED = "cannot be traced by jax.grad, jit or vmap, got a tracer in"

TRACED = {  # one call of every entry, of what JAX is to trace
    "simulate": lambda v: hopsim.simulate(NETWORK, FLOW, v, duration=2.0),
    "find_attractors": lambda v: hopsim.find_attractors(NETWORK, FLOW, v, duration=2.0),
    "relax": lambda v: hopsim.relax(BINARY, RULE, v),
    "sample": lambda v: hopsim.sample(BINARY, BATH, v, sweeps=2),
    "predict": lambda v: hopsim.predict(BINARY, v[:, :8]),
}


@pytest.mark.parametrize("door", TRACED)
@pytest.mark.parametrize(
    "transform", [jax.jit, jax.grad, lambda f: jax.vmap(lambda v: f(v[None]))]
)
def test_a_tracer_is_refused_with_a_way_out(door, transform, any_types):
    traced = transform(lambda v: jnp.sum(jnp.asarray(TRACED[door](v).final)))
    with pytest.raises(ValueError, match=f"{door} compiles.*{NOT_TRACED}") as caught:
        traced(jnp.asarray(SPINS))
    assert "use hopsim.flow" in str(caught.value)


def test_a_traced_parameter_is_named(any_types):
    def end(beta):
        network = hopsim.model_b(XI, beta=beta)
        return hopsim.simulate(network, FLOW, XI, duration=2.0).final.sum()

    with pytest.raises(ValueError, match="got a tracer in network; use hopsim"):
        jax.grad(end)(1.0)


def test_a_network_in_float64_is_found_among_all_arguments():
    @public_entry
    def width(first, network=None):
        return jnp.zeros(()).dtype

    with jax.enable_x64(False):
        assert width(NETWORK) == width(1, NETWORK) == np.float64
        assert width(1, network=NETWORK) == np.float64
        assert width(XI) == width(hopsim.model_b(XI.astype(np.float32))) == np.float32


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: Network(XI, jnp.tanh, L.LogSumExp()),
            "feature_lagrangian.*a function",
        ),
        (lambda: Network(XI, L.Quadratic(), L.LogSumExp), r"write LogSumExp\(...\)"),
        (lambda: Network(XI, None, L.LogSumExp()), "feature_lagrangian.*a NoneType"),
        (lambda: L.LogCosh("2"), "must be one number, got '2'"),
        (lambda: L.LogSumExp(np.ones(3)), r"one number, got an array of shape \(3,\)"),
        (lambda: L.LogSumExp(1j), "must be one number"),
        (lambda: L.LogSumExp(True), "must be one number, got 'True'"),
        (lambda: L.LogSumExp(None), "must be one number, got 'None'"),
        (lambda: L.Exponential(jnp.ones((2, 2))), "one number, got an array of shape"),
        (lambda: dynamics.TwoLayer("0.1"), "a vector of numbers, got '0.1'"),
        (
            lambda: dynamics.TwoLayer(np.ones((2, 2))),
            "a vector of numbers, got an array",
        ),
        (lambda: dynamics.Glauber("cold"), "must be one number, got 'cold'"),
        (lambda: L.LeakyRectifiedPolynomial(2, [0.1]), "one number, got an array"),
    ],
)
def test_a_parameter_that_is_no_number_or_no_lagrangian_is_refused(
    make, says, any_types
):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize(
    "solver", [dfx.EulerHeun(), dfx.ShARK(), dfx.SemiImplicitEuler(), dfx.KenCarp4()]
)
def test_solvers_of_other_equations_are_refused(solver):
    with pytest.raises(ValueError, match="stochastic or split equations, not for a fl"):
        hopsim.simulate(NETWORK, FLOW, XI, duration=2.0, solver=solver)


HEALTHY = [(FLOW, True), (FLOW, False), (dynamics.Adiabatic(), True)]


@pytest.mark.slow
@pytest.mark.parametrize(("motion", "audit"), HEALTHY)
def test_a_healthy_run_passes_the_checks_of_jax(motion, audit):
    with jax.debug_nans(True), jax.enable_checks(True):
        run = hopsim.simulate(NETWORK, motion, XI, duration=2.0, samples=3, audit=audit)
    assert np.all(np.isfinite(run.final))
    assert np.all(np.isfinite(run.worst_rise) == audit)
    assert np.all(np.isnan(run.worst_time))  # the energy never rose
