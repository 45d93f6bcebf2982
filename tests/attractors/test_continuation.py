"""Continuation: branches, their events, the other branches through them, hysteresis."""

import math

import jax
import numpy as np
import pytest

import hopsim
from hopsim import dynamics, lagrangians as L, patterns
from hopsim.attractors import hysteresis
from hopsim.attractors.branches import Event
from hopsim.attractors.continuation import follow, solve_at, switch, Varied
from hopsim.spectrum import coupling_values
from hopsim.theory import mean_field, potts


COUNT, FEATURES = 5, 6
FRAME = patterns.orthogonal(0, COUNT, FEATURES)
SPINS = patterns.random_binary(1, 1, 9)
BETA = "memory_lagrangian.beta"
FRAMED = Varied(hopsim.model_b(FRAME), BETA)  # b = beta
MEAN = FRAME.mean(axis=0)


def graded(n, **settings):
    kind = L.Polynomial if n % 2 == 0 else L.RectifiedPolynomial
    return hopsim.model_a(SPINS, kind(n), **({"beta": 1.0} | settings))


def within(memories, features):
    """In more dimensions, where nothing happens: networks of one size, one program."""
    return np.pad(memories, ((0, 0), (0, features - memories.shape[1])))


def kinds(branch):
    return [event.kind for event in branch.events]


# --- events --------------------------------------------------------------------------


def test_branch_of_a_memory_turns_at_the_spinodal():
    branch = follow(FRAMED, FRAME[0], 2.0, 8.0, start=8.0)
    assert branch.ending == "high"  # it came back as a saddle
    assert kinds(branch)[0] == "fold"
    assert branch.events[0].parameter == pytest.approx(potts.spinodal(COUNT), abs=1e-6)
    assert branch.events[0].multiplicity == 1
    assert np.min(branch.parameter) > potts.spinodal(COUNT)
    assert np.max(branch.residual) < 1e-10
    first, last = branch.index[0], branch.index[-1]
    assert first == 0
    assert last > 0
    assert "fold at 3.5645" in str(branch)


def test_every_point_is_a_fixed_point_with_the_gain_of_its_spectrum():
    branch = follow(FRAMED, FRAME[0], 3.6, 8.0, start=8.0, step=0.2)
    for beta, v, s in zip(branch.parameter, branch.v, branch.s_max, strict=True):
        p = potts.share(float(beta), COUNT)
        shares = np.array([p] + (COUNT - 1) * [(1 - p) / (COUNT - 1)])
        if s < 1:
            assert np.allclose(v, shares @ FRAME, atol=1e-10)
        network = FRAMED(beta)
        h = network.memory_input(v)
        assert coupling_values(network, v, h)[0] == pytest.approx(s, rel=1e-9)


def test_mean_is_lost_with_all_its_modes_at_once():
    branch = follow(FRAMED, MEAN, 1.0, 8.0)
    (event,) = branch.events
    assert (event.kind, event.multiplicity) == ("multiple", COUNT - 1)
    assert event.parameter == pytest.approx(COUNT, abs=1e-6)
    assert np.allclose(branch.v, MEAN, atol=1e-9)
    towards = FRAME[0] - MEAN
    half = switch(FRAMED, event, 1.0, 8.0, direction=towards)[0]
    assert kinds(half) == ["fold"]
    assert half.events[0].parameter == pytest.approx(potts.spinodal(COUNT), abs=1e-6)


def test_pitchfork_is_named_and_both_arms_are_found():
    of = Varied(graded(2), "feature_lagrangian.beta")
    branch = follow(of, 0 * SPINS[0], 0.5, 3.0)
    (event,) = branch.events
    assert (event.kind, event.side) == ("pitchfork", 1)
    assert event.parameter == pytest.approx(1, abs=1e-6)
    assert abs(event.direction @ SPINS[0]) / 3 == pytest.approx(1)
    arms = switch(of, event, 0.5, 3.0)
    ends = [np.tanh(3.0 * arm.v[-1]) @ SPINS[0] / 9 for arm in arms]
    assert sorted(ends) == pytest.approx(
        [-1, 1] * np.array(mean_field.memory_overlap(3.0, 2))
    )
    assert all(np.all(arm.stable) for arm in arms)
    # along an arm the same point is the tip of the fork
    down = follow(of, SPINS[0], 0.5, 3.0, start=3.0)
    assert kinds(down) == ["pitchfork"]
    assert down.events[0].parameter == pytest.approx(1, abs=1e-6)


