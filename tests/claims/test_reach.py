"""The reach of a claim: what its run can execute, read off the sources."""

import ast
import functools as ft
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import mutations
import pytest
from places import ROOT

from hopsim._common import reach as _reach
from hopsim._common.reach import code, data, files, HOME, reach
from hopsim.data.datasets import SOURCES
from hopsim.experiments import experiments
from hopsim.plots import plots
from hopsim.scenario.catalogue import REGISTRIES
from hopsim.scenario.scenario import Header
from hopsim.scenario.toml_files import read_tables


CLAIMS = mutations.FILES


@ft.cache
def sizes(name):
    """What a claim says, small and whole."""
    tables = read_tables(f"claims/{name}", quick=True)
    return tables.resolved, tables.other


def codes(home):
    return {name: code(sizes(name), home) for name in CLAIMS}


# --- what is reached ------------------------------------------------------------------


def test_kinds_are_read_off_the_sources():
    words = lambda registry: {*registry, *registry.former}
    found = _reach._kinds(HOME)
    assert set(found) == set().union(*map(words, REGISTRIES.values()))
    for registry in REGISTRIES.values():
        for kind in words(registry):
            assert registry[kind].__module__ in found[kind]


@pytest.mark.parametrize("kind", list(experiments))
def test_an_experiment_reaches_the_pictures_that_it_draws(kind):
    maker: Any = experiments[kind]
    drawn = {plots[name].__module__ for name in maker.plots}
    assert drawn | {maker.__module__} <= reach([{"experiment": {"kind": kind}}])


def test_pictures_that_are_asked_for_take_the_place_of_others():
    pictures = lambda table: {part for part in reach([table]) if ".plots." in part}
    assert "hopsim.plots._energy" in pictures({})
    any_picture = {f"hopsim.plots.{name}" for name in ("_drawing", "_formats", "style")}
    assert pictures({"plots": []}) == any_picture


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_reaches_a_part_of_hopsim(name):
    found = files(reach(sizes(name)))
    every = ("claims/worker", "runs/run", "scenario/scenario", "simulation")
    assert {HOME / f"{m}.py" for m in every} < found < set(HOME.glob("**/*.py"))
    assert HOME / "claims" / "tasks.py" not in found


def test_both_sizes_are_reached():
    small = {"experiment": {"kind": "hull"}}
    whole = {"experiment": {"kind": "flow_ensemble"}}
    assert reach([small]) | reach([whole]) == reach([small, whole])


def test_variants_sweeps_and_nested_tables_name_kinds():
    table = {
        "experiment": {
            "kind": "flow_ensemble",
            "sweep": {"path": "dynamics.kind", "values": ["sharp", "two_layer"]},
            "variants": {"slow": {"dynamics": {"kind": "adiabatic"}}},
        },
        "checks": [{"kind": "average"}],
    }
    modules = ("dynamics.sharp", "dynamics.flows.adiabatic", "checks.measured")
    assert {f"hopsim.{name}" for name in modules} <= reach([table])
    assert not {f"hopsim.{name}" for name in modules} & reach([{}])


def test_what_is_not_said_is_the_default():
    kind = Header.model_fields["experiment"].default
    assert kind == {"kind": _reach.DEFAULT_EXPERIMENT}
    assert reach([{"experiment": kind}]) == reach([{"experiment": {}}]) == reach([{}])
    usual = {"hopsim.dynamics.flows.two_layer", "hopsim.experiments.recall.recall"}
    assert usual < reach([{}])


def test_what_a_claim_says_of_itself_reaches_nothing():
    assert reach([{"claim": {"tags": ["sharp"]}}]) == reach([{}])


