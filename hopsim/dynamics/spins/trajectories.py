"""`simulate` for spins: time in sweeps, and the binary energy after each of them."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Real

from ..._common.types import AnyArray
from ...network import Network
from ...trajectory import Ending, EPSILONS, Promise, Trajectory
from .._base import Method
from .._request import Request


ENERGIES_AT_ONCE = 64  # states whose energies are formed together


class SpinRun(NamedTuple):
    """Where the spins of all starts are after their sweeps."""

    final: np.ndarray  # (start, feature)
    flips: Int[np.ndarray, " start"]
    sweeps: Real[np.ndarray, " start"]  # until they came to rest, or all of them
    ending: Int[np.ndarray, " start"]
    residual: Float[np.ndarray, " start"]  # 0 at rest, NaN where that is not known


def spin_trajectory(
    network: Network,
    probes: Float[np.ndarray, "probe feature"],
    request: Request,
    evolve: Callable[[Callable[[int, np.ndarray], None]], SpinRun],
    promise: Promise,
    method: Method,
) -> Trajectory:
    """The trajectory of spins; a sample is the state after the last whole sweep.

    Energies are computed afresh after every sweep and compared, to rounding; without
    an audit, only those of the samples. Raises ValueError if they are not finite.
    """
    begun = time.perf_counter()
    save = request.saved
    times = request.output.grid(0.0, request.duration)
    at = np.floor(times).astype(int)
    shape = (len(probes), len(times))
    path = np.zeros((*shape, network.features), network.dtype)
    energies = np.zeros(shape, network.dtype)
    rounding = EPSILONS * float(np.finfo(network.dtype).eps)
    last: dict[str, Any] = {}
    count, audit = len(probes), request.output.audit
    worst = {
        "rise": np.zeros(count),
        "time": np.full(count, np.nan),
        "limit": np.zeros(count),
        "excess": np.full(count, -np.inf),
    }

    def watch(sweep: int, spins: np.ndarray) -> None:
        later = at >= sweep
        path[:, later] = spins[:, None]
        last["sweep"] = sweep
        if not audit:
            return
        energy, scale = _finite_energies(network, spins)
        energies[:, later] = energy[:, None]
        if sweep:
            rise = energy - last["energy"]
            limit = rounding * np.maximum(scale, last["scale"])
            higher = rise > worst["rise"]
            worst["rise"] = np.where(higher, rise, worst["rise"])
            worst["time"] = np.where(higher, sweep, worst["time"])
            worst["limit"] = np.where(higher, limit, worst["limit"])
            worst["excess"] = np.maximum(worst["excess"], rise - limit)
        else:
            worst["limit"] = rounding * scale
        last.update(energy=energy, scale=scale)

    found = evolve(watch)
    if not audit:
        worst |= {name: np.full(count, np.nan) for name in worst}
        # at rest nothing changes: each state once
        _, first, seen = np.unique(
            np.minimum(at, last["sweep"]), return_index=True, return_inverse=True
        )
        states = path[:, first].reshape(-1, network.features)
        shown, _ = _finite_energies(network, states)
        energies[:] = shown.reshape(count, -1)[:, seen]
    ending = np.full(count, int(Ending.DURATION))
    end_time, nothing = np.full(count, float(request.duration)), np.full(count, np.nan)
    if request.until == "steady":
        ending, end_time = found.ending, np.asarray(found.sweeps, float)
    final = np.asarray(found.final, network.dtype)
    inputs = lambda s: np.asarray(_inputs(network, s))
    rows = request.output.rows(times)
    dissipated = (energies[:, :1] - energies)[:, rows]
    times, energies, path = times[rows], energies[:, rows], path[:, rows]
    return Trajectory(
        times=times,
        energy=energies,
        effective_energy=energies,
        gap=np.zeros_like(energies),
        dissipation=dissipated,
        final=final,
        final_memory=inputs(final),
        end_time=end_time,
        steps=found.flips,
        rejected=np.zeros(count, int),
        residual=found.residual,
        worst_rise=worst["rise"],
        worst_time=worst["time"],
        rise_limit=worst["limit"],
        worst_excess=worst["excess"],
        ledger_residual=nothing,
        ledger_tolerance=nothing,
        ending=ending,
        promise=promise,
        solver=method.name,
        ledger_kind="not applicable",
        rise_tolerance=rounding,
        rise_gain=0.0,
        v=path if "v" in save else None,
        g=path if "g" in save else None,
        h=inputs(path) if "h" in save else None,
        audited=audit,
        seconds=time.perf_counter() - begun,
    )


def _finite_energies(
    network: Network, spins: AnyArray
) -> tuple[np.ndarray, np.ndarray]:
    energy, scale = (np.asarray(x) for x in _energies(network, spins))
    if not np.all(np.isfinite(energy)):
        raise ValueError(
            "The binary energy must be finite in "
            f"{network.dtype}, got {np.max(np.abs(energy))}; use "
            "normalised = true, or hopsim.relax, which needs no energies."
        )
    return energy, scale


@eqx.filter_jit
def _energies(
    network: Network, spins: AnyArray
) -> tuple[Float[Array, " probe"], Float[Array, " probe"]]:
    """Binary energies, and the sums of their |terms|."""

    def one(s: Array) -> tuple[Array, Array]:
        scale = network.energy_scale(s, network.memory_input(s))
        return network.binary_energy(s), scale

    states = jnp.asarray(spins, network.dtype)
    return jax.lax.map(one, states, batch_size=ENERGIES_AT_ONCE)


@eqx.filter_jit
def _inputs(network: Network, spins: AnyArray) -> Float[Array, "*batch memory"]:
    flat = jnp.asarray(spins, network.dtype).reshape(-1, network.features)
    return jax.vmap(network.memory_input)(flat).reshape(*spins.shape[:-1], -1)
