"""Registries: every kind has an example, a formula and a source."""

import inspect
import re
import sys
import types
from typing import Any

import cases
import pytest

from hopsim._common.registry import parameters, Registry
from hopsim.checks import checks
from hopsim.data.sources import memory_sources, probe_sources
from hopsim.dynamics import drives, dynamics_kinds
from hopsim.experiments import experiments
from hopsim.lagrangians import lagrangians
from hopsim.models import networks
from hopsim.plots import plots
from hopsim.scenario.catalogue import as_json
from hopsim.scenario.listing import listed, nouns, TABLE


# add a registry and its examples here; every test below then covers it
REGISTRIES = [
    (lagrangians, cases.LAGRANGIANS),
    (dynamics_kinds, cases.DYNAMICS),
    (drives, cases.DRIVES),
    (networks, cases.NETWORK_KINDS),
    (memory_sources, cases.MEMORY_KINDS),
    (probe_sources, cases.PROBE_KINDS),
    (experiments, cases.EXPERIMENTS),
    (checks, cases.CHECKS),
    (plots, cases.PLOTS),
]
EACH = pytest.mark.parametrize(
    ("registry", "examples"), REGISTRIES, ids=[r.noun for r, _ in REGISTRIES]
)
KINDS = pytest.mark.parametrize(
    ("registry", "kind"),
    [pytest.param(r, k, id=f"{r.noun}-{k}") for r, _ in REGISTRIES for k in r],
)


@EACH
def test_every_kind_has_an_example(registry, examples):
    assert set(examples) == set(registry)


@EACH
def test_every_example_is_of_its_kind(registry, examples):
    for kind, example in examples.items():
        if inspect.isclass(registry[kind]):
            assert type(example) is registry[kind]


@KINDS
def test_every_kind_states_its_formula_and_its_source(registry, kind):
    text = inspect.getdoc(registry[kind]) or ""
    assert re.search(r"\$[^$]+\$|`[^`]+`", text), "no formula in $...$ or `...`"
    without_formulas = re.sub(r"\$[^$]*\$|`[^`]*`", "", text)
    assert re.search(r"\[[^\]]*[A-Za-z][^\]]*\]", without_formulas), "no [source]"


@KINDS
def test_every_argument_says_what_it_may_be(registry, kind):
    # a converter without an annotation hides the type of its field: a file may say all
    hints = {k: p.annotation for k, p in parameters(registry[kind]).items()}
    untyped = {k for k, hint in hints.items() if hint in (Any, inspect.Parameter.empty)}
    assert untyped <= {"fig"}, "and so a scenario could give anything"


def test_a_registry_that_could_not_be_completed_is_not_empty(monkeypatch):
    registry = Registry("thing", completed_by=("no_such_package",))
    for _ in range(2):  # the second look fails as the first one did
        with pytest.raises(ModuleNotFoundError, match="no_such_package"):
            list(registry)
    monkeypatch.setitem(sys.modules, "no_such_package", types.ModuleType("empty"))
    registry.register("one")(int)
    assert list(registry) == ["one"]


@pytest.mark.parametrize("kind", list(experiments))
def test_a_study_has_one_name(kind):
    """Its file, class and kind; and its first picture, if no other study draws it."""
    study: Any = experiments[kind]
    *_, file = study.__module__.split(".")
    assert study.__name__.lower() == kind.replace("_", "")
    assert file == kind
    makers = {name: plots[name].__module__.rpartition(".")[2] for name in plots}
    own = [name for name in study.plots if makers[name] == f"{file}_plot"]
    every: list[Any] = [experiments[other] for other in experiments]
    drawn = [name for other in every for name in other.plots]
    if own and drawn.count(own[0]) == 1:
        assert own[0] == kind


def test_misspelt_kind_is_answered_with_the_nearest_one():
    with pytest.raises(ValueError, match="did you mean 'log_cosh'"):
        lagrangians["log_cash"]


def test_hopeless_kind_is_answered_with_the_list():
    with pytest.raises(
        ValueError, match=r"valid names are adiabatic, binary, glauber, sharp"
    ):
        dynamics_kinds["xyzzy"]


def test_a_kind_is_registered_once():
    registry = Registry("thing")
    registry.register("it")(int)
    with pytest.raises(ValueError, match="registered already"):
        registry.register("it")
    assert registry.kind_of(int) == "it"
    assert registry.kind_of(float) is None


@pytest.mark.parametrize("noun", nouns())
def test_every_default_is_listed_as_a_file_would_have_it(noun):
    for entry in listed(noun):
        assert "Undefined" not in entry.keys


def test_what_is_listed_is_what_is_registered():
    remedy = "write it again: python -m hopsim.scenario.catalogue"
    assert TABLE.read_text(encoding="utf-8") == as_json(), remedy
