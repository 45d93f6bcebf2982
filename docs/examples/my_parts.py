r"""Parts of one's own: one of each kind that hopsim can be extended by.

    hopsim run my_study.toml --with my_parts.py
    hopsim verify my_claims/ --quick --with my_parts.py --mutations

Bumps on a ring of neurons, recalled by a network with softplus memory neurons, whose
features move at a limited speed.
"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field

from hopsim import dynamics, extend, lagrangians


__version__ = "1.0"


# --- the network ----------------------------------------------------------------------


@extend.lagrangian("softplus")
class Softplus(extend.AbstractAdditiveLagrangian):
    r"""$L(x) = \sum_\mu \beta^{-1} \ln(1 + e^{\beta x_\mu})$; activation: sigmoid."""

    beta: float = eqx.field(static=True, default=1.0)

    convex: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    degree: ClassVar[None] = None

    def __check_init__(self):
        if not self.beta > 0:
            raise ValueError(f"beta of Softplus must be > 0, got {self.beta}.")

    def interaction(self, x):
        return jax.nn.softplus(self.beta * x) / self.beta

    def activation(self, x):
        return jax.nn.sigmoid(self.beta * x)

    def bracket(self, x):
        return jnp.sum(x * self.activation(x) - self.interaction(x))


@extend.network("softplus_network")
def softplus_network(
    memories: extend.Memories, beta: extend.Positive = 1.0
) -> extend.Network:
    r"""$L_v = \sum_i \ln\cosh v_i$, $L_h$ softplus; a memory below 0 is silent."""
    return extend.Network(memories, lagrangians.LogCosh(), Softplus(beta))


@extend.drive("ramp")
class Ramp(extend.AbstractDrive):
    r"""$I(t) = A \tanh(t/w)$: a current that is switched on smoothly."""

    amplitude: float
    width: float = 1.0

    def __call__(self, t):
        return self.amplitude * jnp.tanh(t / self.width)


# --- rules of motion ------------------------------------------------------------------


@extend.dynamics("rate_limited")
class RateLimited(dynamics.Adiabatic):
    r"""$\dot v_i = r_i / (1 + |r_i|/s)$, $r$ the force of the adiabatic flow.

    No neuron is faster than `speed` s; fixed points stay where they are.
    """

    speed: float = eqx.field(static=True, default=1.0)

    def field(self, network, x, free):
        (force,) = self.forces(network, x, free)
        return (force / (1 + jnp.abs(force) / self.speed),)

    def forces_of(self, network, rates):
        (dv,) = rates
        return (dv / (1 - jnp.abs(dv) / self.speed),)

    def dissipation(self, network, x, dx):
        (force,) = self.forces_of(network, dx)
        return jnp.vdot(force, network.feature_lagrangian.curvature(x[0], dx[0]))


@extend.dynamics("steepest")
class Steepest(extend.AbstractSpinDynamics):
    r"""The spin whose flip gains most energy flips first; `flips` of them a sweep."""

    flips: int = eqx.field(static=True, default=1)
    order: ClassVar[str] = "steepest"

    def promise(self, network, method, clamped):
        if self.flips > 1:
            return extend.Promise("none", "spins that move at once may raise it")
        return extend.Promise("binary", "a spin moves only to the lower energy")

    def evolve(self, network, starts, sweeps, request, watch):
        gaps = jax.jit(jax.vmap(lambda s: network.energy_gap(s)))
        spins, moved = np.array(starts), np.zeros(len(starts), int)
        rest = np.full(len(starts), sweeps)
        watch(0, spins)
        for sweep in range(1, sweeps + 1):
            gain = -np.asarray(gaps(spins)) * spins  # of a flip, > 0: lower energy
            first = np.argsort(-gain, axis=1)[:, : self.flips]
            flip = np.take_along_axis(gain, first, axis=1) > 0
            rest = np.where(~flip.any(axis=1), np.minimum(rest, sweep), rest)
            signs = np.where(flip, -1, 1) * np.take_along_axis(spins, first, axis=1)
            np.put_along_axis(spins, first, signs, axis=1)
            moved += flip.sum(axis=1)
            watch(sweep, spins)
            if not flip.any():
                break
        still = rest < sweeps
        ending = np.where(still, extend.Ending.STEADY, extend.Ending.UNSETTLED)
        return extend.SpinRun(spins, moved, rest, ending, np.where(still, 0.0, np.nan))


# --- what is stored, and where it starts ----------------------------------------------


@extend.memories("bumps")
def bumps(
    stream,
    count: extend.Count,
    features: extend.Count,
    width: extend.Positive = 0.15,
    jitter: extend.NonNegative = 0.0,
):
    r"""$\xi_{\mu i} = 2 e^{-d_{\mu i}^2/2w^2} - 1$: bumps at even places of a ring."""
    centres = np.arange(count) / count
    centres = centres + jitter * stream.generator().standard_normal(count)
    away = np.subtract.outer(centres, np.arange(features) / features)
    away -= np.round(away)  # the shorter way round
    return 2 * np.exp(-((away / width) ** 2) / 2) - 1


@extend.probes("between")
def between(stream, memories, noise: extend.NonNegative = 0.0):
    r"""$v(0) = (2\xi_\mu + \xi_{\mu+1})/3$ + noise: nearer to one of two neighbours."""
    xi = memories.values
    mixed = (2 * xi + np.roll(xi, -1, axis=0)) / 3
    mixed = mixed + noise * stream.generator().standard_normal(xi.shape)
    return extend.ProbeSet(mixed, np.arange(len(xi)))


# --- what is measured, asserted and drawn ---------------------------------------------


@extend.experiment("energy_account")
class EnergyAccount(extend.AbstractEnsemble):
    r"""$|E(t) - E(0) + Q(t)|$ over the largest $|E|$, for every probe of every set."""

    row: ClassVar[str] = "probe"
    plots: ClassVar[tuple[str, ...]] = ("account",)

    def measure(self, setting: extend.Setting):
        path = setting.simulate(save=("v",))
        assert path.v is not None
        off = path.energy - path.energy[:, :1] + path.dissipation
        size = np.max(np.abs(path.energy), axis=1, keepdims=True)
        return {
            "account_error": ("probe", np.max(np.abs(off) / size, axis=1)),
            "fastest": ("probe", np.max(np.abs(np.diff(path.v, axis=1)), (1, 2))),
        }


@extend.check("quantile")
class Quantile(extend.AbstractMeasured):
    r"""In every pattern set a share `q` of the entries is at most `at_most`."""

    q: float = Field(0.9, ge=0, le=1)
    at_most: float

    def judge(self, data):
        seen = [float(np.quantile(values, self.q)) for values in self.by_set(data)]
        worst = max(seen)
        return extend.Verdict(
            statement=self.statement,
            passed=worst <= self.at_most,
            measured=f"{worst:.3g}",
            expected=self.expected or f"<= {self.at_most:g}",
            source=self.source,
            tolerance=f"<= {self.at_most:g}",
            value=worst,
            samples=f"{len(seen)} pattern sets",
        )

    def severity(self, verdict):
        return verdict.value or 0.0


@extend.plot("account")
def draw_account(record, fig):
    """The error of the account of every probe, sorted, for each point."""
    fig.set_size_inches(6, 3)
    ax = fig.subplots()
    for label, data in record.points():
        ax.semilogy(np.sort(data["account_error"].values), ".", label=label or None)
    ax.set_xlabel("probe, in the order of its error")
    ax.set_ylabel("error of the account")
    if len(record.points()) > 1:
        ax.legend()


# --- what must be seen ----------------------------------------------------------------


@extend.mutation("account", "the dissipation of a flow without a limit")
def _dissipation_without_limit():
    RateLimited.dissipation = dynamics.Adiabatic.dissipation


@extend.mutation("account", "tolerances a million times coarser")
def _coarse():
    return {"run.rtol": 1e-2, "run.atol": 1e-2}
