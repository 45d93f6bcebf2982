"""A run from file to pictures: record, directory, exit codes, verdicts, plots."""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import apart
import cases
import h5py
import numpy as np
import pytest
import xarray as xr
from command_line import hopsim_cli
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from pictures import made, pictures as claim_pictures
from tiny import RUN_FILES, SWEEP, TINY
from tomli_w import dumps

import hopsim
import hopsim.runs.run
from hopsim.checks import AbstractCheck, checks
from hopsim.plots import draw, plots, render
from hopsim.records import join_points, Record, save
from hopsim.runs.summary import summary_lines
from hopsim.scenario.catalogue import kinds, REGISTRIES
from hopsim.scenario.listing import nouns


def kept(record):
    """The run directory of a record that was saved."""
    assert record.path is not None
    return record.path.parent


# --- the record -----------------------------------------------------------------------


@pytest.mark.slow
def test_a_scenario_of_a_dict_runs_as_its_file_does(tiny, tmp_path):
    scenario = hopsim.Scenario(TINY)
    record = hopsim.run(scenario, out=tmp_path)
    same = lambda data: data.drop_attrs().drop_vars("seconds")
    xr.testing.assert_identical(same(record.data), same(tiny.data))
    for name in ("hash", "resolved"):
        assert record.attrs[name] == tiny.attrs[name]
    again = hopsim.load_scenario(kept(record) / "scenario.toml")
    assert again == scenario


def test_record_holds_states_energies_and_certificate(tiny):
    probe, sample = ("probe",), ("probe", "sample")
    dims = {
        "time": ("sample",),
        "memories": ("memory", "feature"),
        "cue": ("probe", "feature"),
        "final": ("probe", "feature"),
        "v": ("probe", "sample", "feature"),
        "h": ("probe", "sample", "memory"),
        "energy": sample,
        "effective_energy": sample,
        "gap": sample,
        "dissipation": sample,
        "overlap": sample,
        **dict.fromkeys(("end_time", "steps", "rejected", "residual"), probe),
        **dict.fromkeys(("worst_rise", "worst_time", "rise_limit"), probe),
        **dict.fromkeys(("ledger_residual", "ledger_tolerance"), probe),
        **dict.fromkeys(("certified", "converged", "ending", "target"), probe),
        **dict.fromkeys(("match", "aimed", "retrieved"), probe),
    }
    assert {name: tiny[name].dims for name in dims} == dims
    sizes = {"probe": 4, "sample": 5, "feature": 12, "memory": 4}
    assert dict(tiny.data.sizes) == sizes
    np.testing.assert_allclose(tiny["time"], np.linspace(0, 5, 5))
    np.testing.assert_array_equal(tiny["v"][:, 0], tiny["cue"])
    np.testing.assert_array_equal(tiny["v"][:, -1], tiny["final"])


def test_every_measured_variable_has_a_unit(tiny):
    unitless = {"target", "promise", "solver", "notice"}  # a number of a memory, words
    for name, variable in tiny.data.data_vars.items():
        unit = variable.attrs.get("units")
        assert unit in (("1", "tau_feature", "s") if name not in unitless else (None,))
    for name in ("time", "end_time", "worst_time"):
        assert tiny[name].attrs["units"] == "tau_feature"


def test_a_record_is_selected_by_time_and_by_what_is_swept(tiny, swept):
    one, several = tiny.to_xarray(), swept.to_xarray()
    assert one["energy"].dims == ("probe", "time")
    np.testing.assert_array_equal(one["energy"], tiny["energy"])
    assert several["energy"].dims == ("beta", "probe", "time")
    assert several["time"].attrs["units"] == "tau_feature"
    np.testing.assert_array_equal(
        several["energy"].sel(beta=1.0, time=2.5), swept["energy"][1, :, 2]
    )
    frame = several["match"].mean("probe").to_dataframe()
    assert [*frame.index] == SWEEP["values"]
    assert frame.index.name == "beta"
    assert [*frame["label"]] == ["beta = 0.5", "beta = 1", "beta = 2"]


def test_a_record_keeps_the_labels_of_memories_as_their_class(swept):
    given = ("memory", np.array([7, 7, 1, 0]))
    data = swept.data.assign(memory_class=given)
    seen = hopsim.Record(data).to_xarray()
    np.testing.assert_array_equal(seen["class"], given[1])
    chosen = seen["memories"].isel(memory=seen["class"].values == 7)
    assert chosen.sizes["memory"] == 2
    # variants lie along their labels
    variants = hopsim.Record(swept.rows().data.drop_vars("value")).to_xarray()
    assert variants["energy"].dims == ("label", "probe", "time")


def test_a_record_prints_in_a_few_lines_before_and_after_it_is_read(tiny, swept):
    text = repr(tiny)
    assert text == repr(hopsim.load_record(kept(tiny)))
    first = f"Record tiny-{tiny.attrs['hash']}: A tiny run: ξ and all"
    assert text.splitlines()[0] == first
    assert "model_b; two_layer; recall; float64, seed 3" in text
    assert not np.any(tiny["converged"])
    assert "ended   4 unsettled" in text
    assert "checks  3 of 3 passed" in text
    assert "step_log" in text
    assert "3: beta = 0.5, beta = 1, beta = 2" in repr(swept)
    assert "<polyline" in tiny._repr_html_()


def test_a_trajectory_has_the_names_of_a_record(tiny):
    scenario = hopsim.load_scenario(kept(tiny) / "scenario.toml")
    (setting,) = scenario.settings()
    path = setting.simulate(save=tuple({*setting.run.save, "g"}))  # as the run did
    own, of_run = path.to_xarray(), tiny.to_xarray()
    assert {*own} - {*of_run} == {"final_memory", "g"}
    for name in {*own} & {*of_run} - {"seconds"}:
        assert own[name].dims == of_run[name].dims
        np.testing.assert_array_equal(own[name], of_run[name])
        assert own[name].attrs == of_run[name].attrs
    log = path.groups()["step_log"]
    assert log.identical(tiny.groups["step_log"])


