"""`find_attractors`: the fixed points that a batch of probes reaches, in a table."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from .._common.arrays import table
from .._common.display import in_short, low_to_high, many, shares, Shown, tally
from .._common.entries import public_entry
from .._common.types import AnyArray
from ..data.patterns import overlap
from ..dynamics import AbstractDynamics
from ..dynamics._base import require_dynamics
from ..network import Network, require_network
from ..records import AbstractResult, Dataset, dataset, PURE, Variables
from ..simulation import simulate
from ..statistics import wilson, wilsons
from ..trajectory import Trajectory
from .classes import CLASSES, classify, has_odd_activation
from .distinct_roots import distinct, settle, Settled
from .spectra import (
    attracting,
    describe,
    eigenvalues_at,
    require_decidable_stability,
    RestSpectra,
)


MAX_FLOW_STEP = 0.25  # of an AltIMEX step that still follows the flow, in tau_feature
TIGHT_TOLERANCES = {"rtol": 1e-10, "atol": 1e-12, "residual_tolerance": 1e-9}
FLOW_ARGUMENTS = {"solver", "step", "rtol", "atol", "residual_tolerance", "max_steps"}
FLOW_ARGUMENTS |= {"key", "chunk", "devices", "progress"}


@dataclasses.dataclass(frozen=True, repr=False)
class Attractors(AbstractResult):
    """The attractors that a batch of probes reached, and the basin of every probe.

    `table` has the dimension `attractor`: the state `v`, `f`, `energy`, `residual`,
    `s_max`, `index` (unstable directions), `hits`, `fraction` with `fraction_low` and
    `fraction_high` (Wilson), `kind`, `stable`, and along `memory` the `overlap` and
    the `members`: the memories that flow there. Fixed points that do not attract (kinds
    "saddle", "marginal" and "singular") are last. The scalars `unconverged` and
    `unconverged_fraction` (with `_low` and `_high`) count the other probes;
    `memory_label` is the row to which each memory flows (-1: it did not converge), and
    `memories_unconverged` the number that did not. `duration` is the longest flow that
    was waited for.
    """

    network: Network
    dynamics: AbstractDynamics
    table: Dataset
    labels: Int[np.ndarray, " probe"]  # row of the table; -1: not converged
    flow: Mapping[str, Any]  # the arguments of `simulate`

    @property
    def number(self) -> int:
        """The number of fixed points that attract."""
        return int(np.sum(self.table["stable"].values))

    @property
    def decay(self) -> float:
        """The decay alpha of the dynamics."""
        return self.dynamics.rest_decay

    def variables(self) -> Variables:
        """The table, with the row of every probe, `basin`, and the memories."""
        found = self.table.data_vars
        memories = np.asarray(self.network.memories)
        return {
            **{str(name): (x.dims, x.values, x.attrs) for name, x in found.items()},
            "basin": (
                "probe",
                self.labels,
                {"long_name": "attractor, -1: unconverged"},
            ),
            "memories": (("memory", "feature"), memories, PURE),
        }

    def _shown(self) -> Shown:
        known, probes = self.table, len(self.labels)
        kinds, stable = known["kind"].values, known["stable"].values
        of = lambda name: float(known[name].values)
        lost, share = int(of("unconverged")), of("unconverged_fraction")
        wilson_ends = f"[{of('unconverged_low'):.4f}, {of('unconverged_high'):.4f}]"
        strays = int(of("memories_unconverged"))
        rest = tally(kinds[~stable])
        flow = ", ".join(f"{name} {in_short(x)}" for name, x in self.flow.items())
        return Shown(
            f"Attractors: {self.number} from {many(probes, 'probe')} and "
            f"{many(self.network.count, 'memory', 'memories')}, "
            f"{many(self.network.features, 'feature')}",
            [
                ("classes", tally(kinds[stable]) or "none"),
                ("others", f"fixed points that do not attract: {rest}" if rest else ""),
                (
                    "unconverged",
                    f"{lost} of {probes} probes = {share:.4f} {wilson_ends} (95 % "
                    f"Wilson); {strays} of {self.network.count} memories",
                ),
                ("energy", low_to_high(known["energy"].values[stable])),
                (
                    "s_max",
                    f"{low_to_high(known['s_max'].values[stable])}; stable below "
                    f"{self.decay**0.5:.4g}",
                ),
                ("motion", f"{in_short(self.dynamics)}; {flow}"),
                ("memories", in_short(self.network.memory_lagrangian)),
            ],
        )

    def _picture(self) -> str:
        known = self.table
        hit = known["fraction"].values, known["stable"].values
        parts = [(float(x), bool(good)) for x, good in zip(*hit, strict=True) if x]
        lost = float(known["unconverged_fraction"].values)
        parts += [(lost, False)] if lost else []
        told = "shares of the probes; dashed: of what does not attract, and unconverged"
        return shares(parts, told)


@public_entry
def find_attractors(
    network: Network,
    dynamics: AbstractDynamics,
    probes: Float[AnyArray, "probe feature"],
    *,
    duration: float | None = None,
    eigenvalues: bool = False,
    **flow: Any,
) -> Attractors:
    r"""The attractors that a batch of probes reaches, and their shares of the probes.

    Every probe flows to rest; one end of each cluster is polished by Newton's method,
    and roots are the same attractor if they agree within 1e-6 in v and in f. A probe
    that does not converge has the label -1. Fixed points and stability do not depend on
    the time constants, but basins do: they are those of `dynamics`. [THEORY 5.1-5.4]

    The class has no parameters. The memories flow too: an attractor reached by exactly
    one of them is a memory, by several metastable, by all (of several) the global
    average, and by none spurious, or an inverse memory if exactly one $-\xi_\mu$ flows
    there and f is odd; "unclassified" if that depends on a memory that did not
    converge. A fixed point that is not stable, $s_{max}^2 \ge \alpha$, is not an
    attractor. Flows to a critical point, $s_{max}^2 = \alpha$, or to a jump of an
    activation do not converge and have the label -1. If $L_h$ is not convex and memory
    neurons lag, stability is that of the Jacobian.

    **Arguments:**

    - `probes`: initial states of the feature neurons.
    - `duration`: the longest flow, in units of `tau_feature` (spins: sweeps); default
      1000 of the slowest time constants of the dynamics, over the decay if it is below
      1 (spins: 100 sweeps). Probes that rest before end there; the table tells it.
    - `eigenvalues`: True adds all eigenvalues of the Jacobian of `dynamics`, and
      `eigenvalues_imag` where they are not real ($L_h$ not convex).
    - `flow`: further arguments of `simulate`: `solver`, `step`, `rtol`, `atol`,
      `residual_tolerance`, `max_steps`, `chunk`, `devices`, `key`, `progress`.

    Raises ValueError for a drive, for a decay <= 0 (nothing comes to rest) and for
    AltIMEX steps > 0.25, which approximate attention rather than the flow.
    """
    require_network(network)
    require_dynamics(dynamics)
    probes = table(probes, "Probes", "probe", network.features, network.dtype)
    # before any work: ValueError for what cannot be decided
    check_search(network, dynamics, flow)
    longest = dynamics.rest_duration if duration is None else duration
    flow = {"duration": longest, **flow}
    decay = dynamics.rest_decay
    own = np.asarray(network.memories, np.float64)
    if dynamics.discrete:
        own = np.where(own >= 0, 1.0, -1.0)
    starts = [probes, own, -own] if has_odd_activation(network) else [probes, own]
    ends, rested = _flown(network, dynamics, np.concatenate(starts), flow)
    found, known = _settled(network, dynamics, decay, ends, rested, flow)
    cuts = np.cumsum([len(x) for x in starts])[:-1]
    labels, members, *mirrored = np.split(found.labels, cuts)
    kinds, membership = classify(network, decay, known, members, mirrored)
    stable = ~np.isin(kinds, CLASSES[6:])
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
        values = eigenvalues_at(network, dynamics, decay, found.v, known.gains)
        for name, part in (("", np.real(values)), ("_imag", np.imag(values))):
            # similar to a symmetric matrix: an imaginary part may be rounding alone
            if not name or np.any(np.abs(part) > 1e-9 * (1 + np.abs(values))):
                axes = (one, "eigenvalue")
                units = {"units": "1 / tau_feature"}
                variables[f"eigenvalues{name}"] = (axes, part, units)
    data = (
        dataset(variables)
        .isel({one: order})
        .assign_coords({one: np.arange(len(order))})
    )
    unit = "sweeps" if dynamics.discrete else "tau_feature"
    lost = int(np.sum(labels < 0))
    share = wilson(lost, len(labels))
    data = data.assign(
        unconverged=((), lost, {"long_name": "probes that did not come to rest"}),
        unconverged_fraction=((), lost / len(labels)),
        unconverged_low=((), share[0]),
        unconverged_high=((), share[1]),
        memory_label=("memory", place[members], {"long_name": "where a memory flows"}),
        memories_unconverged=((), int(np.sum(members < 0))),
        duration=((), longest, {"long_name": "the longest flow", "units": unit}),
    )
    quiet = {k: x for k, x in flow.items() if k != "progress"}
    return Attractors(network, dynamics, data, place[labels], quiet)


@public_entry
def label_basins(
    attractors: Attractors, states: Float[AnyArray, "state feature"], **flow: Any
) -> Int[np.ndarray, " state"]:
    """The row of the table to which every state flows; -1 for none, or if unconverged.

    The dynamics and the arguments of `simulate` are those of the table, except for the
    arguments given in `flow`.
    """
    found = attractors
    decay = found.decay
    settings, network = {**found.flow, **flow}, found.network
    states = table(states, "States", "state", network.features, network.dtype)
    ends, rested = _flown(network, found.dynamics, states, settings)
    seen, _ = _settled(network, found.dynamics, decay, ends, rested, settings)
    known = found.table["v"].values
    roots = np.concatenate([known, seen.v])
    fits = np.ones(len(roots), bool)
    whole = distinct(found.network, roots, np.zeros(len(roots)), fits).labels
    row = np.full(len(seen.v) + 1, -1)  # the last one is for the label -1
    for k, root in enumerate(whole[len(known) :]):
        same = np.flatnonzero(whole[: len(known)] == root)
        row[k] = same[0] if same.size else -1
    return row[seen.labels]


# --- flows ----------------------------------------------------------------------------


def check_search(
    network: Network, dynamics: AbstractDynamics, flow: Mapping[str, Any]
) -> None:
    """Raises ValueError for what `find_attractors` refuses; computes nothing."""
    if not dynamics.rest_decay > 0:  # most raise by themselves
        raise ValueError("Fixed points need a decay > 0.")
    require_decidable_stability(network, dynamics)
    unknown = set(flow) - FLOW_ARGUMENTS - {"duration"}
    if unknown:
        raise ValueError(
            "Attractors take the arguments of simulate "
            f"{', '.join(sorted(FLOW_ARGUMENTS))}, got {', '.join(sorted(unknown))}."
        )
    _check_step(flow.get("solver", "auto"), flow.get("step"))


def _check_step(solver: Any, step: float | None) -> None:
    """Raises ValueError for steps of AltIMEX that are attention, not the flow."""
    if isinstance(solver, str):
        alternating = solver == "altimex"
    else:
        from ..solvers import AltIMEX

        alternating = isinstance(solver, AltIMEX)
    if alternating and step is not None and step > MAX_FLOW_STEP:
        raise ValueError(
            f"AltIMEX with a step of {step:g} tau_feature is attention (CCCP), not the "
            "flow: it has the same fixed points but other basins. Basins are those of "
            f"the requested dynamics; use a step <= {MAX_FLOW_STEP:g}, or leave it out."
        )


def _flown(
    network: Network,
    dynamics: AbstractDynamics,
    states: np.ndarray,
    flow: Mapping[str, Any],
) -> tuple[Float[np.ndarray, "state feature"], Bool[np.ndarray, " state"]]:
    """Where every state ends, and whether it came to rest there."""
    step, solver = flow.get("step"), flow.get("solver", "auto")
    if step is not None and solver == "auto":
        chosen = dynamics.method(network, states, flow["duration"], solver, step)
        _check_step(chosen.solver, step)
    flow = {"audit": False, **flow}
    found = simulate(network, dynamics, states, samples=2, save=(), **flow)
    return np.asarray(found.final, np.float64), _rested(found)


def _rested(found: Trajectory) -> Bool[np.ndarray, " state"]:
    return found.converged & np.all(np.isfinite(found.final), axis=1)


def _settled(
    network: Network,
    dynamics: AbstractDynamics,
    decay: float,
    ends: np.ndarray,
    rested: np.ndarray,
    flow: Mapping[str, Any],
) -> tuple[Settled, "RestSpectra"]:
    r"""The fixed points of all ends, and the spectrum of each.

    These are roots of $R(v) = \nabla\Phi(g(v)) - \alpha v$. An end with no root, or
    with one that does not attract, flows on once more under tolerances a thousand times
    tighter; an end that has no root even then keeps the label -1.
    """
    # near a saddle or a degenerate minimum a flow meets the residual tolerance long
    # before it leaves, and Newton's method then polishes the saddle. So the spectra of
    # all roots are computed first, and only ends without an attracting root flow on.
    # Then all ends are settled again, since new ends may share the roots of old ones.
    settled = _settle(network, dynamics, decay, ends, rested)
    known = describe(network, dynamics, decay, settled.v)
    attracts = np.append(attracting(known, decay), False)  # the last one: label -1
    doubtful = rested & ~attracts[settled.labels]
    # exact rest needs no tighter tolerances, and float32 has none
    exact = dynamics.rests_exactly or network.dtype == np.float32
    if exact or not np.any(doubtful):
        return settled, known
    # the progress of these probes was reported before
    again = {**flow, **TIGHT_TOLERANCES, "progress": None}
    further, rested_again = _flown(network, dynamics, ends[doubtful], again)
    ends, rested = ends.copy(), rested.copy()
    ends[doubtful], rested[doubtful] = further, rested_again
    settled = _settle(network, dynamics, decay, ends, rested)
    return settled, describe(network, dynamics, decay, settled.v)


def _settle(
    network: Network,
    dynamics: AbstractDynamics,
    decay: float,
    ends: np.ndarray,
    rested: np.ndarray,
) -> Settled:
    chosen = ends[rested]
    if dynamics.discrete:  # spins at rest are roots as they are
        none = np.zeros(len(chosen))
        found = distinct(network, chosen, none, np.ones(len(chosen), bool))
    else:
        found = settle(network, np.asarray(decay), chosen)
    labels = np.full(len(ends), -1)
    labels[rested] = found.labels
    return found._replace(labels=labels)
