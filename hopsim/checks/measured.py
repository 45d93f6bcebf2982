"""Checks of any measured variable, with statistics over pattern sets.

Where a record has the variable `set`, it says for each row (state or probe) from which
set of patterns it comes; what is judged is first reduced within every set.
"""

import abc
import dataclasses
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from .. import statistics
from ..records import Dataset, Record, Verdict
from .kinds import AbstractCheck, checks, needed


class AbstractMeasured(AbstractCheck):
    """A check of one variable of the record.

    `where` keeps entries for which another variable lies in [low, high]. Of the points
    of a sweep or of variants the worst is told, or all of them with `each`.

    To add one: subclass with its fields and implement `judge` and `severity`.
    """

    variable: str
    statement: str = Field(min_length=1)
    source: str = Field(min_length=1)
    expected: str = ""  # the value of theory, where the tolerance does not say it
    where: dict[str, list[float]] = Field(default_factory=dict)
    each: bool = False

    @model_validator(mode="after")
    def _ranges_are_pairs(self):
        for name, pair in self.where.items():
            if len(pair) != 2 or not pair[0] <= pair[1]:
                raise ValueError(f"where.{name} must be [low, high], got {pair}")
        return self

    @abc.abstractmethod
    def severity(self, verdict: Verdict) -> float:
        """How near to failing, or beyond: the largest is the worst of all points."""

    def verdicts(self, record: Record) -> list[Verdict]:
        """The verdict on the worst point, or one for each."""
        each = super().verdicts(record)
        if self.each or len(each) == 1:
            return each
        failed = [v for v in each if not v.passed]
        known = [v for v in failed or each if v.value is not None]
        worst = max(known, key=self.severity) if known else (failed or each)[0]
        label = worst.statement[len(self.statement) + 2 : -1]  # "statement (label)"
        return [
            dataclasses.replace(
                worst,
                statement=self.statement,
                error=f"{worst.error}; worst of {len(each)} points: {label}",
                samples=f"{worst.samples} at each of {len(each)} points",
            )
        ]

    def by_set(self, data: Dataset) -> list[np.ndarray]:
        """The chosen entries of the variable, flat, for each pattern set."""
        for name in (self.variable, *self.where):
            needed(data, name)
        chosen = data[self.variable].notnull() | True
        for name, (low, high) in self.where.items():
            chosen = chosen & (data[name] >= low) & (data[name] <= high)
        # arithmetic of xarray lays them out alike
        owner = 0 * chosen + data.get("set", 0)
        alike = lambda x: x.broadcast_like(owner).transpose(*owner.dims).values
        kept = alike(chosen)
        values, owner = alike(data[self.variable])[kept], owner.values[kept]
        if not values.size:
            raise ValueError(f"nothing of {self.variable!r} lies in `where`")
        return [values[owner == k] for k in np.unique(owner)]


@checks.register("bound")
class Bound(AbstractMeasured):
    r"""`of` of the variable is $\le$ `at_most` and $\ge$ `at_least`. [hopsim]

    In every pattern set: the interval is Wilson's, of the share of sets that break the
    bound. Not-finite values break it. `of`: "worst" (the entry nearest to breaking
    it), "median" or "mean" of a set.
    """

    at_most: float | None = None
    at_least: float | None = None
    of: Literal["worst", "median", "mean"] = "worst"

    @model_validator(mode="after")
    def _has_a_bound(self):
        if self.at_most is None and self.at_least is None:
            raise ValueError("give at_most, at_least or both")
        return self

    def judge(self, data: Dataset) -> Verdict:
        groups = self.by_set(data)
        seen = np.array([self._reduced(values) for values in groups])
        broken = int(np.sum(~self._kept(seen)))
        worst = float(seen[np.argmax(self._badness(seen))])
        share = statistics.proportion(broken, len(seen))
        size = sum(values.size for values in groups)
        return Verdict(
            statement=self.statement,
            passed=broken == 0,
            measured=f"{worst:.4g}",
            expected=self.expected or _interval(self.at_least, self.at_most),
            source=self.source,
            error=f"({self.of}; bound broken in {broken}/{len(seen)} sets, share in "
            f"[{share.low:.2g}, {share.high:.2g}])",
            tolerance=_interval(self.at_least, self.at_most),
            value=worst,
            low=float(np.min(seen)),
            high=float(np.max(seen)),
            samples=_samples(len(seen), size),
        )

    def severity(self, verdict: Verdict) -> float:
        return float(self._badness(np.array([verdict.value], float))[0])

    def _reduced(self, values: np.ndarray) -> float:
        values = np.asarray(values, float)
        if not np.all(np.isfinite(values)):
            return float("nan")
        if self.of == "worst":
            return float(values[np.argmax(self._badness(values))])
        return float({"median": np.median, "mean": np.mean}[self.of](values))

    def _kept(self, values: np.ndarray) -> np.ndarray:
        low = -np.inf if self.at_least is None else self.at_least
        high = np.inf if self.at_most is None else self.at_most
        return (values >= low) & (values <= high)  # False for NaN

    def _badness(self, values: np.ndarray) -> np.ndarray:
        """How far beyond the nearest bound; NaN is the worst of all."""
        low = -np.inf if self.at_least is None else self.at_least
        high = np.inf if self.at_most is None else self.at_most
        return np.nan_to_num(np.maximum(low - values, values - high), nan=np.inf)


