"""The exact law of a teacher's examples: against enumeration, and as it is sampled."""

import decimal
import itertools
import math

import numpy as np
import pytest
from scipy import stats

from hopsim import lagrangians, patterns
from hopsim.theory import teacher_student as ts


HAMILTONIANS = ["distinct", "power"]


def every_state(features):
    return np.array(list(itertools.product([-1, 1], repeat=features)))


def energy_by_sites(s, n, hamiltonian):
    """-H1 of one state, summed over sites and nothing else."""
    features = len(s)
    if hamiltonian == "power":
        return features * (s.sum() / features) ** n
    sites = itertools.combinations(range(features), n)
    total = sum(math.prod(s[list(chosen)].tolist()) for chosen in sites)
    return math.factorial(n) / features ** (n - 1) * total


# --- the law -------------------------------------------------------------------------


@pytest.mark.parametrize("hamiltonian", HAMILTONIANS)
@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_overlap_law_is_that_of_all_states(n, hamiltonian):
    features, temperature = 8, 1.7
    states = every_state(features)
    energy = np.array([energy_by_sites(s, n, hamiltonian) for s in states])
    weight = np.exp(energy / temperature)
    law = ts.overlap_law(n, features, temperature, hamiltonian)
    for value, seen in zip(law.values, law.weights, strict=True):
        asked = weight[states.sum(axis=1) == value].sum() / weight.sum()
        assert seen == pytest.approx(asked, rel=1e-12)
    mean = (energy * weight).sum() / weight.sum() / features
    assert law.interaction(n, hamiltonian) == pytest.approx(mean, rel=1e-12)
    found = ts.energy_per_spin(5, n, features, temperature, hamiltonian)
    assert found == pytest.approx(-5 * mean, rel=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4, 7])
def test_overlap_law_has_the_energy_of_the_interaction(n):
    features = 60
    layer = lagrangians.DistinctPolynomial(n, features)
    law = ts.overlap_law(n, features, 3.0)
    ways = stats.binom.logpmf(np.arange(features + 1), features, 0.5)
    energy = 3.0 * (np.log(law.weights) - ways)
    asked = np.asarray(layer.interaction(law.values.astype(float)))
    assert np.allclose(energy - energy[0], asked - asked[0], atol=1e-10)


@pytest.mark.parametrize(
    ("features", "moments"),
    [
        (128, (4.869386e-4, 1.042904, 2.339445e-4, 0.028492)),
        (256, (1.110209e-4, 1.019217, 5.112424e-5, 0.012756)),
    ],
)
def test_moments_are_those_of_the_notes(features, moments):
    law = ts.overlap_law(3, features, 2.0)
    seen = (law.moment(1), features * law.moment(2), law.moment(3))
    assert seen == pytest.approx(moments[:3], rel=1e-6)
    assert features * law.interaction(3) == pytest.approx(moments[3], abs=6e-7)


@pytest.mark.parametrize(
    ("count", "n", "features", "temperature", "hamiltonian", "energy"),
    [
        (100, 3, 10, 2.0, "distinct", -4.21099),
        (216, 3, 12, 3.0, "distinct", -3.17268),
        (72, 3, 12, 2.0, "distinct", -2.59721),
        (100, 3, 10, 3.0, "power", -6.61700),
        (250, 4, 10, 3.0, "distinct", -1.67308),
    ],
)
def test_energies_are_those_of_the_notes(
    count, n, features, temperature, hamiltonian, energy
):
    found = ts.energy_per_spin(count, n, features, temperature, hamiltonian)
    assert found == pytest.approx(energy, abs=6e-6)


def test_law_of_many_spins_does_not_overflow():
    for temperature in (0.05, 1.0, 5.0):
        law = ts.overlap_law(3, 4096, temperature)
        assert np.all(np.isfinite(law.weights))
        assert law.weights.sum() == pytest.approx(1, rel=1e-12)


def test_misaligned_basin_ends_at_the_barrier():
    whole = ts.overlap_law(3, 64, 1.6)
    law = ts.overlap_law(3, 64, 1.6, basin="misaligned")
    last = law.values[law.weights > 0][-1]
    k = int(np.flatnonzero(law.values == last)[0])
    assert whole.weights[k] < min(whole.weights[k - 1], whole.weights[k + 1])
    hot = ts.overlap_law(3, 64, 4.0, basin="misaligned")
    assert np.array_equal(hot.weights, ts.overlap_law(3, 64, 4.0).weights)
    cut = ts.overlap_law(3, 64, 1.6, basin="misaligned", cut=0.5)
    assert cut.values[cut.weights > 0][-1] == 32


