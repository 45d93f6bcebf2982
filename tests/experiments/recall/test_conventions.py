"""What the conventions of the binary memory change, and what floating point breaks."""

import numpy as np
import pytest
import tomli_w

import hopsim


NETWORK = {
    "kind": "model_a",
    "normalised": False,
    "interaction": {"kind": "polynomial", "n": 4},
    "memories": {"kind": "random_binary", "count": 40, "features": 12},
}
SPINS = {"kind": "random", "binary": True, "count": 8}
CUES = {"kind": "corrupted", "flipped": 0.1, "count": 8}
SEQUENTIAL = {"order": "sequential"}
AT_ONCE = {"order": "synchronous"}
XOR = [[-1, -1, -1], [-1, 1, 1], [1, -1, 1], [1, 1, -1]]


def run(tmp_path, experiment, dynamics=None, network=None, probes=None, sweeps=50.0):
    tables = {
        "name": "small",
        "network": NETWORK | (network or {}),
        "dynamics": {"kind": "binary"} | (dynamics or {}),
        "probes": probes or SPINS,
        "run": {"duration": sweeps},
        "experiment": experiment,
    }
    path = tmp_path / "small.toml"
    path.write_text(tomli_w.dumps(tables))
    return hopsim.run(hopsim.load_scenario(path)).rows().data


def test_conventions_share_memories_and_starts(tmp_path):
    names = ["energy gap", "sequential", "local field"]
    data = run(tmp_path, {"kind": "conventions", "sets": 2, "conventions": names})
    assert data["perfect"].shape == (3, 16)
    assert np.all(data["shift"].values[0] == 0)
    assert np.all(data["signed"].values <= data["perfect"].values)
    assert data["rule"].values.tolist() == [0, 0, 2]
    assert data["order"].values.tolist() == [1, 0, 1]
    # the share that it keeps only ever holds a spin
    assert np.all(data["flips"].values[2] <= data["flips"].values[0])


def test_starts_that_do_not_come_to_rest_are_counted(tmp_path):
    """One sweep is not enough: those that flipped in it are unconverged."""
    names = ["energy gap", "synchronous"]
    kind = {"kind": "conventions", "sets": 1, "conventions": names}
    data = run(tmp_path, kind, sweeps=1.0)
    moved = data["flips"].values > 0
    assert moved.any()
    assert np.array_equal(data["unconverged"].values, moved)
    later = run(tmp_path, kind)
    assert not later["unconverged"].values[0].any()
    assert later["cycle"].values[1].any()


