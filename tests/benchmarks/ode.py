"""b1 to b3: model B against its peers, interleaved in one process.

Two layers, t = 20, tau_memory = 0.1, beta = 4 / sqrt(features), Tsit5 (or its like),
rtol = atol = 1e-5, starts are memories with 30 % of the signs flipped. Every candidate
must first agree with a tight reference; then each is run in turn, round after round,
and its median of CPU seconds counts. `--quick` leaves the large networks out,
`--ragged` all but b3. `run.py` starts this file on one pinned core, with one thread.
"""

import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import softmax

import hopsim.simulation as simulation
from hopsim import dynamics, model_b, patterns, simulate


TAU, END, TOL = 0.1, 20.0, 1e-5
# features, memories, probes, precision
SMALL = [
    (64, 100, probes, dtype)
    for probes in (1, 64, 1024)
    for dtype in ("float64", "float32")
]
LARGE = [
    (256, 1024, 64, "float32"),
    (256, 1024, 64, "float64"),
    (784, 4096, 1, "float32"),
    (784, 4096, 16, "float32"),
]
GATE = 1e-4  # relative to the largest |v|: a few tolerances
SCIPY_PROBES = 2  # the loop over probes is timed on so many, and scaled

Run = Callable[[], Any]


class Case:
    """One size, its memories and its probes."""

    def __init__(self, size: tuple[int, int, int, str]):
        self.features, self.count, batch, dtype = size
        self.beta = 4 / np.sqrt(self.features)
        memories = patterns.random_binary(0, self.count, self.features)
        targets = memories[np.arange(batch) % self.count]
        probes = patterns.corrupted(1, targets, flipped=0.3)
        self.memories, self.probes = memories.astype(dtype), probes.astype(dtype)
        self.rounds = 7 if self.features < 500 else 3

    def simulate(self, until: Any = "duration", audit: bool = False, **options: Any):
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
        """The flow, as its users would write it for JAX."""
        v, h = y
        f = jax.nn.softmax(np.asarray(self.beta, h.dtype) * h)
        return f @ memories - v, (memories @ v - h) / np.asarray(TAU, h.dtype)

    def reference(self) -> np.ndarray:
        """End states at 1e-9 of at most 64 probes."""
        exact = Case.__new__(Case)
        exact.__dict__ |= self.__dict__
        exact.memories = self.memories.astype("float64")
        exact.probes = self.probes[:64].astype("float64")
        return exact.simulate(solver="dopri8", rtol=1e-9, atol=1e-11).final


# --- candidates: what solves a case, and by how much its time is scaled ---------------


def stock_diffrax(case: Case) -> Run:
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
    return lambda: solve(case.probes, case.memories).block_until_ready()


def rk4_scan(case: Case) -> Run:
    dt = jnp.asarray(0.05, case.memories.dtype)

    @jax.jit
    def solve(v, memories):
        rhs = lambda y: case.field(None, y, memories)

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

    return lambda: solve(case.probes, case.memories).block_until_ready()


def scipy_loop(case: Case) -> Run:
    def flat(t, y):
        v, h = y[: case.features], y[case.features :]
        dv = softmax(case.beta * h) @ case.memories - v
        return np.concatenate([dv, (case.memories @ v - h) / TAU])

    def one(v):
        start = np.concatenate([v, case.memories @ v])
        found = solve_ivp(flat, (0, END), start, method="RK45", rtol=TOL, atol=TOL)
        return found.y[: case.features, -1]

    return lambda: np.stack([one(v) for v in case.probes[:SCIPY_PROBES]])


def torchdiffeq(case: Case) -> Run | None:
    try:  # by name, since only `run.py` installs the peers
        torch = import_module("torch")
        odeint = import_module("torchdiffeq").odeint
    except ImportError:
        return None
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
            y: Any = odeint(rhs, start, times, rtol=TOL, atol=TOL, method="dopri5")
        return y[-1, :, : case.features].numpy()

    return run


def bare_products(case: Case) -> Run:
    """The bound: both products of each evaluation of hopsim's longest probe."""
    path = case.simulate()
    evaluations = 6 * int(np.max(path.steps + path.rejected))

    @jax.jit
    def products(v, memories):
        size = jnp.asarray(1 / memories.size, v.dtype)
        both = lambda _, v: size * ((v @ memories.T) @ memories)
        return jax.lax.fori_loop(0, evaluations, both, v)

    return lambda: products(case.probes, case.memories).block_until_ready()


