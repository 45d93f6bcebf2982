"""The code that a run can execute: the imports of all that its scenario names.

Standard library only, and nothing is imported of what is asked about: the sources are
parsed as text, so that this is known before JAX starts. A part is a module
(`hopsim.network`), one statement of a package's `__init__.py`
(`hopsim.dynamics:Dynamics`), or all of a package (`hopsim.theory:*`). If the text is
not conclusive, the reach is too large rather than too small.
"""

import ast
import collections
import functools as ft
import hashlib
import importlib.metadata
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .files import places_of


HOME = Path(__file__).parents[1]  # of the package
ENTRY_MODULE = "claims.worker"  # every run begins in this module
DEFAULT_EXPERIMENT = "recall"  # the kind of an experiment that has none
# included without its imports: the settings with which a worker starts
COUNTED_ONLY = ("runs.pool",)
# chooses modules by name, but only those of others: `prefetch`, `parts.load`
LOADS_FOREIGN_ONLY = ("_common.environment", "_common.registry", "_common.parts")
LOADERS = {"import_module", "__import__", "exec", "eval", "run_path", "run_module"}
COMPUTING_PACKAGES = (
    *("jax", "jaxlib", "diffrax", "equinox", "optimistix", "lineax", "optax"),
    *("numpy", "scipy", "numba", "scikit-learn", "jaxtyping"),
)
ITSELF = ""  # instead of an attribute: the object as a whole is used
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Import(NamedTuple):
    """One name that an import binds; a whole module if `name` is empty."""

    origin: str  # the full name of the module that is imported from
    name: str
    bound: str


class ModuleSource(NamedTuple):
    """One parsed file: the hash of its code, its imports and what it registers."""

    package: bool  # it is an `__init__.py`
    code: str  # a hash that ignores comments, docstrings and line numbers
    imports: tuple[Import, ...]
    uses: dict[str, set[str]]  # name -> the attributes read from it
    kinds: dict[str, str]  # present or former name -> the kind that it registers
    names: frozenset[str]  # kinds that it names, such as a default
    plots: frozenset[str]  # the default plots of its experiments
    loads: bool  # it chooses modules by name
    statements: dict[str, tuple[str, frozenset[str]]]  # of a package: code, names read


def code(tables: Iterable[Mapping[str, Any]], home: Path = HOME) -> str:
    """The hash of all code that a run of these tables can execute, in hex."""
    parts = sorted(f"{part} {_code(home, part)}" for part in reach(tables, home))
    return _hash("\n".join(parts))


def code_below(modules: Iterable[str], home: Path = HOME) -> str:
    """The hash of all code that these modules of the package can execute, in hex."""
    known = frozenset(frozenset(modules) & _sources(home).keys())
    parts = sorted(f"{part} {_code(home, part)}" for part in _closure(home, known))
    return _hash("\n".join(parts))


def all_code(home: Path = HOME) -> str:
    """The hash of all code of the package, in hex, for what may execute any of it."""
    return code_below(_sources(home), home)


@ft.cache
def versions() -> dict[str, str]:
    """The versions of what computes."""
    python = ".".join(platform.python_version_tuple()[:2])
    found = {
        package: importlib.metadata.version(package) for package in COMPUTING_PACKAGES
    }
    return {"python": python} | found


def reach(tables: Iterable[Mapping[str, Any]], home: Path = HOME) -> frozenset[str]:
    """The parts of the package in `home` that a run of these tables can execute.

    Several tables are several sizes of one scenario, all of which are checked.
    """
    registered, sources, found = _kinds(home), _sources(home), set()
    for table in tables:
        named = said(table) & registered.keys()
        if "plots" not in table:
            makers = set().union(*(registered[kind] for kind in named))
            named |= set().union(*(sources[maker].plots for maker in makers))
        found |= named
    makers = set().union(*(registered[kind] for kind in found & registered.keys()))
    begun = frozenset(makers | {f"{home.name}.{ENTRY_MODULE}"})
    return _closure(home, begun) | {f"{home.name}.{name}" for name in COUNTED_ONLY}


def files(parts: Iterable[str], home: Path = HOME) -> set[Path]:
    """The files of modules that are reached as a whole."""
    sources, found = _sources(home), set()
    for part in parts:
        if part in sources:
            place = home.parent.joinpath(*part.split("."))
            inside = sources[part].package
            found.add(place / "__init__.py" if inside else place.with_suffix(".py"))
    return found


def former_words(home: Path = HOME) -> dict[str, str]:
    """The former names of kinds -> their present names."""
    words = [
        pair for source in _sources(home).values() for pair in source.kinds.items()
    ]
    return {word: kind for word, kind in words if word != kind}


def data(tables: Iterable[Mapping[str, Any]], beside: Path | None = None) -> str:
    """The data that these tables read: files that they name, and data sets, as text.

    Files are looked for in the folder `beside` and in the working directory, and count
    by their content; data sets in `HOPSIM_DATA` by the names and sizes of their files.
    Missing ones do not count: a run downloads them, or leaves them out if its
    experiment allows that.
    """
    words = tuple(set().union(*map(said, tables)) - {""})
    own = [
        f"{text} {content_hash(place)}"
        for text in words
        for place in places_of(text, beside)
        if os.path.exists(place)
    ]
    return " ".join([*sorted(own), *_at_hand(words)])


