"""`find_attractors`: where a batch of probes comes to rest, and what is known of it."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from .._common.environment import precision
from .._common.types import AnyArray, cast
from ..data.patterns import overlap
from ..dynamics import (
    AbstractFlow,
    Adiabatic,
    Binary,
    Dynamics,
    Glauber,
    Sharp,
    TwoLayer,
)
from ..network import Network
from ..records import Dataset, dataset
from ..simulation import simulate
from ..solvers import AltIMEX
from ..spectrum import largest_loop_gains, loop_gains, two_layer_eigenvalues
from ..statistics import wilson, wilsons
from ..trajectory import Ending, Trajectory
from .newton import DENSE, in_chunks
from .settling import distinct, FLOOR, settle, Settled, size_of


LONGEST = 0.25  # of an AltIMEX step that still follows the flow, in tau_feature
MARGINAL = 1e-6  # of |s_max^2 - alpha|, below which stability is not decided
NEARLY = 0.8  # s_max^2 / alpha from which Lanczos is not trusted to count
TIGHT = {"rtol": 1e-10, "atol": 1e-12, "residual_tolerance": 1e-9}
KINDS = (
    *("memory", "metastable", "global average", "inverse memory", "spurious"),
    "unclassified",  # an attractor; a memory that came to no rest might flow there
    *("marginal", "saddle", "singular"),  # these are no attractors
)
MOST = 2048  # neurons whose Jacobian is formed, where no theorem tells stability
FLOW = {"solver", "step", "rtol", "atol", "residual_tolerance", "max_steps", "key"}
FLOW |= {"chunk", "devices", "progress"}


@dataclasses.dataclass(frozen=True)
class Attractors:
    """What a batch of probes found, and whose basin each of them lies in.

    `table` has the dimension `attractor`: the state `v`, `f`, `energy`, `residual`,
    `s_max`, `index` (unstable directions), `hits`, `fraction` with `fraction_low` and
    `fraction_high` (Wilson), `kind`, `stable`, and along `memory` the `overlap` and
    the `members`: the memories that flow there. Points of rest that do not attract
    (kinds "saddle", "marginal" and "singular") stand last. The scalars `unconverged`,
    `unconverged_fraction` (with `_low` and `_high`) complete every total;
    `memory_label` tells where each memory flows (-1: it came to no rest), and
    `memories_unconverged` how many did not.
    """

    network: Network
    dynamics: Dynamics
    table: Dataset
    labels: Int[np.ndarray, " probe"]  # row of the table; -1: came to no rest
    flow: Mapping[str, Any]  # the arguments of `simulate`

    @property
    def number(self) -> int:
        """How many points of rest do attract."""
        return int(np.sum(self.table["stable"].values))

    @property
    def decay(self) -> float:
        """The decay alpha of the dynamics."""
        return decay_of(self.dynamics)


def find_attractors(
    network: Network,
    dynamics: Dynamics,
    probes: Float[AnyArray, "probe feature"],
    *,
    duration: float,
    eigenvalues: bool = False,
    **flow: Any,
) -> Attractors:
    r"""The attractors that a batch of probes reaches, and their shares of the probes.

    Every probe flows to rest; one end of each cluster is polished by Newton's method,
    and roots are one attractor if they agree within 1e-6 in v and in f. A probe that
    comes to no rest has the label -1. Fixed points and stability do not depend on the
    time constants, basins do: they are those of `dynamics`. [THEORY 5.1-5.4]

    The class is free of parameters: the memories flow too, and an attractor reached by
    exactly one is a memory, by some metastable, by all of several the global average,
    by none spurious, or an inverse memory if exactly one $-\xi_\mu$ flows there and f
    is odd; "unclassified" if that hangs on a memory that came to no rest. Whatever is
    not stable, $s_{max}^2 \ge \alpha$, is called no attractor. At a critical point,
    $s_{max}^2 = \alpha$, flows slow down for ever, and where an activation jumps there
    is no rest: what tends to such a point has the label -1.
    Where $L_h$ is not convex and memory neurons lag, stability is that of the Jacobian.

    **Arguments:**

    - `probes`: initial states of the feature neurons.
    - `duration`: of the longest flow, in units of `tau_feature`.
    - `eigenvalues`: True adds all eigenvalues of the dynamics' own Jacobian, and
      `eigenvalues_imag` where they are not real ($L_h$ not convex).
    - `flow`: further arguments of `simulate`: `solver`, `step`, `rtol`, `atol`,
      `residual_tolerance`, `max_steps`, `chunk`, `devices`, `key`, `progress`.

    Raises ValueError for a drive, a decay <= 0 (nothing comes to rest) and for steps
    of AltIMEX so long that they are attention, not the flow.
    """
    decay = decay_of(dynamics)
    flow = {"duration": duration, **flow}
    probes = np.asarray(probes)
    if probes.ndim != 2 or probes.shape[1] != network.features or not len(probes):
        raise ValueError(
            f"Probes must have shape (probe, {network.features}), got {probes.shape}; "
            "a single probe is written v[None, :]."
        )
    _undecided(network, dynamics)  # what cannot be judged is refused before any work
    own = np.asarray(network.memories, np.float64)
    if isinstance(dynamics, Binary):
        own = np.where(own >= 0, 1.0, -1.0)
    starts = [probes, own, -own] if _odd(network) else [probes, own]
    ends, rested = _flown(network, dynamics, np.concatenate(starts), flow)
    found, known = _settled(network, dynamics, decay, ends, rested, flow)
    cuts = np.cumsum([len(x) for x in starts])[:-1]
    labels, members, *mirrored = np.split(found.labels, cuts)
    kinds, membership = _classes(network, decay, known, members, mirrored)
    stable = ~np.isin(kinds, KINDS[6:])
    hits = np.bincount(labels[labels >= 0], minlength=len(found.v))
    order = np.lexsort((known.energy, -hits, ~stable))
    place = np.full(len(order) + 1, -1)
    place[order] = np.arange(len(order))
    low, high = wilsons(hits, len(labels)).T
    one = "attractor"
    variables: dict[str, tuple[Any, ...]] = {
        "v": ((one, "feature"), found.v),
        "f": ((one, "memory"), found.f),
        "energy": (one, known.energy),
        "residual": (one, found.residual),
        "s_max": (one, known.s_max, {"long_name": "stable iff s_max^2 < decay"}),
        "index": (one, known.index, {"long_name": "unstable directions"}),
        "hits": (one, hits, {"long_name": "probes that end here"}),
        "fraction": (one, hits / len(labels)),
        "fraction_low": (one, low),
        "fraction_high": (one, high),
        "kind": (one, np.asarray(kinds, dtype=str)),
        "stable": (one, stable, {"long_name": "is an attractor"}),
        "overlap": ((one, "memory"), overlap(known.g, own)),
        "members": ((one, "memory"), membership),
    }
    if eigenvalues:
        values = _eigenvalues(network, dynamics, decay, found.v, known.gains)
        for name, part in (("", np.real(values)), ("_imag", np.imag(values))):
            # a real matrix that is similar to a symmetric one: rounding is left out
            if not name or np.any(np.abs(part) > 1e-9 * (1 + np.abs(values))):
                axes = (one, "eigenvalue")
                units = {"units": "1 / tau_feature"}
                variables[f"eigenvalues{name}"] = (axes, part, units)
    data = (
        dataset(variables)
        .isel({one: order})
        .assign_coords({one: np.arange(len(order))})
    )
    lost = int(np.sum(labels < 0))
    share = wilson(lost, len(labels))
    data = data.assign(
        unconverged=((), lost, {"long_name": "probes that came to no rest"}),
        unconverged_fraction=((), lost / len(labels)),
        unconverged_low=((), share[0]),
        unconverged_high=((), share[1]),
        memory_label=("memory", place[members], {"long_name": "where a memory flows"}),
        memories_unconverged=((), int(np.sum(members < 0))),
    )
    quiet = {k: x for k, x in flow.items() if k != "progress"}
    return Attractors(network, dynamics, data, place[labels], quiet)


def label_basins(
    attractors: Attractors, states: Float[AnyArray, "state feature"], **flow: Any
) -> Int[np.ndarray, " state"]:
    """The row of the table to which every state flows, -1 for none of them or no rest.

    By the dynamics of the table, and with its arguments of `simulate` unless some are
    given.
    """
    found = attractors
    decay = found.decay
    asked = {**found.flow, **flow}
    ends, rested = _flown(found.network, found.dynamics, np.asarray(states), asked)
    seen, _ = _settled(found.network, found.dynamics, decay, ends, rested, asked)
    known = found.table["v"].values
    roots = np.concatenate([known, seen.v])
    fits = np.ones(len(roots), bool)
    whole = distinct(found.network, roots, np.zeros(len(roots)), fits).labels
    row = np.full(len(seen.v) + 1, -1)  # the last one is that of the label -1
    for k, root in enumerate(whole[len(known) :]):
        same = np.flatnonzero(whole[: len(known)] == root)
        row[k] = same[0] if same.size else -1
    return row[seen.labels]


# --- flows ----------------------------------------------------------------------------


def decay_of(dynamics: Dynamics) -> float:
    """The decay alpha, or one ValueError where a motion has no fixed points."""
    if isinstance(dynamics, Glauber):
        raise ValueError(
            "A heat bath has no fixed points; ask for those of Binary, its motion at "
            "T = 0."
        )
    if getattr(dynamics, "driven", False):
        raise ValueError(
            "A driven network has no fixed points; leave the drive out, or give its "
            "mean as the network's current."
        )
    decay = float(np.asarray(getattr(dynamics, "decay", 1.0)))
    if decay <= 0:
        raise ValueError(
            f"Fixed points need a decay > 0, got {decay:g}: without it only the "
            "direction of v comes to rest."
        )
    return decay


def _flown(
    network: Network, dynamics: Dynamics, states: np.ndarray, flow: Mapping[str, Any]
) -> tuple[Float[np.ndarray, "state feature"], Bool[np.ndarray, " state"]]:
    """Where every state ends, and whether it came to rest there."""
    unknown = set(flow) - FLOW - {"duration"}
    if unknown:
        raise ValueError(
            "Attractors take the arguments of simulate "
            f"{', '.join(sorted(FLOW))}, got {', '.join(sorted(unknown))}."
        )
    step, solver = flow.get("step"), flow.get("solver", "auto")
    if step is not None and solver == "auto" and isinstance(dynamics, AbstractFlow):
        chosen = dynamics.method(network, states, flow["duration"], solver, step)
        solver = chosen.solver
    alternating = solver == "altimex" or isinstance(solver, AltIMEX)
    if alternating and step is not None and step > LONGEST:
        raise ValueError(
            f"AltIMEX with a step of {step:g} tau_feature is attention (CCCP), not the "
            "flow: it has the same fixed points but other basins. Basins are those of "
            f"the dynamics asked for; use a step <= {LONGEST:g}, or leave it out."
        )
    if not isinstance(dynamics, Binary):  # spins have no audit to leave out
        flow = {"audit": False, **flow}
    found = simulate(network, dynamics, states, samples=2, save=(), **flow)
    return np.asarray(found.final, np.float64), _rested(found)


def _rested(found: Trajectory) -> Bool[np.ndarray, " state"]:
    return (found.ending == Ending.STEADY) & np.all(np.isfinite(found.final), axis=1)


def _settled(
    network: Network,
    dynamics: Dynamics,
    decay: float,
    ends: np.ndarray,
    rested: np.ndarray,
    flow: Mapping[str, Any],
) -> tuple[Settled, "Known"]:
    """The fixed points of all ends, and what is known of each.

    Where an end is near no root, or near one that does not attract, the flow was
    perhaps stopped too soon: it goes on, a thousand times more exactly.
    """
    settled = _settle(network, dynamics, decay, ends, rested)
    known = describe(network, dynamics, decay, settled.v)
    attracts = np.append(_attracts(known, decay), False)  # the last one: label -1
    doubtful = rested & ~attracts[settled.labels]
    exact = isinstance(dynamics, Binary | Sharp) or network.dtype == np.float32
    if exact or not np.any(doubtful):
        return settled, known
    again = {**flow, **TIGHT, "progress": None}  # the probes have been told of
    further, rested_again = _flown(network, dynamics, ends[doubtful], again)
    ends, rested = ends.copy(), rested.copy()
    ends[doubtful], rested[doubtful] = further, rested_again
    settled = _settle(network, dynamics, decay, ends, rested)
    return settled, describe(network, dynamics, decay, settled.v)


def _settle(
    network: Network,
    dynamics: Dynamics,
    decay: float,
    ends: np.ndarray,
    rested: np.ndarray,
) -> Settled:
    chosen = ends[rested]
    if isinstance(dynamics, Binary):  # spins that rest are what they are
        none = np.zeros(len(chosen))
        found = distinct(network, chosen, none, np.ones(len(chosen), bool))
    else:
        found = settle(network, np.asarray(decay), chosen)
    labels = np.full(len(ends), -1)
    labels[rested] = found.labels
    return found._replace(labels=labels)


# --- spectra and energies -------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of every point of rest."""

    g: Float[np.ndarray, "root feature"]
    energy: Float[np.ndarray, " root"]
    s_max: Float[np.ndarray, " root"]  # NaN where there is no derivative
    index: Int[np.ndarray, " root"]  # and -1 there
    gains: Float[np.ndarray, "root feature"] | None  # all of them, if they are few


