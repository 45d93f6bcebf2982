"""Grids: the table `[sweep]`, its axes, their points, and what is told of bad ones."""

import copy
import itertools
import json
import pickle
import re
import time
import tomllib

import numpy as np
import pytest
from command_line import hopsim_cli
from places import ROOT
from tomli_w import dumps

from hopsim.runs.run import run
from hopsim.scenario.attribution import attributed
from hopsim.scenario.entries import takes_integers
from hopsim.scenario.grid_tables import parse_axes
from hopsim.scenario.points import TRIED_ALL
from hopsim.scenario.scenario import load_scenario, Scenario, ScenarioError
from hopsim.scenario.toml_files import Problem


GOOD = {
    "name": "small",
    "network": {
        "kind": "model_b",
        "beta": 1.0,
        "memories": {"kind": "random_binary", "count": 4, "features": 12},
    },
    "probes": {"kind": "corrupted", "flipped": 0.1},
    "run": {"duration": 2.0, "samples": 3},
    "experiment": {"kind": "flow_ensemble"},
}
AXES = {
    "network.beta": [0.5, 1.0],
    "probes.flipped": {"start": 0.0, "stop": 0.4, "count": 5},
}
TOGETHER = [{"dynamics.tau_memory": [0.1, 1.0], "run.duration": [2.0, 3.0]}]


def tables(sweep=None, **changes):
    """The tables of a scenario with this table `[sweep]`."""
    whole = copy.deepcopy(GOOD) | ({} if sweep is None else {"sweep": sweep})
    return {k: v for k, v in (whole | changes).items() if v is not None}


def grid(axes=None, together=(), **changes):
    more = {"together": list(together)} if together else {}
    return Scenario(tables({"axes": axes or {}} | more, **changes))


def sets_of(scenario):
    return scenario.experiment.model_dump()["sets"]


def refused(sweep, **changes):
    """The places of the problems, and what is said about them."""
    with pytest.raises(ScenarioError) as caught:
        Scenario(tables(sweep, **changes))
    told = caught.value.problems
    assert len({p.path for p in told}) == len(told), "told twice"
    return {p.path: p.message for p in told}


@pytest.fixture
def file(tmp_path):
    """Writes tables; gives their file."""

    def one(whole):
        path = tmp_path / "small.toml"
        path.write_text(dumps(whole), encoding="utf-8")
        return path

    return one


# --- points ---------------------------------------------------------------------------


def test_points_are_all_combinations_the_last_axis_fastest():
    scenario = grid(AXES, TOGETHER)
    assert len(scenario.points) == 2 * 5 * 2
    point = scenario.points[2 * 5 + 2 * 3 + 1]
    assert point.label == "beta = 1, flipped = 0.3, tau_memory = 1"
    assert scenario.points.labels[17] == point.label
    assert point.value is None
    assert point.network.arguments["beta"] == 1.0
    assert point.probes.arguments["flipped"] == 0.3
    assert point.run.duration == 3.0
    wanted = itertools.product([0.5, 1.0], [0.0, 0.1, 0.2, 0.3, 0.4], [2.0, 3.0])
    found = [
        (p.network.arguments["beta"], p.probes.arguments["flipped"], p.run.duration)
        for p in scenario.points
    ]
    assert found == list(wanted)


def test_points_are_a_sequence():
    points = grid(AXES).points
    assert [p.label for p in points[-2:]] == points.labels[-2:]
    assert points[-1].label == points[9].label
    assert [points.number(points.steps(k)) for k in range(10)] == list(range(10))
    with pytest.raises(IndexError):
        points[10]


def test_a_scenario_goes_from_process_to_process():
    scenario = grid(AXES, TOGETHER)
    again = pickle.loads(pickle.dumps(scenario))
    assert again == scenario
    assert again.axes == scenario.axes
    assert repr(again.points) == repr(scenario.points)
    assert again.setting(3).label == scenario.setting(3).label


