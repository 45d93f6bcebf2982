"""The catalogue: all kinds that a scenario file can name, with their keys.

`python -m hopsim.scenario.catalogue` writes what `hopsim list` shows of it.
"""

import inspect
import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from .._common import parts
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
from .listing import Entry, TABLE


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


def kinds(noun: str) -> list[str]:
    """The shipped kinds of a noun; `experiments` without validations."""
    found = REGISTRIES[noun].shipped
    return [k for k in found if noun != "experiments" or k not in validations]


def former_kinds() -> dict[str, str]:
    """The former names of all kinds -> their present names."""
    return {
        old: new
        for registry in REGISTRIES.values()
        for old, new in registry.former.items()
    }


def entries() -> dict[str, list[Entry]]:
    """The entries of every noun, and of the tables `[run]` and `[training]`."""
    found = {
        noun: [Entry(k, _first_words(made[k]), _keys(made[k])) for k in kinds(noun)]
        for noun, made in REGISTRIES.items()
    }
    text = "The table [run]; see `hopsim.simulate`."
    found["run"] = [Entry("run", text, _keys(RunSettings))]
    text = "The table [training]; see `hopsim.train`."
    found["training"] = [Entry("training", text, _keys(TrainingSettings))]
    return found


def own_entries(noun: str) -> list[Entry]:
    """The entries of parts of users, with their origin."""
    known = parts.registered(REGISTRIES[noun].noun) if noun in REGISTRIES else []
    return [
        Entry(p.kind, _first_words(p.maker), _keys(p.maker), str(p.origin))
        for p in known
        if noun != "validations"  # these are experiments as well
    ]


def as_json() -> str:
    """The shipped ones as the text of `kinds.json`."""
    shown = ("name", "text", "keys")
    table = {
        noun: [{key: getattr(x, key) for key in shown} for x in found]
        for noun, found in entries().items()
    }
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


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


if __name__ == "__main__":
    TABLE.write_text(as_json(), encoding="utf-8")
