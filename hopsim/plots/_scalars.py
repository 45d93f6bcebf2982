"""One number for each cell of a grid: shares and means, with their intervals."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from .._common.names import nearest, shown
from ..records import Axis, Dataset, labelled, name_axes, Record
from ..statistics import resampled_means, wilson


ROWS = ("row", "state", "probe", "draw", "start")  # what a cell is a mean over
MOST = 6  # pictures of variables that are not named
# shares of what is aimed, where a record says what that is
AIMED = {"retrieved": "aimed", "match": "aimed"}
# what is drawn only if it is named: settings, codes, and the audit of a trajectory
NOT_SHOWN = (
    *("aimed", "target", "value", "set", "cell_state", "residual", "worst_rise"),
    *("worst_excess", "rise_limit", "ledger_residual", "ledger_tolerance"),
)


@dataclasses.dataclass(frozen=True)
class Scalar:
    """A variable with one number for each cell of a grid."""

    name: str
    words: str
    share: bool  # of booleans
    entries: np.ndarray  # (*cells, set, row); NaN where there is none
    theory: np.ndarray | None  # (*cells)
    row: str  # what lies along the last dimension

    @property
    def several(self) -> bool:
        """Whether there are several sets of patterns."""
        return self.entries.shape[-2] > 1

    @property
    def values(self) -> np.ndarray:
        """The mean in each cell of what each set has; NaN where nothing is known."""
        return _mean(_mean(self.entries))

    def ends(self) -> np.ndarray | None:
        """(*cells, 2): intervals of 95 %, None where nothing is repeated.

        Over sets where there are several, else over rows, by resampling. Shares have
        Wilson's of all entries, or that over sets where it is wider: all entries may be
        alike, and those of a set may depend on each other.
        """
        units = _mean(self.entries) if self.several else self.entries[..., 0, :]
        cells = units.shape[:-1]
        if units.shape[-1] < 2 and not self.share:
            return None
        found = np.full((*cells, 2), np.nan)
        for cell in np.ndindex(cells):
            entries, own = self.entries[cell], units[cell]
            entries, own = entries[np.isfinite(entries)], own[np.isfinite(own)]
            if not entries.size:
                continue
            if self.several or not self.share:
                found[cell] = resampled_means(own)
            if self.share:
                low, high = wilson(round(float(np.sum(entries))), entries.size)
                wide = found[cell]
                found[cell] = np.fmin(low, wide[0]), np.fmax(high, wide[1])
        return found

    @property
    def interval(self) -> str:
        """What the intervals are, in words."""
        sets, rows = self.entries.shape[-2:]
        over = f"{sets} sets" if self.several else f"{rows} {self.row}s"
        if not self.share:
            return f"95 % over {over}, resampled"
        wider = f", or over {over} if wider" if self.several else f" over {over}"
        return f"95 %: Wilson{wider}"


def gridded(record: Record) -> Record:
    """The labelled form of a record, of an old file too, which has one swept path."""
    data, path = record.data, str(record.attrs.get("sweep_path", ""))
    if "axes" in data.attrs or "point" not in data.dims or "label" not in data:
        return record
    swept = path and "value" in data and data["value"].dims == ("point",)
    axes = name_axes([((path,), data["value"].values.tolist())]) if swept else ()
    return labelled(record, axes)


def scalars(
    record: Record, axes: Sequence[Axis], wanted: str | Sequence[str] | None
) -> list[Scalar]:
    """The variables that are named, else shares and pure numbers that vary.

    Raises ValueError for a name of no variable with one number in each cell.
    """
    data, dims = record.data, [axis.name for axis in axes]
    known = [str(name) for name in data.data_vars if _row(data, name, dims) is not None]
    if wanted is not None:
        names = [wanted] if isinstance(wanted, str) else [*wanted]
        for name in names:
            if name not in known:
                raise ValueError(
                    f"The plot 'grid' shows variables with one number in each cell, "
                    f"got variable = {shown(name)}; {nearest(str(name), known)}"
                )
        return [_scalar(data, name, dims) for name in names]
    chosen = [name for name in known if _measured(data, name)]
    chosen.sort(key=lambda name: data[name].dtype.kind != "b")  # shares first
    found = [_scalar(data, name, dims) for name in chosen]
    found = [one for one in found if np.any(np.isfinite(one.values))]
    varied = [one for one in found if np.nanmin(one.values) < np.nanmax(one.values)]
    return (varied or found)[:MOST]


def _measured(data: Dataset, name: str) -> bool:
    """Whether it is a share or a pure number, and neither a code nor a setting."""
    variable = data[name]
    known = bool(np.any(np.isfinite(variable.values)))
    told = name in NOT_SHOWN or name.endswith("_theory")
    coded = "flag_meanings" in variable.attrs
    pure = variable.dtype.kind == "f" and variable.attrs.get("units", "1") == "1"
    return known and not told and not coded and (pure or variable.dtype.kind == "b")


def _row(data: Dataset, name: str, dims: Sequence[str]) -> str | None:
    """The dimension that a mean is over, "" for none; None for no number in a cell."""
    variable = data[name]
    if variable.dtype.kind not in "biuf" or not {*dims} <= {*variable.dims}:
        return None
    other = [str(dim) for dim in variable.dims if dim not in (*dims, "set")]
    if not other:
        return ""
    after = [str(b) for a, b in itertools.pairwise(variable.dims) if a == "set"]
    rows = after if "set" in data.dims else ROWS
    return other[0] if len(other) == 1 and other[0] in rows else None


def _scalar(data: Dataset, name: str, dims: Sequence[str]) -> Scalar:
    variable, row = data[name], _row(data, name, dims)
    entries = _entries(data, name, dims)
    share = variable.dtype.kind == "b"
    words = str(variable.attrs.get("long_name", name.replace("_", " ")))
    unit = variable.attrs.get("units", "1")
    words = f"share {words}" if share else words
    theory = None
    beside = f"{name}_theory"
    if beside in data and _row(data, beside, dims) is not None:
        theory = _mean(_mean(_entries(data, beside, dims)))
    words = words if unit == "1" else f"{words} / {unit}"
    return Scalar(name, words, share, entries, theory, row or "")


def _entries(data: Dataset, name: str, dims: Sequence[str]) -> np.ndarray:
    """A variable as (*cells, set, row), NaN for what is padding or has no aim."""
    variable = data[name].astype(float)
    inner = [dim for dim in variable.dims if dim not in dims]
    row = next((dim for dim in inner if dim != "set"), "")
    if (count := f"{row}_count") in data.coords:
        variable = variable.where(data[row] < data[count])
    aims = AIMED.get(name, "")
    if aims in data and {*data[aims].dims} <= {*variable.dims}:
        variable = variable.where(data[aims].astype(bool))
    if "cell_state" in data:
        variable = variable.where(data["cell_state"] == 0)
    variable = variable.transpose(*dims, *sorted(inner, key=lambda dim: dim != "set"))
    shape = variable.shape
    if "set" not in inner:
        shape = (*shape[: len(dims)], 1, *shape[len(dims) :])
    return variable.values.reshape(shape if row else (*shape, 1))


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean over the last dimension of what is finite; NaN where nothing is."""
    known = np.isfinite(values)
    count = np.sum(known, axis=-1)
    total = np.sum(np.where(known, values, 0.0), axis=-1)
    return np.where(count, total / np.maximum(count, 1), np.nan)