def test_axes_are_named_by_the_last_word_or_the_whole_path():
    axes = {"network.memories.count": [2, 4], "probes.count": [1, 2]} | AXES
    scenario = grid(axes, TOGETHER)
    names = ["network.memories.count", "probes.count", "beta", "flipped", "tau_memory"]
    assert [axis.name for axis in scenario.axes] == names
    last = scenario.axes[-1]
    assert last.paths == ("dynamics.tau_memory", "run.duration")
    assert last.values == [[0.1, 2.0], [1.0, 3.0]]
    assert last.along() == [0.1, 1.0]
    assert scenario.axes[1].along() == scenario.axes[1].values == [1, 2]


def test_one_axis_reads_like_the_older_form():
    older = {"path": "network.beta", "values": [0.5, 1, 2]}
    older = Scenario(tables(experiment={"kind": "recall", "sweep": older}))
    newer = grid({"network.beta": [0.5, 1, 2]}, experiment={"kind": "recall"})
    assert newer.axes == older.axes
    assert repr(newer.points[:]) == repr(older.points[:])
    assert [p.value for p in newer.points] == [0.5, 1.0, 2.0]
    assert newer.hash != older.hash


def test_variants_have_no_axes():
    variants = {"a": {"network.beta": 2.0}, "b": {}}
    scenario = Scenario(tables(experiment={"variants": variants}))
    assert scenario.axes == ()
    assert scenario.points.labels == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "full", "quick"),
    [
        ("attention_dial", "31862d6e", "ad6325bf"),
        ("digit_completion", "a67a2a4b", "24aa4d5d"),
        ("claims/cl-22", "e3de4ff1", "a13fdfb2"),
    ],
)
def test_hashes_of_older_files_are_what_they_were(name, full, quick):
    assert load_scenario(name).hash == full
    assert load_scenario(name, quick=True).hash == quick


def test_axes_may_change_what_another_one_replaces():
    kinds = [
        {"kind": kind, "count": 3, "features": 12} for kind in ("sphere", "cyclic")
    ]
    kinds[1] = {"kind": "gaussian", "count": 3, "features": 12}
    axes = {"network.memories.count": [2, 5], "network.memories": kinds}
    leaves = [p.network.arguments["memories"] for p in grid(axes).points]
    found = [(leaf.kind, leaf.arguments["count"]) for leaf in leaves]
    assert found == [("sphere", 2), ("gaussian", 2), ("sphere", 5), ("gaussian", 5)]


def test_other_values_are_labelled_by_their_short_form():
    long = {"kind": "sinusoid", "amplitude": 0.1, "omega": 1.0}
    drives = [{"drive": long}, {"drive": long | {"omega": 2.0}}]
    axes = {
        "run.save": [["v"], ["v", "g"]],
        "dynamics.drive": [x["drive"] for x in drives],
        "run.solver": ["tsit5", "dopri8"],
    }
    run = {"until": "duration", "duration": 1.0}
    labels = grid(axes, run=run).points.labels
    assert labels[0] == 'save = ["v"], drive = sinusoid #1, solver = "tsit5"'
    assert labels[-1] == 'save = ["v", "g"], drive = sinusoid #2, solver = "dopri8"'
    assert len(set(labels)) == 8


# --- values by their ends -------------------------------------------------------------


def spaced(path, **ends):
    (axis,) = grid({path: ends}).axes
    return axis.values


def test_spacing_is_even_in_values_or_in_their_logarithms():
    found = spaced("network.beta", start=0.5, stop=2.0, count=7)
    np.testing.assert_allclose(found, np.linspace(0.5, 2.0, 7), rtol=1e-14)
    found = spaced("network.beta", start=0.01, stop=10.0, count=7, spacing="log")
    np.testing.assert_allclose(found, np.geomspace(0.01, 10.0, 7), rtol=1e-14)
    assert (found[0], found[-1]) == (0.01, 10.0)
    assert spaced("network.beta", start=2.0, stop=1.0, count=3) == [2.0, 1.5, 1.0]


def test_values_are_the_decimals_that_one_writes():
    found = spaced("probes.flipped", start=0.0, stop=0.4, count=9)
    assert found == [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4]


