"""hopsim: a simulator and a laboratory for Dense Associative Memories.

The public names, fetched when first used: importing hopsim starts neither JAX nor any
other heavy library. (PEP 562)
"""

import importlib
from typing import TYPE_CHECKING

from ._version import __version__


_HOMES = {
    "Attractors": "attractors",
    "find_attractors": "attractors",
    "fixed_point": "dynamics.flows.fixed_point",
    "label_basins": "attractors",
    "Certificate": "certificates",
    "certify": "certificates",
    "Network": "network",
    "model_a": "models",
    "model_b": "models",
    "model_c": "models",
    "Record": "records",
    "Verdict": "records",
    "load_record": "records",
    "Scenario": "scenario.scenario",
    "load_scenario": "scenario.scenario",
    "run": "runs.run",
    "compare": "runs.comparison",
    "repeat": "runs.repetition",
    "simulate": "simulation",
    "flow": "dynamics.flows.flow",
    "Execution": "dynamics",
    "FixedPoint": "dynamics.flows.fixed_point",
    "Output": "dynamics",
    "Tolerances": "dynamics",
    "Ending": "trajectory",
    "Trajectory": "trajectory",
    "KrotovHopfieldRule": "training",
    "predict": "training",
    "train": "training",
    "load_network": "runs.trained",
    "Couplings": "dynamics.spins.couplings",
    "student": "dynamics.spins.students",
    "Samples": "dynamics.spins.sampling",
    "sample": "dynamics.spins.sampling",
    "Relaxation": "dynamics.spins.relaxation",
    "relax": "dynamics.spins.relaxation",
}
_MODULES = {
    "attractors": "attractors",
    "datasets": "data.datasets",
    "dynamics": "dynamics",
    "extend": "extend",
    "lagrangians": "lagrangians",
    "patterns": "data.patterns",
    "plots": "plots",
    "solvers": "solvers",
    "theory": "theory",
    "training": "training",
}
_OLDER_MODULES = {  # once directly in hopsim
    "couplings": "dynamics.spins.couplings",
    "environment": "_common.environment",
    "exact": "dynamics.spins.exact_decisions",
    "monte_carlo": "dynamics.spins.sampling",
    "sources": "data.sources",
    "sweeps": "dynamics.spins.relaxation",
}

if TYPE_CHECKING:
    from . import (
        attractors,
        dynamics,
        extend,
        lagrangians,
        plots,
        solvers,
        theory,
        training,
    )
    from .attractors import Attractors, find_attractors, label_basins
    from .certificates import Certificate, certify
    from .data import datasets, patterns
    from .dynamics import Execution, Output, Tolerances
    from .dynamics.flows.fixed_point import fixed_point, FixedPoint
    from .dynamics.flows.flow import flow
    from .dynamics.spins.couplings import Couplings
    from .dynamics.spins.relaxation import relax, Relaxation
    from .dynamics.spins.sampling import sample, Samples
    from .dynamics.spins.students import student
    from .models import model_a, model_b, model_c
    from .network import Network
    from .records import load_record, Record, Verdict
    from .runs.comparison import compare
    from .runs.repetition import repeat
    from .runs.run import run
    from .runs.trained import load_network
    from .scenario.scenario import load_scenario, Scenario
    from .simulation import simulate
    from .training import KrotovHopfieldRule, predict, train
    from .trajectory import Ending, Trajectory


def __getattr__(name: str):
    module = _MODULES.get(name) or _OLDER_MODULES.get(name)
    if module is not None:
        return importlib.import_module(f".{module}", __name__)
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"hopsim has no attribute {name!r}")


def __dir__():
    return sorted(__all__)


__all__ = [
    "Attractors",
    "Certificate",
    "Couplings",
    "Ending",
    "Execution",
    "FixedPoint",
    "KrotovHopfieldRule",
    "Network",
    "Output",
    "Record",
    "Relaxation",
    "Samples",
    "Scenario",
    "Tolerances",
    "Trajectory",
    "Verdict",
    "__version__",
    "attractors",
    "certify",
    "compare",
    "datasets",
    "dynamics",
    "extend",
    "find_attractors",
    "fixed_point",
    "flow",
    "label_basins",
    "lagrangians",
    "load_network",
    "load_record",
    "load_scenario",
    "model_a",
    "model_b",
    "model_c",
    "patterns",
    "plots",
    "predict",
    "relax",
    "repeat",
    "run",
    "sample",
    "simulate",
    "solvers",
    "student",
    "theory",
    "train",
    "training",
]
