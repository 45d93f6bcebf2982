"""AltIMEX: the energy falls at every step size, by at least what its theorem says."""

import cases
import diffrax as dfx
import equinox as eqx
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import COUNT, FEATURES, XI
from hypothesis import given, settings
from scipy.special import softmax

import hopsim
from hopsim import lagrangians as L
from hopsim.dynamics import Adiabatic, TwoLayer
from hopsim.network import Network
from hopsim.solvers import AltIMEX, FlowState


STEPS, DRAWS = 30, 16
EPSILONS = 64  # [CL-11]
SETTINGS = settings(max_examples=12, deadline=None, derandomize=True, database=None)

# both Lagrangians convex; the autapse needs smooth feature neurons
KINDS = {
    "tanh_polynomial_4": (L.LogCosh(1.5), L.Polynomial(4)),
    "tanh_rectified_3": (L.LogCosh(2.0), L.RectifiedPolynomial(3)),
    "tanh_leaky": (L.LogCosh(1.0), L.LeakyRectifiedPolynomial(2, -0.3)),
    "tanh_step": (L.LogCosh(1.0), L.RectifiedPolynomial(1)),
    "tanh_exponential": (L.LogCosh(1.0), L.Exponential(0.3)),
    "sharp": (L.AbsoluteValue(), L.RectifiedPolynomial(3)),
    "sharp_leaky": (L.AbsoluteValue(), L.LeakyRectifiedPolynomial(3)),
    "model_b": (L.Quadratic(), L.LogSumExp(1.0)),
    "sphere": (L.Norm(np.sqrt(FEATURES)), L.RectifiedPolynomial(3)),
    "rounded_sphere": (L.Norm(2.0, delta=0.5), L.Exponential(0.2)),
    "autapse": (L.LogCosh(2.0), L.Polynomial(4)),
}


def some_of(*kinds, slow=()):
    """Each kind is a program of its own: some wait for the slow tier."""
    marks = lambda kind: [pytest.mark.slow] if kind in slow else []
    cases = [pytest.param(kind, marks=marks(kind)) for kind in kinds]
    return pytest.mark.parametrize("kind", cases)


def normalised(kind):
    feature, memory = KINDS[kind]
    return feature, memory.normalised(FEATURES)


@eqx.filter_jit
def run(network, motion, dt, v, h):
    """Energies, guaranteed losses and S_E along AltIMEX, for many networks at once."""

    def one(network, motion, dt, v, h):
        free = jnp.ones(FEATURES, bool)
        measure = lambda x: (
            motion.energy(network, x),
            network.energy_scale(x[0], motion.memory(network, x), motion.decay),
        )

        def step(x, _):
            recalled = motion.recalled(network, x)
            x, loss = motion.alternate(network, dt, x, free, recalled)
            return x, (*measure(x), loss)

        first = measure(motion.start(network, v, h))
        _, (energy, scale, loss) = jax.lax.scan(
            step, motion.start(network, v, h), length=STEPS
        )
        prepend = lambda x, xs: jnp.concatenate([x[None], xs])
        return prepend(first[0], energy), prepend(first[1], scale), loss

    return jax.vmap(one)(network, motion, dt, v, h)


def draw(kind, seed, dtype, adiabatic=False, decay=None):
    """DRAWS random networks of one kind, ratios in [0.01, 10] and dt in [1e-2, 1e4]."""
    rng = np.random.default_rng(seed)
    feature, memory = normalised(kind)
    networks, motions = [], []
    for _ in range(DRAWS):
        c = rng.uniform(0, 2) if kind == "autapse" else None
        networks.append(
            Network(
                (rng.uniform(0.3, 2) * rng.standard_normal((COUNT, FEATURES))).astype(
                    dtype
                ),
                feature,
                memory,
                rng.standard_normal(FEATURES),
                rng.standard_normal(COUNT),
                c,
            )
        )
        alpha = 1.0 if decay is None else rng.uniform(*decay)
        tau = 10 ** rng.uniform(-2, 1)
        motions.append(
            Adiabatic(decay=alpha) if adiabatic else TwoLayer(tau, decay=alpha)
        )
    stack = lambda *xs: np.stack([np.asarray(x, dtype) for x in xs])
    network = jax.tree.map(stack, *networks)
    motion = jax.tree.map(stack, *motions)
    dt = (10 ** rng.uniform(-2, 4, DRAWS)).astype(dtype)
    v = (10 ** rng.uniform(-1, 1) * rng.standard_normal((DRAWS, FEATURES))).astype(
        dtype
    )
    h = (4 * rng.standard_normal((DRAWS, COUNT))).astype(dtype)
    return network, motion, dt, v, None if adiabatic else h


