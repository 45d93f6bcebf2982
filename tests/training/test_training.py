"""Training: what is learnt, what is refused, and that interruptions change nothing."""

import errno
import os

import equinox as eqx
import h5py
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import hopsim
from hopsim import datasets, dynamics, lagrangians as L
from hopsim._common.notices import Notice
from hopsim._common.reach import _closure, HOME
from hopsim._common.streams import Stream
from hopsim.experiments import TrainingSettings
from hopsim.models import model_a, model_b
from hopsim.network import Network
from hopsim.records import load_record
from hopsim.training import (
    Associative,
    Examples,
    from_images,
    KrotovHopfieldRule,
    predict,
    predicted_class,
    rule_of,
    train,
)
from hopsim.training.examples import minibatches
from hopsim.training.plan import _own_text
from hopsim.training.prototypes import dominant, votes


rng = np.random.default_rng(7)
PIXELS, CLASSES, COUNT = 12, 3, 9
CENTRES = rng.choice([-1.0, 1.0], (CLASSES, PIXELS))


def sample(count, seed=0):
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    flipped = draw.random((count, PIXELS)) < 0.1
    return Examples(np.where(flipped, -1, 1) * CENTRES[labels], labels)


def network(n=3, dtype="float64", features=PIXELS + CLASSES):
    start = np.random.default_rng(1).normal(-0.1, 0.3, (COUNT, features))
    return Network(start.astype(dtype), L.AbsoluteValue(), L.RectifiedPolynomial(n))


