"""Gradients of training by three routes: products, autodiff, appendix A as printed."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from hopsim import lagrangians as L
from hopsim.models import model_b
from hopsim.training import (
    Associative,
    AutoAssociative,
    Dual,
    interaction_of,
    KrotovHopfieldRule,
    Tempered,
)


COUNT, PIXELS, CLASSES, ITEMS = 13, 20, 4, 6
rng = np.random.default_rng(0)
XI = rng.normal(-0.1, 0.3, (COUNT, PIXELS + CLASSES))
IMAGES = rng.uniform(-1, 1, (ITEMS, PIXELS))
LABELS = rng.integers(0, CLASSES, ITEMS)
TARGETS = np.where(np.arange(CLASSES) == LABELS[:, None], 1.0, -1.0)
SPINS = rng.choice([-1.0, 1.0], (ITEMS, PIXELS + CLASSES))

FORMS = {
    "associative": Associative,
    "dual": Dual,
    "dual_off": lambda *a: Dual(*a, expansion="off"),
    "autoassociative": AutoAssociative,
}
INTERACTIONS = {
    "rectified_1": L.RectifiedPolynomial(1),
    "rectified_2": L.RectifiedPolynomial(2),
    "rectified_20": L.RectifiedPolynomial(20),
    "power_3": L.Polynomial(3),
    "leaky_5": L.LeakyRectifiedPolynomial(5),
    "leaky_up": L.LeakyRectifiedPolynomial(5, 0.01),
    "exponential": L.Exponential(),
}
BY_DEFAULT = {  # the other forms share their interaction with the first
    "associative": {
        ("rectified_1", "modified"),
        ("rectified_20", "original"),
        ("power_3", "modified"),
        ("leaky_up", "original"),
        ("exponential", "modified"),
    },
    "dual": {("rectified_20", "original"), ("exponential", "modified")},
    "dual_off": {("power_3", "modified")},
    "autoassociative": {("rectified_1", "modified"), ("leaky_up", "original")},
}
usual = lambda form, *case: case in BY_DEFAULT[form]
CASES = [
    pytest.param(
        *(form, F, scaling),
        id=f"{form}-{name}-{scaling}",
        marks=[] if usual(form, name, scaling) else pytest.mark.slow,
    )
    for form in FORMS
    for name, F in INTERACTIONS.items()
    for scaling in ("original", "modified")
    if not (name == "exponential" and scaling == "original")
]


def examples(form):
    return (SPINS, SPINS) if form == "autoassociative" else (IMAGES, TARGETS)


def compiled(objective):
    """The step as one program, traced anew: many small ones take longer to compile."""
    return jax.jit(lambda *arguments: objective.step(*arguments))


@pytest.mark.parametrize(("form", "F", "scaling"), CASES)
def test_gradient_in_products_is_that_of_the_energy_gaps(form, F, scaling):
    """The definition differentiated by JAX against what trains: two routes."""
    objective = FORMS[form](F, 2, scaling)
    T = np.asarray(4.0 if scaling == "original" else 0.3)
    states, targets = examples(form)
    step = compiled(objective)(XI, T, states, targets)
    defined = jax.jit(
        lambda *arguments: (
            jax.value_and_grad(objective.loss)(*arguments),
            objective.answers(*arguments[:3]),
        )
    )
    (loss, gradient), answers = defined(jnp.asarray(XI), T, states, targets)
    scale = float(jnp.max(jnp.abs(gradient)))
    assert step.loss == pytest.approx(float(loss), rel=1e-12)
    assert np.max(np.abs(step.gradient - gradient)) <= 1e-12 * scale
    assert np.allclose(answers, step.answers, 1e-12, 1e-13)


@pytest.mark.parametrize("n", [2, 3, 20])
def test_gradient_is_that_of_appendix_a(n):
    """KH16's own formulas, with a copy of each image for every class. [app. A]"""
    m, T = 3, 5.0
    beta, size = T**-n, PIXELS + CLASSES
    r = lambda x, k: np.where(x > 0, x, 0.0) ** k if k else np.where(x > 0, 1.0, 0.0)
    total = np.zeros_like(XI)
    for v, t in zip(IMAGES, TARGETS, strict=True):
        for a in range(CLASSES):
            on = np.concatenate([v, np.where(np.arange(CLASSES) == a, 1.0, -1.0)])
            off = np.concatenate([v, -np.ones(CLASSES)])
            c = np.tanh(beta * np.sum(r(XI @ on, n) - r(XI @ off, n)))
            w = 2 * m * (c - t[a]) ** (2 * m - 1) * (1 - c**2) * beta * n
            rise = r(XI @ on, n - 1)[:, None] * on - r(XI @ off, n - 1)[:, None] * off
            total += w * rise
    step = compiled(Associative(L.RectifiedPolynomial(n), m))(
        XI, np.asarray(T), IMAGES, TARGETS
    )
    assert step.gradient.shape == (COUNT, size)
    assert np.max(np.abs(step.gradient - total)) <= 1e-12 * np.max(np.abs(total))


@pytest.mark.parametrize("form", FORMS)
def test_float32_keeps_its_digits(form):
    objective = FORMS[form](L.RectifiedPolynomial(20), 2)
    states, targets = examples(form)
    exact = compiled(objective)(XI, np.asarray(9.0), states, targets)
    single = [np.asarray(x, np.float32) for x in (XI, 9.0, states, targets)]
    rough = compiled(objective)(*single)
    assert rough.gradient.dtype == np.float32
    expected = np.asarray(exact.gradient)
    error = np.asarray(rough.gradient, np.float64) - expected
    assert np.max(np.abs(error)) <= 1e-5 * np.max(np.abs(expected))


