"""The tables `[run]` and `[experiment.sweep]` of a scenario."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class RunSettings(BaseModel):
    """The table `[run]`: duration, solver, tolerances, saved states. See `simulate`."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    duration: float = Field(20.0, gt=0, allow_inf_nan=False)
    samples: int = Field(101, ge=2)
    solver: Literal[
        "auto",
        "tsit5",
        "dopri8",
        "kvaerno3",
        "kvaerno5",
        "altimex",
        "stock_tsit5",
        "stock_dopri8",
    ] = "auto"
    step: float | None = Field(None, gt=0, allow_inf_nan=False)
    rtol: float | None = Field(None, gt=0, allow_inf_nan=False)
    atol: float | None = Field(None, gt=0, allow_inf_nan=False)
    until: Literal["steady", "duration"] = "steady"
    residual_tolerance: float | None = Field(None, gt=0, allow_inf_nan=False)
    max_steps: int = Field(100_000, ge=1, lt=2**31)
    save: list[Literal["v", "g", "h"]] = ["v"]
    clamped: Literal["none", "visible"] | list[int] = "none"
    memory_start: Literal["slaved", "zero"] = "slaved"
    step_energies: int = Field(0, ge=0)  # probes whose every accepted step is saved

    @field_validator("clamped", mode="before")
    @classmethod
    def _one_of_three(cls, value: Any) -> Any:
        numbers = isinstance(value, list) and all(type(i) is int for i in value)
        if not (numbers or value in ("none", "visible")):
            raise ValueError('must be "none", "visible" or a list of feature numbers')
        return value


class Sweep(BaseModel):
    """The table `[experiment.sweep]`: several values of one entry of the scenario."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    path: str
    values: list[Any] = Field(min_length=1)
