"""Learning by heart against the formulas tiled, and recall against `hopsim.relax`."""

import equinox as eqx
import jax
import numpy as np
import pytest

import hopsim
from hopsim import lagrangians as L
from hopsim.dynamics import Binary
from hopsim.training import (
    associate,
    association,
    AutoAssociative,
    Cells,
    Draws,
    learn,
    Lesson,
    recall,
    RecallSettings,
)


ITEMS, COUNT, FEATURES = 5, 7, 24
rng = np.random.default_rng(7)
STATES = rng.choice([-1.0, 1.0], (ITEMS, FEATURES))
START = 0.1 * rng.standard_normal((COUNT, FEATURES))


def power(n):
    return lambda x: x**n, lambda x: n * x ** (n - 1)


def bent(n, slope):
    """The leaky power as the authors' package has it, and its derivative."""
    up = lambda x: np.where(x > 0, x, 0.0)
    return (
        lambda x: np.where(x <= 0, slope * x, up(x) ** n),
        lambda x: np.where(x <= 0, slope, n * up(x) ** (n - 1)),
    )


INTERACTIONS = {
    "rectified": (L.RectifiedPolynomial, lambda n: bent(n, 0.0)),
    "polynomial": (L.Polynomial, power),
    "leaky": (lambda n: L.LeakyRectifiedPolynomial(n, 0.01), lambda n: bent(n, 0.01)),
}


def tiled(z, x, F, lesson, n, scaling, m):
    """Equations 8 and 14 of MRS24 with one copy of each state for every neuron."""
    number, features = len(x), x.shape[1]
    value, slope = F
    v = np.zeros_like(z)
    for epoch in range(lesson.epochs):
        done = epoch / lesson.epochs
        T = lesson.temperature + (lesson.final_temperature - lesson.temperature) * done
        inside = 1 / (features * T) if scaling == "modified" else 1.0
        outside = 1.0 if scaling == "modified" else T**-n
        on = np.repeat(x[:, None, :], features, axis=1)
        off = on.copy()
        each = np.arange(features)
        on[:, each, each], off[:, each, each] = 1, -1
        on, off = on.reshape(-1, features), off.reshape(-1, features)
        h_on, h_off = inside * z @ on.T, inside * z @ off.T
        y = np.tanh(outside * np.sum(value(h_on) - value(h_off), axis=0))
        t = x.reshape(number * features)
        w = 2 * m * (y - t) ** (2 * m - 1) * (1 - y**2) * outside * inside
        gradient = (w * slope(h_on)) @ on - (w * slope(h_off)) @ off
        v = lesson.momentum * v + gradient
        largest = np.maximum(np.max(np.abs(v), axis=1, keepdims=True), lesson.floor)
        rate = lesson.learning_rate * lesson.decay**epoch
        z = np.clip(z - rate * v / largest, -1, 1)
    return z


@pytest.mark.parametrize("scaling", ["original", "modified"])
@pytest.mark.parametrize("n", [2, pytest.param(3, marks=pytest.mark.slow), 5])
@pytest.mark.parametrize("name", INTERACTIONS)
def test_learning_is_that_of_the_formulas_tiled(name, n, scaling):
    ours, theirs = INTERACTIONS[name]
    scale = FEATURES if scaling == "original" else 1
    # hot enough: where tanh is saturated 1 - y^2 has lost its digits
    lesson = Lesson(0.1, 1.2 * scale, 0.9 * scale, momentum=0.5, epochs=15)
    objective = AutoAssociative(ours(n), 2, scaling)
    learnt = jax.jit(lambda z: learn(objective, z, STATES, lesson))(START)
    expected = tiled(START, STATES, theirs(n), lesson, n, scaling, 2)
    assert np.max(np.abs(learnt.memories - expected)) <= 1e-12
    assert np.max(np.abs(expected - START)) > 0.1


def by_hand(gaps, s, most, tie):
    """Step by step to the end, from the network's own gaps."""
    for _ in range(most):
        gap = np.asarray(gaps(s))
        s = np.where(gap > 0, 1.0, np.where(gap < 0, -1.0, s if tie is None else tie))
    return s


