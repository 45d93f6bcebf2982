"""Made-up records of claims, in which every check holds, and moves that break one.

Every check has a block of rows of its own, in which its `where` holds and, if it can
be helped, that of no other check. A *cell* is one block at one point; its numbers are
drawn about an aim that pleases all checks which look there. A *move* shifts some.
"""

import dataclasses
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from hopsim.checks.measured import (
    AbstractMeasured,
    Agreement,
    Average,
    Bound,
    Exponent,
    Fraction,
)
from hopsim.records import dataset, Record
from hopsim.scenario.scenario import Scenario


SETS = 60  # at most so many: more would only narrow the intervals
ENTRIES = 2000  # of a share that is asked for, in all sets, so that it has 2 digits
ROWS = 3  # of every other number, in each set
SPREAD = 1 / 12  # standard deviation, in units of the room up to the nearest bound
AXIS = (1.0, 2.0, 4.0, 8.0)  # what an exponent is fitted against, in units of `_first`
RATES = ("test_error",)  # errors that are no distances

Check = Any  # of measured quantities; a class that was registered has no static type


# --- what a check asks for ------------------------------------------------------------


class Window(NamedTuple):
    """Where a quantity must lie for its check to pass, if it is known exactly."""

    low: float
    high: float

    def room(self, x: float) -> float:
        """How far x is from the nearest bound; negative outside."""
        return min(x - self.low, self.high - x)


def overlap(one: Sequence[float], two: Sequence[float]) -> bool:
    """True if two ranges [low, high] have a number in common."""
    return max(one[0], two[0]) <= min(one[1], two[1])


def meet(one: Check, two: Check) -> bool:
    """True if two checks speak of a common point."""
    return one.point == two.point or None in (one.point, two.point)


def window(check: Check) -> Window:
    """The bounds of a check: of a mean, a share, a difference or a slope."""
    if isinstance(check, Agreement):
        middle = check.value or 0.0
        return Window(middle - check.within, middle + check.within)
    if isinstance(check, Average | Exponent):
        return Window(check.low, check.high)
    assert isinstance(check, Bound | Fraction)
    ends = (0.0, 1.0) if isinstance(check, Fraction) else (-np.inf, np.inf)
    if isinstance(check, Fraction) and check.never:
        return Window(0.0, 0.0)
    low, high = check.at_least, check.at_most
    return Window(ends[0] if low is None else low, ends[1] if high is None else high)


def told(check: Check) -> float | None:
    """The number that `expected` gives for the variable, if it is one or a ratio.

    Variables `..._off` and `..._error` are distances from what is expected: they are 0.
    """
    distance = check.variable.endswith(("_off", "_error"))
    if check.expected and distance and check.variable not in RATES:
        return 0.0
    number = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
    found = re.fullmatch(rf"({number})(?:/({number}))?", check.expected)
    return None if found is None else float(found[1]) / float(found[2] or 1)


def aim(check: Check) -> float:
    """What to draw about: the expected value, or else the inside of the window."""
    low, high = window(check)
    expected = told(check)
    if expected is not None:
        return expected
    if isinstance(check, Fraction) and low == 0:  # small numbers of sets are wide
        return high / 4
    if isinstance(check, Fraction) and high == 1:
        return 1 - (1 - low) / 4
    if np.isfinite(low) and np.isfinite(high):
        return low + (high - low) / 2
    if np.isfinite(low):
        return low + (abs(low) / 2 or 1.0)
    return high - (abs(high) / 2 or 1.0)


def tolerance(check: Check) -> float:
    """What the window leaves about the aim; a whole unit where it leaves nothing."""
    left = window(check).room(aim(check))
    if isinstance(check, Fraction):
        return max(left, 0.02)
    return left if left > 0 else 1.0


def quantity(check: Check) -> str:
    """The name of what a check judges: a variable, or its slope."""
    return _slope(check.variable) if isinstance(check, Exponent) else check.variable


def partner(check: Check) -> str | None:
    """The variable of which a check asks that its own agree with it."""
    return check.of if isinstance(check, Agreement) else None


def reads(check: Check) -> set[str]:
    """All variables on which the verdict may depend."""
    against = [check.against] if isinstance(check, Exponent) else []
    other = partner(check)
    return {check.variable, *check.where, *against, *([other] if other else [])}