def test_entries_that_are_integers_get_integers():
    ends = {"start": 10, "stop": 1000, "count": 7, "spacing": "log"}
    found = spaced("network.memories.count", **ends)
    assert found == [10, 22, 46, 100, 215, 464, 1000]
    assert all(type(x) is int for x in found)
    assert spaced("network.beta", start=1, stop=2, count=3) == [1.0, 1.5, 2.0]


@pytest.mark.parametrize(
    ("path", "integer"),
    [
        ("network.memories.count", True),
        ("network.memories", False),
        ("network.beta", False),
        ("network.none.count", False),
        ("probes.repeats", True),
        ("run.samples", True),
        ("run.rtol", False),
        ("training.epochs", True),
        ("dynamics.tau_memory", False),
        ("nowhere.count", False),
    ],
)
def test_it_is_known_which_entries_are_integers(path, integer):
    assert takes_integers(GOOD, path) is integer


# --- sets -----------------------------------------------------------------------------


def test_sets_are_those_of_the_experiment():
    one = Scenario(tables({"sets": 3}))
    other = Scenario(tables(experiment={"kind": "flow_ensemble", "sets": 3}))
    assert one.experiment == other.experiment
    assert one.tables(0) == other.tables(0)
    assert len(one.points) == 1


def test_sets_go_with_variants():
    variants = {"kind": "flow_ensemble", "variants": {"a": {}, "b": {}}}
    scenario = Scenario(tables({"sets": 3}, experiment=variants))
    assert (sets_of(scenario), len(scenario.points)) == (3, 2)


@pytest.mark.parametrize(
    ("experiment", "sets", "place", "words"),
    [
        ({"kind": "flow_ensemble", "sets": 2}, 2, "sweep.sets", "experiment.sets says"),
        ({"kind": "recall"}, 2, "sweep.sets", "'recall' has no sets of patterns"),
        ({"kind": "flow_ensemble"}, 0, "sweep.sets", "or equal to 1, got 0"),
        ({"kind": "exponential_capacity"}, 1, "sweep.sets", "or equal to 2, got 1"),
    ],
)
def test_sets_are_said_once_and_where_there_are_any(experiment, sets, place, words):
    assert words in refused({"sets": sets}, experiment=experiment)[place]


# --- mistakes -------------------------------------------------------------------------

