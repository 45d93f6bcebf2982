"""What plots are drawn from: results, records and files, and what completes them."""

import os
from typing import Any

import jax
import numpy as np

from .._common.arrays import on_host
from .._common.entries import public_entry
from .._common.names import shown
from ..data.recall_variables import recall_variables
from ..network import Network, require_network
from ..records import AbstractResult, dataset, load_record, PURE, Record
from ..trajectory import Trajectory
from .style import completions, plots


def record_of(
    source: Any,
    plot: str,
    network: Any = None,
    targets: Any = None,
    image: Any = None,
) -> Record:
    """The record of a source. Raises ValueError for what is none."""
    given = {"network": network, "targets": targets, "image": image}
    words = [name for name, value in given.items() if value is not None]
    if words and isinstance(source, Trajectory):
        record = _completed(source, network, targets, image)
        return _added_for([plot], record, source, network)
    if words and not (words == ["image"] and isinstance(source, AbstractResult)):
        told = " and ".join(f"{word}=" for word in words)
        raise ValueError(
            f"A {type(source).__name__} is drawn as it is, got {told}; leave that out: "
            "it completes a Trajectory."
        )
    if isinstance(source, str | os.PathLike):
        return load_record(source)
    if isinstance(source, AbstractResult):
        record = source.to_record()
        return record if image is None else _with_image(record, image)
    if isinstance(source, Record):
        return source
    raise ValueError(
        "A plot is drawn from a Trajectory, Attractors, Samples, a Branch, a Record or "
        f"the path of a run, got {shown(source)}; give one of these."
    )


@public_entry
def complete(
    path: Trajectory,
    network: Network | None = None,
    targets: Any = None,
    image: tuple[int, int] | None = None,
    retrieved_above: float = 0.95,
) -> Record:
    r"""The record of a trajectory, with what it does not know of itself.

    A run of a scenario of `recall` or `portrait` has the same variables.

    **Arguments:**

    - `network`: whose trajectory it is: its memories and, of two features, the energy
      in the plane with its fixed points (of decay 1).
    - `targets`: the memory that each probe aims at, -1 for none, of shape (probe,):
      $\xi\cdot g/(|\xi||g|)$ at every sample, and at the end whether it exceeds
      `retrieved_above`.
    - `image`: (rows, columns) of memories that are images. Where they are not said,
      films and galleries take square ones.

    Raises ValueError for a network of other sizes or energies, for targets that are no
    memories, and for an image that has not as many pixels as there are features.
    """
    record = _completed(path, network, targets, image, retrieved_above)
    return _added_for(list(plots), record, path, network)


def _added_for(
    names: list[str], record: Record, path: Trajectory, network: Network | None
) -> Record:
    """The record with what these plots need of the network besides."""
    for name in names:
        if name in completions and network is not None:
            record = completions[name](record, path, network)
    return record


def _completed(
    path: Trajectory,
    network: Network | None,
    targets: Any,
    image: Any,
    retrieved_above: float = 0.95,
) -> Record:
    record, variables = path.to_record(), {}
    if network is None and targets is not None:
        raise ValueError("Targets are memories of a network; give network= as well.")
    if network is not None:
        require_network(network)
        _require_own(network, path)
        memories = np.asarray(network.memories)
        variables["memories"] = (("memory", "feature"), memories, PURE)
        if path.v is not None:
            variables["cue"] = (("probe", "feature"), path.v[:, 0], PURE)
        if targets is not None:
            aims = _targets(targets, len(path.final), network.count)
            told = {"long_name": "memory aimed at, -1: none"}
            variables["target"] = ("probe", aims, told)
            g = _activations(network, path)
            variables |= recall_variables(g, memories, aims, None, retrieved_above)
    data = record.data.merge(dataset(variables))
    record = Record(data.assign_attrs(record.attrs), record.groups)
    return record if image is None else _with_image(record, image)


def _require_own(network: Network, path: Trajectory) -> None:
    sizes = path.final.shape[1], path.final_memory.shape[1]
    if sizes != (network.features, network.count):
        raise ValueError(
            f"The trajectory is of {sizes[0]} features and {sizes[1]} memories, the "
            f"network of {network.features} and {network.count}; give its own network."
        )


def _targets(targets: Any, probes: int, count: int) -> np.ndarray:
    aims = on_host(targets, "Targets")
    whole = aims.shape == (probes,) and np.all(aims == np.round(aims))
    if not (whole and np.all((aims >= -1) & (aims < count))):
        raise ValueError(
            f"Targets are {probes} numbers of memories, from 0 to {count - 1}, or -1 "
            f"for none, got {shown(targets)}; give one for each probe."
        )
    return aims.astype(int)


def _activations(network: Network, path: Trajectory) -> np.ndarray:
    if path.g is not None:
        return path.g
    if path.v is None:
        raise ValueError(
            "Overlaps need states at the samples, and this trajectory has none; make "
            'it with save=("v",).'
        )
    activation = jax.vmap(jax.vmap(network.feature_lagrangian.activation))
    return np.asarray(activation(jax.numpy.asarray(path.v)))


def _with_image(record: Record, image: Any) -> Record:
    shape = tuple(image) if isinstance(image, list | tuple) else ()
    whole = all(isinstance(x, int | np.integer) and x > 0 for x in shape)
    pixels = record.data.sizes.get("feature", 0)
    if len(shape) != 2 or not whole or shape[0] * shape[1] != pixels:
        raise ValueError(
            f"image is (rows, columns) of the {pixels} features, got {shown(image)}."
        )
    rows, columns = map(int, shape)
    data = record.data.assign_attrs(image_rows=rows, image_columns=columns)
    return Record(data, record.groups, record.verdicts, record.path)
