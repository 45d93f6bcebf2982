"""The tiny run, made once for all tests of runs."""

import pytest
from tiny import SWEEP, TINY
from tomli_w import dumps


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "tiny.toml"
    path.write_text(dumps(TINY), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny(tiny_file):
    """The record of the tiny run, saved; its programs serve every other test."""
    import hopsim

    return hopsim.run(tiny_file, out=tiny_file.parent / "runs")


@pytest.fixture(scope="session")
def swept(tiny, tiny_file):
    """The record of a sweep of it."""
    import hopsim

    return hopsim.run(
        tiny_file,
        overrides={"experiment.sweep": SWEEP},
        out=tiny_file.parent / "swept",
    )