def test_record_tells_where_it_comes_from(tiny, tiny_file):
    a = tiny.attrs
    assert a["scenario"] == tiny_file.read_text(encoding="utf-8")
    assert json.loads(a["resolved"]) == TINY
    assert (a["name"], a["seed"], a["precision"]) == ("tiny", 3, "float64")
    assert (a["network"], a["dynamics"], a["experiment"]) == (
        "model_b", "two_layer", "recall",
    )  # fmt: skip
    assert (a["count"], a["features"]) == (4, 12)
    for package in ("hopsim", "jax", "diffrax", "equinox", "numpy", "python"):
        assert a[f"version_{package}"][0].isdigit()
    assert a["device"]
    assert a["platform"]
    assert 0 <= a["seconds_compiling"] < a["seconds"]
    assert a["seconds_compiling"] > 0 or not a["programs_compiled"]
    assert a["hash"] == hopsim.load_scenario(tiny_file).hash


def test_a_scenario_costs_at_most_two_compiled_programs(tiny):
    assert tiny.attrs["programs_compiled"] <= 2


def test_swept_numbers_compile_nothing_more(swept):
    assert swept.attrs["programs_compiled"] == 0


def test_every_accepted_step_is_kept_for_the_probes_asked(tiny):
    log = tiny.groups["step_log"]
    assert log.sizes["logged"] == 2
    for i in range(2):
        rises = log["step_rise"].values[i]
        assert np.sum(np.isfinite(rises)) == int(tiny["steps"][i])
        assert np.nanmax(rises) <= max(float(tiny["worst_rise"][i]), 0)


def test_reopened_record_equals_the_one_that_was_saved(tiny):
    again = hopsim.load_record(tiny.path)
    xr.testing.assert_identical(again.data.drop_attrs(), tiny.data.drop_attrs())
    for name in tiny.data.variables:
        assert again[name].dtype.kind == tiny[name].dtype.kind or name in (
            "promise", "solver", "notice",
        )  # fmt: skip
    assert again.attrs == tiny.attrs
    assert again.verdicts == tiny.verdicts
    assert set(again.groups) == set(tiny.groups) == {"step_log"}
    xr.testing.assert_equal(again.groups["step_log"], tiny.groups["step_log"])
    xr.testing.assert_identical(
        hopsim.load_record(tiny.path.parent).data, again.data
    )  # the directory will do


def test_any_notebook_opens_it_without_hopsim(tiny):
    with xr.open_dataset(tiny.path) as plain:
        xr.testing.assert_equal(plain.load(), tiny.data)
        assert plain.attrs["seed"] == 3
        assert len(json.loads(plain.attrs["verdicts"])) == len(tiny.verdicts)


