"""b1: model B, 64 features and 100 memories, against its peers in the same process.

t = 20, tau_memory = 0.1, beta = 4 / sqrt(64), Tsit5, rtol = atol = 1e-5, starts are
memories with 30 % of the signs flipped. `python tests/benchmarks/run.py` pins one core
and prints the ratios. Every case must first agree with a tight reference.
"""

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import softmax


FEATURES, COUNT, BETA, TAU, END, TOL = 64, 100, 0.5, 0.1, 20.0, 1e-5
CASES = [(1, "float32"), (64, "float32"), (64, "float64"), (1024, "float32")]
GATE = 1e-4  # relative to the largest |v|: a few tolerances
SCIPY_PROBES = 2  # the loop over probes is timed on so many, and scaled


@pytest.fixture(params=CASES, ids=lambda c: f"B={c[0]},{c[1]}")
def case(request):
    from hopsim import patterns

    batch, dtype = request.param
    memories = patterns.random_binary(0, COUNT, FEATURES)
    targets = memories[np.arange(batch) % COUNT]
    probes = patterns.corrupted(1, targets, flipped=0.3)
    return memories.astype(dtype), probes.astype(dtype)


@pytest.fixture
def reference(case):
    """The end states at 1e-10, by our own solver in float64, once for each case."""
    from hopsim import dynamics, model_b, simulate

    memories, probes = (x.astype("float64") for x in case)
    path = simulate(
        model_b(memories, BETA),
        dynamics.TwoLayer(tau_memory=TAU),
        probes[:64],
        duration=END,
        samples=2,
        solver="dopri8",
        rtol=1e-10,
        atol=1e-12,
        until="duration",
        save=(),
    )
    return path.final


def timed(benchmark, run, reference, scale=1.0):
    """Gate first, then the clock; the ratio table is made from the medians."""
    final = np.asarray(run())[: len(reference)]
    expected = reference[: len(final)]
    away = np.max(np.abs(final - expected), axis=1) / np.max(np.abs(expected))
    # a probe on a separatrix may leave it on either side: none may be wrong otherwise
    assert np.mean(away < GATE) >= 0.98, np.sort(away)[-3:]
    benchmark.extra_info["scale"] = scale
    benchmark.pedantic(run, rounds=7, warmup_rounds=1, iterations=1)


def simulated(memories, probes, until):
    from hopsim import dynamics, model_b, simulate

    return simulate(
        model_b(memories, BETA),
        dynamics.TwoLayer(tau_memory=TAU),
        probes,
        duration=END,
        samples=2,
        solver="tsit5",
        rtol=TOL,
        atol=TOL,
        until=until,
        residual_tolerance=1e-5,
        save=(),
    )


@pytest.mark.parametrize("until", ["duration", "steady"])
def test_hopsim(benchmark, case, reference, until):
    memories, probes = case
    timed(benchmark, lambda: simulated(memories, probes, until).final, reference)


def field(t, y, memories):
    v, h = y
    f = jax.nn.softmax(BETA * h)
    return f @ memories - v, (memories @ v - h) / TAU


def test_stock_diffrax_vmap(benchmark, case, reference):
    memories, probes = case
    number = lambda x: jnp.asarray(x, memories.dtype)

    def one(v):
        solution = dfx.diffeqsolve(
            dfx.ODETerm(field),
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

    solve = eqx.filter_jit(jax.vmap(one))
    timed(benchmark, lambda: solve(probes).block_until_ready(), reference)


def test_rk4_scan(benchmark, case, reference):
    memories, probes = case
    dt = jnp.asarray(0.05, memories.dtype)

    @jax.jit
    def solve(v):
        rhs = lambda y: field(None, y, memories)

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

    timed(benchmark, lambda: solve(probes).block_until_ready(), reference)


def flat_field(t, y, memories):
    y = y.reshape(-1, FEATURES + COUNT)
    v, h = y[:, :FEATURES], y[:, FEATURES:]
    dv = softmax(BETA * h, axis=1) @ memories - v
    return np.concatenate([dv, (v @ memories.T - h) / TAU], axis=1).ravel()


def scipy_solve(probes, memories):
    start = np.concatenate([probes, probes @ memories.T], axis=1).ravel()
    settings = {"method": "RK45", "rtol": TOL, "atol": TOL, "args": (memories,)}
    end = solve_ivp(flat_field, (0, END), start, **settings).y[:, -1]
    return end.reshape(-1, FEATURES + COUNT)[:, :FEATURES]


def test_scipy_loop(benchmark, case, reference):
    memories, probes = case
    few = probes[:SCIPY_PROBES]
    run = lambda: np.concatenate([scipy_solve(p[None], memories) for p in few])
    timed(benchmark, run, reference, scale=len(probes) / len(few))


def test_scipy_one_batched_state(benchmark, case, reference):
    memories, probes = case
    timed(benchmark, lambda: scipy_solve(probes, memories), reference)


def test_torchdiffeq(benchmark, case, reference):
    torch = pytest.importorskip("torch", reason="run.py installs the peers")
    torchdiffeq = pytest.importorskip("torchdiffeq")
    torch.set_num_threads(1)
    memories, probes = (torch.from_numpy(np.ascontiguousarray(x)) for x in case)

    def rhs(t, y):
        v, h = y[:, :FEATURES], y[:, FEATURES:]
        dv = torch.softmax(BETA * h, dim=1) @ memories - v
        return torch.cat([dv, (v @ memories.T - h) / TAU], dim=1)

    start = torch.cat([probes, probes @ memories.T], dim=1)
    times = torch.tensor([0.0, END], dtype=start.dtype)

    def run():
        with torch.no_grad():
            y = torchdiffeq.odeint(
                rhs, start, times, rtol=TOL, atol=TOL, method="dopri5"
            )
        return y[-1, :, :FEATURES].numpy()

    timed(benchmark, run, reference)


def test_bare_matrix_products(benchmark, case):
    """The bound: both products of each evaluation of hopsim's longest probe."""
    memories, probes = case
    path = simulated(memories, probes, "duration")
    evaluations = 6 * int(np.max(path.steps + path.rejected))

    @jax.jit
    def products(v):
        size = jnp.asarray(1e-3, v.dtype)
        both = lambda _, v: size * ((v @ memories.T) @ memories)
        return jax.lax.fori_loop(0, evaluations, both, v)

    run = lambda: products(probes).block_until_ready()
    benchmark.extra_info["scale"] = 1.0
    benchmark.pedantic(run, rounds=7, warmup_rounds=1, iterations=1)
