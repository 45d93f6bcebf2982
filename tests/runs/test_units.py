"""Units of work: kept one by one, resumed, shared, and gathered as if run at once."""

import json
import os
import shutil
import subprocess
import sys
import time
import tomllib

import mutations
import numpy as np
import pytest
import xarray as xr

import hopsim
from hopsim.experiments import Unit
from hopsim.experiments.capacity.stability import Stability
from hopsim.runs import kept_studies, unit_files, units
from hopsim.runs.kept_studies import kept_study, Share
from hopsim.runs.run import run_share
from hopsim.runs.unit_files import packed, UnitFiles, unpacked
from hopsim.runs.units import Callbacks


STUDY = {
    "name": "small",
    "seed": 3,
    "plots": [],
    "network": {
        "kind": "model_a",
        "memories": {"kind": "random_binary", "count": 4, "features": 20},
        "interaction": {"kind": "polynomial", "n": 3},
    },
    "dynamics": {"kind": "binary"},
    "probes": {"kind": "corrupted", "flipped": 0.2, "count": 3},
    "experiment": {
        "kind": "stability",
        "sets": 2,
        "sweep": {"path": "network.memories.count", "values": [4, 6]},
    },
}


def scenario(sets=2, values=(4, 6), **changes):
    study = STUDY["experiment"] | {"sets": sets}
    study["sweep"] = STUDY["experiment"]["sweep"] | {"values": list(values)}
    return hopsim.Scenario(STUDY | {"experiment": study} | changes)


def run(scenario, out, **options):
    """Run a scenario whose run directory is not there, but whose units may be."""
    shutil.rmtree(out / f"{scenario.name}-{scenario.hash}", ignore_errors=True)
    return hopsim.run(scenario, out=out, **options)


def same(one, other):
    return one.data.drop_attrs().identical(other.data.drop_attrs()) and all(
        one.groups[name].identical(other.groups[name]) for name in one.groups
    )


@pytest.fixture(scope="module")
def plain():
    return hopsim.run(scenario())


@pytest.fixture
def performed(monkeypatch):
    """The pattern sets that are measured, in their order."""
    seen, measure = [], Stability.measure

    def watched(self, setting):
        seen.append(setting.network.count)
        return measure(self, setting)

    monkeypatch.setattr(Stability, "measure", watched)
    return seen


# --- kept, and gone on with -----------------------------------------------------------


def test_a_kept_study_equals_the_plain_run(plain, tmp_path):
    assert same(run(scenario(), tmp_path), plain)
    kept = list((tmp_path / "small.units").glob("*/*"))
    assert len(kept) == 4
    assert {path.suffix for path in kept} == {".npz"}
    assert {path.parent.name for path in kept} == {path.name[:3] for path in kept}


def test_nothing_that_is_kept_is_computed_again(plain, tmp_path, performed):
    run(scenario(), tmp_path)
    assert performed == [4, 4, 6, 6]
    assert same(run(scenario(), tmp_path), plain)
    assert len(performed) == 4
    run(scenario(3, [4, 5, 6], plots=["stability"]), tmp_path)
    assert performed[4:] == [4, 5, 5, 5, 6]
    run(scenario(seed=4), tmp_path)
    assert performed[9:] == [4, 4, 6, 6]


def test_an_interrupted_study_goes_on(plain, tmp_path, monkeypatch):
    measure, seen = Stability.measure, []

    def interrupted(self, setting):
        seen.append(setting)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return measure(self, setting)

    monkeypatch.setattr(Stability, "measure", interrupted)
    with pytest.raises(KeyboardInterrupt, match=r"2 of 4 units done, kept .*goes on"):
        run(scenario(), tmp_path)
    assert len(list(tmp_path.glob("small.units/*/*"))) == 2  # and no claim is left
    assert same(run(scenario(), tmp_path), plain)
    assert len(seen) == 5


def test_force_computes_all_of_a_finished_study_again(tmp_path, performed):
    run(scenario(), tmp_path)
    hopsim.run(scenario(), out=tmp_path, force=True)
    assert len(performed) == 8


def test_shares_are_gathered(plain, tmp_path, performed):
    for number in (1, 0):
        study = run_share(scenario(), tmp_path, Share(number, 2))
    assert not study.missing()
    assert performed == [4, 6, 4, 6]  # sets 1, then sets 0
    assert same(run(scenario(), tmp_path), plain)
    assert len(performed) == 4


@pytest.mark.parametrize("text", ["2/2", "1", "-1/2", "a/b", "1/2/3"])
def test_a_share_is_one_of_several(text):
    with pytest.raises(ValueError, match="K from 0 to N - 1"):
        Share.read(text)


# --- what fails -----------------------------------------------------------------------


@pytest.fixture
def failing(monkeypatch):
    """Networks of six memories cannot be measured, unless the list is emptied."""
    counts, measure = [6], Stability.measure

    def fails(self, setting):
        if setting.network.count in counts:
            raise ValueError("six is too many")
        return measure(self, setting)

    monkeypatch.setattr(Stability, "measure", fails)
    return counts


@pytest.mark.parametrize("kept", [True, False])
def test_a_unit_that_fails_is_told_and_the_others_go_on(plain, tmp_path, failing, kept):
    record = hopsim.run(scenario(), out=tmp_path if kept else None)
    assert not record.passed
    (verdict,) = record.verdicts
    assert "2 of 4 failed: count = 6 (set 0): six is too many" in verdict.measured
    assert [label for label, _ in record.points()] == ["count = 4"]
    there = plain.points()[0][1]["wrong_bits"]
    np.testing.assert_array_equal(record.points()[0][1]["wrong_bits"], there)