def test_without_out_nothing_is_written(tiny, tiny_file, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    record = hopsim.run(tiny_file)
    assert record.path is None
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(record["final"], tiny["final"])  # and reproducible


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_another_process_compiles_nothing_more(tiny_file):
    """Also what stops caching, a host callback behind a check, would be seen here."""
    attrs = apart.call(hopsim.run, str(tiny_file)).value.attrs
    assert attrs["programs_compiled"] >= 1
    assert attrs["programs_from_cache"] == attrs["programs_compiled"]


@pytest.fixture(scope="module")
def alone(tiny_file):
    """Paths of single probes, by their numbers."""
    setting = hopsim.load_scenario(tiny_file).settings()[0]
    one = lambda i: hopsim.simulate(
        setting.network, setting.dynamics, setting.probes.values[[i]],
        duration=5.0, samples=5, solver="tsit5",
    )  # fmt: skip
    return {i: one(i) for i in (0, 3)}


@pytest.mark.slow  # the order and the size of a batch have a file of their own
def test_a_probe_alone_ends_as_it_does_in_the_batch(tiny, alone):
    for i, path in alone.items():
        np.testing.assert_allclose(path.final[0], tiny["final"][i], atol=1e-6)
        np.testing.assert_allclose(path.energy[0], tiny["energy"][i], atol=1e-6)


def test_points_of_a_sweep_lie_along_its_values(swept, tiny):
    assert swept["energy"].dims == ("beta", "probe", "sample")
    assert list(swept["label"].values) == ["beta = 0.5", "beta = 1", "beta = 2"]
    np.testing.assert_array_equal(swept["beta"], SWEEP["values"])
    flat = swept.rows()
    assert flat["energy"].dims == ("point", "probe", "sample")
    np.testing.assert_array_equal(flat["value"], SWEEP["values"])
    np.testing.assert_array_equal(flat["energy"], swept["energy"])
    assert flat.rows().data.identical(flat.data)
    assert swept.groups["step_log"].sizes["beta"] == 3
    assert flat.groups["step_log"]["step_energy"].dims[0] == "point"
    assert swept.attrs["sweep_path"] == "network.beta"
    middle = dict(swept.points())["beta = 1"]  # model B's default
    np.testing.assert_allclose(middle["final"], tiny["final"], rtol=0, atol=1e-12)
    assert len(swept.verdicts) == 3 * len(tiny.verdicts)
    xr.testing.assert_equal(hopsim.load_record(swept.path).data, swept.data)


def test_points_of_unequal_sizes_are_told_apart_from_padding(tiny, tmp_path):
    few = tiny.data.isel(probe=slice(0, 2), memory=slice(0, 3))
    record = Record(
        join_points([few, tiny.data], ["few", "all"]).assign_attrs(tiny.attrs)
    )
    record = hopsim.load_record(save(record, tmp_path / "record.nc"))
    for (label, found), wanted in zip(record.points(), (few, tiny.data), strict=True):
        for name in tiny.data.data_vars:
            assert found[name].dtype.kind in (wanted[name].dtype.kind, "O"), name
            np.testing.assert_array_equal(
                found[name].values, wanted[name].values, label
            )
    assert "4/4" in dict(summary_lines(record))["retrieved"]
    for name in ("energy", "overlap"):
        draw(record, name, Figure())


def test_a_promise_on_the_states_met_is_not_called_certified(tiny):
    """Neither in the summary nor in pictures; the check that passes tells of it."""
    met = "met: convex on all states met: Mine of the memories"
    record = Record(tiny.data.assign(promise=((), met)))
    told = dict(summary_lines(record))["energy"]
    assert told.startswith("fell in 4/4 probes; ")
    assert met in told
    assert dict(summary_lines(tiny))["energy"].startswith("certified to fall in 4/4")
    verdict = checks["energy_falls"]().judge(record.data)
    assert verdict.passed
    assert "promised on the states met" in verdict.measured
    assert verdict.statement == "energy fell at every accepted step"
    assert not checks["promise"](expected="full").judge(record.data).passed
    figure = Figure()
    draw(record, "energy", figure)
    written = " ".join(text.get_text() for text in figure.findobj(Text))
    assert "fell at every step in 4/4 probes" in written
    assert "certified" not in written


def test_a_sweep_of_one_value_is_still_a_sweep(tiny):
    record = Record(join_points([tiny.data], ["beta = 1"]))
    assert [label for label, _ in record.points()] == ["beta = 1"]
    assert [label for label, _ in Record(join_points([tiny.data], [""])).points()] == [
        ""
    ]


def test_progress_is_told_between_compiled_calls(tiny, tiny_file, tmp_path):
    told = []
    hopsim.run(
        tiny_file, out=tmp_path, overrides={"plots": ["gap"]},
        progress=lambda *what: told.append(what),
    )  # fmt: skip
    assert told == [("probes", 4, 4), ("pictures", 0, 1), ("pictures", 1, 1)]


def test_progress_of_a_command_leaves_its_result_alone(tiny, tiny_file, monkeypatch):
    def slowly(scenario, *, progress, **_):
        progress("probes", 2, 4)
        time.sleep(0.05)
        return tiny

    monkeypatch.setattr(hopsim.runs.run, "run", slowly)
    for name, seconds in (("TICK", 0.002), ("GRACE", 0.0), ("SILENCE", 0.01)):
        monkeypatch.setattr(f"hopsim._common.progress.{name}", seconds)
    result = hopsim_cli("run", tiny_file)
    assert "hopsim: probes: 2/4, 0 s" in result.stderr.splitlines()
    assert result.stdout == hopsim_cli("show", tiny.path).stdout


def test_progress_of_a_run_is_a_bar_a_function_or_nothing(
    tiny_file, monkeypatch, any_types
):
    shown = []
    report = lambda self, *numbers: shown.append(numbers)
    monkeypatch.setattr("hopsim._common.progress.Reporter.report", report)
    hopsim.run(tiny_file, progress=True)
    assert shown == [("probes", 4, 4)]
    hopsim.run(tiny_file, progress=False)
    assert len(shown) == 1
    wrong: Any = "bar"
    with pytest.raises(ValueError, match=r"function of \(what, done, total\), got 'b"):
        hopsim.run(tiny_file, progress=wrong)


@pytest.mark.parametrize("content", [b"", b"not a record"])
def test_a_file_that_is_no_record_is_refused(tmp_path, content):
    path = tmp_path / "record.nc"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a record of hopsim"):
        hopsim.load_record(path)
    xr.Dataset({"a": 1}).to_netcdf(path)
    with pytest.raises(ValueError, match="not a record of hopsim"):
        hopsim.load_record(path)
    with pytest.raises(ValueError, match="give a run directory"):
        hopsim.load_record(tmp_path / "none")


# --- the run directory ----------------------------------------------------------------


def test_run_directory_is_complete_and_named_by_its_hash(tiny, tiny_file):
    folder = tiny.path.parent
    assert folder.name == f"tiny-{hopsim.load_scenario(tiny_file).hash}"
    assert {p.name for p in folder.iterdir()} == RUN_FILES | {
        "energy.png", "overlap.png", "gap.png",
    }  # fmt: skip
    assert (folder / "source.toml").read_bytes() == tiny_file.read_bytes()
    again = hopsim.load_scenario(folder / "scenario.toml")
    assert again == hopsim.load_scenario(tiny_file)
    assert "retrieved" in (folder / "summary.txt").read_text(encoding="utf-8")
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("where", ["save", "page_of"])
def test_a_crash_in_the_middle_leaves_nothing(
    tiny, tiny_file, tmp_path, monkeypatch, where
):
    def boom(*args, **kwargs):
        raise RuntimeError("boom")

    monkeypatch.setattr(hopsim.runs.run, where, boom)
    with pytest.raises(RuntimeError, match="boom"):
        hopsim.run(tiny_file, out=tmp_path, overrides={"plots": ["gap"]})
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_crashes_loses_no_run(tiny, tiny_file, tmp_path, monkeypatch):
    monkeypatch.setattr(hopsim.runs.run, "render", lambda *_: 1 / 0)
    record = hopsim.run(tiny_file, out=tmp_path, overrides={"plots": ["gap"]})
    assert kept(record).is_dir()
    told = dict(summary_lines(record))["not drawn"]
    assert told == "gap: ZeroDivisionError: division by zero"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where the user's own data would go."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def full(tmp_path, monkeypatch):
    """A directory whose disk is full when the record of a run comes."""
    save, place = hopsim.runs.run.save, tmp_path / "full"

    def refused(record, path):
        if path.is_relative_to(place):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return save(record, path)

    monkeypatch.setattr(hopsim.runs.run, "save", refused)
    return place


@pytest.mark.slow
def test_a_run_that_its_place_cannot_hold_is_kept_elsewhere(
    tiny, tiny_file, home, full
):
    with pytest.raises(ValueError, match=r"No space left .* it is in") as caught:
        hopsim.run(tiny_file, out=full, overrides={"plots": ["gap"]})
    (record,) = home.rglob("record.nc")
    assert str(record.parent) in str(caught.value)
    assert {p.name for p in record.parent.iterdir()} == RUN_FILES | {"gap.png"}
    result = caught.value.result  # pyright: ignore[reportAttributeAccessIssue]
    assert result.path == record
    np.testing.assert_array_equal(hopsim.load_record(record)["v"], tiny["v"])
    assert not list(full.iterdir())


def test_the_command_shows_a_run_that_is_kept_elsewhere(tiny, tiny_file, home, full):
    result = run_cli(tiny_file, full)
    assert result.exit_code == 2
    (record,) = home.rglob("record.nc")
    assert "retrieved" in result.stdout
    *_, line = result.stderr.splitlines()  # after those of progress, if it was slow
    assert line.startswith("error: The run tiny-")
    assert str(record.parent) in line


def test_a_directory_that_was_removed_meanwhile_is_made_again(
    tiny, tiny_file, tmp_path, monkeypatch
):
    draw = hopsim.runs.run._drawn

    def slowly(*arguments):
        shutil.rmtree(tmp_path / "runs")
        arguments[2].mkdir(parents=True)
        return draw(*arguments)

    monkeypatch.setattr(hopsim.runs.run, "_drawn", slowly)
    record = hopsim.run(tiny_file, out=tmp_path / "runs", overrides={"plots": ["gap"]})
    assert kept(record).parent == tmp_path / "runs"


def test_nothing_is_computed_before_its_place_was_tried(
    tiny_file, tmp_path, monkeypatch
):
    monkeypatch.setattr(hopsim.runs.run, "_computed", lambda *_: 1 / 0)
    (tmp_path / "file").touch()
    result = run_cli(tiny_file, tmp_path / "file" / "runs")
    assert result.exit_code == 2
    assert "Run directories cannot be made in" in result.stderr
    assert "name another place with --out" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("where", ["render", "save"])
def test_an_interrupt_after_the_work_costs_the_pictures_alone(
    tiny, tiny_file, tmp_path, monkeypatch, where
):
    now, pressed = getattr(hopsim.runs.run, where), []

    def interrupted(*arguments):
        if not pressed:
            pressed.append(True)
            raise KeyboardInterrupt
        return now(*arguments)

    monkeypatch.setattr(hopsim.runs.run, where, interrupted)
    result = run_cli(tiny_file, tmp_path, "plots=['gap']")
    assert result.exit_code == 130
    (folder,) = tmp_path.iterdir()
    assert f"is kept in {folder}, without its pictures" in result.stderr
    told = dict(summary_lines(hopsim.load_record(folder)))["not drawn"]
    assert told == "gap: interrupted"
    assert hopsim_cli("plot", folder).exit_code == 0
    assert (folder / "gap.png").is_file()


def test_an_interrupt_of_the_work_says_what_had_been_done(
    tiny_file, tmp_path, monkeypatch
):
    def interrupted(scenario, callbacks, place):
        callbacks.on_progress("probes", 12, 64)
        raise KeyboardInterrupt

    monkeypatch.setattr(hopsim.runs.run, "computed", interrupted)
    result = run_cli(tiny_file, tmp_path)
    assert result.exit_code == 130
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        "stopped: 12 of 64 probes had been finished; nothing is kept"
    )
    assert not list(tmp_path.iterdir())
    result = hopsim_cli("attractors", tiny_file)
    assert result.exit_code == 130
    assert "12 of 64 probes" in result.stderr


