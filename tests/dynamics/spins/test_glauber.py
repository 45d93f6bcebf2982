"""The heat bath: its law, its kernels, and what it refuses."""

import itertools

import equinox as eqx
import jax
import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from hopsim import (
    certify,
    Couplings,
    dynamics,
    find_attractors,
    lagrangians as L,
    Network,
    patterns,
    run,
    sample,
    simulate,
    student,
)
from hopsim._common.streams import Stream
from hopsim.dynamics.spins.gap_tables import gap_table


N, M = 10, 30
RNG = np.random.default_rng(0)
EXAMPLES = RNG.choice(np.array([-1, 1], np.int8), (M, N))
STARTS = RNG.choice([-1.0, 1.0], (4, N))
PATTERN = RNG.choice([-1.0, 1.0], N)
KERNELS = ("couplings", "examples", "lockstep")
STATES = np.array(list(itertools.product([-1, 1], repeat=N)), np.int8)

POWER = L.Rescaled(L.Polynomial(3), outside=1 / N**2)
CURRENT = 0.3 * RNG.standard_normal(N)
REAL = RNG.standard_normal((M, N))
NETWORKS = {
    "distinct 3": student(EXAMPLES, 3),
    "power 3": student(EXAMPLES, 3, "power"),
    "distinct 2": student(EXAMPLES, 2),
    "distinct 4": student(EXAMPLES, 4),
    "power 5": student(EXAMPLES, 5, "power"),
    "rectified": Network(EXAMPLES * 1.0, L.AbsoluteValue(), L.RectifiedPolynomial(3)),
    "leaky": Network(EXAMPLES * 1.0, L.AbsoluteValue(), L.LeakyRectifiedPolynomial(2)),
    "exponential": Network(EXAMPLES * 1.0, L.AbsoluteValue(), L.Exponential(0.3)),
    "current": Network(EXAMPLES * 1.0, L.AbsoluteValue(), POWER, CURRENT),
    "log_sum_exp": Network(EXAMPLES * 1.0, L.AbsoluteValue(), L.LogSumExp(0.5)),
    "real": Network(REAL, L.AbsoluteValue(), POWER, CURRENT, 0.2),
}
KNOWN = pytest.mark.parametrize("name", NETWORKS)
# each gap is a program of its own; these differ from the rest in numbers alone
OTHERS = ("distinct 4", "power 5", "current")


@pytest.fixture(scope="module", autouse=True)
def kernels():
    """Compiled once: couplings, whole gaps, real gaps. A fresh checkout has none."""
    for name in ("distinct 3", "distinct 2", "leaky"):
        sample(
            NETWORKS[name], dynamics.Glauber(2.0), STARTS[:1], sweeps=1,
            references=STATES,
        )  # fmt: skip


def by_hand(network, temperature, sweeps, seed, start=0):
    """The same trajectory, each gap formed anew by the network's own `energy_gap`."""
    draw = Stream(seed).child("visits", start).generator()
    s, path = np.array(STARTS[start]), []
    gap = eqx.filter_jit(network.energy_gap)
    for _ in range(sweeps):
        for i, u in enumerate(draw.random(N)):
            chance = expit(np.asarray(gap(s))[i] / temperature)
            s[i] = 1 if u < chance else -1
        path.append(s.copy())
    return np.array(path)


# --- trajectories and energies --------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in OTHERS else [])
        for name in NETWORKS
    ],
)
def test_every_visit_is_decided_by_the_energy_gap(name):
    network = NETWORKS[name]
    found = sample(
        network, dynamics.Glauber(2.0), STARTS[:1], sweeps=20, key=3, references=STATES
    )
    path = by_hand(network, 2.0, 20, 3)
    np.testing.assert_array_equal(found.final[0], path[-1])
    overlaps = path @ STATES.T.astype(float) / N
    np.testing.assert_allclose(found.overlaps[0], overlaps, atol=1e-6)  # float32
    energies = [float(network.binary_energy(s)) for s in path]
    scale = max(1.0, float(np.max(np.abs(energies))))
    np.testing.assert_allclose(found.energies[0], energies, atol=1e-12 * scale)


