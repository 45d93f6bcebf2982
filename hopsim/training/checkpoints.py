"""Checkpoints: all that the next epoch depends on, in a file never half written.

The file is a record (netCDF), written under a temporary name and renamed into place.
Arrays are stored bit for bit, with a hash of them.
"""

import hashlib
import os
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .._common.files import set_aside
from ..records import dataset, load_record, Record, save


class Checkpoint(NamedTuple):
    """The state of a training run after some of its epochs."""

    state: tuple[Any, ...]  # the memories and the state of the rule
    curves: dict[str, list[float]]
    ending: str  # "" while epochs are left
    digest: str  # of the training plan; see `training_digest`
    code: str  # of what executes it; see `training_code`


def store(path: Path, checkpoint: Checkpoint) -> Path:
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
    attributes = {
        "digest": checkpoint.digest,
        "code": checkpoint.code,
        "ending": checkpoint.ending,
    }
    required = {"name": "checkpoint", "hash": "", "plots": "", "seconds": 0.0}
    made = Record(dataset(arrays | curves, attributes | required))
    made.attrs["content"] = _content(made)
    return save(made, path)


def restore(path: Path, like: Any, digest: str, code: str) -> Checkpoint | None:
    """The checkpoint in a file, or None if there is none.

    `like` is a state of the same structure. A damaged file is set aside. Raises
    ValueError if the file belongs to another training run or to other code.
    """
    if not os.path.lexists(path):
        return None
    try:
        kept = load_record(path)
        if "code" in kept.attrs and kept.attrs["content"] != _content(kept):
            raise ValueError("its numbers are not those that were written")
        ending = str(kept.attrs["ending"])
    except (KeyError, ValueError) as error:
        set_aside(path, str(error), "this training begins anew")
        return None
    leaves, structure = jax.tree.flatten(like)
    found = [
        kept[f"leaf_{i}"].values for i in range(len(leaves)) if f"leaf_{i}" in kept
    ]
    same = len(found) == len(leaves) and all(
        x.shape == np.shape(y) and x.dtype == np.asarray(y).dtype
        for x, y in zip(found, leaves, strict=True)
    )
    anew = "begin anew with --restart (in Python: remove the file)"
    if not same or kept.attrs.get("digest") != digest:
        raise ValueError(
            f"The checkpoint {str(path)!r} belongs to another training run: its "
            f"network, examples or settings differ; restore what it was made with, or "
            f"{anew}."
        )
    if kept.attrs.get("code") != code:
        raise ValueError(
            f"The checkpoint {str(path)!r} was left by another version of hopsim or of "
            "the libraries that compute, and to go on from it would mix the two; use "
            f"those that left it, or {anew}."
        )
    curves = {
        str(name).removeprefix("curve_"): values.values.tolist()
        for name, values in kept.data.data_vars.items()
        if str(name).startswith("curve_")
    }
    state = jax.tree.unflatten(structure, [jnp.asarray(x) for x in found])
    return Checkpoint(tuple(state), curves, ending, digest, code)


def _content(record: Record) -> str:
    """A hash of all that a checkpoint holds."""
    found = hashlib.sha256()
    for name in sorted(map(str, record.data.data_vars)):
        values = record[name].values
        found.update(f"{name} {values.dtype} {values.shape} ".encode())
        found.update(np.ascontiguousarray(values).tobytes())
    found.update(repr([record.attrs[x] for x in ("digest", "code", "ending")]).encode())
    return found.hexdigest()
