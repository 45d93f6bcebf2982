"""Scenario files: what they mean, and what is said about bad ones."""

import copy
import functools as ft
import json
import re
import tomllib
from pathlib import Path

import cases
import numpy as np
import pytest
import xarray as xr
from command_line import hopsim_cli
from PIL import Image
from places import ROOT
from tomli_w import dumps

import hopsim.simulation
from hopsim._common.streams import as_stream, Stream
from hopsim.cli.endings import raised_by_hopsim
from hopsim.dynamics import TwoLayer
from hopsim.scenario.scenario import load_scenario, ScenarioError


SHIPPED = sorted(ROOT.glob("scenarios/**/*.toml"))
CLAIMS = [path for path in SHIPPED if path.parent.name == "claims"]
EACH = pytest.mark.parametrize(
    "path",
    [  # claims are read by the tests of their checks, and built where they are run
        pytest.param(
            path,
            id=path.stem,
            marks=pytest.mark.slow if path in set(CLAIMS) - set(CLAIMS[::8]) else [],
        )
        for path in SHIPPED
    ],
)
GOOD = {
    "name": "small",
    "network": {
        "kind": "model_b",
        "beta": 1.0,
        "memories": {"kind": "random_binary", "count": 4, "features": 12},
    },
    "probes": {"kind": "corrupted", "flipped": 0.1},
}


@pytest.fixture(autouse=True)
def _nothing_is_computed(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("reading a scenario must not simulate")

    monkeypatch.setattr(hopsim.simulation, "simulate", refuse)
    monkeypatch.setattr("hopsim.experiments._base.simulate", refuse)


@pytest.fixture
def write(tmp_path):
    """Writes `GOOD` with changes at dotted paths (None deletes); gives its path."""

    def one(changes=None, **more):
        tables = copy.deepcopy(GOOD)
        for dotted, value in ((changes or {}) | more).items():
            *parents, last = dotted.split(".")
            table = tables
            for name in parents:
                table = table.setdefault(name, {})
            if value is None:
                del table[last]
            else:
                table[last] = value
        path = tmp_path / "small.toml"
        path.write_text(dumps(tables), encoding="utf-8")
        return path

    return one


@ft.cache
def shipped(path, quick=False):
    """A scenario that ships: it is frozen, so that one is enough for all tests."""
    return load_scenario(path, quick=quick)


@pytest.mark.parametrize("character", ["\0", "\x1b", "\r", "\x7f", "\x9b", "\ud800"])
@pytest.mark.parametrize(
    "entry",
    [
        {"title": "a@b"},
        {"claim": {"id": "CL-1", "statement": "a@b", "source": "s"}},
        {"checks": [{"kind": "bound", "statement": "a@b", "variable": "x"}]},
        {"experiment": {"kind": "recall", "variants": {"a@b": {}}}},
        {"experiment": {"kind": "recall", "only": ["a@b"]}},
        {"name": "a@b"},
    ],
    ids=["title", "claim", "check", "label", "list", "name"],
)
def test_text_that_no_file_can_hold_is_refused_wherever_it_stands(
    write, entry, character
):
    with_it = json.loads(json.dumps(entry).replace("@", json.dumps(character)[1:-1]))
    told = [str(p) for p in problems_of(write(), overrides=with_it)]
    assert len(told) == 1
    assert "control character" in told[0]
    assert told[0].isprintable()


def test_line_feeds_and_other_tongues_may_stand_in_a_title(write):
    title = "two\nlines, a\ttab, ξ, $x$ and 脳"
    assert load_scenario(write(title=title)).header.title == title


def time_constant(point):
    assert isinstance(point.dynamics, TwoLayer)
    return point.dynamics.tau_memory


def problems_of(path, **how):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, **how)
    assert str(caught.value).startswith(f"{caught.value.where}: ")
    return caught.value.problems


# --- good files -----------------------------------------------------------------------


@EACH
def test_shipped_scenario_loads_in_two_sizes(path):
    full, quick = shipped(path), shipped(path, True)
    for scenario in (full, quick):
        assert scenario.name == path.stem
        assert scenario.header.title
        assert scenario.checks
        assert scenario.text == path.read_text(encoding="utf-8")
    assert full.hash != quick.hash
    assert "quick" not in full.resolved
    assert "quick" not in quick.resolved