def test_the_next_run_removes_what_a_killed_one_left(tiny, tiny_file, tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    for name in (f".tiny-0123abcd.{ended.pid}", f".mine.{ended.pid}"):
        (tmp_path / name).mkdir()
    hopsim.run(tiny_file, out=tmp_path, overrides={"plots": []})
    hidden = [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]
    assert hidden == [f".mine.{ended.pid}"]


def test_two_that_replace_one_run_leave_one_whole(tiny, tiny_file, tmp_path):
    place = tmp_path / "run"
    for number in range(2):
        (tmp_path / f"new-{number}").mkdir()
        (tmp_path / f"new-{number}" / str(number)).touch()
    rename, seen = os.rename, []

    def quicker(old, new):
        """The other process renames its own just before this one."""
        if Path(new) == place and not seen:
            seen.append(rename(tmp_path / "new-1", place))
        rename(old, new)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "rename", quicker)
        hopsim.runs.run._replace(tmp_path / "new-0", place)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    assert [p.name for p in place.iterdir()] == ["0"]


def test_a_check_that_crashes_loses_no_run(tiny):
    class Crashing(AbstractCheck):
        def judge(self, data):
            return np.zeros(2)[5]

    (verdict,) = Crashing().verdicts(tiny)
    assert not verdict.passed
    assert "cannot be made: IndexError" in verdict.measured


@pytest.mark.parametrize("damage", ["cut", "garbage", "attributes", "variables"])
@pytest.mark.parametrize("command", ["show", "plot", "attractors", "predict"])
def test_a_damaged_record_ends_with_one_message(tiny, tmp_path, command, damage):
    place = tmp_path / "record.nc"
    shutil.copy(tiny.path, place)
    whole = place.read_bytes()
    if damage in ("cut", "garbage"):
        place.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"x" * 999)
    else:
        with h5py.File(place, "a") as file:
            if damage == "attributes":
                for name in ("title", "seconds_compiling", "resolved"):
                    del file.attrs[name]
            else:
                for name in ("energy", "steps", "end_time", "worst_rise"):
                    del file[name]
    result = hopsim_cli(command, tmp_path, *(["x"] if command == "predict" else []))
    drawn = command == "plot" and damage == "attributes"  # pictures need none of them
    assert result.exit_code == (0 if drawn else 2), result.output
    if not drawn:
        assert result.stderr.startswith("error: ")
        assert len(result.stderr.splitlines()) == 1


