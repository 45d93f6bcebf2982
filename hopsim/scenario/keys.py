"""The keys of a kind: type, default, allowed values, and a sentence on each.

Types are JSON schemas, made of the annotations that `grammar` reads a file by. The
sentences are those of docstrings and comments beside the fields; for words that many
kinds share, of `meanings`.
"""

import functools as ft
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError

from .._common.formulas import plain_formulas
from .._common.parts import source_text
from .._common.registry import parameters, ranges, Registry
from .._common.types import Range
from .grammar import GIVEN_BY_HOPSIM, plain_type, registry_of
from .meanings import MEANINGS


Schema = dict[str, Any]  # of JSON, draft 2020-12


class Key(NamedTuple):
    """One key that a file may give a kind."""

    name: str
    required: bool
    default: Any  # None if it is required, too
    schema: Schema  # without default and description
    registry: Registry | None  # of the kinds that it takes, if it is a table of one
    sentence: str  # what it means; "" where nothing says it


def keys_of(maker: Callable) -> list[Key]:
    """The keys of a registered class or function, in the order of its signature."""
    told = sentences(maker)
    if inspect.isclass(maker) and issubclass(maker, BaseModel):
        return list(_of_model(maker, told))
    return list(_of_signature(maker, told))


def _of_model(model: type[BaseModel], told: Mapping[str, str]) -> Iterator[Key]:
    schema = model.model_json_schema(ref_template=REF)
    shared = schema.get("$defs", {})
    for name, field in model.model_fields.items():
        own = dict(schema["properties"][name])
        for word in ("title", "default"):
            own.pop(word, None)
        default = field.get_default(call_default_factory=True)
        required = field.is_required()
        shown = None if required else _plain_default(default)
        own = _inlined(own, shared)
        yield Key(name, required, shown, own, None, told.get(name, ""))


def _of_signature(maker: Callable, told: Mapping[str, str]) -> Iterator[Key]:
    limits, empty = ranges(maker), inspect.Parameter.empty
    known = parameters(maker)
    if "record" in known:  # plots take nothing from the file
        return
    for name, parameter in known.items():
        registry = registry_of(parameter.annotation)
        if name in GIVEN_BY_HOPSIM and registry is None:
            continue
        schema = {} if registry else _of_type(parameter.annotation)
        if name in limits:
            schema = _limited(schema, limits[name])
        required = parameter.default is empty
        default = None if required else _plain_default(parameter.default)
        yield Key(name, required, default, schema, registry, told.get(name, ""))


REF = "{model}"