BETA = 'sweep.axes."network.beta"'
FLIPPED = 'sweep.axes."probes.flipped"'
BAD = {
    "no list": ({"network.beta": 3}, {BETA: "count }, is needed, got 3"}),
    "nothing": ({"network.beta": []}, {BETA: "is needed, got []"}),
    "no quotation marks": (
        {"network": {"beta": [1.0]}},
        {'sweep.axes."network"': 'marks, "network.beta" = [0.5, 1.0]'},
    ),
    "count": (
        {"network.beta": {"start": 1.0, "stop": 2.0}},
        {f"{BETA}.count": "required"},
    ),
    "one": (
        {"network.beta": {"start": 1.0, "stop": 2.0, "count": 1}},
        {f"{BETA}.count": "or equal to 2, got 1"},
    ),
    "misspelt": (
        {"network.beta": {"start": 1.0, "stop": 2.0, "count": 2, "spacin": "log"}},
        {f"{BETA}.spacin": "did you mean 'spacing'?"},
    ),
    "spacing": (
        {"network.beta": {"start": 1.0, "stop": 2.0, "count": 2, "spacing": "lg"}},
        {f"{BETA}.spacing": "must be one of linear, log, got 'lg'"},
    ),
    "logarithm": (
        {"network.beta": {"start": 0.0, "stop": 2.0, "count": 2, "spacing": "log"}},
        {BETA: 'must be > 0 for spacing = "log"'},
    ),
    "table": (
        {"netwrk.beta": [1.0, 2.0]},
        {'sweep.axes."netwrk.beta"': "did you mean 'network'?"},
    ),
    "seed": ({"seed": [1, 2]}, {'sweep.axes."seed"': "a sweep changes entries of"}),
    "repeated": (
        {"network.beta": [0.5, 1, 1.0]},
        {BETA: "must differ, and integers are rounded; got 1 more than once"},
    ),
    "rounded": (
        {"network.memories.count": {"start": 1, "stop": 3, "count": 9}},
        {'sweep.axes."network.memories.count"': "got 1 more than once"},
    ),
    "too many": (
        {
            "network.beta": {"start": 1.0, "stop": 2.0, "count": 10_000},
            "probes.flipped": {"start": 0.0, "stop": 0.5, "count": 10_000},
        },
        {"sweep": "at most 10,000,000 points, got 100,000,000"},
    ),
    "nothing to train": (
        {"training.epochs": [1, 2]},
        {"sweep": "learns no memories; leave the axis training.epochs out"},
    ),
    # of values
    "value": (
        {"network.beta": [1.0, 2.0, -1.0], "probes.flipped": [0.0, 0.5]},
        {f"network.beta (from {BETA}[2])": "must be > 0, got -1.0"},
    ),
    "first value": (
        {"network.beta": [-1.0, 2.0, 3.0], "probes.flipped": [0.0, 0.5]},
        {f"network.beta (from {BETA}[0])": "must be > 0, got -1.0"},
    ),
    "two axes": (
        {"network.beta": [1.0, "a"], "probes.flipped": [0.0, 2.0]},
        {
            f"network.beta (from {BETA}[1])": "valid number, got 'a'",
            f"probes.flipped (from {FLIPPED}[1])": "must be >= 0 and <= 1, got 2.0",
        },
    ),
    "no such entry": (
        {"network.bta": [1.0, 2.0], "probes.flipped": [0.0, 0.5]},
        {"network.bta": "did you mean 'beta'?"},
    ),
    "through a number": (
        {"network.beta.x": [1.0, 2.0]},
        {
            'sweep.axes."network.beta.x"[0]': "'beta' in 'network.beta.x' is not",
            'sweep.axes."network.beta.x"[1]': "'beta' in 'network.beta.x' is not",
        },
    ),
    # of settings
    "size": (
        {"run.clamped": ["none", [12]], "network.beta": [0.5, 1.0]},
        {'sweep.axes."run.clamped"[1]': "features from 0 to 11, got [12]"},
    ),
    "corner": (
        {"network.memories.features": [12, 16], "run.clamped": [[1], [14]]},
        {'sweep.axes."run.clamped"[1]': "features from 0 to 11, got [14]"},
    ),
    "two together": (
        {"network.memories.features": [16, 12], "run.clamped": [[1], [14]]},
        {
            'sweep.axes."network.memories.features"[1] with '
            'sweep.axes."run.clamped"[1]': "features from 0 to 11, got [14]"
        },
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_every_mistake_is_told_once_with_its_place(name):
    axes, expected = BAD[name]
    told = refused({"axes": axes})
    assert told.keys() == expected.keys()
    assert all(words in told[place] for place, words in expected.items())


@pytest.mark.parametrize(
    ("sweep", "place", "words"),
    [
        (3, "sweep", "a table is needed, got 3"),
        ({"axs": {}}, "sweep.axs", "did you mean 'axes'?"),
        ({"together": {}}, "sweep.together", "valid list"),
        ({"together": [{}]}, "sweep.together[0]", "name at least one entry"),
        (
            {"together": [{"network.beta": [1.0], "probes.flipped": [0.1, 0.2]}]},
            "sweep.together[0]",
            "as many values each, got 1 of network.beta, 2 of probes.flipped",
        ),
        (
            {"together": [{"network.beta": 1.0, "probes.flipped": [0.1, 0.2]}]},
            'sweep.together[0]."network.beta"',
            "is needed, got 1.0",
        ),
        (
            {"axes": AXES, "together": [{"network.beta": [1.0, 2.0]}]},
            'sweep.together[0]."network.beta"',
            f"{BETA} sweeps the same entry; leave out one of them",
        ),
        (
            {"together": [{"run.duration": [1.0, 2.0], "network.beta": [1.0, -1.0]}]},
            "network.beta (from sweep.together[0][1])",
            "must be > 0",
        ),
    ],
)
def test_a_bad_table_is_told_so(sweep, place, words):
    told = refused(sweep)
    assert told.keys() == {place}
    assert words in told[place]


@pytest.mark.parametrize("word", ["sweep", "variants"])
def test_points_are_made_in_one_way(word):
    other = {"sweep": {"path": "run.duration", "values": [1.0]}, "variants": {"a": {}}}
    experiment = {"kind": "recall", word: other[word]}
    told = refused({"axes": AXES}, experiment=experiment)
    message = f"experiment.{word} makes points as well; leave out one of the two"
    assert told == {"sweep": message}


def test_a_mistake_elsewhere_is_told_beside_those_of_the_sweep():
    told = refused({"axes": {"network.beta": 3}}, probes={"kind": "corupted"})
    assert told.keys() == {BETA, "probes.kind"}


def test_points_of_a_sweep_that_is_wrong_are_not_missed():
    checks = [{"kind": "converged", "point": "beta = 1"}]
    assert refused({"axes": {"network.beta": [1, 1.0]}}, checks=checks).keys() == {BETA}


def test_many_mistakes_are_cut_short():
    ends = {"start": -9.0, "stop": -1.0, "count": 100}
    with pytest.raises(ScenarioError) as caught:
        grid({"network.beta": ends})
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1].message == "80 more of this kind"


def test_a_point_that_was_not_tried_is_refused_when_it_is_asked_for():
    pairs = {"start": 1, "stop": 31, "count": 31}
    axes = {"network.beta": pairs, "run.duration": pairs}
    points = grid(axes).points
    broken = copy.copy(points)
    broken._parts = lambda steps: ({}, [Problem("run.until", "a mistake")])
    assert len(points) > TRIED_ALL
    with pytest.raises(
        ScenarioError, match=r"the point 'beta = 5, duration = 6': 1 pr"
    ):
        broken[31 * 4 + 5]


def test_causes_are_those_values_without_which_a_mistake_is_gone():
    wrong = {"x": lambda a, b, c: a == 1 and c == 2, "y": lambda a, b, c: b == 0}
    wrong |= {"z": lambda a, b, c: True, "w": lambda a, b, c: a == 0 and b == 0}
    found = {
        steps: [name for name, holds in wrong.items() if holds(*steps)]
        for steps in itertools.product(range(2), range(3), range(3))
    }
    told = dict(attributed(found))
    assert told["y"] == [((1, 0),)]
    assert told["z"] == []
    assert told["w"] == [((0, 0), (1, 0))]
    assert told["x"] == [((0, 1), (1, b), (2, 2)) for b in range(3)]


# --- one point alone ------------------------------------------------------------------


def test_the_tables_of_a_point_make_a_scenario_of_it():
    checks = [{"kind": "energy_falls"}]
    scenario = grid(AXES, TOGETHER, checks=checks, plots=["energy"], seed=3)
    alone = scenario.tables(17)
    assert not alone.keys() & {"sweep", "checks", "plots"}
    one, whole = Scenario(alone).setting(0), scenario.setting(17)
    assert (one.label, whole.label) == ("", scenario.points.labels[17])
    assert (one.run, one.dynamics) == (whole.run, whole.dynamics)
    np.testing.assert_array_equal(one.probes.values, whole.probes.values)
    assert one.network.memory_lagrangian.beta == whole.network.memory_lagrangian.beta
    assert scenario.resolved["network"]["beta"] == 1.0  # as it was


def test_the_tables_of_a_point_do_not_tell_of_the_others():
    few = grid({"network.beta": [0.5, 1.0]})
    more = grid({"network.beta": [0.5, 1.0, 2.0], "run.duration": [2.0, 9.0]})
    assert few.tables(1) == more.tables(2)
    variants = {"kind": "flow_ensemble", "variants": {"a": {"network.beta": 1.0}}}
    variants |= {"only": ["a"]}
    assert Scenario(tables(experiment=variants)).tables(0) == few.tables(1)


# --- size -----------------------------------------------------------------------------


@pytest.mark.slow
def test_ten_thousand_points_are_read_at_once():
    beta = {"start": 0.1, "stop": 1.0, "count": 25}
    count = {"start": 10, "stop": 1000, "count": 20, "spacing": "log"}
    flipped = {"start": 0.0, "stop": 0.4, "count": 20}
    axes = {"network.beta": beta, "network.memories.count": count}
    begun = time.process_time()
    scenario = grid(axes | {"probes.flipped": flipped})
    assert time.process_time() - begun < 2  # 0.3 without the type hook
    assert len(scenario.points) == 10_000
    assert scenario.points._read.cache_info().currsize < 800
    lines = scenario.understood()
    assert len(lines) == 2
    assert "10,000 points (25 beta x 20 count x 20 flipped): 10 to 1000 mem" in lines[0]
    assert lines[1].startswith("166 of 10,000 combinations were tried: each value")


def test_a_table_is_read_once_for_all_points_that_share_it():
    points = grid(
        {"network.beta": [0.5, 1.0, 2.0]} | {"run.duration": [1.0, 2.0]}
    ).points
    assert points[0].network is points[1].network is not points[2].network
    assert points[0].run is points[2].run is not points[1].run
    # one for each of: 3 values, 2 values, dynamics, probes, training
    assert points._read.cache_info().misses == 8


def test_each_value_the_corners_and_some_at_random_are_tried():
    axes = {"network.beta": [0.1 * k for k in range(1, 11)]}
    axes |= {"run.duration": [1.0 + k for k in range(10)]}
    axes |= {"probes.flipped": [0.01 * k for k in range(10)]}
    points = grid(axes).points
    tried = set(points.tried())
    assert tried == set(points.tried())  # the same ones again
    assert tried > set(itertools.product((0, 9), repeat=3))
    assert tried > {(0, k, 0) for k in range(10)}
    assert 28 + 7 < len(tried) <= 28 + 7 + 100
    assert len(grid({"network.beta": axes["network.beta"]}).points.tried()) == 10


def test_a_check_may_speak_of_one_point_of_a_grid():
    point = "beta = 0.5, flipped = 0.2"
    checks = [{"kind": "converged", "point": point}]
    assert grid(AXES, checks=checks).checks[0].point == point
    wrong = [{"kind": "converged", "point": "beta = 0.5, flipped = 0.7"}]
    told = refused({"axes": AXES}, checks=wrong)
    assert "did you mean 'beta = 0.5, flipped =" in told["checks[0].point"]


# --- beside the file ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1:1:10", {"start": 0.1, "stop": 1, "count": 10}),
        ("1:10:3:log", {"start": 1, "stop": 10, "count": 3, "spacing": "log"}),
        ("0.1, 0.5,1", [0.1, 0.5, 1]),
        ("tsit5,dopri8", ["tsit5", "dopri8"]),
        ("'a:b:c'", ["a:b:c"]),
        ("2", [2]),
        ("[1, 2], [3]", [[1, 2], [3]]),
        ("{kind='sphere', count=2}", [{"kind": "sphere", "count": 2}]),
    ],
)
def test_the_command_line_takes_ranges_and_lists(text, values):
    assert parse_axes([f"network.beta={text}"]) == {"network.beta": values}


