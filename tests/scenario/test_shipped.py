"""The shipped scenarios: found by name from anywhere, in a checkout and in a wheel."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from command_line import hopsim_cli
from places import ROOT

import hopsim
from hopsim.claims.entries import failed_entry
from hopsim.claims.tasks import find_claims, shipped_claims
from hopsim.scenario.shipped import (
    find_scenario,
    scenario_names,
    scenarios_place,
    shipped,
)


FILES = {
    path.relative_to(ROOT / "scenarios").with_suffix("").as_posix(): path
    for path in ROOT.glob("scenarios/**/*.toml")
}
NEVER = "/nobody/has/this"  # an absolute path that does not exist


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty directory, entered."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- names ----------------------------------------------------------------------------


def test_names_are_those_of_the_shipped_files(elsewhere):
    assert set(scenario_names()) == set(FILES)
    assert len(set(scenario_names())) == len(scenario_names())
    for name, path in FILES.items():
        assert find_scenario(name).samefile(path)
        assert shipped(name).samefile(path)


def test_list_scenarios_prints_the_names_and_nothing_else(elsewhere):
    result = hopsim_cli("list", "scenarios")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == scenario_names()
    assert result.stderr == ""
    assert "claims/cl-22" in result.stdout.split()


@pytest.mark.parametrize("name", ["digit_completion", "claims/cl-22"])
def test_a_new_file_is_the_shipped_one_and_in_order(elsewhere, name):
    result = hopsim_cli("new", name)
    assert result.exit_code == 0
    assert result.stdout_bytes == FILES[name].read_bytes()
    Path("mine.toml").write_bytes(result.stdout_bytes)
    assert "mine.toml: valid" in hopsim_cli("check", "mine.toml").stdout


def test_a_new_file_may_have_the_name_of_the_shipped_one(elsewhere):
    Path("overflow").touch()  # as a shell does it in `hopsim new overflow > overflow`
    assert hopsim_cli("new", "overflow").stdout_bytes == FILES["overflow"].read_bytes()


def test_a_file_that_exists_comes_before_a_name(elsewhere):
    text = FILES["not_promised"].read_text(encoding="utf-8")
    Path("overflow").write_text(text, encoding="utf-8")
    assert "overflow: valid" in (told := hopsim_cli("check", "overflow").stdout)
    assert "run not_promised-" in told


def test_a_directory_does_not_hide_a_name(elsewhere):
    Path("overflow").mkdir()
    assert "run overflow-" in hopsim_cli("check", "overflow").stdout


def test_python_takes_names_too(elsewhere):
    by_name, by_path = (
        hopsim.load_scenario(file) for file in ("claims/cl-22", FILES["claims/cl-22"])
    )
    assert by_name.hash == by_path.hash
    assert by_name.where == "claims/cl-22"
    with pytest.raises(ValueError, match="did you mean 'digit_completion'"):
        hopsim.run("digit_completon")


def test_mistakes_are_told_of_what_was_typed(elsewhere):
    result = hopsim_cli("check", "overflow", "--set", "sed=1")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: overflow: ")
    result = hopsim_cli("train", "overflow")
    assert result.stderr.startswith("error: overflow learns no memories")


def test_a_reader_that_has_left_is_no_defect(elsewhere):
    left, stdout = os.pipe()
    os.close(left)  # as in `hopsim list scenarios | head -1`
    done = subprocess.run(
        [sys.executable, "-m", "hopsim", "list", "scenarios"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(stdout)
    assert done.returncode == 141  # as shells report a closed pipe
    assert done.stderr == b""


def test_a_directory_hides_no_name_from_any_command(elsewhere):
    (elsewhere / "digit_completon").mkdir()
    for command in ("attractors", "check", "run"):
        result = hopsim_cli(command, "digit_completon")
        assert result.exit_code == 2
        assert "is a directory; give a scenario file or the name" in result.stderr


# --- what is no name ------------------------------------------------------------------

MISTYPED = {
    "digit_completon": "did you mean 'digit_completion'?",
    "digit_completion.toml": "did you mean 'digit_completion'?",
    "scenarios/digit_completion.toml": "did you mean 'digit_completion'?",
    "scenarios/claims/cl-22.toml": "did you mean 'claims/cl-22'?",
    "./digit_completion": "did you mean 'digit_completion'?",
    "digit_completion/": "did you mean 'digit_completion'?",
    " digit_completion": "did you mean 'digit_completion'?",
    "Digit_Completion": "did you mean 'digit_completion'?",
    "cl-22": "did you mean 'claims/cl-22'?",
    "CL-22": "did you mean 'claims/cl-22'?",
    "claims/cl-222": "did you mean 'claims/cl-22'?",
    "../scenarios/overflow": "did you mean 'overflow'?",
    "claims/../overflow": "did you mean 'overflow'?",
    f"{NEVER}/overflow": "did you mean 'overflow'?",
    f"{NEVER}.toml": "`hopsim list scenarios` prints all names.",
    "": "''; `hopsim list scenarios` prints all names.",
    "\x00": r"'\x00'; `hopsim list scenarios` prints all names.",
    "overflow\x00": r"'overflow\x00'; did you mean 'overflow'?",
    "\ud800": r"'\ud800'; `hopsim list scenarios` prints all names.",
    "x" * 5000: "xxx...'; `hopsim list scenarios` prints all names.",
    "x/" * 3000: "x/...'; `hopsim list scenarios` prints all names.",
}


@pytest.mark.parametrize(
    "command",
    [
        *("run", "check"),
        *(
            pytest.param(c, marks=pytest.mark.slow)
            for c in ("train", "attractors", "new")
        ),
    ],
)
def test_what_is_no_name_is_answered_with_the_nearest(elsewhere, command):
    kinds = "" if command == "new" else "file and no "
    for typed, words in MISTYPED.items():
        result = hopsim_cli(command, typed)
        assert result.exit_code == 2, typed
        assert result.stderr.startswith(f"error: There is no {kinds}shipped scenario '")
        assert result.stderr.endswith(f"{words}\n")
        assert result.stderr.count("\n") == 1
        assert len(result.stderr) < 400
        assert result.stdout == ""
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("command", ["run", "train", "check"])
def test_a_directory_is_no_scenario(elsewhere, command):
    result = hopsim_cli(command, elsewhere)
    assert result.exit_code == 2
    assert "is a directory; give a scenario file or the name" in result.stderr


def test_a_hidden_file_has_no_name(tmp_path, monkeypatch):
    for name in ("a.toml", ".#b.toml", ".trash/c.toml", "d.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    monkeypatch.setattr("hopsim.scenario.shipped.scenarios_place", lambda: tmp_path)
    assert scenario_names() == ["a"]


def test_a_package_without_its_scenarios_says_so(tmp_path, monkeypatch):
    none = tmp_path / "none"
    monkeypatch.setattr("hopsim.scenario.shipped.scenarios_place", lambda: none)
    for words in (["list", "scenarios"], ["run", "overflow"]):
        result = hopsim_cli(*words)
        assert result.exit_code == 2
        assert "scenarios are missing in" in result.stderr
    path = FILES["overflow"]
    assert find_scenario(path) == path


# --- claims ---------------------------------------------------------------------------


def tasks(*words, place=None, **overrides):
    return find_claims(place or shipped_claims(), words, True, overrides)


def test_a_claim_is_found_by_its_full_name_alone(elsewhere):
    assert [t.name for t in tasks("claims/cl-22")] == ["cl-22"]
    assert [t.name for t in tasks("CL-01")] == ["cl-01", "cl-01-float32"]
    assert [t.name for t in tasks("Claims/CL-01")] == ["cl-01"]


def test_ledgers_name_shipped_claims_without_a_path_of_the_machine(elsewhere):
    (task,) = tasks("cl-22")
    entry = failed_entry(task, f"{task.file}: 1 problem", 0.0)
    assert entry["file"] == "scenarios/claims/cl-22.toml"
    assert entry["error"] == "scenarios/claims/cl-22.toml: 1 problem"
    assert entry["rerun"] == "hopsim verify cl-22 --quick"
    with pytest.raises(ValueError, match=r"^scenarios/claims/cl-01-float32.toml: 1 p"):
        tasks("cl-22", seed=2**70)


def test_claims_of_another_directory_are_not_those_that_ship(elsewhere):
    shutil.copy(FILES["claims/cl-22"], elsewhere)
    (task,) = tasks("claims/cl-22", place=elsewhere)
    assert failed_entry(task, "", 0.0)["file"] == (elsewhere / "cl-22.toml").as_posix()
    assert task.rerun == f"hopsim verify cl-22 --quick --claims {elsewhere}"
    with pytest.raises(ValueError, match="no tag 'claims/cl-21'; did you mean 'cl-22'"):
        tasks("claims/cl-21", place=elsewhere)
    os.symlink("loop.toml", "loop.toml")
    with pytest.raises(
        ValueError, match=r"loop.toml: 1 problem\n .*; give a file that"
    ):
        tasks(place=elsewhere)


def test_the_shipped_claims_may_be_named_by_their_directory(monkeypatch):
    monkeypatch.chdir(ROOT / "tests")
    (task,) = tasks("cl-22", place=Path("../scenarios/claims"))
    assert task.rerun == "hopsim verify cl-22 --quick"


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("claims/overflow", "'overflow' is a scenario but no claim; use `hopsim run o"),
        ("cl-222", "no claim and no tag 'cl-222'; did you mean 'cl-22'?"),
        ("", "no claim and no tag ''; valid names are "),
        *(
            pytest.param(*more, marks=pytest.mark.slow)
            for more in (
                (
                    "digit_completion",
                    "'digit_completion' is a scenario but no claim; use `hops",
                ),
                (
                    "scenarios/overflow.toml",
                    "'overflow' is a scenario but no claim; use `hops",
                ),
                ("claims/cl-222", "no tag 'claims/cl-222'; did you mean 'cl-22'?"),
                ("scenarios/claims/cl-22.toml", "cl-22.toml'; did you mean 'cl-22'?"),
                ("x" * 5000, "xxx...'; valid names are "),
            )
        ),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_claim_is_told_before_any_work(elsewhere, word, answer):
    result = hopsim_cli("verify", word, "--quick", "--no-cache")
    assert result.exit_code == 2
    assert answer in result.stderr
    assert result.stderr.count("\n") == 1
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("place", [NEVER, "x" * 5000], ids=["none", "overlong"])
def test_a_directory_that_holds_no_claims_is_told(elsewhere, place):
    result = hopsim_cli("verify", "--claims", place, "--no-cache")
    assert result.exit_code == 2
    assert "name the directory of the claims with --claims" in result.stderr


# --- where they lie -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("project", "found"),
    [
        ('[project]\nname = "hopsim"\n', "scenarios"),
        ('[project]\nname = "theatre"\n', "hopsim/_scenarios"),
        ("[tool.x]\n", "hopsim/_scenarios"),
        ("project = 1\n", "hopsim/_scenarios"),
        ("][", "hopsim/_scenarios"),
        (None, "hopsim/_scenarios"),
    ],
)
def test_only_a_project_file_of_ours_makes_a_checkout(tmp_path, project, found):
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "hopsim").mkdir()
    if project is not None:
        (tmp_path / "pyproject.toml").write_text(project)
    assert scenarios_place(tmp_path / "hopsim") == tmp_path / found


def command(*arguments, path, cwd, **options):
    """The command line in a process of its own that imports hopsim from a path."""
    return subprocess.run(
        [sys.executable, "-m", "hopsim", *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
        cwd=cwd,
        capture_output=True,
        check=False,
        **options,
    )


def test_an_edited_scenario_of_a_checkout_is_the_one_that_is_read(tmp_path):
    checkout, site, cwd = (tmp_path / name for name in ("checkout", "site", "cwd"))
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "hopsim", checkout / "hopsim", ignore=unwanted)
    shutil.copytree(ROOT / "scenarios", checkout / "scenarios")
    shutil.copy(ROOT / "pyproject.toml", checkout)
    # an editable install leaves a copy beside the file that points to the checkout
    shutil.copytree(ROOT / "scenarios", site / "hopsim" / "_scenarios")
    cwd.mkdir()
    edited = b"# edited after the install\n"
    (checkout / "scenarios/overflow.toml").write_bytes(edited)
    done = command("new", "overflow", path=[site, checkout], cwd=cwd)
    assert done.stderr == b""
    assert done.stdout == edited


# --- the wheel ------------------------------------------------------------------------


def build(kind, source, place):
    """The distribution of a source tree, without isolation and network."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(place)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (made,) = place.iterdir()
    return made


