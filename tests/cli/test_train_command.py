"""`hopsim train` and `hopsim predict`: killed, stopped, taken up, and asked."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from command_line import hopsim_cli

import hopsim
from hopsim import datasets, dynamics
from hopsim.records import load_record
from hopsim.runs.run import unfinished
from hopsim.scenario.scenario import load_scenario
from hopsim.training import from_images, trainer


FILE = """
name = "small"
seed = 3

[network]
kind = "model_a"
interaction = { kind = "rectified_polynomial", n = 3 }
memories = { kind = "gaussian", count = 20, features = 74, mean = -0.3, spread = 0.3 }

[training]
epochs = 40
train = 400
test = 100
checkpoint_seconds = 0.001

[experiment]
kind = "classifier"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def no_checkpoints(monkeypatch):
    """In this process the clock stands still, so that no checkpoint is due."""
    stopped = SimpleNamespace(monotonic=lambda: 0.0, perf_counter=lambda: 0.0)
    monkeypatch.setattr(trainer, "time", stopped)


def hopsim_command(*words):
    result = hopsim_cli(*words)
    return result.exit_code, result.output


def folder(out):
    (found,) = [p for p in out.iterdir() if not p.name.startswith(".")]
    return found


def start(file, out):
    """The command in a process of its own, which can be killed."""
    command = [sys.executable, "-m", "hopsim", "train", str(file), "--out", str(out)]
    settings = {"JAX_NUM_CPU_DEVICES": "1", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command, env=os.environ | settings, stderr=subprocess.PIPE, text=True
    )


def checkpoint_of(out, later_than=0.0, patience=120.0):
    """Waits until a training has left a checkpoint; when it did."""
    begun = time.monotonic()
    while time.monotonic() - begun < patience:
        for path in out.glob("*.unfinished/*.nc"):
            if path.stat().st_mtime > later_than:
                return path.stat().st_mtime
        time.sleep(0.005)
    raise AssertionError("no checkpoint in time")


def kill(file, out, later_than=0.0, wait=0.0):
    """A real SIGKILL some epochs after a checkpoint; when that was left."""
    process = start(file, out)
    seen = checkpoint_of(out, later_than=later_than)
    time.sleep(wait)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it had ended before"
    assert not list(out.glob("*/record.nc"))
    return seen


def equal_but_for_time(broken, whole):
    for name in whole.data.data_vars:
        if name != "seconds":
            np.testing.assert_array_equal(broken[name], whole[name], name)


def nothing_unfinished(out):
    assert not list(out.glob("*.unfinished"))
    assert not [p for p in out.iterdir() if p.name.startswith(".")]


@pytest.mark.slow  # resumed in one process by tests/training/test_training.py
@pytest.mark.usefixtures("no_checkpoints")
def test_killed_once_and_taken_up_equals_the_unbroken_run(file, tmp_path, trained):
    """Here to the end, by a process that has the programs already."""
    out = tmp_path / "killed"
    kill(file, out)
    code, told = hopsim_command("train", file, "--out", out)
    assert code == 0, told
    equal_but_for_time(load_record(folder(out)), load_record(trained))
    nothing_unfinished(out)


@pytest.mark.slow  # two processes from their imports on; the lock has its own tests
def test_two_that_train_the_same_do_so_one_after_the_other(file, tmp_path, trained):
    """The second is told who is at work, and the first ends undisturbed."""
    out = tmp_path / "runs"
    first = start(file, out)
    checkpoint_of(out)
    for more in ([], ["--restart"]):
        code, told = hopsim_command("train", file, "--out", out, *more)
        assert code == 2
        assert f"process {first.pid} on" in told
        assert "give another place with --out" in told
    _, told = first.communicate(timeout=120)
    assert first.returncode == 0, told
    equal_but_for_time(load_record(folder(out)), load_record(trained))
    nothing_unfinished(out)


