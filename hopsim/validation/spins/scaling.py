"""Scaling inside the interaction function: F(x / N) in place of F(x)."""

import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import numpy as np

from ...dynamics import Binary
from ...dynamics.spins.exact_decisions import Exact, require_exact
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import PURE
from ...lagrangians import AbstractLagrangian, Exponential, Rescaled
from ...records import Variables
from .._base import validations


@validations.register("scaling")
class Scaling(AbstractEnsemble):
    r"""Spins under $F(x)$ and under $F(x/N)$, sweep by sweep, in exact arithmetic.

    For homogeneous F the factor is a change of units, $F(ax) = a^n F(x)$, and the paths
    are the `same`; for the exponential it is a temperature N times as high, and recall
    is lost. The literal F is swept by hopsim, the scaled one in integers and decimals.
    [MRS24 sec. 4; THEORY 2.4, CL-29]
    """

    row: ClassVar[str] = "start"
    plots: ClassVar[tuple[str, ...]] = ("scaling",)

    def validate_setting(self, setting: Setting) -> None:
        if setting.dynamics != Binary(order="sequential"):
            raise ValueError(
                'The experiment "scaling" repeats every sweep exactly; use dynamics '
                'kind "binary" with order = "sequential".'
            )
        setting.may_relax()
        network = setting.network
        layer = _scaled(network.memory_lagrangian, network.features)
        require_exact(eqx.tree_at(lambda n: n.memory_lagrangian, network, layer))

    def measure(self, setting: Setting) -> Variables:
        network, starts = setting.network, setting.probes.values
        path: list[np.ndarray] = []
        ended = setting.relax(watch=lambda _, s: path.append(np.array(s)))
        layer = _scaled(network.memory_lagrangian, network.features)
        other = eqx.tree_at(lambda n: n.memory_lagrangian, network, layer)
        exact, order = Exact(other), np.arange(network.features)
        final, same = [], []
        for k in range(len(starts)):
            s, agree = path[0][k].astype(np.int64), True
            for sweep in range(1, int(setting.run.duration) + 1):
                s, flips, _ = exact.sweep(s, order)
                literal = path[min(sweep, len(path) - 1)][k]  # at rest it stays
                agree &= bool(np.array_equal(s, literal))
                if not flips:
                    break
            final.append(s)
            same.append(agree)
        targets = setting.probes.targets
        aims = np.asarray(network.memories)[targets]
        known = targets >= 0
        reached = lambda s: known & np.all(np.asarray(s) == aims, axis=1)
        overlap = lambda s: np.mean(np.asarray(s) * aims, axis=1)
        return {
            "same": ("start", np.array(same), PURE),
            "sweeps": ("start", ended.sweeps, PURE),
            "recalled": ("start", reached(ended.final), PURE),
            "recalled_scaled": ("start", reached(final), PURE),
            "overlap": ("start", overlap(ended.final), PURE),
            "overlap_scaled": ("start", overlap(final), PURE),
        }


def _scaled(layer: Any, features: int) -> AbstractLagrangian:
    """F(x / N): for an exponential its rate over N, for others `Rescaled`."""
    if isinstance(layer, Exponential):
        return dataclasses.replace(layer, rate=np.asarray(layer.rate) / features)
    return Rescaled(layer, inside=1 / features)
