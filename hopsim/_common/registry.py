"""Registries: the kind named in a scenario file -> the class or function that makes it.

A registry knows no physics. It keeps names, finds near misses, and holds the arguments
of registered functions to the ranges written in their annotations. Beside the kinds of
hopsim it has those of users (`parts`).
"""

import functools as ft
import importlib
import inspect
import threading
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import parts
from .names import guess, nearest, shown
from .types import Range


@ft.lru_cache(maxsize=1024)
def ranges(maker: Callable) -> Mapping[str, Range]:
    """The ranges written as `Annotated[type, Range(...)]` in a signature."""
    if inspect.isclass(maker):
        maker = maker.__init__
    found = {}
    for name, hint in getattr(maker, "__annotations__", {}).items():
        for extra in getattr(hint, "__metadata__", ()):
            if isinstance(extra, Range):
                found[name] = extra
    return types.MappingProxyType(found)


@ft.lru_cache(maxsize=1024)
def parameters(maker: Callable) -> Mapping[str, inspect.Parameter]:
    """The parameters of a constructor or function, without `self`."""
    return inspect.signature(maker).parameters


def bare(hint: Any) -> Any:
    """An annotation without its `Annotated` wrapping."""
    return typing.get_args(hint)[0] if hasattr(hint, "__metadata__") else hint


class Registry:
    """Kinds of one noun, each made by one class or function.

    What is registered `within` another registry is a kind of that one as well.
    `completed_by` names packages whose import registers further kinds: they are
    imported when the registry is first asked. A kind is found by what it was called
    formerly, too, but only its word of today is listed.
    """

    def __init__(
        self,
        noun: str,
        within: "Registry | None" = None,
        completed_by: tuple[str, ...] = (),
    ):
        self.noun = noun
        self._within = within
        self._awaited, self._completing = completed_by, threading.RLock()
        self._registered: dict[str, Callable] = {}
        self._former: dict[str, str] = {}

    @property
    def _makers(self) -> dict[str, Callable]:
        if self._awaited:
            with self._completing:  # who looks meanwhile waits for all kinds
                for package in self._awaited:
                    importlib.import_module(package)
                self._awaited = ()  # only now: one that fails is missed again
        return self._registered

    def register(
        self, kind: str, formerly: tuple[str, ...] = ()
    ) -> Callable[[Any], Any]:
        """A decorator: file the class or function under `kind`.

        `formerly` are words that scenarios may have said for it before.
        """
        for word in (kind, *formerly):
            if word in self._registered or word in self._former:
                raise ValueError(f"The {self.noun} {word!r} is registered already.")

        def decorate(maker: Any) -> Any:
            maker = held_to_ranges(maker)
            if self._within is not None:
                self._within.register(kind, formerly)(maker)
            self._registered[kind] = maker
            self._former |= dict.fromkeys(formerly, kind)
            return maker

        return decorate

    def extend(self, kind: str, maker: Any, origin: parts.Origin) -> Any:
        """File a class or function of a user's, as it will be called.

        One from the same place replaces an earlier one. Raises ValueError for a kind of
        hopsim's or of another file.
        """
        if kind in self._makers or kind in self._former:
            raise ValueError(
                f"hopsim has a {self.noun} {kind!r} of its own; call yours otherwise."
            )
        maker = held_to_ranges(maker)
        parts.take(parts.Part(self.noun, kind, maker, origin))
        return maker

    @property
    def shipped(self) -> list[str]:
        """The kinds of hopsim, without those of users."""
        return list(self._makers)

    @property
    def former(self) -> Mapping[str, str]:
        """What kinds were called formerly -> what they are called today."""
        assert self._makers is self._registered  # all of them are registered now
        return types.MappingProxyType(self._former)

    def today(self, word: str) -> str:
        """What a kind is called today; a word that never was another one, as it is."""
        return self.former.get(word, word)

    def guess(self, word: str) -> str | None:
        """What a misspelt word probably meant, as it is called today."""
        meant = guess(word, [*self, *self.former])
        return None if meant is None else self.today(meant)

    def nearest(self, word: str) -> str:
        """`did you mean ...?` for a misspelt word, or the list of valid ones."""
        return nearest(self.guess(word) or word, list(self))

    def __getitem__(self, kind: str) -> Callable:
        if kind not in self:
            raise ValueError(
                f"There is no {self.noun} of kind {shown(kind)}; {self.nearest(kind)}"
            )
        own = parts.find(self.noun, kind)
        return self._makers[self.today(kind)] if own is None else own.maker

    def __contains__(self, kind: object) -> bool:
        if kind in self._makers or kind in self._former:
            return True
        if not isinstance(kind, str):
            return False
        if parts.find(self.noun, kind) is None:
            parts.load_installed()
        return parts.find(self.noun, kind) is not None

    def __iter__(self) -> Iterator[str]:
        yield from self._makers
        yield from (part.kind for part in parts.registered(self.noun))

    def kind_of(self, maker: object) -> str | None:
        """The kind under which a class or function is filed, if it is."""
        return next((k for k in self if self[k] is maker), None)


def held_to_ranges(maker: Any) -> Any:
    """A function that refuses arguments out of the ranges of its annotations.

    Classes stay as they are: their fields are read by a scenario alone.
    """
    return maker if inspect.isclass(maker) or not ranges(maker) else _in_range(maker)


def _in_range(maker: Callable) -> Callable:
    limits = ranges(maker)
    signature = inspect.signature(maker)

    @ft.wraps(maker)
    def wrapped(*args, **kwargs):
        given = signature.bind(*args, **kwargs).arguments
        for name, limit in limits.items():
            if given.get(name) is not None:
                problem = limit.problem(given[name])
                if problem:
                    raise ValueError(f"{maker.__name__}: {name} {problem}")
        return maker(*args, **kwargs)

    return wrapped
