"""The decorators: each files a class or function of a user's in its registry."""

import functools as ft
import inspect
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .._common import parts
from .._common.arrays import table
from .._common.names import shown
from .._common.notices import caller
from .._common.registry import parameters, Registry
from .._common.types import Memories
from ..checks import AbstractCheck, checks
from ..data.sketches import memory_sketches, probe_sketches
from ..data.sources import memory_sources, PatternSet, probe_sources, ProbeSet
from ..dynamics import (
    AbstractDrive,
    AbstractDynamics,
    drives,
    dynamics_kinds,
)
from ..experiments import (
    AbstractExperiment,
    experiments,
)
from ..lagrangians import (
    AbstractLagrangian,
    lagrangians,
)
from ..models import networks
from ..network import Network
from ..plots import plots


# names of arguments that no setting may have: what hopsim supplies, and `kind`
TAKEN = ("kind", "memories", "stream", "self", "record", "fig")

Maker = TypeVar("Maker")  # a decorator gives back what it was given


def lagrangian(kind: str) -> Callable[[Maker], Maker]:
    r"""A Lagrangian, $L(x)$ of one layer: a subclass, or a function that makes one."""
    return _door(lagrangians, kind, AbstractLagrangian, functions=True)


def drive(kind: str) -> Callable[[Maker], Maker]:
    """A drive $I(t)$: a subclass, or a function that makes one."""
    return _door(drives, kind, AbstractDrive, functions=True)


def dynamics(kind: str) -> Callable[[Maker], Maker]:
    """A rule of motion: a subclass of `AbstractFlow`, `AbstractSpinDynamics`, ..."""
    return _door(dynamics_kinds, kind, AbstractDynamics)


def experiment(kind: str) -> Callable[[Maker], Maker]:
    """An experiment: a subclass, whose fields are the entries of `[experiment]`."""
    return _door(experiments, kind, AbstractExperiment)


def check(kind: str) -> Callable[[Maker], Maker]:
    """A check: a subclass, whose fields are the entries of `[[checks]]`."""
    return _door(checks, kind, AbstractCheck)


def network(kind: str) -> Callable[[Maker], Maker]:
    """A network: a function of `memories: Memories` and its settings."""
    adapt = lambda maker: _giving(maker, kind, _as_network)
    return _door(networks, kind, None, ("memories",), adapt)


def memories(kind: str, sketch: Callable | None = None) -> Callable[[Maker], Maker]:
    r"""A source of memories: a function of `stream` and its settings.

    It returns a `PatternSet`, or rows (memory, feature). `stream.generator()` is the
    NumPy generator of its random numbers, keyed by the seed of the scenario, and
    `hopsim.patterns` take the stream itself. `hopsim check` draws the memories too,
    unless `sketch` says what they will be: a function of the settings by name, which
    returns a `PatternSet` of their sizes.
    """
    adapt = lambda maker: _giving(maker, kind, _as_patterns)
    return _door(memory_sources, kind, None, ("stream",), adapt, sketch)


def probes(kind: str, sketch: Callable | None = None) -> Callable[[Maker], Maker]:
    """A source of probes: a function of `stream`, `memories` and its settings.

    `memories` is a `PatternSet`. It returns a `ProbeSet`, or rows (probe, feature) that
    aim at no memory. `sketch` takes the sketched memories, and the settings by name.
    """
    adapt = lambda maker: _giving(maker, kind, _as_probes)
    given = ("stream", "memories")
    return _door(probe_sources, kind, None, given, adapt, sketch)


def plot(kind: str) -> Callable[[Maker], Maker]:
    """A picture: a function of `record` and the Matplotlib figure `fig`."""
    return _door(plots, kind, None, ("record", "fig"))


def mutation(claim: str, wrong: str) -> Callable[[Maker], Maker]:
    """Something wrong under which the claim of that name (its file's) must fail.

    The function changes hopsim or a part (`Ring.energy = wrong_energy`) before the
    claim is run in a process that ends with it, or returns entries of the scenario that
    are other then: `{"network.beta": 2.0}`. `hopsim verify DIRECTORY --with FILE
    --mutations` says whether the claim sees it. Raises ValueError for empty words.
    """
    for what, text in (("claim", claim), ("wrong", wrong)):
        if not isinstance(text, str) or not text.strip():
            raise ValueError(
                f"A mutation names its claim and what is wrong, got {what} = "
                f'{shown(text)}; write @extend.mutation("my-claim", "a sign").'
            )

    names = caller(sys._getframe())[0].f_globals

    def decorate(maker: Any) -> Any:
        if not inspect.isfunction(maker) or _taken(maker):
            raise ValueError(
                f"The mutation {wrong!r} is a function without arguments, got "
                f"{shown(maker)}."
            )
        where = parts.origin(names, maker)
        parts.take_mutation(parts.Mutation(claim, wrong, maker, where))
        return maker

    return decorate


# --- what is asked of a part ----------------------------------------------------------