def test_a_crash_leaves_the_old_run_that_force_would_replace(
    tiny, tiny_file, tmp_path, monkeypatch
):
    old = hopsim.run(tiny_file, out=tmp_path, overrides={"plots": []})
    before = (kept(old) / "record.nc").read_bytes()
    monkeypatch.setattr(hopsim.runs.run, "save", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hopsim.run(tiny_file, out=tmp_path, overrides={"plots": []}, force=True)
    assert [p.name for p in tmp_path.iterdir()] == [kept(old).name]
    assert (kept(old) / "record.nc").read_bytes() == before


def test_a_plot_that_cannot_be_made_does_not_lose_the_run(
    tiny, tiny_file, tmp_path, monkeypatch
):
    def cannot(record, fig):
        raise ValueError("There is no such picture.")

    monkeypatch.setitem(plots._registered, "energy", cannot)
    record = hopsim.run(tiny_file, out=tmp_path, overrides={"plots": ["energy", "gap"]})
    assert not (kept(record) / "energy.png").exists()
    assert (kept(record) / "gap.png").exists()
    told = dict(summary_lines(hopsim.load_record(kept(record))))["not drawn"]
    assert told == "energy: There is no such picture."


# --- the command line -----------------------------------------------------------------


def run_cli(tiny_file, out, *sets, options=()):
    pairs = [x for s in ("plots=[]", *sets) for x in ("--set", s)]
    return hopsim_cli("run", tiny_file, "--out", out, *pairs, *options)


def test_run_prints_its_summary_and_exits_with_zero(tiny, tiny_file, tmp_path):
    result = run_cli(tiny_file, tmp_path)
    assert result.exit_code == 0, result.output
    for term in ("scenario", "network", "solver", "endings", "energy", "retrieved",
                 "time", "check", "files"):  # fmt: skip
        assert f"\n{term} " in "\n" + result.stdout
    assert "A tiny run: ξ and all" in result.stdout
    assert "model_b, 4 memories of 12 features; two_layer; float64" in result.stdout
    assert "certified to fall in 4/4 probes" in result.stdout
    assert "FAIL" not in result.stdout
    assert next(tmp_path.iterdir()).name in result.stdout.replace("\n", "")


def test_a_failed_check_exits_with_one_and_keeps_the_record(tiny, tiny_file, tmp_path):
    result = run_cli(tiny_file, tmp_path, "checks=[{kind='overlap', at_least=1.0}]")
    assert result.exit_code == 1
    assert "FAIL  mean overlap with the target" in result.stdout
    (folder,) = tmp_path.iterdir()
    record = hopsim.load_record(folder)
    assert not record.passed
    assert [v.passed for v in record.verdicts] == [False]


def test_a_check_that_cannot_be_made_has_not_passed(tiny, tiny_file, tmp_path):
    wanted = "{kind='bound', variable='nothing', statement='x', at_most=1, source='x'}"
    result = run_cli(tiny_file, tmp_path, f"checks=[{wanted}]")
    assert result.exit_code == 1, result.output
    assert "cannot be made: this check needs 'nothing'" in result.stdout


def test_a_bad_file_exits_with_two(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("name = 'a'", encoding="utf-8")
    result = hopsim_cli("run", path, "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert "2 problems" in result.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (["network.kind=model_a", "run.solver=tsit5"], "across the jumps of"),
        (["dynamics.kind=sharp"], "Sharp dynamics need AbsoluteValue"),
        (["run.clamped=visible"], "needs probes with a hidden part"),
        (["run.clamped=[12]"], "features from 0 to 11, got [12]"),
        (["probes.occluded=lower"], "needs images as memories"),
        (["experiment.kind=portrait"], "memories of 2 features, got 12"),
        (["precision=float32", "run.rtol=1e-8"], "float32 cannot keep rtol"),
        (["probes={kind='grid'}"], "memories of 2 features"),
        (["network.current=[1, 2]"], "The current must be one number or have shape"),
        (
            [
                "dynamics.kind=adiabatic",
                "experiment.tau_memory=[0.2, 0.1]",
                "experiment.kind=adiabatic_limit",
            ],
            'needs dynamics kind "two_layer", got Adiabatic',
        ),
    ],
    ids=lambda x: x[-1] if isinstance(x, list) else "",
)  # fmt: skip
def test_what_the_user_got_wrong_exits_with_two_and_no_files(
    tiny, tiny_file, tmp_path, sets, words
):
    result = run_cli(tiny_file, tmp_path, *sets)
    assert result.exit_code == 2, result.output
    assert words in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_an_impossible_place_is_told_before_any_work(tiny_file, tmp_path, monkeypatch):
    monkeypatch.setattr("hopsim.experiments._base.simulate", lambda *_: 1 / 0)
    (tmp_path / "file").touch()
    result = run_cli(tiny_file, tmp_path / "file")
    assert result.exit_code == 2
    assert "name another place with --out" in result.stderr.replace("\n", " ")


def test_sizes_beyond_any_memory_are_the_users(tiny_file, tmp_path):
    result = run_cli(tiny_file, tmp_path, "network.memories.count=1000000000000")
    assert result.exit_code == 2
    assert "memories of 12 features need" in result.stderr
    assert "use smaller sizes" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [RuntimeError("boom"), ValueError("numpy's")])
def test_a_crash_exits_with_three(tiny_file, tmp_path, monkeypatch, error):
    def boom(*args, **kwargs):
        raise error  # not in a file of hopsim: nothing that a user could mend

    monkeypatch.setattr("hopsim.experiments._base.simulate", boom)
    result = run_cli(tiny_file, tmp_path)
    assert result.exit_code == 3
    assert "Internal error: this is a defect of hopsim" in result.stderr
    assert "Traceback" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_show_prints_the_summary_of_a_saved_run(tiny):
    for place in (tiny.path, tiny.path.parent):
        result = hopsim_cli("show", place)
        assert result.exit_code == 0
        assert f"tiny-{tiny.attrs['hash']}" in result.stdout
        assert "pass  energy certified to fall at every" in result.stdout


def test_show_without_a_record_exits_with_two(tmp_path):
    result = hopsim_cli("show", tmp_path)
    assert result.exit_code == 2
    assert "There is no record at" in result.stderr


def test_plot_draws_the_same_pixels_again(tiny):
    folder = tiny.path.parent
    before = {p.name: p.read_bytes() for p in folder.glob("*.png")}
    (folder / "gap.png").unlink()
    result = hopsim_cli("plot", folder)
    assert result.exit_code == 0, result.output
    assert [Path(x).name for x in result.stdout.split()] == [
        f"{name}.png" for name in TINY["plots"]
    ]
    assert {p.name: p.read_bytes() for p in folder.glob("*.png")} == before
    for name in TINY["plots"]:
        for source in (tiny, folder):
            fig = getattr(hopsim.plots, name)(source)
            assert fig._repr_png_() == before[f"{name}.png"]