def learn(form="associative", net=None, examples=None, rule=None, **settings):
    given = {"epochs": 12, "temperature": 8.0, "batch": 10, "form": form}
    return train(
        net or network(),
        sample(60) if examples is None else examples,
        rule or KrotovHopfieldRule(0.05, 0.5),
        **(given | settings),
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """What a training as `learn` has it by default leaves in its checkpoint."""
    place = tmp_path_factory.mktemp("kept") / "checkpoint.nc"
    learn(checkpoint=place)
    return place.read_bytes()


# --- what is learnt -------------------------------------------------------------------


@pytest.mark.parametrize("form", ["associative", "dual", "dual_off"])
def test_classes_are_learnt(form):
    record = learn(form, test=sample(30, 1))
    assert record["test_error"].values[-1] <= 0.1
    assert record["loss"].values[-1] < 0.5 * record["loss"].values[0]
    trained = network().with_memories(record["memories"].values)
    found = predict(trained, sample(30, 1).states, form)
    error = np.mean(found != sample(30, 1).labels)
    assert error == pytest.approx(record["test_error"].values[-1])


def test_states_are_learnt():
    spins = rng.choice([-1.0, 1.0], (4, PIXELS))
    net = network(2, features=PIXELS)
    record = learn("autoassociative", net, spins, batch=None, epochs=100)
    trained = net.with_memories(record["memories"].values)
    ended = hopsim.relax(trained, dynamics.Binary(), spins)
    assert np.array_equal(ended.final, spins)
    assert record["train_error"].values[-1] == 0


def test_an_optimiser_of_optax_learns_as_well():
    with jax.numpy_dtype_promotion("standard"):  # as optax writes Adam
        record = learn(rule=optax.adam(0.03), test=sample(30, 1))
    assert record["test_error"].values[-1] <= 0.1


def test_one_epoch_is_equation_13_written_out():
    """Minibatches of 10 in the order drawn, by autodiff of the definition."""
    examples, net = sample(20), network()
    record = learn(net=net, examples=examples, epochs=1)
    objective = Associative(L.RectifiedPolynomial(3), 1)
    stream = Stream(0).child("minibatches", 0)
    rows = minibatches(examples.labels, 10, "shuffled", stream)
    derivative = jax.jit(jax.grad(objective.loss))
    xi, v = np.asarray(net.memories), 0.0
    for items in rows:
        told = examples.labels[items][:, None]
        targets = np.where(np.arange(CLASSES) == told, 1.0, -1.0)
        gradient = derivative(
            jnp.asarray(xi), np.asarray(8.0), examples.states[items], targets
        )
        v = 0.5 * v - np.asarray(gradient)
        largest = np.max(np.abs(v), axis=1, keepdims=True)
        xi = np.clip(xi + 0.05 * v / largest, -1, 1)
    assert np.max(np.abs(record["memories"].values - xi)) <= 1e-13


def test_float32_learns_what_float64_learns():
    exact, rough = learn(), learn(net=network(dtype="float32"))
    assert rough["memories"].dtype == np.float32
    gap = np.abs(exact["memories"].values - rough["memories"].values)
    assert np.median(gap) <= 1e-4


def test_training_changes_the_memories_alone():
    net = model_a(np.asarray(network().memories), L.RectifiedPolynomial(3), beta=2.0)
    trained = net.with_memories(learn(net=net)["memories"].values)
    for mine, old in zip(jax.tree.leaves(trained), jax.tree.leaves(net), strict=True):
        if mine is not trained.memories:
            assert np.array_equal(mine, old)


@pytest.mark.slow
def test_a_trained_network_flows_downhill():
    net = model_a(np.asarray(network().memories), L.RectifiedPolynomial(3), beta=2.0)
    trained = net.with_memories(learn(net=net)["memories"].values)
    path = hopsim.simulate(
        trained, dynamics.Adiabatic(), trained.memories, duration=50.0, samples=5
    )
    assert np.all(hopsim.certify(trained, path).holds)


def test_the_temperature_follows_its_schedule():
    record = learn(temperature=optax.linear_schedule(20.0, 8.0, 6))
    assert np.allclose(record["temperature"].values[:8:2], [20, 16, 12, 8])
    assert np.all(record["temperature"].values[6:] == 8)


def test_the_learning_rate_follows_its_schedule():
    rule = rule_of("krotov_hopfield", np.array([0.3, 0.0]), 2)
    once = learn(rule=rule, epochs=1, batch=30)
    twice = learn(rule=rule, epochs=2, batch=30)
    assert np.array_equal(once["memories"].values, twice["memories"].values)
    assert not np.array_equal(once["memories"].values, once["start"].values)


def test_training_stops_at_numbers_that_are_not_finite():
    bad = jnp.full(network().memories.shape, jnp.inf)
    kind = optax.stateless(lambda *_: bad)
    record = learn(rule=kind)
    assert "not finite in epoch 1" in str(record["ending"].values)
    assert np.array_equal(record["memories"].values, network().memories)
    assert record["loss"].size == 0


# --- minibatches ----------------------------------------------------------------------


def test_shuffled_minibatches_are_a_permutation():
    labels = np.arange(47) % 5
    rows = minibatches(labels, 10, "shuffled", Stream(1))
    assert rows.shape == (4, 10)
    assert len(np.unique(rows)) == 40
    assert not np.array_equal(rows, minibatches(labels, 10, "shuffled", Stream(2)))


def test_balanced_minibatches_hold_as_many_of_each_class():
    labels = np.repeat([0, 1, 2], [50, 30, 4])
    rows = minibatches(labels, 12, "balanced", Stream(1))
    assert rows.shape == (7, 12)
    for items in rows:
        assert np.array_equal(np.bincount(labels[items]), [4, 4, 4])
    assert set(rows[:, 8:].ravel()) == {80, 81, 82, 83}  # the rare class begins anew


# --- predictions ----------------------------------------------------------------------


def test_prediction_is_the_largest_energy_gap():
    net = network(4)
    images = sample(8, 3).states
    gap = eqx.filter_jit(net.energy_gap)
    for image, found in zip(images, predict(net, images), strict=True):
        s = np.concatenate([image, -np.ones(CLASSES)])
        assert found == np.argmax(gap(s)[PIXELS:])


@pytest.mark.parametrize(
    ("n", "dtype"), [(2, np.float32), (20, np.float32), (120, np.float64)]
)
def test_no_power_overflows_in_predictions(n, dtype):
    """Literal F = x^n of 794 neurons is beyond float32 at n = 14, float64 at 107."""
    start = np.random.default_rng(0).uniform(-1, 1, (20, 794)).astype(dtype)
    net = Network(start, L.AbsoluteValue(), L.RectifiedPolynomial(n))
    images = start[:5, :784]
    with np.errstate(all="raise"):
        assert np.all(predict(net, images) >= 0)


def test_a_tie_is_no_decision():
    answers = np.array([[1.0, 2.0, 2.0], [1.0, 3.0, 2.0], [0.0, np.nan, 1.0]])
    assert predicted_class(answers).tolist() == [-1, 1, -1]


def test_votes_and_decisive_memories_by_hand():
    memories = np.array([[1.0, 1, 1, 1, -1], [1, -1, 1, -1, 0.95], [-1, 1, 1, 1, 1]])
    assert votes(memories, 3).tolist() == [1, 1, 2]
    objective = Associative(L.RectifiedPolynomial(9))
    state = np.array([[1.0, 1.0, 1.0]])
    # gaps of the winner, class 0: inputs off 3, on 5; off -1 + ... and -1, +1
    off = memories[:, :3] @ state[0] - memories[:, 3:].sum(axis=1)
    on = off + 2 * memories[:, 3]
    added = np.maximum(on, 0) ** 9 - np.maximum(off, 0) ** 9
    expected = np.sum(added > 0.9 * added.max())
    assert dominant(objective, memories, np.asarray(3.0), state)[0] == expected == 1


# --- interruptions --------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(KrotovHopfieldRule(0.05, 0.5), marks=pytest.mark.slow),
        optax.adam(0.03),
    ],
)
@jax.numpy_dtype_promotion("standard")
def test_training_taken_up_equals_the_unbroken_one(tmp_path, rule):
    whole = learn(rule=rule, test=sample(30, 1))
    place = tmp_path / "checkpoint.nc"
    for stop in (1, 4, 5, 11):
        seen = []
        with pytest.raises(KeyboardInterrupt):
            learn(
                rule=rule,
                test=sample(30, 1),
                checkpoint=place,
                interrupted=lambda seen=seen, stop=stop: (
                    bool(seen) and seen[-1] >= stop
                ),
                told=lambda values, seen=seen: seen.append(values["epoch"]),
            )
        assert seen[-1] == stop
    again = learn(rule=rule, test=sample(30, 1), checkpoint=place)
    for name in ("memories", "loss", "train_error", "test_error", "temperature"):
        assert np.array_equal(whole[name].values, again[name].values)
    ended = learn(rule=rule, test=sample(30, 1), checkpoint=place)
    assert np.array_equal(whole["memories"].values, ended["memories"].values)


