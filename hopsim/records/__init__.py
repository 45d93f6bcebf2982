"""Records: the result of a run, as one netCDF file that any notebook can open.

On the host only. The main variables are at the root of the file, others in groups; the
scenario text, versions, device, seed, timings, counters and verdicts are attributes.
"""

from ._datasets import (
    broadcast,
    Dataset,
    dataset,
    flags,
    join_points,
    PURE,
    TIME,
    Variables,
)
from ._verdicts import Outcome, Verdict
from .record import AbstractResult, load_record, Record, REQUIRED, save


__all__ = [
    "PURE",
    "REQUIRED",
    "TIME",
    "AbstractResult",
    "Dataset",
    "Outcome",
    "Record",
    "Variables",
    "Verdict",
    "broadcast",
    "dataset",
    "flags",
    "join_points",
    "load_record",
    "save",
]
