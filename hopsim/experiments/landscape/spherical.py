"""Model C under several decays: one path on the sphere, at different speeds."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from pydantic import Field, field_validator

from ..._common.types import AnyArray
from ...dynamics import Adiabatic, expected
from ...lagrangians import Norm
from ...network import Network
from ...records import Variables
from ...spectrum import hessians
from ...trajectory import Trajectory
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._variables import PURE, TIME


REST_DURATION_RATIO = 50  # long enough for the slowest direction
MIN_DEPTH_SHARE = 1e-3  # of the largest sqrt(E - E*); below it is rounding
MIN_ANGLE_SHARE = 0.03  # of the displacement; below it is rounding of v*


@experiments.register("spherical")
class Spherical(AbstractEnsemble):
    r"""$|v^*|=\lambda/\alpha$, rates $\alpha(1-\mu/\lambda)$, one path on the sphere.

    With $v = r\hat v$: $\dot r = \hat v\cdot\xi^Tf - \alpha r$ and
    $\dot{\hat v} = P\xi^Tf/r$, so the decay $\alpha$ changes the speed of $\hat v$ and
    not its path. At rest $\lambda = \hat v\cdot\xi^Tf$, and $\mu$ is the largest
    eigenvalue of $R P\xi^TH_h\xi P$. For $\alpha = 0$ the length grows as $\lambda t$
    and directions come to rest as $r^{-(1-\mu/\lambda)}$.

    The probes are run to rest under decay 1, then for the whole duration under each of
    `decays`: `norm`, the `angle` to the fixed point, and `path_error`, the largest
    distance of $\hat v$ from the path under decay 1 at equal energy (cubic splines in
    $\sqrt{E - E^*}$). `slope` is that of $\ln$ angle against t, or against $\ln r$ for
    decay 0, from fixed points displaced along the slowest direction by `amount` of |v|.
    `norm_error` compares the end's $\alpha|v|$, or for decay 0 the growth of |v| from a
    fixed point, with $\lambda$; `least_norm` is the least $|v|/\lambda$ over all decays
    and samples: a short v turns within a sample. [KH21 eq. 19; THEORY 2.3, CL-27]
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("spherical",)

    decays: list[float] = Field([0.0, 0.5, 1.0, 2.0], min_length=1)
    amount: float = Field(1e-5, gt=0, le=0.01)
    rest: float = Field(1e-10, gt=0)  # the residual at which a state is at rest

    @field_validator("decays")
    @classmethod
    def _never_grow(cls, decays: list[float]) -> list[float]:
        if min(decays) < 0:
            raise ValueError(f"must be >= 0, got {decays}")
        return decays

    def validate_setting(self, setting: Setting) -> None:
        network = setting.network
        dynamics: Any = expected(setting.dynamics, Adiabatic, "spherical")
        feature = network.feature_lagrangian
        if dynamics.driven or dynamics.lags or dynamics.tau_feature.ndim:
            raise ValueError(
                'The experiment "spherical" is about flows without drive, tau_memory '
                f"or vectors, got {dynamics.deviation}; leave it out."
            )
        driven = np.any(network.current) or network.autapse is not None
        if not isinstance(feature, Norm) or feature.delta or driven:
            raise ValueError(
                'The experiment "spherical" needs Norm feature neurons with delta = 0 '
                f"and no current, got {type(feature).__name__}; use model_c."
            )
        for decay in self.decays:
            there = {"dynamics": Adiabatic(decay=decay), "save": ("v",)}
            setting.may_simulate(until="duration", **there)
        asked = {"until": "steady", "residual_tolerance": self.rest}
        setting.may_simulate(dynamics=Adiabatic(), samples=2, **asked)

    def measure(self, setting: Setting) -> Variables:
        duration = setting.run.duration

        def rest(decay: float) -> Trajectory:
            asked = {"until": "steady", "residual_tolerance": self.rest}
            there = {
                "duration": REST_DURATION_RATIO * duration,
                "dynamics": Adiabatic(decay=decay),
            }
            return setting.simulate(samples=2, save=("v",), **asked, **there)

        def flow(decay: float, probes: np.ndarray) -> Trajectory:
            there = {"dynamics": Adiabatic(decay=decay), "probes": probes}
            return setting.simulate(until="duration", save=("v",), **there)

        # --- where the probes come to rest, and how fast
        ends = {decay: rest(decay) for decay in {1.0, *self.decays} - {0.0}}
        unit = _units(ends[1.0].final)
        found = _at_rest(setting.network, jnp.asarray(unit))
        strength, gain, slowest = (np.asarray(x) for x in found)

        # --- one path at several speeds
        runs = {a: flow(a, setting.probes.values) for a in {1.0, *self.decays}}
        lengths = [np.linalg.norm(_states(runs[a]), axis=2) for a in self.decays]
        angles = [_angles(_states(runs[a]), unit) for a in self.decays]
        paths = [_path_errors(runs[a], runs[1.0]) for a in self.decays]

        # --- rates near the fixed point, along the slowest direction
        slopes, norms = [], []
        for decay in self.decays:
            beside = (unit + self.amount * slowest) * strength[:, None]
            near = flow(decay, beside / (decay or 1))
            length = np.linalg.norm(_states(near), axis=2)
            angle = _angles(_states(near), unit)
            clock = near.times + 0 * length if decay else np.log(length)
            slopes.append(_slopes(clock, angle, angle > MIN_ANGLE_SHARE * self.amount))
            if decay:
                norm = decay * np.linalg.norm(ends[decay].final, axis=1)
            else:  # from the fixed point: near it lambda differs at first order
                alone = flow(decay, unit * strength[:, None])
                ends_at = np.linalg.norm(alone.final, axis=1)
                norm = (ends_at - strength) / alone.times[-1]
            norms.append(np.abs(norm / strength - 1))
        theory = np.array([(1 - gain) * (a or 1) for a in self.decays])
        path, each = ("decay", "probe", "sample"), ("decay", "probe")
        return {
            "decay": ("decay", np.array(self.decays), {"long_name": "decay alpha"}),
            "time": ("sample", runs[1.0].times, TIME),
            "norm": (path, np.array(lengths), PURE | {"long_name": "|v|"}),
            "angle": (path, np.array(angles), PURE | {"long_name": "angle to rest"}),
            "path_error": (each, np.array(paths), PURE),
            "slope": (each, np.array(slopes), PURE),
            "theory_slope": (each, -theory, PURE),
            "slope_error": (each, np.abs(np.array(slopes) / -theory - 1), PURE),
            "norm_error": (each, np.array(norms), PURE),
            "least_norm": ("probe", np.min(lengths, axis=(0, 2)) / strength, PURE),
            "strength": ("probe", strength, PURE | {"long_name": "lambda"}),
            "gain": ("probe", gain, PURE | {"long_name": "mu / lambda"}),
            "residual": ("probe", ends[1.0].residual, PURE),
        }


