"""From features to prototypes: what a classifier's record says of several networks."""

import numpy as np
import pytest

import hopsim
from hopsim.checks.measured import Bound
from hopsim.statistics import wilson


SCENARIO = """
name = "small"
plots = ["class_votes", "deciding_memories", "noise_robustness", "confusion"]
precision = "float32"
[network]
kind = "model_a"
interaction = { kind = "rectified_polynomial", n = 20 }
memories = { kind = "gaussian", count = 12, features = 74, mean = -0.3, spread = 0.3 }
[training]
train = 300
test = 120
epochs = 4
error_exponent = 3
temperature = 50.0
[experiment]
kind = "classifier"
sets = 2
noise = [0.0, 50.0]
level = 0.9
beside = ["real"]
[experiment.variants."n = 3"]
"network.interaction.n" = 3
[experiment.variants."n = 20"]
[experiment.variants.real]
"training.images" = "mnist_small"
"network.memories.features" = 794
[[checks]]
kind = "bound"
statement = "images are there"
source = "hopsim"
point = "real"
variable = "error"
at_most = 1.0
[[checks]]
kind = "bound"
statement = "learns"
source = "hopsim"
point = "n = 20"
variable = "error"
at_most = 0.9
"""


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HOPSIM_DATA", raising=False)
        place = tmp_path_factory.mktemp("prototypes")
        file = place / "small.toml"
        file.write_text(SCENARIO)
        yield hopsim.run(hopsim.load_scenario(file), out=place)


@pytest.mark.slow
def test_points_keep_their_labels_beside_the_classes_wanted(record):
    points = dict(record.points())
    assert list(points) == ["n = 3", "n = 20"]
    for data in points.values():
        wrong = data["predicted"].values != data["wanted"].values
        assert np.array_equal(wrong.mean(axis=1), data["error"].values)
        assert np.all(data["confusion"].sum(axis=(1, 2)) == 120)


@pytest.mark.slow
def test_a_variant_without_its_images_is_left_out_and_has_no_verdict(record):
    assert record.attrs["left_out"] == "real"
    assert [v.statement for v in record.verdicts] == ["learns (n = 20)"]
    told = {"statement": "?", "source": "?", "variable": "error", "at_most": 1.0}
    (verdict,) = Bound(point="unreal", **told).verdicts(record)
    assert not verdict.passed  # a name that is wrong is still told


@pytest.mark.slow
def test_a_network_is_found_by_its_label_where_points_are_left_out(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("HOPSIM_DATA", raising=False)
    head, tail = SCENARIO.split("[[checks]]")[0].split("[experiment.variants.real]")
    head, few = head.split('[experiment.variants."n = 3"]')
    file = tmp_path / "small.toml"  # the one without images first
    variants = [head, "[experiment.variants.real]", tail, "[experiment.variants.few]"]
    file.write_text("\n".join(variants) + few.split("[")[0])
    small = {"experiment.sets": 1, "training.epochs": 1, "plots": []}
    place = tmp_path / "runs"
    record = hopsim.run(hopsim.load_scenario(file, False, small), out=place)
    (run,) = place.iterdir()
    found = hopsim.load_network(run, "few").memories
    assert np.array_equal(found, record.points()[0][1]["memories"].values)
    with pytest.raises(ValueError, match="no trained memories of 'real'"):
        hopsim.load_network(run, "real")


def test_nothing_is_measured_where_every_variant_is_left_out(tmp_path, monkeypatch):
    monkeypatch.delenv("HOPSIM_DATA", raising=False)
    file = tmp_path / "small.toml"
    file.write_text(SCENARIO.split("[[checks]]")[0])
    with pytest.raises(ValueError, match="HOPSIM_DATA holds the images of none"):
        hopsim.load_scenario(file, False, {"experiment.only": ["real"]})


def test_only_variants_are_left_out(tmp_path):
    file = tmp_path / "small.toml"
    file.write_text(SCENARIO.replace('beside = ["real"]', 'beside = ["unreal"]'))
    with pytest.raises(hopsim.scenario.ScenarioError, match="did you mean 'real'"):
        hopsim.load_scenario(file)


@pytest.mark.slow
def test_crossings_are_the_first_epochs_below_the_level(record):
    for _, data in record.points():
        for k, epoch in enumerate(data["crossed"].values):
            error = data["test_error"].values[k]
            if np.isnan(epoch):
                assert np.all(error >= 0.9)
            else:
                assert error[int(epoch) - 1] < 0.9
                assert np.all(error[: int(epoch) - 1] >= 0.9)


@pytest.mark.slow
def test_noise_of_no_size_changes_nothing_and_of_great_size_leaves_chance(record):
    for _, data in record.points():
        quiet, loud = data["noise_error"].values.T
        assert np.array_equal(quiet, data["error"].values)
        assert np.all(np.abs(loud - 0.9) <= 4 * np.sqrt(0.09 / 120))


def test_bars_are_wilsons_for_few_trainings_and_students_for_more():
    from hopsim.experiments.learning.classifier_plot import _bars, _share

    found = np.arange(40)[None, :] < np.array([[10], [20], [30]])
    for few in (1, 2):
        middle, half = _bars([_share(found[:few])])
        ends = middle[0] - half[0, 0], middle[0] + half[1, 0]
        assert ends == pytest.approx((wilson(10, 40)[0], wilson(10 * few, 40)[1]))
    # Student's t of 0.25, 0.5 and 0.75: 4.303 * 0.25 / sqrt(3), beyond 0 and 1
    seen = _share(found)
    assert (seen.low, seen.value, seen.high) == (0, 0.5, 1)
    seen = _share(np.arange(40)[None, :] < np.array([[19], [20], [21]]))
    assert seen.high - seen.value == pytest.approx(4.3027 * 0.025 / 3**0.5, 1e-4)
