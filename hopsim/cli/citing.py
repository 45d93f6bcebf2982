"""What `hopsim cite` finds out of a run, a claim or a scenario; JAX is not started."""

import os
from collections.abc import Mapping
from typing import Any

from .._common.names import shown


def citation(what: str | None) -> str:
    """BibTeX of hopsim and of the sources of a run, a claim or a scenario.

    Raises ValueError if there is no such thing.
    """
    from ..runs.citation import bibtex, SOURCES
    from ..scenario.saved import RESOLVED, saved_run

    if what is None:
        return bibtex(SOURCES)
    saved = saved_run(what)
    if saved is not None and saved.name != RESOLVED:
        return _of_run(what, saved)
    return _of_file(what)


def _of_run(what: str, saved: Any) -> str:
    import json

    from ..records import load_attributes
    from ..runs.citation import bibtex, sources_of, without_places
    from .endings import reading

    with reading(what):
        attrs = load_attributes(saved)
        tables = json.loads(str(attrs.get("resolved", "{}")))
        checks = [v["source"] for v in json.loads(str(attrs["verdicts"]))]
        told = {"run": f"{attrs['name']}-{attrs['hash']}"}
        versions = {k: v for k, v in attrs.items() if k.startswith("version_")}
        told |= {k.removeprefix("version_"): str(v) for k, v in versions.items()}
        told |= {k: str(attrs[k]) for k in ("commit", "seed", "made") if k in attrs}
        if "command" in attrs:
            told["command"] = without_places(str(attrs["command"]))
    return bibtex(sources_of(tables, *checks), told)


def _of_file(what: str) -> str:
    """Of a claim, by its id, name or tag, or of a scenario."""
    from ..runs.citation import bibtex, SOURCES, sources_of, THIS
    from ..scenario.shipped import find_scenario
    from ..scenario.toml_files import read_tables
    from ..scenario.wording import command_of, scenario_words

    claims = {} if os.path.exists(what) else _claims(what)
    if not claims:
        try:
            file = find_scenario(what)
        except ValueError as error:
            raise ValueError(
                f"There is no run, claim or scenario {shown(what)}; name a run "
                "directory, or one of `hopsim list scenarios`."
            ) from error
        tables: Mapping[str, Any] = read_tables(file).resolved
        command = command_of(scenario_words(file, False, {}))
        told = {"seed": str(tables.get("seed", 0)), "command": command}
        return bibtex(sources_of(tables), THIS | told)
    found = {s.tag for tables in claims.values() for s in sources_of(tables)}
    titles = dict.fromkeys(str(tables.get("title", "")) for tables in claims.values())
    seeds = (f"{tables.get('seed', 0)} ({name})" for name, tables in claims.items())
    told = {
        "claim": f"{what}, {', '.join(titles)}",
        "seed": ", ".join(seeds),
        "command": f"hopsim verify {what} --full",
    }
    return bibtex([source for source in SOURCES if source.tag in found], THIS | told)


def _claims(word: str) -> dict[str, Mapping[str, Any]]:
    """The tables of the claims that ship, by name, of this id, name or tag."""
    from ..claims.tasks import shipped_claims
    from ..scenario.toml_files import read_tables

    found, word = {}, word.lower().removeprefix("claims/")
    for file in sorted(shipped_claims().glob("*.toml")):
        tables = read_tables(file).resolved
        claim = tables["claim"]
        names = (file.stem, claim["id"], *claim.get("tags", ()))
        if word in map(str.lower, names):
            found[file.stem] = tables
    return found
