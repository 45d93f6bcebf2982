"""What was run is found, computed again, and held against what it was."""

import json
import shutil
import warnings
from typing import Any

import h5py
import numpy as np
import pytest
from command_line import hopsim_cli
from tiny import TINY
from tomli_w import dumps

import hopsim
import hopsim.runs.run
from hopsim.runs.origin import commit
from hopsim.scenario.toml_files import value_text
from hopsim.scenario.wording import changes_of, scenario_words, words_of_command


PLAIN = {"plots": []}


@pytest.fixture(scope="module")
def place(tiny, tiny_file, tmp_path_factory):
    """A directory with the run of the tiny scenario in it, without pictures."""
    out = tmp_path_factory.mktemp("kept")
    hopsim.run(tiny_file, out=out, overrides=PLAIN | {"run.duration": 4.0})
    return out


@pytest.fixture
def copied(place, tmp_path):
    """The run directory alone, as a colleague gets it."""
    (folder,) = place.iterdir()
    return shutil.copytree(folder, tmp_path / folder.name)


def edit(folder, **attributes):
    """Change attributes of a record that was saved."""
    with h5py.File(folder / "record.nc", "a") as file:
        for name, value in attributes.items():
            file.attrs[name] = value


def no_work(monkeypatch):
    monkeypatch.setattr(hopsim.runs.run, "_computed", lambda *_: 1 / 0)


def listing(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


# --- what the directory says ----------------------------------------------------------


def test_the_directory_says_how_it_was_made_without_a_path(copied, tiny_file):
    card = json.loads((copied / "run.json").read_text(encoding="utf-8"))
    attrs = hopsim.load_record(copied).attrs
    told = "hopsim run tiny.toml --set 'plots=[]' --set run.duration=4.0"
    assert card["command"] == attrs["command"] == told
    assert card["versions"]["hopsim"] == hopsim.__version__
    assert card["commit"] == commit() == attrs["commit"]
    assert len(card["commit"].partition("-")[0]) == 40
    whole = (copied / "run.json").read_text() + (copied / "scenario.toml").read_text()
    assert str(tiny_file.parent) not in whole
    source = (copied / "source.toml").read_text(encoding="utf-8")
    assert source == tiny_file.read_text(encoding="utf-8")
    again = hopsim.load_scenario(copied / "scenario.toml")
    assert again.hash == attrs["hash"]
    assert again.to_dict()["run"]["duration"] == 4.0


def test_words_of_a_command_name_scenarios_and_say_overrides_as_toml():
    from hopsim.scenario.shipped import find_scenario

    changes = {"network.beta": np.float64(2), "probes": {"kind": "random", "count": 1}}
    shipped = scenario_words(find_scenario("claims/cl-22"), True, changes)
    table = 'probes={ kind = "random", count = 1 }'
    assert shipped == (
        "claims/cl-22", "--quick", "--set", "network.beta=2.0", "--set", table,
    )  # fmt: skip
    command = "hopsim run a.toml --quick --set 'x=[1, 2]' --with parts.py"
    assert words_of_command(command) == ("a.toml", "--quick", "--set", "x=[1, 2]")
    assert changes_of(command) == "--quick, x=[1, 2]"
    assert words_of_command("", "runs/a-1") == ("a-1",)
    assert words_of_command("hopsim run 'cut") == ("scenario.toml",)
    assert value_text(None) == '"None"'


def test_what_no_file_holds_is_refused_before_anything_is_computed(
    tiny_file, tmp_path, monkeypatch
):
    no_work(monkeypatch)
    with pytest.raises(
        ValueError, match=r"run\.residual_tolerance: must be text, .* got None"
    ):
        hopsim.run(tiny_file, out=tmp_path, overrides={"run.residual_tolerance": None})
    assert list(tmp_path.iterdir()) == []


# --- made already ---------------------------------------------------------------------


def again(tiny_file, copied, **options):
    changes = PLAIN | {"run.duration": 4.0}
    return hopsim.run(tiny_file, out=copied.parent, overrides=changes, **options)


def test_a_run_that_was_made_is_not_made_again(copied, tiny_file, monkeypatch):
    no_work(monkeypatch)
    with warnings.catch_warnings(action="error"):
        record = again(tiny_file, copied)
    assert record.path == copied / "record.nc"
    result = hopsim_cli(
        "run", tiny_file, "--out", copied.parent, "--set", "plots=[]",
        "--set", "run.duration=4.0",
    )  # fmt: skip
    first, *rest = result.stdout.splitlines()
    assert first == f"{copied} is there already; --force repeats it"
    assert rest == hopsim_cli("show", copied).stdout.splitlines()
    assert rest[-1] == "3 of 3 checks hold"
    assert result.exit_code == 0
    assert [p.name for p in copied.parent.iterdir()] == [copied.name]


@pytest.mark.slow
def test_a_kept_run_whose_check_failed_ends_with_one(tiny, tmp_path, monkeypatch):
    file = tmp_path / "bad.toml"
    wrong = {"checks": [{"kind": "overlap", "at_least": 1.0}], "plots": []}
    file.write_text(dumps(TINY | wrong), encoding="utf-8")
    first = hopsim_cli("run", file, "--out", tmp_path / "runs")
    no_work(monkeypatch)
    second = hopsim_cli("run", file, "--out", tmp_path / "runs")
    assert first.exit_code == second.exit_code == 1
    assert first.stdout.splitlines()[-1] == "0 of 1 check holds"


def test_force_makes_a_run_again_and_replaces_it(copied, tiny_file):
    (copied / "mark").touch()
    again(tiny_file, copied, force=True)
    assert not (copied / "mark").exists()
    assert (copied / "record.nc").exists()
    assert [p.name for p in copied.parent.iterdir()] == [copied.name]


def test_other_versions_of_a_kept_run_are_told(copied, tiny_file, monkeypatch):
    no_work(monkeypatch)
    edit(copied, version_jax="0.1.2", commit="0123456789abcdef" * 2)
    with pytest.warns(
        UserWarning, match=r"made with jax 0\.1\.2, commit 0123456789ab;"
    ):
        again(tiny_file, copied)
    changes = ("--set", "plots=[]", "--set", "run.duration=4.0")
    result = hopsim_cli("run", tiny_file, "--out", copied.parent, *changes)
    assert result.stderr.startswith("note: it was made with jax 0.1.2, commit 0123")


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "gone", "other"])
def test_a_damaged_run_is_told_and_forced_anew(copied, tiny_file, damage):
    record = copied / "record.nc"
    if damage == "cut":
        record.write_bytes(record.read_bytes()[:999])
    elif damage == "gone":
        record.unlink()
    else:
        edit(copied, hash="12345678")
    words = "holds the run 'tiny-12345678'" if damage == "other" else "is damaged: it"
    with pytest.raises(ValueError, match=rf"{words}.*--force \(in Python force=True\)"):
        again(tiny_file, copied)
    assert again(tiny_file, copied, force=True).passed