def test_plot_draws_the_plots_named_and_knows_near_misses(tiny):
    result = hopsim_cli("plot", tiny.path.parent, "gap")
    assert result.exit_code == 0
    assert len(result.stdout.split()) == 1
    result = hopsim_cli("plot", tiny.path.parent, "gapp")
    assert result.exit_code == 2
    assert "There is no plot 'gapp'; did you mean 'gap'?" in result.stderr
    result = hopsim_cli("plot", tiny.path.parent, "portrait")
    assert result.exit_code == 2
    assert "The plot 'portrait' needs 'axis'" in result.stderr


@pytest.fixture(scope="module")
def censuses(tiny_file, tmp_path_factory):
    """What `attractors` prints of a scenario, and the run directory of its census."""
    place, longer = tmp_path_factory.mktemp("census"), ["--set", "run.duration=200.0"]
    plain = hopsim_cli("attractors", tiny_file, *longer)
    census = {key: x for key, x in TINY.items() if key != "checks"} | {"plots": []}
    path = place / "census.toml"
    path.write_text(dumps(census | {"experiment": {"kind": "census"}}))
    saved = hopsim_cli("run", path, "--out", place / "runs", *longer)
    assert saved.exit_code == 0, saved.output
    (folder,) = (place / "runs").iterdir()
    return plain, folder


def test_attractors_of_a_scenario_and_of_a_run_end_with_the_unconverged(censuses):
    """The table of any scenario's probes, printed; of a run, the one that was saved."""
    plain, folder = censuses
    assert plain.exit_code == 0, plain.output
    again = hopsim_cli("attractors", folder)
    assert again.exit_code == 0, again.output
    tables = [
        [row.strip() for row in result.stdout.splitlines() if row.strip()]
        for result in (plain, again)
    ]
    assert tables[0] == tables[1]
    assert tables[0][-1].split()[:3] == ["-1", "unconverged", "0"]
    assert sum("memory" in row for row in tables[0][1:]) == 4


def test_attractors_of_another_run_are_told(tiny):
    result = hopsim_cli("attractors", tiny.path.parent)
    assert result.exit_code == 2
    assert "This record holds no attractors" in result.stderr


@pytest.mark.parametrize("noun", list(REGISTRIES))
def test_list_names_every_kind_with_its_formula(noun):
    result = hopsim_cli("list", noun)
    assert result.exit_code == 0
    head, *rows = result.stdout.splitlines()
    assert head == f"{noun}:"
    names = [row.strip() for row in rows if not row.startswith("   ")]
    assert names == kinds(noun)
    assert len(rows) >= 2 * len(names)  # each with its formula below


def test_studies_and_validations_are_listed_apart():
    studies, rest = kinds("experiments"), kinds("validations")
    assert sorted([*studies, *rest]) == sorted(REGISTRIES["experiments"])
    assert "recall" in studies
    assert "hull" in rest


def test_list_shows_keys_with_ranges_and_defaults():
    probes = " ".join(hopsim_cli("list", "probes").stdout.split())
    assert "flipped = 0.0 (>= 0 and <= 1)" in probes
    settings = " ".join(hopsim_cli("list", "run").stdout.split())
    assert "residual_tolerance = (none)" in settings


