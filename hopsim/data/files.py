"""Arrays in files: `.npy` and `.npz`, HDF5 and netCDF, IDX, plain or gzipped.

The bytes tell which form a file has; a suffix that names another form is an error. A
head is read first, and what it declares is held against the file and against a limit
before anything is unpacked: an array may have 2^27 numbers (1 GiB as float64), or as
many as its file has room for, if those are more.
"""

import contextlib
import gzip
import io
import math
import os
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._common.names import plain, shown


MOST_NUMBERS = 2**27
MOST_NAMES = 10  # of a file's arrays that a message lists
BYTES_AT_ONCE = 2**22

# how the bytes of each form begin, and the suffixes that promise it
FORMS = {
    "npy": (b"\x93NUMPY",),
    "npz": (b"PK\x03\x04", b"PK\x05\x06"),
    "HDF5": (b"\x89HDF\r\n\x1a\n",),
    "netCDF": (b"CDF\x01", b"CDF\x02"),
    "gzip": (b"\x1f\x8b",),
    "IDX": (b"\0\0",),
}
PROMISED = {
    ".npy": ("npy",),
    ".npz": ("npz",),
    ".nc": ("HDF5", "netCDF"),
    ".h5": ("HDF5",),
    ".hdf5": ("HDF5",),
    ".gz": ("gzip", "IDX"),
}

# the third byte of an IDX file; all numbers in it are big-endian [LeCun & Cortes]
IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


class Stored(NamedTuple):
    """An array in a file, of which the head alone was read."""

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]


def read_array(path: str | os.PathLike[str], variable: str | None = None) -> np.ndarray:
    """One array of a file; `variable` names it where there are several.

    In HDF5 a group comes before its name, as in `"train/data"`. Raises ValueError for
    files that are damaged, of another form, or larger than the limit.
    """
    with _opened(Path(path)) as found:
        return found(variable).read()


