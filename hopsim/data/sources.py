"""The sources of memories and of probes that a scenario can name.

A memory source takes a random stream and its settings and returns a `PatternSet`; a
probe source also takes that set and returns a `ProbeSet`. To add one: write a function
under `memory_sources.register(kind)` or `probe_sources.register(kind)`, with its
formula and source in the docstring. `_drawn` makes one from a function of `patterns`.
Invalid settings raise ValueError.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from .._common.arrays import notify_repeats, table, whole_numbers
from .._common.cores import require_room
from .._common.registry import Registry
from .._common.streams import Stream
from .._common.types import (
    Count,
    DataPath,
    DataPathOrName,
    Fraction,
    NonNegative,
    Positive,
)
from . import datasets, patterns
from .stacks import read_stack


memory_sources = Registry("memory source")
probe_sources = Registry("probe source")


class PatternSet(NamedTuple):
    """Memories, with labels and image shape if known."""

    values: Float[np.ndarray, "memory feature"]
    labels: Int[np.ndarray, " memory"] | None = None
    image: tuple[int, int] | None = None  # rows and columns, if they are images
    offset: Float[np.ndarray, " feature"] | None = None  # to be added to show images


class ProbeSet(NamedTuple):
    """Probes, the target memory of each (-1: none), and the hidden features."""

    values: Float[np.ndarray, "probe feature"]
    targets: Int[np.ndarray, " probe"]
    hidden: Bool[np.ndarray, " feature"] | None = None


# --- memories -----------------------------------------------------------------------


def _worded(source: Callable, draw: Callable) -> Callable:
    """`source` with the name, docstring and settings of a function of `patterns`.

    Its own parameters, such as the stream, come first; it takes settings by keyword.
    """
    own, its = inspect.signature(source), inspect.signature(draw)
    given = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    settings = [p for name, p in its.parameters.items() if name != "key"]
    whole = own.replace(parameters=[*given, *settings])
    source.__annotations__ = {k: p.annotation for k, p in whole.parameters.items()}
    source.__name__ = source.__qualname__ = draw.__name__
    source.__doc__ = draw.__doc__
    vars(source)["__signature__"] = whole
    return source


def _drawn(draw: Callable, clustered: bool = False) -> Callable:
    """The source that a function of `patterns` draws; labels are cluster numbers."""

    def source(stream: Stream, **settings: Any) -> PatternSet:
        labels = None
        if clustered:
            labels = np.repeat(np.arange(settings["clusters"]), settings["per_cluster"])
        return PatternSet(draw(stream, **settings), labels)

    return _worded(source, draw)


memory_sources.register("random_binary")(_drawn(patterns.random_binary))
memory_sources.register("gaussian")(_drawn(patterns.gaussian))
memory_sources.register("sphere")(_drawn(patterns.sphere))
memory_sources.register("orthogonal")(_drawn(patterns.orthogonal))
memory_sources.register("simplices")(_drawn(patterns.simplices, clustered=True))
memory_sources.register("cyclic")(_drawn(patterns.cyclic))
memory_sources.register("correlated")(_drawn(patterns.correlated, clustered=True))


@memory_sources.register("given")
def given(stream: Stream, values: list[list[float]]) -> PatternSet:
    r"""Memories $\xi_{\mu i}$ written out in the scenario, a list of rows. [hopsim]"""
    return _looked_at(PatternSet(_rows(values, "memories", "memory")), "memories")


@memory_sources.register("file")
def file(
    stream: Stream,
    path: DataPath,
    variable: str | None = None,
    labels: DataPathOrName = None,
    per_class: Count | None = None,
    count: Count | None = None,
    centred: bool | None = None,
    norm: Positive | None = None,
    binary: bool = False,
) -> PatternSet:
    r"""$\xi_{\mu i}$ from `.npy`, `.npz`, HDF5, netCDF or IDX, rows or images. [hopsim]

    `variable` names an array of several, `"train/data"` one of a group, and `labels`
    another with the class of each row, or a file of them; without it, what usually
    accompanies `variable` is taken (`y_train` beside `x_train`). Images of bytes become
    memories as in `images`; other numbers stay as they are, unless `centred`, `norm` or
    `binary` asks for pixels in [0, 1].
    """
    found = read_stack(path, variable, labels)
    asked = centred is not None or norm is not None or binary
    if not asked and not (found.of_bytes and found.image):
        found = found.selected(per_class, count)
        rows = _rows(found.values, path, "memory")
        return _looked_at(PatternSet(rows, found.labels, found.image), path)
    found = found.selected(per_class, count)
    known = np.zeros(len(found.values), int) if found.labels is None else found.labels
    shape = found.image or (1, found.values.shape[1])
    pictures = datasets.Images(found.pixels(path), known, shape)
    centred = centred is not False
    made = _as_memories(pictures, None, None, None, centred, norm, binary, None)
    return _looked_at(made._replace(labels=found.labels, image=found.image), path)


@memory_sources.register("images")
def images(
    stream: Stream,
    folder: DataPath,
    per_class: Count | None = None,
    centred: bool = True,
    norm: Positive | None = None,
    binary: bool = False,
) -> PatternSet:
    r"""A folder of images, a subfolder a class; $|\xi_\mu| =$ `norm`. [hopsim]

    With `binary` spins, neither centred nor scaled: +1 above 127 of 255, else -1.
    """
    found = datasets.image_folder(folder)
    made = _as_memories(found, per_class, None, None, centred, norm, binary, None)
    return _looked_at(made, folder)


@memory_sources.register("digits")
def digits(
    stream: Stream,
    per_class: Count | None = None,
    count: Count | None = None,
    classes: Sequence[int] | None = None,
    centred: bool = True,
    norm: Positive | None = None,
    binary: bool = False,
    shuffled: bool = False,
) -> PatternSet:
    r"""Real 8x8 digits (1,797, offline), $|\xi_\mu| =$ `norm`. [UCI; scikit-learn]

    With `binary` spins, neither centred nor scaled: +1 above 127 of 255, else -1.
    """
    generator = stream.generator() if shuffled else None
    return _as_memories(
        datasets.digits(), per_class, count, classes, centred, norm, binary, generator
    )


def _idx(name: str, split: Literal["train", "test"]):
    def source(
        stream: Stream,
        split: Literal["train", "test"] = split,
        per_class: Count | None = None,
        count: Count | None = None,
        classes: Sequence[int] | None = None,
        centred: bool = True,
        norm: Positive | None = None,
        binary: bool = False,
        shuffled: bool = False,
    ) -> PatternSet:
        generator = stream.generator() if shuffled else None
        found = datasets.idx_images(name, split)
        return _as_memories(
            found, per_class, count, classes, centred, norm, binary, generator
        )

    source.__name__ = source.__qualname__ = name
    return source


_FROM = "28x28 images in IDX form, fetched and verified, or from `HOPSIM_DATA`"
mnist = _idx("mnist", "train")
mnist.__doc__ = rf"""MNIST: {_FROM}; $|\xi_\mu| =$ `norm`. [LeCun & Cortes]"""
memory_sources.register("mnist")(mnist)
fashion_mnist = _idx("fashion_mnist", "train")
fashion_mnist.__doc__ = rf"""Fashion-MNIST: {_FROM}; $|\xi_\mu| =$ `norm`. [Zalando]"""
memory_sources.register("fashion_mnist")(fashion_mnist)
kmnist = _idx("kmnist", "test")
kmnist.__doc__ = rf"""Kuzushiji-MNIST: {_FROM}; $|\xi_\mu| =$ `norm`. [ROIS-CODH]"""
memory_sources.register("kmnist")(kmnist)


# --- probes -------------------------------------------------------------------------


@probe_sources.register("corrupted")
def corrupted(
    stream: Stream,
    memories: PatternSet,
    flipped: Fraction = 0.0,
    noise: NonNegative = 0.0,
    occluded: Literal["none", "lower", "upper", "left", "right"] = "none",
    fraction: Fraction = 0.5,
    fill: float = 0.0,
    repeats: Count = 1,
    count: Count | None = None,
) -> ProbeSet:
    r"""$v_i(0) = \pm\xi_{\mu i} +$ `noise` $\cdot z_i$, one side hidden. [KH16; R21]

    Every memory is probed `repeats` times; `count` keeps the first `count` probes.
    """
    targets, hidden = aims_of(memories, occluded, fraction, repeats, count)
    values = patterns.corrupted(
        stream, memories.values[targets], flipped, noise, hidden, fill
    )
    return ProbeSet(values, targets, hidden)


def aims_of(
    memories: PatternSet,
    occluded: Literal["none", "lower", "upper", "left", "right"],
    fraction: float,
    repeats: int,
    count: int | None,
    **others: Any,
) -> tuple[Int[np.ndarray, " probe"], Bool[np.ndarray, " feature"] | None]:
    """The memory that each corrupted probe aims at, and the features it hides."""
    rows, features = memories.values.shape
    number = repeats * rows if count is None else min(repeats * rows, count)
    require_room(
        float(number) * features, f"{number:,} probes of {features:,} features"
    )
    hidden = None
    if occluded != "none":
        if memories.image is None:
            raise ValueError(
                f'occluded = "{occluded}" needs images as memories; use flipped or '
                "noise for plain vectors."
            )
        hidden = patterns.occlusion(memories.image, occluded, fraction)
    return np.arange(number) // repeats, hidden


@probe_sources.register("random")
def random(
    stream: Stream,
    memories: PatternSet,
    count: Count = 16,
    scale: Positive = 1.0,
    binary: bool = False,
) -> ProbeSet:
    r"""$v_i(0) \sim N(0, s^2)$, or $\pm s$ if `binary`; no target. [hopsim]"""
    features = memories.values.shape[1]
    draw = patterns.random_binary if binary else patterns.gaussian
    values = scale * np.concatenate(
        [draw(stream.child(i), 1, features) for i in range(count)]
    )
    return ProbeSet(values, np.full(count, -1))


@probe_sources.register("given")
def given_probes(
    stream: Stream,
    memories: PatternSet,
    values: list[list[float]],
    targets: list[int] | None = None,
) -> ProbeSet:
    r"""Initial states $v(0)$ written out in the scenario, a list of rows. [hopsim]"""
    rows = _rows(values, "probes", "probe")
    aims = np.full(len(rows), -1)
    if targets is not None:
        aims = whole_numbers(targets, "targets")
    if (
        len(aims) != len(rows)
        or np.any(aims < -1)
        or np.any(aims >= len(memories.values))
    ):
        raise ValueError(
            "targets must give every probe a memory number (or -1 for none), got "
            f"{targets} for {len(rows)} probes and {len(memories.values)} memories."
        )
    return ProbeSet(rows, aims)


def _square(stream: Stream, memories: PatternSet, **settings: Any) -> ProbeSet:
    if memories.values.shape[1] != 2:
        raise ValueError(
            "A grid of probes needs memories of 2 features, got "
            f"{memories.values.shape[1]}."
        )
    values = patterns.grid(**settings)
    return ProbeSet(values, np.full(len(values), -1))


probe_sources.register("grid")(_worded(_square, patterns.grid))


# --- helpers ------------------------------------------------------------------------


def _as_memories(
    found: datasets.Images,
    per_class: int | None,
    count: int | None,
    classes: Sequence[int] | None,
    centred: bool,
    norm: float | None,
    binary: bool,
    generator: np.random.Generator | None,
) -> PatternSet:
    chosen = datasets.select(found, per_class, count, classes, generator)
    check_spins(binary, norm)
    if binary:
        spins = patterns.as_spins(chosen.pixels)
        return PatternSet(spins, chosen.labels, chosen.shape)
    values = patterns.standardised(chosen.pixels, centred, norm)
    # the subtracted mean, in the units of memories of median contrast
    mean = chosen.pixels.mean(axis=0) * centred
    contrast = np.linalg.norm(chosen.pixels - mean, axis=1)
    scale = np.linalg.norm(values[0]) / np.median(contrast)
    return PatternSet(values, chosen.labels, chosen.shape, scale * mean)


def _rows(values: Any, what: str, row: str) -> np.ndarray:
    return patterns._cast(table(values, what, row))


def _looked_at(memories: PatternSet, what: str) -> PatternSet:
    """The same memories; a notice tells which are blank or the same as others."""
    notify_repeats(memories.values, what)
    return memories


def check_spins(binary: bool, norm: float | None) -> None:
    """Raises ValueError for spins that are to have a norm."""
    if binary and norm is not None:
        raise ValueError(f"Spins are not scaled; leave out binary or norm = {norm}.")
