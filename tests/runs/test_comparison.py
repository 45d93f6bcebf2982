"""Two runs compared, and the runs of a directory listed."""

import dataclasses
import shutil

import numpy as np
import pytest
from command_line import hopsim_cli
from matplotlib.image import imread
from pictures import made
from tiny import TINY

import hopsim
from hopsim.records import Record, save, Verdict
from hopsim.runs.listing import age_in_words, list_runs


def changed(record, **variables):
    """The same record with other values in some variables."""
    data = record.data.copy()
    for name, values in variables.items():
        data[name] = (data[name].dims, values)
    return dataclasses.replace(record, data=data.assign_attrs(record.attrs))


@pytest.fixture(scope="module")
def pair(tiny, tmp_path_factory):
    """Run directories of two runs that differ in a sharpness and in what is saved."""
    place = tmp_path_factory.mktemp("pair")
    for name in ("a", "b"):
        shutil.copytree(tiny.path.parent, place / name)
    other = changed(tiny, final=tiny["final"].values + 0.5)
    other = dataclasses.replace(other, data=other.data.drop_vars("h"))
    told = tiny.attrs["resolved"].replace('"model_b"', '"model_b", "beta": 0.5')
    other = dataclasses.replace(other, data=other.data.assign_attrs(resolved=told))
    save(other, place / "b" / "record.nc")
    return place / "a", place / "b"


# --- compare --------------------------------------------------------------------------


def test_a_record_is_the_same_as_itself_before_and_after_it_is_read(tiny):
    found = hopsim.compare(tiny, tiny.path)
    assert found
    assert not found.settings
    assert not found.verdicts
    count = len(found.variables)
    assert found.sentence == f"same: {count} of {count} variables"
    assert count > 30
    assert "seconds" not in {x.name for x in found.variables}
    assert "step_log/step_rise" in {x.name for x in found.variables}


def test_every_bit_counts_and_nan_is_nan():
    one = Record(made(x=("probe", np.array([1.0, np.nan, np.inf])), w="word"))
    assert hopsim.compare(one, one).same
    least = np.nextafter(1.0, 2.0)
    for values, told in (
        ([least, np.nan, np.inf], "largest difference 2.22e-16, in 1 of 3 entries"),
        ([1.0, 0.0, np.inf], "different in 1 of 3 entries"),
        ([1.0, np.nan, -np.inf], "different in 1 of 3 entries"),
        ([1.0, np.nan], "shape (3,) and (2,)"),
    ):
        two = Record(made(x=("probe", np.array(values)), w="word"))
        (x,) = hopsim.compare(one, two).differing
        assert x.name == "x"
        assert x.difference == told
    (w,) = hopsim.compare(Record(made(w="word")), Record(made(w="words"))).differing
    assert w.difference == "different in 1 of 1 entry"


def test_points_are_held_against_those_of_the_same_label(swept):
    order, swept = [2, 0, 1], swept.rows()
    turned = dataclasses.replace(
        swept,
        data=swept.data.isel(point=order).assign_attrs(swept.attrs),
        groups={k: x.isel(point=order) for k, x in swept.groups.items()},
    )
    assert hopsim.compare(swept, turned).same
    assert hopsim.compare(turned, swept).same
    fewer = dataclasses.replace(swept, data=swept.data.isel(point=[0, 1]))
    assert not hopsim.compare(swept, fewer).same


def test_timings_are_not_compared():
    clock = lambda seconds: Record(made(taken=((), seconds, {"units": "s"})))
    assert hopsim.compare(clock(1.0), clock(2.0)).same


def test_a_verdict_that_turned_is_a_difference():
    judged = lambda passed: Record(made(x=1.0)).with_verdicts(
        [Verdict("it holds", True, "1", ">= 1"), Verdict("it holds", passed, "2", "2")]
    )
    found = hopsim.compare(judged(True), judged(False))
    assert not found.same
    assert found.sentence == "differs: verdicts"
    (one,) = found.verdicts
    assert one == ("it holds [2]", "pass  2", "FAIL  2")