def _at_hand(words: tuple[str, ...]) -> list[str]:
    """The files of the named data sets below `HOPSIM_DATA`, if that is set."""
    place = os.environ.get("HOPSIM_DATA")
    if not place:
        return []
    found = [
        f"{path.relative_to(place).as_posix()} {path.stat().st_size}"
        for folder in Path(place).glob("*/")
        if folder.name.startswith(words)  # "kmnist" is in "kmnist_test"
        for path in folder.glob("*.gz")
    ]
    return ["HOPSIM_DATA", *sorted(found)]


def content_hash(path: Path) -> str:
    """The hash of a file, or of all files in a folder; "" if it cannot be read."""
    found = hashlib.sha256()
    try:
        files = sorted(path.glob("*")) if path.is_dir() else [path]
        for file in filter(Path.is_file, files):
            found.update(file.name.encode() + file.read_bytes())
    except OSError:
        return ""  # the run itself reports why
    return found.hexdigest()


def said(tables: Mapping[str, Any]) -> set[str]:
    """All strings that are values of entries, except those of the table `[claim]`."""
    study = tables.get("experiment")
    explicit = isinstance(study, Mapping) and "kind" in study
    found = set() if explicit else {DEFAULT_EXPERIMENT}
    rest = [value for name, value in tables.items() if name != "claim"]
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, Mapping):
            rest += value.values()
        elif isinstance(value, list):
            rest += value
    return found


# --- the closure of imports -----------------------------------------------------------


@ft.cache
def _closure(home: Path, begun: frozenset[str]) -> frozenset[str]:
    """These parts, and all that they import or name."""
    registered, sources = _kinds(home), _sources(home)
    done, todo = set(), set(begun)
    while todo:
        part = todo.pop()
        done.add(part)
        more = set(_below(home, part))
        if part in sources:
            named = sources[part].names & registered.keys()
            more |= set().union(*(registered[kind] for kind in named))
        todo |= more - done
    return frozenset(done)


@ft.cache
def _below(home: Path, part: str) -> frozenset[str]:
    """The parts that one part imports."""
    sources = _sources(home)
    module, _, name = part.partition(":")
    if name == "*":
        return frozenset(m for m in sources if f"{m}.".startswith(f"{module}."))
    source = sources[module]
    if name:
        read = source.statements[name][1]
        return _all(
            _homes(home, module, one)
            for one in read - {name}
            if one in source.statements or any(i.bound == one for i in source.imports)
        )
    found = _all(_taken(home, source, one) for one in source.imports)
    foreign = module in {f"{home.name}.{name}" for name in LOADS_FOREIGN_ONLY}
    return found | {f"{home.name}:*"} if source.loads and not foreign else found


def _taken(home: Path, source: ModuleSource, one: Import) -> frozenset[str]:
    """The parts that an import reaches, by the attributes read from its name."""
    sources = _sources(home)
    if one.origin.partition(".")[0] != home.name:
        return frozenset()  # another library
    if not one.name:  # `import hopsim.this` gives access to all of hopsim
        return frozenset({f"{home.name}:*"})
    found: set[str] = set()
    for part in _homes(home, one.origin, one.name):
        if part not in sources:  # a statement, or all of a package
            found.add(part)
            continue
        read = source.uses.get(one.bound, {ITSELF})
        whole = ITSELF in read or not sources[part].package
        found |= {part} if whole else set()
        found |= _all(_homes(home, part, name) for name in read - {ITSELF})
    return frozenset(found)


@ft.cache
def _homes(home: Path, module: str, name: str) -> frozenset[str]:
    """The parts that define one name of a module, through packages that re-export it.

    A module itself counts, a package does not: what it re-exports is defined elsewhere.
    """
    sources = _sources(home)
    if module not in sources:
        return frozenset({f"{home.name}:*"})  # unknown: all of hopsim
    source = sources[module]
    found = set() if source.package else {module}
    for one in source.imports:
        if one.bound != name or one.origin.partition(".")[0] != home.name:
            continue
        if not one.name:
            found.add(f"{home.name}:*")
        elif one.origin == module:  # `from . import submodule`
            found.add(_inside(home, module, one.name))
        else:
            found |= _homes(home, one.origin, one.name)
    if not found:
        known = name in source.statements
        found = {f"{module}:{name}" if known else _inside(home, module, name)}
    return frozenset(found)


def _inside(home: Path, package: str, name: str) -> str:
    """A module of a package; all of the package if it has none of that name."""
    inner = f"{package}.{name}"
    return inner if inner in _sources(home) else f"{package}:*"