def test_a_failure_is_kept_until_it_is_tried_again(plain, tmp_path, failing):
    run(scenario(), tmp_path)
    failing.clear()
    assert not run(scenario(), tmp_path).passed
    assert same(run(scenario(), tmp_path, retry_failed=True), plain)


def test_a_study_of_failures_alone_raises_the_first(tmp_path, failing):
    failing.append(4)
    for out in (tmp_path, None):
        with pytest.raises(ValueError, match="six is too many"):
            hopsim.run(scenario(), out=out)


# --- files ----------------------------------------------------------------------------


def test_the_file_of_a_unit_holds_what_it_was_given():
    given = {
        "x": ("row", np.array([1.5, np.nan]), {"units": "1", "flag_values": [0, 1]}),
        "single": (("row", "place"), np.ones((2, 1), np.float32)),
        "told": ((), "words"),
        "names": ("row", np.array(["a", "bcd"], object), {"size": np.int64(3)}),
        "ok": ("row", np.array([True, False])),
        "step_log/n": ((), 3),
    }
    kept = unpacked(packed(given, 2.5))
    assert kept.seconds == 2.5
    assert list(kept.variables) == list(given)
    for name, (dims, values, *attrs) in given.items():
        found, array, told = kept.variables[name]
        assert found == dims
        np.testing.assert_array_equal(array, np.asarray(values).astype(array.dtype))
        assert array.dtype.kind == np.asarray(values).dtype.kind.replace("O", "U")
        assert told == (attrs[0] if attrs else {})


def test_what_is_no_number_and_no_text_is_refused():
    with pytest.raises(ValueError, match="'x' of a unit must hold numbers or texts"):
        packed({"x": ("row", [None, "a"])}, 1.0)


def test_a_damaged_unit_is_computed_again(plain, tmp_path, performed):
    run(scenario(), tmp_path)
    (first, *_) = sorted(tmp_path.glob("small.units/*/*.npz"))
    first.write_bytes(first.read_bytes()[:100])
    with pytest.warns(UserWarning, match="computed again"):
        record = run(scenario(), tmp_path)
    assert same(record, plain)
    assert len(performed) == 5


# --- claims of units ------------------------------------------------------------------


@pytest.fixture
def claim(tmp_path):
    """A function that writes the claim of a process upon a unit."""
    files = UnitFiles(tmp_path)

    def write(key, host, pid, silent=0.0):
        path = files.path(key).with_name(f"{key}.work")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"host": host, "pid": pid, "since": 0.0}))
        then = time.time() - silent
        os.utime(path, (then, then))
        return files

    return write


def ended_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_claim_of_a_living_process_is_respected(claim):
    files = claim("abc1", unit_files.HOST, os.getpid())
    with files.claimed("abc1") as mine:
        assert not mine
    files = claim("abc2", "elsewhere", 1, silent=unit_files.STALE_AFTER / 2)
    with files.claimed("abc2") as mine:
        assert not mine
    assert files.worker("abc2")["host"] == "elsewhere"


def test_the_claim_of_a_process_that_ended_is_taken_over(claim):
    files = claim("abc1", unit_files.HOST, ended_process())
    claim("abc2", "elsewhere", 1, silent=2 * unit_files.STALE_AFTER)
    for key in ("abc1", "abc2", "abc3"):
        assert files.worker(key) is None
        with files.claimed(key) as mine:
            assert mine
            assert files.worker(key)["pid"] == os.getpid()
            with files.claimed(key) as again:
                assert not again
        assert files.worker(key) is None


def test_a_unit_in_the_work_of_others_is_waited_for(plain, tmp_path, monkeypatch):
    study = kept_study(scenario(), tmp_path, Callbacks())
    key = study.keys[Unit(0, 1)]
    other = study.files.claimed(key)
    assert other.__enter__()
    waited = []

    def ends(seconds):
        waited.append(seconds)
        other.__exit__(None, None, None)

    monkeypatch.setattr(kept_studies.time, "sleep", ends)
    assert same(run(scenario(), tmp_path), plain)
    assert len(waited) == 1


# --- every kind -----------------------------------------------------------------------


def one_of_each_kind():
    """The names of claims, one for every kind of experiment that one states."""
    found = {}
    for name in mutations.FILES:
        told = tomllib.loads((mutations.CLAIMS / f"{name}.toml").read_text())
        found.setdefault(told.get("experiment", {}).get("kind", "recall"), name)
    return sorted(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", one_of_each_kind())
def test_units_in_any_order_and_shares_are_those_of_the_plain_run(name, tmp_path):
    path = mutations.CLAIMS / f"{name}.toml"
    small = hopsim.load_scenario(path, True, mutations.SMALL.get(name, {}))
    whole = hopsim.run(small)
    study = kept_study(small, tmp_path, Callbacks())
    draw = np.random.default_rng(5)
    with hopsim._common.environment.precision(small.header.precision):
        for unit in draw.permutation(len(study.units)):
            assert study.perform(study.units[unit])
    record = units.gathered(small, study.found())
    timed = [name for name in whole.data.variables if name == "seconds"]
    drop = lambda data: data.drop_attrs().drop_vars(timed)
    xr.testing.assert_identical(drop(record.data), drop(whole.data))
