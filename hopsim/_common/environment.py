"""Precision, device and provenance; set on request, never at import."""

import contextlib
import importlib
import importlib.metadata
import platform
import threading
from collections.abc import Iterator
from typing import Literal

import jax
import numpy as np

from .clock import when_lowered


@contextlib.contextmanager
def precision(name: Literal["float64", "float32"]) -> Iterator[None]:
    """Runs its block in the given precision and leaves JAX's settings as they were."""
    with jax.enable_x64(name == "float64"):
        yield


def device_bytes() -> int:
    """The memory of the first device; 8 GiB if that is not known."""
    stats = jax.devices()[0].memory_stats() or {}
    return stats.get("bytes_limit", 2**33)


def provenance() -> dict[str, str]:
    """Versions, machine and device, as they are written into every record."""
    device = jax.devices()[0]
    return package_versions() | {
        "platform": platform.platform(),
        "device": f"{device.platform}: {device.device_kind} x {jax.device_count()}",
    }


def package_versions() -> dict[str, str]:
    """The versions of what computes, and of Python, under the names of attributes."""
    packages = ("hopsim", "jax", "diffrax", "equinox", "numpy", "numba")
    found = {f"version_{p}": importlib.metadata.version(p) for p in packages}
    return found | {"version_python": platform.python_version()}


def alike_everywhere(value: bool) -> bool:
    """What the first of the processes that share a run says, in each of them."""
    if jax.process_count() == 1:
        return value
    from jax.experimental import multihost_utils

    return bool(multihost_utils.broadcast_one_to_all(np.asarray(value)))


def prefetch(*modules: str) -> None:
    """Import heavy modules on another core once this one waits for the compiler.

    Not before: imports and tracing would compete for the interpreter.
    """

    def fetch() -> None:
        for module in modules:
            importlib.import_module(module)

    when_lowered(lambda: threading.Thread(target=fetch, daemon=True).start())


def join_processes(processes: str) -> int:
    """Join the processes that share the probes of every run; returns this one's index.

    `auto` asks the cluster (Slurm, MPI, Kubernetes, ...); `HOST:PORT,INDEX,COUNT` names
    them. Call it before anything else uses JAX. Raises ValueError if `processes` cannot
    be read or no cluster is found.
    """
    if processes == "auto":
        try:
            jax.distributed.initialize()
        except (ValueError, RuntimeError) as error:
            raise ValueError(
                "No cluster was found for --distributed auto; name the processes as "
                f"HOST:PORT,INDEX,COUNT. ({error})"
            ) from error
        return jax.process_index()
    address, _, rest = processes.partition(",")
    index, _, count = rest.partition(",")
    known = ":" in address and index.isdecimal() and count.isdecimal()
    if not known or int(index) >= int(count):
        raise ValueError(
            "--distributed is auto or HOST:PORT,INDEX,COUNT with 0 <= INDEX < COUNT, "
            f"got {processes!r}."
        )
    jax.distributed.initialize(address, int(count), int(index))
    return jax.process_index()
