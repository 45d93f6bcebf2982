"""Files of data, whole and damaged in many ways, from a seed."""

import gzip
import struct
from typing import NamedTuple

import h5py
import numpy as np
import xarray as xr
from PIL import Image


def idx_bytes(array, code=8, dtype=">u1"):
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(dtype).tobytes()


def write_whole(place):
    """A readable file of every form, by name; each holds one array."""
    rng = np.random.default_rng(0)
    rows, stack = rng.standard_normal((6, 4)), rng.integers(0, 256, (5, 4, 4), np.uint8)
    place.mkdir()
    np.save(place / "rows.npy", rows)
    np.save(place / "stack.npy", stack)
    np.savez(place / "rows.npz", rows)
    np.savez_compressed(place / "stack.npz", stack)
    data = xr.Dataset({"xi": (("memory", "feature"), rows)})
    data.to_netcdf(place / "rows.nc", engine="h5netcdf")
    data.to_netcdf(place / "classic.nc", engine="scipy")
    with h5py.File(place / "stack.h5", "w") as file:
        file.create_dataset("train/data", data=stack, compression="gzip")
    (place / "images-idx3-ubyte").write_bytes(idx_bytes(stack))
    (place / "images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(stack)))
    Image.fromarray(rng.integers(0, 256, (16, 16), np.uint8)).save(place / "one.png")
    return sorted(place.iterdir())


class Damaged(NamedTuple):
    """A damaged file, what was done to it, and whether that must be noticed."""

    name: str
    how: str
    content: bytes
    certain: bool


CHECKED = (".npz", ".gz", ".png")  # forms that carry a sum of what they hold
WRONG = {
    "complex": np.ones((3, 4)) * 1j,
    "text": np.array([["a", "b"], ["c", "d"]]),
    "dates": np.array([["2026-01-01", "2026-01-02"]], "datetime64[D]"),
    "structured": np.zeros((3, 4), [("x", "f8"), ("y", "f8")]),
    "objects": np.array([[1, None]], object),
    "missing": np.array([[1.0, 2.0], [np.nan, 1.0]]),
    "one axis": np.ones(4),
    "colours": np.ones((2, 4, 4, 3), np.uint8),
    "empty": np.ones((0, 4)),
}


def damage(files, rng, place):
    """One of the files, damaged at random."""
    file = files[rng.integers(len(files))]
    whole, suffix = file.read_bytes(), file.suffix
    how = str(rng.choice(["cut", "flipped", "head", "grown", "swapped", "wrong"]))
    if how == "cut":
        # of a picture the last bytes say nothing of its pixels
        most = len(whole) * 3 // 4 if suffix == ".png" else len(whole)
        return Damaged(file.name, how, whole[: rng.integers(most)], True)
    if how in ("flipped", "head"):
        content = bytearray(whole)
        end = min(64, len(whole)) if how == "head" else len(whole)
        for k in rng.integers(0, end, rng.integers(1, 5)):
            content[k] ^= int(rng.integers(1, 256))
        return Damaged(file.name, how, bytes(content), False)
    if how == "grown":
        content = whole + rng.bytes(int(rng.integers(1, 100)))
        return Damaged(file.name, how, content, suffix in (".npy", "", ".gz"))
    if how == "swapped" and suffix:
        forms = {".h5": ".nc", ".png": ""}
        kind = forms.get(suffix, suffix)
        others = [f for f in files if forms.get(f.suffix, f.suffix) != kind]
        others = [f for f in others if suffix != ".gz" or f.suffix]
        other = others[rng.integers(len(others))]
        return Damaged(file.name, f"{how} {other.name}", other.read_bytes(), True)
    name = str(rng.choice(list(WRONG)))
    written = place / f"wrong{rng.choice(['.npy', '.npz'])}"
    (np.save if written.suffix == ".npy" else np.savez)(written, WRONG[name])
    return Damaged(written.name, f"wrong {name}", written.read_bytes(), True)