def _all(sets: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def _code(home: Path, part: str) -> str:
    module, _, name = part.partition(":")
    source = _sources(home)[module]
    if name == "*":
        return ""  # its modules are parts of their own
    return source.statements[name][0] if name else source.code


# --- reading --------------------------------------------------------------------------


@ft.cache
def _sources(home: Path) -> dict[str, ModuleSource]:
    """Every module of the package, by its full name."""
    found = {}
    for path in home.glob("**/*.py"):
        *steps, last = path.relative_to(home.parent).with_suffix("").parts
        package = last == "__init__"
        whole = steps if package else [*steps, last]
        found[".".join(whole)] = _read(path.read_bytes(), ".".join(steps), package)
    return found


@ft.cache
def _kinds(home: Path) -> dict[str, set[str]]:
    """The modules that register each kind, whatever its registry."""
    found: dict[str, set[str]] = {}
    for module, source in _sources(home).items():
        for kind in source.kinds:
            found.setdefault(kind, set()).add(module)
    return found


@ft.cache
def _read(text: bytes, above: str, package: bool) -> ModuleSource:
    tree = ast.parse(text)
    nodes = _nodes(tree)
    for node in (node for kind in (ast.Module, *DEFINITIONS) for node in nodes[kind]):
        if _has_docstring(node):
            del node.body[0]
    imports = tuple(_imports(nodes, above))
    # a loader may be passed on and called elsewhere
    named = {node.attr for node in nodes[ast.Attribute]}
    named |= {node.id for node in nodes[ast.Name]} | {one.name for one in imports}
    return ModuleSource(
        package=package,
        code=_hash(ast.dump(tree)),
        imports=imports,
        uses=_uses(nodes),
        kinds=dict(pair for call in nodes[ast.Call] for pair in _registered(call)),
        names=frozenset(kind for node in nodes[ast.Dict] for kind in _named(node)),
        plots=frozenset(name for node in nodes[ast.ClassDef] for name in _drawn(node)),
        loads=not named.isdisjoint(LOADERS),
        statements=_statements(tree) if package else {},
    )


def _nodes(tree: ast.Module) -> dict[type, list[Any]]:
    """All nodes by their type, without `if TYPE_CHECKING` blocks."""
    found: dict[type, list[Any]] = collections.defaultdict(list)
    rest: list[ast.AST] = [tree]
    while rest:
        node = rest.pop()
        found[type(node)].append(node)
        if isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING":
            rest += node.orelse
        else:
            rest += ast.iter_child_nodes(node)
    return found


def _has_docstring(node: Any) -> bool:
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and _text(first.value) is not None


def _imports(nodes: dict[type, list[Any]], above: str) -> Iterator[Import]:
    for node in nodes[ast.Import]:
        for alias in node.names:
            first = alias.name.partition(".")[0]
            yield Import(alias.name, "", alias.asname or first)
    steps = above.split(".")
    for node in nodes[ast.ImportFrom]:
        base = steps[: len(steps) - node.level + 1] if node.level else []
        origin = ".".join([*base, *filter(None, [node.module])])
        for alias in node.names:
            yield Import(origin, alias.name, alias.asname or alias.name)


def _uses(nodes: dict[type, list[Any]]) -> dict[str, set[str]]:
    """The attributes read from every name; ITSELF if the name is used alone."""
    found: dict[str, set[str]] = collections.defaultdict(set)
    inner = set()  # names from which an attribute is read
    for node in nodes[ast.Attribute]:
        if isinstance(node.value, ast.Name):
            found[node.value.id].add(node.attr)
            inner.add(id(node.value))
    for node in nodes[ast.Name]:
        if id(node) not in inner:
            found[node.id].add(ITSELF)
    return dict(found)


def _registered(call: ast.Call) -> Iterator[tuple[str, str]]:
    """Each word in `registry.register("kind", formerly=("old",))`, with the kind."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "register":
        return
    old = [k.value for k in call.keywords if k.arg == "formerly"]
    for kind in filter(None, map(_text, call.args[:1])):
        yield kind, kind
        texts = (_text(node) for value in old for node in ast.walk(value))
        yield from ((text, kind) for text in texts if text is not None)


def _named(node: ast.Dict) -> Iterator[str]:
    """The kind in `{"kind": "recall"}`."""
    for key, value in zip(node.keys, node.values, strict=True):
        kind = _text(value)
        if _text(key) == "kind" and kind is not None:
            yield kind


def _drawn(node: ast.ClassDef) -> Iterator[str]:
    """The names in `plots = ("energy", "overlaps")` of a class."""
    for inner in node.body:
        targets = getattr(inner, "targets", [getattr(inner, "target", None)])
        if any(_name(target) == "plots" for target in targets):
            texts = map(_text, ast.walk(inner))
            yield from (text for text in texts if text is not None)


def _statements(tree: ast.Module) -> dict[str, tuple[str, frozenset[str]]]:
    """The code that binds each top-level name of a file, and the names it reads."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for node in tree.body:
        read = frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
        for name in _bound(node):
            before, others = found.get(name, ("", frozenset()))
            found[name] = (_hash(before + ast.dump(node)), others | read)
    return found


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, DEFINITIONS):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    else:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id


def _name(node: ast.AST | None) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _text(node: ast.AST | None) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
