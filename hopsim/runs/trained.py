"""Trained networks: from a run directory to a `Network`, and to classes of images."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .._common.arrays import repeats_expected
from .._common.files import read_json
from .._common.names import nearest, plain, shown
from ..data import datasets
from ..data.stacks import read_stack
from ..network import Network
from ..records import Dataset, dataset, load_record, Record
from ..scenario.saved import resolved_of
from ..scenario.scenario import Scenario, scenario_of
from ..scenario.toml_files import ScenarioError
from ..training import from_images, learnt_from_leaves, learnt_network, predict
from ..training.prediction import remember_classes


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
    record = None if os.path.lexists(kept) else load_record(path)
    try:
        told = read_json(kept) if record is None else resolved_of(record.attrs)
        scenario = scenario_of(told, str(path))
    except ScenarioError:
        raise
    except Exception as error:  # whatever a damaged text makes of a scenario
        raise ValueError(
            f"{str(path)!r} does not say which scenario was trained "
            f"({plain(str(error)) or type(error).__name__}), so that its network "
            "cannot be made; give the command `hopsim train` again, which writes that "
            "anew."
        ) from error
    labels = [p.label for p in scenario.points]
    if point is not None and point not in labels:
        raise ValueError(f"There is no point {point!r}; {nearest(point, labels)}.")
    number = 0 if point is None else labels.index(point)
    found = _checkpoints(path, scenario) if record is None else _learnt(record)
    learnt = found.get(labels[number])
    if learnt is None:
        of_point = f" of {labels[number]!r}" if labels[number] else ""
        raise ValueError(
            f"{str(path)!r} holds no trained memories{of_point}; train it first "
            "with `hopsim train`."
        )
    data, epochs = learnt
    chosen = scenario.points[number]
    memories = data["memories"].values.astype(scenario.header.precision)
    with repeats_expected():  # what has been learnt is as it is
        network = chosen.network.make(memories=memories)
    network = learnt_network(network, data)
    pixels = chosen.training.pixels
    remember_classes(network.memories, network.features - pixels)
    return Trained(
        network,
        chosen.training.form,
        chosen.training.scaling,
        chosen.training.temperature_at(max(epochs - 1, 0)),
        pixels,
    )


Learnt = tuple[Dataset, int]  # of one point, after so many epochs


def _learnt(record: Record) -> dict[str, Learnt]:
    """What was learnt at every point that a record holds and that was trained."""
    return {
        label: (data, data.sizes["epoch"])
        for label, data in record.points()
        if "memories" in data and "start" in data and "epoch" in data.dims
    }


def _checkpoints(path: Path, scenario: Scenario) -> dict[str, Learnt]:
    """The same of every point whose first training has left a checkpoint."""
    found = {}
    for k, point in enumerate(scenario.points):
        file = path / f"{k}-0.nc"
        if file.is_file():
            kept = load_record(file).data
            also = point.training.also
            leaves = [kept[f"leaf_{i}"].values for i in range(1 + len(also))]
            learnt = learnt_from_leaves(also, leaves)
            named = {
                name: (tuple(f"{name}_{i}" for i in range(x.ndim)), np.asarray(x))
                for name, x in learnt.items()
            }
            found[point.label] = dataset(named), kept.sizes["epoch"]
    return found


def read_images(
    path: str | os.PathLike, variable: str | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Images in [-1, 1] from a file or folder, and their labels where it has any.

    A folder of images (subfolders are classes), or a file of arrays, one image a row or
    of rows and columns: bytes are pixels, other numbers lie in [-1, 1]. `variable`
    names one of several arrays.
    """
    path = Path(path)
    if os.path.isdir(path):
        found = datasets.image_folder(path)
        several = any(p.is_dir() and p.name[0] != "." for p in path.iterdir())
        states, labels = from_images(found)
        return states, labels if several else None
    if not os.path.isfile(path):
        raise ValueError(
            f"There is no file or folder {shown(str(path))}; give its path."
        )
    stack = read_stack(path, variable)
    return stack.states(), stack.labels