def _inlined(schema: Any, shared: Mapping[str, Any]) -> Any:
    """A schema with the definitions that it names written in their place."""
    if isinstance(schema, list):
        return [_inlined(inner, shared) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("$ref") in shared:
        return _inlined(shared[schema["$ref"]], shared)
    return {key: _inlined(inner, shared) for key, inner in schema.items()}


def _of_type(hint: Any) -> Schema:
    try:
        return TypeAdapter(plain_type(hint)).json_schema()
    except (PydanticInvalidForJsonSchema, PydanticSchemaGenerationError):
        return {}  # anything: `hopsim check` says more


def _limited(schema: Schema, limit: Range) -> Schema:
    """The same with the ends of a range, wherever a number stands."""
    if "anyOf" in schema:
        inner = [_limited(one, limit) for one in schema["anyOf"]]
        return schema | {"anyOf": inner}
    if schema.get("type") == "array" and "items" in schema:
        return schema | {"items": _limited(schema["items"], limit)}
    if schema.get("type") not in ("number", "integer"):
        return schema
    ends: Schema = {}
    if limit.low > -float("inf"):
        ends["exclusiveMinimum" if limit.above else "minimum"] = limit.low
    if limit.high < float("inf"):
        ends["maximum"] = limit.high
    return schema | ends


def _plain_default(value: Any) -> Any:
    """A default as a file would say it; None if it cannot."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    known = (bool, int, float, str, list, dict)
    if isinstance(value, tuple):
        value = list(value)
    return value if isinstance(value, known) else None


# --- types in words -------------------------------------------------------------------

_NAMES = {
    "number": "number",
    "integer": "whole number",
    "string": "text",
    "boolean": "true or false",
    "object": "table",
    "null": "",
}
_ENDS = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
    "minItems": "entries >=",
}


def type_in_words(schema: Schema) -> str:
    """`number >= 0`, `one of "a", "b"`, `list of whole numbers >= 1`, ..."""
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(word) for word in schema["enum"])
    if "anyOf" in schema:
        told = [type_in_words(one) for one in schema["anyOf"]]
        return " or ".join(dict.fromkeys(filter(None, told)))
    kind = schema.get("type", "")
    ends = [f"{mark} {schema[end]:g}" for end, mark in _ENDS.items() if end in schema]
    if kind == "array":
        inner = type_in_words(schema.get("items", {}))
        return " ".join(["list", *([f"of ({inner})"] if inner else []), *ends])
    return " ".join(filter(None, [_NAMES.get(kind, "anything"), " and ".join(ends)]))


# --- sentences ------------------------------------------------------------------------


@ft.lru_cache(maxsize=1024)
def sentences(maker: Callable) -> Mapping[str, str]:
    """What the keys of a maker mean, as far as its text or `meanings` says."""
    found: dict[str, str] = {}
    classes = maker.__mro__ if inspect.isclass(maker) else (maker,)
    texts = [inspect.cleandoc(one.__doc__ or "") for one in classes]
    names = [
        *getattr(maker, "model_fields", ()),
        *(parameters(maker) if callable(maker) else ()),
    ]
    for text in texts:
        for name, words in _arguments(text):
            found.setdefault(name, words)
    for one in classes:
        if inspect.isclass(one) and one.__module__.startswith("hopsim"):
            for name, words in _comments(one):
                found.setdefault(name, words)
    for name in names:
        own = MEANINGS.get(f"{maker.__name__}.{name}") or _said_first(name, texts)
        known = own or MEANINGS.get(name) or _said_of(name, texts)
        found.setdefault(name, known)
    return {name: _sentence(words) for name, words in found.items() if words}


def _arguments(text: str) -> Iterator[tuple[str, str]]:
    """The items of a list of arguments: "- `a`, `b`: what they mean."."""
    for item in re.findall(r"^- (`.*(?:\n  .*)*)", text, re.MULTILINE):
        names, mark, words = item.partition(": ")
        if mark:
            for name in re.findall(r"`(\w+)`", names):
                yield name, words


def _comments(one: type) -> Iterator[tuple[str, str]]:
    """The comments behind the fields of a class."""
    source = source_text(one)
    yield from re.findall(r"^    (\w+): .*?  # (.+)$", source, re.MULTILINE)


def _said_first(name: str, texts: list[str]) -> str:
    """A sentence of docstrings that begins with a key, and names no other one."""
    said = _said_of(name, texts)
    return said if said.startswith(f"`{name}`") and said.count("`") == 2 else ""


def _said_of(name: str, texts: list[str]) -> str:
    """The first sentence of docstrings that names a key, of their first line last."""
    texts = [text.partition("**Arguments:**")[0] for text in texts]
    bodies = [text.partition("\n")[2] for text in texts]
    for text in (*bodies, *texts):
        body = " ".join(text.split())
        for sentence in re.split(r"(?<=[.;\]])\s+(?=[A-Z`])", body):
            if f"`{name}`" in sentence or f"`{name} =" in sentence:
                return sentence
    return ""


def _sentence(words: str) -> str:
    """One line, in plain text, that begins with a capital and ends with a stop."""
    text = plain_formulas(" ".join(words.split())).rstrip(" ;,")
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", ")", "]")) else f"{text}."