def describe(
    network: Network, dynamics: Dynamics, decay: float, v: np.ndarray
) -> Known:
    """Energies and spectra of points of rest, those of spins without derivatives."""
    few, spins = network.features <= DENSE, isinstance(dynamics, Binary)
    if not len(v):
        none = np.zeros(0)
        return Known(v, none, none, none.astype(int), v)
    with precision("float64"):
        net, alpha = cast(network, np.float64), np.asarray(decay, np.float64)
        if spins:
            # no other state is infinitely near: what rests is stable
            energy = in_chunks(_binary_energies, net, alpha, v, dense=False)
            return Known(
                v, energy, np.full(len(v), np.nan), 0 * v[:, 0].astype(int), None
            )
        found = in_chunks(partial(_look, few), net, alpha, v, dense=few)
        g, energy, gains = found
        top, index = gains[:, 0].copy(), np.sum(gains > decay, axis=1)
        near = np.flatnonzero(top > NEARLY * decay)
        if not few and near.size:
            exact = in_chunks(_all_gains, net, alpha, v[near], dense=True)
            top[near], index[near] = exact[:, 0], np.sum(exact > decay, axis=1)
    if _undecided(network, dynamics):
        values = _dense_eigenvalues(network, dynamics, v)
        index = np.sum(np.real(values) > 0, axis=1)
    s_max = np.sqrt(np.maximum(top, 0))
    odd = _singular(network, v)
    s_max[odd], index[odd] = np.nan, -1
    return Known(g, energy, s_max, index, gains if few else None)


