"""Fixed points of one small flow: `find_attractors` beside BrainPy's SlowPointFinder.

`python tests/benchmarks/slow_points.py PYTHON`, where PYTHON is the interpreter of an
environment of its own with `pip install brainpy`. The case is one that both can do: the
adiabatic flow of model B with N = 16, K = 12 and 200 starts among the memories; BrainPy
gets its field as a function, in float64. It looks for minima of |field|^2, which may be
saddles, or slow points that are no fixed points; hopsim for attractors. Told are the
points each calls distinct; the roots that Newton's method finds from these, by NumPy,
and how many roots are stable; how many points are within 1e-3 of another one; the
largest residual; and wall time with compilation, and of a second call.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np


FEATURES, COUNT, STARTS, SHARPNESS = 16, 12, 200, 8.0
CLOSE = 1e-3


def case() -> tuple[np.ndarray, np.ndarray, float]:
    """Memories of norm sqrt(N), starts in their hull, and beta."""
    rng = np.random.default_rng(16)
    x = rng.standard_normal((COUNT, FEATURES))
    memories = x * np.sqrt(FEATURES) / np.linalg.norm(x, axis=1, keepdims=True)
    starts = rng.dirichlet(np.full(COUNT, 0.3), STARTS) @ memories
    return memories, starts, SHARPNESS / FEATURES


def main(python: str) -> None:
    print("\n## Fixed points: model B, N = 16, K = 12, 200 starts\n")
    print("| by | points | roots | stable | duplicates | residual | s | again s |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, interpreter in (("hopsim", sys.executable), ("brainpy", python)):
        with tempfile.TemporaryDirectory() as place:
            path = os.path.join(place, "points.npy")
            asked = [interpreter, __file__, "--by", name, path]
            done = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True)
            first, again = json.loads(done.stdout.splitlines()[-1])
            points = np.load(path)
        away = np.linalg.norm(points[:, None] - points[None], axis=2)
        twins = int(np.sum(np.any(np.tril(away < CLOSE, -1), axis=1)))
        worst = np.max(np.abs(field(points)), initial=0)
        roots, stable = rooted(points)
        print(
            f"| {name} | {len(points)} | {roots} | {stable} | {twins} | {worst:.0e} | "
            f"{first:.1f} | {again:.2f} |",
            flush=True,
        )


def field(v: np.ndarray) -> np.ndarray:
    """`xi^T softmax(beta xi v) - v`, by NumPy: neither side judges itself."""
    memories, _, beta = case()
    x = beta * v @ memories.T
    f = np.exp(x - x.max(axis=1, keepdims=True))
    return f / f.sum(axis=1, keepdims=True) @ memories - v


def rooted(points: np.ndarray) -> tuple[int, int]:
    """How many distinct roots Newton's method reaches from them, and how many rest."""
    memories, _, beta = case()
    roots, stable = [], 0
    for v in points:
        jacobian = -np.eye(FEATURES)
        for _ in range(50):
            f = np.exp(beta * memories @ v - np.max(beta * memories @ v))
            f = f / f.sum()
            spread = np.diag(f) - np.outer(f, f)
            jacobian = beta * memories.T @ spread @ memories - np.eye(FEATURES)
            v = v - np.linalg.solve(jacobian, field(v[None])[0])
        known = any(np.linalg.norm(v - x) < CLOSE for x in roots)
        if np.max(np.abs(field(v[None]))) < 1e-9 and not known:
            roots.append(v)
            stable += bool(np.max(np.linalg.eigvalsh(jacobian)) < 0)
    return len(roots), stable


def by_hopsim() -> np.ndarray:
    import jax

    jax.config.update("jax_enable_x64", True)
    import hopsim
    from hopsim import dynamics

    memories, starts, beta = case()
    network = hopsim.model_b(memories, beta=beta)
    found = hopsim.find_attractors(
        network, dynamics.Adiabatic(), starts, duration=200.0
    )
    return np.asarray(found.table["v"].values)


def by_brainpy() -> np.ndarray:
    import brainpy as bp  # pyright: ignore[reportMissingImports]
    import brainpy.math as bm  # pyright: ignore[reportMissingImports]

    bm.enable_x64()
    memories, starts, beta = case()
    xi = bm.asarray(memories)

    def flow(v):
        return bm.softmax(beta * (xi @ v)) @ xi - v

    finder = bp.analysis.SlowPointFinder(
        f_cell=flow, f_type="continuous", fun_inputs=None, verbose=False
    )
    finder.find_fps_with_opt_solver(candidates=bm.asarray(starts))
    finder.filter_loss(1e-8)
    finder.keep_unique(CLOSE)
    return np.asarray(finder.fixed_points)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--by"]:
        find = {"hopsim": by_hopsim, "brainpy": by_brainpy}[sys.argv[2]]
        points, times = np.zeros((0, FEATURES)), []
        for _ in range(2):
            begun = time.perf_counter()
            points = find()
            times.append(time.perf_counter() - begun)
        np.save(sys.argv[3], points)
        print(json.dumps(times))
    elif len(sys.argv) == 2:
        main(sys.argv[1])
    else:
        sys.exit(__doc__)