def variable(name: str) -> str:
    """The variable of which a quantity is the number itself, or the slope."""
    return name.removeprefix(_slope(""))


def _slope(variable: str) -> str:
    return f"slope of {variable}"


# --- where it looks -------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Block:
    """The rows made for one check."""

    rows: np.ndarray
    where: dict[str, float]  # variables of `where`, unless another check judges them

    def seen_by(self, check: Check) -> bool:
        """True if the check's `where` lets these rows pass."""
        ranges = [(self.where[k], v) for k, v in check.where.items() if k in self.where]
        return all(low <= x <= high for x, (low, high) in ranges)


@dataclasses.dataclass(frozen=True)
class Layout:
    """The checks of a claim, the points of its record, and rows for all of them."""

    checks: tuple[Check, ...]
    labels: tuple[str, ...]
    owner: np.ndarray  # the pattern set of every row
    blocks: tuple[Block, ...]  # one for each check

    def points(self, check: Check) -> list[int]:
        """The numbers of the points of which a check speaks."""
        return [i for i, x in enumerate(self.labels) if check.point in (None, x)]

    def watching(self, point: int, block: Block) -> list[Check]:
        """The checks that look at one cell."""
        here = [c for c in self.checks if point in self.points(c)]
        return [c for c in here if block.seen_by(c)]

    def chosen(self, check: Check) -> np.ndarray:
        """The rows that a check looks at."""
        return np.concatenate([b.rows for b in self.blocks if b.seen_by(check)])

    @property
    def shares(self) -> set[str]:
        """The variables that are true or false."""
        return {c.variable for c in self.checks if isinstance(c, Fraction)}

    @property
    def axes(self) -> dict[str, str]:
        """Variable -> what its exponent is fitted against."""
        return {c.variable: c.against for c in self.checks if isinstance(c, Exponent)}


def layout(scenario: Scenario) -> Layout:
    """Rows for every check of a claim, in as many pattern sets as the claim draws."""
    checks = tuple(c for c in scenario.checks if isinstance(c, AbstractMeasured))
    assert checks == scenario.checks, "claims compare pattern sets"
    labels = scenario.experiment.labels([point.label for point in scenario.points])
    sets = min(getattr(scenario.experiment, "sets", 1), SETS)
    owners = [np.repeat(np.arange(sets), _rows(check, sets)) for check in checks]
    ends = np.cumsum([0, *(len(x) for x in owners)])
    blocks = [
        Block(np.arange(a, b), _where(check, checks))
        for check, (a, b) in zip(checks, itertools.pairwise(ends), strict=True)
    ]
    return Layout(checks, tuple(labels), np.concatenate(owners), tuple(blocks))