@pytest.mark.parametrize(
    "other",
    [
        {"temperature": 9.0},
        {"batch": 20},
        {"error_exponent": 3},
        {"examples": sample(60, 5)},
        {"net": network(5)},
        {"rule": optax.adam(0.03)},
        {"key": 5},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_checkpoint_of_another_training_is_refused(tmp_path, kept, other):
    place = tmp_path / "checkpoint.nc"
    place.write_bytes(kept)
    with pytest.raises(ValueError, match="belongs to another training"):
        learn(checkpoint=place, **other)
    assert place.read_bytes() == kept


@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "changed", "unsaid"])
def test_a_damaged_checkpoint_is_set_aside_and_training_begins_anew(
    tmp_path, kept, damage
):
    place = tmp_path / "checkpoint.nc"
    place.write_bytes(kept)
    damaged = {"cut": kept[:500], "empty": b"", "garbage": b"garbage" * 99}
    if damage in damaged:
        place.write_bytes(damaged[damage])
    else:
        with h5py.File(place, "a") as file:
            if damage == "changed":
                numbers = file["leaf_0"]
                assert isinstance(numbers, h5py.Dataset)
                numbers[0, 0] = 1e-9
            else:
                del file.attrs["ending"]
    with pytest.warns(Notice, match=r"is damaged .* set aside as .* begins anew"):
        again = learn(checkpoint=place)
    assert again["loss"].size == 12
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["checkpoint.nc", "checkpoint.nc.damaged"]
    assert np.array_equal(load_record(place)["leaf_0"].values, again["memories"].values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("__version__", "another"),
        ("code_below", lambda modules: "other code"),
        ("versions", lambda: {"jax": "another"}),
    ],
)
def test_a_checkpoint_of_other_code_is_refused(
    tmp_path, kept, monkeypatch, name, value
):
    place = tmp_path / "checkpoint.nc"
    place.write_bytes(kept)
    monkeypatch.setattr(f"hopsim.training.plan.{name}", value)
    with pytest.raises(ValueError, match=r"another version .* --restart"):
        learn(checkpoint=place)
    assert place.read_bytes() == kept


