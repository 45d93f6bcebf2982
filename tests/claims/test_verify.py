"""`hopsim verify`: what is found, what is kept, and what survives a kill."""

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import warnings

import pytest
from command_line import hopsim_cli
from places import ROOT

from hopsim._common import parts, reach as _reach
from hopsim._common.notices import Notice
from hopsim.claims import report
from hopsim.claims.entries import cached_entry, report_of
from hopsim.claims.tables import ledger_rows
from hopsim.claims.tasks import find_claims
from hopsim.claims.verify import _longest_first, verify
from hopsim.runs import pool
from hopsim.runs.pool import core_shares


TEXT = """
name = "{name}"
title = "A small claim"
seed = {seed}
[claim]
id = "{id}"
statement = "the balance holds"
source = "KH21"
tags = ["{tag}"]
false_alarm = 1e-3
[network]
kind = "model_b"
memories = {{ kind = "gaussian", count = 3, features = 4 }}
[probes]
kind = "random"
count = 1
[experiment]
kind = "energy_balance"
sets = 2
states = 3
[[checks]]
kind = "bound"
statement = "both routes agree"
source = "KH21"
variable = "balance_error"
at_most = {bound}
"""


# claims of one's own name at least one mutation
PARTS = """
from pathlib import Path
from hopsim import extend

for file in Path(__file__).with_name("claims").glob("*.toml"):
    extend.mutation(file.stem, "other numbers")(lambda: {"seed": 1})
"""


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A directory of small claims, and a function that writes one more."""
    for name in ("_mutations", "_loaded"):
        monkeypatch.setattr(parts, name, {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "parts.py").write_text(PARTS)
    place = tmp_path / "claims"
    place.mkdir()

    def add(name, id, tag="energy", seed=0, bound=1e-12):
        text = TEXT.format(name=name, id=id, tag=tag, seed=seed, bound=bound)
        (place / f"{name}.toml").write_text(text)

    add("cl-02", "CL-02", "adiabatic")
    add("cl-10", "CL-10")
    add("cl-02-more", "CL-02", "energy", 1)
    return place, add


def names(tasks):
    return [task.name for task in tasks]


# --- finding --------------------------------------------------------------------------


def test_claims_are_found_by_id_name_and_tag(shelf):
    place, _ = shelf
    every = ["cl-02", "cl-02-more", "cl-10"]  # CL-2 before CL-10
    assert names(find_claims(place, [], True, {})) == every
    assert names(find_claims(place, ["cl-02-MORE"], True, {})) == ["cl-02-more"]
    assert names(find_claims(place, ["CL-02"], True, {})) == ["cl-02", "cl-02-more"]
    assert names(find_claims(place, ["energy"], True, {})) == ["cl-02-more", "cl-10"]
    assert names(find_claims(place, ["adiabatic", "cl-10"], True, {})) == [
        "cl-02",
        "cl-10",
    ]


def test_an_unknown_word_is_answered_with_the_nearest(shelf):
    with pytest.raises(ValueError, match=r"no tag 'cl-1'; did you mean 'cl-10'"):
        find_claims(shelf[0], ["CL-1"], True, {})


def test_a_directory_without_claims_says_what_to_do(tmp_path):
    with pytest.raises(ValueError, match=r"no claims in .* --claims"):
        find_claims(tmp_path, [], True, {})


def test_a_scenario_that_is_no_claim_is_refused(shelf):
    place, _ = shelf
    (place / "stray.toml").write_text('name = "stray"\n')
    with pytest.raises(ValueError, match=r"stray.toml is no claim: it needs a table"):
        find_claims(place, [], True, {})


def test_a_claim_is_filed_under_its_name(shelf):
    place, _ = shelf
    os.rename(place / "cl-10.toml", place / "cl-11.toml")
    with pytest.raises(ValueError, match=r'must be named as it says: name = "cl-11"'):
        find_claims(place, [], True, {})


def test_an_override_that_cannot_be_laid_is_told(shelf):
    with pytest.raises(ValueError, match=r"'seed' in 'seed.x' is not a table"):
        find_claims(shelf[0], [], True, {"seed.x": 1})


def test_the_key_changes_with_all_that_decides_a_result(shelf, monkeypatch):
    place, add = shelf
    key = lambda **how: find_claims(place, ["cl-10"], True, how)[0].key
    before = key()
    assert key() == before
    assert key(seed=5) != before
    with open(place / "cl-10.toml", "a") as file:
        file.write("# a comment decides nothing\n")
    assert key() == before
    add("cl-10", "CL-10", bound=1e-11)
    assert key() != before
    add("cl-10", "CL-10")
    monkeypatch.setattr(_reach, "code", lambda *_: "other code")
    assert key() != before
    monkeypatch.undo()
    monkeypatch.setattr(_reach, "data", lambda *_: "other images")
    assert key() != before
    monkeypatch.undo()
    monkeypatch.setattr("hopsim.claims.tasks.versions", lambda: "other libraries")
    assert key() != before
    monkeypatch.undo()
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    assert key() != before


def test_a_quick_run_has_a_key_of_its_own(shelf):
    place, _ = shelf
    (small,), (whole,) = (
        find_claims(place, ["cl-10"], quick, {}) for quick in (True, False)
    )
    assert small.key != whole.key
    assert small.rerun.startswith("hopsim verify cl-10 --quick --claims ")
    (other,) = find_claims(place, ["cl-10"], False, {"seed": 3})
    assert shlex.split(other.rerun)[:5] == [
        "hopsim",
        "verify",
        "cl-10",
        "--full",
        "--set",
    ]
    assert shlex.split(other.rerun)[5:] == ["seed=3", "--claims", str(place)]


# --- the pool, with a stand-in for its processes --------------------------------------

STAND_IN = """
import json, os, pathlib, sys, time
for line in sys.stdin:
    task = json.loads(line)
    name = pathlib.Path(task["file"]).stem
    if name == "cl-02-more":
        os._exit(9)
    print(json.dumps({"what": "pattern sets", "done": 1, "total": 2}), flush=True)
    kept = pathlib.Path(task["place"]) / task["directory"]
    kept.mkdir()
    verdict = {"statement": "s", "passed": True, "measured": "1", "expected": "1",
               "source": "x", "error": "", "tolerance": "", "value": 1.0, "low": 0.5,
               "high": 2.0, "samples": "1 in 1 pattern set"}
    told = {"passed": True, "checks": [verdict], "seconds": 0.5, "pictures": [],
            "device": "none", "seed": 0, "precision": "float64", "not_drawn": ""}
    (kept / "verdicts.json").write_text(json.dumps(told))
    print(json.dumps({"ended": None, "seconds": 0.5}), flush=True)