@checks.register("fraction")
class Fraction(AbstractMeasured):
    r"""The share $p$ of entries that are true, as the mean over pattern sets. [t law]

    `at_least` asks it of the lower end of the interval, `at_most` of the upper end;
    `never = true` asks that no entry be true in any set.
    """

    at_least: float | None = Field(None, ge=0, le=1)
    at_most: float | None = Field(None, ge=0, le=1)
    never: bool = False
    level: float = Field(0.95, gt=0, lt=1)

    @model_validator(mode="after")
    def _asks_something(self):
        if self.at_least is None and self.at_most is None and not self.never:
            raise ValueError("give at_least, at_most or never = true")
        return self

    def judge(self, data: Dataset) -> Verdict:
        groups = [np.asarray(values, bool) for values in self.by_set(data)]
        hits, size = sum(int(np.sum(v)) for v in groups), sum(v.size for v in groups)
        seen = statistics.mean(np.array([np.mean(v) for v in groups]), self.level)
        low, high = max(seen.low, 0.0), min(seen.high, 1.0)
        error = f"[{low:.3f}, {high:.3f}] ({self.level:.0%}, t over sets)"
        if self.never:
            touched = sum(bool(np.any(v)) for v in groups)
            share = statistics.proportion(touched, len(groups), self.level)
            low, high = share.low, share.high
            error = f"(in {touched}/{len(groups)} sets; share: [{low:.2g}, {high:.2g}])"
        passed = not (self.never and hits)
        passed &= self.at_least is None or low >= self.at_least
        passed &= self.at_most is None or high <= self.at_most
        asked = "never" if self.never else _interval(self.at_least, self.at_most)
        return Verdict(
            statement=self.statement,
            passed=bool(passed),
            measured=f"{hits}/{size} = {seen.value:.4g}",
            expected=self.expected or ("0" if self.never else asked),
            source=self.source,
            error=error,
            tolerance=asked,
            value=seen.value,
            low=low,
            high=high,
            samples=_samples(len(groups), size),
        )

    def severity(self, verdict: Verdict) -> float:
        assert verdict.value is not None
        return -verdict.value if self.at_least is not None else verdict.value


@checks.register("exponent")
class Exponent(AbstractMeasured):
    r"""The slope of $\log$ `variable` against $\log$ `against`. [hopsim]

    It must lie in [low, high]. The variable has the dimension of `against` and rows;
    the median over the rows of a set stands for the set. Weighted least squares,
    bootstrapped over sets. `last` keeps so many of the smallest values of `against`.
    """

    against: str
    low: float
    high: float
    last: int | None = Field(None, ge=2)

    def judge(self, data: Dataset) -> Verdict:
        needed(data, self.variable)
        needed(data, self.against)
        x = data[self.against]
        order = np.argsort(-x.values)
        order = order if self.last is None else order[-self.last :]
        (dim,) = x.dims
        y = data[self.variable].isel({dim: order}).transpose(dim, ...).values
        rows = data["set"].values if "set" in data else np.zeros(y.shape[1:], int)
        if "same_end" in data:  # rows that do not end alike cannot be compared
            kept = data["same_end"].values.astype(bool)
            y, rows = y[:, kept], rows[kept]
        if not rows.size:
            raise ValueError("no two runs ended alike")
        middle = [np.median(y[:, rows == k], axis=1) for k in np.unique(rows)]
        found = statistics.exponent(x.values[order], np.stack(middle))
        return Verdict(
            statement=self.statement,
            passed=self.low <= found.value <= self.high,
            measured=f"{found.value:.4f}",
            expected=self.expected or f"{0.5 * (self.low + self.high):g}",
            source=self.source,
            error=f"[{found.low:.4f}, {found.high:.4f}] (95 %, bootstrap over sets)",
            tolerance=f"[{self.low:g}, {self.high:g}]",
            value=found.value,
            low=found.low,
            high=found.high,
            samples=_samples(found.sets, rows.size * len(order)),
        )

    def severity(self, verdict: Verdict) -> float:
        assert verdict.value is not None
        return abs(verdict.value - 0.5 * (self.low + self.high))


def _interval(low: float | None, high: float | None) -> str:
    if low is None:
        return f"<= {high:g}"
    return f">= {low:g}" if high is None else f"in [{low:g}, {high:g}]"


def _samples(sets: int, size: int) -> str:
    word = "set" if sets == 1 else "sets"
    return f"{size} in {sets} pattern {word}"
