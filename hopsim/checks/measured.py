"""Checks of any measured variable, with statistics over pattern sets.

If a record has the variable `set`, that is the pattern set of each row (state or
probe); values are first reduced within every set, then over sets.
"""

import abc
import dataclasses
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from .. import statistics
from ..records import broadcast, Dataset, Record, Verdict
from ._base import AbstractCheck, checks, needed_by_check, require_reach


End = Annotated[float, Field(allow_inf_nan=True)]  # of a range: open ends are infinite


class AbstractMeasured(AbstractCheck):
    """A check of one variable of the record.

    `where` keeps entries for which another variable lies in [low, high]. The verdict is
    that on the worst point of a sweep or of variants, or one for every point if `each`.

    To add one: subclass with its fields and implement `judge` and `severity`.
    """

    variable: str
    statement: str = Field(min_length=1)
    source: str = Field(min_length=1)
    expected: str = ""  # the value of theory, where the tolerance does not say it
    where: dict[str, list[End]] = Field(default_factory=dict)
    each: bool = False

    @model_validator(mode="after")
    def _ranges_are_pairs(self):
        for name, pair in self.where.items():
            if len(pair) != 2 or not pair[0] <= pair[1]:
                raise ValueError(f"where.{name} must be [low, high], got {pair}")
        return self

    @abc.abstractmethod
    def severity(self, verdict: Verdict) -> float:
        """How near a point is to failing; the largest value is the worst point."""

    def verdicts(self, record: Record) -> list[Verdict]:
        """The verdict on the worst point, or one verdict for each."""
        each = super().verdicts(record)
        if self.each or len(each) <= 1:
            return each
        labels = record.labels(self.at)
        labels = [label for label in labels if self.point in (None, label)]
        failed = [k for k, v in enumerate(each) if not v.passed]
        known = [k for k in failed or range(len(each)) if each[k].value is not None]
        severities = [self.severity(each[k]) for k in known]
        k = known[int(np.argmax(severities))] if known else (failed or [0])[0]
        many = f" at each of {len(each)} points" if each[k].samples else ""
        worst = f"worst of {len(each)} points: {labels[k]}"
        return [
            dataclasses.replace(
                each[k],
                statement=self.statement,
                error="; ".join(filter(None, [each[k].error, worst])),
                samples=f"{each[k].samples}{many}",
            )
        ]

    def impossible(self, reason: str) -> Verdict:
        """The verdict of a check that this record does not allow."""
        plain = super().impossible(reason)
        said = {"statement": self.statement, "source": self.source}
        return dataclasses.replace(plain, **said)

    def by_set(self, data: Dataset) -> list[np.ndarray]:
        """The entries that `where` keeps of the variable, flat, for each set."""
        needed_by_check(data, self.variable)
        if "set" in data and not set(data["set"].dims) <= set(data[self.variable].dims):
            raise ValueError(f"{self.variable!r} is not measured for each pattern set")
        for name in self.where:
            if not np.all(np.isfinite(_numbers(data, name))):
                raise ValueError(f"`where` needs finite numbers, {name!r} has others")
        names = [self.variable, *self.where, *({"set"} & {*data.variables})]
        values, *others = broadcast(data, names)
        kept = np.ones(values.shape, bool)
        for (low, high), x in zip(self.where.values(), others, strict=False):
            kept &= (x >= low) & (x <= high)
        if not np.any(kept):
            raise ValueError(f"nothing of {self.variable!r} lies in `where`")
        if "set" not in data:
            return [values[kept]]
        owner = others[-1][kept]
        return [values[kept][owner == k] for k in np.unique(owner)]

    def samples(self, data: Dataset, groups: list[np.ndarray]) -> str:
        """The number of entries and sets, and of all entries if some are left out."""
        size, whole = sum(values.size for values in groups), data[self.variable].size
        return _samples(len(groups), size, whole if self.where else size)


@checks.register("bound")
class Bound(AbstractMeasured):
    r"""`of` of the variable is $\le$ `at_most` and $\ge$ `at_least`. [hopsim]

    It must hold in every pattern set; Wilson's interval is that of the share of sets
    that break it. Values that are not finite break it. `of`: the "worst" entry (nearest
    to breaking the bound), the "median" or the "mean" of a set.
    """

    at_most: float | None = Field(None, allow_inf_nan=False)
    at_least: float | None = Field(None, allow_inf_nan=False)
    of: Literal["worst", "median", "mean"] = "worst"

    @model_validator(mode="after")
    def _has_a_bound(self):
        if self.at_most is None and self.at_least is None:
            raise ValueError("give at_most, at_least or both")
        low, high = self._ends
        if low > high:
            raise ValueError("at_least must not exceed at_most")
        return self

    def judge(self, data: Dataset) -> Verdict:
        groups = self.by_set(data)
        seen = np.array([self._reduced(values) for values in groups])
        broken = int(np.sum(self._badness(seen) > 0))
        worst = float(seen[np.argmax(self._badness(seen))])
        share = statistics.proportion(broken, len(seen))
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
            samples=self.samples(data, groups),
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

    @property
    def _ends(self) -> tuple[float, float]:
        low = -np.inf if self.at_least is None else self.at_least
        return low, np.inf if self.at_most is None else self.at_most

    def _badness(self, values: np.ndarray) -> np.ndarray:
        """The distance beyond the nearest bound, > 0 if broken; infinite for NaN."""
        low, high = self._ends
        return np.nan_to_num(np.maximum(low - values, values - high), nan=np.inf)