# --- computed again -------------------------------------------------------------------


def test_a_run_directory_alone_is_computed_again_to_the_bit(copied, monkeypatch):
    elsewhere = copied.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    before = listing(copied)
    result = hopsim_cli("run", copied)
    *_, last = result.stdout.splitlines()
    count = last.split()[1]
    assert last == f"same: {count} of {count} variables"
    assert int(count) >= 30
    assert result.exit_code == 0
    assert listing(copied) == before
    assert list(elsewhere.iterdir()) == []


def test_a_run_that_comes_out_otherwise_ends_with_one(copied):
    with h5py.File(copied / "record.nc", "a") as file:
        held: Any = file
        held["final"][0, 0] += 0.25
        held["ending"][0] += 1
    edit(copied, version_numpy="1.0")
    result = hopsim_cli("run", copied)
    assert result.exit_code == 1
    assert "note: it was made with numpy 1.0; here is numpy " in result.stderr
    *rest, last = result.stdout.splitlines()
    assert last.startswith("differs: ")
    assert {*last.removeprefix("differs: ").partition(";")[0].split(", ")} == {
        "final", "ending",
    }  # fmt: skip
    assert last.endswith("largest difference 1 in ending")
    assert "variable final: largest difference 0.25, in 1 of 48 entries" in rest


@pytest.mark.slow
def test_programs_are_optimised_as_they_were(copied):
    import jax

    before = jax.config.read("jax_disable_most_optimizations")
    assert hopsim.load_record(copied).attrs["optimised"] == (not before)
    edit(copied, optimised=int(before))
    found = hopsim.repeat(copied)
    assert found.again.attrs["optimised"] == before
    assert jax.config.read("jax_disable_most_optimizations") == before


@pytest.mark.parametrize("option", [("--force",), ("--out", "runs")])
def test_what_is_computed_again_is_not_kept(copied, monkeypatch, option):
    no_work(monkeypatch)
    result = hopsim_cli("run", copied, *option)
    assert result.exit_code == 2
    assert "takes neither --out nor --force; `hopsim run " in result.stderr


@pytest.mark.slow
def test_data_files_are_known_by_their_content(tiny, tmp_path, monkeypatch):
    memories = {"kind": "file", "path": "rows.npy"}
    table = TINY | {"plots": [], "network": {"kind": "model_b", "memories": memories}}
    rows = np.sign(np.random.default_rng(0).standard_normal((4, 12)))
    np.save(tmp_path / "rows.npy", rows)
    file = tmp_path / "of_file.toml"
    file.write_text(dumps(table), encoding="utf-8")
    record = hopsim.run(file, out=tmp_path / "runs")
    assert [*json.loads(record.attrs["data"])] == ["rows.npy"]
    np.save(tmp_path / "rows.npy", -rows)
    with pytest.warns(UserWarning, match=r"the content of rows\.npy has changed since"):
        hopsim.run(file, out=tmp_path / "runs")
    monkeypatch.chdir(tmp_path / "runs")
    assert record.path is not None
    result = hopsim_cli("run", record.path.parent)
    assert result.exit_code == 2
    assert "There is no file 'rows.npy': looked for" in result.stderr
    np.save(record.path.with_name("rows.npy"), rows)
    assert hopsim_cli("run", record.path.parent).exit_code == 0


@pytest.mark.slow
def test_variants_are_repeated_in_their_order(tiny, tmp_path):
    variants = {"late": {"network.beta": 2.0}, "early": {"network.beta": 0.5}}
    table = TINY | {"plots": [], "experiment": {"kind": "recall", "variants": variants}}
    file = tmp_path / "variants.toml"
    file.write_text(dumps(table), encoding="utf-8")
    record = hopsim.run(file, out=tmp_path / "runs")
    assert record.path is not None
    found = hopsim.repeat(record.path)
    for one in (record, found.again):
        assert [*one["label"].values] == ["late", "early"]
    assert found.comparison.same
