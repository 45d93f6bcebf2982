"""Sketches: what memories and probes will be, before anything is drawn.

A sketch has the sizes, labels, aims and masks of what a source gives, and one number
that stands for all others: +1 where the source gives spins, 0.5 elsewhere. Memories
with a geometry have it about a frame that is not drawn; what is written out in the
scenario, and what files hold, is as it is. Settings that a source refuses are
refused here, with the same words.

To add one: write beside a new source a function under `memory_sketches.register(kind)`
or `probe_sketches.register(kind)`. It takes the settings of the source by name, its
defaults filled in, and for probes the sketched memories first.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._common.cores import require_room
from .._common.registry import parameters, Registry
from .._common.streams import Stream
from . import datasets, patterns, sources
from .datasets import Outline
from .sources import PatternSet, ProbeSet


memory_sketches = Registry("sketch of memories")
probe_sketches = Registry("sketch of probes")

SPIN, NO_SPIN = 1.0, 0.5  # the numbers that stand for all of an array
UNDRAWN = Stream(0)  # for sources that draw nothing


def sketched(
    sketches: Registry, kind: str, source: Callable, given: Mapping, *before: Any
) -> Any:
    """The sketch of what a source gives with some of its settings, others by default.

    A source of a user's that has none is asked itself. Raises ValueError for settings
    that the source refuses.
    """
    known = parameters(source).items()
    settings = {k: p.default for k, p in known if p.default is not p.empty}
    settings |= dict(given)
    if kind not in sketches:
        return source(UNDRAWN, *before, **settings)
    return sketches[kind](*before, **settings)


def _rows(count: int, features: int, spins: bool, what: str = "memories") -> np.ndarray:
    patterns.check_sizes(count, features)
    require_room(float(count) * features, f"{count:,} {what} of {features:,} features")
    return np.broadcast_to(SPIN if spins else NO_SPIN, (count, features))


# --- memories -----------------------------------------------------------------------


@memory_sketches.register("random_binary")
def _random_binary(count: int, features: int) -> PatternSet:
    return PatternSet(_rows(count, features, spins=True))


@memory_sketches.register("gaussian")
def _gaussian(count: int, features: int, mean: float, spread: float) -> PatternSet:
    rows = _rows(count, features, spins=False)
    # without spread all of them are the mean
    return PatternSet(rows if spread else np.broadcast_to(float(mean), rows.shape))


@memory_sketches.register("sphere")
def _sphere(count: int, features: int, **others: Any) -> PatternSet:
    return PatternSet(_rows(count, features, spins=False))


@memory_sketches.register("orthogonal")
def _orthogonal(count: int, features: int, norm: float) -> PatternSet:
    patterns.check_independent(count, features)
    rows = _rows(count, features, spins=False)
    return PatternSet(norm * np.eye(*rows.shape))  # a frame that is not drawn


@memory_sketches.register("simplices")
def _simplices(
    clusters: int, per_cluster: int, features: int, norm: float, distance: float
) -> PatternSet:
    count = clusters * per_cluster
    patterns.check_independent(count, features)
    frame = np.eye(*_rows(count, features, spins=False).shape)
    frame = frame.reshape(clusters, per_cluster, features)
    values = patterns.about_centres(frame, norm, distance)
    return PatternSet(values, np.repeat(np.arange(clusters), per_cluster))


@memory_sketches.register("cyclic")
def _cyclic(features: int) -> PatternSet:
    shape = _rows(features, features, spins=False).shape
    ring = np.subtract.outer(np.arange(features), np.arange(features)) % features
    return PatternSet(1.0 / (2 + ring).reshape(shape))  # shifts of one vector


@memory_sketches.register("correlated")
def _correlated(
    clusters: int, per_cluster: int, features: int, **others: Any
) -> PatternSet:
    values = _rows(clusters * per_cluster, features, spins=True)
    return PatternSet(values, np.repeat(np.arange(clusters), per_cluster))


@memory_sketches.register("given")
def _given(values: list[list[float]]) -> PatternSet:
    return sources.given(UNDRAWN, values)


@memory_sketches.register("file")
def _file(**settings: Any) -> PatternSet:
    return sources.file(UNDRAWN, **settings)


@memory_sketches.register("images")
def _images(folder: str, **settings: Any) -> PatternSet:
    return _of_images(datasets.folder_outline(folder), **settings)


@memory_sketches.register("digits")
def _digits(**settings: Any) -> PatternSet:
    return _of_images(datasets.digits_outline(), **settings)


def _idx(name: str) -> Callable:
    def sketch(split: str, **settings: Any) -> PatternSet:
        return _of_images(datasets.idx_outline(name, split), **settings)

    return sketch


memory_sketches.register("mnist")(_idx("mnist"))
memory_sketches.register("fashion_mnist")(_idx("fashion_mnist"))
memory_sketches.register("kmnist")(_idx("kmnist"))


def _of_images(outline: Outline, **given: Any) -> PatternSet:
    """Some of the images, as `sources` makes memories of them."""
    per_class, count, classes, norm = (
        given.get(name) for name in ("per_class", "count", "classes", "norm")
    )
    binary = given["binary"]
    sources.check_spins(binary, norm)
    wanted = datasets.check_selection(outline.counts, per_class, count, classes)
    labels = None  # of the first ones of all: which classes they are is not known
    if per_class is not None:
        labels = np.repeat(wanted, per_class)
    chosen = count if labels is None else len(labels)
    if chosen is None:
        chosen = sum(outline.counts[label] for label in wanted)
    if chosen == 1 and given["centred"] and not binary:
        raise ValueError(
            "A single image is its own mean: centred it is blank; take more images, or "
            "set centred = false."
        )
    rows, columns = outline.shape
    values = _rows(chosen, rows * columns, spins=binary)
    return PatternSet(values, labels, outline.shape)


# --- probes -------------------------------------------------------------------------


@probe_sketches.register("corrupted")
def _corrupted(memories: PatternSet, **settings: Any) -> ProbeSet:
    targets, hidden = sources.aims_of(memories, **settings)
    filled = hidden is None or not hidden.any() or abs(settings["fill"]) == 1
    clean = not settings["noise"] and filled
    flipped = round(settings["flipped"] * memories.values.shape[1])
    return ProbeSet(_like(memories, targets, flipped, clean), targets, hidden)


@probe_sketches.register("random")
def _random(memories: PatternSet, count: int, scale: float, binary: bool) -> ProbeSet:
    spins = binary and scale == 1
    values = _rows(count, memories.values.shape[1], spins, "probes")
    return ProbeSet(values, np.full(count, -1))


@probe_sketches.register("given")
def _given_probes(memories: PatternSet, **settings: Any) -> ProbeSet:
    return sources.given_probes(UNDRAWN, memories, **settings)


@probe_sketches.register("grid")
def _grid(memories: PatternSet, **settings: Any) -> ProbeSet:
    return sources.probe_sources["grid"](UNDRAWN, memories, **settings)


def _like(
    memories: PatternSet, targets: np.ndarray, flipped: int, clean: bool
) -> np.ndarray:
    """Probes made of memories: the first sites flipped, or no spins if not clean."""
    xi, features = memories.values, memories.values.shape[1]
    values = _rows(len(targets), features, spins=False, what="probes")
    if not clean:
        return values
    one_for_all = not any(xi.strides)
    row = np.array(xi[:1] if one_for_all else xi[targets])
    row[:, :flipped] *= -1
    return np.broadcast_to(row, values.shape) if one_for_all else row
