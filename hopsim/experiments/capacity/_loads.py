"""Capacity against N: networks of several sizes and loads, parts of one network."""

import abc
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Shaped

from ... import statistics
from ...network import Network
from ...theory import capacity
from .._base import Setting
from .._ensemble import AbstractEnsemble
from .._numbers import Rising
from .._spins import power_of
from .._variables import PURE


class AbstractCapacity(AbstractEnsemble):
    """K memories of N features, for every N of `features` and every load.

    They are the first K rows and N columns of the scenario's memories, so that smaller
    networks are parts of the largest. One row for each set of memories.

    To add one: define a load by `count`, and implement `measure`.
    """

    row: ClassVar[str] = "draw"

    features: Rising[int]
    loads: Rising[float]

    @abc.abstractmethod
    def count(self, n: int, features: int, load: float) -> int:
        """The number of memories K at this load."""

    def checked(self, setting: Setting, kind: str) -> tuple[int, bool]:
        """`(n, rectified)` of the interaction.

        Raises ValueError unless it is a power n >= 2 without currents and autapse, and
        the network is as large as the largest that is needed.
        """
        network, power = setting.network, power_of(setting.network)
        driven = np.any(network.current) or np.any(network.hidden_current)
        if power is None or driven or network.autapse is not None:
            raise ValueError(
                f'The experiment "{kind}" needs a power n >= 2 without currents, got '
                f"{network.memory_lagrangian}; use model_a with interaction kind "
                '"polynomial" or "rectified_polynomial".'
            )
        capacity.check_vertex_and_features(power[0], self.features[0])
        most = self.count(power[0], self.features[-1], self.loads[-1])
        if network.features < self.features[-1] or network.count < most:
            raise ValueError(
                f'The experiment "{kind}" needs {most} memories of {self.features[-1]} '
                f"features for its largest network, got {network.count} of "
                f"{network.features}; draw more."
            )
        setting.may_relax()
        return power


def part(network: Network, count: int, features: int) -> Network:
    """The network of the first `count` memories, cut to their first `features`."""
    memories = np.asarray(network.memories)[:count, :features]
    return Network(memories, network.feature_lagrangian, network.memory_lagrangian)


def axes_of(experiment: AbstractCapacity, counts: np.ndarray, power: tuple) -> dict:
    """The variables of the axes: sizes, loads, numbers of memories, and the power."""
    n, rectified = power
    return {
        "features": ("features", np.array(experiment.features), PURE),
        "load": ("load", np.array(experiment.loads), PURE),
        "count": (("features", "load"), counts, PURE | {"long_name": "memories K"}),
        "vertex": ((), n, PURE),
        "rectified": ((), rectified, PURE),
    }


def half_points(
    x: Shaped[np.ndarray, "size load"], hits: Bool[np.ndarray, "size load trial one"]
) -> Float[np.ndarray, "size one"]:
    r"""The x at which half of the trials of one set succeed, for each size.

    By a logistic fit in $\ln x$; NaN where the counts do not cross one half.
    """
    found, trials = np.full((len(x), 1), np.nan), hits.shape[2]
    for i, (places, count) in enumerate(zip(x, hits.sum(axis=(2, 3)), strict=True)):
        if np.min(count) < trials / 2 < np.max(count):
            point = statistics.half_point(places.astype(float), count[None], trials)
            found[i] = point.value
    return found
