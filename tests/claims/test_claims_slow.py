"""The false-alarm rates that the claims state, against twenty seeds."""

import collections
import json
import subprocess
import sys

import pytest
from places import ROOT
from scipy import stats


SEEDS = range(101, 121)


@pytest.mark.slow
def test_no_true_claim_fails_more_often_than_it_says(tmp_path):
    failures, rates = collections.Counter(), {}
    for seed in SEEDS:
        subprocess.run(
            [
                *(sys.executable, "-m", "hopsim", "verify", "--quick"),
                *("--set", f"seed={seed}", "--out", str(tmp_path / str(seed))),
            ],
            cwd=ROOT,
            check=False,
            capture_output=True,
        )
        ledger = tmp_path / str(seed) / "ledger.json"
        for entry in json.loads(ledger.read_text())["claims"]:
            rates[entry["name"]] = entry["false_alarm"]
            failures[entry["name"]] += not entry["passed"]
    print({name: count for name, count in failures.items() if count})
    # so many failures or more by chance: rarer than 1e-3 over all claims together
    chance = {
        name: stats.binom.sf(failures[name] - 1, len(SEEDS), rate)
        for name, rate in rates.items()
    }
    assert len(chance) > 20
    assert min(chance.values()) > 1e-3 / len(chance), failures
