"""What commands tell on the error stream while they run."""

import io
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from command_line import hopsim_cli
from tomli_w import dumps

from hopsim._common import progress
from hopsim._common.progress import Reporter
from hopsim.cli import terminal


TINY = {
    "name": "tiny",
    "seed": 3,
    "plots": [],
    "network": {
        "kind": "model_b",
        "memories": {"kind": "random_binary", "count": 4, "features": 12},
    },
    "probes": {"kind": "corrupted", "flipped": 0.1},
    "run": {"duration": 5.0, "samples": 5, "step_energies": 2, "save": ["v", "h"]},
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(dumps(TINY))
    return path


@pytest.fixture
def quick(monkeypatch):
    """Everything is told at once, and all the time."""
    for name, seconds in (("TICK", 0.002), ("GRACE", 0.0), ("SILENCE", 0.01)):
        monkeypatch.setattr(progress, name, seconds)


@pytest.mark.slow  # compiled anew; tests/runs/test_run.py has a run of a stand-in
@pytest.mark.parametrize("command", ["run", "attractors"])
def test_lines_go_to_the_error_stream_and_results_to_the_other(
    file, tmp_path, monkeypatch, command, request
):
    where = ["--out", tmp_path / "runs"] if command == "run" else []
    monkeypatch.setattr(progress, "GRACE", 1e9)  # however slow the machine is
    silent = hopsim_cli(command, file, *where)
    assert (silent.exit_code, silent.stderr) == (0, "")
    request.getfixturevalue("quick")
    again = ["--force"] if command == "run" else []
    told = hopsim_cli(command, file, *where, *again)
    assert told.exit_code == 0
    lines = told.stderr.splitlines()
    assert lines
    parts = ("hopsim: tiny: ", "hopsim: probes: ", "hopsim: states: ")
    assert all(line.startswith((*parts, "hopsim: pictures: ")) for line in lines)
    varies = ("seconds", "wall", "time")  # what was measured of this very run
    kept = lambda text: [x for x in text.splitlines() if not x.startswith(varies)]
    assert kept(told.stdout) == kept(silent.stdout)


def test_epochs_are_signs_of_life():
    stream, now = io.StringIO(), SimpleNamespace(seconds=0.0)
    show = Reporter("small", stream=stream, now=lambda: now.seconds)
    on_epoch = terminal.epoch_lines(show)
    values = {"train_error": 0.5, "test_error": 0.25, "temperature": 60.0}
    for number in (1, 2):
        now.seconds += 1.5
        on_epoch("", values | {"epoch": number, "epochs": 2, "seconds": 1.5})
        show.beat()
    assert stream.getvalue().splitlines() == [
        "    epoch  train error  test error        T  seconds",
        "      1/2      50.00 %     25.00 %       60     1.50",
        "      2/2      50.00 %     25.00 %       60     1.50",
    ]


def test_claims_that_run_are_named_and_those_that_ended_have_a_line():
    stream, now = io.StringIO(), SimpleNamespace(seconds=0.0)
    show = Reporter("verify", stream=stream, now=lambda: now.seconds, lists_parts=False)
    claims = terminal.Verifying(show, 2)
    one, other = SimpleNamespace(name="cl-05"), SimpleNamespace(name="cl-22")
    claims.on_progress(one, "", 0, 1)
    claims.on_progress(one, "probes", 2, 8)
    claims.on_progress(other, "", 0, 1)
    now.seconds = 3.0
    show.beat()
    entry = {"name": "cl-05", "id": "CL-05", "passed": True, "error": "", "changed": ""}
    claims.on_entry(entry | {"kept": False, "seconds": 3.0})
    now.seconds = 13.0
    show.beat()
    claims.on_entry(entry | {"name": "cl-22", "kept": True})
    show.close()
    assert claims.done == 2
    assert stream.getvalue().splitlines() == [
        "hopsim: claims: 0/2, 3 s; cl-05: probes: 2/8, 3 s; cl-22: 3 s",
        "   [1/2] pass    CL-05  cl-05                  3.0 s",
        "hopsim: claims: 1/2, 13 s; cl-22: 13 s",
        "   [2/2] pass    CL-05  cl-22                  kept",
    ]


@pytest.mark.slow  # a process that compiles anew, and runs for a quarter of a minute
def test_a_run_into_a_file_is_never_silent_for_ten_seconds(tmp_path):
    command = ["run", "digit_completion", "--no-cache", "--out", str(tmp_path)]
    begun = last = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "hopsim", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        lines, gaps = [], []
        for line in process.stderr:
            lines.append(line)
            gaps.append(time.monotonic() - last)
            last = time.monotonic()
        summary = process.stdout.read()
    assert process.returncode == 0
    assert time.monotonic() - begun > progress.GRACE
    assert max(*gaps, time.monotonic() - last) < progress.SILENCE
    assert all(line.startswith("hopsim: ") for line in lines)
    assert any("compiling" in line for line in lines)
    assert "hopsim: " not in summary