def candidates(case: Case) -> dict[str, Run | None]:
    hopsim = lambda *given: lambda: case.simulate(*given).final
    found: dict[str, Run | None] = {
        "hopsim audited": hopsim("duration", True),
        "hopsim bare": hopsim("duration", False),
        "audited, at rest": hopsim("steady", True),
        "bare, at rest": hopsim("steady", False),
        "stock Diffrax": stock_diffrax(case),
        "torchdiffeq": torchdiffeq(case),
        "bare products": bare_products(case),
    }
    if case.features < 200:
        found |= {"RK4 scan": rk4_scan(case), "SciPy loop": scipy_loop(case)}
    return found


# --- the clock ------------------------------------------------------------------------


def interleaved(runs: dict[str, Run], rounds: int) -> dict[str, float]:
    """Medians of CPU seconds; every round runs each once."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()  # compiles
    for _ in range(rounds):
        for name, run in runs.items():
            begun = time.process_time()
            run()
            seconds[name].append(time.process_time() - begun)
    return {name: statistics.median(found) for name, found in seconds.items()}


def require_right(case: Case, expected: np.ndarray, name: str, run: Run) -> None:
    final = np.asarray(run())[: len(expected)]
    expected = expected[: len(final)]
    away = np.max(np.abs(final - expected), axis=1) / np.max(np.abs(expected))
    # a probe on a separatrix may leave it on either side: none may be wrong otherwise
    if np.mean(away < GATE) < 0.98:
        sys.exit(f"{name} is wrong by {np.sort(away)[-3:]}")


def sizes(which: list[tuple[int, int, int, str]]) -> None:
    names: list[str] = []
    for size in which:
        case = Case(size)
        runs = {name: run for name, run in candidates(case).items() if run is not None}
        expected = case.reference()
        for name, run in runs.items():
            if name != "bare products":
                require_right(case, expected, name, run)
        seconds = interleaved(runs, case.rounds)
        if "SciPy loop" in seconds:
            seconds["SciPy loop"] *= max(1, len(case.probes) / SCIPY_PROBES)
        if not names:
            names = list(seconds)
            print("| case | " + " | ".join(names) + " |")
            print("|---" * (len(names) + 1) + "|")
        base = seconds[names[0]]
        cells = [
            f"{1e3 * seconds[n]:.3g} ({seconds[n] / base:.2f})" if n in seconds else ""
            for n in names
        ]
        features, count, probes, dtype = size
        print(f"| {features}x{count}, {probes}, {dtype} | " + " | ".join(cells) + " |")
        sys.stdout.flush()
        jax.clear_caches()


VARIED = {
    "tau_memory, 0.01 to 1": lambda rng, n: {
        "dynamics.tau_memory": 10 ** rng.uniform(-2, 0, n)
    },
    "beta, 0.05 to 5": lambda rng, n: {
        "network.memory_lagrangian.beta": 0.5 * 10 ** rng.uniform(-1, 1, n)
    },
}


def unsorted(run: Run) -> Run:
    """The same run with its probes in the order in which they were given."""

    def as_given():
        sort = simulation._by_cost
        simulation._by_cost = lambda *given: (None, sort(*given)[1])
        try:
            return run()
        finally:
            simulation._by_cost = sort

    return as_given


def ragged() -> None:
    """1,024 probes of unequal cost, stopping at rest."""
    case = Case((64, 100, 1024, "float32"))
    print("\n| varied | sorted | unsorted | lock-step | stock lock-step | ", end="")
    print("steps: largest over mean |\n" + "|---" * 6 + "|")
    for what, draw in VARIED.items():
        varied = draw(np.random.default_rng(2), len(case.probes))
        at_once = {"varied": varied, "chunk": len(case.probes)}
        run = lambda options: lambda: case.simulate("steady", **options)
        runs = {
            "sorted": run({"varied": varied}),
            "unsorted": unsorted(run({"varied": varied})),
            "lock-step": run(at_once),
            "stock": run(at_once | {"solver": "stock_tsit5"}),
        }
        seconds = interleaved(runs, 5)
        path = runs["sorted"]()
        attempts = path.steps + path.rejected
        base = seconds["sorted"]
        cells = [f"{1e3 * s:.0f} ({s / base:.2f})" for s in seconds.values()]
        print(f"| {what} | " + " | ".join(cells), end="")
        print(f" | {attempts.max() / attempts.mean():.2f} |")


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    if "--ragged" not in sys.argv:
        print("\n## b1, b2: milliseconds (over the first column)\n")
        sizes(SMALL + ([] if "--quick" in sys.argv else LARGE))
    print("\n## b3: 1,024 probes of unequal cost, milliseconds")
    ragged()
