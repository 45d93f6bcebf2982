"""Kinds and pictures that were called otherwise: read as before, and told once."""

import dataclasses
import inspect
from types import SimpleNamespace

import cases
import numpy as np
import pytest
from command_line import hopsim_cli
from tomli_w import dumps

import hopsim
from hopsim import theory
from hopsim._common import reach as _reach
from hopsim._common.registry import Registry
from hopsim.claims.tasks import find_claims
from hopsim.experiments import experiments
from hopsim.plots import plots
from hopsim.records import dataset, Record, save
from hopsim.runs import redrawing, run as runs
from hopsim.scenario.catalogue import former_kinds, REGISTRIES
from hopsim.scenario.scenario import load_scenario, read_scenario, scenario_of
from hopsim.validation import validations


SMALL = {
    "name": "small",
    "network": {
        "kind": "model_b",
        "memories": {"kind": "random_binary", "count": 4, "features": 12},
    },
    "probes": {"kind": "corrupted", "flipped": 0.1},
    "experiment": {"kind": "attractors"},
    "plots": ["attractor_gallery", "attractor_map"],
}
LEARNS = {
    "experiment": {"kind": "generation"},
    "plots": ["generation", "generated_digits"],
    "network": {
        "kind": "model_a",
        "beta": 1.0,
        "memories": {"kind": "gaussian", "count": 4, "features": 74},
    },
}
KIND = 'experiment.kind: "attractors" is called "census" now; the old word is still'
PICTURE = 'plots[1]: "attractor_map" is called "census" now; the old word is still read'


@pytest.fixture
def write(tmp_path):
    def one(**changes):
        path = tmp_path / f"{(SMALL | changes)['name']}.toml"
        path.write_text(dumps(SMALL | changes), encoding="utf-8")
        return path

    return one


def test_one_picture_by_two_words_is_drawn_once(write):
    scenario = read_scenario(
        write(plots=["census", "attractor_gallery", "attractor_map"])
    )
    assert scenario.plots == ("census", "attractor_gallery")


def test_a_misspelt_former_word_is_guessed_as_that_of_today(write):
    assert plots.nearest("atractor_map") == "did you mean 'census'?"
    with pytest.raises(ValueError, match="did you mean 'relaxation_descent'"):
        plots["relaxtion"]


# --- registries -----------------------------------------------------------------------


def test_a_kind_is_found_by_its_former_word_and_listed_by_that_of_today():
    outer = Registry("thing")
    inner = Registry("small thing", within=outer)
    inner.register("new", formerly=("old", "older"))(int)
    for registry in (inner, outer):
        assert registry["older"] is registry["old"] is registry["new"] is int
        assert "old" in registry
        assert list(registry) == ["new"]
        assert registry.today("old") == registry.today("new") == "new"
        assert registry.today("unheard of") == "unheard of"
        assert registry.former == {"old": "new", "older": "new"}
        assert registry.kind_of(int) == "new"
        with pytest.raises(ValueError, match="'old' is registered already"):
            registry.register("other", formerly=("old",))
        with pytest.raises(ValueError, match="'older' is registered already"):
            registry.register("older")


def test_no_former_word_means_anything_else_today():
    today = {kind for registry in REGISTRIES.values() for kind in registry}
    former = [pair for r in REGISTRIES.values() for pair in r.former.items()]
    assert set(former_kinds()).isdisjoint(today)
    assert set(former_kinds().values()) <= today
    assert set(former) == set(former_kinds().items())  # no word has become two


def test_the_sources_tell_the_same_former_words():
    assert _reach.former_words() == former_kinds()
    assert former_kinds()["flow"] == "flow_ensemble"


def test_former_words_stay_what_they_were():
    assert validations.former == {"flow": "flow_ensemble"}
    assert experiments.former == {
        "attractors": "census",
        "flow": "flow_ensemble",
        "limits": "rules_compared",
        "prototypes": "prototype_learning",
    }
    assert plots.former == {
        "association_map": "association_grid",
        "attractor_map": "census",
        "attractors": "census",
        "bode": "linear_response",
        "convergence": "adiabatic_limit",
        "generated_digits": "generation",
        "limits": "rules_compared",
        "mean_field": "mean_field_thresholds",
        "potts": "potts_thresholds",
        "power_balance": "driven",
        "prototypes": "prototype_learning",
        "relaxation": "relaxation_descent",
        "step_sizes": "altimex_descent",
    }
    for old, new in experiments.former.items():
        assert experiments[old] is type(cases.EXPERIMENTS[new])


# --- reading --------------------------------------------------------------------------


def test_python_is_warned_of_every_old_word(write):
    path = write()
    with pytest.warns(FutureWarning) as told:
        old = load_scenario(path)
    texts = [str(one.message) for one in told]
    assert [text.startswith(f"{path}: ") for text in texts] == [True, True]
    assert PICTURE in texts[0]  # plain keys come before tables
    assert KIND in texts[1]
    new = load_scenario(
        write(experiment={"kind": "census"}, plots=["attractor_gallery", "census"])
    )
    assert old.plots == new.plots == ("attractor_gallery", "census")
    assert old.experiment == new.experiment
    assert repr(old.points) == repr(new.points)


def test_words_of_either_size_are_told_once_and_those_of_a_claim_are_none(write):
    claim = {
        "id": "CL-1", "statement": "flow", "source": "limits", "tags": ["attractors"],
        "false_alarm": 0.01,
    }  # fmt: skip
    check = {"kind": "converged", "at_least": 0.5}
    path = write(
        claim=claim,
        checks=[check],
        experiment={"kind": "recall"},
        plots=[],
        quick={"plots": ["attractor_map"], "experiment": {"kind": "attractors"}},
    )
    for quick in (True, False):
        notes = read_scenario(path, quick).notes
        assert [note.partition(" is")[0] for note in sorted(notes)] == [
            'experiment.kind: "attractors"',
            'plots[0]: "attractor_map"',
        ]