@eqx.filter_jit
def _look(
    few: bool, network: Network, decay: AnyArray, v: AnyArray
) -> tuple[Array, Array, Array]:
    """Activations, energies and loop gains: all of them if they are few."""
    gains = loop_gains if few else largest_loop_gains

    def one(v: Array) -> tuple[Array, Array, Array]:
        g = network.feature_lagrangian.activation(v)
        energy = network.effective_energy(v, decay)
        return g, energy, gains(network, v, network.memory_input(g))

    return jax.vmap(one)(v)


@eqx.filter_jit
def _all_gains(network: Network, decay: AnyArray, v: AnyArray) -> Array:
    return jax.vmap(lambda v: loop_gains(network, v, _slaved(network, v)))(v)


def _slaved(network: Network, v: AnyArray) -> Array:
    return network.memory_input(network.feature_lagrangian.activation(v))


def _singular(network: Network, v: np.ndarray) -> Bool[np.ndarray, " root"]:
    """Where the activation of v jumps: v = 0 of model C, v_i = 0 of signs."""
    feature = network.feature_lagrangian
    if feature.degree != 1:
        return np.zeros(len(v), bool)
    small = np.abs(v) <= 1e-9 * size_of(v) + FLOOR
    return np.any(small, axis=1) if feature.additive else np.all(small, axis=1)