def test_two_memories_of_unequal_bias_have_a_transcritical_point():
    # three orthogonal memories, two of them held alike: the mean crosses a saddle
    of = Varied(hopsim.model_b(patterns.orthogonal(3, 3, 3)), BETA)
    mean = np.asarray(of.network.memories).mean(axis=0)
    branch = follow(of, mean, 2.0, 4.0)
    assert kinds(branch) == ["multiple"]
    line = np.asarray(of.network.memories)[:1] - mean
    # within the line of one symmetry the crossing is simple
    xi = np.array([[2 / 3], [-1 / 3], [-1 / 3]]) * np.linalg.norm(line) / (2 / 3)
    xi = within(xi, 3)
    single = follow(Varied(hopsim.model_b(xi), BETA), np.zeros(3), 2.0, 4.0)
    assert kinds(single) == ["transcritical"]
    assert single.events[0].parameter == pytest.approx(3, abs=1e-6)


@pytest.mark.parametrize("n", [3, 4, pytest.param(6, marks=pytest.mark.slow)])
def test_one_memory_in_model_a_is_lost_at_its_spinodal(n):
    of = Varied(graded(n), "feature_lagrangian.beta")
    branch = follow(of, SPINS[0], 1.0, 4.0, start=4.0)
    assert kinds(branch) == ["fold"]
    assert branch.events[0].parameter == pytest.approx(mean_field.spinodal(n), abs=1e-6)


def test_current_has_two_folds():
    # m = tanh(beta (m + I)): dI/dm = 0 at m^2 = 1 - 1/beta
    of = Varied(graded(2, beta=2.0), "current", along=SPINS[0])
    branch = follow(of, SPINS[0], -1.0, 1.0, start=1.0)
    m = math.sqrt(0.5)
    expected = math.atanh(m) / 2 - m
    found = [e.parameter for e in branch.events]
    assert kinds(branch) == ["fold", "fold"]
    assert found == pytest.approx([expected, -expected], abs=1e-6)
    assert branch.ending == "low"


def test_autapse_takes_its_share_of_every_mode():
    # at v = 0 the gain is beta (1 - c), for n = 2 and one memory
    of = Varied(graded(2, beta=1.5, autapse=0.1), "autapse")
    branch = follow(of, 0 * SPINS[0], 0.0, 1.0)
    assert kinds(branch) == ["pitchfork"]
    assert branch.events[0].parameter == pytest.approx(1 / 3, abs=1e-6)
    assert branch.events[0].side == -1
    expected = np.sqrt(np.maximum(1.5 * (1 - branch.parameter), 0))
    assert branch.s_max == pytest.approx(expected, abs=1e-7)


def test_decay_is_the_unit_of_the_gain():
    of = Varied(graded(2), "feature_lagrangian.beta")
    branch = follow(of, 0 * SPINS[0], 0.5, 3.0, decay=2.0)
    assert branch.events[0].parameter == pytest.approx(2, abs=1e-6)


def test_time_constant_changes_nothing_and_the_branch_says_so():
    network = FRAMED(6.0)
    branch = follow(lambda tau: network, FRAME[0], 0.01, 10.0)
    assert np.all(branch.v[0] == branch.v[1])
    assert branch.events == ()
    assert "as is true of time constants" in branch.note
    assert "as is true of time constants" in str(branch)


@pytest.mark.slow
def test_single_precision_is_followed_in_double():
    network = hopsim.model_b(FRAME.astype(np.float32))
    branch = follow(Varied(network, BETA), FRAME[0], 2.0, 8.0, start=8.0)
    # the memories themselves are rounded to 6e-8
    assert branch.events[0].parameter == pytest.approx(potts.spinodal(COUNT), abs=1e-5)
    assert jax.config.read("jax_enable_x64")  # as the tests have set it


# --- one point, and the flow ---------------------------------------------------------


