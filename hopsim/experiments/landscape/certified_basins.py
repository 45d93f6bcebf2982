"""Certified balls of model B against the basins in which they must lie."""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from pydantic import Field

from ..._common.types import AnyArray
from ...attractors.balls import certified_balls, require_balls
from ...attractors.basins import (
    along,
    bisected,
    Bisection,
    isotropic,
    Radii,
    to_the_nearest,
)
from ...batches import CHUNK
from ...dynamics import Adiabatic, Dynamics, expected, TwoLayer
from ...lagrangians import LogSumExp
from ...network import Network
from ...records import Variables
from ...trajectory import EPSILONS, Trajectory
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._numbers import Positive, Rising
from .._variables import PURE


PATH_SAMPLES = 33  # of a path, to test whether it leaves the ball
MAX_STEPS = 400  # of attention or AltIMEX
START_RADIUS_SHARE = 0.999  # distance of the starts, in certified radii
LINE_POINTS = 33  # values of beta of the theoretical line
AIMED_MEMORIES = 3  # memories towards which starts may lie
STEADY_RTOL = 1e-9  # of a step of attention, relative to the state
SAME_END_SHARE = 1e-3  # of the radius, or of the distance to the nearest memory

States = Float[np.ndarray, "beta state feature"]


class _Flown(NamedTuple):
    """Paths of the states of every beta, their ends, and whether these are at rest."""

    path: Float[np.ndarray, "beta state sample feature"]
    final: States
    settled: Bool[np.ndarray, "beta state"]


