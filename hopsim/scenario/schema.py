"""The JSON schema of scenario files, by which editors complete and mark them.

It is made of the registries and models that read a file, so that it knows no less and
no more; what depends on several keys at once is left to `hopsim check`. Keys that a
sweep, a variant or `--quick` may supply are not required.
"""

import json
from typing import Any

from .._common.registry import Registry
from ..data.sources import memory_sources
from ..experiments import RunSettings, TrainingSettings
from .catalogue import REGISTRIES
from .header import Claim, Header
from .keys import Key, keys_of, Schema
from .meanings import MEANINGS


DRAFT = "https://json-schema.org/draft/2020-12/schema"
# the kind that a table without one has
DEFAULT_KINDS = {"dynamics": "two_layer", "experiment": "recall"}
TABLES = {  # of the top level -> the noun of their kinds, as `hopsim list` says it
    "network": "networks",
    "dynamics": "dynamics",
    "probes": "probes",
    "experiment": "experiments",
}


def scenario_schema() -> Schema:
    """The schema, with all kinds that are registered now, those of users among them."""
    tables: dict[str, Schema] = {
        name: _table_of_kind(noun, DEFAULT_KINDS.get(name))
        for name, noun in TABLES.items()
    }
    tables["run"] = _table(keys_of(RunSettings))
    tables["training"] = _table(keys_of(TrainingSettings))
    plot = {"enum": _words(REGISTRIES["plots"])}
    one_check = _table_of_kind("checks", None)
    top = {key.name: _described(key) for key in keys_of(Header)}
    top |= {name: {"$ref": f"#/$defs/{name}"} for name in tables}
    top |= {
        "plots": top["plots"] | {"type": "array", "items": plot},
        "checks": {"type": "array", "items": {"$ref": "#/$defs/check"}},
        "claim": _table(keys_of(Claim), required=True),
    }
    top["plots"].pop("anyOf", None)
    small = {name: _loose(noun) for name, noun in TABLES.items()}
    small |= {name: value for name, value in top.items() if name not in small}
    whole = {
        "type": "object",
        "properties": top | {"quick": _closed(small, MEANINGS["quick"])},
        "required": ["name", "network"],
        "additionalProperties": False,
    }
    shared = {noun: _table_of_kind(noun, None) for noun in SHARED}
    return (
        {"$schema": DRAFT, "title": "A scenario of hopsim"}
        | whole
        | {"$defs": tables | {"check": one_check} | shared}
    )


SHARED = ("lagrangians", "drives", "memories")  # kinds that stand within other tables


def as_text(schema: Schema) -> str:
    """A schema as the text of a file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _table_of_kind(noun: str, default: str | None) -> Schema:
    """A table whose key `kind` says which other keys it may have."""
    registry = REGISTRIES[noun]
    cases = [
        _case([kind, *_former(registry, kind)], registry, kind) for kind in registry
    ]
    if default is not None:
        without = {"not": {"required": ["kind"]}}
        cases.append({"if": without, "then": _keys_only(registry, default)})
    return {
        "type": "object",
        "properties": {"kind": {"enum": _words(registry), "description": noun}},
        "required": [] if default is not None else ["kind"],
        "allOf": cases,
    }


def _case(words: list[str], registry: Registry, kind: str) -> Schema:
    said = {"required": ["kind"], "properties": {"kind": {"enum": words}}}
    return {"if": said, "then": _keys_only(registry, kind)}


def _keys_only(registry: Registry, kind: str) -> Schema:
    doc = " ".join((registry[kind].__doc__ or "").strip().split("\n\n")[0].split())
    keys = {key.name: _described(key) for key in keys_of(registry[kind])}
    return _closed({"kind": {}} | keys, doc)


def _table(keys: list[Key], required: bool = False) -> Schema:
    table = _closed({key.name: _described(key) for key in keys})
    if required:
        table["required"] = [key.name for key in keys if key.required]
    return table


def _loose(noun: str) -> Schema:
    """A part of a table of some kind, which is not known there: any key of any."""
    registry = REGISTRIES[noun]
    names = {key.name for kind in registry for key in keys_of(registry[kind])}
    return _closed(
        {"kind": {"enum": _words(registry)}} | {n: {} for n in sorted(names)}
    )


def _closed(properties: dict[str, Any], description: str = "") -> Schema:
    told = {"description": description} if description else {}
    closed = {"properties": properties, "additionalProperties": False}
    return told | {"type": "object"} | closed


def _described(key: Key) -> Schema:
    schema = dict(key.schema)
    if key.registry is not None:
        schema = {"$ref": f"#/$defs/{_noun_of(key.registry)}"}
    if key.default is not None:
        schema["default"] = key.default
    if key.sentence:
        schema["description"] = key.sentence
    return schema


def _noun_of(registry: Registry) -> str:
    if registry is memory_sources:
        return "memories"
    return next(noun for noun, one in REGISTRIES.items() if one is registry)


def _words(registry: Registry) -> list[str]:
    """The kinds of a registry, and what they were called formerly."""
    return [*registry, *registry.former]


def _former(registry: Registry, kind: str) -> list[str]:
    return [old for old, new in registry.former.items() if new == kind]