def test_list_without_a_noun_lists_everything(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = hopsim_cli("list")
    assert result.exit_code == 0
    heads = [x for x in result.stdout.splitlines() if x and x[0] != " "]
    assert [x.rstrip(":") for x in heads] == nouns()
    assert "  digit_completion\n      Model B completes" in result.stdout


def test_list_knows_near_misses():
    result = hopsim_cli("list", "lagrangian")
    assert result.exit_code == 2
    assert "did you mean 'lagrangians'?" in result.stderr


# --- verdicts -------------------------------------------------------------------------


def falls(excess, promised=True, rise=0.0):
    return made(
        worst_excess=("probe", np.asarray(excess, float)),
        worst_rise=("probe", np.full(len(excess), rise)),
        rise_limit=("probe", np.full(len(excess), 1e-12)),
        certified=("probe", np.asarray(excess, float) <= 0),
        promised=np.bool_(promised),
    )


def ledger(residual):
    return made(
        ledger_residual=("probe", np.asarray(residual, float)),
        ledger_tolerance=("probe", np.full(len(residual), 1e-6)),
    )


def recalled(hits, trials, aimed=None):
    retrieved = np.arange(trials) < hits
    aims = np.ones(trials, bool) if aimed is None else aimed
    return made(retrieved=("probe", retrieved), aimed=("probe", aims))


def overlaps(*final):
    path = np.stack([np.zeros(len(final)), final], axis=1)
    return made(overlap=(("probe", "sample"), path))


def ends(*offsets):
    final = np.ones((3, 2, 5))
    final[1, :, 0] += offsets
    return made(final=(("point", "probe", "feature"), final))


def slopes(*last, alike=(True, True, True)):
    table = np.stack([np.zeros(3), last])
    axes = ("pair", "probe")
    same = ("probe", np.asarray(alike))
    return made(slope=(axes, table), mass_slope=(axes, table), same_end=same)


def converged(*flags):
    return made(converged=("probe", np.asarray(flags)))


# kind -> [(settings, data, passes)]
SAID = {"statement": "it holds", "source": "hopsim"}
POWER = {"variable": "error", "against": "tau_memory"}
HITS = {"variable": "hits", "level": 0.95} | SAID


def power(order):
    tau = np.array([0.1, 0.2, 0.4])
    error = tau[:, None] ** order * np.ones((1, 3))
    return made(tau_memory=("tau", tau), error=(("tau", "probe"), error))


def several():
    """Four sets whose means are 0.48, 0.5, 0.5, 0.52: 0.5 +- 0.026 by Student's t."""
    hits = np.array([[0.48], [0.5], [0.5], [0.52]]).ravel()
    return made(hits=("probe", hits), set=("probe", np.arange(4)))


JUDGED = {
    "energy_falls": [
        ({}, falls([-1e-12, -1e-13]), True),
        ({}, falls([-1e-12, 1e-9], rise=1e-9), False),
        ({}, falls([-1e-12, np.nan]), False),
        ({}, falls([-1e-12, -1e-12], promised=False), False),
    ],
    "ledger": [
        ({}, ledger([1e-7, 1e-8]), True),
        ({}, ledger([1e-7, 1e-5]), False),
        ({"below": 1e-4}, ledger([1e-7, 1e-5]), True),
        ({"below": 1e-9}, ledger([1e-7, 1e-8]), False),
        ({}, ledger([1e-7, np.nan]), False),  # not applicable is not balanced
    ],
    "overlap": [
        ({"at_least": 0.79}, overlaps(1.0, 0.9, 0.5), True),
        ({"at_least": 0.85}, overlaps(1.0, 0.9, 0.5), False),
        ({"at_least": 0.9, "of": "median"}, overlaps(1.0, 0.9, 0.5), True),
        ({"at_least": 0.6, "of": "worst"}, overlaps(1.0, 0.9, 0.5), False),
        ({"at_least": 0.5, "of": "worst"}, overlaps(1.0, np.nan, 0.5), True),
    ],
    "retrieved": [
        ({"at_least": 0.85}, recalled(95, 100), True),
        ({"at_least": 0.90}, recalled(95, 100), False),  # its lower limit is 0.888
        ({"at_least": 0.90, "level": 0.5}, recalled(95, 100), True),
        ({"at_least": 0.5}, recalled(2, 4, np.arange(4) < 2), False),
        ({"at_least": 0.0}, recalled(0, 10), True),
    ],
    "converged": [
        ({}, converged(True, True), True),
        ({}, converged(True, False), False),
        ({"at_least": 0.5}, converged(True, False), True),
    ],
    "promise": [
        ({"expected": "full"}, made(promise="full: both are convex"), True),
        ({"expected": "none"}, made(promise="full: both are convex"), False),
        ({"expected": "none"}, made(promise="none: a drive"), True),
    ],
    "energy_rises": [
        ({"at_least": 0.5}, falls([1e-3, -1e-12]), True),
        ({"at_least": 0.6}, falls([1e-3, -1e-12]), False),
        ({"at_least": 0.5}, falls([np.nan, -1e-12]), False),
    ],
    "same_end": [
        ({}, ends(0.0, 1e-5), True),
        ({}, ends(0.0, 1e-3), False),
        ({"at_least": 0.5}, ends(0.0, 1e-3), True),
        ({"within": 1e-2}, ends(0.0, 1e-3), True),
        ({}, ends(0.0, np.nan), False),
    ],
    "bound": [
        ({"variable": "error", "at_most": 0.2} | SAID, power(2.0), True),
        ({"variable": "error", "at_most": 0.1} | SAID, power(2.0), False),
        ({"variable": "error", "at_least": 0.1} | SAID, power(2.0), False),
    ],
    "average": [
        ({"variable": "hits", "low": 0.4, "high": 0.6} | SAID, several(), True),
        ({"variable": "hits", "low": 0.49, "high": 0.51} | SAID, several(), False),
        ({"variable": "hits", "low": 0.1, "high": 0.4} | SAID, several(), False),
    ],
    "agreement": [
        ({"value": 0.52, "within": 0.03} | HITS, several(), True),
        ({"of": "hits", "within": 0.01} | HITS, several(), True),
        ({"value": 0.55, "within": 0.1} | HITS, several(), False),
        ({"value": 0.55, "within": 0.1, "beside": 0.03} | HITS, several(), True),
        ({"value": 0.52, "within": 0.01} | HITS, several(), False),
    ],
    "fraction": [
        ({"variable": "retrieved", "never": True} | SAID, recalled(0, 9), True),
        ({"variable": "retrieved", "never": True} | SAID, recalled(1, 9), False),
    ],
    "exponent": [
        ({"low": 1.9, "high": 2.1} | POWER | SAID, power(2.0), True),
        ({"low": 1.9, "high": 2.1} | POWER | SAID, power(3.0), False),
    ],
    "convergence_order": [
        ({}, slopes(0.95, 1.0, 1.05), True),
        ({}, slopes(1.9, 2.0, 2.1), False),
        ({}, slopes(0.95, 2.0, 2.1, alike=(True, False, False)), True),
        ({}, slopes(0.95, 1.0, 1.1, alike=(False, False, False)), False),
        ({"mass": True, "low": 1.85, "high": 2.15}, slopes(1.9, 2.0, 2.1), True),
        ({"mass": True, "low": 1.85, "high": 2.15}, slopes(0.9, 1.0, 1.1), False),
    ],
}
JUDGED_ROWS = [
    pytest.param(kind, *row, id=f"{kind}-{i}")
    for kind, rows in JUDGED.items()
    for i, row in enumerate(rows)
]


def test_every_check_is_seen_to_pass_and_to_fail():
    assert set(JUDGED) == set(checks)
    for rows in JUDGED.values():
        assert {passes for *_, passes in rows} == {True, False}


@pytest.mark.parametrize(("kind", "settings", "data", "passes"), JUDGED_ROWS)
def test_check_passes_what_is_true_and_fails_what_is_not(kind, settings, data, passes):
    (verdict,) = checks[kind](**settings).verdicts(Record(data))
    assert verdict.passed is passes
    assert str(verdict).startswith("pass" if passes else "FAIL")
    assert verdict.measured
    assert verdict.expected


@pytest.mark.parametrize("kind", sorted(set(checks) - {"energy_falls", "energy_rises"}))
def test_a_check_without_its_variable_fails_and_says_which(kind):
    settings = JUDGED[kind][0][0]
    (verdict,) = checks[kind](**settings).verdicts(Record(made(nothing=0.0)))
    assert not verdict.passed
    assert "cannot be made: this check needs '" in verdict.measured


def test_checks_of_targets_need_targets():
    nobody = recalled(0, 3, np.zeros(3, bool)), overlaps(np.nan, np.nan)
    for kind, data in zip(("retrieved", "overlap"), nobody, strict=True):
        (verdict,) = checks[kind](at_least=0.5).verdicts(Record(data))
        assert not verdict.passed
        assert "no probe has a target" in verdict.measured


def test_a_check_judges_every_point_or_the_one_it_names():
    record = Record(
        join_points([converged(True, True), converged(True, False)], ["a", "b"])
    )
    everywhere = checks["converged"]().verdicts(record)
    assert [v.passed for v in everywhere] == [True, False]
    assert [v.statement[-3:] for v in everywhere] == ["(a)", "(b)"]
    (only,) = checks["converged"](point="a").verdicts(record)
    assert only.passed
    (nowhere,) = checks["converged"](point="c").verdicts(record)
    assert not nowhere.passed
    assert "no point 'c'" in nowhere.measured


def test_a_check_that_fails_at_one_point_is_still_made_at_the_others():
    data = join_points([converged(True, True), made(nothing=0.0)], ["a", "b"])
    record = Record(data.drop_vars("converged").assign(other=0.0))
    verdicts = checks["converged"]().verdicts(record)
    assert len(verdicts) == 2
    assert not any(v.passed for v in verdicts)


def test_points_that_share_a_label_are_all_judged():
    record = Record(
        join_points([converged(False, True), converged(True, True)], ["a", "a"])
    )
    assert [v.passed for v in checks["converged"]().verdicts(record)] == [False, True]


# --- plots ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def pictures(tiny, swept):
    """A suitable record for every plot."""
    rng = np.random.default_rng(0)
    image = tiny.data.assign_attrs(image_rows=3, image_columns=4).assign(
        memory_class=("memory", [0, 0, 1, 2]),
        offset=("feature", np.linspace(0, 1, 12)),
        hidden=("feature", np.arange(12) >= 6),
    )
    axis = np.linspace(-1.5, 1.5, 13)
    landscape = made(
        axis=("grid", axis),
        landscape=(("grid", "grid_2"), axis[:, None] ** 2 + 2 * axis**2),
        v=(("probe", "sample", "feature"), rng.uniform(-1, 1, (4, 6, 2))),
        cue=(("probe", "feature"), rng.uniform(-1, 1, (4, 2))),
        memories=(("memory", "feature"), np.eye(2)),
        fixed_point=(("fixed", "feature"), np.array([[1.0, 0], [0, 0], [0.5, 0.5]])),
        fixed_index=("fixed", np.array([0, 2, 1])),
    )
    return {
        "energy": tiny,
        "overlap": tiny,
        "gap": tiny,
        "sweep": swept,
        "grid": swept,
        "gallery": Record(image),
        "film": Record(image),
        "portrait": Record(landscape),
        **claim_pictures(rng),
    }


def test_every_plot_has_a_record_to_draw(pictures):
    assert set(pictures) == set(plots)


WRITTEN = ("energy", "gallery")  # lines and images; all others slowly, and drawn below


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in WRITTEN else pytest.mark.slow)
        for name in sorted(plots)
    ],
)
def test_same_record_gives_the_same_pixels(pictures, name, tmp_path):
    one = render(pictures[name], name, tmp_path / "one.png").read_bytes()
    two = render(pictures[name], name, tmp_path / "two.png").read_bytes()
    assert one == two
    assert one.startswith(b"\x89PNG")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.png", "two.png"]