def worst_rises(energy, scale, loss):
    """The largest rise, and the largest `dE + loss`, in roundings of S_E."""
    eps = np.finfo(energy.dtype).eps
    unit = eps * np.maximum(scale[:, 1:], scale[:, :-1])
    rise = np.diff(energy, axis=1)
    return np.max(rise / unit), np.max((rise + loss) / unit)


def check(kind, seed, dtype, **options):
    energy, scale, loss = (
        np.asarray(x) for x in run(*draw(kind, seed, dtype, **options))
    )
    assert energy.dtype == dtype
    rise, excess = worst_rises(energy, scale, loss)
    assert rise <= EPSILONS
    assert excess <= EPSILONS
    # each product dv . dg is >= 0 but for the rounding of v itself
    assert np.all(loss >= -EPSILONS * np.finfo(dtype).eps * scale[:, 1:])


@some_of(*KINDS, slow={*KINDS} - {"tanh_step", "sphere", "autapse"})
@SETTINGS
@given(seed=st.integers(0, 2**32 - 1))
def test_energy_falls_at_every_step_size(kind, seed):
    """`dE <= - dv.dg / a - dh.df / b <= 0` for every dt and ratio of times. [CL-11]"""
    check(kind, seed, np.float64)


@some_of(
    "tanh_polynomial_4",
    "sharp",
    "model_b",
    "autapse",
    slow=("tanh_polynomial_4", "model_b", "sharp"),
)
@SETTINGS
@given(seed=st.integers(0, 2**32 - 1))
def test_energy_falls_at_every_step_size_in_float32(kind, seed):
    check(kind, seed, np.float32)


@some_of(
    "tanh_polynomial_4",
    "sharp",
    "model_b",
    "sphere",
    slow=("sharp", "model_b", "sphere"),
)
@SETTINGS
@given(seed=st.integers(0, 2**32 - 1))
def test_effective_energy_falls_at_every_step_size(kind, seed):
    """The adiabatic flow: the damped iteration with theta = a / (1 + a). [CL-12]"""
    check(kind, seed, np.float64, adiabatic=True)


@pytest.mark.parametrize("kind", ["sharp", "sphere"])
@SETTINGS
@given(seed=st.integers(0, 2**32 - 1))
def test_energy_falls_at_any_decay_for_lagrangians_of_degree_one(kind, seed):
    check(kind, seed, np.float64, decay=(0.0, 3.0))


def test_energy_can_rise_for_an_odd_power():
    feature, memory = L.LogCosh(1.5), L.Polynomial(3).normalised(FEATURES)
    _, motion, dt, v, h = draw("tanh_polynomial_4", 0, np.float64)
    cubic = Network(XI, feature, memory)
    many = jax.tree.map(lambda x: np.stack([x] * DRAWS), cubic)
    energy, scale, loss = (np.asarray(x) for x in run(many, motion, dt, v, h))
    assert worst_rises(energy, scale, loss)[0] > 1e6


@eqx.filter_jit
def one_step(network, motion, dt, x, free):
    recalled = motion.recalled(network, x)
    return motion.alternate(network, dt, x, free, recalled)


@pytest.mark.parametrize("dt", [1e-3, 1.0, 1e5])
def test_fixed_points_are_those_of_the_flow_at_every_step_size(dt):
    """A state at rest stays at rest; nothing else does. [THEORY 4.2]"""
    network, free = cases.SMOOTH["b_currents"], jnp.ones(FEATURES, bool)
    motion = TwoLayer(0.3)
    v = np.asarray(XI[0])
    for _ in range(2000):
        f = softmax(0.6 * (XI @ v + cases.J))
        v = XI.T @ f + cases.I
    x = (jnp.asarray(v), jnp.asarray(XI @ v + cases.J))
    new, loss = one_step(network, motion, jnp.asarray(dt), x, free)
    for before, after in zip(x, new, strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-13, atol=1e-13)
    assert abs(loss) < 1e-24
    away = (x[0] + 0.1, x[1])
    moved, _ = one_step(network, motion, jnp.asarray(dt), away, free)
    assert np.max(np.abs(moved[0] - away[0])) > 1e-6


