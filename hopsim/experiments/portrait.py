"""Portraits: two features, so that the whole energy landscape can be drawn."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from jaxtyping import Array, Float
from pydantic import Field

from .._types import AnyArray, cast
from ..environment import precision
from ..network import Network
from ..records import dataset, join, Record
from ._base import (
    AbstractExperiment,
    experiments,
    PURE,
    Setting,
    Study,
    trajectory_data,
)


@experiments.register("portrait")
class Portrait(AbstractExperiment):
    r"""Contours of $E(v)$, trajectories, and zeros of $\nabla\Phi(g(v)) - v$. [KH21]

    Fixed points by Newton's method from every point of a grid, kept where the residual
    is below 1e-10 and told apart at 1e-6; an index counts the unstable directions.
    [THEORY 5.1-5.2]
    """

    plots: ClassVar[tuple[str, ...]] = ("portrait",)

    low: float = -1.5
    high: float = 1.5
    resolution: int = Field(121, ge=9)
    starts: int = Field(15, ge=3)

    def run(self, study: Study) -> Record:
        for setting in study.settings:
            self._check(setting)
        parts, labels = [], []
        for number, setting in enumerate(study.settings):
            trajectory = setting.simulate(study.reporter(number))
            data = trajectory_data(setting, trajectory)
            parts.append(data.merge(self._landscape(setting)))
            labels.append(setting.label)
        return Record(join(parts, labels))

    def _check(self, setting: Setting) -> None:
        features = setting.network.features
        if features != 2:
            raise ValueError(
                f"A portrait needs memories of 2 features, got {features}."
            )
        if not self.low < self.high:
            raise ValueError(f"low < high is needed, got {self.low} and {self.high}.")

    def _landscape(self, setting: Setting):
        # in float64 whatever the run's precision: roots are told apart at 1e-6
        with precision("float64"):
            network = cast(setting.network, np.float64)
            axis = np.linspace(self.low, self.high, self.resolution)
            mesh = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1)
            few = np.linspace(self.low, self.high, self.starts)
            starts = np.stack(np.meshgrid(few, few), -1).reshape(-1, 2)
            decay = np.asarray(getattr(setting.dynamics, "decay", 1.0), float)
            energies, *found = _survey(network, decay, mesh.reshape(-1, 2), starts)
        points, energy, index = _distinct(*(np.asarray(x) for x in found))
        return dataset(
            {
                "axis": ("grid", axis, PURE),
                "landscape": (
                    ("grid", "grid_2"),
                    np.asarray(energies).reshape(mesh.shape[:2]),
                    PURE | {"long_name": "effective energy E(v) at (axis, axis)"},
                ),
                "fixed_point": (("fixed", "feature"), points, PURE),
                "fixed_energy": ("fixed", energy, PURE),
                "fixed_index": ("fixed", index, PURE | {"long_name": "unstable modes"}),
            }
        )


@eqx.filter_jit
def _survey(
    network: Network,
    decay: Float[AnyArray, ""],
    mesh: Float[AnyArray, "point 2"],
    starts: Float[AnyArray, "start 2"],
) -> tuple[Array, Array, Array, Array, Array]:
    """Energies on the mesh; roots, their residuals, energies and unstable modes."""

    def force(v: AnyArray, args: None = None) -> Array:
        g = network.feature_lagrangian.activation(v)
        return network.local_field(g) - decay * v

    def polish(v: AnyArray) -> tuple[Array, Array, Array, Array]:
        newton = optx.Newton(rtol=1e-13, atol=1e-13)
        root = optx.root_find(force, newton, v, throw=False, max_steps=64).value
        jacobian = jax.jacfwd(force)(root)
        # two real eigenvalues [THEORY 5.1], from trace and determinant
        half = 0.5 * jnp.trace(jacobian)
        determinant = jnp.linalg.det(jacobian)
        spread = jnp.sqrt(jnp.maximum(half**2 - determinant, 0))
        unstable = (half + spread > 0).astype(int) + (half - spread > 0).astype(int)
        residual = jnp.max(jnp.abs(force(root)))
        return root, residual, network.effective_energy(root, decay), unstable

    energies = jax.vmap(lambda v: network.effective_energy(v, decay))(mesh)
    return energies, *jax.vmap(polish)(starts)


def _distinct(
    roots: np.ndarray, residual: np.ndarray, energy: np.ndarray, index: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    kept: list[int] = []
    for i in np.argsort(energy):
        near = [np.linalg.norm(roots[i] - roots[k]) < 1e-6 for k in kept]
        if residual[i] < 1e-10 and not any(near):
            kept.append(int(i))
    return roots[kept], energy[kept], index[kept]