@pytest.mark.parametrize(
    ("experiment", "dynamics", "network", "message"),
    [
        ({"kind": "conventions", "conventions": ["none"]}, {}, {}, "no convention"),
        ({"kind": "conventions"}, SEQUENTIAL, {}, "chooses order"),
        ({"kind": "overflow"}, {}, {}, "synchronous"),
        ({"kind": "overflow"}, AT_ONCE, {"normalised": True}, "literal power"),
        ({"kind": "scaling"}, {}, {}, "sequential"),
        ({"kind": "float_range"}, {}, {}, "LogSumExp"),
        ({"kind": "truth_table", "n": [2]}, {}, {"normalised": True}, "literal power"),
        ({"kind": "rules_compared", "counts": [5]}, {}, {}, "corrupted"),
        ({"kind": "rules_compared", "counts": [5, 3]}, {}, {}, "rise"),
        ({"kind": "fixed_points"}, {"kind": "sharp"}, {}, "binary"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    tmp_path, experiment, dynamics, network, message
):
    with pytest.raises(ValueError, match=message):
        run(tmp_path, experiment, dynamics, network)


def test_minima_and_states_of_rest_are_those_of_brute_force(tmp_path):
    rows = np.random.default_rng(7).choice([-1, 1], (9, 6))
    memories = {"memories": {"kind": "given", "values": rows.tolist()}}
    data = run(tmp_path, {"kind": "fixed_points", "sets": 1}, network=memories)
    states = 2 * ((np.arange(64)[:, None] >> np.arange(6)) & 1) - 1
    x = states @ rows.T
    field = states * ((4 * x**3) @ rows)
    flipped = [x - 2 * rows[:, i] * states[:, [i]] for i in range(6)]
    cost = np.stack([np.sum(x**4 - y**4, axis=1) for y in flipped], axis=1)
    assert np.array_equal(data["minimum"], np.all(cost > 0, axis=1))
    assert np.array_equal(data["stable"], np.all(cost >= 0, axis=1))
    assert np.array_equal(data["rest"], np.all(field > 0, axis=1))
    assert not np.any(data["outside"])
    assert not np.any(data["field_differs"])


def test_only_the_certified_signs_survive_between_twins(tmp_path):
    memories = {"memories": {"kind": "random_binary", "count": 60, "features": 30}}
    experiment = {"kind": "overflow", "sets": 2, "n": [3, 100], "spins": 3}
    data = run(tmp_path, experiment, AT_ONCE, memories)
    names = data["method_name"].values.tolist()
    failed = data["failed"].values
    assert not np.any(failed[..., names.index("certified"), :])
    assert np.any(failed[2, 1, names.index("over max, float64")])
    assert np.all(data["broken"].values[2, 1, names.index("plain, float32")])
    assert not np.any(failed[:, 0, names.index("plain, float64")])


def test_xor_needs_odd_powers_or_rectified_ones(tmp_path):
    memories = {"memories": {"kind": "given", "values": XOR}}
    experiment = {"kind": "truth_table", "n": [1, 2, 3, 4, 5]}
    data = run(tmp_path, experiment, network=memories)
    odd = np.array([False, False, True, False, True])
    assert np.array_equal(data["solved"], np.repeat(odd[:, None], 4, axis=1))
    assert np.array_equal(data["tie"], np.repeat(~odd[:, None], 4, axis=1))
    # n = 3: one memory at 3 and three at -1, E = -24; turned over, +24
    assert np.all(data["gap"].values[2] == 48)
    assert not np.any(data["rule_differs"])


def test_scaled_powers_go_the_same_way_and_exponentials_do_not(tmp_path):
    small = {"memories": {"kind": "random_binary", "count": 10, "features": 30}}
    experiment = {"kind": "scaling", "sets": 1}
    data = run(tmp_path, experiment, SEQUENTIAL, small, CUES)
    assert np.all(data["same"])
    exp = small | {"interaction": {"kind": "exponential"}}
    data = run(tmp_path, experiment, SEQUENTIAL, exp, CUES)
    assert not np.all(data["same"])
    assert np.mean(data["recalled"]) > np.mean(data["recalled_scaled"])


@pytest.mark.slow
def test_limits_agree_where_little_is_stored(tmp_path):
    rules = ["binary", "sharp flow", "AltIMEX"]
    experiment = {
        "kind": "rules_compared",
        "sets": 2,
        "counts": [8, 40],
        "rules": rules,
    }
    small = {"memories": {"kind": "random_binary", "count": 40, "features": 30}}
    data = run(tmp_path, experiment, {"kind": "adiabatic"}, small, CUES)
    assert data["recalled"].shape == (3, 2, 16)
    assert np.all(data["recalled"].values[:, 0])
    assert np.allclose(data["cue_overlap"], 0.8)


def test_powers_leave_the_numbers_where_theory_says(tmp_path):
    network = {"kind": "model_b", "memories": NETWORK["memories"]}
    path = tmp_path / "range.toml"
    tables = {
        "name": "range",
        "network": network,
        "dynamics": {"kind": "adiabatic"},
        "probes": SPINS,
        "experiment": {"kind": "float_range"},
    }
    path.write_text(tomli_w.dumps(tables))
    data = hopsim.run(hopsim.load_scenario(path)).rows().data
    assert np.array_equal(data["finite_n"], data["finite_theory"])
    assert np.array_equal(data["vanishing_n"], data["vanishing_theory"])
    assert data["finite_n"].values[0].tolist() == [19, 13, 12, 12, 10, 9]
