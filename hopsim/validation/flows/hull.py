"""The convex hull of the memories: bounds on states and energies of model B."""

from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field

from ..._common.types import AnyArray
from ...dynamics import AbstractFlow, expected
from ...experiments._base import Setting
from ...experiments._ensemble import AbstractEnsemble
from ...experiments._variables import path_entries, PURE, TIME
from ...lagrangians import LogSumExp, Quadratic
from ...network import Network
from ...records import Variables
from .._base import validations


@validations.register("hull")
class Hull(AbstractEnsemble):
    r"""$v(t) \in \mathrm{conv}(v(0), \xi_\mu + I)$ and $0 \le E_{R21} \le 2M^2$.

    With $E_{R21} = E(v) + \beta^{-1}\ln N_h + \frac12 M^2$ and
    $M = \max_\mu|\xi_\mu + I|$, I the constant current. Distances are residuals of
    non-negative least squares whose weights sum to one, in units of M: `hull_error` of
    v(t) from the hull with its start, `distance` from the hull of the $\xi_\mu + I$,
    where the fixed points are (`final_distance`). `level` is $E_{R21}/2M^2$ at random
    `points` of that hull, `path_level` along the runs. [R21; THEORY 1.5, CL-22]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("hull",)
    further_plots: ClassVar[tuple[str, ...]] = ("settling",)

    points: int = Field(64, ge=1)

    def validate_setting(self, setting: Setting) -> None:
        network = setting.network
        linear = isinstance(network.feature_lagrangian, Quadratic)
        plain = network.autapse is None and not np.any(network.hidden_current)
        if not (linear and isinstance(network.memory_lagrangian, LogSumExp) and plain):
            raise ValueError(
                'The experiment "hull" is about model B without hidden currents; use '
                'network kind "model_b".'
            )
        flow = expected(setting.dynamics, AbstractFlow, "hull")
        if flow.driven or float(flow.decay) != 1:
            raise ValueError(
                'The experiment "hull" is about flows with decay 1 and no drive, got '
                f"{flow.deviation}; leave it out."
            )
        setting.may_simulate(save=("v",), audit=False, step_log=0)

    def entries(self, setting: Setting) -> float:
        inside = float(self.points) * setting.network.features
        return path_entries(setting, ("v",)) + inside * len(setting.probes.values)

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        path = setting.simulate(save=("v",), audit=False, step_log=0)
        assert path.v is not None
        corners = np.asarray(network.memories + network.current, float)
        size = float(np.max(np.linalg.norm(corners, axis=1)))
        distance, error = _distances(path.v, corners, size)
        assert isinstance(
            network.memory_lagrangian, LogSumExp
        )  # see `validate_setting`
        beta = float(network.memory_lagrangian.beta)
        constant = np.log(network.count) / beta + 0.5 * size**2
        level = lambda energy: (np.asarray(energy) + constant) / (2 * size**2)
        inside = _effective(network, self._inside(setting, corners))
        curve = ("probe", "sample")
        return {
            "time": ("sample", path.times, TIME),
            "hull_error": (curve, error, {"units": "M"}),
            "distance": (curve, distance, {"units": "M"}),
            "final_distance": ("probe", distance[:, -1], {"units": "M"}),
            "level": (("probe", "inner"), level(inside), PURE),
            "path_level": (curve, level(path.effective_energy), PURE),
            "converged": ("probe", path.converged, PURE),
            "end_time": ("probe", path.end_time, TIME),
        }

    def _inside(self, setting: Setting, corners: np.ndarray) -> np.ndarray:
        """Random points of the hull, many of them near its corners and edges."""
        draw = setting.stream.child("points").generator()
        shape = (len(setting.probes.values), self.points)
        weights = draw.dirichlet(np.full(len(corners), 0.3), shape)
        return (weights @ corners).astype(setting.network.dtype)


@eqx.filter_jit
def _effective(
    network: Network, v: Float[AnyArray, "probe point feature"]
) -> Float[Array, "probe point"]:
    """The library's effective energy E(v)."""
    return jax.vmap(jax.vmap(network.effective_energy))(v)


def _distances(
    v: Float[np.ndarray, "probe sample feature"],
    corners: Float[np.ndarray, "memory feature"],
    size: float,
) -> tuple[Float[np.ndarray, "probe sample"], Float[np.ndarray, "probe sample"]]:
    """Distances from the hull of the corners, and from that with the start."""
    alone = np.array([[outside(x, corners, size) for x in path] for path in v])
    joined = [np.concatenate([path[:1], corners]) for path in v]
    with_start = np.array(
        [[outside(x, c, size) for x in path] for path, c in zip(v, joined, strict=True)]
    )
    return alone, with_start


def outside(
    x: Float[np.ndarray, " feature"],
    corners: Float[np.ndarray, "corner feature"],
    size: float,
) -> float:
    r"""$\min_{w \ge 0} |(w \cdot c - x,\; \sum w - 1)|$, lengths in units of `size`."""
    from scipy.optimize import nnls  # slow to import

    table = np.concatenate([corners.T / size, np.ones((1, len(corners)))])
    return float(nnls(table, np.append(x / size, 1.0))[1])