@pytest.mark.parametrize("hamiltonian", ["distinct", "power"])
@pytest.mark.parametrize("order", ["sequential", "permutation", "random"])
def test_all_kernels_follow_one_trajectory(hamiltonian, order):
    network, motion = student(EXAMPLES, 3, hamiltonian), dynamics.Glauber(3.0, order)
    run = lambda kernel: sample(
        network, motion, STARTS, sweeps=50, key=5, references=PATTERN[None],
        engine=kernel,
    )  # fmt: skip
    found = [run(kernel) for kernel in KERNELS]
    for kernel, one in zip(KERNELS, found, strict=True):
        assert one.engine == kernel
        np.testing.assert_array_equal(one.final, found[0].final)
        np.testing.assert_array_equal(one.overlaps, found[0].overlaps)
        np.testing.assert_array_equal(one.flips, found[0].flips)
        np.testing.assert_allclose(one.energies, found[0].energies, atol=1e-12)


def test_couplings_alone_and_chunks_change_nothing(monkeypatch):
    network = student(EXAMPLES, 3)
    options = {"sweeps": 30, "key": 5, "references": PATTERN[None]}
    whole = sample(network, dynamics.Glauber(3.0), STARTS, **options)
    monkeypatch.setattr("hopsim.dynamics.spins.sampling.AT_ONCE", 7 * N * len(STARTS))
    parts = sample(Couplings.of(EXAMPLES), dynamics.Glauber(3.0), STARTS, **options)
    np.testing.assert_array_equal(parts.overlaps, whole.overlaps)
    np.testing.assert_allclose(parts.energies, whole.energies, rtol=1e-14)
    few = sample(network, dynamics.Glauber(3.0), STARTS[:2], **options)
    np.testing.assert_array_equal(few.overlaps, whole.overlaps[:2])


@pytest.mark.parametrize("hamiltonian", ["distinct", "power"])
def test_couplings_are_sums_over_examples(hamiltonian):
    couplings = Couplings.of(EXAMPLES, hamiltonian)
    wide = EXAMPLES.astype(np.int64)
    whole = np.einsum("ai,aj,ak->ijk", wide, wide, wide)
    i = np.arange(N)
    for axes in ((0, 1), (0, 2), (1, 2)):
        np.moveaxis(whole, axes, (0, 1))[i, i] = 0
    np.testing.assert_array_equal(couplings.tensor, whole)
    network = student(EXAMPLES, 3, hamiltonian)
    energies = jax.vmap(network.binary_energy)(STATES.astype(float))
    mine = [couplings.energy(s) for s in STATES]
    np.testing.assert_allclose(mine, energies, atol=1e-12)


def test_the_energy_is_that_of_distinct_triples():
    couplings = Couplings.of(EXAMPLES)
    for s in STATES[::97].astype(int):
        products = (
            int(np.sum(np.prod(EXAMPLES[:, t], axis=1)) * np.prod(s[list(t)]))
            for t in itertools.combinations(range(N), 3)
        )
        assert couplings.energy(s.astype(np.int8)) == -0.5 * (12 / N**2) * sum(products)


def test_large_couplings_take_wider_integers():
    aligned = np.ones((40_000, 6), np.int8)
    couplings = Couplings.of(aligned)
    assert couplings.tensor.dtype == np.int32
    assert couplings.tensor.max() == 40_000
    assert Couplings.of(aligned[:30_000]).tensor.dtype == np.int16


def test_lanes_refuse_what_their_floats_cannot_hold():
    jax.config.update("jax_enable_x64", False)
    try:
        aligned = Couplings.of(np.ones((40_000, 32), np.int8))
        with pytest.raises(ValueError, match=r"no exact integers in float32"):
            sample(
                aligned, dynamics.Glauber(1.0), np.ones((1, 32)), sweeps=1,
                engine="lockstep",
            )  # fmt: skip
    finally:
        jax.config.update("jax_enable_x64", True)


# --- the law --------------------------------------------------------------------------


def boltzmann(network, temperature):
    """All 2^N probabilities, from the network's own energy."""
    energies = np.asarray(jax.vmap(network.binary_energy)(STATES.astype(float)))
    weights = np.exp(-(energies - energies.min()) / temperature)
    return energies, weights / weights.sum()