@pytest.mark.slow
def test_the_command_says_settings_verdicts_and_variables(pair, tmp_path):
    picture = tmp_path / "both.png"
    result = hopsim_cli("compare", *pair, "--into", picture)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[2] == "setting  network.beta: (not there) | 0.5"
    assert "variable final: largest difference 0.5, in 48 of 48 entries" in lines
    assert "variable h: only in the first" in lines
    assert lines[-2] == str(picture)
    assert lines[-1] == "differs: final, h; largest difference 0.5 in final"
    wide, alone = (imread(p).shape for p in (picture, pair[0] / "energy.png"))
    assert wide[1] > 1.9 * alone[1]
    same = hopsim_cli("compare", pair[0], pair[0] / "record.nc")
    assert same.exit_code == 0
    assert same.stdout.splitlines()[2] == "settings alike"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--into", "both.jpg"], "png, svg, pdf, got 'both.jpg'"),
        (["--plot", "gap"], "--plot chooses what is drawn into a file; add --into"),
        (["--into", "x.png", "--plot", "gapp"], "did you mean 'gap'?"),
    ],
)
def test_what_cannot_be_drawn_is_one_error(pair, words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = hopsim_cli("compare", *pair, *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []
    other = hopsim_cli("compare", pair[0], tmp_path / "none")
    assert other.exit_code == 2
    assert "There is no record at" in other.stderr


def test_two_without_a_plot_in_common_are_told(pair, tiny):
    from hopsim.plots._side_by_side import shared_plot

    bare = Record(tiny.data.assign_attrs(plots="gallery"))
    with pytest.raises(ValueError, match="got gallery and energy, overlap, gap; name"):
        shared_plot(bare, tiny)
    assert shared_plot(tiny, tiny) == TINY["plots"][0]


# --- runs -----------------------------------------------------------------------------


def test_runs_are_listed_with_what_is_damaged(tiny, pair, tmp_path):
    shutil.copytree(pair[0], tmp_path / "whole")
    shutil.copytree(pair[0], tmp_path / "cut")
    cut = tmp_path / "cut" / "record.nc"
    cut.write_bytes(cut.read_bytes()[:2000])
    for name, file in (("gone", "run.json"), ("t.unfinished", "resolved.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("{}", encoding="utf-8")
    (tmp_path / "pictures").mkdir()
    rows = {row.name: row for row in list_runs(tmp_path)}
    assert {name: row.checks for name, row in rows.items()} == {
        "whole": "3 of 3 checks hold",
        "cut": "damaged: its record cannot be read",
        "gone": "damaged: no record",
        "t.unfinished": "training, not finished",
    }
    assert {name for name, row in rows.items() if row.damaged} == {"cut", "gone"}
    result = hopsim_cli("runs", tmp_path)
    assert result.exit_code == 0
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["run", "checks", "age", "changed"]
    assert len(lines) == 4


def test_a_run_is_listed_with_what_was_changed_and_its_age(tiny_file, tiny, tmp_path):
    hopsim.run(tiny_file, out=tmp_path, overrides={"plots": [], "run.duration": 3.0})
    (row,) = list_runs(tmp_path)
    assert row.changed == "plots=[], run.duration=3.0"
    assert 0 <= row.age < 600
    words = [age_in_words(x) for x in (5, 600, 3 * 3600, 86400 * 3, float("nan"))]
    assert words == ["5 s", "10 min", "3 h", "3 days", "?"]


def test_a_directory_without_runs_is_told(tmp_path):
    assert hopsim_cli("runs", tmp_path).stdout == f"no runs in {tmp_path}\n"
    result = hopsim_cli("runs", tmp_path / "none")
    assert result.exit_code == 2
    assert "There is no directory" in result.stderr
