"""Freezing: the load at which recall of corrupted memories fails, by rule."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ...data.patterns import corrupted
from ...dynamics import Adiabatic, Binary, Sharp
from ...lagrangians import AbsoluteValue, LogCosh, Polynomial
from ...network import Network
from ...records import join_points, Record, Variables
from ...theory import capacity
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble, stacked
from .._numbers import Positive, Rising
from .._spins import power_of, require_aims
from .._units import StudyPoint, Unit, UnitContext
from .._variables import PURE
from ._loads import half_points


class FreezingCurve(BaseModel):
    """One rule of motion, with its network sizes and loads.

    `loads` are numbers of memories in units of `law`. `gamma` is the share of the mean
    self-coupling that an autapse cancels.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    rule: Literal["energy gap", "local field", "sharp flow", "annealed flow"]
    features: Rising[int]
    loads: Rising[float]
    gamma: float = Field(0.0, ge=0, le=1)
    betas: Positive[float] = Field([2.0, 3.0, 5.0, 10.0, 20.0])

    def law(self, n: int, features: int, overlap: float) -> float:
        r"""The number of memories at which recall ends in theory.

        It is $K^*/(1-\gamma)$ (at the first of `betas` for an annealed flow), or KH16's
        eq. 6 for the energy gap and for $\gamma = 1$.
        """
        if self.rule == "energy gap" or self.gamma == 1:
            return capacity.no_error_count(n, features)
        beta = self.betas[0] if self.rule == "annealed flow" else math.inf
        return capacity.freezing_count(n, features, overlap, beta) / (1 - self.gamma)

    def counts(self, n: int, features: int, overlap: float) -> list[int]:
        """The numbers of memories at every load."""
        unit = self.law(n, features, overlap)
        return [max(2, round(load * unit)) for load in self.loads]


@experiments.register("freezing")
class Freezing(AbstractEnsemble):
    r"""$K_{1/2}(N)$ from corrupted memories, beside $K^*=N^{n/2}m^{n-1}/(n-1)!!$.

    One curve for each rule of motion. Memories of +1 and -1 are parts of the
    scenario's, cues have the probes' share of flipped spins (overlap m), drawn for each
    N. "energy gap": the binary memory of KH16. "local field": spins set to
    $\mathrm{sign}(w_i)$ one at a time, with the fixed points of the sharp model A.
    "sharp flow": model A itself, flip by flip. "annealed flow": graded neurons
    $g=\tanh\beta v$ in AltIMEX steps, run to rest at each of `betas` in turn. All but
    the first have a self-coupling, reduced by the autapse
    $\gamma\langle\sum_\mu F''\rangle$. `recalled`: every bit is right at the end;
    `half_count`: the K at which half of one set's cues are recalled (a logistic fit in
    $\ln K$), `half_ratio` its ratio to the law. [THEORY 2.1.2, 2.1.4, 2.1.5, CL-17]
    """

    row: ClassVar[str] = "draw"
    plots: ClassVar[tuple[str, ...]] = ("freezing", "freezing_curves")

    curves: dict[str, FreezingCurve] = Field(min_length=1)

    def labels(self, settings: list[str]) -> list[str]:
        return list(self.curves)

    def validate_setting(self, setting: Setting) -> None:
        require_aims(setting, "freezing")
        network, power = setting.network, power_of(setting.network)
        plain = not np.any(network.current) and not np.any(network.hidden_current)
        if power is None or power[0] % 2 or power[1] or not plain:
            raise ValueError(
                'The experiment "freezing" has a law only for even powers without '
                f"currents, got {network.memory_lagrangian}; use interaction kind "
                '"polynomial" with n = 4, say.'
            )
        if network.autapse is not None or not _is_sharp(network):
            raise ValueError(
                'The experiment "freezing" sets autapse and beta itself; leave them '
                "out of the network."
            )
        bare: dict[str, Any] = {"samples": 2, "save": [], "audit": False}
        for curve in self.curves.values():
            if curve.rule == "sharp flow":
                setting.may_simulate(dynamics=Sharp(), solver="auto", step=None, **bare)
            elif curve.rule == "annealed flow":
                setting.may_simulate(dynamics=Adiabatic(), solver="altimex", **bare)
            else:
                setting.may_relax(dynamics=Binary())
        if setting.sketched and setting.probes.hidden is not None:
            return  # how many spins are reversed there is seen once they are drawn
        _, share = _cues(setting)
        for label, curve in self.curves.items():
            features = curve.features[-1]
            most = max(curve.counts(power[0], features, _overlap(features, share)))
            if network.features < features or network.count < most:
                raise ValueError(
                    f'The experiment "freezing" needs {most} memories of {features} '
                    f"features for {label!r}, got {network.count} of "
                    f"{network.features}; draw more."
                )

    def validate_study(self, settings: Sequence[Setting]) -> None:
        if len(settings) != 1:
            raise ValueError(
                'The experiment "freezing" draws one curve for each rule and takes no '
                "sweep or variants; leave them out."
            )

    def units(self, points: Sequence[StudyPoint]) -> list[Unit]:
        curves = range(len(self.curves))
        return [Unit(0, n, cell) for cell in curves for n in range(self.sets)]

    def perform(self, setting: Setting, unit: Unit, context: UnitContext) -> Variables:
        curve = list(self.curves.values())[unit.cell]
        return self.curve(setting.redrawn(unit.set), curve)

    def gathered(
        self, points: Sequence[StudyPoint], found: Mapping[Unit, Variables]
    ) -> Record:
        """Each curve is a point of the record."""
        of = lambda cell: {u: x for u, x in sorted(found.items()) if u.cell == cell}
        there = sorted({unit.cell for unit in found})
        parts = [stacked(of(cell), self.row) for cell in there]
        return Record(join_points(parts, [list(self.curves)[cell] for cell in there]))

    def measure(self, setting: Setting) -> Variables:
        return self.curve(setting, next(iter(self.curves.values())))

    def curve(self, setting: Setting, curve: FreezingCurve) -> Variables:
        """The variables of one curve, for one set of memories."""
        power = power_of(setting.network)
        assert power is not None  # see `validate_setting`
        n, (aims, share) = power[0], _cues(setting)
        memories, sizes = np.asarray(setting.network.memories), curve.features
        overlaps = np.array([_overlap(N, share) for N in sizes])
        per_size = list(zip(sizes, overlaps.tolist(), strict=True))
        counts = np.array([curve.counts(n, N, m) for N, m in per_size])
        shape = (*counts.shape, len(aims), 1)
        overlap, converged = np.zeros(shape), np.zeros(shape, bool)
        autapses = np.zeros(counts.shape)
        for i, features in enumerate(sizes):
            spins = np.ones((len(aims), features))
            draw = setting.stream.child("flips", features)
            flips = corrupted(draw, spins, flipped=share)
            for k, count in enumerate(counts[i].tolist()):
                # F = (N/n) (x/N)^n with this N: beta is in units of its field
                interaction = Polynomial(n).normalised(features)
                stored = memories[:count, :features]
                network = Network(stored, AbsoluteValue(), interaction)
                there = dataclasses.replace(setting, network=network)
                autapse = curve.gamma * capacity.self_coupling(n, features, count)
                target = stored[aims % count]
                most = int(max(counts[i]))
                s, rested = _ends(there, curve, target * flips, autapse, most)
                autapses[i, k] = autapse
                overlap[i, k, :, 0] = np.mean(s * target, axis=1)
                converged[i, k, :, 0] = rested
        law = np.array([[curve.law(n, N, m)] for N, m in per_size])
        half = half_points(counts, overlap == 1)
        per_load, each = ("size", "place"), ("size", "place", "cue", "draw")
        per_set = ("size", "draw")
        return {
            "features": ("size", np.array(sizes), PURE | {"long_name": "N"}),
            "count": (per_load, counts, PURE | {"long_name": "memories K"}),
            "autapse": (per_load, autapses, PURE),
            "vertex": ((), n, PURE),
            "cue_overlap": ("size", overlaps, PURE),
            "overlap": (each, overlap, PURE | {"long_name": "overlap with the aim"}),
            "recalled": (each, overlap == 1, PURE),
            "converged": (each, converged, PURE),
            "half_count": (per_set, half, PURE | {"long_name": "K_1/2"}),
            "half_ratio": (per_set, half / law, PURE),
            "law_count": (per_set, law, PURE | {"long_name": "K of theory"}),
        }