@pytest.mark.slow  # the checkpoint's own refusal stands in test_training.py
def test_an_unfinished_training_of_other_code_wants_a_word(
    file, tmp_path, monkeypatch, trained
):
    out = tmp_path / "runs"
    place = unfinished(load_scenario(file), out)
    place.mkdir(parents=True)
    monkeypatch.setattr("hopsim.training.plan.__version__", "another")
    with pytest.raises(KeyboardInterrupt):
        hopsim.run(file, out=out, interrupted=lambda: True)
    monkeypatch.undo()
    code, told = hopsim_command("train", file, "--out", out)
    assert code == 2
    assert "another version of hopsim" in told
    assert "--restart" in told
    assert list(place.glob("*.nc"))
    code, told = hopsim_command("train", file, "--out", out, "--restart")
    assert code == 0, told
    nothing_unfinished(out)


@pytest.mark.parametrize("content", ["", "[" * 9999, "[]", '{"name": 3}', "{}"])
def test_a_damaged_description_of_a_training_is_told(tmp_path, content):
    place = tmp_path / "small-01234567.unfinished"
    place.mkdir()
    (place / "resolved.json").write_text(content)
    code, told = hopsim_command("predict", place, tmp_path)
    assert code == 2
    assert told.startswith("error: ")


def test_classes_are_written_only_where_that_was_tried(trained, tmp_path):
    (tmp_path / "file").touch()
    words = ("predict", trained, tmp_path, "--into")
    code, told = hopsim_command(*words, tmp_path / "file" / "classes.txt")
    assert code == 2
    assert "name another file with --into" in told


@pytest.mark.slow
def test_killed_at_any_moment_and_taken_up_equals_the_unbroken_run(file, tmp_path):
    """Three real SIGKILLs, each some epochs after a checkpoint; then to the end."""
    out, seen = tmp_path / "killed", 0.0
    for wait in (0.0, 0.21, 0.13):
        seen = kill(file, out, seen, wait)
    for place in (out, tmp_path / "whole"):  # by the same compiler settings as above
        process = start(file, place)
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
    whole = load_record(folder(tmp_path / "whole"))
    equal_but_for_time(load_record(folder(out)), whole)
    nothing_unfinished(out)


@pytest.mark.slow
@pytest.mark.usefixtures(
    "no_checkpoints", "trained"
)  # which has compiled what is run again in the end
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_was_learnt(file, tmp_path, number):
    out = tmp_path / "runs"
    process = start(file, out)
    checkpoint_of(out)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "the same command goes on" in told
    early = hopsim.load_network(folder(out))
    assert early.memories.shape == (20, 74)
    code, told = hopsim_command("train", file, "--out", out, "--restart")
    assert code == 0, told
    assert folder(out).name.startswith("small-")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    place = tmp_path_factory.mktemp("trained")
    path = place / "small.toml"
    path.write_text(FILE.replace("0.001\n", "10.0\n"))
    code, told = hopsim_command("train", path, "--out", place / "runs")
    assert code == 0, told
    assert "macro F1" in told
    return folder(place / "runs")


def test_a_trained_network_loads_with_one_call(trained):
    network = hopsim.load_network(trained)
    images = from_images(datasets.digits())
    found = hopsim.predict(network, images.states)
    assert np.mean(found != images.labels) <= 0.1
    spins = np.where(np.asarray(network.memories) > 0, 1.0, -1.0)
    assert hopsim.relax(network, dynamics.Binary(), spins).converged.all()


@pytest.mark.slow
def test_attractors_of_a_trained_network_are_found(trained):
    network = hopsim.load_network(trained)
    spins = np.where(np.asarray(network.memories) > 0, 1.0, -1.0)
    graded = hopsim.model_a(
        network.memories, hopsim.lagrangians.RectifiedPolynomial(3), beta=2.0
    )
    ends = hopsim.find_attractors(
        graded, dynamics.Adiabatic(), spins[:4], duration=100.0
    )
    assert ends.table.sizes["attractor"] >= 1


def test_images_are_classified_by_command(trained, tmp_path):
    images = datasets.digits()
    rows = tmp_path / "rows.npy"
    np.save(rows, 2 * images.pixels[:30] - 1)
    code, told = hopsim_command("predict", trained, rows, "--into", tmp_path / "is.txt")
    assert code == 0, told
    assert "30 images, 0 undecided" in told
    found = np.loadtxt(tmp_path / "is.txt", dtype=int)
    expected = hopsim.predict(hopsim.load_network(trained), np.load(rows))
    assert np.array_equal(found, expected)
    assert np.mean(found == images.labels[:30]) >= 0.8


