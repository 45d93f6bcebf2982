"""Stored memories of spins: which of their bits are unstable, and what recall needs."""

import itertools
import shutil

import numpy as np
import pytest

import hopsim
from hopsim import datasets, patterns
from hopsim._common.streams import Stream
from hopsim.data.sources import memory_sources
from hopsim.experiments.capacity import exponential_capacity
from hopsim.scenario.scenario import load_scenario
from hopsim.theory import capacity


TEXT = """
name = "small"
[network]
kind = "model_a"
memories = {{ kind = "random_binary", count = {count}, features = {features} }}
interaction = {interaction}
normalised = false
[dynamics]
kind = "binary"
[probes]
kind = "corrupted"
flipped = {flipped}
[run]
duration = 100
[experiment]
{experiment}
"""


def record(tmp_path, experiment, interaction, count=6, features=10, flipped=0.0):
    known = {"count": count, "features": features, "flipped": flipped}
    text = TEXT.format(experiment=experiment, interaction=interaction, **known)
    (tmp_path / "small.toml").write_text(text)
    return hopsim.run(load_scenario(tmp_path / "small.toml")).rows()


def unstable_bits(xi, F):
    """For every memory and bit: both energies, in Python's integers or floats."""
    found = np.zeros(xi.shape, bool)
    for (mu, s), i in itertools.product(enumerate(xi), range(xi.shape[1])):
        flipped = s.copy()
        flipped[i] *= -1
        alignment = lambda s: sum(F(int(x)) for x in xi @ s)
        found[mu, i] = alignment(flipped) > alignment(s)
    return found


POWER = '{ kind = "polynomial", n = 3 }'


def test_unstable_bits_are_those_whose_flip_lowers_the_energy(tmp_path):
    made = record(tmp_path, 'kind = "stability"\nsets = 3', POWER, 12, 8)
    setting = load_scenario(tmp_path / "small.toml").settings()[0]
    for number in range(3):
        xi = setting.redrawn(number).network.memories.astype(int)
        wrong = unstable_bits(xi, lambda x: x**3).sum(axis=1)
        rows = made["set"].values == number
        assert np.array_equal(made["wrong_bits"].values[rows], wrong)
        assert np.array_equal(made["stable"].values[rows], wrong == 0)
    error = capacity.gaussian_bit_error(3, 8, 12)
    ratio = made["wrong_bits"].values / 8 / error
    assert np.allclose(made["bit_ratio"].values, ratio, rtol=1e-12)


@pytest.mark.parametrize(
    "interaction",
    ['{ kind = "exponential" }', '{ kind = "leaky_rectified_polynomial", n = 3 }'],
)
def test_stability_refuses_what_its_theory_does_not_know(tmp_path, interaction):
    with pytest.raises(ValueError, match=r"theory of powers n >= 2"):
        record(tmp_path, 'kind = "stability"', interaction)


def test_experiments_with_spins_ask_for_spins(tmp_path):
    text = TEXT.format(
        experiment='kind = "spin_recall"', interaction=POWER, count=3, features=8,
        flipped=0.1,
    )  # fmt: skip
    file = tmp_path / "small.toml"
    file.write_text(text.replace('kind = "binary"', 'kind = "sharp"'))
    with pytest.raises(ValueError, match=r'needs dynamics kind "binary", got Sharp'):
        hopsim.run(load_scenario(file))
    probes = '[probes]\nkind = "random"\nbinary = true\n[run]'
    file.write_text(text.split("[probes]")[0] + probes + text.split("[run]")[1])
    with pytest.raises(ValueError, match=r"needs probes that aim at memories"):
        hopsim.run(load_scenario(file))


def test_neighbours_of_the_exponential_rule_are_not_both_stable():
    rng, F = np.random.default_rng(4), lambda x: np.exp(float(x))
    for _ in range(20):
        xi = rng.choice([-1, 1], (5, 7))
        xi[1] = xi[0]
        xi[1, 3] *= -1
        assert exponential_capacity.has_neighbours(xi.astype(float))
        unstable = unstable_bits(xi, F)[:2, 3]
        assert np.sum(unstable) == 1


def test_neighbours_differ_in_one_bit():
    xi = np.array([[1.0, 1, 1, 1], [1, 1, -1, -1], [1, 1, 1, 1]])
    assert not exponential_capacity.has_neighbours(xi)  # twice the same, and two bits
    xi[2, 0] = -1
    assert exponential_capacity.has_neighbours(xi)


