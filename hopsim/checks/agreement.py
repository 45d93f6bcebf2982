"""A mean over pattern sets that must be what theory says, within its error."""

import numpy as np
from pydantic import Field, model_validator

from .. import statistics
from ..records import Dataset, Verdict
from .kinds import checks, needed
from .measured import AbstractMeasured


@checks.register("agreement")
class Agreement(AbstractMeasured):
    r"""$|\bar x - y| \le$ `within`, and y in the interval of $\bar x$. [t law]

    y is `value`, or another variable `of` the record, of which the difference is then
    what the sets replicate. Both are asked for: few sets widen the interval, not
    `within`, and many sets find what is wrong in theory. `beside` widens the interval
    by what theory is known to leave out, a term of 1/N, say.
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

    def judge(self, data: Dataset) -> Verdict:
        needed(data, self.variable)
        aim = self.value
        if self.of is not None:
            needed(data, self.of)
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
