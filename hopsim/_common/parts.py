"""Parts of users: kinds that are registered from outside hopsim, and their origin.

A part comes from a file, a notebook or an installed package. Its origin is told in
every record that it had a share in. Standard library only: JAX is not started here.
"""

import contextlib
import functools as ft
import hashlib
import importlib.metadata
import inspect
import os
import re
import sys
import tokenize
import traceback
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .files import reason_of, require_regular
from .names import plain, shown
from .notices import notify


GROUP = "hopsim.parts"  # of entry points, by which a package names its modules
MOST_BYTES = 2**24  # of a file of parts
NOTEBOOK = "a notebook"  # or a prompt: what has no file
HASH_SHOWN = 12  # hex digits of a hash in a message


class Origin(NamedTuple):
    """Where parts come from; parts of one place replace their own earlier ones."""

    name: str  # of the file, or of the installed package
    version: str  # "" if it has none
    sha256: str  # of the text of the file, in hex; "" if it cannot be read
    place: str  # the file
    installed: bool = False

    def __str__(self) -> str:
        version = f" {self.version}" if self.version else ""
        known = self.sha256[:HASH_SHOWN]
        return f"{self.name}{version}" + (f" (SHA-256 {known}...)" if known else "")


class Part(NamedTuple):
    """One kind of a user's."""

    noun: str
    kind: str
    maker: Any
    origin: Origin

    def as_entry(self) -> dict[str, str]:
        """What a record keeps of it."""
        told = self.origin._asdict()
        kept = {name: str(told[name]) for name in ("name", "version", "sha256")}
        return {"noun": self.noun, "kind": self.kind} | kept


class Mutation(NamedTuple):
    """Something wrong under which a claim of a user's must fail."""

    claim: str  # the name of its file
    wrong: str
    apply: Callable[[], Any]  # what it returns overrides entries of the scenario
    origin: Origin


_parts: dict[tuple[str, str], Part] = {}
_mutations: dict[tuple[str, str], Mutation] = {}
_loaded: dict[str, str] = {}  # files that were loaded: as they are called -> hash
_texts: dict[str, bytes] = {}  # the text of a file as it was executed
_owner: list[importlib.metadata.Distribution] = []  # whose entry point is being loaded


def registered(noun: str | None = None) -> list[Part]:
    """All parts that are known, or those of one noun."""
    return [p for p in _parts.values() if noun in (None, p.noun)]


def find(noun: str, kind: str) -> Part | None:
    """The part of that kind, if there is one."""
    return _parts.get((noun, kind))


def take(part: Part) -> None:
    """Take a part; ValueError if another one of its kind is not an earlier text of it.

    That is one of another file, or a second one in the same text.
    """
    require_word(part.noun, part.kind)
    before = find(part.noun, part.kind)
    if before is not None and before.origin.place != part.origin.place:
        raise ValueError(
            f"The {part.noun} {part.kind!r} is that of {before.origin.name} already, "
            f"and {part.origin.name} has one of the same name; rename one of them."
        )
    if before is not None and before.origin == part.origin and part.origin.sha256:
        first, second = _name_and_line(before.maker), _name_and_line(part.maker)
        if first != second:
            raise ValueError(
                f"The {part.noun} {part.kind!r} is both {first[0]} and {second[0]} in "
                f"{part.origin.name}; rename one of them."
            )
    _parts[part.noun, part.kind] = part


def _name_and_line(maker: Any) -> tuple[str, int]:
    """What tells two makers of one text apart; the line is 0 for a class."""
    code = getattr(inspect.unwrap(maker), "__code__", None)
    line = 0 if code is None else code.co_firstlineno
    return getattr(maker, "__qualname__", repr(maker)), line