@checks.register("fraction")
class Fraction(AbstractMeasured):
    r"""The share $p$ of entries that are true, as the mean over pattern sets. [t law]

    `at_least` bounds the lower end of the interval, `at_most` the upper end;
    `never = true` requires that no entry is true in any set. If each set has one entry,
    use `interval = "wilson"`, which is valid also if none or all are true.
    """

    at_least: float | None = Field(None, gt=0, le=1)
    at_most: float | None = Field(None, ge=0, lt=1)
    never: bool = False
    interval: Literal["t", "wilson"] = "t"
    level: float = Field(0.95, gt=0, lt=1)

    @model_validator(mode="after")
    def _asks_something(self):
        if self.at_least is None and self.at_most is None and not self.never:
            raise ValueError("give at_least, at_most or never = true")
        return self

    def validate_size(self, targets: Sequence[np.ndarray], sets: int) -> None:
        if self.never:
            return
        if self.interval == "t":
            require_sets(sets)
        else:
            least = 0.0 if self.at_least is None else self.at_least
            most = 1.0 if self.at_most is None else self.at_most
            of = "pattern sets"
            require_reach(sets, self.level, max(least, 1 - most), of)

    def judge(self, data: Dataset) -> Verdict:
        groups = self.by_set(data)
        if any(values.dtype != bool for values in groups):
            raise ValueError(f"a fraction needs booleans, {self.variable!r} has others")
        hits, size = sum(int(np.sum(v)) for v in groups), sum(v.size for v in groups)
        if self.interval == "wilson":
            if size > len(groups):
                raise ValueError(
                    "Wilson's interval needs sets with one entry each, got "
                    f'{size} entries in {len(groups)} sets; use interval = "t"'
                )
            seen = statistics.proportion(hits, size, self.level)
        else:
            seen = statistics.mean(np.array([np.mean(v) for v in groups]), self.level)
        low, high = max(seen.low, 0.0), min(seen.high, 1.0)
        law = "Wilson" if self.interval == "wilson" else "t"
        error = f"[{low:.3f}, {high:.3f}] ({self.level:.0%}, {law} over sets)"
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
            measured=f"{hits}/{size}, {seen.value:.4g} of a set",
            expected=self.expected or ("0" if self.never else asked),
            source=self.source,
            error=error,
            tolerance=asked,
            value=seen.value,
            low=low,
            high=high,
            samples=self.samples(data, groups),
        )

    def severity(self, verdict: Verdict) -> float:
        assert verdict.value is not None
        return -verdict.value if self.at_least is not None else verdict.value


@checks.register("exponent")
class Exponent(AbstractMeasured):
    r"""The slope of $\log$ `variable` against $\log$ `against`. [hopsim]

    It must lie in [low, high]. The variable has the dimension of `against` and rows; of
    each set the median over its rows is used. Weighted least squares, bootstrapped over
    sets. `last` is the number of smallest values of `against` to keep, default all.
    """

    against: str
    low: float
    high: float
    last: int | None = Field(None, ge=2)

    @model_validator(mode="after")
    def _is_an_interval(self):
        if not self.low < self.high:
            raise ValueError(f"low < high is needed, got {self.low} and {self.high}")
        if self.where:
            raise ValueError("an exponent takes no `where`; use `last`")
        return self

    def judge(self, data: Dataset) -> Verdict:
        needed_by_check(data, self.variable)
        needed_by_check(data, self.against)
        x = data[self.against]
        if x.ndim != 1:
            raise ValueError(f"{self.against!r} must have one dimension, has {x.ndim}")
        order = np.argsort(-x.values)
        order = order if self.last is None else order[-self.last :]
        (dim,) = x.dims
        y = data[self.variable].isel({dim: order}).transpose(dim, ...).values
        rows = data["set"].values if "set" in data else np.zeros(y.shape[1:], int)
        whole = rows.size
        if "same_end" in data:  # rows with different final states cannot be compared
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
            samples=_samples(found.sets, rows.size * len(order), whole * len(order)),
        )

    def severity(self, verdict: Verdict) -> float:
        assert verdict.value is not None
        return abs(verdict.value - 0.5 * (self.low + self.high))


