"""A record: its data, provenance and verdicts, and the file that keeps them."""

import abc
import dataclasses
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._common.display import AbstractShown, curves, many, Shown, some, tally
from .._common.files import write_whole
from .._common.names import plain, shown
from .._version import __version__
from ._axes import axes_from_json, Axis, cell_label, coordinate, find_cells
from ._datasets import Dataset, dataset, one_point, Variables
from ._indexed import indexed
from ._layout import (
    arrange,
    AXES,
    CELLS,
    cells_done,
    flatten,
    named_apart,
    require_cells,
    STATES,
    with_states,
)
from ._verdicts import Verdict


# what every record says of itself, and what it says where nothing else is said
REQUIRED = {"name": "", "hash": "", "plots": "", "seconds": 0.0}


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

    @property
    def axes(self) -> tuple[Axis, ...]:
        """What was swept: each axis is a dimension of the data, with its values."""
        told = str(self.attrs.get(AXES, "[]"))
        axes = [axis for axis in axes_from_json(told) if axis.name in self.data.dims]
        return tuple(_chosen(axis, self.data[axis.name].values) for axis in axes)

    def rows(self) -> "Record":
        """The flat form: points along `point`, rows of all sets along one dimension.

        Checks and plots read it. Every point has its `label`, and its `value` where one
        number is swept; the variable `set` numbers the set of each row. Cells of a grid
        that are missing, or have failed, are left out. A record of one run, or of an
        older version, is returned as it is.
        """
        groups = {name: flatten(data) for name, data in self.groups.items()}
        return dataclasses.replace(self, data=flatten(self.data), groups=groups)

    def points(
        self, at: Mapping[str, Any] | None = None, label: str | None = None
    ) -> list[tuple[str, Dataset]]:
        """The points of the flat form with their labels, or one run without a label.

        **Arguments:**

        - `at`: values of some axes, by their names or paths: only the points there.
        - `label`: only the points that are called so.

        Raises ValueError for an axis that there is not, and a value that is not swept.
        """
        data, chosen = flatten(self.data), self._places(at)
        if "point" not in data.dims:
            return [("", data)] if label in (None, "") else []
        told = [str(words) for words in data["label"].values]
        chosen = [k for k in chosen if label in (None, told[k])]
        return [(told[k], one_point(data, k)) for k in chosen]

    def labels(self, at: Mapping[str, Any] | None = None) -> list[str]:
        """The labels of `points`."""
        if "label" not in self.data or not self.data["label"].ndim:
            return [""]
        told = flatten(self.data[["label", *({CELLS} & {*self.data})]])["label"]
        return [str(told.values[k]) for k in self._places(at)]

    def not_done(self, at: Mapping[str, Any] | None = None) -> str:
        """The cells of a grid that are missing, or have failed, in words; else ""."""
        axes, cells = self.axes, self.data.get(CELLS)
        if cells is None or not axes:
            return ""
        codes = cells.transpose(*(axis.name for axis in axes)).values.ravel()
        wanted = range(codes.size) if at is None else find_cells(axes, at)
        found = [
            f"{cell_label(axes, k)} ({STATES[codes[k]]})" for k in wanted if codes[k]
        ]
        return f"{len(found)} of {len(wanted)} cells: {some(found)}" if found else ""

    def _places(self, at: Mapping[str, Any] | None) -> list[int]:
        """The numbers in the flat form of the points there."""
        axes = self.axes
        if not axes:
            find_cells(axes, at or {})
            return [*range(self.data.sizes.get("point", 1))]
        done = cells_done(self.data)
        number = np.cumsum(done) - 1
        wanted = range(done.size) if at is None else find_cells(axes, at)
        return [int(number[k]) for k in wanted if done[k]]

    def with_verdicts(self, verdicts: list[Verdict]) -> "Record":
        """The same record with verdicts."""
        return dataclasses.replace(self, verdicts=tuple(verdicts))

    def to_xarray(self) -> Dataset:
        """The data with the coordinates that one selects by, as an xarray.Dataset.

        `time` (in tau_feature) is a dimension in place of `sample`; what is swept, such
        as `beta`, has its values, as in `data`, and variants lie along `label`; `class`
        has the labels of the memories, and `kind` is that of attractors. Other names
        are those of the file. `.to_dataframe()` of some variables gives pandas.
        """
        return indexed(self.data)

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
        labels = [label for label in self.labels() if label]
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


def _by_flags(data: Dataset, name: str) -> str:
    """How often each meaning of the codes of a variable occurs; -1 is padding."""
    if name not in data or "flag_meanings" not in data[name].attrs:
        return ""
    words = str(data[name].attrs["flag_meanings"]).split()
    codes, counts = np.unique(data[name].values.astype(int), return_counts=True)
    known = zip(codes, counts, strict=True)
    return tally({words[code]: int(n) for code, n in known if 0 <= code < len(words)})


def labelled(
    record: Record, axes: Sequence[Axis] = (), states: Sequence[str] | None = None
) -> Record:
    """The labelled form of a flat record: a dimension for each axis, and one for sets.

    **Arguments:**

    - `axes`: of the study, whose cells, in row-major order, are the points of the
      record; without axes points stay along `point`. An axis takes its whole path as
      name where a variable or dimension of the record is called so.
    - `states`: of every cell, "done", "missing" or "failed"; by default all are done.
      The record has the points that are done; the others are padding, and the variable
      `cell_state` tells them apart.

    `Record.rows` gives the flat form again. Raises ValueError unless the points are
    those of the cells.
    """
    done = require_cells(record.data, axes, states)
    parts = [record.data, *record.groups.values()]
    taken = {str(name) for part in parts for name in (*part.variables, *part.dims)}
    axes = named_apart(axes, taken - {"value"})
    data = with_states(arrange(record.data, axes, done), axes, states)
    groups = {
        name: arrange(part, axes if "point" in part.dims else (), done)
        for name, part in record.groups.items()
    }
    return dataclasses.replace(record, data=data, groups=groups)


def _chosen(axis: Axis, values: Any) -> Axis:
    """An axis of which values have been chosen, in their order."""
    places = {value: k for k, value in enumerate(coordinate(axis.along()).tolist())}
    return axis._replace(values=[axis.values[places[x]] for x in values.tolist()])


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
