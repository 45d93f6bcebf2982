"""What editors and `hopsim list KIND` are told of the grammar."""

import copy
import json
import tomllib

import pytest
from command_line import hopsim_cli

from hopsim.checks import checks
from hopsim.experiments import experiments, RunSettings, TrainingSettings
from hopsim.scenario.catalogue import kinds, REGISTRIES
from hopsim.scenario.keys import keys_of, type_in_words
from hopsim.scenario.meanings import MEANINGS
from hopsim.scenario.schema import scenario_schema
from hopsim.scenario.shipped import scenario_files


jsonschema = pytest.importorskip("jsonschema")
MAKERS = {
    (noun, kind): made[kind]
    for noun, made in REGISTRIES.items()
    for kind in kinds(noun)
    if noun != "plots"
} | {("run", "run"): RunSettings, ("training", "training"): TrainingSettings}


@pytest.fixture(scope="module")
def schema():
    return scenario_schema()


@pytest.fixture(scope="module")
def validator(schema):
    kind = jsonschema.Draft202012Validator
    kind.check_schema(schema)
    return kind(schema)


def shipped(name):
    return tomllib.loads(scenario_files()[name].read_text(encoding="utf-8"))


@pytest.fixture
def recall():
    """A scenario that has every table, but for training."""
    return {
        "name": "mine",
        "network": {
            "kind": "model_a",
            "interaction": {"kind": "rectified_polynomial", "n": 3},
            "memories": {"kind": "random_binary", "count": 4, "features": 12},
        },
        "dynamics": {"tau_memory": 0.1, "drive": {"kind": "pulse", "amplitude": 1.0}},
        "probes": {"kind": "corrupted", "flipped": 0.1},
        "run": {"duration": 5.0, "save": ["v", "h"]},
        "checks": [{"kind": "overlap", "at_least": 0.5}],
        "quick": {"network": {"beta": 1.0}, "run": {"samples": 3}},
    }


def test_every_shipped_scenario_is_valid(validator):
    wrong = {}
    for name in scenario_files():
        found = [error.message for error in validator.iter_errors(shipped(name))]
        wrong |= {name: found} if found else {}
    assert not wrong


WRONG = {
    "nmae": "x",
    "seed": -1,
    "precision": "float16",
    "network.kind": "model_x",
    "network.betta": 1.0,
    "network.interaction.kind": "polynom",
    "network.interaction.m": 3,
    "network.memories.cuont": 4,
    "network.memories.count": 0,
    "dynamics.tau": 1.0,
    "dynamics.drive.width": "wide",
    "probes.flipped": 1.5,
    "probes.occluded": "below",
    "run.duration": 0.0,
    "run.solver": "euler",
    "run.sampels": 3,
    "experiment.retrieved": 0.5,
    "quick.network.betta": 1.0,
    "quick.run.sampels": 1.0,
    "plots": ["enrgy"],
}


@pytest.mark.parametrize("path", WRONG)
def test_what_is_misspelt_or_out_of_range_is_not_valid(validator, recall, path):
    assert not list(validator.iter_errors(recall))
    wrong = copy.deepcopy(recall)
    *parents, last = path.split(".")
    table = wrong
    for name in parents:
        table = table.setdefault(name, {})
    table[last] = WRONG[path]
    assert list(validator.iter_errors(wrong))


def test_a_check_with_a_misspelt_key_is_not_valid(validator, recall):
    recall["checks"] = [{"kind": "overlap", "atleast": 0.5}]
    (error,) = validator.iter_errors(recall)
    assert "'atleast' was unexpected" in error.message


def test_kinds_of_former_names_are_valid(validator, recall):
    former = {registry: dict(registry.former) for registry in (experiments, checks)}
    for old in former[experiments]:
        found = validator.iter_errors(recall | {"experiment": {"kind": old}})
        assert not [e for e in found if "is not one of" in e.message]


def test_an_editor_is_told_what_a_key_means(schema):
    cases = schema["$defs"]["network"]["allOf"]
    (model_b,) = (
        case["then"]
        for case in cases
        if "model_b" in case["if"]["properties"]["kind"]["enum"]
    )
    beta = model_b["properties"]["beta"]
    assert beta["exclusiveMinimum"] == 0
    assert beta["default"] == 1.0
    assert beta["description"].startswith("Inverse temperature of the softmax")


# --- one kind -------------------------------------------------------------------------


def test_every_key_of_every_kind_has_a_sentence_and_a_type():
    silent = [
        f"{noun} {kind}: {key.name}"
        for (noun, kind), maker in MAKERS.items()
        for key in keys_of(maker)
        if not (key.sentence and (key.registry or type_in_words(key.schema)))
    ]
    assert not silent  # say it in the docstring, beside the field, or in `meanings`


def test_meanings_are_those_of_keys():
    known = {key.name for maker in MAKERS.values() for key in keys_of(maker)}
    top = {"name", "title", "seed", "precision", "plots", "quick"}
    top |= {"id", "tags", "false_alarm"}
    classes = {maker.__name__ for maker in MAKERS.values()}
    for word in MEANINGS:
        of_kind, _, key = word.rpartition(".")
        assert key in known | top
        assert not of_kind or of_kind in classes


def test_types_are_told_in_words():
    words = lambda maker: {k.name: type_in_words(k.schema) for k in keys_of(maker)}
    run = words(RunSettings)
    assert run["duration"] == "number > 0"
    assert run["step_energies"] == "whole number >= 0"
    assert run["until"] == 'one of "steady", "duration"'
    assert run["rtol"] == "number > 0"
    clamped = 'one of "none", "visible" or list of (whole number)'
    assert run["clamped"] == clamped
    assert words(REGISTRIES["probes"]["corrupted"])["flipped"] == (
        "number >= 0 and <= 1"
    )


def test_one_kind_is_listed_with_all_its_keys():
    lines = hopsim_cli("list", "recall").stdout.splitlines()
    assert lines[0] == "experiments: recall"
    assert "  retrieved_above: number >= -1 and <= 1; default 0.95" in lines
    words = '  measured_on: one of "auto", "hidden", "all"; default "auto"'
    assert words in lines
    assert lines[lines.index(words) + 1].startswith("      `measured_on` chooses")
    several = hopsim_cli("list", "given").stdout
    assert "memories: given" in several
    assert "probes: given" in several
    run = hopsim_cli("list", "run").stdout
    assert "\n  solver: one of " in run


def test_a_misspelt_kind_is_guessed():
    result = hopsim_cli("list", "recal")
    assert result.exit_code == 2
    assert "did you mean 'recall'?" in result.stderr


def test_the_schema_is_printed_as_json(schema):
    result = hopsim_cli("schema")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(json.dumps(schema))
