"""Attractors reached from the probes: energies, stability, classes, barriers."""

from typing import Any, ClassVar

import numpy as np

from ...attractors import Attractors, find_attractors, find_saddles
from ...attractors.flows import check_search
from ...attractors.saddles import require_saddles
from ...records import Dataset, dataset, Variables, variables_of
from .._base import AbstractExperiment, experiments, Setting
from .._units import Unit, UnitContext
from .._variables import PURE


FLOW_SETTINGS = ("solver", "step", "rtol", "atol", "residual_tolerance", "max_steps")


@experiments.register("census", formerly=("attractors",))
class Census(AbstractExperiment):
    r"""Fixed points, $I + \xi^T f(\xi g) - \alpha v = 0$, that the probes reach.

    With energy, $s_{max}$ (stable iff $s_{max}^2 < \alpha$), unstable directions, share
    of the probes with Wilson's interval, overlaps, and a class by the memories that
    flow there: memory, metastable, global average, inverse memory or spurious. `basin`
    is the row of the table for each probe, -1 if it is unconverged; a probe is
    `recalled` if it shares the attractor of its target. `hopsim attractors` prints the
    table. With `saddles`, also the saddles between attractors, and for each pair the
    `barrier`: the energy of the highest saddle on the lowest known path. [THEORY
    5.1-5.3]
    """

    plots: ClassVar[tuple[str, ...]] = ("census",)
    further_plots: ClassVar[tuple[str, ...]] = ("attractor_gallery", "disconnectivity")

    eigenvalues: bool = False
    saddles: bool = False

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        run = setting.run
        found = find_attractors(
            setting.network,
            setting.dynamics,
            setting.probes.values,
            duration=run.duration,
            eigenvalues=self.eigenvalues,
            progress=context.progress_callback("states"),
            **_flow(setting),
        )
        kept = _kept(setting, found)
        return variables_of(kept.merge(_passes(found)) if self.saddles else kept)

    def missing(self, plot: str, setting: Setting) -> str:
        if plot == "disconnectivity" and not self.saddles:
            return "saddles = true"
        return super().missing(plot, setting)

    def validate_setting(self, setting: Setting) -> None:
        run = setting.run
        if run.clamped != "none" or run.memory_start != "slaved":
            raise ValueError(
                "Attractors are those of the free network, with slaved memory neurons "
                "at the start; leave run.clamped and run.memory_start out."
            )
        network, dynamics = setting.network, setting.dynamics
        flow = _flow(setting) | {"duration": run.duration}
        check_search(network, dynamics, flow)
        if self.eigenvalues and dynamics.discrete:
            raise ValueError("Spins have no Jacobian; leave eigenvalues out.")
        if self.saddles:
            require_saddles(network, dynamics)
        setting.may_simulate(samples=2, save=(), audit=False, step_log=0)


def _flow(setting: Setting) -> dict[str, Any]:
    """The settings of the flows to rest."""
    return {name: getattr(setting.run, name) for name in FLOW_SETTINGS}


def _kept(setting: Setting, found: Attractors) -> Dataset:
    """The table of attractors, with the probes, the memories and image sizes."""
    targets = setting.probes.targets
    aimed = targets >= 0
    own = found.table["memory_label"].values[np.maximum(targets, 0)]
    recalled = aimed & (found.labels >= 0) & (found.labels == own)
    patterns = setting.patterns
    kept = {
        **found.variables(),
        "cue": (("probe", "feature"), setting.probes.values, PURE),
        "target": ("probe", targets, {"long_name": "memory aimed at, -1: none"}),
        "aimed": ("probe", aimed, PURE),
        "rested": ("probe", found.labels >= 0, PURE),
        "recalled": ("probe", recalled, PURE),
    }
    if patterns.labels is not None:
        kept["memory_class"] = ("memory", patterns.labels, PURE)
    if patterns.offset is not None:
        kept["offset"] = ("feature", patterns.offset, PURE)
    if setting.probes.hidden is not None:
        kept["hidden"] = ("feature", setting.probes.hidden, PURE)
    if setting.value is not None:
        kept["value"] = ((), setting.value)
    attrs: dict[str, Any] = {}
    if patterns.image is not None:
        attrs = dict(zip(("image_rows", "image_columns"), patterns.image, strict=True))
    return dataset(kept, attrs)


def _passes(found: Attractors) -> Dataset:
    """The saddles, and the barriers between attractors."""
    table = find_saddles(found).table
    passes = {
        "saddle_energy": ("saddle", table["energy"].values, PURE),
        "saddle_s_max": ("saddle", table["s_max"].values, PURE),
        "saddle_residual": ("saddle", table["residual"].values, PURE),
        "saddle_index": ("saddle", table["index"].values, PURE),
        "saddle_ends": (("saddle", "side"), table["ends"].values, PURE),
        "barrier": (("attractor", "attractor_2"), table["barrier"].values, PURE),
    }
    return dataset(passes)
