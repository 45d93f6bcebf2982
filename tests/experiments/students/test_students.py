"""Students beside theory: what the experiments of teacher and student measure."""

import itertools
import math

import numpy as np
import pytest
from tomli_w import dumps

import hopsim
from hopsim import experiments
from hopsim.theory import teacher_student as theory
from hopsim.validation.students.ordered_entropy import lobatto


TABLES = {
    "name": "small",
    "seed": 5,
    "network": {
        "kind": "model_a",
        "interaction": {"kind": "distinct_polynomial", "n": 3, "features": 24},
        "memories": {"kind": "random_binary", "count": 1, "features": 24},
    },
    "dynamics": {"kind": "glauber", "temperature": 3.0},
    "probes": {"kind": "corrupted", "flipped": 0.0, "repeats": 2},
    "run": {"duration": 60.0},
}


@pytest.fixture
def ran(tmp_path):
    """Runs the small scenario with an experiment, and with other tables."""

    def run(experiment, **tables):
        path = tmp_path / "small.toml"
        path.write_text(dumps(TABLES | tables | {"experiment": experiment}))
        return hopsim.run(hopsim.load_scenario(path)).rows()

    return run


# --- overlap landscapes ---------------------------------------------------------------

LANDSCAPE = {"kind": "overlap_landscape", "sets": 5, "burn": 20, "basin": "full"}


def test_landscape_on_the_line_stands_beside_theory_at_c_and_at_its_finite_size(ran):
    data = ran(LANDSCAPE | {"strengths": [2.0, 4.0]}).data
    ratio = theory.signal_ratio(3, 24, 3.0)
    for k, c in enumerate((2.0, 4.0)):
        at = data.isel(curve=k, place=0)
        assert at["load"] == pytest.approx(9 * c)
        count = int(at["count"])
        assert count == math.floor(9 * c * 24**2 / 6)
        q, effective = (theory.nishimori_overlap(x, 3) for x in (c, ratio * c))
        np.testing.assert_allclose(at["overlap_theory"], q)
        np.testing.assert_allclose(at["overlap_effective"], effective)
        exact = theory.energy_per_spin(count, 3, 24, 3.0)
        np.testing.assert_allclose(at["energy_theory"], exact)
    assert data["overlap"].dims == ("curve", "place", "draw")
    np.testing.assert_array_equal(data["learnt"], data["overlap"] > 0.5)
    np.testing.assert_allclose(data["identity"], data["overlap"] - data["twin"])


def test_landscape_is_controlled_by_the_energy_of_the_other_sets(ran):
    data = ran(LANDSCAPE | {"strengths": [3.0]}).data.isel(curve=0, place=0)
    q, off = data["overlap"].values, (data["energy"] - data["energy_theory"]).values
    others = np.arange(5) != 2
    slope = np.polyfit(off[others], q[others], 1)[0]
    assert data["controlled"].values[2] == pytest.approx(q[2] - slope * off[2])


def test_landscape_at_constant_load_follows_the_temperature(ran):
    data = ran(LANDSCAPE | {"loads": [9.0], "temperatures": [2.0, 3.0], "sets": 1}).data
    np.testing.assert_allclose(data["strength"], [[9 / 4, 1.0]])
    np.testing.assert_allclose(data["teacher_temperature"], [2, 3])
    assert data["fine"].values[[0, -1]].tolist() == [2, 3]
    c = 9 / data["fine"].values ** 2
    np.testing.assert_allclose(
        data["fine_overlap"][0], theory.nishimori_overlap(c, 3), atol=1e-12
    )


def test_landscape_off_the_line_shares_its_examples(ran):
    off = {"loads": [24.0], "teacher_temperature": 3.0, "temperatures": [1.5, 3.0]}
    data = ran(LANDSCAPE | off | {"sets": 2}).data
    assert not bool(data["on_the_line"])
    assert "controlled" not in data
    np.testing.assert_allclose(data["teacher_temperature"], 3.0)
    # the energy of the pattern is that of one set of examples
    own = (data["energy"] - data["excess"]).values[0]
    np.testing.assert_allclose(own[0], own[1])
    for k, T in enumerate((1.5, 3.0)):
        found = theory.saddle_point(3, 24 / T**2, 24 / (3 * T))
        at = data.isel(curve=0, place=k, draw=0)
        assert float(at["overlap_theory"]) == pytest.approx(found.q_star)
        assert float(at["twin_theory"]) == pytest.approx(found.q)
        assert float(at["energy_theory"]) == pytest.approx(T * found.energy)
    np.testing.assert_allclose(data["mpm_peak"], 3.0, atol=1e-4)