@pytest.mark.parametrize("text", ["network.beta", "=1,2", "network.beta=", "a=,"])
def test_what_is_no_axis_is_explained(file, text):
    result = hopsim_cli("check", file(tables()), "--sweep", text)
    assert result.exit_code == 2
    assert "--sweep takes PATH=START:STOP:COUNT" in result.stderr
    assert f"got {text!r}" in result.stderr


def test_axes_beside_the_file_replace_its_own_and_add_to_them(file):
    path = file(tables({"axes": AXES}))
    given = {"run.duration": [1.0, 2.0], "network.beta": np.linspace(1.0, 2.0, 3)}
    scenario = load_scenario(path, sweep=given)
    assert scenario == grid(AXES | {"network.beta": [1.0, 1.5, 2.0]} | {
        "run.duration": [1.0, 2.0]
    })  # fmt: skip
    assert [axis.name for axis in scenario.axes] == ["beta", "flipped", "duration"]
    words = ("--sweep", "network.beta=1.0,1.5,2.0", "--sweep", "run.duration=1.0,2.0")
    result = hopsim_cli("check", path, *words)
    assert f"valid (30 points, run small-{scenario.hash})" in result.stdout


def test_an_axis_of_the_older_form_is_one_of_them(file):
    older = {"sweep": {"path": "network.beta", "values": [1.0, 2.0]}}
    path = file(tables(experiment={"kind": "recall"} | older))
    axes = load_scenario(path, sweep={"run.duration": [1.0, 2.0, 3.0]}).axes
    assert [(a.name, len(a.values)) for a in axes] == [("beta", 2), ("duration", 3)]
    axes = load_scenario(path, sweep={"network.beta": [1.0, 2.0, 3.0]}).axes
    assert [(a.name, len(a.values)) for a in axes] == [("beta", 3)]


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        ({"network.beta": "1:2"}, BETA, "is needed, got '1:2'"),
        ({"network.beta": [None]}, "network.beta[0]", "must be text, a number"),
        ({"network.bta": [1.0]}, "network.bta", "did you mean 'beta'?"),
    ],
)
def test_bad_axes_beside_the_file_are_told_so(file, given, place, words):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file(tables()), sweep=given)
    (problem,) = caught.value.problems
    assert problem.path == place
    assert words in problem.message


