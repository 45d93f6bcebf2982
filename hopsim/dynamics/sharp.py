r"""The sharp adiabatic model A, integrated exactly from flip to flip.

Between flips the target $w = I + \xi^T f(\xi\sigma + J) - c\sigma$ is constant, so
$v(t) = w + (v_0 - w) e^{-t/\tau_f}$, and neuron i flips after
$t_i = \tau_f \log(1 + |v_i|/|w_i|)$ iff $w_i$ and $\sigma_i$ differ in sign.
[THEORY 2.1.1]
"""

from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._common.types import AnyArray, Scalar
from ..lagrangians import AbsoluteValue
from ..network import Features, Network
from ..trajectory import Ending, Promise, UNUSED
from ._base import (
    AbstractContinuousDynamics,
    dynamics_kinds,
    IntegrationPlan,
    Method,
    Solution,
)
from ._batch import Batch
from ._request import Request


class _Run(NamedTuple):
    s: Array  # the spins sigma, not sign(v): at its flip a neuron has v = 0
    v: Array
    h: Array
    time: Array
    flips: Array
    energy: Array
    worst_rise: Array
    worst_time: Array
    rise_limit: Array
    worst_excess: Array
    ledger: Array
    going: Array
    samples: Array  # v at the sampling times reached so far
    energies: Array
    hidden: Array | None
    log: Array | None


@dynamics_kinds.register("sharp")
class Sharp(AbstractContinuousDynamics):
    r"""$\tau_f \dot v = I + \xi^T f(\xi\,\mathrm{sign}\,v) - v$, exact, event-driven.

    Feature neurons must be `AbsoluteValue()`. One flip at a time; the energy falls by
    at least $2|w_i|$ at each when $L_h$ is convex and there is no autapse. Steps are
    flips. [THEORY 2.1.1, CL-15]
    """

    rests_exactly: ClassVar[bool] = True

    @property
    def driven(self) -> bool:
        return False

    def rest_eigenvalues(
        self, network: Network, gains: Float[np.ndarray, "root feature"]
    ) -> Float[np.ndarray, "root eigenvalue"] | None:
        """All are `s_k^2 - 1`, and s = 0 where no activation jumps."""
        return gains[:, ::-1] - 1

    def rest_jacobian(self, network: Network, v: Features) -> tuple[Array, Array]:
        """Between flips `v` relaxes to a constant: minus the identity."""
        unit = jnp.eye(network.features, dtype=network.dtype)
        return unit, -unit

    def validate(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        request: Request,
    ) -> None:
        super().validate(network, probes, request)
        if request.memory_start is not None:
            raise ValueError("Sharp dynamics are adiabatic; leave memory_start out.")
        self.method(network, probes, request.duration, request.solver, request.step)

    def method(
        self,
        network: Network,
        probes: Float[AnyArray, "probe feature"],
        duration: float,
        solver: Any,
        step: float | None,
    ) -> Method:
        if not isinstance(network.feature_lagrangian, AbsoluteValue):
            raise ValueError(
                "Sharp dynamics need AbsoluteValue() feature neurons, got "
                f"{type(network.feature_lagrangian).__name__}; use model_a without "
                'beta, or dynamics kind "adiabatic".'
            )
        if solver != "auto" or step is not None:
            raise ValueError(
                f"Sharp dynamics are exact and take no solver or step, got {solver!r} "
                f"and {step}; leave both out."
            )
        return Method("Sharp", None, False, "inequality")

    def promise(self, network: Network, method: Method, clamped: bool) -> Promise:
        convex = network.memory_lagrangian.convex
        if not convex:
            told = "is not convex" if convex is False else "may not be convex"
            return Promise("none", f"the memory Lagrangian {told}")
        if network.autapse is not None:
            return Promise("none", "with an autapse a flip may raise the energy")
        return Promise("adiabatic", "the memory Lagrangian is convex")

    def cost(self, network: Network, v: Features) -> Scalar:
        """The number of neurons opposed by their local field, which flip first."""
        s = network.feature_lagrangian.activation(jnp.asarray(v))
        against = network.local_field(s) * s < 0
        return jnp.sum(against).astype(network.dtype)

    def solve(self, network: Network, batch: Batch, plan: IntegrationPlan) -> Solution:
        def one(probe: Batch) -> Solution:
            own, _ = probe.own(network, self)
            run = jax.lax.while_loop(
                lambda r: r.going,
                lambda r: _to_next_flip(own, plan, r),
                _begin(own, plan, probe.probes),
            )
            return _finish(own, plan, run)

        return jax.lax.map(one, batch, batch_size=plan.lanes or batch.number)


def _begin(network: Network, plan: IntegrationPlan, v: Array) -> _Run:
    v = jnp.asarray(v)
    s = network.feature_lagrangian.activation(v)
    zero = jnp.zeros((), network.dtype)
    energy = network.binary_energy(s)
    size = plan.times.shape[0]
    log = None
    if plan.log_rows:
        log = jnp.full((plan.log_rows, 4), UNUSED, network.dtype)
        log = log.at[0].set(jnp.stack([zero, energy, zero, _scale(network, s)]))
    h = network.memory_input(s)
    return _Run(
        s=s,
        v=v,
        h=h,
        time=zero,
        flips=jnp.zeros((), int),
        energy=energy,
        worst_rise=zero,
        worst_time=zero,
        rise_limit=plan.rise_tolerance * _scale(network, s),
        worst_excess=-plan.rise_tolerance * _scale(network, s),
        ledger=zero,
        going=jnp.ones((), bool),
        samples=jnp.zeros((size, network.features), network.dtype),
        energies=jnp.zeros((size,), network.dtype),
        hidden=jnp.zeros((size, network.count), network.dtype)
        if "h" in plan.save
        else None,
        log=log,
    )