def test_landscape_of_one_temperature_off_the_line_goes_along_the_strengths(ran):
    off = {"strengths": [1.5, 2.0], "teacher_temperature": 4.0, "sets": 1}
    data = ran(LANDSCAPE | off).data
    assert str(data["along"].values) == "strength"
    assert data["fine_twin"].shape == data["fine_overlap"].shape


def test_landscape_of_an_even_vertex_has_no_sign(ran):
    network = {
        "kind": "model_a",
        "interaction": {"kind": "distinct_polynomial", "n": 4, "features": 16},
        "memories": {"kind": "random_binary", "count": 1, "features": 16},
    }
    probes = {"kind": "random", "binary": True, "count": 2}
    strong = LANDSCAPE | {"strengths": [6.0], "sets": 3}
    data = ran(strong, network=network, probes=probes).data
    assert np.all(data["overlap"] >= 0)
    assert np.all(data["twin"] >= 0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "give loads or strengths"),
        ({"loads": [1.0], "strengths": [1.0]}, "give loads or strengths"),
        ({"strengths": [2.0, 1.0]}, "must be > 0 and rise"),
        ({"strengths": [0.0]}, "must be > 0 and rise"),
        ({"strengths": [1.0, math.inf]}, "should be a finite number, got inf"),
        ({"strengths": [2.0], "burn": 60}, "raise run.duration"),
        ({"strengths": [1e-4]}, "less than one example of 24 features"),
        ({"loads": [1.0], "teacher_temperature": 0.0}, "greater than 0"),
    ],
)
def test_landscape_refuses_what_it_cannot_do(ran, changed, said):
    with pytest.raises(ValueError, match=said):
        ran(LANDSCAPE | changed)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"dynamics": {"kind": "binary"}}, 'dynamics kind "glauber"'),
        ({"probes": {"kind": "corrupted"}}, "starts in pairs, got 1"),
        ({"dynamics": TABLES["dynamics"] | {"annealed_from": 9.0}}, "leave annealed"),
        ({"run": {"duration": 60.0, "clamped": [0, 1]}}, "spins are all free"),
        ({"network": TABLES["network"] | {"current": 5.0}}, "have no currents"),
        (
            {"network": TABLES["network"] | {"memories": {
                "kind": "random_binary", "count": 2, "features": 24}}},
            "one memory of",
        ),
        (
            {"network": TABLES["network"] | {"interaction": {
                "kind": "distinct_polynomial", "n": 2, "features": 24}}},
            "its theory for n >= 3, got n = 2",
        ),
    ],
)  # fmt: skip
def test_landscape_refuses_other_scenarios(ran, tables, said):
    with pytest.raises(ValueError, match=said):
        ran(LANDSCAPE | {"strengths": [2.0]}, **tables)


# --- all states -----------------------------------------------------------------------


@pytest.mark.parametrize(("n", "form"), [(3, "distinct"), (3, "power"), (4, "power")])
def test_exact_posterior_is_boltzmanns_law_by_hand(n, form):
    """Energies as sums over tuples of sites, none of hopsim's own."""
    from hopsim.dynamics.spins.students import student
    from hopsim.validation.students.exact_posterior import _moments

    rng, size, T = np.random.default_rng(n), 6, 2.5
    xi, examples = rng.choice([-1.0, 1.0], size), rng.choice([-1, 1], (9, size))
    examples = examples.astype(np.int8)
    states = np.array(list(itertools.product([-1.0, 1.0], repeat=size)))
    if form == "power":
        energy = -np.sum((states @ examples.T) ** n, axis=1) / size ** (n - 1)
    else:
        sites = [list(x) for x in itertools.combinations(range(size), n)]
        terms = sum(
            np.prod(states[:, x], axis=1) * np.sum(np.prod(examples[:, x], axis=1))
            for x in sites
        )
        energy = -math.factorial(n) / size ** (n - 1) * terms
    weight = np.exp(-energy / T) / np.sum(np.exp(-energy / T))
    overlaps, pairs = states @ xi / size, (states @ states.T / size)
    by_hand = (
        weight @ overlaps,
        weight @ pairs @ weight,
        weight @ overlaps**2,
        weight @ pairs**2 @ weight,
        weight @ energy / size,
    )
    found = _moments(student(examples, n, form), xi, T)
    np.testing.assert_allclose(found, by_hand, atol=1e-12)


def test_exact_posterior_refuses_too_many_states(ran):
    with pytest.raises(ValueError, match="N <= 16, got N = 24"):
        ran({"kind": "exact_posterior", "sets": 1, "loads": [3.0]})


# --- from scratch ---------------------------------------------------------------------