def _rows(check: Check, sets: int) -> int:
    """The rows of a check in each set."""
    if not isinstance(check, Fraction):
        return ROWS
    return 1 if check.interval == "wilson" else max(100, ENTRIES // sets)


def _where(check: Check, checks: tuple[Check, ...]) -> dict[str, float]:
    """Values of the variables of `where` which a check sees, and few others see."""
    axes = {c.against for c in checks if isinstance(c, Exponent)}
    judged = {c.variable for c in checks} - set(check.where)
    names = sorted({name for c in checks for name in c.where} - axes - judged)
    rivals = [other for other in checks if meet(check, other)]
    tried = (
        Block(np.empty(0), dict(zip(names, values, strict=True)))
        for values in itertools.product(*(_tried(check, checks, n) for n in names))
    )
    return min(tried, key=lambda block: sum(map(block.seen_by, rivals))).where


def _tried(check: Check, checks: tuple[Check, ...], name: str) -> list[float]:
    """Values of one variable: between, beyond and at the ends of all ranges."""
    ranges = [c.where[name] for c in checks if name in c.where]
    ends = sorted({x for pair in ranges for x in pair if np.isfinite(x)}) or [0.0]
    between = [(a + b) / 2 for a, b in itertools.pairwise(ends)]
    low, high = check.where.get(name, (-np.inf, np.inf))
    values = [ends[0] - 1, *between, ends[-1] + 1, *ends]
    return [x for x in values if low <= x <= high]


# --- the numbers ----------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class MadeUp:
    """Numbers (point, row) of every variable, and of every slope."""

    layout: Layout
    numbers: dict[str, np.ndarray]

    def record(self) -> Record:
        """The numbers as a record, as an experiment leaves it."""
        each, axes = ("point", "row"), self.layout.axes
        variables: dict[str, Any] = {"set": ("row", self.layout.owner)}
        for name, x in self.numbers.items():
            if name in axes:
                units = np.array(AXIS)[:, None]
                power = units ** self.numbers[_slope(name)][:, None]
                dims = ("point", _along(axes[name]), "row")
                variables[name] = (dims, x[:, None] * power)
            elif not name.startswith(_slope("")):
                variables[name] = (each, x)
        for name in set(axes.values()):
            values = _first(self.layout, name) * np.array(AXIS)
            variables[name] = (_along(name), values)
        data = dataset(variables)
        # numbers of rows would only cost time: all variables have the same ones
        data = data.drop_vars([d for d in data.dims if d in data.coords])
        if self.layout.labels == ("",):
            return Record(data.isel(point=0, drop=True))
        return Record(data.assign_coords(label=("point", list(self.layout.labels))))

    def moved(self, move: "Move") -> "MadeUp":
        """The same numbers, some of them shifted; a share is drawn anew."""
        numbers = dict(self.numbers)
        for name in move.names:
            numbers[name] = x = numbers[name].copy()
            if x.dtype == bool:
                for by in set(move.by[move.by != 0]):
                    rows = np.flatnonzero(move.by == by)
                    share = float(np.mean(x[move.point, rows])) + by
                    x[move.point, rows] = _share(share, self.layout.owner[rows])
            else:
                x[move.point] += move.by
        return MadeUp(self.layout, numbers)


class Move(NamedTuple):
    """A shift of some variables, row by row, at one point."""

    point: int
    names: tuple[str, ...]
    by: np.ndarray


def made_up(plan: Layout, rng: np.random.Generator) -> MadeUp:
    """A record of a claim in which every check should hold."""
    shape = (len(plan.labels), len(plan.owner))
    names = {name for c in plan.checks for name in {quantity(c), *reads(c)}}
    names -= set(plan.axes.values())
    # not a number is what no check should see; a share has no such value
    numbers = {
        name: np.zeros(shape, bool) if name in plan.shares else np.full(shape, np.nan)
        for name in sorted(names)
    }
    for (point, _), block in itertools.product(enumerate(plan.labels), plan.blocks):
        for name, centre, room in _cell(plan.watching(point, block)):
            numbers[name][point, block.rows] = (
                _share(centre, plan.owner[block.rows], rng)
                if name in plan.shares
                else centre + SPREAD * room * _noise(rng, len(block.rows))
            )
        for name, value in block.where.items():
            numbers[name][point, block.rows] = value
    return MadeUp(plan, numbers)


def _cell(watching: list[Check]) -> Iterator[tuple[str, float, float]]:
    """Name, aim and room of each quantity that someone looks at in a cell."""
    levels = {c.variable for c in watching if isinstance(c, Exponent)}
    for name in sorted(levels - {quantity(c) for c in watching}):
        yield name, 1.0, 1.0  # of a power law, where no one else asks for it
    for names in _linked(watching):
        mine = [c for c in watching if quantity(c) in names]
        centre = _common_aim([c for c in mine if partner(c) is None])
        rooms = [tolerance(c) if partner(c) else window(c).room(centre) for c in mine]
        for name in sorted(names):
            yield name, centre, min(rooms)


def _common_aim(watching: list[Check]) -> float:
    """The aim of the narrowest check, if it pleases the others, too."""
    if not watching:
        return 0.5  # any: two variables must agree, and on no number
    # an agreement holds at its very aim only, for it must lie within its error
    order = sorted(watching, key=lambda c: (not isinstance(c, Agreement), tolerance(c)))
    for x in map(aim, order):
        if all(window(check).room(x) >= 0 for check in watching):
            return x
    raise ValueError(f"no value of {watching[0].variable!r} pleases every check")


def _linked(checks: list[Check]) -> list[set[str]]:
    """Quantities, put together where one must agree with the other."""
    groups: list[set[str]] = []
    for check in checks:
        names = {quantity(check), partner(check) or quantity(check)}
        joined = [group for group in groups if group & names]
        groups = [g for g in groups if g not in joined] + [names.union(*joined)]
    return groups


def _noise(rng: np.random.Generator, size: int) -> np.ndarray:
    """Standard normal numbers, but none beyond three deviations."""
    return np.clip(rng.standard_normal(size), -3, 3)


def _share(
    share: float, owner: np.ndarray, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Rows of which a share is true, exactly in all and nearly so in each set."""
    sets, counts = np.unique(owner, return_counts=True)
    spare = (np.arange(len(sets)) + 0.5) / len(sets)
    spare = spare if rng is None else rng.permutation(spare)
    true = np.floor(np.clip(share, 0, 1) * counts + spare)
    return np.concatenate([np.arange(n) < k for n, k in zip(counts, true, strict=True)])


def _first(plan: Layout, name: str) -> float:
    """The smallest value of an axis: one that lies in all ranges of it."""
    ranges = [c.where[name] for c in plan.checks if name in c.where]
    return min((high for _, high in ranges), default=1.0)


def _along(name: str) -> str:
    return f"along_{name}"


# --- moves ----------------------------------------------------------------------------


def moves(record: MadeUp, check: Check, point: int) -> Iterator[Move]:
    """Ways to bring a check's quantity beyond its bound by one tolerance, at a point.

    First those that are likely to disturb no other check.
    """
    plan = record.layout
    chosen, own = plan.chosen(check), quantity(check)
    for names, rows, high in itertools.product(
        _moved_names(plan, check, point), _moved_rows(plan, check), (False, True)
    ):
        bound = window(check)[high]
        if not np.isfinite(bound):
            continue
        here = rows != 0 if _is_worst(check) else chosen
        seen = np.mean(_seen(record, check, point)[here])
        beyond = bound + (1 if high else -1) * tolerance(check) - seen
        sign = 1 if own in names else -1
        yield Move(point, names, sign * beyond / np.mean(rows[here]) * rows)


def _seen(record: MadeUp, check: Check, point: int) -> np.ndarray:
    """What a check judges at a point, row by row."""
    other, mine = partner(check), record.numbers[quantity(check)][point]
    return mine if other is None else mine - record.numbers[other][point]


def _is_worst(check: Check) -> bool:
    return isinstance(check, Bound) and check.of == "worst"


def _moved_rows(plan: Layout, check: Check) -> Iterator[np.ndarray]:
    """How much every row is moved, in units of what the check shall see."""
    rows = np.arange(len(plan.owner))
    mine = plan.blocks[plan.checks.index(check)].rows
    if _is_worst(check):
        yield (rows == mine[0]).astype(float)  # one entry is enough
        return
    chosen = np.isin(rows, plan.chosen(check))
    if not isinstance(check, Exponent):  # a median would not see its own block alone
        yield np.isin(rows, mine).astype(float)
    # other checks may choose their rows by this variable: spare these
    pairs = zip(plan.blocks, plan.checks, strict=True)
    spared = [block.rows for block, c in pairs if check.variable in c.where]
    yield (chosen & ~np.isin(rows, np.concatenate([[], *spared]))).astype(float)
    share = float(np.mean(chosen))
    if share < 1:  # the others the other way, so that means over all stay
        yield np.where(chosen, 1.0, -share / (1 - share))


def _moved_names(plan: Layout, check: Check, point: int) -> Iterator[tuple[str, ...]]:
    """What may be moved: one side of what must agree, or more that is linked to it."""
    here = [c for c in plan.checks if point in plan.points(c)]
    (group,) = [g for g in _linked(here) if quantity(check) in g]
    other = partner(check)
    if other is None:  # all together, if possible, so that they go on agreeing
        rest, sizes = group - {quantity(check)}, range(len(group), 0, -1)
    else:
        rest, sizes = group - {other}, range(1, len(group))
    first = other or quantity(check)
    for size in sizes:
        for names in itertools.combinations([first, *sorted(rest)], size):
            if len({first, quantity(check)} & set(names)) == 1:
                yield names