OFFLINE = ("random_binary", "gaussian", "sphere", "correlated", "given", "digits")


@pytest.mark.parametrize("kind", cases.MEMORY_KINDS)
def test_every_kind_of_memories_is_read_and_drawn(write, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    np.savez("memories.npz", xi=np.eye(3))
    for label in range(2):
        Path("images", str(label)).mkdir(parents=True)
        for k in range(2):
            grey = np.array([[0, 200], [200 * k, 100]], np.uint8)
            Image.fromarray(grey).save(f"images/{label}/{k}.png")
    memories = {"kind": kind} | cases.MEMORY_KINDS[kind]
    scenario = load_scenario(write({"network.memories": memories}))
    leaf = scenario.points[0].network.arguments["memories"]
    assert {"kind": leaf.kind} | leaf.arguments == memories
    if kind in OFFLINE:
        (setting,) = scenario.settings()
        assert np.all(np.isfinite(setting.patterns.values))


@pytest.mark.parametrize("kind", cases.PROBE_KINDS)
def test_every_kind_of_probes_is_read_and_drawn(write, kind):
    plane = {"kind": "given", "values": [[1.0, 0.0], [0.0, 1.0]]}
    probes = {"kind": kind} | cases.PROBE_KINDS[kind]
    path = write({"network.memories": plane, "probes": probes})
    (setting,) = load_scenario(path).settings()
    assert setting.probes.values.shape == (len(setting.probes.targets), 2)
    assert np.all(setting.probes.targets < 2)


def test_memories_are_read_from_files(write, tmp_path):
    xi = np.random.default_rng(0).standard_normal((5, 3))
    np.save(tmp_path / "xi.npy", xi)
    np.savez(tmp_path / "xi.npz", xi=xi, other=xi[0])
    xr.Dataset({"xi": (("memory", "feature"), xi)}).to_netcdf(tmp_path / "xi.nc")
    for name in ("xi.npy", "xi.npz", "xi.nc"):
        memories = {"kind": "file", "path": str(tmp_path / name), "variable": "xi"}
        found = drawn(write({"network.memories": memories | {"count": 4}}))
        np.testing.assert_array_equal(found.patterns.values, xi[:4])


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("none.npy", {}, "There is no file"),
        ("a" * 5000 + ".npy", {}, "There is no file"),
        ("text.npy", {}, "cannot be read"),
        ("text.npz", {}, "cannot be read"),
        ("text.nc", {}, "cannot be read"),
        ("text.csv", {}, "Arrays come from .npy, .npz, HDF5"),
        ("two.npz", {}, "holds a, b; name one of them as `variable`, got None"),
        ("two.npz", {"variable": "c"}, "holds a, b; name one of them"),
        ("two.npz", {"variable": "a"}, "non-empty table of finite numbers"),
    ],
    ids=lambda x: x[:9] if isinstance(x, str) else "",
)
def test_files_without_memories_are_told_so(write, tmp_path, name, more, words):
    for suffix in ("npy", "npz", "nc", "csv"):
        (tmp_path / f"text.{suffix}").write_text("some words")
    np.savez(tmp_path / "two.npz", a=np.ones(3), b=np.array([["x", "y"]]))
    memories = {"kind": "file", "path": str(tmp_path / name)} | more
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        drawn(write({"network.memories": memories}))
    assert raised_by_hopsim(caught.value)


@EACH
def test_shipped_scenario_builds_every_point(path):
    for setting in shipped(path, True).settings():
        assert setting.probes.values.shape[1] == setting.network.features
        assert setting.network.memories.shape == setting.patterns.values.shape


def test_hash_is_that_of_the_meaning_not_of_the_text(write):
    path = write()
    before = load_scenario(path).hash
    tables = dict(reversed(tomllib.loads(path.read_text()).items()))
    path.write_text("# the same, in another order\n\n" + dumps(tables))
    assert load_scenario(path).hash == before
    assert len(before) == 8
    assert set(before) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "override",
    [
        {"seed": 1},
        {"title": "x"},
        {"run.rtol": 1e-8},
        {"network.beta": 1.5},
        {"probes.repeats": 2},
        {"plots": []},
        {"network.memories.count": 5},
        {"dynamics.kind": "adiabatic"},
    ],
    ids=str,
)
def test_hash_changes_with_every_override(write, override):
    path = write()
    assert load_scenario(path, overrides=override).hash != load_scenario(path).hash


