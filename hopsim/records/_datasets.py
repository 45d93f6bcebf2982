"""Datasets: the arrays of a record under their names, and how points are joined."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


Dataset = Any  # an xarray.Dataset; xarray is imported when a record is first made
Variables = Mapping[str, tuple[Any, ...]]  # name -> (dimensions, values, attributes)

TIME = {"long_name": "time t", "units": "tau_feature"}
PURE = {"units": "1"}


def flags(meanings: Sequence[str]) -> dict[str, Any]:
    """Attributes that give the meanings of the codes 0, 1, ... [CF 3.5]"""
    words = [word.replace(" ", "_") for word in meanings]
    return {"flag_values": [*range(len(words))], "flag_meanings": " ".join(words)}


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

    found = [data.variables[name] for name in names]
    if all(variable.dims == found[0].dims for variable in found):  # a tenth of the time
        return [variable.values for variable in found]
    return [x.values for x in xr.broadcast(*(data[name] for name in names))]


def padding(dtype: np.dtype) -> Any:
    """What stands where nothing was measured: NaN, -1, 0 if unsigned, False or ""."""
    return {"b": False, "i": -1, "u": 0, "f": np.nan}.get(dtype.kind, "")


def _alike(datasets: Sequence[Dataset]) -> bool:
    """Whether they have the same variables, shapes and coordinates."""
    first = datasets[0]
    shapes = {name: v.shape for name, v in first.variables.items()}
    whole = [name for name in first.coords if name not in first.indexes]
    return not whole and all(
        {name: v.shape for name, v in x.variables.items()} == shapes
        and {*x.coords} == {*first.coords}
        and all(x.variables[k].equals(first.variables[k]) for k in first.coords)
        for x in datasets[1:]
    )


def _stacked(datasets: Sequence[Dataset]) -> Dataset:
    """Datasets that are alike, along `point`."""
    import xarray as xr

    first = datasets[0]
    stacked = {
        name: (
            ("point", *variable.dims),
            np.stack([x.variables[name].values for x in datasets]),
            variable.attrs,
        )
        for name, variable in first.data_vars.items()
    }
    return xr.Dataset(stacked, coords=first.coords, attrs=first.attrs)


def join_points(datasets: list[Dataset], labels: list[str]) -> Dataset:
    """The datasets of a sweep along a new leading dimension `point`.

    Unequal sizes are padded (with NaN, -1, 0 if unsigned, False or "");
    `<dimension>_count` is the true size.
    """
    import xarray as xr

    if labels == [""]:
        return datasets[0]
    if _alike(datasets):  # as most are, and xarray takes 4 ms for each
        return _stacked(datasets).assign_coords(label=("point", labels))
    fill = {
        name: padding(v.dtype)
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


def one_point(data: Dataset, number: int) -> Dataset:
    """One point of a sweep, without the padding."""
    real = {}
    for dim in data.dims:
        if (count := f"{dim}_count") in data.coords:
            told = data.variables[count]
            told = told[{"point": number}] if "point" in told.dims else told
            real[dim] = slice(int(told))
    return data.isel({"point": number, **real})
