"""b4: the binary memory against its peers in the same process.

N = 100, K = 2,000, random memories and starts, spins in the order of their numbers,
ties kept, to convergence. `python tests/benchmarks/run.py` pins one core and prints
the ratios; HOPSIM_STARTS sets the number of starts (256; full: 10000). Every final
state must first be that of exact integers.
"""

import functools as ft
import os
from importlib.util import find_spec

import binary_peers as peers
import numpy as np
import pytest


FEATURES, COUNT = 100, 2000
STARTS = int(os.environ.get("HOPSIM_STARTS", "256"))
FEW = 4  # starts for which hopsim's own integers check the reference
POWERS = [(2, False), (3, False), (4, False), (5, False), (3, True), (20, True)]
GATE = 0.99  # of peers: float32 without a certificate may decide a near tie wrongly


def needs(module: str):
    # not importorskip: a benchmark that is skipped by its own body is an error
    return pytest.mark.skipif(
        find_spec(module) is None, reason=f"{module} is a peer that run.py installs"
    )


class Case:
    """One interaction function, its network and starts, and where they end."""

    def __init__(self, n: int, rectified: bool):
        from hopsim import lagrangians, Network, patterns

        self.n, self.rectified = n, rectified
        self.memories = patterns.random_binary(0, COUNT, FEATURES)
        self.starts = patterns.random_binary(1, STARTS, FEATURES)
        kind = lagrangians.RectifiedPolynomial if rectified else lagrangians.Polynomial
        self.network = Network(self.memories, lagrangians.AbsoluteValue(), kind(n))
        found = self.relax()
        assert np.all(found.converged)
        self.final, self.sweeps = found.final, found.sweeps
        self.certain = {
            "ties": int(found.ties.sum()),
            "float64": int(found.doubtful.sum()),
            "exact": int(found.exact.sum()),
        }

    def relax(self, **options):
        from hopsim import dynamics
        from hopsim.dynamics.spins.relaxation import relax

        motion = dynamics.Binary(order="sequential", tie="keep")
        return relax(self.network, motion, self.starts, **options)

    def by_python(self):
        """Where a few starts end by Python's integers."""
        from hopsim.dynamics.spins.exact_decisions import Exact

        exact, ends = Exact(self.network), []
        for s in self.starts[:FEW].astype(np.int64):
            flips = 1
            while flips:
                s, flips, _ = exact.sweep(s, np.arange(FEATURES))
            ends.append(s)
        return np.array(ends)


def _name(power):
    return f"{power[0]}-" + ("rectified" if power[1] else "power")


@pytest.fixture(scope="module", params=POWERS, ids=_name)
def case(request):
    return Case(*request.param)


def timed(benchmark, case, run, starts, gate, rounds):
    """Gate first, then the clock; the table is made from the medians."""
    same = np.mean(np.all(run() == case.final[:starts], axis=1))
    assert same >= gate, f"{same:.2%} of the final states are right"
    visits = int(np.sum(case.sweeps[:starts])) * COUNT * FEATURES
    benchmark.extra_info |= {"visits": visits, "same": float(same)} | case.certain
    benchmark.pedantic(run, rounds=rounds, iterations=1)


def test_hopsim(benchmark, case):
    assert np.array_equal(case.by_python(), case.final[:FEW])
    if find_spec("numba"):
        reference = peers.exact_integers(case.n, case.rectified)
        assert np.array_equal(reference(case.memories, case.starts), case.final)
    run = lambda: case.relax().final
    timed(benchmark, case, run, STARTS, 1.0, rounds=7)


def test_lockstep(benchmark, case):
    """The form for accelerators, on the CPU."""
    run = lambda: case.relax(engine="lockstep").final
    timed(benchmark, case, run, STARTS, 1.0, rounds=3)


def peer(benchmark, case, make, starts=STARTS, gate=GATE, rounds=7):
    starts = min(starts, STARTS)
    one = make(case.n, case.rectified)
    run = ft.partial(one, case.memories, case.starts[:starts])
    timed(benchmark, case, run, starts, gate, rounds)


@needs("numba")
def test_numba_simd(benchmark, case):
    peer(benchmark, case, peers.numba_simd)


@needs("numba")
def test_numba_table(benchmark, case):
    peer(benchmark, case, peers.numba_table, gate=1.0 if case.n <= 5 else GATE)


def test_numpy_incremental(benchmark, case):
    peer(benchmark, case, peers.numpy_incremental, starts=256, rounds=3)


def test_numpy_all_at_once(benchmark, case):
    # arrays of 2 MB leave the cache, and are given back to the system and asked again
    make = ft.partial(peers.numpy_incremental, at_once=256)
    peer(benchmark, case, make, starts=256, rounds=3)


@needs("torch")
def test_torch_incremental(benchmark, case):
    peer(benchmark, case, peers.torch_incremental, starts=256, rounds=3)


@needs("torch")
def test_torch_all_at_once(benchmark, case):
    make = ft.partial(peers.torch_incremental, at_once=256)
    peer(benchmark, case, make, starts=256, rounds=3)


@needs("torch")
def test_torch_package(benchmark, case):
    peer(benchmark, case, peers.torch_package, starts=32, rounds=1)
