"""Fuzzing: whatever a scenario file says, hopsim answers with a sentence.

Sixty examples are the same every time. The tier `slow` tries ten thousand others, new
ones at each run; a failure names its example, and the seed that `--hypothesis-seed`
takes.
"""

import copy
import datetime
import random
import tomllib

import pytest
from command_line import hopsim_cli
from hypothesis import example, given, HealthCheck, settings, strategies as st
from mutants import with_a_grid
from places import ROOT
from tomli_w import dumps

from hopsim.cli.endings import raised_by_hopsim
from hopsim.scenario.scenario import load_scenario, ScenarioError


SCENARIOS = sorted(ROOT.glob("scenarios/*.toml"))
TABLES = [tomllib.loads(p.read_text(encoding="utf-8")) for p in SCENARIOS]
TABLES += [with_a_grid(tables) for tables in TABLES[::3]]
TEXTS = [p.read_text(encoding="utf-8") for p in SCENARIOS]


MOST_BUILT = 20  # points of one scenario


def examples(count, fixed):
    """So many examples, the same ones every time or others at each run."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=fixed,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


def nested(depth, inside="list"):
    tree = 1
    for _ in range(depth):
        tree = [tree] if inside == "list" else {"a": tree}
    return tree


NASTY = [
    *(0, -1, 1, 2, 3, 2**31, 2**63 - 1, -(2**63), 2**63, 10**30, 10**400),
    *(0.0, -0.0, 0.5, 1.5, -1.0, 1e308, 5e-324, float("inf"), float("nan")),
    *(True, False, "", " ", "a", "x.y", "..", "1", "true", "nan", "\x00", "\x7f", "é"),
    *("日本語", "🙂" * 50, "a" * 10_000, "kind", "[bold]", "[/]", "{}", "%s", "\n\n"),
    *(datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1), datetime.time(1, 2)),
    *([], {}, [[]], [{}], [1, "a", True], [[1.0], [2.0, 3.0]], [[1.0, 2.0]], [0, 1]),
    *([float("nan")], [2**70], ["a"], [["a"]], [-1], [10**6], [True], [1.0, -1.0]),
    *({"kind": "x"}, {"kind": 3}, {"kind": []}, {"kind": {}}, {"kind": ""}, {"a": {}}),
    {"kind": "rectified_polynomial", "n": 0},
    {"kind": "rescaled", "lagrangian": {"kind": "exponential"}, "inside": 2.0},
    {"kind": "rescaled", "lagrangian": nested(10, "table")},
    {"kind": "log_cosh", "beta": -1.0},
    {"kind": "sinusoid", "amplitude": [], "omega": 2**70},
    {"kind": "pulse", "amplitude": 1.0, "centre": 0.0, "width": 0.0},
    {"kind": "given", "values": [[1.0, 2.0], [3.0]]},
    {"kind": "given", "values": [[]], "targets": [5]},
    {"kind": "file", "path": ""},
    {"kind": "file", "path": "\x00"},
    {"kind": "file", "path": "a" * 5000},
    {"kind": "file", "path": __file__},
    {"kind": "images", "folder": "/dev/null"},
    {"kind": "images", "folder": "b" * 300},
    {"kind": "grid", "low": 3, "high": 1},
    {"kind": "corrupted", "occluded": "lower"},
    {"kind": "random", "count": 1, "scale": 0},
    {"path": "network.beta", "values": [1, "a", None or [], 1e400]},
    {"path": "network.memories", "values": [{"kind": "gaussian"}, 3]},
    {"path": "", "values": [1]},
    {"start": 1, "stop": 3, "count": 3, "spacing": "log"},
    {"start": -1e308, "stop": 1e308, "count": 4},
    {"axes": {"network.beta": [0.5, 1], "probes.flipped": {"start": 0.1, "count": 2}}},
    {"together": [{"run.duration": [1.0, 2.0], "run.rtol": [1e-6, 1e-8]}], "sets": 2},
    {"path": "network..", "values": [1]},
    {"path": "probes.kind.x", "values": [2**64]},
    *(nested(20), nested(40), nested(40, "table"), nested(90), nested(90, "table")),
]
JUNK = [
    *("", "\n", "[", "]]", '"', "'", "=", ".", "#", "{", "\x00", "\r", "é"),
    *("0x" + "f" * 5000, "9" * 5000, "[" * 2000, "1e999", "nan"),
    *("[quick]\n", "[[checks]]\n", "kind = 1\n"),
]


def places(tree, here=()):
    """The paths of everything below a table."""
    found = []
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        found.append((*here, key))
        if isinstance(value, dict | list):
            found += places(value, (*here, key))
    return found


def is_moderate(x):
    """A number that can be multiplied by another one without overflow."""
    return isinstance(x, int | float) and abs(x) < 1e300


def mutate(tables, rng):
    """One thing deleted, renamed, replaced, added or taken from elsewhere."""
    path = rng.choice(places(tables))
    parent = tables
    for step in path[:-1]:
        parent = parent[step]
    last, how = path[-1], rng.random()
    if how < 0.2:
        del parent[last]
    elif how < 0.35 and isinstance(parent, dict):
        parent[rng.choice([f"{last}s", str(last)[:-1], "", "kind", "é"])] = parent.pop(
            last
        )
    elif how < 0.45 and isinstance(parent, dict):
        name = rng.choice(["x", "kind", "beta", "sweep", "point", "memories", "path"])
        parent[name] = copy.deepcopy(rng.choice(NASTY))
    elif how < 0.55:
        other = rng.choice(TABLES)
        for step in rng.choice(places(other)):
            other = other[step]
        parent[last] = copy.deepcopy(other)
    elif is_moderate(parent[last]) and rng.random() < 0.8:
        factor = rng.choice([0, -1, 0.5, 2, 3, 7.7])
        parent[last] = type(parent[last])(factor * parent[last])
    else:
        parent[last] = copy.deepcopy(rng.choice(NASTY))


def answer(path):
    """The scenario, or None if it was refused with a list of problems."""
    try:
        return load_scenario(path)
    except ScenarioError as error:
        problems = error.problems
    assert problems
    assert all(isinstance(p.message, str) and p.message for p in problems)
    assert len(set(problems)) == len(problems), "told twice"
    return None


def largest(tree):
    """The largest number of a tree, in size."""
    if isinstance(tree, dict | list):
        inner = tree.values() if isinstance(tree, dict) else tree
        return max(map(largest, inner), default=0)
    return abs(tree) if isinstance(tree, int) else 0


# --- what must be true of every example -----------------------------------------------


def mutated_scenario(tmp_path, seed, times):
    """A scenario with some entries mutated loads, or is refused with reasons."""
    rng = random.Random(seed)
    tables = copy.deepcopy(rng.choice(TABLES))
    for _ in range(times):
        if tables:
            mutate(tables, rng)
    path = tmp_path / "mutant.toml"
    path.write_text(dumps(tables), encoding="utf-8")
    scenario = answer(path)
    if scenario is None or largest(scenario.resolved) > 300:
        return
    try:
        for number in range(min(len(scenario.points), MOST_BUILT)):
            scenario.setting(number)
        return
    except ValueError as error:
        refusal = error
    assert raised_by_hopsim(refusal), "numpy's words are not hopsim's"
    assert len(str(refusal)) > 20


def mutated_text(tmp_path, seed, times):
    """`hopsim check` answers a text that was torn and patched with a sentence."""
    rng = random.Random(seed)
    text = rng.choice(TEXTS)
    for _ in range(times):
        i = rng.randrange(len(text) + 1)
        j = min(len(text), i + rng.choice([0, 0, 1, 3, 30, 300]))
        junk = rng.choice(JUNK)
        text = text[:i] + junk + text[j:]
    path = tmp_path / "mutant.toml"
    path.write_text(text, encoding="utf-8", newline="")
    result = hopsim_cli("check", path)
    assert result.exit_code in (0, 2), result.output
    assert "Traceback" not in result.output
    assert str(path) in result.output


def any_bytes(tmp_path, content):
    """Bytes that are no scenario are refused."""
    path = tmp_path / "bytes.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=r"bytes\.toml: \d+ problem"):
        load_scenario(path)


SEEDS = given(seed=st.integers(0, 2**32 - 1), times=st.integers(1, 5))
BYTES = given(content=st.binary(max_size=200))


# --- sixty examples, the same ones every time -----------------------------------------


@examples(30, fixed=True)
@SEEDS
def test_a_mutated_scenario_loads_or_is_refused_with_reasons(tmp_path, seed, times):
    mutated_scenario(tmp_path, seed, times)


@examples(20, fixed=True)
@SEEDS
def test_check_answers_any_text_with_a_sentence(tmp_path, seed, times):
    mutated_text(tmp_path, seed, times)


@examples(10, fixed=True)
@BYTES
@example(content=b"\xef\xbb\xbfname = 'a'")  # a byte order mark, as Notepad writes
@example(content=b"")
@example(content=b"a." * 3000 + b"a = 1")
@example(content=b"a = " + b"[" * 3000)
@example(content=b"seed = " + b"9" * 5000)
@example(content=b"seed = 0x" + b"f" * 5000)
def test_check_answers_any_bytes_with_a_sentence(tmp_path, content):
    any_bytes(tmp_path, content)


# --- ten thousand examples, others at each run ----------------------------------------


@pytest.mark.slow
@examples(6_000, fixed=False)
@SEEDS
def test_many_mutated_scenarios_load_or_are_refused(tmp_path, seed, times):
    mutated_scenario(tmp_path, seed, times)


@pytest.mark.slow
@examples(3_000, fixed=False)
@SEEDS
def test_check_answers_many_texts_with_a_sentence(tmp_path, seed, times):
    mutated_text(tmp_path, seed, times)


@pytest.mark.slow
@examples(1_000, fixed=False)
@BYTES
def test_check_answers_many_bytes_with_a_sentence(tmp_path, content):
    any_bytes(tmp_path, content)
