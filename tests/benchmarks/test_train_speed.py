"""b6: one epoch of the classifier against its peers in the same process.

60,000 images of 784 pixels around ten prototypes, K = 2,000 memories, minibatches of
1,000; the whole epoch, the gather of the permuted images included.
`python tests/benchmarks/run.py` pins one core and prints seconds and ratios, and
`python tests/benchmarks/train.py` this case alone; HOPSIM_IMAGES sets the number of
images (a multiple of 1,000). First the memories after one update must be those of the
notebook's own operations.
"""

import functools as ft
import os

import numpy as np
import pytest
import train_peers as peers
from test_binary_speed import needs


PIXELS, COUNT, BATCH = 784, 2000, 1000
IMAGES = int(os.environ.get("HOPSIM_IMAGES", "60000"))
FEW = 2  # minibatches of the slow peers, scaled to an epoch
CASES = [
    (n, m, temperature, dtype)
    for n, m, temperature in ((20, 30, 540.0), (3, 3, 300.0))
    for dtype in ("float32", "float64")
]
GATE = {"float64": 1e-13, "float32": 1e-5}  # |change of a weight|, of at most 0.04


def prototypes(dtype):
    """Images of ten classes: mostly paper, each with a tenth of its pixels changed."""
    draw = np.random.default_rng(0)
    ink = draw.random((peers.CLASSES, PIXELS)) < 0.2
    labels = draw.integers(peers.CLASSES, size=IMAGES)
    states = np.empty((IMAGES, PIXELS), dtype)
    for k in range(0, IMAGES, BATCH):  # one minibatch after the other: less memory
        told = labels[k : k + BATCH]
        grey = draw.random((len(told), PIXELS), np.float32)
        flipped = draw.random((len(told), PIXELS), np.float32) < 0.1
        states[k : k + BATCH] = np.where(ink[told] ^ flipped, grey, -1)
    return states, labels


class Case:
    """One power in one precision: examples, memories, and hopsim's trainers."""

    def __init__(self, n, m, temperature, dtype):
        from hopsim import lagrangians as L, Network
        from hopsim._common.streams import Stream
        from hopsim.training import Examples, KrotovHopfieldRule, objective_of
        from hopsim.training.plan import TrainingPlan
        from hopsim.training.trainer import Trainer

        self.n, self.m, self.temperature = n, m, temperature
        self.dtype, self.name = np.dtype(dtype).type, dtype
        self.states, self.labels = prototypes(dtype)
        size = (COUNT, PIXELS + peers.CLASSES)
        start = np.random.default_rng(1).normal(-0.3, 0.3, size)
        self.memories = np.clip(start, -1, 1).astype(dtype)
        self.rows = np.arange(IMAGES, dtype=np.int32).reshape(-1, BATCH)
        network = Network(self.memories, L.AbsoluteValue(), L.RectifiedPolynomial(n))

        def trainer(form, images):
            return Trainer(
                TrainingPlan(
                    network=network,
                    objective=objective_of(network, form, m, "original"),
                    rule=KrotovHopfieldRule(peers.RATE, peers.MOMENTUM),
                    examples=Examples(self.states[:images], self.labels[:images]),
                    test=None,
                    epochs=1,
                    batch=BATCH,
                    order="shuffled",
                    temperature=lambda _: temperature,
                    stream=Stream(0),
                )
            )

        self.trainer = trainer

    def peer(self, make, *more):
        return make(self.n, self.m, self.temperature, *more)

    def after_one(self, run):
        """The memories after the first minibatch."""
        return run(self.memories, self.states[:BATCH], self.labels[:BATCH], self.rows)


@pytest.fixture(scope="module", params=CASES, ids=lambda c: f"{c[0]},{c[1]},{c[3]}")
def case(request):
    return Case(*request.param)


def agree(case, found, reference):
    gap = np.max(np.abs(np.asarray(found, np.float64) - reference))
    assert gap <= GATE[case.name], f"one update differs by {gap:.1e}"
    return float(gap)


def hopsim(benchmark, case, form, reference):
    one = case.trainer(form, BATCH)
    moved = one.epoch(one.start(), 0).state.memories
    exact = case.peer(reference)(
        case.memories, case.states[:BATCH], case.labels[:BATCH], case.rows[:1]
    )
    benchmark.extra_info["gap"] = agree(case, moved, exact)
    whole = case.trainer(form, IMAGES)
    start = whole.start()
    run = lambda: whole.epoch(start, 0).finite.block_until_ready()
    assert run()
    benchmark.pedantic(run, rounds=3, iterations=1)


def test_associative(benchmark, case):
    hopsim(benchmark, case, "associative", peers.notebook)


def test_dual(benchmark, case):
    hopsim(benchmark, case, "dual", ft.partial(peers.numpy_dual, dtype=np.float64))


def peer(benchmark, case, run, steps, reference, rounds=1):
    one = case.memories, case.states, case.labels
    exact = case.peer(reference)(*one, case.rows[:1])
    benchmark.extra_info["gap"] = agree(case, run(*one, case.rows[:1]), exact)
    steps = min(steps, len(case.rows))
    benchmark.extra_info["scale"] = len(case.rows) / steps
    timed = lambda: run(*one, case.rows[:steps])
    benchmark.pedantic(timed, rounds=rounds, iterations=1)


def test_notebook(benchmark, case):
    one = case.peer(peers.notebook)
    steps = min(FEW, len(case.rows))
    benchmark.extra_info["scale"] = len(case.rows) / steps
    rows = case.rows[:steps]
    run = lambda: one(case.memories, case.states, case.labels, rows)
    benchmark.pedantic(run, rounds=1, iterations=1)


def test_numpy_lean(benchmark, case):
    run = case.peer(peers.numpy_lean, case.dtype)
    peer(benchmark, case, run, 10, peers.notebook, rounds=3)


@needs("torch")
def test_torch_dual(benchmark, case):
    if case.name != "float32":
        pytest.skip("the goal is one of float32")
    run = case.peer(peers.torch_dual)
    reference = ft.partial(peers.numpy_dual, dtype=np.float64)
    peer(benchmark, case, run, len(case.rows), reference, rounds=3)


def test_bare_products(benchmark, case):
    """The bound: both products of every minibatch, and nothing else."""
    import jax

    shown = case.states[:BATCH] / np.linalg.norm(case.states[:BATCH], 2)
    xi, v = jax.numpy.asarray(case.memories[:, :PIXELS]), jax.numpy.asarray(shown)

    @jax.jit
    def products(xi, v):
        one = lambda x, _: ((x @ v.T) @ v, None)
        return jax.lax.scan(one, xi, length=len(case.rows))[0]

    run = lambda: products(xi, v).block_until_ready()
    run()
    benchmark.pedantic(run, rounds=3, iterations=1)
