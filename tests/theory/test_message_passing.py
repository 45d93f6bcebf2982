"""Message passing against its fixed points, state evolution and bad input."""

import numpy as np
import pytest

from hopsim.theory.message_passing import message_passing


T = 4.0


def planted(features, c, seed):
    """A pattern, and a planted tensor of strength c on the Nishimori line."""
    draw = np.random.default_rng(seed)
    xi = draw.choice([-1, 1], features)
    count = round(c * T**2 * features**2 / 6)  # of examples: the variance of couplings
    i, j, k = np.array(
        [
            (a, b, d)
            for a in range(features)
            for b in range(a)
            for d in range(b)
        ]
    ).T  # fmt: skip
    mean = count * 6 / features**2 / T * xi[i] * xi[j] * xi[k]
    K = np.zeros((features,) * 3, np.int32)
    values = np.rint(mean + np.sqrt(count) * draw.standard_normal(len(i)))
    for a, b, d in ((i, j, k), (i, k, j), (j, i, k), (j, k, i), (k, i, j), (k, j, i)):
        K[a, b, d] = values
    return xi, K


def evolved(q, c, times):
    """State evolution: q <- E tanh(u + sqrt(u) x) with u = 3 c q^2. [TS-19]"""
    x = np.linspace(-10, 10, 2001)
    w = np.exp(-(x**2) / 2) / np.sum(np.exp(-(x**2) / 2))
    path = [q]
    for _ in range(times):
        u = 3 * c * path[-1] ** 2
        path.append(float(w @ np.tanh(u + np.sqrt(u) * x)))
    return np.array(path)


def test_mean_spins_solve_the_equations_of_thouless_anderson_and_palmer():
    xi, K = planted(32, 3.0, 0)
    found = message_passing(K, T, xi, tolerance=1e-12)
    assert found.converged
    m, J = found.mean, 6 / 32**2 * K / T  # beta times the couplings
    q = np.mean(m**2)
    triples = 32 * 31 * 30
    c = 6 / 32**2 * np.sum(K.astype(float) ** 2) / triples / T**2
    field = np.einsum("ijk,j,k->i", J, m, m) / 2 - 6 * c * (1 - q) * q * m
    np.testing.assert_allclose(np.tanh(field), m, atol=1e-11)
    assert m @ xi / 32 > 0.9


@pytest.mark.parametrize("c", [1.5, 3.0])
def test_overlap_follows_state_evolution(c):
    """At once to rounding of 1/sqrt(N), for four patterns in the mean."""
    paths, size = [], 64
    for seed in range(4):
        xi, K = planted(size, c, seed)
        found = message_passing(K, T, xi, max_iterations=3, tolerance=1e-15)
        paths.append(found.path @ xi / size)
    spread = np.std(paths, axis=0, ddof=1) / 2
    away = np.abs(np.mean(paths, axis=0) - evolved(1.0, c, 3))
    assert np.all(away <= 4 * spread + 2 / size)


def test_small_random_start_learns_nothing():
    """The hard phase: the paramagnet attracts what is below the barrier."""
    _, K = planted(48, 1.5, 3)
    start = 0.01 * np.random.default_rng(0).choice([-1, 1], 48)
    found = message_passing(K, T, start)
    assert found.converged
    assert np.max(np.abs(found.mean)) < 1e-6


def test_damping_changes_the_way_and_not_the_end():
    xi, K = planted(32, 3.0, 1)
    plain = message_passing(K, T, xi, tolerance=1e-11)
    slow = message_passing(K, T, xi, damping=0.5, tolerance=1e-11)
    assert slow.iterations > plain.iterations
    np.testing.assert_allclose(slow.mean, plain.mean, atol=1e-9)


def test_whoever_has_not_come_to_rest_is_told():
    xi, K = planted(16, 3.0, 1)
    found = message_passing(K, T, xi, max_iterations=2, tolerance=1e-15)
    assert not found.converged
    assert found.iterations == 2
    assert found.change > 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"temperature": 0.0}, "temperature > 0, got 0.0"),
        ({"start": np.full(8, 2.0)}, r"Mean spins lie in \[-1, 1\]"),
        ({"start": np.full(8, np.nan)}, r"Mean spins lie in \[-1, 1\]"),
        ({"start": np.ones(2)}, "three features or more, got 2"),
        ({"start": np.ones(7)}, r"shape \(7, 7, 7\), got \(8, 8, 8\)"),
        ({"damping": 1.0}, r"damping is a share in \[0, 1\), got 1.0"),
        ({"max_iterations": 0}, "max_iterations >= 1"),
    ],
)
def test_bad_input_gets_one_clear_error(changed, said):
    arguments = {"couplings": np.zeros((8, 8, 8), np.int32), "temperature": T}
    arguments |= {"start": np.ones(8)}
    with pytest.raises(ValueError, match=said):
        message_passing(**(arguments | changed))
