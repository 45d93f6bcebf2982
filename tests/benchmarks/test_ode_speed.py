"""b1 to b3: model B against its peers in the same process.

Two layers, t = 20, tau_memory = 0.1, beta = 4 / sqrt(features), Tsit5 (or its like),
rtol = atol = 1e-5, starts are memories with 30 % of the signs flipped. `python
tests/benchmarks/run.py` pins one core and prints the ratios. Every case must first
agree with a tight reference.
"""

from typing import Any

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import softmax


TAU, END, TOL = 0.1, 20.0, 1e-5
# features, memories, probes, precision
SMALL = [
    (64, 100, 1, "float32"),
    (64, 100, 64, "float32"),
    (64, 100, 64, "float64"),
    (64, 100, 1024, "float32"),
]
LARGE = [
    (256, 1024, 64, "float32"),
    (256, 1024, 64, "float64"),
    (784, 4096, 1, "float32"),
    (784, 4096, 16, "float32"),
]
GATE = 1e-4  # relative to the largest |v|: a few tolerances
SCIPY_PROBES = 2  # the loop over probes is timed on so many, and scaled


class Case:
    """One size, its memories and its probes."""

    def __init__(self, size):
        from hopsim import patterns

        self.features, self.count, batch, dtype = size
        self.beta = 4 / np.sqrt(self.features)
        memories = patterns.random_binary(0, self.count, self.features)
        targets = memories[np.arange(batch) % self.count]
        probes = patterns.corrupted(1, targets, flipped=0.3)
        self.memories, self.probes = memories.astype(dtype), probes.astype(dtype)
        self.rounds = 7 if self.features < 500 else 3

    def simulate(self, until: Any = "duration", audit=False, **options):
        from hopsim import dynamics, model_b, simulate

        given = {"solver": "tsit5", "rtol": TOL, "atol": TOL, "save": ()} | options
        return simulate(
            model_b(self.memories, self.beta),
            dynamics.TwoLayer(tau_memory=TAU),
            self.probes,
            duration=END,
            samples=2,
            until=until,
            residual_tolerance=1e-5 if until == "steady" else None,
            audit=audit,
            **given,
        )

    def field(self, t, y, memories):
        v, h = y
        f = jax.nn.softmax(np.asarray(self.beta, h.dtype) * h)
        return f @ memories - v, (memories @ v - h) / np.asarray(TAU, h.dtype)


def _name(size):
    features, count, batch, dtype = size
    return f"{features}x{count},B={batch},{dtype}"


@pytest.fixture(scope="module", params=SMALL + LARGE, ids=_name)
def case(request):
    return Case(request.param)


@pytest.fixture(scope="module", params=SMALL, ids=_name)
def small(request):
    return Case(request.param)


@pytest.fixture(scope="module")
def ends():
    """End states at 1e-9 of at most 64 probes, once for each case."""
    found = {}

    def of(case):
        if case not in found:
            exact = Case.__new__(Case)
            exact.__dict__ |= case.__dict__
            exact.memories = case.memories.astype("float64")
            exact.probes = case.probes[:64].astype("float64")
            found[case] = exact.simulate(solver="dopri8", rtol=1e-9, atol=1e-11).final
        return found[case]

    return of


def timed(benchmark, case, run, ends, scale=1.0):
    """Gate first, then the clock; the ratio table is made from the medians."""
    expected = ends(case)
    final = np.asarray(run())[: len(expected)]
    expected = expected[: len(final)]
    away = np.max(np.abs(final - expected), axis=1) / np.max(np.abs(expected))
    # a probe on a separatrix may leave it on either side: none may be wrong otherwise
    assert np.mean(away < GATE) >= 0.98, np.sort(away)[-3:]
    benchmark.extra_info["scale"] = scale
    benchmark.pedantic(run, rounds=case.rounds, warmup_rounds=1, iterations=1)


@pytest.mark.parametrize("audit", ["bare", "audited"])
@pytest.mark.parametrize("until", ["duration", "steady"])
def test_hopsim(benchmark, case, ends, until, audit):
    run = lambda: case.simulate(until, audit == "audited").final
    timed(benchmark, case, run, ends)


def test_stock_diffrax_vmap(benchmark, case, ends):
    number = lambda x: jnp.asarray(x, case.memories.dtype)

    def one(v, memories):
        solution = dfx.diffeqsolve(
            dfx.ODETerm(case.field),
            dfx.Tsit5(),
            t0=number(0),
            t1=number(END),
            dt0=None,
            y0=(v, memories @ v),
            args=memories,
            stepsize_controller=dfx.PIDController(rtol=number(TOL), atol=number(TOL)),
            throw=False,
        )
        assert solution.ys is not None
        return solution.ys[0][0]

    solve = eqx.filter_jit(jax.vmap(one, in_axes=(0, None)))
    run = lambda: solve(case.probes, case.memories).block_until_ready()
    timed(benchmark, case, run, ends)


