"""Citation: BibTeX of hopsim and of the sources that a scenario rests on.

The sources are those that its kinds, its checks and its claim name, by the tags that
all of hopsim cites: KH16, KH21, R21, MRS24, TT24. Standard library only.

`python -m hopsim.runs.citation` writes CITATION.cff.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .._common.reach import said
from .._version import __version__
from ..scenario.listing import listed, nouns
from ..scenario.shipped import HOME


class Paper(NamedTuple):
    """A paper; its tag is how docstrings and checks cite it."""

    tag: str
    key: str  # of BibTeX
    authors: tuple[tuple[str, str], ...]  # family name, given names
    title: str
    year: int
    arxiv: str
    where: str  # journal, or conference
    volume: str = ""
    pages: str = ""
    conference: bool = True


SOURCES = (
    Paper(
        tag="KH16",
        key="krotov2016dense",
        authors=(("Krotov", "Dmitry"), ("Hopfield", "John J.")),
        title="Dense Associative Memory for Pattern Recognition",
        year=2016,
        arxiv="1606.01164",
        where="Advances in Neural Information Processing Systems",
        volume="29",
    ),
    Paper(
        tag="KH21",
        key="krotov2021large",
        authors=(("Krotov", "Dmitry"), ("Hopfield", "John J.")),
        title="Large Associative Memory Problem in Neurobiology and Machine Learning",
        year=2021,
        arxiv="2008.06996",
        where="International Conference on Learning Representations",
    ),
    Paper(
        tag="R21",
        key="ramsauer2021hopfield",
        authors=(
            ("Ramsauer", "Hubert"),
            ("Schäfl", "Bernhard"),
            ("Lehner", "Johannes"),
            ("Seidl", "Philipp"),
            ("Widrich", "Michael"),
            ("Adler", "Thomas"),
            ("Gruber", "Lukas"),
            ("Holzleitner", "Markus"),
            ("Pavlović", "Milena"),
            ("Sandve", "Geir Kjetil"),
            ("Greiff", "Victor"),
            ("Kreil", "David"),
            ("Kopp", "Michael"),
            ("Klambauer", "Günter"),
            ("Brandstetter", "Johannes"),
            ("Hochreiter", "Sepp"),
        ),
        title="Hopfield Networks is All You Need",
        year=2021,
        arxiv="2008.02217",
        where="International Conference on Learning Representations",
    ),
    Paper(
        tag="MRS24",
        key="mcalister2024improved",
        authors=(("McAlister", "Hayden"), ("Robins", "Anthony"), ("Szymanski", "Lech")),
        title=(
            "Improved Robustness and Hyperparameter Selection in the Dense Associative "
            "Memory"
        ),
        year=2024,
        arxiv="2407.08742",
        where="",
        conference=False,
    ),
    Paper(
        tag="TT24",
        key="theriault2024dense",
        authors=(("Thériault", "Robin"), ("Tantari", "Daniele")),
        title="Dense Hopfield Networks in the Teacher-Student Setting",
        year=2024,
        arxiv="2401.04191",
        where="SciPost Physics",
        volume="17",
        pages="040",
        conference=False,
    ),
)
THIS = {"hopsim": __version__}  # what is cited where no run says another
NOTED = ("run", "claim", "commit", "seed", "command")  # of what is cited, in the note
TITLE = "hopsim: a simulator and laboratory for Dense Associative Memories"
AUTHORS, YEAR, LICENSE = "The hopsim authors", 2026, "MIT"


# --- what a scenario rests on ---------------------------------------------------------


def sources_of(tables: Mapping[str, Any], *texts: str) -> tuple[Paper, ...]:
    """The sources that resolved tables, the kinds they name, and texts cite.

    That of the networks and flows (KH21) is always one of them.
    """
    words = said(tables)
    told = [*texts, *words, "KH21"]
    told += [str(x) for x in _values(tables.get("claim", {}))]
    for noun in nouns():
        if noun != "scenarios":
            told += [entry.text for entry in listed(noun) if entry.name in words]
    return tagged(told)


def tagged(texts: Iterable[str]) -> tuple[Paper, ...]:
    """The sources whose tags are in some of these texts, the oldest first."""
    found = set(re.findall(r"\b[A-Z]+[0-9]{2}\b", " ".join(texts)))
    return tuple(source for source in SOURCES if source.tag in found)


def _values(table: Any) -> list[Any]:
    return [*table.values()] if isinstance(table, Mapping) else []


def without_places(command: str) -> str:
    """A command in which every file is called by its name alone."""
    bare = lambda word: re.sub(r"(?:~|(?<![\w.]))/(?:[^/\"']+/)+", "", word)
    try:
        return shlex.join(map(bare, shlex.split(command)))
    except ValueError:  # a quote is missing: the record is damaged there
        return bare(command)


# --- BibTeX ---------------------------------------------------------------------------


def bibtex(sources: Iterable[Paper], told: Mapping[str, str] | None = None) -> str:
    """BibTeX of hopsim and of the sources.

    `told` says what is cited: its lines stand before as a comment, the shorter ones in
    the note of hopsim too.
    """
    told = dict(told or {})
    lines = [f"% {term}: {_no_entry(text)}" for term, text in told.items()]
    noted = [f"{term} {told[term]}" for term in NOTED if term in told]
    fields = {
        "author": "{" + AUTHORS + "}",
        "title": TITLE,
        "year": str(YEAR),
        "version": told.get("hopsim", __version__),
        "license": LICENSE,
        "note": _escaped("; ".join(noted)),
    }
    entries = [_entry("software", "hopsim", fields), *map(_of_source, sources)]
    return "\n".join([*lines, "", *entries] if lines else entries)


def _of_source(source: Paper) -> str:
    place = "booktitle" if source.conference else "journal"
    kind = "inproceedings" if source.conference else "article"
    where = source.where or f"arXiv preprint arXiv:{source.arxiv}"
    fields = {
        "author": " and ".join(", ".join(name) for name in source.authors),
        "title": source.title,
        place: where,
        "year": str(source.year),
        "volume": source.volume,
        "pages": source.pages,
        "eprint": source.arxiv,
        "archiveprefix": "arXiv",
    }
    return _entry(kind, source.key, fields)


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    told = [f"  {name:<13} = {{{text}}}," for name, text in fields.items() if text]
    return "\n".join([f"@{kind}{{{key},", *told, "}"]) + "\n"


def _escaped(text: str) -> str:
    """What BibTeX and LaTeX read as it is said."""
    text = _no_entry(text).replace("{", "(").replace("}", ")")
    return re.sub(r"[&%$#_]", lambda m: "\\" + m[0], text)


def _no_entry(text: str) -> str:
    """A text in which BibTeX sees no entry begin."""
    return " ".join(text.replace("@", "(at)").split())


# --- CITATION.cff ---------------------------------------------------------------------


def as_cff() -> str:
    """The text of CITATION.cff, which GitHub and Zenodo read."""
    lines = [
        "cff-version: 1.2.0",
        'message: "If you use hopsim, please cite it and the papers it rests on."',
        "type: software",
        f'title: "{TITLE}"',
        "authors:",
        f'  - name: "{AUTHORS}"',
        f"version: {__version__}",
        f"license: {LICENSE}",
        "references:",
    ]
    for source in SOURCES:
        kind = "conference-paper" if source.conference else "article"
        lines += [f"  - type: {kind}", f'    title: "{source.title}"', "    authors:"]
        for family, given in source.authors:
            names = [
                f'      - family-names: "{family}"',
                f'        given-names: "{given}"',
            ]
            lines += names
        lines.append(f"    year: {source.year}")
        if source.conference:
            lines += ["    conference:", f'      name: "{source.where}"']
        elif source.where:
            lines.append(f'    journal: "{source.where}"')
        if source.volume:
            lines.append(f'    volume: "{source.volume}"')
        identifier = f'      - {{ type: other, value: "arXiv:{source.arxiv}" }}'
        lines += ["    identifiers:", identifier]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(HOME.parent / "CITATION.cff").write_text(as_cff(), encoding="utf-8")