@eqx.filter_jit
def _binary_energies(network: Network, decay: AnyArray, v: AnyArray) -> Array:
    return jax.vmap(network.binary_energy)(v)


def _undecided(network: Network, dynamics: Any) -> bool:
    """If loop gains do not tell stability: memory neurons lag, and L_h is not convex.

    Raises ValueError where a Jacobian would be too large to ask instead.
    """
    lagging = isinstance(dynamics, TwoLayer) or (
        isinstance(dynamics, Adiabatic) and dynamics.tau_memory is not None
    )
    undecided = lagging and not network.memory_lagrangian.convex
    if undecided and network.features + network.count > MOST:
        raise ValueError(
            f"{type(network.memory_lagrangian).__name__} is not convex: where memory "
            "neurons lag, stability is that of the whole Jacobian, which is formed for "
            f"{MOST} neurons at most; use Adiabatic() without tau_memory."
        )
    return undecided


def _eigenvalues(
    network: Network,
    dynamics: Any,
    decay: float,
    v: np.ndarray,
    gains: np.ndarray | None,
) -> Shaped[np.ndarray, "root eigenvalue"]:
    """All eigenvalues of the dynamics at rest, ascending; closed forms first."""
    if isinstance(dynamics, Binary):
        raise ValueError("Spins have no Jacobian; leave eigenvalues out.")
    with precision("float64"):
        net, alpha = cast(network, np.float64), np.asarray(decay, np.float64)
        if gains is None:
            gains = in_chunks(_all_gains, net, alpha, v, dense=True)
    assert gains is not None
    if isinstance(dynamics, Sharp):
        return gains[:, ::-1] - 1
    memory = dynamics.tau_memory
    plain = np.ndim(dynamics.tau_feature) == 0 and np.ndim(memory) == 0
    if isinstance(dynamics, Adiabatic) and plain and memory is None:
        return gains[:, ::-1] - decay
    if not plain or network.autapse is not None or not network.memory_lagrangian.convex:
        return _dense_eigenvalues(network, dynamics, v)
    ratio = np.asarray(memory / dynamics.tau_feature, np.float64)
    if isinstance(dynamics, Adiabatic):  # a mass, 1 + ratio s^2 in units of tau_f
        return np.sort((gains - decay) / (1 + ratio * gains), axis=1)
    if decay != 1:
        return _dense_eigenvalues(network, dynamics, v)
    with precision("float64"):
        modes = min(network.features, network.count)
        s = np.sqrt(np.maximum(gains[:, :modes], 0))
        closed = partial(
            two_layer_eigenvalues, features=network.features, count=network.count,
            tau_feature=np.ones(()), tau_memory=ratio,
        )  # fmt: skip
        return np.asarray(eqx.filter_jit(jax.vmap(closed))(jnp.asarray(s)))


