"""The smallest scenario that has everything: tables, and a sweep of it."""

TINY = {
    "name": "tiny",
    "title": "A tiny run: ξ and all",
    "seed": 3,
    "plots": ["energy", "overlap", "gap"],
    "network": {
        "kind": "model_b",
        "memories": {"kind": "random_binary", "count": 4, "features": 12},
    },
    "probes": {"kind": "corrupted", "flipped": 0.1},
    "run": {"duration": 5.0, "samples": 5, "step_energies": 2, "save": ["v", "h"]},
    "checks": [
        {"kind": "energy_falls"},
        {"kind": "ledger"},
        {"kind": "overlap", "at_least": 0.5},
    ],
}
SWEEP = {"path": "network.beta", "values": [0.5, 1.0, 2.0]}
# what a run directory holds beside its pictures
RUN_FILES = {
    *("record.nc", "run.json", "scenario.toml", "source.toml", "summary.txt"),
    "verdicts.json",
}