@pytest.mark.parametrize(
    ("name", "n"),
    [
        pytest.param("rectified", 3, marks=pytest.mark.slow),
        ("polynomial", 2),
        pytest.param("leaky", 20, marks=pytest.mark.slow),
    ],
)
def test_recall_is_relaxation_of_the_trained_network(name, n):
    objective = AutoAssociative(INTERACTIONS[name][0](n), 1, "modified")
    memories = np.clip(3 * START, -1, 1)
    starts = rng.choice([-1.0, 1.0], (40, FEATURES))
    ended = recall(objective, memories, 0.7, starts)
    network = objective.network(memories, np.asarray(0.7))
    gaps = jax.jit(jax.vmap(network.energy_gap))
    dynamics = Binary(order="synchronous", tie="-1")
    relaxed = hopsim.relax(network, dynamics, starts, max_sweeps=100)
    assert np.array_equal(ended.converged, relaxed.converged)
    rest = np.flatnonzero(relaxed.converged)
    assert rest.size
    assert np.array_equal(np.asarray(ended.states)[rest], relaxed.final[rest])
    # those that alternate stand where a hundred steps lead, and after an odd number
    assert np.array_equal(ended.states, by_hand(gaps, starts, 100, -1.0))
    odd = recall(objective, memories, 0.7, starts, most=99)
    assert np.array_equal(odd.states, by_hand(gaps, starts, 99, -1.0))
    few = recall(objective, memories, 0.7, starts, most=1)
    assert np.array_equal(few.states, by_hand(gaps, starts, 1, -1.0))


@pytest.mark.parametrize(("tie", "ends"), [("-1", -1.0), ("+1", 1.0), ("keep", None)])
def test_spins_without_a_gap_go_where_they_are_told(tie, ends):
    objective = AutoAssociative(L.RectifiedPolynomial(3), 1, "modified")
    ended = recall(objective, np.zeros_like(START), 1.0, STATES, tie=tie)
    expected = STATES if ends is None else np.full_like(STATES, ends)
    assert np.array_equal(ended.states, expected)


# --- grids ----------------------------------------------------------------------------

# one program for each objective, whatever the cell
learn_alone, recall_alone = eqx.filter_jit(learn), eqx.filter_jit(recall)

OBJECTIVES = [
    AutoAssociative(L.LeakyRectifiedPolynomial(n, 0.01), 1, scaling)
    for scaling in ("original", "modified")
    for n in (2, 5)
]


def grid(temperatures, rates, epochs=12, objectives=OBJECTIVES, ends=(), **settings):
    """Every objective, two draws, all temperatures and rates, in rows of cells."""
    lists = np.arange(len(objectives)), np.arange(2), temperatures, rates
    which, draw, T, rate = (x.ravel() for x in np.meshgrid(*lists, indexing="ij"))
    original = np.array([one.scaling == "original" for one in objectives])
    T = T * np.where(original[which], FEATURES, 1)
    states = np.stack([STATES, STATES[:, ::-1]])
    lesson = Lesson(rate, T, T, epochs=epochs)
    memories = np.stack([START, -START])
    draws = Draws(memories, states, *ends)
    found = associate(objectives, draws, lesson, Cells(which, draw), **settings)
    return found, (which, draw, T, rate, memories, states)


@pytest.fixture(scope="module")
def cells():
    return grid(np.array([0.7, 1.0]), np.array([0.05, 0.2, 0.3]), keep=True)


@pytest.mark.slow
def test_every_cell_of_a_grid_is_learnt_and_recalled_as_one_alone(cells):
    found, (which, draw, T, rate, memories, states) = cells
    assert found.memories is not None
    for cell in range(0, len(which), 5):
        objective, d = OBJECTIVES[which[cell]], draw[cell]
        heat = np.asarray(T[cell])
        lesson = Lesson(np.asarray(rate[cell]), heat, heat, epochs=12)
        alone = learn_alone(objective, memories[d], states[d], lesson)
        assert np.allclose(found.memories[cell], alone.memories, 0, 1e-12)
        assert found.loss[cell] == pytest.approx(float(alone.loss))
        moved = np.max(np.abs(np.asarray(alone.memories) - memories[d]))
        assert found.moved[cell] == pytest.approx(moved)
        ended = recall_alone(objective, found.memories[cell], heat, states[d])
        wrong = np.sum(np.asarray(ended.states) != states[d], axis=1)
        assert np.array_equal(found.wrong[cell], wrong)
        apart = np.linalg.norm(np.asarray(ended.states) - states[d], axis=1)
        assert found.distance[cell] == pytest.approx(np.mean(apart))