def _dense_eigenvalues(
    network: Network, dynamics: Any, v: np.ndarray
) -> Shaped[np.ndarray, "root eigenvalue"]:
    """Eigenvalues of the Jacobian by autodiff, by their real parts, ascending."""
    with precision("float64"):
        net, motion = cast(network, np.float64), cast(dynamics, np.float64)
        jacobian = lambda net, _, v: _jacobians(net, motion, v)
        mass, force = in_chunks(jacobian, net, np.ones(()), v, dense=True)
    known = np.all(np.isfinite(mass) & np.isfinite(force), axis=(1, 2))
    values = np.full(force.shape[:2], np.nan, complex)  # where g jumps there are none
    values[known] = np.linalg.eigvals(np.linalg.solve(mass[known], force[known]))
    return np.take_along_axis(values, np.argsort(np.real(values), axis=1), axis=1)


@eqx.filter_jit
def _jacobians(network: Network, dynamics: Any, v: AnyArray) -> tuple[Array, Array]:
    """What multiplies the rates, and the derivative of what drives them, at rest."""
    features = network.features
    free = jnp.ones((features,), bool)
    two = isinstance(dynamics, TwoLayer)
    lagging = not two and dynamics.tau_memory is not None
    # without its mass: at rest the mass itself is not differentiated
    plain = dataclasses.replace(dynamics, tau_memory=None) if lagging else dynamics

    def one(v: Array) -> tuple[Array, Array]:
        def field(x: Array) -> Array:
            state = (x[:features], x[features:]) if two else (x,)
            return jnp.concatenate(plain.field(network, state, free))

        x = jnp.concatenate([v, _slaved(network, v)]) if two else v
        mass = jnp.eye(len(x), dtype=x.dtype)
        if lagging:
            mass = jax.vmap(lambda dv: dynamics.mass(network, (v,), free, dv))(mass).T
        return mass, jax.jacfwd(field)(x)

    return jax.vmap(one)(v)


