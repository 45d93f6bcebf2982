"""Units on a Dask cluster: equal, kept, and gone on with whatever dies."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_unit_kills import finished, NETWORK
from test_units import run, same, scenario

import hopsim
from hopsim.runs.unit_cluster import _queued


pytest.importorskip("distributed")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("workers = 3", "kind must name a batch system, got 'None'"),
        ('kind = "slrum"', "did you mean 'slurm'"),
        ('kind = "slurm"', "workers must be how many there are at most"),
        ('kind = "slurm"\nworkers = 2\nno_option = 1', "cluster.toml: .*no_option"),
        ("kind = ", "a TOML file that tells of a cluster"),
    ],
)
def test_a_cluster_file_says_what_it_lacks(tmp_path, text, told):
    file = tmp_path / "cluster.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=told):
        _queued(str(file))


@pytest.mark.slow  # it starts Dask
def test_what_is_no_cluster_is_told(tmp_path):
    for where, told in (("nowhere", "--on takes"), ("0", "--on takes")):
        with pytest.raises(ValueError, match=told):
            run(scenario(), tmp_path, on=where)


def test_a_batch_job_has_the_surroundings_of_a_worker(tmp_path):
    file = tmp_path / "cluster.toml"
    told = (
        'kind = "slurm"\nworkers = 2\ncores = 1\nmemory = "2GB"\nwalltime = "1:00:00"'
    )
    file.write_text(told)
    with _queued(str(file)) as cluster:
        script = cluster.job_script()
    assert "#SBATCH" in script
    assert 'export EQX_ON_ERROR="nan"' in script
    assert 'export JAX_NUM_CPU_DEVICES="1"' in script


# --- real processes -------------------------------------------------------------------


STUDY = {"sets": 20, "values": [300, 320], "network": NETWORK}
RUN = """
import sys, hopsim
from test_units import scenario
hopsim.run(scenario(**{study!r}), out=sys.argv[1], on=sys.argv[2])
"""


@pytest.fixture
def surroundings(monkeypatch):
    tests = str(Path(__file__).parent)
    told = {"PYTHONPATH": os.pathsep.join([tests, *sys.path]), "EQX_ON_ERROR": "nan"}
    return os.environ | told


@pytest.fixture
def started(surroundings):
    """A function that starts a process of Dask, which ends with the test."""
    processes = []

    def start(*words):
        command = [sys.executable, "-m", "dask", *map(str, words)]
        processes.append(
            subprocess.Popen(
                command,
                env=surroundings | {"JAX_NUM_CPU_DEVICES": "1"},
                stderr=subprocess.DEVNULL,
            )
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def scheduler(started, place):
    file = place / f"scheduler-{time.monotonic_ns()}.json"
    process = started("scheduler", "--port", 0, "--scheduler-file", file,
                      "--dashboard-address", ":0")  # fmt: skip
    end = time.monotonic() + 60
    while not file.exists() or not file.read_text():
        assert time.monotonic() < end
        time.sleep(0.1)
    return process, json.loads(file.read_text())["address"]


def worker(started, address):
    return started("worker", address, "--nthreads", 1, "--no-nanny",
                   "--no-dashboard")  # fmt: skip


def wait_for(count, place, process):
    end = time.monotonic() + 120
    while len(finished(place)) < count:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:workers are shown at")
def test_workers_of_this_machine_give_the_plain_record(tmp_path):
    assert same(run(scenario(), tmp_path, on="2"), hopsim.run(scenario()))


@pytest.mark.slow
def test_workers_and_schedulers_may_die(tmp_path, started, surroundings):
    command = [sys.executable, "-c", RUN.format(study=STUDY), str(tmp_path / "out")]
    place = tmp_path / "out"
    first, address = scheduler(started, tmp_path)
    workers = [worker(started, address) for _ in range(2)]
    study = subprocess.Popen([*command, address], env=surroundings)
    for count in (3, 8, 14):  # another worker takes the place of one that is killed
        wait_for(count, place, study)
        workers[0].send_signal(signal.SIGKILL)
        workers = [*workers[1:], worker(started, address)]
    wait_for(18, place, study)
    first.send_signal(signal.SIGKILL)
    assert study.wait(120) != 0
    kept = finished(place)
    assert 18 <= len(kept) < 40
    _, address = scheduler(started, tmp_path)
    worker(started, address)
    subprocess.run([*command, address], env=surroundings, check=True)
    now = finished(place)
    assert {name: now[name] for name in kept} == kept
    assert len(now) == 40
    whole = scenario(**STUDY)
    record = hopsim.load_record(place / f"small-{whole.hash}")
    assert same(record, hopsim.run(whole))