@pytest.mark.slow
def test_a_whole_grid_is_one_compiled_program():
    """All interactions, rates, temperatures, draws; however many cells and chunks."""
    compiled = lambda: vars(association._grid)["_cached"]._cache_size()
    before, told = compiled(), []
    grid(np.array([0.8, 0.9, 1.2]), np.array([0.1, 0.2, 0.3, 0.4]))
    once = compiled()
    progress = lambda done, whole: told.append((done, whole))
    grid(np.linspace(0.5, 2, 8), np.geomspace(0.01, 1, 5), 3, progress=progress)
    assert (before, once, compiled()) == (once - 1, once, once)
    assert len(told) > 1
    assert told[-1][0] == told[-1][1]


def recall_begins_elsewhere(objectives):
    starts, aims = np.stack([STATES[:2]] * 2), np.stack([-STATES[:2]] * 2)
    settings = {"recall_settings": RecallSettings(2.0, most=1), "keep": True}
    found, (which, draw, *_) = grid(
        np.array([0.8]), np.array([0.3]), 12, objectives, (starts, aims), **settings
    )
    assert found.wrong.shape == (len(which), 2)
    assert found.memories is not None
    for cell, objective in enumerate(which):
        memories = found.memories[cell]
        begun = starts[draw[cell]]
        ended = recall_alone(objectives[objective], memories, 2.0, begun, 1)
        wrong = np.sum(np.asarray(ended.states) == STATES[:2], axis=1)
        assert np.array_equal(found.wrong[cell], wrong)


@pytest.mark.slow
def test_recall_can_begin_elsewhere_and_at_another_temperature():
    recall_begins_elsewhere(OBJECTIVES[::3])  # of each scaling, and of each power, one


@pytest.mark.slow
def test_recall_of_every_objective_can_begin_elsewhere():
    recall_begins_elsewhere(OBJECTIVES)


ZERO, ONE = np.zeros(1, int), np.ones(1, int)


def test_overflow_is_told_as_no_distance():
    objective = AutoAssociative(L.Exponential(), 1, "modified")
    lesson = Lesson(0.1, 1e-5, 1e-5, epochs=3)
    which = np.zeros(1, int)
    draws = Draws(START[None], STATES[None])
    found = associate([objective], draws, lesson, Cells(which, which))
    assert not found.finite[0]
    assert np.isnan(found.distance[0])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"draws": Draws(START[None], 0.5 * STATES[None])}, r"\+1 and -1"),
        ({"cells": Cells(ONE, ZERO)}, "objective holds numbers from 0 to 0"),
        ({"cells": Cells(ZERO, -ONE)}, "draw holds numbers from 0 to 0"),
        ({"lesson": Lesson(-0.1, 1, 1)}, "learning_rate must be > 0"),
        ({"lesson": Lesson(0.1, np.nan, 1)}, "temperature must be > 0"),
        ({"lesson": Lesson(0.1, 1, 1, momentum=1.0)}, r"momentum must lie in \[0, 1\)"),
        ({"lesson": Lesson(0.1, 1, 1, epochs=0)}, "Epochs and recall steps"),
    ],
)
def test_grids_refuse_what_cannot_be_learnt(wrong, message):
    arguments = {
        "draws": Draws(START[None], STATES[None]),
        "lesson": Lesson(0.1, 1.0, 1.0),
        "cells": Cells(ZERO, ZERO),
    }
    with pytest.raises(ValueError, match=message):
        associate([AutoAssociative(L.Polynomial(3))], **(arguments | wrong))


@pytest.mark.slow
def test_high_rectified_powers_lose_their_memories_and_plain_ones_do_not():
    """To flip a random weight raises the mean of a high power: overlaps fall to 0."""
    draw = np.random.default_rng(0)
    states = draw.choice([-1.0, 1.0], (5, 100))
    start = 0.1 * draw.standard_normal((10, 100))
    lesson = Lesson(0.1, 0.9, 0.9, floor=1e-300, epochs=25)
    nearest = {}
    for F in (L.RectifiedPolynomial(20), L.Polynomial(20)):
        objective = AutoAssociative(F, 1, "modified")
        learnt = jax.jit(lambda z, o=objective: learn(o, z, states, lesson))(start)
        nearest[type(F)] = np.max(np.asarray(learnt.memories) @ states.T / 100, axis=1)
    assert np.all(nearest[L.RectifiedPolynomial] < 0)
    assert np.sum(nearest[L.Polynomial] > 0.9) > 2