def test_endless_step_of_adiabatic_model_b_is_attention():
    """`v <- xi^T softmax(beta xi v)`. [R21; KH21 eq. 16]"""
    network, v = cases.SMOOTH["b"], cases.states(3)[0][0]
    free = jnp.ones(FEATURES, bool)
    (new,), _ = one_step(
        network, Adiabatic(), jnp.asarray(1e18), (jnp.asarray(v),), free
    )
    np.testing.assert_allclose(new, XI.T @ softmax(0.5 * XI @ v), rtol=1e-14)


def test_one_step_is_the_formula():
    """`v+ = (v + a(I + xi^T f)) / (1 + alpha a)`, then h from new v. [THEORY 4.2]"""
    network, (v, h) = cases.SMOOTH["a_rectified_3"], cases.states(4)
    v, h, dt, tau, alpha = v[0], h[0], 0.7, 0.2, 0.4
    free = np.arange(FEATURES) > 3
    motion = TwoLayer(tau, decay=alpha)
    new, _ = one_step(
        network,
        motion,
        jnp.asarray(dt),
        (jnp.asarray(v), jnp.asarray(h)),
        jnp.asarray(free),
    )
    f = (np.maximum(h, 0) / FEATURES) ** 2
    v1 = np.where(free, (v + dt * (cases.I + XI.T @ f)) / (1 + alpha * dt), v)
    b = dt / tau
    h1 = (h + b * (XI @ np.tanh(2 * v1) + cases.J)) / (1 + b)
    np.testing.assert_allclose(new[0], v1, rtol=1e-13)
    np.testing.assert_allclose(new[1], h1, rtol=1e-13, atol=1e-13)


def test_autapse_is_taken_implicitly():
    """`v+ + c a g(v+) = v + a (I + xi^T f) - a v+`. [THEORY 4.2]"""
    network, (v, h) = cases.SMOOTH["a_autapse"], cases.states(5)
    v, h, dt, c = v[0], h[0], 50.0, 0.4
    x, free = (jnp.asarray(v), jnp.asarray(h)), jnp.ones(FEATURES, bool)
    (v1, _), _ = one_step(network, TwoLayer(), jnp.asarray(dt), x, free)
    f = (h / FEATURES) ** 3
    right = v + dt * (cases.I + XI.T @ f)
    left = v1 * (1 + dt) + c * dt * np.tanh(2 * v1)
    np.testing.assert_allclose(left, right, rtol=0, atol=1e-11)  # eps * dt * |terms|


def test_autapse_of_neurons_that_jump_is_refused():
    for feature in (L.AbsoluteValue(), L.Norm(1.0)):
        network = Network(XI, feature, L.Polynomial(2), autapse=0.5)
        with pytest.raises(ValueError, match="which needs a smooth feature Lagrangian"):
            TwoLayer().method(network, XI, 1.0, "altimex", None)


@pytest.mark.parametrize("step", [0.5, 500.0])
def test_simulate_certifies_altimex_by_its_inequality(step):
    network, probes = cases.JUMPING["a_leaky"], cases.states(6, cases.PROBES)[0]
    path = hopsim.simulate(
        network, TwoLayer(0.5), probes, duration=40 * step, samples=11, step=step
    )
    assert path.solver == "AltIMEX"
    assert path.notice is not None
    assert "LeakyRectifiedPolynomial(n=3) has jumps" in path.notice
    certificate = hopsim.certify(network, path)
    assert certificate.promised
    assert np.all(certificate.holds)
    assert np.all(certificate.ledger_residual <= EPSILONS * np.finfo(float).eps)
    assert np.all(np.diff(path.energy, axis=1) <= 1e-13)


def test_altimex_needs_a_flow():
    y0 = FlowState((jnp.ones(2),), jnp.zeros(()))
    term = dfx.ODETerm(lambda t, y, args: y)
    with pytest.raises(ValueError, match="go through simulate"):
        AltIMEX().init(term, 0.0, 0.1, y0, None)