def require_word(noun: str, kind: Any) -> None:
    """Raises ValueError unless a scenario can name a kind so."""
    if not isinstance(kind, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", kind):
        raise ValueError(
            f"The kind of a {noun} is a word of lower-case letters, digits and _, got "
            f'{shown(kind)}; write such a word, as in ("my_kind").'
        )


def take_mutation(mutation: Mutation) -> None:
    """Take a mutation; one of the same words replaces an earlier one."""
    _mutations[mutation.claim, mutation.wrong] = mutation


def mutations(claim: str) -> list[Mutation]:
    """What is wrong under which the claim of that name must fail."""
    return [m for m in _mutations.values() if m.claim == claim]


def origin(names: Mapping[str, Any], maker: Any) -> Origin:
    """The origin of what is registered by code with these global names."""
    file = names.get("__file__")
    if file is None:
        text = source_text(maker).encode()
        place = str(names.get("__name__", "__main__"))
        known = hashlib.sha256(text).hexdigest() if text else ""
        return Origin(NOTEBOOK, "", known, place)
    place = os.path.realpath(file)
    known = (Path(place).name, str(names.get("__version__", "")))
    if _owner:
        known = (_owner[0].name, _owner[0].version)
    return Origin(*known, _hash_of(place), place, bool(_owner))


def source_text(maker: Any) -> str:
    """The source of a class or function; empty where it has none that can be read."""
    try:
        return inspect.getsource(maker)
    except (OSError, TypeError, SyntaxError, tokenize.TokenError):  # typed at a prompt
        return ""


def _hash_of(place: str) -> str:
    try:
        text = _texts.get(place) or Path(place).read_bytes()
    except OSError:
        return ""
    return hashlib.sha256(text).hexdigest()


# --- loading --------------------------------------------------------------------------


def load(file: str | os.PathLike[str]) -> None:
    """Execute a file that registers parts, as an import does; once for each text.

    It may import modules from its own folder; the working directory is afterwards what
    it was. Raises ValueError for whatever goes wrong in it, with file and line.
    """
    place = os.path.realpath(file)
    try:
        require_regular(place, MOST_BYTES)
        text = Path(place).read_bytes()
    except (OSError, ValueError) as error:
        raise ValueError(
            f"The file of parts {shown(os.fspath(file))} cannot be read "
            f"({reason_of(error)}); name one that can."
        ) from error
    known = hashlib.sha256(text).hexdigest()
    if _loaded.get(os.fspath(file)) == known:  # it was executed before
        return
    _texts[place] = text
    # a name that no import statement can ask for, so that it hides no other module
    name = f"{Path(place).stem}@{hashlib.sha256(place.encode()).hexdigest()[:8]}"
    module = types.ModuleType(name)
    module.__file__ = place
    sys.modules[name] = module
    if os.path.dirname(place) not in sys.path:
        sys.path.append(os.path.dirname(place))
    try:
        with contextlib.chdir("."):  # a path that is named later means the same file
            exec(compile(text, place, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        told = fault(error, place) or plain(f"{type(error).__name__}: {error}")
        raise ValueError(told) from error
    _loaded[os.fspath(file)] = known


def loaded_files() -> list[str]:
    """The files that were loaded, as they were called."""
    return list(_loaded)


@ft.cache
def load_installed() -> None:
    """Import what installed packages name as their parts, once in a process.

    A package whose parts cannot be imported is told, and left out.
    """
    for point in importlib.metadata.entry_points(group=GROUP):
        _owner[:] = [] if point.dist is None else [point.dist]
        try:
            point.load()
        except Exception as error:
            who = point.value if point.dist is None else point.dist.name
            why = plain(f"{type(error).__name__}: {error}")
            notify(f"the parts of the package {who} cannot be loaded ({why})")
        finally:
            _owner.clear()


def fault(error: BaseException, place: str | None = None) -> str | None:
    """`FILE, line 3: NameError: ...` of an error in a user's part; None elsewhere.

    The files are those of all parts, or the one at `place`.
    """
    files = {p.origin.place for p in _parts.values()} if place is None else {place}
    told = plain(f"{type(error).__name__}: {error}")
    if isinstance(error, SyntaxError) and error.filename in files:
        told = plain(f"{type(error).__name__}: {error.msg}")
        return f"{Path(error.filename).name}, line {error.lineno}: {told}"
    lines = [
        f"{Path(frame.f_code.co_filename).name}, line {line}: {told}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if os.path.realpath(frame.f_code.co_filename) in files
    ]
    return lines[-1] if lines else None


# --- what records say -----------------------------------------------------------------


def used(words: Iterable[str]) -> list[Part]:
    """The parts of any noun that are called by one of these words."""
    said = set(words)
    return [p for p in _parts.values() if p.kind in said]


def text_of(words: Iterable[str]) -> str:
    """A hash of the files whose parts these words name; empty if there are none.

    What such a file imports from its own folder counts as well; of an installed
    package, whose folder others share, the version.
    """
    origins = {p.origin for p in used(words)}
    if not origins:
        return ""
    places = {one.place for one in origins if not one.installed}
    folders = {os.path.dirname(place) for place in places if os.path.isabs(place)}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and os.path.dirname(os.path.realpath(file)) in folders:
            places.add(os.path.realpath(file))
    found = {f"{os.path.basename(place)} {_hash_of(place)}" for place in places}
    found |= {f"{one.name} {one.version} {one.sha256}" for one in origins}
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()


def missing(recorded: Iterable[Mapping[str, str]], words: Iterable[str]) -> str:
    """Which recorded parts that these words name are unknown, and how to give them.

    An empty text if there are none.
    """
    said, files = set(words), dict[Origin, list[str]]()
    for told in recorded:
        if told["kind"] in said and not _known(told):
            held = Origin(told["name"], told["version"], told["sha256"], "")
            files.setdefault(held, []).append(f"the {told['noun']} {told['kind']!r}")
    return "; ".join(_remedy(held, kinds) for held, kinds in files.items())


def _remedy(held: Origin, kinds: list[str]) -> str:
    name = held.name
    file = name.endswith(".py")
    give = f"give that file, --with {name}" if file else f"install {name}"
    if name == NOTEBOOK:
        give = "execute the cells that register it"
    python = " (in Python: import it first)" if file else ""
    are = "is" if len(kinds) == 1 else "are"
    return f"{', '.join(kinds)} of {held} {are} missing; {give}{python}"


def _known(told: Mapping[str, str]) -> bool:
    if find(told["noun"], told["kind"]) is None:
        load_installed()
    return find(told["noun"], told["kind"]) is not None


def told_again(
    recorded: Iterable[Mapping[str, str]], now: Iterable[Part]
) -> list[dict[str, str]]:
    """The entries of parts for a record that repeats another one.

    A part whose text has changed since has both hashes.
    """
    before = {(told["noun"], told["kind"]): told["sha256"] for told in recorded}
    entries = []
    for part in now:
        entry = part.as_entry()
        old = before.get((part.noun, part.kind), entry["sha256"])
        if old != entry["sha256"]:
            entry["sha256_before"] = old
        entries.append(entry)
    return entries


def changes(entries: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """One line for each file whose text has changed since its parts were recorded."""
    found: dict[str, None] = {}
    for told in entries:
        if "sha256_before" in told:
            old, new = (told[k][:HASH_SHOWN] for k in ("sha256_before", "sha256"))
            found[
                f"the text of {told['name']} has changed since this was run (SHA-256 "
                f"was {old}..., is {new}...)"
            ] = None
    return tuple(found)