def test_stable_sets_are_those_without_unstable_bits(tmp_path):
    experiment = (
        'kind = "exponential_capacity"\nfeatures = [6]\nloads = [1.0]\nsets = 8'
    )
    made = record(tmp_path, experiment, '{ kind = "exponential" }')
    (setting,) = load_scenario(tmp_path / "small.toml").settings()
    count = int(made["memory_count"].values[0])
    assert count == round(capacity.exponential_half_count(6))
    for number in range(8):
        stream = setting.stream.child("sets", 6, count, number)
        xi = patterns.random_binary(stream, count, 6).astype(int)
        wrong = unstable_bits(xi, lambda x: np.exp(float(x)))
        seen = made["unstable_memories"].values[0, number]
        assert seen == np.sum(np.any(wrong, axis=1))
        assert made["stable"].values[0, number] == (seen == 0)


def test_exponential_capacity_refuses_a_power(tmp_path):
    with pytest.raises(ValueError, match=r'needs interaction kind "exponential"'):
        record(tmp_path, 'kind = "exponential_capacity"', POWER)


def test_deletion_takes_the_deleted_memories_and_no_others(tmp_path):
    made = record(
        tmp_path, 'kind = "deletion"\nsets = 2\nleft = [2, 5]', POWER, 5, 40, 0.05
    )
    kept, recovered = made["kept"].values, made["recovered"].values
    assert np.array_equal(kept, recovered)
    assert np.array_equal(kept[0], [True, True, False, False, False] * 2)
    assert np.all(kept[1])
    assert np.all(made["unchanged"].values[1])
    assert np.max(made["share_error"].values) < 1e-15
    with pytest.raises(ValueError, match="at most the 5 memories, got 6"):
        record(tmp_path, 'kind = "deletion"\nleft = [6]', POWER, 5)


def test_recall_of_spins_counts_exact_ends(tmp_path):
    made = record(tmp_path, 'kind = "spin_recall"\nsets = 2', POWER, 4, 40, 0.1)
    assert np.array_equal(made["recovered"].values, made["overlap"].values == 1)
    assert np.mean(made["recovered"].values) > 0.7
    assert np.array_equal(made["overlap_size"].values, np.abs(made["overlap"].values))


# --- real images ----------------------------------------------------------------------


def test_images_as_spins_are_bright_where_a_pixel_exceeds_127():
    pixels = np.array([[0, 127, 128, 255]]) / 255
    assert patterns.as_spins(pixels).tolist() == [[-1, -1, 1, 1]]
    found = memory_sources["digits"](Stream(0), count=9, binary=True)
    raw = datasets.select(datasets.digits(), count=9).pixels
    assert np.array_equal(found.values > 0, raw >= 0.5)
    assert found.image == (8, 8)
    assert found.offset is None
    with pytest.raises(ValueError, match="leave out binary or norm = 3"):
        memory_sources["digits"](Stream(0), count=9, binary=True, norm=3.0)


def test_real_recall_uses_what_is_there(tmp_path, monkeypatch):
    monkeypatch.delenv("HOPSIM_DATA", raising=False)
    assert not datasets.held("mnist", "train")
    path = "scenarios/real_recall.toml"
    small = {
        "network.memories.count": 20, "probes.count": 10, "experiment.n": [2, 30],
        "experiment.beside": ["mnist"],
    }  # fmt: skip
    made = hopsim.run(load_scenario(path, True, small)).rows()
    assert [label for label, _ in made.points()] == ["memories"]
    data = made.points()[0][1]
    flips, completion = data["cue"].values
    wanted = data["wanted"].values
    assert np.all(np.sum(flips != wanted, axis=1) == 6)  # 10 % of 64
    assert np.all(completion[:, 32:] == -1)
    assert np.array_equal(completion[:, :32], wanted[:, :32])
    assert np.array_equal(data["final"].values[1, :, :, :32], [completion[:, :32]] * 2)
    recall = data["recall"].values[0]
    assert recall[0] < 0.3 < 0.8 < recall[1]
    first = np.mean(data["recalled"].values[:, :, 0], axis=-1)
    ends = np.all(data["final"].values == wanted, axis=-1)
    assert np.array_equal(first, np.mean(ends, axis=-1))


def test_data_are_held_where_both_files_are(tmp_path, monkeypatch):
    monkeypatch.setenv("HOPSIM_DATA", str(tmp_path))
    folder = tmp_path / "kmnist_test"
    folder.mkdir()
    (folder / "t10k-images-idx3-ubyte.gz").touch()
    assert not datasets.held("kmnist", "test")
    shutil.copy(
        folder / "t10k-images-idx3-ubyte.gz", folder / "t10k-labels-idx1-ubyte.gz"
    )
    assert datasets.held("kmnist", "test")
    assert not datasets.held("mnist", "train")