def test_quick_is_merged_into_the_tables(write):
    path = write(quick={"network": {"memories": {"count": 2}}, "run": {"samples": 3}})
    quick = load_scenario(path, quick=True)
    memories = quick.resolved["network"]["memories"]
    assert memories == {"kind": "random_binary", "count": 2, "features": 12}
    assert quick.points[0].run.samples == 3
    assert load_scenario(path).resolved["network"]["memories"]["count"] == 4


def test_a_table_with_a_kind_replaces_the_old_one(write):
    path = write(quick={"probes": {"kind": "random", "count": 3}})
    quick = load_scenario(path, quick=True)
    assert quick.resolved["probes"] == {"kind": "random", "count": 3}


def test_plots_are_those_of_the_experiment_unless_named(write):
    assert load_scenario(write()).plots == ("energy", "overlap")
    assert load_scenario(write(plots=["gap"])).plots == ("gap",)
    assert load_scenario(write(plots=[])).plots == ()


def test_overrides_reach_every_table(write):
    overrides = {"run.duration": 3, "network.beta": 2.5, "dynamics.tau_memory": 0.3}
    point = load_scenario(write(), overrides=overrides).points[0]
    assert point.run.duration == 3
    assert point.network.arguments["beta"] == 2.5
    assert time_constant(point) == 0.3


def test_sweep_makes_a_labelled_point_of_every_value(write):
    path = write({"experiment.sweep": {"path": "network.beta", "values": [0.5, 1, 2]}})
    scenario = load_scenario(path)
    assert [p.label for p in scenario.points] == ["beta = 0.5", "beta = 1", "beta = 2"]
    assert [p.value for p in scenario.points] == [0.5, 1.0, 2.0]
    assert [s.network.memory_lagrangian.beta for s in scenario.settings()] == [
        0.5,
        1,
        2,
    ]


def test_sweep_of_words_has_labels_and_no_numbers(write):
    sweep = {"path": "run.solver", "values": ["tsit5", "altimex"]}
    points = load_scenario(write({"experiment.sweep": sweep})).points
    assert [p.label for p in points] == ['solver = "tsit5"', 'solver = "altimex"']
    assert [p.value for p in points] == [None, None]
    assert [p.run.solver for p in points] == ["tsit5", "altimex"]


def test_variants_are_points_in_the_order_of_the_file(write):
    variants = {
        "slow": {"dynamics.tau_memory": 1.0},
        "plain": {},
        "other": {"network": {"beta": 3.0}, "probes": {"kind": "random", "count": 2}},
    }
    scenario = load_scenario(write({"experiment.variants": variants}))
    slow, plain, other = scenario.points
    assert [slow.label, plain.label, other.label] == ["slow", "plain", "other"]
    assert (time_constant(slow), time_constant(plain)) == (1.0, 0.1)
    assert other.network.arguments["beta"] == 3.0  # merged: no kind of its own
    assert other.probes.kind == "random"
    assert scenario.resolved["probes"]["kind"] == "corrupted"


def test_a_check_may_speak_of_one_point(write):
    checks = [{"kind": "converged", "point": "beta = 2"}]
    sweep = {"path": "network.beta", "values": [1, 2]}
    path = write({"experiment.sweep": sweep, "checks": checks})
    assert load_scenario(path).checks[0].point == "beta = 2"


# --- seeds ----------------------------------------------------------------------------


def drawn(path, **overrides):
    return load_scenario(path, overrides=overrides).settings()[0]


def test_same_seed_draws_the_same_and_another_seed_does_not(write):
    path = write({"probes.noise": 0.1})
    one, again, other = drawn(path), drawn(path), drawn(path, seed=1)
    np.testing.assert_array_equal(one.patterns.values, again.patterns.values)
    np.testing.assert_array_equal(one.probes.values, again.probes.values)
    assert np.any(one.patterns.values != other.patterns.values)
    assert np.any(one.probes.values != other.probes.values)