@pytest.mark.parametrize(
    ("features", "temperature", "aligned"),
    [(64, 1.6, 51), (128, 1.6, 17.5), (256, 1.6, 0.47), (64, 2.0, 1.4)],
)
def test_aligned_examples_are_as_many_as_the_notes_say(features, temperature, aligned):
    # of a load of 3; the notes do not tell their cut, hence the 5 % [THEORY TRAP 3]
    count, cut = patterns.example_count(3.0, 3, features), 0.6
    whole = ts.overlap_law(3, features, temperature)
    rest = ts.overlap_law(3, features, temperature, basin="misaligned", cut=cut)
    beyond = whole.weights[rest.weights == 0].sum()
    assert count * beyond == pytest.approx(aligned, rel=0.05)


# --- what follows on the Nishimori line ----------------------------------------------


@pytest.mark.parametrize("hamiltonian", HAMILTONIANS)
@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_signal_ratio_tends_to_one(n, hamiltonian):
    # n = 2 has all cumulants at leading order: 1 / (1 - 2/T) [THEORY 2.6]
    limit = 1 / (1 - 2 / 30) if n == 2 else 1.0
    for features in (200, 2000):
        ratio = ts.signal_ratio(n, features, 30.0, hamiltonian)
        assert ratio == pytest.approx(limit, abs=30 / features)


def mean_by_decimals(n, features, temperature, hamiltonian, last):
    """<-H_1>/N by 150 digits, e_n by its binomials and not by a recursion."""
    with decimal.localcontext(prec=150):
        total, whole = decimal.Decimal(0), decimal.Decimal(0)
        for up in range(features + 1):
            if abs(2 * up - features) > last:
                continue
            sites = sum(
                (-1) ** k * math.comb(features - up, k) * math.comb(up, n - k)
                for k in range(n + 1)
            )
            power = (2 * up - features) ** n
            b = power if hamiltonian == "power" else math.factorial(n) * sites
            b = decimal.Decimal(b) / decimal.Decimal(features) ** n
            tilt = (features * b / decimal.Decimal(temperature)).exp()
            whole += math.comb(features, up) * tilt
            total += math.comb(features, up) * tilt * b
        return float(total / whole)


@pytest.mark.parametrize("basin", ["full", "misaligned"])
@pytest.mark.parametrize("hamiltonian", HAMILTONIANS)
@pytest.mark.parametrize(
    ("n", "features", "temperature"),
    [(3, 128, 2.0), (4, 64, 1.6), (20, 128, 2.0), (64, 64, 1.6), (127, 128, 2.0)],
)
def test_mean_energies_keep_their_digits(n, features, temperature, hamiltonian, basin):
    law = ts.overlap_law(n, features, temperature, hamiltonian, basin)
    last = int(law.values[law.weights > 0][-1])
    asked = mean_by_decimals(n, features, temperature, hamiltonian, last)
    assert law.interaction(n, hamiltonian) == pytest.approx(asked, rel=1e-12, abs=0)
    if (hamiltonian, basin) == ("distinct", "full"):
        variance = math.factorial(n) / features ** (n - 1)
        ratio = ts.signal_ratio(n, features, temperature)
        assert ratio == pytest.approx(asked * temperature / variance, rel=1e-12)


def test_signal_ratio_is_the_mean_energy():
    c = 40 / 5.0**2
    count = 40 * 50**2 / 6
    seen = ts.effective_signal(c, 3, 50, 5.0)
    energy = ts.energy_per_spin(round(count), 3, 50, 5.0) * count / round(count)
    assert seen == pytest.approx(-energy / 5.0, rel=1e-12)


def test_aligned_overlap_of_one_example_is_its_alignment_squared():
    for temperature, m in ((1.0, 0.99473388), (1.2, 0.98438933), (1.4, 0.96316169)):
        seen = ts.aligned_overlap(1, temperature, 3)
        assert seen == pytest.approx(m**2, abs=1e-8)
        assert m == pytest.approx(math.tanh(3 * m**2 / temperature), abs=1e-8)
    assert ts.aligned_overlap(0, 1.2, 3) == 0


@pytest.mark.parametrize(
    ("temperature", "overlaps"),
    [
        (1.2, (0.969022, 0.984268, 0.999278, 0.999981)),
        (1.4, (0.927680, 0.962484, 0.996052, 0.999761)),
    ],
)
def test_aligned_overlaps_are_those_of_the_notes(temperature, overlaps):
    seen = [ts.aligned_overlap(count, temperature, 3) for count in (1, 2, 3, 5)]
    assert seen == pytest.approx(overlaps, abs=6e-7)


# --- the sampler ---------------------------------------------------------------------