def _cues(setting: Setting) -> tuple[np.ndarray, float]:
    """The target of each cue, and the share of spins that are flipped."""
    aims, memories = setting.probes.targets, np.asarray(setting.network.memories)
    return aims, float(np.mean(setting.probes.values * memories[aims] < 0))


def _overlap(features: int, share: float) -> float:
    return 1 - 2 * round(share * features) / features


def _is_sharp(network: Network) -> bool:
    return isinstance(network.feature_lagrangian, AbsoluteValue)


def _ends(
    setting: Setting, curve: FreezingCurve, cues: np.ndarray, autapse: float, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """The final spins of every cue, and whether its run came to rest."""
    if curve.rule == "energy gap":  # unchanged by an autapse
        found = setting.relax(dynamics=Binary(), starts=cues)
        return found.final, found.converged
    if curve.rule == "local field":
        network = _with(setting.network, autapse, setting.network.count)
        rule = Binary(rule="local_field")
        found = setting.relax(network=network, dynamics=rule, starts=cues)
        return found.final, found.converged
    bare = {"samples": 2, "save": [], "audit": False}
    if curve.rule == "sharp flow":
        network = _with(setting.network, autapse, most)
        there = dataclasses.replace(setting, network=network)
        bare |= {"solver": "auto", "step": None}
        flown = there.simulate(dynamics=Sharp(), probes=cues, **bare)
        return np.where(flown.final >= 0, 1, -1), flown.converged
    v, rested = cues, np.ones(len(cues), bool)
    for beta in curve.betas:
        network = _with(setting.network, autapse, most, beta)
        there = dataclasses.replace(setting, network=network)
        bare |= {"solver": "altimex"}
        flown = there.simulate(dynamics=Adiabatic(), probes=v, **bare)
        v, rested = flown.final, flown.converged
    return np.where(v >= 0, 1, -1), rested


def _with(
    network: Network, autapse: float, most: int, beta: float | None = None
) -> Network:
    """The network with an autapse, `most` memories, and graded neurons if `beta`.

    Memories of zeros are added, without effect: one compiled program serves every load.
    """
    xi = np.asarray(network.memories)
    feature = AbsoluteValue() if beta is None else LogCosh(beta)
    padded = np.concatenate([xi, np.zeros((most - len(xi), xi.shape[1]), xi.dtype)])
    return Network(padded, feature, network.memory_lagrangian, autapse=autapse)