def test_axes_beside_a_file_whose_sweep_is_no_table(file):
    for sweep in (3, {"axes": [1]}):
        with pytest.raises(ScenarioError, match="a table with axes is needed"):
            load_scenario(file(tables(sweep)), sweep={"network.beta": [1.0]})


# --- what becomes of them -------------------------------------------------------------


def test_a_grid_is_written_and_read_as_the_same():
    scenario = grid(AXES, TOGETHER)
    again = Scenario(scenario.to_dict())
    assert again == scenario
    assert again.axes == scenario.axes
    assert '"network.beta" = [0.5, 1.0]' in scenario.to_toml()


def test_the_grid_of_the_readme_is_one():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(\[sweep\]\n.*?)```", text, re.DOTALL)
    scenario = Scenario(tables(tomllib.loads(block)["sweep"]))
    assert [len(axis.values) for axis in scenario.axes] == [3, 9, 7, 2]
    assert sets_of(scenario) == 4


def test_quick_makes_a_grid_smaller(file):
    quick = {"sweep": {"sets": 1, "axes": {"probes.flipped": {"count": 2}}}}
    path = file(tables({"sets": 2, "axes": AXES}, quick=quick))
    scenario = load_scenario(path, quick=True)
    assert [len(axis.values) for axis in scenario.axes] == [2, 2]
    assert sets_of(scenario) == 1
    full, small = hopsim_cli("check", path).stdout.splitlines()[1:]
    assert "10 points (2 beta x 5 flipped): 4 memories of 12 features" in full
    assert "4 points (2 beta x 2 flipped): 4 memories of 12 features" in small


def test_a_record_says_its_grid_in_the_order_of_the_file(monkeypatch):
    def measured(self, setting):
        return {"size": ("probe", np.array([setting.network.count]))}

    # in another order than that of the alphabet
    axes = {"probes.flipped": [0.0, 0.1], "network.memories.count": [3, 4]}
    scenario = grid(axes)
    monkeypatch.setattr(type(scenario.experiment), "measure", measured)
    record = run(scenario)
    assert record.labels() == scenario.points.labels
    assert record.rows()["size"].values[:, 0].tolist() == [3, 4, 3, 4]
    assert Scenario(json.loads(record.attrs["resolved"])).axes == scenario.axes
    assert record.attrs["network"] == "model_b"
    assert record.attrs["sweep_path"] == ""
    assert run(grid({"run.duration": [1.0]})).attrs["sweep_path"] == "run.duration"
