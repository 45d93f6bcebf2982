"""The grammar: `{ kind = "...", ... }` checked against the signature of a constructor.

There is no separate schema: the rules are the annotations, ranges and invariants of the
registered class or function. All problems are collected, with their paths in the file.
"""

import dataclasses
import functools as ft
import inspect
import os
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import AbstractArray
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from .._common.files import place_of, places_of
from .._common.names import nearest, shown
from .._common.registry import bare, parameters, ranges, Registry
from .._common.types import Array, Located, Memories
from ..data.sources import memory_sources
from ..dynamics import AbstractDrive, drives
from ..lagrangians import AbstractLagrangian, lagrangians
from .toml_files import Problem


@dataclasses.dataclass(frozen=True)
class Spec:
    """A kind with its checked arguments, before construction."""

    kind: str
    maker: Callable
    arguments: dict[str, Any]
    beside: Path | None = None  # the scenario's folder, where data files may be

    def make(self, *args: Any, **extra: Any) -> Any:
        """Call the constructor with these and with further arguments."""
        return self.maker(*args, **(self.settings | extra))

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments, with data files where they were found."""
        return self.arguments | self.located()

    def located(self) -> dict[str, str]:
        """The paths of the data files among the arguments; ValueError if missing."""
        found = {}
        for name, parameter in parameters(self.maker).items():
            value = self.arguments.get(name)
            for mark in getattr(parameter.annotation, "__metadata__", ()):
                if not isinstance(mark, Located) or value is None:
                    continue
                if mark.required or any(
                    map(os.path.exists, places_of(value, self.beside))
                ):
                    found[name] = str(place_of(value, self.beside))
        return found

    def placed(self, beside: Path | None) -> "Spec":
        """The same spec, with data files looked for in this folder first."""
        inner = {
            name: value.placed(beside) if isinstance(value, Spec) else value
            for name, value in self.arguments.items()
        }
        return dataclasses.replace(self, arguments=inner, beside=beside)


# parameters that hopsim supplies, not the file
GIVEN_BY_HOPSIM = ("stream", "memories", "self")


def no_such(registry: Registry, kind: Any) -> str:
    """What a file is told that names a kind which nobody has registered."""
    hint = f"{registry.nearest(str(kind))} (One of your own: --with FILE.)"
    return f"there is no {registry.noun} {shown(kind)}; {hint}"


def read_spec(
    registry: Registry, table: Any, path: str, problems: list[Problem]
) -> Spec | None:
    """Check one table; None, with at least one more problem, if it is invalid."""
    before = len(problems)
    if not isinstance(table, dict):
        message = f"a table {{ kind = ... }} is needed, got {shown(table)}"
        problems.append(Problem(path, message))
        return None
    if "kind" not in table:
        message = f"the key `kind` is missing; {registry.nearest('')}"
        problems.append(Problem(path, message))
        return None
    kind = table["kind"]
    if not isinstance(kind, str) or kind not in registry:
        problems.append(Problem(f"{path}.kind", no_such(registry, kind)))
        kind = registry.guess(str(kind))  # continue, to report all errors at once
        if kind is None:
            return None
    maker, kind = registry[kind], registry.today(kind)
    given = {k: v for k, v in table.items() if k != "kind"}
    if inspect.isclass(maker) and issubclass(maker, BaseModel):
        model = read_model(maker, given, path, problems)
        return Spec(kind, lambda: model, {}) if len(problems) == before else None
    arguments = _read_arguments(maker, given, path, problems)
    return Spec(kind, maker, arguments) if len(problems) == before else None


def read_model(
    model: type[BaseModel], table: Any, path: str, problems: list[Problem]
) -> Any:
    """The pydantic model of a table; None, with its problems, if it is invalid."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        for e in error.errors():
            names = list(_inside(model, e["loc"][:-1]).model_fields)
            problems.append(_translate(e, path, names))
        return None


def _inside(model: type[BaseModel], steps: Any) -> type[BaseModel]:
    """The innermost model along a path below another model."""
    for step in steps:
        field = model.model_fields.get(step)
        hints = () if field is None else typing.get_args(field.annotation)
        inner = [h for h in hints if inspect.isclass(h) and issubclass(h, BaseModel)]
        model = inner[0] if inner else model
    return model


def build(spec: Spec | None, path: str, problems: list[Problem]) -> Any:
    """Build the object of a spec; a ValueError becomes a problem of the file."""
    if spec is None:
        return None
    try:
        return spec.make()
    except ValueError as error:
        problems.append(Problem(path, str(error)))
        return None