def test_signal_of_a_misaligned_teacher_leaves_its_prototypes_out():
    full, few = (
        ts.signal_ratio(3, 64, 1.6),
        ts.signal_ratio(3, 64, 1.6, basin="misaligned"),
    )
    law = ts.overlap_law(3, 64, 1.6, basin="misaligned")
    assert few == pytest.approx(law.interaction(3) * 1.6 * 64**2 / 6)
    assert few < full / 2
    energy = ts.energy_per_spin(10, 3, 64, 1.6, basin="misaligned")
    assert energy == pytest.approx(-10 * law.interaction(3))


@pytest.mark.parametrize(
    ("n", "temperature", "hamiltonian", "basin"),
    [
        (3, 2.0, "distinct", "full"),
        (3, 1.2, "distinct", "full"),  # aligned: nearly all sites agree
        (3, 1.6, "distinct", "misaligned"),
        (4, 1.2, "power", "full"),  # aligned, either way
    ],
)
def test_examples_follow_the_law(n, temperature, hamiltonian, basin):
    features, count = 30, 40_000
    pattern = patterns.random_binary(0, 1, features)[0]
    seen = patterns.examples(
        3, pattern, count, temperature, n, hamiltonian=hamiltonian, basin=basin
    )
    agree = seen * pattern.astype(np.int8)
    law = ts.overlap_law(n, features, temperature, hamiltonian, basin)
    total = agree.sum(axis=1)
    asked = count * law.weights
    often = asked >= 10
    counted = np.array([np.sum(total == value) for value in law.values])
    square = np.sum((counted - asked)[often] ** 2 / asked[often])
    rest = asked[~often].sum()
    assert stats.chi2.sf(square, often.sum() - 1) > 1e-3
    assert abs(counted[~often].sum() - rest) < 4 * math.sqrt(rest + 1)
    # sites are exchangeable: all means, and all products of pairs, are alike
    mean, pair = law.moment(1), (features * law.moment(2) - 1) / (features - 1)
    error = 5 / math.sqrt(count)
    assert np.all(np.abs(agree.mean(axis=0) - mean) < error)
    products = agree.T.astype(float) @ agree / count
    apart = products[np.triu_indices(features, 1)]
    assert np.all(np.abs(apart - pair) < error)


def test_first_examples_do_not_depend_on_their_number():
    pattern = patterns.random_binary(0, 1, 20)[0]
    few = patterns.examples(5, pattern, 10, 2.0, 3)
    many = patterns.examples(5, pattern, 5000, 2.0, 3)
    assert np.array_equal(few, many[:10])
    assert many.dtype == np.int8
    assert not np.array_equal(many[:10], many[4096:4106])


def test_example_count_is_the_load():
    assert patterns.example_count(8.0, 3, 64) == 5461
    assert patterns.example_count(24.0, 3, 128) == 65536
    assert patterns.example_count(24.0, 3, 512) == 1048576
    assert patterns.example_count(1.0, 2, 40) == 20


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: ts.overlap_law(1, 10, 1.0), "vertex n must be >= 2, .* got 1"),
        (lambda: ts.overlap_law(3, 10, 0.0), "temperature must be > 0, got 0.0"),
        (lambda: ts.overlap_law(4, 3, 1.0), "n = 4 distinct sites"),
        (lambda: ts.overlap_law(3, 10, 1.0, cut=0.5), 'needs basin = "misaligned"'),
        (
            lambda: ts.overlap_law(3, 10, 1.0, basin="misaligned", cut=2.0),
            r"in \(0, 1\], got 2",
        ),
        (lambda: ts.overlap_law(2, 40, 1.0, basin="misaligned"), r"\(0, 1\], got 0"),
        (lambda: ts.aligned_overlap(2, 1.8, 3), "n = 3 is aligned up to T = 1.74775"),
        (lambda: ts.aligned_overlap(-1, 1.0, 3), "must be an integer >= 0, got -1"),
        (lambda: ts.energy_per_spin(-5, 3, 10, 1.0), "must be >= 0, got -5"),
        (lambda: ts.signal_ratio(3, 10, math.inf), "temperature inf is too small"),
        (lambda: ts.overlap_law(3, 10, 1e-308), "overflow at N = 10"),
        (lambda: ts.overlap_law(3, 10, math.nan), "must be > 0, got nan"),
        (lambda: patterns.example_count(0.01, 3, 8), "must be at least 0.0938"),
        (lambda: patterns.examples(0, np.ones(8), 0, 1.0, 3), "Sizes must be >= 1"),
        (
            lambda: patterns.examples(0, 2 * np.ones(8), 1, 1.0, 3),
            r"one row of \+1 and -1",
        ),
    ],
)
def test_finite_laws_say_what_they_are_of(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
