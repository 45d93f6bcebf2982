"""Lagrangians: what the papers write out is what autodiff finds."""

import functools as ft
from typing import Any, ClassVar

import cases
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hopsim
from hopsim import lagrangians as L
from hopsim._common.types import cast
from hopsim.dynamics import TwoLayer


SIZE, POINTS = 5, 256
FACTORS = (0.3, 2.0, 7.0)
STRENGTHS = (0.0, 0.3, 20.0)
# by default: all formulas, but not all numbers in them, and in float32 those that round
ALIKE = ("polynomial_5", "rectified_4", "distinct_5", "rescaled_cubic", "rescaled_norm")
ROUNDED = ("log_cosh", "exponential", "log_sum_exp", "norm")


def case(name, *dtype):
    unusual = np.float32 in dtype and name not in ROUNDED
    marks = [pytest.mark.slow] if name in ALIKE or unusual else []
    return pytest.param(name, *dtype, marks=marks)


EACH = pytest.mark.parametrize("name", [case(name) for name in cases.VARIANTS])
BOTH_PRECISIONS = pytest.mark.parametrize("dtype", [np.float64, np.float32])
IN_BOTH: list = [(name, np.float64) for name in cases.VARIANTS]
IN_BOTH += [(name, np.float32) for name in cases.LAGRANGIANS]
IN_PRECISION = pytest.mark.parametrize(("name", "dtype"), [case(*x) for x in IN_BOTH])


def solvable(lagrangian):
    """True where `y + c grad L(y) = x` is one rising continuous equation a neuron."""
    separable = lagrangian.additive or getattr(lagrangian, "delta", 0) > 0
    return lagrangian.convex and lagrangian.smooth and separable


