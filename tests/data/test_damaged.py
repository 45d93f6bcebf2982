"""Damaged files: each is refused in one sentence, at once and within little memory."""

import resource
import time

import damaged
import numpy as np
import pytest
from command_line import hopsim_cli

from hopsim._common.streams import Stream
from hopsim.cli.endings import raised_by_hopsim
from hopsim.data.sources import memory_sources
from hopsim.runs.trained import read_images


SCENARIO = """
name = "damaged"
network.kind = "model_b"
network.memories = {{ kind = "{kind}", {key} = "{name}" }}
probes.kind = "random"
probes.count = 1
run.duration = 1.0
run.samples = 2
plots = []
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return damaged.write_whole(tmp_path_factory.mktemp("whole") / "files")


def lay(one, place):
    """Write a damaged file; a picture lies in a folder of its own."""
    picture = one.name.endswith(".png")
    folder = place / "pictures" if picture else place
    folder.mkdir(exist_ok=True)
    (folder / one.name).write_bytes(one.content)
    return folder if picture else folder / one.name


def as_memories(path):
    if path.is_dir():
        return memory_sources["images"](Stream(0), str(path), centred=False).values
    return memory_sources["file"](Stream(0), str(path)).values


def as_images(path):
    return read_images(path)[0]


def refusal(read, path):
    """The sentence that refuses a file, or None: it was read."""
    try:
        found = read(path)
    except ValueError as error:
        return str(error) if raised_by_hopsim(error) else f"\a{error!r}"
    assert found.ndim == 2
    assert np.all(np.isfinite(found))
    return None


def test_whole_files_are_read(files):
    for file in files:
        for read in (as_memories, as_images):
            path = file.parent / "only" if file.suffix == ".png" else file
            if path != file:
                path.mkdir(exist_ok=True)
                (path / file.name).write_bytes(file.read_bytes())
            assert refusal(read, path) is None


@pytest.mark.parametrize("seed", range(6))
def test_damaged_files_are_refused_in_one_line(files, tmp_path, seed):
    rng, seen = np.random.default_rng(seed), 0
    for k in range(10):
        one = damaged.damage(files, rng, tmp_path)
        path = lay(one, tmp_path)
        for read in (as_memories, as_images):
            told = refusal(read, path)
            assert told is None or 0 < len(told) < 700, (k, one.how, told)
            assert told is None or told.isprintable(), (k, one.how, told)
            assert told is not None or not one.certain, (k, one.name, one.how)
            seen += told is not None
        (path / one.name if path.is_dir() else path).unlink()
    assert seen >= 8


@pytest.mark.slow
def test_three_hundred_damaged_files_end_both_commands_with_2(files, tmp_path):
    """Those that are not refused hold numbers still; all within 1 GB and 10 s each."""
    learn = tmp_path / "learn.toml"
    learn.write_text(
        'name = "learn"\nnetwork.kind = "model_a"\n'
        'network.interaction = { kind = "rectified_polynomial", n = 3 }\n'
        'network.memories = { kind = "gaussian", count = 4, features = 74 }\n'
        "training = { epochs = 1, train = 100, test = 50 }\n"
        'experiment.kind = "classifier"\nplots = []\n'
    )
    assert hopsim_cli("train", learn, "--out", tmp_path / "runs").exit_code == 0
    (run,) = (tmp_path / "runs").iterdir()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rng, codes, slowest = np.random.default_rng(18), [], 0.0
    for k in range(300):
        one = damaged.damage(files, rng, tmp_path)
        path = lay(one, tmp_path)
        kind, key = ("images", "folder") if path.is_dir() else ("file", "path")
        text = SCENARIO.format(kind=kind, key=key, name=path.name)
        if path.is_dir():
            text = text.replace(" }", ", centred = false }")
        (tmp_path / "damaged.toml").write_text(text)
        for words in (
            ("run", tmp_path / "damaged.toml", "--out", tmp_path / "out"),
            ("predict", run, path),
        ):
            begun = time.perf_counter()
            done = hopsim_cli(*words)
            taken = time.perf_counter() - begun
            codes.append(done.exit_code)
            told = done.output.strip().splitlines()
            if done.exit_code == 0:
                assert not one.certain, (k, one.name, one.how)
                continue
            slowest = max(slowest, taken)
            assert done.exit_code == 2, (k, one.name, one.how, done.output)
            # what is known before anything is drawn stands below the file's name
            heads = told[0].endswith(": 1 problem")
            assert len(told) == 1 + heads, (k, one.name, one.how, done.output)
            assert told[0].startswith("error: ")
        (path / one.name if path.is_dir() else path).unlink()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB
    print(f"{codes.count(2)} of {len(codes)} refused, slowest {slowest:.2f} s")
    assert codes.count(2) >= 400
    assert slowest < 10
    assert after - before < 2**20
