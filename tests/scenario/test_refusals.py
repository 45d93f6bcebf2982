"""`check` finds what `run` would refuse: before anything is drawn, in both sizes."""

import contextlib
import copy
import itertools
import json
import os
import subprocess
import sys

import cases
import numpy as np
import pytest
from command_line import hopsim_cli
from mutants import mutants
from places import ROOT
from tomli_w import dumps

import hopsim.experiments._base
from hopsim._common.names import MAX_LINE_CHARACTERS, nearest, printable, shown
from hopsim._common.streams import Stream
from hopsim.data.sketches import memory_sketches, probe_sketches, sketched
from hopsim.data.sources import memory_sources, probe_sources
from hopsim.scenario.scenario import load_scenario, ScenarioError
from hopsim.scenario.toml_files import MAX_FILE_BYTES


SPINS = {"kind": "random_binary", "count": 4, "features": 12}
NUMBERS = {"kind": "gaussian", "count": 4, "features": 12}
MODEL_A = {"kind": "model_a", "interaction": {"kind": "polynomial", "n": 4}}
MODEL_B = {"kind": "model_b", "memories": NUMBERS}
GOOD = {
    "name": "small",
    "network": MODEL_B,
    "probes": {"kind": "corrupted", "noise": 0.1},
}
WITH_SPINS = {"network": MODEL_A | {"memories": SPINS}, "dynamics": {"kind": "binary"}}
LEARNING = {
    "experiment": {"kind": "classifier"},
    "network": MODEL_A | {"memories": NUMBERS | {"features": 74}},
    "probes": None,
}


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """The message for `GOOD` with changes; nothing may be drawn or computed."""

    def forbidden(*args, **kwargs):
        raise AssertionError("check draws and computes nothing")

    monkeypatch.setattr(hopsim.experiments._base, "simulate", forbidden)
    monkeypatch.setattr(hopsim.experiments._base, "relax", forbidden)
    monkeypatch.setattr(Stream, "generator", forbidden)
    monkeypatch.chdir(tmp_path)

    def one(changes, quick=False):
        tables = copy.deepcopy(GOOD) | copy.deepcopy(changes)
        tables = {k: v for k, v in tables.items() if v is not None}
        path = tmp_path / "small.toml"
        path.write_text(dumps(tables), encoding="utf-8")
        try:
            load_scenario(path, quick)
        except ScenarioError as error:
            return str(error)
        return ""

    return one


def memories(**settings):
    return {"network": MODEL_B | {"memories": settings}}