# --- classes --------------------------------------------------------------------------


def _attracts(known: Known, decay: float) -> Bool[np.ndarray, " root"]:
    """Stable beyond doubt; spins (without s_max) are if they rest."""
    clear = np.nan_to_num(known.s_max) ** 2 < decay * (1 - MARGINAL)
    return (known.index == 0) & clear


def _classes(
    network: Network,
    decay: float,
    known: Known,
    members: Int[np.ndarray, " memory"],
    mirrored: list[np.ndarray],
) -> tuple[list[str], Bool[np.ndarray, "root memory"]]:
    """The class of every point of rest, and which memories flow there."""
    lost = bool(np.any(np.concatenate([members, *mirrored]) < 0))
    rows = np.arange(len(known.g))[:, None]
    reached = members[None] == rows
    inverse = mirrored[0][None] == rows if mirrored else np.zeros_like(reached)
    attracts = _attracts(known, decay)
    kinds = []
    for k in range(len(known.g)):
        size = int(np.sum(reached[k]))
        unsure = size < 2 and lost
        away = known.s_max[k] ** 2 - decay
        if known.index[k] < 0:
            kind = "singular"
        elif not attracts[k]:
            kind = "marginal" if abs(away) <= MARGINAL * decay else "saddle"
        elif unsure:
            kind = "unclassified"
        elif size == 0:
            kind = "inverse memory" if np.sum(inverse[k]) == 1 else "spurious"
        elif size == 1:
            kind = "memory"
        else:
            kind = "global average" if size == network.count else "metastable"
        kinds.append(kind)
    return kinds, reached


def _odd(network: Network) -> bool:
    """True if f(-h) = -f(h) at least at one generic h: F is even."""
    with precision("float64"):
        h = np.cos(2.0 * np.arange(network.count) + 0.5)
        f = cast(network, np.float64).memory_lagrangian.activation
        there, back = np.asarray(f(jnp.asarray(h))), np.asarray(f(jnp.asarray(-h)))
    return bool(np.all(np.abs(there + back) <= 1e-12 * np.max(np.abs(there))))
