"""Checks of trajectories: energies, ledgers, overlaps, endings, promises."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from ..certificates import is_proved, WORDS
from ..records import Dataset, Record, Verdict
from ..statistics import wilson
from ._base import (
    AbstractCheck,
    checks,
    needed_by_check,
    require_chance,
    require_reach,
    require_targets,
)


@checks.register("energy_falls")
class EnergyFalls(AbstractCheck):
    r"""$E(t_{k+1}) - E(t_k) \le$ limit at every step of every probe. [KH21; THEORY 4.6]

    Every probe is certified, its ledger included; one whose ledger needs a finer run is
    counted as not resolved and does not fail. Fails where theory does not promise
    descent: nothing is certified there. Where Lagrangians do not say whether they are
    convex, that they are so on all states met is enough, and is told.
    """

    def judge(self, data: Dataset) -> Verdict:
        over = ~needed_by_check(data, "certified").astype(bool)
        unresolved = _unresolved(data)
        promised = bool(np.all(needed_by_check(data, "promised")))
        met = promised and not is_proved(data)
        i = np.unravel_index(np.argmax(data["worst_rise"].values), over.shape)
        return Verdict(
            statement=f"energy {'fell' if met else 'certified to fall'} at every "
            "accepted step",
            passed=promised and not np.any(over & ~unresolved) and not np.all(over),
            measured=f"{np.sum(~over)}/{over.size} runs, "
            + (f"{np.sum(unresolved)} not resolved, " if np.any(unresolved) else "")
            + f"worst rise {data['worst_rise'].values[i]:.1e}"
            + ("" if promised else ", descent is not promised")
            + (", promised on the states met" if met else ""),
            expected="promised, and every rise within its limit",
            tolerance=f"{data['rise_limit'].values[i]:.1e}",
            source="KH21 eq. 4",
        )


def _unresolved(data: Dataset) -> np.ndarray:
    """Where the energy is finite and fell, and only a finer run balances the ledger."""
    if "certificate" not in data:  # older records
        return np.zeros(data["certified"].shape, bool)
    fell = data["worst_excess"].values <= 0
    finite = np.isfinite(data["energy"].values[..., -1])
    return (data["certificate"].values == WORDS.index("not resolved")) & fell & finite


@checks.register("ledger")
class Ledger(AbstractCheck):
    r"""$|E + Q - E(0)| \le$ `below` $(S_E + Q)$ along every path. [THEORY CL-05]

    For AltIMEX the inequality `dE + dQ <= 0` of every step, relative to `S_E`. The
    default limit follows from the solver's tolerances.
    """

    below: float | None = Field(None, gt=0)

    def judge(self, data: Dataset) -> Verdict:
        residual = np.asarray(needed_by_check(data, "ledger_residual"), dtype=float)
        limit = np.asarray(needed_by_check(data, "ledger_tolerance"), dtype=float)
        limit = limit if self.below is None else np.full_like(limit, self.below)
        known = bool(np.all(np.isfinite(residual)))
        i = int(np.argmax(residual / limit)) if known else 0
        return Verdict(
            statement="energy ledger balances",
            passed=known and bool(np.all(residual <= limit)),
            measured=f"{residual[i]:.1e}" if known else "not applicable or not finite",
            expected=f"<= {limit[i]:.1e}",
            source="THEORY CL-05",
        )


@checks.register("overlap")
class Overlap(AbstractCheck):
    r"""$\xi\cdot g/(|\xi||g|) \ge$ `at_least` at the end, in the `of`. [KH16]"""

    at_least: float = Field(ge=-1, le=1)
    of: Literal["mean", "median", "worst"] = "mean"

    def validate_size(self, targets: Sequence[np.ndarray], sets: int) -> None:
        require_targets(targets)
        require_chance(self.at_least, -1)

    def judge(self, data: Dataset) -> Verdict:
        final = needed_by_check(data, "overlap")[:, -1]
        final = final[np.isfinite(final)]
        if not final.size:
            raise ValueError("no probe has a target")
        value = {"mean": np.mean, "median": np.median, "worst": np.min}[self.of](final)
        return Verdict(
            statement=f"{self.of} overlap with the target",
            passed=bool(value >= self.at_least),
            measured=f"{value:.4f}",
            error=f"(standard deviation {np.std(final):.4f} over {final.size} probes)",
            expected=f">= {self.at_least}",
        )


@checks.register("retrieved")
class Retrieved(AbstractCheck):
    r"""The lower Wilson limit of the fraction retrieved is `at_least`. [Wilson 1927]

    Probes that did not converge count with their final state. The unit of replication
    is the probe: the interval is for other probes of this kind, not other memories.
    """

    at_least: float = Field(ge=0, le=1)
    level: float = Field(0.95, gt=0, lt=1)

    def validate_size(self, targets: Sequence[np.ndarray], sets: int) -> None:
        require_targets(targets)
        require_chance(self.at_least)
        for aims in targets:
            trials = int(np.sum(aims >= 0))
            require_reach(trials, self.level, self.at_least, "probes")

    def judge(self, data: Dataset) -> Verdict:
        aimed = needed_by_check(data, "aimed").astype(bool)
        hits, trials = (
            int(np.sum(needed_by_check(data, "retrieved"))),
            int(np.sum(aimed)),
        )
        if not trials:
            raise ValueError("no probe has a target")
        low, high = wilson(hits, trials, self.level)
        return Verdict(
            statement="fraction retrieved",
            passed=low >= self.at_least,
            measured=f"{hits}/{trials} = {hits / trials:.3f}",
            error=f"[{low:.3f}, {high:.3f}] ({self.level:.0%} Wilson, over probes)",
            expected=f"lower limit >= {self.at_least}",
        )


@checks.register("converged")
class Converged(AbstractCheck):
    r"""$|r| <$ tolerance, tau-free, for a share `at_least` of probes. [THEORY 4.4]"""

    at_least: float = Field(1.0, ge=0, le=1)

    def validate_size(self, targets: Sequence[np.ndarray], sets: int) -> None:
        require_chance(self.at_least)

    def judge(self, data: Dataset) -> Verdict:
        converged = needed_by_check(data, "converged").astype(bool)
        share = float(np.mean(converged))
        return Verdict(
            statement="probes converged",
            passed=share >= self.at_least,
            measured=f"{np.sum(converged)}/{converged.size}",
            expected="all" if self.at_least == 1 else f">= {self.at_least:.0%}",
        )


@checks.register("promise")
class Promised(AbstractCheck):
    r"""Theory promises $\dot E \le 0$ for E "full", "adiabatic" or "none". [KH21]

    "met": no theorem says so, but Lagrangians were convex on all states of the runs.
    """

    expected: Literal["full", "adiabatic", "met", "none"]

    def judge(self, data: Dataset) -> Verdict:
        kind = str(needed_by_check(data, "promise")[()]).split(":")[0]
        return Verdict(
            statement="promise of descent",
            passed=kind == self.expected,
            measured=str(data["promise"].values[()]),
            expected=self.expected,
            source="THEORY 1.3",
        )


@checks.register("energy_rises")
class EnergyRises(AbstractCheck):
    r"""$E(t_{k+1}) - E(t_k) >$ limit for at least a fraction of probes. [THEORY CL-04]

    For networks without promised descent: the certificate must detect the rises.
    """

    at_least: float = Field(ge=0, le=1)

    def validate_size(self, targets: Sequence[np.ndarray], sets: int) -> None:
        require_chance(self.at_least)

    def judge(self, data: Dataset) -> Verdict:
        rising = needed_by_check(data, "worst_excess") > 0
        share = float(np.mean(rising))
        return Verdict(
            statement="energy is seen to rise",
            passed=share >= self.at_least,
            measured=f"in {np.sum(rising)}/{rising.size} probes",
            expected=f"in >= {self.at_least:.0%}",
            source="THEORY CL-04",
        )


@checks.register("same_end")
class SameEnd(AbstractCheck):
    r"""$|v_{end} - v_{end}'| \le$ `within` for every probe at all points. [THEORY 4.2]

    Relative to the largest `|v|`, for at least a fraction `at_least` of the probes. For
    sweeps of parameters that must not change the fixed points.
    """

    within: float = Field(1e-4, gt=0)
    at_least: float = Field(1.0, ge=0, le=1)

    def validate_size(self, targets: Sequence[np.ndarray], sets: int) -> None:
        require_chance(self.at_least)
        if len(targets) < 2:
            raise ValueError(
                "same_end compares the points of a sweep or of variants, and there is "
                "one; leave it out"
            )

    def judge(self, data: Dataset) -> Verdict:
        final = needed_by_check(data, "final")
        if final.ndim != 3:
            raise ValueError("same_end compares the points of a sweep or of variants")
        away = np.max(np.abs(final - final[:1]), axis=(0, 2)) / np.max(np.abs(final))
        share = float(np.mean(away <= self.within))
        return Verdict(
            statement="all points end in the same states",
            passed=share >= self.at_least,
            measured=f"{np.sum(away <= self.within)}/{away.size} probes",
            expected=f">= {self.at_least:.0%} within {self.within:.0e}",
            source="THEORY 4.2",
        )

    def verdicts(self, record: Record) -> list[Verdict]:
        return [self.attempt(record.rows().data)]


@checks.register("convergence_order")
class ConvergenceOrder(AbstractCheck):
    r"""Slope of $\log$ error against $\log\tau_h$ in [low, high]. [THEORY CL-09]

    The median over the probes that end in the same state, from the last pair of values.
    `mass = true` takes the slope of the adiabatic flow with a mass, of second order.
    """

    low: float = 0.9
    high: float = 1.1
    mass: bool = False

    def judge(self, data: Dataset) -> Verdict:
        name = "mass_slope" if self.mass else "slope"
        slopes = needed_by_check(data, name)[-1][
            needed_by_check(data, "same_end").astype(bool)
        ]
        middle = float(np.median(slopes)) if slopes.size else float("nan")
        return Verdict(
            statement="order of the adiabatic limit" + ", with mass" * self.mass,
            passed=self.low <= middle <= self.high,
            measured=f"{middle:.3f}",
            error=f"(range {np.min(slopes):.3f} to {np.max(slopes):.3f} over "
            f"{slopes.size} probes)"
            if slopes.size
            else "(no probe ends alike)",
            expected=f"in [{self.low}, {self.high}]",
            source="THEORY CL-09",
        )
