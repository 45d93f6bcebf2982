"""Records: the result of a run, as one netCDF file that any notebook can open.

On the host only. The main variables are at the root of the file, others in groups; the
scenario text, versions, device, seed, timings, counters and verdicts are attributes.
"""

import abc
import dataclasses
import enum
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ._common.display import AbstractShown, curves, many, Shown, some, tally
from ._common.files import write_whole
from ._common.names import plain, shown
from ._version import __version__


Dataset = Any  # an xarray.Dataset; xarray is imported when a record is first made
Variables = Mapping[str, tuple[Any, ...]]  # name -> (dimensions, values, attributes)

TIME = {"long_name": "time t", "units": "tau_feature"}
PURE = {"units": "1"}
# what every record says of itself, and what it says where nothing else is said
REQUIRED = {"name": "", "hash": "", "plots": "", "seconds": 0.0}


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


# what the fields of a verdict may hold, and in words
_HELD = {
    str: (str, "a text"),
    bool: (bool, "True or False"),
    float | None: (float | int | None, "a number or None"),
}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One tested statement. Raises ValueError for what a record could not hold."""

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

    def __post_init__(self):
        for field in dataclasses.fields(self):
            (kinds, words), found = _HELD[field.type], getattr(self, field.name)
            # a number of NumPy's or JAX's is one of Python's in a file
            held = found.item() if getattr(found, "ndim", None) == 0 else found
            if not isinstance(held, kinds):
                raise ValueError(
                    f"{field.name} of a Verdict must be {words}, got {shown(found)}."
                )
            object.__setattr__(self, field.name, held)

    def __str__(self) -> str:
        word = Outcome.of(self.passed).word
        bar = f" {self.error}" if self.error else ""
        rule = f" ({self.expected})" if self.expected else ""
        return f"{word}  {self.statement}: {self.measured}{bar}{rule}"


@dataclasses.dataclass(frozen=True, repr=False)
class Record(AbstractShown):
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

    def to_xarray(self) -> Dataset:
        """The data with the coordinates that one selects by, as an xarray.Dataset.

        `time` (in tau_feature) is a dimension in place of `sample`; the points of a
        sweep lie along what is swept, such as `beta`, and variants along `label`;
        `class` has the labels of the memories, and `kind` is that of attractors. Other
        names are those of the file. `.to_dataframe()` of some variables gives pandas.
        """
        return _indexed(self.data)

    def save(self, path: str | os.PathLike) -> Path:
        """Write the file that `load_record` and xarray read; it is never half written.

        Raises ValueError if the directory is not there, or `path` is one.
        """
        path = Path(path)
        if path.is_dir() or not path.parent.is_dir():
            there = "is a directory" if path.is_dir() else "is in no directory"
            raise ValueError(
                f"A file is made in a directory that exists, got {shown(str(path))}, "
                f"which {there}; name a file such as run.nc."
            )
        return save(self, path)

    def _shown(self) -> Shown:
        a, sizes = self.attrs, self.data.sizes
        told = "point" in sizes and "label" in self.data.coords
        labels = [*map(str, self.data["label"].values)] if told else []
        made = f"{a.get('name', '')}-{a.get('hash', '')}".strip("-")
        named = f"Record {made}".rstrip()
        if a.get("title"):
            named += f": {a['title']}"
        network = [a[k] for k in ("network", "dynamics", "experiment") if k in a]
        if "precision" in a:
            network.append(f"{a['precision']}, seed {a.get('seed')}")
        failed = [v.statement for v in self.verdicts if not v.passed]
        checks = f"{len(self.verdicts) - len(failed)} of {len(self.verdicts)} passed"
        if failed:
            checks += f"; FAILED: {some(failed)}"
        variables = many(len(self.data.data_vars), "variable")
        groups = f"; groups {some([*self.groups])}" if self.groups else ""
        rows = [
            ("study", "; ".join(map(str, network))),
            ("points", f"{len(labels)}: {some(labels)}" if labels else ""),
            ("sizes", ", ".join(f"{d} {n}" for d, n in sizes.items())),
            ("holds", f"{variables}: {some([*map(str, self.data.data_vars)])}{groups}"),
            ("ended", _by_flags(self.data, "ending")),
            ("checks", checks if self.verdicts else ""),
            ("file", "" if self.path is None else str(self.path)),
        ]
        return Shown(named, rows)

    def _picture(self) -> str:
        label, data = self.points()[0]
        if "energy" not in data or data["energy"].dims != ("probe", "sample"):
            return ""
        told = "energy of each probe over time" + (f" ({label})" if label else "")
        return curves(data["time"].values, data["energy"].values, told)


class AbstractResult(AbstractShown):
    """What a run leaves in arrays: it shows itself, and goes into a file.

    To add one: implement `variables` and `_shown`, and override `groups` for what lies
    beside them in the file.
    """

    @abc.abstractmethod
    def variables(self) -> Variables:
        """What a record keeps of it, under the names that records use."""

    def groups(self) -> dict[str, Dataset]:
        """Further data, each under a name of its own."""
        return {}

    def to_record(self) -> Record:
        """The same as a record, which belongs to no scenario."""
        kind = type(self).__name__
        attrs = REQUIRED | {
            "name": kind.lower(),
            "title": self._shown().title,
            "result": kind,
            "seconds": float(getattr(self, "seconds", 0.0)),
            "version_hopsim": __version__,
        }
        return Record(dataset(self.variables(), attrs), self.groups())

    def to_xarray(self) -> Dataset:
        """An xarray.Dataset with named coordinates; see `Record.to_xarray`."""
        return self.to_record().to_xarray()

    def save(self, path: str | os.PathLike) -> Path:
        """Write it as a record; see `Record.save`, and read it by `load_record`."""
        return self.to_record().save(path)


def flags(meanings: Sequence[str]) -> dict[str, Any]:
    """Attributes that give the meanings of the codes 0, 1, ... [CF 3.5]"""
    words = [word.replace(" ", "_") for word in meanings]
    return {"flag_values": [*range(len(words))], "flag_meanings": " ".join(words)}


def _by_flags(data: Dataset, name: str) -> str:
    """How often each meaning of the codes of a variable occurs; -1 is padding."""
    if name not in data or "flag_meanings" not in data[name].attrs:
        return ""
    words = str(data[name].attrs["flag_meanings"]).split()
    codes, counts = np.unique(data[name].values.astype(int), return_counts=True)
    known = zip(codes, counts, strict=True)
    return tally({words[code]: int(n) for code, n in known if 0 <= code < len(words)})


def dataset(variables: Variables, attrs: Mapping[str, Any] | None = None) -> Dataset:
    """An xarray.Dataset; its index coordinates let unequal sizes be joined.

    What is named "@name" is an attribute, as in `variables_of`.
    """
    import xarray as xr

    told = {k[1:]: v[1] for k, v in variables.items() if k.startswith("@")}
    held = {k: v for k, v in variables.items() if not k.startswith("@")}
    data = xr.Dataset(held, attrs=told | dict(attrs or {}))
    index = {dim: np.arange(size) for dim, size in data.sizes.items()}
    return data.assign_coords({d: (d, i) for d, i in index.items() if d not in data})


def variables_of(data: Dataset, group: str = "") -> dict[str, tuple[Any, ...]]:
    """The variables and attributes of a dataset, from which `dataset` makes it again.

    Those of a group are named "group/name".
    """
    above = f"{group}/" if group else ""
    plain = lambda v: v.name in v.dims and np.array_equal(v, np.arange(v.size))
    held = {
        f"{above}{name}": (v.dims, v.values, dict(v.attrs))
        for name, v in data.variables.items()
        if not (name in data.indexes and plain(data[name]))
    }
    return held | {f"{above}@{name}": ((), x) for name, x in data.attrs.items()}


def broadcast(data: Dataset, names: list[str]) -> list[np.ndarray]:
    """Variables of a record, each with the dimensions of all of them in one order."""
    import xarray as xr

    return [x.values for x in xr.broadcast(*(data[name] for name in names))]


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


def _indexed(data: Dataset) -> Dataset:
    """The data with `time`, swept values and classes as coordinates."""
    for name in ("time", "memory_class"):  # alike in all points: once
        if name in data and data[name].dims[:1] == ("point",):
            first = data[name].isel(point=0, drop=True)
            if bool((data[name] == first).all()):
                data = data.assign({name: first})
    if "time" in data:
        data = data.set_coords("time")
        if data["time"].dims == ("sample",):
            data = data.swap_dims(sample="time").drop_vars("sample", errors="ignore")
    if "memory_class" in data and "class" not in {*data.variables, *data.dims}:
        data = data.rename(memory_class="class").set_coords("class")
    if "kind" in data and "attractor" in data["kind"].dims:
        data = data.set_coords("kind")
    if "point" not in data.dims:
        return data
    path = str(data.attrs.get("sweep_path", ""))
    names = [path.rpartition(".")[2], path]
    free = [n for n in names if n and n not in {*data.variables, *data.dims}]
    if free and "value" in data and data["value"].dims == ("point",):
        index = free[0]
        data = data.rename(value=index).set_coords(index)
    else:
        index = "label"
    return data.swap_dims(point=index).drop_vars("point", errors="ignore")


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
        absent = set(REQUIRED) - set(data.attrs)
        if absent:
            raise KeyError(f"no attribute {', '.join(sorted(absent))}")
    except Exception as error:  # of a damaged file h5py and xarray raise anything
        raise ValueError(
            f"{str(path)!r} is not a record of hopsim, or it is damaged "
            f"({plain(str(error)) or type(error).__name__}); records are made by "
            "`hopsim run`."
        ) from error
    return Record(data, groups, tuple(verdicts), path)


def load_attributes(path: Path) -> dict[str, Any]:
    """The attributes of a record's file, its verdicts as JSON; no data are read.

    Raises ValueError for what is no such file.
    """
    import h5py

    try:
        with h5py.File(path) as file:
            found = {name: file.attrs[name] for name in file.attrs}
    except (OSError, KeyError, RuntimeError) as error:  # whatever HDF5 cannot read
        raise ValueError(f"{str(path)!r} cannot be read; run it again.") from error
    single = lambda x: x.item() if getattr(x, "size", 0) == 1 else x
    return {name: single(value) for name, value in found.items()}


def _image(record: Record) -> bytes:
    """The bytes of the file. (HDF5 itself does not survive a disk that is full.)"""
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    verdicts = json.dumps([dataclasses.asdict(v) for v in record.verdicts])
    image = io.BytesIO()
    with h5netcdf.File(image, "w") as file:
        attrs = REQUIRED | record.attrs | {"verdicts": verdicts}
        parts = {"": record.data.assign_attrs(attrs)} | record.groups
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