def test_memories_are_drawn_from_the_stream_named_memories(write):
    bits = Stream(7).child("memories", 0).generator().integers(0, 2, (4, 12))
    np.testing.assert_array_equal(drawn(write(), seed=7).patterns.values, 2 * bits - 1)


def test_points_of_a_sweep_share_their_draws(write):
    sweep = {"path": "network.beta", "values": [1, 2]}
    path = write({"experiment.sweep": sweep, "probes.noise": 0.1})
    one, two = load_scenario(path).settings()
    np.testing.assert_array_equal(one.patterns.values, two.patterns.values)
    np.testing.assert_array_equal(one.probes.values, two.probes.values)


def test_a_probe_does_not_depend_on_how_many_there_are(write):
    path = write({"probes.noise": 0.1})
    few, all_ = drawn(path, **{"probes.count": 2}), drawn(path)
    np.testing.assert_array_equal(few.probes.values, all_.probes.values[:2])


@pytest.mark.parametrize("kind", ["gaussian", "sphere"])
def test_float32_memories_are_the_cast_of_the_float64_draws(write, kind):
    memories = {"kind": kind, "count": 3, "features": 8}
    path = write({"network.memories": memories, "probes.noise": 0.1})
    wide, narrow = drawn(path), drawn(path, precision="float32")
    assert narrow.network.memories.dtype == narrow.probes.values.dtype == np.float32
    for w, n in (
        (wide.network.memories, narrow.network.memories),
        (wide.probes.values, narrow.probes.values),
    ):
        np.testing.assert_array_equal(np.float32(w), n)


def test_streams_are_told_apart_by_seed_and_by_name():
    draw = lambda stream: tuple(stream.generator().integers(0, 2**62, 2))
    streams = [Stream(0), Stream(1), Stream(0).child("a"), Stream(0).child("b")]
    streams += [Stream(0).child("a", 0), Stream(0).child("a", 1), Stream(2**63 - 1)]
    assert len({draw(s) for s in streams}) == len(streams)
    assert draw(as_stream(1)) == draw(Stream(1))


# --- bad files ------------------------------------------------------------------------

SWEEP = "experiment.sweep"
VARIANTS = "experiment.variants"
INTERACTION = "network.interaction"
LEAKY = {"kind": "leaky_rectified_polynomial", "n": 3}
A = {"kind": "model_a", "memories": GOOD["network"]["memories"]}