def array_names(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The names of the arrays of a file; none where there is one without a name."""
    with _opened(Path(path)) as found:
        return found.names


class _Contents(NamedTuple):
    """What an open file holds."""

    path: Path
    names: tuple[str, ...]  # none: one array, which has no name
    head: Callable[[str], Stored]
    coordinates: tuple[str, ...] = ()  # can be named, but are not what a file is for

    def __call__(self, name: str | None) -> Stored:
        if not self.names:
            name = ""
        elif name is None and len(self.names) == 1:
            name = self.names[0]
        elif name not in self.names + self.coordinates:
            some = [plain(n) for n in self.names[:MOST_NAMES]]
            some += ["..."] if len(self.names) > MOST_NAMES else []
            given = None if name is None else shown(name)
            raise Unreadable(
                f"{shown(str(self.path))} holds {', '.join(some)}; name one of them as "
                f"`variable`, got {given}."
            )
        stored = self.head(name)
        _require_room(self.path, stored)
        return stored


class Unreadable(ValueError):
    """What hopsim says of a file; whatever else is raised is put into its words."""


@contextlib.contextmanager
def _opened(path: Path, form: str | None = None) -> Iterator[_Contents]:
    """The contents of a file, with every error of a library in one sentence."""
    if not os.path.isfile(path):  # unlike Path's, false for impossible names too
        raise ValueError(f"There is no file {shown(str(path))}; give its path.")
    with contextlib.ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, about files of old versions
        try:
            yield FORM_READERS[form or _form_of(path)](path, stack)
        except Unreadable as error:
            raise ValueError(str(error)) from error.__cause__
        except Exception as error:  # zlib, zipfile, HDF5, netCDF, NumPy: any kind
            reason = plain(str(error)) or type(error).__name__
            raise ValueError(
                f"{shown(str(path))} cannot be read: {reason}; make it anew."
            ) from error


def _form_of(path: Path) -> str:
    with open(path, "rb") as file:
        head = file.read(16)
    beginnings = [(b, form) for form, each in FORMS.items() for b in each]
    found = next((form for b, form in beginnings if head.startswith(b)), None)
    promised = PROMISED.get(path.suffix.lower())
    if found is None and promised is None:
        raise Unreadable(
            "Arrays come from .npy, .npz, HDF5, netCDF (.nc) or IDX files; "
            f"{shown(str(path))} begins with {head[:4].hex(' ') or 'nothing'}."
        )
    if found is None or found not in (promised or (found,)):
        what = "something else" if found is None else found
        raise Unreadable(
            f"{shown(str(path))} cannot be read: its name promises "
            f"{' or '.join(promised or ())}, its bytes are {what}; name it as what it "
            "is, or make it anew."
        )
    return found


def _require_room(path: Path, stored: Stored) -> None:
    """Raises if an array is larger than the limit and than its file."""
    count, size = math.prod(stored.shape), path.stat().st_size
    if count > max(MOST_NUMBERS, size // max(1, stored.dtype.itemsize)):
        raise Unreadable(
            f"{shown(str(path))} unpacks to {_short(count)} numbers, and the limit is "
            f"{MOST_NUMBERS} (2^27, 1 GiB as float64) or what a file holds unpacked; "
            "take fewer, or store them as .npy."
        )


def _short(number: int) -> str:
    """A number as a message shows it, however many digits it has."""
    return str(number) if number < 10**18 else "more than 10^18"


# --- NumPy's files ---


def _npy(path: Path, stack: contextlib.ExitStack) -> _Contents:
    file = stack.enter_context(path.open("rb"))
    size = path.stat().st_size
    return _Contents(path, (), lambda _: _npy_head(path, file, size))


def _npy_head(path: Path, file: Any, size: int) -> Stored:
    """What the head of an array of `size` bytes declares, held against that size."""
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise Unreadable(
            f"{shown(str(path))} cannot be read: it has version {version} of the form "
            "npy, that of structured arrays; store plain numbers."
        )
    shape, fortran, dtype = readers[version](file)
    if dtype.hasobject:
        raise Unreadable(
            f"{shown(str(path))} holds Python objects, which hopsim does not unpickle; "
            "make them numbers of one kind."
        )
    declared = file.tell() + math.prod(shape) * dtype.itemsize
    if declared != size:
        raise Unreadable(
            f"{shown(str(path))} cannot be read: it declares {_short(declared)} bytes "
            f"and holds {size}; make it anew, one array in it."
        )
    return Stored(shape, dtype, lambda: _npy_numbers(file, shape, fortran, dtype))


def _npy_numbers(
    file: Any, shape: tuple[int, ...], fortran: bool, dtype: np.dtype
) -> np.ndarray:
    found = np.empty(math.prod(shape), dtype)
    raw, done = found.view(np.uint8), 0
    while done < len(raw):
        part = file.read(min(len(raw) - done, BYTES_AT_ONCE))
        if not part:
            raise EOFError("it ends before its last number")
        raw[done : done + len(part)] = np.frombuffer(part, np.uint8)
        done += len(part)
    if file.read(1):  # the end of a packed array is checked as well
        raise ValueError("it goes on after its last number")
    return found.reshape(shape, order="F" if fortran else "C")


def _npz(path: Path, stack: contextlib.ExitStack) -> _Contents:
    archive = stack.enter_context(zipfile.ZipFile(path))
    members = {
        info.filename.removesuffix(".npy"): info
        for info in archive.infolist()
        if info.filename.endswith(".npy")
    }
    if not members:
        raise Unreadable(f"{shown(str(path))} holds no arrays; make it anew.")

    def head(name: str) -> Stored:
        file = stack.enter_context(archive.open(members[name]))
        return _npy_head(path, file, members[name].file_size)

    return _Contents(path, tuple(members), head)


# --- HDF5 and netCDF ---


def _hdf5(path: Path, stack: contextlib.ExitStack) -> _Contents:
    import h5py
    import xarray as xr

    def require_room(name: str, item: Any) -> None:
        # xarray reads the scales of dimensions at once
        if isinstance(item, h5py.Dataset) and item.is_scale and item.shape:
            _require_room(path, Stored(item.shape, item.dtype, item.__array__))

    with h5py.File(path) as file:
        file.visititems(require_room)
    groups = xr.open_groups(
        path, engine="h5netcdf", decode_times=False, phony_dims="sort"
    )
    return _variables(path, stack, groups)


def _netcdf(path: Path, stack: contextlib.ExitStack) -> _Contents:
    import xarray as xr

    # a file that is mapped would stay open, and complain, when it is damaged
    content = io.BytesIO(path.read_bytes())
    data = xr.open_dataset(content, engine="scipy", decode_times=False)
    return _variables(path, stack, {"/": data})


def _variables(
    path: Path, stack: contextlib.ExitStack, groups: Mapping[str, Any]
) -> _Contents:
    """The variables of all groups, under names such as `"train/data"`."""
    held, names = {}, []
    for group, data in groups.items():
        stack.callback(data.close)
        inside = lambda name, group=group: f"{group}/{name}".lstrip("/")
        held |= {inside(name): data[name] for name in data.variables}
        names += [inside(name) for name in data.data_vars]
    if not names:
        raise Unreadable(f"{shown(str(path))} holds no arrays; make it anew.")
    others = tuple(name for name in held if name not in names)
    head = lambda name: _cf_head(path, held[name])
    return _Contents(path, tuple(names), head, others)


def _cf_head(path: Path, variable: Any) -> Stored:
    """A variable with its missing values as NaN, by the conventions CF."""
    units = str(variable.attrs.get("units", ""))
    if re.search(r"\bsince\b", units):
        raise Unreadable(
            f"{shown(str(path))}: {plain(str(variable.name))} holds times "
            f"({plain(units)}), which are no memories; count them in a unit of your "
            "own, as floats without that attribute."
        )
    return Stored(variable.shape, variable.dtype, lambda: variable.values)


# --- IDX files ---


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """The array in an IDX file, plain or gzipped, in native byte order.

    Two zero bytes, the type, the number of axes; the size of each axis (four bytes,
    big-endian); the numbers. [LeCun & Cortes]
    """
    with _opened(Path(path), "IDX") as found:
        return found(None).read()


def idx_shape(path: str | os.PathLike[str]) -> tuple[int, ...]:
    """The shape of the array in an IDX file, from its head."""
    with _opened(Path(path), "IDX") as found:
        return found(None).shape


def _idx(path: Path, stack: contextlib.ExitStack) -> _Contents:
    file: Any = stack.enter_context(path.open("rb"))
    packed = file.read(2) == b"\x1f\x8b"  # believe the bytes, not the suffix
    file.seek(0)
    if packed:
        file = stack.enter_context(gzip.GzipFile(fileobj=file))
    size = None if packed else path.stat().st_size
    return _Contents(path, (), lambda _: _idx_head(path, file, size))


def _idx_head(path: Path, file: Any, size: int | None) -> Stored:
    """What the head declares; `size` is known of files that are not gzipped."""
    name, take = shown(str(path)), lambda count: _unpacked(path, file, count)
    head = take(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in IDX_TYPES:
        raise Unreadable(
            f"An IDX file begins with 00 00, a type ({', '.join(map(hex, IDX_TYPES))}) "
            f"and its number of axes; {name} begins with "
            f"{head[:4].hex(' ') or 'nothing'}; fetch it again."
        )
    dtype, axes = np.dtype(IDX_TYPES[head[2]]), head[3]
    sizes = take(4 * axes)
    shape = np.frombuffer(sizes, ">u4", len(sizes) // 4).tolist()
    start = len(head) + len(sizes)
    promised = start + math.prod(shape) * dtype.itemsize

    def require(held: int | str) -> None:
        if not 1 <= axes <= 32 or len(shape) < axes or held != promised:
            raise Unreadable(
                f"An IDX file has 1 to 32 axes and exactly the numbers it declares; "
                f"{name} declares {axes} axes, of sizes {plain(str(shape))}, which "
                f"makes at least {_short(promised)} bytes, and holds {held}; fetch it "
                "again."
            )

    def read() -> np.ndarray:
        content = take(promised - start)
        more = take(1)  # the end of a gzipped file is checked as well
        require("more" if more else start + len(content))
        numbers = np.frombuffer(content, dtype).reshape(shape)
        return numbers.astype(dtype.newbyteorder("="))

    require(promised if size is None else size)
    return Stored(tuple(shape), dtype, read)


def _unpacked(path: Path, file: Any, count: int) -> bytes:
    """The next bytes of a file, as many as there are up to `count`."""
    try:
        return file.read(count)
    except Exception as error:  # OSError, EOFError, zlib.error
        raise Unreadable(
            f"A gzipped file must unpack to its end; {shown(str(path))} "
            f"({path.stat().st_size} bytes) does not: {plain(str(error))}; fetch it "
            "again."
        ) from error


FORM_READERS: dict[str, Callable[[Path, contextlib.ExitStack], _Contents]] = {
    "npy": _npy,
    "npz": _npz,
    "HDF5": _hdf5,
    "netCDF": _netcdf,
    "gzip": _idx,
    "IDX": _idx,
}
