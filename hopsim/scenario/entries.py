"""What a sweep or a variant may change: tables, and the types of their entries."""

import inspect
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from .._common.registry import bare, parameters, Registry
from ..data.sources import probe_sources
from ..dynamics import dynamics_kinds
from ..experiments import RunSettings, TrainingSettings
from ..models import networks
from .grammar import registry_of


DEFAULT_DYNAMICS = "two_layer"
CHANGED_TABLES: Mapping[str, Registry | type[BaseModel]] = {
    "network": networks,
    "dynamics": dynamics_kinds,
    "probes": probe_sources,
    "run": RunSettings,
    "training": TrainingSettings,
}


def takes_integers(tables: Mapping[str, Any], dotted: str) -> bool:
    """Whether the entry with this dotted path must be an integer.

    False where the tables do not say which kind the path leads through.
    """
    first, *names = dotted.split(".")
    place, table, hint = CHANGED_TABLES.get(first), tables.get(first, {}), None
    for name in names:
        kind = DEFAULT_DYNAMICS if place is dynamics_kinds else None
        hint = _type_of(place, table, name, kind)
        table = table.get(name, {}) if isinstance(table, Mapping) else {}
        place = None if hint is None else registry_of(hint)
    members = {bare(one) for one in typing.get_args(bare(hint)) or (bare(hint),)}
    return int in members and float not in members


def _type_of(place: Any, table: Any, name: str, default: str | None) -> Any:
    """The annotation of one entry of a table; None where there is none."""
    if isinstance(place, Registry) and isinstance(table, Mapping):
        kind = table.get("kind", default)
        place = place[kind] if isinstance(kind, str) and kind in place else None
    if inspect.isclass(place) and issubclass(place, BaseModel):
        field = place.model_fields.get(name)
        return None if field is None else field.annotation
    if place is None or isinstance(place, Registry):
        return None
    known = parameters(place).get(name)
    return None if known is None else known.annotation
