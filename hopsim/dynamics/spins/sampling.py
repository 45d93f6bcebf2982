r"""`sample`: many starts under a heat bath, and what is measured after each sweep.

Every start has its own counter-based stream of random numbers, one number per visit:
spin i becomes +1 iff its energy gap exceeds $T \ln[u/(1-u)]$. Neither the engine nor
the number of threads changes the numbers drawn or, with integer gaps, any decision.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float, Int, Real

from ..._common.arrays import numbers, table
from ..._common.clock import phase
from ..._common.display import curves, low_to_high, many, middle_and_most, Shown, some
from ..._common.entries import public_entry
from ..._common.progress import counted, Progress
from ..._common.streams import as_stream, Stream
from ..._common.types import AnyArray
from ...network import Network, require_network
from ...records import AbstractResult, PURE, Variables
from .._request import require, require_whole
from ._base import AbstractSpinDynamics
from ._heat_bath_engines import choose_engine, HeatBathEngine
from ._starts import check_spin_dynamics, check_starts
from .couplings import Couplings
from .flip_rules import HeatBath, OLDER_WORDS, visits_of


AT_ONCE = 2**22  # thresholds drawn at once


@dataclasses.dataclass(frozen=True, repr=False)
class Samples(AbstractResult):
    """Samples of a heat bath, on the host; means are over the sweeps after `burn`.

    If the bath cools, they are over sweeps after `cooling` only.

    Energies are those of the network, $-\\Phi(s)$, and not per spin. Under parallel
    tempering all values are those of the replica at T.
    """

    final: np.ndarray  # (start, feature): int8 unless clamped values are not spins
    overlap: Float[np.ndarray, "start reference"]  # mean of reference . s / N
    unsigned: Float[np.ndarray, "start reference"]  # mean of |reference . s| / N
    twin: Float[np.ndarray, " pair"]  # mean of s . s' / N of starts 2k and 2k + 1
    energy: Float[np.ndarray, " start"]  # mean
    overlaps: Float[np.ndarray, "start sweep reference"]  # after every sweep
    energies: Float[np.ndarray, "start sweep"]
    twins: Float[np.ndarray, "pair sweep"]
    flips: Int[np.ndarray, " start"]  # of all its replicas, in all sweeps
    exchanged: Float[np.ndarray, " neighbours"]  # share of exchanges that were made
    engine: str
    burn: int

    @property
    def kernel(self) -> str:
        """An older name of `engine`."""
        return self.engine

    def variables(self) -> Variables:
        """Its variables, with dimensions such as `start`, `sweep` and `reference`."""
        axes = {
            "final": ("start", "feature"),
            "overlap": ("start", "reference"),
            "unsigned": ("start", "reference"),
            "twin": ("pair",),
            "energy": ("start",),
            "overlaps": ("start", "sweep", "reference"),
            "energies": ("start", "sweep"),
            "twins": ("pair", "sweep"),
            "flips": ("start",),
            "exchanged": ("neighbours",),
        }
        return {
            **{
                name: (where, getattr(self, name), PURE) for name, where in axes.items()
            },
            # as the energy of a trajectory: times[k] is the end of so many sweeps
            "time": (
                "sweep",
                np.arange(self.energies.shape[1]) + 1,
                {"units": "sweeps"},
            ),
            "engine": ((), self.engine),
            "burn": ((), self.burn, {"long_name": "sweeps that the means leave out"}),
        }

    def _shown(self) -> Shown:
        starts, sweeps = self.energies.shape
        spins, count = self.final.shape[1], self.overlap.shape[1]
        overlaps = f"with {many(count, 'reference')}: means {low_to_high(self.overlap)}"
        ladder = [f"{share:.2g}" for share in self.exchanged]
        return Shown(
            f"Samples of {many(starts, 'start')} of {many(spins, 'spin')} under a heat "
            "bath",
            [
                ("sweeps", f"{sweeps}; means after {self.burn}, and after any cooling"),
                ("energy", f"means of the starts: {low_to_high(self.energy)}"),
                ("overlaps", overlaps if count else ""),
                (
                    "twins",
                    f"means of pairs: {low_to_high(self.twin)}"
                    if self.twin.size
                    else "",
                ),
                ("flips", f"{middle_and_most(self.flips)} of a start"),
                ("exchanges", f"made: a share of {some(ladder)}" if ladder else ""),
                ("engine", self.engine),
            ],
        )

    def _picture(self) -> str:
        sweeps = np.arange(self.energies.shape[1]) + 1
        told = f"energy of {many(len(self.energies), 'start')} over sweeps"
        return curves(sweeps, self.energies, told)


@public_entry
def sample(
    system: Network | Couplings,
    dynamics: AbstractSpinDynamics,
    starts: Real[AnyArray, "start feature"],
    *,
    sweeps: int,
    burn: int = 0,
    key: Any = 0,
    references: Real[AnyArray, "reference feature"] | None = None,
    clamped: Bool[AnyArray, " feature"] | None = None,
    engine: HeatBathEngine = "auto",
    devices: Sequence[Any] | None = None,
    watch: Callable[[int, np.ndarray], None] | None = None,
    progress: Progress = None,
    kernel: str | None = None,
) -> Samples:
    """Sweep every start under the heat bath. [TT24]

    **Arguments:**

    - `system`: a network, such as `student(examples, n)`, or `Couplings`.
    - `starts`: spins of +1 and -1; clamped ones may be any number in [-1, 1].
    - `sweeps`, `burn`: how many in all, and how many of them the means leave out.
    - `key`: a seed, a JAX key or a `Stream`.
    - `references`: spins with which overlaps are taken.
    - `clamped`: spins that stay as they are.
    - `engine`: "couplings" sums the memories up first (three sites: `couplings`),
      "examples" keeps their inputs, "lockstep" visits the same spin of all starts
      together, for accelerators and for memories that are not spins; "auto" takes the
      one that is expected to be fastest. "couplings" and "examples" follow the same
      trajectories, spin for spin.
    - `kernel`: an older name of `engine` ("lanes": "lockstep").
    - `watch`: called as `watch(sweep, spins)` for sweep = 0, 1, ... with all spins.
    - `progress`: True shows a bar, or lines where there is no terminal. A function is
      called with (sweeps done, sweeps in all).

    Raises ValueError for starts that are no spins, memories that the engine cannot
    take, and energies that are not finite.
    """
    # --- validate
    if not isinstance(system, Couplings):
        require_network(system)
    features = system.features
    starts, free = check_sampling(features, dynamics, starts, sweeps, burn, clamped)
    bath = dynamics.heat_bath
    seen = np.zeros((0, features))
    if references is not None:
        given = numbers(references, "References")
        if given.shape != seen.shape:  # none at all
            seen = table(given, "References", "reference", features)
    devices = list(jax.devices() if devices is None else devices)
    require(bool(devices), "devices", "one device or more", "none")
    replicas = len(bath.ladder)
    work = len(starts) * replicas * sweeps
    if kernel is not None:
        engine = OLDER_WORDS.get(kernel, kernel)
    made_by = choose_engine(system, engine, starts, work, devices)

    # --- sweep
    stream = as_stream(key)
    run = _Run(made_by, bath, np.repeat(starts, replicas, axis=0), free, stream)
    seen32, size = seen.astype(np.float32).T / features, len(starts)
    told: list[tuple[np.ndarray, ...]] = []
    done = 0
    if watch is not None:
        watch(0, run.shown[:, 0])
    with phase("integrate"), counted(progress, "sweeps", sweeps) as count:
        while done < sweeps:
            some = 1 if watch is not None else run.at_once
            run.advance(min(some, sweeps - done))
            path = run.shown  # (start, sweep, feature)
            floats = path.astype(np.float32)
            pairs = floats[: size // 2 * 2].reshape(-1, 2, *floats.shape[1:])
            twins = np.einsum("ptf,ptf->pt", pairs[:, 0], pairs[:, 1]) / features
            told.append((floats @ seen32, run.energies, twins))
            done += path.shape[1]
            if watch is not None:
                watch(done, path[:, -1])
            if count is not None:
                count(done, sweeps)

    # --- collect
    columns = zip(*told, strict=True)
    overlaps, energies, twins = (
        np.concatenate(x, axis=1).astype(float) for x in columns
    )
    if not np.all(np.isfinite(energies)):
        raise ValueError(
            "Energies must be finite, got NaN or infinity; rescale the interaction, or "
            "use float64 memories."
        )
    kept = slice(max(burn, bath.cools), None)
    return Samples(
        final=run.shown[:, -1],
        overlap=overlaps[:, kept].mean(axis=1),
        unsigned=np.abs(overlaps[:, kept]).mean(axis=1),
        twin=twins[:, kept].mean(axis=1),
        energy=energies[:, kept].mean(axis=1),
        overlaps=overlaps,
        energies=energies,
        twins=twins,
        flips=run.flips.reshape(size, replicas).sum(axis=1),
        exchanged=run.exchanged / np.maximum(1, run.proposed),
        engine=made_by.name,
        burn=burn,
    )


# --- one run -------------------------------------------------------------------------


def check_sampling(
    features: int,
    dynamics: AbstractSpinDynamics,
    starts: AnyArray,
    sweeps: int,
    burn: int = 0,
    clamped: AnyArray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The starts and the free spins; ValueError for what `sample` refuses.

    Computes nothing, and takes stand-ins for what is not drawn.
    """
    check_spin_dynamics(dynamics, "sample")
    cools = dynamics.heat_bath.cools
    starts, free = check_starts(features, starts, clamped)
    require_whole("sweeps", sweeps)
    require_whole("burn", burn, 0)
    if burn >= sweeps:
        raise ValueError(f"burn must be less than the {sweeps} sweeps, got {burn}.")
    if cools >= sweeps:
        raise ValueError(
            f"The bath cools during its first {cools} sweeps and would not reach its "
            f"temperature in {sweeps}; lower cooling or make more sweeps."
        )
    if not free.size:
        raise ValueError("All spins are clamped; leave one free.")
    return starts, free


