"""Claims: each holds in its quick form, and is drawn, as `hopsim verify` says.

What has been run is kept under `runs/verify`, where the command finds it and keeps what
it has run itself; a claim runs again only if something that it reaches has changed.
"""

import json
from pathlib import Path

import mutations
import pytest
from filelock import FileLock
from places import ROOT

from hopsim.claims.tasks import find_claims, shipped_claims
from hopsim.claims.verify import finished_entries


PLACE = ROOT / "runs" / "verify"
# one for every wing: flows, spins, training, attractors, teacher and student
WITNESSES = ["cl-04", "dam-01", "dam-12", "cl-23-potts", "ts-12"]


@pytest.fixture(scope="session")
def entries(request):
    """The entry of every claim that this session asks for, by its name."""
    here = [item for item in request.session.items if item.path == Path(__file__)]
    asked = {item.callspec.params["name"] for item in here if "[" in item.name}
    PLACE.mkdir(parents=True, exist_ok=True)
    # the default tier has work for the other cores
    jobs = 1 if asked <= set(WITNESSES) else None
    with (
        pytest.MonkeyPatch.context() as surroundings,
        FileLock(PLACE / ".lock"),  # one worker runs them, the others find them kept
    ):
        surroundings.delenv("XLA_FLAGS", raising=False)  # compiled as by the command
        words = [f"claims/{name}" for name in sorted(asked)]
        tasks = find_claims(shipped_claims(), words, True, {})
        found = finished_entries(tasks, PLACE, jobs)
    return {entry["name"]: entry for entry in found}


@pytest.fixture
def entry(entries, name):
    """The entry of one claim, as the ledger has it."""
    return entries[name]


def marked(name):
    marks = [pytest.mark.claims]
    marks += [pytest.mark.witness] * (name in WITNESSES)
    return pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", [marked(name) for name in mutations.FILES])
def test_claim_holds_and_is_drawn(entry, name):
    assert entry["error"] is None, entry["error"]
    assert entry["checks"]
    failed = [check for check in entry["checks"] if not check["passed"]]
    assert not failed, json.dumps(failed, indent=1)
    assert entry["passed"]
    assert entry["not_drawn"] == ""


def test_witnesses_are_claims():
    assert set(WITNESSES) <= set(mutations.FILES)
