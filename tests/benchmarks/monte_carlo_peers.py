"""Peers of b7: other ways to sweep a student of n = 3, written for the benchmark.

Each takes examples (memory, feature), starts (replica, feature), a temperature, a
number of sweeps and a seed, and gives the last spins and the visits that were made.
"""

import math

import numpy as np


def recomputed(examples, starts, temperature, sweeps, seed):
    """The published style, in JAX: all overlaps formed anew, sqrt(N) spins at once.

    A step takes floor(sqrt N) random sites of every replica, fields
    3/N^2 sum_a sigma_i S_a^2 (own terms dropped), and flips by the logistic of the
    change of energy. Not a single-spin dynamics. float64, as published.
    """
    import jax
    import jax.numpy as jnp

    features = examples.shape[1]
    at_once = int(math.sqrt(features))
    steps = round(sweeps * features / at_once)
    x = jnp.asarray(examples, jnp.float64)
    s = jnp.asarray(starts.T, jnp.float64)

    @jax.jit
    def run(x, s, key):
        def step(s, key):
            pick, toss = jax.random.split(key)
            sites = jax.random.choice(pick, features, (at_once,), replace=False)
            overlaps = x @ s
            fields = 3 / features**2 * (x[:, sites].T @ overlaps**2)
            some = s[sites]
            chance = jax.nn.sigmoid(-2 * some * fields / temperature)
            flip = jax.random.uniform(toss, some.shape) < chance
            return s.at[sites].set(jnp.where(flip, -some, some)), None

        return jax.lax.scan(step, s, jax.random.split(key, steps))[0]

    key = jax.random.key(seed)
    ready = run.lower(x, s, key).compile()
    visits = steps * at_once * len(starts)
    return lambda: (np.asarray(ready(x, s, key)).T.astype(np.int8), visits)


def numba_overlaps(examples, starts, temperature, sweeps, seed):
    """Sequential heat bath, overlaps in float32 kept from flip to flip, by numba."""
    import numba

    features = examples.shape[1]
    by_site = np.ascontiguousarray(examples.T, np.float32)

    @numba.njit(fastmath=True)
    def visit(row, x, old):
        total = np.float32(0)
        for a in range(len(x)):
            other = x[a] - row[a] * old
            total += row[a] * other * other
        return total

    @numba.njit
    def run(by_site, s, sweeps, scale, seed):
        np.random.seed(seed)  # noqa: NPY002 - the only one that numba draws from here
        overlaps = np.zeros(by_site.shape[1], np.float32)
        for i in range(len(s)):
            overlaps += by_site[i] * s[i]
        for _ in range(sweeps):
            for i in range(len(s)):
                row, old = by_site[i], np.float32(s[i])
                field = scale * visit(row, overlaps, old)
                u = np.random.random()  # noqa: NPY002
                new = 1 if u < 1 / (1 + math.exp(-2 * field)) else -1
                if new != s[i]:
                    s[i] = new
                    change = np.float32(2 * new)
                    for a in range(len(overlaps)):
                        overlaps[a] += change * row[a]

    # beside sum sigma S^2 the constant part (N - 1) sum sigma is left out: one number
    # a site, which costs nothing
    scale = 3 / features**2 / temperature
    run(by_site[:, :8].copy(), starts[0].astype(np.int8), 1, scale, 0)
    visits = sweeps * features * len(starts)

    def timed():
        ends = starts.astype(np.int8)
        for k, s in enumerate(ends):
            run(by_site, s, sweeps, scale, seed + k)
        return ends, visits

    return timed
