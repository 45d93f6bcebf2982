"""Records: the result of a run, as one netCDF file that any notebook can open.

On the host only. The main variables are at the root of the file, others in groups; the
scenario text, versions, device, seed, timings, counters and verdicts are attributes.
"""

import dataclasses
import enum
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ._common.files import write_whole
from ._common.names import plain


Dataset = Any  # an xarray.Dataset; xarray is imported when a record is first made
Variables = Mapping[str, tuple[Any, ...]]  # name -> (dimensions, values, attributes)


class Outcome(enum.Enum):
    """The outcome of a check or a claim; the worst comes first."""

    CRASHED = "ERROR", "⚠"
    FAILED = "FAIL", "✗"
    CHANGED = "changed", "≠"  # another claim than the one that its file states
    PASSED = "pass", "✓"

    def __init__(self, word: str, mark: str):
        self.word, self.mark = word, mark

    @classmethod
    def of(
        cls, passed: bool, crashed: bool = False, changed: bool = False
    ) -> "Outcome":
        """The outcome; a claim has crashed if its run did not finish."""
        if crashed:
            return cls.CRASHED
        if changed:
            return cls.CHANGED
        return cls.PASSED if passed else cls.FAILED


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One tested statement."""

    statement: str
    passed: bool
    measured: str
    expected: str
    source: str = "scenario"
    error: str = ""  # the error bar, with its unit of replication
    tolerance: str = ""
    value: float | None = None  # what was measured, as a number
    low: float | None = None  # its interval, where replication gives one
    high: float | None = None
    samples: str = ""  # number and kind of the samples

    def __str__(self) -> str:
        word = Outcome.of(self.passed).word
        bar = f" {self.error}" if self.error else ""
        rule = f" ({self.expected})" if self.expected else ""
        return f"{word}  {self.statement}: {self.measured}{bar}{rule}"


@dataclasses.dataclass(frozen=True)
class Record:
    """The data of a run, with its provenance and its verdicts."""

    data: Dataset
    groups: dict[str, Dataset] = dataclasses.field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    path: Path | None = None  # where it was saved, if it was

    @property
    def attrs(self) -> dict[str, Any]:
        """Provenance: scenario, versions, device, seed, timings, counters."""
        return self.data.attrs

    @property
    def passed(self) -> bool:
        """True if every check of the scenario passed."""
        return all(verdict.passed for verdict in self.verdicts)

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def points(self) -> list[tuple[str, Dataset]]:
        """The points of a sweep with their labels, or the one run without a label."""
        if "point" not in self.data.dims:
            return [("", self.data)]
        labels = [str(label) for label in self.data["label"].values]
        return [(label, _point(self.data, i)) for i, label in enumerate(labels)]

    def with_verdicts(self, verdicts: list[Verdict]) -> "Record":
        """The same record with verdicts."""
        return dataclasses.replace(self, verdicts=tuple(verdicts))


def dataset(variables: Variables, attrs: Mapping[str, Any] | None = None) -> Dataset:
    """An xarray.Dataset; its index coordinates let unequal sizes be joined."""
    import xarray as xr

    data = xr.Dataset(dict(variables), attrs=dict(attrs or {}))
    index = {dim: np.arange(size) for dim, size in data.sizes.items()}
    return data.assign_coords({d: (d, i) for d, i in index.items() if d not in data})


def join_points(datasets: list[Dataset], labels: list[str]) -> Dataset:
    """The datasets of a sweep along a new leading dimension `point`.

    Unequal sizes are padded (with NaN, -1, 0 if unsigned, False or "");
    `<dimension>_count` is the true size.
    """
    import xarray as xr

    if labels == [""]:
        return datasets[0]
    fill = {
        name: {"b": False, "i": -1, "u": 0, "f": np.nan}.get(v.dtype.kind, "")
        for data in datasets
        for name, v in data.data_vars.items()
    }
    sizes = {d: [x.sizes.get(d, 0) for x in datasets] for d in datasets[0].dims}
    whole = xr.concat(
        datasets,
        dim="point",
        join="outer",
        data_vars="all",
        coords="different",
        compat="equals",
        combine_attrs="override",
        fill_value=fill,
    )
    counts = {f"{d}_count": ("point", n) for d, n in sizes.items() if len({*n}) > 1}
    return whole.assign_coords(label=("point", labels), **counts)


def _point(data: Dataset, number: int) -> Dataset:
    """One point of a sweep, without the padding."""
    one = data.isel(point=number)
    real = {d: f"{d}_count" for d in one.dims if f"{d}_count" in one.coords}
    return one.isel({d: slice(int(one[count])) for d, count in real.items()})


def save(record: Record, path: str | os.PathLike) -> Path:
    """Write a record as netCDF under a temporary name, then rename it into place."""
    return write_whole(Path(path), _image(record))


def load_record(path: str | os.PathLike) -> Record:
    """Read a record from its run directory or its `.nc` file.

    Raises ValueError if there is no file, or if it is not a record.
    """
    import h5py
    import xarray as xr

    path = Path(path)
    path = path / "record.nc" if path.is_dir() else path
    if not path.is_file():
        raise ValueError(f"There is no record at {str(path)!r}; give a run directory.")
    try:
        with h5py.File(path) as file:
            names = [k for k, v in file.items() if isinstance(v, h5py.Group)]
        data = xr.load_dataset(path, engine="h5netcdf")
        groups = {n: xr.load_dataset(path, engine="h5netcdf", group=n) for n in names}
        verdicts = [Verdict(**v) for v in json.loads(data.attrs.pop("verdicts"))]
        absent = {"name", "hash", "plots", "seconds"} - set(data.attrs)
        if absent:
            raise KeyError(f"no attribute {', '.join(sorted(absent))}")
    except Exception as error:  # of a damaged file h5py and xarray raise anything
        raise ValueError(
            f"{str(path)!r} is not a record of hopsim, or it is damaged "
            f"({plain(str(error)) or type(error).__name__}); records are made by "
            "`hopsim run`."
        ) from error
    return Record(data, groups, tuple(verdicts), path)


def _image(record: Record) -> bytes:
    """The bytes of the file. (HDF5 itself does not survive a disk that is full.)"""
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    verdicts = json.dumps([dataclasses.asdict(v) for v in record.verdicts])
    image = io.BytesIO()
    with h5netcdf.File(image, "w") as file:
        parts = {"": record.data.assign_attrs(verdicts=verdicts)} | record.groups
        for name, data in parts.items():
            place = file.create_group(name) if name else file
            numeric = [
                n
                for n, v in data.variables.items()
                if v.dtype.kind in "fiub" and v.ndim
            ]
            packed = {"zlib": True, "complevel": 1}
            store = H5NetCDFStore(place)
            data.dump_to_store(store, encoding=dict.fromkeys(numeric, packed))
    return image.getvalue()
