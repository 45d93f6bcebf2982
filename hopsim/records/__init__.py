"""Records: the result of a run, as one netCDF file that any notebook can open.

On the host only. The main variables are at the root of the file, others in groups; the
scenario text, versions, device, seed, timings, counters and verdicts are attributes.
What is swept, and the pattern sets, are dimensions; `Record.rows` has them in sequence.
"""

from ._axes import Axis, coordinate, find_cells, name_axes, short_form
from ._datasets import (
    broadcast,
    Dataset,
    dataset,
    flags,
    join_points,
    PURE,
    TIME,
    Variables,
    variables_of,
)
from ._layout import LAYOUT
from ._verdicts import Outcome, Verdict
from .record import (
    AbstractResult,
    labelled,
    load_attributes,
    load_record,
    Record,
    REQUIRED,
    save,
)


__all__ = [
    "LAYOUT",
    "PURE",
    "REQUIRED",
    "TIME",
    "AbstractResult",
    "Axis",
    "Dataset",
    "Outcome",
    "Record",
    "Variables",
    "Verdict",
    "broadcast",
    "coordinate",
    "dataset",
    "find_cells",
    "flags",
    "join_points",
    "labelled",
    "load_attributes",
    "load_record",
    "name_axes",
    "save",
    "short_form",
    "variables_of",
]
