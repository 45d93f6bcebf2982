"""Records for other programs: tidy tables, netCDF, and the summary as JSON.

A table holds what has the same dimensions: a row for each of their places, a column for
each of them and for each variable. Rows that only pad points of unequal sizes are left
out.
"""

import dataclasses
import importlib.util
import io
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .._common.files import make_place, write_whole
from ..records import Dataset, Record, save
from .summary import checks_line, summary_lines


Form = Literal["csv", "parquet", "netcdf"]
Frame = Any  # a pandas.DataFrame
SCALARS, VARIABLES = "scalars", "variables"  # what has no dimension; what has which


def export(record: Record, form: Form, into: Path) -> list[Path]:
    """Write a record into a directory, which is made, for other programs.

    **Arguments:**

    - `form`: `"csv"` or `"parquet"`: the files `<name>-<hash>.<dimensions>.csv`, one
      for each set of dimensions, `.scalars` for what has none, and `.variables`, which
      tells file, dimensions and unit of every variable. `"netcdf"`: one file with the
      coordinates of `Record.to_xarray`.

    Returns the files. Raises ValueError for Parquet without pyarrow.
    """
    if form == "parquet" and importlib.util.find_spec("pyarrow") is None:
        raise ValueError(
            "Parquet files are written by pyarrow, which is not installed; give the "
            "command `pip install pyarrow`, or export with --csv."
        )
    make_place(into, "Exported files", "name another directory with --into")
    name = "-".join(filter(None, (record.attrs["name"], record.attrs["hash"])))
    if form == "netcdf":
        opened = dataclasses.replace(record, data=record.to_xarray())
        return [save(opened, into / f"{name}.nc")]
    write = _csv if form == "csv" else _parquet
    return [
        write_whole(into / f"{name}.{title}.{form}", write(frame))
        for title, frame in tables(record)
    ]


def tables(record: Record) -> Iterator[tuple[str, Frame]]:
    """The tables of a record, as pandas has them, by the names of their dimensions."""
    import pandas as pd

    told = []
    for group, data in {"": record.to_xarray(), **record.groups}.items():
        for dims in dict.fromkeys(v.dims for v in data.data_vars.values()):
            names = [str(k) for k, v in data.data_vars.items() if v.dims == dims]
            inner = "-".join(map(str, dims)) or SCALARS
            title = f"{group}.{inner}".lstrip(".")
            for name in names:
                a = data[name].attrs
                axes = " ".join(map(str, dims))
                told.append((name, title, axes, a.get("units", ""), _meaning(a)))
            yield title, _tidy(data, names, dims)
    columns = ["variable", "table", "dimensions", "units", "meaning"]
    yield VARIABLES, pd.DataFrame(told, columns=columns)


def _meaning(attrs: Mapping[str, Any]) -> str:
    """What a variable is, or what its codes mean."""
    codes = str(attrs.get("flag_meanings", "")).split()
    told = [f"{code} = {word}" for code, word in enumerate(codes)]
    return ", ".join(told) or str(attrs.get("long_name", ""))


def _tidy(data: Dataset, names: list[str], dims: tuple[Any, ...]) -> Frame:
    import pandas as pd

    if not dims:
        return pd.DataFrame({name: [data[name].values[()]] for name in names})
    known = {d: data[d].values if d in data.coords else None for d in dims}
    part = data[names].assign_coords(
        {d: np.arange(data.sizes[d]) for d, values in known.items() if values is None}
    )
    frame = part.to_dataframe(dim_order=list(dims)).reset_index()
    counts = [f"{d}_count" for d in dims if f"{d}_count" in frame]
    for count in counts:  # rows beyond it are padding
        frame = frame[frame[count.removesuffix("_count")] < frame[count]]
    others = [c for c in frame if str(c).endswith("_count") and c in data.coords]
    first = [*dims, *(c for c in frame if c in data.coords and c not in dims)]
    kept = [c for c in first if c not in others]
    return frame[[*kept, *names]].reset_index(drop=True)


def _csv(frame: Frame) -> str:
    return frame.to_csv(index=False)


def _parquet(frame: Frame) -> bytes:
    image = io.BytesIO()
    frame.to_parquet(image, index=False)
    return image.getvalue()


# --- JSON -----------------------------------------------------------------------------


def summary_json(record: Record) -> str:
    """Attributes, summary and verdicts of a record as JSON; what is no number is null.

    Its keys: `name`, `hash`, `passed`, `checks` (the verdicts), `checks_line`,
    `summary` (pairs of a term and a text), `sizes` and `attributes`.
    """
    told = {
        "name": record.attrs["name"],
        "hash": record.attrs["hash"],
        "passed": record.passed,
        "checks_line": checks_line(record),
        "checks": [dataclasses.asdict(v) for v in record.verdicts],
        "summary": [list(pair) for pair in summary_lines(record)],
        "sizes": {str(d): int(n) for d, n in record.data.sizes.items()},
        "attributes": {k: _opened(k, v) for k, v in record.attrs.items()},
    }
    return json.dumps(_jsonable(told), indent=1, ensure_ascii=False) + "\n"


def _opened(name: str, value: Any) -> Any:
    """What an attribute holds; those that are JSON themselves, opened."""
    if name in ("resolved", "parts", "data") and value:
        return json.loads(value)
    return value


def _jsonable(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: _jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
