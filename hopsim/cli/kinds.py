"""One kind, as `hopsim list KIND` shows it: what it is, and every key that it takes."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from .._common import parts
from .._common.formulas import plain_formulas
from .._common.names import printable


LAST = ("sweep", "variants", "only")  # that every experiment has


def kinds_called(word: str) -> list[tuple[str, Callable]]:
    """The nouns and makers of which this is a kind, those of users among them."""
    from ..scenario.listing import nouns_of

    found = nouns_of(word)
    if not found and not any(part.kind == word for part in parts.registered()):
        return []  # known without the registries, which start JAX
    from ..experiments import RunSettings, TrainingSettings
    from ..scenario.catalogue import REGISTRIES

    tables: dict[str, Any] = {"run": RunSettings, "training": TrainingSettings}
    own = [noun for noun, one in REGISTRIES.items() if parts.find(one.noun, word)]
    nouns = dict.fromkeys([*found, *(x for x in own if x not in ("plots", *found))])
    maker = lambda noun: tables[noun] if noun in tables else REGISTRIES[noun][word]
    return [(noun, maker(noun)) for noun in nouns]


def show_kind(noun: str, kind: str, maker: Callable) -> None:
    """Print a kind with its keys: type, allowed words, default, and a sentence."""
    for line in _lines(noun, kind, maker):
        print(printable(line))


def _lines(noun: str, kind: str, maker: Callable) -> Iterator[str]:
    from ..scenario.keys import keys_of

    yield f"{noun}: {kind}"
    for text in _paragraphs(maker.__doc__ or ""):
        yield f"      {text}"
    keys = sorted(keys_of(maker), key=lambda key: key.name in LAST)
    if not keys:
        yield "  no keys"
    for key in keys:
        yield f"  {key.name}: {_type(key)}"
        if key.sentence:
            yield f"      {key.sentence}"


def _type(key: Any) -> str:
    from ..scenario.keys import type_in_words

    words = type_in_words(key.schema)
    if key.registry is not None:
        words = f"table {{ kind = ... }} of a {key.registry.noun}"
    if key.required:
        return f"{words}; required"
    default = "(none)" if key.default is None else json.dumps(key.default)
    return f"{words}; default {default}"


def _paragraphs(doc: str) -> Iterator[str]:
    """The paragraphs of a docstring, each a line, up to the list of arguments."""
    for paragraph in doc.partition("**Arguments:**")[0].split("\n\n"):
        if text := " ".join(paragraph.split()):
            yield plain_formulas(text)
