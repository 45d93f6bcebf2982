"""Scenarios from dicts, and back to TOML: the same reading, whatever they came from."""

import copy
import datetime
import enum
import inspect
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from places import ROOT

import hopsim
from hopsim.scenario.scenario import load_scenario, Scenario, ScenarioError
from hopsim.scenario.shipped import find_scenario
from hopsim.scenario.toml_files import to_toml


SHIPPED = sorted(ROOT.glob("scenarios/**/*.toml"))
GOOD = {
    "name": "small",
    "network": {
        "kind": "model_b",
        "beta": 1.0,
        "memories": {"kind": "random_binary", "count": 4, "features": 12},
    },
    "probes": {"kind": "corrupted", "flipped": 0.1},
}
QUICK = {"quick": {"network": {"memories": {"count": 2}}}}


def changed(dotted, value):
    """`GOOD` with one entry, at a dotted path."""
    tables = copy.deepcopy(GOOD)
    *parents, last = dotted.split(".")
    inner = tables
    for name in parents:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return tables


def in_order(tree):
    """Tables as lists of their entries: in this form their order counts."""
    if isinstance(tree, dict):
        return [(key, in_order(value)) for key, value in tree.items()]
    return [in_order(x) for x in tree] if isinstance(tree, list) else tree


def problems_of(tables, **how):
    with pytest.raises(ScenarioError) as caught:
        Scenario(tables, **how)
    assert str(caught.value).startswith("the scenario: ")
    return caught.value.problems


# --- tables as text -------------------------------------------------------------------


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_shipped_tables_are_written_as_they_are_read(every):
    for path in SHIPPED[::every]:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        again = tomllib.loads(to_toml(tables))
        for key in tables:  # at the top the order says nothing
            assert in_order(again[key]) == in_order(tables[key]), (path.stem, key)
        assert again.keys() == tables.keys()


WORDS = ["", "'", '"', '"""', "\\", "\\n", "\n", "\t", "#", "a.b", "[x]", "=", " ", "ξ"]
WORDS += [
    "true",
    "1",
    "nan",
    "{}",
    "\N{LINE SEPARATOR}",
    "\N{GRINNING FACE}",
    "x" * 999,
]
KEYS = [word for word in WORDS if not set("\n\t") & set(word)]
NUMBERS = [
    0,
    -1,
    2**63 - 1,
    -(2**63),
    0.0,
    -0.0,
    0.1,
    1e-300,
    5e-324,
    1e308,
    1e16,
    1e-5,
]
TREES = [
    {"a": [], "b": {}, "c": [{}], "d": [[]], "e": [[], {}]},
    {"a": {"b": {"c": {}}}, "d": {"e": {"f": 1}, "g": 2}},
    {"a": [{"b": [{"c": 1}, {}]}, {"d": {}}], "e": [{"f": 1}, 2]},
    {"last": {"x": {"y": 1}, "plain": 3, "z": {"y": [{"k": {}}, {}]}}},
    {"a": {"x.y": {"kind": "k"}, "x": {"y": 1}}, "a.x": 1, "": {"": ""}},
]


@pytest.mark.parametrize(
    "tables",
    [{"x": WORDS, "y": dict.fromkeys(KEYS, 1)}, {"x": NUMBERS}, *TREES],
    ids=["words", "numbers", *map(str, range(len(TREES)))],
)
def test_tables_of_any_words_numbers_and_depth_come_back(tables):
    again = tomllib.loads(to_toml(tables))
    assert again == tables == tomllib.loads(tomli_w.dumps(tables))
    assert [in_order(again[k]) for k in tables] == [
        in_order(x) for x in tables.values()
    ]
    assert repr(again.get("x")) == repr(tables.get("x"))  # -0.0, and whole numbers


def test_what_is_not_finite_is_written_too():
    found = tomllib.loads(to_toml({"x": [float("inf"), -float("inf"), float("nan")]}))
    np.testing.assert_array_equal(found["x"], [np.inf, -np.inf, np.nan])


# --- scenarios ------------------------------------------------------------------------


@pytest.mark.parametrize("quick", [False, True])
def test_a_dict_says_what_its_file_says(tmp_path, quick):
    path, tables = tmp_path / "small.toml", GOOD | QUICK
    path.write_text(tomli_w.dumps(tables), encoding="utf-8")
    how = {"quick": quick, "overrides": {"run.duration": 3.0}}
    given, read = Scenario(tables, **how), load_scenario(path, **how)
    assert given == read
    assert (given.hash, hash(given)) == (read.hash, hash(read))
    assert given.resolved == read.resolved
    assert given.where == "the scenario"
    count = given.points[0].network.arguments["memories"].arguments["count"]
    assert count == (2 if quick else 4)
    assert Scenario(tomllib.loads(given.text), **how) == given  # of both sizes
    assert given != Scenario(tables, quick=quick)
    assert tables == GOOD | QUICK


