"""Small made-up results, one of each kind that shows itself and is drawn."""

from typing import Any

import numpy as np

import hopsim
from hopsim import dynamics
from hopsim.attractors.branches import Branch, Event
from hopsim.certificates import Certificate
from hopsim.records import dataset
from hopsim.trajectory import Promise


FULL = Promise("full", "both Lagrangians are convex")
NETWORK = hopsim.model_b(np.eye(3, 5), beta=2.0)


def trajectory(endings, **changes: Any):
    """A made-up trajectory of model B, of probes that ended so."""
    rng = np.random.default_rng(5)
    probes, none = len(endings), np.zeros(len(endings))
    path = -np.cumsum(rng.uniform(size=(probes, 4)), axis=1)
    whole: dict[str, Any] = {
        "times": np.array([0.0, 1.0, 2.0, 3.0]),
        "energy": path,
        "effective_energy": path,
        "gap": 0 * path,
        "dissipation": -path,
        "final": rng.uniform(size=(probes, 5)),
        "final_memory": rng.uniform(size=(probes, 3)),
        "steps": np.arange(probes),
        "rejected": np.zeros(probes, int),
        **dict.fromkeys(("end_time", "residual", "worst_rise", "worst_time"), none),
        **dict.fromkeys(("rise_limit", "ledger_residual"), none),
        "worst_excess": none - 1,
        "ledger_tolerance": none + 1,
        "ending": np.array(endings, int),
        "promise": FULL,
        "solver": "Tsit5",
        "ledger_kind": "balance",
        "rise_tolerance": 0.0,
        "rise_gain": 0.0,
    }
    return hopsim.Trajectory(**(whole | changes))


def certificate(probes, promise=FULL):
    rows, yes = np.zeros(probes), np.ones(probes, bool)
    return Certificate(
        promise=promise, falls=yes, holds=yes, broken=~yes, worst_rise=rows,
        worst_time=rows, tolerance=rows, ledger_residual=np.nan * rows,
        ledger_tolerance=rows + 1,
    )  # fmt: skip


def attractors(kinds=("memory", "memory", "saddle")):
    n = len(kinds)
    one, ones = "attractor", np.ones(n)
    table = dataset(
        {
            "v": ((one, "feature"), np.ones((n, 5))),
            **dict.fromkeys(("energy", "s_max"), (one, -ones)),
            "hits": (one, np.ones(n, int)),
            **dict.fromkeys(("fraction", "fraction_low"), (one, ones / 4)),
            "fraction_high": (one, ones / 2),
            "members": ((one, "memory"), np.ones((n, 3), bool)),
            "eigenvalues": ((one, "eigenvalue"), -np.ones((n, 8))),
            "kind": (one, np.array(kinds, dtype=str)),
            "stable": (one, np.array([k != "saddle" for k in kinds], bool)),
            "overlap": ((one, "memory"), np.ones((n, 3))),
            "memory_label": ("memory", np.array([0, 1, -1])),
            **dict.fromkeys(("unconverged", "memories_unconverged"), ((), 1)),
            "unconverged_fraction": ((), 0.25),
            "unconverged_low": ((), 0.05),
            "unconverged_high": ((), 0.7),
        }
    )
    labels = np.array([0, 1, 2, -1])
    flow = {"duration": 100.0}
    return hopsim.Attractors(NETWORK, dynamics.Adiabatic(), table, labels, flow)


def samples(starts=4, references=2):
    rows = lambda *more: np.linspace(-1, 1, starts * int(np.prod(more))).reshape(
        starts, *more
    )
    pairs = starts // 2
    return hopsim.Samples(
        final=np.ones((starts, 5), np.int8), overlap=rows(references),
        unsigned=np.abs(rows(references)), twin=np.zeros(pairs), energy=rows(),
        overlaps=rows(6, references), energies=rows(6), twins=np.zeros((pairs, 6)),
        flips=np.arange(starts), exchanged=np.array([0.25]), engine="couplings", burn=2,
    )  # fmt: skip


def relaxation(endings=(0, 0, 2, 7)):
    n = np.arange(len(endings))
    return hopsim.Relaxation(
        final=np.ones((len(n), 5), np.int8), sweeps=n, flips=n, ties=n, doubtful=n,
        exact=n, ending=np.array(endings, int),
    )  # fmt: skip


def branch(points=3):
    grid, row = np.linspace(0.1, 1, points), np.zeros(points)
    event = Event(0.25, np.zeros(5), "fold", 1, np.eye(5)[0], 1)
    v = np.zeros((points, 5))
    index = np.zeros(points, int)
    return Branch(grid, v, row, index, row, row, (event,), "low")
