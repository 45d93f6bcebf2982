"""The key of a unit: the hash of all that decides what it computes.

That is its point, without the other points, checks and pictures; its numbers; the code
that it reaches and the data that it reads; versions, precision and device. To add
values to an axis, or sets, therefore changes the key of no unit that there was.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from .._common import parts, reach
from ..experiments import Unit
from ..scenario.scenario import Scenario


# what decides nothing: what is asserted, drawn and said, and other points
ASIDE = ("name", "title", "plots", "checks", "claim", "quick", "sweep")
OTHERS_WITHOUT_SETS = ("sweep", "variants", "only")
OTHERS = (*OTHERS_WITHOUT_SETS, "sets")


def unit_keys(scenario: Scenario, units: Sequence[Unit]) -> dict[Unit, str]:
    """The key of every unit."""
    import jax

    device = jax.devices()[0]
    # fewer optimisations round differently
    plain = bool(jax.config.read("jax_disable_most_optimizations"))
    rounding = (device.platform, device.device_kind, plain)
    surroundings = json.dumps([reach.versions(), rounding], sort_keys=True)
    decided, reached, found = {}, {}, {}
    for unit in units:
        if unit.point not in decided:
            told = _deciding(scenario, unit.point)
            words = frozenset(reach.said(told))
            if words not in reached:
                reached[words] = _reached(words, scenario)
            tables = json.dumps(told, sort_keys=True, default=str)
            decided[unit.point] = f"{surroundings} {tables} {reached[words]}"
        text = f"{decided[unit.point]} {unit.set} {unit.cell}"
        found[unit] = hashlib.sha256(text.encode()).hexdigest()[:32]
    return found


def _deciding(scenario: Scenario, point: int) -> dict[str, Any]:
    """The tables of one point, without what decides nothing of its numbers."""
    tables = {k: v for k, v in scenario.tables(point).items() if k not in ASIDE}
    aside = OTHERS if scenario.experiment.sets_are_units else OTHERS_WITHOUT_SETS
    study = {k: v for k, v in tables.get("experiment", {}).items() if k not in aside}
    # a variant may be known to its study by its label
    label = scenario.points.label(point) if scenario.experiment.variants else ""
    return tables | {"experiment": {"kind": "recall"} | study, "label": label}


def _reached(words: frozenset[str], scenario: Scenario) -> str:
    """The code that a unit reaches, and the data that it reads."""
    kind = scenario.resolved.get("experiment", {}).get("kind", "recall")
    told = {"experiment": {"kind": kind}, "words": [*words], "plots": []}
    held = f"{reach.code([told])} {reach.data([told], scenario.beside)}"
    if own := parts.text_of(words):
        held += f" {own} {reach.all_code()}"  # parts of users may execute all of hopsim
    return held