def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(made_once):
    """The wheel of this tree."""
    place = made_once("wheel", lambda place: build("wheel", ROOT, place))
    (found,) = place.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A function that runs the command line of the unpacked wheel, from a directory."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # what another package may put there
    (site / "scenarios").mkdir()
    (site / "scenarios/foreign.toml").touch()

    def run(*arguments, cwd):
        return command(*arguments, path=[site], cwd=cwd, encoding="utf-8")

    return run


def test_the_wheel_holds_every_scenario_as_it_is(wheel):
    ships = {
        name.removeprefix("hopsim/_scenarios/").removesuffix(".toml"): content
        for name, content in contents(wheel).items()
        if name.startswith("hopsim/_scenarios/")
    }
    assert ships == {name: path.read_bytes() for name, path in FILES.items()}


@pytest.mark.slow
def test_a_wheel_from_the_source_distribution_is_the_same(wheel, tmp_path):
    archive = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert contents(build("wheel", source, tmp_path / "wheel")) == contents(wheel)


def test_an_installed_hopsim_lists_what_the_checkout_has(installed, tmp_path):
    done = installed("list", "scenarios", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == scenario_names()


def test_an_installed_hopsim_writes_and_checks_by_name(installed, tmp_path):
    done = installed("new", "claims/cl-22", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.encode() == FILES["claims/cl-22"].read_bytes()
    done = installed("check", "claims/cl-22", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("claims/cl-22: valid")


@pytest.mark.slow
def test_an_installed_hopsim_answers_an_unknown_name(installed, tmp_path):
    done = installed("check", "scenarios/overflow.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "error: There is no file and no shipped scenario 'scenarios/overflow.toml'; "
        "did you mean 'overflow'?\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("run", "digit_completion"),
        ("run", "digit_completion", "--quick"),
        ("run", "claims/cl-22", "--quick"),
        ("train", "mnist_classifier", "--quick"),
        ("attractors", "model_c_recall", "--quick"),
        ("verify", "cl-22", "--quick"),
        ("verify", "claims/cl-22", "--quick"),
    ],
    ids=" ".join,
)
def test_an_installed_hopsim_runs_by_name(installed, tmp_path, words):
    done = installed(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not [name for name in os.listdir(tmp_path) if name != "runs"]
    for page in tmp_path.glob("runs/verify/ledger.json"):
        text = page.read_text(encoding="utf-8")
        assert '"file": "scenarios/claims/cl-22.toml"' in text
        assert str(tmp_path.parent) not in text


# --- parts of users -------------------------------------------------------------------

PACKAGE = """
from hopsim import extend

@extend.drive("packaged")
class Packaged(extend.AbstractDrive):
    def __call__(self, t):
        return 0.0 * t
"""


@pytest.mark.slow
def test_an_installed_hopsim_takes_parts_in_an_empty_folder(wheel, tmp_path):
    """The examples, and a package with an entry point, beside the unpacked wheel."""
    site, here = tmp_path / "site", tmp_path / "here"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    shutil.copytree(ROOT / "docs" / "examples", here)
    (site / "packaged_parts.py").write_text(PACKAGE)
    about = site / "my_package-4.0.dist-info"
    about.mkdir()
    about.joinpath("METADATA").write_text(
        "Metadata-Version: 2.1\nName: my-package\nVersion: 4.0\n"
    )
    about.joinpath("entry_points.txt").write_text(
        "[hopsim.parts]\nmine = packaged_parts\n"
    )

    def run(*words):
        done = command(*words, path=[site], cwd=here, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        return done

    assert "packaged  of my-package 4.0 (SHA-256 " in run("list", "drives").stdout
    packaged = 'dynamics.drive={ kind = "packaged" }'
    assert run("check", "my_cue.toml", "--with", "my_parts.py", "--set", packaged)
    run("run", "my_study.toml", "--with", "my_parts.py")
    (saved,) = (here / "runs").iterdir()
    missing = command("run", saved, path=[site], cwd=here, encoding="utf-8")
    assert missing.returncode == 2
    assert "give that file, --with my_parts.py" in missing.stderr
    words = ("verify", "my_claims/", "--with", "my_parts.py", "--quick", "--mutations")
    told = run(*words).stdout
    assert told.count("seen     account: ") == 2
    assert "1/1 claims hold" in told