def test_what_a_record_keeps_is_read_without_a_word(write):
    with pytest.warns(FutureWarning):
        scenario = load_scenario(write())
    again = scenario_of(scenario.resolved, "a record")
    assert again.experiment == scenario.experiment
    assert again.plots == scenario.plots


def test_a_record_says_the_word_of_today(write):
    scenario = read_scenario(write())
    assert runs._header_attrs(scenario)["experiment"] == "census"
    assert runs._header_attrs(scenario)["plots"] == "attractor_gallery census"


# --- the command line -----------------------------------------------------------------


def notes_of(result):
    return [line for line in result.stderr.splitlines() if line.startswith("note: ")]


def test_check_tells_old_words_once_on_the_error_stream(write):
    path = write()
    result = hopsim_cli("check", path)
    assert result.exit_code == 0
    assert ": valid (" in result.stdout
    assert "note" not in result.stdout
    lines = notes_of(result)
    assert len(lines) == 2
    assert lines[0] == f"note: {path}: {PICTURE}"
    assert lines[1].startswith(f"note: {path}: {KIND}")


@pytest.mark.parametrize("command", ["run", "train", "attractors"])
@pytest.mark.parametrize("passed", [True, False])
def test_commands_that_run_tell_old_words_once(
    write, tmp_path, monkeypatch, command, passed
):
    monkeypatch.setattr(runs, "run", lambda *_, **__: SimpleNamespace(passed=passed))
    for name in ("show_summary", "show_attractors"):
        monkeypatch.setattr(f"hopsim.cli.terminal.{name}", lambda *_: None)
    learns = LEARNS if command == "train" else {}
    place = [] if command == "attractors" else ["--out", tmp_path / "runs"]
    result = hopsim_cli(command, write(**learns), *place)
    # an old word changes no exit code
    assert result.exit_code == (0 if passed or command == "attractors" else 1)
    assert len(notes_of(result)) == (1 if learns else 2)
    picture = (
        PICTURE.replace("attractor_map", "generated_digits") if learns else PICTURE
    )
    assert (
        picture.replace("census", "generation" if learns else "census")
        in (notes_of(result)[0])
    )


@pytest.mark.parametrize("failed", [0, 1])
def test_verify_tells_old_words_once(write, tmp_path, monkeypatch, failed):
    monkeypatch.setattr(
        "hopsim.claims.verify.verify",
        lambda *_, **__: {"claims": [{"passed": not failed}]},
    )
    monkeypatch.setattr("hopsim.cli.terminal.show_report", lambda report, out: None)
    monkeypatch.setattr("hopsim.claims.rules.require_rules", lambda tasks: None)
    write(claim={"id": "CL-1"})
    write(name="another", claim={"id": "CL-2"}, plots=["census"])
    result = hopsim_cli("verify", "--claims", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == failed
    lines = notes_of(result)
    assert [KIND in line for line in lines] == [False, True, True]
    assert PICTURE in lines[0]


def test_a_claim_reaches_the_code_of_its_old_words(write, tmp_path):
    kind = lambda word: _reach.reach([{"experiment": {"kind": word}}])
    assert kind("flow") == kind("flow_ensemble")
    picture = "hopsim.experiments.landscape.census_plot"
    assert picture in _reach.reach([{"plots": ["attractor_map"]}])
    assert picture not in _reach.reach([{"plots": ["energy"]}])
    write(claim={"id": "CL-1"})
    (old,) = find_claims(tmp_path, [], True, {})
    assert len(old.notes) == 2
    assert not dataclasses.replace(old, notes=()).notes


# --- records --------------------------------------------------------------------------


def test_pictures_of_an_old_record_are_drawn_again(tmp_path, monkeypatch):
    attrs = {"name": "x", "hash": "x", "plots": "energy attractor_map", "seconds": 0.0}
    data = dataset({"energy": ("probe", np.zeros(1))}, attrs)
    save(Record(data), tmp_path / "record.nc")
    monkeypatch.setattr(redrawing, "render", lambda record, name, path: path / name)
    census = tmp_path / "attractor_map.png" / "census"  # as verdicts.json has it
    assert redrawing.redraw(tmp_path) == [tmp_path / "energy.png" / "energy", census]
    for word in ("attractor_map", "census"):
        assert redrawing.redraw(tmp_path, (word,)) == [census]
    assert redrawing.redraw(tmp_path, ("census", "attractor_map")) == [census]
    assert redrawing.redraw(tmp_path, ("bode",)) == [
        tmp_path / "linear_response.png" / "linear_response"
    ]
    shown = hopsim_cli("plot", tmp_path, "energy", "attractor_map")
    assert 'plots[1]: "attractor_map" is called "census" now' in shown.stderr
    assert "note" not in hopsim_cli("plot", tmp_path, "census").stderr
    assert plots["attractor_map"] is plots["census"]


# --- doors ----------------------------------------------------------------------------


DOORS = {  # keywords that other people's programs say
    hopsim.run: "scenario quick out overrides force directory progress interrupted "
    "tell jobs on retry_failed keep_units",
    hopsim.train: "network examples rule epochs temperature form error_exponent "
    "scaling batch order test key checkpoint checkpoint_seconds interrupted told "
    "progress",
    theory.teacher_student.free_entropy: "q_star q m c c_s n beta hamiltonian xp scale",
}


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_doors_keep_their_keywords(door):
    assert list(inspect.signature(door).parameters) == DOORS[door].split()
