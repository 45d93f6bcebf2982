"""Engines: where the missing units of a study are computed."""

from .kept_studies import KeptStudy, Share
from .units import Found


def compute_missing(
    study: KeptStudy, jobs: int = 1, on: str | None = None, share: Share | None = None
) -> None:
    """Everything that is missing of a study, or of a share.

    In this process, in `jobs` of them, or `on` a cluster. Raises ValueError if that is
    not there.
    """
    if on is not None and study.missing(share):
        from .unit_cluster import compute_on

        compute_on(study, on, share)
    elif jobs > 1 and len(study.missing(share)) > 1:
        from .unit_pool import compute_in_processes

        compute_in_processes(study, jobs, share)
    else:
        study.compute(share)


def all_units(study: KeptStudy, jobs: int = 1, on: str | None = None) -> Found:
    """All units of a study, computed where they are missing."""
    while True:
        compute_missing(study, jobs, on)
        found = study.found()
        if not study.missing():  # else a file was damaged, and is set aside
            return found