def test_modules_are_never_chosen_by_a_computed_name():
    # `prefetch` warms up other people's libraries, the lazy door is nobody's reach, and
    # what completes a registry is found by the kinds that it registers; parts of users
    # are theirs
    sources = _reach._sources(HOME)
    loading = {module for module, source in sources.items() if source.loads}
    known = {f"hopsim.{name}" for name in _reach.LOADS_FOREIGN_ONLY}
    assert loading == {"hopsim"} | known
    for file in HOME.glob("**/*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "prefetch":
                words = [ast.literal_eval(word) for word in node.args]
                assert all(not word.startswith(("hopsim", ".")) for word in words)


def test_packages_pass_names_on_and_do_nothing_else():
    # so whoever imports one module of a package depends on no other
    for file in HOME.glob("*/**/__init__.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        passing = ast.ImportFrom | ast.Assign
        assert ast.get_docstring(tree)
        assert all(isinstance(node, passing) for node in tree.body[1:]), file


# a package in small: `study` stands for what is registered under "study"
SMALL = {
    "__init__": "def __getattr__(name): ...\n",
    "claims/__init__": "",
    "claims/worker": "from .. import base\n",
    "runs/pool": "from . import tasks\n",
    "claims/tasks": "",
    "base": "",
    "more": "from .parts import one\n",
    "parts/__init__": (
        "from .one import One\nfrom .two import Two\n"
        "from . import inner, lone as same\nEither = One | int\n"
    ),
    "parts/one": "class One: ...\nclass Other: ...\n",
    "parts/two": "class Two: ...\n",
    "parts/lone": "",
    "parts/inner/__init__": "from .three import three\nfrom .four import four\n",
    "parts/inner/three": "def three(): ...\n",
    "parts/inner/four": "def four(): ...\n",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ""),
        ("import parts.one, numpy as np\nfrom numpy import pi", ""),
        ("from .parts import One", "parts.one"),
        ("from .parts import One as O, Two", "parts.one parts.two"),
        ("from .parts import lone", "parts.lone"),
        ("from .parts.lone import anything", "parts.lone"),
        ("from . import parts\nparts.Two()", "parts.two"),
        ("from . import parts as p\np.One(), p.lone", "parts.one parts.lone"),
        ("from small.parts import Two", "parts.two"),
        ("def f():\n    from .parts import Two", "parts.two"),
        ("if TYPE_CHECKING:\n    from .parts import Two", ""),
        ("if TYPE_CHECKING: ...\nelse:\n    from .parts import Two", "parts.two"),
        ("from .parts import Either", "parts:Either parts.one"),
        ("from .parts.inner import three", "parts.inner.three"),
        ("from .parts import inner\ninner.four()", "parts.inner.four"),
        (
            "from .parts import inner\nf(inner)",
            "parts.inner parts.inner.three parts.inner.four",
        ),
        ("from .more import one", "more parts.one"),
        ("from .parts import same", "parts.lone"),
        ("from . import more\nmore.one", "more parts.one"),
        ('defaults = {"kind": "other"}', "other parts.lone"),
        ("from .parts import unheard_of", "*parts"),
        ("from . import unheard_of", "*"),
        ("from .parts import *", "*parts"),
        ("import small.parts", "*"),
        ("import importlib\nimportlib.import_module(name)", "*"),
        ("from importlib import import_module as load\nload(name)", "*"),
        ("import importlib\nload = importlib.import_module", "*"),
    ],
)
def test_imports_are_followed(text, found, tmp_path):
    home = tmp_path / "small"
    other = 'from .parts import lone\n@registry.register("other")\ndef f(): ...\n'
    study = f'{text}\n@registry.register("study")\ndef study(): ...\n'
    for name, words in (SMALL | {"study": study, "other": other}).items():
        file = home / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(words)
    wanted = {"claims.worker", "base", "runs.pool", "study"}
    known = {
        f.relative_to(home).with_suffix("").as_posix().replace("/", ".")
        for f in home.glob("**/*.py")
    }
    for word in found.split():
        below = {n.removesuffix(".__init__") for n in known if n.startswith(word[1:])}
        wanted |= below if word.startswith("*") else {word}
    got = reach([{"experiment": {"kind": "study"}}], home)
    got = {part.removeprefix("small").removeprefix(".") or "__init__" for part in got}
    assert {part for part in got if not part.endswith(":*") and part != ":*"} == wanted


# --- what changes a key ---------------------------------------------------------------


@pytest.fixture(scope="module")
def before():
    return codes(HOME)


@pytest.fixture
def concerned(tmp_path, before):
    """A function that edits a copy of the sources and names the claims that notice."""

    def by(pattern, edit):
        home = tmp_path / "hopsim"
        shutil.copytree(HOME, home, ignore=shutil.ignore_patterns("__pycache__"))
        for file in home.glob(pattern):
            text = file.read_text(encoding="utf-8")
            assert edit(text) != text
            file.write_text(edit(text), encoding="utf-8")
        after = codes(home)
        return {name for name in CLAIMS if after[name] != before[name]}

    return by


def reworded(text):
    """All docstrings in other words, a comment more, and other line numbers."""
    lines = text.splitlines(keepends=True)
    kinds = (ast.Module, *_reach.DEFINITIONS)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, kinds) and _reach._has_docstring(node):
            start = node.body[0].lineno - 1
            lines[start] = lines[start].replace('"""', '"""In other words: ', 1)
    return "# a comment\n\n" + "".join(lines)


@pytest.mark.slow
def test_comments_and_docstrings_keep_every_key(concerned):
    assert concerned("**/*.py", reworded) == set()