def _target(network: Network, run: _Run) -> Array:
    return network.feature_input(network.memory_lagrangian.activation(run.h), run.s)


def _scale(network: Network, s: Array) -> Array:
    return network.energy_scale(s, network.memory_input(s))


def _relax(w: Array, v: Array, elapsed: Array, free: Array) -> Array:
    return jnp.where(free, w + (v - w) * jnp.exp(-elapsed), v)


def _to_next_flip(network: Network, plan: IntegrationPlan, run: _Run) -> _Run:
    free, duration = ~plan.clamped, plan.times[-1]

    # --- when and where is the next flip?
    w = _target(network, run)
    wrong = free & (w * run.s < 0)
    waits = jnp.where(
        wrong, jnp.log1p(jnp.abs(run.v / jnp.where(wrong, w, 1))), jnp.inf
    )
    i = jnp.argmin(waits)
    flip_time = run.time + waits[i]
    flips = (flip_time <= duration) & (run.flips < plan.max_steps)

    # --- sample the exponential up to there (to the end, if there is no next flip)
    until = jnp.where(flips, flip_time, jnp.inf)
    inside = (plan.times >= run.time) & (plan.times < until)
    elapsed = jnp.maximum(plan.times - run.time, 0)
    path = jax.vmap(lambda t: _relax(w, run.v, t, free))(elapsed)
    samples = jnp.where(inside[:, None], path, run.samples)
    energies = jnp.where(inside, run.energy, run.energies)
    hidden = run.hidden
    if hidden is not None:
        hidden = jnp.where(inside[:, None], run.h, hidden)

    # --- flip: v_i = 0, one rank-one update of the memory inputs
    v = _relax(w, run.v, waits[i], free).at[i].set(0)
    s = run.s.at[i].multiply(-1)
    h = run.h - 2 * run.s[i] * network.memories[:, i]
    energy = network.binary_energy(s)
    scale = jnp.maximum(_scale(network, s), _scale(network, run.s))
    rise, limit = energy - run.energy, plan.rise_tolerance * scale
    drop = jnp.maximum(rise + 2 * jnp.abs(w[i]), 0) / scale  # CL-15: 0 to rounding
    count = run.flips + 1
    log = run.log
    if log is not None:
        row = jnp.stack([flip_time, energy, -energy + log[0, 1], scale])
        log = log.at[count].set(row, mode="drop")
    flipped = run._replace(
        s=s,
        v=v,
        h=h,
        time=flip_time,
        flips=count,
        energy=energy,
        worst_rise=jnp.maximum(run.worst_rise, rise),
        rise_limit=jnp.where(rise > run.worst_rise, limit, run.rise_limit),
        worst_time=jnp.where(rise > run.worst_rise, flip_time, run.worst_time),
        worst_excess=jnp.maximum(run.worst_excess, rise - limit),
        ledger=jnp.maximum(run.ledger, drop),
        log=log,
    )
    chosen = jax.tree.map(lambda a, b: jnp.where(flips, a, b), flipped, run)
    return chosen._replace(
        going=flips, samples=samples, energies=energies, hidden=hidden
    )


def _finish(network: Network, plan: IntegrationPlan, run: _Run) -> Solution:
    free, duration = ~plan.clamped, plan.times[-1]
    w = _target(network, run)
    settled = ~jnp.any(free & (w * run.s < 0))
    # from the last flip on v relaxes to w: the time to the residual tolerance is exact
    # (to half of it, since its denominator has |v|, which may be less than |w|)
    distance = jnp.max(jnp.where(free, jnp.abs(run.v - w), 0))
    goal = 0.5 * plan.residual_tolerance * (1 + jnp.max(jnp.abs(w)))
    wait = jnp.log(jnp.maximum(distance / goal, 1))
    end = jnp.where(settled & plan.until_steady, run.time + wait, duration)
    end = jnp.minimum(end, duration)
    out_of_flips = (run.flips >= plan.max_steps) & ~settled
    end = jnp.where(out_of_flips, run.time, end)
    final = _relax(w, run.v, end - run.time, free)
    residual = jnp.max(jnp.where(free, jnp.abs(w - final), 0))
    residual = residual / (1 + jnp.max(jnp.abs(final)))
    steady = settled & (residual < plan.residual_tolerance)
    rested = jnp.where(steady, Ending.STEADY, Ending.UNSETTLED)
    ending = rested if plan.until_steady else jnp.full((), Ending.DURATION)
    ending = jnp.where(out_of_flips, Ending.MAX_STEPS, ending)
    finite = jnp.all(jnp.isfinite(w)) & jnp.isfinite(run.energy)
    later = plan.times >= end
    samples = jnp.where(later[:, None], final, run.samples)
    energies = jnp.where(later, run.energy, run.energies)
    signs = jax.vmap(network.feature_lagrangian.activation)(samples)
    return Solution(
        energy=energies,
        effective_energy=energies,
        gap=jnp.zeros_like(energies),
        dissipation=energies[0] - energies,
        final=final,
        final_memory=run.h,
        end_time=end,
        steps=run.flips,
        rejected=jnp.zeros((), int),
        residual=residual,
        worst_rise=run.worst_rise,
        worst_time=run.worst_time,
        rise_limit=run.rise_limit,
        worst_excess=run.worst_excess,
        ledger_residual=run.ledger,
        ledger_tolerance=plan.ledger_constant,
        ending=jnp.where(finite, ending, Ending.NONFINITE),
        v=samples if "v" in plan.save else None,
        g=signs if "g" in plan.save else None,
        h=run.hidden,
        log=run.log,
    )