def _read_arguments(
    maker: Callable, given: dict[str, Any], path: str, problems: list[Problem]
) -> dict[str, Any]:
    known = {k: p for k, p in parameters(maker).items() if k not in GIVEN_BY_HOPSIM}
    if _wants_memories(maker):
        known["memories"] = parameters(maker)["memories"]
    limits, arguments = ranges(maker), {}
    for name in given:
        if name not in known:
            message = f"there is no such key; {nearest(name, ['kind', *known])}"
            problems.append(Problem(f"{path}.{name}", message))
    for name, parameter in known.items():
        here = f"{path}.{name}"
        if name not in given:
            if parameter.default is inspect.Parameter.empty:
                problems.append(Problem(here, "this key is required"))
            continue
        value = _read_value(parameter.annotation, given[name], here, problems)
        if name in limits and value is not None:
            message = limits[name].problem(value)
            if message:
                problems.append(Problem(here, message))
        arguments[name] = value
    return arguments


def _read_value(hint: Any, value: Any, path: str, problems: list[Problem]) -> Any:
    registry = registry_of(hint)
    if registry is not None:
        spec = read_spec(registry, value, path, problems)
        return spec if registry is memory_sources else build(spec, path, problems)
    kind = plain_type(hint)
    try:
        return _adapter(kind, repr(kind)).validate_python(value)
    except ValidationError as error:
        # a union reports one error for each member: numbers first, then lists of them
        chosen = error.errors()[-1 if isinstance(value, list) else 0]
        problems.append(_translate(chosen, path, [], tail=False))
        return None


@ft.lru_cache(maxsize=1024)
def _adapter(kind: Any, words: str) -> TypeAdapter:
    """What reads values of a type, made once: that takes longer than reading one.

    By its words, too: the members of equal unions may stand in another order, which is
    that of their errors.
    """
    return TypeAdapter(kind, config=ConfigDict(strict=True, allow_inf_nan=False))


def registry_of(hint: Any) -> Registry | None:
    """The registry of the kinds that an annotation takes as a table, if it does."""
    if hint is Memories:
        return memory_sources
    for part in (hint, *typing.get_args(hint)):
        if inspect.isclass(part) and not issubclass(part, AbstractArray):
            if issubclass(part, AbstractLagrangian):
                return lagrangians
            if issubclass(part, AbstractDrive):
                return drives
    return None


def _wants_memories(maker: Callable) -> bool:
    parameter = parameters(maker).get("memories")
    return parameter is not None and registry_of(parameter.annotation) is not None


def plain_type(hint: Any) -> Any:
    """An annotation without arrays: the types that a TOML file can have."""
    hint = bare(hint)
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        parts = [bare(p) for p in typing.get_args(hint)]
        kept = [plain_type(p) for p in parts if not _is_array(p)]
        return typing.Union[tuple(kept)]  # noqa: UP007
    return hint


def _is_array(hint: Any) -> bool:
    return inspect.isclass(hint) and issubclass(
        hint, Array | np.ndarray | AbstractArray
    )


def _translate(error: Any, path: str, names: list[str], tail: bool = True) -> Problem:
    """A pydantic error in hopsim's form: path, rule, value found, nearest name."""
    where = path
    for step in error["loc"] if tail else ():
        where += f"[{step}]" if isinstance(step, int) else f".{step}"
    where = where.lstrip(".")
    found = error.get("input")
    if error["type"] == "extra_forbidden":
        return Problem(
            where, f"there is no such key; {nearest(error['loc'][-1], names)}"
        )
    if error["type"] == "missing":
        return Problem(where, "this key is required")
    if error["type"] == "literal_error" and isinstance(found, str):
        allowed = [s.strip("' ") for s in error["ctx"]["expected"].split(",")]
        allowed = [n.strip("' ") for a in allowed for n in a.split(" or ")]
        message = f"must be one of {', '.join(allowed)}, got {shown(found)}"
        close = nearest(found, allowed)
        return Problem(where, f"{message}; {close}" if "did you" in close else message)
    if error["type"] in ("model_type", "dict_type"):
        return Problem(where, f"a table is needed, got {shown(found)}")
    rule = (
        error["msg"]
        .removeprefix("Value error, ")
        .replace("Input should", "should")
        .replace("String should", "should")
    )
    return Problem(where, f"{rule}, got {shown(found)}")