@pytest.mark.parametrize("name", ["distinct 3", "exponential", "real"])
def test_one_sweep_keeps_the_law_of_boltzmann(name):
    # the matrix of a sweep, visit by visit, from the gaps that the kernels use
    network, temperature = NETWORKS[name], 2.0
    _, law = boltzmann(network, temperature)
    gaps = np.asarray(jax.vmap(network.energy_gap)(STATES.astype(float)))
    after = law.copy()
    number = {tuple(s): k for k, s in enumerate(STATES.tolist())}
    for i in range(N):
        up = 1 / (1 + np.exp(-gaps[:, i] / temperature))
        twins = STATES.copy()
        twins[:, i] = 1
        high = np.array([number[tuple(s)] for s in twins.tolist()])
        twins[:, i] = -1
        low = np.array([number[tuple(s)] for s in twins.tolist()])
        pair = after[high] + after[low]
        after = np.where(STATES[:, i] > 0, up, 1 - up) * pair
    np.testing.assert_allclose(after, law, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "temperature"),
    [("distinct 3", 8.0), ("power 3", 20.0), ("real", 20.0), ("rectified", 2e3)],
)
def test_samples_have_the_law_of_boltzmann(name, temperature):
    # hot enough to forget a state in some ten sweeps; energies in ten bins of equal
    # weight by the exact law
    network = NETWORKS[name]
    energies, law = boltzmann(network, temperature)
    starts = RNG.choice([-1.0, 1.0], (40, N))
    found = sample(network, dynamics.Glauber(temperature), starts, sweeps=2040, key=11)
    seen = found.energies[:, 40::20].ravel()
    order = np.argsort(energies)
    reached = np.cumsum(law[order])
    edges = np.unique(energies[order][np.searchsorted(reached, np.arange(1, 10) / 10)])
    share = np.bincount(np.searchsorted(edges, energies - 1e-9), law, len(edges) + 1)
    counts = np.bincount(np.searchsorted(edges, seen - 1e-9), minlength=len(edges) + 1)
    p = stats.chisquare(counts, share * seen.size).pvalue
    assert p > 1e-3  # 4,000 nearly independent states; fails once in a thousand seeds


# --- temperatures ---------------------------------------------------------------------


def test_annealing_falls_linearly_to_the_temperature():
    motion = dynamics.Glauber(2.0, annealed_from=6.0, cooling=10)
    seen = [2.0 * motion.cooled(k) for k in range(12)]
    np.testing.assert_allclose(seen[:10], np.linspace(6, 2, 11)[:10])
    assert seen[10:] == [2.0, 2.0]
    network = student(EXAMPLES, 3)
    path = sample(network, motion, STARTS, sweeps=30, key=1)
    # after cooling the same random numbers at the same temperature
    plain = dynamics.Glauber(2.0)
    hot = sample(network, plain, STARTS, sweeps=30, key=1)
    assert not np.array_equal(path.energies[:, :10], hot.energies[:, :10])


@pytest.mark.slow
def test_parallel_tempering_has_the_law_of_the_coldest():
    network, temperature = NETWORKS["distinct 3"], 1.0
    energies, law = boltzmann(network, temperature)
    motion = dynamics.Glauber(temperature, hottest=6.0, replicas=5)
    np.testing.assert_allclose(motion.ladder, np.geomspace(1, 6, 5))
    starts = RNG.choice([-1.0, 1.0], (24, N))
    found = sample(network, motion, starts, sweeps=250, burn=50, key=2)
    assert np.all(found.exchanged > 0.1)
    mean, error = found.energy.mean(), found.energy.std(ddof=1) / 24**0.5
    assert abs(mean - law @ energies) < 4 * error  # starts are independent
    frozen = sample(network, dynamics.Glauber(temperature), starts, sweeps=250, key=2)
    assert error < 0.7 * frozen.energies[:, 50:].mean(1).std(ddof=1) / 24**0.5


def test_means_wait_until_the_bath_has_cooled():
    motion = dynamics.Glauber(2.0, annealed_from=6.0, cooling=10)
    found = sample(student(EXAMPLES, 3), motion, STARTS, sweeps=30, key=1)
    np.testing.assert_allclose(found.energy, found.energies[:, 10:].mean(1))
    with pytest.raises(ValueError, match="would not reach its temperature in 10"):
        sample(student(EXAMPLES, 3), motion, STARTS, sweeps=10)


def test_energies_of_many_sites_are_kept_where_integers_end():
    pattern = patterns.random_binary(0, 1, 512)[0]
    start = pattern * np.where(np.arange(512) < 100, -1, 1)
    network = student(np.repeat(pattern[None], 200, axis=0), 8)
    found = sample(
        network, dynamics.Glauber(1.0), start[None], sweeps=3, engine="examples"
    )
    energy = float(network.binary_energy(found.final[0].astype(float)))
    np.testing.assert_allclose(found.energies[0, -1], energy, rtol=1e-9)


