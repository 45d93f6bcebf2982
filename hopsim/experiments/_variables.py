"""The variables that every simulation writes into a record."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..certificates import certify, WORDS
from ..records import Dataset, dataset
from ..trajectory import Ending, Trajectory
from ._base import Setting


TIME = {"long_name": "time t", "units": "tau_feature"}
PURE = {"units": "1"}


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
    one, path = ("probe",), ("probe", "sample")
    energies = {
        "energy": trajectory.energy,
        "effective_energy": trajectory.effective_energy,
        "gap": trajectory.gap,
        "dissipation": trajectory.dissipation,
    }
    per_probe = {
        "end_time": (trajectory.end_time, TIME),
        "steps": (trajectory.steps, PURE),
        "rejected": (trajectory.rejected, PURE),
        "residual": (trajectory.residual, PURE),
        "worst_rise": (trajectory.worst_rise, PURE),
        "worst_time": (trajectory.worst_time, TIME),
        "rise_limit": (trajectory.rise_limit, PURE),
        "worst_excess": (trajectory.worst_excess, PURE),
        "ledger_residual": (certificate.ledger_residual, PURE),
        "ledger_tolerance": (certificate.ledger_tolerance, PURE),
        "certified": (certificate.holds, PURE),
        "certificate": (certificate.codes, PURE | flags(WORDS)),
        "converged": (trajectory.converged, PURE),
        "ending": (trajectory.ending, PURE | flags([e.name.lower() for e in Ending])),
        "target": (setting.probes.targets, {"long_name": "memory aimed at, -1: none"}),
    }
    variables: dict[str, tuple[Any, ...]] = {
        "time": ("sample", trajectory.times, TIME),
        "memories": (("memory", "feature"), np.asarray(setting.network.memories), PURE),
        "cue": (("probe", "feature"), setting.probes.values, PURE),
        "final": (("probe", "feature"), trajectory.final, PURE),
        "promised": ((), certificate.promised, PURE),
        "promise": ((), str(trajectory.promise)),
        "solver": ((), trajectory.solver),
        "notice": ((), trajectory.notice or ""),
        "seconds": ((), trajectory.seconds, {"units": "s"}),
    }
    variables |= {k: (path, x, PURE) for k, x in energies.items()}
    variables |= {k: (one, x, attrs) for k, (x, attrs) in per_probe.items()}
    axes = {"v": "feature", "g": "feature", "h": "memory"}
    for name in setting.run.save:
        state = getattr(trajectory, name)
        variables[name] = (("probe", "sample", axes[name]), state, PURE)
    if setting.patterns.labels is not None:
        variables["memory_class"] = ("memory", setting.patterns.labels, PURE)
    if setting.patterns.offset is not None:
        variables["offset"] = ("feature", setting.patterns.offset, PURE)
    if setting.probes.hidden is not None:
        variables["hidden"] = ("feature", setting.probes.hidden, PURE)
    if setting.value is not None:
        variables["value"] = ((), setting.value)
    return variables


def step_data(trajectory: Trajectory) -> Dataset | None:
    """Energies and rises at every accepted step of the first probes.

    None if the run logged no steps.
    """
    log = trajectory.step_log
    if log is None:
        return None
    rise = np.diff(log.energy, axis=1)
    lost = np.maximum(np.diff(log.dissipation, axis=1), 0)
    scale = np.maximum(log.scale[:, 1:], log.scale[:, :-1])
    limit = trajectory.rise_gain * lost + trajectory.rise_tolerance * scale
    axes = ("logged", "step")
    return dataset(
        {
            "step_time": (axes, log.time[:, 1:], TIME),
            "step_energy": (axes, log.energy[:, 1:], PURE),
            "step_rise": (axes, rise, PURE | {"long_name": "E(new) - E(old)"}),
            "step_limit": (axes, limit, PURE | {"long_name": "tolerated rise"}),
        }
    )


def _image_attrs(setting: Setting) -> dict[str, int]:
    if setting.patterns.image is None:
        return {}
    rows, columns = setting.patterns.image
    return {"image_rows": rows, "image_columns": columns}


def flags(meanings: Sequence[str]) -> dict[str, Any]:
    """Attributes that give the meanings of the codes 0, 1, ... [CF 3.5]"""
    values = list(range(len(meanings)))
    return {"flag_values": values, "flag_meanings": " ".join(meanings)}