@pytest.mark.parametrize(
    "name", ["digit_completion", "adiabatic_limit", "claims/cl-22"]
)
@pytest.mark.parametrize("quick", [False, True])
def test_scenarios_come_back_from_their_text_and_tables(tmp_path, name, quick):
    scenario = load_scenario(name, quick)
    path = tmp_path / "again.toml"
    path.write_text(scenario.to_toml(), encoding="utf-8")
    again = load_scenario(path)
    assert again == scenario
    assert [p.label for p in again.points] == [p.label for p in scenario.points]
    assert Scenario(scenario.to_dict()) == scenario
    scenario.to_dict()["network"].clear()
    assert scenario.resolved["network"]  # it was a copy


class Word(enum.StrEnum):
    """An enumeration of words, as programs have them."""

    GIVEN = "given"


def test_numbers_of_numpy_and_paths_are_those_of_a_file():
    xi = np.sign(np.random.default_rng(0).standard_normal((3, 5)))
    network = {"kind": "model_b", "memories": {"kind": Word.GIVEN, "values": xi}}
    run = {"duration": np.float32(2.5), "samples": np.int64(7), "save": ("v", "h")}
    given = Scenario(GOOD | {"network": network, "run": run, "seed": np.uint8(3)})
    memories = given.resolved["network"]["memories"]
    assert memories == {"kind": "given", "values": xi.tolist()}
    assert given.resolved["run"] == {"duration": 2.5, "samples": 7, "save": ["v", "h"]}
    assert type(given.resolved["seed"]) is int
    file = {"kind": "file", "path": Path("a") / "b.npy"}
    told = problems_of(changed("network.memories", file))
    assert "There is no file" in str(told[0])


@pytest.mark.parametrize(
    ("dotted", "value", "words"),
    [
        ("seed", None, "seed: must be text, a number, .* a table, got None"),
        ("run.save", {"v"}, "run.save: must be .* got {'v'}"),
        ("run.x", [1, datetime.date(2026, 1, 1)], r"run.x\[1\]: .*datetime.date\(2026"),
        ("network", hopsim.Scenario, "network: must be text.*Scenario"),
        ("network.memories", {1: 2}, r"network.memories: keys must be text, got \[1\]"),
        ("seed", 2**63, "seed: integers must fit in 64 bits"),
        ("title", "\x1b", "title: no file and no picture"),
        ("run.duration", float("inf"), "run.duration: .*finite.* got inf"),
        ("quick", 3, "quick: a table is needed"),
        ("prob", 3, "prob: there is no such key; did you mean 'probes'"),
        ("run.samples", 1, "run.samples: should be greater than or equal to 2, got 1"),
    ],
)
def test_what_no_file_may_say_is_told_as_for_a_file(dotted, value, words):
    (problem,) = problems_of(changed(dotted, value))
    assert re.search(words, str(problem)), problem


def test_all_mistakes_are_told_and_are_those_of_a_file(tmp_path):
    tables = changed("network.beta", "high") | {"plots": ["energi"], "seed": -1}
    path = tmp_path / "small.toml"
    path.write_text(tomli_w.dumps(tables), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert problems_of(tables) == caught.value.problems
    assert len(caught.value.problems) == 3


def test_no_more_is_taken_than_a_file_may_hold(monkeypatch):
    monkeypatch.setattr("hopsim.scenario.toml_files.MAX_FILE_BYTES", 1024)
    assert Scenario(GOOD).text
    (problem,) = problems_of(GOOD | {"title": "ξ" * 500})  # two bytes each
    assert "more than 1,024 bytes; put tables of numbers in data files" in str(problem)


def test_tables_within_themselves_are_too_deep():
    tables = copy.deepcopy(GOOD)
    tables["network"] = tables
    assert {p.message for p in problems_of(tables)} == {"nested too deeply"}


def test_former_names_of_kinds_are_told():
    with pytest.warns(FutureWarning, match="the scenario: .* is called"):
        Scenario(GOOD | {"experiment": {"kind": "attractors"}})


def test_tables_where_a_file_belongs_are_told():
    with pytest.raises(ValueError, match=r"file or the name.*got \{.*hopsim.Scenario"):
        inspect.unwrap(find_scenario)(GOOD)  # without the type hook of the tests
