"""Parts of users: registered, told with their origin, missed where they are not."""

import dataclasses
import json
import re
import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from command_line import hopsim_cli
from places import ROOT

from hopsim import extend
from hopsim._common import parts
from hopsim._common.streams import Stream
from hopsim.checks import AbstractCheck
from hopsim.claims.entries import seen_entry
from hopsim.claims.rules import broken_rule
from hopsim.claims.tasks import find_claims, mutated
from hopsim.claims.verify import _trade
from hopsim.claims.worker import _wrong
from hopsim.data.sources import memory_sources, probe_sources
from hopsim.dynamics import Adiabatic
from hopsim.experiments._ensemble import require_variables
from hopsim.lagrangians import lagrangians
from hopsim.runs.pool import _start
from hopsim.runs.redrawing import redraw
from hopsim.runs.run import run
from hopsim.scenario.scenario import load_scenario
from hopsim.scenario.toml_files import ScenarioError


EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture(autouse=True)
def no_parts(monkeypatch):
    """Each test begins without parts, and leaves none."""
    for name in ("_parts", "_mutations", "_loaded"):
        monkeypatch.setattr(parts, name, {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    parts.load_installed.cache_clear()
    yield
    parts.load_installed.cache_clear()


SOURCE = """
from hopsim import extend

__version__ = "2.1"

@extend.memories("stripes")
def stripes(stream, count: extend.Count, features: extend.Count, height: float = 1.0):
    \"\"\"Stripes of `height`. [me]\"\"\"
    rows = [[1.0 + (i + k) % 2 for i in range(features)] for k in range(count)]
    return [[height * x * (1 + k) for x in row] for k, row in enumerate(rows)]
"""
STUDY = """
name = "mine"
network = { kind = "model_b", memories = { kind = "stripes", count = 2, features = 3 } }
probes = { kind = "random", count = 1 }
run = { duration = 1.0, samples = 2 }
plots = []
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder with a file of parts and a scenario that names one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(SOURCE)
    (tmp_path / "mine.toml").write_text(STUDY)
    return tmp_path


# --- decorators -----------------------------------------------------------------------


def test_a_part_is_found_by_its_kind_and_is_still_what_was_written():
    @extend.lagrangian("mine")
    class Mine(extend.AbstractAdditiveLagrangian):
        convex, smooth, degree = True, True, None

        def interaction(self, x):
            return x**2

        def activation(self, x):
            return 2 * x

        def bracket(self, x):
            return np.sum(x**2)

    assert lagrangians["mine"] is Mine
    assert lagrangians.kind_of(Mine) == "mine"
    assert "mine" in list(lagrangians)
    assert "mine" not in lagrangians.shipped


def test_rows_that_a_source_returns_are_memories_and_probes():
    @extend.memories("ones")
    def ones(stream, count: extend.Count):
        return np.ones((count, 3), int)

    @extend.probes("twos")
    def twos(stream, memories):
        return 2 * memories.values

    found = memory_sources["ones"](Stream(0), count=2)
    np.testing.assert_array_equal(found.values, np.ones((2, 3)))
    probes = probe_sources["twos"](Stream(0), found)
    np.testing.assert_array_equal(probes.values, 2 * np.ones((2, 3)))
    assert probes.targets.tolist() == [-1, -1]
    with pytest.raises(ValueError, match=r"count must be >= 1, got 0"):
        memory_sources["ones"](Stream(0), count=0)


def test_what_a_source_returns_is_looked_at():
    @extend.memories("wrong")
    def wrong(stream):
        return [1.0, 2.0]

    with pytest.raises(ValueError, match=r"memories of 'wrong' must have shape"):
        memory_sources["wrong"](Stream(0))


def unannotated(stream, count):
    """A setting that a file could not be checked against."""


def without_a_stream(count: int):
    """No random numbers."""


def misread(stream, memories: extend.Memories):
    """Memories as an array, where probes have a set of patterns."""


def texts(stream, count: "int"):
    """As `from __future__ import annotations` leaves them."""


def plain(count: int):
    """What may be a function that makes a Lagrangian."""


def unnamed(stream, *counts: int):
    """Settings without names."""


def named_kind(stream, kind: str = "a"):
    """A setting that a file cannot say, since `kind` names the source itself."""


def named_memories(stream, memories: float):
    """A setting that hopsim would supply."""


def positional(stream, count: int, /):
    """Settings that cannot be given by name."""


WRONG = [
    (lambda: extend.memories("Mine"), "word of lower-case letters"),
    (lambda: extend.memories("mine")(unannotated), "'count' .* needs an annotation"),
    (lambda: extend.memories("mine")(texts), "leave out `from __future__"),
    (lambda: extend.memories("mine")(unnamed), r"\*counts .* have no names"),
    (lambda: extend.memories("mine")(named_kind), "'kind' .* call it otherwise"),
    (lambda: extend.memories("mine")(named_memories), "'memories' .* call it other"),
    (lambda: extend.memories("mine")(positional), "leave out the / after it"),
    (lambda: extend.memories("mine")(without_a_stream), "first arguments are stream"),
    (lambda: extend.probes("mine")(misread), "memories: extend.PatternSet"),
    (lambda: extend.network("mine")(without_a_stream), "arguments are memories"),
    (lambda: extend.dynamics("mine")(unannotated), "a subclass of AbstractDynamics"),
    (lambda: extend.dynamics("mine")(int), "a subclass of AbstractDynamics, got the"),
    (lambda: extend.dynamics("mine")(extend.AbstractFlow), "lacks alternate, clocks"),
    (lambda: extend.lagrangian("quadratic")(plain), "has a lagrangian 'quadratic' of"),
    (lambda: extend.mutation("a", " ")(print), "names its claim and what is wrong"),
    (lambda: extend.mutation("a", "b")(unannotated), "a function without arguments"),
]


@pytest.mark.parametrize(("make", "told"), WRONG, ids=[told for _, told in WRONG])
def test_what_is_no_part_is_refused_in_one_sentence(make, told):
    with pytest.raises(ValueError, match=told):
        make()
    assert parts.registered() == []


# --- files ----------------------------------------------------------------------------


def test_a_file_is_executed_and_replaces_its_own_parts(here):
    parts.load("mine.py")
    (first,) = parts.registered("memory source")
    parts.load("mine.py")
    assert parts.find("memory source", "stripes") is first  # the text is the same
    (here / "mine.py").write_text(SOURCE.replace("2.1", "2.2"))
    parts.load("mine.py")
    (second,) = parts.registered("memory source")
    assert (first.origin.version, second.origin.version) == ("2.1", "2.2")
    assert first.origin.sha256 != second.origin.sha256


def test_a_second_file_may_not_have_a_part_of_the_same_name(here):
    (here / "other.py").write_text(SOURCE)
    parts.load("mine.py")
    with pytest.raises(ValueError, match=r"other.py, line 6: .* that of mine.py alre"):
        parts.load("other.py")


def test_one_text_may_not_have_two_parts_of_one_name(here):
    again = SOURCE.partition("@")[2].replace("def stripes", "def other")
    (here / "mine.py").write_text(SOURCE + "\n@" + again)
    with pytest.raises(ValueError, match=r"'stripes' is both stripes and other in m"):
        parts.load("mine.py")
    (here / "mine.py").write_text(SOURCE + "\n@" + SOURCE.partition("@")[2])
    with pytest.raises(ValueError, match=r"is both stripes and stripes in mine.py"):
        parts.load("mine.py")


def test_a_file_that_goes_elsewhere_does_not_take_the_command_along(here):
    (here / "away").mkdir()
    (here / "mine.py").write_text("import os\nos.chdir('away')\n" + SOURCE)
    result = hopsim_cli("check", "mine.toml", "--with", "mine.py")
    assert result.exit_code == 0, result.output


def test_a_notebook_replaces_what_an_earlier_cell_had():
    cell = "from hopsim import extend\n@extend.plot('mine')\ndef draw(record, fig): ..."
    for _ in range(2):
        exec(cell, {"__name__": "__main__"})
    (part,) = parts.registered("plot")
    assert part.origin.name == parts.NOTEBOOK


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\nx = y", "bad.py, line 2: NameError: name 'y' is not defined"),
        ("x = (", "bad.py, line 1: SyntaxError: '(' was never closed"),
        ("import sys\nsys.exit(3)", "bad.py, line 2: SystemExit: 3"),
    ],
)
def test_mistakes_of_a_file_are_told_with_their_line(here, text, told):
    (here / "bad.py").write_text(text)
    result = hopsim_cli("check", "mine.toml", "--with", "bad.py")
    assert result.exit_code == 2
    assert result.stderr == f"error: {told}\n"


def test_a_mistake_that_shows_in_a_run_is_told_with_its_line(here):
    (here / "mine.py").write_text(SOURCE.replace("height * x", "height / 0"))
    result = hopsim_cli("check", "mine.toml", "--with", "mine.py")
    assert result.exit_code == 2
    assert "cannot be computed with (float division by zero)" in result.stderr
    (here / "mine.py").write_text(SOURCE.replace("height * x", "nothing"))
    result = hopsim_cli("check", "mine.toml", "--with", "mine.py")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: mine.py, line 10: NameError")


def test_a_file_that_is_none_is_told(here):
    result = hopsim_cli("check", "mine.toml", "--with", "nothing.py")
    assert result.exit_code == 2
    assert "file of parts 'nothing.py' cannot be read" in result.stderr


def test_a_scenario_never_runs_code_of_its_own_folder(here):
    result = hopsim_cli("check", "mine.toml")
    assert result.exit_code == 2
    assert "there is no memory source 'stripes'" in result.stderr
    assert "(One of your own: --with FILE.)" in result.stderr
    assert parts.registered() == []


def test_parts_are_listed_with_their_origin(here):
    result = hopsim_cli("list", "memories", "--with", "mine.py")
    assert result.exit_code == 0
    known = parts.registered()[0].origin.sha256[:12]
    assert f"stripes  of mine.py 2.1 (SHA-256 {known}...)" in result.stdout
    assert "Stripes of `height`" in result.stdout
    assert "height = 1.0" in result.stdout


# --- installed packages ---------------------------------------------------------------


def test_an_installed_package_is_asked_once_a_kind_is_unknown(here, monkeypatch):
    (here / "package_of_mine.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(here)
    owner = SimpleNamespace(name="my-package", version="3.0")
    point = EntryPoint("mine", "package_of_mine", parts.GROUP)
    vars(point)["dist"] = owner
    asked = []
    monkeypatch.setattr(
        "importlib.metadata.entry_points",
        lambda group: asked.append(group) or [point],
    )
    assert "digits" in memory_sources
    assert asked == []
    scenario = load_scenario("mine.toml")
    assert asked == [parts.GROUP]
    (told,) = scenario.parts
    assert (told["name"], told["version"]) == ("my-package", "3.0")
    sys.modules.pop("package_of_mine")


def test_a_package_that_cannot_be_imported_is_told_and_left_out(monkeypatch):
    point = EntryPoint("mine", "no_such_package_of_mine", parts.GROUP)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [point])
    with pytest.warns(UserWarning, match="no_such_package_of_mine cannot be loaded"):
        assert "nothing" not in memory_sources


# --- records --------------------------------------------------------------------------


@pytest.fixture
def ran(here):
    """The directory of a run with a part, after which the part is forgotten."""
    parts.load("mine.py")
    run("mine.toml", out=here / "runs")
    parts._parts.clear()
    parts._loaded.clear()
    (place,) = (here / "runs").iterdir()
    return place


def test_a_run_says_what_is_missing_and_what_has_changed(here, ran):
    known = parts.hashlib.sha256(SOURCE.encode()).hexdigest()
    kept = json.loads((ran / "verdicts.json").read_text())["parts"]
    entry = {"noun": "memory source", "kind": "stripes", "name": "mine.py"}
    assert kept == [entry | {"version": "2.1", "sha256": known}]
    for again in (ran, ran / "record.nc", ran / "scenario.toml"):
        result = hopsim_cli("check", again)
        assert result.exit_code == 2
        assert (
            f"the memory source 'stripes' of mine.py 2.1 (SHA-256 {known[:12]}...) is "
            "missing; give that file, --with mine.py"
        ) in result.stderr
    (here / "mine.py").write_text(SOURCE.replace("2.1", "2.2"))
    result = hopsim_cli("check", ran, "--with", "mine.py")
    assert result.exit_code == 0
    assert "the text of mine.py has changed since this was run" in result.stderr
    with pytest.warns(FutureWarning, match="the text of mine.py has changed"):
        (told,) = load_scenario(ran).parts
    assert told["sha256_before"] == known != told["sha256"]


def test_an_unfinished_training_tells_its_parts(here):
    from hopsim.runs.run import _resolved
    from hopsim.scenario.scenario import scenario_of

    parts.load("mine.py")
    told = json.loads(_resolved(load_scenario("mine.toml")))
    assert scenario_of(told, "a training").hash == load_scenario("mine.toml").hash
    parts._parts.clear()
    with pytest.raises(ScenarioError, match=r"of mine.py 2.1 .* is missing"):
        scenario_of(told, "a training")


def test_a_saved_run_is_run_again_as_it_was(here):
    study = STUDY.replace("stripes", "gaussian")
    (here / "mine.toml").write_text(study)
    first = run("mine.toml", overrides={"seed": 5}, out="runs")
    assert first.path is not None
    assert "parts" not in first.attrs
    again = load_scenario(first.path.parent)
    assert again.hash == first.attrs["hash"]
    assert again.header.seed == 5
    assert again.text == study


def test_pictures_of_ones_own_are_missed_by_name(here, ran):
    from hopsim.records import load_record

    record = load_record(ran)
    told = {"noun": "plot", "kind": "mine", "name": "a.py", "version": "", "sha256": ""}
    told = parts.missing([told], ["mine"])
    assert told.startswith("the plot 'mine' of a.py is missing; give that file")
    assert record.path is not None
    with pytest.raises(ValueError, match="There is no plot 'mine'"):
        redraw(ran, ("mine",))


# --- what parts give ------------------------------------------------------------------


class Odd(AbstractCheck):
    """A check that gives what it is told to."""

    gives: Any

    def judge(self, data):
        return self.gives(data)


def verdict(**measured: Any):
    """A verdict, whatever was measured."""
    given: dict[str, Any] = {"passed": True} | measured
    return extend.Verdict(statement="s", measured="1", expected="1", **given)


@pytest.mark.usefixtures("any_types")
@pytest.mark.parametrize(
    ("gives", "told"),
    [
        (lambda data: None, "judge must return a Verdict, got None"),
        (
            lambda data: verdict(passed="y"),
            "passed of a .* or False",
        ),
        (lambda data: verdict(value="1"), "value of a V"),
        (lambda data: data["missing"], "KeyError"),
    ],
)
def test_a_check_that_gives_no_verdict_fails_and_loses_no_run(gives, told):
    found = Odd(gives=gives).attempt({})
    assert not found.passed
    assert re.search(f"cannot be made: .*{told}", found.measured)


@pytest.mark.usefixtures("any_types")
def test_a_verdict_takes_numbers_of_numpy_and_of_jax():
    for one in (np.float32(0.5), jnp.asarray(0.5), 0.5):
        found = verdict(passed=one < np.float32(1), value=one)
        json.dumps(dataclasses.asdict(found))
        assert (found.passed, found.value) == (True, 0.5)


@pytest.mark.usefixtures("any_types")
@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, "gives {name: \\(dimensions, values\\)}, got None"),
        ({"a": 3}, "'a' of a pattern set must be .* got 3"),
        ({"a": ("probe", [None, "a"])}, "'a' of a pattern set must be"),
        ({"a": ("memory", [1.0])}, "dimension 'probe', got a; set `row`"),
    ],
)
def test_a_measurement_that_gives_no_variables_is_refused(found, told):
    with pytest.raises(ValueError, match=told):
        require_variables(found, "probe")


# --- claims ---------------------------------------------------------------------------


@pytest.mark.slow  # 2.5 CPU s
def test_a_claim_without_a_mutation_is_refused(here, monkeypatch):
    monkeypatch.setattr("hopsim._common.reach.code", lambda *_: "")  # takes seconds
    result = hopsim_cli("verify", EXAMPLES / "my_claims", "--quick", "--no-cache")
    assert result.exit_code == 2
    assert "names no mutation" in result.stderr
    result = hopsim_cli("verify", "cl-22", "--quick", "--mutations", "--no-cache")
    assert result.exit_code == 2
    assert "--mutations judges claims of your own" in result.stderr


def claim(tmp_path, **overrides):
    parts.load(EXAMPLES / "my_parts.py")
    return load_scenario(EXAMPLES / "my_claims" / "account.toml", True, overrides)


def test_claims_are_held_to_the_rules(tmp_path):
    assert broken_rule(claim(tmp_path)) == ""
    one = claim(tmp_path, **{"experiment.sets": 1})
    assert "independent sets of patterns, got one" in broken_rule(one)
    own = claim(tmp_path, checks=[{"kind": "ledger"}])
    assert "checks[0] does not compare sets" in broken_rule(own)
    agreement = {
        "kind": "agreement",
        "variable": "account_error",
        "value": 0.0,
        "statement": "it is 0",
        "source": "me",
        "within": 1.0,
    }
    often = claim(tmp_path, checks=[agreement])
    assert "alone fail for a share 0.0027 of seeds" in broken_rule(often)


def test_the_key_of_a_claim_changes_with_its_parts(here):
    for name in ("my_parts.py", "my_claims/account.toml"):
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text((EXAMPLES / name).read_text())
    key = lambda: find_claims(here / "my_claims", [], True, {})[0].key
    unknown = key()
    parts.load("my_parts.py")
    before = key()
    with open("my_parts.py", "a") as file:
        file.write("# another text\n")
    parts.load("my_parts.py")
    assert len({unknown, before, key()}) == 3
    (task,) = find_claims(here / "my_claims", [], True, {})
    assert task.rerun.endswith("--with my_parts.py")
    every = mutated(task)
    assert [one.wrong for one in every] == [
        "the dissipation of a flow without a limit",
        "tolerances a million times coarser",
    ]
    assert len({task.key, *(one.key for one in every)}) == 3
    assert _trade(here).order(every[0])["parts"] == ["my_parts.py"]


def test_a_check_that_could_not_be_made_has_seen_nothing(here):
    parts.load(EXAMPLES / "my_parts.py")
    (task,) = find_claims(EXAMPLES / "my_claims", [], True, {})
    wrong = mutated(task)[0]
    check = {"statement": "it holds", "passed": False, "value": 1.0}
    entry = {"checks": [check], "error": None}
    assert seen_entry(wrong, entry)["by"] == ["it holds"]
    entry = {"checks": [check | {"value": None}], "error": None}
    assert seen_entry(wrong, entry)["why"] == "no check fails"
    assert seen_entry(wrong, {"checks": [], "error": "crashed"})["why"] == "crashed"


def test_a_mutation_returns_entries_or_nothing(monkeypatch):
    monkeypatch.setattr("jax.config.update", lambda *_: None)
    made = {
        "entries": lambda: {"seed": 1},
        "nothing": lambda: None,
        "a number": lambda: 7,
    }
    for wrong, apply in made.items():
        extend.mutation("mine", wrong)(apply)
    asked = {wrong: {"claim": "mine", "wrong": wrong} for wrong in made}
    assert _wrong(asked["entries"]) == {"seed": 1}
    assert _wrong(asked["nothing"]) == {}
    with pytest.raises(ValueError, match=r"'a number' must return entries .* got 7"):
        _wrong(asked["a number"])


def test_a_process_that_runs_claims_executes_no_file_of_the_folder(here):
    (here / "queue.py").write_text("import os; os._exit(9)")  # as one of Python
    process = _start("hopsim.claims.worker", [])
    process.communicate("")
    assert process.returncode == 0


# --- the examples ---------------------------------------------------------------------


def test_examples_have_one_of_each_part():
    parts.load(EXAMPLES / "my_parts.py")
    nouns = {part.noun for part in parts.registered()}
    assert nouns == {
        *("lagrangian", "dynamics", "drive", "network", "memory source"),
        *("probe source", "experiment", "check", "plot"),
    }
    spins = [p for p in parts.registered("dynamics") if p.maker.discrete]
    flows = [p for p in parts.registered("dynamics") if issubclass(p.maker, Adiabatic)]
    assert len(spins) == len(flows) == 1
    for file in EXAMPLES.glob("*.toml"):
        assert load_scenario(file).parts


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda f: f.stem)
def test_examples_run_and_are_drawn(file):
    parts.load(EXAMPLES / "my_parts.py")
    record = run(file)
    assert record.passed
    assert json.loads(record.attrs["parts"])


@pytest.mark.slow
def test_the_example_of_a_claim_holds_and_sees_its_mutations(here):
    words = ("verify", EXAMPLES / "my_claims", "--with", EXAMPLES / "my_parts.py")
    result = hopsim_cli(*words, "--quick", "--mutations", "--out", here / "out")
    assert result.exit_code == 0, result.output
    report = json.loads((here / "out" / "ledger.json").read_text())
    assert report["passed"] == 1
    assert [one["seen"] for one in report["mutations"]] == [True, True]