def points(seed, dtype=np.float64):
    """Half of them of order one, half down to 1e-3: on both sides of every kink."""
    x = 1.5 * np.random.default_rng(seed).standard_normal((POINTS, SIZE))
    x[POINTS // 2 :] *= np.logspace(-3, 0, POINTS - POINTS // 2)[:, None]
    return x.astype(dtype)


def example(name, dtype: Any = np.float64):
    return cast(cases.VARIANTS[name], dtype)


@eqx.filter_jit
def tabulate(lagrangian, x, b, dx):
    def one(x, b, dx):
        # each function is traced once where it can be: most of the time goes there
        activation, along = jax.jvp(lagrangian.activation, (x,), (dx,))
        gradient, hessian = jax.linearize(jax.grad(lagrangian), x)
        value_b, gradient_b = jax.value_and_grad(lagrangian)(b)
        factors = jnp.asarray((1.0, *FACTORS), x.dtype)
        values = jax.vmap(lambda a: lagrangian(a * x))(factors)
        bregman = jax.vmap(lagrangian.bregman, (None, 0))(x, jnp.stack([b, x]))
        table = {
            "value": values[0],
            "gradient": gradient,
            "activation": activation,
            "bracket": lagrangian.bracket(x),
            "curvature": lagrangian.curvature(x, dx),
            "curvature_along": lagrangian.curvature_along(x, dx),
            "activation_along": along,
            "gradient_along": hessian(dx),
            "hessian": jax.vmap(hessian, out_axes=1)(jnp.eye(SIZE, dtype=x.dtype)),
            "value_b": value_b,
            "gradient_b": gradient_b,
            "bregman": bregman[0],
            "bregman_self": bregman[1],
            "scaled": values[1:],
        }
        if solvable(lagrangian):
            strengths = jnp.asarray(STRENGTHS, x.dtype)
            y = jax.vmap(lagrangian.resolvent, (None, 0))(x, strengths)
            slopes = jax.vmap(lagrangian.curvature)(y, jnp.ones_like(y))
            gradients = jax.vmap(lagrangian.activation)(y)
            # all through the resolvent: its derivative, and the Hessian along it
            moved = lambda c: jax.jvp(lambda z: lagrangian.resolvent(z, c), (x,), (dx,))
            along = jax.vmap(lambda c: moved(c)[1])(strengths)
            bent = jax.vmap(lagrangian.curvature)(y, along)
            table |= {"y": y, "y_gradient": gradients, "y_slope": slopes}
            table |= {"y_along": along, "y_bent": bent}
        return table

    return jax.vmap(one)(x, b, dx)


@ft.cache
def table(name, dtype: Any = np.float64):
    """All that autodiff and the closed forms say of one Lagrangian at POINTS states."""
    x, b, dx = (points(seed, dtype) for seed in range(3))
    found = tabulate(example(name, dtype), x, b, dx)
    return {k: np.asarray(v) for k, v in found.items()} | {"x": x, "b": b, "dx": dx}


def close(found, expected, scale: Any = 0.0, times=64):
    """Equal to `times` roundings of numbers of size `scale`, or of the expected."""
    assert found.dtype == expected.dtype
    scale = np.maximum(np.max(np.abs(expected)), np.max(scale))
    atol = times * np.finfo(found.dtype).eps * scale
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


def dots(a, b):
    return np.sum(a * b, axis=-1)


# --- derivatives ---


@IN_PRECISION
def test_activation_is_gradient_of_lagrangian(name, dtype):
    t = table(name, dtype)
    close(t["activation"], t["gradient"])


@IN_PRECISION
def test_curvature_is_the_derivative_of_the_activation(name, dtype):
    t = table(name, dtype)
    close(t["curvature"], t["activation_along"])
    close(t["curvature"], t["gradient_along"])


@IN_PRECISION
def test_curvature_along_is_the_second_derivative(name, dtype):
    t = table(name, dtype)
    terms = t["dx"] * t["gradient_along"]
    close(t["curvature_along"], np.sum(terms, axis=-1), np.abs(terms))


# --- energies ---


@EACH
def test_bracket_is_the_legendre_form(name):
    t = table(name)
    product = dots(t["x"], t["gradient"])
    close(t["bracket"], product - t["value"], np.abs(product) + np.abs(t["value"]))


@EACH
def test_bregman_is_its_definition(name):
    t = table(name)
    linear = dots(t["gradient_b"], t["x"] - t["b"])
    scale = np.abs(t["value"]) + np.abs(t["value_b"]) + np.abs(linear)
    close(t["bregman"], t["value"] - t["value_b"] - linear, scale)


@EACH
def test_bregman_vanishes_between_equal_states(name):
    t = table(name)
    close(t["bregman_self"], np.zeros(POINTS), np.abs(t["value"]), times=8)


@EACH
def test_bregman_is_nonnegative_iff_convex(name):
    t = table(name)
    size = 1e-14 * (np.abs(t["value"]) + np.abs(t["value_b"]))
    assert bool(np.all(t["bregman"] >= -size)) == example(name).convex


@pytest.mark.parametrize("n", [2, 3, 4, 7])
def test_power_bregman_keeps_its_digits_between_near_states(n):
    # (n choose 2) b^(n-2) d^2 to first order in d; the definition would have lost it
    b, d = 1.5, 1e-9
    for kind in (L.Polynomial, L.RectifiedPolynomial):
        found = float(kind(n).bregman(jnp.array([b + d]), jnp.array([b])))
        step = (b + d) - b
        expected = n * (n - 1) / 2 * b ** (n - 2) * step**2
        np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_log_sum_exp_bregman_is_the_kullback_leibler_divergence():
    t, beta = table("log_sum_exp"), 1.3
    p, q = np.exp(beta * t["b"]), np.exp(beta * t["x"])
    p, q = p / p.sum(1, keepdims=True), q / q.sum(1, keepdims=True)
    divergence = np.sum(p * np.log(p / q), 1) / beta
    np.testing.assert_allclose(t["bregman"], divergence, rtol=0, atol=1e-14)


# --- flags ---


@EACH
def test_gradient_is_monotone_iff_convex(name):
    t = table(name)
    step, rise = t["x"] - t["b"], t["gradient"] - t["gradient_b"]
    scale = 1e-13 * dots(np.abs(step), np.abs(rise))
    assert bool(np.all(dots(step, rise) >= -scale)) == example(name).convex


@EACH
def test_hessian_is_positive_semidefinite_if_convex(name):
    hessians = table(name)["hessian"]
    size = np.max(np.abs(hessians), (1, 2))
    least = np.linalg.eigvalsh(hessians)[:, 0]
    skew = np.max(np.abs(hessians - np.swapaxes(hessians, 1, 2)), (1, 2))
    assert np.all(skew <= 1e-13 * size)
    if example(name).convex:
        assert np.all(least >= -1e-13 * size)
    elif "leaky" not in name:  # those are broken by a jump, not by a curvature
        assert np.any(least < -0.01 * size)


@EACH
def test_hessian_is_diagonal_iff_additive(name):
    off_diagonal = table(name)["hessian"] * (1 - np.eye(SIZE))
    assert bool(np.all(off_diagonal == 0)) == example(name).additive


@EACH
def test_activation_is_continuous_iff_smooth(name):
    # every activation that jumps does so at 0
    lagrangian = example(name)
    x = points(15)[0]
    sides = [np.where(np.eye(SIZE, dtype=bool), s * 1e-12, x) for s in (-1, 1)]
    g = [np.asarray(jax.vmap(lagrangian.activation)(side)) for side in sides]
    assert (np.max(np.abs(g[1] - g[0])) < 1e-10) == lagrangian.smooth


@pytest.mark.parametrize(
    ("lagrangian", "slope"),
    [
        (L.AbsoluteValue(), 1.0),
        *[(L.RectifiedPolynomial(n), 0.0) for n in (1, 2, 3)],
        *[(L.LeakyRectifiedPolynomial(n, s), n == 1) for n in (1, 2) for s in (-1, 1)],
        (L.Norm(2.0), 0.0),
    ],
    ids=str,
)
def test_a_kink_at_exactly_0_takes_the_side_that_is_documented(lagrangian, slope):
    for zero in (0.0, -0.0):
        x = jnp.full(SIZE, zero)
        np.testing.assert_array_equal(lagrangian.activation(x), np.full(SIZE, slope))
        if not isinstance(lagrangian, L.Norm):  # which has no curvature at its tip
            bent = lagrangian.curvature(x, jnp.ones(SIZE))
            np.testing.assert_array_equal(bent, np.zeros(SIZE))


@EACH
def test_degree_is_that_of_homogeneity(name):
    t, a = table(name), np.array(FACTORS)
    homogeneous = lambda n: np.allclose(
        t["scaled"], a**n * t["value"][:, None], rtol=1e-12, atol=0
    )
    degree = example(name).degree
    degrees = [n for n in range(1, 9) if homogeneous(n)]
    assert degrees == ([] if degree is None else [degree])


# --- resolvent ---


RESOLVABLE = pytest.mark.parametrize(
    ("name", "dtype"),
    [case(n, d) for n, d in IN_BOTH if solvable(cases.VARIANTS[n])],
)


@RESOLVABLE
def test_resolvent_solves_its_equation(name, dtype):
    t = table(name, dtype)
    for k, c in enumerate(STRENGTHS):
        y, gradient, slope = (t[q][:, k] for q in ("y", "y_gradient", "y_slope"))
        # a rounding of y moves the left side by 1 + c F'' of it; the bisection halves
        # a bracket of width c |grad L(x)| 12 times more than the mantissa has bits
        width = np.max(c * np.abs(t["activation"])) / 2**12
        scale = (1 + c * np.max(np.abs(slope))) * (np.max(np.abs(t["x"])) + width)
        close((y + c * gradient).astype(dtype), t["x"], scale)


@RESOLVABLE
def test_derivative_of_a_resolvent_solves_the_derived_equation(name, dtype):
    t = table(name, dtype)
    for k, c in enumerate(STRENGTHS):
        along, bent, slope = (t[q][:, k] for q in ("y_along", "y_bent", "y_slope"))
        # an error of y counts as a change of the slope: at its steepest, near a kink,
        # by as much as it has
        scale = (1 + c * np.max(np.abs(slope))) ** 2 * np.max(np.abs(t["dx"]))
        close((along + c * bent).astype(dtype), t["dx"], scale)


def test_resolvent_is_refused_where_neurons_compete():
    with pytest.raises(ValueError, match="needs an additive"):
        L.LogSumExp().resolvent(jnp.ones(3), jnp.ones(()))


# --- numbers too large, and ties ---


@eqx.filter_jit
def look(lagrangian, x):
    """All that is said of one state, in one program instead of one for every step."""
    return {
        "value": lagrangian(x),
        "activation": lagrangian.activation(x),
        "bracket": lagrangian.bracket(x),
        "curvature": lagrangian.curvature(x, jnp.ones_like(x)),
        "bregman": lagrangian.bregman(x, x[::-1]),
        "gradients": (jax.grad(lagrangian)(x), jax.grad(lagrangian.bracket)(x)),
    }


@BOTH_PRECISIONS
def test_log_cosh_is_exact_where_cosh_overflows(dtype):
    beta, x = 5.0, jnp.asarray([200.0, -200.0, 20.0], dtype)  # beta |x| = 1000, 100
    seen = look(cast(L.LogCosh(beta), dtype), x)
    assert seen["value"] == 420
    np.testing.assert_array_equal(seen["activation"], [1, -1, 1])
    assert abs(seen["bracket"]) < 1e-30
    assert np.all(np.asarray(seen["curvature"]) >= 0)
    for gradient in seen["gradients"]:
        assert np.all(np.isfinite(gradient))


@BOTH_PRECISIONS
def test_log_cosh_bracket_is_minus_the_entropy_of_a_spin(dtype):
    beta = 1.7
    g = np.tanh(beta * np.linspace(-2, 2, 9))
    p = (1 + g) / 2
    entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
    x = jnp.asarray(np.linspace(-2, 2, 9), dtype)[:, None]
    brackets = eqx.filter_jit(lambda lagrangian, x: jax.vmap(lagrangian.bracket)(x))
    found = brackets(cast(L.LogCosh(beta), dtype), x)
    tolerance = 64 * np.finfo(dtype).eps
    np.testing.assert_allclose(found, -entropy / beta, rtol=0, atol=tolerance)


@BOTH_PRECISIONS
def test_log_sum_exp_is_exact_where_exp_overflows(dtype):
    x = jnp.asarray([1e4, 1e4, -1e4, 0.0], dtype)
    seen = look(cast(L.LogSumExp(1.0), dtype), x)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(seen["value"], 1e4 + np.log(2), rtol=eps)
    np.testing.assert_allclose(seen["activation"], [0.5, 0.5, 0, 0], rtol=2 * eps)
    # |x| = 1e4 would leave no digit of ln 2 in float32: x . f - L
    np.testing.assert_allclose(seen["bracket"], -np.log(2), rtol=8 * eps)
    assert np.isfinite(seen["bregman"])


def test_quadratic_form_of_a_sharp_softmax_keeps_its_digits():
    # 1 - max f = 3e-4: centred once, dx . H dx would lose a factor of 3000
    x, dx = np.array([8.0, 0.0, -1.0]), np.array([9.0, 5.0, -7.0])
    f = np.exp(x) / np.sum(np.exp(x))
    exact = np.sum(f * (dx - f @ dx) ** 2)
    x, dx = jnp.asarray(x, np.float32), jnp.asarray(dx, np.float32)
    found = dx @ cast(L.LogSumExp(1.0), np.float32).curvature(x, dx)
    np.testing.assert_allclose(found, exact, rtol=64 * float(np.finfo(np.float32).eps))


@EACH
def test_bracket_is_finite_at_a_hundred_in_float32(name):
    lagrangian = example(name, np.float32)
    if type(lagrangian) is L.Exponential:
        pytest.skip("its bracket is the exponential itself: e^80 and more overflow")
    x = jnp.asarray([100.0, -100.0, 100.0, 0.0, 50.0], np.float32)
    assert jnp.isfinite(lagrangian.bracket(x))
    assert jnp.all(jnp.isfinite(lagrangian.curvature(x, x)))


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_sign_of_zero_is_plus_one(zero):
    np.testing.assert_array_equal(L.AbsoluteValue().activation(jnp.array([zero])), [1])


def test_dead_units_of_a_step_are_silent():
    step, x = L.RectifiedPolynomial(1), jnp.array([-3.0, 0.0, 2.0])
    np.testing.assert_array_equal(step.activation(x), [0, 0, 1])
    np.testing.assert_array_equal(step.curvature(x, jnp.ones(3)), [0, 0, 0])


def test_norm_has_finite_derivatives_at_the_origin():
    origin = jnp.zeros(SIZE)
    for lagrangian in (L.Norm(2.0), L.Norm(2.0, delta=0.5)):
        seen = look(lagrangian, origin)
        np.testing.assert_array_equal(seen["activation"], origin)
        for gradient in seen["gradients"]:
            np.testing.assert_array_equal(gradient, origin)
        assert np.all(np.isfinite(seen["curvature"]))


# --- normalisation and rescaling ---


@pytest.mark.parametrize("kind", [L.Polynomial, L.RectifiedPolynomial])
@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_normalised_power_is_N_over_n_times_x_over_N_to_the_n(kind, n):
    x, features = 30 * np.abs(points(18)), 100
    found = jax.vmap(kind(n).normalised(features))(x)
    expected = np.sum(features / n * (x / features) ** n, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_normalised_exponential_has_field_one_at_overlap_one():
    rate, features = 0.7, 1000  # exp(700) fits float64, exp(1000 * 0.7 * 2) does not
    lagrangian = L.Exponential(rate).normalised(features)
    x = jnp.linspace(990.0, 1000, 11)
    expected = np.exp(rate * (np.asarray(x) - features)) / rate
    np.testing.assert_allclose(jax.vmap(lagrangian)(x[:, None]), expected, rtol=1e-12)
    assert lagrangian.activation(jnp.array([1000.0]))[0] == 1


def test_normalised_leaky_scales_both_branches_alike():
    lagrangian = L.LeakyRectifiedPolynomial(3, -0.2)
    x = points(19)
    ratio = jax.vmap(lagrangian.normalised(10))(x) / jax.vmap(lagrangian)(x)
    np.testing.assert_allclose(ratio, 10.0**-2 / 3, rtol=1e-13)


@pytest.mark.parametrize("name", ["log_cosh", "log_sum_exp"])
def test_normalisation_leaves_alone_what_has_no_units(name):
    lagrangian = example(name)
    assert lagrangian.normalised(50) is lagrangian


@pytest.mark.parametrize(
    "name", ["log_cosh", "exponential", "log_sum_exp", "norm_rounded"]
)
def test_rescaled_refuses_to_change_a_temperature(name):
    L.Rescaled(example(name), outside=2.0)
    with pytest.raises(ValueError, match="needs a homogeneous Lagrangian"):
        L.Rescaled(example(name), inside=0.5)


@pytest.mark.parametrize("name", list(L.lagrangians))
def test_unwrapped_is_the_same_function(name):
    layer, inside, outside = (one := example(name)).unwrapped()
    assert not isinstance(layer, L.Rescaled)
    assert (layer is one) == (name != "rescaled")
    x = points(1)[0]
    found, expected = outside * layer(inside * x), one(x)
    assert np.array_equal(found, expected)  # one rescaling is no product: bit for bit


def test_what_was_rescaled_twice_has_the_products_of_its_factors():
    inner = L.Polynomial(3)
    once = L.Rescaled(inner, inside=0.5, outside=3.0)
    twice = L.Rescaled(once, inside=0.25, outside=7.0)
    layer, inside, outside = twice.unwrapped()
    assert layer is inner
    assert (float(inside), float(outside)) == (0.125, 21.0)
    x = points(2)[0]
    np.testing.assert_allclose(outside * inner(inside * x), twice(x), rtol=1e-14)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.Polynomial(0), "vertex n must be >= 1, .* got 0"),
        (lambda: L.Polynomial(2**62), "at most 1000, got 4611686018427387904"),
        (lambda: L.RectifiedPolynomial(-2), "vertex n must be >= 1"),
        (lambda: L.LeakyRectifiedPolynomial(0), "vertex n must be >= 1"),
        (lambda: L.LeakyRectifiedPolynomial(2, np.nan), "slope must be a finite"),
        (lambda: L.LogCosh(0.0), "beta of LogCosh must be a finite number > 0"),
        (lambda: L.LogCosh(np.nan), "beta of LogCosh"),
        (lambda: L.LogSumExp(-1.0), "beta of LogSumExp must be a finite number > 0"),
        (lambda: L.LogSumExp(np.inf), "beta of LogSumExp"),
        (lambda: L.Exponential(0.0), "rate of Exponential must be a finite number > 0"),
        (lambda: L.Norm(0.0), "radius of Norm must be a finite number > 0"),
        (lambda: L.Norm(1.0, delta=-1.0), "delta of Norm must be >= 0"),
        (lambda: L.Norm(1.0, delta=np.inf), "delta of Norm must be >= 0"),
        (lambda: L.Rescaled(L.Quadratic(), outside=0.0), "`outside` of Rescaled"),
        (lambda: L.Rescaled(L.Quadratic(), inside=-1.0), "`inside` of Rescaled"),
    ],
)
def test_impossible_lagrangians_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_swept_numbers_are_leaves():
    swept = (L.LogCosh(2.0), L.LogSumExp(2.0), L.Exponential(2.0), L.Norm(2.0))
    for lagrangian in swept:
        leaves = jax.tree.leaves(lagrangian)
        assert leaves
        assert all(eqx.is_array_like(leaf) for leaf in leaves)


