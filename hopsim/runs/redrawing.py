"""The pictures of a saved run, drawn again: other plots, formats, and moving ones."""

import functools as ft
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._common import parts
from .._common.files import make_place
from .._common.names import nearest, shown
from .._common.progress import Report, reported
from ..plots import plots, render
from ..plots._animation import (
    animate_record,
    MOVING_FORMATS,
    moving_plots,
    require_moving,
)
from ..plots._formats import FORMATS, require_dpi
from ..plots.style import RESULTS
from ..records import load_record, Record
from ..scenario.saved import parts_of


def redraw(
    path: str | os.PathLike,
    names: tuple[str, ...] = (),
    *,
    form: str = "png",
    into: str | os.PathLike | None = None,
    progress: bool | Report | None = None,
    **how: Any,
) -> list[Path]:
    """Draw plots of a saved run again, into its run directory.

    A picture of the run keeps its file, though its plot may be called otherwise today.

    **Arguments:**

    - `path`: a run directory, or the file of a record.
    - `names`: the plots; those of its scenario by default, and of these the ones that
      move if the format is gif or mp4.
    - `form`: the format of the files.
    - `into`: a directory for them, which is made; default: that of the record.
    - `progress`: True shows a bar, or lines where there is no terminal. A function is
      called with (what, done, total).
    - `how`: `dpi` and `style` as of `hopsim.plots.render`, and of moving pictures
      `frames` and `fps` as of `hopsim.plots.animate`; what is None is left out.

    Raises ValueError for what cannot be drawn.
    """
    if form not in (*FORMATS, *MOVING_FORMATS):
        known = nearest(form, [*FORMATS, *MOVING_FORMATS])
        raise ValueError(f"There is no format {shown(form)}; {known}")
    how = {name: value for name, value in how.items() if value is not None}
    record = load_record(path)
    assert record.path is not None
    drawn = str(record.attrs["plots"]).split()
    wanted = _wanted(record, drawn, names, form)
    if lacking := parts.missing(parts_of(record.attrs), wanted):
        raise ValueError(f"{path}: {lacking}")
    write: Callable[..., Path] = render
    if form in MOVING_FORMATS:
        write = animate_record
        for name in wanted:
            require_moving(name)
    else:
        _require_still(how)
        for name in wanted:
            if name not in plots:
                raise ValueError(f"There is no plot {name!r}; {plots.nearest(name)}")
    place = record.path.parent if into is None else Path(into)
    remedy = "copy the run where you may write, or name another place"
    make_place(place, "Pictures", remedy)
    files = {plots.today(name): name for name in drawn}
    names = tuple(dict.fromkeys(map(plots.today, wanted)))
    made = []
    with reported(progress, "pictures") as report:
        for name in names:
            if report is not None:
                report("pictures", len(made), len(names))
                if form in MOVING_FORMATS:
                    how["progress"] = ft.partial(report, f"{name}, frames")
            file = place / f"{files.get(name, name)}.{form}"
            made.append(write(record, name, file, **how))
        if report is not None:
            report("pictures", len(made), len(names))
    return made


def _wanted(
    record: Record, drawn: list[str], names: tuple[str, ...], form: str
) -> tuple[str, ...]:
    """The plots that are asked for; ValueError if there are none."""
    if names:
        return names
    if form in MOVING_FORMATS:
        known = moving_plots()
        drawn = [name for name in drawn if plots.today(name) in known]
    else:
        known = RESULTS.get(str(record.attrs.get("result", "")), ())
    if not drawn and (known or form in MOVING_FORMATS):
        raise ValueError(
            f"This record names no plot of the format {form}; name one, such as "
            f"{', '.join(known)}."
        )
    return tuple(drawn)


def _require_still(how: dict[str, Any]) -> None:
    require_dpi(how.get("dpi"))
    if rates := [name for name in ("frames", "fps") if name in how]:
        raise ValueError(
            f"Pictures of one moment have no {' and '.join(rates)}; leave that out, or "
            "take the format gif."
        )
