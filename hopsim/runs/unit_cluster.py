"""Units of a study on a cluster, by Dask: `pip install 'hopsim[cluster]'`.

A unit is sent once, and its result is a file, never a future: what a worker, the
scheduler or this process costs when it dies are the units that were in work.
"""

import contextlib
import inspect
import json
import logging
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .._common.cores import cores
from .._common.names import nearest, shown
from .._common.notices import notify
from ..experiments import Unit
from .kept_studies import KeptStudy, Share
from .pool import core_shares
from .unit_pool import Deaths, orders_of


RULE = (
    "--on takes the address of a Dask scheduler (tcp://HOST:8786), a number of workers "
    "of this machine, or a TOML file that tells of a cluster"
)
KINDS = {  # of clusters, in the file -> their class in dask_jobqueue
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "lsf": "LSFCluster",
    "htcondor": "HTCondorCluster",
    "oar": "OARCluster",
}
CONFIG = {
    # a death is counted here, where it is told
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.worker-saturation": 1.0,  # few units are lost with a worker
    # a loaded scheduler is no dead one
    "distributed.comm.timeouts.connect": "120s",
    "distributed.comm.timeouts.tcp": "600s",
    "distributed.scheduler.worker-ttl": "30 minutes",
    "distributed.worker.daemon": False,
}


def compute_on(study: KeptStudy, where: str, share: Share | None = None) -> None:
    """Everything that is missing of a study, or of a share, by workers of Dask.

    Raises ValueError where there is no such cluster, or where it ends; what it has
    finished is kept.
    """
    distributed = _dask()
    with _client(distributed, where) as client:
        notify(f"workers are shown at {client.dashboard_link}")
        try:
            _compute(distributed, study, client, share)
        except (OSError, distributed.CommClosedError) as error:
            raise ValueError(
                f"The cluster has ended ({error}); what it finished is kept, and the "
                "same command goes on from there."
            ) from error
    study.compute(share)


def _compute(
    distributed: Any, study: KeptStudy, client: Any, share: Share | None
) -> None:
    deaths, order = Deaths(study), orders_of(study)
    waiting = study.missing(share)

    def send(unit: Unit, attempt: int = 0) -> Any:
        key = f"{study.keys[unit]}-{attempt}"
        return client.submit(perform_remotely, order(unit), key=key, pure=False)

    sent = {send(unit): (unit, 0) for unit in waiting}
    done, futures = len(study.units) - len(waiting), distributed.as_completed(sent)
    for future in futures:
        unit, attempt = sent.pop(future)
        if future.status == "finished":
            why, _ = future.result()
            if why is not None:
                raise OSError(why)
            done += 1
        elif future.status == "error" and isinstance(
            future.exception(), distributed.KilledWorker
        ):
            if deaths.may_try_again(unit, "the worker that computed it died", 0.0):
                again = send(unit, attempt + 1)
                sent[again] = (unit, attempt + 1)
                futures.add(again)
        elif future.status == "error":
            raise ValueError(
                f"A worker cannot compute units: {future.exception()!r}; it needs this "
                "version of hopsim, and the directory of the units."
            )
        else:  # the scheduler has gone
            raise OSError("its scheduler is gone")
        study.work.told(done)


def perform_remotely(order: dict[str, Any]) -> tuple[str | None, float]:
    """One unit, in a worker: what went wrong with the machine, and its seconds."""
    os.environ.setdefault("EQX_ON_ERROR", "nan")
    from .unit_worker import perform_order

    answers: list[dict[str, Any]] = []
    perform_order(order, lambda **words: answers.append(words))
    return answers[-1]["ended"], answers[-1]["seconds"]


# --- clusters -------------------------------------------------------------------------


def _dask() -> Any:
    try:
        import dask.config
        import distributed
    except ImportError as error:
        raise ValueError(
            "Clusters need Dask: pip install 'hopsim[cluster]'; --jobs and --share do "
            "without."
        ) from error
    dask.config.set(CONFIG)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # deaths are told here
    return distributed


@contextlib.contextmanager
def _client(distributed: Any, where: str) -> Iterator[Any]:
    """A client of the cluster that is named, which ends with it if it began with it."""
    if "://" in where:
        try:
            client = distributed.Client(where, timeout=30)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"There is no Dask scheduler at {shown(where)}; `dask scheduler` "
                "starts one, and tells its address."
            ) from error
        with client:
            yield client
        return
    cluster = _local(distributed, where) if where.isdecimal() else _queued(where)
    with cluster, distributed.Client(cluster) as client:
        yield client


def _local(distributed: Any, where: str) -> Any:
    """Workers of this machine, each on its share of the cores."""
    if not 1 <= int(where) <= 64 * len(cores()):
        raise ValueError(f"{RULE}, got {shown(where)}.")
    cluster = distributed.LocalCluster(
        n_workers=int(where),
        threads_per_worker=1,
        dashboard_address=":0",
        env=_surroundings(),
    )
    shares = core_shares(int(where))
    with distributed.Client(cluster) as client:
        client.wait_for_workers(int(where))
        workers = sorted(client.scheduler_info(n_workers=-1)["workers"])
        for worker, mine in zip(workers, shares, strict=False):
            client.run(_keep_to, mine, workers=[worker])
    return cluster


def _keep_to(mine: list[int]) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, mine)


def _surroundings() -> dict[str, str]:
    """What a worker needs before it imports JAX."""
    return {
        "JAX_NUM_CPU_DEVICES": "1",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "EQX_ON_ERROR": "nan",
    }


def _queued(where: str) -> Any:
    """A cluster whose workers are jobs of a batch system, as a TOML file tells."""
    try:
        told = tomllib.loads(Path(where).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{RULE}, got {shown(where)} ({error}).") from error
    kind, workers = told.pop("kind", None), told.pop("workers", None)
    if kind not in KINDS:
        raise ValueError(
            f"{where}: kind must name a batch system, got {shown(str(kind))}; "
            f"{nearest(str(kind), list(KINDS))}."
        )
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        raise ValueError(f"{where}: workers must be how many there are at most.")
    try:
        import dask_jobqueue
    except ImportError as error:
        raise ValueError(
            "Batch systems need dask-jobqueue: pip install 'hopsim[cluster]'."
        ) from error
    exports = [f"export {k}={json.dumps(v)}" for k, v in _surroundings().items()]
    prologue = [*exports, *told.pop("job_script_prologue", [])]
    options = {"cores": 1, "processes": 1} | told
    make: Any = getattr(dask_jobqueue, KINDS[kind])
    known = {*_options(dask_jobqueue.core.JobQueueCluster), *_options(make.job_cls)}
    known |= {*_options(dask_jobqueue.core.Job)}
    for name in options:
        if name not in known:
            raise ValueError(
                f"{where}: {kind} has no option {shown(name)}; "
                f"{nearest(name, sorted(known))}."
            )
    try:
        cluster = make(**options, job_script_prologue=prologue)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}.") from error
    cluster.adapt(minimum=0, maximum=workers)  # jobs that reach their limit are renewed
    return cluster


def _options(made: Any) -> set[str]:
    """The keywords of a class of Dask."""
    named = inspect.signature(made.__init__).parameters.values()
    return {p.name for p in named if p.kind is not p.VAR_KEYWORD} - {"self"}