def require_sets(sets: int) -> None:
    """Raises ValueError for a single pattern set, which has no interval."""
    if sets < 2:
        raise ValueError(
            "no result could pass this check: its interval is over pattern sets, and "
            "there is one; take more sets"
        )


def _interval(low: float | None, high: float | None) -> str:
    if low is None:
        return f"<= {high:g}"
    return f">= {low:g}" if high is None else f"in [{low:g}, {high:g}]"


def _numbers(data: Dataset, name: str) -> np.ndarray:
    values = needed_by_check(data, name)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{name!r} holds no numbers")
    return values


def _samples(sets: int, size: int, whole: int) -> str:
    kept = f"{size}" if size == whole else f"{size} (of {whole})"
    return f"{kept} in {sets} pattern set{'s' if sets != 1 else ''}"


@checks.register("agreement")
class Agreement(AbstractMeasured):
    r"""$|\bar x - y| \le$ `within`, and y in the interval of $\bar x$. [t law]

    y is `value`, or another variable `of` the record; the interval is then that of the
    difference over sets. Both conditions must hold: few sets widen the interval but not
    `within`, and many sets detect errors of theory. `beside` widens the interval by a
    known deficiency of theory, such as a term of order 1/N.
    """

    value: float | None = None
    of: str | None = None
    within: float = Field(gt=0)
    beside: float = Field(0.0, ge=0)
    level: float = Field(0.9973, gt=0, lt=1)  # three standard errors

    @model_validator(mode="after")
    def _has_one_aim(self):
        if (self.value is None) == (self.of is None):
            raise ValueError("give value or of, and not both")
        return self

    @property
    def false_alarm(self) -> float:
        """The exact value lies outside of an interval of `level` so often."""
        return 1 - self.level

    def judge(self, data: Dataset) -> Verdict:
        needed_by_check(data, self.variable)
        aim = self.value
        if self.of is not None:
            needed_by_check(data, self.of)
            aim = data[self.of]
        groups = self.by_set(data.assign({self.variable: data[self.variable] - aim}))
        seen = [np.mean(x.astype(float)) for x in self.by_set(data)]
        off = statistics.mean(np.array([np.mean(x) for x in groups]), self.level)
        middle = float(np.mean(seen))
        reach = self.beside + np.nan_to_num(off.high - off.value)
        return Verdict(
            statement=self.statement,
            passed=bool(abs(off.value) <= min(self.within, reach)),
            measured=f"{middle:.5g}, off by {off.value:.2g}",
            expected=self.expected or f"{middle - off.value:.5g}",
            source=self.source,
            error=f"[{off.low:.2g}, {off.high:.2g}] ({self.level:.4g}, t over sets)",
            tolerance=f"+- {self.within:g}, and no more than its error"
            + (f" and {self.beside:g}" if self.beside else ""),
            value=off.value,
            low=off.low,
            high=off.high,
            samples=self.samples(data, groups),
        )

    def severity(self, verdict: Verdict) -> float:
        assert verdict.value is not None
        return abs(verdict.value)


@checks.register("average")
class Average(AbstractMeasured):
    r"""The mean over pattern sets of the sets' means lies in [`low`, `high`]. [t law]

    The whole interval of the mean must lie there: too few sets do not pass.
    """

    low: float
    high: float
    level: float = Field(0.95, gt=0, lt=1)

    @model_validator(mode="after")
    def _is_an_interval(self):
        if not self.low < self.high:
            raise ValueError(f"low < high is needed, got {self.low} and {self.high}")
        return self

    def validate_size(self, targets: Sequence[np.ndarray], sets: int) -> None:
        require_sets(sets)

    def judge(self, data: Dataset) -> Verdict:
        groups = self.by_set(data)
        means = np.array([np.mean(values.astype(float)) for values in groups])
        seen = statistics.mean(means, self.level)
        return Verdict(
            statement=self.statement,
            passed=bool(self.low <= seen.low and seen.high <= self.high),
            measured=f"{seen.value:.4g}",
            expected=self.expected or f"in [{self.low:g}, {self.high:g}]",
            source=self.source,
            error=f"[{seen.low:.4g}, {seen.high:.4g}] ({self.level:.0%}, t over sets)",
            tolerance=f"in [{self.low:g}, {self.high:g}]",
            value=seen.value,
            low=seen.low,
            high=seen.high,
            samples=self.samples(data, groups),
        )

    def severity(self, verdict: Verdict) -> float:
        assert verdict.value is not None
        return max(self.low - verdict.value, verdict.value - self.high)