REFUSED = {
    # files, and what they hold
    "missing": (memories(kind="file", path="none.npy"), "There is no file 'none.npy'"),
    "no table": (memories(kind="file", path="line.npy"), "a non-empty table"),
    "no folder": (memories(kind="images", folder="none"), "There is no file"),
    "too many": (memories(kind="digits", per_class=200), "found 178 of class 0"),
    "no class": (memories(kind="digits", classes=[11]), "found 0 images of class 11"),
    "blank": (memories(kind="digits", count=1), "centred it is blank"),
    "scaled spins": (memories(kind="digits", binary=True, norm=2.0), "not scaled"),
    "orthogonal": (memories(kind="orthogonal", count=9, features=8), "have room for"),
    "room": (
        memories(kind="gaussian", count=10**9, features=10**9),
        "this machine has",
    ),
    "room for probes": (
        {"probes": {"kind": "corrupted", "flipped": 0.1, "repeats": 10**10}},
        "40,000,000,000 probes of 12 features need",
    ),
    # precision, time constants and currents against sizes
    "rtol": ({"precision": "float32", "run": {"rtol": 1e-9}}, "cannot keep rtol"),
    "implicit": ({"precision": "float32", "run": {"solver": "kvaerno3"}}, "stall in"),
    "tau": ({"dynamics": {"tau_feature": [1.0, 2.0]}}, "must have shape (12,)"),
    "tau_h": ({"dynamics": {"tau_memory": [1.0, 2.0]}}, "must have shape (4,)"),
    "current": ({"network": MODEL_B | {"current": [1.0, 2.0]}}, "have shape (12,)"),
    "drive": (
        {
            "run": {"until": "duration"},
            "dynamics": {
                "drive": {"kind": "sinusoid", "amplitude": [1.0, 2.0], "omega": 1.0}
            },
        },
        "The drive must be one number or 12",
    ),
    "clamped": ({"run": {"clamped": [12]}}, "features from 0 to 11"),
    "visible": ({"run": {"clamped": "visible"}}, "probes with a hidden part"),
    "starts": (
        {"dynamics": {"kind": "adiabatic"}, "run": {"memory_start": "zero"}},
        "leave memory_start out",
    ),
    "jumps": (
        {"network": MODEL_A | {"memories": NUMBERS}, "run": {"solver": "tsit5"}},
        "must not integrate across the jumps",
    ),
    "made for": (
        {
            "network": MODEL_A
            | {
                "memories": NUMBERS,
                "interaction": {"kind": "distinct_polynomial", "n": 3, "features": 9},
            }
        },
        "made for 9 features",
    ),
    # probes
    "occluded": (
        {"probes": {"kind": "corrupted", "occluded": "lower"}},
        "needs images",
    ),
    "grid": ({"probes": {"kind": "grid"}}, "memories of 2 features, got 12"),
    "targets": (
        {"probes": {"kind": "given", "values": [[0.5] * 12], "targets": [4]}},
        "a memory number",
    ),
    "no spins": (WITH_SPINS, "Free spins must be +1 or -1"),
    "scaled": (
        WITH_SPINS | {"probes": {"kind": "random", "binary": True, "scale": 2.0}},
        "Free spins must be +1 or -1",
    ),
    # the experiment against dynamics, network, memories and probes
    "dynamics": ({"experiment": {"kind": "stability"}}, 'needs dynamics kind "binary"'),
    "flow": (
        WITH_SPINS | {"experiment": {"kind": "spectrum"}},
        'needs dynamics kind "two_layer"',
    ),
    "varied": (
        {
            "dynamics": {"kind": "binary"},
            "experiment": {"kind": "phylogeny", "low": 0.1, "high": 1.0},
        },
        "left out for spins",
    ),
    "load": (
        WITH_SPINS
        | {
            "probes": {"kind": "corrupted"},
            "experiment": {"kind": "half_capacity", "features": [12], "loads": [9.0]},
        },
        "got 4 of 12; draw more",
    ),
    "classes": (
        LEARNING | {"network": MODEL_A | {"memories": NUMBERS | {"features": 64}}},
        "need class units",
    ),
    "images": (LEARNING | {"training": {"train": 1797}}, "ask for fewer"),
    "settle": (
        {
            "dynamics": {
                "drive": {"kind": "sinusoid", "amplitude": 1e-5, "omega": 1.0}
            },
            "run": {"until": "duration", "duration": 5.0},
            "experiment": {"kind": "linear_response", "omegas": [1.0], "settle": 9.0},
        },
        "needs one period after `settle`",
    ),
    "distances": (
        {"dynamics": {"kind": "adiabatic"}, "experiment": {"kind": "potts_thresholds"}},
        "equal norms and distances",
    ),
    # every point of a sweep
    "point": (
        {
            "experiment": {
                "sweep": {"path": "dynamics.tau_memory", "values": [1.0, [1.0, 2.0]]}
            }
        },
        "'tau_memory = [1.0, 2.0]': tau_memory must have shape (4,)",
    ),
    # pictures
    "picture": ({"plots": ["spectrum"]}, "does not make what spectrum shows"),
    "film": ({"plots": ["film"]}, "film needs images as memories"),
    "sweep": ({"plots": ["sweep"]}, "sweep needs a sweep of numbers"),
    "aims": (
        {"plots": ["overlap"], "probes": {"kind": "random"}},
        "overlap needs probes that aim",
    ),
    "saddles": (
        {"plots": ["disconnectivity"], "experiment": {"kind": "census"}},
        "disconnectivity needs saddles = true",
    ),
}
CHECKS = {
    "four of four": (
        {"kind": "retrieved", "at_least": 0.9},
        "the lower limit is 0.510",
    ),
    "always": ({"kind": "retrieved", "at_least": 0.0}, "no result could fail"),
    "converged": ({"kind": "converged", "at_least": 0.0}, "no result could fail"),
    "rises": ({"kind": "energy_rises", "at_least": 0.0}, "no result could fail"),
    "overlap": ({"kind": "overlap", "at_least": -1.0}, "no result could fail"),
    "one point": ({"kind": "same_end"}, "there is one; leave it out"),
    "one set": (
        {"kind": "average", "variable": "steps", "low": 0.0, "high": 9.0},
        "take more sets",
    ),
    "share": (
        {"kind": "fraction", "variable": "certified", "at_least": 0.5},
        "take more sets",
    ),
    "wilson": (
        {
            "kind": "fraction",
            "variable": "certified",
            "at_least": 0.5,
            "interval": "wilson",
        },
        "the lower limit is 0.207",
    ),
}
REFUSED |= {
    f"check: {name}": (
        {
            "checks": [
                check
                if check["kind"] not in ("average", "fraction")
                else check | {"statement": "s", "source": "hopsim"}
            ]
        },
        words,
    )
    for name, (check, words) in CHECKS.items()
}


