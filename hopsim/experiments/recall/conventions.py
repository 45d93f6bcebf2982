"""Conventions of the binary memory: recall by order, ties and rule."""

from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from ..._common.names import nearest, shown
from ...dynamics import Binary
from ...records import Variables
from ...trajectory import Ending
from .._base import experiments, Setting
from .._ensemble import AbstractEnsemble
from .._spins import extreme_overlaps
from .._variables import flags, PURE


CONVENTIONS = {
    "energy gap": Binary(),
    "sequential": Binary(order="sequential"),
    "with replacement": Binary(order="random"),
    "synchronous": Binary(order="synchronous"),
    "ties to +1": Binary(tie="+1"),
    "ties to -1": Binary(tie="-1"),
    "ties at random": Binary(tie="random"),
    "cavity field": Binary(rule="cavity_field"),
    "local field": Binary(rule="local_field"),
}


@experiments.register("conventions")
class Conventions(AbstractEnsemble):
    r"""The share of starts with $\max_\mu |\xi_\mu\cdot s| = N$, by convention.

    The same memories, starts and visiting orders under every convention. "energy gap"
    is the rule of KH16 in an order drawn anew for each sweep, ties kept; each other
    convention changes one of these. A start is `signed` perfect if it ends in a memory,
    `perfect` if in a memory or its negative (both are attractors where F is even);
    `shift` is `perfect` less that of the first convention. [KH16 app. B; MRS24 eq. 3;
    THEORY 2.1]
    """

    row: ClassVar[str] = "start"
    plots: ClassVar[tuple[str, ...]] = ("conventions",)

    sets: int = Field(4, ge=1)
    conventions: list[str] = Field(list(CONVENTIONS), min_length=1)

    @field_validator("conventions")
    @classmethod
    def _known_once(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in CONVENTIONS:
                hint = nearest(name, list(CONVENTIONS))
                raise ValueError(f"there is no convention {shown(name)}; {hint}")
        if len({*names}) < len(names):
            raise ValueError(f"each convention once, got {names}")
        return names

    def validate_setting(self, setting: Setting) -> None:
        if setting.dynamics != Binary():
            raise ValueError(
                'The experiment "conventions" chooses order, tie and rule itself; use '
                'dynamics kind "binary" and nothing else.'
            )
        for name in self.conventions:
            setting.may_relax(dynamics=CONVENTIONS[name])

    def measure(self, setting: Setting) -> Variables:
        each = [self._under(setting, CONVENTIONS[name]) for name in self.conventions]
        found = {k: np.stack([one[k] for one in each]) for k in each[0]}
        found["shift"] = found["perfect"].astype(np.int8) - found["perfect"][0]
        number = lambda name: np.array(
            [
                Binary.CHOICES[name].index(getattr(CONVENTIONS[c], name))
                for c in self.conventions
            ]
        )
        both = ("convention", "start")
        return {k: (both, x, PURE) for k, x in found.items()} | {
            "convention_name": ("convention", np.array(self.conventions)),
            **{
                name: ("convention", number(name), flags(choices))
                for name, choices in Binary.CHOICES.items()
            },
        }

    def _under(self, setting: Setting, convention: Binary) -> dict[str, np.ndarray]:
        """The variables of every start under one convention."""
        ended = setting.relax(dynamics=convention)
        memories = np.asarray(setting.network.memories).astype(np.int8)
        best, least = extreme_overlaps(memories, ended.final)
        either = np.maximum(best, -least)
        return {
            "signed": best == 1,
            "perfect": either == 1,
            "overlap": best,
            "either_overlap": either,
            "unconverged": ended.ending == Ending.UNSETTLED,
            "cycle": ended.ending == Ending.CYCLE,
            "ties": ended.ties,
            "flips": ended.flips,
            "sweeps": ended.sweeps,
        }
