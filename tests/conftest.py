"""Settings of the tests. Imports nothing of hopsim: the jaxtyping hook comes first."""

import gc
import importlib.metadata
import itertools
import os
import resource
import shutil
import sys
import tempfile
from pathlib import Path


# as the command line sets it, and before Equinox reads it: a program that holds no host
# callback behind a check can be kept
os.environ.setdefault("EQX_ON_ERROR", "nan")
# the processes that tests start find hopsim compiled, as those of users do
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# the tests ask for right numbers, the benchmarks for fast ones
TIMED = "--benchmark-only" in sys.argv
if not TIMED:
    # for the workers, which inherit it, and share the cores: their threads of small
    # products would only wait for each other
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# XLA compiles fusions in two thirds of the time without its new emitters; versions that
# do not know the flag stop at it
if not TIMED and importlib.metadata.version("jaxlib").startswith("0.10."):
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")

import jax
import jax.random as jr
import jaxtyping
import pytest
from filelock import FileLock


jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

SLOW = 2.0  # CPU seconds of a call from which a test is named at the end
MOST_MAPS = 30_000  # regions of memory: a process may have 65,530 under Linux
MOST_PAGES = 750_000  # of 4 KiB, 3 GB: two workers fit in 8 GB


def pytest_configure(config):
    if TIMED:
        return
    cache = getattr(config, "cache", None)
    place = tempfile.mkdtemp() if cache is None else cache.mkdir("programs")
    set_everywhere(
        # a program that is run once compiles in half the time when it is not optimised
        jax_disable_most_optimizations=True,
        # one cache of compiled programs for all workers and the processes they start
        jax_compilation_cache_dir=str(place),
        jax_persistent_cache_min_compile_time_secs=0.0,
        jax_persistent_cache_min_entry_size_bytes=-1,
    )
    # tracing makes millions of small objects, of which next to none are in a circle
    gc.set_threshold(100_000, 50, 100)


def set_everywhere(**settings):
    """Settings of JAX, here and in the processes that are started from here."""
    for name, value in settings.items():
        jax.config.update(name, value)
        os.environ[name.upper()] = str(value)


@pytest.fixture(scope="module", autouse=True)
def few_programs():
    """Compiled programs stay mapped for as long as a cache holds them: let some go."""
    yield
    home = Path("/proc/self")
    if not home.exists():
        jax.clear_caches()
        return
    pages = int((home / "statm").read_text().split()[1])
    if pages > MOST_PAGES or (home / "maps").read_bytes().count(b"\n") > MOST_MAPS:
        jax.clear_caches()


@pytest.fixture
def getkey():
    """A function that returns a new JAX random key at every call."""
    seeds = itertools.count()
    return lambda: jr.key(next(seeds))


@pytest.fixture
def few_resamples(monkeypatch):
    """Few for every bootstrap, where its value is looked at and no interval."""
    monkeypatch.setattr("hopsim.statistics.RESAMPLES", 9)


@pytest.fixture
def any_types(monkeypatch):
    """Arguments of wrong types come to hopsim's own checks, as they do at users."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.fixture(scope="module")
def unchecked_types():
    """Nothing of the arguments and results of a file's calls is checked."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """A function of a name and a maker: the directory that one worker fills for all."""
    place = tmp_path_factory.getbasetemp()
    place = place.parent if "PYTEST_XDIST_WORKER" in os.environ else place

    def directory(name, make):
        made, done = place / name, place / f"{name}.done"
        with FileLock(place / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(made, ignore_errors=True)  # of a maker that failed
                made.mkdir()
                make(made)
                done.touch()
        return made

    return directory


# --- which tests are slow -------------------------------------------------------------


def cpu_seconds():
    """CPU time of this process and of those that it started and that have ended."""
    used = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(r.ru_utime + r.ru_stime for r in map(resource.getrusage, used))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    before = cpu_seconds()
    try:
        return (yield)
    finally:
        item.user_properties.append(("cpu_seconds", cpu_seconds() - before))


@pytest.fixture
def record_cpu_seconds(record_property):
    """The value of a call that was made apart, whose CPU time is put down here."""

    def value(answer):
        record_property("cpu_seconds_apart", answer.cpu_seconds)
        return answer.value

    return value


def taken_by(report):
    """The CPU time of a call, here and apart."""
    found = report.user_properties
    return sum(value for name, value in found if name.startswith("cpu_seconds"))


def pytest_terminal_summary(terminalreporter):
    reports = [r for rows in terminalreporter.stats.values() for r in rows]
    calls = [r for r in reports if getattr(r, "when", None) == "call"]
    if not calls:
        return
    taken = [(taken_by(report), report.nodeid) for report in calls]
    slow = sorted((row for row in taken if row[0] > SLOW), reverse=True)
    terminalreporter.write_sep("-", f"{len(slow)} calls of more than {SLOW:g} CPU s")
    for seconds, name in slow:
        terminalreporter.write_line(f"{seconds:6.1f} s  {name}")