@pytest.mark.parametrize(("changes", "words"), REFUSED.values(), ids=list(REFUSED))
def test_check_refuses_what_run_would(refused, tmp_path, changes, words):
    np.save(tmp_path / "line.npy", np.ones(3))
    assert words in refused(changes)


def test_the_other_size_is_refused_as_well(refused):
    changes = {"quick": {"run": {"clamped": [12]}}}
    assert "(with --quick): run.clamped lists features" in refused(changes)
    assert refused({}) == ""


def test_a_reason_common_to_all_points_is_told_once(refused):
    sweep = {"path": "run.duration", "values": [1.0, 2.0]}
    told = refused({"run": {"clamped": [12]}, "experiment": {"sweep": sweep}})
    assert told.count("run.clamped lists") == 1
    assert "duration = " not in told


# --- sketches are what is drawn -------------------------------------------------------


OFFLINE = {k: v for k, v in cases.MEMORY_KINDS.items() if not k.endswith("mnist")}
FILES = ("file", "images")


@pytest.mark.parametrize("kind", [k for k in OFFLINE if k not in FILES])
def test_a_sketch_of_memories_is_like_what_is_drawn(kind):
    settings, source = cases.MEMORY_KINDS[kind], memory_sources[kind]
    sketch = sketched(memory_sketches, kind, source, settings)
    drawn = source(Stream(1), **settings)
    spins = lambda x: bool(np.all(np.abs(x.values) == 1))
    assert sketch.values.shape == drawn.values.shape
    assert spins(sketch) == spins(drawn)
    assert sketch.image == drawn.image
    if sketch.labels is not None:
        np.testing.assert_array_equal(sketch.labels, drawn.labels)


@pytest.mark.parametrize("settings", [{}, {"noise": 0.3}, {"flipped": 0.25}])
@pytest.mark.parametrize("occluded", ["none", "lower"])
def test_a_sketch_of_probes_is_like_what_is_drawn(settings, occluded):
    settings = settings | {"repeats": 2, "count": 7, "occluded": occluded}
    of = {"per_class": 1, "binary": True}
    memories = memory_sources["digits"](Stream(1), **of)
    known = sketched(memory_sketches, "digits", memory_sources["digits"], of)
    source = probe_sources["corrupted"]
    sketch = sketched(probe_sketches, "corrupted", source, settings, known)
    drawn = source(Stream(2), memories, **settings)
    assert sketch.values.shape == drawn.values.shape
    np.testing.assert_array_equal(sketch.targets, drawn.targets)
    np.testing.assert_array_equal(sketch.hidden, drawn.hidden)
    spins = lambda x: bool(np.all(np.abs(x.values) == 1))
    assert spins(sketch) == spins(drawn)
    if spins(drawn):
        share = lambda x, xi: np.mean(x.values * xi.values[x.targets] < 0)
        assert share(sketch, known) == share(drawn, memories)


def test_every_source_has_a_sketch():
    assert set(memory_sketches) == set(memory_sources)
    assert set(probe_sketches) == set(probe_sources)


# --- what is no file, and what is no number -------------------------------------------


def test_a_pipe_and_a_large_file_are_refused_at_once(tmp_path):
    pipe, large = tmp_path / "pipe.toml", tmp_path / "large.toml"
    os.mkfifo(pipe)
    with large.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    for path, words in ((pipe, "no regular file"), (large, "at most 16,777,216")):
        result = hopsim_cli("check", path)
        assert result.exit_code == 2
        assert words in result.stderr
    assert hopsim_cli("check", "/dev/zero").exit_code == 2


NUMERIC = [
    ("network", MODEL_B | {"beta": "0.5"}),
    ("network", MODEL_B | {"hidden_current": "0.5"}),
    ("network", MODEL_A | {"memories": NUMBERS, "autapse": "0.5"}),
    ("dynamics", {"kind": "two_layer", "tau_memory": "0.5"}),
    ("dynamics", {"kind": "adiabatic", "decay": "1"}),
    ("probes", {"kind": "corrupted", "noise": "0.1"}),
    ("run", {"duration": "5"}),
    ("experiment", {"kind": "spectrum", "states": "4"}),
]
LEAKY = {"kind": "leaky_rectified_polynomial", "n": 3}
for slope in ("0.5", [1.0], [[0.01]], True):
    layer = LEAKY | {"slope": slope}
    NUMERIC.append(("network", MODEL_A | {"memories": NUMBERS, "interaction": layer}))