SLOW = [pytest.param(items, marks=pytest.mark.slow) for items in (1, 64)]


@pytest.mark.parametrize("items", [7, *SLOW])
def test_blocks_change_nothing(monkeypatch, items):
    states = rng.choice([-1.0, 1.0], (items, PIXELS + CLASSES))
    for form in ("associative", "autoassociative"):
        objective = FORMS[form](L.RectifiedPolynomial(3), 2)
        s = states if form == "autoassociative" else states[:, :PIXELS]
        t = states if form == "autoassociative" else states[:, PIXELS:]
        whole = compiled(objective)(XI, np.asarray(9.0), s, t)
        with monkeypatch.context() as patch:
            patch.setattr("hopsim.training.energy_gaps.NUMBERS_PER_BLOCK", 3 * items)
            cut = compiled(objective)(XI, np.asarray(9.0), s, t)
        assert np.allclose(whole.gradient, cut.gradient, 1e-12, 1e-14)


def test_scalings_of_a_homogeneous_interaction_are_one():
    """Theorem 4.3.1 of MRS24: T_original = N T_modified."""
    x = rng.normal(0, 10, 50)
    for F in (L.RectifiedPolynomial(7), L.Polynomial(4)):
        original = Tempered(F, 30.0, 60).interaction(x)
        modified = Tempered(F, 0.5, 60, "modified").interaction(x)
        assert np.allclose(original, modified, 1e-13)
    leaky = L.LeakyRectifiedPolynomial(7)
    original = Tempered(leaky, 30.0, 60).interaction(-x)
    modified = Tempered(leaky, 0.5, 60, "modified").interaction(-x)
    assert not np.allclose(original, modified, 1e-3)


def test_large_powers_do_not_overflow_in_float32():
    F = L.RectifiedPolynomial(30)
    images = np.ones((2, 784), np.float32)
    xi = np.full((3, 794), 0.9, np.float32)
    targets = np.array([[1.0] + [-1.0] * 9] * 2, np.float32)
    step = compiled(Associative(F, 30))(
        xi, np.asarray(650.0, np.float32), images, targets
    )
    assert np.all(np.isfinite(step.gradient))
    assert np.all(np.isfinite(step.answers))


def test_original_scaling_needs_a_power():
    with pytest.raises(ValueError, match=r"needs an interaction with a power n"):
        Tempered(L.Exponential(), 2.0, 5)


def test_memories_that_compete_are_refused():
    with pytest.raises(ValueError, match="sum over memories"):
        interaction_of(model_b(XI).memory_lagrangian)
    normalised = L.RectifiedPolynomial(4).normalised(9)
    assert interaction_of(normalised) == L.RectifiedPolynomial(4)
    assert interaction_of(Tempered(L.Polynomial(2), 1.0, 3)) == L.Polynomial(2)


# --- rule (13) ------------------------------------------------------------------------


def test_rule_is_equation_13():
    """Three updates against the formula written out."""
    rule = KrotovHopfieldRule(lambda count: 0.04 * jnp.asarray(0.9) ** count, 0.6)
    xi, v = jnp.asarray(np.clip(XI, -1, 1)), np.zeros_like(XI)
    state, expected = rule.init(xi), np.clip(XI, -1, 1)
    for k in range(3):
        gradient = rng.normal(size=XI.shape)
        step, state = rule.update(jnp.asarray(gradient), state, xi)
        xi = optax.apply_updates(xi, step)
        v = 0.6 * v - gradient
        largest = np.max(np.abs(v), axis=1, keepdims=True)
        expected = np.clip(expected + 0.04 * 0.9**k * v / largest, -1, 1)
    assert np.max(np.abs(np.asarray(xi) - expected)) <= 1e-15


def test_rule_never_leaves_the_box_and_rests_below_its_floor():
    rule = KrotovHopfieldRule(0.7)
    xi = jnp.asarray(rng.uniform(-1, 1, XI.shape))
    for _ in range(20):
        gradient = jnp.asarray(rng.normal(size=XI.shape))
        step, _ = rule.update(gradient, rule.init(xi), xi)
        xi = optax.apply_updates(xi, step)
        assert np.max(np.abs(np.asarray(xi))) <= 1
    tiny, zero = jnp.full(XI.shape, 1e-40), jnp.zeros(XI.shape)
    step, _ = rule.update(tiny, rule.init(zero), zero)
    assert np.max(np.abs(np.asarray(step))) <= 0.7e-10
    bold = KrotovHopfieldRule(0.7, floor=1e-300)
    step, _ = bold.update(tiny, bold.init(zero), zero)
    assert np.allclose(np.abs(np.asarray(step)), 0.7)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": -0.1}, "learning rate must lie"),
        ({"learning_rate": 0.1, "momentum": 1.0}, "momentum must lie"),
    ],
)
def test_rule_refuses_what_is_no_step(settings, message):
    with pytest.raises(ValueError, match=message):
        KrotovHopfieldRule(**settings)


def test_rule_asks_for_the_memories():
    rule = KrotovHopfieldRule(0.1)
    with pytest.raises(ValueError, match="needs them"):
        rule.update(jnp.asarray(XI), rule.init(jnp.asarray(XI)))