@experiments.register("certified_basins")
class CertifiedBasins(AbstractEnsemble):
    r"""Starts at 0.999 of the certified radius r, under every motion. [THEORY CL-26]

    For the first `memories` of each set, at every beta. Half of the starts lie in
    random directions, half towards the memories with the smallest $\Delta_{ij}/d_{ij}$;
    the h(0) of two layers is $\xi u$ with u another such state. Motions: the adiabatic
    flow, two layers at each `tau_memory`, AltIMEX at each of `steps`, and attention,
    $v \leftarrow \xi^T\mathrm{softmax}(\beta\xi v)$. A start has `left` if a sample of
    its path lies outside of the ball, and is `elsewhere` if it does not end at the
    fixed point that attention reaches from the memory. The empirical radii, towards the
    nearest memory (`worst`) and in all directions (`isotropic`), are those of the
    adiabatic flow, by bisection.
    """

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("certified_basins",)

    betas: Rising[float] = Field([0.5, 1.0, 2.0, 5.0, 20.0])
    memories: int = Field(20, ge=1)
    starts: int = Field(8, ge=2)
    tau_memory: Positive[float] = Field([0.1, 1.0, 10.0])
    steps: Positive[float] = Field([0.5, 50.0])
    rounds: int = Field(12, ge=1)
    trials: int = Field(16, ge=2)

    def validate_setting(self, setting: Setting) -> None:
        require_balls(setting.network, setting.dynamics)
        expected(setting.dynamics, TwoLayer, "certified_basins")
        memories = np.asarray(setting.network.memories)
        known = not setting.sketched
        if len(memories) < 2 or (
            known and len(np.unique(memories, axis=0)) < len(memories)
        ):
            raise ValueError(
                'The experiment "certified_basins" needs two memories or more, all '
                "different; a single one attracts everything."
            )
        for motion in (Adiabatic(), TwoLayer(self.tau_memory[0])):
            how = {"memory_start": None, "solver": "tsit5", "until": "steady"}
            setting.may_simulate(dynamics=motion, audit=False, save=["v"], **how)

    def measure(self, setting: Setting) -> Variables:
        network = setting.network
        memories, betas = np.asarray(network.memories), np.asarray(self.betas)
        chosen = np.arange(min(self.memories, network.count))
        own = memories[chosen]
        balls = [
            certified_balls(_sharpened(network, beta), setting.dynamics, chosen)
            for beta in betas
        ]
        radius, inner, limit = (np.stack(x) for x in zip(*balls, strict=True))
        found, rest = self._starts(setting, own, radius)
        near = np.linalg.norm(rest - own, axis=-1)
        worst, free = self._radii(setting, own)
        there = radius > 0
        within = np.where(there, radius, 1)
        norm = np.max(np.linalg.norm(memories, axis=1))
        sphere = np.broadcast_to(1 / (betas * network.count * norm), radius.T.shape).T
        rounding = EPSILONS * np.finfo(memories.dtype).eps * norm  # of `near`
        both = ("beta", "probe")
        single = {
            "radius": (radius, {"long_name": "certified radius"}),
            "certified": (there, {}),
            "limit": (limit, {"long_name": "min_j Delta_ij / d_ij"}),
            "over_limit": (radius - limit, {}),
            "limit_ratio": (radius / limit, {}),
            "end_ratio": (near / (np.nan_to_num(inner) + rounding), {}),
            "r21": (sphere, {"long_name": "1 / (beta N M)"}),
            "r21_ratio": (sphere / within, {}),
            "worst": (worst.radius.reshape(radius.shape), {}),
            "worst_ratio": (worst.high.reshape(radius.shape) / within, {}),
            "tightness": (radius / worst.radius.reshape(radius.shape), {}),
            "isotropic": (free.radius.reshape(radius.shape), {}),
            "unknown": (np.sum(free.unknown, axis=0).reshape(radius.shape), {}),
        }
        fine = np.geomspace(betas[0], betas[-1], LINE_POINTS)
        sharp = (_sharpened(network, x) for x in fine)
        line = np.stack([certified_balls(x, None, chosen).radius for x in sharp])
        return {
            "beta": ("beta", betas, PURE),
            "curve_beta": ("fine", fine, PURE),
            "curve_radius": (("fine", "probe"), line, PURE),
            **{name: (both, x, PURE | attrs) for name, (x, attrs) in single.items()},
            **found,
        }

    # --- starts inside the balls ------------------------------------------------------

    def _starts(
        self,
        setting: Setting,
        own: Float[np.ndarray, "probe feature"],
        radius: Float[np.ndarray, "beta probe"],
    ) -> tuple[Variables, Float[np.ndarray, "beta probe feature"]]:
        """The variables of the starts, and the fixed points of attention."""
        e, other = (self._directions(setting, own, name) for name in ("v", "u"))
        size = START_RADIUS_SHARE * radius[:, :, None, None]
        shape = (*radius.shape, self.starts)
        flat = lambda x: x.reshape(len(radius), -1, own.shape[1])
        centre = own[None, :, None]
        v, u = flat(centre + size * e), flat(centre + size * other)
        motions = self._motions(setting, v, u)
        # in one call with the memories: it compiles once
        both = np.concatenate([v, np.broadcast_to(own, (len(v), *own.shape))], axis=1)
        attended = _stepped(setting.network, setting.dynamics, self.betas, both)
        rest = attended.final[:, -len(own) :]
        motions["attention"] = _Flown(*(x[:, : -len(own)] for x in attended))
        every = np.repeat(own, self.starts, axis=0)[None]
        goal = np.repeat(rest, self.starts, axis=1)
        edge = np.repeat(radius, self.starts, axis=1)
        kinds = {"left": [], "elsewhere": [], "unconverged": []}
        for flown in motions.values():
            far = np.linalg.norm(flown.path - every[:, :, None], axis=-1)
            # a path that is not finite has left
            inside = np.max(far, axis=-1) <= edge * (1 + 1e-12)
            miss = np.linalg.norm(flown.final - goal, axis=-1)
            kinds["left"].append(~inside & (edge > 0))
            kinds["elsewhere"].append(~(miss <= SAME_END_SHARE * edge) & (edge > 0))
            kinds["unconverged"].append(~flown.settled & (edge > 0))
        each = ("beta", "motion", "probe", "start")
        stacked = lambda x: np.stack([y.reshape(shape) for y in x], axis=1)
        apart = _apart(v.reshape(*shape, -1))
        closer = _apart(motions["attention"].path[:, :, 1].reshape(*shape, -1))
        stretch = closer / np.where(apart > 0, apart, 1)
        found = {k: (each, stacked(x), PURE) for k, x in kinds.items()} | {
            "stretch": (("beta", "probe", "start"), stretch, PURE),
            "motion_name": ("motion", np.array(list(motions))),
        }
        return found, rest

    def _directions(
        self, setting: Setting, own: Float[np.ndarray, "probe feature"], name: str
    ) -> Float[np.ndarray, "probe start feature"]:
        """Unit vectors; half of them towards memories with small Delta_ij / d_ij."""
        memories = np.asarray(setting.network.memories)
        generator = setting.stream.child("directions", name).generator()
        e = generator.standard_normal((len(own), self.starts, own.shape[1]))
        for i, xi in enumerate(own):
            away = np.delete(memories, i, axis=0) - xi
            pressure = (away @ xi) / np.linalg.norm(away, axis=1)
            hardest = np.argsort(-pressure)[:AIMED_MEMORIES]
            aimed = generator.choice(hardest, self.starts // 2)
            e[i, : self.starts // 2] = away[aimed]
        e /= np.linalg.norm(e, axis=-1, keepdims=True)
        return e.astype(memories.dtype)

    def _motions(self, setting: Setting, v: States, u: States) -> dict[str, _Flown]:
        """Paths from `v` by every flow; two layers start with `h(0) = xi u`."""
        h = u @ np.asarray(setting.network.memories).T
        longest, first = setting.run.duration, self.tau_memory[0]
        fly = lambda *args: _flown(setting, self.betas, *args)
        found = {"adiabatic": fly(Adiabatic(), v, None, 2.0, longest)}
        for tau in self.tau_memory:
            flown = fly(TwoLayer(tau), v, h, 2 * (1 + tau), longest * (1 + tau))
            found[f"two layers, tau {tau:g}"] = flown
        for step in self.steps:
            stepped = _stepped(setting.network, TwoLayer(first), self.betas, v, h, step)
            found[f"AltIMEX, step {step:g}"] = stepped
        return found

    # --- empirical radii --------------------------------------------------------------

    def _radii(
        self, setting: Setting, own: Float[np.ndarray, "probe feature"]
    ) -> tuple[Radii, Radii]:
        """Radii towards the nearest memory and in all directions, adiabatic flow."""
        count = len(self.betas)
        memories, longest = np.asarray(setting.network.memories), setting.run.duration
        centres = np.tile(own, (count, 1))
        betas = np.repeat(np.asarray(self.betas, memories.dtype), len(own))
        fly = lambda v, beta: _simulated(setting, Adiabatic(), v, None, beta, longest)
        ends = fly(centres, betas).final
        directions, far = to_the_nearest(own, memories)
        far = np.tile(far, count)

        def label(rows: np.ndarray, states: np.ndarray) -> np.ndarray:
            path = fly(states, betas[rows])
            away = np.linalg.norm(path.final - ends[rows], axis=1)
            other = away > SAME_END_SHARE * far[rows]
            return np.where(path.converged, other.astype(int), -1)

        zero = np.zeros(len(centres), int)
        aimed = along(np.tile(directions, (count, 1)))
        free = np.full(len(centres), 4 * np.max(np.linalg.norm(memories, axis=1)))
        search = Bisection(self.rounds, 1, setting.stream.child("radii"))
        many = search._replace(trials=self.trials)
        return (
            bisected(label, centres, zero, aimed, far, search),
            bisected(label, centres, zero, isotropic, free, many),
        )


def _sharpened(network: Network, beta: float | AnyArray) -> Network:
    return eqx.tree_at(lambda n: n.memory_lagrangian, network, LogSumExp(beta))


def _apart(x: Float[np.ndarray, "beta probe start feature"]) -> np.ndarray:
    return np.linalg.norm(x - np.roll(x, 1, axis=2), axis=-1)


def _flown(
    setting: Setting,
    betas: list[float],
    motion: Dynamics,
    v: States,
    h: np.ndarray | None,
    watched: float,
    longest: float,
) -> _Flown:
    """A run sampled over the duration `watched`, then continued until it is at rest."""
    count, starts, features = v.shape
    beta = np.repeat(np.asarray(betas, v.dtype), starts)
    v0 = v.reshape(count * starts, features)
    h0 = None if h is None else h.reshape(count * starts, -1)
    first = _simulated(setting, motion, v0, h0, beta, watched)
    h1 = None if h is None else first.final_memory
    last = _simulated(setting, motion, first.final, h1, beta, longest)
    path = np.concatenate([x.v for x in (first, last) if x.v is not None], axis=1)
    return _Flown(
        path.reshape(count, starts, -1, features),
        last.final.reshape(v.shape),
        last.converged.reshape(count, starts),
    )


def _simulated(
    setting: Setting,
    motion: Dynamics,
    v: Float[np.ndarray, "state feature"],
    h: Float[np.ndarray, "state memory"] | None,
    beta: Float[np.ndarray, " state"],
    duration: float,
) -> Trajectory:
    # one program for all sharpnesses and time constants
    return setting.simulate(
        dynamics=motion,
        probes=v,
        memory_start=h,
        varied={"network.memory_lagrangian.beta": beta},
        duration=duration,
        samples=PATH_SAMPLES,
        solver="tsit5",
        until="steady",
        save=["v"],
        audit=False,
        chunk=CHUNK,  # whatever the number of states: it compiles once
    )


def _stepped(
    network: Network,
    motion: TwoLayer,
    betas: list[float],
    v: States,
    h: np.ndarray | None = None,
    step: float = np.inf,
) -> _Flown:
    """Steps of AltIMEX for two layers, or attention where there is no `h`."""
    beta, dt = (np.asarray(x, network.dtype) for x in (betas, step))
    seen = _steps(network, motion, beta, dt, v, h)
    path, final, settled = (np.asarray(x) for x in seen)
    return _Flown(path, final, settled)


@eqx.filter_jit
def _steps(
    network: Network,
    motion: TwoLayer,
    betas: Float[AnyArray, " beta"],
    step: Float[AnyArray, ""],
    v: Float[AnyArray, "beta state feature"],
    h: Float[AnyArray, "beta state memory"] | None,
) -> tuple[Array, Array, Array]:
    free = jnp.ones((network.features,), bool)

    def one(beta: Array, x: tuple) -> tuple[Array, Array, Array]:
        sharp = _sharpened(network, beta)

        def go(x: tuple) -> tuple:
            if len(x) == 1:
                return (sharp.local_field(x[0]),)
            return motion.alternate(sharp, step, x, free, motion.recalled(sharp, x))[0]

        x, path = jax.lax.scan(lambda x, _: (go(x), x[0]), x, length=PATH_SAMPLES)
        x = jax.lax.fori_loop(PATH_SAMPLES, MAX_STEPS, lambda _, x: go(x), x)
        v, new = x[0], go(x)[0]
        still = jnp.max(jnp.abs(new - v)) <= STEADY_RTOL * (1 + jnp.max(jnp.abs(new)))
        return jnp.concatenate([path, new[None]]), new, still

    x = (v,) if h is None else (v, h)
    x = tuple(jnp.asarray(y) for y in x)
    return jax.vmap(jax.vmap(one, (None, 0)))(jnp.asarray(betas), x)