def test_energies_of_memory_and_mean_cross_at_the_transition():
    b = potts.equal_energy(COUNT)
    memory, mean = (solve_at(FRAMED, v, b) for v in (FRAME[0], MEAN))
    assert memory[1] == pytest.approx(mean[1], abs=1e-12)
    assert memory[2] < 1
    assert mean[2] == pytest.approx(math.sqrt(b / COUNT), rel=1e-9)


def test_flow_remembers_between_the_spinodal_and_the_loss_of_the_mean():
    b = np.array([3.0, 3.4, 3.8, 4.4, 4.9, 5.6])
    seen = hysteresis(
        FRAMED, MEAN, b, dynamics.Adiabatic(), duration=3000.0, solver="altimex",
        step=1.0, residual_tolerance=1e-9,
    )  # fmt: skip
    assert np.all(seen.converged)
    away = lambda v: np.linalg.norm(v - MEAN, axis=1) > 0.1
    assert list(away(seen.up)) == [False, False, False, False, False, True]
    assert list(away(seen.down)) == [False, False, True, True, True, True]


@pytest.mark.parametrize(
    "seed", [44, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (33, 34, 54))]
)
def test_no_leap_between_branches_that_nearly_meet_is_an_event(seed):
    """Imperfect pitchforks of random memories, against steps five times shorter."""
    x = np.random.default_rng(seed).standard_normal((5, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    x = within(x, FEATURES)
    of = Varied(hopsim.model_b(x), BETA)
    coarse, fine = (
        follow(of, x.mean(axis=0), 0.5, 30.0, step=step) for step in (0.02, 0.004)
    )
    assert kinds(coarse) == kinds(fine) == []
    assert np.allclose(coarse.v[-1], fine.v[-1], atol=1e-9)
    assert np.all(coarse.stable)


def test_an_even_family_is_not_taken_for_a_constant():
    """Equal at both ends of the range, and nowhere else."""
    of = lambda x: hopsim.model_b(FRAME, beta=1.5, current=x**2 * FRAME[0])
    branch = follow(of, FRAME[0], -1.0, 1.0)
    assert branch.note == ""
    assert len(branch.parameter) > 10


def test_a_family_may_set_what_has_a_range():
    of = lambda beta: hopsim.model_b(FRAME, beta=beta)
    branch = follow(of, FRAME[0], 2.0, 8.0, start=8.0)
    assert branch.events[0].parameter == pytest.approx(potts.spinodal(COUNT), abs=1e-6)


# --- errors --------------------------------------------------------------------------


FORK = Event(5.0, MEAN, "multiple", 4, FRAME[0], 0)
FOLD = Event(1.0, FRAME[0], "fold", 1, FRAME[0], 0)
SHARP = Varied(hopsim.model_a(SPINS, current=SPINS[0]), "current", along=SPINS[0])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: follow(FRAMED, MEAN, 2.0, 1.0), "low < high is needed"),
        (lambda: follow(FRAMED, MEAN, 1.0, 2.0, start=3.0), "start must lie in"),
        (lambda: follow(FRAMED, MEAN, 1.0, 2.0, step=math.nan), "step > 0 and two"),
        (lambda: follow(FRAMED, MEAN, 1.0, 2.0, max_points=1), "step > 0 and two"),
        (lambda: switch(FRAMED, FORK, 1.0, 2.0), "must lie in"),
        (lambda: switch(FRAMED, FORK, 1.0, 6.0, direction=0 * MEAN), "not zero"),
        (lambda: follow(FRAMED, MEAN, 1.0, 2.0, decay=0.0), "decay > 0, got 0"),
        (lambda: follow(FRAMED, MEAN[:2], 1.0, 2.0), "one finite state of shape"),
        (lambda: follow(SHARP, SPINS[0], 1.0, 2.0), "without jumps, got AbsoluteValue"),
        (lambda: switch(FRAMED, FOLD, 1.0, 2.0), "through a fold"),
        (lambda: Varied(FRAMED.network, "memory_lagrangian.gamma"), "path of a number"),
        (lambda: Varied(FRAMED.network, "autapse"), "path of a number"),
        (lambda: Varied(FRAMED.network, "current"), "also takes `along`"),
        (
            lambda: hysteresis(
                FRAMED, MEAN, np.array([2.0, 1.0]), dynamics.Adiabatic(), duration=1.0
            ),
            "numbers that rise",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
