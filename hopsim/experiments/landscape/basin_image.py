"""Images of basins: two features, every pixel an initial state."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from ...attractors import Attractors, find_attractors
from ...attractors.flows import check_search
from ...data.patterns import grid
from ...records import Record, Variables
from ...trajectory import Trajectory
from .._base import AbstractExperiment, experiments, Setting
from .._units import StudyPoint, Unit, UnitContext
from .._variables import PURE, TIME


SAME_POINT_RTOL = 1e-6  # relative; nearer fixed points of two settings are one


@experiments.register("basin_image")
class BasinImage(AbstractExperiment):
    r"""The attractor reached from each $v(0)$ of a square, and when. [THEORY 5.4]

    Each pixel is run by the scenario's own dynamics: the fixed points do not depend on
    $\tau_h$ and h(0), the basins do. `basin` is the row of the attractor in the table,
    -1 for unconverged pixels, which count in the total of every share. `moved` marks
    pixels that end at another attractor than at the first point of the study. Rows that
    are not `stable` are saddles, at which pixels on a symmetry axis may end.
    """

    plots: ClassVar[tuple[str, ...]] = ("basin_image",)

    low: float = -1.5
    high: float = 1.5
    resolution: int = Field(96, ge=4)

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        pixels = grid(self.low, self.high, self.resolution)
        pixels = pixels.astype(setting.network.dtype)
        start = None
        if setting.run.memory_start == "zero":
            start = np.zeros((len(pixels), setting.network.count))
        path = setting.simulate(
            context.progress_callback(setting.dynamics.counts),
            probes=pixels,
            memory_start=start,
            samples=2,
            save=(),
            audit=False,
        )
        found, labels = _labelled(setting, path)
        seen = self._seen(found, path, labels)
        return {**seen, "memories": self._memories(setting)}

    def gathered(
        self, points: Sequence[StudyPoint], found: Mapping[Unit, Variables]
    ) -> Record:
        """A fixed point has the same number, `place`, at all points of the study."""
        there, first = sorted(found), found[min(found)]
        known, whole = first["attractor_v"][1], {}
        for unit in there:
            seen = found[unit]
            here = _places(seen["attractor_v"][1], known)[seen["basin"][1]]
            before = whole[there[0]]["place"][1] if whole else here
            moved = (here != before) & (here >= 0) & (before >= 0)
            image = seen["basin"][0]
            places = {"place": (image, here, PURE), "moved": (image, moved, PURE)}
            whole[unit] = {**seen, **places}
        return super().gathered(points, whole)

    def validate_setting(self, setting: Setting) -> None:
        features = setting.network.features
        if features != 2:
            raise ValueError(
                f"An image of basins needs memories of 2 features, got {features}."
            )
        if not self.low < self.high:
            raise ValueError(f"low < high is needed, got {self.low} and {self.high}.")
        setting.may_simulate(samples=2, save=(), audit=False)
        check_search(setting.network, setting.dynamics, {})

    def entries(self, setting: Setting) -> float:
        network = setting.network
        return float(self.resolution) ** 2 * 4 * (network.features + network.count)

    def _memories(self, setting: Setting) -> tuple:
        return ("memory", "feature"), np.asarray(setting.network.memories)

    def _seen(
        self,
        found: Attractors,
        path: Trajectory,
        labels: np.ndarray,
    ) -> Variables:
        axis = np.linspace(self.low, self.high, self.resolution)
        image, square = ("grid", "grid_2"), (self.resolution, self.resolution)
        pixels = lambda x: x.reshape(square)
        one, table = "attractor", found.table
        hits = np.bincount(labels[labels >= 0], minlength=table.sizes[one])
        lost = int(np.sum(labels < 0))
        return {
            "axis": ("grid", axis, PURE),
            "basin": (image, pixels(labels), PURE | {"long_name": "-1: no rest"}),
            "end_time": (image, pixels(path.end_time), TIME),
            "converged": (image, pixels(labels >= 0), PURE),
            "attractor_v": ((one, "feature"), table["v"].values, PURE),
            "kind": (one, table["kind"].values),
            "stable": (one, table["stable"].values, PURE),
            "fraction": (one, hits / labels.size, PURE),
            "lost": ((), lost / labels.size, PURE),
        }


def _labelled(setting: Setting, path: Trajectory) -> tuple[Attractors, np.ndarray]:
    """The attractors, and the row of each pixel (-1: unconverged).

    Raises ValueError if no pixel comes to rest.
    """
    rested = path.converged & np.all(np.isfinite(path.final), axis=1)
    if not np.any(rested):
        raise ValueError(
            f"No pixel came to rest within {setting.run.duration:g} tau_feature; set a "
            "longer run.duration."
        )
    found = find_attractors(
        setting.network,
        setting.dynamics,
        path.final[rested],
        duration=setting.run.duration,
    )
    labels = np.full(len(rested), -1)
    labels[rested] = found.labels
    return found, labels


def _places(v: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The row of every fixed point in the first table; new ones are numbered on."""
    places, size = np.full(len(v) + 1, -1), 1 + np.max(np.abs(first), initial=0)
    for k, x in enumerate(v):
        near = np.linalg.norm(first - x, axis=1) <= SAME_POINT_RTOL * size
        places[k] = np.argmax(near) if np.any(near) else len(first) + k
    return places
