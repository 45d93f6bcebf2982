"""The labelled form of a dataset, which files hold, and the flat one, which is judged.

*Flat*: the points of a study lie along `point` with their `label`, and the rows of all
pattern sets follow each other, numbered by the variable `set`. *Labelled*: every swept
axis is a dimension with its values as coordinate, and `set` is one before the rows.
Either is made of the other without loss: the attribute `flat_form` tells what it held.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._common.names import shown
from ._axes import axes_to_json, Axis, cell_label, coordinate
from ._datasets import Dataset, flags, padding
from ._rows import back_in_sequence, by_set, find_rows, POINT, SET, SetRows


Variable = Any  # an xarray.Variable

AXES, FLAT_FORM, CELLS = "axes", "flat_form", "cell_state"
LAYOUT = (AXES, FLAT_FORM)  # attributes that are no words of a user
STATES = ("done", "missing", "failed")  # of a cell; their numbers are its flags


class FlatForm(NamedTuple):
    """What the flat form of a dataset holds, in its order."""

    data: list[str]  # names of variables
    coords: list[str]
    row: str  # the dimension of rows that lie along `set`; empty without


def arrange(data: Dataset, axes: Sequence[Axis], done: np.ndarray) -> Dataset:
    """The labelled form of a flat dataset, of which only cells that are done are known.

    `axes` are named apart from its variables; `done` says of every cell whether it is.
    """
    rows = find_rows(data)
    if not axes and rows is None:
        return data
    derived = {rows.dim, rows.count_name, SET} if rows else set()
    if len(axes) == 1 and _holds(data, "value", coordinate(axes[0].along())[done]):
        derived |= {"value"}
    kept = {
        name: _by_cell(by_set(variable, rows), axes, done)
        for name, variable in data.variables.items()
        if name not in derived
    }
    coords = {name: kept.pop(name) for name in data.coords if name in kept}
    taken = {*data.variables, *data.dims, *(axis.name for axis in axes)}
    for axis in axes:
        coords |= _coordinates(axis, taken | {*coords})
    if rows is not None:
        numbers = np.arange(rows.counts.shape[1])
        coords |= {SET: (SET, numbers, data[SET].attrs)}
        if rows.dim in data.coords:
            coords |= {rows.dim: (rows.dim, np.arange(np.max(rows.counts)))}
        if rows.unequal:
            coords |= {rows.count_name: _by_cell(rows.counted(), axes, done, nothing=0)}
    form = FlatForm([*data.data_vars], [*data.coords], rows.dim if rows else "")
    told = {AXES: axes_to_json(axes), FLAT_FORM: json.dumps(form._asdict())}
    return _made(kept, coords, data.attrs | told)


def flatten(data: Dataset) -> Dataset:
    """The flat form of a labelled dataset; a flat one is returned as it is.

    Values may have been chosen of the axes; of a cell that is not done nothing is left.
    """
    if FLAT_FORM not in data.attrs:
        return data
    form = FlatForm(**json.loads(data.attrs[FLAT_FORM]))
    names = names_of_axes(data)
    dims = [name for name in names if name in data.dims]
    done = cells_done(data)
    rows = _rows_along_sets(data, form, dims, done)
    derived = _derived(data, form, rows, names, done)
    own = [CELLS, *names]
    added = [str(x) for x in data.data_vars if x not in form.data and x not in own]
    found = {}
    for name in [*form.data, *added, *form.coords]:
        if name in derived:
            found[name] = derived[name]
        elif name in data.variables:
            cells = _in_sequence(data.variables[name], data, dims, done)
            found[name] = back_in_sequence(cells, rows)
    coords = {name: found.pop(name) for name in form.coords if name in found}
    attrs = {k: v for k, v in data.attrs.items() if k not in LAYOUT}
    return _made(found, coords, attrs)


def cells_done(data: Dataset) -> np.ndarray:
    """Of each cell of a labelled dataset, in row-major order, whether it is done."""
    if CELLS in data:
        return np.ravel(data[CELLS].values) == STATES.index("done")
    sizes = [data.sizes[name] for name in names_of_axes(data) if name in data.dims]
    return np.ones(math.prod(sizes), bool)


def names_of_axes(data: Dataset) -> list[str]:
    """The names of the swept axes of a labelled dataset."""
    return [axis["name"] for axis in json.loads(str(data.attrs.get(AXES, "[]")))]


def require_cells(
    data: Dataset, axes: Sequence[Axis], states: Sequence[str] | None
) -> np.ndarray:
    """Of each cell whether it is done.

    Raises ValueError unless the points of the flat dataset are those cells.
    """
    cells = math.prod(len(axis.values) for axis in axes)
    done = np.ones(cells, bool)
    if states is not None:
        wrong = [state for state in states if state not in STATES]
        if wrong or len(states) != cells:
            raise ValueError(
                f"The {cells} cells of a grid are {', '.join(STATES)}, got "
                f"{len(states)}: {shown(wrong or list(states))}; give one for each."
            )
        done = np.array(states) == "done"
    points = data.sizes.get(POINT, 0)
    if axes and points != np.sum(done):
        raise ValueError(
            f"A record has one point for each cell that is done, got {points} for "
            f"{np.sum(done)} of {cells} cells; give the axes of this record."
        )
    return done


def named_apart(axes: Sequence[Axis], taken: set[str]) -> tuple[Axis, ...]:
    """The axes, by their whole path where something else is called so already."""
    taken, found = taken | {POINT, SET, "label", "value", CELLS}, []
    for axis in axes:
        path = axis.paths[0]
        name = next(x for x in (axis.name, path, f"{path}_swept") if x not in taken)
        taken |= {name}
        found.append(axis._replace(name=name))
    return tuple(found)


def with_states(
    data: Dataset, axes: Sequence[Axis], states: Sequence[str] | None
) -> Dataset:
    """The labelled dataset with the states of its cells, if some are not done."""
    if states is None or all(state == "done" for state in states):
        return data
    dims, shape = [a.name for a in axes], [len(a.values) for a in axes]
    labels = data["label"].values.astype(object).ravel()
    for k, state in enumerate(states):
        if state != "done":
            labels[k] = cell_label(axes, k)
    codes = np.array([STATES.index(state) for state in states], np.int8)
    told = {"long_name": "state of the cell"} | flags(STATES)
    data = data.assign({CELLS: (dims, codes.reshape(shape), told)})
    return data.assign_coords(label=(dims, labels.astype(str).reshape(shape)))


# --- cells ----------------------------------------------------------------------------


def _by_cell(
    variable: Variable, axes: Sequence[Axis], done: np.ndarray, nothing: Any = None
) -> Variable:
    """A variable along the axes in place of points, padded where cells are not done."""
    if not axes or POINT not in variable.dims:
        return variable
    k, values = variable.dims.index(POINT), variable.values
    if not np.all(done):
        fill = padding(values.dtype) if nothing is None else nothing
        sizes = (*values.shape[:k], done.size, *values.shape[k + 1 :])
        whole = np.full(sizes, fill, values.dtype)
        whole[(slice(None),) * k + (done,)] = values
        values = whole
    shape = [len(axis.values) for axis in axes]
    values = values.reshape((*values.shape[:k], *shape, *values.shape[k + 1 :]))
    dims = [*variable.dims[:k], *(axis.name for axis in axes), *variable.dims[k + 1 :]]
    return type(variable)(dims, values, variable.attrs)


def _in_sequence(
    variable: Variable, data: Dataset, dims: list[str], done: np.ndarray
) -> Variable:
    """A variable along points in place of the axes, only of cells that are done."""
    if not {*dims} & {*variable.dims}:
        return variable
    lacking = {dim: data.sizes[dim] for dim in dims if dim not in variable.dims}
    variable = variable.set_dims({**lacking, **dict(variable.sizes)})
    k = min(variable.dims.index(dim) for dim in dims)
    others = [dim for dim in variable.dims if dim not in dims]
    variable = variable.transpose(*others[:k], *dims, *others[k:])
    shape = [variable.sizes[dim] for dim in others]
    values = variable.values.reshape((*shape[:k], done.size, *shape[k:]))
    if not np.all(done):
        values = np.compress(done, values, axis=k)
    return type(variable)([*others[:k], POINT, *others[k:]], values, variable.attrs)


def _coordinates(axis: Axis, taken: set[str]) -> dict[str, tuple[Any, ...]]:
    """The swept values along their axis, by path; the first one is its index."""
    found = {}
    for number, path in enumerate(axis.paths):
        word = path.rpartition(".")[2]
        free = word if word not in taken | {*found} else path
        name = free if number else axis.name
        values = coordinate(axis.along(number))
        found[name] = (axis.name, values, {"long_name": path})
    return found


def _holds(data: Dataset, name: str, values: np.ndarray) -> bool:
    """Whether a variable is no more than the values along the points."""
    if name not in data.data_vars or values.dtype.kind == "U":
        return False
    plain = data[name].dims == (POINT,) and not data[name].attrs
    return plain and np.array_equal(data[name].values, values.astype(float))


# --- what the flat form has besides ---------------------------------------------------


def _rows_along_sets(
    data: Dataset, form: FlatForm, dims: list[str], done: np.ndarray
) -> SetRows | None:
    """The rows that lie along `set`, if they still do."""
    if not {form.row, SET} <= {*data.dims}:
        return None
    count, pointed = f"{form.row}_count", bool(dims) or POINT in data.dims
    points = int(np.sum(done)) if dims else data.sizes.get(POINT, 1)
    if count in data.variables:
        counted = _in_sequence(data.variables[count], data, dims, done)
        counts = counted.values.reshape(points, -1)
    else:
        counts = np.full((points, data.sizes[SET]), data.sizes[form.row])
    return SetRows(form.row, counts, pointed, data.sizes[form.row])


def _derived(
    data: Dataset,
    form: FlatForm,
    rows: SetRows | None,
    names: list[str],
    done: np.ndarray,
) -> dict[str, tuple[Any, ...]]:
    """What the labelled form has as a coordinate or a count, and not by its name."""
    found = {}
    if rows is not None:
        found[rows.dim] = (rows.dim, np.arange(rows.longest))
        found[SET] = (rows.dims, rows.owner(), data[SET].attrs)
        if rows.pointed:
            found[rows.count_name] = (POINT, rows.totals)
    if len(names) == 1 and "value" not in data and names[0] in data.coords:
        swept = data[names[0]]
        if swept.dtype.kind in "if":
            along = swept.values[done] if swept.ndim else swept.values
            found["value"] = ((POINT,) * swept.ndim, along.astype(float))
    return found


def _made(
    variables: Mapping[str, Any], coords: Mapping[str, Any], attrs: Mapping[str, Any]
) -> Dataset:
    import xarray as xr

    return xr.Dataset(dict(variables), dict(coords), dict(attrs))
