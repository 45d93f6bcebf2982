"""Rows and images as files have them: their numbers, their labels, and their shape."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Num

from .._common.arrays import finite, on_host, whole_numbers
from .._common.files import place_of
from .._common.names import plain, shown
from .datasets import Images, select
from .files import array_names, read_array


# what the labels of an array are usually called; parts of names between _ are compared
LABELS_OF = {
    "x": ("y",),
    "images": ("labels",),
    "image": ("label",),
    "data": ("target", "targets", "labels", "label"),
}


class Stack(NamedTuple):
    """Rows of finite real numbers, which may be images of one size."""

    values: Num[np.ndarray, "item feature"]  # of the type that the file has
    labels: Int[np.ndarray, " item"] | None
    image: tuple[int, int] | None  # rows and columns

    @property
    def of_bytes(self) -> bool:
        """True for numbers from 0 to 255, one byte each, as pixels are stored."""
        return self.values.dtype == np.uint8

    def pixels(self, what: str) -> Float[np.ndarray, "item feature"]:
        """Pixels in [0, 1]: bytes over 255, or what lies there already."""
        if self.of_bytes:
            return self.values / 255
        if np.min(self.values) < 0 or np.max(self.values) > 1:
            raise ValueError(
                f"{what}: pixels are bytes (uint8) or lie in [0, 1], got "
                f"{self.values.dtype} from {np.min(self.values)} to "
                f"{np.max(self.values)}; scale them, or leave out centred, norm and "
                "binary."
            )
        return self.values.astype(float)

    def states(self) -> Float[np.ndarray, "item feature"]:
        """States in [-1, 1] if pixels are bytes; other numbers as they are."""
        return 2 * self.pixels("") - 1 if self.of_bytes else self.values.astype(float)

    def selected(self, per_class: int | None, count: int | None) -> "Stack":
        """The first items of every class, or the first of all."""
        if per_class is not None and self.labels is None:
            raise ValueError(
                f"per_class = {per_class} needs to know the classes; name the labels "
                "as `labels`, or choose by count."
            )
        labels = np.zeros(len(self.values), int) if self.labels is None else self.labels
        found = select(Images(self.values, labels, (0, 0)), per_class, count)
        kept = None if self.labels is None else found.labels
        return Stack(found.pixels, kept, self.image)


def read_stack(
    path: str | os.PathLike[str],
    variable: str | None = None,
    labels: str | None = None,
) -> Stack:
    """A table (item, feature), or images (item, row, column), with their labels.

    **Arguments:**

    - `variable`: which array of the file, if it has several.
    - `labels`: another array of the file, or a file beside it or in the working
      directory; default what usually accompanies the array, if it is there.
    """
    path, what = Path(path), shown(str(path))
    found = on_host(read_array(path, variable), what)
    shape = found.shape
    if len(shape) == 4 and 1 in (shape[1], shape[3]):  # one channel, last or first
        found = found[..., 0] if shape[3] == 1 else found[:, 0]
    if found.ndim not in (2, 3) or not found.size:
        raise ValueError(
            f"{what}: a non-empty table of finite numbers (row, feature) is needed, or "
            f"grey images (item, row, column); got shape {plain(str(shape))}."
        )
    image = None if found.ndim == 2 else tuple(found.shape[1:])
    values = finite(found.reshape(len(found), -1), what)
    return Stack(values, _labels(path, variable, labels, len(values)), image)


def _labels(
    path: Path, variable: str | None, labels: str | None, items: int
) -> np.ndarray | None:
    names = array_names(path)
    if labels is None:
        return _usual_labels(path, variable, names, items)
    if labels in names:
        where, found = f"{shown(str(path))}: {labels}", read_array(path, labels)
    else:
        place = place_of(labels, path.parent)
        where, found = shown(str(place)), read_array(place)
    known = whole_numbers(found, where)
    if known.size != items or known.ndim > 2 or len(known) != items:
        raise ValueError(
            f"{where} must be one label for each of the {items} items, got shape "
            f"{plain(str(known.shape))}; name what belongs to them."
        )
    return known.reshape(items)


def _usual_labels(
    path: Path, variable: str | None, names: tuple[str, ...], items: int
) -> np.ndarray | None:
    """What accompanies an array under a usual name, if it is one label an item."""
    if not names:
        place = path.with_name(path.name.replace("images-idx3", "labels-idx1"))
        usual = [(place, None)] if place != path and place.is_file() else []
    else:
        group, slash, own = (variable or names[0]).rpartition("/")
        parts = own.split("_")
        called = [
            group + slash + "_".join([*parts[:k], label, *parts[k + 1 :]])
            for k, part in enumerate(parts)
            for label in LABELS_OF.get(part.lower(), ())
        ]
        usual = [(path, name) for name in called if name in names]
    for place, name in usual:
        found = read_array(place, name)
        if found.shape in ((items,), (items, 1)) and found.dtype.kind in "iu":
            return found.astype(np.int64).reshape(items)
    return None