CLAIMED = [  # of a kind that claims alone use, whose tier draws them
    name for name in plots if plots[name].__module__.startswith("hopsim.validation")
]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in CLAIMED else [])
        for name in sorted(set(plots) - set(WRITTEN))
    ],
)
def test_every_picture_can_be_drawn(pictures, name):
    fig = Figure(dpi=40)
    draw(pictures[name], name, fig)
    canvas = FigureCanvasAgg(fig)  # every label and line
    canvas.draw()
    assert len(np.unique(canvas.buffer_rgba())) > 2


WORDS = r"cost $5 and $\undefined{x}$, \$ or $$"


@pytest.mark.parametrize("name", ["energy", "gap", "sweep"])
def test_a_dollar_begins_no_mathematics(swept, name):
    told = [f"{label} {WORDS}" for label in swept["label"].values]
    label = (swept["label"].dims, told)
    data = swept.data.assign_coords(label=label).assign_attrs(title=WORDS)
    fig = Figure(dpi=40)
    draw(Record(data), name, fig)
    FigureCanvasAgg(fig).draw()  # where it would be parsed
    said = [t.get_text() for t in fig.findobj(Text) if "undefined" in t.get_text()]
    assert said
    for text in said:
        mathematics = text.replace(r"\$", "").split("$")[1::2]
        assert "undefined" not in " ".join(mathematics)
    assert fig.get_suptitle() == WORDS.replace("$", r"\$")


@pytest.mark.parametrize("name", ["energy", "overlap", "gap"])
def test_sweeps_are_drawn_as_well(swept, name):
    fig = Figure()
    draw(swept, name, fig)
    assert fig.axes


DRAWN_FIRST = ("energy", "overlap", "sweep", "gallery", "census", "learning_curves")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in DRAWN_FIRST else pytest.mark.slow)
        for name in sorted(plots)
    ],
)
def test_a_plot_without_its_variable_says_which(pictures, name):
    missing = cases.PLOTS[name]
    record = Record(pictures[name].rows().data.drop_vars(missing))
    with pytest.raises(ValueError, match=f"The plot '{name}' needs '{missing}'"):
        draw(record, name, Figure())
    with pytest.raises(ValueError, match=f"The plot '{name}' needs '"):
        draw(Record(made(nothing=0.0)), name, Figure())


def test_pictures_carry_title_caption_and_units(tiny):
    fig = Figure()
    draw(tiny, "energy", fig)
    assert fig.get_suptitle() == TINY["title"]
    (words,) = [t.get_text() for t in fig.texts if "seed" in t.get_text()]
    assert words.startswith(f"tiny · seed 3 · float64 · {tiny.attrs['hash']} · hopsim")
    assert r"\tau_f" in fig.axes[-1].get_xlabel()
    assert "energy" in fig.axes[0].get_ylabel()


def test_the_look_of_other_figures_is_left_alone(tiny):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    draw(tiny, "gap", Figure())
    assert dict(mpl.rcParams) == before