def _door(
    registry: Registry,
    kind: str,
    base: type | None,
    given: tuple[str, ...] = (),
    adapt: Callable[[Any], Any] = lambda maker: maker,
    sketch: Callable | None = None,
    functions: bool = False,
) -> Callable[[Maker], Maker]:
    """The decorator of a registry: of subclasses of `base`, or of functions.

    `given` are the first parameters of a function, which hopsim supplies.
    """
    parts.require_word(registry.noun, kind)
    names = caller(sys._getframe())[0].f_globals

    def decorate(maker: Any) -> Any:
        if base is not None and not (functions and inspect.isfunction(maker)):
            _require_class(registry.noun, kind, maker, base)
        else:
            _require_function(registry.noun, kind, maker, given)
        where = parts.origin(names, maker)
        registry.extend(kind, adapt(maker), where)
        if sketch is not None:
            sketches = memory_sketches if registry is memory_sources else probe_sketches
            sketches.extend(kind, sketch, where)
        return maker

    return decorate


def _require_class(noun: str, kind: str, maker: Any, base: type) -> None:
    if not (inspect.isclass(maker) and issubclass(maker, base)):
        raise ValueError(
            f"The {noun} {kind!r} must be a subclass of {base.__name__}, got "
            f"{_called(maker)}."
        )
    missing = sorted(
        {*getattr(maker, "__abstractmethods__", ())}
        | {*getattr(maker, "__abstractvars__", ())}
    )
    if missing:
        raise ValueError(
            f"The {noun} {kind!r} lacks {', '.join(missing)}; {base.__name__} says "
            "what they are."
        )
    _require_annotations(noun, kind, maker, ())


def _require_function(noun: str, kind: str, maker: Any, given: tuple[str, ...]) -> None:
    if not inspect.isfunction(maker) or tuple(_taken(maker))[: len(given)] != given:
        first = f" whose first arguments are {', '.join(given)}" if given else ""
        raise ValueError(
            f"The {noun} {kind!r} must be a function{first}, got {_called(maker)}."
        )
    _require_annotations(noun, kind, maker, given)


def _require_annotations(
    noun: str, kind: str, maker: Any, given: tuple[str, ...]
) -> None:
    """Raises ValueError for a setting of which a file could not be told what it is."""
    if hasattr(maker, "model_fields"):  # Pydantic has asked for them
        return
    who = f"the {noun} {kind!r}"
    for name, parameter in _taken(maker).items():
        hint = parameter.annotation
        if name in TAKEN and name not in given:
            raise ValueError(
                f"The setting {name!r} of {who} is a word that a file says for "
                "something else, or that hopsim supplies; call it otherwise."
            )
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise ValueError(
                f"The arguments of {who} are given by name, and {name!r} has none that "
                "can be said; leave out the / after it."
            )
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            raise ValueError(
                f"The arguments *{name} of {who} have no names that a scenario could "
                "say; write each of them out."
            )
        if name == "memories" and (hint is Memories) != (noun == networks.noun):
            right = "Memories" if noun == networks.noun else "PatternSet"
            raise ValueError(
                f"The argument memories of {who} must be annotated as such; write "
                f"memories: extend.{right}."
            )
        if name in given:
            continue
        if isinstance(hint, str):
            raise ValueError(
                f"The annotations of {who} are texts; leave out `from __future__ "
                "import annotations`, and write types without quotes."
            )
        if hint is parameter.empty:
            raise ValueError(
                f"The setting {name!r} of {who} needs an annotation, which says what a "
                f"scenario may hold; write {name}: float, say."
            )


def _taken(maker: Any) -> dict[str, inspect.Parameter]:
    return dict(parameters(maker))


def _called(maker: Any) -> str:
    if inspect.isclass(maker):
        return f"the class {maker.__name__}"
    if not inspect.isfunction(maker):
        return shown(maker)
    return f"the function {maker.__name__}({', '.join(_taken(maker))})"


# --- what a part gives ----------------------------------------------------------------


def _giving(maker: Any, kind: str, taken: Callable[[Any, str], Any]) -> Any:
    """The same function, its result as hopsim has it."""

    @ft.wraps(maker)
    def source(*args: Any, **settings: Any) -> Any:
        return taken(maker(*args, **settings), kind)

    return source


def _as_patterns(found: Any, kind: str) -> PatternSet:
    found = found if isinstance(found, PatternSet) else PatternSet(found)
    rows = table(found.values, f"The memories of {kind!r}", "memory", dtype=float)
    return found._replace(values=rows)


def _as_probes(found: Any, kind: str) -> ProbeSet:
    values = found.values if isinstance(found, ProbeSet) else found
    rows = table(values, f"The probes of {kind!r}", "probe", dtype=float)
    if isinstance(found, ProbeSet):
        return found._replace(values=rows)
    return ProbeSet(rows, np.full(len(rows), -1))


def _as_network(found: Any, kind: str) -> Network:
    if not isinstance(found, Network):
        raise ValueError(
            f"The network {kind!r} must return a Network, got {shown(found)}."
        )
    return found
