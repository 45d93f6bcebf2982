"""Rules of motion compared: flows and spins from the same memories and cues."""

import dataclasses
from typing import ClassVar

import jax
import numpy as np
from pydantic import Field, field_validator

from ..._common.names import nearest, shown
from ...dynamics import Binary, Sharp
from ...dynamics.spins.relaxation import relax
from ...lagrangians import AbsoluteValue, LogCosh
from ...network import Network
from ...records import Variables
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._numbers import Rising
from .._variables import PURE


RULES = ("binary", "sharp flow", "AltIMEX", "graded flow", "sharp flow, autapse")
SELF_COUPLING_STATES = 64  # random states for the mean self-coupling


@experiments.register("rules_compared", formerly=("limits",))
class RulesCompared(AbstractEnsemble):
    r"""Recall from cues against K: the energy gap, and flows with a self-coupling.

    "binary" is the rule of KH16, "sharp flow" the event-driven flow of model A,
    "AltIMEX" the scenario's flow of the same network in AltIMEX steps, "graded flow"
    that of $g = \tanh\beta v$; the last rule gives the sharp flow the autapse
    $c = \gamma\langle\sum_\mu F''(h_\mu)\rangle$ over random spins, which cancels the
    share $\gamma$ of the mean self-coupling. This coupling freezes a wrong bit at
    overlap m for $K > K^* = N^{n/2}m^{n-1}/(n-1)!!$, far below the binary capacity for
    n >= 4. [THEORY 2.1.2, 2.1.4, 2.1.5, CL-17]
    """

    row: ClassVar[str] = "cue"
    plots: ClassVar[tuple[str, ...]] = ("rules_compared",)

    counts: Rising[int]  # of memories
    rules: list[str] = Field(list(RULES), min_length=1)
    beta: float = Field(2.0, gt=0)  # of the graded flow
    gamma: float = Field(1.0, ge=0)  # share of the mean self-coupling

    @field_validator("rules")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in RULES:
                raise ValueError(f"no rule {shown(name)}; {nearest(name, list(RULES))}")
        return names

    def validate_setting(self, setting: Setting) -> None:
        network, targets = setting.network, setting.probes.targets
        if not isinstance(network.feature_lagrangian, AbsoluteValue):
            raise ValueError(
                'The experiment "rules_compared" compares with the sharp model A; use '
                'network kind "model_a" without beta.'
            )
        if network.autapse is not None or np.any(network.hidden_current):
            raise ValueError(
                'The experiment "rules_compared" sets the autapse itself and needs a '
                "network without hidden current; leave both out."
            )
        most = np.max(targets, initial=-1)
        if np.any(targets < 0) or most >= self.counts[0]:
            raise ValueError(
                'The experiment "rules_compared" needs cues of the first memories, '
                'stored at each load; use probes kind "corrupted" with count <= '
                f"{self.counts[0]}, got targets up to {most}."
            )
        if self.counts[-1] > network.count:
            raise ValueError(
                f"counts go up to {self.counts[-1]} of {network.count} memories; set "
                "network.memories.count to the largest."
            )
        if "binary" in self.rules:
            setting.may_relax(dynamics=Binary())
        for rule, how in (
            ("sharp flow", {"dynamics": Sharp(), "solver": "auto", "step": None}),
            ("AltIMEX", {"solver": "altimex"}),
        ):
            if any(name.startswith(rule) for name in self.rules):
                setting.may_simulate(samples=2, save=[], audit=False, **how)

    def measure(self, setting: Setting) -> Variables:
        aims = np.asarray(setting.network.memories)[setting.probes.targets]
        ends, autapses = [], []
        for count in self.counts:
            autapses.append(self.gamma * _self_coupling(setting, count))
            ends.append(self._ends(setting, count, autapses[-1]))
        g = np.moveaxis(np.array(ends), 1, 0)  # (rule, load, cue, feature)
        where = ("rule", "load", "cue")
        return {
            "count": ("load", np.array(self.counts), PURE | {"long_name": "K"}),
            "rule_name": ("rule", np.array(self.rules)),
            "autapse": ("load", np.array(autapses), PURE),
            "cue_overlap": ("cue", np.mean(aims * setting.probes.values, axis=1), PURE),
            "overlap": (where, np.mean(g * aims, axis=-1), PURE),
            "recalled": (where, np.all(g * aims > 0, axis=-1), PURE),
        }

    def _ends(self, setting: Setting, count: int, autapse: float) -> list[np.ndarray]:
        """The activations at the end of every cue, for each rule."""
        network, cues = setting.network, setting.probes.values
        xi = np.asarray(network.memories)
        made = lambda xi, feature, autapse: Network(
            xi, feature, network.memory_lagrangian, network.current, autapse=autapse
        )
        stored = made(xi[:count], AbsoluteValue(), None)
        # memories of zeros have no effect: one compiled program serves every load
        same = np.where(np.arange(len(xi))[:, None] < count, xi, 0)
        sharp = lambda c: _flown(setting, made(same, AbsoluteValue(), c), Sharp())
        flow = lambda feature: _flown(setting, made(same, feature, None))
        key = setting.stream.child("sweeps")
        ends = {
            "binary": lambda: relax(stored, Binary(), cues, key=key).final * 1.0,
            "sharp flow": lambda: np.sign(sharp(0.0)),
            "AltIMEX": lambda: np.sign(flow(AbsoluteValue())),
            "graded flow": lambda: np.tanh(self.beta * flow(LogCosh(self.beta))),
            "sharp flow, autapse": lambda: np.sign(sharp(autapse)),
        }
        return [ends[rule]() for rule in self.rules]


def _flown(setting: Setting, network: Network, dynamics: Sharp | None = None):
    """Final states of the cues under `dynamics`, or under the flow in AltIMEX steps."""
    there = dataclasses.replace(setting, network=network)
    settings = {"samples": 2, "save": [], "audit": False}
    if dynamics is None:
        settings |= {"solver": "altimex"}
    else:
        settings |= {"dynamics": dynamics, "solver": "auto", "step": None}
    return there.simulate(**settings).final


def _self_coupling(setting: Setting, count: int) -> float:
    r"""The mean of $\sum_\mu F''(\xi_\mu\cdot s)$ over random spins."""
    network = setting.network
    draw = setting.stream.child("self coupling").generator()
    s = draw.choice([-1.0, 1.0], (SELF_COUPLING_STATES, network.features))
    x = s @ np.asarray(network.memories)[:count].T
    slope = jax.vmap(network.memory_lagrangian.curvature)(x, np.ones_like(x))
    return float(np.mean(np.sum(np.asarray(slope), axis=1)))
