"""Trained networks: from a run directory to a `Network`, and to classes of images."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .._common.names import nearest
from ..data import datasets
from ..network import Network
from ..records import load_record, Record
from ..scenario.scenario import scenario_of
from ..training import from_images, predict


class Trained(NamedTuple):
    """A network with the memories that it learnt, and how it answers."""

    network: Network
    form: Any
    scaling: Any
    temperature: float  # of its last epoch
    pixels: int

    def predict(self, images: Float[np.ndarray, "item state"]) -> Int[np.ndarray, " i"]:
        """The class of every image in [-1, 1]; -1 where two classes share the lead."""
        if images.shape[1] != self.pixels:
            raise ValueError(
                f"The network was trained on images of {self.pixels} pixels, got "
                f"images of {images.shape[1]}; resize them first."
            )
        return predict(
            self.network,
            images,
            self.form,
            scaling=self.scaling,
            temperature=self.temperature,
        )


def load_network(path: str | os.PathLike, point: str | None = None) -> Network:
    """The network of a run of `hopsim train`, ready for every dynamics.

    `point` names one of several (the label of a variant or of a value); default the
    first. The directory of an unfinished training will do as well. Raises ValueError
    where there is none.
    """
    return load_trained(path, point).network


def load_trained(path: str | os.PathLike, point: str | None = None) -> Trained:
    """The same, with the form, scaling and temperature with which it was trained."""
    path = Path(path)
    kept = path / "resolved.json"  # of an unfinished training
    record = None if kept.is_file() else load_record(path)
    told = (
        kept.read_text("utf-8")
        if record is None
        else record.attrs.get("resolved", "{}")
    )
    scenario = scenario_of(json.loads(told), str(path))
    labels = [p.label for p in scenario.points]
    if point is not None and point not in labels:
        raise ValueError(f"There is no point {point!r}; {nearest(point, labels)}.")
    number = 0 if point is None else labels.index(point)
    found = _checkpoints(path, labels) if record is None else _learnt(record)
    learnt = found.get(labels[number])
    if learnt is None:
        of_point = f" of {labels[number]!r}" if labels[number] else ""
        raise ValueError(
            f"{str(path)!r} holds no trained memories{of_point}; train it first "
            "with `hopsim train`."
        )
    memories, epochs = learnt
    chosen = scenario.points[number]
    dtype = scenario.header.precision
    return Trained(
        chosen.network.make(memories=memories.astype(dtype)),
        chosen.training.form,
        chosen.training.scaling,
        chosen.training.temperature_at(max(epochs - 1, 0)),
        chosen.training.pixels,
    )


Memories = tuple[np.ndarray, int]  # of one point, after so many epochs


def _learnt(record: Record) -> dict[str, Memories]:
    """The memories of every point that a record holds and that was trained."""
    return {
        label: (data["memories"].values, data.sizes["epoch"])
        for label, data in record.points()
        if "memories" in data and "start" in data and "epoch" in data.dims
    }


def _checkpoints(path: Path, labels: list[str]) -> dict[str, Memories]:
    """The memories of every point whose first training has left a checkpoint."""
    files = {label: path / f"{k}-0.nc" for k, label in enumerate(labels)}
    records = {x: load_record(file) for x, file in files.items() if file.is_file()}
    return {
        label: (record["leaf_0"].values, record.data.sizes["epoch"])
        for label, record in records.items()
    }


def read_images(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray | None]:
    """Images in [-1, 1] from a file or folder, and their labels where it has any.

    A folder of images (subfolders are classes), an IDX file of bytes, or `.npy` with
    one image a row, in [-1, 1].
    """
    path = Path(path)
    if path.is_dir():
        found = datasets.image_folder(path)
        several = any(p.is_dir() and p.name[0] != "." for p in path.iterdir())
        states, labels = from_images(found)
        return states, labels if several else None
    if not path.is_file():
        raise ValueError(f"There is no file or folder {str(path)!r}; give its path.")
    if path.suffix != ".npy":
        raw = datasets.read_idx(path)
        if raw.dtype != np.uint8 or raw.ndim < 2:
            raise ValueError(
                f"Images in an IDX file are bytes with two axes or more; {str(path)!r} "
                f"holds {raw.dtype} of shape {raw.shape}; give the file of images."
            )
        return 2 * (raw.reshape(len(raw), -1) / 255) - 1, None
    try:
        rows = np.load(path)
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"{str(path)!r} cannot be read: {error}") from error
    if rows.ndim < 2 or rows.dtype.kind not in "fiu":
        raise ValueError(
            f"Images are numbers, one image a row; {str(path)!r} holds {rows.dtype} of "
            f"shape {rows.shape}."
        )
    return rows.reshape(len(rows), -1).astype(float), None