def test_protocols_end_at_the_students_temperature():
    from hopsim.dynamics import Glauber

    asked = experiments.students.LearningFromScratch(features=[24], strengths=[2.0])
    fixed, annealed, tempered = (
        asked.bath(name, Glauber(4.0), 1000) for name in asked.protocols
    )
    assert [fixed.cooled(k) for k in (0, 999)] == [1, 1]
    assert annealed.cooled(0) == pytest.approx(3.0)
    assert [annealed.cooled(k) for k in (900, 999)] == [1, 1]
    np.testing.assert_allclose(tempered.ladder[[0, -1]], [4.0, 8.8])
    assert tempered.replicas == 10


def test_learning_evolves_to_either_side_of_the_barrier(ran):
    asked = {"kind": "learning_from_scratch", "sets": 2, "features": [12, 24]}
    asked |= {"strengths": [2.0], "protocols": ["fixed", "annealed"]}
    probes = {"kind": "random", "binary": True, "count": 3}
    data = ran(asked, probes=probes).data
    assert data["overlap"].shape == (2, 2, 1, 6)
    assert data["set"].values.tolist() == [0, 0, 0, 1, 1, 1]
    below, above = data["evolved"].values[0, :, 0]
    assert below == pytest.approx(0, abs=1e-9)
    assert above == pytest.approx(theory.nishimori_overlap(2.0, 3))
    assert data["barrier"].values[0, 0] == pytest.approx(0.204231, abs=1e-6)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"features": [24, 48]}, "48 features or more, got n = 3 and 24"),
        ({"features": [24], "hot": 0.5}, "greater than 1"),
        ({"features": [24], "protocols": ["hope"]}, "fixed"),
        ({"features": [24], "strengths": [1.0]}, "there is none at strength 1"),
    ],
)
def test_learning_refuses_what_it_cannot_do(ran, changed, said):
    asked = {"kind": "learning_from_scratch", "sets": 1, "strengths": [2.0]}
    with pytest.raises(ValueError, match=said):
        ran(asked | changed)


# --- messages, and entropy ------------------------------------------------------------


def test_messages_and_heat_bath_read_the_same_examples(ran):
    asked = {"kind": "message_passing", "sets": 3, "strengths": [4.0], "burn": 100}
    data = ran(asked, run={"duration": 1000.0}).data
    assert data["stopped"].values.all()
    np.testing.assert_allclose(data["difference"], 0, atol=0.02)
    np.testing.assert_allclose(data["path"][..., 0], 1)
    ends = theory.state_evolution(1.0, 4.0, 3, 12)
    np.testing.assert_allclose(data["evolution"][0], ends)


@pytest.mark.parametrize("count", [3, 6, 10])
def test_lobatto_nodes_integrate_polynomials_exactly(count):
    x, weights = lobatto(count)
    assert x[[0, -1]].tolist() == [-1, 1]
    for power in range(2 * count - 2):
        whole = 2 / (power + 1) if power % 2 == 0 else 0
        assert weights @ x**power == pytest.approx(whole, abs=1e-12)


def test_entropy_of_exact_energies_is_that_of_all_states(ran, monkeypatch):
    """The heat bath replaced by sums over all states of ten spins."""
    from types import SimpleNamespace

    from hopsim.experiments.capacity.fixed_points import all_states
    from hopsim.validation.students import ordered_entropy

    states, seen = all_states(10).astype(np.int8), []
    known = {}

    def exact(system, dynamics, starts, **_):
        if id(system) not in known:  # kept alive with its energies
            known[id(system)] = system, np.array([system.energy(s) for s in states])
        energy = known[id(system)][1]
        logarithm = -energy / dynamics.coldest
        weight = np.exp(logarithm - np.max(logarithm))
        weight /= np.sum(weight)
        seen.append(-weight[weight > 0] @ np.log(weight[weight > 0]) / 10)
        return SimpleNamespace(energy=weight[None] @ energy, final=starts)

    monkeypatch.setattr(ordered_entropy, "sample", exact)
    small = {
        "kind": "model_a",
        "interaction": {"kind": "distinct_polynomial", "n": 3, "features": 10},
        "memories": {"kind": "random_binary", "count": 1, "features": 10},
    }
    asked = {"kind": "ordered_entropy", "sets": 2, "strengths": [1.0], "burn": 5}
    data = ran(asked | {"nodes": 24, "colder": 300.0}, network=small).data
    assert seen[23] < 1e-9  # frozen: one state
    np.testing.assert_allclose(data["entropy"][0], seen[::24], atol=1e-3)
    assert np.min(seen[::24]) > 0.01
    u = data["energy"][0, 0] / 3
    np.testing.assert_allclose(data["free_entropy"][0], data["entropy"][0] - u)
