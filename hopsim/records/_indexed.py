"""The data of a record with the coordinates that one selects by."""

from typing import Any

import numpy as np

from ._datasets import Dataset
from ._layout import cells_done, names_of_axes


def indexed(data: Dataset) -> Dataset:
    """The data with `time`, swept values and classes as coordinates."""
    for name in ("time", "memory_class"):
        if name in data:
            data = data.assign({name: _once(data, name)})
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


def _once(data: Dataset, name: str) -> Any:
    """A variable that is alike at all points, without them; another one as it is."""
    whole = data[name]
    across = [x for x in ("point", *names_of_axes(data)) if x in whole.dims]
    if not across:
        return whole
    moved = whole.transpose(*across, ...)
    cells = moved.values.reshape(-1, *moved.shape[len(across) :])
    if cells_done(data).size == len(cells):  # of others there is nothing but padding
        cells = cells[cells_done(data)]
    if not np.all(cells == cells[:1]):
        return whole
    return moved.isel(dict.fromkeys(across, 0), drop=True).copy(data=cells[0])
