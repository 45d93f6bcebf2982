"""SetRows of pattern sets: one after the other in one dimension, or along `set`."""

from typing import Any, NamedTuple

import numpy as np

from ._datasets import Dataset, padding


Variable = Any  # an xarray.Variable

POINT, SET = "point", "set"


class SetRows(NamedTuple):
    """Which rows belong to each set of each point."""

    dim: str  # the dimension
    counts: np.ndarray  # (point, set)
    pointed: bool  # there is a dimension `point`
    room: int  # rows of a set, with padding

    @property
    def count_name(self) -> str:
        """The name of the coordinate that tells how many there are."""
        return f"{self.dim}_count"

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions of the rows in sequence."""
        return (POINT, self.dim) if self.pointed else (self.dim,)

    @property
    def unequal(self) -> bool:
        """Whether sets are padded."""
        return bool(np.any(self.counts != self.room))

    @property
    def totals(self) -> np.ndarray:
        """How many rows each point has in all."""
        return np.sum(self.counts, axis=1)

    @property
    def longest(self) -> int:
        """The largest number of rows of a point."""
        return int(np.max(self.totals, initial=0))

    def counted(self) -> Any:
        """The counts as a variable."""
        import xarray as xr

        dims = (POINT, SET) if self.pointed else (SET,)
        return xr.Variable(dims, self.counts if self.pointed else self.counts[0])

    def owner(self) -> np.ndarray:
        """The set of every row in sequence, -1 for padding."""
        found = np.full((len(self.counts), self.longest), -1)
        for k, counts in enumerate(self.counts):
            found[k, : np.sum(counts)] = np.repeat(np.arange(counts.size), counts)
        return found if self.pointed else found[0]

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """(point, set, row): which rows are real, and their places in sequence."""
        begins = np.cumsum(self.counts, axis=1) - self.counts
        numbers = np.arange(self.room)
        real = numbers < self.counts[..., None]
        return real, np.where(real, begins[..., None] + numbers, 0)


def find_rows(data: Dataset) -> SetRows | None:
    """The rows of a flat dataset whose variable `set` numbers them set by set.

    None where rows cannot lie along `set`: where they are not sorted, say.
    """
    if SET not in data.data_vars:
        return None
    dims, pointed = data[SET].dims, POINT in data.dims
    dim = str(dims[-1]) if dims else POINT
    if dim == POINT or dims != ((POINT, dim) if pointed else (dim,)):
        return None
    owner = np.atleast_2d(data[SET].values)
    if not owner.size or owner.dtype.kind != "i":
        return None
    sets = int(np.max(owner)) + 1
    counts = np.array([np.bincount(x[x >= 0], minlength=sets) for x in owner])
    rows = SetRows(dim, counts, pointed, int(np.max(counts, initial=0)))
    padded = pointed and np.any(rows.totals != rows.longest)
    others = [v for name, v in data.variables.items() if name != dim and dim in v.dims]
    fits = np.array_equal(rows.owner(), data[SET].values)
    fits &= not pointed or all(POINT in variable.dims for variable in others)
    fits &= dim not in data.coords or _numbers(data[dim].values)
    if padded:
        fits &= rows.count_name in data.coords and np.array_equal(
            data[rows.count_name].values, rows.totals
        )
    else:
        fits &= rows.count_name not in data.variables
    return rows if fits else None


def by_set(variable: Variable, rows: SetRows | None) -> Variable:
    """A variable with rows along (`set`, row), padded, in place of a sequence."""
    if rows is None or rows.dim not in variable.dims:
        return variable
    dims, values = _fronted(variable, rows, (rows.dim,))
    shape = (*rows.counts.shape, rows.room, *values.shape[2:])
    if rows.unequal:
        real, places = rows.places()
        found = values[np.arange(len(places))[:, None, None], places]
        found[~real] = padding(values.dtype)
    else:
        found = values.reshape(shape)
    at = variable.dims.index(rows.dim)
    wanted = (*variable.dims[:at], SET, *variable.dims[at:])
    return _returned(variable, rows, (SET, rows.dim, *dims), found, wanted)


def back_in_sequence(variable: Variable, rows: SetRows | None) -> Variable:
    """A variable with the rows of all sets one after the other."""
    if rows is None or not {SET, rows.dim} <= {*variable.dims}:
        return variable
    dims, values = _fronted(variable, rows, (SET, rows.dim))
    shape = (len(values), rows.longest, *values.shape[3:])
    if rows.unequal:
        real, places = rows.places()
        found = np.full(shape, padding(values.dtype), values.dtype)
        found[np.nonzero(real)[0], places[real]] = values[real]
    else:
        found = values.reshape(shape)
    wanted = tuple(dim for dim in variable.dims if dim != SET)
    return _returned(variable, rows, (rows.dim, *dims), found, wanted)


def _fronted(
    variable: Variable, rows: SetRows, first: tuple[str, ...]
) -> tuple[list[str], np.ndarray]:
    """Its other dimensions, and its values with points and `first` before them."""
    lead = (*(POINT,) * rows.pointed, *first)
    dims = [dim for dim in variable.dims if dim not in lead]
    values = variable.transpose(*lead, *dims).values
    return dims, values if rows.pointed else values[None]


def _returned(
    variable: Variable,
    rows: SetRows,
    dims: tuple[str, ...],
    values: np.ndarray,
    wanted: tuple[str, ...],
) -> Variable:
    """Values of points and `dims` as a variable with its dimensions as wanted."""
    lead = (POINT, *dims) if rows.pointed else dims
    values = values if rows.pointed else values[0]
    return type(variable)(lead, values, variable.attrs).transpose(*wanted)


def _numbers(values: np.ndarray) -> bool:
    return np.array_equal(values, np.arange(len(values)))