# --- a Lagrangian of the user's own ---


class Softplus(L.AbstractLagrangian):
    """`L(x) = sum_i log(1 + e^x_i)`; activation: the logistic function."""

    convex: ClassVar[bool] = True
    additive: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    degree: ClassVar[int | None] = None

    def __call__(self, x):
        return jnp.sum(jax.nn.softplus(x))

    def activation(self, x):
        return jax.nn.sigmoid(x)

    def bracket(self, x):
        return jnp.sum(x * jax.nn.sigmoid(x) - jax.nn.softplus(x))


@pytest.fixture(scope="module")
def softplus():
    """A network with a Lagrangian of the user's own, and its path to rest."""
    network = hopsim.Network(cases.XI, L.LogCosh(1.5), Softplus())
    probes = cases.states(0, cases.PROBES)[0]
    motion = TwoLayer(0.5)
    return network, hopsim.simulate(network, motion, probes, duration=40.0, samples=11)


@pytest.mark.slow
def test_a_lagrangian_of_the_users_own_works_everywhere(softplus):
    network, path = softplus
    assert np.all(path.converged)
    certificate = hopsim.certify(network, path)
    assert certificate.promised
    assert np.all(certificate.holds)
    # at rest v = xi^T sigmoid(xi tanh(1.5 v)), written out once more
    f = 1 / (1 + np.exp(-np.tanh(1.5 * path.final) @ cases.XI.T))
    # residual_tolerance is 1e-6 (1 + |v|), and what is left decays by its rate
    np.testing.assert_allclose(path.final, f @ cases.XI, atol=1e-4)