"""


@pytest.fixture
def stand_in(monkeypatch):
    def hire(module, mine):
        return subprocess.Popen(
            [sys.executable, "-c", STAND_IN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    monkeypatch.setattr(pool, "_start", hire)


def test_a_process_that_dies_takes_one_claim_with_it(shelf, stand_in, tmp_path):
    told, ended = [], []
    book = verify(
        find_claims(shelf[0], [], True, {}),
        tmp_path / "out",
        1,
        lambda task, *words: told.append((task.name, *words)),
        lambda entry: ended.append(entry["name"]),
    )
    assert (book["passed"], book["failed"]) == (2, 1)
    assert sorted(ended) == ["cl-02", "cl-02-more", "cl-10"]
    assert ("cl-10", "pattern sets", 1, 2) in told
    (lost,) = (e for e in book["claims"] if not e["passed"])
    assert lost["name"] == "cl-02-more"
    assert "ended with code 9" in lost["error"]
    assert [e["id"] for e in book["claims"]] == ["CL-02", "CL-02", "CL-10"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "ended with code 9" in page
    # what has ended is kept; what has died is tried again
    ended.clear()
    again = verify(find_claims(shelf[0], [], True, {}), tmp_path / "out", 1)
    assert [e["kept"] for e in again["claims"]] == [True, False, True]


@pytest.mark.parametrize(
    "text",
    ['{"passed": tr', "null", "{}", '{"passed": true, "checks": [], "seconds": 1}'],
)
def test_a_run_that_left_no_whole_verdicts_is_not_kept(shelf, stand_in, tmp_path, text):
    (task,) = find_claims(shelf[0], ["cl-10"], True, {})
    place = tmp_path / "out" / task.directory
    place.mkdir(parents=True)
    (place / "verdicts.json").write_text(text)
    _longest_first([task], tmp_path / "out")
    with pytest.warns(Notice, match="is damaged .* set aside as .* must run again"):
        assert cached_entry(task, tmp_path / "out") is None
    assert not place.exists()
    assert [p.name for p in place.parent.iterdir()] == [f"{place.name}.damaged"]


WHOLE = {
    "passed": True, "seconds": 0.5, "pictures": ["energy.png"], "device": "none",
    "seed": 0, "precision": "float64", "not_drawn": "",
    "checks": [
        {"statement": "s", "passed": True, "measured": "1", "expected": "1",
         "source": "x", "error": "", "tolerance": "", "value": 1.0, "low": None,
         "high": 2, "samples": ""}
    ],
}  # fmt: skip
STRANGE = [None, [], {}, [[]], "\ud800", "a\0b", -1, 10**400, True, ["../x"], [3], 1.5]


def damaged_verdicts():
    """Whole verdicts with one entry left out, or of another kind."""
    for name in WHOLE:
        yield {k: v for k, v in WHOLE.items() if k != name}
        for value in STRANGE:
            if value != WHOLE[name] and not (name == "pictures" and value == []):
                yield WHOLE | {name: value}
    (check,) = WHOLE["checks"]
    for name in check:
        yield WHOLE | {"checks": [{k: v for k, v in check.items() if k != name}]}
        yield from (WHOLE | {"checks": [check | {name: x}]} for x in STRANGE)


def test_damaged_verdicts_are_none_or_make_a_report(shelf, tmp_path):
    """Whatever stands in them, a claim is set aside, or its page can be written."""
    (task,) = find_claims(shelf[0], ["cl-10"], True, {})
    out = tmp_path / "out"
    found = out / task.directory / "verdicts.json"
    aside = 0
    for told in damaged_verdicts():
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(json.dumps(told))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            entry = cached_entry(task, out)
        assert len(said) == (entry is None)
        aside += entry is None
        if entry is not None:
            book = report_of([entry], "hopsim verify")
            json.dumps(book, allow_nan=False)
            report.render_page(book, out).encode()
            list(ledger_rows(entry))
    assert aside > 200
    found.parent.mkdir()
    found.write_text(json.dumps(WHOLE | {"id": "X", "directory": "..", "error": "no"}))
    entry = cached_entry(task, out)
    assert entry is not None
    assert (entry["id"], entry["directory"]) == ("CL-10", task.directory)
    assert entry["error"] is None


def test_a_picture_outside_its_directory_is_never_shown(shelf, stand_in, tmp_path):
    out = tmp_path / "out"
    book = verify(find_claims(shelf[0], ["cl-10"], True, {}), out, 1)
    (entry,) = book["claims"]
    inside = out / entry["directory"] / "energy.png"
    for place in (inside, out / "other.png", tmp_path / "secret.png"):
        place.write_bytes(b"pixels")
    (inside.parent / "link.png").symlink_to(tmp_path / "secret.png")
    shown = lambda **changed: (
        "data:image" in report.render_page(book | {"claims": [entry | changed]}, out)
    )
    assert shown(pictures=["energy.png"])
    for name in ("../other.png", "../../secret.png", str(inside), "link.png", "."):
        assert not shown(pictures=[name])
    for directory in ("..", "../..", str(tmp_path), ""):
        assert not shown(pictures=["secret.png"], directory=directory)


def test_two_never_verify_in_one_directory_at_once(shelf, stand_in, tmp_path):
    tasks, out = find_claims(shelf[0], ["cl-10"], True, {}), tmp_path / "out"
    refused = []

    def again(*_):
        with pytest.raises(ValueError, match=f"process {os.getpid()} on .* --out"):
            verify(tasks, out, 1)
        refused.append(True)

    verify(tasks, out, 1, on_progress=again)
    assert refused
    assert verify(tasks, out, 1)["claims"][0]["kept"]
    assert not [p for p in out.iterdir() if p.name.startswith(".")]


def test_a_report_that_its_place_cannot_hold_is_kept_elsewhere(
    shelf, stand_in, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    out, write = tmp_path / "out", report.write_page

    def full(found, place, path):
        if path.is_relative_to(out):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(found, place, path)

    monkeypatch.setattr(report, "write_page", full)
    done = run(shelf[0], out, "cl-10")
    assert done.exit_code == 2
    assert "1/1 claims hold" in done.stdout
    assert "The report cannot be kept" in done.stderr
    (page,) = (tmp_path / "home").rglob("report.html")
    assert str(page.parent) in done.stderr


def test_an_interrupt_says_what_is_kept(shelf, stand_in, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("hopsim.claims.verify.report_of", interrupted)
    done = run(shelf[0], tmp_path / "out", "cl-10", "adiabatic")
    assert done.exit_code == 130
    assert "stopped: 2 of 2 claims have ended; they are kept in" in done.stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [("tags", 5), ("source", 5), ("statement", True), ("false_alarm", "abc")],
)
def test_a_claim_of_wrong_types_is_refused(shelf, key, value):
    with pytest.raises(ValueError, match=rf"claim.{key} must be a .*, got {value!r}"):
        find_claims(shelf[0], ["cl-10"], True, {f"claim.{key}": value})


def test_a_place_that_cannot_be_written_to_is_told_before_any_work(shelf, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"Ledgers cannot be made in .* --out"):
        verify(find_claims(shelf[0], [], True, {}), tmp_path / "file" / "out")


def test_cores_are_shared_out(monkeypatch):
    monkeypatch.setattr(pool, "cores", lambda: [0, 1, 2, 3, 4])
    assert core_shares(2) == [[0, 1], [2, 3, 4]]
    assert core_shares(5) == [[0], [1], [2], [3], [4]]
    assert core_shares(7) == [[0], [1], [2], [3], [4], [0], [1]]


# --- what the report covers -----------------------------------------------------------


def ledger(out):
    """Name, size and change of every claim of the ledger, and whether it was kept."""
    book = json.loads((out / "ledger.json").read_text())
    told = [(c["name"], c["size"], c["changed"], c["kept"]) for c in book["claims"]]
    return book, told


def test_a_later_report_covers_what_an_earlier_one_told(shelf, stand_in, tmp_path):
    place, add = shelf
    out = tmp_path / "out"
    ask = lambda name, quick=True, **how: verify(
        find_claims(place, [name], quick, how), out, 1
    )
    ask("cl-10")
    ask("cl-10", quick=False)
    ask("cl-10", seed=5)
    last = ask("claims/cl-02")
    assert [claim["name"] for claim in last["claims"]] == ["cl-02"]
    assert last["others"] == 3
    book, told = ledger(out)
    assert told == [
        ("cl-02", "quick", "", False),
        ("cl-10", "full", "", True),
        ("cl-10", "quick", "", True),
        ("cl-10", "quick", "seed = 5", True),
    ]
    assert (book["passed"], book["failed"], book["changed"]) == (3, 0, 1)
    assert book["size"] == "quick and full"
    assert (out / "report.html").read_text().count("<section class") == 4
    # a claim that is another one by now is not kept, and its name is told
    add("cl-10", "CL-10", bound=1e-11)
    assert ask("claims/cl-02")["others"] == 0
    book, told = ledger(out)
    assert told == [("cl-02", "quick", "", True)]
    assert book["lapsed"] == ["cl-10 (full)", "cl-10 (quick)"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 9999,
        *(
            pytest.param(text, marks=pytest.mark.slow)  # a worker for each
            for text in (
                *(
                    "",
                    "[]",
                    "{}",
                    '{"name": 5}',
                    "\0",
                    '{"name": "../x", "place": null}',
                ),
                '{"name": "cl-10", "place": null, "quick": 1, "overrides": []}',
            )
        ),
    ],
)
def test_a_request_that_cannot_be_read_hides_no_other(shelf, stand_in, tmp_path, text):
    out = tmp_path / "out"
    (first,) = find_claims(shelf[0], ["cl-10"], True, {})
    verify([first], out, 1)
    verify(find_claims(shelf[0], ["cl-10"], False, {}), out, 1)
    asked = out / first.directory / "asked.json"
    asked.write_text(text)
    with pytest.warns(Notice, match=r"asked.json is damaged .* leave this run out"):
        verify(find_claims(shelf[0], ["claims/cl-02"], True, {}), out, 1)
    assert [name for name, *_ in ledger(out)[1]] == ["cl-02", "cl-10"]
    assert asked.with_name("asked.json.damaged").read_text() == text


def test_a_claim_is_changed_by_what_changes_it_alone(shelf):
    (same,) = find_claims(shelf[0], ["cl-10"], True, {"seed": 0})  # as it is
    assert same.changed == ""
    (other,) = find_claims(shelf[0], ["cl-10"], True, {"title": "x" * 300, "seed": 1})
    title, seed = other.changed.split(", ")
    assert title.startswith('title = "xxx')
    assert title.endswith("...")
    assert len(title) == 80
    assert seed == "seed = 1"


# --- the command, with real processes -------------------------------------------------


def words(place, out, *more):
    return [
        *("verify", "--quick", "--jobs", "1"),
        *("--claims", str(place), "--with", str(place.with_name("parts.py"))),
        *("--out", str(out), *more),
    ]


def run(*given):
    """The command in this process, with a real one for the claims."""
    return hopsim_cli(*words(*given))


def told(out):
    """The ledger, without what may differ between a run and its repetition."""
    book = json.loads((out / "ledger.json").read_text())
    for entry in book["claims"]:
        del entry["seconds"], entry["kept"]
    return {k: v for k, v in book.items() if k not in ("seconds", "wall")}


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(shelf, tmp_path):
    place, _ = shelf
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    done = run(place, whole)
    assert done.exit_code == 0, done.stderr
    assert "3/3 claims hold (quick)" in done.stdout
    begun = subprocess.Popen(
        [sys.executable, "-m", "hopsim", *words(place, broken)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list(broken.glob("cl-*/verdicts.json")):
        assert begun.poll() is None
        time.sleep(0.02)
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    assert not (broken / "ledger.json").exists()
    done = run(place, broken)
    assert done.exit_code == 0, done.stderr
    assert "0 kept" not in done.stdout
    assert told(broken) == told(whole)
    again = run(place, broken)
    assert "3 cached" in again.stdout


@pytest.mark.slow
def test_failures_and_errors_are_told_and_cost_the_exit_code(shelf, tmp_path):
    place, add = shelf
    add("cl-10", "CL-10", bound=1e-30)
    add("cl-02", "CL-02", bound=-1)
    text = (place / "cl-02.toml").read_text()
    (place / "cl-02.toml").write_text(text.replace("states = 3", "state = 3"))
    done = run(place, tmp_path / "out", "cl-10", "cl-02")
    assert done.exit_code == 1
    assert "FAIL" in done.stdout
    assert "ERROR" in done.stdout
    assert "did you mean 'states'?" in " ".join(done.stdout.split())
    assert "1/3 claims hold" in done.stdout


def test_a_changed_claim_is_not_said_to_hold(shelf, stand_in, tmp_path):
    done = run(shelf[0], tmp_path / "out", "cl-10", "--set", "seed=5")
    assert done.exit_code == 0, done.stderr
    assert "changed CL-10" in done.stderr
    assert "cl-10: changed: seed = 5; not counted, its checks pass" in done.stdout
    assert "no claim was counted (quick), 1 changed" in done.stdout


def test_bad_words_end_with_one_message(shelf, tmp_path):
    done = run(shelf[0], tmp_path / "out", "cl-99")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: There is no claim and no tag 'cl-99'")
    assert not (tmp_path / "out").exists()


def test_report_is_made_of_the_ledger_alone(shelf, stand_in, tmp_path):
    tasks = find_claims(shelf[0], ["cl-10"], True, {})
    verify(tasks, tmp_path / "out", 1)
    book = json.loads((tmp_path / "out" / "ledger.json").read_text())
    page = report.render_page(book, tmp_path / "out")
    assert page == (tmp_path / "out" / "report.html").read_text()
