"""The variables that every simulation writes into a record."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..certificates import certify, WORDS
from ..records import Dataset, dataset, flags, PURE, TIME
from ..trajectory import Trajectory
from ._base import Setting


__all__ = [
    "PURE",
    "TIME",
    "flags",
    "path_entries",
    "trajectory_data",
    "trajectory_variables",
]


def trajectory_data(setting: Setting, trajectory: Trajectory) -> Dataset:
    """The variables of one run as a dataset, with its certificate."""
    return dataset(trajectory_variables(setting, trajectory), _image_attrs(setting))


def path_entries(setting: Setting, saved: Sequence[str]) -> float:
    """How many numbers a run keeps: five energies and what it saves of the states."""
    sizes = {"v": setting.network.features, "g": setting.network.features}
    sizes["h"] = setting.network.count
    states = sum(sizes[name] for name in saved)
    return float(len(setting.probes.values)) * setting.run.samples * (5 + states)


def trajectory_variables(
    setting: Setting, trajectory: Trajectory
) -> dict[str, tuple[Any, ...]]:
    """The variables of one run, with dimensions, units and its certificate."""
    certificate = certify(setting.network, trajectory, resolve=True)
    judged = {
        "ledger_residual": (certificate.ledger_residual, PURE),
        "certificate": (certificate.codes, PURE | flags(WORDS)),
        "target": (setting.probes.targets, {"long_name": "memory aimed at, -1: none"}),
    }
    variables: dict[str, tuple[Any, ...]] = {
        **trajectory.variables(),
        "memories": (("memory", "feature"), np.asarray(setting.network.memories), PURE),
        "cue": (("probe", "feature"), setting.probes.values, PURE),
        **{name: ("probe", x, attrs) for name, (x, attrs) in judged.items()},
    }
    for name in {"v", "g", "h", "final_memory"} - {*setting.run.save}:
        variables.pop(name, None)
    if setting.patterns.labels is not None:
        variables["memory_class"] = ("memory", setting.patterns.labels, PURE)
    if setting.patterns.offset is not None:
        variables["offset"] = ("feature", setting.patterns.offset, PURE)
    if setting.probes.hidden is not None:
        variables["hidden"] = ("feature", setting.probes.hidden, PURE)
    if setting.value is not None:
        variables["value"] = ((), setting.value)
    return variables


def _image_attrs(setting: Setting) -> dict[str, int]:
    if setting.patterns.image is None:
        return {}
    rows, columns = setting.patterns.image
    return {"image_rows": rows, "image_columns": columns}
