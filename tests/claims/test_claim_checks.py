"""Claims: each of their checks can pass, and can fail while all others pass.

Nothing is simulated: records are made up about what the checks expect, in as many sets
of patterns as the claim draws. In one of them every check holds; in the others a few
numbers are moved, and one check alone sees it. No two checks of a claim are so alike
that no record could tell them apart.
"""

import functools as ft
import itertools
import re
import tomllib
from typing import Any

import made_up
import mutations
import numpy as np
import pytest

from hopsim.checks.measured import Bound
from hopsim.records import Record, Verdict
from hopsim.scenario.scenario import load_scenario, Scenario


# an exponent is judged by its value; its interval is only told. The types of records,
# scenarios and checks are looked at by the tests of each, not in 600 records of claims
pytestmark = pytest.mark.usefixtures("few_resamples", "unchecked_types")


@ft.cache
def scenario(name: str, quick: bool = False) -> Scenario:
    return load_scenario(mutations.CLAIMS / f"{name}.toml", quick)


def asks_anew(name: str) -> bool:
    """True if the quick form of a claim has other checks, or other points."""
    text = (mutations.CLAIMS / f"{name}.toml").read_text()
    quick = tomllib.loads(text).get("quick", {})
    return "checks" in quick or bool({"only", "sweep"} & {*quick.get("experiment", {})})


def sizes(quick_ones: list[str], by_default: list[str]) -> pytest.MarkDecorator:
    """All claims at full size, and some of them at quick size, too, most slowly."""
    both = [pytest.param(name, False, id=name) for name in mutations.FILES]
    for name in quick_ones:
        marks = [] if name in by_default else pytest.mark.slow
        both.append(pytest.param(name, True, id=f"{name}, quick", marks=marks))
    return pytest.mark.parametrize(("name", "quick"), both)


ANEW = [name for name in mutations.FILES if asks_anew(name)]
all_sizes = sizes(mutations.FILES, ANEW)  # slowly the same of fewer pattern sets
all_checks = sizes(ANEW, ANEW)
slowly_quick = sizes(ANEW, [])
all_claims_in_both_sizes = sizes(mutations.FILES, mutations.FILES)


# --- what is asked of the checks of a claim -------------------------------------------


def assert_bounds_are_right(plan: made_up.Layout):
    """They are bounds, of which `expected` lies on the right side."""
    for check in plan.checks:
        inside = made_up.window(check)
        assert not inside.room(made_up.aim(check)) < 0, f"expected is beyond: {check}"
        for low, high in [inside, *check.where.values()]:
            assert np.isfinite(low) or np.isfinite(high), f"no bound: {check}"
        sign = re.match(r"(?:p )?([<>])", check.expected)
        if sign is not None:
            given = check.model_dump(include={"at_least", "at_most"}, exclude_none=True)
            right = {"<": "at_most", ">": "at_least"}[sign[1]]
            assert set(given) == {right}, f"expected is on the other side: {check}"


def assert_no_contradiction(plan: made_up.Layout):
    """No entry that two checks look at breaks one bound or the other."""
    worst = [c for c in plan.checks if isinstance(c, Bound) and c.of == "worst"]
    for one, two in itertools.combinations(worst, 2):
        common = set(one.where) & set(two.where)
        ranges = [(one.where[name], two.where[name]) for name in common]
        alike = one.variable == two.variable and made_up.meet(one, two)
        if alike and all(made_up.overlap(*pair) for pair in ranges):
            windows = made_up.window(one), made_up.window(two)
            assert made_up.overlap(*windows), f"{one} contradicts {two}"


def assert_all_can_pass(plan: made_up.Layout):
    """There is a record in which every check is made, and holds."""
    record = made(plan).record()
    for check in plan.checks:
        verdicts = judged(record, check)
        assert len(verdicts) == len(spoken_of(plan, check))
        for verdict in verdicts:
            assert verdict.passed, f"{verdict} {verdict.error}"


def assert_each_can_fail_alone(plan: made_up.Layout):
    """For every verdict there is a move of this record after which it alone fails."""
    numbers = made(plan)
    for i, check in enumerate(plan.checks):
        for k, points in enumerate(spoken_of(plan, check)):
            tries = (m for p in points for m in made_up.moves(numbers, check, p))
            seen = (failing(numbers.moved(move), move.names) for move in tries)
            assert {(i, k)} in seen, f"no record fails this alone: {check}"


def assert_stated_rate_covers_the_checks(plan: made_up.Layout, stated: float):
    """True claims fail no more often than the sum of the rates of their checks."""
    total = sum(check.false_alarm * len(plan.points(check)) for check in plan.checks)
    assert total <= stated, f"its checks alone fail for a share {total:.2g} of seeds"