def test_no_share_of_exchanges_exceeds_one():
    motion = dynamics.Glauber(2.0, hottest=2.0001, replicas=3)
    found = sample(student(EXAMPLES, 3), motion, STARTS, sweeps=3)
    assert np.all(found.exchanged <= 1)


def test_cold_students_move_as_the_binary_memory():
    network = student(EXAMPLES, 4)
    cold = sample(network, dynamics.Glauber(1e-9), STARTS, sweeps=30, key=0)
    rest = sample(network, dynamics.Glauber(1e-9), cold.final, sweeps=1, key=1)
    gaps = np.asarray(jax.vmap(network.energy_gap)(rest.final.astype(float)))
    assert np.all((gaps * rest.final >= 0) | (gaps == 0))


# --- doors ----------------------------------------------------------------------------


def test_simulate_runs_a_heat_bath():
    network = student(EXAMPLES, 3)
    path = simulate(
        network, dynamics.Glauber(3.0), STARTS, duration=20.0, samples=21, key=5
    )
    found = sample(network, dynamics.Glauber(3.0), STARTS, sweeps=20, key=5)
    np.testing.assert_array_equal(path.final, found.final)
    np.testing.assert_allclose(path.energy[:, 1:], found.energies, rtol=1e-12)
    assert not path.promise.given
    assert "not promised" in str(certify(network, path))
    assert [s[:12] for s in path.sentences()] == ["The duration"] * 4


def test_a_heat_bath_has_no_attractors():
    with pytest.raises(ValueError, match="no fixed points; use Binary"):
        find_attractors(
            student(EXAMPLES, 3), dynamics.Glauber(1.0), STARTS, duration=5.0
        )


def test_clamped_spins_stay():
    held = np.arange(N) < 4
    found = sample(
        student(EXAMPLES, 3), dynamics.Glauber(50.0), STARTS, sweeps=40, clamped=held,
        references=STATES[:1],
    )  # fmt: skip
    np.testing.assert_array_equal(found.final[:, held], STARTS[:, held])
    assert not np.array_equal(found.final[:, ~held], STARTS[:, ~held])
    real = STARTS * np.where(held, 0.5, 1.0)
    found = sample(student(EXAMPLES, 3), dynamics.Glauber(9.0), real, sweeps=5,
                   clamped=held)  # fmt: skip
    np.testing.assert_array_equal(found.final[:, held], real[:, held])


def test_means_are_taken_after_the_burn():
    found = sample(
        student(EXAMPLES, 3), dynamics.Glauber(3.0), STARTS, sweeps=30, burn=10,
        references=np.stack([PATTERN, -PATTERN]),
    )  # fmt: skip
    np.testing.assert_allclose(found.overlap[:, 0], -found.overlap[:, 1])
    np.testing.assert_allclose(found.unsigned[:, 0], found.unsigned[:, 1])
    np.testing.assert_allclose(found.overlap, found.overlaps[:, 10:].mean(1))
    np.testing.assert_allclose(found.energy, found.energies[:, 10:].mean(1))
    np.testing.assert_allclose(found.twin, found.twins[:, 10:].mean(1))
    assert found.twins.shape == (2, 30)
    last = found.final.astype(float)
    np.testing.assert_allclose(
        found.twins[:, -1], np.sum(last[::2] * last[1::2], axis=1) / N, atol=1e-6
    )


@KNOWN
def test_tables_hold_the_gaps_of_the_network(name):
    network = NETWORKS[name]
    if name in ("log_sum_exp", "real"):
        return
    layer = network.memory_lagrangian
    factor = 1.0
    if isinstance(layer, L.Rescaled):
        factor, layer = float(layer.outside), layer.lagrangian
    table, unit = gap_table(layer, N, M)
    y = np.arange(-N + 1, N, 2)
    F = lambda x: np.asarray(layer.interaction(x.astype(float)))
    expected = factor * (F(y + 1) - F(y - 1))
    np.testing.assert_allclose(factor * unit * table[y + N + 1], expected, atol=1e-12)
    whole = name not in ("leaky", "exponential")
    assert np.issubdtype(table.dtype, np.integer) == whole