def test_training_reaches_the_code_that_decides_it():
    reached = _closure(HOME, frozenset({"hopsim.training.trainer"}))
    for module in ("trainer", "objectives", "energy_gaps", "rule", "examples", "plan"):
        assert f"hopsim.training.{module}" in reached
    assert not [part for part in reached if "plot" in part or "cli" in part]


class Steep(L.Polynomial):
    """A Lagrangian of one's own."""


def test_the_text_of_a_class_of_ones_own_is_part_of_what_training_executes(
    tmp_path, kept, monkeypatch
):
    assert "of one's own" in _own_text(Steep)
    assert _own_text(L.Polynomial) == ""
    assert _own_text(type("Typed", (), {})) == ""
    place = tmp_path / "checkpoint.nc"
    place.write_bytes(kept)
    monkeypatch.setattr("hopsim.training.plan._own_text", lambda kind: "another text")
    with pytest.raises(ValueError, match=r"another version .* --restart"):
        learn(checkpoint=place)


def test_a_disk_that_takes_no_checkpoint_stops_no_training(tmp_path, monkeypatch, kept):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/full")

    monkeypatch.setattr("hopsim.training.trainer.store", full)
    place = tmp_path / "checkpoint.nc"
    with pytest.warns(Notice, match="No space left .* goes on without"):
        record = learn(checkpoint=place, checkpoint_seconds=0.0)
    assert record["loss"].size == 12
    assert not place.exists()


