"""Mutations: for every claim, something wrong under which it must be seen to fail."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import pytest


CLAIMS = Path(__file__).parents[1] / "scenarios" / "claims"


@dataclasses.dataclass(frozen=True)
class Mutation:
    """Something wrong, and the check (by words of its statement) that must see it."""

    claim: str  # the name of its file
    wrong: str
    seen_by: str
    overrides: dict[str, Any] = dataclasses.field(default_factory=dict)
    patch: Callable[[pytest.MonkeyPatch], None] | None = None

    def __str__(self) -> str:
        return f"{self.claim}: {self.wrong}"


# entries of the scenario that make a claim small enough for a test
SMALL: dict[str, dict[str, Any]] = {
    "cl-01": {"experiment.sets": 2},
}


def judge(
    claim: str, overrides: dict[str, Any], patch: Callable | None = None
) -> dict[str, bool]:
    """The statements of a claim and whether they held, in a quick and small run."""
    import hopsim

    small = SMALL.get(claim, {}) | overrides
    with pytest.MonkeyPatch.context() as monkeypatch:
        if patch is not None:
            patch(monkeypatch)
            jax.clear_caches()  # what was traced before knows nothing of the patch
        try:
            path = CLAIMS / f"{claim}.toml"
            record = hopsim.run(hopsim.load_scenario(path, True, small))
        finally:
            if patch is not None:
                jax.clear_caches()
    found: dict[str, bool] = {}
    for verdict in record.verdicts:
        assert verdict.value is not None or not verdict.passed, verdict
        found[verdict.statement] = found.get(verdict.statement, True) & verdict.passed
    return found


# --- the patches ---------------------------------------------------------------------


def decay_with_the_wrong_sign(monkeypatch):
    from hopsim.dynamics import TwoLayer

    right = TwoLayer.forces

    def wrong(self, network, x, free, recalled=None):
        on_v, on_h = right(self, network, x, free, recalled)
        return on_v + 2 * self.decay * x[0], on_h

    monkeypatch.setattr(TwoLayer, "forces", wrong)


# --- one or more for every claim -----------------------------------------------------

MUTATIONS = [
    Mutation(
        "cl-01",
        "the decay has the wrong sign, as in the poster of KH21",
        "autodiff of E",
        patch=decay_with_the_wrong_sign,
    ),
]
