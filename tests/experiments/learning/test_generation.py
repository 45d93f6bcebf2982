"""Classifiers run backwards: a held class makes an image of its own."""

import numpy as np
import pytest

import hopsim
from hopsim import datasets
from hopsim.experiments.learning import generation
from hopsim.records import dataset, Record
from hopsim.training import from_images, predict


SCENARIO = """
name = "small"
plots = ["generation"]
[network]
kind = "network"
memories = { kind = "gaussian", count = 10, features = 74, mean = -0.3, spread = 0.3 }
feature_lagrangian = { kind = "log_cosh", beta = 2.0 }
[network.memory_lagrangian]
kind = "rescaled"
lagrangian = { kind = "rectified_polynomial", n = 20 }
inside = 0.1
[run]
duration = 30.0
samples = 31
solver = "altimex"
step = 0.1
[training]
train = 300
epochs = 1
temperature = 50.0
[experiment]
kind = "generation"
sets = 1
starts = 2
spread = 0.1
"""


def prototypes():
    """The mean of every class of digits, as spins, each voting for its own class."""
    images = from_images(datasets.digits())
    means = [images.states[images.labels == c].mean(axis=0) for c in range(10)]
    votes = 2 * np.eye(10) - 1
    return np.concatenate([np.where(np.array(means) > -0.1, 1.0, -1.0), votes], axis=1)


def load(tmp_path, text=SCENARIO, overrides=None):
    file = tmp_path / "small.toml"
    file.write_text(text)
    return hopsim.load_scenario(file, False, overrides)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """What a network that has learnt prototypes makes of every class."""
    place = tmp_path_factory.mktemp("generation")
    learnt = {
        "memories": (("memory", "feature"), prototypes()),
        "test_error": ("epoch", np.array([0.1])),
    }
    with pytest.MonkeyPatch.context() as patch:
        taught = lambda *_: Record(dataset(learnt))
        patch.setattr(generation.Generation, "learn", taught)
        yield hopsim.run(load(place), out=place)


@pytest.mark.slow
def test_prototypes_are_what_their_class_recalls(record):
    wanted = prototypes()[:, :64]
    assert np.array_equal(record["film_end"].values, wanted)
    last = record["film"].values[:, -1]
    assert np.max(np.abs(last - wanted)) <= 1e-6
    for route in ("flow", "spin"):
        assert np.all(record[f"{route}_right"].values)
        assert np.min(record[f"{route}_overlap"].values) >= 1 - 1e-6


@pytest.mark.slow
def test_the_energy_is_certified_to_fall_from_noise_to_the_image(record):
    assert bool(record["promised"].values)
    assert np.all(record["certified"].values)
    assert np.all(record["converged"].values)
    first = record["film"].values[:, 0]
    assert 0.05 <= np.std(first) <= 0.15  # the noise that was asked for
    assert record.attrs["not_drawn"] == ""


@pytest.mark.slow
def test_answers_are_those_of_the_classifier(record):
    network = load_network()
    ended = record["film"].values[:, -1]
    answer = predict(network, np.clip(ended, -1, 1), temperature=50.0)
    assert np.array_equal(answer, record["flow_answer"].values[:10])


def load_network():
    return hopsim.model_a(
        prototypes(), hopsim.lagrangians.RectifiedPolynomial(20), normalised=False
    )


def test_neighbours_of_a_learnt_image_are_of_its_class():
    learn = from_images(datasets.select(datasets.digits(), count=200))
    found = generation._neighbours(learn, learn.states[:30], 1)
    assert np.array_equal(found, learn.labels[:30])


def test_neurons_that_do_not_saturate_are_refused(tmp_path):
    text = SCENARIO.replace('"log_cosh", beta = 2.0', '"quadratic"')
    with pytest.raises(ValueError, match="needs neurons that saturate, got Quadratic"):
        hopsim.run(load(tmp_path, text))


@pytest.mark.slow
def test_a_network_that_was_trained_generates(tmp_path):
    found = hopsim.run(load(tmp_path, overrides={"training.epochs": 8}))
    assert np.all(found["certified"].values)
    assert np.mean(found["flow_right"].values) >= 0.3  # chance is 0.1