@eqx.filter_jit
def _at_rest(
    network: Network, unit: Float[AnyArray, "probe feature"]
) -> tuple[Array, Array, Array]:
    r"""$\lambda$, $\mu/\lambda$ and the slowest direction at each fixed direction."""

    def one(u: Array) -> tuple[Array, Array, Array]:
        strength = jnp.vdot(
            u, network.local_field(network.feature_lagrangian.activation(u))
        )
        v = strength * u
        h = network.memory_input(network.feature_lagrangian.activation(v))
        hessian_v, hessian_h = hessians(network, v, h)
        # H_v = (R / |v|) P projects on the tangent plane of the sphere
        loop = hessian_v @ network.memories.T @ hessian_h @ network.memories @ hessian_v
        size = jnp.trace(hessian_v) / (network.features - 1)
        values, vectors = jnp.linalg.eigh(loop / size)
        return strength, values[-1], vectors[:, -1]

    return jax.vmap(one)(unit)


def _units(v: Float[np.ndarray, "*batch feature"]) -> Float[np.ndarray, "..."]:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def _states(trajectory: Trajectory) -> Float[np.ndarray, "probe sample feature"]:
    assert trajectory.v is not None
    return trajectory.v


def _angles(
    v: Float[np.ndarray, "probe sample feature"],
    unit: Float[np.ndarray, "probe feature"],
) -> Float[np.ndarray, "probe sample"]:
    """The angle between v and a direction; exact where it is small."""
    along = np.einsum("psi,pi->ps", v, unit)
    across = np.linalg.norm(v - along[..., None] * unit[:, None], axis=2)
    return np.arctan2(across, along)


def _slopes(clock: np.ndarray, angle: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Slopes of log(angle) by least squares, for each probe; NaN where none is kept."""
    found = np.full(len(angle), np.nan)
    for i, used in enumerate(kept):
        if np.sum(used) >= 3:
            found[i] = np.polyfit(clock[i, used], np.log(angle[i, used]), 1)[0]
    return found


def _path_errors(run: Trajectory, reference: Trajectory) -> Float[np.ndarray, " probe"]:
    r"""The largest distance of $\hat v$ from the other path, at equal energies."""
    from scipy.interpolate import CubicSpline

    found = np.full(len(run.final), np.nan)
    for i in range(len(found)):
        low = min(run.energy[i].min(), reference.energy[i].min())
        span = reference.energy[i, 0] - low
        curves = []
        for path in (run, reference):
            v = _states(path)[i]
            depth = np.sqrt(np.maximum(path.energy[i] - low, 0) / span)
            lowest = np.minimum.accumulate(depth)  # the spline takes falling energies
            keep = (depth > MIN_DEPTH_SHARE) & (np.diff(lowest, prepend=np.inf) < 0)
            curves.append((depth[keep][::-1], _units(v[keep])[::-1]))
        (x, u), (y, w) = curves
        inside = (x >= y[0]) & (x <= y[-1])
        if inside.any():
            curve = CubicSpline(y, w)
            away, along = curve(x[inside]) - u[inside], curve(x[inside], 1)
            # distance across the path: a flat energy fixes no place along it
            share = np.sum(away * along, axis=1) / np.sum(along**2, axis=1)
            away -= share[:, None] * along
            found[i] = np.max(np.linalg.norm(away, axis=1))
    return found
