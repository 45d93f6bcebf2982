"""Programs are kept between processes, and a run says where its time went."""

import os
import re
import subprocess
import sys
import time

import numpy as np
import pytest

from hopsim._common.clock import Clock, phase, watch, watched, Work, worked
from hopsim.cli import profile


SCENARIO = """
name = "kept"
plots = []
probes = {kind = "corrupted", flipped = 0.2}
run = {duration = 2.0, samples = 3}
network.kind = "model_b"
network.memories = {kind = "random_binary", count = 5, features = 8}
"""


def hopsim_run(place, *options):
    """A fresh process; its standard output and error."""
    scenario = place / "kept.toml"
    scenario.write_text(SCENARIO)
    command = [sys.executable, "-m", "hopsim", "run", str(scenario)]
    command += ["--out", str(place / "runs"), "--force", "--profile", *options]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    environment |= {"XDG_CACHE_HOME": str(place / "cache")}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done


def cached(text):
    """(programs from the cache, programs)"""
    found = re.search(r"\((\d+) of (\d+) programs from the cache\)", text)
    assert found is not None, text
    return int(found[1]), int(found[2])


@pytest.fixture(scope="module")
def two(made_once):
    """What the same run prints twice."""
    names = ("first", "second")

    def run_twice(place):
        for name in names:
            (place / name).write_text(hopsim_run(place).stdout)

    place = made_once("programs_kept", run_twice)
    return [(place / name).read_text() for name in names]


@pytest.mark.slow
def test_the_second_run_of_a_scenario_compiles_nothing(two):
    """Also what stops caching, a host callback behind a check, would be seen here."""
    from_cache, programs = cached(two[0])
    assert from_cache == 0
    assert programs >= 1
    assert cached(two[1]) == (programs, programs)


@pytest.mark.slow
def test_the_compile_cache_can_be_refused(tmp_path):
    """By a run that would keep its programs otherwise."""
    assert cached(hopsim_run(tmp_path, "--no-cache").stdout)[0] == 0
    assert list(tmp_path.glob("cache/**/*-cache")) == []
    hopsim_run(tmp_path)
    assert list(tmp_path.glob("cache/**/*-cache")) != []


@pytest.mark.slow
def test_kept_programs_give_the_same_page(two):
    page = lambda run: re.sub(r"(?s)\ntime .*?\ncheck|\ntime .*", "", run)
    first, second = map(page, two)
    assert "certified to fall" in first
    assert first.splitlines()[:6] == second.splitlines()[:6]


@pytest.mark.slow
def test_a_profile_names_every_phase(two):
    terms = [line.split()[0] for line in two[0].splitlines() if line]
    wanted = ["import", "trace", "compile", "integrate", "analyse", "draw"]
    assert terms[-8:] == [*wanted, "evaluations", "products"]
    assert "% of integrating" in two[0]


# --- the clock ---


def test_phases_inside_phases_count_once():
    clock = Clock()
    clock.spans["integrate"] = [(0.0, 10.0)]
    clock.spans["trace"] = [(1.0, 4.0), (2.0, 3.0), (3.5, 5.0)]  # traces nest
    clock.spans["compile"] = [(4.5, 7.0)]
    assert clock.seconds == {"compile": 2.5, "trace": 3.5, "integrate": 4.0, "draw": 0}


def test_clocks_hear_only_what_happens_while_they_are_watched():
    with watch() as clock:
        with phase("draw"):
            time.sleep(0.01)
        worked(Work(2, 3, np.float64, 8, 40, 6))
    with phase("draw"):
        time.sleep(0.01)
    assert 0.01 <= clock.seconds["draw"] < 1
    assert len(clock.work) == 1
    assert not watched()


def test_a_profile_adds_up():
    clock = Clock()
    clock.spans["integrate"] = [(0.0, 2.0)]
    clock.spans["draw"] = [(2.0, 3.0)]
    clock.work = [Work(4, 6, np.float64, 8, useful=80, executed=12)]
    page = dict(profile.profile_lines(clock, total=5.0, imports=1.0))
    assert page["integrate"].split() == ["2.00", "s"]
    assert page["analyse"].split()[0] == "2.00"
    assert "1.20 times as many" in page["evaluations"]  # 12 evaluations of 8 lanes
    assert page["products"].split()[1] == "s"


def test_implicit_stages_are_not_counted():
    page = dict(profile.profile_lines(Clock(), 1.0, 0.1))
    assert "not counted" in page["evaluations"]
    assert "products" not in page
