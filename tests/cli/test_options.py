"""Options that all commands share, and what is printed for people and for pipes."""

import pytest
import typer
from command_line import hopsim_cli
from places import ROOT
from tiny import TINY
from tomli_w import dumps

import hopsim
import hopsim.runs.run
from hopsim._common import progress
from hopsim._common.formulas import plain_formula, plain_formulas
from hopsim._common.progress import reporter, set_voice, Voice
from hopsim.cli.app import complete_scenario, is_quiet
from hopsim.cli.commands import app
from hopsim.scenario.listing import listed, nouns


COMMANDS = sorted(typer.main.get_command(app).commands)  # pyright: ignore


@pytest.fixture
def tiny_run(tmp_path, monkeypatch):
    """The words of a command that runs something quickly, in a directory of its own."""
    file = tmp_path / "tiny.toml"
    wrong = {"checks": [{"kind": "overlap", "at_least": 1.0}], "plots": []}
    file.write_text(dumps(TINY | wrong), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return "run", file


def test_the_version_is_printed_alone():
    result = hopsim_cli("--version")
    assert result.exit_code == 0
    assert result.stdout == f"hopsim {hopsim.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_short_help_and_is_in_the_readme(command):
    short, long = hopsim_cli(command, "-h"), hopsim_cli(command, "--help")
    assert short.exit_code == 0
    assert short.stdout == long.stdout
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"| `hopsim {command}" in readme


@pytest.mark.slow
def test_a_quiet_run_prints_its_last_line_alone(tiny_run):
    result = hopsim_cli(*tiny_run, "-q")
    assert result.exit_code == 1
    assert result.output == "0 of 1 check holds\n"
    again = hopsim_cli(*tiny_run, "--quiet")  # it is there already
    assert (again.exit_code, again.output) == (1, result.output)
    assert not is_quiet()
    loud = hopsim_cli(*tiny_run)
    assert loud.stdout.splitlines()[-1] == "0 of 1 check holds"
    assert " is there already" in loud.stdout.splitlines()[0]


def test_a_verbose_run_says_where_its_time_went(tiny_run):
    result = hopsim_cli(*tiny_run, "--verbose")
    assert result.stdout.startswith("import ")
    assert result.stdout.splitlines()[-1] == "0 of 1 check holds"


def test_a_quiet_reporter_tells_nothing(capsys, monkeypatch):
    monkeypatch.setattr(progress, "GRACE", -1.0)
    told = {}
    for voice in Voice:
        set_voice(voice)
        try:
            with reporter("a test") as show:
                show.line("a line")
                show.beat()
        finally:
            set_voice(Voice.USUAL)
        told[voice] = capsys.readouterr().err
    assert told[Voice.QUIET] == ""
    assert "a line" in told[Voice.USUAL]
    assert "a line" in told[Voice.VERBOSE]


def test_a_shell_completes_names_files_and_directories(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.toml").touch()
    (tmp_path / "digits.txt").touch()
    (tmp_path / "digs").mkdir()
    assert complete_scenario("dig") == ["digit_completion", "digits.toml", "digs/"]
    assert "claims/cl-22" in complete_scenario("claims/cl-2")


# --- formulas -------------------------------------------------------------------------


@pytest.mark.parametrize("noun", [noun for noun in nouns() if noun != "scenarios"])
def test_formulas_are_listed_as_plain_text(noun):
    result = hopsim_cli("list", noun)
    assert result.exit_code == 0
    assert not {*"\\$"} & {*result.stdout}
    for entry in listed(noun):  # and each in a line of its own
        assert f"      {plain_formulas(entry.text)}\n" in result.stdout


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"\frac12 |x|^2", "1/2 |x|^2"),
        (r"\frac{n!}{N^{n-1}} e_n(s)", "n!/(N^(n-1)) e_n(s)"),
        (r"\xi_{\mu i} = \pm 1", "ξ_μi = ±1"),
        (r"\sum_{j\ne i}\xi_{\mu j}s_j", "Σ_(j != i)ξ_μj s_j"),
        (r"e^{-K/2^{N+1}}", "e^(-K/2^(N+1))"),
        (r"\tau_f \dot v = \nabla\Phi(g(v)) - \alpha v", "τ_f v̇ = ∇Φ(g(v)) - α v"),
        (r"f(\xi\,\mathrm{sign}\,v)", "f(ξ sign v)"),
        (r"R \sqrt{|x|^2 + \delta^2}", "R sqrt(|x|^2 + δ^2)"),
        (r"D_{L_h}(\xi g\|h)", "D_(L_h)(ξ g||h)"),
        (r"2\cosh\beta x_i", "2 cosh β x_i"),
    ],
)
def test_a_formula_becomes_plain_text(formula, text):
    assert plain_formula(formula) == text
    assert plain_formulas(f"It is ${formula}$. [KH21]") == f"It is {text}. [KH21]"
