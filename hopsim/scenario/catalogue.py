"""The catalogue: all kinds that a scenario file can name, with their keys."""

import inspect
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from .._common.names import nearest
from .._common.registry import parameters, ranges, Registry
from ..checks import checks
from ..data.sources import memory_sources, probe_sources
from ..dynamics import drives, dynamics_kinds
from ..experiments import experiments, RunSettings, TrainingSettings
from ..lagrangians import lagrangians
from ..models import networks
from ..plots import plots
from ..validation import validations
from .grammar import GIVEN_BY_HOPSIM
from .shipped import scenario_files


class Entry(NamedTuple):
    """One kind, or a scenario, that can be named."""

    name: str
    text: str  # formula and source
    keys: str  # required ones bare, others with their defaults


REGISTRIES: dict[str, Registry] = {
    "lagrangians": lagrangians,
    "dynamics": dynamics_kinds,
    "drives": drives,
    "networks": networks,
    "memories": memory_sources,
    "probes": probe_sources,
    "experiments": experiments,
    "validations": validations,
    "checks": checks,
    "plots": plots,
}
NOUNS = (*REGISTRIES, "run", "training", "scenarios")


def kinds(noun: str) -> list[str]:
    """The kinds of a noun; `experiments` without validations."""
    found = list(REGISTRIES[noun])
    return [k for k in found if noun != "experiments" or k not in validations]


def former_kinds() -> dict[str, str]:
    """The former names of all kinds -> their present names."""
    return {
        old: new
        for registry in REGISTRIES.values()
        for old, new in registry.former.items()
    }


def entries(noun: str) -> list[Entry]:
    """The entries of a noun, as in `hopsim list`; ValueError for an unknown noun."""
    if noun in REGISTRIES:
        found = REGISTRIES[noun]
        return [Entry(k, _first_words(found[k]), _keys(found[k])) for k in kinds(noun)]
    if noun == "run":
        return [
            Entry("run", "The table [run]; see `hopsim.simulate`.", _keys(RunSettings))
        ]
    if noun == "training":
        text = "The table [training]; see `hopsim.train`."
        return [Entry("training", text, _keys(TrainingSettings))]
    if noun == "scenarios":
        return [Entry(name, _title(f), "") for name, f in scenario_files().items()]
    raise ValueError(f"hopsim cannot list {noun!r}; {nearest(noun, list(NOUNS))}")


def _first_words(maker: Callable) -> str:
    return " ".join((maker.__doc__ or "").strip().split("\n\n")[0].split())


def _keys(maker: Any) -> str:
    if inspect.isclass(maker) and issubclass(maker, BaseModel):
        fields = maker.model_fields.items()
        default = lambda f: f.get_default(call_default_factory=True)
        return ", ".join(_key(k, f.is_required(), default(f), None) for k, f in fields)
    limits, empty = ranges(maker), inspect.Parameter.empty
    known = {k: p for k, p in parameters(maker).items() if k not in GIVEN_BY_HOPSIM}
    if "record" in known:  # plots take nothing from the file
        return ""
    return ", ".join(
        _key(k, p.default is empty, p.default, limits.get(k)) for k, p in known.items()
    )


def _key(name: str, required: bool, default: Any, limit: Any) -> str:
    shown = name if required else f"{name} = {_toml(default)}"
    return f"{shown} ({limit})" if limit is not None else shown


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "(none)" if value is None else repr(value).replace("'", '"')


def _title(path: Path) -> str:
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8")).get("title", ""))
    except (OSError, ValueError):
        return "(cannot be read)"