def test_the_core_of_every_run_changes_every_key(concerned):
    edit = lambda text: text.replace("    return ", "    pass\n    return ", 1)
    assert concerned("simulation.py", edit) == set(CLAIMS)


def test_a_closed_form_concerns_those_who_compare_with_it(concerned):
    found = concerned("theory/potts.py", lambda text: text + "MORE = 1\n")
    assert "cl-23-potts" in found
    assert "dam-04" not in found


def test_a_study_concerns_its_own_claims(concerned):
    found = concerned("validation/flows/hull.py", lambda text: text + "MORE = 1\n")
    kinds = {name: sizes(name)[0].get("experiment", {}).get("kind") for name in CLAIMS}
    assert found == {name for name, kind in kinds.items() if kind == "hull"}
    assert found


def test_a_new_kind_concerns_no_claim(concerned):
    more = "from .brand_new import BrandNew\n\n"
    edit = lambda text: text.replace("from .recall ", f"{more}from .recall ", 1)
    assert concerned("experiments/recall/__init__.py", edit) == set()


def test_a_definition_of_a_package_counts(concerned):
    edit = lambda text: text.replace("= AbstractDynamics  #", "= object  #", 1)
    assert concerned("dynamics/__init__.py", edit) == set(CLAIMS)


def test_data_count_for_the_claims_that_name_them(tmp_path, monkeypatch):
    monkeypatch.delenv("HOPSIM_DATA", raising=False)
    images = [{"training": {"images": "kmnist"}}]
    assert data(images) == ""
    monkeypatch.setenv("HOPSIM_DATA", str(tmp_path))
    nothing = data(images)
    for name, source in SOURCES.items():
        assert source.folder.startswith(name)
        (tmp_path / source.folder).mkdir()
        (tmp_path / source.folder / "images.gz").write_bytes(b"images")
    assert data(images) not in ("", nothing)
    assert data([{"training": {"images": "digits"}}]) == nothing
    file = tmp_path / "kmnist_test" / "images.gz"
    whole = data(images)
    file.write_bytes(b"other images")
    assert data(images) not in (whole, nothing)


def test_files_count_by_their_content(tmp_path, monkeypatch):
    monkeypatch.delenv("HOPSIM_DATA", raising=False)
    file, folder = tmp_path / "xi.npy", tmp_path / "images"
    tables = [{"memories": {"path": str(file), "folder": str(folder)}}]
    found = {data(tables)}
    file.write_bytes(b"one")
    found.add(data(tables))
    file.write_bytes(b"two")
    found.add(data(tables))
    folder.mkdir()
    (folder / "one.png").write_bytes(b"one")
    found.add(data(tables))
    assert len(found) == 4
    assert data([{"memories": {"kind": "gaussian"}}]) == ""


@pytest.mark.skipif(not os.path.isfile("/proc/self/mem"), reason="a file of Linux")
def test_a_file_that_cannot_be_read_has_no_hash():
    assert data([{"memories": {"path": "/proc/self/mem"}}]) == "/proc/self/mem "


def test_keys_are_known_before_jax_starts():
    program = (
        "import sys; from pathlib import Path; "
        "from hopsim.claims.tasks import find_claims; "
        "assert find_claims(Path('scenarios/claims'), [], True, {}); "
        "sys.exit(any(m in sys.modules for m in ('jax', 'numpy', 'pydantic')))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


# --- against what is executed ---------------------------------------------------------

# runs one claim and prints the files of all functions that ran; whatever is done when a
# module is loaded does not count
WATCHED = """
import importlib, json, pkgutil, sys, threading
import hopsim
for module in pkgutil.walk_packages(hopsim.__path__, "hopsim."):
    if module.name != "hopsim.__main__":
        importlib.import_module(module.name)
from hopsim.runs.run import run
from hopsim.scenario.scenario import load_scenario

seen = set()
def watch(frame, event, argument):
    seen.add(frame.f_code.co_filename)
threading.settrace(watch)
sys.settrace(watch)
run(load_scenario(sys.argv[1], quick=True), out=sys.argv[2])
sys.settrace(None)
print(json.dumps(sorted(seen)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dam-10", "dam-15", "ts-01"])
def test_a_run_executes_nothing_beyond_its_reach(name, tmp_path):
    settings = {"JAX_NUM_CPU_DEVICES": "1", "EQX_ON_ERROR": "nan"}
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, f"claims/{name}", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    executed = {Path(file) for file in json.loads(done.stdout.splitlines()[-1])}
    executed = {file for file in executed if HOME in file.parents}
    assert executed <= files(reach(sizes(name)))
    # it did see the study, its pictures and its checks
    assert {file.parent.name for file in executed} >= {"experiments", "plots", "checks"}
    assert not executed <= files(reach([{}]))
