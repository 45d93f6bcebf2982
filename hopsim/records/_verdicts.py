"""Verdicts: one tested statement each, and what a check or a claim came to."""

import dataclasses
import enum

from .._common.names import shown


class Outcome(enum.Enum):
    """The outcome of a check or a claim; the worst comes first."""

    CRASHED = "ERROR", "⚠"
    FAILED = "FAIL", "✗"
    CHANGED = "changed", "≠"  # another claim than the one that its file states
    PASSED = "pass", "✓"

    def __init__(self, word: str, mark: str):
        self.word, self.mark = word, mark

    @classmethod
    def of(
        cls, passed: bool, crashed: bool = False, changed: bool = False
    ) -> "Outcome":
        """The outcome; a claim has crashed if its run did not finish."""
        if crashed:
            return cls.CRASHED
        if changed:
            return cls.CHANGED
        return cls.PASSED if passed else cls.FAILED


# what the fields of a verdict may hold, and in words
_HELD = {
    str: (str, "a text"),
    bool: (bool, "True or False"),
    float | None: (float | int | None, "a number or None"),
}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One tested statement. Raises ValueError for what a record could not hold."""

    statement: str
    passed: bool
    measured: str
    expected: str
    source: str = "scenario"
    error: str = ""  # the error bar, with its unit of replication
    tolerance: str = ""
    value: float | None = None  # what was measured, as a number
    low: float | None = None  # its interval, where replication gives one
    high: float | None = None
    samples: str = ""  # number and kind of the samples

    def __post_init__(self):
        for field in dataclasses.fields(self):
            (kinds, words), found = _HELD[field.type], getattr(self, field.name)
            # a number of NumPy's or JAX's is one of Python's in a file
            held = found.item() if getattr(found, "ndim", None) == 0 else found
            if not isinstance(held, kinds):
                raise ValueError(
                    f"{field.name} of a Verdict must be {words}, got {shown(found)}."
                )
            object.__setattr__(self, field.name, held)

    def __str__(self) -> str:
        word = Outcome.of(self.passed).word
        bar = f" {self.error}" if self.error else ""
        rule = f" ({self.expected})" if self.expected else ""
        return f"{word}  {self.statement}: {self.measured}{bar}{rule}"
