"""How hopsim, its runs and its sources are cited."""

import re

import h5py
import pytest
from command_line import hopsim_cli
from places import ROOT

from hopsim._version import __version__
from hopsim.runs.citation import (
    as_cff,
    bibtex,
    SOURCES,
    sources_of,
    tagged,
    without_places,
)


def keys(text):
    return re.findall(r"^@\w+{(\w+),$", text, re.MULTILINE)


def test_the_citation_file_is_that_of_the_module():
    """`python -m hopsim.runs.citation` writes it."""
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert text == as_cff()
    assert f"version: {__version__}\n" in text


def test_the_sources_are_those_of_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Sources")[2]
    assert {*re.findall(r"\b([A-Z]+[0-9]{2}):", text)} == {s.tag for s in SOURCES}
    for source in SOURCES:
        assert str(source.year) in text
        assert source.year % 100 == int(source.tag[-2:])


def test_bibtex_is_balanced_and_has_no_empty_field():
    told = {"run": "a_1", "command": "hopsim run a.toml --set 'x={ y = \"@book{\" }'"}
    text = bibtex(SOURCES, told)
    assert text.count("{") == text.count("}") + 1  # that of the comment
    assert "{}" not in text
    assert text.count("@") == 1 + len(SOURCES)
    assert r"run a\_1" in text
    assert keys(text)[0] == "hopsim"
    assert keys(bibtex([])) == ["hopsim"]


def test_a_scenario_cites_what_its_kinds_and_checks_cite():
    tags = lambda *found: {source.tag for source in sources_of(*found)}
    assert tags({}) == {"KH16", "KH21"}
    assert "TT24" in tags({"experiment": {"kind": "phase_diagram"}})
    assert "MRS24" in tags({"checks": [{"source": "MRS24 eq. 6"}]})
    assert "R21" in tags({"claim": {"source": "R21"}})
    assert "KH16" in tags({}, "KH16 eq. 3")
    assert [source.tag for source in tagged(["TT24, KH16 and XY99"])] == [
        "KH16",
        "TT24",
    ]


def test_a_run_is_cited_with_seed_version_and_command(tiny, tmp_path):
    place = tmp_path / "record.nc"
    place.write_bytes(tiny.path.read_bytes())
    with h5py.File(place, "a") as file:
        given = 'network.memories.path="/home/me/x/rows.npy"'
        file.attrs["command"] = f"hopsim run tiny.toml --set '{given}'"
    result = hopsim_cli("cite", place)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert f"% run: tiny-{tiny.attrs['hash']}" in lines
    assert "% seed: 3" in lines
    assert f"% hopsim: {__version__}" in lines
    shown = "% command: hopsim run tiny.toml --set 'network.memories.path=\"rows.npy\"'"
    assert shown in lines
    assert "/home/me" not in result.stdout
    assert "krotov2021large" in keys(result.stdout)


@pytest.mark.parametrize("what", ["cl-22", "claims/cl-22", "CL-22"])
def test_a_claim_is_cited_with_the_command_that_tests_it(what):
    result = hopsim_cli("cite", what)
    assert f"% command: hopsim verify {what} --full" in result.stdout
    assert "ramsauer2021hopfield" in keys(result.stdout)


def test_a_scenario_is_cited_and_hopsim_alone_with_all():
    result = hopsim_cli("cite", "half_capacity")
    assert "% command: hopsim run half_capacity" in result.stdout
    assert "krotov2016dense" in keys(result.stdout)
    assert keys(hopsim_cli("cite").stdout) == ["hopsim", *(s.key for s in SOURCES)]
    result = hopsim_cli("cite", "nothing")
    assert result.exit_code == 2
    assert "There is no run, claim or scenario 'nothing'" in result.stderr


def test_commands_name_no_place():
    told = "hopsim run a.toml --set 'p=\"~/x/y.npy\"' --with /a/b.py --set q=1/2"
    bare = "hopsim run a.toml --set 'p=\"y.npy\"' --with b.py --set q=1/2"
    assert without_places(told) == bare
    assert without_places("hopsim run '/a/b") == "hopsim run 'b"
    assert without_places("hopsim run claims/cl-22") == "hopsim run claims/cl-22"
