"""The mean of a measured variable, judged by its interval over pattern sets."""

import numpy as np
from pydantic import Field, model_validator

from .. import statistics
from ..records import Dataset, Verdict
from .kinds import checks
from .measured import AbstractMeasured


@checks.register("average")
class Average(AbstractMeasured):
    r"""The mean over pattern sets of the sets' means lies in [`low`, `high`]. [t law]

    The whole interval must: too few sets do not pass.
    """

    low: float
    high: float
    level: float = Field(0.95, gt=0, lt=1)

    @model_validator(mode="after")
    def _is_an_interval(self):
        if not self.low < self.high:
            raise ValueError(f"low < high is needed, got {self.low} and {self.high}")
        return self

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