def test_what_was_learnt_until_an_interrupt_is_kept_elsewhere_if_need_be(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    place = tmp_path / "full" / "checkpoint.nc"  # where nobody has made a directory
    with pytest.raises(
        ValueError, match=r"What was learnt cannot .* it is in "
    ) as told:
        learn(checkpoint=place, interrupted=lambda: True)
    (kept,) = (tmp_path / "home").rglob("checkpoint.nc")
    assert str(kept) in str(told.value)
    assert learn(checkpoint=kept)["loss"].size == 12


# --- what is refused ------------------------------------------------------------------


def changed(states=None, labels=None):
    whole = sample(60)
    return Examples(
        whole.states if states is None else states,
        whole.labels if labels is None else labels,
    )


BAD = {
    "nan": ({"examples": changed(np.full((60, PIXELS), np.nan))}, "finite numbers"),
    "bytes": ({"examples": changed(255 * sample(60).states)}, r"2 x / 255 - 1"),
    "labels_high": ({"examples": changed(labels=np.full(60, 3))}, "from 0 to 2"),
    "labels_low": ({"examples": changed(labels=np.full(60, -1))}, "from 0 to 2"),
    "empty_class": ({"examples": changed(labels=np.arange(60) % 2)}, "class 2 of 3"),
    "lengths": ({"examples": changed(labels=np.zeros(59, int))}, "needs one label"),
    "no_items": ({"examples": changed(np.zeros((0, PIXELS)))}, "non-empty"),
    "no_class_units": ({"net": network(features=PIXELS)}, "class units"),
    "no_labels": ({"examples": sample(60).states}, "trained with labels"),
    "test_width": ({"test": Examples(np.zeros((3, 11)), np.zeros(3, int))}, "Test st"),
    "epochs": ({"epochs": 0}, "epochs must be >= 1"),
    "exponent": ({"error_exponent": 0}, "error_exponent must be >= 1"),
    "batch": ({"batch": 61}, "1 to 60 items"),
    "unbalanced": ({"batch": 10, "order": "balanced"}, "multiple of the 3 classes"),
    "cold": ({"temperature": 0.0}, "finite number > 0"),
    "late_cold": ({"temperature": lambda k: 5.0 - k}, "0.0 in epoch 6"),
    "rivals": ({"net": model_b(np.asarray(network().memories))}, "sum over memories"),
    "current": (
        {"net": network().with_current(np.ones(PIXELS + CLASSES))},
        "neither currents nor",
    ),
    "grey_states": (
        {"form": "autoassociative", "examples": np.zeros((4, 15)), "batch": None},
        "signs of others",
    ),
    "wide_states": (
        {"form": "autoassociative", "examples": np.ones((4, 3)), "batch": None},
        "network's 15 features",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_learnt_from_is_refused(name, tmp_path, kept):
    settings, message = BAD[name]
    place = tmp_path / "checkpoint.nc"
    place.write_bytes(kept)
    with pytest.raises(ValueError, match=message):
        learn(checkpoint=place, **settings)
    assert place.read_bytes() == kept  # nothing is lost


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match="class units"):
        predict(network(), np.zeros((2, 15)))
    with pytest.raises(ValueError, match="12 pixels and 3 classes, got images of 11"):
        predict(network(), np.zeros((2, 11)), classes=3)
    with pytest.raises(ValueError, match="classes must be a whole number >= 1"):
        predict(network(), np.zeros((2, 12)), classes=0)


def test_trained_memories_are_known_by_their_class_units():
    net = network()
    learnt = learn(net=net)["memories"].values
    for dtype in (learnt.dtype, None):  # whichever array and network hold them
        held = network().with_memories(jax.numpy.asarray(learnt, dtype))
        for pixels in (11, 13):
            with pytest.raises(ValueError, match=f"3 classes, got images of {pixels}"):
                predict(held, np.zeros((2, pixels)))
        assert predict(held, np.zeros((2, PIXELS))).shape == (2,)


@pytest.mark.usefixtures("unchecked_types")
@pytest.mark.parametrize("kind", [float, list, ">f4"])
def test_labels_of_every_type_teach_the_same(kind):
    states, labels = sample(60)
    other = labels.tolist() if kind is list else labels.astype(kind)
    found = [
        learn(examples=Examples(x, y))["memories"].values
        for x, y in ((states, labels), (states.tolist(), other))
    ]
    np.testing.assert_array_equal(*found)
    with pytest.raises(ValueError, match=r"lie in \[-1, 1\]"):
        predict(network(), np.full((2, PIXELS), 200.0))


def test_unknown_rules_are_refused():
    with pytest.raises(ValueError, match="adam"):
        rule_of("adan", np.ones(2), 1)
    with pytest.raises(ValueError, match="memories of shape"):
        network().with_memories(np.zeros((2, 3)))


# --- the bundled digits and mnist -----------------------------------------------------


def test_digits_are_split_without_overlap():
    settings = TrainingSettings.model_validate({"train": 900, "test": 300})
    learnt, tested, image = settings.examples(Stream(3))
    assert image == (8, 8)
    assert learnt.states.shape == (900, 64)
    assert tested.states.shape == (300, 64)
    assert np.abs(learnt.states).max() == 1
    other = settings.examples(Stream(4))[0]
    assert not np.array_equal(learnt.labels, other.labels)
    whole = {row.tobytes() for row in from_images(datasets.digits()).states}
    seen = {row.tobytes() for row in np.concatenate([learnt.states, tested.states])}
    assert seen <= whole
    assert len(seen) >= 1195  # a few digits of the whole set are equal
    with pytest.raises(ValueError, match="ask for fewer"):
        TrainingSettings.model_validate({"train": 1600}).examples(Stream(0))