def test_rk4_scan(benchmark, small, ends):
    dt = jnp.asarray(0.05, small.memories.dtype)

    @jax.jit
    def solve(v, memories):
        rhs = lambda y: small.field(None, y, memories)

        def step(y, _):
            move = lambda k, w: jax.tree.map(lambda a, b: a + w * dt * b, y, k)
            k1 = rhs(y)
            k2 = rhs(move(k1, 0.5))
            k3 = rhs(move(k2, 0.5))
            k4 = rhs(move(k3, 1.0))
            total = lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6
            return move(jax.tree.map(total, k1, k2, k3, k4), 1.0), None

        one = lambda v: jax.lax.scan(step, (v, memories @ v), None, round(END / 0.05))
        return jax.vmap(one)(v)[0][0]

    run = lambda: solve(small.probes, small.memories).block_until_ready()
    timed(benchmark, small, run, ends)


def flat_field(t, y, case):
    y = y.reshape(-1, case.features + case.count)
    v, h = y[:, : case.features], y[:, case.features :]
    dv = softmax(case.beta * h, axis=1) @ case.memories - v
    return np.concatenate([dv, (v @ case.memories.T - h) / TAU], axis=1).ravel()


def scipy_solve(case, probes):
    start = np.concatenate([probes, probes @ case.memories.T], axis=1).ravel()
    settings = {"method": "RK45", "rtol": TOL, "atol": TOL, "args": (case,)}
    end = solve_ivp(flat_field, (0, END), start, **settings).y[:, -1]
    return end.reshape(-1, case.features + case.count)[:, : case.features]


def test_scipy_loop(benchmark, small, ends):
    few = small.probes[:SCIPY_PROBES]
    run = lambda: np.concatenate([scipy_solve(small, p[None]) for p in few])
    timed(benchmark, small, run, ends, scale=len(small.probes) / len(few))


def test_torchdiffeq(benchmark, case, ends):
    torch = pytest.importorskip("torch", reason="run.py installs the peers")
    torchdiffeq = pytest.importorskip("torchdiffeq")
    torch.set_num_threads(1)
    as_torch = lambda x: torch.from_numpy(np.ascontiguousarray(x))
    memories, probes = as_torch(case.memories), as_torch(case.probes)

    def rhs(t, y):
        v, h = y[:, : case.features], y[:, case.features :]
        dv = torch.softmax(case.beta * h, dim=1) @ memories - v
        return torch.cat([dv, (v @ memories.T - h) / TAU], dim=1)

    start = torch.cat([probes, probes @ memories.T], dim=1)
    times = torch.tensor([0.0, END], dtype=start.dtype)

    def run():
        with torch.no_grad():
            y = torchdiffeq.odeint(
                rhs, start, times, rtol=TOL, atol=TOL, method="dopri5"
            )
        return y[-1, :, : case.features].numpy()

    timed(benchmark, case, run, ends)


def test_bare_matrix_products(benchmark, case):
    """The bound: both products of each evaluation of hopsim's longest probe."""
    path = case.simulate()
    evaluations = 6 * int(np.max(path.steps + path.rejected))

    @jax.jit
    def products(v, memories):
        size = jnp.asarray(1 / memories.size, v.dtype)
        both = lambda _, v: size * ((v @ memories.T) @ memories)
        return jax.lax.fori_loop(0, evaluations, both, v)

    run = lambda: products(case.probes, case.memories).block_until_ready()
    benchmark.extra_info["scale"] = 1.0
    benchmark.pedantic(run, rounds=case.rounds, warmup_rounds=1, iterations=1)


# --- b3: probes of very unequal cost ------------------------------------------------

VARIED = {
    "tau": lambda rng, n: {"dynamics.tau_memory": 10 ** rng.uniform(-2, 0, n)},
    "beta": lambda rng, n: {
        "network.memory_lagrangian.beta": 0.5 * 10 ** rng.uniform(-1, 1, n)
    },
}


@pytest.fixture(scope="module")
def ragged():
    return Case((64, 100, 1024, "float32"))


@pytest.mark.parametrize("way", ["sorted", "unsorted", "lock-step", "stock-lock-step"])
@pytest.mark.parametrize("what", VARIED)
def test_b3(benchmark, ragged, what, way, monkeypatch):
    import hopsim.simulation as simulation

    varied = VARIED[what](np.random.default_rng(2), len(ragged.probes))
    options: dict[str, Any] = {"varied": varied}
    if "lock-step" in way:
        options["chunk"] = len(ragged.probes)
    if "stock" in way:
        options["solver"] = "stock_tsit5"
    if way == "unsorted":
        order = simulation._by_cost
        hardest = lambda *given: (None, order(*given)[1])
        monkeypatch.setattr(simulation, "_by_cost", hardest)
    run = lambda: ragged.simulate("steady", **options)
    path = run()
    attempts = path.steps + path.rejected
    benchmark.extra_info["scale"] = 1.0
    benchmark.extra_info["largest over mean"] = float(attempts.max() / attempts.mean())
    benchmark.pedantic(run, rounds=3, iterations=1)
