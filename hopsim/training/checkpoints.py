"""Checkpoints: all that the next epoch depends on, in a file never half written.

The file is a record (netCDF), written under a temporary name and renamed into place.
Arrays are stored bit for bit.
"""

from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..records import dataset, load_record, Record, save


class Checkpoint(NamedTuple):
    """The state of a training run after some of its epochs."""

    state: tuple[Any, ...]  # the memories and the state of the rule
    curves: dict[str, list[float]]
    ending: str  # "" while epochs are left
    digest: str  # of the training plan; see `training_digest`


def store(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; if the process is killed meanwhile, the old file remains."""
    leaves = jax.tree.leaves(checkpoint.state)
    arrays = {
        f"leaf_{i}": (
            tuple(f"leaf_{i}_axis_{k}" for k in range(np.ndim(x))),
            np.asarray(x),
        )
        for i, x in enumerate(leaves)
    }
    curves = {
        f"curve_{name}": ("epoch", np.asarray(values, np.float64))
        for name, values in checkpoint.curves.items()
    }
    attributes = {"digest": checkpoint.digest, "ending": checkpoint.ending}
    required = {"name": "checkpoint", "hash": "", "plots": "", "seconds": 0.0}
    save(Record(dataset(arrays | curves, attributes | required)), path)


def restore(path: Path, like: Any, digest: str) -> Checkpoint | None:
    """The checkpoint in a file, or None if there is no such file.

    `like` is a state of the same structure. Raises ValueError if the file is not a
    record or belongs to another training run.
    """
    if not path.is_file():
        return None
    kept = load_record(path)
    leaves, structure = jax.tree.flatten(like)
    found = [
        kept[f"leaf_{i}"].values for i in range(len(leaves)) if f"leaf_{i}" in kept
    ]
    same = len(found) == len(leaves) and all(
        x.shape == np.shape(y) and x.dtype == np.asarray(y).dtype
        for x, y in zip(found, leaves, strict=True)
    )
    if not same or kept.attrs.get("digest") != digest:
        raise ValueError(
            f"The checkpoint {str(path)!r} belongs to another training run: its "
            "network, examples or settings differ; move it away, or restore what it "
            "was made with."
        )
    curves = {
        str(name).removeprefix("curve_"): values.values.tolist()
        for name, values in kept.data.data_vars.items()
        if str(name).startswith("curve_")
    }
    state = jax.tree.unflatten(structure, [jnp.asarray(x) for x in found])
    return Checkpoint(tuple(state), curves, str(kept.attrs["ending"]), digest)