def assert_all(plan: made_up.Layout):
    """All of this."""
    assert_bounds_are_right(plan)
    assert_no_contradiction(plan)
    assert_all_can_pass(plan)
    assert_each_can_fail_alone(plan)


def made(plan: made_up.Layout) -> made_up.MadeUp:
    return made_up.made_up(plan, np.random.default_rng(0))


def judged(record: Record, check: made_up.Check) -> list[Verdict]:
    """The verdicts of a check that is shown nothing but what it reads."""
    return check.verdicts(Record(record.data[[*made_up.reads(check), "set"]]))


def spoken_of(plan: made_up.Layout, check: made_up.Check) -> list[list[int]]:
    """For each verdict of a check the points of which it speaks."""
    points = plan.points(check)
    return [[point] for point in points] if check.each else [points]


def failing(numbers: made_up.MadeUp, moved: tuple[str, ...]) -> set[tuple[int, int]]:
    """Which verdicts fail, by check and number, among those that read what was moved.

    None at all if a check cannot be made: then nothing has been measured.
    """
    record, found = numbers.record(), set()
    names = {made_up.variable(name) for name in moved}
    for i, check in enumerate(numbers.layout.checks):
        verdicts = judged(record, check) if names & made_up.reads(check) else []
        if any(verdict.value is None for verdict in verdicts):
            return set()
        found |= {(i, k) for k, verdict in enumerate(verdicts) if not verdict.passed}
    return found


# --- of every claim -------------------------------------------------------------------


@all_checks
def test_what_is_expected_lies_within_the_bounds(name, quick):
    plan = made_up.layout(scenario(name, quick))
    assert_bounds_are_right(plan)
    assert_no_contradiction(plan)


@all_sizes
def test_every_check_can_pass(name, quick):
    assert_all_can_pass(made_up.layout(scenario(name, quick)))


@all_claims_in_both_sizes
def test_stated_false_alarm_rate_is_at_least_that_of_all_checks(name, quick):
    claim = scenario(name, quick)
    assert claim.header.claim is not None
    stated = claim.header.claim.false_alarm
    assert_stated_rate_covers_the_checks(made_up.layout(claim), stated)


@slowly_quick
def test_every_check_can_fail_alone(name, quick):
    assert_each_can_fail_alone(made_up.layout(scenario(name, quick)))


# --- and of claims gone wrong, to be sure that it is seen -----------------------------

FLAT = {"variable": "flatness", "at_least": None, "at_most": 1e-9}  # it is, to 1e-12
WRONG: list[tuple[str, int, dict[str, Any], str]] = [  # file, check, change, complaint
    ("cl-22", 0, {"at_most": None, "at_least": 1e-8}, "expected is beyond"),
    ("ts-04", 4, {"at_most": None, "at_least": 0.0}, "expected is on the other side"),
    ("ts-13", 6, {"expected": "0.952166"}, "expected is beyond"),
    ("ts-24", 6, {"low": -np.inf, "high": np.inf}, "no bound"),
    ("cl-24", 6, {"where": {"beta": [-np.inf, np.inf]}}, "no bound"),
    ("cl-24", 7, {"where": {"beta": [3.18, 4.46]}}, "contradicts"),
    ("ts-18", 6, {"point": "T = 3"}, "contradicts"),
    ("ts-24", 6, {"low": 0.06}, "pleases every check"),
    ("ts-18", 6, {"point": "T = 5"}, "no point 'T = 5'"),
    ("ts-19", 1, {"at_most": 0.05}, "FAIL"),  # 50 sets are too few
    ("cl-16", 0, {"at_least": 0.01}, "FAIL"),  # never, and yet at times
    ("cl-04", 1, {"point": "x^3"}, "fails this alone"),  # the same check twice
    ("ts-09", 4, {"at_least": 1e-4}, "fails this alone"),  # asked of all points, too
    ("cl-10-length", 4, FLAT, "fails this alone"),
]


@pytest.mark.parametrize(("name", "number", "change", "complaint"), WRONG)
def test_a_check_gone_wrong_is_seen(name, number, change, complaint):
    right = scenario(name)
    checks = list(right.checks)
    checks[number] = checks[number].model_copy(update=change)
    wrong = right.replaced(checks=tuple(checks))
    with pytest.raises((AssertionError, ValueError), match=complaint):
        assert_all(made_up.layout(wrong))


def test_a_stated_false_alarm_rate_that_is_too_small_is_seen():
    plan = made_up.layout(scenario("ts-11"))  # three means, of three standard errors
    with pytest.raises(AssertionError, match=r"a share 0[.]0081 of seeds"):
        assert_stated_rate_covers_the_checks(plan, 6e-3)
