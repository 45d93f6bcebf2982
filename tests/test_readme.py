"""The README keeps its word: its code runs, its commands and files exist."""

import re

import numpy as np
import pytest
from places import ROOT

from hopsim._common import parts


README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_examples_run_and_certify(capsys, monkeypatch):
    monkeypatch.setattr(parts, "_parts", {})  # what it registers is left nowhere
    names: dict = {}
    for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(compile(code, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "energy certified to fall: 20/20 probes" in printed
    assert "energy fell: 20/20 probes" in printed  # a Lagrangian of one's own
    assert "convex on all states met: Sparsemax of the memories" in printed
    path = names["path"]
    assert path.v.shape == (20, 201, 100)
    assert "Trajectory of 20 probes, 0 to 20 tau_feature" in printed
    np.testing.assert_array_equal(names["energy"]["energy"], path.energy[:, 50])
    assert np.all(path.converged)
    assert np.all(names["ended"].converged)
    for name in ("path", "ended", "found", "network", "few", "learnt"):
        lines = repr(names[name]).splitlines()
        assert len(lines) <= 8
        assert max(map(len, lines)) <= 92


def test_first_command_names_a_scenario_that_exists():
    commands = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    assert commands == [
        "pip install -e . && hopsim run scenarios/digit_completion.toml",
        "pip install -e '.[test]' && pytest -n 2",
    ]
    assert (ROOT / "scenarios/digit_completion.toml").is_file()


PAGES = ["README.md", "CONTRIBUTING.md", "figures/README.md"]
PAGES += [f"docs/{page}.md" for page in ("decisions", "glossary", "theory")]


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+?)(?:#[\w-]*)?\)", text)
    local = [t for t in targets if not t.startswith("http")]
    missing = [t for t in local if not ((ROOT / page).parent / t).exists()]
    assert not missing


def test_every_shipped_scenario_is_in_the_readme_and_the_gallery():
    for path in (ROOT / "scenarios").glob("*.toml"):
        assert f"scenarios/{path.name}" in README
        assert list((ROOT / "figures" / path.stem).glob("*.png"))