# --- what is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: dynamics.Glauber(0.0), "T = 0 is Binary"),
        (lambda: dynamics.Glauber(-1.0), "finite number > 0, got -1"),
        (lambda: dynamics.Glauber(np.nan), "finite number > 0, got nan"),
        (lambda: dynamics.Glauber(np.ones(2)), "one number"),
        (lambda: dynamics.Glauber(2.0, annealed_from=1.0), "higher temperature"),
        (lambda: dynamics.Glauber(2.0, hottest=np.inf, replicas=3), "higher"),
        (lambda: dynamics.Glauber(2.0, hottest=4.0), "two replicas or more"),
        (lambda: dynamics.Glauber(2.0, replicas=4), "two replicas or more"),
        (lambda: student(EXAMPLES, 1), "n must be >= 2, got 1"),
        (lambda: student(0.5 * EXAMPLES, 3), "must be spins"),
        (lambda: student(EXAMPLES, 11), "between 2 and the 10"),
        (lambda: Couplings.of(0 * EXAMPLES), "must be spins"),
        (lambda: Network(EXAMPLES * 1.0, L.AbsoluteValue(), L.DistinctPolynomial(3, 9)),
         "made for 9 features"),
    ],
)  # fmt: skip
def test_bad_students_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_integers_of_32_bits_hold_fewer_than_2_to_the_31_spins():
    assert Couplings.hold(2**21 - 1, 1024)
    assert not Couplings.hold(2**21, 1024)
    assert not Couplings.hold(2, 1025)


def test_too_many_examples_for_integers_of_32_bits():
    wide = np.broadcast_to(np.int8(1), (2**21, 1024))  # no memory, but two billion bits
    with pytest.raises(ValueError, match=r"32 bits.*N = 1024, M = 2097152"):
        Couplings.of(wide)
    with pytest.raises(ValueError, match="N <= 1024"):
        Couplings.of(np.ones((2, 1025), np.int8))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sweeps": 0}, "sweeps must be a whole number >= 1"),
        ({"burn": 10}, "burn must be less than the 10 sweeps"),
        ({"burn": -1}, "burn must be a whole number >= 0"),
        ({"starts": 0.5 * STARTS}, "must be \\+1 or -1"),
        ({"clamped": np.ones(N, bool)}, "leave one free"),
        ({"devices": []}, "one device or more"),
        ({"system": NETWORKS["distinct 4"], "engine": "couplings"}, "Couplings sum up"),
        ({"system": NETWORKS["real"], "engine": "examples"}, "needs spins"),
        ({"system": NETWORKS["log_sum_exp"], "engine": "examples"}, "needs spins"),
        ({"system": Couplings.of(EXAMPLES), "engine": "examples"}, "no examples"),
    ],
)
def test_bad_arguments_of_sample_are_refused(change, words):
    options = {"system": student(EXAMPLES, 3), "starts": STARTS, "sweeps": 10} | change
    system, starts = options.pop("system"), options.pop("starts")
    with pytest.raises(ValueError, match=words):
        sample(system, dynamics.Glauber(2.0), starts, **options)


def test_patterns_are_recovered_from_many_examples():
    pattern = patterns.random_binary(0, 1, 48)[0]
    examples = patterns.examples(1, pattern, 4000, 2.0, 3)
    found = sample(
        student(examples, 3), dynamics.Glauber(2.0), np.stack([pattern] * 2),
        sweeps=50, references=pattern[None],
    )  # fmt: skip
    assert found.engine == "couplings"
    assert np.all(found.overlap > 0.95)


def test_the_seed_of_a_scenario_decides_the_coins(tmp_path):
    text = f"""
name = "warm"
seed = %d
[network]
kind = "model_a"
memories = {{ kind = "given", values = {np.ones((2, N)).tolist()} }}
interaction = {{ kind = "polynomial", n = 3 }}
[dynamics]
kind = "glauber"
temperature = 5.0
[probes]
kind = "given"
values = {STARTS.tolist()}
[run]
duration = 10
samples = 11
"""
    ends = []
    for seed in (1, 1, 2):
        (tmp_path / "warm.toml").write_text(text % seed)
        ends.append(run(tmp_path / "warm.toml")["final"].values)
    np.testing.assert_array_equal(ends[0], ends[1])
    assert not np.array_equal(ends[0], ends[2])
