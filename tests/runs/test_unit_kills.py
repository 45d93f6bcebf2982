"""Processes that are killed at any moment lose what they had in work, and no more."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_units import same, scenario

import hopsim


KILLS = 20
RUN = """
import sys, hopsim
from test_units import scenario
hopsim.run(scenario(40, [300, 320], network={network!r}), out=sys.argv[1], jobs=2)
"""
NETWORK = {
    "kind": "model_a",
    "memories": {"kind": "random_binary", "count": 300, "features": 3000},
    "interaction": {"kind": "polynomial", "n": 3},
}


def children(pid):
    """The processes that a process has started."""
    listed = Path(f"/proc/{pid}/task").glob("*/children")  # by any of its threads
    return [int(child) for path in listed for child in path.read_text().split()]


def finished(place):
    """The files of finished units, with what changes if one is written again."""
    told = {}
    for path in place.glob("small.units/*/*.npz"):
        state = path.stat()
        told[path.name] = state.st_ino, state.st_mtime_ns
    return told


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks /proc")
def test_nothing_finished_is_lost_or_done_again(tmp_path):
    draw, kept, killed = random.Random(7), {}, {"parent": 0, "worker": 0, "both": 0}
    tests = str(Path(__file__).parent)
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join([tests, *sys.path])}
    command = [sys.executable, "-c", RUN.format(network=NETWORK), str(tmp_path)]
    while sum(killed.values()) < KILLS:
        process = subprocess.Popen(command, env=surroundings)
        end = time.monotonic() + 60
        while process.poll() is None and len(finished(tmp_path)) == len(kept):
            assert time.monotonic() < end
            time.sleep(0.05)
        time.sleep(draw.uniform(0, 0.5))
        whom = draw.choice(sorted(killed))
        victims = children(process.pid) if process.poll() is None else []
        if process.poll() is None and (victims or whom == "parent"):
            chosen = [process.pid] if whom != "worker" else []
            chosen += victims if whom == "both" else []
            chosen += [draw.choice(victims)] if whom == "worker" else []
            for pid in chosen:
                os.kill(pid, signal.SIGKILL)
            killed[whom] += 1
        if whom == "worker":  # another process goes on with its unit
            time.sleep(draw.uniform(0, 0.3))
        if process.poll() is None:
            process.kill()
        process.wait()
        now = finished(tmp_path)
        assert {name: now[name] for name in kept} == kept
        kept = now
        assert len(kept) < 80  # or there was nothing left to kill
    subprocess.run(command, env=surroundings, check=True)
    now = finished(tmp_path)
    assert {name: now[name] for name in kept} == kept
    assert len(now) == 80
    assert min(killed.values()) > 0, killed
    study = scenario(40, [300, 320], network=NETWORK)
    again = hopsim.load_scenario(tmp_path / f"small-{study.hash}")
    assert again == study
    record = hopsim.load_record(tmp_path / f"small-{study.hash}")
    assert same(record, hopsim.run(study))
