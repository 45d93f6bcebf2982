"""Model B with orthogonal memories: its branches, and the Potts thresholds."""

from typing import ClassVar

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ...attractors import hysteresis
from ...attractors.branches import Branch
from ...attractors.continuation import follow, Varied
from ...network import Network
from ...records import Variables
from ...theory import potts
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._variables import PURE
from ._branches import (
    BETA,
    equal_energy_on_branch,
    first_event,
    may_vary,
    require_model_b,
    shares_of,
)


@experiments.register("potts_thresholds")
class PottsThresholds(AbstractEnsemble):
    r"""Spinodal $b_s$, equal energy $b_1$ and $b = K$, for $b = \beta M^2$. [CL-23]

    The branch of a memory is continued downwards round its fold, that of the mean
    upwards to where it loses stability; in between lies the point of equal energies.
    `flow_right`: flows on both sides of the spinodal (`margin` away) and of $b = K$
    (`mean_margin`) end where theory says. Memories of equal norms and distances, three
    or more; $M^2 = |x_i - x_j|^2/2$. [THEORY CL-23]
    """

    row: ClassVar[str] = "trial"
    plots: ClassVar[tuple[str, ...]] = ("potts_thresholds",)

    margin: float = Field(1e-3, gt=0, lt=0.1)  # in b, of flows about the spinodal
    mean_margin: float = Field(0.02, gt=0, lt=0.1)  # relative, about b = K
    hysteresis: int = Field(0, ge=0)  # values of b, up and down; the first set only

    def validate_setting(self, setting: Setting) -> None:
        network = setting.network
        require_model_b(setting, "potts_thresholds")
        may_vary(setting, BETA, [1.0])
        x = np.asarray(network.memories, float)
        gram = x @ x.T
        square = np.diag(gram)[:, None] + np.diag(gram)[None] - 2 * gram
        apart = square[np.triu_indices(len(x), 1)]
        equal = len(x) > 2 and np.ptp(apart) < 1e-6 * np.max(apart)
        if not equal or np.ptp(np.diag(gram)) > 1e-6 * np.max(np.diag(gram)):
            raise ValueError(
                'The experiment "potts_thresholds" needs three memories or more of '
                'equal norms and distances; use memories kind "orthogonal".'
            )

    def measure(self, setting: Setting) -> Variables:
        network, count = setting.network, setting.network.count
        x = np.asarray(network.memories, float)
        unit = float(np.sum((x[0] - x[1]) ** 2)) / 2  # b = beta * unit
        of, mean = Varied(network, BETA), np.mean(x, axis=0)
        low, high = 0.5 * potts.spinodal(count) / unit, 1.3 * count / unit
        memory = follow(of, x[0], low, high, start=high)
        middle = follow(of, mean, low, high)
        theory = (potts.spinodal(count), potts.equal_energy(count), float(count))
        seen = (
            first_event(memory, "fold") * unit,
            equal_energy_on_branch(of, memory, mean) * unit,
            first_event(middle, "multiple") * unit,
        )
        variables: dict[str, tuple] = {}
        names = ("spinodal", "equal_energy", "mean_unstable")
        for name, value, expected in zip(names, seen, theory, strict=True):
            variables |= {
                name: ("trial", np.array([value]), PURE | {"long_name": "beta M^2"}),
                f"{name}_theory": ((), expected, PURE),
                f"{name}_error": ("trial", np.array([abs(value - expected)]), PURE),
            }
        variables |= self._flown(setting, unit, mean, theory)
        for name, branch in (("memory", memory), ("mean", middle)):
            variables |= _curve(name, branch, network, unit)
        shares = np.linspace(1 / count + 1e-6, 1 - 1e-6, 400)
        known = np.array([potts.sharpness(p, count) for p in shares])
        variables |= {
            "theory_share": ("share", shares, PURE),
            "theory_b": ("share", known, PURE),
        }
        variables |= self._loop(setting, of, unit, theory)
        return variables

    def _flown(
        self,
        setting: Setting,
        unit: float,
        mean: Float[np.ndarray, " feature"],
        theory: tuple[float, float, float],
    ) -> Variables:
        """Where flows end just below and above the spinodal and b = K."""
        x = np.asarray(setting.network.memories, float)
        off = self.mean_margin * theory[2]
        b = [theory[0] - self.margin, theory[0] + self.margin]
        b += [theory[2] - off, theory[2] + off]
        aside = mean + 1e-4 * (x[0] - mean)  # nearer to the mean than the saddle is
        starts = np.stack([x[0], x[0], aside, aside]).astype(setting.network.dtype)
        run = setting.simulate(
            probes=starts,
            samples=2,
            audit=False,
            varied={f"network.{BETA}": np.asarray(b) / unit},
        )
        away = np.linalg.norm(run.final - mean, axis=1) / np.linalg.norm(x[0] - mean)
        gone = away > 0.1
        right = (gone == np.array([False, True, False, True])) & run.converged
        return {
            "flow_b": ("flow", np.array(b), PURE),
            "flow_distance": (("trial", "flow"), away[None], PURE),
            "flow_converged": (("trial", "flow"), np.array([run.converged]), PURE),
            "flow_right": (("trial", "flow"), right[None], PURE),
        }

    def _loop(
        self,
        setting: Setting,
        of: Varied,
        unit: float,
        theory: tuple[float, float, float],
    ) -> Variables:
        """Hysteresis of the flow, with b rising and falling through all thresholds."""
        if not self.hysteresis:
            return {}
        b = np.linspace(0.85 * theory[0], 1.15 * theory[2], self.hysteresis)
        mean = np.mean(np.asarray(setting.network.memories, float), axis=0)
        run = setting.run
        seen = hysteresis(
            of,
            mean,
            b / unit,
            setting.dynamics,
            duration=run.duration,
            residual_tolerance=run.residual_tolerance,
            rtol=run.rtol,
            atol=run.atol,
            solver=run.solver,
            key=setting.stream.child("kicks"),
        )
        share = lambda v: np.max(shares_of(setting.network, v, b / unit), axis=1)
        return {
            "loop_b": ("step", b, PURE),
            "loop_up": ("step", share(seen.up), PURE),
            "loop_down": ("step", share(seen.down), PURE),
            "loop_converged": (("way", "step"), seen.converged, PURE),
        }


def _curve(name: str, branch: Branch, network: Network, unit: float) -> Variables:
    share = np.max(shares_of(network, branch.v, branch.parameter), axis=1)
    if name == "memory":  # the share of its own memory, also below 1/K
        share = shares_of(network, branch.v, branch.parameter)[:, 0]
    axis = f"{name}_point"
    return {
        f"{name}_b": (axis, branch.parameter * unit, PURE),
        f"{name}_share": (axis, share, PURE),
        f"{name}_s_max": (axis, branch.s_max, PURE),
        f"{name}_stable": (axis, branch.stable, PURE),
    }