class _Run:
    """The replicas of all starts, their temperatures and their random numbers."""

    def __init__(self, engine, bath: HeatBath, spins, free, stream: Stream):
        self.engine, self.bath, self.free = engine, bath, free
        self.stream, self.number = stream, 0
        self.ladder, levels = bath.ladder, len(bath.ladder)
        self.level = np.tile(np.arange(levels), (len(spins) // levels, 1))
        self.states, self.energy = engine.begin(spins)
        self.flips = np.zeros(len(spins), np.int64)
        own = lambda k: stream.child("visits", k).generator()
        self.draws = [own(k) for k in range(len(spins))]
        self.swaps = stream.child("exchanges").generator()
        self.exchanged, self.proposed = np.zeros((2, levels - 1))
        self.shown = spins[::levels, None]  # level 0 comes first
        self.energies = self.energy[::levels, None]

    @property
    def at_once(self) -> int:
        """How many sweeps one call should make."""
        if len(self.ladder) > 1:
            return 1  # replicas change places after each
        return max(1, AT_ONCE // (len(self.flips) * len(self.free)))

    def advance(self, sweeps: int) -> None:
        """Make so many sweeps of all replicas, then exchange neighbours."""
        first = self.number
        numbers = range(first, first + sweeps)
        orders = np.stack(
            [visits_of(self.bath.order, self.free, self.stream, k) for k in numbers]
        )
        levels = len(self.ladder)
        cooled = np.array([self.bath.cooled(k) for k in numbers])
        temperature = self.ladder[self.level.ravel()]

        def thresholds(k: int) -> Float[np.ndarray, "sweep visit"]:
            u = self.draws[k].random(orders.shape)
            with np.errstate(divide="ignore"):
                logit = np.log(u) - np.log1p(-u)
            return (temperature[k] * cooled)[:, None] * logit

        path, gains, moved = self.engine.sweep(self.states, orders, thresholds)
        energies = self.energy[:, None] - gains
        self.energy, self.number = energies[:, -1], first + sweeps
        self.flips += moved
        # the replica that was at T during these sweeps
        cold = np.argmin(self.level, axis=1) + levels * np.arange(len(self.level))
        self.shown, self.energies = path[cold], energies[cold]
        if levels > 1:
            self._exchange()

    def _exchange(self) -> None:
        """Exchange neighbours on the ladder, even and odd pairs in turn."""
        ladder, levels, first = self.ladder, len(self.ladder), self.number % 2
        energy = self.energy.reshape(self.level.shape)
        holder = np.argsort(self.level, axis=1)  # the replica at each level
        chance = self.swaps.random((len(self.level), levels - 1))
        rows = np.arange(len(self.level))
        for k in range(first, levels - 1, 2):
            a, b = holder[:, k], holder[:, k + 1]
            gain = (1 / ladder[k] - 1 / ladder[k + 1]) * (
                energy[rows, a] - energy[rows, b]
            )
            made = np.log1p(-chance[:, k]) < gain
            self.level[rows[made], a[made]] = k + 1
            self.level[rows[made], b[made]] = k
            self.exchanged[k] += made.mean()
            self.proposed[k] += 1
