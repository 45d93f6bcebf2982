"""Machine code on disk: garbage, a full disk and no disk change no result."""

import errno
import importlib.util
import itertools
import os

import numpy as np
import pytest
from numba.core.caching import IndexDataCacheFile


TEXT = """
from hopsim._common.compiled import compiled

@compiled()
def plus(x, y):
    return x + y
"""
NUMBERS = itertools.count()


@pytest.fixture
def fresh(tmp_path):
    """A function that loads the compiled one as a new process would."""
    path = tmp_path / "code.py"
    path.write_text(TEXT)

    def load():
        name = f"fresh_{next(NUMBERS)}"
        found = importlib.util.spec_from_file_location(name, path)
        assert found is not None
        assert found.loader is not None
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        return module.plus

    return load


def kept(place):
    return sorted(p for p in place.rglob("*") if p.suffix in (".nbi", ".nbc"))


def flipped(content, place):
    """One bit is another one: what is unpickled may well load, and compute anything."""
    other = bytearray(content)
    other[int(place * (len(other) - 1))] ^= 4
    return bytes(other)


DAMAGES = {
    "garbage": lambda content: b"garbage" * 100,
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "zeros": lambda content: bytes(len(content)),
    "one bit": lambda content: flipped(content, 0.5),
    "last bit": lambda content: flipped(content, 1.0),
}


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_compiled_anew(fresh, tmp_path, damage, suffix):
    assert fresh()(1, 2) == 3
    (found,) = (p for p in kept(tmp_path) if p.suffix == suffix)
    found.write_bytes(DAMAGES[damage](found.read_bytes()))
    other = fresh()
    assert other(1, 2) == 3
    assert sum(other.stats.cache_hits.values()) == 0
    again = fresh()
    assert again(1, 2) == 3
    assert sum(again.stats.cache_hits.values()) == 1  # it was mended


def test_a_directory_in_the_place_of_the_cache_costs_no_result(fresh, tmp_path):
    assert fresh()(1, 2) == 3
    for path in kept(tmp_path):
        path.unlink()
        path.mkdir()
    assert fresh()(1, 2) == 3


def test_a_disk_that_takes_no_machine_code_costs_no_result(fresh, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(IndexDataCacheFile, "_open_for_write", full)
    assert fresh()(np.float64(1), 2) == 3