BAD = {
    "unknown_top_level_key": (
        {"dinamics": {}},
        {"dinamics": "no such key; did you mean 'dynamics'?"},
    ),
    "hopeless_top_level_key": ({"xyzzy": 1}, {"xyzzy": "valid names are checks,"}),
    "unknown_kind": (
        {"network.kind": "modl_b"},
        {"network.kind": "no network 'modl_b'; did you mean 'model_b'?"},
    ),
    "kind_of_wrong_type": ({"probes.kind": 3}, {"probes.kind": "no probe source 3"}),
    "missing_kind": (
        {"network.kind": None},
        {"network": "`kind` is missing; valid names are model_a, model_b, model_c"},
    ),
    "misspelt_argument": (
        {"network.bta": 2.0},
        {"network.bta": "no such key; did you mean 'beta'?"},
    ),
    "wrong_type_of_number": (
        {"network.memories.count": 4.5},
        {"network.memories.count": "should be a valid integer, got 4.5"},
    ),
    "boolean_for_number": ({"network.beta": True}, {"network.beta": "got True"}),
    "string_for_number": (
        {"probes.flipped": "0.1"},
        {"probes.flipped": "should be a valid number, got '0.1'"},
    ),
    "out_of_range": (
        {"probes.flipped": 1.5},
        {"probes.flipped": "must be >= 0 and <= 1, got 1.5"},
    ),
    "zero_where_positive": (
        {"network.beta": 0},
        {"network.beta": "must be > 0, got 0"},
    ),
    "missing_required_argument": (
        {"network.memories.features": None},
        {"network.memories.features": "required"},
    ),
    "missing_tables": (
        {"network": None, "probes": None},
        {"network": "required", "probes": "required"},
    ),
    "bad_literal": (
        {"probes.occluded": "lowr"},
        {
            "probes.occluded": "must be one of none, lower, upper, left, right, got "
            "'lowr'; did you mean 'lower'?"
        },
    ),
    "bad_literal_of_run": (
        {"run.solver": "tsit"},
        {"run.solver": "got 'tsit'; did you mean 'tsit5'?"},
    ),
    "bad_precision": ({"precision": "float16"}, {"precision": "float64, float32"}),
    "nan": ({"network.beta": float("nan")}, {"network.beta": "finite number"}),
    "infinity": ({"run.duration": float("inf")}, {"run.duration": "finite number"}),
    "infinite_leaf": (
        {"dynamics": {"kind": "two_layer", "tau_memory": float("inf")}},
        {"dynamics.tau_memory": "finite number"},
    ),
    "negative_seed": ({"seed": -1}, {"seed": "greater than or equal to 0, got -1"}),
    "enormous_seed": ({"seed": 2**63}, {"seed": "64 bits"}),
    "enormous_count": (
        {"network.memories.count": 10**400},
        {"network.memories.count": "64 bits"},
    ),
    "bad_name": ({"name": "My Run"}, {"name": "got 'My Run'"}),
    "name_of_a_path": ({"name": "../x"}, {"name": "got '../x'"}),
    "run_is_no_table": ({"run": 3}, {"run": "a table is needed, got 3"}),
    "network_is_no_table": ({"network": 3}, {"network": "a table { kind = ... }"}),
    "probes_are_a_list": ({"probes": [1]}, {"probes": "a table { kind = ... }"}),
    "experiment_is_no_table": ({"experiment": 3}, {"experiment": "a table is needed"}),
    "variants_are_no_tables": (
        {VARIANTS: {"a": 3}},
        {f"{VARIANTS}.a": "a table is needed, got 3"},
    ),
    "bad_clamped": (
        {"run.clamped": "visble"},
        {"run.clamped": '"none", "visible" or a list of feature numbers'},
    ),
    "unknown_plot": ({"plots": ["enrgy"]}, {"plots[0]": "did you mean 'energy'?"}),
    "plot_of_wrong_type": ({"plots": [["a"]]}, {"plots[0]": "valid string"}),
    "plots_are_no_list": ({"plots": "energy"}, {"plots": "valid list, got 'energy'"}),
    "unknown_experiment": (
        {"experiment": {"kind": "recal"}},
        {"experiment.kind": "did you mean 'recall'?"},
    ),
    "unknown_key_of_experiment": (
        {"experiment.retrieved": 0.9},
        {"experiment.retrieved": "did you mean 'retrieved_above'?"},
    ),
    "unknown_key_of_sweep": (
        {SWEEP: {"path": "network.beta", "valuess": [1]}},
        {f"{SWEEP}.valuess": "did you mean 'values'?", f"{SWEEP}.values": "required"},
    ),
    "sweep_of_nothing": (
        {SWEEP: {"path": "network.beta", "values": []}},
        {f"{SWEEP}.values": "at least 1 item"},
    ),
    "sweep_outside_its_tables": (
        {SWEEP: {"path": "seed", "values": [1, 2]}},
        {f"{SWEEP}.path": "entries of network, dynamics, probes, run, training, "},
    ),
    "misspelt_table_of_sweep": (
        {SWEEP: {"path": "netwrk.beta", "values": [1, 2]}},
        {f"{SWEEP}.path": "did you mean 'network'?"},
    ),
    "sweep_of_a_misspelt_key": (
        {SWEEP: {"path": "network.bta", "values": [1, 2]}},
        {"network.bta": "did you mean 'beta'?"},
    ),
    "swept_value_invalid": (
        {SWEEP: {"path": "network.beta", "values": [1.0, -1.0]}},
        {f"network.beta (from {SWEEP}.values[1])": "must be > 0, got -1"},
    ),
    "sweep_through_a_number": (
        {SWEEP: {"path": "network.beta.x", "values": [1.0]}},
        {f"{SWEEP}.values[0]": "'beta' in 'network.beta.x' is not a table"},
    ),
    "sweep_and_variants": (
        {SWEEP: {"path": "network.beta", "values": [1]}, VARIANTS: {"a": {}}},
        {"experiment": "either a sweep or variants, not both"},
    ),
    "variant_outside_its_tables": (
        {VARIANTS: {"a": {"seed": 3}, "b": {}}},
        {f"{VARIANTS}.a.seed": "a variant changes entries of network"},
    ),
    "variant_invalid": (
        {VARIANTS: {"a": {"network.beta": "x"}, "b": {}}},
        {f"network.beta (from {VARIANTS}.a)": "valid number, got 'x'"},
    ),
    "check_of_unknown_kind": (
        {"checks": [{"kind": "energy_fals"}]},
        {"checks[0].kind": "did you mean 'energy_falls'?"},
    ),
    "check_without_its_limit": (
        {"checks": [{"kind": "converged"}, {"kind": "retrieved"}]},
        {"checks[1].at_least": "required"},
    ),
    "check_of_a_point_without_points": (
        {"checks": [{"kind": "converged", "point": "a"}]},
        {"checks[0].point": "neither a sweep nor variants"},
    ),
    "check_of_unknown_point": (
        {
            VARIANTS: {"free": {}, "held": {}},
            "checks": [{"kind": "converged", "point": "fre"}],
        },
        {"checks[0].point": "no point 'fre'; did you mean 'free'?"},
    ),
    "checks_are_no_list": (
        {"checks": {"kind": "converged"}},
        {"checks": "should be a valid list"},
    ),
    "checks_are_no_tables": ({"checks": [3]}, {"checks[0]": "table"}),
    "vertex_zero": (
        {"network": A | {"interaction": {"kind": "polynomial", "n": 0}}},
        {INTERACTION: "n must be >= 1, an integer, and at most 1000, got 0"},
    ),
    "rescaled_exponential": (
        {
            "network": A
            | {
                "interaction": {
                    "kind": "rescaled",
                    "lagrangian": {"kind": "exponential"},
                    "inside": 2.0,
                }
            }
        },
        {INTERACTION: "inside"},
    ),
    "error_in_a_nested_leaf": (
        {
            "network": A
            | {
                "interaction": {
                    "kind": "rescaled",
                    "lagrangian": {"kind": "polynomial", "m": 3},
                }
            }
        },
        {
            f"{INTERACTION}.lagrangian.m": "no such key",
            f"{INTERACTION}.lagrangian.n": "required",
        },
    ),
    "leaf_that_is_no_table": (
        {"network": A | {"interaction": "polynomial"}},
        {INTERACTION: "a table { kind = ... } is needed, got 'polynomial'"},
    ),
    "invariant_of_the_dynamics": (
        {"dynamics": {"kind": "two_layer", "tau_memory": 0.0}},
        {"dynamics": "tau_memory must be a finite number > 0"},
    ),
    "no_number_for_a_constant": (
        {"network": A | {"interaction": LEAKY | {"slope": ["a", "b"]}}},
        {f"{INTERACTION}.slope": "got ['a', 'b']"},
    ),
    "text_for_a_constant": (
        {"network": A | {"interaction": LEAKY | {"slope": "0.5"}}},
        {f"{INTERACTION}.slope": "got '0.5'"},
    ),
    "text_where_none_is_allowed": (
        {"dynamics": {"kind": "adiabatic", "tau_memory": {"fast": 1}}},
        {"dynamics.tau_memory": "got {'fast': 1}"},
    ),
    "quick_is_no_table": ({"quick": 3}, {"quick": "a table is needed"}),
    "mistake_that_quick_hides": (
        {"probes.flipped": 2.0, "quick": {"probes": {"flipped": 0.2}}},
        {"probes.flipped": "got 2.0"},
    ),
    "mistake_in_quick": (
        {"quick": {"run": {"sampels": 3}}},
        {"run.sampels (with --quick)": "did you mean 'samples'?"},
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_every_mistake_is_told_with_its_path(write, name):
    changes, expected = BAD[name]
    told = problems_of(write(changes))
    assert {p.path for p in told} == set(expected)
    for problem in told:
        assert expected[problem.path] in problem.message
    assert len(told) == len(expected), "told twice"


def test_all_mistakes_are_told_at_once(write):
    everything = {
        "seed": -1,
        "precision": "half",
        "extra": 1,
        "plots": ["enrgy", "gap"],
        "network.memories.count": 0,
        "network.beta": -1.0,
        "dynamics": {"kind": "two_layers"},
        "probes.flipped": "a",
        "run": {"samples": 1, "rtol": 0.0},
        "experiment.retrieved_above": 2.0,
        "checks": [{"kind": "ledgr"}, {"kind": "overlap", "at_least": 3.0}],
        "quick": {"run": {"until": "dawn"}},
    }
    paths = {p.path for p in problems_of(write(everything))}
    assert paths == {
        *("seed", "precision", "extra", "plots[0]", "network.memories.count"),
        *("network.beta", "dynamics.kind", "probes.flipped", "run.samples"),
        *("run.rtol", "experiment.retrieved_above", "checks[0].kind"),
        *("checks[1].at_least", "run.until (with --quick)"),
    }


def test_a_mistake_elsewhere_does_not_make_good_points_unknown(write):
    path = write(
        {
            "network.bta": 1.0,
            VARIANTS: {"a": {}, "b": {}},
            "checks": [{"kind": "converged", "point": "a"}],
        }
    )
    assert [p.path for p in problems_of(path)] == ["network.bta"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name = 'a'\nseed = \n", "not valid TOML: Invalid value (at line 2"),
        (b"name = 'a'\nname = 'b'\n", "Cannot overwrite a value (at line 2"),
        (b"\xff\xfe", "not a UTF-8 text file"),
        (b"seed = " + b"9" * 5000, "not valid TOML"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"a." * 5000 + b"a = 1", "nested too deeply"),
    ],
    ids=["value", "key_twice", "bytes", "digits", "brackets", "dots"],
)
def test_a_file_that_cannot_be_parsed_is_told_so(tmp_path, content, words):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    assert words in str(problems_of(path)[0])


def test_a_missing_file_and_a_directory_are_told_so(tmp_path):
    with pytest.raises(ValueError, match=r"no file and no shipped scenario '.*none"):
        load_scenario(tmp_path / "none.toml")
    with pytest.raises(ValueError, match="is a directory; give a scenario file or"):
        load_scenario(tmp_path)


def test_a_bad_override_is_told_with_its_path(write):
    overrides = {"run.sampels": 3, "network.beta.x": 1, "nework.beta": 1}
    told = {p.path: p.message for p in problems_of(write(), overrides=overrides)}
    assert "did you mean 'samples'?" in told["run.sampels"]
    assert "is not a table" in told["network.beta.x"]
    assert "did you mean 'network'?" in told["nework"]


# --- the command `check` --------------------------------------------------------------


def check(*arguments):
    return hopsim_cli("check", *arguments)


def test_check_says_that_a_file_is_in_order(write):
    result = check(write())
    assert result.exit_code == 0
    assert "valid (1 point, run small-" in result.stdout


def test_check_tells_every_mistake_and_exits_with_two(write):
    result = check(write({"run.samples": 1, "seed": -1}))
    assert result.exit_code == 2
    assert "2 problems\n" in result.stderr
    assert "  run.samples: " in result.stderr
    assert "  seed: " in result.stderr


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("run.duration=7.5", "run.duration", 7.5),
        (" run.samples = 11 ", "run.samples", 11),
        ("run.until=duration", "run.until", "duration"),  # a bare word
        ('title="a = b"', "title", "a = b"),
        ("run.save=['g', 'h']", "run.save", ["g", "h"]),
        ("experiment.absolute=true", "experiment.absolute", True),
        (
            "dynamics={kind='adiabatic'}",
            "dynamics",
            {"kind": "adiabatic"},
        ),
    ],
)
def test_set_takes_toml_values_and_bare_words(write, text, key, value):
    path = write()
    wanted = load_scenario(path, overrides={key: value})
    result = check(path, "--set", text)
    assert result.exit_code == 0, result.output
    assert wanted.hash in result.stdout
    assert json.dumps(value) in json.dumps(wanted.resolved)


@pytest.mark.parametrize("text", ["run.duration", "=3", "", "run.duration:3"])
def test_set_without_key_and_value_is_explained(write, text):
    result = check(write(), "--set", text)
    assert result.exit_code == 2
    assert "--set takes KEY=VALUE, such as run.duration=5" in result.stderr


def test_set_of_absurd_values_is_no_crash(write):
    for value in ("9" * 5000, "0x" + "f" * 5000, "[" * 5000, "9" * 30):
        result = check(write(), "--set", f"seed={value}")
        assert result.exit_code == 2, result.output
