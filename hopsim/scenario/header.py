"""The top level of a scenario file, and its table `[claim]`."""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Claim(BaseModel):
    """The table `[claim]`: the statement that `hopsim verify` tests with a scenario."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    id: str = Field(pattern=r"^[A-Z]+-[0-9]+$")
    statement: str = Field(min_length=1)
    source: str = Field(min_length=1)
    tags: list[str] = []
    # the probability, over seeds, that a true claim fails
    false_alarm: float = Field(gt=0, lt=1)


class Header(BaseModel):
    """The top level of a scenario file."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    name: str = Field(max_length=80)
    title: str = ""
    seed: int = Field(0, ge=0)
    precision: Literal["float64", "float32"] = "float64"
    plots: list[str] | None = None
    sweep: Any = None  # read apart, with its axes
    network: Any  # these five may be swept: each point checks its own
    dynamics: Any = {"kind": "two_layer"}
    probes: Any = None  # required unless memories are learnt
    run: Any = {}
    training: Any = None
    experiment: dict[str, Any] = {"kind": "recall"}
    checks: list[dict[str, Any]] = []
    claim: Claim | None = None

    @field_validator("name")
    @classmethod
    def _names_a_directory(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
            raise ValueError(
                "must be made of lower-case letters, digits, - and _ (it names the run "
                "directory)"
            )
        return name
