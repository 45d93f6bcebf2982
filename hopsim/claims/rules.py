"""The rules of claims, to which those of users are held before they are run.

A claim compares independent sets of patterns, states a false-alarm rate that covers
that of its checks, and names at least one mutation under which it must fail.
"""

from collections.abc import Iterable

from .._common import parts
from ..checks.measured import AbstractMeasured
from ..scenario.scenario import read_scenario, Scenario
from ..scenario.toml_files import ScenarioError
from .tasks import Task


def require_rules(tasks: Iterable[Task]) -> None:
    """Raises ValueError for the first claim that breaks a rule."""
    tasks = list(tasks)
    for task in tasks:
        if not parts.mutations(task.name):
            raise ValueError(
                f"{task.file} names no mutation: a claim that nothing is known to "
                "break shows nothing. Write a function under "
                f'@extend.mutation("{task.name}", "what is wrong") in a file of parts, '
                "and give that by --with."
            )
    for task in tasks:
        try:
            scenario = read_scenario(task.file, task.quick, task.overrides)
        except ScenarioError:  # its run tells this in the report, and others go on
            continue
        if problem := broken_rule(scenario):
            raise ValueError(f"{task.file}: {problem}")


def broken_rule(scenario: Scenario) -> str:
    """What a claim lacks, with the remedy; nothing if it keeps the rules."""
    sets = getattr(scenario.experiment, "sets", 1)
    if sets < 2:
        return (
            "a claim compares independent sets of patterns, got one; use an experiment "
            "with sets (an AbstractEnsemble), and experiment.sets >= 2"
        )
    for number, check in enumerate(scenario.checks):
        if not isinstance(check, AbstractMeasured):
            return (
                f"checks[{number}] does not compare sets of patterns; use bound, "
                "fraction, agreement, average, exponent or an AbstractMeasured"
            )
    claim = scenario.header.claim
    assert claim is not None
    total = false_alarm(scenario)
    if total > claim.false_alarm:
        return (
            f"claim.false_alarm = {claim.false_alarm:g}, but its checks alone fail for "
            f"a share {total:.2g} of seeds though it is true; state that, or ask less"
        )
    return ""


def false_alarm(scenario: Scenario) -> float:
    """The share of seeds with which some check fails though the claim is true.

    At most the sum of the rates of all checks, at each point of which one speaks.
    """
    labels = scenario.experiment.labels([point.label for point in scenario.points])
    spoken = lambda check: len(labels) if check.point is None else 1
    return sum(check.false_alarm * spoken(check) for check in scenario.checks)
