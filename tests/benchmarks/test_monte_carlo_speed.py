"""b7: a student of n = 3 under the heat bath, against its peers in the same process.

W1 is a student on the Nishimori line, N = 128, M = 16,384, T = 2, 20 replicas from the
teacher's pattern; the others N = 256 with M = alpha N^2/6 random examples, after a
burn-in. A candidate's figure is CPU seconds a visit; the couplings are counted in
their own row, once a data set. `python tests/benchmarks/monte_carlo.py` prints it.
"""

import functools as ft

import monte_carlo_peers as peers
import numpy as np
import pytest
from test_binary_speed import needs


CASES = {  # features, examples, temperature, replicas, sweeps, burn-in
    "W1": (128, 16_384, 2.0, 20, 100, 0),
    "alpha 1, T 0.5": (256, 10_922, 0.5, 16, 30, 30),
    "alpha 1, T 1": (256, 10_922, 1.0, 16, 30, 30),
    "alpha 1, T 2": (256, 10_922, 2.0, 16, 30, 30),
    "alpha 5, T 1": (256, 54_613, 1.0, 16, 30, 10),
    "alpha 5, T 2": (256, 54_613, 2.0, 16, 30, 10),
}


class Case:
    def __init__(self, name):
        from hopsim import Couplings, dynamics, patterns, sample

        features, count, self.temperature, replicas, self.sweeps, burn = CASES[name]
        pattern = patterns.random_binary(0, 1, features)[0]
        draw = np.random.default_rng(1)
        self.starts = draw.choice([-1.0, 1.0], (replicas, features))
        if name == "W1":
            make = ft.partial(patterns.examples, 1, pattern, count, self.temperature, 3)
            self.starts = np.repeat(pattern[None], replicas, axis=0)
        else:
            make = lambda: draw.choice(np.array([-1, 1], np.int8), (count, features))
        self.examples = make()
        self.couplings = Couplings.of(self.examples)
        self.motion = dynamics.Glauber(self.temperature)
        if burn:
            found = sample(self.couplings, self.motion, self.starts, sweeps=burn, key=9)
            self.starts = found.final.astype(float)

    def gate(self):
        """Energies kept from flip to flip are those of the examples themselves."""
        from hopsim import sample

        found = sample(self.couplings, self.motion, self.starts, sweeps=3, key=5)
        features = self.examples.shape[1]
        for s, energy in zip(found.final[:4], found.energies[:4, -1], strict=True):
            x = self.examples.astype(np.int64) @ s.astype(np.int64)
            triples = int(np.sum(x**3 - (3 * features - 2) * x)) // 6
            unit = 6 / features**2
            assert abs(energy + unit * triples) < 1e-6 * unit


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return Case(request.param)


def timed(benchmark, run, rounds):
    _, visits = run()
    benchmark.extra_info["visits"] = int(visits)
    benchmark.pedantic(run, rounds=rounds, iterations=1)


def swept(case, system, kernel, sweeps):
    from hopsim import sample

    def run():
        found = sample(
            system, case.motion, case.starts, sweeps=sweeps, key=3, engine=kernel
        )
        visits = case.starts.size * sweeps
        case.accepted = found.flips.sum() / visits
        return found.final, visits

    return run


def test_hopsim(benchmark, case):
    case.gate()
    timed(benchmark, swept(case, case.couplings, "auto", case.sweeps), rounds=7)
    benchmark.extra_info["accepted"] = float(case.accepted)


def test_examples(benchmark, case):
    from hopsim import student

    run = swept(case, student(case.examples, 3), "examples", 10)
    timed(benchmark, run, rounds=3)


def test_lanes(benchmark, case):
    """The form for accelerators, on the CPU."""
    timed(benchmark, swept(case, case.couplings, "lockstep", 1), rounds=3)


def test_counting(benchmark, case):
    """The couplings themselves, once a data set: in visits of as many sweeps."""
    from hopsim import Couplings

    visits = case.starts.size * case.sweeps
    timed(benchmark, lambda: (Couplings.of(case.examples), visits), rounds=3)


@needs("numba")
def test_numba_overlaps(benchmark, case):
    made = peers.numba_overlaps(case.examples, case.starts[:2], case.temperature, 3, 1)
    timed(benchmark, made, rounds=3)


def test_recomputed(benchmark, case):
    made = peers.recomputed(case.examples, case.starts, case.temperature, 1, 1)
    timed(benchmark, made, rounds=3)
