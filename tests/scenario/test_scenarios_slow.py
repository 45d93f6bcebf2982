"""The shipped scenarios: every claim in them holds, in full and in short."""

from typing import Any

import pytest
from command_line import hopsim_cli
from matplotlib.figure import Figure
from places import ROOT

import hopsim
from hopsim import plots
from hopsim.experiments import experiments


SHIPPED = sorted(ROOT.glob("scenarios/**/*.toml"))


def run(path, out, *options):
    result = hopsim_cli("run", path, "--out", out, *options)
    assert result.exit_code == 0, result.output
    assert "FAIL" not in result.stdout
    (folder,) = out.iterdir()
    return {p.name for p in folder.iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("path", SHIPPED, ids=[p.stem for p in SHIPPED])
def test_shipped_scenario_holds_what_it_claims(path, tmp_path):
    files = run(path, tmp_path / "runs")
    assert {"record.nc", "scenario.toml", "summary.txt"} < files
    (folder,) = (tmp_path / "runs").iterdir()
    refused, record = (
        drawn_by_studies() - set(offered(path)),
        hopsim.load_record(folder),
    )
    assert [name for name in sorted(refused) if drawable(record, name)] == []


def offered(path):
    """The pictures that `check` lets a scenario of this experiment ask for."""
    experiment = hopsim.load_scenario(path).experiment
    return (*experiment.plots, *experiment.further_plots)


def drawn_by_studies():
    """Those that it refuses a scenario of another experiment."""
    kinds: list[Any] = [experiments[kind] for kind in experiments]
    return {name for x in kinds for name in (*x.plots, *x.further_plots)}


def drawable(record, name):
    """Whether a record holds what a picture shows."""
    try:
        plots.draw(record, name, Figure())
    except (ValueError, LookupError, TypeError, AttributeError):
        return False
    return True


PICTURES = {  # one scenario of each experiment, and what it draws
    "digit_completion": {"energy", "overlap", "gallery", "film", "gap"},
    "energy_portrait_2d": {"portrait"},
    "adiabatic_limit": {"adiabatic_limit", "gap"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_scenario_in_short_holds_what_it_claims(name, tmp_path):
    path = ROOT / "scenarios" / f"{name}.toml"
    files = run(path, tmp_path / "runs", "--quick")
    pictures = {f"{picture}.png" for picture in PICTURES[name]}
    kept = {"record.nc", "scenario.toml", "summary.txt", "verdicts.json"}
    assert files == kept | pictures