@pytest.mark.parametrize(("table", "entries"), NUMERIC)
def test_text_and_lists_are_no_number(refused, table, entries):
    assert "valid" in refused({table: entries}) or "number" in refused({table: entries})


@pytest.mark.parametrize("row", [["inf", 2.0], [3.5, 2.0], [2, 2.0], [3, -1.0]])
def test_replica_numbers_are_of_vertices_and_positive_numbers(refused, row):
    row = [float(x) for x in row]
    numbers = {"kind": "replica_numbers", "numbers": {"q_b": [row]}}
    assert "experiment" in refused({"experiment": numbers})


# --- messages -------------------------------------------------------------------------


LITERALS = [
    "\x1b[31mred\x1b[0m",
    "a" * 10_000,
    "\n\n",
    "\ud800",
    "a b " * 5000,
    10**300,
]


@pytest.mark.parametrize("literal", LITERALS, ids=lambda x: repr(x)[:12])
def test_a_literal_is_quoted_on_one_line(literal):
    names = (shown(literal), nearest(str(literal), ["beta"]), printable(str(literal)))
    for text in names[:2]:
        assert text.isprintable()
        assert len(text) < 260
    assert all(len(line) <= MAX_LINE_CHARACTERS for line in names[2].split("\n"))
    assert all(line.isprintable() for line in names[2].split("\n"))


@pytest.mark.parametrize("word", ["\x1b[31mred\x1b[0m", "a" * 5000])
@pytest.mark.parametrize(
    "where",
    ["experiment.variants", "checks", "network", "experiment.only", "plots", "kind"],
)
def test_no_control_character_and_no_long_line_is_printed(tmp_path, where, word):
    changes = {
        "experiment.variants": {"experiment": {"variants": {word: {word: 1}}}},
        "experiment.only": {"experiment": {"only": [word]}},
        "checks": {"checks": [{"kind": "converged", word: word, "point": word}]},
        "network": {"network": MODEL_B | {word: 1}},
        "plots": {"plots": [word]},
        "kind": {"experiment": {"kind": word}, "dynamics": {"kind": word}},
    }[where]
    path = tmp_path / "small.toml"
    path.write_text(dumps(GOOD | changes), encoding="utf-8")
    result = hopsim_cli("check", path)
    assert result.exit_code == 2
    lines = result.output.splitlines()
    assert all(line.isprintable() and len(line) <= 500 for line in lines)


# --- what check says ------------------------------------------------------------------


def test_check_prints_points_sizes_and_memory(tmp_path):
    path = tmp_path / "small.toml"
    sweep = {"path": "network.memories.count", "values": [4, 8]}
    quick = {"probes": {"kind": "random", "count": 1}}
    tables = GOOD | {"experiment": {"sweep": sweep}, "quick": quick}
    path.write_text(dumps(tables), encoding="utf-8")
    first, *sizes = hopsim_cli("check", path).stdout.splitlines()
    assert "valid (2 points" in first
    assert [line.split()[0] for line in sizes] == ["full", "full", "--quick", "--quick"]
    assert "1 point (count = 8): 8 memories of 12 features, 8 probes" in sizes[1]
    assert "1 point (count = 4): 4 memories of 12 features, 1 probe, about" in sizes[2]


# --- mutants --------------------------------------------------------------------------


def test_a_mutant_is_read_or_refused_with_reasons(tmp_path):
    path, refusals = tmp_path / "mutant.toml", []
    for tables in itertools.islice(mutants(3), 60):
        path.write_text(dumps(tables), encoding="utf-8")
        with contextlib.suppress(ScenarioError):
            load_scenario(path, quick=True)
            continue
        refusals.append(tables)
    assert 20 < len(refusals) < 60


SEED, COUNT, SECONDS = 20, 500, 2


@pytest.mark.slow
def test_what_passes_check_is_not_refused_by_run():
    program = ROOT / "tests" / "scenario" / "mutants.py"
    arguments = [str(x) for x in (program, SEED, COUNT, SECONDS)]
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    print(f"seed {SEED}: {found['tried']} tried, ends {found['ends']}")
    refused = [x for x in found["told"] if x["code"] == 2]
    assert [x for x in found["told"] if x["code"] != 2] == []
    assert len(refused) <= 2, refused