def test_images_of_an_archive_are_classified_and_judged(trained, tmp_path):
    images = datasets.digits()
    grey = np.round(255 * images.pixels[:30].reshape(-1, 8, 8)).astype(np.uint8)
    rows = tmp_path / "digits.npz"
    np.savez(rows, x_test=grey, y_test=images.labels[:30])
    code, told = hopsim_command("predict", trained, rows)
    assert code == 2
    assert "holds x_test, y_test; name one of them" in told
    code, told = hopsim_command("predict", trained, rows, "--variable", "x_test")
    assert code == 0, told
    assert "30 images" in told
    assert "wrong" in told


def test_a_folder_of_images_is_classified_and_judged(trained, tmp_path):
    from PIL import Image

    images = datasets.digits()
    for label in range(3):
        place = tmp_path / "images" / str(label)
        place.mkdir(parents=True)
        for k in np.flatnonzero(images.labels == label)[:4]:
            grey = np.round(255 * images.pixels[k].reshape(8, 8)).astype(np.uint8)
            Image.fromarray(grey).save(place / f"{k}.png")
    code, told = hopsim_command("predict", trained, tmp_path / "images")
    assert code == 0, told
    assert "12 images" in told
    assert "wrong" in told


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            lambda p: np.save(p, np.zeros((3, 10))),
            "got images of 10",
        ),
        (lambda p: np.save(p, np.full((3, 64), 200)), "lie in [-1, 1]"),
        (lambda p: np.save(p, np.full((3, 64), np.nan)), "finite numbers"),
        (lambda p: p.write_bytes(b"no array"), "cannot be read"),
        (lambda p: None, "There is no file or folder"),
    ],
    ids=["size", "range", "nan", "broken", "absent"],
)
def test_images_that_cannot_be_classified_are_refused(trained, tmp_path, made, message):
    rows = tmp_path / "rows.npy"
    made(rows)
    code, told = hopsim_command("predict", trained, rows)
    assert code == 2
    assert message in " ".join(told.split())


def test_what_holds_no_training_is_refused(trained, tmp_path, file):
    code, told = hopsim_command("predict", tmp_path, file)
    assert code == 2
    assert "no record" in told
    code, told = hopsim_command("predict", trained, file, "--point", "n = 3")
    assert code == 2
    plain = tmp_path / "plain.toml"
    text = FILE.replace("classifier", "recall").replace("[training]", "[unknown]")
    plain.write_text(text)
    code, told = hopsim_command("train", plain)
    assert code == 2
    recall = tmp_path / "recall.toml"
    recall.write_text(
        'name = "r"\nnetwork = { kind = "model_b", memories = { kind = "gaussian", '
        'count = 2, features = 3 } }\nprobes = { kind = "random" }\n'
    )
    code, told = hopsim_command("train", recall)
    assert code == 2
    assert "learns no memories" in told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("training.epochs=0", "training.epochs"),
        ("training.epoch=5", "epochs"),
        ("training.rule=adan", "adam"),
        ("training.temperature=-3.0", "training.temperature"),
        ("training.momentum=1.0", "training.momentum"),
        ("training.images=cifar", "training.images"),
        ("training.train=1700", "ask for fewer"),
        ("network.memories.features=64", "class units"),
        ("network.memories.features=73", "got 9 class units"),
    ],
)
def test_mistakes_in_the_table_training_are_told(file, tmp_path, change, message):
    out = tmp_path / "runs"
    code, told = hopsim_command("train", file, "--out", out, "--set", change)
    assert code == 2, told
    assert message in " ".join(told.split())
    assert not list(out.glob("*/record.nc"))


def test_training_is_for_experiments_that_train_alone(tmp_path):
    recall = tmp_path / "recall.toml"
    recall.write_text(
        'name = "r"\nnetwork = { kind = "model_b", memories = { kind = "gaussian", '
        'count = 2, features = 3 } }\nprobes = { kind = "random" }\n'
        "[training]\nepochs = 3\n"
    )
    code, told = hopsim_command("check", recall)
    assert code == 2
    assert "learns no memories; leave the table out" in " ".join(told.split())
